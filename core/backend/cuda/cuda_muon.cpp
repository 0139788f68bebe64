// SPDX-License-Identifier: Apache-2.0
// Muon: tensors of one shape together, as many as the workspace holds.
//
// Newton-Schulz is written for matrices as they lie: where rows > cols, SPEC's X is the transpose, so that A = uᵀ·u
// and, B being symmetric, B·X is the transpose of u·B. With 16-bit products X itself is kept in 16 bits, as the rule's
// authors do: its singular values end near 1 from wherever they are.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/backend/cuda/cuda_backend.h"
#include "core/backend/cuda/cuda_linear.h"
#include "core/backend/cuda/kernels/newton_schulz.h"

namespace distillix::cuda {

namespace {

constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
/// Scratch for tensors beyond the first: several matrices of 768 fill a card where one does not.
constexpr std::size_t kBatchBytes = std::size_t{16} << 20;
/// The library's, and what each of five arrays loses by alignment.
constexpr std::size_t kAside = gemmScratchBytes(0) + 5 * std::size_t{256};

struct MuonSize {
    std::size_t size, side;  // elements of a tensor, and of its shorter side
    std::size_t bytes(DType type) const {
        return 2 * (size + side * side) * dtypeBytes(type) +
               static_cast<std::size_t>(muonChunks(size)) * sizeof(double);
    }
};
MuonSize muonSize(int rows, int cols) {
    return {elementCount(rows, cols), static_cast<std::size_t>(std::min(rows, cols))};
}

/// One group: `tensors` of one shape.
Result<void> muonGroup(CudaContext& context, const Exec& exec, DType type, const MuonArgs& args,
                       std::span<const MuonTensor> tensors) {
    const StreamHandle stream = exec.stream.handle;
    const int rows = tensors[0].rows, cols = tensors[0].cols, count = static_cast<int>(tensors.size());
    const bool tall = rows > cols;
    const MuonSize size = muonSize(rows, cols);
    const int side = static_cast<int>(size.side), length = std::max(rows, cols);
    const std::size_t item = dtypeBytes(type), all = static_cast<std::size_t>(count);
    Scratch scratch(exec);
    const GemmScratch library = takeGemmScratch(scratch, 0);
    std::byte* x = scratch.take<std::byte>(all * size.size * item);
    std::byte* next = scratch.take<std::byte>(all * size.size * item);
    std::byte* gram = scratch.take<std::byte>(all * size.side * size.side * item);
    std::byte* factor = scratch.take<std::byte>(all * size.side * size.side * item);
    double* partials = scratch.take<double>(all * static_cast<std::size_t>(muonChunks(size.size)));
    if (!library || !x || !next || !gram || !factor || !partials) return scratch.tooSmall("muon");

    MuonBatch batch{};
    for (int i = 0; i < count; ++i)
        batch.items[i] = {address(tensors[static_cast<std::size_t>(i)].weight),
                          address(tensors[static_cast<std::size_t>(i)].gradient),
                          address(tensors[static_cast<std::size_t>(i)].momentum)};
    batch.count = count;
    batch.size = size.size;
    batch.gradientScale = address(args.gradientScale);
    batch.mu = args.momentum;
    TRY_VOID(launchMuonMomentum(batch, partials, stream));
    TRY_VOID(launchMuonNormalise(batch, partials, x, type, stream));

    const std::int64_t xStride = static_cast<std::int64_t>(size.size), sideStride = std::int64_t{side} * side;
    GemmArgs square;  // A = X·Xᵀ
    square.m = square.n = side;
    square.k = length;
    square.type = square.outType = type;
    square.out = gram;
    square.outStride = side;
    square.outBatchStride = sideStride;
    square.batch = count;
    GemmArgs polynomial = square;  // B = kC·A·A + kB·A
    polynomial.k = side;
    polynomial.a = {gram, side, false, sideStride};
    polynomial.b = {gram, side, true, sideStride};
    polynomial.out = factor;
    polynomial.alpha = kC;
    polynomial.beta = kB;
    polynomial.addend = gram;
    GemmArgs update;  // X ← kA·X + B·X
    update.m = rows;
    update.n = cols;
    update.k = side;
    update.type = update.outType = type;
    update.outStride = cols;
    update.outBatchStride = xStride;
    update.beta = kA;
    update.batch = count;
    for (int step = 0; step < 5; ++step) {
        square.a = {x, cols, tall, xStride};
        square.b = {x, cols, !tall, xStride};
        TRY_VOID(context.gemm->run(square, library, stream));
        TRY_VOID(context.gemm->run(polynomial, library, stream));
        const GemmOperand matrix{x, cols, false, xStride}, symmetric{factor, side, false, sideStride};
        update.a = tall ? matrix : symmetric;
        update.b = tall ? symmetric : matrix;
        update.addend = x;
        update.out = next;
        TRY_VOID(context.gemm->run(update, library, stream));
        std::swap(x, next);
    }
    const double rate = static_cast<double>(args.learningRate), r = rows, c = cols;
    const double adjust = args.matchRmsAdamW ? 0.2 * std::sqrt(std::max(r, c)) : std::sqrt(std::max(1.0, r / c));
    return launchMuonStep(batch, x, type, static_cast<float>(1.0 - rate * static_cast<double>(args.weightDecay)),
                          static_cast<float>(rate * adjust), stream);
}

}  // namespace

std::size_t muonWorkspaceBytes(const CudaContext&, const Workload& workload, Precision precision) {
    if (!workload.training) return 0;
    std::size_t bytes = 0;
    for (const int other : {workload.heads * workload.headDim, workload.kvHeads * workload.headDim, workload.mlp}) {
        const std::size_t one = muonSize(workload.hidden, other).bytes(precision.product);
        // As many as fit, but no more than there ever are in one group.
        const std::size_t most =
            std::max<std::size_t>(1, std::min<std::size_t>(kMuonItems, kBatchBytes / std::max<std::size_t>(one, 1)));
        bytes = std::max(bytes, one * most);
    }
    return kAside + bytes;
}

Result<void> CudaBackend::muon(const Exec& exec, const MuonArgs& args) {
    const char* operation = "muon";
    TRY_VOID(checkArguments(args));
    const DType type = TRY(productType(m_context, exec.precision, operation));
    TRY_VOID(enter());
    std::vector<MuonTensor> waiting(args.tensors.begin(), args.tensors.end());
    const std::size_t room = exec.workspaceBytes > kAside ? exec.workspaceBytes - kAside : 0;
    while (!waiting.empty()) {
        const int rows = waiting.front().rows, cols = waiting.front().cols;
        const std::size_t most = std::clamp<std::size_t>(room / muonSize(rows, cols).bytes(type), 1, kMuonItems);
        std::vector<MuonTensor> group, rest;
        for (const MuonTensor& tensor : waiting) {
            const bool fits = tensor.rows == rows && tensor.cols == cols && group.size() < most;
            (fits ? group : rest).push_back(tensor);
        }
        TRY_VOID(named(operation, muonGroup(m_context, exec, type, args, group)));
        waiting = std::move(rest);
    }
    return {};
}

}  // namespace distillix::cuda
