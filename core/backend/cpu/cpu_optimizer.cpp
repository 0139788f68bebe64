// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_optimizer.h"

namespace distillix::cpu {

Result<void> gradientNorm(CpuContext&, const Exec&, const GradientNormArgs&) {
    return unsupported("gradientNorm", "not there yet");
}
Result<void> muon(CpuContext&, const Exec&, const MuonArgs&) {
    return unsupported("muon", "not there yet");
}
Result<void> adamw(CpuContext&, const Exec&, const AdamWArgs&) {
    return unsupported("adamw", "not there yet");
}

std::size_t optimizerWorkspaceBytes(const CpuContext&, const Workload&, Precision) {
    return 0;
}

}  // namespace distillix::cpu
