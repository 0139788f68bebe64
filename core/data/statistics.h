// SPDX-License-Identifier: Apache-2.0
// What an import counts while it goes over its documents once, in memory that does not depend on how many there are.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/data/dataset.h"

namespace distillix {

/// How often each length occurs: exactly up to 4,095, above it in 64 steps from each power of two to the next, so that
/// a percentile is told at most 1.6% too small.
class LengthHistogram {
  public:
    void add(std::uint64_t length);
    LengthStatistics statistics() const;

  private:
    static constexpr std::size_t kExact = 4096, kSteps = 64, kFirstBits = 12;
    static std::size_t binOf(std::uint64_t length);
    static std::uint64_t lengthOf(std::size_t bin);
    std::array<std::uint64_t, kExact + (64 - kFirstBits) * kSteps> m_counts{};
    std::uint64_t m_count = 0, m_sum = 0, m_shortest = 0, m_longest = 0;
};

/// At most kMost of the numbers given, spread evenly: every stride-th, the stride doubling.
class EvenNumbers {
  public:
    static constexpr std::size_t kMost = 65536;
    void add(std::uint32_t number);
    const std::vector<std::uint32_t>& numbers() const { return m_numbers; }

  private:
    std::vector<std::uint32_t> m_numbers;
    std::uint64_t m_added = 0, m_stride = 1;
};

}  // namespace distillix
