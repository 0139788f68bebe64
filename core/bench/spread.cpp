// SPDX-License-Identifier: Apache-2.0
#include "core/bench/spread.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace distillix {

Spread spreadOf(std::vector<double> samples) {
    if (samples.empty()) return {};
    std::sort(samples.begin(), samples.end());
    const std::size_t n = samples.size();
    Spread spread;
    spread.median = n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
    spread.min = samples.front();
    spread.max = samples.back();
    spread.mean = std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(n);
    double squares = 0;
    for (const double sample : samples) squares += (sample - spread.mean) * (sample - spread.mean);
    if (n > 1) spread.deviation = std::sqrt(squares / static_cast<double>(n - 1));
    spread.count = static_cast<int>(n);
    return spread;
}

bool apart(const Spread& a, const Spread& b) {
    return a.max < b.min || b.max < a.min;
}

}  // namespace distillix
