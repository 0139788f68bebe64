// SPDX-License-Identifier: Apache-2.0
// The border between the program and libdistillix_cuda.so, which it opens with dlopen and never closes: one C symbol
// that returns a table. Backend objects cross it, so both sides must be of one build; `build` tells.
#pragma once

#include <cstddef>

namespace distillix {

class Backend;

struct CudaModule {
    /// The digest of the headers that both sides share, which CMake takes. Of another build nothing else is looked at.
    const char* build;
    /// Opens card number `device`: the Backend, which the caller deletes, or null and the error's code (an ErrorCode)
    /// and text (cut to `textBytes`, with a zero at its end).
    Backend* (*open)(int device, int* errorCode, char* text, std::size_t textBytes);
    /// Cards that the driver shows; -1 and the error as above.
    int (*count)(int* errorCode, char* text, std::size_t textBytes);
};

/// The symbol's name and type.
inline constexpr const char* kCudaModuleSymbol = "distillix_cuda_module";
using CudaModuleFunction = const CudaModule* (*)();

}  // namespace distillix
