// SPDX-License-Identifier: Apache-2.0
// A folder as `transformers` loads it (hugging_face.md).
#include <algorithm>

#include "core/base/files.h"
#include "core/export/exporter.h"
#include "core/export/model_card.h"
#include "core/export/tokenizer_json.h"
#include "core/formats/safetensors.h"
#include "core/infer/generator.h"
#include "core/interchange/gguf_model.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

struct Architecture {
    const char* gguf;  ///< the same choice as for llama.cpp
    const char* modelType;
    const char* className;
};
constexpr Architecture kArchitectures[] = {{"qwen3", "qwen3", "Qwen3ForCausalLM"},
                                           {"llama", "llama", "LlamaForCausalLM"},
                                           {"bitnet", "bitnet", "BitNetForCausalLM"}};

struct FileType {
    const char* name;
    DType type;
    const char* torch;
    Tolerance tolerance;
};
constexpr FileType kTypes[] = {{"F16", DType::F16, "float16", {0x1p-11, 0, 0x1p-25}},
                               {"BF16", DType::BF16, "bfloat16", {0x1p-8, 0, 0}},
                               {"F32", DType::F32, "float32", {}}};

Result<const FileType*> findType(std::string name) {
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    for (const FileType& type : kTypes)
        if (name == type.name) return &type;
    return makeError(ErrorCode::InvalidArgument,
                     "\"" + name + "\" is no type of this format; there are F16, BF16, F32");
}

std::string tensorName(const std::string& parameter) {
    if (parameter == "lm_head.weight") return parameter;
    std::string name = "model." + parameter;
    for (const auto& [ours, theirs] :
         {std::pair{"self_attn.sub_norm", "self_attn.attn_sub_norm"}, std::pair{"mlp.sub_norm", "mlp.ffn_sub_norm"}})
        if (const auto at = name.find(ours); at != std::string::npos)
            name.replace(at, std::string(ours).size(), theirs);
    return name;
}

Json configOf(const ExportSource& source, const Architecture& architecture, const FileType& type) {
    const ModelConfig& c = source.config;
    const auto token = [&](int id) { return id >= 0 ? Json(id) : Json(nullptr); };
    const Tokenizer* t = source.tokenizer ? &*source.tokenizer : nullptr;
    Json json = {{"architectures", Json::array({architecture.className})},
                 {"model_type", architecture.modelType},
                 {"vocab_size", c.vocabSize},
                 {"hidden_size", c.hiddenDim},
                 {"intermediate_size", c.mlpHiddenDim},
                 {"num_hidden_layers", c.numLayers},
                 {"num_attention_heads", c.numHeads},
                 {"num_key_value_heads", c.numKvHeads},
                 {"head_dim", c.headDim},
                 {"hidden_act", "silu"},
                 {"max_position_embeddings", c.maxSeqLen},
                 {"rms_norm_eps", c.normEps},
                 {"rope_theta", c.ropeBase},
                 {"rope_scaling", nullptr},
                 {"attention_bias", false},
                 {"attention_dropout", 0.0},
                 {"initializer_range", 0.02},
                 {"use_cache", true},
                 {"tie_word_embeddings", c.tieWordEmbeddings},
                 {"torch_dtype", type.torch},
                 {"bos_token_id", token(t ? t->bos() : -1)},
                 {"eos_token_id", token(t ? t->eos() : -1)},
                 {"pad_token_id", token(t ? t->pad() : -1)}};
    if (c.ropeScaling) json["rope_scaling"] = {{"rope_type", "linear"}, {"factor", *c.ropeScaling}};
    if (std::string(architecture.modelType) == "qwen3") {
        json["use_sliding_window"] = false;
        json["sliding_window"] = nullptr;
    }
    return json;
}

