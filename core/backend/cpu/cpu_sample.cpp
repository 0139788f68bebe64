// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_sample.h"

namespace distillix::cpu {

Result<void> sample(CpuContext&, const Exec&, const SampleArgs&) {
    return unsupported("sample", "not there yet");
}

std::size_t sampleWorkspaceBytes(const CpuContext&, const Workload&, Precision) {
    return 0;
}

}  // namespace distillix::cpu
