// SPDX-License-Identifier: Apache-2.0
#include "core/interchange/weights_file.h"

#include <cmath>
#include <deque>

#include "core/formats/i2s.h"
#include "core/formats/pt.h"
#include "core/formats/safetensors.h"
#include "core/formats/tensor_values.h"
#include "core/model/parameters.h"
#include "core/quant/ternary.h"

namespace distillix {
namespace {

constexpr WeightsFormName kForms[] = {
    {WeightsForm::SafetensorsF32, "safetensors", ".safetensors", "latent weights in float32, exact"},
    {WeightsForm::SafetensorsBf16, "safetensors-bf16", ".safetensors", "latent weights in bfloat16"},
    {WeightsForm::SafetensorsF16, "safetensors-f16", ".safetensors", "latent weights in float16"},
    {WeightsForm::SafetensorsI2s, "i2s", ".safetensors", "ternary weights packed in two bits, with their scales"},
    {WeightsForm::Pt, "pt", ".pt", "PyTorch state dict, latent weights in float32, exact"}};

/// Bytes and tensors of a file while it is written; a deque keeps its elements where they are.
struct Pieces {
    std::vector<SafetensorsTensor> tensors;
    std::deque<std::vector<std::byte>> bytes;

    void add(std::string name, DType type, std::vector<std::int64_t> shape, std::vector<std::byte> data) {
        bytes.push_back(std::move(data));
        tensors.push_back({std::move(name), type, std::move(shape), bytes.back()});
    }
};

template <typename T>
std::vector<std::byte> copied(const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {bytes.begin(), bytes.end()};
}

/// Codes, scales and shape of one projection, as the quantizer finds them.
void addI2s(Pieces& pieces, const ModelConfig& config, const Parameter& parameter, std::span<const float> weights) {
    const auto rows = static_cast<std::size_t>(parameter.rows), cols = static_cast<std::size_t>(parameter.cols);
    const auto eps = static_cast<float>(config.quantizationEps);
    const std::size_t groupRows = config.bitlinearPerChannel ? 1 : rows;
    std::vector<std::int8_t> codes(weights.size());
    std::vector<float> gammas;
    for (std::size_t r = 0; r < rows; r += groupRows) {
        const float* group = weights.data() + r * cols;
        gammas.push_back(ternaryGamma(absSum(group, groupRows, cols), groupRows * cols, eps));
        for (std::size_t i = 0; i < groupRows * cols; ++i) codes[r * cols + i] = ternaryCode(group[i], gammas.back());
    }
    const std::string stem = parameter.name.substr(0, parameter.name.size() - std::string_view(".weight").size());
    std::vector<std::byte> packed = i2sPack(codes);
    const auto packedBytes = static_cast<std::int64_t>(packed.size());
    pieces.add(parameter.name, DType::U8, {packedBytes}, std::move(packed));
    pieces.add(stem + "_scale", DType::F32, {static_cast<std::int64_t>(gammas.size())}, copied(gammas));
    pieces.add(stem + "_shape", DType::I32, {2}, copied(std::vector<std::int32_t>{parameter.rows, parameter.cols}));
}

}  // namespace

std::span<const WeightsFormName> weightsForms() {
    return kForms;
}

Result<void> writeWeightsFile(const std::filesystem::path& path, const ModelConfig& config,
                              std::span<const float> values, WeightsForm form) {
    const ParameterLayout layout(config);
    if (values.size() != layout.total)
        return makeError(ErrorCode::Internal, "weights of another layout", path.string());
    if (form == WeightsForm::SafetensorsI2s && !config.useBitlinear)
        return makeError(ErrorCode::Unsupported,
                         "a model without BitLinear (use_bitlinear false) has no ternary weights to pack",
                         path.string());
    const DType type = form == WeightsForm::SafetensorsBf16  ? DType::BF16
                       : form == WeightsForm::SafetensorsF16 ? DType::F16
                                                             : DType::F32;
    Pieces pieces;
    for (const Parameter& parameter : layout.parameters) {
        const auto weights = values.subspan(parameter.offset, parameter.count());
        if (form == WeightsForm::SafetensorsI2s && parameter.kind == Parameter::Kind::Projection) {
            addI2s(pieces, config, parameter, weights);
        } else if (type == DType::F32) {
            pieces.tensors.push_back({parameter.name, type, parameter.shape(), std::as_bytes(weights)});
        } else {
            std::vector<std::byte> bytes = bytesFromFloats(type, weights);
            for (std::size_t i = 0; i < weights.size(); ++i)
                if (std::isfinite(weights[i]) && !std::isfinite(floatAt(type, bytes.data(), i)))
                    return makeError(ErrorCode::Unsupported,
                                     "holds " + std::to_string(weights[i]) + ", which " + std::string(dtypeName(type)) +
                                         " cannot hold",
                                     path.string() + ": tensor \"" + parameter.name + "\"");
            pieces.add(parameter.name, type, parameter.shape(), std::move(bytes));
        }
    }
    if (form == WeightsForm::Pt) return writePt(path, pieces.tensors);
    std::map<std::string, std::string> metadata{{"format", "distillix"},
                                                {kSafetensorsConfigKey, modelConfigToJson(config).dump()}};
    if (form == WeightsForm::SafetensorsI2s) metadata["quantization"] = "i2_s";
    return writeSafetensors(path, pieces.tensors, metadata);
}

}  // namespace distillix
