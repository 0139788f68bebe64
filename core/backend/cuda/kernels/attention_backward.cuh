// SPDX-License-Identifier: Apache-2.0
// Attention backward. With P the probabilities (worked out again from lse) and dP = dO·Vᵀ:
//   delta = rowsum(dO∘O);  dS = P∘(dP - delta), times 1 - tanh² under a cap
//   dQ = dS·K/sqrt(h),  dK = dSᵀ·Q/sqrt(h),  dV = Pᵀ·dO
// Two kernels, so that every sum is made by one warp in a fixed order and no gradient is added up through memory: the
// first holds queries and walks the keys (delta, dQ), the second holds keys and walks the queries of all heads of the
// group (dK, dV). That costs seven products where a kernel with atomic adds to dQ needs five, and gives the same bits
// every time. In both, P and dS go from accumulators straight into the next product, never through shared memory.
//
// ptxas (13.0, sm_90): dQ 64 wide 246 registers and 36 KiB of shared memory, 128 wide 251 and 34 KiB; dK and dV 64 wide
// 223 and 38 KiB, 128 wide 241 and 69 KiB; no spills on any architecture; two blocks of four warps an SM, but for the
// last on 8.6, 8.9 and 12.0, which hold one.
//
// Predicted for an H200, never run on a GPU, the shape of attention.cuh: dQ makes three products, 20 GFLOP: 34 µs at
// 60% of 989 TFLOPS; 28 µs of special functions, 21 µs of shared memory. dK and dV make four, 26.5 GFLOP: 45 µs; 28 µs
// of special functions; shared memory, which with 16 rows a warp gives 4,096 FLOP for 256 bytes, 56 µs: the floor
// there. Expected 55 + 85 µs, 1.7 ms for the twelve layers of a micro-step.
#pragma once

#include "core/backend/cuda/kernels/attention.cuh"

