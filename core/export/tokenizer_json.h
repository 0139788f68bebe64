// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/data/tokenizer.h"

namespace distillix {

/// The tokenizer as Hugging Face's tokenizer.json: a BPE model with byte fallback whose merges are all the ways in
/// which two pieces make a third, those of the highest score first; that is what SentencePiece's BPE does. Unsupported
/// for models of another kind, and for those that normalize text.
Result<std::string> huggingFaceTokenizer(const Tokenizer& tokenizer);

}  // namespace distillix
