// SPDX-License-Identifier: Apache-2.0
// Cross-entropy over a vocabulary that is looked at in pieces which stay in the second-level cache. A first round over
// the pieces makes each row's sums; a second makes the logits again (a quarter of the head's arithmetic more) and turns
// them into gradients where they lie. No [rows, V] matrix goes through memory, and the head's gradient is read and
// written once for thousands of rows. Of very large micro-steps (loss_plan.h) all pieces are one: the logits of 4,096
// rows are kept from the first round to the second.
//
// Predicted for an H200, 100M preset (V 32,000, d 768), 8,192 targets: four products of 403 G operations at some 600
// T/s, 2.7 ms; the pieces' logits, 8.4 M floats each, written once and read 2 to 3 times a round out of the cache, some
// 0.6 ms; the head's gradient four times read and written, 0.16 ms. Never run on a GPU.
#pragma once

#include "core/backend/cuda/kernels/float_types.cuh"
#include "core/backend/cuda/kernels/head.h"
#include "core/backend/cuda/kernels/reduce.cuh"

namespace distillix::cuda {

constexpr int kHeadThreads = 256;

/// cap·tanh(z/cap); what is not finite stays so.
__device__ __forceinline__ float cappedLogit(float z, float softCap) {
    return softCap > 0 ? softCap * tanhf(z / softCap) + z * 0.0f : z + z * 0.0f;
}

/// A block a row.
__global__ void __launch_bounds__(kHeadThreads, 1) lossSumsKernel(LossPiece piece) {
    const int row = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
    const float* logits = piece.logits + static_cast<std::size_t>(row) * static_cast<std::size_t>(piece.stride);
    const float* teacher =
        piece.teacher
            ? piece.teacher + static_cast<std::size_t>(row) * static_cast<std::size_t>(piece.vocabulary) + piece.first
            : nullptr;
    const float inverse = 1.0f / piece.temperature;
    float largest = -INFINITY, teacherLargest = -INFINITY, plain = 0;
    for (int i = thread; i < piece.columns; i += kHeadThreads) {
        const float z = cappedLogit(logits[i], piece.softCap);
        largest = fmaxf(largest, z);
        plain += z;
        if (teacher) teacherLargest = fmaxf(teacherLargest, teacher[i]);
    }
    largest = blockMax(largest);
    plain = blockSum(plain);
    float sum = 0, tempered = 0, teacherSum = 0, moved = 0;
    if (teacher) teacherLargest = blockMax(teacherLargest);
    for (int i = thread; i < piece.columns; i += kHeadThreads) {
        const float z = cappedLogit(logits[i], piece.softCap);
        sum += __expf(z - largest);
        if (!teacher) continue;
        tempered += __expf((z - largest) * inverse);
        const float t = teacher[i], share = __expf((t - teacherLargest) * inverse);
        teacherSum += share;
        moved += share * ((t - z) * inverse);
    }
    sum = blockSum(sum);
    if (teacher) {
        tempered = blockSum(tempered);
        teacherSum = blockSum(teacherSum);
        moved = blockSum(moved);
    }
    if (thread != 0) return;
    LossRow state = piece.state[row];
    if (piece.first == 0) {
        state = LossRow{};
        state.largest = state.teacherLargest = -INFINITY;
        state.target = NAN;
    }
    // The sums so far and the piece's, less the larger of the two maxima. A maximum that is no number is in the sums.
    const float top = fmaxf(state.largest, largest), teacherTop = fmaxf(state.teacherLargest, teacherLargest);
    const double before = state.sum > 0 ? exp(static_cast<double>(state.largest) - static_cast<double>(top)) : 1.0;
    const double now = exp(static_cast<double>(largest) - static_cast<double>(top));
    state.sum = state.sum * before + static_cast<double>(sum) * now;
    state.plain += static_cast<double>(plain);
    if (teacher) {
        const double tau = static_cast<double>(inverse);
        const double old = state.teacherSum > 0 ? 1.0 : 0.0;
        const double keep = old > 0 ? exp((static_cast<double>(state.largest) - static_cast<double>(top)) * tau) : 1.0;
        const double teacherKeep =
            old > 0 ? exp((static_cast<double>(state.teacherLargest) - static_cast<double>(teacherTop)) * tau) : 1.0;
        const double add = exp((static_cast<double>(largest) - static_cast<double>(top)) * tau);
        const double teacherAdd = exp((static_cast<double>(teacherLargest) - static_cast<double>(teacherTop)) * tau);
        state.tempered = state.tempered * keep + static_cast<double>(tempered) * add;
        state.teacherSum = state.teacherSum * teacherKeep + static_cast<double>(teacherSum) * teacherAdd;
        state.moved = state.moved * teacherKeep + static_cast<double>(moved) * teacherAdd;
    }
    state.largest = top;
    state.teacherLargest = teacherTop;
    const int target = piece.targets[row] - piece.first;
    if (target >= 0 && target < piece.columns) state.target = cappedLogit(logits[target], piece.softCap);
    piece.state[row] = state;
}

Result<void> launchLossSums(const LossPiece& piece, StreamHandle stream) {
    return launch(lossSumsKernel, dim3(static_cast<unsigned>(piece.rows)), dim3(kHeadThreads), 0, stream, piece);
}

/// (1-ε)·CE + ε·mean of (-log p); with a teacher w·that + (1-w)·τ²·KL. A thread a row.
__global__ void __launch_bounds__(kHeadThreads) lossesKernel(LossPiece piece, float* losses) {
    const int row = static_cast<int>(blockIdx.x * kHeadThreads + threadIdx.x);
    if (row >= piece.rows) return;
    const LossRow state = piece.state[row];
    const double lse = static_cast<double>(state.largest) + log(state.sum);
    const double smoothing = static_cast<double>(piece.smoothing);
    double loss = (1.0 - smoothing) * (lse - static_cast<double>(state.target));
    if (smoothing > 0) loss += smoothing * (lse - state.plain / static_cast<double>(piece.vocabulary));
    if (piece.teacher) {
        const double tau = static_cast<double>(piece.temperature), weight = static_cast<double>(piece.weight);
        const double divergence = state.moved / state.teacherSum -
                                  (static_cast<double>(state.teacherLargest) / tau + log(state.teacherSum)) +
                                  (static_cast<double>(state.largest) / tau + log(state.tempered));
        loss = weight * loss + (1.0 - weight) * tau * tau * divergence;
    }
    losses[row] = static_cast<float>(loss);
}

Result<void> launchLosses(const LossPiece& piece, float* losses, StreamHandle stream) {
    return launch(lossesKernel, convertGrid(static_cast<std::size_t>(piece.rows), 1), dim3(kHeadThreads), 0, stream,
                  piece, losses);
}

/// A block a row. 16-bit gradients take the first half of the row's bytes: what a step of the loop writes has been read
/// by it or a step before.
template <typename T>
__global__ void __launch_bounds__(kHeadThreads) lossGradientKernel(LossPiece piece) {
    constexpr int kEach = 4, kStep = kHeadThreads * kEach;
    const int row = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
    const float* logits = piece.logits + static_cast<std::size_t>(row) * static_cast<std::size_t>(piece.stride);
    T* const out =
        reinterpret_cast<T*>(piece.logits + static_cast<std::size_t>(row) * static_cast<std::size_t>(piece.stride));
    const float* teacher =
        piece.teacher
            ? piece.teacher + static_cast<std::size_t>(row) * static_cast<std::size_t>(piece.vocabulary) + piece.first
            : nullptr;
    const LossRow& state = piece.state[row];
    const int target = piece.targets[row] - piece.first;
    const float inverse = 1.0f / piece.temperature, largest = state.largest, teacherLargest = state.teacherLargest;
    const float inverseSum = static_cast<float>(1.0 / state.sum);
    const float inverseTempered = teacher ? static_cast<float>(1.0 / state.tempered) : 0.0f;
    const float inverseTeacher = teacher ? static_cast<float>(1.0 / state.teacherSum) : 0.0f;
    const float spread = piece.smoothing / static_cast<float>(piece.vocabulary);
    const float distilled = (1.0f - piece.weight) * piece.temperature;
    const float hit = piece.weight * (1.0f - piece.smoothing);
    for (int begin = 0; begin < piece.columns; begin += kStep) {
        float gradient[kEach];
#pragma unroll
        for (int j = 0; j < kEach; ++j) {
            const int i = begin + j * kHeadThreads + thread;
            gradient[j] = 0;
            if (i >= piece.columns) continue;
            const float z = cappedLogit(logits[i], piece.softCap);
            float g = piece.weight * (__expf(z - largest) * inverseSum - spread);
            if (teacher)
                g += distilled * (__expf((z - largest) * inverse) * inverseTempered -
                                  __expf((teacher[i] - teacherLargest) * inverse) * inverseTeacher);
            if (i == target) g -= hit;
            if (piece.softCap > 0) {
                const float share = z / piece.softCap;
                g *= 1.0f - share * share;
            }
            gradient[j] = g * piece.gradientScale;
        }
        if (sizeof(T) < sizeof(float)) __syncthreads();
#pragma unroll
        for (int j = 0; j < kEach; ++j) {
            const int i = begin + j * kHeadThreads + thread;
            if (i < piece.columns) out[i] = fromFloat<T>(gradient[j]);
        }
    }
}

Result<void> launchLossGradient(const LossPiece& piece, DType type, StreamHandle stream) {
    return withFloatType(type, [&](auto sample) -> Result<void> {
        return launch(lossGradientKernel<decltype(sample)>, dim3(static_cast<unsigned>(piece.rows)), dim3(kHeadThreads),
                      0, stream, piece);
    });
}

__global__ void __launch_bounds__(kConvertThreads) capKernel(float* logits, std::size_t count, float softCap) {
    const std::size_t index = convertThread();
    if (index < count) logits[index] = cappedLogit(logits[index], softCap);
}

Result<void> launchCap(float* logits, std::size_t count, float softCap, StreamHandle stream) {
    if (count == 0) return {};
    return launch(capKernel, convertGrid(count, 1), dim3(kConvertThreads), 0, stream, logits, count, softCap);
}

/// A block a row. A row that is none of the matrix's gives zeros.
template <typename From, typename To>
__global__ void __launch_bounds__(kHeadThreads)
    gatherRowsKernel(const From* x, const std::int32_t* rows, int limit, int width, To* out) {
    const std::int32_t row = rows[blockIdx.x];
    const bool inside = row >= 0 && row < limit;
    const From* source = x + static_cast<std::size_t>(inside ? row : 0) * static_cast<std::size_t>(width);
    To* target = out + static_cast<std::size_t>(blockIdx.x) * static_cast<std::size_t>(width);
    for (int i = static_cast<int>(threadIdx.x); i < width; i += kHeadThreads)
        target[i] = fromFloat<To>(inside ? toFloat(source[i]) : 0.0f);
}

Result<void> launchGatherRows(const void* x, DType from, const std::int32_t* rows, int count, int limit, int width,
                              void* out, DType to, StreamHandle stream) {
    return withFloatType(from, [&](auto source) -> Result<void> {
        return withFloatType(to, [&](auto target) -> Result<void> {
            using From = decltype(source);
            using To = decltype(target);
            return launch(gatherRowsKernel<From, To>, dim3(static_cast<unsigned>(count)), dim3(kHeadThreads), 0, stream,
                          static_cast<const From*>(x), rows, limit, width, static_cast<To*>(out));
        });
    });
}

template <typename To>
__global__ void __launch_bounds__(kHeadThreads)
    scatterRowsKernel(const float* in, float scale, const std::int32_t* rows, int limit, int width, To* out) {
    const std::int32_t row = rows[blockIdx.x];
    if (row < 0 || row >= limit) return;
    const float* source = in + static_cast<std::size_t>(blockIdx.x) * static_cast<std::size_t>(width);
    To* target = out + static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
    for (int i = static_cast<int>(threadIdx.x); i < width; i += kHeadThreads)
        target[i] = fromFloat<To>(source[i] * scale);
}

Result<void> launchScatterRows(const float* in, float scale, const std::int32_t* rows, int count, int limit, int width,
                               void* out, DType to, StreamHandle stream) {
    return withFloatType(to, [&](auto target) -> Result<void> {
        using To = decltype(target);
        return launch(scatterRowsKernel<To>, dim3(static_cast<unsigned>(count)), dim3(kHeadThreads), 0, stream, in,
                      scale, rows, limit, width, static_cast<To*>(out));
    });
}

}  // namespace distillix::cuda