namespace distillix::cuda {

struct BackwardKernelArgs {
    AttentionBackward args;
    ScoreRule rule;
    float scale = 0;       ///< 1/sqrt(h)
    bool aligned = false;  ///< rows of everything, as HeadRows::aligned
};

/// Products to scores, and 1 - tanh² of each (1 without a cap) into `slope`.
template <typename T, int kRowTiles, int kTiles>
__device__ __forceinline__ void applyRule(float (&s)[kRowTiles][kTiles][4], float (&slope)[kRowTiles][kTiles][4],
                                          const ScoreRule& rule) {
    if (rule.outer > 0) {
#pragma unroll
        for (int i = 0; i < kRowTiles * kTiles * 4; ++i) {
            float& x = s[i / (kTiles * 4)][i / 4 % kTiles][i % 4];
            const float t = tanhOf<T>(x * rule.inner);
            x = rule.outer * t;
            slope[i / (kTiles * 4)][i / 4 % kTiles][i % 4] = 1.0f - t * t;
        }
    } else {
#pragma unroll
        for (int i = 0; i < kRowTiles * kTiles * 4; ++i) {
            s[i / (kTiles * 4)][i / 4 % kTiles][i % 4] *= rule.inner;
            slope[i / (kTiles * 4)][i / 4 % kTiles][i % 4] = 1.0f;
        }
    }
}

/// Four lanes' share of the product of two rows: every fourth element or chunk.
template <typename T>
__device__ __forceinline__ float partOfRowProduct(const T* shared, const T* global, int headDim, bool aligned) {
    const int part = static_cast<int>(threadIdx.x) % 4;
    float sum = 0;
    if constexpr (!std::is_same_v<T, float>) {
        if (aligned) {
            for (int i = part * 8; i < headDim; i += 32) {
                const Chunk16 a = *reinterpret_cast<const Chunk16*>(shared + i);
                const Chunk16 b = *reinterpret_cast<const Chunk16*>(global + i);
#pragma unroll
                for (int j = 0; j < 4; ++j) {
                    float a0, a1, b0, b1;
                    unpackPair<T>(a.words[j], a0, a1);
                    unpackPair<T>(b.words[j], b0, b1);
                    sum = fmaf(a0, b0, sum);
                    sum = fmaf(a1, b1, sum);
                }
            }
            return sum;
        }
    }
    for (int i = part; i < headDim; i += 4) sum = fmaf(toFloat(shared[i]), toFloat(global[i]), sum);
    return sum;
}

/// delta and dQ. Grid: heads, batch, tiles of queries (the last, which sees the most keys, first).
template <typename T, int kWidth, int kStages>
__global__ void __launch_bounds__(queryGradientTile(sizeof(T), kWidth, kStages).threads(),
                                  queryGradientTile(sizeof(T), kWidth, kStages).blocks)
    attentionQueryGradientKernel(const BackwardKernelArgs kernelArgs) {
    constexpr AttentionTile kTile = queryGradientTile(sizeof(T), kWidth, kStages);
    constexpr int kRows = kTile.rows(), kKeys = kTile.columns, kStep = kTile.step, kThreads = kTile.threads(),
                  kRowTiles = kTile.rowTiles;
    constexpr int kPitch = tilePitch(kWidth, sizeof(T));
    if (kBeyondTuring && sizeof(T) == 2 && kStages == 1) return refuseToRun();
    const AttentionForward& args = kernelArgs.args.forward;
    const ScoreRule rule = kernelArgs.rule;
    const bool aligned = kernelArgs.aligned;

    DYNAMIC_SHARED(T, queries);                     // [kRows][kPitch]
    T* const gradients = queries + kRows * kPitch;  // dO, the same
    constexpr bool kReused = rowsHeld(sizeof(T));
    T* const keys = kReused ? queries : gradients + kRows * kPitch;  // [kStages][kKeys][kPitch]
    T* const values = keys + kStages * kKeys * kPitch;               // the same

    const int head = static_cast<int>(blockIdx.x), b = static_cast<int>(blockIdx.y);
    const int kvHead = head / (args.heads / args.kvHeads), headDim = args.headDim;
    const int first = (static_cast<int>(gridDim.z) - 1 - static_cast<int>(blockIdx.z)) * kRows;
    const int count = least(kRows, args.tokens - first);
    const std::ptrdiff_t token = static_cast<std::ptrdiff_t>(b) * args.tokens;
    const std::int32_t* const starts = args.documentStart ? args.documentStart + token : nullptr;
    const int width = args.heads * headDim;

    loadTile<T, kWidth, kRows, kThreads>(
        queries, static_cast<const T*>(args.q) + (token + first) * args.qStride + head * headDim,
        HeadRows{args.qStride, headDim, aligned}, count);
    loadTile<T, kWidth, kRows, kThreads>(
        gradients, static_cast<const T*>(kernelArgs.args.dOut) + (token + first) * width + head * headDim,
        HeadRows{width, headDim, aligned}, count);
    cpAsyncCommit();

    const TileRange range = keyTiles(starts ? starts[first] : 0, first + count - 1, kKeys);
    const auto load = [&](int index, int stage) {
        const int key = (range.first + index) * kKeys;
        loadTile<T, kWidth, kKeys, kThreads>(
            keys + stage * kKeys * kPitch,
            static_cast<const T*>(args.k) + (token + key) * args.kStride + kvHead * headDim,
            HeadRows{args.kStride, headDim, aligned}, args.tokens - key);
        loadTile<T, kWidth, kKeys, kThreads>(
            values + stage * kKeys * kPitch,
            static_cast<const T*>(args.v) + (token + key) * args.vStride + kvHead * headDim,
            HeadRows{args.vStride, headDim, aligned}, args.tokens - key);
    };

    const int lane = static_cast<int>(threadIdx.x) % kLanes, warp = static_cast<int>(threadIdx.x) / kLanes;
    const int warpRow = warp * kTile.warpRows(), warpFirst = first + warpRow,
              warpLast = warpFirst + kTile.warpRows() - 1;
    const bool working = warpRow < count;
    const int last = args.tokens - 1;

    cpAsyncWait<0>();
    __syncthreads();
    RowOperand<T, kWidth, true> rowsOfQ[kRowTiles], rowsOfGradient[kRowTiles];
    int start[kRowTiles][2] = {}, warpStart = 0, warpLastStart = 0;
    float lse[kRowTiles][2], delta[kRowTiles][2];
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
        rowsOfQ[r].load(queries + (warpRow + r * kTileRows) * kPitch);
        rowsOfGradient[r].load(gradients + (warpRow + r * kTileRows) * kPitch);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int row = warpRow + r * kTileRows + half * 8 + lane / 4, at = least(first + row, last);
            const std::ptrdiff_t statistic = (static_cast<std::ptrdiff_t>(b) * args.heads + head) * args.tokens + at;
            float part = 0;
            if (row < count) {
                part = partOfRowProduct(gradients + row * kPitch,
                                        static_cast<const T*>(args.out) + (token + at) * width + head * headDim,
                                        headDim, aligned);
            }
            delta[r][half] = warpSum<4>(part);
            // Beyond the last query, probabilities are zero.
            lse[r][half] = row < count ? args.lse[statistic] * kLog2E : INFINITY;
            if (row < count && lane % 4 == 0) kernelArgs.args.delta[statistic] = delta[r][half];
            if (starts) start[r][half] = starts[at];
        }
    }
    if (starts && working) {
        warpStart = starts[warpFirst];
        warpLastStart = starts[least(warpLast, last)];
    }

    if constexpr (kReused) __syncthreads();  // queries and gradients are read
    float dQ[kRowTiles][kWidth / 8][4] = {};
    overTiles<kStages>(range.end - range.first, load, [&](int index, int stage) {
        const T *const keyTile = keys + stage * kKeys * kPitch, *const valueTile = values + stage * kKeys * kPitch;
#pragma unroll 1
        for (int part = 0; part < kKeys; part += kStep) {
            const int key = (range.first + index) * kKeys + part;
            if (!working || nothingSeen(key, key + kStep - 1, warpLast, warpStart)) continue;
            float s[kRowTiles][kStep / 8][4], slope[kRowTiles][kStep / 8][4], dP[kRowTiles][kStep / 8][4];
            multiplyTransposed<T, kWidth, kRowTiles, kStep / 8>(s, rowsOfQ, keyTile + part * kPitch);
            applyRule<T>(s, slope, rule);
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
                for (int i = 0; i < kStep / 2; ++i)
                    slope[r][i / 4][i % 4] *= exp2Of<T>(s[r][i / 4][i % 4] - lse[r][i / 2 % 2]);
            }
            multiplyTransposed<T, kWidth, kRowTiles, kStep / 8>(dP, rowsOfGradient, valueTile + part * kPitch);
#pragma unroll
            for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
                for (int i = 0; i < kStep / 2; ++i) {
                    float& x = dP[r][i / 4][i % 4];
                    x = slope[r][i / 4][i % 4] * (x - delta[r][i / 2 % 2]);
                }
            }
            multiplyAccumulate<T, kWidth, kRowTiles, kStep / 8>(dQ, dP, keyTile + part * kPitch);
        }
    });

    if constexpr (kReused) __syncthreads();
    if (!working) return;
    float factor[kRowTiles][2];
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) factor[r][0] = factor[r][1] = kernelArgs.scale;
    writeRows<T, kWidth, kRowTiles>(queries + warpRow * kPitch, dQ, factor);
    storeRows<T, kWidth>(
        static_cast<T*>(kernelArgs.args.dQ) + (token + warpFirst) * kernelArgs.args.dQStride + head * headDim,
        queries + warpRow * kPitch, HeadRows{kernelArgs.args.dQStride, headDim, aligned},
        least(count - warpRow, kTile.warpRows()));
}

