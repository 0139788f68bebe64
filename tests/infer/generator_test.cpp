// SPDX-License-Identifier: Apache-2.0
#include "core/infer/generator.h"

#include <algorithm>
#include <cmath>
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
        m_config.maxSeqLen = 256;
        m_config.finalLogitSoftCap.reset();
        ASSERT_OK(m_config.normalize());
        auto backend = openBackend("cpu");
        ASSERT_OK(backend);
        m_backend = std::move(backend).value();
        auto runtime = Runtime::create(*m_backend, {}, sessionWorkload(m_config, 16));
        ASSERT_OK(runtime);
        m_runtime.emplace(std::move(runtime).value());
        auto weights = ModelWeights::create(*m_runtime, m_config, 256, false);
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
        m_sampling.overflow = "stop";
    }
    InferenceSession session(int capacity = 96) {
        auto made = InferenceSession::create(*m_weights, capacity, 16);
        EXPECT_TRUE(made.ok()) << made.error().text();
        return std::move(made).value();
    }
    Generation run(InferenceSession& session, const std::vector<std::string>& stops = {},
                   const std::function<bool(std::string_view)>& emit = {}, StopToken stop = {},
                   const std::vector<std::int32_t>& ends = {}) {
        GenerationRequest request = asked(Prompt::text(m_prompt, true));
        request.stopStrings = stops;
        request.endTokens = ends;
        request.emit = emit;
        request.stop = std::move(stop);
        return run(session, std::move(request));
    }
    GenerationRequest asked(Prompt prompt) const { return {.prompt = std::move(prompt), .sampling = m_sampling}; }
    Generation run(InferenceSession& session, GenerationRequest request) {
        auto made = generate(session, *m_tokenizer, std::move(request));
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
    const auto refused = generate(s, *m_tokenizer, asked(Prompt::text(m_prompt, true)));
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().text().find("do not fit"), std::string::npos);
    EXPECT_EQ(s.length(), 0);
    const std::vector<std::int32_t> bad = {0, 9999};
    EXPECT_FALSE(s.append(bad).ok());
    EXPECT_EQ(s.length(), 0);
    EXPECT_FALSE(generate(s, *m_tokenizer, asked(Prompt::text({}, true))).ok());
}

TEST_F(Generator, ThePenaltyKeepsTokensFromComingAgainAndSparesTheEnd) {
    m_sampling.temperature = 0;
    InferenceSession s = session();
    const Generation plain = run(s);
    m_sampling.repetitionPenalty = 100;
    m_sampling.repetitionWindow = 30;
    const Generation penalised = run(s);
    EXPECT_NE(penalised.ids, plain.ids);
    std::vector<std::int32_t> all = m_prompt;
    all.insert(all.end(), penalised.ids.begin(), penalised.ids.end());
    for (std::size_t i = m_prompt.size(); i < all.size(); ++i) {
        if (m_tokenizer->isControl(all[i])) continue;
        const std::size_t from = i < 30 ? 0 : i - 30;
        EXPECT_EQ(std::count(all.begin() + static_cast<std::ptrdiff_t>(from),
                             all.begin() + static_cast<std::ptrdiff_t>(i), all[i]),
                  0)
            << "token " << i << " came again within the window";
    }
    EXPECT_EQ(run(s).ids, penalised.ids);
    // A token that comes again without the penalty does so with it where it is what ends an answer.
    std::size_t again = 1;
    while (again < plain.ids.size() &&
           std::find(plain.ids.begin(), plain.ids.begin() + static_cast<std::ptrdiff_t>(again), plain.ids[again]) ==
               plain.ids.begin() + static_cast<std::ptrdiff_t>(again))
        ++again;
    ASSERT_LT(again, plain.ids.size()) << "a model of random weights soon repeats itself";
    m_prompt.insert(m_prompt.end(), plain.ids.begin(), plain.ids.begin() + static_cast<std::ptrdiff_t>(again));
    m_sampling.repetitionWindow = 96;
    EXPECT_NE(run(s).ids[0], plain.ids[again]);
    const Generation ended = run(s, {}, {}, {}, {plain.ids[again]});
    EXPECT_EQ(ended.end, Generation::End::EndToken);
    EXPECT_TRUE(ended.ids.empty());
}

