// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/elementwise_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/elementwise_kernels.inc"

extern const ElementwiseKernels kElementwiseKernelsScalar;
const ElementwiseKernels kElementwiseKernelsScalar = {swiglu, swigluBackward, rope, ropeBackward, expRow, blockMaxima};

}  // namespace distillix::cpu
