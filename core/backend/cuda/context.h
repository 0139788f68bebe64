// SPDX-License-Identifier: Apache-2.0
// What every operation of the CUDA backend is given, and the helpers they share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "core/backend/arguments.h"
#include "core/backend/cuda/device_runtime.h"
#include "core/backend/cuda/gemm.h"
#include "core/backend/cuda/kernels/launchers.h"
#include "core/backend/ops.h"
#include "core/backend/scratch.h"

namespace distillix::cuda {

/// One card.
struct CudaContext {
    int device = 0;
    device::Properties properties;
    std::shared_ptr<Gemm> gemm;
    /// Ternary forward through the library's int8 product instead of our own, to be measured beside it: where the
    /// environment says DISTILLIX_CUDA_FORWARD=library.
    bool libraryForward = false;

    bool hasBf16() const { return properties.architecture >= 80; }
    /// cp.async: copies into shared memory that run beside the arithmetic.
    bool hasAsyncCopies() const { return properties.architecture >= 80; }
    /// Everything on 8.0 and up; 7.5 has no bfloat16.
    SupportedTypes types() const { return {hasBf16() ? kActivations : kTuringActivations, kCaches}; }

  private:
    static constexpr std::initializer_list<DType> kActivations = {DType::F32, DType::BF16, DType::F16};
    static constexpr std::initializer_list<DType> kTuringActivations = {DType::F32, DType::F16};
    static constexpr std::initializer_list<DType> kCaches = {DType::F32, DType::F16, DType::I8};
};

using Scratch = ScratchPieces<256>;

/// A launch's result as the operation's: the error names it.
inline Result<void> named(const char* operation, Result<void> result) {
    if (result.ok()) return result;
    return result.takeError().at(operation);
}

/// An activation as kernels take it. The type is one of the card's: checkArguments saw to it.
inline ValueType valueType(DType type) {
    return type == DType::BF16 ? ValueType::BF16 : type == DType::F16 ? ValueType::F16 : ValueType::F32;
}
inline Values values(const TypedPtr& p) {
    return {p.data.backendAddress(), valueType(p.type)};
}
inline ConstValues constValues(const TypedPtr& p) {
    return {p.data.backendAddress(), valueType(p.type)};
}
/// Where a norm, SwiGLU or the quantizer writes what a layer reads.
inline RowOut rowOut(const LinearInput& out, float quantizationEps) {
    return {reinterpret_cast<signed char*>(out.codes.backendAddress()), out.alpha.backendAddress(), values(out.values),
            quantizationEps};
}
template <typename T>
T* address(DevicePtr<T> p) {
    return p.backendAddress();
}

}  // namespace distillix::cuda