TEST_F(Generator, MinPOfOneIsGreedy) {
    InferenceSession s = session();
    m_sampling.minP = 1;
    const Generation only = run(s);
    m_sampling.minP = 0;
    EXPECT_NE(run(s).ids, only.ids);
    m_sampling.temperature = 0;
    EXPECT_EQ(run(s).ids, only.ids);
}

TEST_F(Generator, TellsWhatElseTheModelThoughtOf) {
    InferenceSession s = session();
    m_sampling.maxTokens = 10;
    m_sampling.logprobs = 4;
    m_sampling.topK = 3;
    std::vector<EmittedToken> tokens;
    GenerationRequest request = asked(Prompt::text(m_prompt, true));
    request.onToken = [&](const EmittedToken& token) { tokens.push_back(token); };
    const Generation g = run(s, std::move(request));
    ASSERT_EQ(tokens.size(), 10u);
    InferenceSession fresh = session();
    ASSERT_OK(fresh.append(m_prompt));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        EXPECT_EQ(tokens[i].id, g.ids[i]);
        EXPECT_FALSE(tokens[i].ends);
        const auto logits = fresh.logits();
        ASSERT_OK(logits);
        double sum = 0;
        for (const float z : *logits) sum += std::exp(static_cast<double>(z));
        ASSERT_EQ(tokens[i].alternatives.size(), 4u);
        for (std::size_t k = 0; k < 4; ++k) {
            const auto& other = tokens[i].alternatives[k];
            const double z = static_cast<double>((*logits)[static_cast<std::size_t>(other.id)]);
            EXPECT_NEAR(other.logprob, z - std::log(sum), 1e-6);
            EXPECT_EQ(
                std::count_if(logits->begin(), logits->end(), [&](float y) { return static_cast<double>(y) > z; }),
                static_cast<std::ptrdiff_t>(k));
        }
        EXPECT_NEAR(tokens[i].logprob,
                    static_cast<double>((*logits)[static_cast<std::size_t>(g.ids[i])]) - std::log(sum), 1e-6);
        ASSERT_OK(fresh.append({&g.ids[i], 1}));
    }
    // The token that ends an answer is told too.
    tokens.clear();
    request = asked(Prompt::text(m_prompt, true));
    request.onToken = [&](const EmittedToken& token) { tokens.push_back(token); };
    request.endTokens = {g.ids[3]};
    const Generation ended = run(s, std::move(request));
    ASSERT_EQ(tokens.size(), ended.ids.size() + 1);
    EXPECT_TRUE(tokens.back().ends);
}

TEST_F(Generator, GoesOnFromAChosenAlternative) {
    InferenceSession s = session();
    m_sampling.temperature = 0;
    m_sampling.maxTokens = 20;
    const Generation first = run(s);
    // Another fourth token: what comes behind it is what comes behind a prompt that has it.
    GenerationRequest request = asked(Prompt::text(m_prompt, true));
    request.prefix.assign(first.ids.begin(), first.ids.begin() + 3);
    request.prefix.push_back(first.ids[3] == 300 ? 301 : 300);
    const auto prefix = request.prefix;
    std::string streamed;
    request.emit = [&](std::string_view piece) {
        streamed += piece;
        return true;
    };
    const Generation other = run(s, std::move(request));
    EXPECT_EQ(other.prefixTokens, 4);
    EXPECT_EQ(other.generatedTokens(), 20);
    EXPECT_EQ(other.reusedTokens, static_cast<int>(m_prompt.size()) + 3) << "only what changed is computed";
    EXPECT_EQ(streamed, other.text);
    ASSERT_TRUE(std::equal(prefix.begin(), prefix.end(), other.ids.begin()));
    m_prompt.insert(m_prompt.end(), prefix.begin(), prefix.end());
    InferenceSession fresh = session();
    const Generation straight = run(fresh);
    EXPECT_TRUE(std::equal(straight.ids.begin(), straight.ids.end(), other.ids.begin() + 4, other.ids.end()));
    // A prefix and nothing behind it but the end.
    request = asked(Prompt::text(m_prompt, true));
    request.prefix = {300};
    request.sampling.maxTokens = 1;
    EXPECT_EQ(run(s, std::move(request)).ids.size(), 2u);
}

