// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/kernels/attention.cuh"

namespace distillix::cuda {

Result<void> startAttention(StreamHandle stream, const AttentionForward& args) {
    const bool cached = args.cache.keys != nullptr;
    switch (args.type) {
        case DType::BF16:
            return cached ? startForwardOf<bf16_t, true>(stream, args) : startForwardOf<bf16_t, false>(stream, args);
        case DType::F16:
            return cached ? startForwardOf<half_t, true>(stream, args) : startForwardOf<half_t, false>(stream, args);
        default:
            return cached ? startForwardOf<float, true>(stream, args) : startForwardOf<float, false>(stream, args);
    }
}

}  // namespace distillix::cuda
