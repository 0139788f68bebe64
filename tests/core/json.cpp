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

TEST(Json, MembersOfAnotherKindTakeTheFallback) {
    const auto json = parseJson(R"({"text": "t", "number": 7, "half": 0.5, "yes": true, "none": null, "list": [1],
        "large": 18446744073709551615, "low": -3000000000, "huge": 1e300})");
    EXPECT_EQ(memberOr(json, "text", ""), "t");
    EXPECT_EQ(memberOr(json, "number", 0), 7);
    EXPECT_EQ(memberOr(json, "number", 0.0), 7.0);
    EXPECT_EQ(memberOr(json, "half", 0.0), 0.5);
    EXPECT_TRUE(memberOr(json, "yes", false));
    EXPECT_EQ(memberOr(json, "large", std::uint64_t{0}), 18446744073709551615u);
    EXPECT_EQ(memberOr(json, "low", std::int64_t{0}), -3000000000);
    for (const char* key : {"missing", "none", "list", "half", "yes", "text", "huge", "large", "low"})
        EXPECT_EQ(memberOr(json, key, 5), 5) << key;
    for (const char* key : {"missing", "none", "list", "yes", "text"}) EXPECT_EQ(memberOr(json, key, 5.0), 5.0) << key;
    for (const char* key : {"missing", "none", "list", "yes", "number"})
        EXPECT_EQ(memberOr(json, key, "f"), "f") << key;
    for (const char* key : {"missing", "none", "list", "number", "text"}) EXPECT_TRUE(memberOr(json, key, true)) << key;
    EXPECT_EQ(memberOr(json, "large", std::int64_t{5}), 5) << "not wrapped around";
    EXPECT_EQ(memberOr(json, "low", std::uint64_t{5}), 5u);
    for (const char* text : {"[]", "\"text\"", "7", "null", "{"})
        EXPECT_EQ(memberOr(parseJson(text), "text", 5), 5) << text;
}

}  // namespace
}  // namespace distillix
