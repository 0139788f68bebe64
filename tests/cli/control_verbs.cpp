// SPDX-License-Identifier: Apache-2.0
// Training that obeys, through the built program: commands to a process, what became of a dead one, plans.
#include <algorithm>
#include <cstdio>
#include <sstream>

#include <gtest/gtest.h>
#include <signal.h>

#include "core/base/files.h"
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

class ControlVerbs : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        s_folder = new TemporaryFolder;
        ASSERT_EQ(run({"sample-data", *s_folder / "text", "--training", "300", "--validation", "20"}).code, 0);
        const auto import =
            run({"import", *s_folder / "text" / "train.jsonl", "--validation", *s_folder / "text" / "validation.jsonl",
                 "--out", *s_folder / "dataset", "--vocab-size", "400"});
        ASSERT_EQ(import.code, 0) << import.errors;
    }
    static void TearDownTestSuite() { delete s_folder; }

    std::vector<std::string> training(const std::string& name, const std::vector<std::string>& more = {}) {
        std::vector<std::string> words =
            test::trainTiny(*s_folder / name, *s_folder / "dataset", 32, 1, 64,
                            {"--json", "--batch", "2", "--sample-every", "0", "--validation-tokens", "512"});
        words.insert(words.end(), more.begin(), more.end());
        // Some train until they are stopped.
        if (std::find(more.begin(), more.end(), "--steps") == more.end())
            words.insert(words.end(), {"--steps", "1000000"});
        return words;
    }
    static void waitForStep(Program& program) {
        ASSERT_FALSE(program.waitFor([](const Json& line) { return line.value("type", "") == "progress"; }).is_null())
            << program.errors();
    }
    static TemporaryFolder* s_folder;
};
TemporaryFolder* ControlVerbs::s_folder = nullptr;

TEST_F(ControlVerbs, ARunningTrainingObeys) {
    const fs::path path = *s_folder / "obeys";
    Program program(training("obeys"));
    waitForStep(program);
    const auto paused = run({"runs", "pause", path, "--release", "--json"});
    ASSERT_EQ(paused.code, 0) << paused.out << paused.errors;
    EXPECT_EQ(run({"runs", "show", path, "--json"}).result().at("state"), "paused");
    EXPECT_EQ(run({"runs", "sample", path, "--text", "def", "--json"}).code, 10) << "its memory is given back";
    ASSERT_EQ(run({"runs", "resume", path}).code, 0);
    EXPECT_EQ(run({"runs", "resume", path}).code, 10) << "it is not paused";
    const auto sample = run({"runs", "sample", path, "--prompt", "Write a function.", "--max-tokens", "4", "--json"});
    ASSERT_EQ(sample.code, 0) << sample.out << sample.errors;
    EXPECT_TRUE(sample.result().contains("text"));
    const auto set = run({"runs", "set", path, "learning_rate=0.003", "clip=0.5", "--json"});
    ASSERT_EQ(set.code, 0) << set.out << set.errors;
    EXPECT_EQ(run({"runs", "set", path, "batch=7"}).code, 10);
    EXPECT_EQ(run({"runs", "set", path, "nonsense"}).code, 2);
    const auto stopped = run({"runs", "stop", path, "--json"});
    ASSERT_EQ(stopped.code, 0) << stopped.out << stopped.errors;
    EXPECT_NE(stopped.result().value("message", "").find("are kept"), std::string::npos);
    EXPECT_EQ(program.wait(), 10);
    // Nobody is there any more, and what became of it is said.
    const auto late = run({"runs", "pause", path});
    EXPECT_EQ(late.code, 4);
    EXPECT_NE(late.errors.find("it is stopped at step"), std::string::npos) << late.errors;

    const auto exported = run({"runs", "export-metrics", path, "--out", *s_folder / "obeys.csv", "--json"});
    ASSERT_EQ(exported.code, 0) << exported.errors;
    std::istringstream csv(readFile(*s_folder / "obeys.csv").value());
    std::string head, line;
    std::getline(csv, head);
    EXPECT_EQ(head.rfind("step,loss,lr,gradNorm,", 0), 0u) << head;
    std::int64_t lines = 0;
    while (std::getline(csv, line)) {
        EXPECT_EQ(std::count(line.begin(), line.end(), ','), std::count(head.begin(), head.end(), ',')) << line;
        ++lines;
    }
    EXPECT_EQ(exported.result().at("steps"), lines);
    // The rate that was set holds in the run's own figures.
    const auto metrics = readRunLines(path, RunLog::Metrics);
    ASSERT_OK(metrics);
    EXPECT_DOUBLE_EQ(metrics->back().at("lr").get<double>(), 0.003);
}

