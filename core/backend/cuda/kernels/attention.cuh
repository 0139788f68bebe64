// SPDX-License-Identifier: Apache-2.0
// Attention forward in the flash manner: a block holds a tile of queries of one head, tiles of keys and values pass by
// in shared memory, and softmax is kept running (maximum, sum, outputs scaled along), so that no score leaves the
// registers. Tiles of keys that no query of the block sees (behind the diagonal, before the first document) are not
// read. The same kernel prefills over a key/value cache, whose rows are converted on their way into the tile; I8 codes
// go in as they are, exact in any type, and their scales multiply scores and probabilities.
//
// ptxas (13.0, sm_90): 64 wide 222 registers and 37 KiB of shared memory, 128 wide 210 and 35 KiB, no spills; two
// blocks of four warps an SM on every architecture, for the queries' shared memory is the keys' once they are in
// registers.
//
// Predicted for an H200, never run on a GPU: 100M preset, 8 x 1,024 tokens, 12 heads of 64 over 4 key/value heads,
// soft-cap 50. Products: 4·h·(B·H·T²/2) = 12.9 GFLOP, 13.3 with what the diagonal tiles compute in vain: 22 µs at the
// 60% of 989 TFLOPS that mma.sync reaches on Hopper. Special functions: a tanh and an exp2 for each of 52 M scores at
// 16 a clock and SM: 28 µs (14 without the cap). Shared memory: 0.4 GB at 128 bytes a clock and SM: 14 µs. Global
// memory: q, k, v, out, 34 MB: 7 µs. The special functions are the floor; with what does not overlap 45 µs are
// expected, of which twelve layers make 0.5 ms of a micro-step of 8,192 tokens.
#pragma once

#include <cmath>

#include "core/backend/cuda/kernels/attention.h"
#include "core/backend/cuda/kernels/attention_tiles.cuh"
#include "core/backend/cuda/kernels/cache_rows.cuh"
#include "core/backend/cuda/kernels/reduce.cuh"

