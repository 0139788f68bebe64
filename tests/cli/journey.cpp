// SPDX-License-Identifier: Apache-2.0
// The main job through the built program: data, training, kills, resuming, talking.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/rng.h"
#include "core/train/run_folder.h"
#include "tests/cli/program.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::Program;
using test::run;
using test::TemporaryFolder;

/// A small dataset, made once by the program itself.
const fs::path& smallDataset() {
    static const TemporaryFolder folder;
    static const fs::path dataset = [] {
        const auto sample = run({"sample-data", folder / "text", "--training", "1200", "--validation", "60", "--json"});
        EXPECT_EQ(sample.code, 0) << sample.out << sample.errors;
        EXPECT_EQ(sample.result().at("training"), 1200);
        const auto import =
            run({"import", folder / "text" / "train.jsonl", "--validation", folder / "text" / "validation.jsonl",
                 "--out", folder / "dataset", "--vocab-size", "512", "--json"});
        EXPECT_EQ(import.code, 0) << import.out << import.errors;
        const Json result = import.result();
        EXPECT_EQ(result.at("train").at("documents"), 1200);
        EXPECT_EQ(result.at("validation").at("documents"), 60);
        EXPECT_EQ(result.at("heldOutPrompts"), 60);
        return folder / "dataset";
    }();
    return dataset;
}

/// A training small enough to be killed twenty times.
std::vector<std::string> trainNew(const fs::path& folder, int steps) {
    return test::trainTiny(
        folder, smallDataset(), 64, 2, 128,
        {"--json", "--batch", "4", "--warmup-steps", "5", "--checkpoint-every", "7", "--validate-every", "10",
         "--validation-tokens", "2048", "--sample-every", "0", "--steps", std::to_string(steps)});
}

std::string lastWeights(const fs::path& folder) {
    const auto checkpoints = runCheckpoints(folder);
    if (checkpoints.empty()) return {};
    const auto bytes = readFile(checkpoints.back().path / "model.safetensors");
    return bytes.ok() ? *bytes : std::string();
}

/// The steps and losses that count, in order.
std::vector<std::pair<std::int64_t, double>> lossesOf(const fs::path& folder) {
    std::vector<std::pair<std::int64_t, double>> losses;
    const auto lines = readRunLines(folder, RunLog::Metrics);
    EXPECT_OK(lines);
    if (lines.ok())
        for (const auto& line : *lines)
            losses.emplace_back(line.at("step").get<std::int64_t>(), line.at("loss").get<double>());
    return losses;
}

bool isStep(const Json& line, std::int64_t atLeast) {
    return line.value("type", "") == "progress" && line.value("phase", "") == "train" &&
           line.value("done", 0.0) >= static_cast<double>(atLeast);
}

