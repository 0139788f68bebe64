// SPDX-License-Identifier: Apache-2.0
#include "core/model/config.h"

#include "core/base/files.h"
#include "core/base/json.h"

namespace distillix {

namespace {

Error configError(const std::string& message) {
    return makeError(ErrorCode::InvalidData, message);
}

ModelPreset preset(std::string name, std::string help, int vocab, int d, int layers, int heads, int kvHeads, int mlp,
                   int tokens, bool softCaps) {
    ModelPreset p{std::move(name), std::move(help), {}};
    p.config.vocabSize = vocab;
    p.config.hiddenDim = d;
    p.config.numLayers = layers;
    p.config.numHeads = heads;
    p.config.numKvHeads = kvHeads;
    p.config.mlpHiddenDim = mlp;
    p.config.maxSeqLen = tokens;
    if (!softCaps) {
        p.config.attnLogitSoftCap.reset();
        p.config.finalLogitSoftCap.reset();
    }
    const auto normalized = p.config.normalize();
    (void)normalized;  // the table below is well-formed; a test holds it to that
    return p;
}

}  // namespace

std::int64_t ModelConfig::parameterCount() const {
    const std::int64_t d = hiddenDim, f = mlpHiddenDim, v = vocabSize, h = headDim ? headDim : hiddenDim / numHeads;
    const std::int64_t q = h * numHeads, kv = h * numKvHeads;
    std::int64_t layer = q * d * 2 + 2 * kv * d + 3 * f * d + 2 * d;
    if (useQkNorm) layer += 2 * h;
    if (useSubNorm) layer += q + f;
    return layer * numLayers + v * d * (tieWordEmbeddings ? 1 : 2) + d;
}

Result<void> ModelConfig::normalize() {
    if (headDim == 0) {
        if (hiddenDim % numHeads != 0)
            return configError("\"hidden_dim\" (" + std::to_string(hiddenDim) + ") is no multiple of \"num_heads\" (" +
                               std::to_string(numHeads) + "); set \"head_dim\"");
        headDim = hiddenDim / numHeads;
    }
    if (headDim % 2 != 0)
        return configError("\"head_dim\" must be even for rotary positions, not " + std::to_string(headDim));
    if (numHeads % numKvHeads != 0)
        return configError("\"num_heads\" (" + std::to_string(numHeads) + ") is no multiple of \"num_kv_heads\" (" +
                           std::to_string(numKvHeads) + ")");
    // Rows are addressed with 32-bit integers in the operations; so are parameters in one matrix.
    const std::int64_t largest =
        std::max<std::int64_t>({std::int64_t{vocabSize} * hiddenDim, std::int64_t{2} * mlpHiddenDim * hiddenDim,
                                std::int64_t{numHeads + 2 * numKvHeads} * headDim * hiddenDim});
    if (largest > std::int64_t{1} << 31) return configError("a single matrix would have more than 2^31 weights");
    return {};
}

Result<ModelConfig> modelConfigFromJson(const nlohmann::ordered_json& json) {
    ModelConfig config;
    TRY_VOID(fieldsFromJson(config, json, &config.unknown));
    TRY_VOID(config.normalize());
    return config;
}

nlohmann::ordered_json modelConfigToJson(const ModelConfig& config) {
    nlohmann::ordered_json json = fieldsToJson(config);
    for (const auto& [key, value] : config.unknown.items()) json[key] = value;
    return json;
}

Result<ModelConfig> loadModelConfig(const std::filesystem::path& configJson) {
    const std::string text = TRY(readFile(configJson, 1 << 20));
    const auto json = parseJson(text);
    if (json.is_discarded())
        return makeError(ErrorCode::InvalidData, "is not valid JSON, or nests too deep", configJson.string());
    return TRY_AT(modelConfigFromJson(json), configJson.string());
}

const std::vector<ModelPreset>& modelPresets() {
    // The published three first; the project's own small ones have no soft-caps, so that they export exactly, and
    // dimensions that are multiples of 256, which GGUF's ternary blocks need.
    static const std::vector<ModelPreset> presets = {
        preset("sample", "2.0 M parameters: learns the sample dataset in about two minutes on two cores", 1024, 256, 3,
               4, 2, 512, 256, false),
        preset("small", "5.6 M parameters: a folder of code in twenty minutes on two cores", 8000, 256, 5, 4, 2, 768,
               512, false),
        preset("medium", "19 M parameters: an evening on a desktop's processor", 8000, 512, 6, 8, 2, 1280, 512, false),
        preset("39M", "The original's \"50M\"", 32000, 512, 8, 8, 2, 1408, 1024, true),
        preset("100M", "The original's default: 100.1 M parameters", 32000, 768, 12, 12, 4, 2048, 2048, true),
        preset("213M", "The original's \"300M\"", 32000, 1024, 16, 16, 4, 2816, 4096, true),
    };
    return presets;
}

Result<ModelPreset> findModelPreset(const std::string& name) {
    std::string known;
    for (const auto& p : modelPresets()) {
        if (p.name == name) return p;
        known += (known.empty() ? "" : ", ") + p.name;
    }
    return makeError(ErrorCode::NotFound, "there is no preset \"" + name + "\"; there are " + known);
}

}  // namespace distillix
