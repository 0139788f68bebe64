// SPDX-License-Identifier: Apache-2.0
// What a forward pass reads of a model, wherever it lies: trainable weights (ModelWeights) or packed ones
// (PackedModel) give one of these.
#pragma once

#include <vector>

#include "core/model/config.h"
#include "core/model/runtime.h"

namespace distillix {

struct LayerView {
    DevicePtr<const float> inputNorm, postNorm;  ///< [d]
    DevicePtr<const float> qNorm, kNorm;         ///< [h], or null
    DevicePtr<const float> attnSubNorm;          ///< [H·h], or null
    DevicePtr<const float> mlpSubNorm;           ///< [F], or null
    LinearWeight qkv, o, gateUp, down;
};

/// Addresses only: the owner must outlive it, and stay where it is prepared.
struct ModelView {
    ModelConfig config;
    Runtime* runtime = nullptr;
    std::vector<LayerView> layers;
    DevicePtr<const float> embedding;  ///< [V, d], or null where embeddingTable is read
    LinearWeight embeddingTable;
    DevicePtr<const float> norm;  ///< [d]
    LinearWeight head;
    DevicePtr<const float> ropeTable;
    int positions = 0;  ///< that the rotary table reaches
};

}  // namespace distillix
