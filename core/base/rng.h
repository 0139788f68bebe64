// SPDX-License-Identifier: Apache-2.0
// Random numbers that are the same on every machine: counter-based, so that number n of a stream can be had without
// the n-1 before it.
#pragma once

#include <cmath>
#include <cstdint>

namespace distillix {

/// SplitMix64's finalizer (Steele, Lea, Flood 2014): a bijection that scatters all 64 bits.
constexpr std::uint64_t mix64(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

/// A generator over (seed, stream, counter). Not for secrets.
class Rng {
  public:
    explicit Rng(std::uint64_t seed, std::uint64_t stream = 0, std::uint64_t counter = 0)
        : m_key(mix64(mix64(seed) ^ mix64(~stream))), m_counter(counter) {}
    std::uint64_t next() { return mix64(m_key ^ mix64(m_counter++)); }
    /// In [0, 1), 53 bits.
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    /// In [0, n), n > 0, without bias.
    std::uint64_t below(std::uint64_t n) {
        const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % n;
        std::uint64_t x = next();
        while (x >= limit) x = next();
        return x % n;
    }
    /// Mean 0, deviation 1 (Box and Muller; one of the pair is thrown away to keep the counter simple).
    double normal() {
        const double u = 1.0 - uniform(), v = uniform();
        return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
    }
    std::uint64_t counter() const { return m_counter; }

  private:
    std::uint64_t m_key;
    std::uint64_t m_counter;
};

}  // namespace distillix
