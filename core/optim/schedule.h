// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace distillix {

/// How the learning rate runs over a training, as a factor of its peak: a linear warm-up times one of
///   constant  1
///   linear    from 1 to `floor`
///   cosine    the same along half a cosine
///   wsd       warmup-stable-decay: 1, and over the last `decayShare` of the way linearly down to `floor`
struct Schedule {
    std::string kind = "wsd";
    std::int64_t warmupSteps = 0;
    double floor = 0;
    double decayShare = 0.2;

    /// For the update that makes step `step` (1, 2, …) with `progress` of the training behind it: (step-1)/total, or
    /// the time spent over the time given. Never 0 before the end, as progress is below 1 there.
    double factor(std::int64_t step, double progress) const;
};

}  // namespace distillix
