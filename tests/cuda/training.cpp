// SPDX-License-Identifier: Apache-2.0
// A whole pass of a small model on the emulated card, in each precision.
#include <cmath>

#include <gtest/gtest.h>

#include "core/backend/registry.h"
#include "core/model/training_pass.h"
#include "core/optim/optimizer.h"
#include "tests/support/cuda_emulated_device.h"

namespace distillix::cuda {
namespace {

ModelConfig smallModel() {
    ModelConfig config;
    config.vocabSize = 61;
    config.hiddenDim = 32;
    config.numLayers = 2;
    config.numHeads = 2;
    config.numKvHeads = 1;
    config.headDim = 16;
    config.mlpHiddenDim = 48;
    config.maxSeqLen = 32;
    return config;
}

struct Step {
    double loss = 0, norm = 0;
    std::vector<float> gradients, weights;
};

/// One optimizer step on a batch whose labels are a share of a far larger one.
Step stepOn(const std::string& device, Precision precision, bool recompute) {
    const ModelConfig config = smallModel();
    PassOptions options;
    options.batch = 2;
    options.tokens = 24;
    options.keep = recompute ? PassOptions::Keep::LayerInputs : PassOptions::Keep::Everything;
    const auto backend = openBackend(device).value();
    Runtime runtime = Runtime::create(*backend, precision, passWorkload(config, options)).value();
    ModelWeights weights = ModelWeights::create(runtime, config, 32, true).value();
    EXPECT_TRUE(weights.initialize(3).ok());
    EXPECT_TRUE(weights.prepare().ok());
    Optimizer optimizer = Optimizer::create(weights).value();
    Gradients gradients = Gradients::create(runtime, weights.layout()).value();
    TrainingPass pass = TrainingPass::create(weights, options).value();
    std::vector<std::int32_t> ids(48);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i * i % 61);
    Step step;
    // As the trainer does where gradients have half precision, which 2^-19 of a loss would leave.
    const float scale = precision.activation == DType::F16 ? 65536.0f : 1.0f;
    const auto loss = pass.run(batchFromIds(2, 24, ids), scale * 0x1p-19f, gradients);
    EXPECT_TRUE(loss.ok()) << (loss.ok() ? "" : loss.error().text());
    step.loss = loss.ok() ? *loss : NAN;
    step.gradients = gradients.download().value();
    for (float& gradient : step.gradients) gradient /= scale;
    OptimizerStep hyper;
    hyper.muonLearningRate = hyper.adamLearningRate = 0.01;
    const auto norm = optimizer.gradientNorm(gradients, hyper.clip, 1.0 / static_cast<double>(scale));
    EXPECT_TRUE(norm.ok()) << (norm.ok() ? "" : norm.error().text());
    step.norm = norm.ok() ? *norm : NAN;
    const Result<void> applied = optimizer.apply(gradients, hyper);
    EXPECT_TRUE(applied.ok()) << (applied.ok() ? "" : applied.error().text());
    step.weights = weights.download().value();
    return step;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
    double product = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        product += static_cast<double>(a[i]) * b[i];
        aa += static_cast<double>(a[i]) * a[i];
        bb += static_cast<double>(b[i]) * b[i];
    }
    return product / std::sqrt(aa * bb);
}

TEST(CudaTraining, EveryPrecisionStepsAsTheCpuDoes) {
    const Step expected = stepOn("cpu", {}, false);
    for (const Precision precision :
         {Precision{}, Precision{DType::BF16, DType::BF16}, Precision{DType::F16, DType::F16}}) {
        SCOPED_TRACE(std::string(dtypeName(precision.activation)));
        const bool exact = precision == Precision{};
        const Step step = stepOn(kEmulatedDevice, precision, false);
        EXPECT_NEAR(step.loss, expected.loss, (exact ? 1e-5 : 1e-2) * expected.loss);
        EXPECT_NEAR(step.norm, expected.norm, (exact ? 1e-4 : 0.05) * expected.norm);
        // 16 bits move activations across the borders of their int8 codes; float32 may move one now and then.
        EXPECT_GT(cosine(step.gradients, expected.gradients), exact ? 0.9999 : 0.98);
        const Step again = stepOn(kEmulatedDevice, precision, true);
        EXPECT_EQ(again.gradients, step.gradients) << "recomputation gives other bits";
        EXPECT_EQ(again.weights, step.weights);
    }
}

}  // namespace
}  // namespace distillix::cuda
