// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include "core/base/rng.h"
#include "core/infer/session.h"
#include "core/model/training_pass.h"
#include "core/optim/optimizer.h"
#include "core/optim/schedule.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

ModelConfig smallConfig() {
    ModelConfig c;
    c.vocabSize = 67;
    c.hiddenDim = 48;
    c.numLayers = 3;
    c.numHeads = 4;
    c.numKvHeads = 2;
    c.headDim = 16;
    c.mlpHiddenDim = 96;
    c.maxSeqLen = 40;
    return c;
}

Batch randomBatch(const ModelConfig& c, int b, int t, bool packed) {
    Rng rng(7);
    std::vector<std::int32_t> ids, documents;
    std::int32_t document = 0;
    for (int i = 0; i < b * t; ++i) {
        ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(c.vocabSize))));
        if (packed && rng.uniform() < 0.1) ++document;
        documents.push_back(document);
    }
    return batchFromIds(b, t, ids, ids, documents);
}

/// Everything a pass needs, on one device.
struct Fixture {
    std::unique_ptr<Backend> backend;
    std::optional<Runtime> runtime;
    std::optional<ModelWeights> weights;
    std::optional<TrainingPass> pass;
    std::optional<Gradients> gradients;

    Result<void> open(const std::string& device, const ModelConfig& config, const PassOptions& options) {
        backend = TRY(openBackend(device));
        Workload w = passWorkload(config, options);
        w.sequence = config.maxSeqLen;
        runtime = TRY(Runtime::create(*backend, Precision{}, w));
        weights = TRY(ModelWeights::create(*runtime, config, config.maxSeqLen, true));
        TRY_VOID(weights->initialize(3));
        TRY_VOID(weights->prepare());
        pass = TRY(TrainingPass::create(*weights, options));
        gradients = TRY(Gradients::create(*runtime, weights->layout()));
        return {};
    }
};

class Variants : public testing::TestWithParam<const char*> {
  public:
    static ModelConfig config() {
        ModelConfig c = smallConfig();
        const std::string name = GetParam();
        if (name == "untied") c.tieWordEmbeddings = false;
        if (name == "perChannel") c.bitlinearPerChannel = true;
        if (name == "dense") c.useBitlinear = false;
        if (name == "noQkNorm") c.useQkNorm = false;
        if (name == "subNorm") c.useSubNorm = true;
        if (name == "denseSubNorm") c.useSubNorm = true, c.useBitlinear = false;
        if (name == "noCaps") c.attnLogitSoftCap.reset(), c.finalLogitSoftCap.reset();
        if (name == "ropeScaling") c.ropeScaling = 2.5;
        if (name == "oddHeads") c.numHeads = 3, c.numKvHeads = 1, c.headDim = 22;
        EXPECT_TRUE(c.normalize().ok());
        return c;
    }
};

TEST_P(Variants, RecomputationGivesTheVerySameGradients) {
    const ModelConfig c = config();
    const Batch batch = randomBatch(c, 2, 33, true);
    std::vector<std::vector<float>> results;
    for (const auto keep : {PassOptions::Keep::Everything, PassOptions::Keep::LayerInputs}) {
        PassOptions options;
        options.batch = 2;
        options.tokens = 33;
        options.keep = keep;
        Fixture f;
        ASSERT_OK(f.open("reference", c, options));
        ASSERT_OK(f.pass->run(batch, 0.02f, *f.gradients));
        results.push_back(f.gradients->download().value());
    }
    EXPECT_EQ(results[0], results[1]);
    double norm = 0;
    for (const float g : results[0]) norm += static_cast<double>(g) * g;
    EXPECT_GT(norm, 0);
}

TEST_P(Variants, StepByStepGivesTheLogitsOfOnePass) {
    const ModelConfig c = config();
    const Batch batch = randomBatch(c, 1, 23, false);
    for (const char* device : {"reference", "cpu"}) {
        PassOptions options;
        options.batch = 1;
        options.tokens = c.maxSeqLen;
        options.keep = PassOptions::Keep::Nothing;
        Fixture f;
        ASSERT_OK(f.open(device, c, options));
        std::vector<float> whole;
        ASSERT_OK(f.pass->logits(batch, [&](int, int rows, const float* logits) -> Result<void> {
            whole.insert(whole.end(), logits, logits + static_cast<std::ptrdiff_t>(rows) * c.vocabSize);
            return {};
        }));
        auto session = InferenceSession::create(*f.weights, c.maxSeqLen, 5);
        ASSERT_OK(session);
        const auto near = [&](std::size_t token) {
            const std::vector<float> logits = session->logits().value();
            double delta = 0, norm = 0;
            for (int v = 0; v < c.vocabSize; ++v) {
                const double figure =
                    whole[token * static_cast<std::size_t>(c.vocabSize) + static_cast<std::size_t>(v)];
                delta += std::pow(logits[static_cast<std::size_t>(v)] - figure, 2);
                norm += figure * figure;
            }
            // Sums run in another order in the two paths; an activation on a rounding boundary may fall the other way.
            EXPECT_LE(std::sqrt(delta / norm), c.useBitlinear ? 1e-2 : 1e-5) << device << " token " << token;
        };
        // The first twelve as a prefill in uneven chunks, then one by one, then again from a shared prefix.
        ASSERT_OK(session->append(std::span(batch.inputIds).first(12)));
        near(11);
        for (std::size_t t = 12; t < 23; ++t) {
            ASSERT_OK(session->append(std::span(batch.inputIds).subspan(t, 1)));
            near(t);
        }
        const auto kept = session->setTokens(std::span(batch.inputIds).first(15));
        ASSERT_OK(kept);
        EXPECT_EQ(*kept, 14);
        near(14);
    }
}

