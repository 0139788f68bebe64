// SPDX-License-Identifier: Apache-2.0
// Linear layers: ternary (exact int8 products) and plain. Contracts: core/backend/ops.h.
#pragma once

#include "core/backend/cpu/context.h"
#include "core/backend/cpu/linear_kernels.h"

namespace distillix::cpu {

Result<void> prepareWeights(CpuContext& context, const Exec& exec, std::span<const PrepareWeight> weights,
                            bool training);
Result<void> linearForward(CpuContext& context, const Exec& exec, const LinearForwardArgs& args);
Result<void> linearBackward(CpuContext& context, const Exec& exec, const LinearBackwardArgs& args);

/// Bytes of LinearWeight::prepared. Ternary: γ of each output row (float32, rows padded to 64), then the panels of
/// linear_kernels.h; 2 bits a weight serve forward and backward. Plain: the weights in bf16 [out, in] where products
/// read that, else nothing.
std::size_t preparedBytes(const CpuContext& context, const LinearShape& shape, Precision precision, bool training);

/// Scratch that the largest of these needs.
std::size_t linearWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision);

const LinearKernels& linearKernels(CpuLevel level);

}  // namespace distillix::cpu
