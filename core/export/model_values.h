// SPDX-License-Identifier: Apache-2.0
// A model's numbers in host memory, as exports take and compare them.
#pragma once

#include <filesystem>
#include <vector>

#include "core/backend/registry.h"
#include "core/base/result.h"
#include "core/model/config.h"
#include "core/model/parameters.h"

namespace distillix {

struct ModelValues {
    ModelConfig config;         ///< normalized
    std::vector<float> values;  ///< ParameterLayout(config).total floats, each parameter at its offset
};

/// The latent weights of a model folder. Every tensor is checked as ModelWeights::load() does.
Result<ModelValues> loadModelValues(Backend& backend, const std::filesystem::path& folder);

/// What programs without BitLinear are given: γ·Wq in place of each projection's latent weights, as a plain model
/// (use_bitlinear false). It computes what the model computes, but for the eight bits of BitLinear's activations.
ModelValues plainValues(ModelValues model);

/// Latent weights that the quantizer takes apart into the very codes of the given ones, and their scales to the last
/// bit or a neighbour of it: what reading packed weights gives. InvalidData: a scale that is not finite.
Result<ModelValues> latentsOfCodes(ModelValues model);

}  // namespace distillix
