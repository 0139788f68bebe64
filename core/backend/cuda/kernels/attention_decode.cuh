// SPDX-License-Identifier: Apache-2.0
// Attention of one new token (or a few) over the key/value cache. There is nothing to do but read the cache once, so
// the keys of a row are split over blocks until the card is full; query heads of one key/value head share what is read.
// A second kernel combines the splits. The grid follows from the capacity alone and blocks read the length on the
// device, so that a captured graph serves every step.
//
// In a step of decoding, queries are made from the projection's raw row in the same launch, by every block for its own
// heads, and the block whose keys end with the new one writes it and its value into the cache first.
//
// Lanes of a key hold eight elements each; a warp reads whole keys, several of them at once. Each key slot of a warp
// has a softmax of its own, merged at the end: slots, then warps, then splits, always in that order.
//
// ptxas (13.0): at most 202 registers, no spills on any architecture; two blocks an SM.
//
// Predicted for an H200, never run on a GPU: 1,024 keys of the 100M preset in binary16 are 1 MB a layer, 0.2 µs at 4.8
// TB/s, so latency is all: one pass of loads (1 µs), the merge (1 µs), a second kernel (2 µs in a graph): some 4 µs a
// layer, 50 µs of the 333 that 3,000 tokens a second leave.
#pragma once

#include <cmath>

#include "core/backend/cuda/kernels/attention.h"
#include "core/backend/cuda/kernels/attention_tiles.cuh"
#include "core/backend/cuda/kernels/cache_rows.cuh"
#include "core/backend/cuda/kernels/heads.cuh"
#include "core/backend/cuda/kernels/reduce.cuh"

