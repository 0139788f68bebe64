// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

#include <nlohmann/json.hpp>

namespace distillix::ui {

/// Settings as the command line's flags have them: {"muon_learning_rate": 0.01, "recompute": true, "rope_scaling":
/// null} as --muon-learning-rate 0.01 --recompute --rope-scaling none.
QStringList configArguments(const nlohmann::ordered_json& values);

}  // namespace distillix::ui
