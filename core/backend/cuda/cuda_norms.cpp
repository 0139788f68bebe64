// SPDX-License-Identifier: Apache-2.0
// Norms, SwiGLU and rotary positions.
#include <algorithm>

#include "core/backend/cuda/cuda_backend.h"

namespace distillix::cuda {

namespace {

std::size_t partialCount(int rows, int width) {
    return static_cast<std::size_t>(std::min(rows, kNormPartials)) * static_cast<std::size_t>(width);
}

}  // namespace

std::size_t normsWorkspaceBytes(const CudaContext&, const Workload& workload, Precision) {
    if (!workload.training) return 0;
    const int width = std::max({workload.hidden, workload.mlp, workload.heads * workload.headDim});
    return std::max(Scratch::bytes<float>(partialCount(workload.rows, width)),
                    Scratch::bytes<float>(static_cast<std::size_t>(2 * kRopePartials) *
                                          static_cast<std::size_t>(workload.headDim)));
}

Result<void> CudaBackend::normQuantize(const Exec& exec, const NormQuantizeArgs& args) {
    TRY_VOID(checkArguments(args, m_context.types()));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    return named("normQuantize", launchNormQuantize(constValues(args.x), address(args.weight), args.normEps,
                                                    rowOut(args.out, args.quantizationEps), address(args.rstd),
                                                    args.rows, args.width, exec.stream.handle));
}

Result<void> CudaBackend::normBackward(const Exec& exec, const NormBackwardArgs& args) {
    TRY_VOID(checkArguments(args, m_context.types()));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    Scratch scratch(exec);
    NormBackward a{};
    a.partial = scratch.take<float>(partialCount(args.rows, args.width));
    if (!a.partial) return scratch.tooSmall("normBackward");
    a.rows = args.rows;
    a.width = args.width;
    a.x = constValues(args.x);
    a.weight = address(args.weight);
    a.rstd = address(args.rstd);
    a.dOut = constValues(args.dOut);
    a.dX = values(args.dX);
    a.accumulate = args.accumulate;
    a.dWeight = address(args.dWeight);
    return named("normBackward", launchNormBackward(a, exec.stream.handle));
}

Result<void> CudaBackend::swiglu(const Exec& exec, const SwigluArgs& args) {
    TRY_VOID(checkArguments(args, m_context.types()));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    return named("swiglu", launchSwiglu(constValues(args.gateUp), address(args.subNorm), args.normEps,
                                        rowOut(args.out, args.quantizationEps), address(args.rstd), args.rows,
                                        args.width, exec.stream.handle));
}

Result<void> CudaBackend::swigluBackward(const Exec& exec, const SwigluBackwardArgs& args) {
    TRY_VOID(checkArguments(args, m_context.types()));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    SwigluBackward a{};
    if (args.subNorm) {
        Scratch scratch(exec);
        a.partial = scratch.take<float>(partialCount(args.rows, args.width));
        if (!a.partial) return scratch.tooSmall("swigluBackward");
    }
    a.rows = args.rows;
    a.width = args.width;
    a.gateUp = constValues(args.gateUp);
    a.subNorm = address(args.subNorm);
    a.rstd = address(args.rstd);
    a.dOut = constValues(args.dOut);
    a.dGateUp = values(args.dGateUp);
    a.dSubNorm = address(args.dSubNorm);
    return named("swigluBackward", launchSwigluBackward(a, exec.stream.handle));
}

Result<void> CudaBackend::qkNormRope(const Exec& exec, const QkNormRopeArgs& args) {
    TRY_VOID(checkArguments(args, m_context.types()));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    QkNormRope a{};
    a.rows = args.rows;
    a.heads = args.heads;
    a.kvHeads = args.kvHeads;
    a.headDim = args.headDim;
    a.qkv = constValues(args.qkv);
    a.qNorm = address(args.qNorm);
    a.kNorm = address(args.kNorm);
    a.eps = args.normEps;
    a.positions = address(args.positions);
    a.ropeTable = address(args.ropeTable);
    a.qk = values(args.qk);
    return named("qkNormRope", launchQkNormRope(a, exec.stream.handle));
}

Result<void> CudaBackend::qkNormRopeBackward(const Exec& exec, const QkNormRopeBackwardArgs& args) {
    TRY_VOID(checkArguments(args, m_context.types()));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    QkNormRopeBackward a{};
    if (args.qNorm) {
        Scratch scratch(exec);
        a.partial =
            scratch.take<float>(static_cast<std::size_t>(2 * kRopePartials) * static_cast<std::size_t>(args.headDim));
        if (!a.partial) return scratch.tooSmall("qkNormRopeBackward");
    }
    a.rows = args.rows;
    a.heads = args.heads;
    a.kvHeads = args.kvHeads;
    a.headDim = args.headDim;
    a.qkv = constValues(args.qkv);
    a.qNorm = address(args.qNorm);
    a.kNorm = address(args.kNorm);
    a.eps = args.normEps;
    a.positions = address(args.positions);
    a.ropeTable = address(args.ropeTable);
    a.dQk = constValues(args.dQk);
    a.dQkv = values(args.dQkv);
    a.dQNorm = address(args.dQNorm);
    a.dKNorm = address(args.dKNorm);
    return named("qkNormRopeBackward", launchQkNormRopeBackward(a, exec.stream.handle));
}

}  // namespace distillix::cuda
