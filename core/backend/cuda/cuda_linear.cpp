// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/cuda_backend.h"

namespace distillix::cuda {

namespace {

Error missing(const char* operation) {
    return makeError(ErrorCode::Unsupported, "the CUDA backend has no " + std::string(operation) + " yet");
}

}  // namespace

std::size_t linearWorkspaceBytes(const CudaContext&, const Workload&, Precision) {
    return 0;
}

std::size_t CudaBackend::preparedBytes(const LinearShape&, Precision, bool) const {
    return 0;
}

Result<void> CudaBackend::prepareWeights(const Exec&, std::span<const PrepareWeight>, bool) {
    return missing("prepareWeights");
}

Result<void> CudaBackend::linearForward(const Exec&, const LinearForwardArgs&) {
    return missing("linearForward");
}

Result<void> CudaBackend::linearBackward(const Exec&, const LinearBackwardArgs&) {
    return missing("linearBackward");
}

}  // namespace distillix::cuda
