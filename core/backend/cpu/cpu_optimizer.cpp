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
    if (level >= CpuLevel::Avx512) return kOptimizerKernelsAvx512;
    if (level == CpuLevel::Avx2) return kOptimizerKernelsAvx2;
#endif
    static_cast<void>(level);
    return kOptimizerKernelsScalar;
}

namespace {

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

// Newton-Schulz: X ← kA·X + (kB·A + kC·A·A)·X.
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;

// ---- Muon ---------------------------------------------------------------------------------------------------------

/// Below this many elements the tensors of a step are handed out whole, one to a thread: their products are too small
/// to be cut well. From here on the threads share each tensor's products, and the scratch memory too.
bool isSmallTensor(std::int64_t rows, std::int64_t cols) {
    return rows * cols <= std::int64_t{1} << 19;
}

/// What Newton-Schulz works in. `side` is the shorter side of the matrix, `length` the longer.
struct MuonScratch {
    float* x = nullptr;       // [rows, cols]
    float* a = nullptr;       // [side, side] X·Xᵀ
    float* square = nullptr;  // [side, side] A·A, then what multiplies X
    double* sums = nullptr;   // one a chunk
    float* copy = nullptr;    // float32: [rows, cols] x as the products read it
    // 16 bits: each operand as A, by rows, and as B, in panels.
    std::uint16_t* gramRows = nullptr;      // [side, length] X
    std::uint16_t* gramPanels = nullptr;    // Xᵀ
    std::uint16_t* updateRows = nullptr;    // wide: what multiplies X; tall: u
    std::uint16_t* updatePanels = nullptr;  // wide: X; tall: what multiplies u
    std::uint16_t* squareRows = nullptr;    // A
    std::uint16_t* squarePanels = nullptr;  // A
};

/// Lays the scratch out from `memory` on (aligned to 64) and returns its bytes; with null, for the bytes alone.
std::size_t layMuonScratch(const CpuContext& context, DType type, std::int64_t rows, std::int64_t cols,
                           std::byte* memory, MuonScratch& s) {
    const std::int64_t side = std::min(rows, cols), length = std::max(rows, cols);
    const std::size_t count = static_cast<std::size_t>(rows * cols), sides = static_cast<std::size_t>(side * side);
    std::size_t used = 0;
    const auto take = [&](auto*& pointer, std::size_t elements) {
        using T = std::remove_reference_t<decltype(*pointer)>;
        if (memory) pointer = reinterpret_cast<T*>(memory + used);
        used += Scratch::bytes<T>(elements);
    };
    take(s.x, count);
    take(s.a, sides);
    take(s.square, sides);
    take(s.sums, chunkCount(count, kChunk));
    if (type == DType::F32) {
        take(s.copy, count);
        return used;
    }
    const Bf16Kernels& kernels = *context.bf16;
    take(s.gramRows, bf16RowsSize(kernels, side, length));
    take(s.gramPanels, bf16PanelsSize(kernels, side, length));
    take(s.updateRows, bf16RowsSize(kernels, rows, side));
    take(s.updatePanels, bf16PanelsSize(kernels, cols, side));
    take(s.squareRows, bf16RowsSize(kernels, side, side));
    take(s.squarePanels, bf16PanelsSize(kernels, side, side));
    return used;
}

std::size_t muonScratchBytes(const CpuContext& context, DType type, std::int64_t rows, std::int64_t cols) {
    MuonScratch nothing;
    return layMuonScratch(context, type, rows, cols, nullptr, nothing);
}

// Newton-Schulz is written for the matrix as it lies: where rows > cols, SPEC's X is its transpose, so that A = uᵀ·u
// and, B being symmetric, B·X is the transpose of u·B.

/// X ← before·X at first, then five steps.
Result<void> newtonSchulzFloat(CpuContext& context, const MuonScratch& s, std::int64_t rows, std::int64_t cols,
                               float before) {
    const OptimizerKernels& kernels = optimizerKernels(context.level);
    const bool tall = rows > cols;
    const std::int64_t side = std::min(rows, cols);
    const std::size_t sides = static_cast<std::size_t>(side * side);
    DenseProductArgs gram;  // A = X·Xᵀ
    gram.m = gram.n = side;
    gram.k = std::max(rows, cols);
    gram.a = {s.copy, cols, tall};
    gram.b = {s.copy, cols, !tall};
    gram.c = s.a;
    gram.cStride = side;
    gram.symmetric = true;
    DenseProductArgs square;  // A·A
    square.m = square.n = square.k = side;
    square.a = square.b = {s.a, side, false};
    square.c = s.square;
    square.cStride = side;
    square.symmetric = true;
    DenseProductArgs update;  // X += B·X
    update.m = rows;
    update.n = cols;
    update.k = side;
    update.a = tall ? DenseOperand{s.copy, cols, false} : DenseOperand{s.square, side, false};
    update.b = tall ? DenseOperand{s.square, side, false} : DenseOperand{s.copy, cols, false};
    update.c = s.x;
    update.cStride = cols;
    update.accumulate = true;
    for (int step = 0; step < 5; ++step) {
        forChunks(context.pool, static_cast<std::size_t>(rows * cols), [&](std::size_t at, std::size_t n, std::size_t) {
            kernels.copyAndScale(s.x + at, step == 0 ? before : 1.0f, kA, s.copy + at, n);
        });
        TRY_VOID(context.products.product(gram));
        TRY_VOID(context.products.product(square));
        forChunks(context.pool, sides, [&](std::size_t at, std::size_t n, std::size_t) {
            kernels.blend(s.a + at, kB, s.square + at, kC, n);
        });
        TRY_VOID(context.products.product(update));
    }
    return {};
}

/// The same with operands rounded to 16 bits; X itself and all sums stay in float32.
void newtonSchulzBf16(CpuContext& context, const MuonScratch& s, std::int64_t rows, std::int64_t cols, float before) {
    const OptimizerKernels& kernels = optimizerKernels(context.level);
    const Bf16Kernels& bf16 = *context.bf16;
    ThreadPool& pool = context.pool;
    const bool tall = rows > cols;
    const std::int64_t side = std::min(rows, cols), length = std::max(rows, cols);
    const std::size_t count = static_cast<std::size_t>(rows * cols), sides = static_cast<std::size_t>(side * side);
    const auto rowOfX = [&](std::int64_t row) -> const float* { return s.x + row * cols; };
    const auto rowOfA = [&](std::int64_t row) -> const float* { return s.a + row * side; };
    const auto rowOfSquare = [&](std::int64_t row) -> const float* { return s.square + row * side; };
    Bf16Product gram;  // A = X·Xᵀ
    gram.m = gram.n = side;
    gram.k = length;
    gram.a = s.gramRows;
    gram.panels = s.gramPanels;
    gram.c = s.a;
    gram.cStride = side;
    gram.symmetric = true;
    Bf16Product square;  // A·A
    square.m = square.n = square.k = side;
    square.a = s.squareRows;
    square.panels = s.squarePanels;
    square.c = s.square;
    square.cStride = side;
    square.symmetric = true;
    Bf16Product update;  // X += B·X
    update.m = rows;
    update.n = cols;
    update.k = side;
    update.a = s.updateRows;
    update.panels = s.updatePanels;
    update.c = s.x;
    update.cStride = cols;
    update.accumulate = true;
    forChunks(pool, count, [&](std::size_t at, std::size_t n, std::size_t) { kernels.scale(s.x + at, before, n); });
    for (int step = 0; step < 5; ++step) {
        if (tall) {
            bf16RowsOfTransposed(pool, bf16, s.x, side, length, s.gramRows);
            bf16Panels(pool, bf16, length, side, rowOfX, s.gramPanels);
            bf16Rows(pool, bf16, s.x, rows, side, nullptr, s.updateRows);
        } else {
            bf16Rows(pool, bf16, s.x, side, length, nullptr, s.gramRows);
            bf16PanelsOfRows(pool, bf16, s.x, side, length, s.gramPanels);
            bf16Panels(pool, bf16, side, cols, rowOfX, s.updatePanels);
        }
        bf16Product(pool, bf16, gram);
        bf16Rows(pool, bf16, s.a, side, side, nullptr, s.squareRows);
        bf16Panels(pool, bf16, side, side, rowOfA, s.squarePanels);
        bf16Product(pool, bf16, square);
        forChunks(pool, sides, [&](std::size_t at, std::size_t n, std::size_t) {
            kernels.blend(s.a + at, kB, s.square + at, kC, n);
        });
        if (tall) {
            bf16Panels(pool, bf16, side, side, rowOfSquare, s.updatePanels);
        } else {
            bf16Rows(pool, bf16, s.square, side, side, nullptr, s.updateRows);
        }
        forChunks(pool, count, [&](std::size_t at, std::size_t n, std::size_t) { kernels.scale(s.x + at, kA, n); });
        bf16Product(pool, bf16, update);
    }
}

/// One tensor's update.
Result<void> muonTensor(CpuContext& context, const MuonArgs& args, const MuonTensor& tensor, DType type,
                        std::byte* memory) {
    const OptimizerKernels& kernels = optimizerKernels(context.level);
    const std::size_t count = static_cast<std::size_t>(tensor.rows) * static_cast<std::size_t>(tensor.cols);
    MuonScratch s;
    layMuonScratch(context, type, tensor.rows, tensor.cols, memory, s);
    const float scale = scaleOf(args.gradientScale);
    forChunks(context.pool, count, [&](std::size_t at, std::size_t n, std::size_t chunk) {
        s.sums[chunk] = kernels.momentum(tensor.momentum.backendAddress() + at, tensor.gradient.backendAddress() + at,
                                         scale, args.momentum, s.x + at, n);
    });
    double squares = 0;
    for (std::size_t chunk = 0; chunk < chunkCount(count, kChunk); ++chunk) squares += s.sums[chunk];
    // What is not finite must not become a step of 0.
    const float before =
        std::isfinite(squares) ? static_cast<float>(1.0 / std::max(std::sqrt(squares), 1e-7)) : std::nanf("");
    if (type == DType::BF16) {
        newtonSchulzBf16(context, s, tensor.rows, tensor.cols, before);
    } else {
        TRY_VOID(newtonSchulzFloat(context, s, tensor.rows, tensor.cols, before));
    }
    const double rows = tensor.rows, cols = tensor.cols, rate = args.learningRate;
    const double adjust =
        args.matchRmsAdamW ? 0.2 * std::sqrt(std::max(rows, cols)) : std::sqrt(std::max(1.0, rows / cols));
    const float keep = static_cast<float>(1.0 - rate * static_cast<double>(args.weightDecay));
    forChunks(context.pool, count, [&](std::size_t at, std::size_t n, std::size_t) {
        kernels.step(tensor.weight.backendAddress() + at, keep, s.x + at, static_cast<float>(rate * adjust), n);
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
    const double unscale = args.unscale, norm = unscale * std::sqrt(squares);
    args.norm.backendAddress()[0] = static_cast<float>(norm);
    const double limit = args.limit, clip = limit > 0 && norm > limit ? limit / norm : 1.0;
    args.norm.backendAddress()[1] = static_cast<float>(unscale * clip);
    return {};
}

Result<void> muon(CpuContext& context, const Exec& exec, const MuonArgs& args) {
    TRY_VOID(checkArguments(args));
    const DType type = context.productType(exec.precision);
    std::vector<const MuonTensor*> small, large;
    std::size_t smallBytes = 0, largeBytes = 0;
    for (const MuonTensor& tensor : args.tensors) {
        const bool isSmall = isSmallTensor(tensor.rows, tensor.cols);
        std::size_t& bytes = isSmall ? smallBytes : largeBytes;
        bytes = std::max(bytes, muonScratchBytes(context, type, tensor.rows, tensor.cols));
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
    const std::int64_t hidden = workload.hidden;
    const std::int64_t others[] = {std::int64_t{workload.heads} * workload.headDim,
                                   std::int64_t{workload.kvHeads} * workload.headDim, workload.mlp};
    std::size_t bytes = 0;
    for (const std::int64_t other : others) {
        for (const auto& [rows, cols] : {std::pair{hidden, other}, std::pair{other, hidden}}) {
            const std::size_t one = muonScratchBytes(context, type, rows, cols);
            bytes = std::max(bytes,
                             one * (isSmallTensor(rows, cols) ? static_cast<std::size_t>(context.pool.threads()) : 1));
        }
    }
    return Scratch::kSkew + bytes;
}

}  // namespace distillix::cpu
