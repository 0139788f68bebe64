// SPDX-License-Identifier: Apache-2.0
// Latent weights to γ and 2-bit codes, for all matrices of a model in a few launches. The sums run in the order of
// core/quant/ternary.h (16 running sums a row in double, then the rows in order), so that γ and the codes have the very
// bits that the CPU's have.
//
// Predicted for an H200 (4.8 TB/s), 100M preset, 75.5 M ternary weights: the latent weights are read twice (604 MB,
// 126 µs; the second time partly from the cache), codes read and written (38 MB): about 140 µs an optimizer step, and
// some 20 µs for the sum over the rows of a matrix, which one thread adds in order. Never run on a GPU.
#pragma once

#include "core/backend/cuda/kernels/linear.h"
#include "core/backend/cuda/kernels/ternary_codes.cuh"

namespace distillix::cuda {

constexpr int kPrepareThreads = 256;
constexpr int kSumLanes = 16;  // of a row: kAbsSumLanes

/// Grid (rows / 16, items): half a warp a row.
__global__ void __launch_bounds__(kPrepareThreads) prepareSumsKernel(PrepareBatch batch, PrepareScratch scratch) {
    const PrepareItem& item = batch.items[blockIdx.y];
    const int row = static_cast<int>(blockIdx.x * (kPrepareThreads / kSumLanes) + threadIdx.x / kSumLanes);
    const int lane = static_cast<int>(threadIdx.x % kSumLanes);
    double magnitude = 0, square = 0;
    if (row < item.out) {
        const float* w = item.latent + static_cast<std::size_t>(row) * static_cast<std::size_t>(item.in);
#pragma unroll 8
        for (int i = lane; i < item.in; i += kSumLanes) {
            const double value = w[i];
            magnitude += value < 0 ? -value : value;
            square += value * value;
        }
    }
    for (int half = kSumLanes / 2; half > 0; half /= 2) {
        magnitude += xorLanes(magnitude, half);
        square += xorLanes(square, half);
    }
    if (row < item.out && lane == 0) {
        scratch.magnitudes[item.row + row] = magnitude;
        scratch.squares[item.row + row] = square;
    }
}

__device__ inline int firstRowOf(const PrepareItem& item, int segment) {
    int row = 0;
    for (int s = 0; s < segment; ++s) row += item.segments[s];
    return row;
}

/// Grid (3 segments, items).
__global__ void __launch_bounds__(kPrepareThreads) prepareGammaKernel(PrepareBatch batch, PrepareScratch scratch) {
    SHARED(double, staged, kPrepareThreads);
    SHARED(float, common, 1);
    const PrepareItem& item = batch.items[blockIdx.y];
    const int rows = item.segments[blockIdx.x], first = firstRowOf(item, static_cast<int>(blockIdx.x));
    if (!item.gamma || rows == 0) return;
    const int thread = static_cast<int>(threadIdx.x);
    const double* magnitudes = scratch.magnitudes + item.row + first;
    if (item.perChannel) {
        for (int r = thread; r < rows; r += kPrepareThreads)
            item.gamma[first + r] = static_cast<float>(magnitudes[r] / static_cast<double>(item.in)) + item.eps;
        return;
    }
    double sum = 0;
    for (int begin = 0; begin < rows; begin += kPrepareThreads) {
        if (begin + thread < rows) staged[thread] = magnitudes[begin + thread];
        __syncthreads();
        if (thread == 0) {
            const int count = rows - begin < kPrepareThreads ? rows - begin : kPrepareThreads;
            for (int r = 0; r < count; ++r) sum += staged[r];
        }
        __syncthreads();
    }
    if (thread == 0) {
        const double count = static_cast<double>(static_cast<long long>(rows) * item.in);
        common[0] = static_cast<float>(sum / count) + item.eps;
    }
    __syncthreads();
    for (int r = thread; r < rows; r += kPrepareThreads) item.gamma[first + r] = common[0];
}

/// Grid (rows / 8, items): a warp a row, a lane a word of 16 codes.
__global__ void __launch_bounds__(kPrepareThreads) prepareCodesKernel(PrepareBatch batch, PrepareScratch scratch) {
    const PrepareItem& item = batch.items[blockIdx.y];
    const int row = static_cast<int>(blockIdx.x * (kPrepareThreads / 32) + threadIdx.x / 32);
    const int lane = static_cast<int>(threadIdx.x % 32);
    if (!item.gamma || row >= item.out) return;  // whole warps
    const float gamma = item.gamma[row];
    const float* w = item.latent + static_cast<std::size_t>(row) * static_cast<std::size_t>(item.in);
    const int words = packedColumns(item.in) / 16;
    unsigned* packed = item.packed + static_cast<std::size_t>(row) * static_cast<std::size_t>(words);
    int zeros = 0, flips = 0;
    for (int index = lane; index < words; index += 32) {
        unsigned word = 0;
#pragma unroll
        for (int group = 0; group < 4; ++group) {
            const int column = packedColumn(index, group);
            float four[4] = {0, 0, 0, 0};
            if (item.in % 4 == 0 && column < item.in) {
                const Floats4 values = *reinterpret_cast<const Floats4*>(w + column);
                four[0] = values.x;
                four[1] = values.y;
                four[2] = values.z;
                four[3] = values.w;
            } else {
                for (int i = 0; i < 4; ++i) four[i] = column + i < item.in ? w[column + i] : 0.0f;
            }
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const unsigned field = ternaryField(four[i], gamma);
                zeros += field == 0 && column + i < item.in;
                word |= field << packedShift(column + i);
            }
        }
        if (!item.first) {
            const unsigned changed = packed[index] ^ word;
            flips += __popc((changed | changed >> 1) & 0x55555555u);
        }
        packed[index] = word;
    }
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        zeros += __shfl_xor_sync(0xffffffffu, zeros, lanes);
        flips += __shfl_xor_sync(0xffffffffu, flips, lanes);
    }
    if (lane == 0) {
        scratch.zeros[item.row + row] = static_cast<unsigned>(zeros);
        scratch.flips[item.row + row] = static_cast<unsigned>(flips);
    }
}

