// SPDX-License-Identifier: Apache-2.0
// Latent weights made from ternary codes and a scale give both back, by SPEC's own rule.
#include "core/quant/latent.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/quant/ternary.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

using testing::HasSubstr;

struct Found {
    std::vector<std::int8_t> codes;
    std::vector<float> gammas;
};

/// What the quantizer finds in latent weights.
Found quantized(const std::vector<float>& latent, std::size_t rows, std::size_t cols, bool perRow, float eps) {
    Found found;
    const std::size_t groupRows = perRow ? 1 : rows;
    for (std::size_t r = 0; r < rows; r += groupRows) {
        const float* group = latent.data() + r * cols;
        const float gamma = ternaryGamma(absSum(group, groupRows, cols), groupRows * cols, eps);
        found.gammas.push_back(gamma);
        for (std::size_t i = 0; i < groupRows * cols; ++i) found.codes.push_back(ternaryCode(group[i], gamma));
    }
    return found;
}

std::vector<std::int8_t> randomCodes(std::mt19937& random, std::size_t count, double zeros) {
    std::vector<std::int8_t> codes(count);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (auto& code : codes)
        code = static_cast<std::int8_t>(uniform(random) < zeros ? 0 : uniform(random) < 0.5 ? -1 : 1);
    return codes;
}

/// Shapes, shares of zeros, scales of any size: the codes come back all, γ to the last bit.
TEST(Latent, CodesAndScaleComeBackExactly) {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> exponent(-12, 3);
    int exact = 0, all = 0;
    for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{1, 1}, {1, 7}, {5, 3}, {16, 64}, {96, 160}}) {
        for (const double zeros : {0.0, 0.2, 0.5, 0.97}) {
            for (int repeat = 0; repeat < 40; ++repeat) {
                TernaryMatrix matrix;
                matrix.codes = randomCodes(random, rows * cols, zeros);
                if (std::all_of(matrix.codes.begin(), matrix.codes.end(), [](int c) { return c == 0; })) continue;
                matrix.gammas = {std::exp2(exponent(random))};
                std::vector<float> latent(rows * cols);
                const auto difference = latentFromTernary(matrix, rows, cols, 1e-8f, latent);
                ASSERT_OK(difference);
                const Found found = quantized(latent, rows, cols, false, 1e-8f);
                ASSERT_EQ(found.codes, matrix.codes);
                // A mean that one weight alone makes has coarser steps than the scale: it may be a neighbour.
                if (std::count(matrix.codes.begin(), matrix.codes.end(), 0) + 1 !=
                    static_cast<std::ptrdiff_t>(matrix.codes.size())) {
                    ++all;
                    exact += found.gammas[0] == matrix.gammas[0];
                }
                ASSERT_EQ(*difference == 0, found.gammas[0] == matrix.gammas[0]);
                ASSERT_LE(*difference, 0x1p-23);
            }
        }
    }
    EXPECT_EQ(exact, all);
}

TEST(Latent, EachRowHasItsOwnScale) {
    std::mt19937 random(4);
    constexpr std::size_t rows = 8, cols = 48;
    TernaryMatrix matrix;
    matrix.codes = randomCodes(random, rows * cols, 0.3);
    std::fill(matrix.codes.begin() + 2 * cols, matrix.codes.begin() + 3 * cols, 0);  // a row of nothing
    for (std::size_t r = 0; r < rows; ++r) matrix.gammas.push_back(0.01f * static_cast<float>(r + 1));
    std::vector<float> latent(rows * cols);
    ASSERT_OK(latentFromTernary(matrix, rows, cols, 1e-8f, latent));
    const Found found = quantized(latent, rows, cols, true, 1e-8f);
    EXPECT_EQ(found.codes, matrix.codes);
    for (std::size_t r = 0; r < rows; ++r) {
        if (r != 2) {
            EXPECT_EQ(found.gammas[r], matrix.gammas[r]) << r;
        }
    }
}

TEST(Latent, AMatrixOfZerosStaysOne) {
    TernaryMatrix matrix{std::vector<std::int8_t>(12, 0), {0.5f}};
    std::vector<float> latent(12, 7.0f);
    ASSERT_OK(latentFromTernary(matrix, 3, 4, 1e-8f, latent));
    EXPECT_EQ(latent, std::vector<float>(12, 0.0f));
}

TEST(Latent, ScalesThatCannotBe) {
    for (const float gamma : {0.0f, -1.0f, INFINITY, NAN, 1e-9f}) {
        TernaryMatrix matrix{{1, 0, -1, 1}, {gamma}};
        std::vector<float> latent(4);
        const auto made = latentFromTernary(matrix, 2, 2, 1e-8f, latent);
        ASSERT_FALSE(made.ok()) << gamma;
        EXPECT_THAT(made.error().text(), HasSubstr("above quantization_eps")) << gamma;
    }
}

TEST(Latent, TernaryTimesAScaleIsRecognised) {
    std::mt19937 random(5);
    const std::vector<std::int8_t> codes = randomCodes(random, 6 * 32, 0.4);
    std::vector<float> values;
    for (const auto code : codes) values.push_back(0.037f * static_cast<float>(code));
    const auto whole = ternaryMatrixOf(values, 6, 32, false);
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->codes, codes);
    EXPECT_EQ(whole->gammas, std::vector<float>{0.037f});

    for (std::size_t r = 0; r < 6; ++r)
        for (std::size_t c = 0; c < 32; ++c) values[r * 32 + c] *= static_cast<float>(r + 1);
    EXPECT_FALSE(ternaryMatrixOf(values, 6, 32, false));
    const auto rows = ternaryMatrixOf(values, 6, 32, true);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->codes, codes);

    std::normal_distribution<float> normal(0, 1);
    for (float& value : values) value = normal(random);
    EXPECT_FALSE(ternaryMatrixOf(values, 6, 32, false));
    EXPECT_FALSE(ternaryMatrixOf(values, 6, 32, true));
    values[5] = NAN;
    EXPECT_FALSE(ternaryMatrixOf(values, 6, 32, false));
}

}  // namespace
}  // namespace distillix
