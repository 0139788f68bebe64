// SPDX-License-Identifier: Apache-2.0
// A model's weights as one file for other programs: safetensors in three types, packed safetensors
// (core/formats/i2s.md), or a PyTorch state dict (core/formats/pt.md). All of them are read back by import_model.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/config.h"

namespace distillix {

/// Key of a safetensors file's metadata under which this program puts config.json.
inline constexpr const char* kSafetensorsConfigKey = "distillix.config";

enum class WeightsForm {
    SafetensorsF32,   ///< latent weights, exact
    SafetensorsBf16,  ///< the same, rounded to nearest even
    SafetensorsF16,
    SafetensorsI2s,  ///< codes and scales of the projections, the rest in float32: computes the very same logits
    Pt               ///< latent weights in float32, exact, as a state dict
};
struct WeightsFormName {
    WeightsForm form;
    const char* name;       ///< "safetensors-bf16"
    const char* extension;  ///< ".safetensors"
    const char* help;
};
std::span<const WeightsFormName> weightsForms();

/// Writes `values` (all parameters at the layout's offsets) to `path`, whole or not at all. Unsupported: i2_s of a
/// model without BitLinear, or a weight beyond what the type can hold.
Result<void> writeWeightsFile(const std::filesystem::path& path, const ModelConfig& config,
                              std::span<const float> values, WeightsForm form);

}  // namespace distillix
