// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/attention_kernels.h"

namespace distillix::cpu {

#include "core/backend/cpu/attention_kernels.inc"

extern const AttentionKernels kAttentionKernelsAvx512;
const AttentionKernels kAttentionKernelsAvx512 = {attentionForward, attentionBackward, attentionDecode, storeRow};

}  // namespace distillix::cpu
#endif
