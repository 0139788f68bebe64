// SPDX-License-Identifier: Apache-2.0
// A row of activations in the registers of a warp or a block: how it is spread, its norm, SwiGLU and its quantizer.
#pragma once

#include <string>

#include "core/backend/cuda/kernels/launchers.h"
#include "core/backend/cuda/kernels/reduce.cuh"
#include "core/backend/cuda/kernels/vectors.cuh"

namespace distillix::cuda {

/// How a row is spread: GROUP threads (a warp, or all THREADS of the block), VEC neighbouring columns each, ITEMS
/// times.
template <int GROUP, int VEC, int ITEMS, int THREADS = GROUP>
struct Spread {
    static constexpr int kVec = VEC, kItems = ITEMS, kThreads = THREADS, kRowsPerBlock = THREADS / GROUP;
    using Part = RowPart<GROUP, VEC, ITEMS>;

    static __device__ __forceinline__ int thread() { return static_cast<int>(threadIdx.x) % GROUP; }
    static __device__ __forceinline__ int group() { return static_cast<int>(threadIdx.x) / GROUP; }
    static __device__ __forceinline__ float sum(float value) {
        if constexpr (GROUP == kWarp) {
            return warpSum(value);
        } else {
            return blockSum(value);
        }
    }
    static __device__ __forceinline__ float largest(float value) {
        if constexpr (GROUP == kWarp) {
            return warpMax(value);
        } else {
            return blockMax(value);
        }
    }
};

__device__ __forceinline__ std::size_t at(int row, int width) {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
}

/// The activation quantizer's code, as core/quant/ternary.h has it: true division, ties to even, NaN to -128.
__device__ __forceinline__ int codeOf(float x, float alpha) {
    if (!(alpha > 0)) return 0;
    const float scaled = __fmul_rn(x / alpha, 127.0f);
    return __float2int_rn(scaled > -128.0f ? fminf(scaled, 127.0f) : -128.0f);
}

__device__ __forceinline__ float sigmoidOf(float x) {
    return 1.0f / (1.0f + expf(-x));
}

/// α of a row that is in registers: what its codes are made with.
template <typename S>
__device__ __forceinline__ float alphaOf(const typename S::Part& y, float quantizationEps) {
    float most = 0;
#pragma unroll
    for (int i = 0; i < S::kItems; ++i) {
#pragma unroll
        for (int j = 0; j < S::kVec; ++j) most = fmaxf(most, fabsf(y.v[i][j]));
    }
    return __fadd_rn(S::largest(most), quantizationEps);
}

template <typename S>
__device__ __forceinline__ void writeCodes(const typename S::Part& y, float alpha, signed char* codes, int width) {
#pragma unroll
    for (int i = 0; i < S::kItems; ++i) {
        const int c = S::Part::column(S::thread(), i);
        if (c >= width) continue;
        if constexpr (S::kVec == 4) {
            unsigned packed = 0;
#pragma unroll
            for (int j = 0; j < 4; ++j) packed |= static_cast<unsigned>(codeOf(y.v[i][j], alpha) & 0xff) << (8 * j);
            *reinterpret_cast<unsigned*>(codes + c) = packed;
        } else {
            codes[c] = static_cast<signed char>(codeOf(y.v[i][0], alpha));
        }
    }
}

/// Writes a row that is in registers as codes with their α, or as values.
template <typename S>
__device__ __forceinline__ void writeRow(const typename S::Part& y, const RowOut& out, int row, int width) {
    if (!out.codes) {
        y.store(out.values, at(row, width), width, S::thread());
        return;
    }
    const float alpha = alphaOf<S>(y, out.quantizationEps);
    if (S::thread() == 0) out.alpha[row] = alpha;
    writeCodes<S>(y, alpha, out.codes + at(row, width), width);
}

/// y = x·rstd·w in place; keeps rstd where it is asked for.
template <typename S>
__device__ __forceinline__ void normRow(typename S::Part& x, const float* weight, float eps, float* rstd, int row,
                                        int width) {
    float squares = 0;
#pragma unroll
    for (int i = 0; i < S::kItems; ++i) {
#pragma unroll
        for (int j = 0; j < S::kVec; ++j) squares += x.v[i][j] * x.v[i][j];
    }
    const float scale = 1.0f / sqrtf(S::sum(squares) / static_cast<float>(width) + eps);
    if (rstd && S::thread() == 0) rstd[row] = scale;
    typename S::Part w;
    w.loadTyped(weight, width, S::thread());
#pragma unroll
    for (int i = 0; i < S::kItems; ++i) {
#pragma unroll
        for (int j = 0; j < S::kVec; ++j) x.v[i][j] = x.v[i][j] * scale * w.v[i][j];
    }
}

/// silu(gate)·up of a row [2·width].
template <typename S>
__device__ __forceinline__ void loadSwiglu(typename S::Part& hidden, const ConstValues& gateUp, int row, int width) {
    typename S::Part up;
    const std::size_t offset = at(row, 2 * width);
    hidden.load(gateUp, offset, width, S::thread());
    up.load(gateUp, offset + static_cast<std::size_t>(width), width, S::thread());
#pragma unroll
    for (int i = 0; i < S::kItems; ++i) {
#pragma unroll
        for (int j = 0; j < S::kVec; ++j) hidden.v[i][j] = hidden.v[i][j] * sigmoidOf(hidden.v[i][j]) * up.v[i][j];
    }
}

inline Error tooWide(int width, int most) {
    return makeError(ErrorCode::Unsupported, "rows of " + std::to_string(width) + " columns; the CUDA backend takes " +
                                                 std::to_string(most) + " at most");
}

/// Calls work(Spread) with the narrowest that holds a row.
template <typename Work>
Result<void> withSpread(int width, Work&& work) {
    if (width % 4 == 0) {
        if (width <= 256) return work(Spread<kWarp, 4, 2, 256>{});
        if (width <= 1024) return work(Spread<128, 4, 2>{});
        if (width <= 2048) return work(Spread<256, 4, 2>{});
        if (width <= 4096) return work(Spread<512, 4, 2>{});
        if (width <= 8192) return work(Spread<512, 4, 4>{});
    } else {
        if (width <= 256) return work(Spread<kWarp, 1, 8, 128>{});
        if (width <= 8192) return work(Spread<512, 1, 16>{});
    }
    return tooWide(width, 8192);
}
/// Of forward kernels, which hold less in registers.
template <typename Work>
Result<void> withWideSpread(int width, Work&& work) {
    if (width <= 8192) return withSpread(width, work);
    if (width % 4 == 0 && width <= 16384) return work(Spread<512, 4, 8>{});
    return tooWide(width, width % 4 == 0 ? 16384 : 8192);
}

}  // namespace distillix::cuda
