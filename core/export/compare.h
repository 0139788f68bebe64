// SPDX-License-Identifier: Apache-2.0
// How far the logits of two models lie apart over the same tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/stop_token.h"
#include "core/data/batches.h"
#include "core/export/model_values.h"

namespace distillix {

/// "Ours" is the model as it was trained, "theirs" what was exported.
struct LogitDifference {
    static constexpr double kClearMargin = 0.05;  ///< by which our first choice leads where agreement is expected

    std::int64_t positions = 0;
    double klMean = 0, klMax = 0;  ///< KL(ours ‖ theirs) in nats
    std::int64_t sameTop = 0;      ///< positions with the same most likely token
    std::int64_t clear = 0, clearSameTop = 0;
    double largest = 0;  ///< largest difference of any logit
    std::int64_t labels = 0;
    double ourNats = 0, theirNats = 0;  ///< summed cross-entropies over the labels
    bool finite = true;                 ///< all of their logits are numbers

    /// `label` < 0: none. Both have V logits.
    void add(std::span<const float> ours, std::span<const float> theirs, std::int32_t label);
    double topAgreement() const;
    double clearTopAgreement() const;  ///< 1 where there is no clear position
    double ourLoss() const;
    double theirLoss() const;
    nlohmann::ordered_json json() const;

  private:
    double m_klSum = 0;
};

/// Runs both models over the batches (of one sequence each, none longer than `tokens`). Only positions that have a
/// target count. `progress` gets batches done.
Result<LogitDifference> compareModels(Backend& backend, const ModelValues& ours, const ModelValues& theirs,
                                      const std::vector<Batch>& batches, int tokens, StopToken stop,
                                      const std::function<void(std::size_t)>& progress);

}  // namespace distillix
