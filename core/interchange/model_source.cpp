// SPDX-License-Identifier: Apache-2.0
#include "core/interchange/model_source.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/data/sentencepiece_vocabulary.h"
#include "core/formats/gguf.h"
#include "core/formats/i2s.h"
#include "core/formats/pt.h"
#include "core/formats/safetensors.h"
#include "core/formats/tensor_values.h"
#include "core/interchange/gguf_model.h"
#include "core/interchange/weights_file.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

constexpr std::uint64_t kConfigLimit = 1 << 20;

std::string placeOf(const fs::path& file, const std::string& tensor) {
    return file.string() + ": tensor \"" + tensor + "\"";
}

bool isThere(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

Result<Json> readJson(const fs::path& path) {
    const std::string text = TRY(readFile(path, kConfigLimit));
    Json json = parseJson(text);
    if (json.is_discarded() || !json.is_object())
        return makeError(ErrorCode::InvalidData, "is not a JSON object", path.string());
    return json;
}

/// What wrappers of PyTorch and Hugging Face put in front of a parameter's name.
constexpr std::string_view kPrefixes[] = {"module.", "_orig_mod.", "model."};

std::string withoutPrefixes(std::string name, std::string& prefix) {
    prefix.clear();
    for (bool found = true; found;) {
        found = false;
        for (const std::string_view one : kPrefixes) {
            if (!name.starts_with(one)) continue;
            prefix += one;
            name.erase(0, one.size());
            found = true;
        }
    }
    return name;
}

/// Tables of the rotary positions, which some programs save: they follow from the configuration.
bool isRotaryTable(const std::string& name) {
    return name.ends_with("inv_freq") || name.ends_with("cos_cached") || name.ends_with("sin_cached");
}

/// Takes tensors one by one: their names cleaned, tables left out, no name twice.
class Collector {
  public:
    explicit Collector(ModelSource& source) : m_source(source) {}

    Result<void> add(const fs::path& file, SourceTensor tensor) {
        tensor.place = placeOf(file, tensor.name);
        std::string prefix;
        tensor.name = withoutPrefixes(tensor.name, prefix);
        if (isRotaryTable(tensor.name)) {
            ++m_tables;
            return {};
        }
        if (!m_names.insert(tensor.name).second)
            return makeError(ErrorCode::InvalidData,
                             "is there twice under the name \"" + tensor.name + "\", prefixes taken off", tensor.place);
        ++m_prefixes[prefix];
        m_source.tensors.push_back(std::move(tensor));
        return {};
    }

    void finish() {
        std::size_t most = 0;
        for (const auto& [prefix, count] : m_prefixes) {
            if (count <= most) continue;
            most = count;
            m_source.prefix = prefix;
        }
        if (m_tables > 0)
            m_source.notes.push_back(std::to_string(m_tables) +
                                     " rotary tables were left out; they follow from the configuration.");
    }

  private:
    ModelSource& m_source;
    std::set<std::string> m_names;
    std::map<std::string, std::size_t> m_prefixes;
    std::size_t m_tables = 0;
};

/// Adds one safetensors file's tensors, and its configuration where this program wrote one into it; says whether packed
/// tensors were among them.
Result<bool> addSafetensors(ModelSource& source, Collector& collector, const fs::path& path) {
    const auto file = std::make_shared<SafetensorsFile>(TRY(SafetensorsFile::open(path)));
    source.files.push_back(file);
    source.weightFiles.push_back(path);
    if (const auto written = file->metadata().find(kSafetensorsConfigKey); written != file->metadata().end()) {
        Json json = parseJson(written->second);
        if (!json.is_object())
            return makeError(ErrorCode::InvalidData,
                             "its metadata's \"" + std::string(kSafetensorsConfigKey) + "\" is not a JSON object",
                             path.string());
        source.config = std::move(json);
    }
    bool packed = false;
    for (const SafetensorsEntry& entry : file->entries()) {
        if (isI2sCompanion(*file, entry)) continue;
        SourceTensor tensor;
        tensor.name = entry.name;
        tensor.shape = entry.shape;
        if (isI2s(*file, entry)) {
            packed = true;
            tensor.shape = TRY_AT(i2sShape(*file, entry), path.string());
            tensor.ternary = [file, &entry, path]() -> Result<TernaryMatrix> {
                return TRY_AT(i2sMatrix(*file, entry), path.string());
            };
        } else {
            tensor.floats = [file, &entry] { return file->floats(entry.name); };
        }
        TRY_VOID(collector.add(path, std::move(tensor)));
    }
    return packed;
}

/// config.json beside `file`, or FILE's name with .json: where the original puts it.
Result<std::optional<Json>> configBeside(const fs::path& file, const fs::path& given) {
    fs::path named = file;
    named.replace_extension(".json");
    for (const fs::path& candidate : {given, named, file.parent_path() / "config.json"}) {
        if (candidate.empty() || (candidate != given && !isThere(candidate))) continue;
        Json json = TRY(readJson(candidate));
        if (json.contains("model_type")) {
            return std::optional(TRY_AT(configFromHuggingFace(json), candidate.string()));
        }
        // The original's whole configuration holds the model's under "model".
        if (!json.contains("hidden_dim") && json.contains("model") && json["model"].is_object()) json = json["model"];
        return std::optional(std::move(json));
    }
    return std::optional<Json>();
}

/// A tokenizer.model in `folder`, or why there is none for us.
Result<void> findTokenizer(ModelSource& source, const fs::path& folder) {
    if (isThere(folder / "tokenizer.model")) {
        source.tokenizerModel = TRY(readFile(folder / "tokenizer.model", std::uint64_t{64} << 20));
        return {};
    }
    for (const char* other : {"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"}) {
        if (!isThere(folder / other)) continue;
        source.notes.push_back("Its tokenizer (" + std::string(other) +
                               ") is no SentencePiece model, which is all that this program reads: the model works on "
                               "token ids, not on text.");
        return {};
    }
    return {};
}

Result<ModelSource> openSafetensors(const fs::path& path, const fs::path& config) {
    ModelSource source;
    Collector collector(source);
    source.format = TRY(addSafetensors(source, collector, path)) ? "safetensors, i2_s" : "safetensors";
    collector.finish();
    if (!config.empty() || !source.config) source.config = TRY(configBeside(path, config));
    TRY_VOID(findTokenizer(source, path.parent_path()));
    return source;
}

Result<ModelSource> openPt(const fs::path& path, const fs::path& config) {
    ModelSource source;
    source.format = ".pt";
    const auto file = std::make_shared<PtFile>(TRY(PtFile::open(path)));
    source.files.push_back(file);
    source.weightFiles.push_back(path);
    Collector collector(source);
    for (const PtEntry& entry : file->entries()) {
        SourceTensor tensor;
        tensor.name = entry.name;
        tensor.shape = entry.shape;
        tensor.floats = [file, &entry] { return file->floats(entry); };
        TRY_VOID(collector.add(path, std::move(tensor)));
    }
    collector.finish();
    if (!file->others().empty()) {
        std::string names;
        for (const std::string& name : file->others()) names += (names.empty() ? "" : ", ") + name.substr(0, 40);
        source.notes.push_back("Beside the weights the file holds " + names + ", which was passed over.");
    }
    source.config = TRY(configBeside(path, config));
    TRY_VOID(findTokenizer(source, path.parent_path()));
    return source;
}

/// The chat template of a Hugging Face folder: a file of its own, or a text in tokenizer_config.json.
Result<StoredTemplate> huggingFaceTemplate(const fs::path& folder) {
    StoredTemplate stored;
    if (isThere(folder / "chat_template.jinja")) {
        stored.jinja = TRY(readFile(folder / "chat_template.jinja", kConfigLimit));
    } else if (isThere(folder / "tokenizer_config.json")) {
        const std::string text = TRY(readFile(folder / "tokenizer_config.json", std::uint64_t{64} << 20));
        const nlohmann::json json = parseSortedJson(text);
        const auto found = json.is_object() ? json.find("chat_template") : json.end();
        if (found != json.end() && found->is_string()) stored.jinja = found->get<std::string>();
    }
    return stored;
}

/// The vocabulary of a GGUF file as a tokenizer.model. Only "llama" is SentencePiece's way of merging.
Result<void> ggufTokenizer(ModelSource& source, const GgufFile& file) {
    const GgufValue *model = file.value("tokenizer.ggml.model"), *tokens = file.value("tokenizer.ggml.tokens"),
                    *scores = file.value("tokenizer.ggml.scores"), *types = file.value("tokenizer.ggml.token_type");
    if (!model || model->text == "none" || !tokens) return {};
    if (model->text != "llama" || !scores || !types) {
        source.notes.push_back("Its tokenizer (" + model->text.substr(0, 40) +
                               ") is no SentencePiece model, which is all that this program reads: the model works on "
                               "token ids, not on text.");
        return {};
    }
    SentencePieceVocabulary vocabulary;
    vocabulary.pieces = tokens->texts;
    vocabulary.scores = scores->reals;
    for (const std::int64_t type : types->integers)
        vocabulary.types.push_back(type >= 1 && type <= 6 ? static_cast<PieceType>(type) : PieceType::Normal);
    const auto id = [&](const char* key) {
        const GgufValue* value = file.value(key);
        return value && value->integer >= 0 && value->integer < 1 << 24 ? static_cast<int>(value->integer) : -1;
    };
    vocabulary.unknown = id("tokenizer.ggml.unknown_token_id");
    vocabulary.bos = id("tokenizer.ggml.bos_token_id");
    vocabulary.eos = id("tokenizer.ggml.eos_token_id");
    vocabulary.pad = id("tokenizer.ggml.padding_token_id");
    const GgufValue* prefix = file.value("tokenizer.ggml.add_space_prefix");
    vocabulary.addDummyPrefix = !prefix || prefix->integer != 0;  // llama.cpp's default
    auto serialized = sentencePieceModelOf(vocabulary);
    if (serialized.ok()) {
        source.tokenizerModel = std::move(*serialized);
        source.notes.emplace_back("tokenizer.model was made of the file's vocabulary.");
    } else {
        source.notes.push_back(
            "Its tokenizer was left out, so the model works on token ids: " + serialized.error().text() + ".");
    }
    return {};
}

Result<ModelSource> openGguf(const fs::path& path) {
    ModelSource source;
    const auto file = std::make_shared<GgufFile>(TRY(GgufFile::open(path)));
    source.files.push_back(file);
    source.weightFiles.push_back(path);
    source.format = "GGUF (" + TRY(file->text("general.architecture")) + ")";
    source.effectiveWeights = true;
    source.wholeConfig = TRY_AT(ggufModelConfig(*file), path.string());
    source.wholeParameters = [file, path](const ModelConfig& config) -> Result<std::vector<float>> {
        return TRY_AT(ggufParameters(*file, config), path.string());
    };
    TRY_VOID(ggufTokenizer(source, *file));
    if (const GgufValue* jinja = file->value("tokenizer.chat_template"); jinja && jinja->text.size() <= kConfigLimit)
        source.chat.jinja = jinja->text;
    return source;
}

/// The shards of model.safetensors.index.json. Their names come from a file that anybody may have written.
Result<std::vector<fs::path>> shardsOf(const fs::path& folder, const fs::path& indexFile) {
    // A key a tensor: too many for an ordered object.
    const std::string text = TRY(readFile(indexFile, std::uint64_t{64} << 20));
    const nlohmann::json index = parseSortedJson(text);
    const auto bad = [&](const std::string& what) {
        return makeError(ErrorCode::InvalidData, what, indexFile.string());
    };
    if (!index.is_object()) return bad("is not a JSON object");
    const auto map = index.find("weight_map");
    if (map == index.end() || !map->is_object() || map->empty()) return bad("has no \"weight_map\"");
    std::set<std::string> names;
    for (const auto& [tensor, file] : map->items()) {
        if (!file.is_string()) return bad("\"weight_map\" holds something else than names of files");
        const std::string name = file.get<std::string>();
        if (fs::path(name).filename() != name || name.empty() || name == "." || name == "..")
            return bad("\"weight_map\" names \"" + name.substr(0, 80) + "\", which is no file of this folder");
        names.insert(name);
    }
    if (names.size() > 1000) return bad("names over a thousand files");
    std::vector<fs::path> paths;
    for (const std::string& name : names) paths.push_back(folder / name);
    return paths;
}

Result<ModelSource> openFolder(const fs::path& folder, const fs::path& givenConfig) {
    const fs::path single = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
    if (isThere(folder / "run.json"))
        return makeError(ErrorCode::InvalidArgument,
                         "is a run, and its checkpoints are model folders already: use it as it is", folder.string());
    if (!isThere(single) && !isThere(index))
        return makeError(ErrorCode::NotFound,
                         "holds neither model.safetensors nor model.safetensors.index.json; give the file of weights",
                         folder.string());
    const fs::path configFile = givenConfig.empty() ? folder / "config.json" : givenConfig;
    const Json config = TRY(readJson(configFile));
    ModelSource source;
    const bool huggingFace = config.contains("model_type");
    source.format = huggingFace ? "Hugging Face" : "model folder";
    source.effectiveWeights = huggingFace;
    std::vector<fs::path> shards{single};
    if (!isThere(single)) shards = TRY(shardsOf(folder, index));
    Collector collector(source);
    for (const fs::path& shard : shards)
        if (TRY(addSafetensors(source, collector, shard))) source.format += ", i2_s";
    collector.finish();
    source.config = huggingFace ? TRY_AT(configFromHuggingFace(config), configFile.string()) : config;
    source.chat = TRY(huggingFace ? huggingFaceTemplate(folder) : loadStoredTemplate(folder));
    TRY_VOID(findTokenizer(source, folder));
    return source;
}

}  // namespace

