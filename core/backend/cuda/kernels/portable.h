// SPDX-License-Identifier: Apache-2.0
// The thin layer every kernel is written over, so that one source is compiled twice: by nvcc for the card, and by g++
// for the emulated device of the tests (tests/support/cuda_emulation.h), which runs each thread of a block as a fiber.
// Kernels use the names below and the CUDA names that the emulator has too; nothing else of CUDA.
//
// Rules that hold for every kernel:
//  - Functions of a whole warp (shuffles, ballots, mma, ldmatrix, __syncwarp) are called by all 32 lanes, at the same
//    place; blocks are whole warps. A lane never reads what another wrote without a barrier between, not even in a
//    warp.
//  - No atomics on floats where the order shows in the result.
//  - Vector loads are of 16-byte aligned addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/base/result.h"

namespace distillix::cuda {

/// Stream::handle: a cudaStream_t, or the emulator's queue.
using StreamHandle = void*;

/// Two bytes with the bits of an IEEE binary16, and of a bfloat16. Arithmetic is done in float.
struct half_t {
    std::uint16_t bits;
};
struct bf16_t {
    std::uint16_t bits;
};

inline constexpr unsigned kFullMask = 0xffffffffu;
inline constexpr int kWarp = 32;

constexpr int divideUp(int a, int b) {
    return (a + b - 1) / b;
}
constexpr std::size_t divideUp(std::size_t a, std::size_t b) {
    return (a + b - 1) / b;
}
constexpr int roundUp(int a, int b) {
    return divideUp(a, b) * b;
}
constexpr std::size_t roundUp(std::size_t a, std::size_t b) {
    return divideUp(a, b) * b;
}

/// Whether this compilation is for cards that never run what is made for 7.5 alone: such a kernel's body need not be
/// compiled. The emulated card runs them all.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
inline constexpr bool kBeyondTuring = true;
#else
inline constexpr bool kBeyondTuring = false;
#endif

}  // namespace distillix::cuda

#if defined(DISTILLIX_CUDA_EMULATED)
#include "tests/support/cuda_emulation.h"
#elif defined(__CUDACC__)
#include "core/backend/cuda/kernels/portable_cuda.h"
#else
#error "kernels are compiled by nvcc, or by g++ with DISTILLIX_CUDA_EMULATED for the tests"
#endif
