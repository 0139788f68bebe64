// SPDX-License-Identifier: Apache-2.0
// JSON that a stranger may have written. The library parses any depth, but copies, writes and frees by recursion, and
// looks for each key of an ordered object among all before it: a megabyte of brackets overflows the stack, a megabyte
// of keys takes minutes. So what nests or holds more than any honest file is refused while it is read.
#pragma once

#include <cstddef>
#include <string_view>

#include <nlohmann/json.hpp>

namespace distillix {

inline constexpr int kDeepestJson = 64;             ///< levels of objects and arrays
inline constexpr std::size_t kMostJsonKeys = 8192;  ///< of all objects together

/// A discarded value (is_discarded()) where the text is no JSON, is too deep, or holds too many keys.
nlohmann::ordered_json parseJson(std::string_view text);

/// The same for objects of any number of keys, which are then in the order of their names.
nlohmann::json parseSortedJson(std::string_view text);

}  // namespace distillix
