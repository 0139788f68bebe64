// SPDX-License-Identifier: Apache-2.0
#include "core/optim/schedule.h"

#include <algorithm>
#include <cmath>

namespace distillix {

double Schedule::factor(std::int64_t step, double progress) const {
    const double warmup = step < warmupSteps ? static_cast<double>(step) / static_cast<double>(warmupSteps) : 1.0;
    if (kind == "constant") return warmup;
    if (kind == "bitnet") {
        const double peak = progress < switchAt() ? 1.0 : secondPeak;
        return warmup * peak * (floor + (1.0 - floor) * (1.0 - std::clamp(progress, 0.0, 1.0)));
    }
    const double start = kind == "wsd" ? 1.0 - decayShare : 0.0;
    const double done = start < 1.0 ? std::clamp((progress - start) / (1.0 - start), 0.0, 1.0) : 0.0;
    const double shape = kind == "cosine" ? 0.5 * (1.0 + std::cos(3.141592653589793 * done)) : 1.0 - done;
    return warmup * (floor + (1.0 - floor) * shape);
}

double Schedule::switchAt() const {
    if (kind == "bitnet") return 0.5;
    return kind == "wsd" ? 1.0 - decayShare : 0.0;
}

}  // namespace distillix
