// SPDX-License-Identifier: Apache-2.0
// Drawing tokens.
#include <algorithm>

#include "core/backend/cuda/cuda_backend.h"

namespace distillix::cuda {

std::size_t sampleWorkspaceBytes(const CudaContext&, const Workload& workload, Precision) {
    // A row at a time where the workspace holds no more.
    return workload.training ? 0 : Scratch::bytes<float>(static_cast<std::size_t>(workload.vocabulary));
}

Result<void> CudaBackend::sample(const Exec& exec, const SampleArgs& args) {
    TRY_VOID(checkArguments(args));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    const auto vocabulary = static_cast<std::size_t>(args.vocabulary);
    Scratch scratch(exec);
    const std::size_t held = std::max<std::size_t>(scratch.left() / (vocabulary * sizeof(float)), 1);
    const int rowsAtOnce = static_cast<int>(std::min(held, static_cast<std::size_t>(args.rows)));
    Sample a{};
    a.scratch = scratch.take<float>(static_cast<std::size_t>(rowsAtOnce) * vocabulary);
    if (!a.scratch) return scratch.tooSmall("sample");
    a.vocabulary = args.vocabulary;
    a.temperature = args.temperature;
    a.topK = args.topK;
    a.topP = args.topP;
    a.minP = args.minP;
    a.repetitionPenalty = args.repetitionPenalty;
    a.recentCount = args.recentCount;
    for (int first = 0; first < args.rows; first += rowsAtOnce) {
        const auto skipped = static_cast<std::size_t>(first);
        a.logits = address(args.logits) + skipped * vocabulary;
        a.recent = address(args.recent) + skipped * static_cast<std::size_t>(args.recentCount);
        a.uniform = address(args.uniform) + skipped;
        a.tokens = address(args.tokens) + first;
        TRY_VOID(named("sample", launchSample(a, std::min(rowsAtOnce, args.rows - first), exec.stream.handle)));
    }
    return {};
}

}  // namespace distillix::cuda
