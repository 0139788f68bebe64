// SPDX-License-Identifier: Apache-2.0
// The output head: logits, and the loss with its gradients, a piece of rows x vocabulary at a time (loss_plan.h).
#include <algorithm>

#include "core/backend/cuda/cuda_backend.h"
#include "core/backend/cuda/cuda_linear.h"
#include "core/backend/cuda/kernels/head.h"
#include "core/backend/cuda/kernels/linear.h"
#include "core/backend/cuda/kernels/table.h"
#include "core/backend/cuda/loss_plan.h"

namespace distillix::cuda {

namespace {

/// Elements of the head that are made into operands at once for logits: 4 to 8 MB.
constexpr std::int64_t kHeadElements = std::int64_t{2} << 20;
/// Rows of x that are.
constexpr int kLogitRows = 1024;

int logitColumns(int width, int vocabulary) {
    return static_cast<int>(std::clamp<std::int64_t>(kHeadElements / width / 64 * 64, 64, std::max(vocabulary, 64)));
}

std::size_t typedBytes(DType type, std::size_t count) {
    return Scratch::bytes<std::byte>(count * dtypeBytes(type));
}

std::size_t tokensScratch(int in) {
    const std::size_t columns = static_cast<std::size_t>((in + 31) / 32 * 32), all = kTableTokens * columns;
    return 2 * Scratch::bytes<std::int8_t>(all) + Scratch::bytes<std::int32_t>(all / 32) + Scratch::bytes<float>(all) +
           Scratch::bytes<float>(kTableTokens);
}

std::size_t logitsScratch(DType type, int rows, int width, int vocabulary) {
    // Few rows of a float32 head go through float32 products whatever the precision.
    const std::size_t few = typedBytes(DType::F32, elementCount(std::min(rows, kTableTokens), width));
    const std::size_t many = typedBytes(type, elementCount(std::min(rows, kLogitRows), width)) +
                             typedBytes(type, std::min(elementCount(logitColumns(width, vocabulary), width),
                                                       elementCount(vocabulary, width)));
    return gemmScratchBytes(rows) + std::max({few, many, tokensScratch(width)});
}

std::size_t lossScratch(DType type, int rows, int width, int vocabulary) {
    const LossPlan plan = lossPlan(rows, width, vocabulary);
    const std::size_t inputs = elementCount(plan.rows, width);
    return gemmScratchBytes(rows) + Scratch::bytes<float>(plan.logits) + typedBytes(type, plan.headElements) +
           typedBytes(type, inputs) + Scratch::bytes<float>(inputs) +
           Scratch::bytes<LossRow>(static_cast<std::size_t>(plan.rows));
}

/// Rows of the head as a product reads them.
class HeadRows {
  public:
    HeadRows(const LinearWeight& head, DType type, void* operand, StreamHandle stream)
        : m_head(head), m_type(type), m_operand(operand), m_stream(stream) {}

    bool direct() const { return m_head.shape.format == WeightFormat::Latent && m_type == DType::F32; }
    /// Makes the operand of all rows, for which it has room: rows() then finds them there.
    Result<void> keepAll() {
        if (direct()) return {};
        TRY_VOID(rows(0, m_head.shape.out));
        m_kept = true;
        return {};
    }
    /// Rows first .. first + count - 1, [count, in], until the next call.
    Result<const void*> rows(int first, int count) {
        const std::size_t width = static_cast<std::size_t>(m_head.shape.in);
        if (m_kept)
            return static_cast<const void*>(static_cast<const std::byte*>(m_operand) +
                                            static_cast<std::size_t>(first) * width * dtypeBytes(m_type));
        if (m_head.shape.format != WeightFormat::Latent) {
            TRY_VOID(launchTableDequantize(deviceTable(m_head), first, count, m_type, m_operand, m_stream));
            return static_cast<const void*>(m_operand);
        }
        const float* source = address(m_head.latent) + static_cast<std::size_t>(first) * width;
        if (m_type == DType::F32) return static_cast<const void*>(source);
        TRY_VOID(
            launchConvert(source, DType::F32, static_cast<std::size_t>(count) * width, m_operand, m_type, m_stream));
        return static_cast<const void*>(m_operand);
    }

