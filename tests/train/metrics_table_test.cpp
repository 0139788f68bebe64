// SPDX-License-Identifier: Apache-2.0
#include "core/train/metrics_table.h"

#include <cmath>
#include <fstream>

#include "core/base/clock.h"
#include "core/base/rng.h"
#include "core/train/run_folder.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
using Json = nlohmann::ordered_json;
using test::TemporaryFolder;

class MetricsTableTest : public ::testing::Test {
  protected:
    void append(const std::string& text) {
        std::ofstream(m_folder / "metrics.jsonl", std::ios::app | std::ios::binary) << text;
    }
    void poll(MetricsTable& table) {
        const auto change = table.poll();
        ASSERT_OK(change);
        EXPECT_TRUE(change->atEnd);
        m_change = *change;
    }
    TemporaryFolder m_folder;
    MetricsTable::Change m_change;
};

TEST_F(MetricsTableTest, FollowsAFileThatGrows) {
    MetricsTable table(m_folder.path());
    poll(table);
    EXPECT_EQ(table.rows(), 0u) << "the file is not there yet";
    append(
        "{\"step\":1,\"loss\":9.5,\"lr\":1e-3}\n{\"step\":2,\"loss\":null,\"lr\":2E-3,\"skipped\":true}\n{\"step\":3,"
        "\"lo");
    poll(table);
    ASSERT_EQ(table.rows(), 2u) << "half a line waits";
    EXPECT_EQ(table.names(), (std::vector<std::string>{"step", "loss", "lr", "skipped"}));
    EXPECT_EQ((*table.column("lr"))[1], 2e-3);
    EXPECT_TRUE(std::isnan((*table.column("loss"))[1])) << "null";
    EXPECT_TRUE(std::isnan((*table.column("skipped"))[0])) << "a column that came late";
    EXPECT_EQ((*table.column("skipped"))[1], 1);
    append("ss\":8,\"note\":\"x\",\"list\":[1,{\"a\":2}],\"epoch\":0.5}\n");
    poll(table);
    EXPECT_EQ(m_change.kept, 2u);
    ASSERT_EQ(m_change.rows, 3u);
    EXPECT_EQ((*table.column("loss"))[2], 8);
    EXPECT_EQ((*table.column("epoch"))[2], 0.5) << "behind what is no number";
    EXPECT_EQ(table.column("note"), nullptr);
    EXPECT_EQ(table.brokenLines(), 0);
}

TEST_F(MetricsTableTest, AResumeMakesLaterLinesVoid) {
    MetricsTable table(m_folder.path());
    for (int step = 1; step <= 5; ++step) append("{\"step\":" + std::to_string(step) + ",\"loss\":1}\n");
    poll(table);
    append("{\"type\":\"resumed\",\"step\":3,\"fromStep\":3}\n{\"step\":4,\"loss\":2}\n");
    poll(table);
    EXPECT_EQ(m_change.kept, 3u);
    ASSERT_EQ(table.rows(), 4u);
    EXPECT_EQ(table.column(0), (std::vector<double>{1, 2, 3, 4}));
    EXPECT_EQ((*table.column("loss"))[3], 2);
}

TEST_F(MetricsTableTest, ATornLineThatIsCutOffAndWrittenAnew) {
    MetricsTable table(m_folder.path());
    append("{\"step\":1,\"loss\":1}\n{\"step\":2,\"lo");
    poll(table);
    std::filesystem::resize_file(m_folder / "metrics.jsonl", 20);
    append("{\"step\":2,\"loss\":7}\n");
    poll(table);
    ASSERT_EQ(table.rows(), 2u);
    EXPECT_EQ((*table.column("loss"))[1], 7);
}

TEST_F(MetricsTableTest, AFolderThatWasReplacedIsReadAnew) {
    MetricsTable table(m_folder.path());
    append("{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":1}\n");
    poll(table);
    std::ofstream(m_folder / "metrics.jsonl", std::ios::trunc) << "{\"step\":1,\"loss\":3}\n";
    poll(table);
    EXPECT_EQ(m_change.kept, 0u);
    EXPECT_EQ(*table.column("loss"), (std::vector<double>{3}));
}

