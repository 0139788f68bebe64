// SPDX-License-Identifier: Apache-2.0
// RMSNorm forward (to int8 codes or values) and backward. Contracts: core/backend/ops.h.
#pragma once

#include "core/backend/cpu/context.h"

namespace distillix::cpu {

Result<void> normQuantize(CpuContext& context, const Exec& exec, const NormQuantizeArgs& args);
Result<void> normBackward(CpuContext& context, const Exec& exec, const NormBackwardArgs& args);

/// Scratch that the largest of these needs.
std::size_t normsWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision);

}  // namespace distillix::cpu
