// SPDX-License-Identifier: Apache-2.0
#include "core/data/chat_template.h"

#include <algorithm>

namespace distillix {
namespace {

struct Marker {
    const char* token;
    const char* plain;
    const char* role;  ///< ChatML's word for it
};
constexpr Marker kMarkers[] = {{"<|system|>", "### System:\n", "system"},
                               {"<|user|>", "### User:\n", "user"},
                               {"<|assistant|>", "### Assistant:\n", "assistant"}};
constexpr const char* kImStart = "<|im_start|>";
constexpr const char* kImEnd = "<|im_end|>";

const Marker& markerOf(ChatRole role) {
    return kMarkers[static_cast<std::size_t>(role)];
}

std::string trimmed(const std::string& text) {
    constexpr const char* kSpace = " \t\r\n\v\f";
    const std::size_t first = text.find_first_not_of(kSpace);
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool hasAll(const Tokenizer& tokenizer, const std::vector<std::string>& pieces) {
    return std::all_of(pieces.begin(), pieces.end(), [&](const auto& piece) { return tokenizer.pieceId(piece) >= 0; });
}

}  // namespace

/// What has been written so far, with which of it is learnt. Each text is encoded by itself, so that what follows a
/// prompt never changes the prompt's own tokens.
class ChatTemplate::Writer {
  public:
    explicit Writer(const Tokenizer& tokenizer) : m_tokenizer(tokenizer) {}
    void id(std::int32_t id, bool learnt = false) {
        result.ids.push_back(id);
        result.mask.push_back(learnt ? 1 : 0);
    }
    void text(const std::string& text, bool learnt = false) {
        const auto ids = m_tokenizer.encode(text);
        result.ids.insert(result.ids.end(), ids.begin(), ids.end());
        result.mask.resize(result.ids.size(), learnt ? 1 : 0);
    }
    /// A control piece, or its name as text where the tokenizer has none.
    void marker(const char* piece, bool learnt = false) {
        const std::int32_t known = m_tokenizer.pieceId(piece);
        known >= 0 ? id(known, learnt) : text(piece, learnt);
    }
    RenderedConversation result;