/// The configuration that a reader of config.json computes with.
Result<ModelConfig> configBack(const Json& json) {
    const std::string modelType = json.value("model_type", "");
    Json ours = {{"vocab_size", json.at("vocab_size")},
                 {"hidden_dim", json.at("hidden_size")},
                 {"num_layers", json.at("num_hidden_layers")},
                 {"num_heads", json.at("num_attention_heads")},
                 {"num_kv_heads", json.at("num_key_value_heads")},
                 {"head_dim", json.at("head_dim")},
                 {"mlp_hidden_dim", json.at("intermediate_size")},
                 {"max_seq_len", json.at("max_position_embeddings")},
                 {"rope_base", json.at("rope_theta")},
                 {"rope_scaling", json.at("rope_scaling").is_null() ? Json() : json.at("rope_scaling").at("factor")},
                 {"use_bitlinear", false},
                 {"norm_eps", json.at("rms_norm_eps")},
                 {"tie_word_embeddings", json.at("tie_word_embeddings")},
                 {"use_qk_norm", modelType == "qwen3"},
                 {"use_sub_norm", modelType == "bitnet"},
                 {"attn_logit_soft_cap", nullptr},
                 {"final_logit_soft_cap", nullptr}};
    return modelConfigFromJson(ours);
}

/// The files around the weights, by name.
Result<std::vector<std::pair<std::string, std::string>>> textFiles(const ExportSource& source, const ExportPlan& plan) {
    const auto* architecture = std::find_if(std::begin(kArchitectures), std::end(kArchitectures),
                                            [&](const Architecture& a) { return plan.architecture == a.className; });
    std::vector<std::pair<std::string, std::string>> files;
    const FileType* type = TRY(findType(plan.type));
    files.emplace_back("config.json", configOf(source, *architecture, *type).dump(2) + "\n");
    if (!source.tokenizer) return files;
    const Tokenizer& t = *source.tokenizer;
    const SamplingConfig sampling;  // as this program samples where nothing else is asked for
    Json generation = {
        {"do_sample", true}, {"temperature", sampling.temperature}, {"top_k", sampling.topK}, {"top_p", sampling.topP}};
    Json special = Json::object();
    const auto add = [&](const char* name, int id) {
        if (id < 0) return;
        special[std::string(name) + "_token"] = t.piece(id);
        if (std::string(name) != "unk") generation[std::string(name) + "_token_id"] = id;
    };
    add("bos", t.bos());
    add("eos", t.eos());
    add("unk", t.unknown());
    add("pad", t.pad());
    files.emplace_back("generation_config.json", generation.dump(2) + "\n");
    files.emplace_back("special_tokens_map.json", special.dump(2) + "\n");
    Json tokenizer = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                      {"model_max_length", source.config.maxSeqLen},
                      {"clean_up_tokenization_spaces", false},
                      {"add_bos_token", t.bos() >= 0},
                      {"add_eos_token", false},
                      {"add_prefix_space", t.addsSpacePrefix()}};
    tokenizer.update(special);
    if (!source.chatTemplate.empty()) {
        tokenizer["chat_template"] = source.chatTemplate;
        files.emplace_back("chat_template.jinja", source.chatTemplate);
    }
    files.emplace_back("tokenizer_config.json", tokenizer.dump(2) + "\n");
    files.emplace_back("tokenizer.json", TRY(huggingFaceTokenizer(t)));
    files.emplace_back("tokenizer.model", t.serialized());
    return files;
}

class HuggingFaceFormat : public ExportFormat {
  public:
    const char* name() const override { return "hf"; }
    const char* help() const override {
        return "a folder for Hugging Face's transformers, with tokenizer and model card";
    }
    bool isFolder() const override { return true; }
    std::vector<std::string> types() const override { return {"F16", "BF16", "F32"}; }
    std::vector<std::string> embeddings() const override { return {}; }

