// SPDX-License-Identifier: Apache-2.0
#include "core/data/shards.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>

#include "core/data/batches.h"

static_assert(std::endian::native == std::endian::little, "shards are read as they lie in the file");

namespace distillix {
namespace {

template <typename T>
std::span<const std::byte> bytesOf(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

shards::DataHeader dataHeader(const char* magic, std::uint64_t tokens) {
    shards::DataHeader header{};
    std::memcpy(header.magic, magic, sizeof header.magic);
    header.version = shards::kVersion;
    header.headerBytes = sizeof header;
    header.tokens = tokens;
    return header;
}

std::uint32_t headerCrc(const shards::IndexHeader& header) {
    return crc32c(bytesOf(header).first(offsetof(shards::IndexHeader, headerCrc)));
}

std::filesystem::path splitFile(const std::filesystem::path& folder, const std::string& split, const char* kind) {
    return folder / (split + "." + kind);
}

}  // namespace

Result<ShardWriter> ShardWriter::create(const std::filesystem::path& folder, const std::string& split, Facts facts) {
    AtomicFile index = TRY(AtomicFile::create(splitFile(folder, split, "index")));
    AtomicFile tokens = TRY(AtomicFile::create(splitFile(folder, split, "tokens")));
    AtomicFile mask = TRY(AtomicFile::create(splitFile(folder, split, "mask")));
    TRY_VOID(index.write(bytesOf(shards::IndexHeader{})));
    TRY_VOID(tokens.write(bytesOf(shards::DataHeader{})));
    TRY_VOID(mask.write(bytesOf(shards::DataHeader{})));
    return ShardWriter(std::move(facts), std::move(index), std::move(tokens), std::move(mask));
}

Result<void> ShardWriter::add(std::span<const std::int32_t> tokens, std::span<const std::uint8_t> mask,
                              std::uint64_t textBytes) {
    if (tokens.empty() || tokens.size() != mask.size() || tokens.size() > std::numeric_limits<std::int32_t>::max())
        return makeError(ErrorCode::InvalidArgument, "a document must have 1 to 2147483647 tokens, and as much mask");
    m_maskCopy.assign(mask.begin(), mask.end());
    m_maskCopy[0] = 0;
    const auto tokenBytes = std::as_bytes(tokens), maskBytes = std::as_bytes(std::span(m_maskCopy));
    const shards::Record record{m_counts.tokens, static_cast<std::uint32_t>(tokens.size()),
                                crc32c(maskBytes, crc32c(tokenBytes)), textBytes};
    TRY_VOID(m_tokens.write(tokenBytes));
    TRY_VOID(m_mask.write(maskBytes));
    TRY_VOID(m_index.write(bytesOf(record)));
    m_counts.checksum = crc32c(bytesOf(record), m_counts.checksum);
    ++m_counts.documents;
    m_counts.tokens += tokens.size();
    m_counts.labels += static_cast<std::uint64_t>(std::count(m_maskCopy.begin(), m_maskCopy.end(), 1));
    m_counts.textBytes += textBytes;
    m_counts.longest = std::max<std::uint64_t>(m_counts.longest, tokens.size());
    return {};
}

Result<SplitCounts> ShardWriter::finish() {
    shards::IndexHeader header{};
    std::memcpy(header.magic, shards::kIndexMagic, sizeof header.magic);
    header.version = shards::kVersion;
    header.headerBytes = sizeof header;
    header.documents = m_counts.documents;
    header.tokens = m_counts.tokens;
    header.labels = m_counts.labels;
    header.textBytes = m_counts.textBytes;
    header.vocabSize = m_facts.vocabSize;
    header.padId = m_facts.padId;
    header.recordsCrc = m_counts.checksum;
    m_facts.tokenizerHash.resize(sizeof header.tokenizerHash);
    std::memcpy(header.tokenizerHash, m_facts.tokenizerHash.data(), sizeof header.tokenizerHash);
    header.headerCrc = headerCrc(header);
    TRY_VOID(m_tokens.writeAt(0, bytesOf(dataHeader(shards::kTokensMagic, m_counts.tokens))));
    TRY_VOID(m_mask.writeAt(0, bytesOf(dataHeader(shards::kMaskMagic, m_counts.tokens))));
    TRY_VOID(m_index.writeAt(0, bytesOf(header)));
    TRY_VOID(m_tokens.commit());
    TRY_VOID(m_mask.commit());
    TRY_VOID(m_index.commit());  // last: a split without its index is none
    return m_counts;
}

// ---- TokenDataset -------------------------------------------------------------------------------------------------

struct TokenDataset::State {
    std::filesystem::path folder;
    std::string split;
    MappedFile indexFile, tokensFile, maskFile;
    shards::IndexHeader header;
    const shards::Record* records;
    const std::int32_t* tokens;
    const std::uint8_t* mask;

