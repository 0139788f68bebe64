// SPDX-License-Identifier: Apache-2.0
// Sums and maxima over a warp and a block, in an order that the shape alone fixes; every thread gets the result.
#pragma once

#include "core/backend/cuda/kernels/portable.h"

namespace distillix::cuda {

/// Over groups of WIDTH neighbouring lanes (a power of two up to 32). All lanes of the warp call it.
template <int WIDTH = kWarp, typename T>
__device__ __forceinline__ T warpSum(T value) {
#pragma unroll
    for (int offset = WIDTH / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(kFullMask, value, offset);
    return value;
}

template <int WIDTH = kWarp>
__device__ __forceinline__ float warpMax(float value) {
#pragma unroll
    for (int offset = WIDTH / 2; offset > 0; offset /= 2)
        value = fmaxf(value, __shfl_xor_sync(kFullMask, value, offset));
    return value;
}

/// Over a one-dimensional block of whole warps. Has barriers: all threads call it.
__device__ __forceinline__ float blockSum(float value) {
    SHARED(float, partial, kWarp);
    const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, warps = blockDim.x / kWarp;
    value = warpSum(value);
    if (warps == 1) return value;
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    value = warpSum(lane < warps ? partial[lane] : 0.0f);
    __syncthreads();  // the array may be used again
    return value;
}

__device__ __forceinline__ float blockMax(float value) {
    SHARED(float, partial, kWarp);
    const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, warps = blockDim.x / kWarp;
    value = warpMax(value);
    if (warps == 1) return value;
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    value = warpMax(partial[lane < warps ? lane : 0]);
    __syncthreads();
    return value;
}

}  // namespace distillix::cuda
