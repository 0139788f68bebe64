// SPDX-License-Identifier: Apache-2.0
#include "core/data/stored_template.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/json.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kNameFile = "chat_template.json";
constexpr const char* kJinjaFile = "chat_template.jinja";
constexpr std::uintmax_t kLimit = 4u << 20;  // the longest known have some 20 KB

Result<std::string> readIfThere(const fs::path& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return std::string();
    const auto size = fs::file_size(path, error);
    if (error || size > kLimit)
        return makeError(ErrorCode::InvalidData, "is no chat template: it is no file, or larger than 4 MiB",
                         path.string());
    return readFile(path);
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

Result<StoredTemplate> loadStoredTemplate(const fs::path& folder) {
    StoredTemplate stored;
    stored.jinja = TRY(readIfThere(folder / kJinjaFile));
    const std::string text = TRY(readIfThere(folder / kNameFile));
    if (text.empty()) return stored;
    const auto wrong = [&](const std::string& what) {
        return makeError(ErrorCode::InvalidData, what, (folder / kNameFile).string());
    };
    const Json json = parseJson(text);
    if (!json.is_object() || !json.contains("template") || !json["template"].is_string())
        return wrong("is no JSON object with a \"template\"");
    if (json.value("version", Json(1)) != Json(1)) return wrong("is of another version than 1");
    stored.name = json["template"].get<std::string>();
    const auto& names = ChatTemplate::names();
    if (stored.name != kNoTemplate && std::find(names.begin(), names.end(), stored.name) == names.end())
        return wrong("names the chat template \"" + stored.name + "\", which this version does not have");
    return stored;
}

Result<void> saveStoredTemplate(const fs::path& folder, const StoredTemplate& stored) {
    if (!stored.jinja.empty()) TRY_VOID(writeFileAtomic(folder / kJinjaFile, stored.jinja));
    if (!stored.name.empty())
        TRY_VOID(writeFileAtomic(folder / kNameFile, Json({{"version", 1}, {"template", stored.name}}).dump(2) + "\n"));
    return {};
}

std::string recognizeJinja(std::string_view jinja, const Tokenizer& tokenizer) {
    for (const std::string& name : ChatTemplate::names()) {
        const auto known = ChatTemplate::create(tokenizer, name);
        if (known.ok() && known->jinja() == jinja) return name;
    }
    if (contains(jinja, "<|im_start|>") && contains(jinja, "<|im_end|>")) return "chatml";
    if (contains(jinja, "[INST]") && contains(jinja, "[/INST]") && contains(jinja, "<<SYS>>")) return "llama-2";
    return "";
}

const char* templateSourceText(ChosenTemplate::Source source) {
    switch (source) {
        case ChosenTemplate::Source::Asked:
            return "asked for";
        case ChosenTemplate::Source::Stored:
            return "stored with the model";
        case ChosenTemplate::Source::Jinja:
            return "recognized in the model's Jinja template";
        case ChosenTemplate::Source::Tokenizer:
            return "what suits the tokenizer";
    }
    return "";
}

Result<ChosenTemplate> chooseTemplate(const Tokenizer& tokenizer, const StoredTemplate& stored,
                                      const std::string& asked) {
    ChosenTemplate chosen;
    std::string name;
    const std::string recognized = stored.jinja.empty() ? "" : recognizeJinja(stored.jinja, tokenizer);
    if (asked != "auto") {
        name = asked;
        chosen.source = ChosenTemplate::Source::Asked;
    } else if (!stored.name.empty()) {
        name = stored.name;
        chosen.source = ChosenTemplate::Source::Stored;
    } else if (!recognized.empty()) {
        name = recognized;
        chosen.source = ChosenTemplate::Source::Jinja;
    } else {
        chosen.unknownJinja = !stored.jinja.empty();
        auto suiting = ChatTemplate::create(tokenizer);
        if (suiting.ok()) chosen.chat = std::move(suiting).value();
        return chosen;
    }
    if (name != kNoTemplate) chosen.chat = TRY(ChatTemplate::create(tokenizer, name));
    return chosen;
}

}  // namespace distillix
