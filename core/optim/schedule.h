// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace distillix {

/// How the learning rate runs over a training: a linear warm-up, then one of
///   constant  1
///   linear    from 1 to `floor` at the last step
///   cosine    the same along half a cosine
///   wsd       warmup-stable-decay: 1, and over the last `decayShare` of the steps linearly down to `floor`
struct Schedule {
    std::string kind = "wsd";
    std::int64_t totalSteps = 1000;
    std::int64_t warmupSteps = 0;
    double floor = 0;
    double decayShare = 0.2;

    /// Factor of the peak rate for the update that makes step `step` (1 … totalSteps; behind that as at the end).
    double factor(std::int64_t step) const;
};

}  // namespace distillix
