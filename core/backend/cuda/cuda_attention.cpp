// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/cuda_backend.h"

namespace distillix::cuda {

namespace {

Error missing(const char* operation) {
    return makeError(ErrorCode::Unsupported, "the CUDA backend has no " + std::string(operation) + " yet");
}

}  // namespace

std::size_t attentionWorkspaceBytes(const CudaContext&, const Workload&, Precision) {
    return 0;
}

Result<void> CudaBackend::attention(const Exec&, const AttentionArgs&) {
    return missing("attention");
}

Result<void> CudaBackend::attentionBackward(const Exec&, const AttentionBackwardArgs&) {
    return missing("attentionBackward");
}

Result<void> CudaBackend::cachedAttention(const Exec&, const CachedAttentionArgs&) {
    return missing("cachedAttention");
}

}  // namespace distillix::cuda
