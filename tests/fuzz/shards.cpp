// SPDX-License-Identifier: Apache-2.0
// Three files in one input: two lengths (16 bits each), the index, the tokens, the mask. Where the first byte is odd,
// the checksums are made right, so that what lies behind them is reached.
#include "core/data/shards.h"

#include <algorithm>
#include <cstring>

#include "core/base/files.h"
#include "core/data/batches.h"
#include "tests/fuzz/fuzz.h"

using namespace distillix;

namespace {

void mendChecksums(std::string& index, const std::string& tokens, const std::string& mask) {
    shards::IndexHeader header;
    if (index.size() < sizeof header) return;
    std::memcpy(&header, index.data(), sizeof header);
    const auto bytesOf = [](const std::string& text, std::size_t from, std::size_t count) {
        return std::as_bytes(std::span(text)).subspan(from, count);
    };
    const std::size_t records = (index.size() - sizeof header) / sizeof(shards::Record);
    for (std::size_t i = 0; i < records; ++i) {
        const std::size_t at = sizeof header + i * sizeof(shards::Record);
        shards::Record record;
        std::memcpy(&record, index.data() + at, sizeof record);
        const std::uint64_t first = record.firstToken, count = record.tokens, start = sizeof(shards::DataHeader);
        if (first > 1 << 16 || count > 1 << 16 || start + (first + count) * 4 > tokens.size() ||
            start + first + count > mask.size())
            continue;
        record.crc = crc32c(bytesOf(mask, start + first, count), crc32c(bytesOf(tokens, start + first * 4, count * 4)));
        std::memcpy(index.data() + at, &record, sizeof record);
    }
    header.recordsCrc = crc32c(bytesOf(index, sizeof header, index.size() - sizeof header));
    std::memcpy(index.data(), &header, sizeof header);
    header.headerCrc = crc32c(bytesOf(index, 0, 128));
    std::memcpy(index.data(), &header, sizeof header);
}

}  // namespace

FUZZ_TARGET(shards) {
    if (bytes.size() < 5) return;
    const auto length = [&](std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) |
               static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 1])) << 8;
    };
    const bool mend = bytes[0] & 1;
    const std::string_view rest = bytes.substr(5);
    std::string index(rest.substr(0, length(1)));
    const std::string_view behind = rest.substr(index.size());
    const std::string tokens(behind.substr(0, length(3)));
    const std::string mask(behind.substr(tokens.size()));
    if (mend) mendChecksums(index, tokens, mask);
    fuzz::writeFile(fuzz::folder() / "train.index", index);
    fuzz::writeFile(fuzz::folder() / "train.tokens", tokens);
    fuzz::writeFile(fuzz::folder() / "train.mask", mask);
    const auto dataset = TokenDataset::open(fuzz::folder(), "train");
    if (!dataset.ok()) return;
    for (std::int64_t i = 0; i < dataset->documents(); ++i) {
        fuzz::touch(dataset->documentTokens(i).data(), dataset->documentTokens(i).size_bytes());
        fuzz::touch(dataset->documentMask(i).data(), dataset->documentMask(i).size_bytes());
    }
    if (!dataset->verify().ok()) return;
    BatchLoader loader(*dataset, 2, 8, 1);
    for (const Batch& batch : loader.onePass(4096))
        for (const std::int32_t label : batch.labels)
            fuzz::require(label == kIgnoredLabel || (label >= 0 && label < dataset->vocabSize()),
                          "a label is within the vocabulary");
}
