// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/elementwise_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/elementwise_kernels.inc"

extern const ElementwiseKernels kElementwiseKernelsAvx2;
const ElementwiseKernels kElementwiseKernelsAvx2 = {swiglu, swigluBackward, rope, ropeBackward, expRow, blockMaxima};

}  // namespace distillix::cpu
#endif