TEST_F(Generator, AFullContextDropsTheOldestTurnsAndGoesOn) {
    const auto chat = ChatTemplate::create(*m_tokenizer);
    ASSERT_OK(chat);
    const std::vector<ChatMessage> talk{{ChatRole::System, "four"},     {ChatRole::User, "one one"},
                                        {ChatRole::Assistant, "two"},   {ChatRole::User, "two"},
                                        {ChatRole::Assistant, "three"}, {ChatRole::User, "three"}};
    const int whole = static_cast<int>(chat->renderPrompt(talk).size());
    m_sampling.temperature = 0;
    m_sampling.maxTokens = 60;
    InferenceSession s = session(whole + 10);
    EXPECT_EQ(run(s, asked(Prompt::conversation(*chat, talk))).end, Generation::End::Context);
    m_sampling.overflow = "drop";
    const Generation dropped = run(s, asked(Prompt::conversation(*chat, talk)));
    EXPECT_EQ(dropped.end, Generation::End::Length);
    EXPECT_EQ(dropped.ids.size(), 60u);
    EXPECT_EQ(dropped.droppedMessages, 4);
    // In the cache stand the system's words, the last question, and the answer.
    const std::vector<ChatMessage> left{talk[0], talk[5]};
    auto expected = chat->renderPrompt(left);
    EXPECT_EQ(dropped.droppedTokens, whole - static_cast<int>(expected.size()));
    expected.insert(expected.end(), dropped.ids.begin(), dropped.ids.end() - 1);
    EXPECT_EQ(s.tokens(), expected);
    // What comes behind the drop is what a cache filled afresh gives.
    InferenceSession fresh = session(whole + 10);
    expected.resize(expected.size() - 5);
    ASSERT_OK(fresh.setTokens(expected));
    const auto token = fresh.sample({.temperature = 0});
    ASSERT_OK(token);
    EXPECT_EQ(*token, dropped.ids[dropped.ids.size() - 6]);
    // Where nothing more can be dropped, the answer ends.
    InferenceSession narrow = session(static_cast<int>(chat->renderPrompt(left).size()) + 4);
    const Generation full = run(narrow, asked(Prompt::conversation(*chat, talk)));
    EXPECT_EQ(full.end, Generation::End::Context);
    EXPECT_EQ(full.ids.size(), 5u);
    EXPECT_EQ(full.droppedMessages, 4);
}

TEST_F(Generator, AFullContextDropsATextsBeginning) {
    m_sampling.overflow = "drop";
    m_sampling.maxTokens = 200;
    InferenceSession s = session(40);
    const Generation g = run(s);
    EXPECT_EQ(g.end, Generation::End::Length);
    EXPECT_EQ(g.ids.size(), 200u);
    EXPECT_EQ(g.droppedTokens, static_cast<int>(m_prompt.size()) - 1);
    ASSERT_LE(s.length(), 40);
    EXPECT_EQ(s.tokens()[0], m_tokenizer->bos());
    // Behind BOS the cache holds the end of the answer, its last token aside.
    EXPECT_TRUE(std::equal(s.tokens().begin() + 1, s.tokens().end(), g.ids.end() - s.length()));
    EXPECT_EQ(run(s).ids, g.ids);
    // A text too long from the start loses its beginning before anything is computed.
    while (m_prompt.size() < 100) m_prompt.push_back(m_prompt[m_prompt.size() % 2 + 1]);
    m_sampling.maxTokens = 5;
    const Generation cut = run(s);
    EXPECT_EQ(cut.promptTokens, 100);
    EXPECT_EQ(cut.droppedTokens, 65);
    EXPECT_EQ(cut.ids.size(), 5u);
}

TEST_F(Generator, ShowsTokensAsReadableText) {
    EXPECT_EQ(shownToken(*m_tokenizer, m_tokenizer->eos()), "</s>");
    EXPECT_EQ(shownToken(*m_tokenizer, m_tokenizer->pieceId("<0x0A>")), "\n");
    EXPECT_EQ(shownToken(*m_tokenizer, m_tokenizer->pieceId("<0xE6>")), "<0xE6>");
    EXPECT_EQ(shownToken(*m_tokenizer, m_tokenizer->encode(" two")[0]).substr(0, 1), " ");
    EXPECT_EQ(shownToken(*m_tokenizer, -1), "");
}

}  // namespace
}  // namespace distillix
