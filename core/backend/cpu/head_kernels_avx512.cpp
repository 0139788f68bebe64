// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/head_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/head_kernels.inc"

extern const HeadKernels kHeadKernelsAvx512;
const HeadKernels kHeadKernelsAvx512 = {cap, loss};

}  // namespace distillix::cpu
#endif
