// SPDX-License-Identifier: Apache-2.0
// What we must know of a tokenizer.model that SentencePiece's library does not say, read from its bytes.
//
// The file is a protocol-buffers message. Of it are read:
//
//   ModelProto      1 pieces*  2 trainer_spec  3 normalizer_spec  5 denormalizer_spec
//   SentencePiece   1 piece  2 score  3 type
//   TrainerSpec     3 model_type  24 treat_whitespace_as_suffix
//   NormalizerSpec  2 precompiled_charsmap  3 add_dummy_prefix  4 remove_extra_whitespaces
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace distillix {

enum class PieceType : std::uint8_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

struct SentencePieceModelFacts {
    std::vector<PieceType> types;  ///< of each piece
    std::vector<float> scores;     ///< of each piece; BPE merges the highest first
    std::string modelType = "unigram";
    bool addDummyPrefix = true;
    bool removeExtraWhitespaces = true;
    bool bytePieces = false;     ///< all 256 are there
    bool normalizes = false;     ///< has a table that changes characters
    bool spaceIsSuffix = false;  ///< words end, not begin, with their space
};

/// InvalidData says what is wrong. A model's normalization table is checked for every look-up staying inside it, which
/// the library takes for granted.
Result<SentencePieceModelFacts> readSentencePieceModel(std::string_view bytes);

/// The byte that a piece like "<0x0A>" stands for, or -1.
int byteOfPiece(std::string_view piece);

}  // namespace distillix
