// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/bench/peaks.h"

namespace distillix {
namespace {

double peakOf(const std::string& device, const std::string& type) {
    for (const Peak& peak : cardPeaks(device))
        if (peak.type == type) return peak.perSecond;
    return 0;
}

TEST(CardPeaks, AreThoseOfTheNameTheDriverGives) {
    EXPECT_EQ(peakOf("NVIDIA H200", "16-bit"), 989e12);
    EXPECT_EQ(peakOf("NVIDIA H200", "bytes"), 4.8e12);
    EXPECT_EQ(peakOf("NVIDIA H100 80GB HBM3", "int8"), 1979e12);
    EXPECT_EQ(peakOf("NVIDIA H100 PCIe", "16-bit"), 756e12);
    EXPECT_EQ(peakOf("NVIDIA GeForce RTX 2080 SUPER", "float32"), 11.2e12);
    EXPECT_TRUE(cardPeaks("a card nobody knows").empty());
    EXPECT_TRUE(cardPeaks("").empty());
}

}  // namespace
}  // namespace distillix