/// dK and dV, behind the kernel above, whose delta it reads. Grid: tiles of keys (the first, which the most queries
/// see, first)
template <typename T, int kWidth, int kStages>
__global__ void __launch_bounds__(keyGradientTile(sizeof(T), kWidth, kStages).threads(),
                                  keyGradientTile(sizeof(T), kWidth, kStages).blocks)
    attentionKeyGradientKernel(const BackwardKernelArgs kernelArgs) {
    constexpr AttentionTile kTile = keyGradientTile(sizeof(T), kWidth, kStages);
    static_assert(kTile.rowTiles == 1);
    constexpr int kRows = kTile.rows(), kQueries = kTile.columns, kStep = kTile.step, kThreads = kTile.threads();
    constexpr int kPitch = tilePitch(kWidth, sizeof(T));
    constexpr bool kHeld = keyRowsHeld(sizeof(T), kWidth);  // else dK and dV fill the registers
    if (kBeyondTuring && sizeof(T) == 2 && kStages == 1) return refuseToRun();
    const AttentionForward& args = kernelArgs.args.forward;
    const ScoreRule rule = kernelArgs.rule;
    const bool aligned = kernelArgs.aligned;

    DYNAMIC_SHARED(T, keys);                                     // [kRows][kPitch]
    T* const values = keys + kRows * kPitch;                     // the same
    T* const queries = kHeld ? keys : values + kRows * kPitch;   // [kStages][kQueries][kPitch]
    T* const gradients = queries + kStages * kQueries * kPitch;  // dO, the same
    // [kStages][kQueries] each: lse in units of ln 2, delta, and the start of the query's document.
    float* const lses = reinterpret_cast<float*>(gradients + kStages * kQueries * kPitch);
    float* const deltas = lses + kStages * kQueries;
    std::int32_t* const queryStarts = reinterpret_cast<std::int32_t*>(deltas + kStages * kQueries);

    const int kvHead = static_cast<int>(blockIdx.x), b = static_cast<int>(blockIdx.y);
    const int group = args.heads / args.kvHeads, headDim = args.headDim, width = args.heads * headDim;
    const int first = static_cast<int>(blockIdx.z) * kRows, count = least(kRows, args.tokens - first);
    const std::ptrdiff_t token = static_cast<std::ptrdiff_t>(b) * args.tokens;
    const std::int32_t* const starts = args.documentStart ? args.documentStart + token : nullptr;

    loadTile<T, kWidth, kRows, kThreads>(
        keys, static_cast<const T*>(args.k) + (token + first) * args.kStride + kvHead * headDim,
        HeadRows{args.kStride, headDim, aligned}, count);
    loadTile<T, kWidth, kRows, kThreads>(
        values, static_cast<const T*>(args.v) + (token + first) * args.vStride + kvHead * headDim,
        HeadRows{args.vStride, headDim, aligned}, count);
    cpAsyncCommit();

    TileRange range = queryTiles(first, args.tokens, kQueries);
    if (starts) {
        range.end = endOfDocumentTiles(range.first + 1, range.end, first + count - 1,
                                       [&](int tile) { return starts[tile * kQueries]; });
    }
    const int tiles = range.end - range.first;
    const auto load = [&](int index, int stage) {
        const int head = kvHead * group + index / tiles, query = (range.first + index % tiles) * kQueries;
        const int rows = args.tokens - query;
        loadTile<T, kWidth, kQueries, kThreads>(
            queries + stage * kQueries * kPitch,
            static_cast<const T*>(args.q) + (token + query) * args.qStride + head * headDim,
            HeadRows{args.qStride, headDim, aligned}, rows);
        loadTile<T, kWidth, kQueries, kThreads>(
            gradients + stage * kQueries * kPitch,
            static_cast<const T*>(kernelArgs.args.dOut) + (token + query) * width + head * headDim,
            HeadRows{width, headDim, aligned}, rows);
        const std::ptrdiff_t statistic = (static_cast<std::ptrdiff_t>(b) * args.heads + head) * args.tokens + query;
        for (int i = static_cast<int>(threadIdx.x); i < kQueries; i += kThreads) {
            const bool valid = i < rows;  // beyond the last query, probabilities are zero
            lses[stage * kQueries + i] = valid ? args.lse[statistic + i] * kLog2E : INFINITY;
            deltas[stage * kQueries + i] = valid ? kernelArgs.args.delta[statistic + i] : 0.0f;
            queryStarts[stage * kQueries + i] = starts ? starts[least(query + i, args.tokens - 1)] : 0;
        }
    };

    const int lane = static_cast<int>(threadIdx.x) % kLanes, warp = static_cast<int>(threadIdx.x) / kLanes;
    const int warpRow = warp * kTileRows, warpFirst = first + warpRow, warpLast = warpFirst + kTileRows - 1;
    const bool working = warpRow < count;

    cpAsyncWait<0>();
    __syncthreads();
    RowOperand<T, kWidth, kHeld> rowsOfK[1], rowsOfV[1];
    rowsOfK[0].load(keys + warpRow * kPitch);
    rowsOfV[0].load(values + warpRow * kPitch);

    if constexpr (kHeld) __syncthreads();  // keys and values are in registers
    float dK[1][kWidth / 8][4] = {}, dV[1][kWidth / 8][4] = {};
    overTiles<kStages>(group * tiles, load, [&](int index, int stage) {
#pragma unroll 1
        for (int part = 0; part < kQueries; part += kStep) {
            const int query = (range.first + index % tiles) * kQueries + part, at = stage * kQueries + part;
            const int firstStart = queryStarts[at], lastStart = queryStarts[at + kStep - 1];
            if (!working || nothingSeen(warpFirst, warpLast, query + kStep - 1, firstStart)) continue;
            const T *const queryTile = queries + at * kPitch, *const gradientTile = gradients + at * kPitch;
            float p[1][kStep / 8][4], slope[1][kStep / 8][4];
            multiplyTransposed<T, kWidth, 1, kStep / 8>(p, rowsOfK, queryTile);
            applyRule<T>(p, slope, rule);
            if (needsMask(warpFirst, warpLast, query, lastStart)) {
#pragma unroll
                for (int i = 0; i < kStep / 2; ++i) {
                    const int column = i / 4 * 8 + lane % 4 * 2 + i % 2, key = warpFirst + i / 2 % 2 * 8 + lane / 4;
                    if (!keySeen(key, query + column, queryStarts[at + column])) p[0][i / 4][i % 4] = -INFINITY;
                }
            }
#pragma unroll
            for (int i = 0; i < kStep / 2; ++i) {
                float& x = p[0][i / 4][i % 4];
                x = exp2Of<T>(x - lses[at + i / 4 * 8 + lane % 4 * 2 + i % 2]);
                slope[0][i / 4][i % 4] *= x;
            }
            multiplyAccumulate<T, kWidth, 1, kStep / 8>(dV, p, gradientTile);
            multiplyTransposed<T, kWidth, 1, kStep / 8>(p, rowsOfV, gradientTile);  // dP
#pragma unroll
            for (int i = 0; i < kStep / 2; ++i) {
                const int column = i / 4 * 8 + lane % 4 * 2 + i % 2;
                p[0][i / 4][i % 4] = slope[0][i / 4][i % 4] * (p[0][i / 4][i % 4] - deltas[at + column]);
            }
            multiplyAccumulate<T, kWidth, 1, kStep / 8>(dK, p, queryTile);
        }
    });

    if constexpr (kHeld) __syncthreads();
    if (!working) return;
    const int rows = least(count - warpRow, kTileRows);
    const float scaled[1][2] = {{kernelArgs.scale, kernelArgs.scale}}, plain[1][2] = {{1.0f, 1.0f}};
    writeRows<T, kWidth, 1>(keys + warpRow * kPitch, dK, scaled);
    storeRows<T, kWidth>(
        static_cast<T*>(kernelArgs.args.dK) + (token + warpFirst) * kernelArgs.args.dKStride + kvHead * headDim,
        keys + warpRow * kPitch, HeadRows{kernelArgs.args.dKStride, headDim, aligned}, rows);
    writeRows<T, kWidth, 1>(values + warpRow * kPitch, dV, plain);
    storeRows<T, kWidth>(
        static_cast<T*>(kernelArgs.args.dV) + (token + warpFirst) * kernelArgs.args.dVStride + kvHead * headDim,
        values + warpRow * kPitch, HeadRows{kernelArgs.args.dVStride, headDim, aligned}, rows);
}

