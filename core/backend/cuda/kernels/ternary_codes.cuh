// SPDX-License-Identifier: Apache-2.0
// Ternary codes in registers; and small things that several kernels of linear layers share.
#pragma once

#include <cstring>

#include "core/backend/cuda/kernels/linear.h"
#include "core/backend/cuda/kernels/portable.h"
#include "core/backend/cuda/kernels/ternary_layout.h"

namespace distillix::cuda {

/// The four int8 of group g of a packed word.
__device__ __forceinline__ unsigned unpackGroup(unsigned word, int group) {
    const unsigned nibbles = (group & 2 ? word >> 2 : word) & 0x33333333u;
    return __byte_perm(0x00ff0100u, 0, group & 1 ? nibbles >> 16 : nibbles);
}

/// 0, 1, 2 for 0, +1, -1, as core/quant/ternary.h has it.
__device__ __forceinline__ unsigned ternaryField(float w, float gamma) {
    if (!(gamma > 0)) return 0;
    const float scaled = w / gamma;
    return scaled > 0.5f ? 1u : scaled < -0.5f ? 2u : 0u;
}

struct alignas(16) Words4 {
    unsigned x, y, z, w;
};
struct alignas(8) Words2 {
    unsigned x, y;
};
struct alignas(16) Floats4 {
    float x, y, z, w;
};

/// N values of a type as one access: N·sizeof(T) is 2, 4, 8 or 16 bytes.
template <typename T, int N>
struct alignas(N * sizeof(T)) Pack {
    T values[N];
};

/// sum·γ·α/127, with `scale` α/127. The roundings are spelled out, here and where a residual is added: one token and
/// many go through different kernels and must come to the same bits.
__device__ __forceinline__ float scaledSum(int sum, float gamma, float scale) {
    return __fmul_rn(static_cast<float>(sum), __fmul_rn(gamma, scale));
}
/// y of one place.
__device__ __forceinline__ float scaledProduct(const TernaryProduct& args, int sum, int row, int column) {
    const float y = scaledSum(sum, args.gamma[column], args.alpha[row] / 127.0f);
    if (!args.residual) return y;
    return __fadd_rn(y, args.residual[static_cast<std::size_t>(row) * static_cast<std::size_t>(args.outputs) +
                                      static_cast<std::size_t>(column)]);
}

__device__ __forceinline__ double xorLanes(double value, int lanes) {
    unsigned long long bits;
    memcpy(&bits, &value, 8);
    bits = __shfl_xor_sync(0xffffffffu, bits, lanes);
    memcpy(&value, &bits, 8);
    return value;
}

}  // namespace distillix::cuda
