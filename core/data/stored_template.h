// SPDX-License-Identifier: Apache-2.0
// What a model folder says about its chat template, beside the tokenizer:
//
//     chat_template.json    {"version": 1, "template": "chatml"}: one of ChatTemplate::names(), or "none"
//     chat_template.jinja   the template in Jinja as the model's maker wrote it, to the byte
//
// Either may be missing. Jinja is a program: it is kept, shown and handed on by exports, and never run. A Jinja text
// that is plainly one of the templates this program has is taken for that one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/data/chat_template.h"

namespace distillix {

/// No template at all: a text is continued as it is.
inline constexpr const char* kNoTemplate = "none";

struct StoredTemplate {
    std::string name;   ///< empty: not said
    std::string jinja;  ///< empty: none
};

/// Both parts as they stand in the folder; empty where there are no such files. InvalidData: a file that is broken, or
/// names a template that this version does not know.
Result<StoredTemplate> loadStoredTemplate(const std::filesystem::path& folder);
/// Writes the files of the parts that are not empty.
Result<void> saveStoredTemplate(const std::filesystem::path& folder, const StoredTemplate& stored);

/// The name of the template that a Jinja text is; empty where that cannot be told. ChatML and Llama 2's are known by
/// their markers, the project's own by every byte.
std::string recognizeJinja(std::string_view jinja, const Tokenizer& tokenizer);

struct ChosenTemplate {
    std::optional<ChatTemplate> chat;  ///< none: plain completion
    enum class Source {
        Asked,      ///< named by the caller
        Stored,     ///< chat_template.json
        Jinja,      ///< recognized in chat_template.jinja
        Tokenizer,  ///< what suits the tokenizer
    } source = Source::Tokenizer;
    bool unknownJinja = false;  ///< there is a Jinja template that was not recognized, and nothing named another
    std::string name() const { return chat ? chat->name() : kNoTemplate; }
};
const char* templateSourceText(ChosenTemplate::Source source);  ///< "asked for", "stored with the model", …

/// The template to talk to a model with. `asked` is a name, "none" or "auto"; with "auto" the first that says something
/// counts: the stored name, the Jinja text, the tokenizer. A tokenizer that none suits gets none.
Result<ChosenTemplate> chooseTemplate(const Tokenizer& tokenizer, const StoredTemplate& stored,
                                      const std::string& asked);

}  // namespace distillix