TEST(Journey, FromNothingToAnAnswerThroughAKill) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    ASSERT_EQ(run({"info", "dataset", smallDataset(), "--verify"}).code, 0);
    {
        Program training(trainNew(path, 1000000));  // it ends by nothing but the signal
        ASSERT_FALSE(training.waitFor([](const Json& line) { return isStep(line, 9); }).is_null()) << training.errors();
        EXPECT_EQ(run({"train", "resume", path}).code, 9) << "a second trainer is told that the run is busy";
        EXPECT_EQ(Json(run({"runs", "show", path, "--json"}).result()).at("state"), "running");
        training.signal(SIGKILL);
        EXPECT_EQ(training.wait(), 128 + SIGKILL);
    }
    EXPECT_EQ(run({"runs", "show", path, "--json"}).result().at("state"), "crashed");
    const auto checkpoints = runCheckpoints(path);
    ASSERT_FALSE(checkpoints.empty());
    const std::int64_t steps = checkpoints.back().step + 30;
    const auto resumed = run({"train", "resume", path, "--steps", std::to_string(steps), "--json"});
    ASSERT_EQ(resumed.code, 0) << resumed.out << resumed.errors;
    EXPECT_EQ(resumed.result().at("state"), "finished");
    EXPECT_EQ(resumed.result().at("step"), steps);
    const auto losses = lossesOf(path);
    ASSERT_EQ(losses.size(), static_cast<std::size_t>(steps));
    for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_EQ(losses[i].first, static_cast<std::int64_t>(i) + 1);
    EXPECT_LT(losses.back().second, losses.front().second);

    const auto answer =
        run({"generate", path, "--prompt", "Write a function.", "--max-tokens", "12", "--temperature", "0", "--json"});
    ASSERT_EQ(answer.code, 0) << answer.out << answer.errors;
    std::string streamed;
    for (const auto& line : answer.lines())
        if (line.value("event", "") == "text") streamed += line.at("text").get<std::string>();
    EXPECT_EQ(streamed, answer.result().at("text"));
    const auto plain =
        run({"generate", path, "--prompt", "Write a function.", "--max-tokens", "12", "--temperature", "0"});
    EXPECT_EQ(plain.out, streamed + "\n") << "text and JSON say the same";
    const auto evaluated = run({"eval", path, "--dataset", smallDataset(), "--compare", "--json"}).result();
    EXPECT_GT(evaluated.at("bitsPerByte"), 0.0);
    EXPECT_GE(evaluated.at("compressors").size(), 1u);
    const auto heads = run({"eval", path, "--dataset", smallDataset(), "--heads", "--json"}).result().at("heads");
    ASSERT_EQ(heads.size(), 5u);
    EXPECT_EQ(heads[0].at("perplexity"), evaluated.at("perplexity"));
    for (const auto& head : heads)
        EXPECT_NEAR(head.at("bitsPerByte").get<double>(), evaluated.at("bitsPerByte").get<double>(),
                    head.at("head") == "int4" ? 0.1 : 0.01)
            << head;

    // More steps than were planned: a finished run goes on where it is.
    const auto longer = run({"train", "resume", path, "--steps", std::to_string(steps + 2), "--json"});
    ASSERT_EQ(longer.code, 0) << longer.out << longer.errors;
    EXPECT_EQ(longer.result().at("step"), steps + 2);
}

