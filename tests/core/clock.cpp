// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.h"

#include <limits>

#include <gtest/gtest.h>

namespace distillix {
namespace {

TEST(Clock, WritesUtc) {
    EXPECT_EQ(utcText(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(utcText(1738324800.25), "2025-01-31T12:00:00.250Z");
    EXPECT_EQ(utcText(-0.5), "1969-12-31T23:59:59.500Z");
    EXPECT_EQ(utcText(-1), "1969-12-31T23:59:59.000Z");
    EXPECT_LE(utcText(0), utcNow());
}

TEST(Clock, TellsDurations) {
    EXPECT_EQ(durationText(0.4), "0 s");
    EXPECT_EQ(durationText(59.4), "59 s");
    EXPECT_EQ(durationText(59.6), "1 min 00 s");
    EXPECT_EQ(durationText(200), "3 min 20 s");
    EXPECT_EQ(durationText(7500), "2 h 05 min");
    EXPECT_EQ(durationText(86400 * 3 + 4 * 3600), "3 d 4 h");
    EXPECT_EQ(durationText(std::numeric_limits<double>::infinity()), "?");
    EXPECT_EQ(durationText(-5), "0 s");
}

}  // namespace
}  // namespace distillix
