// SPDX-License-Identifier: Apache-2.0
// Muon but for its dense products. Predicted for an H200, 100M preset (75.5 M weights): gradient and momentum read
// twice, momentum and weight read and written, X written and read: 2.3 GB or 0.5 ms an update; the products of
// Newton-Schulz, 1.4 T operations in bf16 at some 300 T/s (matrices of 768), 5 ms of the 750 that 524,288 tokens take.
// Never run on a GPU.
#pragma once

#include "core/backend/cuda/kernels/float_types.cuh"
#include "core/backend/cuda/kernels/newton_schulz.h"

namespace distillix::cuda {

constexpr int kMuonThreads = 256;

/// The same value in every thread, from one in each.
__device__ __forceinline__ double muonBlockSum(double value) {
    SHARED(double, sums, kMuonThreads);
    const int thread = static_cast<int>(threadIdx.x);
    sums[thread] = value;
    for (int half = kMuonThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (thread < half) sums[thread] += sums[thread + half];
    }
    __syncthreads();
    return sums[0];
}

/// Grid (chunks, items). Squares are summed in double: a gradient of 1e-20 must count.
__global__ void __launch_bounds__(kMuonThreads) muonMomentumKernel(MuonBatch batch, double* partials) {
    const MuonBatch::Item& item = batch.items[blockIdx.y];
    const float scale = batch.gradientScale ? *batch.gradientScale : 1.0f;
    const std::size_t first = static_cast<std::size_t>(blockIdx.x) * kMuonChunk;
    const std::size_t last = first + kMuonChunk < batch.size ? first + kMuonChunk : batch.size;
    double sum = 0;
#pragma unroll 4
    for (std::size_t i = first + threadIdx.x; i < last; i += kMuonThreads) {
        const float g = item.gradient[i] * scale, before = item.momentum[i];
        const float m = before + (1.0f - batch.mu) * (g - before);
        item.momentum[i] = m;
        const double u = g + batch.mu * (m - g);
        sum += u * u;
    }
    sum = muonBlockSum(sum);
    if (threadIdx.x == 0) partials[blockIdx.y * gridDim.x + blockIdx.x] = sum;
}

/// Grid (chunks, items).
template <typename T>
__global__ void __launch_bounds__(kMuonThreads) muonNormaliseKernel(MuonBatch batch, const double* partials, T* x) {
    const MuonBatch::Item& item = batch.items[blockIdx.y];
    double squares = 0;
    for (unsigned chunk = threadIdx.x; chunk < gridDim.x; chunk += kMuonThreads)
        squares += partials[blockIdx.y * gridDim.x + chunk];
    squares = muonBlockSum(squares);
    // What is not finite must not become a step of 0.
    const double norm = sqrt(squares);
    const float inverse = norm - norm == 0 ? static_cast<float>(1.0 / (norm > 1e-7 ? norm : 1e-7)) : NAN;
    const float scale = batch.gradientScale ? *batch.gradientScale : 1.0f;
    const std::size_t first = static_cast<std::size_t>(blockIdx.x) * kMuonChunk;
    const std::size_t last = first + kMuonChunk < batch.size ? first + kMuonChunk : batch.size;
    T* const out = x + static_cast<std::size_t>(blockIdx.y) * batch.size;
#pragma unroll 4
    for (std::size_t i = first + threadIdx.x; i < last; i += kMuonThreads) {
        const float g = item.gradient[i] * scale, m = item.momentum[i];
        out[i] = fromFloat<T>((g + batch.mu * (m - g)) * inverse);
    }
}

/// Grid (chunks, items).
template <typename T>
__global__ void __launch_bounds__(kMuonThreads) muonStepKernel(MuonBatch batch, const T* x, float keep, float rate) {
    const MuonBatch::Item& item = batch.items[blockIdx.y];
    const std::size_t first = static_cast<std::size_t>(blockIdx.x) * kMuonChunk;
    const std::size_t last = first + kMuonChunk < batch.size ? first + kMuonChunk : batch.size;
    const T* const step = x + static_cast<std::size_t>(blockIdx.y) * batch.size;
#pragma unroll 4
    for (std::size_t i = first + threadIdx.x; i < last; i += kMuonThreads)
        item.weight[i] = item.weight[i] * keep - rate * toFloat(step[i]);
}

inline dim3 muonGrid(const MuonBatch& batch) {
    return dim3(static_cast<unsigned>(muonChunks(batch.size)), static_cast<unsigned>(batch.count));
}

Result<void> launchMuonMomentum(const MuonBatch& batch, double* partials, StreamHandle stream) {
    return launch(muonMomentumKernel, muonGrid(batch), dim3(kMuonThreads), 0, stream, batch, partials);
}

Result<void> launchMuonNormalise(const MuonBatch& batch, const double* partials, void* x, DType type,
                                 StreamHandle stream) {
    return withFloatType(type, [&](auto sample) -> Result<void> {
        using T = decltype(sample);
        return launch(muonNormaliseKernel<T>, muonGrid(batch), dim3(kMuonThreads), 0, stream, batch, partials,
                      static_cast<T*>(x));
    });
}

Result<void> launchMuonStep(const MuonBatch& batch, const void* x, DType type, float keep, float rate,
                            StreamHandle stream) {
    return withFloatType(type, [&](auto sample) -> Result<void> {
        using T = decltype(sample);
        return launch(muonStepKernel<T>, muonGrid(batch), dim3(kMuonThreads), 0, stream, batch,
                      static_cast<const T*>(x), keep, rate);
    });
}

}  // namespace distillix::cuda
