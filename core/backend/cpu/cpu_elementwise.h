// SPDX-License-Identifier: Apache-2.0
// SwiGLU, per-head norm with rotary positions, and the embedding look-up, each with its backward. Contracts:
// core/backend/ops.h.
#pragma once

#include "core/backend/cpu/context.h"

namespace distillix::cpu {

Result<void> swiglu(CpuContext& context, const Exec& exec, const SwigluArgs& args);
Result<void> swigluBackward(CpuContext& context, const Exec& exec, const SwigluBackwardArgs& args);
Result<void> qkNormRope(CpuContext& context, const Exec& exec, const QkNormRopeArgs& args);
Result<void> qkNormRopeBackward(CpuContext& context, const Exec& exec, const QkNormRopeBackwardArgs& args);
Result<void> embed(CpuContext& context, const Exec& exec, const EmbedArgs& args);
Result<void> embedBackward(CpuContext& context, const Exec& exec, const EmbedBackwardArgs& args);

/// Scratch that the largest of these needs.
std::size_t elementwiseWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision);

}  // namespace distillix::cpu