  private:
    const LinearWeight& m_head;
    DType m_type;
    void* m_operand;
    StreamHandle m_stream;
    bool m_kept = false;
};

/// out[count, columns] = x·(rows of the head)ᵀ.
GemmArgs logitsProduct(DType type, int count, int width, const void* x, const void* head, int columns, float* out,
                       int stride) {
    GemmArgs product;
    product.m = count;
    product.n = columns;
    product.k = width;
    product.type = type;
    product.a = {x, width, false};
    product.b = {head, width, true};
    product.out = out;
    product.outStride = stride;
    return product;
}

// ---- logits -------------------------------------------------------------------------------------------------------

Result<void> tableLogits(const Exec& exec, const HeadLogitsArgs& args) {
    const DeviceTable table = deviceTable(args.head);
    const std::size_t columns = static_cast<std::size_t>(table.columns), all = kTableTokens * columns;
    Scratch scratch(exec);
    TableTokens tokens{};
    tokens.high = scratch.take<std::int8_t>(all);
    tokens.low = scratch.take<std::int8_t>(all);
    tokens.sums = scratch.take<std::int32_t>(all / 32);
    tokens.values = scratch.take<float>(all);
    tokens.scales = scratch.take<float>(kTableTokens);
    if (!tokens.high || !tokens.low || !tokens.sums || !tokens.values || !tokens.scales)
        return scratch.tooSmall("headLogits");
    TRY_VOID(launchTableTokens(args.x.data.backendAddress(), args.x.type, args.rows, table.in, table.columns, tokens,
                               exec.stream.handle));
    return launchTableProduct(table, tokens, args.rows, args.softCap, address(args.logits), exec.stream.handle);
}

Result<void> denseLogits(CudaContext& context, const Exec& exec, DType type, const HeadLogitsArgs& args) {
    const StreamHandle stream = exec.stream.handle;
    const int width = args.head.shape.in, vocabulary = args.head.shape.out;
    const int rows = std::min(args.rows, kLogitRows);
    Scratch scratch(exec);
    const GemmScratch library = takeGemmScratch(scratch, args.rows);
    const bool converts = args.x.type != type;
    std::byte* x = converts ? scratch.take<std::byte>(elementCount(rows, width) * dtypeBytes(type)) : nullptr;
    HeadRows probe(args.head, type, nullptr, stream);
    const int columns = probe.direct() ? vocabulary : std::min(logitColumns(width, vocabulary), vocabulary);
    std::byte* operand =
        probe.direct() ? nullptr : scratch.take<std::byte>(elementCount(columns, width) * dtypeBytes(type));
    if (!library || (converts && !x) || (!probe.direct() && !operand)) return scratch.tooSmall("headLogits");
    HeadRows head(args.head, type, operand, stream);
    for (int first = 0; first < args.rows; first += rows) {
        const int count = std::min(rows, args.rows - first);
        const void* input = behind(args.x, elementCount(first, width));
        if (converts) {
            TRY_VOID(launchConvert(input, args.x.type, elementCount(count, width), x, type, stream));
            input = x;
        }
        float* logits = address(args.logits) + elementCount(first, vocabulary);
        for (int column = 0; column < vocabulary; column += columns) {
            const int piece = std::min(columns, vocabulary - column);
            const void* const weights = TRY(head.rows(column, piece));
            TRY_VOID(
                context.gemm->run(logitsProduct(type, count, width, input, weights, piece, logits + column, vocabulary),
                                  library, stream));
        }
    }
    if (args.softCap <= 0) return {};
    return launchCap(address(args.logits), elementCount(args.rows, vocabulary), args.softCap, stream);
}

// ---- loss ---------------------------------------------------------------------------------------------------------

class Loss {
  public:
    Loss(CudaContext& context, const Exec& exec, DType type, const HeadLossArgs& args)
        : m_context(context),
          m_args(args),
          m_type(type),
          m_plan(lossPlan(args.rows, args.head.shape.in, args.head.shape.out)),
          m_scratch(exec),
          m_stream(exec.stream.handle),
          m_width(args.head.shape.in),
          m_vocabulary(args.head.shape.out) {
        m_plan.rows = std::min(m_plan.rows, wholeTiles(args.targetCount));
    }

