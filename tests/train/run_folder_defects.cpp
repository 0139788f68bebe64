// SPDX-License-Identifier: Apache-2.0
// A run's files as nobody's trainer writes them: one test a defect. What one file lacks must not cost the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/train/run_folder.h"
#include "core/train/run_lock.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RunFiles : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories(m_run / "checkpoints");
        put("run.json", R"({"formatVersion":1,"name":"n","model":{},"training":{}})");
        put("status.json", R"({"state":"stopped","step":3})");
        put("metrics.jsonl", "{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":1}\n");
    }
    void put(const char* name, const std::string& text) { ASSERT_OK(writeFileAtomic(m_run / name, text)); }
    RunSummary read() {
        auto summary = readRun(m_run);
        EXPECT_OK(summary);
        return summary.ok() ? std::move(*summary) : RunSummary();
    }
    void refused(const std::string& info, const std::string& reason) {
        put("run.json", info);
        const auto summary = readRun(m_run);
        ASSERT_FALSE(summary.ok());
        EXPECT_THAT(summary.error().text(), HasSubstr(reason));
        EXPECT_THAT(summary.error().text(), HasSubstr("run.json"));
    }
    std::size_t metricsLines() {
        const auto lines = readRunLines(m_run, RunLog::Metrics);
        EXPECT_OK(lines);
        return lines.ok() ? lines->size() : 0;
    }
    test::TemporaryFolder m_folder;
    const fs::path m_run = m_folder / "run";
};

TEST_F(RunFiles, AsTheyShouldBe) {
    EXPECT_EQ(read().step, 3);
    EXPECT_EQ(read().state, RunState::Stopped);
    EXPECT_EQ(metricsLines(), 2u);
}
TEST_F(RunFiles, InfoThatIsNoJson) {
    refused("{\"formatVersion\":1", "is no JSON object");
}
TEST_F(RunFiles, InfoThatNestsWithoutEnd) {
    refused("{\"formatVersion\":1,\"mine\":" + std::string(1 << 20, '['), "is no JSON object");
    refused("{\"formatVersion\":1,\"mine\":" + std::string(1 << 20, '[') + std::string(1 << 20, ']') + "}",
            "is no JSON object");
}
TEST_F(RunFiles, InfoOfALaterLayout) {
    refused("{\"formatVersion\":9}", "newer version");
}
TEST_F(RunFiles, InfoWhoseVersionIsAText) {
    refused("{\"formatVersion\":\"1\"}", "no whole \"formatVersion\"");
}
TEST_F(RunFiles, InfoThatIsAFolder) {
    fs::remove(m_run / "run.json");
    fs::create_directory(m_run / "run.json");
    EXPECT_ERROR(readRun(m_run), ErrorCode::InvalidData);
}
TEST_F(RunFiles, StatusThatIsNoObject) {
    for (const char* text : {"", "null", "[1]", "{\"state\":5,\"step\":\"x\"}", "{\"state\":\"dancing\"}"}) {
        put("status.json", text);
        EXPECT_EQ(read().state, RunState::Unknown) << text;
        EXPECT_EQ(read().step, 2) << text;  // the metrics still tell
    }
}
TEST_F(RunFiles, HeartbeatThatIsNone) {
    for (const char* text : {"", "1", "{\"count\":\"x\"}", "{\"count\":1e300,\"step\":-1.5}"}) {
        put("heartbeat", text);
        SCOPED_TRACE(text);
        EXPECT_OK(readRun(m_run));
    }
}
TEST_F(RunFiles, LockThatIsTorn) {
    put("status.json", R"({"state":"running","step":3})");
    for (const char* text : {"", "{\"host\":", "{\"host\":\"h\",\"pid\":\"x\"}", "[]"}) {
        put("lock", text);
        EXPECT_EQ(read().state, RunState::Crashed) << text;
    }
}
TEST_F(RunFiles, CrashRecordOfOtherKinds) {
    put("status.json", R"({"state":"running","step":3})");
    put("lock", "");
    put("crash.json", R"({"signal":11,"message":5,"step":"x"})");
    EXPECT_THAT(read().message, HasSubstr("SIGSEGV"));
    for (const char* text :
         {R"({"signal":"x"})", R"({"signal":1e300})", R"({"signal":-1})", R"({"signal":[]})", "[]"}) {
        put("crash.json", text);
        EXPECT_EQ(read().state, RunState::Crashed) << text;
        EXPECT_THAT(read().message, testing::Not(HasSubstr("by signal"))) << text;
    }
}
TEST_F(RunFiles, MetricsLineThatIsNoObject) {
    put("metrics.jsonl", "{\"step\":1}\n[2]\n7\n\xff\xfe\n{\"step\":\n{\"step\":2}\n");
    EXPECT_EQ(metricsLines(), 2u);
    EXPECT_EQ(read().lastMetrics["step"], 2);
}
TEST_F(RunFiles, MetricsLineWithoutItsEnd) {
    put("metrics.jsonl", "{\"step\":1}\n{\"step\":2}");
    EXPECT_EQ(metricsLines(), 1u);
}
TEST_F(RunFiles, MetricsLineThatNestsWithoutEnd) {
    put("metrics.jsonl", "{\"step\":1}\n{\"a\":" + std::string(1 << 19, '[') + std::string(1 << 19, ']') + "}\n");
    EXPECT_EQ(metricsLines(), 1u);
}
TEST_F(RunFiles, StepThatIsNoWholeNumber) {
    put("metrics.jsonl", "{\"step\":1.5}\n{\"step\":\"x\"}\n{\"step\":1e300}\n{\"step\":18446744073709551615}\n");
    EXPECT_OK(readRunLines(m_run, RunLog::Metrics));
    EXPECT_GE(read().step, 3);
}
TEST_F(RunFiles, MarkerThatNamesNoStep) {
    put("metrics.jsonl",
        "{\"step\":1}\n{\"type\":\"resumed\"}\n{\"type\":\"resumed\",\"fromStep\":\"x\"}\n{\"step\":2}\n");
    EXPECT_GE(metricsLines(), 2u);
}
TEST_F(RunFiles, NothingButMarkers) {
    // Each makes void what lies before it: looked at one by one, this would take the square of their number.
    std::string text;
    for (int i = 0; i < 60000; ++i) text += "{\"step\":0}\n{\"type\":\"resumed\",\"fromStep\":0,\"step\":0}\n";
    put("metrics.jsonl", text);
    EXPECT_EQ(metricsLines(), 60000u);
}
TEST_F(RunFiles, CheckpointsOfOtherNames) {
    for (const char* name :
         {"step-", "step-x", "step-00000010.partial-1-2", "step--5", "step-99999999999999999999", "other"})
        fs::create_directory(m_run / "checkpoints" / name);
    ASSERT_OK(writeFileAtomic(m_run / "checkpoints" / "step-00000007", "a file"));
    fs::create_directory(m_run / "checkpoints" / "step-00000010");
    const auto checkpoints = runCheckpoints(m_run);
    ASSERT_EQ(checkpoints.size(), 1u);
    EXPECT_EQ(checkpoints[0].step, 10);
}

}  // namespace
}  // namespace distillix
