// SPDX-License-Identifier: Apache-2.0
// What the attention kernels are told, and the functions that start them. Plain C++: cuda_attention.cpp includes it
// without nvcc. Contracts of the operations: core/backend/ops.h. All pointers are the device's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/backend/cuda/kernels/attention_shape.h"
#include "core/base/result.h"
#include "core/tensor/dtype.h"

namespace distillix::cuda {

using StreamHandle = void*;  ///< as in portable.h, which only device code can include

/// Keys and values of a cache as kernels read them: [B, capacity, Hkv, h] of `type`, scales [B, capacity, Hkv] for I8.
struct CacheView {
    void *keys = nullptr, *values = nullptr;
    float *keyScales = nullptr, *valueScales = nullptr;
    const std::int32_t* past = nullptr;  ///< [B]
    int capacity = 0;
    DType type = DType::F32;
    bool aligned = false;  ///< rows of a head start at multiples of 16 bytes and hold a multiple of 8 elements
};

/// Forward, over strided keys and values or over a cache (cache.keys given).
struct AttentionForward {
    DType type = DType::F32;  ///< of q, k, v and out
    const void *q = nullptr, *k = nullptr, *v = nullptr;
    void* out = nullptr;
    float* lse = nullptr;  ///< null: not kept
    const std::int32_t* documentStart = nullptr;
    int batch = 0, tokens = 0, heads = 0, kvHeads = 0, headDim = 0;
    int qStride = 0, kStride = 0, vStride = 0;
    float softCap = 0;
    CacheView cache;
    int multiprocessors = 1;  ///< of the card, which blocks should fill
    bool asyncCopies = true;  ///< the card has cp.async (8.0 on)
};

struct AttentionBackward {
    AttentionForward forward;  ///< as forward was started
    const void* dOut = nullptr;
    void *dQ = nullptr, *dK = nullptr, *dV = nullptr;
    int dQStride = 0, dKStride = 0, dVStride = 0;
    float* delta = nullptr;  ///< [B, H, T] scratch
};

/// One new token a sequence as the projection left it: [batch, (heads + 2·kvHeads)·headDim], not normed, not rotated.
struct FreshToken {
    const void* qkv = nullptr;                       ///< of AttentionDecode::type
    const float *qNorm = nullptr, *kNorm = nullptr;  ///< [headDim], or null
    float eps = 0;
    const std::int32_t* positions = nullptr;  ///< [batch]
    const float* ropeTable = nullptr;         ///< [positions, headDim/2, 2]
};

struct AttentionDecode {
    DType type = DType::F32;  ///< of q and out
    const void* q = nullptr;
    void* out = nullptr;
    int batch = 0, tokens = 0, heads = 0, kvHeads = 0, headDim = 0;
    int qStride = 0;
    float softCap = 0;
    CacheView cache;
    int splits = 1;            ///< decodeSplits()
    float* partial = nullptr;  ///< decodeWorkspaceFloats() of scratch
    FreshToken fresh;          ///< where given, q is made from it and the cache gets its key and value; tokens is 1
};

/// Each queues its kernels and returns; an error is a launch that failed. Types other than F32, F16 and BF16, and heads
/// wider than kMaxHeadDim, are the caller's to refuse.
Result<void> startAttention(StreamHandle stream, const AttentionForward& args);
Result<void> startAttentionBackward(StreamHandle stream, const AttentionBackward& args);
Result<void> startDecode(StreamHandle stream, const AttentionDecode& args);

}  // namespace distillix::cuda
