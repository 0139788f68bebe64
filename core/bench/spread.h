// SPDX-License-Identifier: Apache-2.0
// What repetitions of one measurement say together.
#pragma once

#include <vector>

namespace distillix {

/// Of a group of repetitions, in the unit of the samples. A median is what is told; the rest says how far to trust it.
struct Spread {
    double median = 0, min = 0, max = 0;
    double mean = 0, deviation = 0;  ///< of the sample (n-1); 0 for fewer than two
    int count = 0;
};

/// Zeros for no samples. An even number's median is the mean of the two in the middle.
Spread spreadOf(std::vector<double> samples);

/// Whether two groups do not overlap at all: the difference is larger than what either varied by.
bool apart(const Spread& a, const Spread& b);

}  // namespace distillix
