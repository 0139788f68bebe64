// SPDX-License-Identifier: Apache-2.0
// Encoding by words that were encoded before. A BPE tokenizer begins with single characters and joins two neighbours
// only where the two together are one of its pieces. So between characters a and b that no piece holds side by side
// nothing is ever joined, and the text may be cut there: the tokens of the whole are those of its parts, one after the
// other, exactly. Most text is then a sequence of short words that come again and again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace distillix {

/// Which characters stand side by side within some piece. Filled once, then read by any number of threads.
class JoinedCharacters {
  public:
    /// Notes all neighbours of a piece, which must be valid UTF-8.
    void add(std::string_view piece);
    /// The end of the word at the front of `text` (valid UTF-8, not empty): the first place at which it may be cut.
    std::size_t wordEnd(std::string_view text) const;

  private:
    bool joined(std::uint32_t left, std::uint32_t right) const;
    void grow();

    std::array<std::array<std::uint64_t, 2>, 128> m_ascii{};  ///< [left]: a bit for each right
    std::vector<std::uint64_t> m_others;                      ///< pairs in open addressing; 0: free
    std::size_t m_count = 0;
};

/// Words of up to 31 bytes with their up to 7 tokens; a new word takes the place of an old one. 2 MiB. One thread at a
/// time.
class WordCache {
  public:
    static constexpr std::size_t kLongestWord = 31, kMostTokens = 7;

    struct Slot {
        std::array<std::uint64_t, 4> key{};  ///< the word, zeros, and its length in the last byte; length 0: free
        std::array<std::int32_t, kMostTokens> ids{};
        std::int32_t count = 0;
    };
    static_assert(sizeof(Slot) == 64, "a cache line");

    WordCache() : m_slots(std::size_t{1} << kBits) {}
    /// The slot of a word of at most kLongestWord bytes; `known` tells whether it holds the word. If not, the caller
    /// may put the word in by store().
    Slot& find(std::string_view word, bool& known);
    /// Makes `slot`, which find() gave for `word`, hold it; nothing where there are too many ids.
    static void store(Slot& slot, std::string_view word, std::span<const int> ids);

  private:
    static constexpr unsigned kBits = 15;
    static std::array<std::uint64_t, 4> keyOf(std::string_view word);
    std::vector<Slot> m_slots;
};

}  // namespace distillix
