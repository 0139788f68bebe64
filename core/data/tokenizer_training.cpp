// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <sentencepiece_trainer.h>

#include "core/base/utf8.h"
#include "core/data/tokenizer.h"

namespace distillix {
namespace {

constexpr std::size_t kBlockBytes = 16 << 10;           ///< what is kept or left out as one when there is too much text
constexpr int kFixedPieces = 4 + 256;                   ///< <unk> <s> </s> <pad> and the bytes
constexpr int kLeastLearned = 64;                       ///< fewer learned pieces than this are no tokenizer
constexpr std::string_view kReserved = "\xe2\x96\x85";  ///< U+2585, SentencePiece's mark for <unk>, which it refuses

/// Holds at most `limit` bytes, spread evenly over all that was added: block n stays while n is a multiple of a stride,
/// which doubles whenever the blocks grow too many.
class EvenSample {
  public:
    explicit EvenSample(std::uint64_t limit) : m_limit(limit) {}

    void add(std::string_view text) {
        while (!text.empty()) {
            std::size_t cut = std::min(text.size(), kBlockBytes);
            if (cut < text.size()) {
                if (const auto line = text.rfind('\n', cut - 1); line != std::string_view::npos)
                    cut = line + 1;
                else
                    while (cut > 1 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
            }
            addBlock(text.substr(0, cut));
            text.remove_prefix(cut);
        }
    }
    const std::vector<std::string>& blocks() const { return m_blocks; }
    std::uint64_t bytes() const { return m_bytes; }

  private:
    void addBlock(std::string_view block) {
        if (m_added++ % m_stride != 0) return;
        m_blocks.emplace_back(block);
        m_bytes += block.size();
        while (m_bytes > m_limit && m_blocks.size() > 1) {
            m_stride *= 2;
            m_bytes = 0;
            std::vector<std::string> kept;
            for (std::size_t i = 0; i < m_blocks.size(); i += 2) {
                m_bytes += m_blocks[i].size();
                kept.push_back(std::move(m_blocks[i]));
            }
            m_blocks = std::move(kept);
        }
    }

    std::uint64_t m_limit, m_bytes = 0, m_added = 0, m_stride = 1;
    std::vector<std::string> m_blocks;
};

using Characters = std::unordered_set<std::string_view>;

/// The blocks line by line, each with its newline: pieces never reach beyond a line, nor over a character that is left
/// out.
class LineIterator : public sentencepiece::SentenceIterator {
  public:
    /// `kept`: the characters that may become pieces; empty for all. A stop ends the lines with a bad status.
    LineIterator(const std::vector<std::string>& blocks, const Characters& kept, const StopToken& stop)
        : m_blocks(blocks), m_kept(kept), m_stop(stop) {
        advance();
    }
    bool done() const override { return m_done || m_stop.raised(); }
    const std::string& value() const override { return m_line; }
    sentencepiece::util::Status status() const override {
        if (!m_stop.raised()) return {};
        return {sentencepiece::util::StatusCode::kCancelled, "stopped"};
    }
    void Next() override { advance(); }

    static std::size_t characterBytes(std::string_view text) {
        return static_cast<std::size_t>(std::max(1, utf8Length(text)));
    }

  private:
    void advance() {
        while (m_block < m_blocks.size()) {
            const std::string_view rest = std::string_view(m_blocks[m_block]).substr(m_at);
            if (rest.empty()) {
                ++m_block;
                m_at = 0;
                continue;
            }
            std::size_t end = 0, skip = 0;
            while (end < rest.size() && skip == 0) {
                const std::size_t length = characterBytes(rest.substr(end));
                const std::string_view character = rest.substr(end, length);
                if (character == kReserved || (!m_kept.empty() && !m_kept.count(character))) {
                    skip = length;
                    break;
                }
                end += length;
                if (character == "\n") break;
            }
            m_line = rest.substr(0, end);
            m_at += end + skip;
            if (!m_line.empty()) return;
        }
        m_done = true;
    }

