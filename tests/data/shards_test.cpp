// SPDX-License-Identifier: Apache-2.0
// Token shards whose checksums are right and whose numbers are not: one test a defect.
#include "core/data/shards.h"

#include <cstring>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/data/batches.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

using testing::HasSubstr;

class ForgedShards : public testing::Test {
  protected:
    /// Two documents of 4 and 3 tokens.
    void SetUp() override {
        auto writer = ShardWriter::create(m_folder.path(), "train", {8, 0, std::string(64, 'a')});
        ASSERT_OK(writer);
        ASSERT_OK(writer->add(std::vector<std::int32_t>{1, 5, 6, 2}, std::vector<std::uint8_t>{0, 1, 1, 1}, 4));
        ASSERT_OK(writer->add(std::vector<std::int32_t>{1, 7, 2}, std::vector<std::uint8_t>{0, 1, 1}, 3));
        ASSERT_OK(writer->finish());
        const std::string index = readFile(m_folder / "train.index").value();
        std::memcpy(&m_header, index.data(), sizeof m_header);
        std::memcpy(m_records, index.data() + sizeof m_header, sizeof m_records);
    }
    /// Writes the index anew, with the checksums that belong to it, and opens the split.
    void refused(const std::string& file, const std::string& reason) {
        m_header.recordsCrc = crc32c(std::as_bytes(std::span(m_records)));
        std::string index(sizeof m_header, 0);
        std::memcpy(index.data(), &m_header, sizeof m_header);
        m_header.headerCrc = crc32c(std::as_bytes(std::span(index)).first(128));
        std::memcpy(index.data(), &m_header, sizeof m_header);
        index.append(reinterpret_cast<const char*>(m_records), sizeof m_records);
        ASSERT_OK(writeFileAtomic(m_folder / "train.index", index));
        const auto dataset = TokenDataset::open(m_folder.path(), "train");
        ASSERT_FALSE(dataset.ok());
        EXPECT_EQ(dataset.error().code, ErrorCode::InvalidData);
        EXPECT_THAT(dataset.error().text(), HasSubstr(file));
        EXPECT_THAT(dataset.error().text(), HasSubstr(reason));
    }
    void changeData(const std::string& name, std::size_t at, char value) {
        std::string bytes = readFile(m_folder / name).value();
        bytes.at(at) = value;
        ASSERT_OK(writeFileAtomic(m_folder / name, bytes));
    }

    test::TemporaryFolder m_folder;
    shards::IndexHeader m_header{};
    shards::Record m_records[2]{};
};

TEST_F(ForgedShards, PaddingOutsideTheVocabulary) {
    m_header.padId = 8;
    refused("train.index", "pads with the id 8, outside its vocabulary of 8");
}
TEST_F(ForgedShards, NegativePadding) {
    m_header.padId = -1;
    refused("train.index", "pads with the id -1");
}
TEST_F(ForgedShards, VocabularyOfNothing) {
    m_header.vocabSize = 0;
    refused("train.index", "outside its vocabulary of 0");
}
TEST_F(ForgedShards, MoreDocumentsThanRecords) {
    m_header.documents = 3;
    refused("train.index", "48 bytes of records for 3 documents");
}
TEST_F(ForgedShards, DocumentsWhoseBytesOverflow) {
    m_header.documents = (std::uint64_t{1} << 61) + 2;  // times 24 bytes is 48 in 64 bits
    refused("train.index", "48 bytes of records for 2305843009213693954 documents");
}
TEST_F(ForgedShards, DocumentsThatOverlap) {
    m_records[1].firstToken = 3;
    refused("train.index", "document 1 does not follow the one before it");
}
TEST_F(ForgedShards, DocumentOfNoTokens) {
    m_records[0].tokens = 0;
    refused("train.index", "document 0 does not follow");
}
TEST_F(ForgedShards, DocumentBeyondTheTokens) {
    m_records[1].tokens = 0xffffffffu;
    refused("train.index", "document 1 does not follow");
}
TEST_F(ForgedShards, DocumentsThatDoNotAddUp) {
    m_records[1].tokens = 2;
    refused("train.index", "do not add up to its 7 tokens");
}
TEST_F(ForgedShards, HeaderOfAnotherLength) {
    m_header.headerBytes = 128;
    refused("train.index", "header is damaged");
}
TEST_F(ForgedShards, TokensOfAnotherVersion) {
    changeData("train.tokens", 8, 2);
    refused("train.tokens", "does not belong to the index");
}
TEST_F(ForgedShards, MaskOfAnotherKind) {
    changeData("train.mask", 0, 'X');
    refused("train.mask", "is no token shard");
}

}  // namespace
}  // namespace distillix
