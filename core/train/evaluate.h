// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/stop_token.h"
#include "core/data/batches.h"
#include "core/model/training_pass.h"

namespace distillix {

/// A summed cross-entropy and what it is a sum over.
struct Evaluation {
    double nats = 0;
    std::int64_t labels = 0;
    std::uint64_t textBytes = 0;
    double loss() const;  ///< nats a label
    double perplexity() const;
    double bitsPerByte() const;  ///< 0 where the text's bytes are not known
};

/// Plain cross-entropy over batches. The pass must have been made for their size.
Result<Evaluation> evaluateBatches(TrainingPass& pass, const std::vector<Batch>& batches, StopToken stop);

/// Every labelled token of every document exactly once, EOS included: windows of `window` tokens, each `stride` behind
/// the one before, in which only tokens that no earlier window predicted count. So a token sees at least
/// window - stride tokens before it where its document has them, and nothing of other documents. `documents` > 0 takes
/// the first so many. The pass must hold batch x window tokens. `progress` gets documents done and in all.
Result<Evaluation> evaluateWindows(TrainingPass& pass, const TokenDataset& dataset, int batch, int window, int stride,
                                   std::int64_t documents, StopToken stop,
                                   const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace distillix