    const std::vector<std::string>& m_blocks;
    const Characters& m_kept;
    const StopToken& m_stop;
    std::size_t m_block = 0, m_at = 0;
    std::string m_line;
    bool m_done = false;
};

/// The `most` most frequent characters, or nothing if there are no more than that: the others are written in bytes, so
/// that a text of many scripts does not fill the vocabulary with single characters.
Characters frequentCharacters(const std::vector<std::string>& blocks, std::size_t most) {
    std::unordered_map<std::string_view, std::uint64_t> counts;
    for (const std::string& block : blocks) {
        for (std::string_view rest = block; !rest.empty();) {
            const std::size_t length = LineIterator::characterBytes(rest);
            ++counts[rest.substr(0, length)];
            rest.remove_prefix(length);
        }
    }
    if (counts.size() <= most) return {};
    std::vector<std::pair<std::uint64_t, std::string_view>> sorted;
    sorted.reserve(counts.size());
    for (const auto& [character, count] : counts) sorted.emplace_back(count, character);
    std::sort(sorted.rbegin(), sorted.rend());
    Characters kept;
    for (std::size_t i = 0; i < most; ++i) kept.insert(sorted[i].second);
    return kept;
}

}  // namespace

struct TokenizerTrainer::State {
    TokenizerTraining options;
    EvenSample sample;
    std::uint64_t textBytes = 0;
    explicit State(TokenizerTraining given) : options(std::move(given)), sample(options.maxBytes) {}
};

TokenizerTrainer::TokenizerTrainer(TokenizerTraining options) : m_state(std::make_unique<State>(std::move(options))) {}
TokenizerTrainer::~TokenizerTrainer() = default;

void TokenizerTrainer::add(std::string_view text) {
    m_state->textBytes += text.size();
    if (utf8FirstInvalid(text) == std::string_view::npos)
        m_state->sample.add(text);
    else
        m_state->sample.add(utf8Replaced(text));
}

bool TokenizerTrainer::empty() const {
    return m_state->sample.blocks().empty();
}

std::uint64_t TokenizerTrainer::textBytes() const {
    return m_state->textBytes;
}

std::uint64_t TokenizerTrainer::sampleBytes() const {
    return m_state->sample.bytes();
}

Result<Tokenizer> TokenizerTrainer::train(const StopToken& stop) const try {
    const TokenizerTraining& options = m_state->options;
    const EvenSample& sample = m_state->sample;
    const int least = kFixedPieces + static_cast<int>(options.specialTokens.size()) + kLeastLearned;
    if (options.vocabSize < least || options.vocabSize > (1 << 20))
        return makeError(ErrorCode::InvalidArgument, "a vocabulary of " + std::to_string(options.vocabSize) +
                                                         " pieces cannot be made: give " + std::to_string(least) +
                                                         " to 1048576 (the single bytes alone take 256)");
    std::string specials;
    for (const std::string& token : options.specialTokens) {
        if (token.empty() || token.find_first_of(",\" \t\n") != std::string::npos ||
            utf8FirstInvalid(token) != std::string::npos)
            return makeError(ErrorCode::InvalidArgument,
                             "\"" + token + "\" cannot be a special token: it is empty or has a space, comma or quote");
        specials += (specials.empty() ? "" : ",") + token;
    }
    if (empty()) return makeError(ErrorCode::InvalidArgument, "there is no text to train a tokenizer on");

    const auto most = static_cast<std::size_t>(options.vocabSize - least + kLeastLearned) / 2;
    std::unordered_map<std::string, std::string> flags{
        {"model_type", "bpe"},
        {"vocab_size", std::to_string(options.vocabSize)},
        {"hard_vocab_limit", "false"},  // little text makes fewer pieces
        {"byte_fallback", "true"},
        {"character_coverage", "1.0"},  // LineIterator leaves out what is rare
        {"normalization_rule_name", "identity"},
        {"remove_extra_whitespaces", "false"},
        {"add_dummy_prefix", "false"},
        {"allow_whitespace_only_pieces", "true"},
        {"split_digits", "true"},
        {"max_sentence_length", std::to_string(kBlockBytes + 1)},
        {"num_threads", "4"},  // it is written into the model: the same everywhere
        {"unk_id", "0"},
        {"bos_id", "1"},
        {"eos_id", "2"},
        {"pad_id", "3"},
        {"unk_piece", "<unk>"},
        {"bos_piece", "<s>"},
        {"eos_piece", "</s>"},
        {"pad_piece", "<pad>"},
        {"minloglevel", "2"}};
    if (!specials.empty()) flags["control_symbols"] = specials;

    const Characters kept = frequentCharacters(sample.blocks(), most);
    LineIterator lines(sample.blocks(), kept, stop);
    std::string serialized;
    const auto status = sentencepiece::SentencePieceTrainer::Train(flags, &lines, &serialized);
    if (stop.raised()) return makeError(ErrorCode::Cancelled, "the training of the tokenizer was stopped");
    if (!status.ok())
        return makeError(ErrorCode::InvalidArgument,
                         std::string("the tokenizer cannot be trained: ") + status.error_message());
    return Tokenizer::fromBytes(std::move(serialized));
} catch (const std::exception& error) {
    return makeError(ErrorCode::OutOfMemory, std::string("the tokenizer cannot be trained: ") + error.what());
}

Result<Tokenizer> trainTokenizer(const TokenizerTraining& options, const std::function<bool(std::string&)>& next) {
    TokenizerTrainer trainer(options);
    for (std::string text; next(text);) trainer.add(text);
    return trainer.train();
}

}  // namespace distillix
