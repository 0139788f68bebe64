// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/optimizer_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/optimizer_kernels.inc"

extern const OptimizerKernels kOptimizerKernelsScalar;
const OptimizerKernels kOptimizerKernelsScalar = {sumOfSquares, adamw, momentum, scale, copyAndScale, blend, step};

}  // namespace distillix::cpu
