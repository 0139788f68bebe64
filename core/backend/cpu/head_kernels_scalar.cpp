// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/head_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/head_kernels.inc"

extern const HeadKernels kHeadKernelsScalar;
const HeadKernels kHeadKernelsScalar = {cap, loss};

}  // namespace distillix::cpu
