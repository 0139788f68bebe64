// SPDX-License-Identifier: Apache-2.0
#include "core/base/utf8.h"

namespace distillix {
namespace {
constexpr std::string_view kReplacement = "\xef\xbf\xbd";
}

int utf8Length(std::string_view text) {
    if (text.empty()) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return -1;
    const int length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    // The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF.
    const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (int i = 1; i < length; ++i) {
        if (static_cast<std::size_t>(i) == text.size()) return 0;
        const unsigned char b = byte(static_cast<std::size_t>(i));
        if (i == 1 ? (b < low || b > high) : (b & 0xc0) != 0x80) return -1;
    }
    return length;
}

std::size_t utf8FirstInvalid(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const int length = static_cast<unsigned char>(text[at]) < 0x80 ? 1 : utf8Length(text.substr(at));
        if (length <= 0) return at;
        at += static_cast<std::size_t>(length);
    }
    return std::string_view::npos;
}

void utf8TakeWhole(std::string& pending, std::string& out) {
    std::size_t at = 0;
    while (at < pending.size()) {
        const std::string_view rest = std::string_view(pending).substr(at);
        const int length = utf8Length(rest);
        if (length == 0) break;
        out += length < 0 ? kReplacement : rest.substr(0, static_cast<std::size_t>(length));
        at += length < 0 ? 1 : static_cast<std::size_t>(length);
    }
    pending.erase(0, at);
}

std::string utf8Replaced(std::string_view text) {
    std::string pending(text), out;
    utf8TakeWhole(pending, out);
    for (std::size_t i = 0; i < pending.size(); ++i) out += kReplacement;
    return out;
}

}  // namespace distillix
