// SPDX-License-Identifier: Apache-2.0
// What a training takes of a card, planned.
#include "core/train/memory_plan.h"

#include <gtest/gtest.h>

#include "core/backend/registry.h"
#include "tests/support/cuda_emulated_device.h"

namespace distillix::cuda {
namespace {

/// A file's defaults are the 100M preset.
ModelConfig defaultModel() {
    ModelConfig model;
    EXPECT_TRUE(model.normalize().ok());
    return model;
}

std::size_t plannedOnTheCard(const ModelConfig& model, const TrainConfig& config, std::string& text) {
    const auto backend = openBackend(kEmulatedDevice).value();
    std::size_t total = 0;
    for (const MemoryPart& part : trainingMemory(*backend, model, config)) {
        if (part.name == "checkpoint") continue;  // the host's
        text += part.name + " " + std::to_string(part.bytes) + "\n";
        total += part.bytes;
    }
    return total;
}

/// The published "v0.4" run: 100M, two sequences of 1,024 tokens, recomputation, 2.27 GB.
TEST(CudaMemory, ThePublishedConfigurationTakesUnderOneAndAHalfGigabytes) {
    const ModelConfig model = defaultModel();
    TrainConfig config;
    config.batch = 2;
    config.tokens = 1024;
    config.recompute = true;
    std::string text;
    const std::size_t total = plannedOnTheCard(model, config, text);
    EXPECT_LT(static_cast<double>(total), 1.5e9) << text;
    EXPECT_GT(static_cast<double>(total), 1.3e9) << "parameters, gradients and optimizer alone are more\n" << text;
}

/// 8 x 1,024 tokens without recomputation, as the fastest training runs, on a card of 8 GB.
TEST(CudaMemory, EightSequencesFitACardOfEightGigabytes) {
    const ModelConfig model = defaultModel();
    TrainConfig config;
    config.batch = 8;
    config.tokens = 1024;
    std::string text;
    EXPECT_LT(static_cast<double>(plannedOnTheCard(model, config, text)), 7.5e9) << text;
}

}  // namespace
}  // namespace distillix::cuda