template <typename T, int kWidth, int kStages = tileStages(sizeof(T), true)>
Result<void> launchBackward(StreamHandle stream, const BackwardKernelArgs& kernelArgs) {
    const AttentionForward& args = kernelArgs.args.forward;
    if constexpr (std::is_same_v<T, half_t> && kStages == 2) {  // of 16-bit types 7.5 has this one
        if (!args.asyncCopies) return launchBackward<T, kWidth, 1>(stream, kernelArgs);
    }
    constexpr AttentionTile kQueryTile = queryGradientTile(sizeof(T), kWidth, kStages),
                            kKeyTile = keyGradientTile(sizeof(T), kWidth, kStages);
    const auto grid = [&](int heads, const AttentionTile& tile) {
        return dim3(static_cast<unsigned>(heads), static_cast<unsigned>(args.batch),
                    static_cast<unsigned>(ceilDivide(args.tokens, tile.rows())));
    };
    TRY_VOID(launch(attentionQueryGradientKernel<T, kWidth, kStages>, grid(args.heads, kQueryTile),
                    dim3(kQueryTile.threads()), queryGradientBytes(sizeof(T), kWidth, kStages), stream, kernelArgs));
    return launch(attentionKeyGradientKernel<T, kWidth, kStages>, grid(args.kvHeads, kKeyTile),
                  dim3(kKeyTile.threads()), keyGradientBytes(sizeof(T), kWidth, kStages), stream, kernelArgs);
}

