// SPDX-License-Identifier: Apache-2.0
// How fast a model trains on a device: micro-steps on random tokens, and optimizer steps.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/backend/registry.h"
#include "core/base/fields.h"
#include "core/base/stop_token.h"
#include "core/bench/spread.h"
#include "core/model/config.h"
#include "core/model/runtime.h"

namespace distillix {

struct TrainBenchConfig {
    int batch = 2;
    int tokens = 256;
    int repeat = 5;
    int optimizerRepeat = 3;
    int updateTokens = 0;
    bool recompute = false;
    std::string precision = "auto";

    template <typename Self, typename Visitor>
    static void forEachField(Self& self, Visitor&& visit) {
        visit(self.batch, Field{"batch", "Sequences in a micro-step", "sequences", 1, 1 << 20});
        visit(self.tokens, Field{"tokens", "Length of a sequence", "tokens", 2, 1 << 24});
        visit(self.repeat, Field{"repeat", "Micro-steps that are timed, behind one that warms up", "", 1, 100000});
        visit(self.optimizerRepeat,
              Field{"optimizer_repeat", "Optimizer steps that are timed; 0: none", "", 0, 100000});
        visit(self.updateTokens, Field{"update_tokens",
                                       "Tokens between two optimizer steps, for the speed that counts them; 0: those "
                                       "of one micro-step",
                                       "tokens", 0, 1 << 30});
        visit(self.recompute, Field{"recompute", "Keep each layer's input only", "", 0, 1});
        visit(self.precision, Field{"precision", "", "", 0, 0, {"auto", "float32", "mixed", "bfloat16", "float16"}});
    }
};

struct TrainBenchResult {
    std::string precision;  ///< "float32" or "mixed", as chosen
    std::int64_t parameters = 0;
    Spread microStep;                         ///< forward and backward
    Spread optimizerStep;                     ///< clipping, Muon, AdamW, preparing the weights; zeros where none ran
    double tokensPerSecond = 0;               ///< of the median micro-step
    double tokensPerSecondWithOptimizer = 0;  ///< with an optimizer step every updateTokens
    std::uint64_t peakBytes = 0;              ///< resident memory of the process at its highest
    std::vector<MemoryPart> plan;
    struct Part {
        std::string name;
        double seconds =
            0;  ///< in one micro-step (or one optimizer step), on a card in one behind those that are timed
        double share = 0;
        std::int64_t calls = 0;
    };
    std::vector<Part> microStepParts, optimizerParts;  ///< most first
    /// Arithmetic of the products alone, of one micro-step: operations (a multiplication and an addition count two).
    double forwardOperations = 0, backwardOperations = 0, headOperations = 0, attentionOperations = 0;
};

/// `progress` gets a line for people before each phase.
Result<TrainBenchResult> benchTraining(Backend& backend, const ModelConfig& model, const TrainBenchConfig& config,
                                       const std::function<void(const std::string&)>& progress, StopToken stop);

}  // namespace distillix