    Result<void> run() {
        const std::size_t item = dtypeBytes(m_type), inputs = elementCount(m_plan.rows, m_width);
        const HeadRows probe(m_args.head, m_type, nullptr, m_stream);
        m_library = takeGemmScratch(m_scratch, m_args.rows);
        m_logits = m_scratch.take<float>(elementCount(m_plan.rows, m_plan.stride));
        std::byte* operand = probe.direct()
                                 ? nullptr
                                 : m_scratch.take<std::byte>(
                                       elementCount(m_plan.keepsHead ? m_vocabulary : m_plan.columns, m_width) * item);
        m_inputs = m_scratch.take<std::byte>(inputs * item);
        m_dInputs = m_args.dX ? m_scratch.take<float>(inputs) : nullptr;
        m_state = m_scratch.take<LossRow>(static_cast<std::size_t>(m_plan.rows));
        if (!m_library || !m_logits || (!probe.direct() && !operand) || !m_inputs || (m_args.dX && !m_dInputs) ||
            !m_state)
            return m_scratch.tooSmall("headLoss");
        HeadRows head(m_args.head, m_type, operand, m_stream);
        if (m_plan.keepsHead) TRY_VOID(head.keepAll());
        for (int first = 0; first < m_args.targetCount; first += m_plan.rows)
            TRY_VOID(rows(head, first, std::min(m_plan.rows, m_args.targetCount - first)));
        return {};
    }

  private:
    /// Rows that the products get for so many targets. Batches differ in how many targets they have, and the library's
    /// plan is one for each shape: made for every count, plans would be searched for in each micro-step and never end.
    static int wholeTiles(int targets) {
        constexpr int kTile = 128;  // rows of a tensor core product's tile
        return (targets + kTile - 1) / kTile * kTile;
    }

    /// Targets first .. first + count - 1.
    Result<void> rows(HeadRows& head, int first, int count) {
        const std::int32_t* targetRows = address(m_args.targetRows) + first;
        m_productRows = std::min(m_plan.rows, wholeTiles(count));
        // The rows behind are zeros: so are their logits, which nobody reads, and they add nothing to dHead.
        const std::size_t row = static_cast<std::size_t>(m_width) * dtypeBytes(m_type);
        if (m_productRows > count)
            TRY_VOID(device::fill(m_stream, m_inputs + static_cast<std::size_t>(count) * row, 0,
                                  static_cast<std::size_t>(m_productRows - count) * row));
        TRY_VOID(launchGatherRows(m_args.x.data.backendAddress(), m_args.x.type, targetRows, count, m_args.rows,
                                  m_width, m_inputs, m_type, m_stream));
        LossPiece piece{};
        piece.logits = m_logits;
        piece.stride = m_plan.stride;
        piece.rows = count;
        piece.vocabulary = m_vocabulary;
        piece.targets = address(m_args.targets) + first;
        if (m_args.teacherLogits) piece.teacher = address(m_args.teacherLogits) + elementCount(first, m_vocabulary);
        piece.softCap = m_args.softCap;
        piece.smoothing = m_args.labelSmoothing;
        piece.weight = m_args.teacherLogits ? m_args.teacherWeight : 1.0f;
        piece.temperature = m_args.temperature;
        piece.gradientScale = m_args.gradientScale;
        piece.state = m_state;
        const bool whole = m_plan.columns == m_vocabulary;
        const void* operand = nullptr;
        for (piece.first = 0; piece.first < m_vocabulary; piece.first += m_plan.columns) {
            operand = TRY(makeLogits(head, piece));
            TRY_VOID(launchLossSums(piece, m_stream));
        }
        TRY_VOID(launchLosses(piece, address(m_args.losses) + first, m_stream));
        if (!m_args.dX) return {};
        for (piece.first = 0; piece.first < m_vocabulary; piece.first += m_plan.columns) {
            if (whole) {
                piece.columns = m_vocabulary;  // the logits are still there
            } else {
                operand = TRY(makeLogits(head, piece));
            }
            TRY_VOID(gradients(piece, operand));
        }
        return launchScatterRows(m_dInputs, 1.0f, targetRows, count, m_args.rows, m_width,
                                 m_args.dX.data.backendAddress(), m_args.dX.type, m_stream);
    }

