// SPDX-License-Identifier: Apache-2.0
#include "core/infer/generator.h"

#include <optional>

#include <gtest/gtest.h>

#include "core/base/utf8.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

/// A model of random weights over a tokenizer that has few pieces but bytes: it babbles, in every script there is.
class Generator : public testing::Test {
  protected:
    void SetUp() override {
        TokenizerTraining options;
        options.vocabSize = 340;
        int n = 0;
        auto trained = trainTokenizer(options, [&](std::string& text) {
            text = "héllo wörld 日本 🙂 one two three four\n";
            return n++ < 50;
        });
        ASSERT_OK(trained);
        m_tokenizer.emplace(std::move(trained).value());
        m_config.vocabSize = m_tokenizer->size();
        m_config.hiddenDim = 32;
        m_config.numLayers = 2;
        m_config.numHeads = 2;
        m_config.numKvHeads = 1;
        m_config.mlpHiddenDim = 64;
        m_config.maxSeqLen = 96;
        m_config.finalLogitSoftCap.reset();
        ASSERT_OK(m_config.normalize());
        auto backend = openBackend("cpu");
        ASSERT_OK(backend);
        m_backend = std::move(backend).value();
        auto runtime = Runtime::create(*m_backend, {}, sessionWorkload(m_config, 16));
        ASSERT_OK(runtime);
        m_runtime.emplace(std::move(runtime).value());
        auto weights = ModelWeights::create(*m_runtime, m_config, 96, false);
        ASSERT_OK(weights);
        m_weights.emplace(std::move(weights).value());
        ASSERT_OK(m_weights->initialize(5));
        ASSERT_OK(m_weights->prepare());
        m_prompt = m_tokenizer->encode("one two 日本");
        m_prompt.insert(m_prompt.begin(), m_tokenizer->bos());
        m_sampling.maxTokens = 60;
        m_sampling.temperature = 1.5;
        m_sampling.topK = 0;
        m_sampling.topP = 1;
    }
    InferenceSession session(int capacity = 96) {
        auto made = InferenceSession::create(*m_weights, capacity, 16);
        EXPECT_TRUE(made.ok()) << made.error().text();
        return std::move(made).value();
    }
    Generation run(InferenceSession& session, const std::vector<std::string>& stops = {},
                   const std::function<bool(std::string_view)>& emit = {}, StopToken stop = {},
                   const std::vector<std::int32_t>& ends = {}) {
        auto made = generate(session, *m_tokenizer, m_prompt, m_sampling, stops, ends, emit, std::move(stop));
        EXPECT_TRUE(made.ok()) << made.error().text();
        return made.ok() ? std::move(made).value() : Generation{};
    }

    std::optional<Tokenizer> m_tokenizer;
    ModelConfig m_config;
    std::unique_ptr<Backend> m_backend;
    std::optional<Runtime> m_runtime;
    std::optional<ModelWeights> m_weights;
    std::vector<std::int32_t> m_prompt;
    SamplingConfig m_sampling;
};

TEST_F(Generator, StreamsWholeCharactersThatAddUpToTheText) {
    for (int seed = 1; seed <= 20; ++seed) {
        m_sampling.seed = seed;
        InferenceSession s = session();
        std::string streamed;
        const Generation g = run(s, {"never in there"}, [&](std::string_view piece) {
            EXPECT_FALSE(piece.empty());
            EXPECT_EQ(utf8FirstInvalid(piece), std::string_view::npos)
                << "half a character at byte " << streamed.size();
            streamed += piece;
            return true;
        });
        EXPECT_EQ(streamed, g.text);
        EXPECT_EQ(g.end, Generation::End::Length);
        EXPECT_EQ(g.ids.size(), 60u);
    }
}

TEST_F(Generator, TheSameSeedGivesTheSameAnswerAndAnotherAnother) {
    InferenceSession s = session();
    const Generation first = run(s), again = run(s);
    EXPECT_EQ(first.ids, again.ids);
    EXPECT_EQ(again.reusedTokens, static_cast<int>(m_prompt.size()) - 1);  // the prompt was in the cache already
    m_sampling.seed = 2;
    EXPECT_NE(run(s).ids, first.ids);
    m_sampling.temperature = 0;
    const Generation greedy = run(s);
    m_sampling.seed = 3;
    EXPECT_EQ(run(s).ids, greedy.ids);
}

TEST_F(Generator, GoesOnFromACacheAsFromNothing) {
    m_sampling.temperature = 0;
    InferenceSession used = session();
    const Generation first = run(used);
    // The next turn: the first answer and a few words more.
    m_prompt.insert(m_prompt.end(), first.ids.begin(), first.ids.begin() + 20);
    const auto more = m_tokenizer->encode(" four");
    m_prompt.insert(m_prompt.end(), more.begin(), more.end());
    m_sampling.maxTokens = 10;
    InferenceSession fresh = session();
    const Generation warm = run(used), cold = run(fresh);
    EXPECT_GT(warm.reusedTokens, 20);
    EXPECT_EQ(cold.reusedTokens, 0);
    EXPECT_EQ(warm.ids, cold.ids);
}

TEST_F(Generator, EndsInFrontOfAStopString) {
    InferenceSession s = session();
    const Generation whole = run(s);
    ASSERT_GT(whole.text.size(), 30u);
    // A piece out of the middle, which spans tokens; nothing of it may have been streamed.
    const std::string stop = whole.text.substr(whole.text.size() / 2, 5);
    std::string streamed;
    const Generation cut = run(s, {stop, "zzzz"}, [&](std::string_view piece) {
        streamed += piece;
        return true;
    });
    EXPECT_EQ(cut.end, Generation::End::StopString);
    EXPECT_EQ(cut.text, whole.text.substr(0, whole.text.find(stop)));
    EXPECT_EQ(streamed, cut.text);
}

TEST_F(Generator, EndsAtAnEndTokenAtTheContextAndWhenAsked) {
    InferenceSession s = session();
    const Generation whole = run(s);
    const Generation ended = run(s, {}, {}, {}, {whole.ids[7]});
    EXPECT_EQ(ended.end, Generation::End::EndToken);
    EXPECT_LE(ended.ids.size(), 7u);

    InferenceSession narrow = session(static_cast<int>(m_prompt.size()) + 5);
    const Generation full = run(narrow);
    EXPECT_EQ(full.end, Generation::End::Context);
    EXPECT_EQ(full.ids.size(), 6u);  // the last one needs no place

    int pieces = 0;
    const Generation refused = run(s, {}, [&](std::string_view) { return ++pieces < 3; });
    EXPECT_EQ(refused.end, Generation::End::Cancelled);
    EXPECT_EQ(pieces, 3);
    StopSource source;
    source.raise();
    EXPECT_EQ(run(s, {}, {}, source.token()).end, Generation::End::Cancelled);
}

TEST_F(Generator, RefusesPromptsThatDoNotFitAndKeepsTheCache) {
    InferenceSession s = session(static_cast<int>(m_prompt.size()) - 1);
    const auto refused = generate(s, *m_tokenizer, m_prompt, m_sampling, {}, {}, {}, {});
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().text().find("do not fit"), std::string::npos);
    EXPECT_EQ(s.length(), 0);
    const std::vector<std::int32_t> bad = {0, 9999};
    EXPECT_FALSE(s.append(bad).ok());
    EXPECT_EQ(s.length(), 0);
    EXPECT_FALSE(generate(s, *m_tokenizer, {}, m_sampling, {}, {}, {}, {}).ok());
}

}  // namespace
}  // namespace distillix
