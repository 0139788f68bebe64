// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_attention.h"

namespace distillix::cpu {

Result<void> attention(CpuContext&, const Exec&, const AttentionArgs&) {
    return unsupported("attention", "not there yet");
}
Result<void> attentionBackward(CpuContext&, const Exec&, const AttentionBackwardArgs&) {
    return unsupported("attentionBackward", "not there yet");
}
Result<void> kvAppend(CpuContext&, const Exec&, const KvAppendArgs&) {
    return unsupported("kvAppend", "not there yet");
}
Result<void> cachedAttention(CpuContext&, const Exec&, const CachedAttentionArgs&) {
    return unsupported("cachedAttention", "not there yet");
}

std::size_t attentionWorkspaceBytes(const CpuContext&, const Workload&, Precision) {
    return 0;
}

}  // namespace distillix::cpu
