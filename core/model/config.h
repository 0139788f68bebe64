// SPDX-License-Identifier: Apache-2.0
// What a model is: the fields of config.json (SPEC.md section 3) and the presets.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/fields.h"

namespace distillix {

/// The defaults are those of a file that lacks the key, and never change.
struct ModelConfig {
    int vocabSize = 32000;    ///< V, equals the tokenizer's number of pieces
    int hiddenDim = 768;      ///< d
    int numLayers = 12;       ///< L
    int numHeads = 12;        ///< H
    int numKvHeads = 4;       ///< Hkv
    int headDim = 0;          ///< h; 0 in memory means d/H until normalize() has run
    int mlpHiddenDim = 2048;  ///< F
    int maxSeqLen = 2048;
    double dropout = 0;  ///< kept in the file; training refuses another value than 0
    double ropeBase = 1e6;
    std::optional<double> ropeScaling;
    bool useBitlinear = true;
    bool bitlinearPerChannel = false;
    double quantizationEps = 1e-8;
    double normEps = 1e-6;
    bool tieWordEmbeddings = true;
    bool useQkNorm = true;
    bool useSubNorm = false;
    std::optional<double> attnLogitSoftCap = 50.0;  ///< null in the file: none
    std::optional<double> finalLogitSoftCap = 30.0;
    nlohmann::ordered_json unknown = nlohmann::ordered_json::object();  ///< other keys of the file, kept

    template <typename Self, typename Visitor>
    static void forEachField(Self& self, Visitor&& visit) {
        visit(self.vocabSize,
              Field{"vocab_size", "Number of token pieces; the tokenizer decides it", "tokens", 1, 1 << 24});
        visit(self.hiddenDim, Field{"hidden_dim", "Width of the residual stream", "", 1, 1 << 20});
        visit(self.numLayers, Field{"num_layers", "Number of transformer layers", "", 1, 4096});
        visit(self.numHeads, Field{"num_heads", "Query heads", "", 1, 4096});
        visit(self.numKvHeads, Field{"num_kv_heads", "Key and value heads; divides num_heads", "", 1, 4096});
        visit(self.headDim, Field{"head_dim", "Width of a head; even", "", 0, 4096, {}, true});
        visit(self.mlpHiddenDim, Field{"mlp_hidden_dim", "Width of the SwiGLU layer", "", 1, 1 << 22});
        visit(self.maxSeqLen, Field{"max_seq_len", "Longest sequence", "tokens", 1, 1 << 24});
        visit(self.dropout, Field{"dropout", "Kept for the file's sake; training takes 0 only", "", 0, 1, {}, true});
        visit(self.ropeBase, Field{"rope_base", "Base of the rotary frequencies", "", 1e-3, 1e12, {}, true});
        visit(self.ropeScaling, Field{"rope_scaling", "Positions are divided by this", "", 1e-6, 1e6, {}, true});
        visit(self.useBitlinear, Field{"use_bitlinear", "Ternary weights and int8 activations", "", 0, 1, {}, true});
        visit(self.bitlinearPerChannel,
              Field{"bitlinear_per_channel", "One weight scale per output row, not per matrix", "", 0, 1, {}, true});
        visit(self.quantizationEps, Field{"quantization_eps", "Added to the scales", "", 0, 1, {}, true});
        visit(self.normEps, Field{"norm_eps", "Added under RMSNorm's root", "", 0, 1, {}, true});
        visit(self.tieWordEmbeddings,
              Field{"tie_word_embeddings", "The head shares the embedding's weights", "", 0, 1, {}, true});
        visit(self.useQkNorm, Field{"use_qk_norm", "RMSNorm on each query and key head", "", 0, 1, {}, true});
        visit(self.attnLogitSoftCap,
              Field{"attn_logit_soft_cap", "Attention scores are held within this by tanh; none exports exactly", "",
                    1e-3, 1e9});
        visit(
            self.finalLogitSoftCap,
            Field{"final_logit_soft_cap", "Logits are held within this by tanh; none exports exactly", "", 1e-3, 1e9});
        visit(self.useSubNorm,
              Field{"use_sub_norm", "RMSNorm before the output and down projections", "", 0, 1, {}, true});
    }

    int queryWidth() const { return numHeads * headDim; }  ///< H·h
    int keyWidth() const { return numKvHeads * headDim; }  ///< Hkv·h
    /// Parameters in all: tied embeddings count once.
    std::int64_t parameterCount() const;

    /// Fills head_dim, then checks what belongs together (heads divide, head_dim even, …). InvalidData names the key.
    Result<void> normalize();
};

Result<ModelConfig> modelConfigFromJson(const nlohmann::ordered_json& json);
nlohmann::ordered_json modelConfigToJson(const ModelConfig& config);
Result<ModelConfig> loadModelConfig(const std::filesystem::path& configJson);

/// A named configuration to start from, with a sequence length to train at.
struct ModelPreset {
    std::string name;
    std::string help;
    ModelConfig config;  ///< vocab_size is the tokenizer's business and stands as a suggestion
};
const std::vector<ModelPreset>& modelPresets();
Result<ModelPreset> findModelPreset(const std::string& name);

}  // namespace distillix
