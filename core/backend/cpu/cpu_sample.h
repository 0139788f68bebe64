// SPDX-License-Identifier: Apache-2.0
// Drawing tokens from logits. Contracts: core/backend/ops.h.
#pragma once

#include "core/backend/cpu/context.h"

namespace distillix::cpu {

Result<void> sample(CpuContext& context, const Exec& exec, const SampleArgs& args);

/// Scratch that the largest of these needs.
std::size_t sampleWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision);

}  // namespace distillix::cpu