Result<ModelSource> openModelSource(const fs::path& source, const fs::path& config) {
    std::error_code ignored;
    if (fs::is_directory(source, ignored)) return openFolder(source, config);
    std::string begin;
    {
        const MappedFile file = TRY(MappedFile::open(source));
        begin = file.text().substr(0, 16);
    }
    if (begin.starts_with("GGUF")) return openGguf(source);
    if (begin.starts_with("PK") || begin.starts_with("\x80\x02")) return openPt(source, config);
    if (begin.size() > 8 && begin[8] == '{') return openSafetensors(source, config);
    return makeError(ErrorCode::InvalidData,
                     "begins as none of the files that are read: safetensors, .pt, GGUF (or a folder of safetensors)",
                     source.string());
}

// ---- configurations -----------------------------------------------------------------------------------------------

Result<Json> configFromShapes(const std::vector<SourceTensor>& tensors, const Json& given) {
    std::map<std::string, const SourceTensor*> byName;
    std::int64_t layers = 0;
    for (const SourceTensor& tensor : tensors) {
        byName[tensor.name] = &tensor;
        if (!tensor.name.starts_with("layers.")) continue;
        std::int64_t layer = -1;
        const char* digits = tensor.name.data() + 7;
        const auto parsed = std::from_chars(digits, tensor.name.data() + tensor.name.size(), layer);
        if (parsed.ec == std::errc() && layer >= 0 && layer < 1 << 20) layers = std::max(layers, layer + 1);
    }
    const auto need = [&](const std::string& name, std::size_t dimensions) -> Result<const SourceTensor*> {
        const auto found = byName.find(name);
        if (found == byName.end())
            return makeError(ErrorCode::InvalidData, "the file has no tensor \"" + name +
                                                         "\", so it is no model of this kind (and no config.json "
                                                         "says otherwise)");
        if (found->second->shape.size() != dimensions)
            return makeError(ErrorCode::InvalidData,
                             "has the shape " + shapeText(found->second->shape) + " instead of " +
                                 std::to_string(dimensions) + " dimensions",
                             found->second->place);
        return found->second;
    };
    const SourceTensor& embedding = *TRY(need("embed_tokens.weight", 2));
    const SourceTensor& query = *TRY(need("layers.0.self_attn.q_proj.weight", 2));
    const SourceTensor& key = *TRY(need("layers.0.self_attn.k_proj.weight", 2));
    const SourceTensor& gate = *TRY(need("layers.0.mlp.gate_proj.weight", 2));
    Json config = Json::object();
    config["vocab_size"] = embedding.shape[0];
    config["hidden_dim"] = embedding.shape[1];
    config["num_layers"] = layers;
    config["mlp_hidden_dim"] = gate.shape[0];
    config["use_qk_norm"] = byName.count("layers.0.self_attn.q_norm.weight") > 0;
    config["use_sub_norm"] = byName.count("layers.0.self_attn.sub_norm.weight") > 0;
    config["tie_word_embeddings"] = byName.count("lm_head.weight") == 0;

    std::int64_t headDim = 0;
    if (config["use_qk_norm"].get<bool>()) headDim = (*TRY(need("layers.0.self_attn.q_norm.weight", 1))).shape[0];
    const auto number = [&](const char* field) {
        const auto found = given.find(field);
        return found != given.end() && found->is_number() ? static_cast<std::int64_t>(found->get<double>()) : 0;
    };
    if (headDim == 0) headDim = number("head_dim");
    if (headDim == 0 && number("num_heads") > 0) headDim = query.shape[0] / number("num_heads");
    if (headDim < 1 || query.shape[0] % headDim != 0 || key.shape[0] % headDim != 0)
        return makeError(ErrorCode::InvalidData,
                         headDim < 1 ? "nothing tells how many heads the model has: give --num-heads (or --config FILE)"
                                     : "heads of width " + std::to_string(headDim) + " do not divide q_proj's " +
                                           std::to_string(query.shape[0]) + " and k_proj's " +
                                           std::to_string(key.shape[0]) + " rows");
    config["head_dim"] = headDim;
    config["num_heads"] = query.shape[0] / headDim;
    config["num_kv_heads"] = key.shape[0] / headDim;
    return config;
}

