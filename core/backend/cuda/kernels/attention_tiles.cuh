// SPDX-License-Identifier: Apache-2.0
// What the attention kernels are made of: tiles in shared memory, products of a warp's rows with them, the rule from
// products to scores. In 16 bits products run on tensor cores; in float32 (Precision F32: tests, golden cases) the same
// lanes hold the same elements and multiply one by one.
//
// Layout of a 16 x 8 accumulator over a warp (PTX ISA, mma.m16n8k16): lane l holds, of row l/4, columns 2·(l%4) and
// the next in [0] and [1], and the same columns of row l/4 + 8 in [2] and [3].
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "core/backend/cuda/kernels/attention_shape.h"
#include "core/backend/cuda/kernels/portable.h"

namespace distillix::cuda {

inline constexpr float kLog2E = 1.44269504088896340736f;
inline constexpr float kLn2 = 0.69314718055994530942f;

// ---- arithmetic ---------------------------------------------------------------------------------------------------

/// exp2 and tanh. For 16-bit values the hardware's exp2 serves (2^-22 relative). Its tanh errs by 2^-11, about as much
/// as a score does whose q and k are rounded to bfloat16's 8 bits, but more than binary16's 11 bits leave: there tanh
/// is made of exp2 and a reciprocal. float32 takes the exact ones.
template <typename T>
__device__ __forceinline__ float exp2Of(float x) {
#if defined(__CUDA_ARCH__)
    if constexpr (!std::is_same_v<T, float>) {
        float y;
        asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
        return y;
    }
#endif
    return exp2f(x);
}
template <typename T>
__device__ __forceinline__ float tanhOf(float x) {
#if defined(__CUDA_ARCH__)
    if constexpr (std::is_same_v<T, half_t>) {
        return 1.0f - __fdividef(2.0f, 1.0f + exp2Of<T>(2.0f * kLog2E * x));  // 2/inf is 0 there
    } else if constexpr (!std::is_same_v<T, float>) {
        float y;
        asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
        return y;
    }
#endif
    return tanhf(x);
}

/// From a product q·k to a score in units of ln 2, so that exp2 gives its exponential.
struct ScoreRule {
    float inner = 0;  ///< log2(e)/sqrt(h), or 1/(cap·sqrt(h)) under a cap
    float outer = 0;  ///< cap·log2(e); 0: no cap
};
inline ScoreRule scoreRule(int headDim, float cap) {
    const float scale = 1.0f / std::sqrt(static_cast<float>(headDim));
    return cap > 0 ? ScoreRule{scale / cap, cap * kLog2E} : ScoreRule{scale * kLog2E, 0.0f};
}

// ---- tiles --------------------------------------------------------------------------------------------------------

/// Views of rows that are copied without regard to their elements' type.
struct __attribute__((may_alias, aligned(16))) Chunk16 {
    unsigned words[4];
};
struct __attribute__((may_alias, aligned(8))) Chunk8 {
    unsigned words[2];
};
using Pair __attribute__((may_alias)) = unsigned;

/// How rows of heads lie in global memory.
struct HeadRows {
    int stride;    ///< elements from one row to the next
    int headDim;   ///< elements of a row; those up to the tile's width are zero
    bool aligned;  ///< every row starts at a multiple of 16 bytes and is whole chunks of 16 bytes long
};

/// Queues the copy of kRows rows into a tile; rows from `count` on and columns from headDim on become zero. Aligned
/// rows are there after cpAsyncWait and a barrier, others after the barrier.
template <typename T, int kWidth, int kRows, int kThreads>
__device__ __forceinline__ void loadTile(T* tile, const T* source, const HeadRows& rows, int count) {
    constexpr int kPitch = tilePitch(kWidth, sizeof(T)), kChunk = 16 / static_cast<int>(sizeof(T));
    if (rows.aligned) {
        constexpr int kPerRow = kWidth / kChunk, kCopies = kRows * kPerRow / kThreads;
        static_assert(kRows * kPerRow % kThreads == 0);
#pragma unroll
        for (int copy = 0; copy < kCopies; ++copy) {  // so many for every thread
            const int i = static_cast<int>(threadIdx.x) + copy * kThreads;
            const int row = i / kPerRow, column = i % kPerRow * kChunk;
            const bool valid = row < count && column < rows.headDim;
            const T* from = source + (valid ? static_cast<std::ptrdiff_t>(row) * rows.stride + column : 0);
            cpAsync16(tile + row * kPitch + column, from, valid);
        }
        return;
    }
    for (int i = static_cast<int>(threadIdx.x); i < kRows * kWidth; i += kThreads) {
        const int row = i / kWidth, column = i % kWidth;
        const bool valid = row < count && column < rows.headDim;
        tile[row * kPitch + column] =
            valid ? source[static_cast<std::ptrdiff_t>(row) * rows.stride + column] : fromFloat<T>(0.0f);
    }
}

/// A warp writes `count` rows of a tile to global memory.
template <typename T, int kWidth>
__device__ __forceinline__ void storeRows(T* target, const T* tile, const HeadRows& rows, int count) {
    constexpr int kPitch = tilePitch(kWidth, sizeof(T)), kChunk = 16 / static_cast<int>(sizeof(T));
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    if (rows.aligned) {
        const int perRow = rows.headDim / kChunk;
        for (int i = lane; i < count * perRow; i += kWarp) {
            const int row = i / perRow, column = i % perRow * kChunk;
            *reinterpret_cast<Chunk16*>(target + static_cast<std::ptrdiff_t>(row) * rows.stride + column) =
                *reinterpret_cast<const Chunk16*>(tile + row * kPitch + column);
        }
        return;
    }
    for (int i = lane; i < count * rows.headDim; i += kWarp) {
        const int row = i / rows.headDim, column = i % rows.headDim;
        target[static_cast<std::ptrdiff_t>(row) * rows.stride + column] = tile[row * kPitch + column];
    }
}

/// A warp rounds its accumulators, times `factor` of each row half, into its rows of a tile. Only that warp may read
/// those rows.
template <typename T, int kWidth, int kRowTiles>
__device__ __forceinline__ void writeRows(T* tile, const float (&acc)[kRowTiles][kWidth / 8][4],
                                          const float (&factor)[kRowTiles][2]) {
    constexpr int kPitch = tilePitch(kWidth, sizeof(T));
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    __syncwarp();  // what the lanes read of these rows before is read
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
        for (int n = 0; n < kWidth / 8; ++n) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                T* to = tile + (r * kTileRows + half * 8 + lane / 4) * kPitch + n * 8 + lane % 4 * 2;
                const float left = acc[r][n][2 * half] * factor[r][half];
                const float right = acc[r][n][2 * half + 1] * factor[r][half];
                if constexpr (std::is_same_v<T, float>) {
                    to[0] = left;
                    to[1] = right;
                } else {
                    *reinterpret_cast<Pair*>(to) = packPair<T>(left, right);
                }
            }
        }
    }
    __syncwarp();
}

