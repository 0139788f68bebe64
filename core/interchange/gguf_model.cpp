// SPDX-License-Identifier: Apache-2.0
#include "core/interchange/gguf_model.h"

#include <cmath>
#include <cstring>
#include <set>

#include "core/data/sentencepiece_model.h"

namespace distillix {
namespace {

struct Rename {
    const char* ours;
    const char* theirs;
};
constexpr Rename kTopNames[] = {{"embed_tokens.weight", "token_embd.weight"},
                                {"norm.weight", "output_norm.weight"},
                                {"lm_head.weight", "output.weight"}};
constexpr Rename kLayerNames[] = {{"input_layernorm", "attn_norm"},
                                  {"self_attn.q_proj", "attn_q"},
                                  {"self_attn.k_proj", "attn_k"},
                                  {"self_attn.v_proj", "attn_v"},
                                  {"self_attn.q_norm", "attn_q_norm"},
                                  {"self_attn.k_norm", "attn_k_norm"},
                                  {"self_attn.sub_norm", "attn_sub_norm"},
                                  {"self_attn.o_proj", "attn_output"},
                                  {"post_attention_layernorm", "ffn_norm"},
                                  {"mlp.gate_proj", "ffn_gate"},
                                  {"mlp.up_proj", "ffn_up"},
                                  {"mlp.sub_norm", "ffn_sub_norm"},
                                  {"mlp.down_proj", "ffn_down"}};

bool endsWith(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Row `to(r)` of each head becomes row r.
template <typename To>
void moveRows(std::vector<float>& values, int heads, int headDim, int columns, To to) {
    const auto width = static_cast<std::size_t>(columns);
    std::vector<float> head(static_cast<std::size_t>(headDim) * width);
    for (int i = 0; i < heads; ++i) {
        float* rows = values.data() + static_cast<std::size_t>(i) * head.size();
        std::memcpy(head.data(), rows, head.size() * sizeof(float));
        for (int r = 0; r < headDim; ++r)
            std::memcpy(rows + static_cast<std::size_t>(r) * width,
                        head.data() + static_cast<std::size_t>(to(r)) * width, width * sizeof(float));
    }
}

}  // namespace

Result<std::string> ggufArchitecture(const ModelConfig& c) {
    if (!c.useSubNorm) return std::string(c.useQkNorm ? "qwen3" : "llama");
    if (c.useQkNorm)
        return makeError(ErrorCode::Unsupported,
                         "llama.cpp has no architecture with both use_qk_norm and use_sub_norm; safetensors and .pt "
                         "take this model as it is");
    if (!c.tieWordEmbeddings || c.queryWidth() != c.hiddenDim)
        return makeError(ErrorCode::Unsupported,
                         "llama.cpp's architecture with use_sub_norm (bitnet) needs tied embeddings and a head_dim of "
                         "hidden_dim / num_heads; safetensors and .pt take this model as it is");
    return std::string("bitnet");
}

std::string ggufTensorName(const std::string& parameter) {
    for (const auto& [ours, theirs] : kTopNames)
        if (parameter == ours) return theirs;
    const auto dot = parameter.find('.', 7);  // behind "layers.N"
    for (const auto& [ours, theirs] : kLayerNames)
        if (parameter.compare(dot + 1, std::string::npos, std::string(ours) + ".weight") == 0)
            return "blk." + parameter.substr(7, dot - 7) + "." + theirs + ".weight";
    return parameter;
}

void interleaveRopeRows(std::vector<float>& values, int heads, int headDim, int columns) {
    moveRows(values, heads, headDim, columns, [&](int r) { return r % 2 * (headDim / 2) + r / 2; });
}

void separateRopeRows(std::vector<float>& values, int heads, int headDim, int columns) {
    moveRows(values, heads, headDim, columns, [&](int r) { return r % (headDim / 2) * 2 + r / (headDim / 2); });
}

int ropeHeads(const std::string& architecture, const Parameter& parameter, const ModelConfig& config) {
    if (architecture != "llama") return 0;
    if (endsWith(parameter.name, ".q_proj.weight")) return config.numHeads;
    return endsWith(parameter.name, ".k_proj.weight") ? config.numKvHeads : 0;
}

GgufMetadata ggufModelMetadata(const ModelConfig& c, const std::string& architecture, const std::string& name,
                               std::uint32_t fileType) {
    const auto number = [](int value) { return GgufValue::u32(static_cast<std::uint32_t>(value)); };
    GgufMetadata keys{{"general.architecture", GgufValue::string(architecture)},
                      {"general.type", GgufValue::string("model")},
                      {"general.name", GgufValue::string(name)},
                      {"general.file_type", GgufValue::u32(fileType)},
                      {"general.quantization_version", GgufValue::u32(2)}};
    const auto add = [&](const char* key, GgufValue value) {
        keys.emplace_back(architecture + "." + key, std::move(value));
    };
    add("block_count", number(c.numLayers));
    add("context_length", number(c.maxSeqLen));
    add("embedding_length", number(c.hiddenDim));
    add("feed_forward_length", number(c.mlpHiddenDim));
    add("attention.head_count", number(c.numHeads));
    add("attention.head_count_kv", number(c.numKvHeads));
    add("attention.key_length", number(c.headDim));
    add("attention.value_length", number(c.headDim));
    add("attention.layer_norm_rms_epsilon", GgufValue::f32(static_cast<float>(c.normEps)));
    add("rope.freq_base", GgufValue::f32(static_cast<float>(c.ropeBase)));
    add("rope.dimension_count", number(c.headDim));
    if (c.ropeScaling) {
        add("rope.scaling.type", GgufValue::string("linear"));
        add("rope.scaling.factor", GgufValue::f32(static_cast<float>(*c.ropeScaling)));
    }
    add("vocab_size", number(c.vocabSize));
    return keys;
}

Result<GgufMetadata> ggufTokenizerMetadata(const Tokenizer* tokenizer, const std::string& chatTemplate,
                                           std::vector<std::string>& notes) {
    if (!tokenizer) {
        notes.emplace_back("The model has no tokenizer.model: the file works on token ids, not on text.");
        return GgufMetadata{{"tokenizer.ggml.model", GgufValue::string("none")}};
    }
    if (tokenizer->modelType() != "bpe")
        return makeError(ErrorCode::Unsupported, "the tokenizer is a " + tokenizer->modelType() +
                                                     " model; llama.cpp's SentencePiece tokenizer merges as BPE does "
                                                     "and would make other tokens of the same text");
    const SentencePieceModelFacts facts = TRY(readSentencePieceModel(tokenizer->serialized()));
    std::vector<std::string> tokens;
    std::vector<std::int64_t> types;
    for (int id = 0; id < tokenizer->size(); ++id) {
        tokens.push_back(tokenizer->piece(id));
        types.push_back(static_cast<std::int64_t>(facts.types[static_cast<std::size_t>(id)]));
    }
    GgufMetadata keys{{"tokenizer.ggml.model", GgufValue::string("llama")},
                      {"tokenizer.ggml.pre", GgufValue::string("default")},
                      {"tokenizer.ggml.tokens", GgufValue::strings(std::move(tokens))},
                      {"tokenizer.ggml.scores", GgufValue::f32s(facts.scores)},
                      {"tokenizer.ggml.token_type", GgufValue::i32s(std::move(types))}};
    const auto id = [&](const char* key, int value) {
        if (value >= 0) keys.emplace_back(key, GgufValue::u32(static_cast<std::uint32_t>(value)));
    };
    id("tokenizer.ggml.bos_token_id", tokenizer->bos());
    id("tokenizer.ggml.eos_token_id", tokenizer->eos());
    id("tokenizer.ggml.unknown_token_id", tokenizer->unknown());
    id("tokenizer.ggml.padding_token_id", tokenizer->pad());
    keys.emplace_back("tokenizer.ggml.add_bos_token", GgufValue::boolean(tokenizer->bos() >= 0));
    keys.emplace_back("tokenizer.ggml.add_eos_token", GgufValue::boolean(false));
    keys.emplace_back("tokenizer.ggml.add_space_prefix", GgufValue::boolean(tokenizer->addsSpacePrefix()));
    if (!chatTemplate.empty()) keys.emplace_back("tokenizer.chat_template", GgufValue::string(chatTemplate));
    if (!tokenizer->hasBytePieces())
        notes.emplace_back(
            "The tokenizer lacks byte pieces, which llama.cpp needs for characters outside the vocabulary.");
    if (facts.normalizes)
        notes.emplace_back("The tokenizer normalizes characters; llama.cpp does not, and makes other tokens there.");
    if (facts.removeExtraWhitespaces)
        notes.emplace_back(
            "The tokenizer drops white space that repeats; llama.cpp does not, and makes other tokens there.");
    return keys;
}

Result<ModelConfig> ggufModelConfig(const GgufFile& file) {
    const std::string architecture = TRY(file.text("general.architecture"));
    if (architecture != "qwen3" && architecture != "llama" && architecture != "bitnet")
        return makeError(ErrorCode::Unsupported,
                         "is of the architecture \"" + architecture + "\"; qwen3, llama and bitnet are read");
    const auto key = [&](const char* name) { return architecture + "." + name; };
    const auto count = [&](const std::string& name) -> Result<int> {
        const std::int64_t value = TRY(file.integer(name));
        if (value < 1 || value > 1 << 24)
            return makeError(ErrorCode::InvalidData, "the key \"" + name + "\" is " + std::to_string(value));
        return static_cast<int>(value);
    };
    ModelConfig c;
    c.useBitlinear = false;
    c.attnLogitSoftCap.reset();
    c.finalLogitSoftCap.reset();
    c.useQkNorm = architecture == "qwen3";
    c.useSubNorm = architecture == "bitnet";
    c.numLayers = TRY(count(key("block_count")));
    c.maxSeqLen = TRY(count(key("context_length")));
    c.hiddenDim = TRY(count(key("embedding_length")));
    c.mlpHiddenDim = TRY(count(key("feed_forward_length")));
    c.numHeads = TRY(count(key("attention.head_count")));
    c.numKvHeads = file.value(key("attention.head_count_kv")) ? TRY(count(key("attention.head_count_kv"))) : c.numHeads;
    c.headDim = file.value(key("attention.key_length")) ? TRY(count(key("attention.key_length"))) : 0;
    c.normEps = TRY(file.number(key("attention.layer_norm_rms_epsilon")));
    c.ropeBase = file.value(key("rope.freq_base")) ? TRY(file.number(key("rope.freq_base"))) : 10000.0;
    if (file.value(key("rope.scaling.type"))) {
        const std::string type = TRY(file.text(key("rope.scaling.type")));
        if (type == "linear")
            c.ropeScaling = TRY(file.number(key("rope.scaling.factor")));
        else if (type != "none")
            return makeError(ErrorCode::Unsupported,
                             "scales its rotary positions as \"" + type + "\"; only linear scaling is read");
    }
    const GgufEntry* embedding = file.find("token_embd.weight");
    if (!embedding || embedding->shape.size() != 2 || embedding->shape[0] > 1 << 24)
        return makeError(ErrorCode::InvalidData, "has no matrix token_embd.weight");
    c.vocabSize = static_cast<int>(embedding->shape[0]);
    c.tieWordEmbeddings = !file.find("output.weight");
    // The file's numbers go through the same checks as config.json's.
    ModelConfig checked = TRY(modelConfigFromJson(modelConfigToJson(c)));
    for (const char* name : {"attention.value_length", "rope.dimension_count"})
        if (file.value(key(name)) && TRY(file.integer(key(name))) != checked.headDim)
            return makeError(ErrorCode::Unsupported, "the key \"" + key(name) + "\" differs from the heads' width of " +
                                                         std::to_string(checked.headDim));
    return checked;
}

Result<std::vector<float>> ggufParameters(const GgufFile& file, const ModelConfig& config) {
    const std::string architecture = TRY(file.text("general.architecture"));
    const ParameterLayout layout(config);
    // All of them before memory is taken: then it is no more than what the file's data decode to.
    std::set<std::string> known;
    for (const Parameter& parameter : layout.parameters) {
        const std::string name = ggufTensorName(parameter.name);
        const GgufEntry* entry = file.find(name);
        if (!entry) return makeError(ErrorCode::InvalidData, "lacks the tensor \"" + name + "\"");
        if (entry->shape != parameter.shape())
            return makeError(ErrorCode::InvalidData,
                             "tensor \"" + name + "\" has another shape than the file's own keys say");
        known.insert(name);
    }
    std::vector<float> values(layout.total, 0.0f);
    for (const Parameter& parameter : layout.parameters) {
        const std::string name = ggufTensorName(parameter.name);
        std::vector<float> tensor = TRY(file.floats(name, parameter.shape()));
        for (std::size_t i = 0; i < tensor.size(); ++i)
            if (!std::isfinite(tensor[i]))
                return makeError(
                    ErrorCode::InvalidData,
                    "tensor \"" + name + "\" holds a value that is not finite, at element " + std::to_string(i));
        if (const int heads = ropeHeads(architecture, parameter, config))
            separateRopeRows(tensor, heads, config.headDim, parameter.cols);
        std::memcpy(values.data() + parameter.offset, tensor.data(), tensor.size() * sizeof(float));
    }
    for (const GgufEntry& entry : file.entries())
        if (!known.count(entry.name))
            return makeError(ErrorCode::Unsupported,
                             "holds a tensor \"" + entry.name + "\" that this configuration has no place for");
    return values;
}

}  // namespace distillix