namespace distillix::cuda {

/// AttentionForward with what follows from it.
struct ForwardKernelArgs {
    AttentionForward args;
    ScoreRule rule;
    bool aligned = false;  ///< rows of q, k, v and out, as HeadRows::aligned
};

/// Turns products into scores (in units of ln 2) under the rule.
template <typename T, int kRowTiles, int kTiles>
__device__ __forceinline__ void applyRule(float (&s)[kRowTiles][kTiles][4], const ScoreRule& rule) {
    if (rule.outer > 0) {
#pragma unroll
        for (int i = 0; i < kRowTiles * kTiles * 4; ++i) {
            float& x = s[i / (kTiles * 4)][i / 4 % kTiles][i % 4];
            x = rule.outer * tanhOf<T>(x * rule.inner);
        }
    } else {
#pragma unroll
        for (int i = 0; i < kRowTiles * kTiles * 4; ++i) s[i / (kTiles * 4)][i / 4 % kTiles][i % 4] *= rule.inner;
    }
}

/// Grid: heads, batch, tiles of queries (the last, which sees the most keys, first: blocks start in this order, and
/// none of the long ones is left alone at the end).
template <typename T, int kWidth, bool kCached, bool kFew, int kStages>
__global__ void __launch_bounds__(forwardTile(sizeof(T), kWidth, kFew, kStages).threads(),
                                  forwardTile(sizeof(T), kWidth, kFew, kStages).blocks)
    attentionForwardKernel(const ForwardKernelArgs kernelArgs) {
    constexpr AttentionTile kTile = forwardTile(sizeof(T), kWidth, kFew, kStages);
    constexpr int kRows = kTile.rows(), kKeys = kTile.columns, kStep = kTile.step, kRowTiles = kTile.rowTiles;
    constexpr int kThreads = kTile.threads(), kPitch = tilePitch(kWidth, sizeof(T));
    if (kBeyondTuring && sizeof(T) == 2 && kStages == 1) return refuseToRun();
    const AttentionForward& args = kernelArgs.args;
    const ScoreRule rule = kernelArgs.rule;

    DYNAMIC_SHARED(T, queries);  // [kRows][kPitch]
    constexpr bool kReused = rowsHeld(sizeof(T));
    T* const keys = kReused ? queries : queries + kRows * kPitch;                       // [kStages][kKeys][kPitch]
    T* const values = keys + kStages * kKeys * kPitch;                                  // the same
    float* const scales = reinterpret_cast<float*>(values + kStages * kKeys * kPitch);  // [kStages][2][kKeys]

    const int head = static_cast<int>(blockIdx.x), b = static_cast<int>(blockIdx.y);
    const int kvHead = head / (args.heads / args.kvHeads);
    const int first = (static_cast<int>(gridDim.z) - 1 - static_cast<int>(blockIdx.z)) * kRows;
    const int count = least(kRows, args.tokens - first);
    const int past = kCached ? args.cache.past[b] : 0;
    const int keyCount = kCached ? least(past + args.tokens, args.cache.capacity) : args.tokens;
    const std::ptrdiff_t token = static_cast<std::ptrdiff_t>(b) * args.tokens;
    const std::int32_t* const starts = args.documentStart ? args.documentStart + token : nullptr;

    const T* const q = static_cast<const T*>(args.q) + (token + first) * args.qStride + head * args.headDim;
    loadTile<T, kWidth, kRows, kThreads>(queries, q, HeadRows{args.qStride, args.headDim, kernelArgs.aligned}, count);
    cpAsyncCommit();

    const TileRange range = keyTiles(starts ? starts[first] : 0, least(past + first + count, keyCount) - 1, kKeys);
    const auto load = [&](int index, int stage) {
        const int key = (range.first + index) * kKeys, rows = keyCount - key;
        T *const keyTile = keys + stage * kKeys * kPitch, *const valueTile = values + stage * kKeys * kPitch;
        if constexpr (kCached) {
            const std::ptrdiff_t row =
                (static_cast<std::ptrdiff_t>(b) * args.cache.capacity + key) * args.kvHeads + kvHead;
#pragma unroll 1
            for (int which = 0; which < 2; ++which) {  // one copy of the code for both
                loadCacheTile<T, kWidth, kKeys, kThreads>(which == 0 ? keyTile : valueTile,
                                                          which == 0 ? args.cache.keys : args.cache.values, args.cache,
                                                          row, args.kvHeads, rows, args.headDim);
            }
            float* const scale = scales + stage * 2 * kKeys;
            for (int i = static_cast<int>(threadIdx.x); i < kKeys; i += kThreads) {
                const bool given = args.cache.type == DType::I8 && i < rows;
                scale[i] = given ? args.cache.keyScales[row + static_cast<std::ptrdiff_t>(i) * args.kvHeads] : 1.0f;
                scale[kKeys + i] =
                    given ? args.cache.valueScales[row + static_cast<std::ptrdiff_t>(i) * args.kvHeads] : 1.0f;
            }
        } else {
            const T* const k = static_cast<const T*>(args.k) + (token + key) * args.kStride + kvHead * args.headDim;
            const T* const v = static_cast<const T*>(args.v) + (token + key) * args.vStride + kvHead * args.headDim;
            loadTile<T, kWidth, kKeys, kThreads>(keyTile, k, HeadRows{args.kStride, args.headDim, kernelArgs.aligned},
                                                 rows);
            loadTile<T, kWidth, kKeys, kThreads>(valueTile, v, HeadRows{args.vStride, args.headDim, kernelArgs.aligned},
                                                 rows);
        }
    };

    const int lane = static_cast<int>(threadIdx.x) % kLanes, warp = static_cast<int>(threadIdx.x) / kLanes;
    // Rows of this warp within the block's, and their places in the sequence. Rows from `count` on compute with zeros
    // and are not stored.
    const int warpRow = warp * kTile.warpRows(), warpFirst = past + first + warpRow,
              warpLast = warpFirst + kTile.warpRows() - 1;
    const bool working = warpRow < count;
    int start[kRowTiles][2] = {}, warpStart = 0, warpLastStart = 0;
    if (starts && working) {
        const int last = args.tokens - 1, row = first + warpRow;
        warpStart = starts[row];
        warpLastStart = starts[least(row + kTile.warpRows() - 1, last)];
#pragma unroll
        for (int r = 0; r < kRowTiles; ++r) {
            start[r][0] = starts[least(row + r * kTileRows + lane / 4, last)];
            start[r][1] = starts[least(row + r * kTileRows + lane / 4 + 8, last)];
        }
    }
    RowOperand<T, kWidth, true> rowsOfQ[kRowTiles];
    float out[kRowTiles][kWidth / 8][4] = {}, largest[kRowTiles][2], sum[kRowTiles][2] = {};
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) largest[r][0] = largest[r][1] = -INFINITY;

