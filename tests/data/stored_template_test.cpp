// SPDX-License-Identifier: Apache-2.0
#include "core/data/stored_template.h"

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

Tokenizer trainedTokenizer(const std::vector<std::string>& special) {
    TokenizerTraining options{.vocabSize = 350, .specialTokens = special};
    auto tokenizer = trainTokenizer(options, [n = 0](std::string& text) mutable {
        text = "one two three four five";
        return ++n < 20;
    });
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().text();
    return std::move(tokenizer).value();
}

std::string chosen(const Tokenizer& tokenizer, const StoredTemplate& stored, const std::string& asked = "auto") {
    const auto result = chooseTemplate(tokenizer, stored, asked);
    EXPECT_OK(result);
    if (!result.ok()) return "";
    return result->name() + ", " + templateSourceText(result->source) + (result->unknownJinja ? ", unknown" : "");
}

constexpr const char* kUnknown = "{% for m in messages %}{{ m.role + ': ' + m.content }}{% endfor %}";

TEST(StoredTemplate, ComesBackToTheByte) {
    const test::TemporaryFolder folder;
    EXPECT_EQ(loadStoredTemplate(folder.path()).value().name, "");
    EXPECT_EQ(loadStoredTemplate(folder.path()).value().jinja, "");
    const std::string jinja = "{%- if x -%}\r\n\t\xe6\x97\xa5{% endif %}  \n\n";
    ASSERT_OK(saveStoredTemplate(folder.path(), {"chatml", jinja}));
    const auto loaded = loadStoredTemplate(folder.path());
    ASSERT_OK(loaded);
    EXPECT_EQ(loaded->name, "chatml");
    EXPECT_EQ(loaded->jinja, jinja);
}

TEST(StoredTemplate, WhatIsBrokenIsRefusedByName) {
    const test::TemporaryFolder folder;
    const auto file = folder / "chat_template.json";
    for (const char* text : {"{", "[]", "{\"template\": 3}", "{\"version\": 1}", "{\"template\": \"vicuna\"}",
                             "{\"version\": 2, \"template\": \"chatml\"}"}) {
        ASSERT_OK(writeFileAtomic(file, text));
        const auto loaded = loadStoredTemplate(folder.path());
        ASSERT_FALSE(loaded.ok()) << text;
        EXPECT_NE(loaded.error().text().find("chat_template.json"), std::string::npos) << loaded.error().text();
    }
}

TEST(StoredTemplate, TheFirstThatSaysSomethingCounts) {
    const Tokenizer own = trainedTokenizer(ChatTemplate::specialTokens()), plain = trainedTokenizer({}),
                    ml = trainedTokenizer({"<|im_start|>", "<|im_end|>"});
    EXPECT_EQ(chosen(own, {}), "distillix-chat-1, what suits the tokenizer");
    EXPECT_EQ(chosen(ml, {}), "chatml, what suits the tokenizer");
    EXPECT_EQ(chosen(plain, {}), "distillix-plain-1, what suits the tokenizer");
    EXPECT_EQ(chosen(own, {"llama-2", ""}), "llama-2, stored with the model");
    EXPECT_EQ(chosen(own, {"none", ""}), "none, stored with the model");
    EXPECT_EQ(chosen(own, {"", kUnknown}), "distillix-chat-1, what suits the tokenizer, unknown");
    EXPECT_EQ(chosen(own, {"chatml", kUnknown}), "chatml, stored with the model");
    EXPECT_EQ(chosen(own, {"chatml", kUnknown}, "llama-2"), "llama-2, asked for");
    EXPECT_EQ(chosen(own, {}, "none"), "none, asked for");
    EXPECT_FALSE(chooseTemplate(plain, {}, "distillix-chat-1").ok());
    EXPECT_FALSE(chooseTemplate(plain, {}, "jinja").ok());
}

TEST(StoredTemplate, KnowsJinjaOfTheTemplatesThereAre) {
    const Tokenizer own = trainedTokenizer(ChatTemplate::specialTokens()), plain = trainedTokenizer({});
    for (const auto& name : ChatTemplate::names()) {
        const auto chat = ChatTemplate::create(own, name);
        ASSERT_OK(chat);
        EXPECT_EQ(recognizeJinja(chat->jinja(), own), name);
    }
    EXPECT_EQ(recognizeJinja("{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' }}"
                             "{% endfor %}",
                             plain),
              "chatml");
    EXPECT_EQ(recognizeJinja("... '<<SYS>>\\n' ... '[INST] ' + content + ' [/INST]' ...", plain), "llama-2");
    // Mistral's has no system words and other spaces: not that one.
    EXPECT_EQ(recognizeJinja("{{ '[INST] ' + m.content + ' [/INST]' }}", plain), "");
    EXPECT_EQ(recognizeJinja(kUnknown, plain), "");
}

}  // namespace
}  // namespace distillix
