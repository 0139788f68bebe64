// SPDX-License-Identifier: Apache-2.0
// A model of ours as a GGUF file for stock llama.cpp, and back: which architecture, which keys, which tensors (the
// tables at the end of core/formats/gguf.md).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/data/tokenizer.h"
#include "core/formats/gguf.h"
#include "core/model/config.h"
#include "core/model/parameters.h"

namespace distillix {

using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

/// "qwen3", "llama" or "bitnet". Unsupported where stock llama.cpp has no architecture with these norms. Soft-caps do
/// not count here: none of them has those.
Result<std::string> ggufArchitecture(const ModelConfig& config);

/// "blk.3.attn_q.weight" of "layers.3.self_attn.q_proj.weight".
std::string ggufTensorName(const std::string& parameter);

/// Where llama.cpp turns neighbouring pairs, q and k have other rows: row 2j + s of a head is our row s·h/2 + j. In
/// place, on `heads` heads of [headDim, columns]. The second undoes the first.
void interleaveRopeRows(std::vector<float>& values, int heads, int headDim, int columns);
void separateRopeRows(std::vector<float>& values, int heads, int headDim, int columns);
/// How many heads of `parameter` want that in this architecture: 0 for none.
int ropeHeads(const std::string& architecture, const Parameter& parameter, const ModelConfig& config);

/// The keys of the model itself.
GgufMetadata ggufModelMetadata(const ModelConfig& config, const std::string& architecture, const std::string& name,
                               std::uint32_t fileType);
/// The keys of the tokenizer; without one the model works on ids alone. llama.cpp merges as BPE does: Unsupported for a
/// model of another kind. What it will do otherwise than SentencePiece is added to `notes`, in sentences.
Result<GgufMetadata> ggufTokenizerMetadata(const Tokenizer* tokenizer, const std::string& chatTemplate,
                                           std::vector<std::string>& notes);

/// The configuration of a `qwen3`, `llama` or `bitnet` file, as a plain model: use_bitlinear false, no soft-caps.
/// Unsupported names what this program's model cannot do; InvalidData and NotFound the key.
Result<ModelConfig> ggufModelConfig(const GgufFile& file);
/// All parameters at the layout's offsets, decoded, q and k put back in our order. Tensors that belong to no parameter
/// are an error, as is a value that is not finite.
Result<std::vector<float>> ggufParameters(const GgufFile& file, const ModelConfig& config);

}  // namespace distillix
