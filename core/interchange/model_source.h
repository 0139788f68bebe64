// SPDX-License-Identifier: Apache-2.0
// What import_model reads from: named tensors of a file or of several, whatever their format, and what lies beside
// them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"
#include "core/data/stored_template.h"
#include "core/model/config.h"
#include "core/quant/latent.h"

namespace distillix {

struct SourceTensor {
    std::string name;                 ///< as this program names it, prefixes taken off
    std::string place;                ///< "FILE: tensor "NAME"", for errors
    std::vector<std::int64_t> shape;  ///< of an i2_s matrix the one it stands for
    /// One of the two: the values, or the codes and scales of an i2_s matrix.
    std::function<Result<std::vector<float>>()> floats;
    std::function<Result<TernaryMatrix>()> ternary;
};

struct ModelSource {
    std::string format;
    std::vector<SourceTensor> tensors;
    std::string prefix;                            ///< that most names had
    std::optional<nlohmann::ordered_json> config;  ///< in SPEC's keys, where the source has one
    /// The weights are those that a plain linear layer multiplies with: γ·Wq if they are ternary, never latent ones.
    bool effectiveWeights = false;
    /// A GGUF file's: everything is known at once, and the tensors are empty.
    std::optional<ModelConfig> wholeConfig;
    std::function<Result<std::vector<float>>(const ModelConfig&)> wholeParameters;
    std::string tokenizerModel;  ///< bytes of a tokenizer.model that was found; may be empty
    StoredTemplate chat;         ///< the chat template that came with it; kept, never run
    std::vector<std::string> notes;
    std::vector<std::filesystem::path> weightFiles;  ///< what the weights come from, in the order in which it was read
    std::vector<std::shared_ptr<void>> files;        ///< keep what the functions above read
};

/// Opens what `source` is. `config`: a config.json to use instead of the one beside the weights; may be empty.
Result<ModelSource> openModelSource(const std::filesystem::path& source, const std::filesystem::path& config);

/// The configuration that shapes alone tell, in SPEC's keys: vocab_size, hidden_dim, num_layers, mlp_hidden_dim,
/// use_qk_norm, use_sub_norm, tie_word_embeddings, and the heads where q_norm tells a head's width or `given` does.
/// InvalidData says what is missing, and which flag would help.
Result<nlohmann::ordered_json> configFromShapes(const std::vector<SourceTensor>& tensors,
                                                const nlohmann::ordered_json& given);

/// SPEC's keys from a Hugging Face config.json of a dense Qwen3. Unsupported names what this program's model cannot do.
Result<nlohmann::ordered_json> configFromHuggingFace(const nlohmann::ordered_json& json);

}  // namespace distillix
