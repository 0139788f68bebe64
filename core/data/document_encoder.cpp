// SPDX-License-Identifier: Apache-2.0
#include "core/data/document_encoder.h"

namespace distillix {

Result<DocumentEncoder> DocumentEncoder::create(const Tokenizer& tokenizer, Options options) {
    ChatTemplate chat = TRY(ChatTemplate::create(tokenizer));
    std::optional<FillInMiddle> middle;
    if (options.fillInMiddleRate > 0)
        middle = TRY(FillInMiddle::create(tokenizer, options.fillInMiddleRate, options.seed));
    return DocumentEncoder(tokenizer, options, std::move(chat), std::move(middle));
}

EncodedRecord DocumentEncoder::encode(const Record& record, std::uint64_t hash) const {
    EncodedRecord out;
    if (record.conversation) {
        for (const ChatMessage& message : record.messages) out.allTextBytes += message.text.size();
        RenderedConversation document = m_chat.renderConversation(record.messages);
        if (m_options.learnPrompts) {
            document.mask.assign(document.ids.size(), 1);
            document.mask[0] = 0;
            document.textBytes = out.allTextBytes;
        }
        out.documents.push_back(std::move(document));
        return out;
    }
    out.allTextBytes = record.text.size();
    if (m_middle && !record.language.empty() && m_middle->chooses(hash)) {
        out.documents = m_middle->render(record.text, hash);
        out.rearranged = true;
        return out;
    }
    RenderedConversation document;
    document.ids.push_back(m_tokenizer->bos());
    const auto ids = m_tokenizer->encode(record.text);
    document.ids.insert(document.ids.end(), ids.begin(), ids.end());
    document.ids.push_back(m_tokenizer->eos());
    document.mask.assign(document.ids.size(), 1);
    document.mask[0] = 0;
    document.textBytes = record.text.size();
    out.documents.push_back(std::move(document));
    return out;
}

}  // namespace distillix