TEST_F(ControlVerbs, ACrashIsToldWithItsSignalAndLastLines) {
    const fs::path path = *s_folder / "crash";
    Program program(training("crash", {"--checkpoint-every", "2"}));
    waitForStep(program);
    ASSERT_EQ(run({"runs", "checkpoint", path}).code, 0);
    program.signal(SIGSEGV);
    EXPECT_EQ(program.wait(), 128 + SIGSEGV);
    const Json crashed = run({"runs", "show", path, "--json"}).result();
    EXPECT_EQ(crashed.at("state"), "crashed");
    EXPECT_NE(crashed.value("message", "").find("SIGSEGV"), std::string::npos) << crashed;
    EXPECT_FALSE(crashed.at("lastLog").empty());
    const auto refused = run({"runs", "stop", path});
    EXPECT_EQ(refused.code, 4);
    EXPECT_NE(refused.errors.find("SIGSEGV"), std::string::npos) << refused.errors;
    {
        Program again({"train", "resume", path, "--json"});
        waitForStep(again);
        again.signal(SIGKILL);
        EXPECT_EQ(again.wait(), 128 + SIGKILL);
    }
    EXPECT_NE(run({"runs", "show", path, "--json"}).result().value("message", "").find("SIGKILL"), std::string::npos);
    // As if the kernel had killed something for want of memory since the last heartbeat.
    const auto vmstat = readFile("/proc/vmstat");
    if (vmstat.ok() && vmstat->find("\noom_kill ") != std::string::npos) {
        Json beat = Json::parse(readFile(path / "heartbeat").value());
        ASSERT_TRUE(beat.contains("oomKills"));
        beat["oomKills"] = -1;
        ASSERT_OK(writeFileAtomic(path / "heartbeat", beat.dump()));
        EXPECT_NE(run({"runs", "show", path, "--json"}).result().value("message", "").find("out of memory"),
                  std::string::npos);
    }
    // The next trainer keeps the story.
    const auto last = run({"train", "resume", path, "--steps", "1000001", "--minutes", "0.001", "--json"});
    EXPECT_EQ(last.code, 0) << last.errors;
    int crashes = 0;
    const auto events = readRunLines(path, RunLog::Events).value();
    for (const auto& line : events) crashes += line.value("type", "") == "crashed";
    EXPECT_GE(crashes, 1);
}

TEST_F(ControlVerbs, ResumingWithOtherSettingsHoldsThemForGood) {
    const fs::path path = *s_folder / "longer";
    ASSERT_EQ(run(training("longer", {"--steps", "3"})).code, 0);
    EXPECT_EQ(run({"train", "resume", path, "--set", "batch=3"}).code, 2);
    const auto longer = run({"train", "resume", path, "--steps", "5", "--set", "learning_rate=0.004", "--json"});
    ASSERT_EQ(longer.code, 0) << longer.errors;
    const auto metrics = readRunLines(path, RunLog::Metrics);
    ASSERT_OK(metrics);
    ASSERT_EQ(metrics->size(), 5u);
    const auto shown = readRunLines(path, RunLog::Events);
    ASSERT_OK(shown);
    EXPECT_TRUE(
        std::any_of(shown->begin(), shown->end(), [](const Json& line) { return line.value("type", "") == "set"; }));
}

TEST_F(ControlVerbs, PlansAreToldByPart) {
    const Json plan =
        run({"train", "plan", "--preset", "100M", "--batch", "2", "--tokens", "1024", "--recompute", "--json"})
            .result();
    double total = 0;
    for (const auto& [name, bytes] : plan.at("parts").items()) total += bytes.get<double>();
    EXPECT_DOUBLE_EQ(total, plan.at("totalBytes").get<double>());
    EXPECT_LT(total, 2e9) << "the 100M preset trains at 2 x 1,024 with recomputation in under 2 GB";
    for (const char* part : {"parameters", "gradients", "optimizer", "activations", "workspace"})
        EXPECT_GT(plan.at("parts").value(part, 0.0), 0.0) << part;
    const Json fitted = run({"train", "plan", "--preset", "39M", "--batch", "8", "--accumulation", "3", "--micro-batch",
                             "auto", "--json"})
                            .result();
    EXPECT_EQ(fitted.at("batch").get<int>() * fitted.at("accumulation").get<int>(), 24);
    EXPECT_LE(fitted.at("totalBytes").get<double>(), fitted.at("availableBytes").get<double>());
    EXPECT_EQ(run({"train", "plan", "--preset", "39M", "--micro-batch", "7"}).code, 2);
    const auto dry =
        run({"train", "new", *s_folder / "dry", "--dataset", *s_folder / "dataset", "--dry-run", "--json"});
    EXPECT_EQ(dry.code, 0) << dry.errors;
    EXPECT_FALSE(fs::exists(*s_folder / "dry"));
    EXPECT_TRUE(dry.result().at("fits").get<bool>());
}

TEST_F(ControlVerbs, SlowThePlanIsWhatTrainingTakes) {
    // The 100M preset at 2 x 1,024 is to train in less than 2 GB.
    for (const auto& words :
         {std::vector<std::string>{"--preset", "39M", "--batch", "2", "--tokens", "256"},
          std::vector<std::string>{"--preset", "100M", "--batch", "2", "--tokens", "1024", "--recompute"}}) {
        std::vector<std::string> all = {"train", "plan", "--measure", "--json"};
        all.insert(all.end(), words.begin(), words.end());
        const auto measured = run(all);
        if (measured.code == 6) GTEST_SKIP() << "this system does not tell how much memory a process took";
        ASSERT_EQ(measured.code, 0) << measured.errors;
        const Json result = measured.result();
        std::printf("%s: planned %.0f bytes, measured %.0f\n", words[1].c_str(), result.at("totalBytes").get<double>(),
                    result.at("measuredBytes").get<double>());
        EXPECT_NEAR(result.at("measuredShare").get<double>(), 1.0, 0.1) << words[1];
        EXPECT_LT(result.at("measuredBytes").get<double>(), 2e9) << words[1];
    }
}

}  // namespace
}  // namespace distillix
