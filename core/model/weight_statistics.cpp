// SPDX-License-Identifier: Apache-2.0
#include "core/model/weight_statistics.h"

#include <cmath>

#include "core/formats/safetensors.h"
#include "core/model/parameters.h"
#include "core/quant/ternary.h"

namespace distillix {

Result<std::vector<WeightStatistics>> weightStatistics(const std::filesystem::path& modelFolder,
                                                       const ModelConfig& config) {
    const SafetensorsFile file = TRY(SafetensorsFile::open(modelFolder / "model.safetensors"));
    std::vector<WeightStatistics> all;
    for (const Parameter& parameter : ParameterLayout(config).parameters) {
        const std::vector<float> values = TRY(file.floats(parameter.name, parameter.shape()));
        WeightStatistics one;
        one.name = parameter.name;
        one.rows = parameter.rows;
        one.cols = parameter.cols;
        double squares = 0;
        for (const float value : values) {
            if (!std::isfinite(value))
                return makeError(ErrorCode::InvalidData, "has weights that are not finite: this model is broken",
                                 (modelFolder / "model.safetensors").string() + ": " + parameter.name);
            squares += static_cast<double>(value) * value;
            one.largest = std::max(one.largest, std::fabs(static_cast<double>(value)));
        }
        one.rms = values.empty() ? 0 : std::sqrt(squares / static_cast<double>(values.size()));
        one.ternary = config.useBitlinear && parameter.kind == Parameter::Kind::Projection;
        if (one.ternary) {
            const auto rows = static_cast<std::size_t>(parameter.rows), cols = static_cast<std::size_t>(parameter.cols);
            const auto eps = static_cast<float>(config.quantizationEps);
            const std::size_t groups = config.bitlinearPerChannel ? rows : 1, rowsEach = rows / groups;
            std::int64_t counts[3] = {0, 0, 0};
            for (std::size_t group = 0; group < groups; ++group) {
                const float* weights = values.data() + group * rowsEach * cols;
                const float gamma = ternaryGamma(absSum(weights, rowsEach, cols), rowsEach * cols, eps);
                one.gamma += gamma / static_cast<double>(groups);
                for (std::size_t i = 0; i < rowsEach * cols; ++i) ++counts[ternaryCode(weights[i], gamma) + 1];
            }
            const auto total = static_cast<double>(values.size());
            one.minus = static_cast<double>(counts[0]) / total;
            one.zero = static_cast<double>(counts[1]) / total;
            one.plus = static_cast<double>(counts[2]) / total;
        }
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace distillix
