// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/kernels/attention_decode.cuh"

namespace distillix::cuda {

Result<void> startDecode(StreamHandle stream, const AttentionDecode& args) {
    DecodeKernelArgs kernelArgs{args, scoreRule(args.headDim, args.softCap)};
    kernelArgs.queriesAligned = !args.fresh.qkv && args.headDim % 8 == 0 && args.qStride % 8 == 0 &&
                                reinterpret_cast<std::uintptr_t>(args.q) % 16 == 0;
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
    return launch(attentionCombineKernel, grid, dim3(kMaxHeadDim), 0, stream, kernelArgs);
}

}  // namespace distillix::cuda
