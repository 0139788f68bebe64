// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_head.h"

#include <algorithm>
#include <cstring>

#include "core/backend/arguments.h"
#include "core/backend/cpu/cpu_linear.h"
#include "core/backend/cpu/cpu_table.h"
#include "core/backend/cpu/head_kernels.h"

namespace distillix::cpu {

extern const HeadKernels kHeadKernelsScalar, kHeadKernelsAvx2, kHeadKernelsAvx512;

const HeadKernels& headKernels(CpuLevel level) {
#if defined(__x86_64__)
    if (level >= CpuLevel::Avx512) return kHeadKernelsAvx512;
    if (level == CpuLevel::Avx2) return kHeadKernelsAvx2;
#endif
    static_cast<void>(level);
    return kHeadKernelsScalar;
}

namespace {

/// Rows whose logits are held at once: 32 MiB of them, and half as much again for their gradient. The head's own
/// gradient is read and written once a chunk (98 MB each way for the 100M preset, some 7 ms where a micro-step of 512
/// tokens takes 380), so fewer rows would cost time, and more only memory.
std::size_t chunkRows(std::size_t vocabulary) {
    return std::clamp<std::size_t>((std::size_t{32} << 20) / (vocabulary * sizeof(float)) / 16 * 16, 16, 1024);
}

std::size_t lossScratch(const CpuContext& context, DType type, std::int64_t rows, std::int64_t width,
                        std::int64_t vocabulary) {
    const std::int64_t n = std::min(rows, static_cast<std::int64_t>(chunkRows(static_cast<std::size_t>(vocabulary))));
    const std::size_t logits = Scratch::bytes<float>(static_cast<std::size_t>(n * vocabulary));
    const std::size_t inputs = Scratch::bytes<float>(static_cast<std::size_t>(n * width));
    if (type == DType::F32) return Scratch::kSkew + logits + 2 * inputs;
    return Scratch::kSkew + logits + inputs + Scratch::bytes<std::uint16_t>(bf16RowsSize(*context.bf16, n, width)) +
           Scratch::bytes<std::uint16_t>(bf16RowsSize(*context.bf16, n, vocabulary)) +
           Scratch::bytes<std::uint16_t>(bf16PanelsSize(*context.bf16, width, n)) +
           Scratch::bytes<std::uint16_t>(weightGradientScratch(context.pool.threads()));
}

std::size_t logitsScratch(const CpuContext& context, DType type, std::int64_t rows, std::int64_t width) {
    return type == DType::BF16
               ? Scratch::kSkew + Scratch::bytes<std::uint16_t>(bf16RowsSize(*context.bf16, rows, width))
               : 0;
}

Result<void> requirePrepared(const char* operation, const LinearWeight& head, DType type) {
    if (type == DType::BF16 && !head.prepared) return badArgument(operation, "head.prepared is missing");
    return {};
}

/// logits[n, V] = x[n, d]·Eᵀ in float32.
Result<void> logitsFloat(CpuContext& context, std::int64_t rows, const LinearWeight& head, const float* x,
                         float* logits) {
    DenseProductArgs product;
    product.m = rows;
    product.n = head.shape.out;
    product.k = head.shape.in;
    product.a = {x, head.shape.in, false};
    product.b = {head.latent.backendAddress(), head.shape.in, true};
    product.c = logits;
    product.cStride = head.shape.out;
    return context.products.product(product);
}

/// The same in 16 bits; x is packed.
void logitsBf16(CpuContext& context, std::int64_t rows, const LinearWeight& head, const std::uint16_t* x,
                float* logits) {
    Bf16Product product;
    product.m = rows;
    product.n = head.shape.out;
    product.k = head.shape.in;
    product.a = x;
    product.panels = panelsForForward(head);
    product.c = logits;
    product.cStride = head.shape.out;
    bf16Product(context.pool, *context.bf16, product);
}

Result<void> checkTargets(const HeadLossArgs& args) {
    const std::int32_t* rows = args.targetRows.backendAddress();
    const std::int32_t* targets = args.targets.backendAddress();
    for (int i = 0; i < args.targetCount; ++i) {
        if (rows[i] < 0 || rows[i] >= args.rows || (i > 0 && rows[i] <= rows[i - 1])) {
            return badArgument("headLoss", "target " + std::to_string(i) + " names row " + std::to_string(rows[i]) +
                                               "; rows must ascend and lie below " + std::to_string(args.rows));
        }
        if (targets[i] < 0 || targets[i] >= args.head.shape.out) {
            return badArgument("headLoss", "target " + std::to_string(i) + " is token " + std::to_string(targets[i]) +
                                               "; the vocabulary has " + std::to_string(args.head.shape.out));
        }
    }
    return {};
}

}  // namespace

Result<void> headLogits(CpuContext& context, const Exec& exec, const HeadLogitsArgs& args) {
    TRY_VOID(checkArguments(args));
    if (args.rows == 0) return {};
    if (args.head.shape.format != WeightFormat::Latent) {
        Scratch scratch(exec);
        return tableProduct(context, scratch, "headLogits",
                            {args.rows, args.head, floats(args.x), args.softCap, args.logits.backendAddress()});
    }
    const DType type = context.productType(exec.precision);
    TRY_VOID(requirePrepared("headLogits", args.head, type));
    float* logits = args.logits.backendAddress();
    if (type == DType::BF16) {
        Scratch scratch(exec);
        std::uint16_t* x = scratch.take<std::uint16_t>(bf16RowsSize(*context.bf16, args.rows, args.head.shape.in));
        if (!x) return scratch.tooSmall("headLogits");
        bf16Rows(context.pool, *context.bf16, floats(args.x), args.rows, args.head.shape.in, nullptr, x);
        logitsBf16(context, args.rows, args.head, x, logits);
    } else {
        TRY_VOID(logitsFloat(context, args.rows, args.head, floats(args.x), logits));
    }
    if (args.softCap > 0) {
        const HeadKernels& kernels = headKernels(context.level);
        const std::size_t all = static_cast<std::size_t>(args.rows) * static_cast<std::size_t>(args.head.shape.out);
        constexpr std::size_t kPiece = 16384;
        context.pool.parallelFor(chunkCount(all, kPiece), [&](std::size_t chunk, int) {
            const std::size_t first = chunk * kPiece;
            kernels.cap(logits + first, std::min(kPiece, all - first), args.softCap);
        });
    }
    return {};
}

namespace {

/// What a loss is computed in, and on which rows.
struct LossWork {
    const HeadLossArgs& args;
    DType type;
    std::int64_t width, vocabulary;
    float* logits = nullptr;               // [n, V], then their gradient where products read float32
    float* inputs = nullptr;               // [n, d] the target rows of x; float32 only
    float* dInputs = nullptr;              // [n, d]
    std::uint16_t* inputsBf16 = nullptr;   // [n, d] packed as A
    std::uint16_t* inputPanels = nullptr;  // the same packed as B
    std::uint16_t* gradient = nullptr;     // [n, V] packed as A
    std::uint16_t* perThread = nullptr;

