// SPDX-License-Identifier: Apache-2.0
// What a model is to go on from, and what of it is given up where it no longer fits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/data/chat_template.h"

namespace distillix {

/// A conversation whose next words are the assistant's, or a text to be continued.
class Prompt {
  public:
    /// The template's tokenizer must outlive it.
    static Prompt conversation(const ChatTemplate& chat, std::vector<ChatMessage> messages);
    /// `ids` as they are; with `keepFirst` the first (BOS) is never given up.
    static Prompt text(std::vector<std::int32_t> ids, bool keepFirst);

    /// The tokens of what is left.
    const std::vector<std::int32_t>& ids() const { return m_ids; }
    bool isText() const { return !m_chat; }

    /// Those with the answer so far behind them, in at most `limit` tokens where that can be: a conversation loses its
    /// oldest turns, a question with what was answered, but neither the system's words nor the last question; a text
    /// loses its oldest tokens, the answer's too in the end. What was given up stays given up.
    std::vector<std::int32_t> within(std::span<const std::int32_t> answer, std::size_t limit);
    int droppedMessages() const { return m_droppedMessages; }
    int droppedTokens() const { return m_droppedTokens; }  ///< of the prompt

  private:
    Prompt() = default;
    bool dropTurn();

    std::vector<std::int32_t> m_ids;
    const ChatTemplate* m_chat = nullptr;
    std::vector<ChatMessage> m_messages;
    bool m_keepFirst = false;
    int m_droppedMessages = 0, m_droppedTokens = 0;
};

}  // namespace distillix