// ---- products -----------------------------------------------------------------------------------------------------

template <typename T>
__device__ __forceinline__ void multiply16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    if constexpr (std::is_same_v<T, bf16_t>) {
        mmaBf16(d, a, b);
    } else {
        mmaF16(d, a, b);
    }
}

/// Sixteen rows of a shared tile as the left operand of products. kHeld: kept in registers from load() on; else read
/// anew for every product, so the rows must stay. In float32 they are always read anew.
template <typename T, int kWidth, bool kHeld>
struct RowOperand {
    static constexpr int kPitch = tilePitch(kWidth, sizeof(T));
    unsigned held[kHeld ? kWidth / 16 : 1][4];
    const T* rows;

    __device__ __forceinline__ void load(const T* first) {
        const int lane = static_cast<int>(threadIdx.x) % kWarp;
        rows = first + lane % 16 * kPitch + lane / 16 * 8;
        if constexpr (kHeld) {
#pragma unroll
            for (int k = 0; k < kWidth / 16; ++k) ldmatrixX4(held[k], rows + k * 16);
        }
    }
    __device__ __forceinline__ void take(unsigned (&a)[4], int k) const {
        if constexpr (kHeld) {
#pragma unroll
            for (int i = 0; i < 4; ++i) a[i] = held[k][i];
        } else {
            ldmatrixX4(a, rows + k * 16);
        }
    }
};
template <int kWidth, bool kHeld>
struct RowOperand<float, kWidth, kHeld> {
    const float* rows;
    __device__ __forceinline__ void load(const float* first) { rows = first; }
};

