// SPDX-License-Identifier: Apache-2.0
// Row kernels of SwiGLU and of the rotary positions, one table a level. Plain data only, as in norms_kernels.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distillix::cpu {

enum class CpuLevel;

struct SwigluForward {
    const float* gateUp;   // [rows, 2·width]
    const float* subNorm;  // [width] or null
    std::size_t width;
    float normEps, quantizationEps;
    std::int8_t* codes;  // with alpha; or null, then values
    float* alpha;
    float* values;
    float* rstd;  // [rows] or null
};

struct SwigluBackward {
    const float* gateUp;
    const float* subNorm;
    const float* rstd;
    const float* dOut;
    float* dGateUp;  // may be gateUp
    std::size_t width;
};

struct RopeForward {
    const float* qkv;    // [rows, (heads + 2·kvHeads)·headDim]
    const float* qNorm;  // [headDim] or null
    const float* kNorm;
    const std::int32_t* positions;  // [rows]
    const float* table;             // [positions, headDim/2, 2]
    float* qk;                      // [rows, (heads + kvHeads)·headDim]
    std::size_t heads, kvHeads, headDim;
    float normEps;
};

struct RopeBackward {
    RopeForward forward;  // qk unused
    const float* dQk;
    float* dQkv;
};

struct ElementwiseKernels {
    /// Rows [first, last); row[width] is scratch.
    void (*swiglu)(const SwigluForward& args, std::size_t first, std::size_t last, float* row);
    /// dSubNorm[width] is overwritten with these rows' share (untouched without a sub-norm).
    void (*swigluBackward)(const SwigluBackward& args, std::size_t first, std::size_t last, float* row,
                           float* dSubNorm);
    void (*rope)(const RopeForward& args, std::size_t first, std::size_t last);
    /// dNorms[2·headDim] is overwritten with these rows' share of dQNorm, then dKNorm (untouched without norms).
    void (*ropeBackward)(const RopeBackward& args, std::size_t first, std::size_t last, float* dNorms);
    /// y = e^((x - largest)/temperature); 0 for a NaN.
    void (*expRow)(const float* x, std::size_t count, float largest, float temperature, float* y);
    /// maxima[b] of x[b·block .. (b+1)·block), NaNs left out (minus infinity where nothing else is).
    void (*blockMaxima)(const float* x, std::size_t count, std::size_t block, float* maxima);
};

const ElementwiseKernels& elementwiseKernels(CpuLevel level);

}  // namespace distillix::cpu
