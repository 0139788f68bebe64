// SPDX-License-Identifier: Apache-2.0
// Talking through the built program: templates, sampling, alternatives, full contexts. The model is one of random
// weights: what is held is how it is asked, not what it says.
#include <cmath>

#include <gtest/gtest.h>

#include "core/data/stored_template.h"
#include "tests/cli/program.h"
#include "tests/cli/small_model.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::Program;
using test::run;
using test::TemporaryFolder;

constexpr int kContext = 64;

void makeModel(const fs::path& path, const std::vector<std::string>& special) {
    test::makeSmallModel(path, special, kContext);
}

/// chat --json, asked one request after the other.
class Talk {
  public:
    explicit Talk(std::vector<std::string> arguments) : m_program(arguments) {
        m_ready = m_program.waitFor([](const Json& line) { return line.value("event", "") == "ready"; });
        EXPECT_FALSE(m_ready.is_null()) << m_program.errors();
    }
    const Json& ready() const { return m_ready; }
    /// The result (or error) of a request with these keys; its events land in events().
    Json ask(Json keys, const std::string& request = "generate") {
        keys["id"] = ++m_id;
        keys["request"] = request;
        m_program.say(keys.dump() + "\n");
        m_events.clear();
        const Json end = m_program.waitFor([&](const Json& line) {
            if (!line.contains("id") || line.at("id") != m_id) return false;
            if (line.at("type") == "event") m_events.push_back(line);
            return line.at("type") != "event";
        });
        return end.value("type", "") == "result" ? end.at("result") : end;
    }
    std::vector<Json> events(const std::string& name) const {
        std::vector<Json> some;
        for (const auto& event : m_events)
            if (event.at("event") == name) some.push_back(event);
        return some;
    }
    std::string streamed() const {
        std::string text;
        for (const auto& event : events("text")) text += event.at("text").get<std::string>();
        return text;
    }

  private:
    Program m_program;
    Json m_ready;
    std::vector<Json> m_events;
    int m_id = 0;
};

TEST(Chat, AlternativesAreToldAndCanBeGoneOnFrom) {
    const TemporaryFolder folder;
    makeModel(folder / "model", ChatTemplate::specialTokens());
    Talk talk({"chat", folder / "model", "--json", "--temperature", "0", "--max-tokens", "8"});
    EXPECT_EQ(talk.ready().at("template"), "distillix-chat-1");
    const Json plain = talk.ask({{"prompt", "one two"}});
    EXPECT_TRUE(talk.events("token").empty()) << "only where asked for";
    const Json first = talk.ask({{"prompt", "one two"}, {"logprobs", 3}});
    EXPECT_EQ(first.at("text"), plain.at("text"));
    const auto tokens = talk.events("token");
    const Json ids = first.at("ids");
    ASSERT_EQ(ids.size(), first.at("tokens"));
    ASSERT_GE(tokens.size(), 3u);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(tokens[i].at("token"), ids[i]);
        ASSERT_EQ(tokens[i].at("alternatives").size(), 3u);
        EXPECT_EQ(tokens[i].at("alternatives")[0].at("token"), ids[i]) << "at temperature 0 the likeliest is taken";
        double sum = 0;
        for (const auto& other : tokens[i].at("alternatives")) sum += std::exp(other.at("logprob").get<double>());
        EXPECT_GT(sum, 0);
        EXPECT_LE(sum, 1 + 1e-9);
    }
    // The second choice at the third token.
    Json prefix = Json::array({ids[0], ids[1], tokens[2].at("alternatives")[1].at("token")});
    const Json other = talk.ask({{"prompt", "one two"}, {"prefix", prefix}, {"logprobs", 1}});
    EXPECT_EQ(talk.streamed(), other.at("text")) << "the prefix comes out too";
    ASSERT_GT(other.at("ids").size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(other.at("ids")[i], prefix[i]);
    EXPECT_EQ(other.at("tokens"), other.at("ids").size() - 3);
    EXPECT_EQ(talk.events("token").front().at("token"), other.at("ids")[3]) << "what was given is not told as drawn";
    EXPECT_EQ(other.at("reusedTokens").get<int>(), other.at("promptTokens").get<int>() + 2)
        << "only what is behind it is computed";
    const Json words = talk.ask({{"prompt", "one two"}, {"prefix", "three"}});
    EXPECT_EQ(words.at("text").get<std::string>().rfind("three", 0), 0u) << words;
    for (const Json& wrong : {Json{{"prompt", "a"}, {"prefix", 3}}, Json{{"prompt", "a"}, {"prefix", {1, "b"}}},
                              Json{{"prompt", "a"}, {"prefix", {99999}}}, Json{{"text", "a"}, {"prefix", "b"}}})
        EXPECT_EQ(talk.ask(wrong).value("code", ""), "invalid_argument") << wrong;

    const auto shown = run({"generate", folder / "model", "--prompt", "one two", "--temperature", "0", "--max-tokens",
                            "8", "--logprobs", "2"});
    EXPECT_EQ(shown.code, 0);
    EXPECT_EQ(shown.out.rfind(plain.at("text").get<std::string>() + "\n", 0), 0u) << shown.out;
    EXPECT_NE(shown.out.find("instead"), std::string::npos) << shown.out;
}

