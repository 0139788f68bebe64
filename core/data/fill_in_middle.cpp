// SPDX-License-Identifier: Apache-2.0
#include "core/data/fill_in_middle.h"

#include <algorithm>

#include "core/base/rng.h"

namespace distillix {
namespace {

constexpr const char* kSentinels[][3] = {{"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},
                                         {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"},
                                         {"\xe2\x96\x81<PRE>", "\xe2\x96\x81<SUF>", "\xe2\x96\x81<MID>"}};

// Streams of the generator, so that the choice and the cuts share no numbers.
constexpr std::uint64_t kChoice = 0x46494d31, kCuts = 0x46494d32;

/// The start of the character that byte `at` belongs to.
std::size_t characterStart(std::string_view text, std::size_t at) {
    while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
    return at;
}

}  // namespace

const std::vector<std::string>& FillInMiddle::specialTokens() {
    static const std::vector<std::string> tokens(std::begin(kSentinels[0]), std::end(kSentinels[0]));
    return tokens;
}

Result<FillInMiddle> FillInMiddle::create(const Tokenizer& tokenizer, double rate, std::uint64_t seed) {
    for (const auto& names : kSentinels) {
        std::array<std::int32_t, 3> ids{};
        for (std::size_t i = 0; i < 3; ++i) ids[i] = tokenizer.pieceId(names[i]);
        if (std::all_of(ids.begin(), ids.end(), [](std::int32_t id) { return id >= 0; }))
            return FillInMiddle(tokenizer, rate, seed, ids);
    }
    return makeError(
        ErrorCode::Unsupported,
        "the tokenizer has no sentinels to fill in the middle with (<|fim_prefix|>, <|fim_suffix|>, "
        "<|fim_middle|>); leave fill-in-the-middle out, or let the import train a tokenizer, which has them");
}

bool FillInMiddle::chooses(std::uint64_t documentHash) const {
    return Rng(mix64(m_seed) ^ documentHash, kChoice).uniform() < m_rate;
}

std::vector<RenderedConversation> FillInMiddle::render(std::string_view text, std::uint64_t documentHash) const {
    std::vector<RenderedConversation> parts;
    Rng rng(mix64(m_seed) ^ documentHash, kCuts);
    while (!text.empty()) {
        std::size_t end = text.size();
        if (end > kFillInMiddleBytes) {
            const auto newline = text.rfind('\n', kFillInMiddleBytes - 1);
            end = newline != std::string_view::npos ? newline + 1 : characterStart(text, kFillInMiddleBytes);
        }
        const std::string_view part = text.substr(0, end);
        text.remove_prefix(end);
        std::size_t first = characterStart(part, rng.below(part.size() + 1));
        std::size_t second = characterStart(part, rng.below(part.size() + 1));
        if (first > second) std::swap(first, second);
        RenderedConversation out;
        const auto put = [&](std::int32_t sentinel, std::string_view words) {
            out.ids.push_back(sentinel);
            const auto ids = m_tokenizer->encode(words);
            out.ids.insert(out.ids.end(), ids.begin(), ids.end());
        };
        out.ids.push_back(m_tokenizer->bos());
        put(m_sentinels[0], part.substr(0, first));
        put(m_sentinels[1], part.substr(second));
        put(m_sentinels[2], part.substr(first, second - first));
        out.ids.push_back(m_tokenizer->eos());
        out.mask.assign(out.ids.size(), 1);
        out.mask[0] = 0;
        out.textBytes = part.size();
        parts.push_back(std::move(out));
    }
    return parts;
}

}  // namespace distillix
