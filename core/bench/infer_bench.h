// SPDX-License-Identifier: Apache-2.0
// How fast a model answers on a device: all positions' logits of a sequence, prefill (the last position's logits) and
// decode (one token after the other), each apart.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/backend/registry.h"
#include "core/base/fields.h"
#include "core/base/stop_token.h"
#include "core/bench/peaks.h"
#include "core/bench/spread.h"
#include "core/formats/safetensors.h"
#include "core/model/config.h"

namespace distillix {

struct InferBenchConfig {
    int batch = 1;
    int decode = 128;
    int past = 0;
    int warmup = 1;
    int repeat = 5;

    template <typename Self, typename Visitor>
    static void forEachField(Self& self, Visitor&& visit) {
        visit(self.batch, Field{"batch", "Sequences that forward computes at a time", "sequences", 1, 4096});
        visit(self.decode, Field{"decode", "Tokens that decode generates one after the other", "tokens", 1, 1 << 20});
        visit(self.past, Field{"past", "Tokens that decode finds in the cache", "tokens", 0, 1 << 20});
        visit(self.warmup, Field{"warmup", "Repetitions before those that count", "", 0, 1000});
        visit(self.repeat, Field{"repeat", "Repetitions, of which the median counts", "", 1, 100000});
    }
};

/// Which of the three, at which lengths, and how the model is kept meanwhile.
struct InferBenchPlan {
    std::vector<int> forward, prefill;  ///< lengths of sequences
    bool decode = true;
    WeightFormat head = WeightFormat::Latent;  ///< other than Latent: the packed model
    DType cache = DType::F32;                  ///< of keys and values
};

struct InferMeasurement {
    std::string test;       ///< "forward", "prefill", "decode"
    std::string precision;  ///< "latent", "packed, head int8", with ", kv float16" where a cache is read
    int batch = 1, tokens = 0, past = 0;
    Spread seconds;  ///< of one repetition: the batch, the prompt, or all tokens that were decoded
    double tokensPerSecond = 0;
    std::uint64_t peakBytes = 0;      ///< resident at its highest during warm-up and repetitions; 0: not known
    std::uint64_t residentBytes = 0;  ///< before: weights, and what earlier measurements left
    double bytesRead = 0;             ///< that a repetition cannot do without: decode's weights and cache; 0 elsewhere
    double operations = 0;            ///< of a repetition's ternary products; 0 without BitLinear
    std::optional<double> bandwidthShare, computeShare;  ///< of the peaks, where those are known
};

struct InferBenchObserver {
    std::function<void(const std::string& what)> phase;  ///< for people
    /// Repetition `done` of `total` (warm-up included) of a measurement is over.
    std::function<void(const InferMeasurement& which, int done, int total)> repetition;
};

/// `weights`: model.safetensors, or null for SPEC's random initial weights. Lengths must fit the model. Cancelled when
/// the token was raised.
Result<std::vector<InferMeasurement>> benchInference(Backend& backend, const ModelConfig& model,
                                                     const SafetensorsFile* weights, const InferBenchPlan& plan,
                                                     const InferBenchConfig& config, const std::vector<Peak>& peaks,
                                                     const InferBenchObserver& observer, StopToken stop);

}  // namespace distillix
