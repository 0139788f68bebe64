// SPDX-License-Identifier: Apache-2.0
#include "core/data/batches.h"

#include <chrono>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "core/base/rng.h"
#include "core/data/shards.h"
#include "tests/data/support.h"

namespace distillix {
namespace {

using testing::HasSubstr;

constexpr std::int32_t kVocab = 1 << 20;
constexpr std::int32_t kPad = 3;

class Shards : public FolderTest {
  protected:
    struct Document {
        std::vector<std::int32_t> ids;
        std::vector<std::uint8_t> mask;
        std::uint64_t bytes;
    };

    /// Documents whose every token is of its own kind: token i of document d is 1000 + running number.
    static std::vector<Document> numbered(const std::vector<std::size_t>& lengths, std::size_t prompt = 1) {
        std::vector<Document> documents;
        std::int32_t next = 1000;
        for (const std::size_t length : lengths) {
            Document document;
            for (std::size_t i = 0; i < length; ++i) {
                document.ids.push_back(next++);
                document.mask.push_back(i >= prompt ? 1 : 0);
            }
            document.bytes = 10 * length;
            documents.push_back(document);
        }
        return documents;
    }

    void write(const std::vector<Document>& documents, const std::string& split = "train") {
        auto writer = ShardWriter::create(m_folder, split, {kVocab, kPad, std::string(64, 'a')});
        ASSERT_TRUE(writer.ok()) << writer.error().text();
        for (const auto& document : documents)
            ASSERT_TRUE(writer.value().add(document.ids, document.mask, document.bytes).ok());
        const auto counts = writer.value().finish();
        ASSERT_TRUE(counts.ok()) << counts.error().text();
        EXPECT_EQ(counts.value().documents, documents.size());
    }

    TokenDataset open() {
        auto dataset = TokenDataset::open(m_folder, "train");
        EXPECT_TRUE(dataset.ok()) << dataset.error().text();
        return std::move(dataset).value();
    }

    static std::vector<std::size_t> randomLengths(std::size_t count, std::size_t from, std::size_t to) {
        Rng rng(5);
        std::vector<std::size_t> lengths;
        for (std::size_t i = 0; i < count; ++i) lengths.push_back(from + rng.below(to - from + 1));
        return lengths;
    }

