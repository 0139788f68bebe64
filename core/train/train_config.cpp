// SPDX-License-Identifier: Apache-2.0
#include "core/train/train_config.h"

#include <algorithm>

namespace distillix {

OptimizerStep TrainConfig::optimizerStep(std::int64_t step, double progress) const {
    const Schedule way = scheduleOf();
    const double factor = way.factor(step, progress), decay = way.weightDecayFactor(progress);
    OptimizerStep hyper;
    hyper.muonLearningRate = muonLearningRate * factor;
    hyper.muonWeightDecay = muonWeightDecay * decay;
    hyper.momentum = muonMomentum;
    hyper.matchRmsAdamW = muonAdjust == "match_rms_adamw";
    hyper.adamLearningRate = adamLearningRate * factor;
    hyper.adamWeightDecay = adamWeightDecay * decay;
    hyper.beta1 = adamBeta1;
    hyper.beta2 = adamBeta2;
    hyper.adamEps = adamEps;
    hyper.clip = clip;
    hyper.step = step;
    return hyper;
}

Result<void> TrainConfig::validate(const ModelConfig& model) const {
    const auto bad = [](const std::string& message) { return makeError(ErrorCode::InvalidArgument, message); };
    if (steps == 0 && minutes == 0) return bad("say how long to train: steps or minutes");
    if (tokens > model.maxSeqLen)
        return bad("training sequences of " + std::to_string(tokens) +
                   " tokens are longer than the model's max_seq_len of " + std::to_string(model.maxSeqLen));
    if (static_cast<std::int64_t>(batch) * tokens > (std::int64_t{1} << 30))
        return bad("a micro-step of more than 2^30 tokens; lower batch or tokens");
    if (model.dropout != 0) return bad("the model's dropout is not 0; BitNet trains without: set \"dropout\" to 0");
    return {};
}

TrainConfig suggestedTraining(const std::string& preset, const ModelConfig& model) {
    TrainConfig config;
    config.tokens = std::min(model.maxSeqLen, 256);
    if (preset == "sample") {
        config.batch = 16;
        config.tokens = std::min(model.maxSeqLen, 128);
        config.minutes = 2;
    } else if (preset == "small") {
        config.batch = 8;
        config.tokens = std::min(model.maxSeqLen, 512);  // all it can hold: source files are long
        config.minutes = 20;
    } else {
        config.batch = 2;
        config.accumulation = 8;
    }
    return config;
}

}  // namespace distillix
