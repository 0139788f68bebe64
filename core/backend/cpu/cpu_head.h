// SPDX-License-Identifier: Apache-2.0
// The output head: logits, and loss with gradients in chunks. Contracts: core/backend/ops.h.
#pragma once

#include "core/backend/cpu/context.h"

namespace distillix::cpu {

Result<void> headLogits(CpuContext& context, const Exec& exec, const HeadLogitsArgs& args);
Result<void> headLoss(CpuContext& context, const Exec& exec, const HeadLossArgs& args);

/// Scratch that the largest of these needs.
std::size_t headWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision);

}  // namespace distillix::cpu
