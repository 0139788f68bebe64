// SPDX-License-Identifier: Apache-2.0
// Causal attention over packed documents, and over the key/value cache. Contracts: core/backend/ops.h.
#pragma once

#include "core/backend/cpu/context.h"

namespace distillix::cpu {

Result<void> attention(CpuContext& context, const Exec& exec, const AttentionArgs& args);
Result<void> attentionBackward(CpuContext& context, const Exec& exec, const AttentionBackwardArgs& args);
Result<void> kvAppend(CpuContext& context, const Exec& exec, const KvAppendArgs& args);
Result<void> cachedAttention(CpuContext& context, const Exec& exec, const CachedAttentionArgs& args);

/// Scratch that the largest of these needs.
std::size_t attentionWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision);

}  // namespace distillix::cpu