TEST_F(MetricsTableTest, LinesThatAreNoMetricsArePassedOver) {
    MetricsTable table(m_folder.path());
    append(
        "{\"step\":1}\nnonsense\n[1]\n{\"step\":1.5}\n{\"step\":1}\n{\"loss\":2}\n\n{\"step\":2\n{\"step\":2} "
        "{}\n{\"step\":2}\n");
    poll(table);
    EXPECT_EQ(table.column(0), (std::vector<double>{1, 2}));
    EXPECT_EQ(table.brokenLines(), 7);
}

TEST_F(MetricsTableTest, TooManyNamesDoNotFillTheMemory) {
    MetricsTable table(m_folder.path());
    for (int step = 1; step <= 600; ++step)
        append("{\"step\":" + std::to_string(step) + ",\"key" + std::to_string(step) + "\":1}\n");
    poll(table);
    EXPECT_EQ(table.rows(), 600u);
    EXPECT_EQ(table.names().size(), 256u);
}

TEST_F(MetricsTableTest, SaysWhatReadRunLinesSays) {
    Rng rng(3);
    std::string text;
    std::int64_t step = 0;
    for (int i = 0; i < 3000; ++i) {
        if (rng.below(40) == 0) {
            step = std::max<std::int64_t>(0, step - static_cast<std::int64_t>(rng.below(20)));
            text += Json{{"type", "resumed"}, {"step", step}, {"fromStep", step}}.dump() + "\n";
            continue;
        }
        text += Json{{"step", ++step}, {"loss", rng.uniform()}, {"tokens", step * 2048}}.dump() + "\n";
    }
    MetricsTable table(m_folder.path());
    // In pieces that end anywhere.
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = std::min<std::size_t>(1 + rng.below(9000), text.size() - at);
        append(text.substr(at, size));
        poll(table);
        at += size;
    }
    const auto lines = readRunLines(m_folder.path(), RunLog::Metrics);
    ASSERT_OK(lines);
    ASSERT_EQ(lines->size(), table.rows());
    for (std::size_t i = 0; i < lines->size(); ++i) {
        EXPECT_EQ((*lines)[i]["step"].get<double>(), table.column(0)[i]);
        EXPECT_EQ((*lines)[i]["loss"].get<double>(), (*table.column("loss"))[i]);
    }
}

TEST_F(MetricsTableTest, TwelveHoursAreReadWithinASecond) {
    // The sample preset does some four steps a second on two old cores: twelve hours are 170,000 lines of 300 bytes.
    std::string text;
    const int steps = 170000;
    for (int step = 1; step <= steps; ++step) {
        char line[400];
        std::snprintf(
            line, sizeof line,
            "{\"step\":%d,\"loss\":2.7182818284590451,\"lr\":0.0033333333333333335,\"gradNorm\":0.3333333333333333,"
            "\"tokens\":%d,\"tokensPerSecond\":7654.3210000000003,\"stepMs\":267.88999999999999,\"elapsed\":%d.25,"
            "\"epoch\":1.3333333333333333,\"labels\":1876,\"zeroShare\":0.33329999999999999,\"flipShare\":"
            "0.0001,\"lowestRms\":0.69999999999999996}\n",
            step, step * 2048, step / 4);
        text += line;
    }
    append(text);
    MetricsTable table(m_folder.path());
    const double began = steadyNow();
    poll(table);
    const double took = steadyNow() - began;
    EXPECT_EQ(table.rows(), static_cast<std::size_t>(steps));
    RecordProperty("seconds", std::to_string(took));
    std::printf("%zu bytes in %.3f s\n", text.size(), took);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(took, 1.0);
#endif
}

}  // namespace
}  // namespace distillix