    void damage(const std::string& name, std::size_t at, char value) {
        std::string bytes = contentOf(m_folder / name);
        ASSERT_NE(bytes.at(at), value);
        bytes[at] = value;
        file(name, bytes);
    }
    void expectRefused(const std::string& name, const std::string& reason) {
        const auto dataset = TokenDataset::open(m_folder, "train");
        ASSERT_FALSE(dataset.ok());
        EXPECT_THAT(dataset.error().text(), HasSubstr(name));
        EXPECT_THAT(dataset.error().text(), HasSubstr(reason));
    }
};

TEST_F(Shards, WhatIsWrittenIsReadBack) {
    const auto documents = numbered({5, 1, 9}, 3);
    write(documents);
    const TokenDataset dataset = open();
    EXPECT_EQ(dataset.documents(), 3);
    EXPECT_EQ(dataset.tokens(), 15);
    EXPECT_EQ(dataset.labels(), 2 + 0 + 6);
    EXPECT_EQ(dataset.textBytes(), 150u);
    EXPECT_EQ(dataset.vocabSize(), kVocab);
    EXPECT_EQ(dataset.padId(), kPad);
    EXPECT_EQ(dataset.tokenizerHash(), std::string(64, 'a'));
    for (std::size_t i = 0; i < documents.size(); ++i) {
        EXPECT_THAT(dataset.documentTokens(static_cast<std::int64_t>(i)), testing::ElementsAreArray(documents[i].ids));
        EXPECT_THAT(dataset.documentMask(static_cast<std::int64_t>(i)), testing::ElementsAreArray(documents[i].mask));
        EXPECT_EQ(dataset.documentBytes(static_cast<std::int64_t>(i)), documents[i].bytes);
    }
    EXPECT_TRUE(dataset.verify().ok());
}

TEST_F(Shards, TheFirstTokenIsNeverALabel) {
    auto documents = numbered({4}, 0);
    ASSERT_EQ(documents[0].mask[0], 1);
    write(documents);
    EXPECT_EQ(open().documentMask(0)[0], 0);
    EXPECT_EQ(open().labels(), 3);
}

TEST_F(Shards, AnEmptySplitIsOne) {
    write({});
    EXPECT_EQ(open().documents(), 0);
    EXPECT_TRUE(open().verify().ok());
}

TEST_F(Shards, WriterRefusesNonsense) {
    auto writer = ShardWriter::create(m_folder, "train", {kVocab, kPad, std::string(64, 'a')});
    ASSERT_TRUE(writer.ok());
    EXPECT_FALSE(writer.value().add({}, {}, 0).ok());
    const std::vector<std::int32_t> ids{1, 2};
    const std::vector<std::uint8_t> mask{1};
    EXPECT_FALSE(writer.value().add(ids, mask, 0).ok());
}

TEST_F(Shards, NothingStandsBeforeItIsWhole) {
    {
        auto writer = ShardWriter::create(m_folder, "train", {kVocab, kPad, std::string(64, 'a')});
        ASSERT_TRUE(writer.ok());
        EXPECT_FALSE(TokenDataset::open(m_folder, "train").ok());
    }
    EXPECT_TRUE(std::filesystem::is_empty(m_folder));
}

TEST_F(Shards, MissingFile) {
    write(numbered({5}));
    std::filesystem::remove(m_folder / "train.mask");
    expectRefused("train.mask", "cannot open");
}
TEST_F(Shards, IndexCutShort) {
    write(numbered({5, 6}));
    std::filesystem::resize_file(m_folder / "train.index", 136 + 24);
    expectRefused("train.index", "cut short");
}
TEST_F(Shards, IndexShorterThanItsHeader) {
    write(numbered({5, 6}));
    std::filesystem::resize_file(m_folder / "train.index", 100);
    expectRefused("train.index", "cut short");
}
TEST_F(Shards, IndexOfAnotherKind) {
    write(numbered({5}));
    damage("train.index", 0, 'X');
    expectRefused("train.index", "is no index");
}
TEST_F(Shards, IndexOfALaterVersion) {
    write(numbered({5}));
    damage("train.index", 8, 2);
    expectRefused("train.index", "version 2");
}
TEST_F(Shards, IndexHeaderDamaged) {
    write(numbered({5}));
    damage("train.index", 40, 77);  // the bytes of text
    expectRefused("train.index", "header is damaged");
}
TEST_F(Shards, IndexRecordDamaged) {
    write(numbered({5, 6}));
    damage("train.index", 136 + 24 + 16, 77);
    expectRefused("train.index", "records are damaged");
}
TEST_F(Shards, TokensCutShort) {
    write(numbered({5}));
    std::filesystem::resize_file(m_folder / "train.tokens", 64 + 4 * 5 - 1);
    expectRefused("train.tokens", "cut short");
}
TEST_F(Shards, MaskCutShort) {
    write(numbered({5}));
    std::filesystem::resize_file(m_folder / "train.mask", 64 + 4);
    expectRefused("train.mask", "cut short");
}
TEST_F(Shards, TokensOfAnotherIndex) {
    write(numbered({5}));
    const std::string tokens = contentOf(m_folder / "train.tokens");
    write(numbered({6}));
    file("train.tokens", tokens);
    expectRefused("train.tokens", "does not belong");
}
TEST_F(Shards, DamagedTokenIsFoundAndNamed) {
    write(numbered({5, 7}));
    damage("train.tokens", 64 + 4 * 6, 99);
    const auto verified = open().verify();
    ASSERT_FALSE(verified.ok());
    EXPECT_THAT(verified.error().text(), HasSubstr("train.tokens"));
    EXPECT_THAT(verified.error().text(), HasSubstr("document 1 (tokens 5 to 11)"));
}
TEST_F(Shards, DamagedMaskIsFound) {
    write(numbered({5, 7}));
    damage("train.mask", 64 + 2, 0);
    EXPECT_THAT(open().verify().error().text(), HasSubstr("document 0"));
}
TEST_F(Shards, IdBeyondTheVocabularyIsFound) {
    auto documents = numbered({5});
    documents[0].ids[2] = kVocab;
    write(documents);
    EXPECT_THAT(open().verify().error().text(), HasSubstr("holds the id 1048576"));
}

class Batches : public Shards {
  protected:
    /// Checks what must hold of every batch and counts how often each token is a label.
    static void inspect(const Batch& batch, std::map<std::int32_t, int>& labelled, std::int64_t& padding) {
        const int T = batch.tokens;
        for (int row = 0; row < batch.batch; ++row) {
            for (int t = 0; t < T; ++t) {
                const auto i = static_cast<std::size_t>(row * T + t);
                const std::int32_t start = batch.documentStart[i];
                ASSERT_GE(start, 0);
                ASSERT_LE(start, t);
                ASSERT_EQ(batch.positions[i], t - start);
                const bool first = start == t;
                ASSERT_TRUE(!first || batch.labels[i] == kIgnoredLabel) << "a document's first token is no label";
                if (batch.inputIds[i] == kPad) {
                    ++padding;
                    ASSERT_EQ(batch.labels[i], kIgnoredLabel) << "padding is never trained on";
                    ASSERT_EQ(start, t) << "padding attends to nothing but itself";
                    continue;
                }
                // Within a piece the tokens follow one another, so no document runs into the next.
                ASSERT_TRUE(first || batch.inputIds[i] == batch.inputIds[i - 1] + 1);
                if (batch.labels[i] == kIgnoredLabel) continue;
                ASSERT_EQ(batch.labels[i], batch.inputIds[i]);
                ++labelled[batch.labels[i]];
            }
        }
    }
    static std::map<std::int32_t, int> expectedLabels(const std::vector<Document>& documents) {
        std::map<std::int32_t, int> expected;
        for (const auto& document : documents)
            for (std::size_t i = 1; i < document.ids.size(); ++i)
                if (document.mask[i]) expected[document.ids[i]] = 1;
        return expected;
    }
};

TEST_F(Batches, AnEpochHoldsEveryLabelOnceAndNothingElse) {
    // Short ones, long ones that are cut, one of exactly T, prompts longer than T, single tokens.
    auto lengths = randomLengths(300, 1, 100);
    lengths.insert(lengths.end(), {32, 33, 31, 500, 1, 2, 64, 63});
    auto documents = numbered(lengths, 7);
    documents.push_back(numbered({90}, 80)[0]);
    for (auto& id : documents.back().ids) id += 500000;
    write(documents);
    const TokenDataset dataset = open();
    BatchLoader loader(dataset, 1, 32, 42);
    std::map<std::int32_t, int> labelled;
    std::int64_t padding = 0;
    std::uint64_t bytes = 0;
    Batch batch;
    for (std::int64_t i = 0; i < loader.sequencesPerEpoch(); ++i) {
        loader.load(i, batch);
        inspect(batch, labelled, padding);
        EXPECT_GT(batch.validLabels(), 0);
        bytes += batch.textBytes;
    }
    EXPECT_EQ(labelled, expectedLabels(documents));
    EXPECT_NEAR(loader.paddingShare(),
                static_cast<double>(padding) / static_cast<double>(loader.sequencesPerEpoch() * 32), 1e-12);
    std::uint64_t expectedBytes = 0;
    for (std::size_t i = 0; i < documents.size(); ++i)
        if (documents[i].ids.size() > 7) expectedBytes += documents[i].bytes;
    EXPECT_EQ(bytes, expectedBytes);
}

TEST_F(Batches, LittleIsWasted) {
    write(numbered(randomLengths(3000, 20, 60)));
    const TokenDataset dataset = open();
    BatchLoader loader(dataset, 16, 256, 1);
    EXPECT_LT(loader.paddingShare(), 0.005);
    EXPECT_GE(loader.paddingShare(), 0.0);
    BatchLoader tight(dataset, 16, 64, 1);  // hardly two fit
    EXPECT_LT(tight.paddingShare(), 0.25);
}

TEST_F(Batches, SeedAndNumberAloneDecide) {
    write(numbered(randomLengths(500, 5, 90)));
    const TokenDataset dataset = open();
    BatchLoader inOrder(dataset, 4, 64, 9), jumping(dataset, 4, 64, 9), other(dataset, 4, 64, 10);
    std::vector<Batch> all(400);  // several epochs
    for (std::size_t i = 0; i < all.size(); ++i) inOrder.load(static_cast<std::int64_t>(i), all[i]);
    EXPECT_GT(inOrder.epochOf(400), 2.0);
    Batch batch;
    int different = 0;
    for (const std::int64_t i : {399, 0, 250, 251, 3, 130, 398}) {
        jumping.load(i, batch);
        const Batch& expected = all[static_cast<std::size_t>(i)];
        EXPECT_EQ(batch.inputIds, expected.inputIds);
        EXPECT_EQ(batch.labels, expected.labels);
        EXPECT_EQ(batch.documentStart, expected.documentStart);
        EXPECT_EQ(batch.textBytes, expected.textBytes);
        other.load(i, batch);
        different += batch.inputIds != expected.inputIds;
    }
    EXPECT_EQ(different, 7);
}

TEST_F(Batches, EpochsHoldTheSameInAnotherOrder) {
    const auto documents = numbered(randomLengths(400, 5, 64));
    write(documents);
    const TokenDataset dataset = open();
    BatchLoader loader(dataset, 1, 128, 3);
    const auto perEpoch = loader.sequencesPerEpoch();
    std::vector<std::vector<std::int32_t>> firstEpoch, secondEpoch;
    for (int epoch = 0; epoch < 2; ++epoch) {
        std::map<std::int32_t, int> labelled;
        std::int64_t padding = 0;
        for (std::int64_t i = 0; i < perEpoch; ++i) {
            Batch batch;
            loader.load(epoch * perEpoch + i, batch);
            inspect(batch, labelled, padding);
            (epoch ? secondEpoch : firstEpoch).push_back(batch.inputIds);
        }
        EXPECT_EQ(labelled, expectedLabels(documents)) << "epoch " << epoch;
    }
    EXPECT_NE(firstEpoch, secondEpoch);
    // Not only the order of the sequences: what shares a sequence changes too.
    const std::set<std::vector<std::int32_t>> first(firstEpoch.begin(), firstEpoch.end());
    std::size_t same = 0;
    for (const auto& sequence : secondEpoch) same += first.count(sequence);
    EXPECT_LT(same, secondEpoch.size() / 2);
    EXPECT_DOUBLE_EQ(loader.epochOf(perEpoch), 1.0);
}

TEST_F(Batches, OverAnEpochsEndAndWithFewerSequencesThanRows) {
    write(numbered({30, 30, 30}));
    const TokenDataset dataset = open();
    BatchLoader loader(dataset, 8, 32, 3);
    ASSERT_EQ(loader.sequencesPerEpoch(), 3);
    std::map<std::int32_t, int> labelled;
    std::int64_t padding = 0;
    Batch batch;
    for (std::int64_t i = 0; i < 3; ++i) {
        loader.load(i, batch);
        inspect(batch, labelled, padding);
    }
    for (const auto& [id, times] : labelled) EXPECT_EQ(times, 8);  // 24 sequences are 8 epochs
    EXPECT_EQ(labelled.size(), 3u * 29);
}

TEST_F(Batches, OfNothing) {
    write({});
    const TokenDataset dataset = open();
    BatchLoader loader(dataset, 2, 16, 3);
    Batch batch;
    loader.load(5, batch);
    EXPECT_EQ(batch.validLabels(), 0);
    EXPECT_EQ(batch.inputIds, std::vector<std::int32_t>(32, kPad));
    EXPECT_TRUE(loader.onePass().empty());
    EXPECT_EQ(loader.paddingShare(), 0.0);
    EXPECT_EQ(loader.epochOf(7), 0.0);
}

TEST_F(Batches, OnePassLabelsEveryTokenOnceInOrder) {
    auto lengths = randomLengths(60, 2, 40);
    lengths.insert(lengths.begin() + 20, {300, 33});
    const auto documents = numbered(lengths);
    write(documents);
    const TokenDataset dataset = open();
    for (const int context : {1, 8, 31}) {
        BatchLoader loader(dataset, 4, 32, 3);
        std::map<std::int32_t, int> labelled;
        std::int64_t padding = 0;
        std::uint64_t bytes = 0;
        std::int32_t last = 0;
        for (const Batch& batch : loader.onePass(0, context)) {
            ASSERT_EQ(batch.batch, 4);
            inspect(batch, labelled, padding);
            bytes += batch.textBytes;
            for (const auto label : batch.labels) {
                if (label == kIgnoredLabel) continue;
                EXPECT_GT(label, last);
                last = label;
            }
        }
        EXPECT_EQ(labelled, expectedLabels(documents)) << "context " << context;
        EXPECT_EQ(bytes, dataset.textBytes());
    }
}

TEST_F(Batches, OnePassStopsAtItsLimit) {
    write(numbered(std::vector<std::size_t>(100, 20)));
    const TokenDataset dataset = open();
    const auto batches = BatchLoader(dataset, 2, 40, 3).onePass(200);
    ASSERT_EQ(batches.size(), 3u);
    EXPECT_EQ(batches[2].validLabels(), 2 * 19);
}

TEST_F(Batches, LoadingIsQuick) {
    write(numbered(randomLengths(5000, 20, 60)));
    const TokenDataset dataset = open();
    BatchLoader loader(dataset, 16, 256, 1);
    Batch batch;
    loader.load(0, batch);
    const auto begin = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < 40; ++i) loader.load(i, batch);
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - begin;
    // Under a millisecond a batch; the limit leaves room for sanitizers and busy machines.
    EXPECT_LT(elapsed.count() / 40, 20.0);
    RecordProperty("milliseconds_per_batch", std::to_string(elapsed.count() / 40));
}

}  // namespace
}  // namespace distillix
