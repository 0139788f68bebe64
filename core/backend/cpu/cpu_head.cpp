// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_head.h"

namespace distillix::cpu {

Result<void> headLogits(CpuContext&, const Exec&, const HeadLogitsArgs&) {
    return unsupported("headLogits", "not there yet");
}
Result<void> headLoss(CpuContext&, const Exec&, const HeadLossArgs&) {
    return unsupported("headLoss", "not there yet");
}

std::size_t headWorkspaceBytes(const CpuContext&, const Workload&, Precision) {
    return 0;
}

}  // namespace distillix::cpu
