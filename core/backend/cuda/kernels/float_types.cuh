// SPDX-License-Identifier: Apache-2.0
// From a DType to the type that a kernel is made for, and grids over flat arrays.
#pragma once

#include <string>

#include "core/backend/cuda/kernels/portable.h"
#include "core/tensor/dtype.h"

namespace distillix::cuda {

constexpr int kConvertThreads = 256;

/// Calls work(T{}) with the representative of a type of floating-point values.
template <typename Work>
Result<void> withFloatType(DType type, Work&& work) {
    switch (type) {
        case DType::F32:
            return work(float{});
        case DType::BF16:
            return work(bf16_t{});
        case DType::F16:
            return work(half_t{});
        default:
            return makeError(ErrorCode::Unsupported,
                             "values of type " + std::string(dtypeName(type)) + " are none of f32, bf16, f16");
    }
}

/// Blocks for `count` elements, `each` a thread.
inline dim3 convertGrid(std::size_t count, int each) {
    const std::size_t perBlock = static_cast<std::size_t>(kConvertThreads) * static_cast<std::size_t>(each);
    return dim3(static_cast<unsigned>((count + perBlock - 1) / perBlock));
}
__device__ __forceinline__ std::size_t convertThread() {
    return static_cast<std::size_t>(blockIdx.x) * kConvertThreads + threadIdx.x;
}

}  // namespace distillix::cuda
