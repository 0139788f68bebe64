// SPDX-License-Identifier: Apache-2.0
// The kernels of Muon, as the host side calls them: what stands around the dense products of Newton-Schulz, over lists
// of tensors of one shape. Everything is queued and reads its arguments before the call returns.
#pragma once

#include "core/backend/ops.h"

namespace distillix::cuda {

using StreamHandle = void*;  // as portable.h has it

inline constexpr int kMuonItems = 64;    // 1.5 KB of the 4 that a kernel's arguments may have
inline constexpr int kMuonChunk = 8192;  // elements whose squares one block sums

struct MuonBatch {
    struct Item {
        float* weight;
        const float* gradient;
        float* momentum;
    };
    Item items[kMuonItems];  // all of `size` elements
    int count;
    std::size_t size;
    const float* gradientScale;  // or null
    float mu;
};
constexpr int muonChunks(std::size_t size) {
    return static_cast<int>((size + kMuonChunk - 1) / kMuonChunk);
}

/// m ← m + (1-μ)(g - m); partials[item, chunk] = sum of u², u = g + μ(m - g).
Result<void> launchMuonMomentum(const MuonBatch& batch, double* partials, StreamHandle stream);
/// x[item, size] = u / max(‖u‖, 1e-7), as `type`; NaN where the norm is not finite.
Result<void> launchMuonNormalise(const MuonBatch& batch, const double* partials, void* x, DType type,
                                 StreamHandle stream);
/// W ← keep·W - rate·x.
Result<void> launchMuonStep(const MuonBatch& batch, const void* x, DType type, float keep, float rate,
                            StreamHandle stream);

}  // namespace distillix::cuda