    bool gradients() const { return static_cast<bool>(args.dX); }
    const float* row(std::size_t target) const {
        return floats(args.x) +
               static_cast<std::size_t>(args.targetRows.backendAddress()[target]) * static_cast<std::size_t>(width);
    }
};

/// Logits of targets first .. first + count - 1.
Result<void> computeLogits(CpuContext& context, const Scratch& scratch, const LossWork& work, std::size_t first,
                           std::size_t count) {
    const std::int64_t stride = work.type == DType::BF16 ? bf16Stride(*context.bf16, work.width) : 0;
    context.pool.parallelFor(chunkCount(count, 16), [&](std::size_t chunk, int) {
        for (std::size_t i = chunk * 16; i < std::min(count, chunk * 16 + 16); ++i) {
            if (work.type == DType::BF16) {
                context.bf16->rows(work.row(first + i), work.width, 1, work.width, nullptr,
                                   work.inputsBf16 + i * static_cast<std::size_t>(stride), stride);
            } else {
                const std::size_t width = static_cast<std::size_t>(work.width);
                std::memcpy(work.inputs + i * width, work.row(first + i), width * sizeof(float));
            }
        }
    });
    const std::int64_t rows = static_cast<std::int64_t>(count);
    if (work.args.head.shape.format != WeightFormat::Latent) {
        Scratch rest = scratch;  // the cap is the loss kernel's business
        return tableProduct(context, rest, "headLoss",
                            {static_cast<int>(rows), work.args.head, work.inputs, 0, work.logits});
    }
    if (work.type == DType::F32) return logitsFloat(context, rows, work.args.head, work.inputs, work.logits);
    logitsBf16(context, rows, work.args.head, work.inputsBf16, work.logits);
    return {};
}

/// Losses, and the gradients of the raw logits.
void computeLosses(CpuContext& context, const LossWork& work, std::size_t first, std::size_t count) {
    const HeadLossArgs& args = work.args;
    const HeadKernels& kernels = headKernels(context.level);
    const std::size_t vocabulary = static_cast<std::size_t>(work.vocabulary);
    const std::size_t stride = work.gradient ? static_cast<std::size_t>(bf16Stride(*context.bf16, work.vocabulary)) : 0;
    context.pool.parallelFor(count, [&](std::size_t i, int) {
        HeadRow row{};
        row.logits = work.logits + i * vocabulary;
        row.count = vocabulary;
        row.softCap = args.softCap;
        row.target = static_cast<std::size_t>(args.targets.backendAddress()[first + i]);
        row.smoothing = args.labelSmoothing;
        row.teacher = args.teacherLogits ? args.teacherLogits.backendAddress() + (first + i) * vocabulary : nullptr;
        row.weight = row.teacher ? args.teacherWeight : 1.0f;
        row.temperature = args.temperature;
        row.scale = args.gradientScale;
        const bool inBf16 = work.gradient && !context.bf16->scaled;
        if (inBf16) {
            row.gradientBf16 = work.gradient + i * stride;
            std::fill(row.gradientBf16 + vocabulary, row.gradientBf16 + stride, std::uint16_t{0});
        } else if (work.gradients()) {
            row.gradient = row.logits;
        }
        args.losses.backendAddress()[first + i] = static_cast<float>(kernels.loss(row));
        if (work.gradient && !inBf16)
            context.bf16->rows(row.gradient, work.vocabulary, 1, work.vocabulary, nullptr, work.gradient + i * stride,
                               static_cast<std::int64_t>(stride));
    });
}

/// dX of the targets' rows, and their share of dHead.
Result<void> computeGradients(CpuContext& context, const LossWork& work, std::size_t first, std::size_t count) {
    const LinearWeight& head = work.args.head;
    const std::int64_t rows = static_cast<std::int64_t>(count), width = work.width, vocabulary = work.vocabulary;
    if (work.type == DType::BF16) {
        Bf16Product product;
        product.m = rows;
        product.n = width;
        product.k = vocabulary;
        product.a = work.gradient;
        product.panels = panelsForBackward(context, head);
        product.c = work.dInputs;
        product.cStride = width;
        bf16Product(context.pool, *context.bf16, product);
        bf16Panels(
            context.pool, *context.bf16, rows, width,
            [&](std::int64_t row) { return work.row(first + static_cast<std::size_t>(row)); }, work.inputPanels);
        WeightGradient gradient;
        if (context.bf16->scaled) {
            // Along the other side the blocks, and so the scales, are others: from the float32 that is still there.
            gradient.dOut = work.logits;
            gradient.dOutStride = vocabulary;
        } else {
            gradient.dOutBf16 = work.gradient;
            gradient.dOutStride = bf16Stride(*context.bf16, vocabulary);
        }
        gradient.inputPanels = work.inputPanels;
        gradient.count = rows;
        gradient.rows = vocabulary;
        gradient.columns = width;
        gradient.dWeight = work.args.dHead.backendAddress();
        addWeightGradient(context, gradient, work.perThread);
    } else {
        DenseProductArgs product;
        product.m = rows;
        product.n = width;
        product.k = vocabulary;
        product.a = {work.logits, vocabulary, false};
        product.b = {head.latent.backendAddress(), width, false};
        product.c = work.dInputs;
        product.cStride = width;
        TRY_VOID(context.products.product(product));
        product.m = vocabulary;
        product.k = rows;
        product.a = {work.logits, vocabulary, true};
        product.b = {work.inputs, width, false};
        product.c = work.args.dHead.backendAddress();
        product.accumulate = true;
        TRY_VOID(context.products.product(product));
    }
    const std::size_t size = static_cast<std::size_t>(width);
    for (std::size_t i = 0; i < count; ++i) {
        std::memcpy(
            floats(work.args.dX) + static_cast<std::size_t>(work.args.targetRows.backendAddress()[first + i]) * size,
            work.dInputs + i * size, size * sizeof(float));
    }
    return {};
}

}  // namespace

Result<void> headLoss(CpuContext& context, const Exec& exec, const HeadLossArgs& args) {
    TRY_VOID(checkArguments(args));
    TRY_VOID(checkTargets(args));
    const bool quantized = args.head.shape.format != WeightFormat::Latent;
    const DType type = quantized ? DType::F32 : context.productType(exec.precision);
    TRY_VOID(requirePrepared("headLoss", args.head, type));
    LossWork work{args, type, args.head.shape.in, args.head.shape.out};
    const std::size_t width = static_cast<std::size_t>(work.width), rows = static_cast<std::size_t>(args.rows);
    if (work.gradients()) {
        constexpr std::size_t kRows = 64;
        context.pool.parallelFor(chunkCount(rows, kRows), [&](std::size_t chunk, int) {
            const std::size_t first = chunk * kRows;
            std::memset(floats(args.dX) + first * width, 0, std::min(kRows, rows - first) * width * sizeof(float));
        });
    }
    const std::size_t all = static_cast<std::size_t>(args.targetCount);
    if (all == 0) return {};
    const std::size_t most = chunkCount(all, chunkCount(all, chunkRows(static_cast<std::size_t>(work.vocabulary))));
    const std::int64_t n = static_cast<std::int64_t>(most);
    Scratch scratch(exec);
    bool enough = true;
    const auto take = [&](auto*& pointer, std::size_t count) {
        pointer = scratch.take<std::remove_reference_t<decltype(*pointer)>>(count);
        enough = enough && pointer;
    };
    take(work.logits, most * static_cast<std::size_t>(work.vocabulary));
    if (type == DType::F32) {
        take(work.inputs, most * width);
    } else {
        take(work.inputsBf16, bf16RowsSize(*context.bf16, n, work.width));
    }
    if (work.gradients()) take(work.dInputs, most * width);
    if (work.gradients() && type == DType::BF16) {
        take(work.inputPanels, bf16PanelsSize(*context.bf16, work.width, n));
        take(work.gradient, bf16RowsSize(*context.bf16, n, work.vocabulary));
        take(work.perThread, weightGradientScratch(context.pool.threads()));
    }
    if (!enough) return scratch.tooSmall("headLoss");

    for (std::size_t first = 0; first < all; first += most) {
        const std::size_t count = std::min(most, all - first);
        TRY_VOID(computeLogits(context, scratch, work, first, count));
        computeLosses(context, work, first, count);
        if (work.gradients()) TRY_VOID(computeGradients(context, work, first, count));
    }
    return {};
}

std::size_t headWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision) {
    const DType type = context.productType(precision);
    if (workload.rows == 0 || workload.hidden == 0 || workload.vocabulary == 0) return 0;
    // A quantized head's products read float32, whatever the precision, and need room of their own.
    const std::size_t logits = std::max(logitsScratch(context, type, workload.rows, workload.hidden),
                                        tableScratch(workload.rows, workload.hidden));
    if (!workload.losses && !workload.training) return logits;
    const std::size_t quantized =
        workload.training ? 0
                          : lossScratch(context, DType::F32, workload.rows, workload.hidden, workload.vocabulary) +
                                tableScratch(workload.rows, workload.hidden);
    return std::max(
        {logits, quantized, lossScratch(context, type, workload.rows, workload.hidden, workload.vocabulary)});
}

}  // namespace distillix::cpu
