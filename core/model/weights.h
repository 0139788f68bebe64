// SPDX-License-Identifier: Apache-2.0
// A model's parameters on a device: the latent float32 weights and the forms that products read.
#pragma once

#include <filesystem>
#include <vector>

#include "core/formats/safetensors.h"
#include "core/model/config.h"
#include "core/model/parameters.h"
#include "core/model/runtime.h"
#include "core/model/view.h"

namespace distillix {

/// Health of one named matrix, for the metrics of a run.
struct NamedHealth {
    std::string name;
    WeightHealth health;
};

class ModelWeights {
  public:
    /// Memory for a model of this configuration (normalized); contents undefined until one of the three below. Rotary
    /// tables reach `positions` tokens. `training` also makes what backward reads.
    static Result<ModelWeights> create(Runtime& runtime, const ModelConfig& config, int positions, bool training);

    /// SPEC's initial weights, from a seed; the same on every device.
    Result<void> initialize(std::uint64_t seed);
    /// Every tensor by name; a missing one, a wrong shape or a value that is not finite is refused by name. Tensors
    /// that belong to no parameter are an error too: silently dropped weights are how models go wrong. After an error
    /// the contents are undefined.
    Result<void> load(const SafetensorsFile& file);
    /// All parameters from one host array in the layout's order.
    Result<void> upload(const std::vector<float>& values);
    Result<std::vector<float>> download() const;
    /// One parameter; `values` is resized.
    Result<void> download(const Parameter& parameter, std::vector<float>& values) const;

    /// Makes the prepared forms from the latent weights; to be called after every change of them.
    Result<void> prepare();
    /// Health of every projection as of the last prepare().
    Result<std::vector<NamedHealth>> health() const;

    const ModelConfig& config() const { return m_config; }
    const ParameterLayout& layout() const { return m_layout; }
    const LinearShapes& shapes() const { return m_shapes; }
    Runtime& runtime() const { return *m_runtime; }
    bool training() const { return m_training; }

    DevicePtr<float> at(std::size_t offset) const {
        return m_parameters.as<float>() + static_cast<std::ptrdiff_t>(offset);
    }
    /// Null for LayerOffsets::npos.
    DevicePtr<const float> norm(std::size_t offset) const {
        return offset == LayerOffsets::npos ? DevicePtr<const float>() : DevicePtr<const float>(at(offset));
    }
    /// For forward passes: valid as long as this object lies where it is.
    ModelView view() const;
    LinearWeight qkv(int layer) const { return m_prepared[static_cast<std::size_t>(layer) * 4].weight; }
    LinearWeight o(int layer) const { return m_prepared[static_cast<std::size_t>(layer) * 4 + 1].weight; }
    LinearWeight gateUp(int layer) const { return m_prepared[static_cast<std::size_t>(layer) * 4 + 2].weight; }
    LinearWeight down(int layer) const { return m_prepared[static_cast<std::size_t>(layer) * 4 + 3].weight; }
    LinearWeight head() const { return m_prepared.back().weight; }
    DevicePtr<const float> ropeTable() const { return m_rope.as<float>(); }
    int positions() const { return m_positions; }
    std::vector<MemoryPart> memory() const;

  private:
    explicit ModelWeights(const ModelConfig& config) : m_config(config), m_layout(config), m_shapes(config) {}
    ModelConfig m_config;
    ParameterLayout m_layout;
    LinearShapes m_shapes;
    Runtime* m_runtime = nullptr;
    bool m_training = false, m_first = true;
    int m_positions = 0;
    DeviceBuffer m_parameters, m_preparedMemory, m_health, m_rope;
    std::vector<PrepareWeight> m_prepared;  ///< qkv, o, gateUp, down of each layer, then the head
};

/// cos and sin of pos / scaling · base^(-2j/h), [positions, h/2, 2]; angles in double.
std::vector<float> ropeTable(const ModelConfig& config, int positions);
/// SPEC's initial values of the tensor that stands at `index` of the layout.
std::vector<float> initialValues(const Parameter& parameter, std::size_t index, std::uint64_t seed);

/// Bytes of a model's parameters and prepared forms, without taking them.
std::vector<MemoryPart> weightsMemory(const Backend& backend, const ModelConfig& config, Precision precision,
                                      int positions, bool training);

}  // namespace distillix
