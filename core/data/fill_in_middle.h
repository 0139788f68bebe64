// SPDX-License-Identifier: Apache-2.0
// Fill-in-the-middle (Bavarian et al. 2022, "Efficient Training of Language Models to Fill in the Middle"), in the
// order prefix, suffix, middle (PSM):
//
//     <s> <|fim_prefix|> prefix <|fim_suffix|> suffix <|fim_middle|> middle </s>
//
// Everything but <s> is learnt, as in the paper. Cuts fall between characters.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/data/chat_template.h"
#include "core/data/tokenizer.h"

namespace distillix {

/// What a chosen document is cut into (at line ends) before its parts are rearranged one by one, so that a part fits
/// into a training sequence whole.
constexpr std::size_t kFillInMiddleBytes = 4096;

/// Reads only; the tokenizer must outlive it.
class FillInMiddle {
  public:
    /// Unsupported, by name, for a tokenizer that has none of the known triples of sentinels as pieces of their own:
    /// <|fim_prefix|> <|fim_suffix|> <|fim_middle|>, the same without bars, or Code Llama's.
    static Result<FillInMiddle> create(const Tokenizer& tokenizer, double rate, std::uint64_t seed);
    /// What a tokenizer trained for it gets as control pieces.
    static const std::vector<std::string>& specialTokens();

    /// Whether a document is rearranged; by seed, rate and the document's hash alone.
    bool chooses(std::uint64_t documentHash) const;
    /// The parts of a chosen document, each to stand by itself.
    std::vector<RenderedConversation> render(std::string_view text, std::uint64_t documentHash) const;

  private:
    FillInMiddle(const Tokenizer& tokenizer, double rate, std::uint64_t seed, std::array<std::int32_t, 3> sentinels)
        : m_tokenizer(&tokenizer), m_rate(rate), m_seed(seed), m_sentinels(sentinels) {}
    const Tokenizer* m_tokenizer;
    double m_rate;
    std::uint64_t m_seed;
    std::array<std::int32_t, 3> m_sentinels;  ///< prefix, suffix, middle
};

}  // namespace distillix
