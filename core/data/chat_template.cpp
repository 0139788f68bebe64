// SPDX-License-Identifier: Apache-2.0
#include "core/data/chat_template.h"

#include <algorithm>

namespace distillix {
namespace {

struct Marker {
    const char* token;
    const char* plain;
};
constexpr Marker kMarkers[] = {
    {"<|system|>", "### System:\n"}, {"<|user|>", "### User:\n"}, {"<|assistant|>", "### Assistant:\n"}};

}  // namespace

const std::vector<std::string>& ChatTemplate::specialTokens() {
    static const std::vector<std::string> tokens{kMarkers[0].token, kMarkers[1].token, kMarkers[2].token};
    return tokens;
}

Result<ChatTemplate> ChatTemplate::create(const Tokenizer& tokenizer) {
    if (tokenizer.bos() < 0 || tokenizer.eos() < 0)
        return makeError(ErrorCode::InvalidArgument, "the tokenizer has no " +
                                                         std::string(tokenizer.bos() < 0 ? "beginning" : "end") +
                                                         "-of-text piece; documents cannot be told apart without it");
    const auto& tokens = specialTokens();
    const bool special =
        std::all_of(tokens.begin(), tokens.end(), [&](const auto& token) { return tokenizer.pieceId(token) >= 0; });
    return ChatTemplate(tokenizer, special);
}

void ChatTemplate::appendMarker(ChatRole role, std::vector<std::int32_t>& ids) const {
    if (ids.empty()) ids.push_back(m_tokenizer->bos());
    const Marker& marker = kMarkers[static_cast<int>(role)];
    if (m_special) {
        ids.push_back(m_tokenizer->pieceId(marker.token));
    } else {
        const auto plain = m_tokenizer->encode(marker.plain);
        ids.insert(ids.end(), plain.begin(), plain.end());
    }
}

void ChatTemplate::appendMessage(const ChatMessage& message, RenderedConversation& out) const {
    appendMarker(message.role, out.ids);
    out.mask.resize(out.ids.size(), 0);
    // Each message is encoded by itself, so that what follows a prompt never changes the prompt's own tokens.
    const bool assistant = message.role == ChatRole::Assistant;
    const auto ids = m_tokenizer->encode(assistant || m_special ? message.text : message.text + "\n");
    out.ids.insert(out.ids.end(), ids.begin(), ids.end());
    if (assistant) {
        out.ids.push_back(m_tokenizer->eos());
        out.textBytes += message.text.size();
    }
    out.mask.resize(out.ids.size(), assistant ? 1 : 0);
}

RenderedConversation ChatTemplate::renderConversation(std::span<const ChatMessage> messages) const {
    RenderedConversation out;
    for (const ChatMessage& message : messages) appendMessage(message, out);
    return out;
}

std::vector<std::int32_t> ChatTemplate::renderPrompt(std::span<const ChatMessage> messages) const {
    RenderedConversation out = renderConversation(messages);
    appendMarker(ChatRole::Assistant, out.ids);
    return std::move(out.ids);
}

std::vector<std::int32_t> ChatTemplate::renderPrompt(const std::string& question) const {
    const ChatMessage message{ChatRole::User, question};
    return renderPrompt(std::span(&message, 1));
}

}  // namespace distillix
