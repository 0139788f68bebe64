// SPDX-License-Identifier: Apache-2.0
// SentencePiece behind an interface of our own, so that its headers (and its protobuf) stay in one file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/stop_token.h"

namespace distillix {

/// Loaded once, then read by any number of threads.
class Tokenizer {
  public:
    static Result<Tokenizer> load(const std::filesystem::path& modelFile);
    static Result<Tokenizer> fromBytes(std::string serializedModel);
    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    int size() const;  ///< V
    int bos() const;   ///< -1 where the model has none; so are the others
    int eos() const;
    int unknown() const;
    int pad() const;
    int pieceId(std::string_view piece) const;  ///< -1 if there is none
    std::string piece(int id) const;
    bool isControl(int id) const;
    /// Neither BOS nor EOS is added. Control pieces, and user-defined ones written <|…|>, are recognised in `text` only
    /// where `parseSpecial`: what a person types never becomes the template's tokens. With byte pieces every text comes
    /// back exactly, U+2581 and bytes that are no UTF-8 included.
    /// A BPE model's words are looked up among those encoded before (word_cache.h; 2 MiB for each thread that encodes
    /// at the same time), which changes the speed and nothing else.
    std::vector<std::int32_t> encode(std::string_view text, bool parseSpecial = false) const {
        return encode(text, parseSpecial, true);
    }
    /// The same tokens by the library alone: what the other is compared with.
    std::vector<std::int32_t> encodeWithoutCache(std::string_view text) const { return encode(text, false, false); }
    /// Text of the ids; control pieces and ids out of range give nothing. Byte pieces give their bytes (which may be
    /// half a character). A model that puts a space before every text has it taken away again.
    std::string decode(std::span<const std::int32_t> ids) const;
    const std::string& serialized() const;  ///< the bytes of tokenizer.model
    std::string hash() const;               ///< SHA-256 of those bytes in hex, what datasets and checkpoints refer to
    std::string modelType() const;          ///< "bpe", "unigram", "word" or "char"
    bool addsSpacePrefix() const;           ///< a space is put before every text (as in Llama 2)
    bool hasBytePieces() const;             ///< every text can be written: none becomes <unk>

  private:
    friend class StreamDecoder;
    struct State;
    std::vector<std::int32_t> encode(std::string_view text, bool parseSpecial, bool byWords) const;
    /// Appends the text of `id`; `started` holds whether any text came before.
    void appendText(std::int32_t id, bool& started, std::string& out) const;
    explicit Tokenizer(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// Turns ids into text piece by piece: push() returns what has become whole characters, never half of one; finish()
/// returns what is left (an unfinished character as U+FFFD) and begins anew. What comes out is always valid UTF-8, and
/// all of it together is decode() of all ids with stray bytes as U+FFFD. For text that continues a prompt, push the
/// prompt's ids first and drop what comes out. The tokenizer must outlive it.
class StreamDecoder {
  public:
    explicit StreamDecoder(const Tokenizer& tokenizer) : m_tokenizer(&tokenizer) {}
    std::string push(std::int32_t id);
    std::string finish();

  private:
    const Tokenizer* m_tokenizer;
    std::string m_pending;   ///< the beginning of a character
    bool m_started = false;  ///< whether any text came before
};

struct TokenizerTraining {
    int vocabSize = 1024;
    std::vector<std::string> specialTokens;  ///< the chat template's, each one piece
    std::uint64_t maxBytes = 64u << 20;      ///< of text that the trainer looks at, spread evenly over the input
};

/// Makes a tokenizer of texts: BPE with byte fallback, whitespace kept exactly, no normalization, digits apart, so that
/// decode(encode(x)) == x. Holds at most `maxBytes` of the texts. One thread at a time.
class TokenizerTrainer {
  public:
    explicit TokenizerTrainer(TokenizerTraining options);
    ~TokenizerTrainer();
    TokenizerTrainer(const TokenizerTrainer&) = delete;
    TokenizerTrainer& operator=(const TokenizerTrainer&) = delete;
    /// A copy is kept of what is needed. Bytes that are no UTF-8 count as U+FFFD.
    void add(std::string_view text);
    bool empty() const;
    std::uint64_t textBytes() const;    ///< added so far
    std::uint64_t sampleBytes() const;  ///< of them, kept to train on
    /// Pieces 0..3 are <unk>, <s> (BOS), </s> (EOS), <pad>, then the special tokens (control pieces), then the 256
    /// bytes. The same texts and options give the same bytes. Little text makes fewer pieces than asked. About 1 s for
    /// each MB of text. InvalidArgument: no text, too small a vocabulary, unusable special tokens.
    /// Cancelled when `stop` was raised: that is looked at while SentencePiece takes the text, and behind its work, for
    /// which it offers no way to be stopped.
    Result<Tokenizer> train(const StopToken& stop = {}) const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// The same for texts that `next` yields until it returns false.
Result<Tokenizer> trainTokenizer(const TokenizerTraining& options, const std::function<bool(std::string&)>& next);

}  // namespace distillix
