// SPDX-License-Identifier: Apache-2.0
#include "core/interchange/import_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "core/base/files.h"
#include "core/data/tokenizer.h"
#include "core/formats/safetensors.h"
#include "core/formats/tensor_values.h"
#include "core/interchange/model_origin.h"
#include "core/interchange/model_source.h"
#include "core/model/parameters.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

/// The weights of a model while they are brought into shape.
struct Assembly {
    ModelConfig config;
    std::vector<float> values;                     ///< at the layout's offsets
    std::map<std::size_t, TernaryMatrix> ternary;  ///< by offset: what latent weights are still to be made of
};

std::span<float> weightsOf(Assembly& assembly, const Parameter& parameter) {
    return std::span(assembly.values).subspan(parameter.offset, parameter.count());
}

/// The configuration from what was given, what lies beside the weights and what the shapes tell, in that order.
Result<ModelConfig> chooseConfig(const ModelSource& source, const ModelImportOptions& options,
                                 ModelImportReport& report) {
    if (source.wholeConfig) {
        ModelConfig config = *source.wholeConfig;
        TRY_VOID(fieldsFromJson(config, options.given));
        TRY_VOID(config.normalize());
        return config;
    }
    Json json = source.config.value_or(Json());
    if (!source.config) {
        json = TRY(configFromShapes(source.tensors, options.given));
        for (const auto& [key, value] : json.items()) report.inferred.push_back(key);
    }
    for (const auto& [key, value] : options.given.items()) json[key] = value;
    const ModelConfig config = TRY(modelConfigFromJson(json));
    ModelConfig::forEachField(config, [&](const auto&, const Field& field) {
        if (!json.contains(field.name)) report.defaulted.emplace_back(field.name);
    });
    return config;
}

/// A head that repeats the embedding is what some programs save of a tied model. `said`: what the configuration says of
/// tying, nothing where there is none: then the two tensors tell.
Result<void> settleHead(ModelSource& source, std::optional<bool> said) {
    const auto find = [&](const char* name) {
        return std::find_if(source.tensors.begin(), source.tensors.end(),
                            [&](const SourceTensor& tensor) { return tensor.name == name; });
    };
    const auto head = find("lm_head.weight"), embedding = find("embed_tokens.weight");
    if (head == source.tensors.end() || embedding == source.tensors.end() || said == false) return {};
    const bool same = head->floats && embedding->floats && head->shape == embedding->shape &&
                      TRY(head->floats()) == TRY(embedding->floats());
    if (!same && !said) return {};
    if (!same)
        return makeError(ErrorCode::InvalidData,
                         "differs from embed_tokens.weight, but the configuration ties the two: give "
                         "--no-tie-word-embeddings if the file is right",
                         head->place);
    source.tensors.erase(head);
    source.notes.emplace_back("lm_head.weight repeats embed_tokens.weight and was left out: the model is tied.");
    return {};
}

/// Fills `assembly` from named tensors, each of which must have its place, and each place its tensor.
Result<void> takeTensors(const ModelSource& source, Assembly& assembly) {
    const ParameterLayout layout(assembly.config);
    std::map<std::string, const SourceTensor*> byName;
    for (const SourceTensor& tensor : source.tensors) {
        if (!layout.find(tensor.name))
            return makeError(ErrorCode::InvalidData,
                             "has no place in a model of this configuration (as \"" + tensor.name + "\")",
                             tensor.place);
        byName[tensor.name] = &tensor;
    }
    // All shapes before the memory: a configuration that does not belong to the file must not cost any.
    for (const Parameter& parameter : layout.parameters) {
        const auto found = byName.find(parameter.name);
        if (found == byName.end())
            return makeError(ErrorCode::InvalidData,
                             "the source has no tensor \"" + parameter.name + "\", which this configuration needs");
        if (found->second->shape != parameter.shape())
            return makeError(ErrorCode::InvalidData,
                             "has the shape " + shapeText(found->second->shape) + ", but " +
                                 shapeText(parameter.shape()) + " is needed",
                             found->second->place);
    }
    assembly.values.assign(layout.total, 0.0f);
    for (const Parameter& parameter : layout.parameters) {
        const SourceTensor& tensor = *byName[parameter.name];
        if (tensor.ternary) {
            if (parameter.kind != Parameter::Kind::Projection || !assembly.config.useBitlinear)
                return makeError(ErrorCode::InvalidData, "is packed as ternary weights, which it cannot be here",
                                 tensor.place);
            assembly.ternary.emplace(parameter.offset, TRY(tensor.ternary()));
            continue;
        }
        const std::vector<float> values = TRY(tensor.floats());
        for (std::size_t i = 0; i < values.size(); ++i)
            if (!std::isfinite(values[i]))
                return makeError(ErrorCode::InvalidData,
                                 "holds a value that is not finite, at element " + std::to_string(i), tensor.place);
        std::copy(values.begin(), values.end(),
                  assembly.values.begin() + static_cast<std::ptrdiff_t>(parameter.offset));
    }
    return {};
}