INSTANTIATE_TEST_SUITE_P(Config, Variants,
                         testing::Values("plain", "untied", "perChannel", "dense", "noQkNorm", "subNorm",
                                         "denseSubNorm", "noCaps", "ropeScaling", "oddHeads"),
                         [](const auto& variant) { return std::string(variant.param); });

TEST(Model, MicroBatchesAddUpToOneBatch) {
    // The loss of a step is the mean over all valid labels of all its micro-batches: two halves give what the whole
    // gives.
    const ModelConfig c = [] {
        auto m = smallConfig();
        m.useBitlinear = false;
        EXPECT_TRUE(m.normalize().ok());
        return m;
    }();
    const Batch whole = randomBatch(c, 4, 20, true);
    PassOptions options;
    options.batch = 4;
    options.tokens = 20;
    Fixture f;
    ASSERT_OK(f.open("reference", c, options));
    const float scale = 1.0f / static_cast<float>(whole.validLabels());
    const auto lossWhole = f.pass->run(whole, scale, *f.gradients);
    ASSERT_OK(lossWhole);
    const std::vector<float> expected = f.gradients->download().value();
    ASSERT_OK(f.gradients->zero());
    double loss = 0;
    for (int half = 0; half < 2; ++half) {
        Batch b;
        b.batch = 2;
        b.tokens = 20;
        const auto cut = [&](const std::vector<std::int32_t>& v) {
            return std::vector<std::int32_t>(v.begin() + half * 40, v.begin() + half * 40 + 40);
        };
        b.inputIds = cut(whole.inputIds);
        b.labels = cut(whole.labels);
        b.documentStart = cut(whole.documentStart);
        b.positions = cut(whole.positions);
        const auto part = f.pass->run(b, scale, *f.gradients);
        ASSERT_OK(part);
        loss += *part;
    }
    EXPECT_NEAR(loss, *lossWhole, 1e-6 * loss);
    const std::vector<float> sum = f.gradients->download().value();
    double delta = 0, norm = 0;
    for (std::size_t i = 0; i < sum.size(); ++i)
        delta += std::pow(sum[i] - expected[i], 2), norm += std::pow(expected[i], 2);
    EXPECT_LT(std::sqrt(delta / norm), 1e-6);
}

TEST(Model, PackedDocumentsAreComputedAsIfAlone) {
    const ModelConfig c = [] {
        auto m = smallConfig();
        EXPECT_TRUE(m.normalize().ok());
        return m;
    }();
    Batch packed = randomBatch(c, 1, 30, false);
    for (int t = 0; t < 30; ++t) {
        const int start = t < 11 ? 0 : 11;
        packed.documentStart[static_cast<std::size_t>(t)] = start;
        packed.positions[static_cast<std::size_t>(t)] = t - start;
    }
    PassOptions options;
    options.batch = 1;
    options.tokens = 30;
    options.keep = PassOptions::Keep::Nothing;
    Fixture f;
    ASSERT_OK(f.open("reference", c, options));
    const auto together = f.pass->evaluate(packed);
    ASSERT_OK(together);
    double alone = 0;
    for (const auto& [first, count] : {std::pair{0, 11}, std::pair{11, 19}}) {
        const std::vector<std::int32_t> ids(packed.inputIds.begin() + first, packed.inputIds.begin() + first + count);
        const auto part = f.pass->evaluate(batchFromIds(1, count, ids));
        ASSERT_OK(part);
        alone += *part;
    }
    EXPECT_NEAR(*together, alone, 1e-4);
    EXPECT_EQ(packed.validLabels(), 10 + 18);
}

