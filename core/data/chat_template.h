// SPDX-License-Identifier: Apache-2.0
// How a conversation becomes tokens. The project's own template, "distillix-chat-1":
//
//     <s> <|system|> text <|user|> text <|assistant|> text </s> <|user|> text <|assistant|> text </s> …
//
// where each <|…|> is one control piece, which typed text never becomes. A tokenizer without those pieces (Llama 2's)
// gets "distillix-plain-1", the same with plain text for the markers: "### User:\n" text "\n### Assistant:\n" text
// </s>. Two of others, for models from elsewhere:
//
//     chatml    <s> <|im_start|>user\n text <|im_end|>\n <|im_start|>assistant\n text <|im_end|>\n …
//     llama-2   <s> [INST] <<SYS>>\n text \n<</SYS>>\n\n text [/INST] text </s> <s> [INST] text [/INST] text </s> …
//
// ChatML's two markers are control pieces where the tokenizer has them, plain text elsewhere. Llama 2's (as Meta's
// llama/generation.py writes it) are plain text always; the system's words stand in the question behind them, and texts
// lose the white space around them. Templates that others wrote in Jinja are never run (stored_template.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/data/tokenizer.h"

namespace distillix {

enum class ChatRole { System, User, Assistant };

struct ChatMessage {
    ChatRole role = ChatRole::User;
    std::string text;
};

struct RenderedConversation {
    std::vector<std::int32_t> ids;
    std::vector<std::uint8_t> mask;  ///< 1: a label. The assistants' words and the end behind them, nothing else
    std::uint64_t textBytes = 0;     ///< of the labelled text
};

/// Reads only; the tokenizer must outlive it.
class ChatTemplate {
  public:
    /// The template that suits the tokenizer: the project's own or ChatML where it has their control pieces, else
    /// "distillix-plain-1". InvalidArgument if the tokenizer has no BOS or no EOS.
    static Result<ChatTemplate> create(const Tokenizer& tokenizer);
    /// The one of that name. InvalidArgument: there is none, or the tokenizer lacks what it needs.
    static Result<ChatTemplate> create(const Tokenizer& tokenizer, std::string_view name);
    static const std::vector<std::string>& names();
    /// What a tokenizer needs to have as control pieces for "distillix-chat-1".
    static const std::vector<std::string>& specialTokens();

    const std::string& name() const { return names()[static_cast<std::size_t>(m_kind)]; }
    /// A whole conversation, for training.
    RenderedConversation renderConversation(std::span<const ChatMessage> messages) const;
    /// The same up to where the assistant's next words begin, for generating them. For every k these are, token for
    /// token, the first ids of renderConversation(messages) where messages[k] is the assistant's and k =
    /// messages.size() here. They end at one of stopTokens() or in front of one of stopStrings().
    std::vector<std::int32_t> renderPrompt(std::span<const ChatMessage> messages) const;
    /// One question, as above.
    std::vector<std::int32_t> renderPrompt(const std::string& question) const;

    /// What an answer ends at: EOS, and the control pieces that can only begin something new.
    std::vector<std::int32_t> stopTokens() const;
    /// The same for markers that are plain text.
    std::vector<std::string> stopStrings() const;
    /// The template in Jinja, as other programs keep it beside a model; it gives what renderPrompt gives, but for
    /// spaces that a tokenizer puts before texts.
    std::string jinja() const;

  private:
    enum class Kind { Chat, Plain, ChatMl, Llama2 };  // in the order of names()
    class Writer;
    ChatTemplate(const Tokenizer& tokenizer, Kind kind) : m_tokenizer(&tokenizer), m_kind(kind) {}
    void begin(ChatRole role, Writer& out) const;
    void write(std::span<const ChatMessage> messages, Writer& out) const;
    void writeLlama2(std::span<const ChatMessage> messages, bool answerFollows, Writer& out) const;

    const Tokenizer* m_tokenizer;
    Kind m_kind;
};

}  // namespace distillix
