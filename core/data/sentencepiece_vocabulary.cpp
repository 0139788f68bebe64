// SPDX-License-Identifier: Apache-2.0
#include "core/data/sentencepiece_vocabulary.h"

#include <cmath>
#include <cstring>

namespace distillix {
namespace {

/// Writes a protocol-buffers message; field numbers are those of sentencepiece_model.proto.
class MessageWriter {
  public:
    void number(unsigned field, std::int64_t value) {
        varint(field << 3);
        varint(static_cast<std::uint64_t>(value));
    }
    void real(unsigned field, float value) {
        varint(field << 3 | 5);
        std::uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        for (int i = 0; i < 4; ++i) m_bytes += static_cast<char>((bits >> (8 * i)) & 0xff);
    }
    void text(unsigned field, const std::string& value) {
        varint(field << 3 | 2);
        varint(value.size());
        m_bytes += value;
    }
    const std::string& bytes() const { return m_bytes; }

  private:
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) m_bytes += static_cast<char>((value & 0x7f) | 0x80);
        m_bytes += static_cast<char>(value);
    }
    std::string m_bytes;
};

}  // namespace

Result<std::string> sentencePieceModelOf(const SentencePieceVocabulary& v) {
    const auto bad = [](const std::string& what) {
        return makeError(ErrorCode::InvalidData, "its vocabulary makes no tokenizer: " + what);
    };
    if (v.pieces.empty() || v.scores.size() != v.pieces.size() || v.types.size() != v.pieces.size())
        return bad("it has " + std::to_string(v.pieces.size()) + " pieces, " + std::to_string(v.scores.size()) +
                   " scores and " + std::to_string(v.types.size()) + " types");
    if (v.unknown < 0) return bad("it names no unknown piece");
    bool bytePieces = false;
    MessageWriter model;
    for (std::size_t i = 0; i < v.pieces.size(); ++i) {
        if (!std::isfinite(v.scores[i])) return bad("piece " + std::to_string(i) + " has a score that is no number");
        MessageWriter piece;
        piece.text(1, v.pieces[i]);
        piece.real(2, v.scores[i]);
        piece.number(3, static_cast<std::int64_t>(v.types[i]));
        model.text(1, piece.bytes());
        bytePieces = bytePieces || v.types[i] == PieceType::Byte;
    }
    constexpr std::int64_t kBpe = 2;
    MessageWriter trainer;
    trainer.number(3, kBpe);
    trainer.number(4, static_cast<std::int64_t>(v.pieces.size()));
    trainer.number(35, bytePieces);
    struct Special {
        int id;
        unsigned idField, pieceField;
    };
    for (const Special special :
         {Special{v.unknown, 40, 45}, Special{v.bos, 41, 46}, Special{v.eos, 42, 47}, Special{v.pad, 43, 48}}) {
        if (special.id >= static_cast<int>(v.pieces.size()))
            return bad("a special piece has the id " + std::to_string(special.id));
        trainer.number(special.idField, special.id);
        if (special.id >= 0) trainer.text(special.pieceField, v.pieces[static_cast<std::size_t>(special.id)]);
    }
    model.text(2, trainer.bytes());
    MessageWriter normalizer;
    normalizer.text(1, "identity");
    normalizer.number(3, v.addDummyPrefix);
    normalizer.number(4, 0);  // white space that repeats is kept
    normalizer.number(5, 1);  // and spaces are written as U+2581
    model.text(3, normalizer.bytes());
    return model.bytes();
}

}  // namespace distillix