TEST(Journey, ChatTakesRequests) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    ASSERT_EQ(run(trainNew(path, 3)).code, 0);
    Program chat({"chat", path, "--json", "--temperature", "0"});
    const Json ready = chat.waitFor([](const Json& line) { return line.value("event", "") == "ready"; });
    ASSERT_FALSE(ready.is_null());
    EXPECT_EQ(ready.at("packed").at("head"), "int8");
    EXPECT_EQ(ready.at("packed").at("fromCache"), false);
    const auto again = run({"generate", path, "--text", "a", "--max-tokens", "1", "--kv", "int8", "--head", "int4"});
    EXPECT_EQ(again.code, 0) << again.errors;
    const auto endOf = [&](const Json& id) {
        return chat.waitFor(
            [&](const Json& line) { return line.contains("id") && line.at("id") == id && line.at("type") != "event"; });
    };
    chat.say("{\"id\":1,\"request\":\"generate\",\"prompt\":\"Say a word.\",\"max_tokens\":5}\n");
    const Json first = endOf(1);
    ASSERT_EQ(first.value("type", ""), "result") << first;
    EXPECT_LE(first.at("result").at("tokens"), 5);
    // The same as a conversation; what was computed for the first is kept.
    chat.say(
        "{\"id\":\"b\",\"request\":\"generate\",\"messages\":[{\"role\":\"user\",\"content\":\"Say a "
        "word.\"}],\"max_tokens\":5}\n");
    const Json second = endOf("b");
    ASSERT_EQ(second.value("type", ""), "result") << second;
    EXPECT_EQ(second.at("result").at("text"), first.at("result").at("text"));
    EXPECT_GT(second.at("result").at("reusedTokens"), 0);
    for (const char* wrong :
         {"{\"id\":3,\"request\":\"sing\"}", "{\"id\":3,\"request\":\"generate\"}",
          "{\"id\":3,\"request\":\"generate\",\"prompt\":\"a\",\"text\":\"b\"}",
          "{\"id\":3,\"request\":\"generate\",\"prompt\":\"a\",\"temperature\":-1}",
          "{\"id\":3,\"request\":\"generate\",\"prompt\":\"a\",\"colour\":1}",
          "{\"id\":3,\"request\":\"generate\",\"messages\":[{\"role\":\"judge\",\"content\":\"a\"}]}"}) {
        chat.say(std::string(wrong) + "\n");
        const Json answer = endOf(3);
        EXPECT_EQ(answer.value("type", ""), "error") << wrong << answer;
        EXPECT_EQ(answer.value("code", ""), "invalid_argument") << wrong << answer;
    }
    // Cancelled in the same breath: whether it was begun by then or not, it ends so. (The likeliest tokens of a model
    // that was hardly trained repeat themselves and never end, and of a text the beginning is dropped for them.)
    chat.say(
        "{\"id\":6,\"request\":\"generate\",\"text\":\"Say a word.\",\"temperature\":0,\"max_tokens\":100000}\n"
        "{\"id\":7,\"request\":\"cancel\",\"target\":6}\n");
    bool confirmed = false;
    const Json cancelled = chat.waitFor([&](const Json& line) {
        confirmed =
            confirmed || (line.contains("id") && line.at("id") == 7 && line.at("result").at("cancelled") == true);
        return line.contains("id") && line.at("id") == 6 && line.at("type") != "event";
    });
    if (!confirmed) {
        EXPECT_EQ(endOf(7).at("result").at("cancelled"), true);
    }
    const bool begun = cancelled.at("type") == "result";
    EXPECT_EQ(begun ? cancelled.at("result").at("finish") : cancelled.at("code"), "cancelled");
    std::string longText;
    for (int i = 0; i < 2000; ++i) longText += "word ";
    chat.say(Json{{"id", 4}, {"request", "generate"}, {"prompt", longText}}.dump() + "\n");
    EXPECT_EQ(endOf(4).value("type", ""), "error") << "too long for the context, and said so";
    chat.say("{\"id\":5,\"request\":\"quit\"}\n");
    EXPECT_EQ(chat.wait(), 0);

    // A script pipes questions in; the end of its input is the end.
    const auto piped = run({"chat", path, "--json", "--temperature", "0"},
                           "{\"id\":1,\"request\":\"generate\",\"prompt\":\"Say a word.\",\"max_tokens\":5}\n");
    EXPECT_EQ(piped.code, 0);
    EXPECT_EQ(piped.result().at("answered"), 1);
    // And a person's way, without JSON.
    const auto byHand = run({"chat", path, "--temperature", "0", "--max-tokens", "5"}, "Say a word.\n/new\n/quit\n");
    EXPECT_EQ(byHand.code, 0);
    EXPECT_EQ(byHand.out, first.at("result").at("text").get<std::string>() + "\n");
}

TEST(Journey, StopsOnRequestAndGoesOn) {
    const TemporaryFolder folder;
    const fs::path whole = folder / "whole", parts = folder / "parts";
    constexpr int kSteps = 300;  // seconds, so that it does not end before the signal comes
    ASSERT_EQ(run(trainNew(whole, kSteps)).code, 0);
    {
        Program training(trainNew(parts, kSteps));
        ASSERT_FALSE(training.waitFor([](const Json& line) { return isStep(line, 3); }).is_null());
        training.signal(SIGINT);
        EXPECT_EQ(training.wait(), 10);
        EXPECT_NE(training.rest().find("\"state\":\"stopped\""), std::string::npos) << training.rest();
    }
    const auto summary = readRun(parts);
    ASSERT_OK(summary);
    EXPECT_EQ(summary->state, RunState::Stopped);
    ASSERT_FALSE(summary->checkpoints.empty());
    EXPECT_EQ(summary->checkpoints.back().step, summary->step) << "it stopped behind a checkpoint";
    {
        Program training({"train", "resume", parts, "--json"});
        ASSERT_FALSE(training.waitFor([](const Json& line) { return line.value("type", "") == "progress"; }).is_null());
        const auto asked = run({"runs", "checkpoint", parts, "--json"});
        const auto stop = run({"runs", "stop", parts, "--json"});
        // The run may have come to its end before it was asked; then the answer says that.
        EXPECT_TRUE(asked.code == 0 || asked.code == 4 || asked.code == 10) << asked.out;
        EXPECT_TRUE(stop.code == 0 || stop.code == 4 || stop.code == 10) << stop.out;
        const int code = training.wait();
        EXPECT_TRUE(code == 0 || code == 10) << code;
        EXPECT_EQ(code == 10, stop.code == 0);
    }
    const auto last = run({"train", "resume", parts});
    EXPECT_EQ(last.code, 0) << last.errors;
    EXPECT_EQ(lastWeights(parts), lastWeights(whole)) << "bit for bit as in one go";
}

