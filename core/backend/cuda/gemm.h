// SPDX-License-Identifier: Apache-2.0
// Dense products, row-major, as the library of the card (or, in the tests, plain loops) does them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/tensor/dtype.h"

namespace distillix::cuda {

using StreamHandle = void*;  // as kernels/portable.h has it

/// A row-major matrix in device memory, `stride` elements from one row to the next. Transposed: the product reads its
/// transpose.
struct GemmOperand {
    const void* data = nullptr;
    std::int64_t stride = 0;
    bool transposed = false;
    std::int64_t batchStride = 0;  ///< elements from one matrix to the next
};

/// out[m, n] = alpha·op(A)[m, k]·op(B)[k, n] + beta·addend[m, n], `batch` times.
struct GemmArgs {
    int m = 0, n = 0, k = 0;
    DType type = DType::F32;  ///< of A and B: F32, BF16, F16 (summed in float32; no TF32), I8 (int32, exact)
    GemmOperand a, b;
    void* out = nullptr;
    DType outType = DType::F32;  ///< F32 or `type`; I32 for I8
    std::int64_t outStride = 0, outBatchStride = 0;
    float alpha = 1, beta = 0;
    const void* addend = nullptr;  ///< of out's type and strides; null: `out` itself
    int batch = 1;
};

/// "c[16, 32] f32 = a[16, 64] bf16 · b[64, 32]": for error texts and for the key of a plan.
std::string gemmText(const GemmArgs& args);
/// InvalidArgument for what no implementation can do. I8 wants A plain and B transposed, k and both strides multiples
/// of 16, n and m multiples of 4 and alpha 1, beta 0: the library's rules.
Result<void> checkGemm(const GemmArgs& args);

/// Memory that a product may use, 256-byte aligned. With more of it the library can cut long sums into parts that run
/// beside one another: dW of a [768, 768] layer has 18 tiles of 128 x 256 for the 132 multiprocessors of an H200, and a
/// part of its sums takes 2.4 MB.
struct GemmScratch {
    std::byte* memory = nullptr;
    std::size_t bytes = 0;
    explicit operator bool() const { return memory != nullptr; }
};
/// For the products of so many rows of activations: 4 MiB, the library's own choice before 9.0, to the 32 that it
/// recommends there. Where rows are few, memory was what counted.
constexpr std::size_t gemmScratchBytes(int rows) {
    constexpr std::size_t kMiB = std::size_t{1} << 20;
    return std::clamp(static_cast<std::size_t>(std::max(rows, 1)) * 4096, 4 * kMiB, 32 * kMiB);
}

/// One device's products. Results depend on the arguments and the size of the scratch alone. One thread at a time.
class Gemm {
  public:
    virtual ~Gemm() = default;
    /// Queued. Unsupported or Device errors name the shape.
    virtual Result<void> run(const GemmArgs& args, const GemmScratch& scratch, StreamHandle stream) = 0;
};

/// For the device that is current: over cuBLASLt (gemm.cpp), with a plan (descriptors and the algorithm chosen)
/// kept for each shape; in the tests over plain loops (tests/support/cuda_emulated_gemm.cpp).
Result<std::unique_ptr<Gemm>> makeGemm();

}  // namespace distillix::cuda
