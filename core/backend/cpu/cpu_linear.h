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
/// linear_kernels.h; 2 bits a weight serve forward and backward. Plain, where products read 16 bits: the panels of Wᵀ
/// (what x·Wᵀ reads) and, for training, those of W (what dY·W reads); else nothing.
std::size_t preparedBytes(const CpuContext& context, const LinearShape& shape, Precision precision, bool training);

/// Scratch that the largest of these needs.
std::size_t linearWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision);

const LinearKernels& linearKernels(CpuLevel level);

/// The parts of a plain weight's prepared form.
const std::uint16_t* panelsForForward(const LinearWeight& weight);
const std::uint16_t* panelsForBackward(const CpuContext& context, const LinearWeight& weight);

/// dW[rows, columns] += (dY·scales)ᵀ·X in 16 bits, with dY [count, rows] in float32 or bf16 (then without scales, and
/// where the forms are not scaled), scales [count] or null, and X packed as B [count, columns]. Needs
/// weightGradientScratch() bytes.
struct WeightGradient {
    const float* dOut = nullptr;
    const std::uint16_t* dOutBf16 = nullptr;
    std::int64_t dOutStride = 0;
    const float* scales = nullptr;
    const std::uint16_t* inputPanels = nullptr;
    std::int64_t count = 0, rows = 0, columns = 0;
    float* dWeight = nullptr;
};
void addWeightGradient(CpuContext& context, const WeightGradient& args, std::uint16_t* scratch);
std::size_t weightGradientScratch(int threads);  ///< elements

}  // namespace distillix::cpu
