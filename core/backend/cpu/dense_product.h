// SPDX-License-Identifier: Apache-2.0
// Dense matrix products of float32, the one place that talks to oneDNN. (bf16: bf16_product.h.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/base/threads.h"

namespace distillix::cpu {

/// An operand: element (i, j) of the matrix that enters the product lies at data[i·stride + j], or, where `transposed`,
/// at data[j·stride + i].
struct DenseOperand {
    const float* data = nullptr;
    std::int64_t stride = 0;  ///< elements
    bool transposed = false;
};

/// C[m, n] = A[m, k]·B[k, n], or += where `accumulate`.
struct DenseProductArgs {
    std::int64_t m = 0, n = 0, k = 0;
    DenseOperand a, b;
    float* c = nullptr;
    std::int64_t cStride = 0;  ///< elements from one row of C to the next
    bool accumulate = false;
    /// The result is known to be symmetric (X·Xᵀ, or a product of polynomials of one symmetric matrix): m = n, and only
    /// the tiles on and above the diagonal are computed, then mirrored. Not together with accumulate.
    bool symmetric = false;
};

/// Runs products on a pool. C is cut into tiles whose borders depend on the shape alone, and one thread computes a
/// whole tile: the result is the same, to the bit, for any number of threads. oneDNN's own threads (OpenMP's) are never
/// used. Not thread-safe, but a chunk of the same pool may call productHere().
class DenseProducts {
  public:
    explicit DenseProducts(ThreadPool& pool);
    ~DenseProducts();
    DenseProducts(const DenseProducts&) = delete;
    DenseProducts& operator=(const DenseProducts&) = delete;

    /// What oneDNN uses, for messages: "avx512_core_amx", "avx2", …
    const char* instructionSet() const;

    Result<void> product(const DenseProductArgs& args);
    /// The same on the calling thread alone and in one piece. Any number of threads may do so at once.
    Result<void> productHere(const DenseProductArgs& args) const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// Caps what oneDNN may use at the same level as the kernels'; it takes effect only before the process's first product.
enum class CpuLevel;
void capDenseProducts(CpuLevel level);

}  // namespace distillix::cpu
