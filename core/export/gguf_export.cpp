// SPDX-License-Identifier: Apache-2.0
// GGUF for stock llama.cpp and what is built on it (gguf.md).
#include <algorithm>

#include "core/base/files.h"
#include "core/export/exporter.h"
#include "core/export/ollama.h"
#include "core/interchange/gguf_model.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

bool isTernary(GgmlType type) {
    return type == GgmlType::TQ1_0 || type == GgmlType::TQ2_0;
}

/// The type that rows of `columns` can have: the one that is wanted, else Q8_0 (which keeps a ternary pattern without
/// loss as well), else F16.
GgmlType fittingType(GgmlType wanted, int columns) {
    for (const GgmlType type : {wanted, GgmlType::Q8_0})
        if (columns % ggmlTypeFacts(type).blockElements == 0) return type;
    return GgmlType::F16;
}

Tolerance toleranceOf(GgmlType type, bool ternaryValues) {
    switch (type) {
        case GgmlType::F32:
            return {};
        case GgmlType::F16:
            return {0x1p-11, 0, 0x1p-25};
        case GgmlType::BF16:
            return {0x1p-8, 0, 0};
        case GgmlType::TQ1_0:
        case GgmlType::TQ2_0:
            return {0x1p-10, 0, 0};  // a zero stays a zero, a sign a sign
        case GgmlType::Q8_0:
            // Ternary values are 0 or ±127 steps, so only the step's own rounding counts.
            return ternaryValues ? Tolerance{0x1p-10, 0, 0} : Tolerance{0x1p-10, 0.51 / 127, 0};
        case GgmlType::Q6_K:
            return {0, 1.0 / 16, 0};
    }
    return {};
}

/// The tensors, without values.
Result<std::vector<GgufTensor>> tensorsOf(const ExportPlan& plan, const ModelConfig& config) {
    const ParameterLayout layout(config);
    std::vector<GgufTensor> tensors;
    for (const PlannedTensor& planned : plan.tensors)
        tensors.push_back(
            {planned.name, TRY(ggmlTypeFromName(planned.type)), layout.find(planned.parameter)->shape(), {}});
    return tensors;
}

Result<GgufMetadata> metadataOf(const ExportSource& source, const ExportPlan& plan, std::vector<std::string>& notes) {
    const GgmlType type = TRY(ggmlTypeFromName(plan.type));
    GgufMetadata metadata =
        ggufModelMetadata(source.config, plan.architecture, source.name, ggmlTypeFacts(type).fileType);
    GgufMetadata tokenizer =
        TRY(ggufTokenizerMetadata(source.tokenizer ? &*source.tokenizer : nullptr, source.chatTemplate, notes));
    metadata.insert(metadata.end(), std::make_move_iterator(tokenizer.begin()),
                    std::make_move_iterator(tokenizer.end()));
    return metadata;
}

class GgufFormat : public ExportFormat {
  public:
    const char* name() const override { return "gguf"; }
    const char* help() const override { return "one file for llama.cpp, Ollama, LM Studio and others built on it"; }
    bool isFolder() const override { return false; }
    std::vector<std::string> types() const override { return {"TQ2_0", "TQ1_0", "Q8_0", "F16", "BF16", "F32"}; }
    std::vector<std::string> embeddings() const override { return {"F16", "Q8_0", "Q6_K", "BF16", "F32"}; }

