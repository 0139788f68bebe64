// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.h"

#include <gtest/gtest.h>

namespace distillix {
namespace {

TEST(Json, WhatIsHonestIsRead) {
    const auto json = parseJson(R"({"b": [1, 2.5, null, {"c": "d"}], "a": true})");
    ASSERT_TRUE(json.is_object());
    EXPECT_EQ(json.dump(), R"({"b":[1,2.5,null,{"c":"d"}],"a":true})");
    EXPECT_TRUE(parseJson("null").is_null());
}

TEST(Json, WhatIsNoneIsDiscarded) {
    for (const char* text : {"", "{", "{]", "nul", "1 2", "{\"a\":1,}", "\"\xff\""})
        EXPECT_TRUE(parseJson(text).is_discarded()) << text;
}

TEST(Json, DepthHasALimit) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_TRUE(parseJson(nested(kDeepestJson)).is_array());
    EXPECT_TRUE(parseJson(nested(kDeepestJson + 1)).is_discarded());
    EXPECT_TRUE(parseJson(nested(1 << 20)).is_discarded());
    std::string objects;
    for (int i = 0; i < 1 << 18; ++i) objects += "{\"a\":";
    EXPECT_TRUE(parseJson(objects + "1" + std::string(1 << 18, '}')).is_discarded());
}

TEST(Json, KeysHaveALimit) {
    const auto keys = [](std::size_t count) {
        std::string text = "{";
        for (std::size_t i = 0; i < count; ++i) text += (i ? ",\"" : "\"") + std::to_string(i) + "\":1";
        return text + "}";
    };
    EXPECT_EQ(parseJson(keys(kMostJsonKeys)).size(), kMostJsonKeys);
    EXPECT_TRUE(parseJson(keys(kMostJsonKeys + 1)).is_discarded());
    EXPECT_TRUE(parseJson(keys(100000)).is_discarded());
    EXPECT_EQ(parseSortedJson(keys(100000)).size(), 100000u);
}

}  // namespace
}  // namespace distillix
