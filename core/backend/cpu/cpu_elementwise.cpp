// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_elementwise.h"

#include <algorithm>
#include <cstring>

#include "core/backend/arguments.h"
#include "core/backend/cpu/elementwise_kernels.h"
#include "core/backend/cpu/norms_kernels.h"
#include "core/backend/cpu/row_chunks.h"

namespace distillix::cpu {

extern const ElementwiseKernels kElementwiseKernelsScalar, kElementwiseKernelsAvx2, kElementwiseKernelsAvx512;

const ElementwiseKernels& elementwiseKernels(CpuLevel level) {
#if defined(__x86_64__)
    if (level >= CpuLevel::Avx512) return kElementwiseKernelsAvx512;
    if (level == CpuLevel::Avx2) return kElementwiseKernelsAvx2;
#endif
    static_cast<void>(level);
    return kElementwiseKernelsScalar;
}

namespace {

RopeForward ropeForward(const QkNormRopeArgs& args) {
    return {floats(args.qkv),
            args.qNorm.backendAddress(),
            args.kNorm.backendAddress(),
            args.positions.backendAddress(),
            args.ropeTable.backendAddress(),
            floats(args.qk),
            static_cast<std::size_t>(args.heads),
            static_cast<std::size_t>(args.kvHeads),
            static_cast<std::size_t>(args.headDim),
            args.normEps};
}

/// One row of scratch for each thread, apart enough that threads do not share cache lines.
std::size_t rowStride(std::size_t width) {
    return Scratch::bytes<float>(width) / sizeof(float);
}

}  // namespace

Result<void> swiglu(CpuContext& context, const Exec& exec, const SwigluArgs& args) {
    TRY_VOID(checkArguments(args));
    const std::size_t width = static_cast<std::size_t>(args.width), stride = rowStride(width);
    Scratch scratch(exec);
    float* rows = scratch.take<float>(stride * static_cast<std::size_t>(context.pool.threads()));
    if (!rows) return scratch.tooSmall("swiglu");
    const SwigluForward forward{floats(args.gateUp),
                                args.subNorm.backendAddress(),
                                width,
                                args.normEps,
                                args.quantizationEps,
                                args.out.codes.backendAddress(),
                                args.out.alpha.backendAddress(),
                                floats(args.out.values),
                                args.rstd.backendAddress()};
    const ElementwiseKernels& kernels = elementwiseKernels(context.level);
    const RowChunks chunks(args.rows);
    context.pool.parallelFor(chunks.count(), [&](std::size_t chunk, int worker) {
        kernels.swiglu(forward, chunks.first(chunk), chunks.last(chunk),
                       rows + static_cast<std::size_t>(worker) * stride);
    });
    return {};
}

Result<void> swigluBackward(CpuContext& context, const Exec& exec, const SwigluBackwardArgs& args) {
    TRY_VOID(checkArguments(args));
    const std::size_t width = static_cast<std::size_t>(args.width), stride = rowStride(width);
    const RowChunks chunks(args.rows);
    Scratch scratch(exec);
    float* rows = scratch.take<float>(stride * static_cast<std::size_t>(context.pool.threads()));
    float* partials = scratch.take<float>(args.subNorm ? chunks.count() * width : 0);
    if (!rows || !partials) return scratch.tooSmall("swigluBackward");
    const SwigluBackward backward{floats(args.gateUp), args.subNorm.backendAddress(), args.rstd.backendAddress(),
                                  floats(args.dOut),   floats(args.dGateUp),          width};
    const ElementwiseKernels& kernels = elementwiseKernels(context.level);
    context.pool.parallelFor(chunks.count(), [&](std::size_t chunk, int worker) {
        kernels.swigluBackward(backward, chunks.first(chunk), chunks.last(chunk),
                               rows + static_cast<std::size_t>(worker) * stride,
                               args.subNorm ? partials + chunk * width : nullptr);
    });
    if (args.subNorm) addWeightGradient(context, args.dSubNorm.backendAddress(), partials, chunks.count(), width);
    return {};
}

Result<void> qkNormRope(CpuContext& context, const Exec&, const QkNormRopeArgs& args) {
    TRY_VOID(checkArguments(args));
    const RopeForward forward = ropeForward(args);
    const ElementwiseKernels& kernels = elementwiseKernels(context.level);
    const RowChunks chunks(args.rows);
    context.pool.parallelFor(chunks.count(), [&](std::size_t chunk, int) {
        kernels.rope(forward, chunks.first(chunk), chunks.last(chunk));
    });
    return {};
}

Result<void> qkNormRopeBackward(CpuContext& context, const Exec& exec, const QkNormRopeBackwardArgs& args) {
    TRY_VOID(checkArguments(args));
    QkNormRopeArgs forwardArgs;
    forwardArgs.qkv = args.qkv;
    forwardArgs.qNorm = args.qNorm;
    forwardArgs.kNorm = args.kNorm;
    forwardArgs.positions = args.positions;
    forwardArgs.ropeTable = args.ropeTable;
    forwardArgs.heads = args.heads;
    forwardArgs.kvHeads = args.kvHeads;
    forwardArgs.headDim = args.headDim;
    forwardArgs.normEps = args.normEps;
    const RopeBackward backward{ropeForward(forwardArgs), floats(args.dQk), floats(args.dQkv)};
    const std::size_t width = 2 * static_cast<std::size_t>(args.headDim);
    const RowChunks chunks(args.rows);
    Scratch scratch(exec);
    float* partials = scratch.take<float>(args.qNorm ? chunks.count() * width : 0);
    if (!partials) return scratch.tooSmall("qkNormRopeBackward");
    const ElementwiseKernels& kernels = elementwiseKernels(context.level);
    context.pool.parallelFor(chunks.count(), [&](std::size_t chunk, int) {
        kernels.ropeBackward(backward, chunks.first(chunk), chunks.last(chunk),
                             args.qNorm ? partials + chunk * width : nullptr);
    });
    if (!args.qNorm) return {};
    const NormKernels& norms = normKernels(context.level);
    const std::size_t h = static_cast<std::size_t>(args.headDim);
    for (std::size_t chunk = 0; chunk < chunks.count(); ++chunk) {
        norms.addInto(args.dQNorm.backendAddress(), partials + chunk * width, h);
        norms.addInto(args.dKNorm.backendAddress(), partials + chunk * width + h, h);
    }
    return {};
}

Result<void> embed(CpuContext& context, const Exec&, const EmbedArgs& args) {
    TRY_VOID(checkArguments(args));
    const std::size_t width = static_cast<std::size_t>(args.width);
    const RowChunks chunks(args.rows);
    context.pool.parallelFor(chunks.count(), [&](std::size_t chunk, int) {
        for (std::size_t m = chunks.first(chunk); m < chunks.last(chunk); ++m) {
            const std::size_t id = static_cast<std::size_t>(args.ids.backendAddress()[m]);
            if (!args.table) {
                const LinearWeight& table = args.quantized;
                WeightTable(table.shape.format, table.shape.in, table.shape.out, table.prepared.backendAddress())
                    .dequantize(static_cast<std::int64_t>(id), args.out.backendAddress() + m * width);
                continue;
            }
            std::memcpy(args.out.backendAddress() + m * width, args.table.backendAddress() + id * width,
                        width * sizeof(float));
        }
    });
    return {};
}

// Chunks are columns, not rows: tokens repeat, and each column's sum must be taken in one order by one thread.
Result<void> embedBackward(CpuContext& context, const Exec&, const EmbedBackwardArgs& args) {
    TRY_VOID(checkArguments(args));
    constexpr std::size_t kColumns = 64;  // four cache lines of a row at a time
    const std::size_t width = static_cast<std::size_t>(args.width), rows = static_cast<std::size_t>(args.rows);
    const NormKernels& kernels = normKernels(context.level);
    context.pool.parallelFor(chunkCount(width, kColumns), [&](std::size_t chunk, int) {
        const std::size_t first = chunk * kColumns, count = std::min(kColumns, width - first);
        for (std::size_t m = 0; m < rows; ++m) {
            const std::size_t id = static_cast<std::size_t>(args.ids.backendAddress()[m]);
            kernels.addInto(args.dTable.backendAddress() + id * width + first,
                            args.dOut.backendAddress() + m * width + first, count);
        }
    });
    return {};
}

std::size_t elementwiseWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision) {
    const std::size_t width = static_cast<std::size_t>(workload.mlp), chunks = RowChunks::most(workload.rows);
    const std::size_t rows = Scratch::bytes<float>(rowStride(width) * static_cast<std::size_t>(context.pool.threads()));
    if (!workload.training) return Scratch::kSkew + rows;
    const std::size_t subNorm = rows + Scratch::bytes<float>(chunks * width);
    const std::size_t qkNorm = Scratch::bytes<float>(chunks * 2 * static_cast<std::size_t>(workload.headDim));
    return Scratch::kSkew + std::max(subNorm, qkNorm);
}

}  // namespace distillix::cpu
