// SPDX-License-Identifier: Apache-2.0
// The norm of all gradients, and AdamW.
#include <algorithm>
#include <cmath>

#include "core/backend/cuda/cuda_backend.h"

namespace distillix::cuda {

namespace {

/// Neighbours in memory count as one: all gradients of a model lie in a row.
std::vector<Span> joined(std::span<const TensorSpan> tensors) {
    std::vector<Span> spans;
    for (const TensorSpan& tensor : tensors) {
        if (tensor.count == 0) continue;
        const float* const data = address(tensor.data);
        if (!spans.empty() && spans.back().data + spans.back().count == data) {
            spans.back().count += tensor.count;
        } else {
            spans.push_back({data, tensor.count});
        }
    }
    return spans;
}

}  // namespace

std::size_t optimizerWorkspaceBytes(const CudaContext&, const Workload& workload, Precision) {
    // One list of spans; more only for a model whose gradients lie apart, and then they wait for each other.
    return workload.training ? Scratch::bytes<double>(kNormBlocks * kNormLists) : 0;
}

Result<void> CudaBackend::gradientNorm(const Exec& exec, const GradientNormArgs& args) {
    TRY_VOID(checkArguments(args));
    TRY_VOID(enter());
    const std::vector<Span> spans = joined(args.gradients);
    const std::size_t lists = (spans.size() + kSpans - 1) / kSpans;
    Scratch scratch(exec);
    double* const partial = scratch.take<double>(kNormBlocks * std::max<std::size_t>(lists, 1));
    if (!partial) return scratch.tooSmall("gradientNorm");
    for (std::size_t l = 0; l < lists; ++l) {
        SpanList list{};
        list.count = static_cast<int>(std::min<std::size_t>(kSpans, spans.size() - l * kSpans));
        std::copy_n(spans.begin() + static_cast<std::ptrdiff_t>(l * kSpans), list.count, list.spans);
        TRY_VOID(named("gradientNorm", launchSumSquares(list, partial + l * kNormBlocks, exec.stream.handle)));
    }
    return named("gradientNorm", launchFinishNorm(partial, static_cast<int>(lists) * kNormBlocks, args.limit,
                                                  args.unscale, address(args.norm), exec.stream.handle));
}

Result<void> CudaBackend::adamw(const Exec& exec, const AdamWArgs& args) {
    TRY_VOID(checkArguments(args));
    TRY_VOID(enter());
    const double beta1 = args.beta1, beta2 = args.beta2, step = static_cast<double>(args.step);
    AdamWFactors factors{};
    factors.learningRate = args.learningRate;
    factors.decay = static_cast<float>(1 - static_cast<double>(args.learningRate) * args.weightDecay);
    factors.beta1 = args.beta1;
    factors.oneMinusBeta1 = static_cast<float>(1 - beta1);
    factors.beta2 = args.beta2;
    factors.oneMinusBeta2 = static_cast<float>(1 - beta2);
    factors.inverseCorrection1 = static_cast<float>(1 / (1 - std::pow(beta1, step)));
    factors.inverseCorrection2 = static_cast<float>(1 / (1 - std::pow(beta2, step)));
    factors.eps = args.eps;
    AdamWList list{};
    unsigned pieces = 0;
    const auto flush = [&]() -> Result<void> {
        if (pieces == 0) return {};
        TRY_VOID(named("adamw", launchAdamW(list, pieces, factors, address(args.gradientScale), exec.stream.handle)));
        list.count = 0;
        pieces = 0;
        return {};
    };
    for (const AdamWTensor& tensor : args.tensors) {
        if (tensor.count == 0) continue;
        AdamWPieces& entry = list.tensors[list.count++];
        entry = {address(tensor.weight),
                 address(tensor.gradient),
                 address(tensor.firstMoment),
                 address(tensor.secondMoment),
                 tensor.count,
                 pieces,
                 tensor.decay,
                 0};
        const auto lowBits = [](const float* p) { return reinterpret_cast<std::uintptr_t>(p) % 16; };
        entry.aligned = lowBits(entry.weight) == 0 && lowBits(entry.gradient) == 0 && lowBits(entry.firstMoment) == 0 &&
                        lowBits(entry.secondMoment) == 0;
        pieces += static_cast<unsigned>((tensor.count + kAdamWPiece - 1) / kAdamWPiece);
        if (list.count == kAdamWTensors) TRY_VOID(flush());
    }
    return flush();
}

}  // namespace distillix::cuda