TEST(Chat, SamplingIsAsAsked) {
    const TemporaryFolder folder;
    makeModel(folder / "model", ChatTemplate::specialTokens());
    Talk talk({"chat", folder / "model", "--json", "--max-tokens", "24", "--temperature", "1.5", "--top-k", "0",
               "--top-p", "1"});
    const Json base{{"text", "one two three"}};
    const auto with = [&](const Json& more) {
        Json keys = base;
        keys.update(more);
        return talk.ask(keys).at("text");
    };
    const Json drawn = with({{"seed", 3}}), greedy = with({{"temperature", 0}});
    EXPECT_EQ(with({{"seed", 3}}), drawn);
    EXPECT_NE(with({{"seed", 4}}), drawn);
    EXPECT_EQ(with({{"seed", 3}, {"min_p", 1}}), greedy);
    EXPECT_EQ(with({{"seed", 3}, {"top_k", 1}}), greedy);
    EXPECT_NE(with({{"temperature", 0}, {"repetition_penalty", 50}}), greedy);
    EXPECT_EQ(with({{"temperature", 0}, {"repetition_penalty", 50}, {"repetition_window", 0}}), greedy);
    for (const Json& wrong : {Json{{"min_p", 2}}, Json{{"repetition_penalty", 0}}, Json{{"overflow", "burst"}}}) {
        Json keys = base;
        keys.update(wrong);
        const Json error = talk.ask(keys);
        EXPECT_EQ(error.value("code", ""), "invalid_argument") << error;
        EXPECT_NE(error.value("message", "").find(wrong.begin().key()), std::string::npos) << error;
    }
}

TEST(Chat, AFullContextForgetsTheOldestOrStops) {
    const TemporaryFolder folder;
    makeModel(folder / "model", ChatTemplate::specialTokens());
    Talk talk({"chat", folder / "model", "--json", "--temperature", "0"});
    Json messages = Json::array({{{"role", "system"}, {"content", "seven"}}});
    for (int turn = 0; turn < 8; ++turn) {
        messages.push_back({{"role", "user"}, {"content", "one two three"}});
        messages.push_back({{"role", "assistant"}, {"content", "four five six"}});
    }
    messages.push_back({{"role", "user"}, {"content", "five"}});
    const Json refused = talk.ask({{"messages", messages}, {"overflow", "stop"}});
    EXPECT_EQ(refused.value("code", ""), "invalid_argument");
    EXPECT_NE(refused.value("message", "").find("do not fit"), std::string::npos) << refused;
    const Json answered = talk.ask({{"messages", messages}, {"max_tokens", 200}});
    EXPECT_GT(answered.at("droppedMessages"), 0);
    EXPECT_EQ(answered.at("droppedMessages").get<int>() % 2, 0) << "a question goes with its answer";
    EXPECT_GT(answered.at("droppedTokens"), 0);
    const Json stopped = talk.ask({{"prompt", "one"}, {"max_tokens", 200}, {"overflow", "stop"}});
    EXPECT_TRUE(stopped.at("finish") == "context" || stopped.at("finish") == "end_token") << stopped;
    EXPECT_LE(stopped.at("tokens"), kContext);
    const Json endless = talk.ask({{"text", "one two"}, {"max_tokens", 150}, {"stop", Json::array()}});
    EXPECT_TRUE(endless.at("finish") == "end_token" || endless.at("tokens") == 150) << endless;
}

