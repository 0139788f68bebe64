// SPDX-License-Identifier: Apache-2.0
// What the README's first command promises: after two minutes of training on a processor, answers that run.
#include <cstdlib>

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "tests/cli/program.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
using test::run;
using test::TemporaryFolder;

/// What check_answers.py says of answers in the form that generate --prompts --json gives them.
nlohmann::ordered_json verdictOf(const TemporaryFolder& folder, const std::string& questions,
                                 const std::string& answers, const std::string& seconds = "10") {
    EXPECT_OK(writeFileAtomic(folder / "questions.jsonl", questions));
    EXPECT_OK(writeFileAtomic(folder / "answers.jsonl", answers));
    const std::string command = std::string("python3 '") + DISTILLIX_TEST_DATA + "/support/check_answers.py' '" +
                                (folder / "questions.jsonl").string() + "' '" + (folder / "answers.jsonl").string() +
                                "' " + seconds + " > '" + (folder / "verdict.json").string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    const auto text = readFile(folder / "verdict.json");
    EXPECT_OK(text);
    return text.ok() ? nlohmann::ordered_json::parse(*text, nullptr, false) : nlohmann::ordered_json();
}

std::string answerLine(const std::string& prompt, const std::string& text) {
    return nlohmann::ordered_json{{"type", "event"}, {"event", "answer"}, {"prompt", prompt}, {"text", text}}.dump() +
           "\n";
}

TEST(CheckAnswers, PassesWhatRunsAndNothingElse) {
    const TemporaryFolder folder;
    const std::string question = R"({"prompt":"p","response":"r","assertion":"assert f(2) == 4"})"
                                 "\n";
    const std::string whole = answerLine("p", "def f(x):\n    return x * 2");
    EXPECT_EQ(verdictOf(folder, question, whole).at("passed"), 1);
    for (const char* wrong :
         {"", "def f(x):\n    return x * 3", "def f(x)", "def g(x):\n    return x * 2", "while True:\n    pass",
          "import time\ntime.sleep(60)", "x = bytearray(1 << 30)\ndef f(x):\n    return x * 2",
          "def f(x):\n    return f(x)", "open('f', 'w').write('x' * (2 << 20))\ndef f(x):\n    return x * 2"}) {
        const auto verdict = verdictOf(folder, question, answerLine("p", wrong), "3");
        EXPECT_EQ(verdict.at("passed"), 0) << wrong;
        EXPECT_EQ(verdict.at("failures").size(), 1u) << wrong;
    }
}

TEST(CheckAnswers, EveryAnswerOfTheSampleDataPassesAndNoOtherDoes) {
    const TemporaryFolder folder;
    ASSERT_EQ(run({"sample-data", folder / "text"}).code, 0);
    const std::string all = readFile(folder / "text" / "validation.jsonl").value();
    std::string questions, right, wrong, previous;
    std::size_t at = 0;
    int count = 0;
    for (std::size_t end; count < 20 && (end = all.find('\n', at)) != std::string::npos; at = end + 1, ++count) {
        const std::string line = all.substr(at, end - at);
        const auto record = nlohmann::ordered_json::parse(line);
        questions += line + "\n";
        right += answerLine(record.at("prompt"), record.at("response"));
        wrong += answerLine(record.at("prompt"), previous);  // the answer to another question
        previous = record.at("response");
    }
    EXPECT_EQ(verdictOf(folder, questions, right).at("passed"), count);
    EXPECT_LE(verdictOf(folder, questions, wrong).at("passed"), 1);
}

TEST(Journey, SlowTwoMinutesOfTrainingGiveAnswersThatRun) {
    const TemporaryFolder folder;
    ASSERT_EQ(run({"sample-data", folder / "text"}).code, 0);
    const auto import = run({"import", folder / "text" / "train.jsonl", "--validation",
                             folder / "text" / "validation.jsonl", "--out", folder / "dataset"});
    ASSERT_EQ(import.code, 0) << import.errors;
    const auto training = run({"train", "new", folder / "run", "--dataset", folder / "dataset", "--preset", "sample",
                               "--minutes", "2", "--json"});
    ASSERT_EQ(training.code, 0) << training.out << training.errors;

    // A hundred held-out prompts, answered greedily.
    const std::string all = readFile(folder / "dataset" / "validation.jsonl").value();
    std::size_t end = 0;
    for (int line = 0; line < 100 && end != std::string::npos; ++line) end = all.find('\n', end) + 1;
    const std::string questions = all.substr(0, end);
    ASSERT_OK(writeFileAtomic(folder / "questions.jsonl", questions));
    const auto answers =
        run({"generate", folder / "run", "--prompts", folder / "questions.jsonl", "--temperature", "0", "--json"});
    ASSERT_EQ(answers.code, 0) << answers.errors;
    const auto verdict = verdictOf(folder, questions, answers.out);
    std::printf("%s\nstep %lld, validation %s\n", verdict.dump(2).c_str(),
                static_cast<long long>(training.result().at("step").get<std::int64_t>()),
                training.result().value("validation", nlohmann::ordered_json()).dump().c_str());
    EXPECT_EQ(verdict.at("answers"), 100);
    EXPECT_GE(verdict.at("passed"), 50);
}

}  // namespace
}  // namespace distillix
