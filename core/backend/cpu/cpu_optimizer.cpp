// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_optimizer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/backend/arguments.h"
#include "core/backend/cpu/optimizer_kernels.h"

namespace distillix::cpu {

extern const OptimizerKernels kOptimizerKernelsScalar, kOptimizerKernelsAvx2, kOptimizerKernelsAvx512;

const OptimizerKernels& optimizerKernels(CpuLevel level) {
#if defined(__x86_64__)
    if (level == CpuLevel::Avx512) return kOptimizerKernelsAvx512;
    if (level == CpuLevel::Avx2) return kOptimizerKernelsAvx2;
#endif
    static_cast<void>(level);
    return kOptimizerKernelsScalar;
}

namespace {

constexpr std::size_t kScratchStart = 64;
/// Elements of one chunk of element-wise work, whatever the number of threads: sums are taken chunk by chunk.
constexpr std::size_t kChunk = 32768;

float scaleOf(DevicePtr<const float> gradientScale) {
    return gradientScale ? *gradientScale.backendAddress() : 1.0f;
}

/// Calls work(offset, count, chunk) for each chunk of [0, count).
void forChunks(ThreadPool& pool, std::size_t count, FunctionRef<void(std::size_t, std::size_t, std::size_t)> work) {
    pool.parallelFor(chunkCount(count, kChunk), [&](std::size_t chunk, int) {
        work(chunk * kChunk, std::min(kChunk, count - chunk * kChunk), chunk);
    });
}

struct Piece {
    std::size_t tensor, offset, count;
};

/// The chunks of a list of tensors, in order.
template <typename Tensors>
std::vector<Piece> piecesOf(const Tensors& tensors) {
    std::vector<Piece> pieces;
    for (std::size_t t = 0; t < tensors.size(); ++t) {
        for (std::size_t offset = 0; offset < tensors[t].count; offset += kChunk)
            pieces.push_back({t, offset, std::min(kChunk, tensors[t].count - offset)});
    }
    return pieces;
}

// ---- Muon ---------------------------------------------------------------------------------------------------------

/// Below this many elements the tensors of a step are handed out whole, one to a thread: their products are too small
/// to be cut well. From here on the threads share each tensor's products, and the scratch memory too.
constexpr std::size_t kSmallTensor = std::size_t{1} << 19;

struct MuonScratch {
    float* x = nullptr;             // [rows, cols]
    std::byte* operand = nullptr;   // [rows, cols] x as products read it
    float* a = nullptr;             // [side, side], side the shorter one: X·Xᵀ
    std::byte* aOperand = nullptr;  // the same in bf16; with float32 it is a
    float* square = nullptr;        // [side, side] A·A, and with float32 what multiplies X too
    std::byte* bOperand = nullptr;  // what multiplies X in bf16; with float32 it is square
    double* sums = nullptr;         // one a chunk
};

std::size_t muonScratchBytes(DType type, std::size_t rows, std::size_t cols) {
    const std::size_t side = std::min(rows, cols), count = rows * cols;
    std::size_t bytes = Scratch::bytes<float>(count) + Scratch::bytes<std::byte>(count * dtypeBytes(type)) +
                        2 * Scratch::bytes<float>(side * side) + Scratch::bytes<double>(chunkCount(count, kChunk));
    if (type == DType::BF16) bytes += 2 * Scratch::bytes<std::uint16_t>(side * side);
    return bytes;
}

/// Cuts scratch memory of muonScratchBytes() bytes, aligned to 64.
MuonScratch cut(std::byte* memory, DType type, std::size_t rows, std::size_t cols) {
    const std::size_t side = std::min(rows, cols), count = rows * cols;
    const auto take = [&](std::size_t bytes) {
        std::byte* piece = memory;
        memory += Scratch::bytes<std::byte>(bytes);
        return piece;
    };
    MuonScratch s;
    s.x = reinterpret_cast<float*>(take(count * sizeof(float)));
    s.operand = take(count * dtypeBytes(type));
    s.a = reinterpret_cast<float*>(take(side * side * sizeof(float)));
    s.square = reinterpret_cast<float*>(take(side * side * sizeof(float)));
    s.sums = reinterpret_cast<double*>(take(chunkCount(count, kChunk) * sizeof(double)));
    s.aOperand = type == DType::BF16 ? take(side * side * 2) : reinterpret_cast<std::byte*>(s.a);
    s.bOperand = type == DType::BF16 ? take(side * side * 2) : reinterpret_cast<std::byte*>(s.square);
    return s;
}

/// One tensor's update. Newton-Schulz is written for the matrix as it lies: where rows > cols, SPEC's X is its
/// transpose, so that A = uᵀ·u and, B being symmetric, B·X is the transpose of u·B; nothing is ever transposed.
Result<void> muonTensor(CpuContext& context, const MuonArgs& args, const MuonTensor& tensor, DType type,
                        std::byte* memory) {
    const OptimizerKernels& kernels = optimizerKernels(context.level);
    const std::size_t rows = static_cast<std::size_t>(tensor.rows), cols = static_cast<std::size_t>(tensor.cols);
    const std::size_t side = std::min(rows, cols), count = rows * cols;
    const bool tall = rows > cols, bf16 = type == DType::BF16;
    const MuonScratch s = cut(memory, type, rows, cols);
    const float scale = scaleOf(args.gradientScale);

    forChunks(context.pool, count, [&](std::size_t at, std::size_t n, std::size_t chunk) {
        s.sums[chunk] = kernels.momentum(tensor.momentum.backendAddress() + at, tensor.gradient.backendAddress() + at,
                                         scale, args.momentum, s.x + at, n);
    });
    double squares = 0;
    for (std::size_t chunk = 0; chunk < chunkCount(count, kChunk); ++chunk) squares += s.sums[chunk];
    float before = static_cast<float>(1.0 / std::max(std::sqrt(squares), 1e-7));
    if (!std::isfinite(before) || !std::isfinite(squares)) before = std::nanf("");

    const std::int64_t width = tensor.cols, edge = static_cast<std::int64_t>(side);
    DenseProductArgs gram;  // A = X·Xᵀ
    gram.m = gram.n = edge;
    gram.k = static_cast<std::int64_t>(std::max(rows, cols));
    gram.type = type;
    gram.a = {s.operand, width, tall};
    gram.b = {s.operand, width, !tall};
    gram.c = s.a;
    gram.cStride = edge;
    gram.symmetric = true;
    DenseProductArgs square;  // A·A
    square.m = square.n = square.k = edge;
    square.type = type;
    square.a = square.b = {s.aOperand, edge, false};
    square.c = s.square;
    square.cStride = edge;
    square.symmetric = true;
    DenseProductArgs update;  // X += B·X
    update.m = tensor.rows;
    update.n = tensor.cols;
    update.k = edge;
    update.type = type;
    update.a = tall ? DenseOperand{s.operand, width, false} : DenseOperand{s.bOperand, edge, false};
    update.b = tall ? DenseOperand{s.bOperand, edge, false} : DenseOperand{s.operand, width, false};
    update.c = s.x;
    update.cStride = width;
    update.accumulate = true;

    for (int step = 0; step < 5; ++step) {
        forChunks(context.pool, count, [&](std::size_t at, std::size_t n, std::size_t) {
            if (bf16) {
                kernels.operandBf16(s.x + at, before, 3.4445f, reinterpret_cast<std::uint16_t*>(s.operand) + at, n);
            } else {
                kernels.operandFloat(s.x + at, before, 3.4445f, reinterpret_cast<float*>(s.operand) + at, n);
            }
        });
        before = 1.0f;
        TRY_VOID(context.products.product(gram));
        if (bf16) {
            forChunks(context.pool, side * side, [&](std::size_t at, std::size_t n, std::size_t) {
                kernels.operandBf16(s.a + at, 1.0f, 1.0f, reinterpret_cast<std::uint16_t*>(s.aOperand) + at, n);
            });
        }
        TRY_VOID(context.products.product(square));
        forChunks(context.pool, side * side, [&](std::size_t at, std::size_t n, std::size_t) {
            if (bf16) {
                kernels.blendBf16(s.a + at, -4.7750f, s.square + at, 2.0315f,
                                  reinterpret_cast<std::uint16_t*>(s.bOperand) + at, n);
            } else {
                kernels.blendFloat(s.a + at, -4.7750f, s.square + at, 2.0315f, s.square + at, n);
            }
        });
        TRY_VOID(context.products.product(update));
    }
    const double longer = static_cast<double>(std::max(rows, cols));
    const double adjust = args.matchRmsAdamW
                              ? 0.2 * std::sqrt(longer)
                              : std::sqrt(std::max(1.0, static_cast<double>(rows) / static_cast<double>(cols)));
    const float keep =
        static_cast<float>(1.0 - static_cast<double>(args.learningRate) * static_cast<double>(args.weightDecay));
    const float rate = static_cast<float>(static_cast<double>(args.learningRate) * adjust);
    forChunks(context.pool, count, [&](std::size_t at, std::size_t n, std::size_t) {
        kernels.step(tensor.weight.backendAddress() + at, keep, s.x + at, rate, n);
    });
    return {};
}

}  // namespace

Result<void> gradientNorm(CpuContext& context, const Exec&, const GradientNormArgs& args) {
    TRY_VOID(checkArguments(args));
    const OptimizerKernels& kernels = optimizerKernels(context.level);
    const std::vector<Piece> pieces = piecesOf(args.gradients);
    std::vector<double> sums(pieces.size());
    context.pool.parallelFor(pieces.size(), [&](std::size_t i, int) {
        const Piece& piece = pieces[i];
        sums[i] = kernels.sumOfSquares(args.gradients[piece.tensor].data.backendAddress() + piece.offset, piece.count);
    });
    double squares = 0;
    for (const double sum : sums) squares += sum;
    const double norm = std::sqrt(squares);
    args.norm.backendAddress()[0] = static_cast<float>(norm);
    args.norm.backendAddress()[1] = args.limit > 0 && norm > static_cast<double>(args.limit)
                                        ? static_cast<float>(static_cast<double>(args.limit) / norm)
                                        : 1.0f;
    return {};
}

Result<void> muon(CpuContext& context, const Exec& exec, const MuonArgs& args) {
    TRY_VOID(checkArguments(args));
    const DType type = context.productType(exec.precision);
    std::vector<const MuonTensor*> small, large;
    std::size_t smallBytes = 0, largeBytes = 0;
    for (const MuonTensor& tensor : args.tensors) {
        const std::size_t rows = static_cast<std::size_t>(tensor.rows), cols = static_cast<std::size_t>(tensor.cols);
        if (rows * cols == 0) continue;
        const bool isSmall = rows * cols <= kSmallTensor;
        std::size_t& bytes = isSmall ? smallBytes : largeBytes;
        bytes = std::max(bytes, muonScratchBytes(type, rows, cols));
        (isSmall ? small : large).push_back(&tensor);
    }
    Scratch scratch(exec);
    std::byte* memory =
        scratch.take<std::byte>(std::max(largeBytes, smallBytes * static_cast<std::size_t>(context.pool.threads())));
    if (!memory) return scratch.tooSmall("muon");
    std::vector<Result<void>> results(small.size());
    context.pool.parallelFor(small.size(), [&](std::size_t i, int worker) {
        results[i] = muonTensor(context, args, *small[i], type, memory + smallBytes * static_cast<std::size_t>(worker));
    });
    for (auto& result : results) {
        if (!result.ok()) return std::move(result);
    }
    for (const MuonTensor* tensor : large) TRY_VOID(muonTensor(context, args, *tensor, type, memory));
    return {};
}

Result<void> adamw(CpuContext& context, const Exec&, const AdamWArgs& args) {
    TRY_VOID(checkArguments(args));
    const OptimizerKernels& kernels = optimizerKernels(context.level);
    const double step = static_cast<double>(args.step), rate = args.learningRate;
    AdamWChunk common{};
    common.gradientScale = scaleOf(args.gradientScale);
    common.beta1 = args.beta1;
    common.beta2 = args.beta2;
    common.eps = args.eps;
    common.rate = static_cast<float>(rate / (1.0 - std::pow(static_cast<double>(args.beta1), step)));
    common.inverseCorrection2 = static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(args.beta2), step)));
    const float keep = static_cast<float>(1.0 - rate * static_cast<double>(args.weightDecay));
    const std::vector<Piece> pieces = piecesOf(args.tensors);
    context.pool.parallelFor(pieces.size(), [&](std::size_t i, int) {
        const Piece& piece = pieces[i];
        const AdamWTensor& tensor = args.tensors[piece.tensor];
        AdamWChunk chunk = common;
        chunk.weight = tensor.weight.backendAddress() + piece.offset;
        chunk.gradient = tensor.gradient.backendAddress() + piece.offset;
        chunk.firstMoment = tensor.firstMoment.backendAddress() + piece.offset;
        chunk.secondMoment = tensor.secondMoment.backendAddress() + piece.offset;
        chunk.count = piece.count;
        chunk.keep = tensor.decay ? keep : 1.0f;
        kernels.adamw(chunk);
    });
    return {};
}

std::size_t optimizerWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision) {
    if (!workload.training) return 0;
    const DType type = context.productType(precision);
    const std::size_t hidden = static_cast<std::size_t>(workload.hidden);
    const std::size_t others[] = {
        static_cast<std::size_t>(workload.heads) * static_cast<std::size_t>(workload.headDim),
        static_cast<std::size_t>(workload.kvHeads) * static_cast<std::size_t>(workload.headDim),
        static_cast<std::size_t>(workload.mlp)};
    std::size_t bytes = 0;
    for (const std::size_t other : others) {
        const std::size_t one = muonScratchBytes(type, hidden, other);
        const bool isSmall = hidden * other <= kSmallTensor;
        bytes = std::max(bytes, one * (isSmall ? static_cast<std::size_t>(context.pool.threads()) : 1));
    }
    return kScratchStart + bytes;
}

}  // namespace distillix::cpu
