// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_norms.h"

#include <algorithm>

#include "core/backend/arguments.h"
#include "core/backend/cpu/norms_kernels.h"
#include "core/backend/cpu/row_chunks.h"

namespace distillix::cpu {

extern const NormKernels kNormKernelsScalar, kNormKernelsAvx2, kNormKernelsAvx512;

const NormKernels& normKernels(CpuLevel level) {
#if defined(__x86_64__)
    if (level >= CpuLevel::Avx512) return kNormKernelsAvx512;
    if (level == CpuLevel::Avx2) return kNormKernelsAvx2;
#endif
    static_cast<void>(level);
    return kNormKernelsScalar;
}

void addWeightGradient(CpuContext& context, float* target, const float* partials, std::size_t count,
                       std::size_t width) {
    constexpr std::size_t kColumns = 128;
    const NormKernels& kernels = normKernels(context.level);
    context.pool.parallelFor(chunkCount(width, kColumns), [&](std::size_t chunk, int) {
        const std::size_t first = chunk * kColumns;
        kernels.addPartials(target, partials, count, width, first, std::min(width, first + kColumns));
    });
}

Result<void> normQuantize(CpuContext& context, const Exec&, const NormQuantizeArgs& args) {
    TRY_VOID(checkArguments(args));
    const NormForward forward{floats(args.x),
                              args.weight.backendAddress(),
                              static_cast<std::size_t>(args.width),
                              args.normEps,
                              args.quantizationEps,
                              args.out.codes.backendAddress(),
                              args.out.alpha.backendAddress(),
                              floats(args.out.values),
                              args.rstd.backendAddress()};
    const NormKernels& kernels = normKernels(context.level);
    const RowChunks chunks(args.rows);
    context.pool.parallelFor(chunks.count(), [&](std::size_t chunk, int) {
        kernels.forward(forward, chunks.first(chunk), chunks.last(chunk));
    });
    return {};
}

Result<void> normBackward(CpuContext& context, const Exec& exec, const NormBackwardArgs& args) {
    TRY_VOID(checkArguments(args));
    const std::size_t width = static_cast<std::size_t>(args.width);
    const RowChunks chunks(args.rows);
    Scratch scratch(exec);
    float* partials = scratch.take<float>(chunks.count() * width);
    if (!partials) return scratch.tooSmall("normBackward");
    const NormBackward backward{floats(args.x),
                                args.weight.backendAddress(),
                                args.rstd.backendAddress(),
                                floats(args.dOut),
                                floats(args.dX),
                                width,
                                args.accumulate};
    const NormKernels& kernels = normKernels(context.level);
    context.pool.parallelFor(chunks.count(), [&](std::size_t chunk, int) {
        kernels.backward(backward, chunks.first(chunk), chunks.last(chunk), partials + chunk * width);
    });
    addWeightGradient(context, args.dWeight.backendAddress(), partials, chunks.count(), width);
    return {};
}

std::size_t normsWorkspaceBytes(const CpuContext&, const Workload& workload, Precision) {
    if (!workload.training) return 0;
    const int width = std::max(workload.hidden, workload.heads * workload.headDim);
    return Scratch::kSkew + Scratch::bytes<float>(RowChunks::most(workload.rows) * static_cast<std::size_t>(width));
}

}  // namespace distillix::cpu
