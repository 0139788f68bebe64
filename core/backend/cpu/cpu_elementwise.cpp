// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_elementwise.h"

namespace distillix::cpu {

Result<void> swiglu(CpuContext&, const Exec&, const SwigluArgs&) {
    return unsupported("swiglu", "not there yet");
}
Result<void> swigluBackward(CpuContext&, const Exec&, const SwigluBackwardArgs&) {
    return unsupported("swigluBackward", "not there yet");
}
Result<void> qkNormRope(CpuContext&, const Exec&, const QkNormRopeArgs&) {
    return unsupported("qkNormRope", "not there yet");
}
Result<void> qkNormRopeBackward(CpuContext&, const Exec&, const QkNormRopeBackwardArgs&) {
    return unsupported("qkNormRopeBackward", "not there yet");
}
Result<void> embed(CpuContext&, const Exec&, const EmbedArgs&) {
    return unsupported("embed", "not there yet");
}
Result<void> embedBackward(CpuContext&, const Exec&, const EmbedBackwardArgs&) {
    return unsupported("embedBackward", "not there yet");
}

std::size_t elementwiseWorkspaceBytes(const CpuContext&, const Workload&, Precision) {
    return 0;
}

}  // namespace distillix::cpu