    cpAsyncWait<0>();
    __syncthreads();
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) rowsOfQ[r].load(queries + (warpRow + r * kTileRows) * kPitch);
    if constexpr (kReused) __syncthreads();  // the queries are in registers: keys may be written over them

    overTiles<kStages>(range.end - range.first, load, [&](int index, int stage) {
        const T *const keyTile = keys + stage * kKeys * kPitch, *const valueTile = values + stage * kKeys * kPitch;
#pragma unroll 1
        for (int part = 0; part < kKeys; part += kStep) {
            const int key = (range.first + index) * kKeys + part;
            if (!working || nothingSeen(key, key + kStep - 1, warpLast, warpStart)) continue;
            float s[kRowTiles][kStep / 8][4];
            multiplyTransposed<T, kWidth, kRowTiles, kStep / 8>(s, rowsOfQ, keyTile + part * kPitch);
            const float* const scale = scales + stage * 2 * kKeys + part;
            if constexpr (kCached) {
#pragma unroll
                for (int i = 0; i < kRowTiles * kStep / 2; ++i)
                    s[i / (kStep / 2)][i / 4 % (kStep / 8)][i % 4] *=
                        scale[i / 4 % (kStep / 8) * 8 + lane % 4 * 2 + i % 2];
            }
            applyRule<T>(s, rule);
            if (needsMask(key, key + kStep - 1, warpFirst, warpLastStart)) {
#pragma unroll
                for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
                    for (int i = 0; i < kStep / 2; ++i) {
                        const int half = i / 2 % 2, column = key + i / 4 * 8 + lane % 4 * 2 + i % 2;
                        if (!keySeen(column, warpFirst + r * kTileRows + half * 8 + lane / 4, start[r][half]))
                            s[r][i / 4][i % 4] = -INFINITY;
                    }
                }
            }
#pragma unroll
            for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    float most = largest[r][half];
#pragma unroll
                    for (int n = 0; n < kStep / 8; ++n)
                        most = fmaxf(most, fmaxf(s[r][n][2 * half], s[r][n][2 * half + 1]));
                    most = warpMax<4>(most);
                    // A row that has seen no key yet has no maximum to subtract.
                    const float base = most == -INFINITY ? 0.0f : most;
                    const float shrink = exp2Of<T>(largest[r][half] - base);
                    largest[r][half] = most;
                    float added = 0;
#pragma unroll
                    for (int n = 0; n < kStep / 8; ++n) {
#pragma unroll
                        for (int i = 2 * half; i < 2 * half + 2; ++i) {
                            s[r][n][i] = exp2Of<T>(s[r][n][i] - base);
                            added += s[r][n][i];
                        }
                    }
                    sum[r][half] = sum[r][half] * shrink + added;
#pragma unroll
                    for (int n = 0; n < kWidth / 8; ++n) {
                        out[r][n][2 * half] *= shrink;
                        out[r][n][2 * half + 1] *= shrink;
                    }
                }
            }
            if constexpr (kCached) {
#pragma unroll
                for (int i = 0; i < kRowTiles * kStep / 2; ++i)
                    s[i / (kStep / 2)][i / 4 % (kStep / 8)][i % 4] *=
                        scale[kKeys + i / 4 % (kStep / 8) * 8 + lane % 4 * 2 + i % 2];
            }
            multiplyAccumulate<T, kWidth, kRowTiles, kStep / 8>(out, s, valueTile + part * kPitch);
        }
    });

    if constexpr (kReused) __syncthreads();  // the last keys are read: outputs may be written over them
    if (!working) return;
    float factor[kRowTiles][2];
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const float all = warpSum<4>(sum[r][half]);
            factor[r][half] = all > 0 ? 1.0f / all : 0.0f;
            const int row = warpRow + r * kTileRows + half * 8 + lane / 4;
            if (args.lse && lane % 4 == 0 && row < count) {
                args.lse[(static_cast<std::ptrdiff_t>(b) * args.heads + head) * args.tokens + first + row] =
                    largest[r][half] * kLn2 + logf(all);
            }
        }
    }
    writeRows<T, kWidth, kRowTiles>(queries + warpRow * kPitch, out, factor);
    const int width = args.heads * args.headDim;
    storeRows<T, kWidth>(static_cast<T*>(args.out) + (token + first + warpRow) * width + head * args.headDim,
                         queries + warpRow * kPitch, HeadRows{width, args.headDim, kernelArgs.aligned},
                         least(count - warpRow, kTile.warpRows()));
}

