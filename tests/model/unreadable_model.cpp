// SPDX-License-Identifier: Apache-2.0
// The whole engine over a backend whose memory the host cannot read and whose work waits for synchronize(): what it
// computes must be what the plain backend gives, to the bit. Where anything reached behind the interface it would
// fault, and where anything forgot to wait it would see other numbers.
#include <gtest/gtest.h>

#include "core/base/rng.h"
#include "core/infer/session.h"
#include "core/model/training_pass.h"
#include "core/optim/optimizer.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/unreadable_backend.h"

namespace distillix {
namespace {

ModelConfig unreadableConfig(const std::string& variant) {
    ModelConfig c;
    c.vocabSize = 51;
    c.hiddenDim = 32;
    c.numLayers = 2;
    c.numHeads = 4;
    c.numKvHeads = 2;
    c.mlpHiddenDim = 48;
    c.maxSeqLen = 40;
    if (variant == "dense") c.useBitlinear = false;
    if (variant == "everythingElse") {
        c.useSubNorm = true;
        c.useQkNorm = false;
        c.bitlinearPerChannel = true;
        c.tieWordEmbeddings = false;
        c.attnLogitSoftCap.reset();
        c.finalLogitSoftCap.reset();
    }
    EXPECT_TRUE(c.normalize().ok());
    return c;
}

struct Outcome {
    std::vector<double> numbers;  ///< losses and norms
    std::vector<float> weights, logits;
    std::vector<std::int32_t> drawn;
    bool operator==(const Outcome&) const = default;
};

/// Two optimizer steps of two micro-batches, an evaluation, and a few drawn tokens.
Result<Outcome> trainAndGenerate(Backend& backend, const ModelConfig& config, PassOptions::Keep keep) {
    PassOptions options;
    options.batch = 2;
    options.tokens = 20;
    options.keep = keep;
    options.labelSmoothing = 0.1;
    Workload workload = passWorkload(config, options);
    workload.sequence = config.maxSeqLen;
    Runtime runtime = TRY(Runtime::create(backend, Precision{}, workload));
    ModelWeights weights = TRY(ModelWeights::create(runtime, config, config.maxSeqLen, true));
    TRY_VOID(weights.initialize(3));
    TRY_VOID(weights.prepare());
    Outcome outcome;
    {
        TrainingPass pass = TRY(TrainingPass::create(weights, options));
        Gradients gradients = TRY(Gradients::create(runtime, weights.layout()));
        Optimizer optimizer = TRY(Optimizer::create(weights));
        Rng rng(5);
        for (int step = 1; step <= 2; ++step) {
            TRY_VOID(gradients.zero());
            for (int micro = 0; micro < 2; ++micro) {
                std::vector<std::int32_t> ids, documents;
                for (int i = 0; i < 40; ++i) {
                    ids.push_back(static_cast<std::int32_t>(rng.below(51)));
                    documents.push_back(i % 20 / 7);
                }
                const Batch batch = batchFromIds(2, 20, ids, ids, documents);
                outcome.numbers.push_back(TRY(pass.run(batch, 0.01f, gradients)));
                outcome.numbers.push_back(TRY(pass.evaluate(batch)));
            }
            OptimizerStep hyper;
            hyper.step = step;
            outcome.numbers.push_back(TRY(optimizer.step(gradients, hyper)));
        }
        outcome.weights = TRY(weights.download());
        std::vector<float> values;
        for (const Optimizer::Tensor& tensor : optimizer.tensors()) {
            TRY_VOID(optimizer.download(tensor, values));
            outcome.weights.insert(outcome.weights.end(), values.begin(), values.end());
        }
    }
    InferenceSession session = TRY(InferenceSession::create(weights, config.maxSeqLen, 7));
    const std::vector<std::int32_t> prompt = {1, 5, 9, 2, 50, 0, 7, 8, 9, 30, 11};
    TRY_VOID(session.append(prompt));
    for (int i = 0; i < 6; ++i) {
        outcome.drawn.push_back(TRY(session.sample({.temperature = 0.8f,
                                                    .topK = 20,
                                                    .topP = 0.9f,
                                                    .minP = 0.01f,
                                                    .repetitionPenalty = 1.2f,
                                                    .recent = session.tokens(),
                                                    .uniform = 0.15f * static_cast<float>(i)})));
        TRY_VOID(session.append({&outcome.drawn.back(), 1}));
    }
    outcome.logits = TRY(session.logits());
    return outcome;
}

class UnreadableModel : public testing::TestWithParam<const char*> {};

TEST_P(UnreadableModel, GivesTheBitsOfThePlainBackend) {
    const ModelConfig config = unreadableConfig(GetParam());
    for (const auto keep : {PassOptions::Keep::Everything, PassOptions::Keep::LayerInputs}) {
        const auto plain = openBackend("cpu", {2}).value();
        const auto expected = trainAndGenerate(*plain, config, keep);
        ASSERT_OK(expected);
        EXPECT_GT(expected->numbers.front(), 0);
        const auto hidden = makeUnreadableBackend(openBackend("cpu", {2}).value());
        const auto outcome = trainAndGenerate(*hidden, config, keep);
        ASSERT_OK(outcome);
        EXPECT_TRUE(*outcome == *expected);
    }
}

INSTANTIATE_TEST_SUITE_P(Config, UnreadableModel, testing::Values("plain", "dense", "everythingElse"),
                         [](const auto& variant) { return std::string(variant.param); });

}  // namespace
}  // namespace distillix