    Result<const void*> makeLogits(HeadRows& head, LossPiece& piece) {
        piece.columns = std::min(m_plan.columns, m_vocabulary - piece.first);
        const void* operand = TRY(head.rows(piece.first, piece.columns));
        TRY_VOID(m_context.gemm->run(
            logitsProduct(m_type, m_productRows, m_width, m_inputs, operand, piece.columns, m_logits, m_plan.stride),
            m_library, m_stream));
        return operand;
    }

    /// The piece's share of dX, and its part of dHead.
    Result<void> gradients(const LossPiece& piece, const void* operand) {
        TRY_VOID(launchLossGradient(piece, m_type, m_stream));
        const std::int64_t stride = static_cast<std::int64_t>(m_plan.stride) * (m_type == DType::F32 ? 1 : 2);
        GemmArgs inputs;
        inputs.m = m_productRows;
        inputs.n = m_width;
        inputs.k = piece.columns;
        inputs.type = m_type;
        inputs.a = {m_logits, stride, false};
        inputs.b = {operand, m_width, false};
        inputs.out = m_dInputs;
        inputs.outStride = m_width;
        inputs.beta = piece.first > 0 ? 1.0f : 0.0f;
        TRY_VOID(m_context.gemm->run(inputs, m_library, m_stream));
        GemmArgs weights;
        weights.m = piece.columns;
        weights.n = m_width;
        weights.k = m_productRows;
        weights.type = m_type;
        weights.a = {m_logits, stride, true};
        weights.b = {m_inputs, m_width, false};
        weights.out = address(m_args.dHead) + elementCount(piece.first, m_width);
        weights.outStride = m_width;
        weights.beta = 1;
        return m_context.gemm->run(weights, m_library, m_stream);
    }

    CudaContext& m_context;
    const HeadLossArgs& m_args;
    DType m_type;
    LossPlan m_plan;
    Scratch m_scratch;
    StreamHandle m_stream;
    int m_width, m_vocabulary;
    int m_productRows = 0;  // of a piece, with those behind its targets
    GemmScratch m_library;
    float* m_logits = nullptr;      // [n, columns] of a piece, then their gradient
    std::byte* m_inputs = nullptr;  // [n, d] the targets' rows of x
    float* m_dInputs = nullptr;     // [n, d]
    LossRow* m_state = nullptr;     // [n]
};

}  // namespace

std::size_t headWorkspaceBytes(const CudaContext&, const Workload& workload, Precision precision) {
    if (workload.rows <= 0 || workload.hidden <= 0 || workload.vocabulary <= 0) return 0;
    const DType type = precision.product;
    const std::size_t logits = logitsScratch(type, workload.rows, workload.hidden, workload.vocabulary);
    if (!workload.losses && !workload.training) return logits;
    return std::max(logits, lossScratch(type, workload.rows, workload.hidden, workload.vocabulary));
}

Result<void> CudaBackend::headLogits(const Exec& exec, const HeadLogitsArgs& args) {
    const char* operation = "headLogits";
    TRY_VOID(checkArguments(args, m_context.types()));
    DType type = TRY(productType(m_context, exec.precision, operation));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    const bool few = args.rows <= kTableTokens;
    if (few && args.head.shape.format != WeightFormat::Latent) return named(operation, tableLogits(exec, args));
    // Reading the float32 head once costs less than making 16 bits of it.
    if (few) type = DType::F32;
    return named(operation, denseLogits(m_context, exec, type, args));
}

Result<void> CudaBackend::headLoss(const Exec& exec, const HeadLossArgs& args) {
    const char* operation = "headLoss";
    TRY_VOID(checkArguments(args, m_context.types()));
    const DType type = TRY(productType(m_context, exec.precision, operation));
    TRY_VOID(enter());
    if (args.dX)
        TRY_VOID(fillZero(exec.stream, args.dX.data,
                          elementCount(args.rows, args.head.shape.in) * dtypeBytes(args.dX.type)));
    if (args.targetCount == 0) return {};
    return named(operation, Loss(m_context, exec, type, args).run());
}

}  // namespace distillix::cuda
