// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/attention_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/attention_kernels.inc"

extern const AttentionKernels kAttentionKernelsAvx2;
const AttentionKernels kAttentionKernelsAvx2 = {attentionForward, attentionBackward, attentionDecode, storeRow};

}  // namespace distillix::cpu
#endif
