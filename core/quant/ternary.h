// SPDX-License-Identifier: Apache-2.0
// The arithmetic of SPEC.md's BitLinear, one number at a time. Every backend quantizes exactly as these functions do,
// so that the same weights and activations give the same codes everywhere; the vector kernels repeat them lane by lane.
//
//   γ  = mean|W| + eps                     Wq = clip(round(W/γ), -1, 1)
//   αₜ = max_i |x[t,i]| + eps              Xq = round(clip(x/α·127, -128, 127))
//
// All of it is float32, rounded to nearest even, with true divisions (no reciprocals), in the order written; only the
// mean is taken in double, in one fixed order (absSum), because a float32 sum of a million weights would depend on how
// it is cut. A scale of 0 (eps 0 and nothing but zeros) makes every code 0.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace distillix {

/// Running sums that absSum keeps: a row's element i goes into sum i mod 16, as two vectors of eight doubles do.
inline constexpr std::size_t kAbsSumLanes = 16;

/// Sum of |w| over one row. The lanes are folded in halves: lane j takes lane j+8, then j+4, j+2, j+1.
inline double absSumRow(const float* w, std::size_t count) {
    double lanes[kAbsSumLanes] = {};
    for (std::size_t i = 0; i < count; ++i) lanes[i % kAbsSumLanes] += std::fabs(static_cast<double>(w[i]));
    for (std::size_t half = kAbsSumLanes / 2; half > 0; half /= 2) {
        for (std::size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
    }
    return lanes[0];
}

/// Sum of |w| over a matrix: the rows' sums, added in order from the first.
inline double absSum(const float* w, std::size_t rows, std::size_t cols) {
    double sum = 0;
    for (std::size_t r = 0; r < rows; ++r) sum += absSumRow(w + r * cols, cols);
    return sum;
}

/// γ from the sum of |w| over `count` weights (a matrix's, or a row's when the scale is per channel).
inline float ternaryGamma(double sumOfMagnitudes, std::size_t count, float eps) {
    return static_cast<float>(sumOfMagnitudes / static_cast<double>(count)) + eps;
}

/// -1, 0 or 1.
inline std::int8_t ternaryCode(float w, float gamma) {
    if (!(gamma > 0)) return 0;
    const float scaled = w / gamma;
    // round() half to even leaves ±0.5 at 0, so the thresholds are strict.
    return static_cast<std::int8_t>((scaled > 0.5f) - (scaled < -0.5f));
}

/// α from max|x| over a token.
inline float activationAlpha(float maxMagnitude, float eps) {
    return maxMagnitude + eps;
}

/// In [-128, 127]. A NaN becomes -128, so that it is a number here and shows elsewhere.
inline std::int8_t activationCode(float x, float alpha) {
    if (!(alpha > 0)) return 0;
    const float scaled = x / alpha * 127.0f;
    const float clipped = scaled > -128.0f ? std::min(scaled, 127.0f) : -128.0f;
    return static_cast<std::int8_t>(std::nearbyint(clipped));
}

}  // namespace distillix
