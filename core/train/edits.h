// SPDX-License-Identifier: Apache-2.0
// Settings of a run changed while it trains, or when it is resumed. Each change is an event {"type": "set", "step": N,
// "values": {...}} and holds from step N+1 on. A resumed run goes through the events that count, so it trains as the
// one that was never interrupted; where it begins before a change, that change is void with all that came behind it.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/train/train_config.h"

namespace distillix {

/// The fields of TrainConfig that a run can be given anew: what decides neither its memory nor its order of data.
const std::vector<std::string>& editableFields();

/// Puts `values` into `config`, all of them or (with an error that names the field) none. Besides the fields there is
/// "learning_rate": Muon's peak, and AdamW's in the same proportion. Returns the fields with their new values, as an
/// event keeps them.
Result<nlohmann::ordered_json> applyEdit(TrainConfig& config, const ModelConfig& model,
                                         const nlohmann::ordered_json& values);

/// Applies every "set" event among the valid lines of a run's events, in order.
Result<void> replayEdits(TrainConfig& config, const ModelConfig& model,
                         const std::vector<nlohmann::ordered_json>& events);

/// {"learning_rate": 0.005} of "learning_rate=0.005"; numbers, true, false and else texts. InvalidArgument where there
/// is no '='.
Result<nlohmann::ordered_json> editFromText(const std::vector<std::string>& assignments);

}  // namespace distillix