/// s = A·Bᵀ of the warp's rows with 8·kTiles rows of a shared tile.
template <typename T, int kWidth, int kRowTiles, int kTiles, bool kHeld>
__device__ __forceinline__ void multiplyTransposed(float (&s)[kRowTiles][kTiles][4],
                                                   const RowOperand<T, kWidth, kHeld> (&a)[kRowTiles], const T* b) {
    constexpr int kPitch = tilePitch(kWidth, sizeof(T));
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
        for (int n = 0; n < kTiles; ++n) s[r][n][0] = s[r][n][1] = s[r][n][2] = s[r][n][3] = 0.0f;
    }
    if constexpr (std::is_same_v<T, float>) {
#pragma unroll
        for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
            for (int n = 0; n < kTiles; ++n) {
                const float *above = a[r].rows + lane / 4 * kPitch, *below = above + 8 * kPitch;
                const float *left = b + (n * 8 + lane % 4 * 2) * kPitch, *right = left + kPitch;
#pragma unroll 4
                for (int k = 0; k < kWidth; ++k) {
                    s[r][n][0] = fmaf(above[k], left[k], s[r][n][0]);
                    s[r][n][1] = fmaf(above[k], right[k], s[r][n][1]);
                    s[r][n][2] = fmaf(below[k], left[k], s[r][n][2]);
                    s[r][n][3] = fmaf(below[k], right[k], s[r][n][3]);
                }
            }
        }
    } else {
        static_assert(kTiles % 2 == 0);
        // Matrices of the ldmatrix: rows 0-7 and columns 0-7, the same rows and columns 8-15, then rows 8-15.
        const T* from = b + (lane / 16 * 8 + lane % 8) * kPitch + lane / 8 % 2 * 8;
#pragma unroll
        for (int k = 0; k < kWidth / 16; ++k) {
            unsigned left[kRowTiles][4];
#pragma unroll
            for (int r = 0; r < kRowTiles; ++r) a[r].take(left[r], k);
#pragma unroll
            for (int n = 0; n < kTiles; n += 2) {
                unsigned raw[4];
                ldmatrixX4(raw, from + n * 8 * kPitch + k * 16);
                const unsigned first[2] = {raw[0], raw[1]}, second[2] = {raw[2], raw[3]};
#pragma unroll
                for (int r = 0; r < kRowTiles; ++r) {
                    multiply16<T>(s[r][n], left[r], first);
                    multiply16<T>(s[r][n + 1], left[r], second);
                }
            }
        }
    }
}

