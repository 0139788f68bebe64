// SPDX-License-Identifier: Apache-2.0
// From a record to the tokens of its documents.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/result.h"
#include "core/data/chat_template.h"
#include "core/data/fill_in_middle.h"
#include "core/data/records.h"
#include "core/data/tokenizer.h"

namespace distillix {

struct EncodedRecord {
    std::vector<RenderedConversation> documents;  ///< one, or the parts that the middle is to be filled into
    std::uint64_t allTextBytes = 0;
    bool rearranged = false;  ///< by fill-in-the-middle
};

/// Reads only; the tokenizer must outlive it.
class DocumentEncoder {
  public:
    struct Options {
        bool learnPrompts = false;
        double fillInMiddleRate = 0;
        std::uint64_t seed = 1;
    };
    /// Fails as ChatTemplate::create() and FillInMiddle::create() do.
    static Result<DocumentEncoder> create(const Tokenizer& tokenizer, Options options);
    /// `hash`: hashOf(record).
    EncodedRecord encode(const Record& record, std::uint64_t hash) const;
    const ChatTemplate& chat() const { return m_chat; }

  private:
    DocumentEncoder(const Tokenizer& tokenizer, Options options, ChatTemplate chat, std::optional<FillInMiddle> middle)
        : m_tokenizer(&tokenizer), m_options(options), m_chat(std::move(chat)), m_middle(std::move(middle)) {}
    const Tokenizer* m_tokenizer;
    Options m_options;
    ChatTemplate m_chat;
    std::optional<FillInMiddle> m_middle;
};

}  // namespace distillix
