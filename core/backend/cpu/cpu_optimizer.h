// SPDX-License-Identifier: Apache-2.0
// Gradient norm, Muon and AdamW. Contracts: core/backend/ops.h.
#pragma once

#include "core/backend/cpu/context.h"

namespace distillix::cpu {

Result<void> gradientNorm(CpuContext& context, const Exec& exec, const GradientNormArgs& args);
Result<void> muon(CpuContext& context, const Exec& exec, const MuonArgs& args);
Result<void> adamw(CpuContext& context, const Exec& exec, const AdamWArgs& args);

/// Scratch that the largest of these needs.
std::size_t optimizerWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision);

}  // namespace distillix::cpu
