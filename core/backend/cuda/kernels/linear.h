// SPDX-License-Identifier: Apache-2.0
// The kernels of linear layers, as the host side calls them. Everything is queued on the stream and reads its arguments
// before the call returns. Layout of prepared weights: ternary_layout.h.
#pragma once

#include "core/backend/cuda/kernels/launchers.h"
#include "core/backend/cuda/kernels/ternary_layout.h"
#include "core/backend/ops.h"

namespace distillix::cuda {

using StreamHandle = void*;  // as portable.h has it

// ---- preparing weights --------------------------------------------------------------------------------------------

/// One stacked matrix. Plain ones are only measured for their health.
struct PrepareItem {
    const float* latent;   // [out, in]
    float* gamma;          // [out]; null: plain
    unsigned* packed;      // [out, packedColumns/16]
    WeightHealth* health;  // one a segment, or null
    int in, out;
    int segments[3];
    float eps;
    bool perChannel, first;
    int row;  // its first row in the scratch arrays
};
inline constexpr int kPrepareItems = 24;  // 2 KB of the 4 that a kernel's arguments may have
struct PrepareBatch {
    PrepareItem items[kPrepareItems];
    int count;
};
/// Sums of each row, of all items.
struct PrepareScratch {
    double* magnitudes;
    double* squares;
    unsigned* zeros;
    unsigned* flips;
};
Result<void> launchPrepare(const PrepareBatch& batch, const PrepareScratch& scratch, StreamHandle stream);

// ---- y = (Xq · Wqᵀ) · γ·α/127 + residual --------------------------------------------------------------------------

struct TernaryProduct {
    const std::int8_t* codes;  // [rows, stride], 16-byte aligned rows
    int stride;                // a multiple of 16
    const float* alpha;        // [rows]
    const unsigned* packed;
    const float* gamma;
    const float* residual;  // [rows, out] or null; may be `out` where that is float32
    void* out;              // [rows, out]
    DType outType;
    int rows, blocks, outputs;  // blocks: packedColumns / 64
};
/// Tensor cores; any number of rows. `asyncCopies`: the card has cp.async (8.0 on).
Result<void> launchTernaryProduct(const TernaryProduct& args, int multiprocessors, bool asyncCopies,
                                  StreamHandle stream);
/// dp4a; up to kFewTokens rows.
Result<void> launchTernaryFew(const TernaryProduct& args, StreamHandle stream);
/// A row of activations and what is done to it in front of a layer: SwiGLU, a norm, the quantizer.
struct RowSource {
    ConstValues x;  // [width], or with swiglu gate and up [2·width]
    bool swiglu;
    const float* norm;  // [width], or null: no norm
    float eps;
    RowOut out;   // codes and α, written all the same
    float* rstd;  // or null
    int width;    // a multiple of 16
};
/// One row: out = product of the row's codes, which are not read from args.codes and args.alpha. x is not args.out.
Result<void> launchRowLinear(const RowSource& source, const TernaryProduct& args, StreamHandle stream);
/// [rows, in] to [rows, stride] with zeros behind.
Result<void> launchPadCodes(const std::int8_t* codes, int rows, int in, int stride, std::int8_t* padded,
                            StreamHandle stream);

// ---- operands of dense products -----------------------------------------------------------------------------------

/// γ·Wq of rows first .. first+count as [count, in] of `type` (F32, BF16, F16); I8: the codes, [count, stride].
Result<void> launchUnpackWeights(const unsigned* packed, const float* gamma, int in, int first, int count, DType type,
                                 void* out, int stride, StreamHandle stream);
/// Xq·α/127 as [rows, in].
Result<void> launchDequantizeCodes(const std::int8_t* codes, const float* alpha, int rows, int in, DType type,
                                   void* out, StreamHandle stream);
/// From one type to another; from == to copies.
Result<void> launchConvert(const void* in, DType from, std::size_t count, void* out, DType to, StreamHandle stream);
/// out = sums·γ·α/127 + residual, where a library made the integer product.
Result<void> launchTernaryScale(const std::int32_t* sums, const TernaryProduct& args, StreamHandle stream);

}  // namespace distillix::cuda
