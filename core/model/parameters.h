// SPDX-License-Identifier: Apache-2.0
// Where each parameter of a model stands in one flat array of float32. Gradients and optimizer state use the same
// offsets. Matrices that share an input (q, k, v; gate, up) stand side by side, so that one product serves them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/backend/ops.h"
#include "core/model/config.h"

namespace distillix {

struct Parameter {
    enum class Kind {
        Embedding,  ///< embed_tokens and an untied lm_head: AdamW with decay
        Norm,       ///< a vector: AdamW without decay
        Projection  ///< a BitLinear matrix: Muon
    };
    std::string name;  ///< as in model.safetensors
    Kind kind = Kind::Norm;
    int rows = 1, cols = 1;  ///< a norm is 1 x width
    std::size_t offset = 0;  ///< in floats
    std::size_t count() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols); }
    /// [width] for a norm, [rows, cols] for a matrix.
    std::vector<std::int64_t> shape() const;
};

/// Offsets of one layer's parameters; the norms that a configuration lacks are npos.
struct LayerOffsets {
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);
    std::size_t inputNorm = npos, qkv = npos, qNorm = npos, kNorm = npos, attnSubNorm = npos, o = npos;
    std::size_t postNorm = npos, gateUp = npos, mlpSubNorm = npos, down = npos;
};

struct ParameterLayout {
    explicit ParameterLayout(const ModelConfig& config);

    std::vector<Parameter> parameters;  ///< in file order
    std::vector<LayerOffsets> layers;
    std::size_t embedding = 0, norm = 0, head = 0;  ///< head == embedding when tied
    std::size_t total = 0;                          ///< floats, padding included

    const Parameter* find(const std::string& name) const;
};

/// The four grouped linear layers of a block, and the head.
struct LinearShapes {
    explicit LinearShapes(const ModelConfig& config);
    LinearShape qkv, o, gateUp, down, head;
};

}  // namespace distillix