    State(std::filesystem::path folderPath, std::string splitName, MappedFile index, MappedFile tokenFile,
          MappedFile maskData)
        : folder(std::move(folderPath)),
          split(std::move(splitName)),
          indexFile(std::move(index)),
          tokensFile(std::move(tokenFile)),
          maskFile(std::move(maskData)) {}

    Error bad(const char* kind, std::string what) const {
        return makeError(ErrorCode::InvalidData, std::move(what), splitFile(folder, split, kind).string());
    }

    Result<void> checkIndex() {
        const auto bytes = indexFile.bytes();
        if (bytes.size() < sizeof header || std::memcmp(bytes.data(), shards::kIndexMagic, sizeof header.magic) != 0)
            return bad("index", "is no index of token shards, or is cut short");
        std::memcpy(&header, bytes.data(), sizeof header);
        if (header.version != shards::kVersion)
            return makeError(ErrorCode::Unsupported,
                             "is of version " + std::to_string(header.version) +
                                 "; this program reads version 1: import the data again",
                             splitFile(folder, split, "index").string());
        if (header.headerBytes != sizeof header || headerCrc(header) != header.headerCrc)
            return bad("index", "its header is damaged (checksum); import the data again");
        if (header.vocabSize < 1 || header.padId < 0 || header.padId >= header.vocabSize)
            return bad("index", "pads with the id " + std::to_string(header.padId) + ", outside its vocabulary of " +
                                    std::to_string(header.vocabSize));
        const auto recordBytes = bytes.subspan(sizeof header);
        if (header.documents > recordBytes.size() / sizeof(shards::Record) ||
            header.documents * sizeof(shards::Record) != recordBytes.size())
            return bad("index", "has " + std::to_string(recordBytes.size()) + " bytes of records for " +
                                    std::to_string(header.documents) + " documents; it is cut short or damaged");
        if (crc32c(recordBytes) != header.recordsCrc)
            return bad("index", "its records are damaged (checksum); import the data again");
        // Mapped files begin at a page and the header's length is a multiple of 8: the records are aligned.
        records = reinterpret_cast<const shards::Record*>(recordBytes.data());
        std::uint64_t at = 0;
        for (std::uint64_t i = 0; i < header.documents; ++i) {
            if (records[i].firstToken != at || records[i].tokens == 0 || records[i].tokens > header.tokens - at)
                return bad("index", "document " + std::to_string(i) + " does not follow the one before it");
            at += records[i].tokens;
        }
        if (at != header.tokens)
            return bad("index", "its documents do not add up to its " + std::to_string(header.tokens) + " tokens");
        return {};
    }

