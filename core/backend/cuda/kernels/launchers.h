// SPDX-License-Identifier: Apache-2.0
// What the host side hands to kernels of the rooms norms, embed, sample and optimizer: plain structs, and the functions
// that launch. They queue and return; arguments have been checked before.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/result.h"
#include "core/tensor/dtype.h"

namespace distillix::cuda {

using StreamHandle = void*;

enum class ValueType : int { F32, BF16, F16 };
/// Activations of a type that is known at run time.
struct Values {
    void* data = nullptr;
    ValueType type = ValueType::F32;
};
struct ConstValues {
    const void* data = nullptr;
    ValueType type = ValueType::F32;
};

// ---- embed.cu
// ----------------------------------------------------------------------------------------------------------

/// out[m] = table[ids[m]]; an id outside the vocabulary gives NaNs.
Result<void> launchEmbed(const std::int32_t* ids, const float* table, float* out, int rows, int width, int vocabulary,
                         StreamHandle stream);

/// Scratch of launchEmbedBackward: `vocabulary` counts and offsets, `rows` ranks and buckets.
struct EmbedScratch {
    unsigned* counts = nullptr;   // [V]
    unsigned* offsets = nullptr;  // [V]
    unsigned* ranks = nullptr;    // [M]
    unsigned* buckets = nullptr;  // [M]
};
/// Rows that one launch takes: a bit of shared memory for each.
inline constexpr int kEmbedBackwardRows = 1 << 18;
/// table[id] += the rows of dOut with this id, added in an order that the ids alone fix. `counts` are zero before.
Result<void> launchEmbedBackward(const std::int32_t* ids, const float* dOut, float* dTable, int rows, int width,
                                 int vocabulary, const EmbedScratch& scratch, StreamHandle stream);

struct KvAppend {
    int batch, tokens, kvHeads, headDim, capacity;
    ConstValues k, v;
    int kStride, vStride;
    const std::int32_t* past;  // [B]
    void* keys;                // [B, capacity, Hkv, h]
    void* values;
    float* keyScales;  // [B, capacity, Hkv], I8 only
    float* valueScales;
    DType type;  // F32, F16 or I8
};
Result<void> launchKvAppend(const KvAppend& args, StreamHandle stream);

// ---- norms.cu
// ----------------------------------------------------------------------------------------------------------

/// What a linear layer reads: codes and α, or values where codes is null.
struct RowOut {
    signed char* codes = nullptr;
    float* alpha = nullptr;
    Values values;
    float quantizationEps = 0;
};
/// `weight` null: no norm. `rstd` may be null.
Result<void> launchNormQuantize(const ConstValues& x, const float* weight, float eps, const RowOut& out, float* rstd,
                                int rows, int width, StreamHandle stream);
Result<void> launchSwiglu(const ConstValues& gateUp, const float* subNorm, float eps, const RowOut& out, float* rstd,
                          int rows, int width, StreamHandle stream);

/// Blocks of a gradient over rows: each leaves one row of partial sums, so that the sum has a fixed order. Eight blocks
/// on each of an H200's 132 multiprocessors.
inline constexpr int kNormPartials = 1056;
struct NormBackward {
    int rows, width;
    ConstValues x;
    const float* weight;
    const float* rstd;
    ConstValues dOut;
    Values dX;
    bool accumulate;
    float* dWeight;
    float* partial;  // [min(rows, kNormPartials), width]
};
Result<void> launchNormBackward(const NormBackward& args, StreamHandle stream);

struct SwigluBackward {
    int rows, width;
    ConstValues gateUp;
    const float* subNorm;
    const float* rstd;
    ConstValues dOut;
    Values dGateUp;
    float* dSubNorm;
    float* partial;  // [min(rows, kNormPartials), width]; null without subNorm
};
Result<void> launchSwigluBackward(const SwigluBackward& args, StreamHandle stream);

/// target[width] += partial[0] + partial[1] + …, `count` rows of them; second[width] += the next `count`, if not null.
Result<void> launchAddPartials(const float* partial, int count, float* target, float* second, int width,
                               StreamHandle stream);

// ---- rope.cu
// -----------------------------------------------------------------------------------------------------------

struct QkNormRope {
    int rows, heads, kvHeads, headDim;
    ConstValues qkv;
    const float* qNorm;
    const float* kNorm;
    float eps;
    const std::int32_t* positions;
    const float* ropeTable;
    Values qk;
};
Result<void> launchQkNormRope(const QkNormRope& args, StreamHandle stream);

inline constexpr int kRopePartials = 528;
struct QkNormRopeBackward {
    int rows, heads, kvHeads, headDim;
    ConstValues qkv;
    const float* qNorm;
    const float* kNorm;
    float eps;
    const std::int32_t* positions;
    const float* ropeTable;
    ConstValues dQk;
    Values dQkv;
    float* dQNorm;
    float* dKNorm;
    float* partial;  // [2, kRopePartials, h]; null without norms
};
Result<void> launchQkNormRopeBackward(const QkNormRopeBackward& args, StreamHandle stream);

// ---- optimizer.cu
// ------------------------------------------------------------------------------------------------------

/// Lists are a kernel's parameter, of which there are 4 KB.
struct Span {
    const float* data;
    std::size_t count;
};
inline constexpr int kSpans = 200;
struct SpanList {
    int count;
    Span spans[kSpans];
};
inline constexpr int kNormBlocks = 1056;  // eight on each of an H200's 132 multiprocessors
inline constexpr int kNormLists = 8;      // of kSpans tensors
/// partial[kNormBlocks] = sums of squares.
Result<void> launchSumSquares(const SpanList& list, double* partial, StreamHandle stream);
/// norm[0] = unscale·sqrt(the sum), norm[1] = unscale·min(1, limit/norm).
Result<void> launchFinishNorm(const double* partial, int count, float limit, float unscale, float* norm,
                              StreamHandle stream);

inline constexpr std::size_t kAdamWPiece = 8192;
struct AdamWPieces {
    float* weight;
    const float* gradient;
    float* firstMoment;
    float* secondMoment;
    std::size_t count;
    unsigned firstPiece;    // the block that takes its first kAdamWPiece elements
    unsigned char decay;    // whether
    unsigned char aligned;  // all four to 16 bytes
};
inline constexpr int kAdamWTensors = 80;
struct AdamWList {
    int count;
    AdamWPieces tensors[kAdamWTensors];
};
struct AdamWFactors {
    float learningRate, decay, beta1, oneMinusBeta1, beta2, oneMinusBeta2, inverseCorrection1, inverseCorrection2, eps;
};
Result<void> launchAdamW(const AdamWList& list, unsigned pieces, const AdamWFactors& factors,
                         const float* gradientScale, StreamHandle stream);

// ---- sample.cu
// ---------------------------------------------------------------------------------------------------------

struct Sample {
    int vocabulary;
    const float* logits;  // [rows, V]
    float* scratch;       // [rows, V]
    float temperature;
    int topK;
    float topP, minP, repetitionPenalty;
    int recentCount;
    const std::int32_t* recent;  // [rows, recentCount]
    const float* uniform;        // [rows]
    std::int32_t* tokens;        // [rows]
};
Result<void> launchSample(const Sample& args, int rows, StreamHandle stream);

}  // namespace distillix::cuda
