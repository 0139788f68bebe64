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
    ASSERT_OK(writeFileAtomic(folder / "questions.jsonl", all.substr(0, end)));
    const auto answers =
        run({"generate", folder / "run", "--prompts", folder / "questions.jsonl", "--temperature", "0", "--json"});
    ASSERT_EQ(answers.code, 0) << answers.errors;
    ASSERT_OK(writeFileAtomic(folder / "answers.jsonl", answers.out));

    const std::string command = std::string("python3 '") + DISTILLIX_TEST_DATA + "/support/check_answers.py' '" +
                                (folder / "questions.jsonl").string() + "' '" + (folder / "answers.jsonl").string() +
                                "' > '" + (folder / "verdict.json").string() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    const auto verdict = nlohmann::ordered_json::parse(readFile(folder / "verdict.json").value());
    std::printf("%s\nstep %lld, validation %s\n", verdict.dump(2).c_str(),
                static_cast<long long>(training.result().at("step").get<std::int64_t>()),
                training.result().value("validation", nlohmann::ordered_json()).dump().c_str());
    EXPECT_EQ(verdict.at("answers"), 100);
    EXPECT_GE(verdict.at("passed"), 50);
}

}  // namespace
}  // namespace distillix
