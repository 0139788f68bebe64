// SPDX-License-Identifier: Apache-2.0
// How a conversation becomes tokens. The project's own template, "distillix-chat-1":
//
//     <s> <|system|> text <|user|> text <|assistant|> text </s> <|user|> text <|assistant|> text </s> …
//
// where each <|…|> is one control piece, which typed text never becomes. A tokenizer without those pieces (Llama 2's)
// gets "distillix-plain-1", the same with plain text for the markers: "### User:\n" text "\n### Assistant:\n" text
// </s>.
#pragma once

#include <cstdint>
#include <span>
#include <string>
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
    std::vector<std::uint8_t> mask;  ///< 1: a label. The assistants' words and the </s> behind them, nothing else
    std::uint64_t textBytes = 0;     ///< of the labelled text
};

/// Reads only; the tokenizer must outlive it.
class ChatTemplate {
  public:
    /// InvalidArgument if the tokenizer has no BOS or no EOS.
    static Result<ChatTemplate> create(const Tokenizer& tokenizer);
    /// What a tokenizer needs to have as control pieces for "distillix-chat-1".
    static const std::vector<std::string>& specialTokens();

    /// "distillix-chat-1" or "distillix-plain-1".
    const char* name() const { return m_special ? "distillix-chat-1" : "distillix-plain-1"; }
    /// A whole conversation, for training.
    RenderedConversation renderConversation(std::span<const ChatMessage> messages) const;
    /// The same up to where the assistant's next words begin, for generating them. For every k these are, token for
    /// token, the first ids of renderConversation(messages) where messages[k] is the assistant's and k =
    /// messages.size() here. They end at EOS.
    std::vector<std::int32_t> renderPrompt(std::span<const ChatMessage> messages) const;
    /// One question, as above.
    std::vector<std::int32_t> renderPrompt(const std::string& question) const;

  private:
    ChatTemplate(const Tokenizer& tokenizer, bool special) : m_tokenizer(&tokenizer), m_special(special) {}
    void appendMarker(ChatRole role, std::vector<std::int32_t>& ids) const;
    void appendMessage(const ChatMessage& message, RenderedConversation& out) const;

    const Tokenizer* m_tokenizer;
    bool m_special;
};

}  // namespace distillix
