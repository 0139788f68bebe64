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
///   bitnet    BitNet's two stages (Microsoft's training tips for b1.58, figure 1c): linear from 1 over the first half
///             and from `secondPeak` over the second, each as it would be had it begun at the start. So at the switch
///             the rate drops from 1/2 to secondPeak/2. Weight decay ends at the switch.
struct Schedule {
    std::string kind = "wsd";
    std::int64_t warmupSteps = 0;
    double floor = 0;
    double decayShare = 0.2;
    double secondPeak = 2.0 / 3;  ///< 1.5e-3 and then 1e-3, 1.2e-3 and then 8e-4

    /// For the update that makes step `step` (1, 2, …) with `progress` of the training behind it: (step-1)/total, or
    /// the time spent over the time given. Never 0 before the end, as progress is below 1 there.
    double factor(std::int64_t step, double progress) const;
    /// Of the weight decay.
    double weightDecayFactor(double progress) const { return kind == "bitnet" && progress >= switchAt() ? 0.0 : 1.0; }
    /// Where the rate begins to fall (wsd) or drops (bitnet), and the loss with it: what was seen of the validation
    /// loss before says little about what comes behind. 0 where there is no such place.
    double switchAt() const;
};

}  // namespace distillix
