// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/kernels/attention_backward.cuh"

namespace distillix::cuda {

Result<void> startAttentionBackward(StreamHandle stream, const AttentionBackward& args) {
    switch (args.forward.type) {
        case DType::BF16:
            return startBackwardOf<bf16_t>(stream, args);
        case DType::F16:
            return startBackwardOf<half_t>(stream, args);
        default:
            return startBackwardOf<float>(stream, args);
    }
}

}  // namespace distillix::cuda
