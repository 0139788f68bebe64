// SPDX-License-Identifier: Apache-2.0
// What a model's weights look like: for a person who wonders whether a training is healthy.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/model/config.h"

namespace distillix {

struct WeightStatistics {
    std::string name;                      ///< as in model.safetensors
    std::int64_t rows = 0, cols = 0;       ///< a norm is 1 x width
    double rms = 0, largest = 0;           ///< of the latent weights; largest magnitude
    bool ternary = false;                  ///< a BitLinear matrix: the four below hold
    double gamma = 0;                      ///< SPEC's γ; the mean over the rows where each has its own
    double minus = 0, zero = 0, plus = 0;  ///< shares of the codes -1, 0 and 1, together 1
};

/// Of every parameter, in file order. Reads one tensor at a time. InvalidData where a weight is not finite.
Result<std::vector<WeightStatistics>> weightStatistics(const std::filesystem::path& modelFolder,
                                                       const ModelConfig& config);

}  // namespace distillix
