// SPDX-License-Identifier: Apache-2.0
#include "core/infer/prompt.h"

#include <algorithm>

namespace distillix {

Prompt Prompt::conversation(const ChatTemplate& chat, std::vector<ChatMessage> messages) {
    Prompt prompt;
    prompt.m_chat = &chat;
    prompt.m_messages = std::move(messages);
    prompt.m_ids = chat.renderPrompt(prompt.m_messages);
    return prompt;
}

Prompt Prompt::text(std::vector<std::int32_t> ids, bool keepFirst) {
    Prompt prompt;
    prompt.m_ids = std::move(ids);
    prompt.m_keepFirst = keepFirst && !prompt.m_ids.empty();
    return prompt;
}

/// Gives up the oldest question and what follows up to the next one; false where only the last is left.
bool Prompt::dropTurn() {
    const auto is = [](ChatRole role) { return [role](const ChatMessage& message) { return message.role == role; }; };
    const auto first = std::find_if_not(m_messages.begin(), m_messages.end(), is(ChatRole::System));
    if (first == m_messages.end()) return false;
    const auto next = std::find_if(first + 1, m_messages.end(), is(ChatRole::User));
    if (next == m_messages.end()) return false;
    const std::size_t before = m_ids.size();
    m_droppedMessages += static_cast<int>(next - first);
    m_messages.erase(first, next);
    m_ids = m_chat->renderPrompt(m_messages);
    m_droppedTokens += static_cast<int>(before) - static_cast<int>(m_ids.size());
    return true;
}

std::vector<std::int32_t> Prompt::within(std::span<const std::int32_t> answer, std::size_t limit) {
    if (m_chat) {
        while (m_ids.size() + answer.size() > limit && dropTurn()) {
        }
    } else if (const std::size_t kept = m_keepFirst ? 1 : 0; m_ids.size() + answer.size() > limit) {
        const std::size_t spare = m_ids.size() + answer.size() - limit, mine = std::min(spare, m_ids.size() - kept);
        m_ids.erase(m_ids.begin() + static_cast<std::ptrdiff_t>(kept),
                    m_ids.begin() + static_cast<std::ptrdiff_t>(kept + mine));
        m_droppedTokens += static_cast<int>(mine);
        answer = answer.subspan(std::min(answer.size(), spare - mine));
    }
    std::vector<std::int32_t> ids = m_ids;
    ids.insert(ids.end(), answer.begin(), answer.end());
    return ids;
}

}  // namespace distillix
