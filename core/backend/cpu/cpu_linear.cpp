// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_linear.h"

namespace distillix::cpu {

Result<void> prepareWeights(CpuContext&, const Exec&, std::span<const PrepareWeight>, bool) {
    return unsupported("prepareWeights", "not there yet");
}
Result<void> linearForward(CpuContext&, const Exec&, const LinearForwardArgs&) {
    return unsupported("linearForward", "not there yet");
}
Result<void> linearBackward(CpuContext&, const Exec&, const LinearBackwardArgs&) {
    return unsupported("linearBackward", "not there yet");
}
std::size_t preparedBytes(const CpuContext&, const LinearShape&, Precision, bool) {
    return 0;
}
std::size_t linearWorkspaceBytes(const CpuContext&, const Workload&, Precision) {
    return 0;
}

}  // namespace distillix::cpu
