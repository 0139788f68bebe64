// SPDX-License-Identifier: Apache-2.0
// UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace distillix {

/// Bytes (1 to 4) of the character that `text` begins with; 0 if `text` ends inside a character that may still become
/// whole (or is empty); -1 if its first byte begins no character.
int utf8Length(std::string_view text);

/// Offset of the first byte that belongs to no whole character, or npos if all of `text` is valid.
std::size_t utf8FirstInvalid(std::string_view text);

/// Moves the whole characters at the front of `pending` to the end of `out`, each stray byte as U+FFFD. What stays is
/// the beginning of a character.
void utf8TakeWhole(std::string& pending, std::string& out);

/// `text` with each byte that belongs to no character replaced by U+FFFD.
std::string utf8Replaced(std::string_view text);

}  // namespace distillix
