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

namespace distillix {

/// Loaded once, then read by any number of threads.
class Tokenizer {
  public:
    static Result<Tokenizer> load(const std::filesystem::path& modelFile);
    static Result<Tokenizer> fromBytes(std::string serializedModel);
    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    int size() const;                      ///< V
    int bos() const;                       ///< -1 where the model has none; so are the others
    int eos() const;
    int unknown() const;
    int pad() const;
    int pieceId(std::string_view piece) const;  ///< -1 if there is none
    std::string piece(int id) const;
    bool isControl(int id) const;
    /// Neither BOS nor EOS is added. User-defined and control pieces in `text` (the template's tokens) are recognised
    /// only where `parseSpecial`.
    std::vector<std::int32_t> encode(std::string_view text, bool parseSpecial = false) const;
    /// Text of the ids; control pieces give nothing. Byte pieces give their bytes (which may be half a character).
    std::string decode(std::span<const std::int32_t> ids) const;
    const std::string& serialized() const;      ///< the bytes of tokenizer.model
    std::string hash() const;                   ///< hex digest of those bytes, what datasets and checkpoints refer to

  private:
    struct State;
    explicit Tokenizer(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// Turns ids into text piece by piece: push() returns what has become whole characters, never half of one; finish()
/// returns what is left (an unfinished character as U+FFFD).
class StreamDecoder {
  public:
    explicit StreamDecoder(const Tokenizer& tokenizer) : m_tokenizer(&tokenizer) {}
    std::string push(std::int32_t id);
    std::string finish();

  private:
    const Tokenizer* m_tokenizer;
    std::vector<std::int32_t> m_pending;  ///< ids whose text is not all out yet, with the context decoding needs
    std::size_t m_emitted = 0;            ///< bytes of the pending ids' text that are out
};

struct TokenizerTraining {
    int vocabSize = 1024;
    std::vector<std::string> specialTokens;   ///< the chat template's, each one piece
    std::uint64_t maxBytes = 64u << 20;       ///< of text that the trainer looks at, spread evenly over the input
    int threads = 0;
};
/// BPE with byte fallback, whitespace kept exactly, no normalization: decode(encode(x)) == x for valid UTF-8.
/// `next` yields texts until it returns false. Pieces 0..3 are <unk>, <s> (BOS), </s> (EOS), <pad>.
Result<Tokenizer> trainTokenizer(const TokenizerTraining& options, const std::function<bool(std::string&)>& next);

}  // namespace distillix
