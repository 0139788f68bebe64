// SPDX-License-Identifier: Apache-2.0
// SPEC.md's quantizers on numbers whose codes can be worked out by hand.
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/quant/ternary.h"

namespace distillix {
namespace {

TEST(Ternary, CodesRoundHalfToEven) {
    EXPECT_EQ(ternaryCode(0.5f, 1.0f), 0);
    EXPECT_EQ(ternaryCode(-0.5f, 1.0f), 0);
    EXPECT_EQ(ternaryCode(std::nextafterf(0.5f, 1.0f), 1.0f), 1);
    EXPECT_EQ(ternaryCode(-std::nextafterf(0.5f, 1.0f), 1.0f), -1);
    EXPECT_EQ(ternaryCode(1.5f, 1.0f), 1);
    EXPECT_EQ(ternaryCode(-1e30f, 1e-8f), -1);
    EXPECT_EQ(ternaryCode(0.0f, 0.0f), 0);
}

TEST(Ternary, ActivationCodesRoundHalfToEvenAndClip) {
    EXPECT_EQ(activationCode(127.0f, 127.0f), 127);
    EXPECT_EQ(activationCode(-127.0f, 127.0f), -127);
    EXPECT_EQ(activationCode(0.5f, 1.0f), 64);    // 63.5
    EXPECT_EQ(activationCode(-0.5f, 1.0f), -64);  // the even neighbour too
    EXPECT_EQ(activationCode(2.5f, 127.0f), 2);
    EXPECT_EQ(activationCode(1e30f, 1.0f), 127);
    EXPECT_EQ(activationCode(-1e30f, 1.0f), -128);
    EXPECT_EQ(activationCode(0.0f, 0.0f), 0);
    EXPECT_EQ(activationCode(std::numeric_limits<float>::quiet_NaN(), 1.0f), -128);
}

TEST(Ternary, GammaIsTheMeanMagnitudePlusEps) {
    const std::vector<float> w = {1.0f, -2.0f, 3.0f, -4.0f, 0.0f, 2.0f};
    EXPECT_EQ(absSum(w.data(), 2, 3), 12.0);
    EXPECT_EQ(ternaryGamma(12.0, 6, 0.5f), 2.5f);
}

// The order of the sum is part of the rule: a vector kernel must come to these very bits.
TEST(Ternary, AbsSumAddsSixteenLanesInHalves) {
    std::vector<float> w(37);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = std::ldexp(i % 2 ? -1.0f : 1.0f, static_cast<int>(i * 7 % 60));
    double lanes[16] = {};
    for (std::size_t i = 0; i < w.size(); ++i) lanes[i % 16] += std::fabs(w[i]);
    for (int j = 0; j < 8; ++j) lanes[j] += lanes[j + 8];
    for (int j = 0; j < 4; ++j) lanes[j] += lanes[j + 4];
    for (int j = 0; j < 2; ++j) lanes[j] += lanes[j + 2];
    EXPECT_EQ(absSumRow(w.data(), w.size()), lanes[0] + lanes[1]);
}

}  // namespace
}  // namespace distillix