/// Grid (3 segments, items).
__global__ void __launch_bounds__(kPrepareThreads) prepareHealthKernel(PrepareBatch batch, PrepareScratch scratch) {
    SHARED(double, sums, 4 * kPrepareThreads);
    const PrepareItem& item = batch.items[blockIdx.y];
    const int rows = item.segments[blockIdx.x], first = item.row + firstRowOf(item, static_cast<int>(blockIdx.x));
    if (!item.health || rows == 0) return;
    const int thread = static_cast<int>(threadIdx.x);
    double own[4] = {0, 0, 0, 0};
    for (int r = thread; r < rows; r += kPrepareThreads) {
        own[0] += scratch.magnitudes[first + r];
        own[1] += scratch.squares[first + r];
        if (!item.gamma) continue;
        own[2] += scratch.zeros[first + r];
        own[3] += scratch.flips[first + r];
    }
    for (int i = 0; i < 4; ++i) sums[i * kPrepareThreads + thread] = own[i];
    for (int half = kPrepareThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (thread >= half) continue;
        for (int i = 0; i < 4; ++i) sums[i * kPrepareThreads + thread] += sums[i * kPrepareThreads + thread + half];
    }
    if (thread != 0) return;
    const double count = static_cast<double>(static_cast<long long>(rows) * item.in);
    WeightHealth health;
    health.rms = static_cast<float>(sqrt(sums[kPrepareThreads] / count));
    health.meanAbs = static_cast<float>(sums[0] / count);
    health.zeroFraction = static_cast<float>(sums[2 * kPrepareThreads] / count);
    health.flipFraction = static_cast<float>(sums[3 * kPrepareThreads] / count);
    item.health[blockIdx.x] = health;
}

Result<void> launchPrepare(const PrepareBatch& batch, const PrepareScratch& scratch, StreamHandle stream) {
    int rows = 0;
    bool ternary = false, health = false;
    for (int i = 0; i < batch.count; ++i) {
        rows = batch.items[i].out > rows ? batch.items[i].out : rows;
        ternary = ternary || batch.items[i].gamma;
        health = health || batch.items[i].health;
    }
    const unsigned items = static_cast<unsigned>(batch.count);
    const auto blocks = [rows](int perBlock) { return static_cast<unsigned>((rows + perBlock - 1) / perBlock); };
    TRY_VOID(launch(prepareSumsKernel, dim3(blocks(kPrepareThreads / kSumLanes), items), dim3(kPrepareThreads), 0,
                    stream, batch, scratch));
    if (ternary) {
        TRY_VOID(launch(prepareGammaKernel, dim3(3, items), dim3(kPrepareThreads), 0, stream, batch, scratch));
        TRY_VOID(launch(prepareCodesKernel, dim3(blocks(kPrepareThreads / 32), items), dim3(kPrepareThreads), 0, stream,
                        batch, scratch));
    }
    if (health) TRY_VOID(launch(prepareHealthKernel, dim3(3, items), dim3(kPrepareThreads), 0, stream, batch, scratch));
    return {};
}

}  // namespace distillix::cuda
