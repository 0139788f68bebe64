// SPDX-License-Identifier: Apache-2.0
// From ternary codes and their scale back to latent weights: what import does with files that hold γ·Wq or packed
// codes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/result.h"

namespace distillix {

/// Wq and γ of one matrix [rows, cols].
struct TernaryMatrix {
    std::vector<std::int8_t> codes;  ///< [rows, cols], each -1, 0 or 1
    std::vector<float> gammas;       ///< one, or one a row
};

/// What a matrix of γ·Wq is made of, if it is that: zeros, and magnitudes that lie within a tenth of one another (a
/// format that rounds its scales blurs γ). γ is their mean. Nothing for any other matrix. `perRow` looks at each row by
/// itself; a row of zeros gets the γ 0.
std::optional<TernaryMatrix> ternaryMatrixOf(std::span<const float> values, std::size_t rows, std::size_t cols,
                                             bool perRow);

/// Fills `latent` [rows, cols] so that SPEC's quantizer (core/quant/ternary.h) finds exactly these codes in it and a γ
/// that is the given one to the last bit (a neighbour where a single weight is no zero). Zeros become 0. The mean over
/// all weights must be γ - eps, so the others become ±(γ - eps)·n/(number of non-zeros), some of them one float32 step
/// larger: that brings the mean as near as it can come. Where all codes are 0, γ is lost and the product is 0 whatever
/// it was. InvalidData: a γ that is not finite, or not above eps. Returns the largest relative difference of γ.
Result<double> latentFromTernary(const TernaryMatrix& matrix, std::size_t rows, std::size_t cols, float eps,
                                 std::span<float> latent);

}  // namespace distillix
