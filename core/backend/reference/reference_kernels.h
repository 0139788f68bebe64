// SPDX-License-Identifier: Apache-2.0
// The reference of each operation as a function of its arguments, which checkArguments() has passed. They return what
// only the values in memory can show to be wrong (an id outside the vocabulary). Temporary memory comes from
// std::vector, so std::bad_alloc may leave them; the backend turns it into an Error.
#pragma once

#include <vector>

#include "core/backend/ops.h"

namespace distillix::reference {

/// The address behind a float32 activation, or null.
inline const float* readF32(const TypedPtr& p) {
    return p.data.as<const float>().backendAddress();
}
inline float* writeF32(const TypedPtr& p) {
    return p.data.as<float>().backendAddress();
}

/// Bytes of a ternary layer's prepared form: γ of every output row (float32), then the codes Wq [out, in].
std::size_t preparedBytes(const LinearShape& shape);

/// W as a product reads it: γ·Wq from the prepared form, or the latent weights of a plain layer.
struct WeightView {
    explicit WeightView(const LinearWeight& weight);
    double at(int row, int col) const {
        const std::size_t i =
            static_cast<std::size_t>(row) * static_cast<std::size_t>(in) + static_cast<std::size_t>(col);
        return codes ? static_cast<double>(gamma[row]) * codes[i] : static_cast<double>(latent[i]);
    }
    int in;
    const float* latent;
    const float* gamma = nullptr;        // [out]
    const std::int8_t* codes = nullptr;  // [out, in]; null for a plain layer
};

Result<void> prepareWeights(std::span<const PrepareWeight> weights);
Result<void> linearForward(const LinearForwardArgs& args);
Result<void> linearBackward(const LinearBackwardArgs& args);
Result<void> normQuantize(const NormQuantizeArgs& args);
Result<void> normBackward(const NormBackwardArgs& args);
Result<void> swiglu(const SwigluArgs& args);
Result<void> swigluBackward(const SwigluBackwardArgs& args);
Result<void> qkNormRope(const QkNormRopeArgs& args);
Result<void> qkNormRopeBackward(const QkNormRopeBackwardArgs& args);
Result<void> attention(const AttentionArgs& args);
Result<void> attentionBackward(const AttentionBackwardArgs& args);
Result<void> kvAppend(const KvAppendArgs& args);
Result<void> cachedAttention(const CachedAttentionArgs& args);
Result<void> embed(const EmbedArgs& args);
Result<void> embedBackward(const EmbedBackwardArgs& args);
Result<void> headLogits(const HeadLogitsArgs& args);
Result<void> headLoss(const HeadLossArgs& args);
Result<void> sample(const SampleArgs& args);
Result<void> gradientNorm(const GradientNormArgs& args);
Result<void> muon(const MuonArgs& args);
Result<void> adamw(const AdamWArgs& args);

}  // namespace distillix::reference
