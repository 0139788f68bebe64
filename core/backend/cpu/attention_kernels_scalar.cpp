// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/attention_kernels.h"
#include "core/tensor/dtype.h"

namespace distillix::cpu {

#include "core/backend/cpu/attention_kernels.inc"

extern const AttentionKernels kAttentionKernelsScalar;
const AttentionKernels kAttentionKernelsScalar = {attentionForward, attentionBackward, attentionDecode, storeRow};

}  // namespace distillix::cpu