TEST(Chat, TheContextIsToldAndCanBeCounted) {
    const TemporaryFolder folder;
    makeModel(folder / "model", ChatTemplate::specialTokens());
    Talk talk({"chat", folder / "model", "--json", "--temperature", "0", "--max-tokens", "8"});
    Json messages = Json::array({{{"role", "user"}, {"content", "one two three"}}});
    const Json counted = talk.ask({{"messages", messages}}, "count");
    EXPECT_EQ(counted.at("context"), kContext);
    EXPECT_TRUE(talk.events("prompt").empty()) << "nothing is computed";
    const Json first = talk.ask({{"messages", messages}});
    ASSERT_EQ(talk.events("prompt").size(), 1u);
    const Json prompt = talk.events("prompt").front();
    EXPECT_EQ(prompt.at("promptTokens"), counted.at("tokens"));
    EXPECT_EQ(prompt.at("contextTokens"), counted.at("tokens"));
    EXPECT_EQ(prompt.at("droppedTokens"), 0);
    EXPECT_EQ(first.at("promptTokens"), counted.at("tokens"));
    EXPECT_GE(first.at("contextTokens").get<int>(), counted.at("tokens").get<int>());
    EXPECT_LE(first.at("contextTokens").get<int>(), counted.at("tokens").get<int>() + 8);
    // More than there is room for is counted all the same; what is dropped of it is told before the first word.
    for (int turn = 0; turn < 8; ++turn) {
        messages.push_back({{"role", "assistant"}, {"content", "four five six"}});
        messages.push_back({{"role", "user"}, {"content", "one two three"}});
    }
    const int all = talk.ask({{"messages", messages}}, "count").at("tokens").get<int>();
    EXPECT_GT(all, kContext);
    talk.ask({{"messages", messages}});
    ASSERT_EQ(talk.events("prompt").size(), 1u);
    const Json full = talk.events("prompt").front();
    EXPECT_EQ(full.at("promptTokens"), all);
    EXPECT_GT(full.at("droppedMessages"), 0);
    EXPECT_EQ(full.at("contextTokens").get<int>(), all - full.at("droppedTokens").get<int>());
    EXPECT_EQ(talk.ask({{"messages", "none"}}, "count").value("code", ""), "invalid_argument");
    EXPECT_EQ(talk.ask({{"text", "one"}}, "recount").value("code", ""), "invalid_argument");
}

