// SPDX-License-Identifier: Apache-2.0
// JSON that a stranger may have written. The library parses any depth, but copies, writes and frees by recursion, and
// looks for each key of an ordered object among all before it: a megabyte of brackets overflows the stack, a megabyte
// of keys takes minutes. So what nests or holds more than any honest file is refused while it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include <nlohmann/json.hpp>

namespace distillix {

inline constexpr int kDeepestJson = 64;             ///< levels of objects and arrays
inline constexpr std::size_t kMostJsonKeys = 8192;  ///< of all objects together

/// A discarded value (is_discarded()) where the text is no JSON, is too deep, or holds too many keys.
nlohmann::ordered_json parseJson(std::string_view text);

/// The same for objects of any number of keys, which are then in the order of their names.
nlohmann::json parseSortedJson(std::string_view text);

/// The member `key` of `json` as a T: a bool, a number, or a text. `fallback` where `json` is no object, has no such
/// member, or it is of another kind (a text for a number, a number that a T does not hold). For readers of what others
/// wrote that do without: the library's own value() throws there. Whoever needs the member refuses it by name instead.
template <typename T, typename Json>
T memberOr(const Json& json, const char* key, T fallback) {
    if (!json.is_object()) return fallback;
    const auto found = json.find(key);
    if (found == json.end()) return fallback;
    if constexpr (std::is_same_v<T, bool>) {
        return found->is_boolean() ? found->template get<bool>() : fallback;
    } else if constexpr (std::is_integral_v<T>) {
        if (!found->is_number_integer()) return fallback;
        // Whole numbers are kept in 64 bits, those of 2^63 and above as unsigned ones.
        const auto bits = found->template get<std::uint64_t>();
        const bool negative = !found->is_number_unsigned() && found->template get<std::int64_t>() < 0;
        if (negative ? !std::is_signed_v<T> || found->template get<std::int64_t>() <
                                                   static_cast<std::int64_t>(std::numeric_limits<T>::min())
                     : bits > static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
            return fallback;
        return static_cast<T>(bits);
    } else if constexpr (std::is_floating_point_v<T>) {
        return found->is_number() ? found->template get<T>() : fallback;
    } else {
        static_assert(std::is_same_v<T, std::string>, "a bool, a number or a text");
        return found->is_string() ? found->template get<std::string>() : fallback;
    }
}
template <typename Json>
std::string memberOr(const Json& json, const char* key, const char* fallback) {
    return memberOr(json, key, std::string(fallback));
}

}  // namespace distillix
