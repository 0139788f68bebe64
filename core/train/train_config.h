// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/base/fields.h"
#include "core/optim/optimizer.h"
#include "core/optim/schedule.h"

namespace distillix {

/// How a run trains. Kept in run.json; a resumed run goes on with the same.
struct TrainConfig {
    int batch = 16;
    int tokens = 256;
    int accumulation = 1;
    std::int64_t steps = 0;
    double minutes = 0;
    std::string schedule = "wsd";
    std::int64_t warmupSteps = 40;
    double decayShare = 0.3;
    double secondPeak = 2.0 / 3;
    double learningRateFloor = 0;
    double muonLearningRate = 0.01, muonWeightDecay = 0, muonMomentum = 0.95;
    std::string muonAdjust = "match_rms_adamw";
    double adamLearningRate = 2e-3, adamWeightDecay = 0, adamBeta1 = 0.9, adamBeta2 = 0.95, adamEps = 1e-8;
    double clip = 1.0;
    double skipLossZ = 0, skipGradientZ = 0;
    double labelSmoothing = 0;
    bool recompute = false;
    std::string precision = "auto";
    std::int64_t seed = 1;
    std::int64_t validateEvery = 100;
    std::int64_t validationTokens = 65536;
    std::int64_t sampleEvery = 100;
    int sampleTokens = 64;
    std::int64_t checkpointEvery = 200;
    double checkpointMinutes = 5;
    int keepCheckpoints = 3;
    int patience = 0;
    bool tensorboard = false;

    template <typename Self, typename Visitor>
    static void forEachField(Self& self, Visitor&& visit) {
        visit(self.batch, Field{"batch", "Sequences in a micro-step", "sequences", 1, 1 << 20});
        visit(self.tokens, Field{"tokens", "Length of a training sequence", "tokens", 2, 1 << 24});
        visit(self.accumulation, Field{"accumulation", "Micro-steps in an optimizer step", "", 1, 1 << 20});
        visit(self.steps, Field{"steps", "Optimizer steps in all; 0: as many as the minutes allow", "steps", 0, 1e12});
        visit(self.minutes,
              Field{"minutes", "Training time in all; 0: no limit. Without steps the schedule runs over this time",
                    "minutes", 0, 1e7});
        visit(self.schedule, Field{"schedule",
                                   "Course of the learning rate behind the warm-up",
                                   "",
                                   0,
                                   0,
                                   {"wsd", "cosine", "linear", "constant", "bitnet"}});
        visit(self.warmupSteps,
              Field{"warmup_steps", "Steps over which the learning rate rises from 0", "steps", 0, 1e9});
        visit(
            self.secondPeak,
            Field{"second_peak", "bitnet: the peak of the second half, as a share of the first's", "", 0, 1, {}, true});
        visit(self.decayShare, Field{"decay_share", "wsd: share of the training over which the rate falls", "", 0, 1});
        visit(self.learningRateFloor,
              Field{"learning_rate_floor", "The rate at the end, as a share of the peak", "", 0, 1, {}, true});
        visit(self.muonLearningRate, Field{"muon_learning_rate", "Peak rate of the projections", "", 0, 100});
        visit(
            self.muonWeightDecay,
            Field{"muon_weight_decay",
                  "Decay of the projections; it makes ternary weights flip, so 0 unless you know. The bitnet schedule "
                  "ends it half way",
                  "",
                  0,
                  100,
                  {},
                  true});
        visit(self.muonMomentum, Field{"muon_momentum", "", "", 0, 0.9999, {}, true});
        visit(self.muonAdjust, Field{"muon_adjust",
                                     "How Muon's rate follows a matrix's shape",
                                     "",
                                     0,
                                     0,
                                     {"match_rms_adamw", "original"},
                                     true});
        visit(self.adamLearningRate, Field{"adam_learning_rate", "Peak rate of embedding, head and norms", "", 0, 100});
        visit(self.adamWeightDecay, Field{"adam_weight_decay", "Decay of embedding and head", "", 0, 100, {}, true});
        visit(self.adamBeta1, Field{"adam_beta1", "", "", 0, 0.99999, {}, true});
        visit(self.adamBeta2, Field{"adam_beta2", "", "", 0, 0.9999999, {}, true});
        visit(self.adamEps, Field{"adam_eps", "", "", 0, 1, {}, true});
        visit(self.clip, Field{"clip", "Gradients are clipped to this norm; 0: never", "", 0, 1e9});
        visit(self.skipLossZ,
              Field{"skip_loss_z",
                    "Skip a step whose loss lies so many deviations above the last 128; 0: never (8 is rare)",
                    "",
                    0,
                    100,
                    {},
                    true});
        visit(self.skipGradientZ, Field{"skip_gradient_z", "The same for the gradient's norm", "", 0, 100, {}, true});
        visit(self.labelSmoothing, Field{"label_smoothing", "", "", 0, 0.999, {}, true});
        visit(
            self.recompute,
            Field{"recompute",
                  "Keep each layer's input only and compute the rest again: less memory, a third more time", "", 0, 1});
        visit(self.precision, Field{"precision",
                                    "auto: 16-bit inputs in backward and head where the processor is fast at it",
                                    "",
                                    0,
                                    0,
                                    {"auto", "float32", "mixed", "bfloat16", "float16"},
                                    true});
        visit(self.seed, Field{"seed", "Decides initial weights and order of data", "", 0, 9e15});
        visit(self.validateEvery, Field{"validate_every", "0: only with checkpoints", "steps", 0, 1e12});
        visit(
            self.validationTokens,
            Field{"validation_tokens", "Tokens of the validation part that are looked at; 0: all", "tokens", 0, 1e15});
        visit(self.sampleEvery, Field{"sample_every", "Answers to the fixed prompts; 0: never", "steps", 0, 1e12});
        visit(self.sampleTokens, Field{"sample_tokens", "Longest sample", "tokens", 1, 1 << 20, {}, true});
        visit(self.checkpointEvery, Field{"checkpoint_every", "0: not by steps", "steps", 0, 1e12});
        visit(self.checkpointMinutes,
              Field{"checkpoint_minutes", "A checkpoint at least so often; 0: not by time", "minutes", 0, 1e7});
        visit(
            self.keepCheckpoints,
            Field{"keep_checkpoints", "The last so many stay, and the one with the best validation loss", "", 1, 1e6});
        visit(
            self.patience,
            Field{"patience",
                  "Stop early behind so many validations in a row without a new best, but never before the schedule's "
                  "switch; 0: never",
                  "validations", 0, 1e6});
        visit(self.tensorboard,
              Field{"tensorboard", "Metrics also as TensorBoard event files, in RUN/tensorboard", "", 0, 1});
    }

    Schedule scheduleOf() const { return {schedule, warmupSteps, learningRateFloor, decayShare, secondPeak}; }
    /// Hyper-parameters of update `step` with `progress` of the training behind it.
    OptimizerStep optimizerStep(std::int64_t step, double progress) const;
    /// Steps or minutes must be given; sequences must fit the model.
    Result<void> validate(const ModelConfig& model) const;
};

/// Settings that train a preset well on a processor; what `train new` starts from.
TrainConfig suggestedTraining(const std::string& preset, const ModelConfig& model);

}  // namespace distillix
