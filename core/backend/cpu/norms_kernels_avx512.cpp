// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/norms_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/norms_kernels.inc"

extern const NormKernels kNormKernelsAvx512;
const NormKernels kNormKernelsAvx512 = {normForward, normBackward, addPartials, addInto};

}  // namespace distillix::cpu
#endif