TEST(Chat, TheTemplateIsTheModelsOrTheOneAskedFor) {
    const TemporaryFolder folder;
    const fs::path model = folder / "model";
    makeModel(model, {"<|im_start|>", "<|im_end|>"});
    const auto promptTokens = [&](const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"generate", model,    "--prompt",      "one", "--max-tokens",
                                           "1",        "--json", "--temperature", "0"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const auto outcome = run(arguments);
        EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
        return outcome.result().at("promptTokens").get<int>();
    };
    const auto tokenizer = Tokenizer::load(model / "tokenizer.model");
    ASSERT_OK(tokenizer);
    for (const std::string name : {"chatml", "llama-2", "distillix-plain-1"})
        EXPECT_EQ(promptTokens({"--template", name}),
                  static_cast<int>(ChatTemplate::create(*tokenizer, name)->renderPrompt("one").size()))
            << name;
    EXPECT_EQ(promptTokens({}), promptTokens({"--template", "chatml"})) << "it has ChatML's pieces";
    EXPECT_EQ(promptTokens({"--template", "none"}), 1 + static_cast<int>(tokenizer->encode("one").size()));

    ASSERT_OK(saveStoredTemplate(model, {"llama-2", ""}));
    EXPECT_EQ(promptTokens({}), promptTokens({"--template", "llama-2"}));
    EXPECT_EQ(Talk({"chat", model, "--json"}).ready().at("template"), "llama-2");
    EXPECT_NE(run({"info", "model", model}).out.find("llama-2 (stored with the model)"), std::string::npos);

    // A template in Jinja that nobody here knows: kept, shown to the byte, not run.
    fs::remove(model / "chat_template.json");
    const std::string jinja = "{{ raise_exception('run me') }}{% for m in messages %}\t{{ m }}{% endfor %}\n";
    ASSERT_OK(saveStoredTemplate(model, {"", jinja}));
    const auto info = run({"info", "model", model});
    EXPECT_EQ(info.code, 0);
    EXPECT_NE(info.out.find(jinja), std::string::npos) << info.out;
    EXPECT_NE(info.errors.find("never run"), std::string::npos) << info.errors;
    const Json told = run({"info", "model", model, "--json"}).result().at("template");
    EXPECT_EQ(told.at("jinja"), jinja);
    EXPECT_EQ(told.at("unknownJinja"), true);
    EXPECT_EQ(told.at("name"), "chatml");
    EXPECT_EQ(promptTokens({}), promptTokens({"--template", "chatml"}));

    EXPECT_EQ(run({"generate", model, "--prompt", "a", "--template", "distillix-chat-1"}).code, 2);
    const auto unknown = run({"generate", model, "--prompt", "a", "--template", "vicuna"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_NE(unknown.errors.find("llama-2"), std::string::npos) << "names what there is: " << unknown.errors;
}

TEST(Chat, ABaseModelContinuesTexts) {
    const TemporaryFolder folder;
    makeModel(folder / "model", {});
    Talk talk({"chat", folder / "model", "--json", "--template", "none", "--temperature", "0", "--max-tokens", "6"});
    EXPECT_EQ(talk.ready().at("template"), "none");
    const Json asked = talk.ask({{"prompt", "one two"}}), text = talk.ask({{"text", "one two"}});
    EXPECT_EQ(asked.at("text"), text.at("text"));
    const Json one = Json::array({{{"role", "user"}, {"content", "one two"}}});
    EXPECT_EQ(talk.ask({{"messages", one}}).at("text"), text.at("text"));
    Json two = one;
    two.push_back({{"role", "assistant"}, {"content", "three"}});
    const Json refused = talk.ask({{"messages", two}});
    EXPECT_EQ(refused.value("code", ""), "invalid_argument");
    EXPECT_NE(refused.value("message", "").find("no chat template"), std::string::npos) << refused;
    const auto byHand = run({"chat", folder / "model", "--template", "none", "--temperature", "0", "--max-tokens", "6"},
                            "one two\none two\n");
    EXPECT_EQ(byHand.out, text.at("text").get<std::string>() + "\n" + text.at("text").get<std::string>() + "\n");
}

TEST(Chat, AnswersWhereItsPackedModelCannotBeKept) {
    const TemporaryFolder folder;
    makeModel(folder / "model", {});
    const std::vector<std::string> words = {
        "generate", folder / "model", "--text", "one two", "--json", "--temperature", "0", "--max-tokens", "6"};
    const std::string expected = run(words).result().at("text");
    // Tells how often the note was given, and holds the answer to the one above.
    const auto notes = [&](const std::string& begin, const std::vector<std::string>& environment) {
        Program program(words, environment);
        int count = 0;
        const Json result = program.waitFor([&](const Json& line) {
            count += line.value("type", "") == "log" && line.at("message").get<std::string>().find(begin) == 0;
            return line.value("type", "") == "result";
        });
        EXPECT_EQ(program.wait(), 0) << program.rest() << program.errors();
        EXPECT_EQ(result.is_object() ? result.at("result").at("text").get<std::string>() : "", expected);
        return count;
    };
    const std::string refused = "the packed model could not be kept";
    EXPECT_EQ(notes(refused, {"DISTILLIX_CACHE=/proc/nobody-writes-here"}), 1);
    EXPECT_EQ(notes(refused, {"DISTILLIX_CACHE=" + (folder / "model" / "config.json").string()}), 1) << "below a file";

    if (!fs::exists(std::string(DISTILLIX_BINARY_DIR) + "/libfull_disk.so"))
        GTEST_SKIP() << "libfull_disk.so was not built";
    const auto full = [](int at) {
        return std::vector<std::string>{"LD_PRELOAD=" DISTILLIX_BINARY_DIR "/libfull_disk.so",
                                        "FULL_DISK_AT=" + std::to_string(at)};
    };
    int writes = 0;
    for (; writes < 100; ++writes) {
        const fs::path cache = folder / ("cache-" + std::to_string(writes));
        std::vector<std::string> environment = full(writes);
        environment.push_back("DISTILLIX_CACHE=" + cache.string());
        if (notes(refused, environment) == 0) break;
        EXPECT_TRUE(fs::is_empty(cache / "packed")) << "full at write " << writes;
    }
    EXPECT_GE(writes, 2) << "the disk was never full";
    EXPECT_LT(writes, 100);
    // A kept one whose weights were touched is as good as before, though that cannot be noted.
    const std::string cache = "DISTILLIX_CACHE=" + (folder / "cache").string();
    EXPECT_EQ(notes(refused, {cache}), 0);
    fs::last_write_time(folder / "model" / "model.safetensors", fs::file_time_type::clock::now());
    std::vector<std::string> environment = full(0);
    environment.push_back(cache);
    EXPECT_EQ(notes("that the weights are still the same could not be noted", environment), 1);
    Program chat({"chat", folder / "model", "--json"}, environment);
    const Json ready = chat.waitFor([](const Json& line) { return line.value("event", "") == "ready"; });
    ASSERT_TRUE(ready.is_object());
    EXPECT_EQ(ready.at("packed").at("fromCache"), true);
}

}  // namespace
}  // namespace distillix
