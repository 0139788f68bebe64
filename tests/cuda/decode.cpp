// SPDX-License-Identifier: Apache-2.0
// Decoding through a recorded graph, on the emulated card.
#include <cmath>

#include <gtest/gtest.h>

#include "core/backend/registry.h"
#include "core/infer/packed_model.h"
#include "core/infer/session.h"
#include "tests/support/cuda_emulated_device.h"
#include "tests/support/cuda_emulation.h"

namespace distillix::cuda {
namespace {

ModelConfig smallModel() {
    ModelConfig config;
    config.vocabSize = 70;
    config.hiddenDim = 64;
    config.numLayers = 2;
    config.numHeads = 4;
    config.numKvHeads = 2;
    config.headDim = 16;
    config.mlpHiddenDim = 96;
    config.maxSeqLen = 64;
    return config;
}

/// Logits behind each of the tokens, which are appended in pieces of the sizes given.
std::vector<std::vector<float>> logitsOf(const std::string& device, WeightFormat head, DType cache,
                                         const std::vector<int>& pieces) {
    const auto backend = openBackend(device).value();
    const ModelConfig config = smallModel();
    Runtime runtime = Runtime::create(*backend, {}, sessionWorkload(config, 16)).value();
    PackedModel model = PackedModel::random(runtime, config, 64, 9, head).value();
    InferenceSession session = InferenceSession::create(model.view(), 64, 16, cache).value();
    std::vector<std::vector<float>> logits;
    std::int32_t next = 1;
    for (const int size : pieces) {
        std::vector<std::int32_t> ids;
        for (int i = 0; i < size; ++i) ids.push_back(next = next * 5 % 67);
        const Result<void> appended = session.append(ids);
        EXPECT_TRUE(appended.ok()) << (appended.ok() ? "" : appended.error().text());
        logits.push_back(session.logits().value());
    }
    return logits;
}

TEST(CudaDecode, AGraphOfOneTokenIsReplayedForTheNext) {
    // The same tokens: one by one behind a prompt of three, and as one prompt.
    const auto steps = logitsOf(kEmulatedDevice, WeightFormat::I8, DType::F32, {3, 1, 1, 1, 1});
    const auto whole = logitsOf(kEmulatedDevice, WeightFormat::I8, DType::F32, {7});
    const auto cpu = logitsOf("cpu", WeightFormat::I8, DType::F32, {3, 1, 1, 1, 1});
    ASSERT_EQ(steps.size(), cpu.size());
    for (std::size_t i = 0; i < whole[0].size(); ++i) {
        EXPECT_NEAR(steps.back()[i], whole[0][i], 2e-3);
        for (std::size_t s = 0; s < steps.size(); ++s) EXPECT_NEAR(steps[s][i], cpu[s][i], 5e-3) << "step " << s;
    }
}

/// On a card a token's decoding is its kernels' starts: their number is a matter of speed.
TEST(CudaDecode, ATokenTakesFiveKernelsALayer) {
    const auto backend = openBackend(kEmulatedDevice).value();
    const ModelConfig config = smallModel();
    Runtime runtime = Runtime::create(*backend, {}, sessionWorkload(config, 16)).value();
    PackedModel model = PackedModel::random(runtime, config, 64, 9, WeightFormat::I8).value();
    InferenceSession session = InferenceSession::create(model.view(), 64, 16, DType::F16).value();
    const auto append = [&](const std::vector<std::int32_t>& ids) {
        const std::uint64_t before = emulation::launchesRun();
        EXPECT_TRUE(session.append(ids).ok());
        EXPECT_TRUE(session.wait().ok());
        return emulation::launchesRun() - before;
    };
    append({1, 2, 3});
    for (int token = 0; token < 4; ++token) {  // as it is, recorded, replayed
        // Projection, attention, output, gate and up, down; then the
        // embedding, the last norm, the head's codes and the head.
        EXPECT_EQ(append({token + 5}), static_cast<std::uint64_t>(5 * config.numLayers + 4)) << "token " << token;
    }
}

TEST(CudaDecode, EveryHeadAndCacheComesNearTheCpus) {
    for (const WeightFormat head : {WeightFormat::F16, WeightFormat::I8, WeightFormat::I6, WeightFormat::I4}) {
        for (const DType cache : {DType::F16, DType::I8}) {
            SCOPED_TRACE(std::string(weightFormatName(head)) + " head, cache of " + std::string(dtypeName(cache)));
            const auto card = logitsOf(kEmulatedDevice, head, cache, {5, 1, 1});
            const auto cpu = logitsOf("cpu", head, cache, {5, 1, 1});
            for (std::size_t s = 0; s < cpu.size(); ++s) {
                double largest = 0;
                for (const float z : cpu[s]) largest = std::max(largest, std::fabs(static_cast<double>(z)));
                for (std::size_t i = 0; i < cpu[s].size(); ++i)
                    ASSERT_NEAR(card[s][i], cpu[s][i], 0.02 * largest) << "step " << s;
            }
        }
    }
}

}  // namespace
}  // namespace distillix::cuda