template <typename T>
Result<void> startBackwardOf(StreamHandle stream, const AttentionBackward& args) {
    const AttentionForward& forward = args.forward;
    const int headDim = forward.headDim, width = forward.heads * headDim;
    BackwardKernelArgs kernelArgs{args, scoreRule(headDim, forward.softCap)};
    kernelArgs.scale = 1.0f / std::sqrt(static_cast<float>(headDim));
    kernelArgs.aligned =
        rowsAligned<T>(forward.q, forward.qStride, headDim) && rowsAligned<T>(forward.k, forward.kStride, headDim) &&
        rowsAligned<T>(forward.v, forward.vStride, headDim) && rowsAligned<T>(forward.out, width, headDim) &&
        rowsAligned<T>(args.dOut, width, headDim) && rowsAligned<T>(args.dQ, args.dQStride, headDim) &&
        rowsAligned<T>(args.dK, args.dKStride, headDim) && rowsAligned<T>(args.dV, args.dVStride, headDim);
    switch (paddedHeadDim(headDim)) {
        case 32:
            return launchBackward<T, 32>(stream, kernelArgs);
        case 64:
            return launchBackward<T, 64>(stream, kernelArgs);
        case 96:
            return launchBackward<T, 96>(stream, kernelArgs);
        default:
            return launchBackward<T, 128>(stream, kernelArgs);
    }
}

}  // namespace distillix::cuda
