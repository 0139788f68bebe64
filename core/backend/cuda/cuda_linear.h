// SPDX-License-Identifier: Apache-2.0
// What linear layers, head and optimizer of the CUDA backend share.
#pragma once

#include "core/backend/cuda/context.h"
#include "core/backend/cuda/gemm.h"
#include "core/backend/cuda/kernels/ternary_layout.h"

namespace distillix::cuda {

/// The type that dense products read. Unsupported: bfloat16 on 7.5, which has none.
Result<DType> productType(const CudaContext& context, const Precision& precision, const char* operation);

/// The parts of a prepared ternary weight.
struct PreparedTernary {
    explicit PreparedTernary(const LinearWeight& weight)
        : gamma(weight.prepared.as<float>().backendAddress()),
          packed(reinterpret_cast<unsigned*>(weight.prepared.backendAddress() + gammaBytes(weight.shape.out))) {}
    float* gamma;      // [out]
    unsigned* packed;  // [out, packedColumns/16]
};

/// For the products of an operation on `rows` rows; false where the workspace is too small.
inline GemmScratch takeGemmScratch(Scratch& scratch, int rows) {
    const std::size_t bytes = gemmScratchBytes(rows);
    return {scratch.take<std::byte>(bytes), bytes};
}

inline std::size_t elementCount(std::int64_t a, std::int64_t b) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}
/// The address `elements` behind p.
inline std::byte* behind(const TypedPtr& p, std::size_t elements) {
    return p.data.backendAddress() + elements * dtypeBytes(p.type);
}

}  // namespace distillix::cuda