  private:
    const Tokenizer& m_tokenizer;
};

const std::vector<std::string>& ChatTemplate::specialTokens() {
    static const std::vector<std::string> tokens{kMarkers[0].token, kMarkers[1].token, kMarkers[2].token};
    return tokens;
}

const std::vector<std::string>& ChatTemplate::names() {
    static const std::vector<std::string> names{"distillix-chat-1", "distillix-plain-1", "chatml", "llama-2"};
    return names;
}

Result<ChatTemplate> ChatTemplate::create(const Tokenizer& tokenizer) {
    return create(tokenizer, hasAll(tokenizer, specialTokens())      ? "distillix-chat-1"
                             : hasAll(tokenizer, {kImStart, kImEnd}) ? "chatml"
                                                                     : "distillix-plain-1");
}

Result<ChatTemplate> ChatTemplate::create(const Tokenizer& tokenizer, std::string_view name) {
    const auto found = std::find(names().begin(), names().end(), name);
    if (found == names().end()) {
        std::string list;
        for (const auto& known : names()) list += (list.empty() ? "" : ", ") + known;
        return makeError(ErrorCode::InvalidArgument,
                         "there is no chat template \"" + std::string(name) + "\"; there are " + list);
    }
    const auto kind = static_cast<Kind>(found - names().begin());
    const auto lacks = [&](const std::string& what) {
        return makeError(ErrorCode::InvalidArgument, "the tokenizer has no " + what);
    };
    if (kind == Kind::Chat && !hasAll(tokenizer, specialTokens()))
        return lacks("control pieces " + specialTokens()[0] + ", " + specialTokens()[1] + " and " + specialTokens()[2] +
                     ", which the template " + *found + " is made of");
    // ChatML ends a turn by a marker of its own, and begins one by another.
    if (kind != Kind::ChatMl && (tokenizer.bos() < 0 || tokenizer.eos() < 0))
        return lacks(std::string(tokenizer.bos() < 0 ? "beginning" : "end") +
                     "-of-text piece; documents cannot be told apart without it");
    return ChatTemplate(tokenizer, kind);
}

void ChatTemplate::begin(ChatRole role, Writer& out) const {
    if (out.result.ids.empty() && m_tokenizer->bos() >= 0) out.id(m_tokenizer->bos());
    switch (m_kind) {
        case Kind::Chat:
            out.id(m_tokenizer->pieceId(markerOf(role).token));
            break;
        case Kind::Plain:
            out.text(markerOf(role).plain);
            break;
        case Kind::ChatMl:
            out.marker(kImStart);
            out.text(std::string(markerOf(role).role) + "\n");
            break;
        case Kind::Llama2:
            break;  // writeLlama2
    }
}

void ChatTemplate::write(std::span<const ChatMessage> messages, Writer& out) const {
    for (const ChatMessage& message : messages) {
        const bool assistant = message.role == ChatRole::Assistant;
        begin(message.role, out);
        out.text(m_kind == Kind::Plain && !assistant ? message.text + "\n" : message.text, assistant);
        if (m_kind == Kind::ChatMl) {
            out.marker(kImEnd, assistant);
            out.text("\n");
        } else if (assistant) {
            out.id(m_tokenizer->eos(), true);
        }
        if (assistant) out.result.textBytes += message.text.size();
    }
}

void ChatTemplate::writeLlama2(std::span<const ChatMessage> messages, bool answerFollows, Writer& out) const {
    // The answer's first word has a space before it: the tokenizer's own, or else one in the prompt.
    const std::string space = m_tokenizer->addsSpacePrefix() ? "" : " ";
    std::string system;
    bool asked = false;
    const auto ask = [&](const std::string& question) {
        out.id(m_tokenizer->bos());
        out.text("[INST] " + (system.empty() ? "" : "<<SYS>>\n" + system + "\n<</SYS>>\n\n") + trimmed(question) +
                 " [/INST]" + space);
        system.clear();
        asked = true;
    };
    for (const ChatMessage& message : messages) {
        switch (message.role) {
            case ChatRole::System:
                system += (system.empty() ? "" : "\n") + trimmed(message.text);
                break;
            case ChatRole::User:
                ask(message.text);
                break;
            case ChatRole::Assistant:
                if (!asked) ask("");
                out.text(trimmed(message.text) + " ", true);
                out.id(m_tokenizer->eos(), true);
                out.result.textBytes += trimmed(message.text).size();
                asked = false;
                break;
        }
    }
    if (answerFollows && !asked) ask("");
}

RenderedConversation ChatTemplate::renderConversation(std::span<const ChatMessage> messages) const {
    Writer out(*m_tokenizer);
    if (m_kind == Kind::Llama2)
        writeLlama2(messages, false, out);
    else
        write(messages, out);
    return std::move(out.result);
}

std::vector<std::int32_t> ChatTemplate::renderPrompt(std::span<const ChatMessage> messages) const {
    Writer out(*m_tokenizer);
    if (m_kind == Kind::Llama2) {
        writeLlama2(messages, true, out);
    } else {
        write(messages, out);
        begin(ChatRole::Assistant, out);
    }
    return std::move(out.result.ids);
}

std::vector<std::int32_t> ChatTemplate::renderPrompt(const std::string& question) const {
    const ChatMessage message{ChatRole::User, question};
    return renderPrompt(std::span(&message, 1));
}

std::vector<std::int32_t> ChatTemplate::stopTokens() const {
    std::vector<std::int32_t> ids{m_tokenizer->eos(), m_tokenizer->bos()};
    if (m_kind == Kind::Chat)
        for (const Marker& marker : kMarkers) ids.push_back(m_tokenizer->pieceId(marker.token));
    if (m_kind == Kind::ChatMl)
        for (const char* piece : {kImStart, kImEnd}) ids.push_back(m_tokenizer->pieceId(piece));
    ids.erase(std::remove_if(ids.begin(), ids.end(), [](std::int32_t id) { return id < 0; }), ids.end());
    return ids;
}

std::vector<std::string> ChatTemplate::stopStrings() const {
    switch (m_kind) {
        case Kind::Plain:
            return {kMarkers[1].plain};
        case Kind::ChatMl:
            if (m_tokenizer->pieceId(kImEnd) < 0) return {kImEnd};
            return {};
        case Kind::Llama2:
            return {"[INST]"};
        case Kind::Chat:
            break;
    }
    return {};
}

std::string ChatTemplate::jinja() const {
    const std::string bos = m_tokenizer->bos() >= 0 ? "{{ bos_token }}" : "";
    switch (m_kind) {
        case Kind::Chat:
            return bos +
                   "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}"
                   "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
                   "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";
        case Kind::Plain:
            return bos +
                   "{% for message in messages %}{{ '### ' + message['role'] | capitalize + ':\\n' + "
                   "message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token }}{% else %}{{ '\\n' }}"
                   "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### Assistant:\\n' }}{% endif %}";
        case Kind::ChatMl:
            return bos +
                   "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
                   "'<|im_end|>' + '\\n' }}{% endfor %}"
                   "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
        case Kind::Llama2:
            return "{% set ns = namespace(system='') %}{% for message in messages %}"
                   "{% if message['role'] == 'system' %}"
                   "{% set ns.system = '<<SYS>>\\n' + message['content'] | trim + '\\n<</SYS>>\\n\\n' %}"
                   "{% elif message['role'] == 'user' %}{{ bos_token + '[INST] ' + ns.system + message['content'] | "
                   "trim + ' [/INST]' }}{% set ns.system = '' %}"
                   "{% else %}{{ ' ' + message['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}";
    }
    return "";
}

}  // namespace distillix