TEST(Journey, ASecondSignalEndsItAtOnce) {
    const TemporaryFolder folder;
    // Between the two signals the training may just manage to write its checkpoint and end; not ten times.
    int code = 0;
    for (int attempt = 0; attempt < 10 && code != 128 + SIGTERM; ++attempt) {
        const fs::path path = folder / ("run" + std::to_string(attempt));
        Program training(trainNew(path, 1000000));
        ASSERT_FALSE(training.waitFor([](const Json& line) { return isStep(line, 1); }).is_null());
        training.signal(SIGINT);
        training.signal(SIGTERM);
        code = training.wait();
        EXPECT_TRUE(code == 10 || code == 128 + SIGTERM) << code;
        const auto summary = readRun(path);
        ASSERT_OK(summary);
        EXPECT_EQ(summary->state, code == 10 ? RunState::Stopped : RunState::Crashed);
    }
    EXPECT_EQ(code, 128 + SIGTERM);
}

TEST(Journey, SlowKilledAtRandomMomentsItEndsTheSame) {
    const TemporaryFolder folder;
    const char* asked = std::getenv("DISTILLIX_KILLS");
    const int wanted = asked && *asked ? std::atoi(asked) : 20;
    const fs::path whole = folder / "whole", killed = folder / "killed";
    const int steps = 60;
    double began = steadyNow();
    const auto reference = run(trainNew(whole, steps));
    ASSERT_EQ(reference.code, 0) << reference.out << reference.errors;
    const double seconds = steadyNow() - began;

    Rng rng(20);
    int kills = 0, afterCheckpoint = 0;
    for (int attempt = 0; kills < wanted && attempt < 3 * wanted; ++attempt) {
        std::error_code ignored;
        const bool begun = fs::exists(killed / "run.json", ignored);
        Program training(begun ? std::vector<std::string>{"train", "resume", killed, "--json"}
                               : trainNew(killed, steps));
        // Anywhere from before it has read its data to past the middle of a training; the moment is the test's input.
        std::this_thread::sleep_for(std::chrono::duration<double>(rng.uniform() * seconds * 0.5));
        training.signal(SIGKILL);
        const int code = training.wait();
        if (code == 128 + SIGKILL) {
            ++kills;
            afterCheckpoint += !runCheckpoints(killed).empty();
            continue;
        }
        ASSERT_EQ(code, 0) << training.errors();
        // It got to its end first. Begin another, so that all kills meet a training at work.
        EXPECT_EQ(lastWeights(killed), lastWeights(whole));
        fs::remove_all(killed, ignored);
    }
    EXPECT_EQ(kills, wanted);
    std::printf("%d kills, %d of them with a checkpoint to go on from\n", kills, afterCheckpoint);
    EXPECT_GT(afterCheckpoint, 0);
    std::error_code ignored;
    const auto last = fs::exists(killed / "run.json", ignored) ? run({"train", "resume", killed, "--json"})
                                                               : run(trainNew(killed, steps));
    ASSERT_EQ(last.code, 0) << last.out << last.errors;
    EXPECT_EQ(lastWeights(killed), lastWeights(whole)) << "the weights, to the byte";
    EXPECT_EQ(lossesOf(killed), lossesOf(whole)) << "every step once, with the very same loss";
    for (const auto& entry : fs::recursive_directory_iterator(killed))
        EXPECT_FALSE(isPartialName(entry.path())) << entry.path();
}