/// Weights of a plain linear layer: if all of them are ternary times a scale, they came from a BitLinear model, and it
/// becomes one again.
void recogniseTernary(Assembly& assembly, bool useBitlinearGiven) {
    const ParameterLayout layout(assembly.config);
    if (useBitlinearGiven && !assembly.config.useBitlinear) return;
    for (const bool perRow : {false, true}) {
        std::map<std::size_t, TernaryMatrix> found;
        bool all = true;
        for (const Parameter& parameter : layout.parameters) {
            if (parameter.kind != Parameter::Kind::Projection) continue;
            auto matrix = ternaryMatrixOf(weightsOf(assembly, parameter), static_cast<std::size_t>(parameter.rows),
                                          static_cast<std::size_t>(parameter.cols), perRow);
            if (!matrix) {
                all = false;
                break;
            }
            found.emplace(parameter.offset, std::move(*matrix));
        }
        if (!all) continue;
        assembly.config.useBitlinear = true;
        assembly.config.bitlinearPerChannel = perRow;
        assembly.ternary = std::move(found);
        return;
    }
}

Result<void> makeLatent(Assembly& assembly, ModelImportReport& report) {
    const ParameterLayout layout(assembly.config);
    const auto eps = static_cast<float>(assembly.config.quantizationEps);
    for (const Parameter& parameter : layout.parameters) {
        const auto found = assembly.ternary.find(parameter.offset);
        if (found == assembly.ternary.end()) continue;
        const bool perRow = found->second.gammas.size() != 1;
        if (perRow != assembly.config.bitlinearPerChannel && parameter.rows > 1)
            return makeError(ErrorCode::InvalidData,
                             perRow ? "has a scale for each row, but the configuration says one for the matrix: give "
                                      "--bitlinear-per-channel"
                                    : "has one scale, but the configuration (bitlinear_per_channel) wants one a row",
                             "tensor \"" + parameter.name + "\"");
        const double difference =
            TRY_AT(latentFromTernary(found->second, static_cast<std::size_t>(parameter.rows),
                                     static_cast<std::size_t>(parameter.cols), eps, weightsOf(assembly, parameter)),
                   "tensor \"" + parameter.name + "\"");
        report.gammaDifference = std::max(report.gammaDifference, difference);
        ++report.ternaryMatrices;
    }
    return {};
}

/// The tokenizer that goes along: the one asked for, or the one found if it fits.
Result<std::string> chooseTokenizer(const ModelSource& source, const ModelImportOptions& options,
                                    const ModelConfig& config, ModelImportReport& report) {
    const auto wrongSize = [&](const Tokenizer& tokenizer) {
        return "has " + std::to_string(tokenizer.size()) + " pieces, but the model's vocabulary is " +
               std::to_string(config.vocabSize);
    };
    if (!options.tokenizer.empty()) {
        const Tokenizer tokenizer = TRY(Tokenizer::load(options.tokenizer));
        if (tokenizer.size() != config.vocabSize)
            return makeError(ErrorCode::InvalidData, wrongSize(tokenizer), options.tokenizer.string());
        report.tokenizer = true;
        return tokenizer.serialized();
    }
    if (source.tokenizerModel.empty()) {
        if (source.notes.empty() || source.notes.back().find("tokenizer") == std::string::npos)
            report.notes.emplace_back(
                "No tokenizer.model was found, so the model works on token ids; --tokenizer FILE gives it one.");
        return std::string();
    }
    const auto tokenizer = Tokenizer::fromBytes(source.tokenizerModel);
    if (!tokenizer.ok()) {
        report.notes.push_back(
            "Its tokenizer.model was left out, so the model works on token ids: " + tokenizer.error().text() + ".");
        return std::string();
    }
    if (tokenizer->size() != config.vocabSize) {
        report.notes.push_back("Its tokenizer.model was left out, so the model works on token ids: it " +
                               wrongSize(*tokenizer) + ".");
        return std::string();
    }
    report.tokenizer = true;
    return source.tokenizerModel;
}

