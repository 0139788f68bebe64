// SPDX-License-Identifier: Apache-2.0
// Writes token shards (format: shards.md); TokenDataset in batches.h reads them.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace distillix {

struct SplitCounts {
    std::uint64_t documents = 0, tokens = 0, labels = 0, textBytes = 0;
    std::uint64_t longest = 0;  ///< tokens of the longest document
    std::uint32_t checksum =
        0;  ///< of everything in the split: the CRC-32C of the index's records, which hold the documents'
};

/// Writes one split, document by document, in constant memory. Nothing stands under its name before finish().
class ShardWriter {
  public:
    struct Facts {
        std::int32_t vocabSize = 0;
        std::int32_t padId = 0;
        std::string tokenizerHash;  ///< SHA-256, hex
    };
    static Result<ShardWriter> create(const std::filesystem::path& folder, const std::string& split, Facts facts);
    /// `mask` has as many elements as `tokens`; at least one token. The first is made no label.
    Result<void> add(std::span<const std::int32_t> tokens, std::span<const std::uint8_t> mask, std::uint64_t textBytes);
    Result<SplitCounts> finish();
    const SplitCounts& counts() const { return m_counts; }

  private:
    ShardWriter(Facts facts, AtomicFile index, AtomicFile tokens, AtomicFile mask)
        : m_facts(std::move(facts)), m_index(std::move(index)), m_tokens(std::move(tokens)), m_mask(std::move(mask)) {}
    Facts m_facts;
    AtomicFile m_index, m_tokens, m_mask;
    SplitCounts m_counts;
    std::vector<std::uint8_t> m_maskCopy;
};

/// The layout of shards.md, for the writer and the reader.
namespace shards {

constexpr std::uint32_t kVersion = 1;
constexpr char kTokensMagic[] = "DLXTOKEN", kMaskMagic[] = "DLXMASKS", kIndexMagic[] = "DLXINDEX";

struct DataHeader {
    char magic[8];
    std::uint32_t version, headerBytes;
    std::uint64_t tokens;
    std::uint8_t zero[40];
};
static_assert(sizeof(DataHeader) == 64);

struct IndexHeader {
    char magic[8];
    std::uint32_t version, headerBytes;
    std::uint64_t documents, tokens, labels, textBytes;
    std::int32_t vocabSize, padId;
    std::uint32_t recordsCrc, zero;
    char tokenizerHash[64];
    std::uint32_t headerCrc, zeroToo;
};
static_assert(sizeof(IndexHeader) == 136);

struct Record {
    std::uint64_t firstToken;
    std::uint32_t tokens, crc;
    std::uint64_t textBytes;
};
static_assert(sizeof(Record) == 24);

}  // namespace shards

}  // namespace distillix
