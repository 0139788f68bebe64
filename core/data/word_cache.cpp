// SPDX-License-Identifier: Apache-2.0
#include "core/data/word_cache.h"

#include <algorithm>

#include "core/base/rng.h"
#include "core/base/utf8.h"

namespace distillix {
namespace {

/// The character at the front of `text` as a number of its bytes (not its code point), and their count.
std::uint32_t takeCharacter(std::string_view text, std::size_t& length) {
    length = static_cast<std::size_t>(std::max(1, utf8Length(text)));
    std::uint32_t character = 0;
    std::memcpy(&character, text.data(), length);
    return character;
}

std::uint64_t pairOf(std::uint32_t left, std::uint32_t right) {
    return std::uint64_t{left} << 32 | right;
}

}  // namespace

void JoinedCharacters::add(std::string_view piece) {
    std::size_t length = 0;
    if (piece.empty()) return;
    std::uint32_t left = takeCharacter(piece, length);
    for (piece.remove_prefix(length); !piece.empty(); piece.remove_prefix(length)) {
        const std::uint32_t right = takeCharacter(piece, length);
        if (left < 0x80 && right < 0x80) {
            m_ascii[left][right >> 6] |= std::uint64_t{1} << (right & 63);
        } else if (!joined(left, right)) {
            if (2 * ++m_count > m_others.size()) grow();
            std::size_t at = mix64(pairOf(left, right)) & (m_others.size() - 1);
            while (m_others[at] != 0) at = (at + 1) & (m_others.size() - 1);
            m_others[at] = pairOf(left, right);
        }
        left = right;
    }
}

void JoinedCharacters::grow() {
    const std::vector<std::uint64_t> before = std::move(m_others);
    m_others.assign(std::max<std::size_t>(1024, before.size() * 2), 0);
    for (const std::uint64_t pair : before) {
        if (pair == 0) continue;
        std::size_t at = mix64(pair) & (m_others.size() - 1);
        while (m_others[at] != 0) at = (at + 1) & (m_others.size() - 1);
        m_others[at] = pair;
    }
}

bool JoinedCharacters::joined(std::uint32_t left, std::uint32_t right) const {
    if (m_others.empty()) return false;
    const std::uint64_t pair = pairOf(left, right);
    for (std::size_t at = mix64(pair) & (m_others.size() - 1); m_others[at] != 0; at = (at + 1) & (m_others.size() - 1))
        if (m_others[at] == pair) return true;
    return false;
}

std::size_t JoinedCharacters::wordEnd(std::string_view text) const {
    std::size_t length = 0;
    std::uint32_t left = takeCharacter(text, length);
    std::size_t at = length;
    while (at < text.size()) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (left < 0x80 && byte < 0x80) {
            if (!(m_ascii[left][byte >> 6] >> (byte & 63) & 1)) return at;
            left = byte;
            ++at;
            continue;
        }
        const std::uint32_t right = takeCharacter(text.substr(at), length);
        if (!joined(left, right)) return at;
        left = right;
        at += length;
    }
    return at;
}

std::array<std::uint64_t, 4> WordCache::keyOf(std::string_view word) {
    std::array<std::uint64_t, 4> key{};
    std::memcpy(key.data(), word.data(), word.size());
    key[3] |= std::uint64_t{word.size()} << 56;
    return key;
}

WordCache::Slot& WordCache::find(std::string_view word, bool& known) {
    const auto key = keyOf(word);
    const std::uint64_t hash = mix64(key[0] ^ mix64(key[1] ^ mix64(key[2] ^ mix64(key[3]))));
    // Two places for a word; the second only where the first holds another, so that frequent words stay.
    Slot& first = m_slots[hash >> (64 - kBits)];
    Slot& second = m_slots[(hash >> (64 - 2 * kBits)) & ((std::size_t{1} << kBits) - 1)];
    known = first.key == key;
    if (known) return first;
    known = second.key == key;
    if (known) return second;
    return first.key[3] >> 56 == 0 ? first : second;
}

void WordCache::store(Slot& slot, std::string_view word, std::span<const int> ids) {
    if (ids.size() > kMostTokens) return;
    slot.key = keyOf(word);
    slot.count = static_cast<std::int32_t>(ids.size());
    std::copy(ids.begin(), ids.end(), slot.ids.begin());
}

}  // namespace distillix