/// Whether rows of heads can be copied in chunks of 16 bytes: HeadRows::aligned.
template <typename T>
bool rowsAligned(const void* rows, int stride, int headDim) {
    constexpr int kChunk = 16 / static_cast<int>(sizeof(T));
    return reinterpret_cast<std::uintptr_t>(rows) % 16 == 0 && stride % kChunk == 0 && headDim % kChunk == 0;
}

template <typename T, int kWidth, bool kCached, bool kFew = false, int kStages = tileStages(sizeof(T), true)>
Result<void> launchForward(StreamHandle stream, const ForwardKernelArgs& kernelArgs) {
    const AttentionForward& args = kernelArgs.args;
    constexpr AttentionTile kTile = forwardTile(sizeof(T), kWidth, kFew, kStages);
    if constexpr (kTile.rowTiles == 2) {
        if (fewQueries(sizeof(T), kWidth, args.tokens, args.heads * args.batch, args.multiprocessors))
            return launchForward<T, kWidth, kCached, true, kStages>(stream, kernelArgs);
    }
    if constexpr (std::is_same_v<T, half_t> && kStages == 2) {  // of 16-bit types 7.5 has this one
        if (!args.asyncCopies) return launchForward<T, kWidth, kCached, kFew, 1>(stream, kernelArgs);
    }
    const dim3 grid(static_cast<unsigned>(args.heads), static_cast<unsigned>(args.batch),
                    static_cast<unsigned>(ceilDivide(args.tokens, kTile.rows())));
    return launch(attentionForwardKernel<T, kWidth, kCached, kFew, kStages>, grid, dim3(kTile.threads()),
                  forwardBytes(sizeof(T), kWidth, kFew, kStages), stream, kernelArgs);
}

/// The kernel for a type's heads: widths of paddedHeadDim().
template <typename T, bool kCached>
Result<void> startForwardOf(StreamHandle stream, const AttentionForward& args) {
    ForwardKernelArgs kernelArgs{args, scoreRule(args.headDim, args.softCap)};
    kernelArgs.aligned = rowsAligned<T>(args.q, args.qStride, args.headDim) &&
                         rowsAligned<T>(args.out, args.heads * args.headDim, args.headDim) &&
                         (kCached || (rowsAligned<T>(args.k, args.kStride, args.headDim) &&
                                      rowsAligned<T>(args.v, args.vStride, args.headDim)));
    switch (paddedHeadDim(args.headDim)) {
        case 32:
            return launchForward<T, 32, kCached>(stream, kernelArgs);
        case 64:
            return launchForward<T, 64, kCached>(stream, kernelArgs);
        case 96:
            return launchForward<T, 96, kCached>(stream, kernelArgs);
        default:
            return launchForward<T, 128, kCached>(stream, kernelArgs);
    }
}

}  // namespace distillix::cuda
