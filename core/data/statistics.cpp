// SPDX-License-Identifier: Apache-2.0
#include "core/data/statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace distillix {

std::size_t LengthHistogram::binOf(std::uint64_t length) {
    if (length < kExact) return static_cast<std::size_t>(length);
    const auto bits = static_cast<std::size_t>(std::bit_width(length)) - 1;
    return kExact + (bits - kFirstBits) * kSteps + static_cast<std::size_t>(length >> (bits - 6) & (kSteps - 1));
}

std::uint64_t LengthHistogram::lengthOf(std::size_t bin) {
    if (bin < kExact) return bin;
    const std::size_t bits = kFirstBits + (bin - kExact) / kSteps;
    return (kSteps + (bin - kExact) % kSteps) << (bits - 6);
}

void LengthHistogram::add(std::uint64_t length) {
    ++m_counts[binOf(length)];
    m_shortest = m_count == 0 ? length : std::min(m_shortest, length);
    m_longest = std::max(m_longest, length);
    ++m_count;
    m_sum += length;
}

LengthStatistics LengthHistogram::statistics() const {
    LengthStatistics out;
    if (m_count == 0) return out;
    out.shortest = m_shortest;
    out.longest = m_longest;
    out.mean = std::round(100.0 * static_cast<double>(m_sum) / static_cast<double>(m_count)) / 100;
    const auto percentile = [&](std::uint64_t percent) {
        // The smallest length that at least so many in a hundred do not exceed.
        const std::uint64_t rank = std::max<std::uint64_t>(1, (m_count * percent + 99) / 100);
        std::uint64_t before = 0;
        for (std::size_t bin = 0; bin < m_counts.size(); ++bin) {
            before += m_counts[bin];
            if (before >= rank) return std::clamp(lengthOf(bin), m_shortest, m_longest);
        }
        return m_longest;
    };
    out.p10 = percentile(10);
    out.p25 = percentile(25);
    out.p50 = percentile(50);
    out.p75 = percentile(75);
    out.p90 = percentile(90);
    out.p95 = percentile(95);
    out.p99 = percentile(99);
    return out;
}

void EvenNumbers::add(std::uint32_t number) {
    if (m_added++ % m_stride != 0) return;
    m_numbers.push_back(number);
    if (m_numbers.size() <= kMost) return;
    m_stride *= 2;
    for (std::size_t i = 0; 2 * i < m_numbers.size(); ++i) m_numbers[i] = m_numbers[2 * i];
    m_numbers.resize((m_numbers.size() + 1) / 2);
}

}  // namespace distillix
