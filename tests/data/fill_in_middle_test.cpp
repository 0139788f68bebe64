// SPDX-License-Identifier: Apache-2.0
#include "core/data/fill_in_middle.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "core/data/batch_text.h"
#include "core/data/import.h"
#include "tests/data/support.h"

namespace distillix {
namespace {

using testing::HasSubstr;

class FillInMiddleImport : public FolderTest {
  protected:
    void SetUp() override {
        FolderTest::SetUp();
        for (int i = 0; i < 60; ++i)
            file("code/f" + std::to_string(i) + ".py",
                 "def function_" + std::to_string(i) + "(é):\n    return é + " + std::to_string(i) + "\n");
        m_options.sources = {m_folder / "code"};
        m_options.output = m_folder / "set";
        m_options.vocabSize = 400;
        m_options.fillInMiddleRate = 0.5;
    }
    ImportOptions m_options;
};

TEST_F(FillInMiddleImport, PartsStandInTheirOrderAndMakeUpTheDocument) {
    std::string longText;
    for (int i = 0; longText.size() < 3 * kFillInMiddleBytes; ++i)
        longText += "value_" + std::to_string(i) + " = " + std::to_string(i * i) + "\n";
    file("code/long.py", longText);
    m_options.fillInMiddleRate = 1;
    const auto report = importDataset(m_options);
    ASSERT_TRUE(report.ok()) << report.error().text();
    EXPECT_EQ(report->info.fillInMiddleDocuments, 61u);
    EXPECT_GT(report->info.train.documents, 61u + 2) << "a long document gives several";
    const auto tokenizer = Tokenizer::load(m_options.output / "tokenizer.model");
    ASSERT_TRUE(tokenizer.ok());
    const int prefix = tokenizer->pieceId("<|fim_prefix|>"), suffix = tokenizer->pieceId("<|fim_suffix|>"),
              middle = tokenizer->pieceId("<|fim_middle|>");
    ASSERT_TRUE(tokenizer->isControl(prefix) && tokenizer->isControl(suffix) && tokenizer->isControl(middle));
    const auto dataset = TokenDataset::open(m_options.output, "train");
    ASSERT_TRUE(dataset.ok());
    std::set<std::string> texts;
    std::string joined;
    for (std::int64_t i = 0; i < dataset->documents(); ++i) {
        const auto ids = dataset->documentTokens(i);
        ASSERT_EQ(ids[0], tokenizer->bos());
        ASSERT_EQ(ids[1], prefix);
        ASSERT_EQ(ids.back(), tokenizer->eos());
        const auto s = std::find(ids.begin(), ids.end(), suffix), m = std::find(ids.begin(), ids.end(), middle);
        ASSERT_TRUE(s < m && m < ids.end());
        const std::string text = tokenizer->decode({ids.begin() + 2, s}) + tokenizer->decode({m + 1, ids.end() - 1}) +
                                 tokenizer->decode({s + 1, m});
        EXPECT_EQ(dataset->documentBytes(i), text.size());
        for (const auto mask : dataset->documentMask(i).subspan(1)) ASSERT_EQ(mask, 1);
        texts.insert(text);
        if (text.starts_with("value_")) joined += text;
    }
    EXPECT_TRUE(texts.count("def function_7(é):\n    return é + 7\n"));
    EXPECT_EQ(joined, longText);
}

TEST_F(FillInMiddleImport, SeedAndDocumentDecide) {
    const auto first = importDataset(m_options);
    ASSERT_TRUE(first.ok()) << first.error().text();
    EXPECT_GT(first->info.fillInMiddleDocuments, 15u);
    EXPECT_LT(first->info.fillInMiddleDocuments, 45u);
    const auto tokens = contentOf(m_options.output / "train.tokens");
    m_options.output = m_folder / "set2";
    m_options.again = true;
    m_options.threads = 1;
    ASSERT_TRUE(importDataset(m_options).ok());
    EXPECT_EQ(contentOf(m_options.output / "train.tokens"), tokens);
    m_options.output = m_folder / "set3";
    m_options.seed = 2;
    ASSERT_TRUE(importDataset(m_options).ok());
    EXPECT_NE(contentOf(m_options.output / "train.tokens"), tokens);
}

TEST_F(FillInMiddleImport, RefusedWithoutSentinelsOrCode) {
    ImportOptions plain = m_options;
    plain.fillInMiddleRate = 0;
    plain.output = m_folder / "plain";
    ASSERT_TRUE(importDataset(plain).ok());
    m_options.tokenizer = m_folder / "plain" / "tokenizer.model";
    const auto refused = importDataset(m_options);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
    EXPECT_THAT(refused.error().text(), HasSubstr("<|fim_prefix|>"));
    m_options.tokenizer.clear();
    m_options.sources = {file("a.jsonl", "{\"text\": \"no code\"}\n")};
    const auto noCode = importDataset(m_options);
    ASSERT_FALSE(noCode.ok());
    EXPECT_THAT(noCode.error().text(), HasSubstr("no code to fill the middle of"));
}

TEST_F(FillInMiddleImport, TheFirstBatchIsShownWithMaskAndDocuments) {
    m_options.fillInMiddleRate = 0;
    m_options.sources = {file(
        "a.jsonl", "{\"prompt\": \"Add é.\", \"response\": \"x + 1\"}\n{\"prompt\": \"Two\", \"response\": \"ab\"}\n")};
    m_options.output.clear();
    const auto preview = previewImport(m_options, 100, 2, 32);
    ASSERT_TRUE(preview.ok()) << preview.error().text();
    ASSERT_TRUE(preview->tokenizer);
    EXPECT_EQ(preview->sources.at(0).columns, (std::vector<std::string>{"prompt", "response"}));
    EXPECT_EQ(preview->sources.at(0).rows.at(1), (std::vector<std::string>{"Two", "ab"}));
    EXPECT_TRUE(preview->sources[0].whole);
    const std::string text = batchText(preview->firstBatch, *preview->tokenizer, preview->tokenizer->pad());
    EXPECT_THAT(text, HasSubstr("<s><|user|>Add é.<|assistant|>⟦x + 1</s>⟧\n"));
    EXPECT_THAT(text, HasSubstr("<s><|user|>Two<|assistant|>⟦ab</s>⟧\n"));
    EXPECT_THAT(text, HasSubstr("sequence 1, document 2"));
    EXPECT_THAT(text, HasSubstr("tokens of padding"));
    const auto json = batchToJson(preview->firstBatch, *preview->tokenizer, preview->tokenizer->pad());
    const auto& row = json.at("rows").at(0);
    ASSERT_EQ(row.at("documents").size(), 2u);
    const int second = row.at("documents").at(1).at("begin");
    EXPECT_EQ(row.at("documentStart").at(second + 1), second);
    EXPECT_EQ(row.at("learnt").at(second), 0);
    EXPECT_EQ(row.at("pieces").at(second), "<s>");
    EXPECT_EQ(row.at("ids").size(), 32u);
}

}  // namespace
}  // namespace distillix
