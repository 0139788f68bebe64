// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_head.h"

#include <algorithm>
#include <cstring>

#include "core/backend/arguments.h"
#include "core/backend/cpu/cpu_linear.h"
#include "core/backend/cpu/head_kernels.h"

namespace distillix::cpu {

extern const HeadKernels kHeadKernelsScalar, kHeadKernelsAvx2, kHeadKernelsAvx512;

const HeadKernels& headKernels(CpuLevel level) {
#if defined(__x86_64__)
    if (level == CpuLevel::Avx512) return kHeadKernelsAvx512;
    if (level == CpuLevel::Avx2) return kHeadKernelsAvx2;
#endif
    static_cast<void>(level);
    return kHeadKernelsScalar;
}

namespace {

constexpr std::size_t kScratchStart = 64;

/// Rows whose logits are held at once: 64 MiB of them. The gradient of the head is read and written once a chunk, so
/// fewer rows would cost memory traffic (98 MB each way for the 100M preset), and more only memory.
std::size_t chunkRows(std::size_t vocabulary) {
    return std::clamp<std::size_t>((std::size_t{64} << 20) / (vocabulary * sizeof(float)) / 16 * 16, 16, 1024);
}

std::size_t lossScratch(DType type, std::size_t rows, std::size_t width, std::size_t vocabulary) {
    const std::size_t n = std::min(rows, chunkRows(vocabulary)), element = dtypeBytes(type);
    return kScratchStart + Scratch::bytes<float>(n * vocabulary) + Scratch::bytes<std::byte>(n * width * element) +
           Scratch::bytes<float>(n * width) + (type == DType::BF16 ? Scratch::bytes<std::uint16_t>(n * vocabulary) : 0);
}

std::size_t logitsScratch(DType type, std::size_t rows, std::size_t width) {
    return type == DType::BF16 ? kScratchStart + Scratch::bytes<std::uint16_t>(rows * width) : 0;
}

/// The head's weights as products read them.
Result<const void*> weightsOf(const char* operation, const LinearWeight& head, DType type) {
    if (head.shape.ternary) return badArgument(operation, "the head must be a plain layer");
    if (type == DType::F32) return static_cast<const void*>(head.latent.backendAddress());
    if (!head.prepared) return badArgument(operation, "head.prepared is missing");
    return static_cast<const void*>(head.prepared.backendAddress());
}

/// logits[n, V] = x[n, d]·Eᵀ.
DenseProductArgs logitsProduct(DType type, std::size_t rows, const LinearWeight& head, const void* x,
                               const void* weights, float* logits) {
    DenseProductArgs product;
    product.m = static_cast<std::int64_t>(rows);
    product.n = head.shape.out;
    product.k = head.shape.in;
    product.type = type;
    product.a = {x, head.shape.in, false};
    product.b = {weights, head.shape.in, true};
    product.c = logits;
    product.cStride = head.shape.out;
    return product;
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
    const DType type = context.productType(exec.precision);
    const std::size_t rows = static_cast<std::size_t>(args.rows), width = static_cast<std::size_t>(args.head.shape.in);
    const std::size_t vocabulary = static_cast<std::size_t>(args.head.shape.out);
    const void* weights = TRY(weightsOf("headLogits", args.head, type));
    const void* x = floats(args.x);
    if (type == DType::BF16) {
        Scratch scratch(exec);
        std::uint16_t* rounded = scratch.take<std::uint16_t>(rows * width);
        if (!rounded) return scratch.tooSmall("headLogits");
        linearKernels(context.level)
            .scaleToBf16(floats(args.x), nullptr, 1.0f, static_cast<std::int64_t>(rows * width), rounded);
        x = rounded;
    }
    float* logits = args.logits.backendAddress();
    TRY_VOID(context.products.product(logitsProduct(type, rows, args.head, x, weights, logits)));
    if (args.softCap > 0) {
        const HeadKernels& kernels = headKernels(context.level);
        constexpr std::size_t kPiece = 16384;
        context.pool.parallelFor(chunkCount(rows * vocabulary, kPiece), [&](std::size_t chunk, int) {
            const std::size_t first = chunk * kPiece;
            kernels.cap(logits + first, std::min(kPiece, rows * vocabulary - first), args.softCap);
        });
    }
    return {};
}

Result<void> headLoss(CpuContext& context, const Exec& exec, const HeadLossArgs& args) {
    TRY_VOID(checkArguments(args));
    TRY_VOID(checkTargets(args));
    const HeadKernels& kernels = headKernels(context.level);
    const LinearKernels& linear = linearKernels(context.level);
    const DType type = context.productType(exec.precision);
    const bool bf16 = type == DType::BF16, gradients = static_cast<bool>(args.dX);
    const std::size_t width = static_cast<std::size_t>(args.head.shape.in);
    const std::size_t vocabulary = static_cast<std::size_t>(args.head.shape.out);
    const std::size_t all = static_cast<std::size_t>(args.targetCount), rows = static_cast<std::size_t>(args.rows);
    const void* weights = TRY(weightsOf("headLoss", args.head, type));
    const std::int32_t* targetRows = args.targetRows.backendAddress();
    const std::int32_t* targets = args.targets.backendAddress();
    float* dX = gradients ? floats(args.dX) : nullptr;
    if (dX) {
        constexpr std::size_t kRows = 64;
        context.pool.parallelFor(chunkCount(rows, kRows), [&](std::size_t chunk, int) {
            const std::size_t first = chunk * kRows;
            std::memset(dX + first * width, 0, std::min(kRows, rows - first) * width * sizeof(float));
        });
    }
    if (all == 0) return {};
    const std::size_t chunks = chunkCount(all, chunkRows(vocabulary)), most = chunkCount(all, chunks);
    Scratch scratch(exec);
    float* logits = scratch.take<float>(most * vocabulary);
    std::byte* x = scratch.take<std::byte>(most * width * dtypeBytes(type));
    float* dInput = gradients ? scratch.take<float>(most * width) : nullptr;
    std::uint16_t* rounded = gradients && bf16 ? scratch.take<std::uint16_t>(most * vocabulary) : nullptr;
    if (!logits || !x || (gradients && !dInput) || (gradients && bf16 && !rounded)) return scratch.tooSmall("headLoss");

    for (std::size_t first = 0; first < all; first += most) {
        const std::size_t count = std::min(most, all - first);
        context.pool.parallelFor(chunkCount(count, 16), [&](std::size_t chunk, int) {
            for (std::size_t i = chunk * 16; i < std::min(count, chunk * 16 + 16); ++i) {
                const float* source = floats(args.x) + static_cast<std::size_t>(targetRows[first + i]) * width;
                if (bf16) {
                    linear.scaleToBf16(source, nullptr, 1.0f, static_cast<std::int64_t>(width),
                                       reinterpret_cast<std::uint16_t*>(x) + i * width);
                } else {
                    std::memcpy(reinterpret_cast<float*>(x) + i * width, source, width * sizeof(float));
                }
            }
        });
        TRY_VOID(context.products.product(logitsProduct(type, count, args.head, x, weights, logits)));
        context.pool.parallelFor(count, [&](std::size_t i, int) {
            HeadRow row{};
            row.logits = logits + i * vocabulary;
            row.count = vocabulary;
            row.softCap = args.softCap;
            row.target = static_cast<std::size_t>(targets[first + i]);
            row.smoothing = args.labelSmoothing;
            row.teacher = args.teacherLogits ? args.teacherLogits.backendAddress() + (first + i) * vocabulary : nullptr;
            row.weight = row.teacher ? args.teacherWeight : 1.0f;
            row.temperature = args.temperature;
            row.scale = args.gradientScale;
            if (gradients) {
                row.gradient = row.logits;
                row.gradientBf16 = rounded ? rounded + i * vocabulary : nullptr;
            }
            args.losses.backendAddress()[first + i] = static_cast<float>(kernels.loss(row));
        });
        if (!gradients) continue;
        const void* dLogits = bf16 ? static_cast<const void*>(rounded) : logits;
        const std::int64_t v = args.head.shape.out, d = args.head.shape.in;
        DenseProductArgs product;
        product.type = type;
        product.m = static_cast<std::int64_t>(count);
        product.n = d;
        product.k = v;
        product.a = {dLogits, v, false};
        product.b = {weights, d, false};
        product.c = dInput;
        product.cStride = d;
        TRY_VOID(context.products.product(product));
        for (std::size_t i = 0; i < count; ++i) {
            std::memcpy(dX + static_cast<std::size_t>(targetRows[first + i]) * width, dInput + i * width,
                        width * sizeof(float));
        }
        if (!args.dHead) continue;
        product.m = v;
        product.k = static_cast<std::int64_t>(count);
        product.a = {dLogits, v, true};
        product.b = {x, d, false};
        product.c = args.dHead.backendAddress();
        product.accumulate = true;
        TRY_VOID(context.products.product(product));
    }
    return {};
}

std::size_t headWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision) {
    const DType type = context.productType(precision);
    const std::size_t rows = static_cast<std::size_t>(workload.rows), width = static_cast<std::size_t>(workload.hidden);
    const std::size_t vocabulary = static_cast<std::size_t>(workload.vocabulary);
    if (rows == 0 || width == 0 || vocabulary == 0) return 0;
    return std::max(logitsScratch(type, rows, width), lossScratch(type, rows, width, vocabulary));
}

}  // namespace distillix::cpu
