// SPDX-License-Identifier: Apache-2.0
#include "core/data/sentencepiece_model.h"

#include <array>
#include <cstring>

namespace distillix {
namespace {

/// Walks the fields of one protocol-buffers message.
class MessageReader {
  public:
    explicit MessageReader(std::string_view bytes) : m_bytes(bytes) {}

    std::uint32_t field = 0;
    std::uint64_t number = 0;  ///< of a varint field
    float real = 0;            ///< of a 32-bit field
    std::string_view text;     ///< of a length-delimited field
    bool isText = false;

    /// False at the end, and where the bytes are no message (then ok() is false).
    bool next() {
        if (m_bytes.empty() || !m_ok) return false;
        std::uint64_t tag = 0;
        if (!varint(tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) return stop();
        field = static_cast<std::uint32_t>(tag >> 3);
        isText = false;
        switch (tag & 7) {
            case 0:
                return varint(number) || stop();
            case 1:
                return skip(8) || stop();
            case 2: {
                std::uint64_t length = 0;
                if (!varint(length) || length > m_bytes.size()) return stop();
                text = m_bytes.substr(0, length);
                isText = true;
                return skip(length);
            }
            case 5:
                if (m_bytes.size() < 4) return stop();
                std::memcpy(&real, m_bytes.data(), 4);  // little-endian, as this machine is
                return skip(4);
            default:
                return stop();  // groups are in no version of this file
        }
    }
    bool ok() const { return m_ok; }

  private:
    bool stop() { return m_ok = false; }
    bool skip(std::uint64_t count) {
        if (count > m_bytes.size()) return false;
        m_bytes.remove_prefix(count);
        return true;
    }
    bool varint(std::uint64_t& value) {
        value = 0;
        for (int shift = 0; shift < 64 && !m_bytes.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(m_bytes.front());
            m_bytes.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) return true;
        }
        return false;
    }

    std::string_view m_bytes;
    bool m_ok = true;
};

Error damaged(const std::string& what) {
    return makeError(ErrorCode::InvalidData, "is no usable SentencePiece model: " + what);
}

/// precompiled_charsmap: u32 bytes of a Darts double array, the array (u32 units), then NUL-terminated replacements.
/// Unit at p: bit 31 marks a leaf, whose low 31 bits are an offset into the replacements; otherwise
/// offset = (u >> 10) << ((u & 512) >> 6), and the child for byte b stands at p ^ offset ^ b.
Result<void> checkCharsmap(std::string_view map) {
    if (map.empty()) return {};
    const auto word = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(map[at + i])} << (8 * i);
        return value;
    };
    if (map.size() <= 4 || word(0) >= map.size() - 4 || word(0) % 4 != 0 || word(0) == 0)
        return damaged("its normalization table has a wrong length");
    const std::uint64_t units = word(0) / 4;
    const std::uint64_t replacementBytes = map.size() - 4 - word(0);
    if (map.back() != '\0') return damaged("its normalization table does not end");
    for (std::uint64_t p = 0; p < units; ++p) {
        const std::uint32_t unit = word(4 + 4 * p);
        if (unit >> 31) {
            if ((unit & 0x7fffffffu) >= replacementBytes) return damaged("its normalization table leads out of itself");
        } else {
            const std::uint64_t child = p ^ (std::uint64_t{unit >> 10} << ((unit & 512u) >> 6));
            if ((child | 255) >= units) return damaged("its normalization table leads out of itself");
        }
    }
    return {};
}

Result<void> readNormalizer(std::string_view bytes, SentencePieceModelFacts* facts) {
    MessageReader reader(bytes);
    while (reader.next()) {
        if (reader.field == 2 && reader.isText) {
            TRY_VOID(checkCharsmap(reader.text));
            if (facts) facts->normalizes = !reader.text.empty();
        }
        if (facts && reader.field == 3 && !reader.isText) facts->addDummyPrefix = reader.number != 0;
        if (facts && reader.field == 4 && !reader.isText) facts->removeExtraWhitespaces = reader.number != 0;
    }
    if (!reader.ok()) return damaged("its normalization is damaged");
    return {};
}

}  // namespace

int byteOfPiece(std::string_view piece) {
    if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>') return -1;
    int value = 0;
    for (const char c : piece.substr(3, 2)) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

Result<SentencePieceModelFacts> readSentencePieceModel(std::string_view bytes) {
    SentencePieceModelFacts facts;
    std::array<bool, 256> seen{};
    std::size_t seenCount = 0;
    MessageReader model(bytes);
    while (model.next()) {
        if (!model.isText) continue;
        if (model.field == 1) {
            PieceType type = PieceType::Normal;
            std::string_view piece;
            float score = 0;
            MessageReader reader(model.text);
            while (reader.next()) {
                if (reader.field == 1 && reader.isText) piece = reader.text;
                if (reader.field == 2 && !reader.isText) score = reader.real;
                if (reader.field == 3 && !reader.isText && reader.number >= 1 && reader.number <= 6)
                    type = static_cast<PieceType>(reader.number);
            }
            const std::string number = std::to_string(facts.types.size());
            if (!reader.ok()) return damaged("piece " + number + " is damaged");
            if (piece.empty()) return damaged("piece " + number + " is empty");
            facts.types.push_back(type);
            facts.scores.push_back(score);
            if (const int byte = byteOfPiece(piece);
                type == PieceType::Byte && byte >= 0 && !seen[static_cast<std::size_t>(byte)]) {
                seen[static_cast<std::size_t>(byte)] = true;
                ++seenCount;
            }
        } else if (model.field == 2) {
            MessageReader reader(model.text);
            while (reader.next()) {
                if (reader.field == 24 && !reader.isText) facts.spaceIsSuffix = reader.number != 0;
                if (reader.field != 3 || reader.isText) continue;
                constexpr const char* kNames[] = {"", "unigram", "bpe", "word", "char"};
                if (reader.number < 1 || reader.number > 4)
                    return damaged("its type " + std::to_string(reader.number) + " is unknown");
                facts.modelType = kNames[reader.number];
            }
            if (!reader.ok()) return damaged("its training options are damaged");
        } else if (model.field == 3 || model.field == 5) {
            TRY_VOID(readNormalizer(model.text, model.field == 3 ? &facts : nullptr));
        }
    }
    if (!model.ok()) return damaged("it is cut short or another kind of file");
    if (facts.types.empty()) return damaged("it has no pieces");
    facts.bytePieces = seenCount == 256;
    return facts;
}

}  // namespace distillix
