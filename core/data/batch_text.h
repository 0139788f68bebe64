// SPDX-License-Identifier: Apache-2.0
// A batch as people and windows can look at it: what the model sees, what it learns, where documents begin.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/data/batches.h"
#include "core/data/tokenizer.h"

namespace distillix {

/// {"batch", "tokens", "rows": [{"ids", "pieces", "learnt" (1: a label), "documentStart" (of each token, in its row),
/// "documents": [{"begin", "end", "learnt", "text"}]}]}. Padding is in no document.
nlohmann::ordered_json batchToJson(const Batch& batch, const Tokenizer& tokenizer, std::int32_t padId);
/// Each document's text under a line that says where it stands, with what is learnt between ⟦ and ⟧ and control pieces
/// by their names.
std::string batchText(const Batch& batch, const Tokenizer& tokenizer, std::int32_t padId);

}  // namespace distillix