Result<Json> configFromHuggingFace(const Json& json) {
    const auto unsupported = [](const std::string& what) { return makeError(ErrorCode::Unsupported, what); };
    const auto text = [&](const char* key) {
        const auto found = json.find(key);
        return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (text("model_type") != "qwen3")
        return unsupported(
            "its model_type is \"" + text("model_type").substr(0, 40) +
            "\"; of Hugging Face models the dense Qwen3 (\"qwen3\") is read, whose block is this program's");
    Json config = Json::object();
    const auto take = [&](const char* theirs, const char* ours, bool needed) -> Result<void> {
        const auto found = json.find(theirs);
        if (found == json.end()) {
            if (needed)
                return makeError(ErrorCode::InvalidData, "has no \"" + std::string(theirs) + "\", which is needed");
            return {};
        }
        config[ours] = *found;
        return {};
    };
    TRY_VOID(take("vocab_size", "vocab_size", true));
    TRY_VOID(take("hidden_size", "hidden_dim", true));
    TRY_VOID(take("num_hidden_layers", "num_layers", true));
    TRY_VOID(take("num_attention_heads", "num_heads", true));
    TRY_VOID(take("num_key_value_heads", "num_kv_heads", true));
    TRY_VOID(take("head_dim", "head_dim", false));
    TRY_VOID(take("intermediate_size", "mlp_hidden_dim", true));
    TRY_VOID(take("max_position_embeddings", "max_seq_len", true));
    TRY_VOID(take("rms_norm_eps", "norm_eps", true));
    TRY_VOID(take("tie_word_embeddings", "tie_word_embeddings", false));
    if (!config.contains("head_dim")) config["head_dim"] = 128;  // Qwen3's default, whatever the hidden size
    if (!config.contains("tie_word_embeddings")) config["tie_word_embeddings"] = false;
    if (const std::string act = text("hidden_act"); !act.empty() && act != "silu")
        return unsupported("its activation is \"" + act.substr(0, 40) + "\"; this program's is silu");
    if (json.value("attention_bias", Json(false)) != Json(false))
        return unsupported("its attention has biases; this program's has none");
    if (json.value("use_sliding_window", Json(false)) != Json(false))
        return unsupported("it attends through a sliding window; this program attends to everything before a token");

    // Newer files put both into "rope_parameters".
    Json theta = json.value("rope_theta", Json()), scaling = json.value("rope_scaling", Json());
    if (const auto rope = json.find("rope_parameters"); rope != json.end() && rope->is_object()) {
        theta = rope->value("rope_theta", theta);
        if (rope->value("rope_type", Json("default")) != Json("default")) scaling = *rope;
    }
    config["rope_base"] = theta.is_null() ? Json(10000.0) : theta;  // Hugging Face's default
    config["rope_scaling"] = nullptr;
    if (!scaling.is_null()) {
        if (!scaling.is_object()) return makeError(ErrorCode::InvalidData, "\"rope_scaling\" is no object");
        const Json type = scaling.value("rope_type", scaling.value("type", Json("default")));
        if (type == Json("linear"))
            config["rope_scaling"] = scaling.value("factor", Json());
        else if (type != Json("default"))
            return unsupported("its positions are scaled by the rule " + type.dump().substr(0, 40) +
                               "; this program knows \"linear\" alone");
    }
    config["use_qk_norm"] = true;
    config["use_sub_norm"] = false;
    config["attn_logit_soft_cap"] = nullptr;
    config["final_logit_soft_cap"] = nullptr;
    return config;
}

}  // namespace distillix
