// SPDX-License-Identifier: Apache-2.0
// Rows of a key/value cache, read and written. It holds float32, binary16, or int8 codes with a scale for each row of a
// head.
#pragma once

#include <cstring>

#include "core/backend/cuda/kernels/attention.h"
#include "core/backend/cuda/kernels/attention_tiles.cuh"
#include "core/backend/cuda/kernels/reduce.cuh"

namespace distillix::cuda {

/// Eight neighbouring elements of a row (of queries too), as they lie in memory, so that several can be on the way at
/// once.
template <typename C>
struct CacheChunk {
    static constexpr int kWords = 2 * static_cast<int>(sizeof(C)), kPerWord = 4 / static_cast<int>(sizeof(C));
    static constexpr unsigned kBits = 8 * sizeof(C);
    unsigned words[kWords];

    /// Elements from `count` on become zero. `aligned`: `from` is a multiple of 8 elements' bytes, and all are there.
    __device__ __forceinline__ void load(const C* from, int count, bool aligned) {
        if (aligned && count >= 8) {
            if constexpr (sizeof(C) == 1) {
                const Chunk8 chunk = *reinterpret_cast<const Chunk8*>(from);
                words[0] = chunk.words[0];
                words[1] = chunk.words[1];
            } else {
#pragma unroll
                for (int i = 0; i < kWords / 4; ++i) {
                    const Chunk16 chunk = reinterpret_cast<const Chunk16*>(from)[i];
#pragma unroll
                    for (int j = 0; j < 4; ++j) words[4 * i + j] = chunk.words[j];
                }
            }
            return;
        }
#pragma unroll
        for (int i = 0; i < kWords; ++i) words[i] = 0;
#pragma unroll
        for (int i = 0; i < 8; ++i) {
            if (i >= count) break;
            if constexpr (sizeof(C) == 4) {
                std::memcpy(&words[i], from + i, 4);
            } else if constexpr (sizeof(C) == 2) {
                words[i / kPerWord] |= static_cast<unsigned>(from[i].bits) << (i % kPerWord * kBits);
            } else {
                words[i / kPerWord] |= static_cast<unsigned>(static_cast<unsigned char>(from[i]))
                                       << (i % kPerWord * kBits);
            }
        }
    }
    __device__ __forceinline__ float at(int i) const {
        const unsigned shifted = words[i / kPerWord] >> (i % kPerWord * kBits);
        if constexpr (sizeof(C) == 4) {
            float value;
            std::memcpy(&value, &words[i], 4);
            return value;
        } else if constexpr (sizeof(C) == 2) {
            return toFloat(C{static_cast<std::uint16_t>(shifted & 0xffffu)});
        } else {
            return static_cast<float>(static_cast<std::int8_t>(shifted & 0xffu));
        }
    }
};

/// Fills kRows rows of a tile from a cache's rows, `stride` elements apart; those from `count` on become zero. Codes of
/// I8 go in without their scales.
template <typename C, typename T, int kWidth, int kRows, int kThreads>
__device__ __forceinline__ void loadCacheRows(T* tile, const C* source, int stride, int count, int headDim,
                                              bool aligned) {
    constexpr int kPitch = tilePitch(kWidth, sizeof(T)), kPerRow = kWidth / 8;
    constexpr int kChunks = kRows * kPerRow / kThreads, kBatch = least(kChunks, sizeof(C) == 4 ? 2 : 4);
    static_assert(kRows * kPerRow % kThreads == 0 && kChunks > 0);
#pragma unroll 1
    for (int first = 0; first < kChunks; first += kBatch) {
        CacheChunk<C> chunks[kBatch];  // on the way at once
#pragma unroll
        for (int n = 0; n < kBatch; ++n) {
            const int i = static_cast<int>(threadIdx.x) + (first + n) * kThreads;
            const int row = i / kPerRow, column = i % kPerRow * 8;
            const bool valid = row < count && first + n < kChunks;
            chunks[n].load(valid ? source + static_cast<std::ptrdiff_t>(row) * stride + column : source,
                           valid ? headDim - column : 0, aligned);
        }
#pragma unroll
        for (int n = 0; n < kBatch; ++n) {
            if (kChunks % kBatch != 0 && first + n >= kChunks) break;
            const int i = static_cast<int>(threadIdx.x) + (first + n) * kThreads;
            T* to = tile + i / kPerRow * kPitch + i % kPerRow * 8;
#pragma unroll
            for (int j = 0; j < 8; j += 2) {
                if constexpr (std::is_same_v<T, float>) {
                    to[j] = chunks[n].at(j);
                    to[j + 1] = chunks[n].at(j + 1);
                } else {
                    *reinterpret_cast<Pair*>(to + j) = packPair<T>(chunks[n].at(j), chunks[n].at(j + 1));
                }
            }
        }
    }
}

/// The same for a cache whose type the host names; `row` counts rows of a head from the cache's first.
template <typename T, int kWidth, int kRows, int kThreads>
__device__ __forceinline__ void loadCacheTile(T* tile, const void* rows, const CacheView& cache, std::ptrdiff_t row,
                                              int kvHeads, int count, int headDim) {
    const std::ptrdiff_t at = row * headDim;
    const int stride = kvHeads * headDim;
    if (cache.type == DType::F32) {
        loadCacheRows<float, T, kWidth, kRows, kThreads>(tile, static_cast<const float*>(rows) + at, stride, count,
                                                         headDim, cache.aligned);
    } else if (cache.type == DType::F16) {
        loadCacheRows<half_t, T, kWidth, kRows, kThreads>(tile, static_cast<const half_t*>(rows) + at, stride, count,
                                                          headDim, cache.aligned);
    } else {
        loadCacheRows<std::int8_t, T, kWidth, kRows, kThreads>(tile, static_cast<const std::int8_t*>(rows) + at, stride,
                                                               count, headDim, cache.aligned);
    }
}

/// A warp writes a row of a head, [headDim] values element(i), as the reference rounds them. `row` counts rows of a
/// head from the cache's first; `scales` is there for I8.
template <typename Element>
__device__ __forceinline__ void writeCacheRow(void* cache, float* scales, DType type, std::size_t row, int headDim,
                                              Element&& element) {
    const int lane = static_cast<int>(threadIdx.x) % kLanes;
    float scale = 0;
    if (type == DType::I8) {
        float largest = 0;
        for (int i = lane; i < headDim; i += kLanes) largest = fmaxf(largest, fabsf(element(i)));
        scale = warpMax(largest) / 127.0f;
        if (lane == 0) scales[row] = scale;
    }
    for (int i = lane; i < headDim; i += kLanes) {
        const std::size_t at = row * static_cast<std::size_t>(headDim) + static_cast<std::size_t>(i);
        const float x = element(i);
        if (type == DType::F32) {
            static_cast<float*>(cache)[at] = x;
        } else if (type == DType::F16) {
            static_cast<half_t*>(cache)[at] = fromFloat<half_t>(x);
        } else {
            static_cast<signed char*>(cache)[at] = static_cast<signed char>(scale > 0 ? __float2int_rn(x / scale) : 0);
        }
    }
}

}  // namespace distillix::cuda