/// What was written is what was meant, bit for bit.
Result<void> compareWritten(const fs::path& folder, const Assembly& assembly) {
    const ModelConfig config = TRY(loadModelConfig(folder / "config.json"));
    if (modelConfigToJson(config) != modelConfigToJson(assembly.config))
        return makeError(ErrorCode::Internal, "config.json reads back as another configuration", folder.string());
    const SafetensorsFile file = TRY(SafetensorsFile::open(folder / "model.safetensors"));
    const ParameterLayout layout(config);
    for (const Parameter& parameter : layout.parameters) {
        const std::vector<float> values = TRY(file.floats(parameter.name, parameter.shape()));
        if (std::memcmp(values.data(), assembly.values.data() + parameter.offset, values.size() * sizeof(float)) != 0)
            return makeError(ErrorCode::Internal, "reads back as other weights",
                             folder.string() + ": tensor \"" + parameter.name + "\"");
    }
    return {};
}

/// Everything up to the weights.
Result<Assembly> assemble(ModelSource& source, const ModelImportOptions& options, ModelImportReport& report) {
    report.format = source.format;
    report.prefix = source.prefix;
    Assembly assembly;
    const bool useBitlinearGiven = options.given.contains("use_bitlinear");
    if (source.wholeParameters) {
        assembly.config = TRY(chooseConfig(source, options, report));
        assembly.values = TRY(source.wholeParameters(assembly.config));
    } else {
        std::optional<bool> tied;
        if (source.config) tied = source.config->value("tie_word_embeddings", Json(true)) != Json(false);
        if (options.given.contains("tie_word_embeddings")) tied = options.given["tie_word_embeddings"] != Json(false);
        TRY_VOID(settleHead(source, tied));
        assembly.config = TRY_AT(chooseConfig(source, options, report), options.source.string());
        // Until the weights show that they are ternary, they are what they are.
        if (source.effectiveWeights && !useBitlinearGiven) assembly.config.useBitlinear = false;
        TRY_VOID(takeTensors(source, assembly));
    }
    if (source.effectiveWeights) recogniseTernary(assembly, useBitlinearGiven);
    TRY_VOID(makeLatent(assembly, report));
    report.config = assembly.config;
    return assembly;
}

}  // namespace

Result<ImportedModel> readModel(const ModelImportOptions& options, ModelImportReport& report) {
    ModelSource source = TRY(openModelSource(options.source, options.config));
    Assembly assembly = TRY(assemble(source, options, report));
    return ImportedModel{std::move(assembly.config), std::move(assembly.values)};
}

Result<ModelImportReport> importModel(const ModelImportOptions& options) {
    // Before the work: the name must be free.
    AtomicFolder folder = TRY(AtomicFolder::create(options.output));
    ModelSource source = TRY(openModelSource(options.source, options.config));
    ModelImportReport report;
    Assembly assembly = TRY(assemble(source, options, report));
    const std::string tokenizer = TRY(chooseTokenizer(source, options, assembly.config, report));
    report.notes.insert(report.notes.begin(), source.notes.begin(), source.notes.end());

    TRY_VOID(writeFileAtomic(folder.path() / "config.json", modelConfigToJson(assembly.config).dump(2) + "\n"));
    {
        const ParameterLayout layout(assembly.config);
        std::vector<SafetensorsTensor> tensors;
        for (const Parameter& parameter : layout.parameters)
            tensors.push_back({parameter.name, DType::F32, parameter.shape(),
                               std::as_bytes(std::span<const float>(weightsOf(assembly, parameter)))});
        TRY_VOID(writeSafetensors(folder.path() / "model.safetensors", tensors, {{"format", "distillix"}}));
    }
    if (!tokenizer.empty()) TRY_VOID(writeFileAtomic(folder.path() / "tokenizer.model", tokenizer));
    TRY_VOID(saveStoredTemplate(folder.path(), source.chat));
    const ModelOrigin origin = TRY(originOf(options.source, source.format, source.weightFiles));
    TRY_VOID(saveModelOrigin(folder.path(), origin));
    TRY_VOID(compareWritten(folder.path(), assembly));
    if (options.verify) TRY_VOID(options.verify(folder.path(), assembly.config));
    TRY_VOID(folder.commit());
    return report;
}

}  // namespace distillix
