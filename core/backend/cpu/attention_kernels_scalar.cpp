// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/attention_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/attention_kernels.inc"

extern const AttentionKernels kAttentionKernelsScalar;
const AttentionKernels kAttentionKernelsScalar = {attentionForward, attentionBackward};

}  // namespace distillix::cpu