namespace distillix::cuda {

struct DecodeKernelArgs {
    AttentionDecode args;
    ScoreRule rule;
    bool queriesAligned = false;  ///< rows of q, as CacheView::aligned
};

/// Eight elements of q as float32, times `factor`; those from `count` on as zeros.
template <typename T>
__device__ __forceinline__ void readQueries(float (&x)[kDecodeLaneWidth], const void* queries, std::ptrdiff_t at,
                                            int count, bool aligned, float factor) {
    CacheChunk<T> chunk;
    chunk.load(static_cast<const T*>(queries) + (count > 0 ? at : 0), count, aligned);
#pragma unroll
    for (int i = 0; i < kDecodeLaneWidth; ++i) x[i] = chunk.at(i) * factor;
}
/// exp2(from - to), for maxima of which either may be that of no key at all.
__device__ __forceinline__ float rescale(float from, float to) {
    return from == -INFINITY ? 0.0f : exp2f(from - to);
}

/// Keys that a row (token) sees.
__device__ __forceinline__ int lengthOfRow(const AttentionDecode& args, int m) {
    return least(args.cache.past[m / args.tokens] + m % args.tokens + 1, args.cache.capacity);
}

/// As if it had been stored as `type`.
__device__ __forceinline__ float rounded(DType type, float value) {
    return type == DType::F16    ? toFloat(fromFloat<half_t>(value))
           : type == DType::BF16 ? toFloat(fromFloat<bf16_t>(value))
                                 : value;
}

/// A warp norms and rotates head `head` (queries, then keys) of a row of FreshToken::qkv into shared memory.
__device__ __forceinline__ void makeHead(const AttentionDecode& args, int m, int head, float* out) {
    static_assert(kMaxHeadDim <= 128, "two pairs a lane");
    using S = HeadSpread<kWarp, 1, 2>;
    const FreshToken& fresh = args.fresh;
    const int half = args.headDim / 2;
    const ValueType type = args.type == DType::BF16  ? ValueType::BF16
                           : args.type == DType::F16 ? ValueType::F16
                                                     : ValueType::F32;
    Head<S> x;
    x.load(ConstValues{fresh.qkv, type}, headOffset(m, args.heads + 2 * args.kvHeads, head, args.headDim), half);
    normRotate(x, head < args.heads ? fresh.qNorm : fresh.kNorm, fresh.eps,
               fresh.ropeTable + static_cast<std::ptrdiff_t>(fresh.positions[m]) * args.headDim, args.headDim);
    x.each([&](float& v, int, int, bool) { v = rounded(args.type, v); });
    x.a.storeTyped(out, half, S::lane());
    x.b.storeTyped(out + half, half, S::lane());
}

/// Grid: splits, parts of kDecodeHeads query heads of the key/value heads, rows (batch · tokens).
template <typename C, int kKeyLanes, bool kFresh>
__global__ void __launch_bounds__(kDecodeThreads, kDecodeBlocks)
    attentionDecodeKernel(const DecodeKernelArgs kernelArgs) {
    constexpr int kSlots = kLanes / kKeyLanes, kWidth = kKeyLanes * kDecodeLaneWidth;
    constexpr int kHeads = kDecodeHeads, kUnroll = kDecodeUnroll, kWarpKeys = kSlots * kUnroll;
    const AttentionDecode& args = kernelArgs.args;
    const CacheView& cache = args.cache;
    const ScoreRule rule = kernelArgs.rule;

    const int split = static_cast<int>(blockIdx.x), m = static_cast<int>(blockIdx.z);
    const int group = args.heads / args.kvHeads, parts = ceilDivide(group, kHeads);
    const int kvHead = static_cast<int>(blockIdx.y) / parts,
              firstInGroup = static_cast<int>(blockIdx.y) % parts * kHeads;
    const int firstHead = kvHead * group + firstInGroup, headCount = least(kHeads, group - firstInGroup);
    const int b = m / args.tokens, headDim = args.headDim;
    const int length = lengthOfRow(args, m);
    const KeyRange range = decodeRange(split, args.splits, length, kDecodeWarps * kWarpKeys);
    if (range.first == range.end) return;  // the second kernel does not look at this split

    const int lane = static_cast<int>(threadIdx.x) % kLanes, warp = static_cast<int>(threadIdx.x) / kLanes;
    const int slot = lane / kKeyLanes, column = lane % kKeyLanes * kDecodeLaneWidth;
    const int own = least(kDecodeLaneWidth, headDim - column);  // of this lane's elements, those that exist

    float q[kHeads][kDecodeLaneWidth], out[kHeads][kDecodeLaneWidth] = {}, largest[kHeads], sum[kHeads] = {};
#pragma unroll
    for (int head = 0; head < kHeads; ++head) largest[head] = -INFINITY;
    const std::ptrdiff_t sequence = static_cast<std::ptrdiff_t>(b) * cache.capacity;
    if constexpr (kFresh) {
        static_assert(kDecodeWarps >= kHeads && kDecodeWarps >= 2);
        SHARED(float, made, (kHeads + 1) * kWidth);  // query heads, then the key
        if (warp < headCount) makeHead(args, m, firstHead + warp, made + warp * kWidth);
        // Blocks of other heads of the same key write the same bits; each reads its own.
        if (range.end == length && cache.past[b] < cache.capacity) {
            const std::size_t row = static_cast<std::size_t>((sequence + cache.past[b]) * args.kvHeads + kvHead);
            if (warp == kDecodeWarps - 1) {
                float* const key = made + kHeads * kWidth;
                makeHead(args, m, args.heads + kvHead, key);
                __syncwarp();
                writeCacheRow(cache.keys, cache.keyScales, cache.type, row, headDim, [&](int i) { return key[i]; });
            } else if (warp == kDecodeWarps - 2) {
                const std::ptrdiff_t value = (static_cast<std::ptrdiff_t>(m) * (args.heads + 2 * args.kvHeads) +
                                              args.heads + args.kvHeads + kvHead) *
                                             headDim;
                writeCacheRow(cache.values, cache.valueScales, cache.type, row, headDim,
                              [&](int i) { return readValue(args.fresh.qkv, args.type, value + i); });
            }
        }
        __syncthreads();
#pragma unroll
        for (int head = 0; head < kHeads; ++head) {
#pragma unroll
            for (int i = 0; i < kDecodeLaneWidth; ++i)
                q[head][i] = head < headCount && i < own ? made[head * kWidth + column + i] * rule.inner : 0.0f;
        }
    } else {
#pragma unroll
        for (int head = 0; head < kHeads; ++head) {
            const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(m) * args.qStride +
                                      static_cast<std::ptrdiff_t>(firstHead + head) * headDim + column;
            const int count = head < headCount ? own : 0;
            if (args.type == DType::BF16) {
                readQueries<bf16_t>(q[head], args.q, at, count, kernelArgs.queriesAligned, rule.inner);
            } else if (args.type == DType::F16) {
                readQueries<half_t>(q[head], args.q, at, count, kernelArgs.queriesAligned, rule.inner);
            } else {
                readQueries<float>(q[head], args.q, at, count, kernelArgs.queriesAligned, rule.inner);
            }
        }
    }

    for (int first = range.first + warp * kWarpKeys; first < range.end; first += kDecodeWarps * kWarpKeys) {
        CacheChunk<C> k[kUnroll], v[kUnroll];
        float keyScale[kUnroll], valueScale[kUnroll];
#pragma unroll
        for (int u = 0; u < kUnroll; ++u) {
            const int key = first + u * kSlots + slot;
            const bool valid = key < range.end;
            const std::ptrdiff_t row = (sequence + (valid ? key : range.first)) * args.kvHeads + kvHead;
            const std::ptrdiff_t at = row * headDim + (own > 0 ? column : 0);
            k[u].load(static_cast<const C*>(cache.keys) + at, valid ? own : 0, cache.aligned);
            v[u].load(static_cast<const C*>(cache.values) + at, valid ? own : 0, cache.aligned);
            keyScale[u] = valueScale[u] = 1.0f;
            if constexpr (sizeof(C) == 1) {
                keyScale[u] = cache.keyScales[row];
                valueScale[u] = cache.valueScales[row];
            }
        }
#pragma unroll
        for (int head = 0; head < kHeads; ++head) {
            float s[kUnroll], most = largest[head];
#pragma unroll
            for (int u = 0; u < kUnroll; ++u) {
                float product = 0;
#pragma unroll
                for (int i = 0; i < kDecodeLaneWidth; ++i) product = fmaf(q[head][i], k[u].at(i), product);
                product = warpSum<kKeyLanes>(product) * keyScale[u];
                if (rule.outer > 0) product = rule.outer * tanhf(product);
                s[u] = first + u * kSlots + slot < range.end ? product : -INFINITY;
                most = fmaxf(most, s[u]);
            }
            const float shrink = rescale(largest[head], most);
            largest[head] = most;
            sum[head] *= shrink;
#pragma unroll
            for (int i = 0; i < kDecodeLaneWidth; ++i) out[head][i] *= shrink;
#pragma unroll
            for (int u = 0; u < kUnroll; ++u) {
                const float p = rescale(s[u], most);
                sum[head] += p;
#pragma unroll
                for (int i = 0; i < kDecodeLaneWidth; ++i)
                    out[head][i] = fmaf(p * valueScale[u], v[u].at(i), out[head][i]);
            }
        }
    }

    SHARED(float, warpOut, kDecodeWarps* kHeads* kWidth);
    SHARED(float, warpLargest, kDecodeWarps* kHeads);
    SHARED(float, warpSums, kDecodeWarps* kHeads);
#pragma unroll
    for (int head = 0; head < kHeads; ++head) {
        float most = largest[head];
#pragma unroll
        for (int offset = kKeyLanes; offset < kLanes; offset *= 2)
            most = fmaxf(most, __shfl_xor_sync(kFullMask, most, offset));
        const float shrink = rescale(largest[head], most);
        float all = sum[head] * shrink;
#pragma unroll
        for (int offset = kKeyLanes; offset < kLanes; offset *= 2) all += __shfl_xor_sync(kFullMask, all, offset);
#pragma unroll
        for (int i = 0; i < kDecodeLaneWidth; ++i) {
            float x = out[head][i] * shrink;
#pragma unroll
            for (int offset = kKeyLanes; offset < kLanes; offset *= 2) x += __shfl_xor_sync(kFullMask, x, offset);
            if (slot == 0) warpOut[(warp * kHeads + head) * kWidth + column + i] = x;
        }
        if (lane == 0) {
            warpLargest[warp * kHeads + head] = most;
            warpSums[warp * kHeads + head] = all;
        }
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < headCount * kWidth; i += kDecodeThreads) {
        const int head = i / kWidth, element = i % kWidth;
        float most = -INFINITY, all = 0, x = 0;
#pragma unroll
        for (int w = 0; w < kDecodeWarps; ++w) most = fmaxf(most, warpLargest[w * kHeads + head]);
#pragma unroll
        for (int w = 0; w < kDecodeWarps; ++w) {
            const float shrink = rescale(warpLargest[w * kHeads + head], most);
            all = fmaf(warpSums[w * kHeads + head], shrink, all);
            x = fmaf(warpOut[(w * kHeads + head) * kWidth + element], shrink, x);
        }
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(m) * args.heads + firstHead + head;
        if (args.splits == 1) {
            if (element < headDim) writeValue(args.out, args.type, row * headDim + element, x / all);
            continue;
        }
        const std::ptrdiff_t at = row * args.splits + split;
        if (element == 0) {
            args.partial[2 * at] = most;
            args.partial[2 * at + 1] = all;
        }
        const std::ptrdiff_t statistics =
            2 * static_cast<std::ptrdiff_t>(args.batch) * args.tokens * args.heads * args.splits;
        if (element < headDim) args.partial[statistics + at * headDim + element] = x;
    }
}

/// Grid: heads, rows. A thread an element; before that, a thread a split.
__global__ void __launch_bounds__(kMaxHeadDim) attentionCombineKernel(const DecodeKernelArgs kernelArgs) {
    static_assert(kMaxDecodeSplits <= kMaxHeadDim);
    const AttentionDecode& args = kernelArgs.args;
    const int m = static_cast<int>(blockIdx.y), thread = static_cast<int>(threadIdx.x);
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(m) * args.heads + static_cast<int>(blockIdx.x);
    const float* const statistics = args.partial + 2 * row * args.splits;
    const float* const outputs = args.partial +
                                 2 * static_cast<std::ptrdiff_t>(args.batch) * args.tokens * args.heads * args.splits +
                                 row * args.splits * args.headDim;
    const int splits = decodeActiveSplits(args.splits, lengthOfRow(args, m), decodePass(decodeLanes(args.headDim)));
    SHARED(float, weights, kMaxDecodeSplits);
    const float own = thread < splits ? statistics[2 * thread] : -INFINITY;
    const float weight = rescale(own, blockMax(own));
    const float all = blockSum(thread < splits ? statistics[2 * thread + 1] * weight : 0.0f);
    if (thread < splits) weights[thread] = weight;
    __syncthreads();
    if (thread >= args.headDim) return;
    float x = 0;
#pragma unroll 16
    for (int split = 0; split < splits; ++split) x = fmaf(outputs[split * args.headDim + thread], weights[split], x);
    writeValue(args.out, args.type, row * args.headDim + thread, x / all);
}

template <typename C, int kKeyLanes>
Result<void> launchDecode(StreamHandle stream, const DecodeKernelArgs& kernelArgs) {
    const AttentionDecode& args = kernelArgs.args;
    const dim3 grid(static_cast<unsigned>(args.splits), static_cast<unsigned>(decodeUnits(args.heads, args.kvHeads)),
                    static_cast<unsigned>(args.batch * args.tokens));
    const auto kernel =
        args.fresh.qkv ? attentionDecodeKernel<C, kKeyLanes, true> : attentionDecodeKernel<C, kKeyLanes, false>;
    return launch(kernel, grid, dim3(kDecodeThreads), 0, stream, kernelArgs);
}

template <typename C>
Result<void> startDecodeOf(StreamHandle stream, const DecodeKernelArgs& kernelArgs) {
    switch (decodeLanes(kernelArgs.args.headDim)) {
        case 4:
            return launchDecode<C, 4>(stream, kernelArgs);
        case 8:
            return launchDecode<C, 8>(stream, kernelArgs);
        default:
            return launchDecode<C, 16>(stream, kernelArgs);
    }
}

}  // namespace distillix::cuda