TEST(Journey, BadInputIsNamedByPlace) {
    const TemporaryFolder folder;
    ASSERT_OK(writeFileAtomic(folder / "bad.jsonl", "{\"prompt\":\"a\",\"response\":\"b\"}\n{\"prompt\":\"a\"\n"));
    const auto strict = run({"import", folder / "bad.jsonl", "--out", folder / "d", "--strict"});
    EXPECT_EQ(strict.code, 3);
    EXPECT_NE(strict.errors.find("bad.jsonl:2"), std::string::npos) << strict.errors;
    EXPECT_FALSE(fs::exists(folder / "d"));
    EXPECT_EQ(run({"import", folder / "missing.jsonl", "--out", folder / "d"}).code, 4);
    EXPECT_EQ(run({"import", folder / "bad.jsonl", "--out", smallDataset()}).code, 5);
    EXPECT_EQ(run({"sample-data", smallDataset()}).code, 5);
    EXPECT_EQ(run({"info", "dataset", folder / "missing"}).code, 4);
    EXPECT_EQ(run({"tokenizer", "info", folder / "bad.jsonl"}).code, 3);
    EXPECT_EQ(run({"train", "new", folder / "r", "--dataset", folder / "missing", "--steps", "1"}).code, 4);
    EXPECT_EQ(run({"train", "new", folder / "r", "--dataset", smallDataset(), "--preset", "huge", "--steps", "1"}).code,
              4);
    EXPECT_EQ(run({"train", "new", folder / "r", "--dataset", smallDataset(), "--minutes", "0"}).code, 2)
        << "neither steps nor minutes";
    for (const auto& [flag, value] : std::vector<std::pair<std::string, std::string>>{{"--batch", "0"},
                                                                                      {"--batch", "many"},
                                                                                      {"--clip", "-1"},
                                                                                      {"--schedule", "zigzag"},
                                                                                      {"--attn-logit-soft-cap", "soft"},
                                                                                      {"--steps", "1.5"}}) {
        const auto outcome =
            run({"train", "new", folder / "r", "--dataset", smallDataset(), "--steps", "1", flag, value});
        EXPECT_EQ(outcome.code, 2) << flag << " " << value;
        EXPECT_NE(outcome.errors.find(flag), std::string::npos) << outcome.errors;
    }
    EXPECT_EQ(run({"train", "resume", folder / "r"}).code, 4);
    EXPECT_FALSE(fs::exists(folder / "r")) << "what failed left nothing";
    EXPECT_EQ(run({"generate", folder / "r", "--prompt", "a"}).code, 4);
    EXPECT_EQ(run({"generate", folder / "r"}).code, 2);
    ASSERT_EQ(run(trainNew(folder / "run", 2)).code, 0);
    EXPECT_EQ(run(trainNew(folder / "run", 2)).code, 5) << "a run is never written over";
    const auto large = run({"train", "new", folder / "r", "--dataset", smallDataset(), "--preset", "213M", "--batch",
                            "100000", "--steps", "1"});
    EXPECT_EQ(large.code, 7) << large.errors;
    EXPECT_NE(large.errors.find("GB"), std::string::npos) << large.errors;
    EXPECT_FALSE(fs::exists(folder / "r"));
    // A checkpoint damaged by one byte.
    const fs::path weights = runCheckpoints(folder / "run").back().path / "model.safetensors";
    std::string bytes = readFile(weights).value();
    ASSERT_OK(writeFileAtomic(weights, bytes.substr(0, bytes.size() - 1)));
    const auto damaged = run({"generate", folder / "run", "--prompt", "a"});
    EXPECT_EQ(damaged.code, 3);
    EXPECT_NE(damaged.errors.find("model.safetensors"), std::string::npos) << damaged.errors;
}

}  // namespace
}  // namespace distillix
