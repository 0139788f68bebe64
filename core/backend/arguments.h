// SPDX-License-Identifier: Apache-2.0
// What every backend checks of an operation's arguments before it queues anything: shapes that fit together, pointers
// that must be there, types the backend computes in. InvalidArgument or Unsupported names the operation and the
// parameter. Values in the backend's memory (ids, positions) cannot be checked here.
#pragma once

#include <initializer_list>

#include "core/backend/ops.h"

namespace distillix {

/// The types a backend takes for activations, and for a key/value cache.
struct SupportedTypes {
    std::initializer_list<DType> activation = {DType::F32};
    std::initializer_list<DType> cache = {DType::F32, DType::F16, DType::I8};
};

Result<void> checkArguments(const LinearShape& shape, const char* operation);
Result<void> checkArguments(const PrepareWeight& args);
Result<void> checkArguments(const LinearForwardArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const LinearBackwardArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const NormQuantizeArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const NormBackwardArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const SwigluArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const SwigluBackwardArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const QkNormRopeArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const QkNormRopeBackwardArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const AttentionArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const AttentionBackwardArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const KvAppendArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const CachedAttentionArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const EmbedArgs& args);
Result<void> checkArguments(const EmbedBackwardArgs& args);
Result<void> checkArguments(const HeadLogitsArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const HeadLossArgs& args, const SupportedTypes& types = {});
Result<void> checkArguments(const SampleArgs& args);
Result<void> checkArguments(const GradientNormArgs& args);
Result<void> checkArguments(const MuonArgs& args);
Result<void> checkArguments(const AdamWArgs& args);

}  // namespace distillix
