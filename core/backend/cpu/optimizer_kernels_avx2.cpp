// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/optimizer_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/optimizer_kernels.inc"

extern const OptimizerKernels kOptimizerKernelsAvx2;
const OptimizerKernels kOptimizerKernelsAvx2 = {sumOfSquares, adamw, momentum, scale, copyAndScale, blend, step};

}  // namespace distillix::cpu
#endif
