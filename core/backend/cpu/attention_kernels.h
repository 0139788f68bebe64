// SPDX-License-Identifier: Apache-2.0
// Attention in blocks, one table a level. Plain data only, as in norms_kernels.h.
//
// A block's rows are the (token, head of the group) pairs of some consecutive tokens that share a key/value head,
// tokens outermost: so the heads of a group read each key and value once. Scores are kept transposed, [keys, rows]:
// then keys and values are used as they lie in memory (only the queries are transposed, once a block), and the softmax
// runs down the lanes, without a horizontal sum.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distillix::cpu {

enum class CpuLevel;

inline constexpr std::size_t kAttentionKeys =
    64;  // keys a step: a step's scores and values stay in the second-level cache
inline constexpr std::size_t kAttentionPad = 16;  // rows and head widths are padded to whole vectors of every level

struct AttentionShape {
    std::size_t group;  // query heads a key/value head
    std::size_t headDim;
    std::size_t rows;  // rows a block holds at most, a multiple of kAttentionPad
    float scale;       // 1/sqrt(headDim)
    float cap;         // 0: none
};

/// How a key/value cache is kept (KvCache of ops.h).
enum class CacheType { F32, F16, I8 };

/// The keys or values of one key/value head in a cache that is not F32.
struct CacheRows {
    const void* rows;     // row j at element [j·stride]
    const float* scales;  // of row j at [j·scaleStride], I8 only
    std::size_t stride, scaleStride;
};

/// Queries of tokens [first, last) of one sequence, one group, over the keys that they see: token t stands at key
/// past + t and sees [firstKey[t], past + t].
struct AttentionForwardBlock {
    AttentionShape shape;
    const float* q;  // head g of token t at [t·qStride + g·headDim]
    const float* k;  // key j at [j·kStride]
    const float* v;
    std::size_t qStride, kStride, vStride;
    std::size_t first, last, past;
    const std::int32_t* firstKey;  // [tokens] or null for 0
    float* out;                    // as q, outStride
    std::size_t outStride;
    float* lse;  // head g of token t at [g·lseStride + t]; or null
    std::size_t lseStride;
    float* scratch;  // forwardScratch() of cpu_attention.cpp
    CacheType type;  // other than F32: keys and values are read from these, and k and v are null
    CacheRows keys, values;
};

/// Keys [first, last) of one sequence, one key/value head: their dK and dV whole, and their part of dQ for every token
/// from `first` on.
struct AttentionBackwardBlock {
    AttentionShape shape;
    const float* q;
    const float* k;
    const float* v;
    const float* out;
    const float* dOut;
    const float* lse;
    float* dQ;
    float* dK;
    float* dV;
    std::size_t qStride, kStride, vStride, outStride, lseStride, dQStride, dKStride, dVStride;
    std::size_t first, last, tokens;
    std::size_t blockTokens;  // tokens a block of rows
    const std::int32_t* firstKey;
    float* scratch;  // backwardScratch() of cpu_attention.cpp
};

struct AttentionKernels {
    void (*forward)(const AttentionForwardBlock& block);
    void (*backward)(const AttentionBackwardBlock& block);
    /// forward() for one token and no documents: a block of one row would leave most lanes idle.
    void (*decode)(const AttentionForwardBlock& block);
    /// One row of `count` floats into a cache; *scale is written for I8 only.
    void (*storeRow)(CacheType type, const float* x, std::size_t count, void* out, float* scale);
};

const AttentionKernels& attentionKernels(CpuLevel level);

}  // namespace distillix::cpu
