// SPDX-License-Identifier: Apache-2.0
// The kernels of the output head, as the host side calls them: around the dense products that make logits and
// gradients, a piece of the vocabulary at a time. Everything is queued and reads its arguments before the call returns.
#pragma once

#include <cstdint>

#include "core/backend/ops.h"

namespace distillix::cuda {

using StreamHandle = void*;  // as portable.h has it

/// What is known of a row's logits after the pieces seen so far. Sums are of exponentials less the largest's.
struct LossRow {
    float largest, teacherLargest;
    double sum;         // of e^(z - largest)
    double tempered;    // of e^((z - largest)/τ)
    double plain;       // of z
    double teacherSum;  // of e^((t - teacherLargest)/τ)
    double moved;       // of e^((t - teacherLargest)/τ)·(t - z)/τ
    float target;       // the target's logit; NaN while it has not been met
};

/// Columns first .. first + columns - 1 of the logits of targets base .. base + rows - 1, raw: the cap is applied here.
struct LossPiece {
    float* logits;  // [rows, stride]
    int stride;
    int rows, first, columns, vocabulary;
    const std::int32_t* targets;  // [rows] of these rows
    const float* teacher;         // [rows, vocabulary] of these rows, or null
    float softCap, smoothing, weight, temperature, gradientScale;
    LossRow* state;  // [rows]
};

/// Adds a piece to the rows' state; the first piece starts it.
Result<void> launchLossSums(const LossPiece& piece, StreamHandle stream);
/// losses[rows] from the state, all pieces seen.
Result<void> launchLosses(const LossPiece& piece, float* losses, StreamHandle stream);
/// The gradient of gradientScale·loss by the raw logits, written over them: as `type`, in rows of stride·4 bytes.
Result<void> launchLossGradient(const LossPiece& piece, DType type, StreamHandle stream);

/// z ← cap·tanh(z/cap), of `count` logits.
Result<void> launchCap(float* logits, std::size_t count, float softCap, StreamHandle stream);
/// out[i] = x[rows[i]] as another type; `width` columns.
Result<void> launchGatherRows(const void* x, DType from, const std::int32_t* rows, int count, int limit, int width,
                              void* out, DType to, StreamHandle stream);
/// out[rows[i]] = in[i]·scale.
Result<void> launchScatterRows(const float* in, float scale, const std::int32_t* rows, int count, int limit, int width,
                               void* out, DType to, StreamHandle stream);

}  // namespace distillix::cuda
