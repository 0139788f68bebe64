// SPDX-License-Identifier: Apache-2.0
#include "core/quant/latent.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/quant/ternary.h"

namespace distillix {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The float32 m for which m + eps comes nearest to γ: what the mean must be.
float meanFor(float gamma, float eps) {
    float best = gamma - eps;
    for (const float candidate : {std::nextafter(best, -kInfinity), std::nextafter(best, kInfinity)})
        if (std::fabs(candidate + eps - gamma) < std::fabs(best + eps - gamma)) best = candidate;
    return best;
}

/// The same for one group of weights that share a γ.
Result<double> latentOf(std::span<const std::int8_t> codes, std::size_t rows, std::size_t cols, float gamma, float eps,
                        std::span<float> latent) {
    const auto nonZeros =
        static_cast<std::size_t>(std::count_if(codes.begin(), codes.end(), [](std::int8_t c) { return c != 0; }));
    if (nonZeros == 0) {
        std::fill(latent.begin(), latent.end(), 0.0f);
        return 0.0;
    }
    const float mean = meanFor(gamma, eps);
    const auto bad = [&] {
        return makeError(ErrorCode::InvalidData, "its scale " + std::to_string(gamma) +
                                                     " is not a finite number above quantization_eps, " +
                                                     std::to_string(eps));
    };
    if (!std::isfinite(gamma) || !(mean > 0)) return bad();
    const double sum = static_cast<double>(mean) * static_cast<double>(codes.size());
    const double each = sum / static_cast<double>(nonZeros);
    float low = static_cast<float>(each);
    if (static_cast<double>(low) > each) low = std::nextafter(low, 0.0f);
    const float high = std::nextafter(low, kInfinity);
    const double missing = (sum - static_cast<double>(low) * static_cast<double>(nonZeros)) /
                           (static_cast<double>(high) - static_cast<double>(low));
    if (!std::isfinite(high) || !(low > 0) || !std::isfinite(missing)) return bad();
    auto raised = static_cast<std::size_t>(std::clamp(std::nearbyint(missing), 0.0, static_cast<double>(nonZeros)));
    for (std::size_t i = 0; i < codes.size(); ++i) {
        latent[i] = 0;
        if (codes[i] == 0) continue;
        const float magnitude = raised > 0 ? high : low;
        if (raised > 0) --raised;
        latent[i] = codes[i] > 0 ? magnitude : -magnitude;
    }
    // Whether it is so, by the rule itself.
    const float found = ternaryGamma(absSum(latent.data(), rows, cols), rows * cols, eps);
    for (std::size_t i = 0; i < codes.size(); ++i)
        if (ternaryCode(latent[i], found) != codes[i]) return bad();
    return std::fabs(static_cast<double>(found) - static_cast<double>(gamma)) / static_cast<double>(gamma);
}

}  // namespace

std::optional<TernaryMatrix> ternaryMatrixOf(std::span<const float> values, std::size_t rows, std::size_t cols,
                                             bool perRow) {
    constexpr float kSpread = 1.1f;
    TernaryMatrix matrix;
    matrix.codes.resize(values.size());
    const std::size_t groups = perRow ? rows : 1, size = perRow ? cols : rows * cols;
    for (std::size_t g = 0; g < groups; ++g) {
        const auto group = values.subspan(g * size, size);
        float least = kInfinity, most = 0;
        double sum = 0;
        std::size_t nonZeros = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const float magnitude = std::fabs(group[i]);
            matrix.codes[g * size + i] = static_cast<std::int8_t>((group[i] > 0) - (group[i] < 0));
            if (magnitude == 0) continue;
            least = std::min(least, magnitude);
            most = std::max(most, magnitude);
            sum += static_cast<double>(magnitude);
            ++nonZeros;
        }
        if (nonZeros > 0 && !(most <= kSpread * least)) return std::nullopt;  // a NaN is none of ours, either
        // All the same: that very number, not a mean of it.
        matrix.gammas.push_back(nonZeros == 0   ? 0.0f
                                : least == most ? most
                                                : static_cast<float>(sum / static_cast<double>(nonZeros)));
    }
    return matrix;
}

Result<double> latentFromTernary(const TernaryMatrix& matrix, std::size_t rows, std::size_t cols, float eps,
                                 std::span<float> latent) {
    const bool perRow = matrix.gammas.size() != 1;
    if (matrix.codes.size() != rows * cols || latent.size() != rows * cols || (perRow && matrix.gammas.size() != rows))
        return makeError(ErrorCode::Internal, "codes, scales and latent weights of different shapes");
    if (!perRow) return latentOf(matrix.codes, rows, cols, matrix.gammas[0], eps, latent);
    double worst = 0;
    for (std::size_t r = 0; r < rows; ++r)
        worst = std::max(worst, TRY_AT(latentOf(std::span(matrix.codes).subspan(r * cols, cols), 1, cols,
                                                matrix.gammas[r], eps, latent.subspan(r * cols, cols)),
                                       "row " + std::to_string(r)));
    return worst;
}

}  // namespace distillix
