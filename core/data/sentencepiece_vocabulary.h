// SPDX-License-Identifier: Apache-2.0
// A tokenizer.model made of a vocabulary that another format carries (GGUF's tokens, scores and types).
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/sentencepiece_model.h"

namespace distillix {

struct SentencePieceVocabulary {
    std::vector<std::string> pieces;
    std::vector<float> scores;     ///< as many as pieces
    std::vector<PieceType> types;  ///< as many as pieces
    int unknown = -1, bos = -1, eos = -1, pad = -1;
    bool addDummyPrefix = false;
};

/// The bytes of a BPE model of these pieces, without normalization and with white space kept: what llama.cpp makes of
/// them. InvalidData: vectors of different lengths, ids outside, no unknown piece. Whether SentencePiece takes it is
/// for Tokenizer::fromBytes to say.
Result<std::string> sentencePieceModelOf(const SentencePieceVocabulary& vocabulary);

}  // namespace distillix