    Result<ExportPlan> plan(const ExportSource& source, const ExportOptions& options) const override {
        const ModelConfig& config = source.config;
        const std::string gguf = TRY(ggufArchitecture(config));
        const FileType& type = *TRY(findType(options.type.empty() ? "F16" : options.type));
        ExportPlan plan;
        for (const Architecture& a : kArchitectures)
            if (gguf == a.gguf) plan.architecture = a.className;
        plan.type = plan.embedding = type.name;
        std::uint64_t bytes = 64;
        for (const Parameter& p : ParameterLayout(config).parameters) {
            plan.tensors.push_back(
                {p.name, tensorName(p.name), type.name, p.count(), p.count() * dtypeBytes(type.type), type.tolerance});
            bytes += plan.tensors.back().bytes + p.name.size() + 70;
        }
        plan.approximate = config.attnLogitSoftCap || config.finalLogitSoftCap;
        if (plan.approximate)
            plan.notes.push_back("The model has soft-caps, which " + plan.architecture +
                                 " does not compute: what it says differs, by as much as is measured.");
        if (!source.tokenizer)
            plan.notes.emplace_back("The model has no tokenizer.model: the folder works on token ids.");
        plan.files.push_back({"model.safetensors", bytes});
        const auto texts = TRY(textFiles(source, plan));
        for (const auto& [name, text] : texts) plan.files.push_back({name, text.size()});
        plan.files.push_back({"README.md", 3000});
        return plan;
    }

    Result<void> write(const ExportJob& job, const ModelValues& expected, const fs::path& target) const override {
        const FileType& type = *TRY(findType(job.plan.type));
        const ParameterLayout layout(expected.config);
        std::vector<std::vector<std::uint16_t>> halves;
        std::vector<SafetensorsTensor> tensors;
        for (const PlannedTensor& planned : job.plan.tensors) {
            const Parameter& p = *layout.find(planned.parameter);
            const auto values = std::span(expected.values).subspan(p.offset, p.count());
            std::span<const std::byte> bytes = std::as_bytes(values);
            if (type.type != DType::F32) {
                auto& half = halves.emplace_back(values.size());
                for (std::size_t i = 0; i < values.size(); ++i)
                    half[i] = type.type == DType::F16 ? Float16(values[i]).bits : BFloat16(values[i]).bits;
                bytes = std::as_bytes(std::span(half));
            }
            tensors.push_back({planned.name, type.type, p.shape(), bytes});
        }
        // transformers looks for this word before it reads the file.
        TRY_VOID(writeSafetensors(target / "model.safetensors", tensors, {{"format", "pt"}}));
        const auto texts = TRY(textFiles(job.source, job.plan));
        for (const auto& [name, text] : texts) TRY_VOID(writeFileAtomic(target / name, text));
        return {};
    }

    Result<ModelValues> readBack(const ExportJob&, const fs::path& target) const override try {
        const std::string text = TRY(readFile(target / "config.json"));
        const auto json = Json::parse(text);
        ModelValues back;
        back.config = TRY_AT(configBack(json), (target / "config.json").string());
        const SafetensorsFile file = TRY(SafetensorsFile::open(target / "model.safetensors"));
        const ParameterLayout layout(back.config);
        back.values.resize(layout.total);
        for (const Parameter& p : layout.parameters) {
            const std::vector<float> tensor = TRY(file.floats(tensorName(p.name), p.shape()));
            std::copy(tensor.begin(), tensor.end(), back.values.begin() + static_cast<std::ptrdiff_t>(p.offset));
        }
        return back;
    } catch (const nlohmann::json::exception& error) {
        return makeError(ErrorCode::Internal, std::string("cannot be read back: ") + error.what(),
                         (target / "config.json").string());
    }

    Result<void> finish(const ExportJob& job, const ExportReport& report, const fs::path& target) const override {
        return writeFileAtomic(target / "README.md", modelCard(job, report));
    }
};

}  // namespace

std::unique_ptr<ExportFormat> makeHuggingFaceFormat() {
    return std::make_unique<HuggingFaceFormat>();
}

}  // namespace distillix
