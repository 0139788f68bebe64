// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/cuda_backend.h"

namespace distillix::cuda {

namespace {

Error missing(const char* operation) {
    return makeError(ErrorCode::Unsupported, "the CUDA backend has no " + std::string(operation) + " yet");
}

}  // namespace

std::size_t muonWorkspaceBytes(const CudaContext&, const Workload&, Precision) {
    return 0;
}

Result<void> CudaBackend::muon(const Exec&, const MuonArgs&) {
    return missing("muon");
}

}  // namespace distillix::cuda
