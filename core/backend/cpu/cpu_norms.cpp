// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_norms.h"

namespace distillix::cpu {

Result<void> normQuantize(CpuContext&, const Exec&, const NormQuantizeArgs&) {
    return unsupported("normQuantize", "not there yet");
}
Result<void> normBackward(CpuContext&, const Exec&, const NormBackwardArgs&) {
    return unsupported("normBackward", "not there yet");
}

std::size_t normsWorkspaceBytes(const CpuContext&, const Workload&, Precision) {
    return 0;
}

}  // namespace distillix::cpu
