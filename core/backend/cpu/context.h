// SPDX-License-Identifier: Apache-2.0
// What every operation of the CPU backend is given, and the helpers they share.
#pragma once

#include <cstddef>
#include <string>

#include "core/backend/cpu/bf16_product.h"
#include "core/backend/cpu/dense_product.h"
#include "core/backend/cpu/dispatch.h"
#include "core/backend/ops.h"
#include "core/backend/scratch.h"
#include "core/base/threads.h"

namespace distillix::cpu {

/// One CPU device. Operations are called from one thread at a time and return when their work is done.
struct CpuContext {
    CpuContext(int threads, CpuLevel chosenLevel)
        : pool(threads), level(chosenLevel), products(pool), bf16(bf16Kernels(chosenLevel)) {}
    ThreadPool pool;
    CpuLevel level;           ///< each topic's kernels: xKernels(level)
    DenseProducts products;   ///< dense products of float32
    const Bf16Kernels* bf16;  ///< those of 16 bits, or null where this processor is not fast at any

    /// The type that dense products read: BF16 (or the fixed point that stands for it) only where it was asked for and
    /// is fast, else float32.
    DType productType(const Precision& precision) const {
        return precision.product == DType::BF16 && bf16 ? DType::BF16 : DType::F32;
    }
};

using Scratch = ScratchPieces<64>;

/// How many fixed-size chunks cover `total`.
constexpr std::size_t chunkCount(std::size_t total, std::size_t chunk) {
    return (total + chunk - 1) / chunk;
}

/// The address of float32 values; only for a TypedPtr whose type has been checked.
inline float* floats(const TypedPtr& p) {
    return p.data.as<float>().backendAddress();
}

inline Error badArgument(const char* operation, const std::string& problem) {
    return makeError(ErrorCode::InvalidArgument, problem, operation);
}
inline Error unsupported(const char* operation, const std::string& problem) {
    return makeError(ErrorCode::Unsupported, problem, operation);
}

/// The CPU keeps activations in float32: their traffic is small beside the products', and rounding them costs time.
/// Every operation checks its TypedPtrs with this before it starts; an absent (null) one passes.
inline Result<void> requireF32(const char* operation, std::initializer_list<TypedPtr> values) {
    for (const TypedPtr& value : values) {
        if (value && value.type != DType::F32) {
            return unsupported(operation,
                               "the CPU backend keeps activations in f32, not " + std::string(dtypeName(value.type)));
        }
    }
    return {};
}

}  // namespace distillix::cpu
