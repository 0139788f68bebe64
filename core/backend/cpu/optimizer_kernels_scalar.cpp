// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/optimizer_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/optimizer_kernels.inc"

extern const OptimizerKernels kOptimizerKernelsScalar;
const OptimizerKernels kOptimizerKernelsScalar = {sumOfSquares, adamw, momentum, operandFloat, operandBf16, blendFloat, blendBf16, step};

}  // namespace distillix::cpu
