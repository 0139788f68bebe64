// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/kernels/attention_decode.cuh"

namespace distillix::cuda {

Result<void> startDecode(StreamHandle stream, const AttentionDecode& args) {
    const DecodeKernelArgs kernelArgs{args, scoreRule(args.headDim, args.softCap)};
    switch (args.cache.type) {
        case DType::F16:
            TRY_VOID(startDecodeOf<half_t>(stream, kernelArgs));
            break;
        case DType::I8:
            TRY_VOID(startDecodeOf<std::int8_t>(stream, kernelArgs));
            break;
        default:
            TRY_VOID(startDecodeOf<float>(stream, kernelArgs));
    }
    if (args.splits == 1) return {};
    const dim3 grid(static_cast<unsigned>(args.heads), static_cast<unsigned>(args.batch * args.tokens));
    return launch(attentionCombineKernel, grid, dim3(static_cast<unsigned>(divideUp(args.headDim, kWarp) * kWarp)), 0,
                  stream, kernelArgs);
}

}  // namespace distillix::cuda
