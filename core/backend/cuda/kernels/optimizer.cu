// SPDX-License-Identifier: Apache-2.0
// The norm of all gradients, and AdamW over all tensors in one launch: lists of tensors travel as the kernel's
// parameter.
//
// Predicted on an H200 (4.8 TB/s), never run on a GPU, for the 100M preset:
//   gradientNorm   100.1M·4 bytes: 400 MB, 84 µs, and 3 µs for the last sum
//   adamw          24.6M·(4·4 read + 3·4 written) bytes: 690 MB, 144 µs
#include "core/backend/cuda/kernels/reduce.cuh"
#include "core/backend/cuda/kernels/vectors.cuh"

namespace distillix::cuda {

namespace {

constexpr int kThreads = 256, kWarps = kThreads / kWarp;

/// Squares are summed in double: a gradient of 1e30 has a norm, and so has one of 1e-30. Even a card with 1/64 of its
/// float rate in double adds 100M of them in a third of a millisecond.
__device__ __forceinline__ double blockSumDouble(double value) {
    SHARED(double, partial, kWarps);
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    value = warpSum(value);
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    double sum = 0;
    for (int w = 0; w < kWarps; ++w) sum += partial[w];
    __syncthreads();
    return sum;
}

/// Block b of the grid takes elements b·256, b·256 + grid·256, … of every span, and leaves its sum in partial[first +
/// b].
__global__ void __launch_bounds__(kThreads) sumSquaresKernel(SpanList list, double* partial) {
    double sum = 0;
    for (int s = 0; s < list.count; ++s) {
        const float* const data = list.spans[s].data;
        const std::size_t count = list.spans[s].count, step = std::size_t{gridDim.x} * kThreads;
        std::size_t i = std::size_t{blockIdx.x} * kThreads + threadIdx.x;
        // Four at a time where the span begins on a boundary; what is left over one by one.
        if (reinterpret_cast<std::uintptr_t>(data) % 16 == 0) {
            const std::size_t fours = count / 4;
            for (; i < fours; i += step) {
                float v[4];
                load4(data + 4 * i, v);
                for (int j = 0; j < 4; ++j) sum += static_cast<double>(v[j]) * static_cast<double>(v[j]);
            }
            i = 4 * fours + std::size_t{blockIdx.x} * kThreads + threadIdx.x;
        }
        for (; i < count; i += step) sum += static_cast<double>(data[i]) * static_cast<double>(data[i]);
    }
    sum = blockSumDouble(sum);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kThreads)
    finishNormKernel(const double* partial, int count, float limit, float unscale, float* norm) {
    double sum = 0;
    for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) sum += partial[i];
    sum = blockSumDouble(sum);
    if (threadIdx.x != 0) return;
    const double whole = static_cast<double>(unscale) * sqrt(sum);
    const double clip = limit > 0 && whole > static_cast<double>(limit) ? static_cast<double>(limit) / whole : 1.0;
    norm[0] = static_cast<float>(whole);
    norm[1] = static_cast<float>(static_cast<double>(unscale) * clip);
}

__device__ __forceinline__ void adamwElement(float& w, float g, float& m, float& v, const AdamWFactors& f,
                                             float decay) {
    m = f.beta1 * m + f.oneMinusBeta1 * g;
    v = f.beta2 * v + f.oneMinusBeta2 * g * g;
    w = w * decay - f.learningRate * (m * f.inverseCorrection1) / (sqrtf(v * f.inverseCorrection2) + f.eps);
}

/// A block takes kAdamWPiece elements of the tensor whose pieces hold its number.
__global__ void __launch_bounds__(kThreads)
    adamwKernel(AdamWList list, AdamWFactors factors, const float* gradientScale) {
    int low = 0, high = list.count;  // the last tensor whose first piece is not past this block
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (list.tensors[middle].firstPiece <= blockIdx.x) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const AdamWPieces& tensor = list.tensors[low];
    const std::size_t begin = std::size_t{blockIdx.x - tensor.firstPiece} * kAdamWPiece;
    const std::size_t end = min(begin + kAdamWPiece, tensor.count);
    const float scale = gradientScale ? *gradientScale : 1.0f, decay = tensor.decay ? factors.decay : 1.0f;
    const bool vectors = tensor.aligned != 0;
    const std::size_t fours = vectors ? begin + (end - begin) / 4 * 4 : begin;
    for (std::size_t i = begin + 4 * std::size_t{threadIdx.x}; i < fours; i += 4 * kThreads) {
        float w[4], g[4], m[4], v[4];
        load4(tensor.weight + i, w);
        load4(tensor.gradient + i, g);
        load4(tensor.firstMoment + i, m);
        load4(tensor.secondMoment + i, v);
#pragma unroll
        for (int j = 0; j < 4; ++j) adamwElement(w[j], g[j] * scale, m[j], v[j], factors, decay);
        store4(tensor.weight + i, w);
        store4(tensor.firstMoment + i, m);
        store4(tensor.secondMoment + i, v);
    }
    for (std::size_t i = fours + threadIdx.x; i < end; i += kThreads)
        adamwElement(tensor.weight[i], tensor.gradient[i] * scale, tensor.firstMoment[i], tensor.secondMoment[i],
                     factors, decay);
}

}  // namespace

Result<void> launchSumSquares(const SpanList& list, double* partial, StreamHandle stream) {
    return launch(sumSquaresKernel, kNormBlocks, kThreads, 0, stream, list, partial);
}

Result<void> launchFinishNorm(const double* partial, int count, float limit, float unscale, float* norm,
                              StreamHandle stream) {
    return launch(finishNormKernel, 1, kThreads, 0, stream, partial, count, limit, unscale, norm);
}

Result<void> launchAdamW(const AdamWList& list, unsigned pieces, const AdamWFactors& factors,
                         const float* gradientScale, StreamHandle stream) {
    return launch(adamwKernel, pieces, kThreads, 0, stream, list, factors, gradientScale);
}

}  // namespace distillix::cuda