    Result<ExportPlan> plan(const ExportSource& source, const ExportOptions& options) const override {
        const ModelConfig& config = source.config;
        ExportPlan plan;
        plan.architecture = TRY(ggufArchitecture(config));
        const std::string wantedType = options.type.empty() ? (config.useBitlinear ? "TQ2_0" : "F16") : options.type;
        const GgmlType type = TRY(ggmlTypeFromName(wantedType));
        const GgmlType embedding = TRY(ggmlTypeFromName(options.embedding.empty() ? "F16" : options.embedding));
        if (isTernary(type) && !config.useBitlinear)
            return makeError(ErrorCode::InvalidArgument,
                             "this model's weights are not ternary (use_bitlinear is off): " + wantedType +
                                 " would destroy them; take F16 or Q8_0");
        if (isTernary(embedding))
            return makeError(ErrorCode::InvalidArgument, "the embedding is not ternary; take F16, Q8_0 or Q6_K for it");
        plan.type = ggmlTypeFacts(type).name;
        plan.embedding = ggmlTypeFacts(embedding).name;
        std::map<std::string, std::pair<int, std::string>> fallbacks;  // by reason: how many, the first
        for (const Parameter& p : ParameterLayout(config).parameters) {
            const bool projection = p.kind == Parameter::Kind::Projection;
            const GgmlType wanted = projection ? type : p.kind == Parameter::Kind::Norm ? GgmlType::F32 : embedding;
            const GgmlType fitting = fittingType(wanted, p.cols);
            PlannedTensor tensor{p.name,
                                 ggufTensorName(p.name),
                                 ggmlTypeFacts(fitting).name,
                                 p.count(),
                                 ggmlBytes(fitting, static_cast<std::size_t>(p.rows), static_cast<std::size_t>(p.cols)),
                                 toleranceOf(fitting, projection && config.useBitlinear)};
            if (fitting != wanted) {
                auto& [count, first] =
                    fallbacks["have rows of " + std::to_string(p.cols) + " weights, no multiple of the " +
                              std::to_string(ggmlTypeFacts(wanted).blockElements) + " in a block of " +
                              ggmlTypeFacts(wanted).name + ", and become " + tensor.type];
                if (count++ == 0) first = tensor.name;
            }
            plan.tensors.push_back(std::move(tensor));
        }
        for (const auto& [reason, which] : fallbacks)
            plan.notes.push_back(std::to_string(which.first) + " tensors (" + which.second + ", …) " + reason + ".");
        plan.approximate = config.attnLogitSoftCap || config.finalLogitSoftCap;
        if (plan.approximate)
            plan.notes.emplace_back(
                "The model has soft-caps, which llama.cpp does not compute: what it says differs, by as much as is "
                "measured.");
        const GgufMetadata metadata = TRY(metadataOf(source, plan, plan.notes));
        const std::vector<GgufTensor> tensors = TRY(tensorsOf(plan, config));
        plan.files.push_back({"model", TRY(ggufFileBytes(metadata, tensors))});
        if (options.ollama) plan.files.push_back({"Modelfile", ollamaModelfile(source, "model.gguf").size()});
        return plan;
    }

    Result<void> write(const ExportJob& job, const ModelValues& expected, const fs::path& target) const override {
        const ParameterLayout layout(expected.config);
        std::vector<GgufTensor> tensors = TRY(tensorsOf(job.plan, expected.config));
        std::vector<std::vector<float>> moved(tensors.size());  // q and k in another order of rows
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            const Parameter& p = *layout.find(job.plan.tensors[i].parameter);
            tensors[i].values = std::span(expected.values).subspan(p.offset, p.count());
            if (const int heads = ropeHeads(job.plan.architecture, p, expected.config)) {
                moved[i].assign(tensors[i].values.begin(), tensors[i].values.end());
                interleaveRopeRows(moved[i], heads, expected.config.headDim, p.cols);
                tensors[i].values = moved[i];
            }
        }
        std::vector<std::string> told;
        const GgufMetadata metadata = TRY(metadataOf(job.source, job.plan, told));
        return writeGguf(target, metadata, tensors);
    }

    Result<ModelValues> readBack(const ExportJob& job, const fs::path& target) const override {
        const GgufFile file = TRY(GgufFile::open(target));
        ModelValues back;
        back.config = TRY_AT(ggufModelConfig(file), target.string());
        back.values = TRY_AT(ggufParameters(file, back.config), target.string());
        const Tokenizer* tokenizer = job.source.tokenizer ? &*job.source.tokenizer : nullptr;
        if (tokenizer) {
            const GgufValue* tokens = file.value("tokenizer.ggml.tokens");
            for (int id = 0; id < tokenizer->size(); ++id)
                if (!tokens || tokens->texts.size() != static_cast<std::size_t>(tokenizer->size()) ||
                    tokens->texts[static_cast<std::size_t>(id)] != tokenizer->piece(id))
                    return makeError(ErrorCode::Internal,
                                     "piece " + std::to_string(id) + " was not read back as written", target.string());
        }
        return back;
    }

    Result<void> finish(const ExportJob& job, const ExportReport&, const fs::path& target) const override {
        if (!job.options.ollama) return {};
        fs::path modelfile = target;
        modelfile.replace_extension(".Modelfile");
        return writeFileAtomic(modelfile, ollamaModelfile(job.source, target.filename().string()));
    }
};

}  // namespace

std::unique_ptr<ExportFormat> makeGgufFormat() {
    return std::make_unique<GgufFormat>();
}

}  // namespace distillix