TEST(Model, RefusesIdsAndBatchesThatDoNotFit) {
    const ModelConfig c = [] {
        auto m = smallConfig();
        EXPECT_TRUE(m.normalize().ok());
        return m;
    }();
    PassOptions options;
    options.batch = 1;
    options.tokens = 8;
    Fixture f;
    ASSERT_OK(f.open("reference", c, options));
    Batch batch = randomBatch(c, 1, 8, false);
    batch.inputIds[3] = 67;
    auto result = f.pass->run(batch, 1, *f.gradients);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().text().find("token 3"), std::string::npos) << result.error().text();
    batch = randomBatch(c, 1, 9, false);
    EXPECT_FALSE(f.pass->run(batch, 1, *f.gradients).ok());
    batch = randomBatch(c, 1, 8, false);
    batch.labels[2] = 99;
    EXPECT_FALSE(f.pass->run(batch, 1, *f.gradients).ok());
}

TEST(Optimizer, LeavesEverythingAloneWhenTheGradientIsNotFinite) {
    const ModelConfig c = [] {
        auto m = smallConfig();
        EXPECT_TRUE(m.normalize().ok());
        return m;
    }();
    PassOptions options;
    options.batch = 1;
    options.tokens = 8;
    Fixture f;
    ASSERT_OK(f.open("cpu", c, options));
    auto optimizer = Optimizer::create(*f.weights);
    ASSERT_OK(optimizer);
    ASSERT_OK(f.pass->run(randomBatch(c, 1, 8, false), INFINITY, *f.gradients));
    const std::vector<float> before = f.weights->download().value();
    const auto norm = optimizer->step(*f.gradients, {});
    ASSERT_OK(norm);
    EXPECT_FALSE(std::isfinite(*norm));
    EXPECT_EQ(f.weights->download().value(), before);
}

TEST(Schedule, WarmsUpAndComesDown) {
    Schedule wsd{"wsd", 10, 0.1, 0.25};
    EXPECT_DOUBLE_EQ(wsd.factor(1, 0), 0.1);
    EXPECT_DOUBLE_EQ(wsd.factor(10, 0.09), 1);
    EXPECT_DOUBLE_EQ(wsd.factor(70, 0.75), 1);
    EXPECT_DOUBLE_EQ(wsd.factor(88, 0.875), 0.55);
    EXPECT_DOUBLE_EQ(wsd.factor(101, 1), 0.1);
    Schedule cosine{"cosine", 0, 0, 0.25};
    EXPECT_DOUBLE_EQ(cosine.factor(1, 0), 1);
    EXPECT_NEAR(cosine.factor(51, 0.5), 0.5, 1e-12);
    Schedule linear{"linear", 0, 0.5, 0.25};
    EXPECT_DOUBLE_EQ(linear.factor(51, 0.5), 0.75);
    EXPECT_DOUBLE_EQ((Schedule{"constant", 4, 0, 0}).factor(2, 0.9), 0.5);
}

TEST(ModelConfig, PresetsAreTheirPublishedSizes) {
    for (const auto& [name, parameters] : {std::pair<const char*, std::int64_t>{"100M", 100'094'208}}) {
        const auto preset = findModelPreset(name);
        ASSERT_OK(preset);
        EXPECT_EQ(preset->config.parameterCount(), parameters);
    }
    for (const ModelPreset& preset : modelPresets()) {
        ModelConfig c = preset.config;
        EXPECT_TRUE(c.normalize().ok()) << preset.name;
        std::int64_t sum = 0;
        for (const Parameter& p : ParameterLayout(c).parameters) sum += static_cast<std::int64_t>(p.count());
        EXPECT_EQ(sum, c.parameterCount()) << preset.name;
    }
    EXPECT_FALSE(findModelPreset("50B").ok());
}

TEST(ModelConfig, KeepsUnknownKeysAndNamesBadOnes) {
    const auto json = nlohmann::ordered_json::parse(
        R"({"hidden_dim": 64, "num_heads": 4, "num_kv_heads": 2, "author": "me", "attn_logit_soft_cap": null})");
    const auto config = modelConfigFromJson(json);
    ASSERT_OK(config);
    EXPECT_EQ(config->headDim, 16);
    EXPECT_FALSE(config->attnLogitSoftCap.has_value());
    EXPECT_EQ(*config->finalLogitSoftCap, 30.0);
    EXPECT_EQ(modelConfigToJson(*config)["author"], "me");
    for (const char* bad : {R"({"hidden_dim": -1})", R"({"hidden_dim": 2.5})", R"({"num_heads": 5})",
                            R"({"num_kv_heads": 5})", R"({"head_dim": 7})", R"({"norm_eps": "x"})", R"([1])"}) {
        const auto refused = modelConfigFromJson(nlohmann::ordered_json::parse(bad));
        EXPECT_FALSE(refused.ok()) << bad;
    }
}

}  // namespace
}  // namespace distillix
