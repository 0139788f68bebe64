// SPDX-License-Identifier: Apache-2.0
// Row kernels of RMSNorm and of the activation quantizer, one table a level. This header goes into files compiled for
// one level, so it holds plain data only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distillix::cpu {

enum class CpuLevel;

struct NormForward {
    const float* x;       // [rows, width]
    const float* weight;  // [width] or null: no norm
    std::size_t width;
    float normEps, quantizationEps;
    std::int8_t* codes;  // [rows, width], with alpha [rows]; or null, then values
    float* alpha;
    float* values;
    float* rstd;  // [rows] or null
};

struct NormBackward {
    const float* x;
    const float* weight;
    const float* rstd;
    const float* dOut;
    float* dX;
    std::size_t width;
    bool accumulate;
};

struct NormKernels {
    /// Rows [first, last).
    void (*forward)(const NormForward& args, std::size_t first, std::size_t last);
    /// The same; dWeight[width] is overwritten with these rows' share of the weight's gradient.
    void (*backward)(const NormBackward& args, std::size_t first, std::size_t last, float* dWeight);
    /// target[i] += partials[0][i] + partials[1][i] + … in this order, for i in [first, last); a partial has `width`.
    void (*addPartials)(float* target, const float* partials, std::size_t count, std::size_t width, std::size_t first,
                        std::size_t last);
    /// target[i] += source[i].
    void (*addInto)(float* target, const float* source, std::size_t count);
};

const NormKernels& normKernels(CpuLevel level);

}  // namespace distillix::cpu
