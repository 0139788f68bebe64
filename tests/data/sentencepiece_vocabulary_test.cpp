// SPDX-License-Identifier: Apache-2.0
// A tokenizer made of another's pieces, scores and types makes the same tokens.
#include "core/data/sentencepiece_vocabulary.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/data/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

using testing::HasSubstr;

SentencePieceVocabulary vocabularyOf(const Tokenizer& tokenizer) {
    const SentencePieceModelFacts facts = readSentencePieceModel(tokenizer.serialized()).value();
    SentencePieceVocabulary vocabulary;
    for (int id = 0; id < tokenizer.size(); ++id) vocabulary.pieces.push_back(tokenizer.piece(id));
    vocabulary.scores = facts.scores;
    vocabulary.types = facts.types;
    vocabulary.unknown = tokenizer.unknown();
    vocabulary.bos = tokenizer.bos();
    vocabulary.eos = tokenizer.eos();
    vocabulary.pad = tokenizer.pad();
    vocabulary.addDummyPrefix = tokenizer.addsSpacePrefix();
    return vocabulary;
}

class Vocabulary : public testing::Test {
  protected:
    void SetUp() override {
        TokenizerTraining training;
        training.vocabSize = 420;
        training.specialTokens = {"<|user|>", "<|end|>"};
        int left = 60;
        auto trained = trainTokenizer(training, [&](std::string& text) {
            text = "def add(a, b):\n    return a + b  # " + std::to_string(left) + " größer als  zwei\n";
            return left-- > 0;
        });
        ASSERT_OK(trained);
        m_trained.emplace(std::move(*trained));
        m_vocabulary = vocabularyOf(*m_trained);
    }
    void refused(const std::string& reason) {
        const auto model = sentencePieceModelOf(m_vocabulary);
        ASSERT_FALSE(model.ok());
        EXPECT_THAT(model.error().text(), HasSubstr(reason));
    }
    std::optional<Tokenizer> m_trained;
    SentencePieceVocabulary m_vocabulary;
};

TEST_F(Vocabulary, MakesTheSameTokens) {
    const auto model = sentencePieceModelOf(m_vocabulary);
    ASSERT_OK(model);
    const auto made = Tokenizer::fromBytes(*model);
    ASSERT_OK(made);
    EXPECT_EQ(made->size(), m_trained->size());
    EXPECT_EQ(made->bos(), m_trained->bos());
    EXPECT_EQ(made->eos(), m_trained->eos());
    EXPECT_EQ(made->pad(), m_trained->pad());
    EXPECT_EQ(made->unknown(), m_trained->unknown());
    EXPECT_EQ(made->modelType(), "bpe");
    EXPECT_TRUE(made->hasBytePieces());
    for (const char* text :
         {"def add(a, b):\n    return a + b", "größer  als\tzwei\r\n", "漢字 🙂 <|user|> x", " ", ""}) {
        EXPECT_EQ(made->encode(text), m_trained->encode(text)) << text;
        EXPECT_EQ(made->encode(text, true), m_trained->encode(text, true)) << text;
        EXPECT_EQ(made->decode(made->encode(text)), text);
    }
}
TEST_F(Vocabulary, FewerScoresThanPieces) {
    m_vocabulary.scores.pop_back();
    const auto pieces = m_vocabulary.pieces.size();
    refused(std::to_string(pieces) + " pieces, " + std::to_string(pieces - 1) + " scores");
}
TEST_F(Vocabulary, FewerTypesThanPieces) {
    m_vocabulary.types.pop_back();
    refused(std::to_string(m_vocabulary.pieces.size() - 1) + " types");
}
TEST_F(Vocabulary, NoUnknownPiece) {
    m_vocabulary.unknown = -1;
    refused("no unknown piece");
}
TEST_F(Vocabulary, SpecialPieceOutside) {
    m_vocabulary.eos = 5000;
    refused("the id 5000");
}
TEST_F(Vocabulary, ScoreThatIsNoNumber) {
    m_vocabulary.scores[300] = NAN;
    refused("piece 300 has a score");
}

}  // namespace
}  // namespace distillix
