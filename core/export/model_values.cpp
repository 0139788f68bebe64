// SPDX-License-Identifier: Apache-2.0
#include "core/export/model_values.h"

#include "core/model/training_pass.h"
#include "core/quant/latent.h"
#include "core/quant/ternary.h"

namespace distillix {

Result<ModelValues> loadModelValues(Backend& backend, const std::filesystem::path& folder) {
    ModelValues model;
    model.config = TRY(loadModelConfig(folder / "config.json"));
    const std::filesystem::path path = folder / "model.safetensors";
    const SafetensorsFile file = TRY(SafetensorsFile::open(path));
    PassOptions options;
    options.tokens = 1;
    options.keep = PassOptions::Keep::Nothing;
    Runtime runtime = TRY(Runtime::create(backend, {}, passWorkload(model.config, options)));
    ModelWeights weights = TRY(ModelWeights::create(runtime, model.config, 1, false));
    auto loaded = weights.load(file);
    if (!loaded.ok()) return loaded.takeError().at(path.string());
    model.values = TRY(weights.download());
    return model;
}

ModelValues plainValues(ModelValues model) {
    if (!model.config.useBitlinear) return model;
    const auto eps = static_cast<float>(model.config.quantizationEps);
    for (const Parameter& parameter : ParameterLayout(model.config).parameters) {
        if (parameter.kind != Parameter::Kind::Projection) continue;
        const auto rows = static_cast<std::size_t>(parameter.rows), cols = static_cast<std::size_t>(parameter.cols);
        float* w = model.values.data() + parameter.offset;
        float gamma = ternaryGamma(absSum(w, rows, cols), rows * cols, eps);
        for (std::size_t r = 0; r < rows; ++r) {
            float* row = w + r * cols;
            if (model.config.bitlinearPerChannel) gamma = ternaryGamma(absSumRow(row, cols), cols, eps);
            for (std::size_t c = 0; c < cols; ++c) row[c] = gamma * static_cast<float>(ternaryCode(row[c], gamma));
        }
    }
    model.config.useBitlinear = false;
    return model;
}

Result<ModelValues> latentsOfCodes(ModelValues model) {
    const auto eps = static_cast<float>(model.config.quantizationEps);
    for (const Parameter& parameter : ParameterLayout(model.config).parameters) {
        if (parameter.kind != Parameter::Kind::Projection) continue;
        const auto rows = static_cast<std::size_t>(parameter.rows), cols = static_cast<std::size_t>(parameter.cols);
        const std::size_t groupRows = model.config.bitlinearPerChannel ? 1 : rows;
        const auto latent = std::span(model.values).subspan(parameter.offset, rows * cols);
        TernaryMatrix matrix;
        matrix.codes.resize(rows * cols);
        for (std::size_t r = 0; r < rows; r += groupRows) {
            const float* group = latent.data() + r * cols;
            matrix.gammas.push_back(ternaryGamma(absSum(group, groupRows, cols), groupRows * cols, eps));
            for (std::size_t i = 0; i < groupRows * cols; ++i)
                matrix.codes[r * cols + i] = ternaryCode(group[i], matrix.gammas.back());
        }
        TRY_AT(latentFromTernary(matrix, rows, cols, eps, latent), parameter.name);
    }
    return model;
}

}  // namespace distillix
