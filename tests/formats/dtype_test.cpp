// SPDX-License-Identifier: Apache-2.0
// The two short floating-point types, over every one of their 65,536 values.
#include "core/tensor/dtype.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace distillix {
namespace {

/// Every value comes back as itself; a NaN comes back as a NaN.
template <typename Short>
void everyValueComesBack() {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        Short value;
        value.bits = static_cast<std::uint16_t>(bits);
        const float wide = static_cast<float>(value);
        if (std::isnan(wide)) {
            ASSERT_TRUE(std::isnan(static_cast<float>(Short(wide)))) << bits;
        } else {
            ASSERT_EQ(Short(wide).bits, value.bits) << bits;
        }
    }
}

TEST(Dtype, EveryHalfComesBack) {
    everyValueComesBack<Float16>();
}
TEST(Dtype, EveryBrainFloatComesBack) {
    everyValueComesBack<BFloat16>();
}

/// Between two neighbours: below the middle the lower, above it the upper, in the middle the even one.
TEST(Dtype, HalvesRoundToNearestEven) {
    for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
        Float16 lower, upper;
        lower.bits = static_cast<std::uint16_t>(bits);
        upper.bits = static_cast<std::uint16_t>(bits + 1);
        const float middle = (static_cast<float>(lower) + static_cast<float>(upper)) / 2;
        const float infinity = std::numeric_limits<float>::infinity();
        ASSERT_EQ(Float16(std::nextafter(middle, 0.0f)).bits, lower.bits) << bits;
        ASSERT_EQ(Float16(std::nextafter(middle, infinity)).bits, upper.bits) << bits;
        ASSERT_EQ(Float16(middle).bits, bits % 2 ? upper.bits : lower.bits) << bits;
        ASSERT_EQ(Float16(-middle).bits, 0x8000u | (bits % 2 ? upper.bits : lower.bits)) << bits;
    }
}

TEST(Dtype, HalvesEndAt65504) {
    EXPECT_EQ(static_cast<float>(Float16(65519.0f)), 65504.0f);
    EXPECT_TRUE(std::isinf(static_cast<float>(Float16(65520.0f))));
    EXPECT_TRUE(std::isinf(static_cast<float>(Float16(std::numeric_limits<float>::max()))));
    EXPECT_EQ(Float16(-std::numeric_limits<float>::infinity()).bits, 0xfc00);
    EXPECT_EQ(Float16(std::numeric_limits<float>::denorm_min()).bits, 0);
}

}  // namespace
}  // namespace distillix