/// acc += P·B: P in the layout in which multiplyTransposed leaves it, B 8·kTiles rows of a shared tile. In 16 bits, P
/// is rounded to them.
template <typename T, int kWidth, int kRowTiles, int kTiles>
__device__ __forceinline__ void multiplyAccumulate(float (&acc)[kRowTiles][kWidth / 8][4],
                                                   const float (&p)[kRowTiles][kTiles][4], const T* b) {
    constexpr int kPitch = tilePitch(kWidth, sizeof(T));
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    if constexpr (std::is_same_v<T, float>) {
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
#pragma unroll 1
            for (int pair = 0; pair < 4; ++pair) {  // lane `pair` of each row's four holds columns 2·pair and the next
                const float* from = b + (t * 8 + pair * 2) * kPitch + lane % 4 * 2;
#pragma unroll
                for (int j = 0; j < 2; ++j, from += kPitch) {
#pragma unroll
                    for (int r = 0; r < kRowTiles; ++r) {
                        const float above = __shfl_sync(kFullMask, p[r][t][j], lane / 4 * 4 + pair);
                        const float below = __shfl_sync(kFullMask, p[r][t][2 + j], lane / 4 * 4 + pair);
#pragma unroll
                        for (int n = 0; n < kWidth / 8; ++n) {
                            acc[r][n][0] = fmaf(above, from[n * 8], acc[r][n][0]);
                            acc[r][n][1] = fmaf(above, from[n * 8 + 1], acc[r][n][1]);
                            acc[r][n][2] = fmaf(below, from[n * 8], acc[r][n][2]);
                            acc[r][n][3] = fmaf(below, from[n * 8 + 1], acc[r][n][3]);
                        }
                    }
                }
            }
        }
    } else {
        static_assert(kTiles % 2 == 0);
        // Two neighbouring 16 x 8 accumulators are, rounded, one 16 x 16 left operand. Matrices of the ldmatrix, each
        // transposed: rows 0-7 and columns 0-7, rows 8-15 and the same columns, then columns 8-15.
        const T* from = b + (lane / 8 % 2 * 8 + lane % 8) * kPitch + lane / 16 * 8;
#pragma unroll
        for (int k = 0; k < kTiles / 2; ++k) {
            unsigned left[kRowTiles][4];
#pragma unroll
            for (int r = 0; r < kRowTiles; ++r) {
                left[r][0] = packPair<T>(p[r][2 * k][0], p[r][2 * k][1]);
                left[r][1] = packPair<T>(p[r][2 * k][2], p[r][2 * k][3]);
                left[r][2] = packPair<T>(p[r][2 * k + 1][0], p[r][2 * k + 1][1]);
                left[r][3] = packPair<T>(p[r][2 * k + 1][2], p[r][2 * k + 1][3]);
            }
#pragma unroll
            for (int n = 0; n < kWidth / 8; n += 2) {
                unsigned raw[4];
                ldmatrixX4Trans(raw, from + k * 16 * kPitch + n * 8);
                const unsigned first[2] = {raw[0], raw[1]}, second[2] = {raw[2], raw[3]};
#pragma unroll
                for (int r = 0; r < kRowTiles; ++r) {
                    multiply16<T>(acc[r][n], left[r], first);
                    multiply16<T>(acc[r][n + 1], left[r], second);
                }
            }
        }
    }
}

// ---- the loop over tiles ------------------------------------------------------------------------------------------

/// load(index, stage) and then body(index, stage) for every tile. With two stages, the next tile's copy is queued
/// before the body of this one; every body runs between barriers, so it may read what all threads loaded.
template <int kStages, typename Load, typename Body>
__device__ __forceinline__ void overTiles(int count, const Load& load, const Body& body) {
    static_assert(kStages == 1 || kStages == 2);
    if constexpr (kStages == 2) {
        if (count > 0) load(0, 0);
        cpAsyncCommit();
    }
    for (int index = 0; index < count; ++index) {
        if constexpr (kStages == 1) {
            __syncthreads();
            load(index, 0);
            cpAsyncCommit();
        }
        cpAsyncWait<0>();
        __syncthreads();
        if constexpr (kStages == 2) {
            if (index + 1 < count) load(index + 1, (index + 1) % 2);
            cpAsyncCommit();
        }
        body(index, kStages == 2 ? index % 2 : 0);
    }
    cpAsyncWait<0>();
}

}  // namespace distillix::cuda
