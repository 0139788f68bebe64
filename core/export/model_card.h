// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/export/exporter.h"

namespace distillix {

/// README.md of a Hugging Face folder: what the model is, what it was trained on and how far that went (from its run's
/// own files; what they do not tell is left out), how it was exported and how far that is from the model.
std::string modelCard(const ExportJob& job, const ExportReport& report);

}  // namespace distillix
