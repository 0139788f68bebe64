// SPDX-License-Identifier: Apache-2.0
// A query or key head in the registers of a few lanes: its norm and its rotary positions.
#pragma once

#include "core/backend/cuda/kernels/reduce.cuh"
#include "core/backend/cuda/kernels/vectors.cuh"

namespace distillix::cuda {

constexpr int kHeadThreads = 256;  ///< of the kernels of rope.cu

/// LANES lanes hold one head, VEC neighbouring pairs each, ITEMS times.
template <int LANES, int VEC, int ITEMS>
struct HeadSpread {
    static constexpr int kLanes = LANES, kVec = VEC, kItems = ITEMS, kGroups = kHeadThreads / LANES;
    /// The first halves' elements, or the second halves'.
    using Part = RowPart<LANES, VEC, ITEMS>;
    static __device__ __forceinline__ int lane() { return static_cast<int>(threadIdx.x) % LANES; }
    static __device__ __forceinline__ int group() { return static_cast<int>(threadIdx.x) / LANES; }
};

template <typename S>
struct Head {
    typename S::Part a, b;

    __device__ __forceinline__ void load(const ConstValues& x, std::size_t offset, int half) {
        a.load(x, offset, half, S::lane());
        b.load(x, offset + static_cast<std::size_t>(half), half, S::lane());
    }
    __device__ __forceinline__ void store(const Values& x, std::size_t offset, int half) const {
        a.store(x, offset, half, S::lane());
        b.store(x, offset + static_cast<std::size_t>(half), half, S::lane());
    }
    /// Of the norms' float weights.
    __device__ __forceinline__ void loadWeight(const float* weight, int half) {
        a.loadTyped(weight, half, S::lane());
        b.loadTyped(weight + half, half, S::lane());
    }
    template <typename F>
    __device__ __forceinline__ void each(F&& f) {
#pragma unroll
        for (int i = 0; i < S::kItems; ++i) {
#pragma unroll
            for (int j = 0; j < S::kVec; ++j) {
                f(a.v[i][j], i, j, false);
                f(b.v[i][j], i, j, true);
            }
        }
    }
    __device__ __forceinline__ float at(int i, int j, bool second) const {
        return second ? b.v[i][j] : a.v[i][j];
    }
    /// (a, b) becomes (a·c - b·s, b·c + a·s) with the table's cos and sin; backward turns the other way.
    __device__ __forceinline__ void rotate(const float* table, int half, float direction) {
#pragma unroll
        for (int i = 0; i < S::kItems; ++i) {
#pragma unroll
            for (int j = 0; j < S::kVec; ++j) {
                const int pair = S::Part::column(S::lane(), i) + j;
                if (pair >= half) continue;
                const float2 turn = *reinterpret_cast<const float2*>(table + 2 * pair);
                const float first = a.v[i][j], second = b.v[i][j], s = direction * turn.y;
                a.v[i][j] = first * turn.x - second * s;
                b.v[i][j] = second * turn.x + first * s;
            }
        }
    }
    __device__ __forceinline__ float rstd(int headDim, float eps) {
        float squares = 0;
        each([&](float& v, int, int, bool) { squares += v * v; });
        return 1.0f / sqrtf(warpSum<S::kLanes>(squares) / static_cast<float>(headDim) + eps);
    }
};

/// Of q and k head `head` of a row: where it lies in [.., (H+2Hkv)·h] and in [.., (H+Hkv)·h].
__device__ __forceinline__ std::size_t headOffset(int row, int headsInRow, int head, int headDim) {
    return (static_cast<std::size_t>(row) * static_cast<std::size_t>(headsInRow) + static_cast<std::size_t>(head)) *
           static_cast<std::size_t>(headDim);
}

/// Norms the head (where `weight` is given) and turns it to its position.
template <typename S>
__device__ __forceinline__ void normRotate(Head<S>& x, const float* weight, float eps, const float* table,
                                           int headDim) {
    if (weight) {
        Head<S> w;
        w.loadWeight(weight, headDim / 2);
        const float rstd = x.rstd(headDim, eps);
        x.each([&](float& v, int i, int j, bool second) { v = v * rstd * w.at(i, j, second); });
    }
    x.rotate(table, headDim / 2, 1.0f);
}

}  // namespace distillix::cuda
