// SPDX-License-Identifier: Apache-2.0
#include "core/optim/schedule.h"

#include <algorithm>
#include <cmath>

namespace distillix {

double Schedule::factor(std::int64_t step) const {
    if (step <= warmupSteps) return static_cast<double>(step) / static_cast<double>(warmupSteps);
    if (kind == "constant") return 1.0;
    const double total = static_cast<double>(std::max<std::int64_t>(totalSteps, 1));
    // The last update still moves: the rate would be `floor` one step behind the end.
    const double done = std::min(static_cast<double>(step - 1), total - 1);
    const double warmup = static_cast<double>(warmupSteps);
    const double start = kind == "wsd" ? std::max(warmup, total * (1.0 - decayShare)) : warmup;
    if (done < start || total <= start) return 1.0;
    const double progress = (done - start) / (total - start);
    const double shape = kind == "cosine" ? 0.5 * (1.0 + std::cos(3.141592653589793 * progress)) : 1.0 - progress;
    return floor + (1.0 - floor) * shape;
}

}  // namespace distillix