    Result<const std::byte*> checkData(const char* kind, const MappedFile& file, const char* magic,
                                       std::uint64_t elementBytes) const {
        shards::DataHeader data;
        const auto bytes = file.bytes();
        if (bytes.size() < sizeof data || std::memcmp(bytes.data(), magic, sizeof data.magic) != 0)
            return bad(kind, "is no token shard, or is cut short");
        std::memcpy(&data, bytes.data(), sizeof data);
        if (data.version != shards::kVersion || data.headerBytes != sizeof data || data.tokens != header.tokens)
            return bad(kind, "does not belong to the index beside it");
        const std::uint64_t held = bytes.size() - sizeof data;
        if (held / elementBytes != header.tokens || held % elementBytes != 0)
            return bad(kind, "holds " + std::to_string(held) + " bytes where " + std::to_string(header.tokens) +
                                 " tokens need " + std::to_string(header.tokens * elementBytes) +
                                 "; it is cut short or damaged");
        return bytes.data() + sizeof data;
    }
};

TokenDataset::TokenDataset(std::unique_ptr<State> state) : m_state(std::move(state)) {}
TokenDataset::TokenDataset(TokenDataset&&) noexcept = default;
TokenDataset& TokenDataset::operator=(TokenDataset&&) noexcept = default;
TokenDataset::~TokenDataset() = default;

Result<TokenDataset> TokenDataset::open(const std::filesystem::path& datasetFolder, const std::string& split) {
    MappedFile index = TRY(MappedFile::open(splitFile(datasetFolder, split, "index")));
    MappedFile tokens = TRY(MappedFile::open(splitFile(datasetFolder, split, "tokens")));
    MappedFile mask = TRY(MappedFile::open(splitFile(datasetFolder, split, "mask")));
    auto state = std::make_unique<State>(datasetFolder, split, std::move(index), std::move(tokens), std::move(mask));
    TRY_VOID(state->checkIndex());
    const std::byte* tokenData =
        TRY(state->checkData("tokens", state->tokensFile, shards::kTokensMagic, sizeof(std::int32_t)));
    const std::byte* maskData = TRY(state->checkData("mask", state->maskFile, shards::kMaskMagic, 1));
    state->tokens = reinterpret_cast<const std::int32_t*>(tokenData);
    state->mask = reinterpret_cast<const std::uint8_t*>(maskData);
    return TokenDataset(std::move(state));
}

std::int64_t TokenDataset::documents() const {
    return static_cast<std::int64_t>(m_state->header.documents);
}
std::int64_t TokenDataset::tokens() const {
    return static_cast<std::int64_t>(m_state->header.tokens);
}
std::int64_t TokenDataset::labels() const {
    return static_cast<std::int64_t>(m_state->header.labels);
}
std::uint64_t TokenDataset::textBytes() const {
    return m_state->header.textBytes;
}
std::int32_t TokenDataset::vocabSize() const {
    return m_state->header.vocabSize;
}
std::int32_t TokenDataset::padId() const {
    return m_state->header.padId;
}
std::string TokenDataset::tokenizerHash() const {
    return {m_state->header.tokenizerHash, sizeof m_state->header.tokenizerHash};
}

std::span<const std::int32_t> TokenDataset::documentTokens(std::int64_t document) const {
    const shards::Record& record = m_state->records[document];
    return {m_state->tokens + record.firstToken, record.tokens};
}

std::span<const std::uint8_t> TokenDataset::documentMask(std::int64_t document) const {
    const shards::Record& record = m_state->records[document];
    return {m_state->mask + record.firstToken, record.tokens};
}

std::uint64_t TokenDataset::documentBytes(std::int64_t document) const {
    return m_state->records[document].textBytes;
}

Result<void> TokenDataset::verify() const {
    for (std::int64_t i = 0; i < documents(); ++i) {
        const auto tokenSpan = documentTokens(i);
        const auto maskSpan = documentMask(i);
        const std::uint64_t first = m_state->records[i].firstToken;
        const std::string place = "document " + std::to_string(i) + " (tokens " + std::to_string(first) + " to " +
                                  std::to_string(first + tokenSpan.size() - 1) + ")";
        if (crc32c(std::as_bytes(maskSpan), crc32c(std::as_bytes(tokenSpan))) != m_state->records[i].crc)
            return m_state->bad("tokens",
                                place + " is damaged, here or in the mask beside it (checksum); import the data again");
        for (const std::int32_t id : tokenSpan) {
            if (id < 0 || id >= m_state->header.vocabSize)
                return m_state->bad("tokens", place + " holds the id " + std::to_string(id) +
                                                  ", but the tokenizer has only " +
                                                  std::to_string(m_state->header.vocabSize) + " pieces");
        }
    }
    return {};
}

}  // namespace distillix
