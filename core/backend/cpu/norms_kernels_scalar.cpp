// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/norms_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/norms_kernels.inc"

extern const NormKernels kNormKernelsScalar;
const NormKernels kNormKernelsScalar = {normForward, normBackward, addPartials, addInto};

}  // namespace distillix::cpu
