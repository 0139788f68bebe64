// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
// g++ 12 takes its own _mm512_undefined_ps() for a mistake.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include "core/backend/cpu/elementwise_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/elementwise_kernels.inc"

extern const ElementwiseKernels kElementwiseKernelsAvx512;
const ElementwiseKernels kElementwiseKernelsAvx512 = {swiglu, swigluBackward, rope, ropeBackward, expRow};

}  // namespace distillix::cpu
#endif
