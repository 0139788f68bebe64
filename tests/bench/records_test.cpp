// SPDX-License-Identifier: Apache-2.0
#include "core/bench/records.h"

#include <stdlib.h>

#include "core/base/files.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

BenchRecord record(const std::string& session, const std::string& test, int threads, double seconds) {
    BenchRecord r;
    r.session = session;
    r.time = "2026-11-25T10:15:03Z";
    r.test = test;
    r.model = "100M";
    r.weights = "random";
    r.parameters = 100094208;
    r.precision = "packed, head int8";
    r.batch = 1;
    r.tokens = 128;
    r.past = 64;
    r.device = "cpu";
    r.processor = "A processor \"of\" sorts";
    r.level = "avx2";
    r.threads = threads;
    r.version = "0.1.0";
    r.commit = "abc1234";
    r.compiler = "GCC 12.2.0";
    r.warmup = 1;
    r.setSeconds(spreadOf({seconds, seconds * 1.1, seconds * 0.9}));
    r.tokensPerSecond = 128 / seconds;
    r.peakBytes = 93000000;
    r.residentBytes = 12000000;
    r.bandwidthShare = 0.75;
    return r;
}

TEST(Records, ComeBackAsTheyWereAndAreAppended) {
    const test::TemporaryFolder folder;
    const auto place = folder / "deep" / "er";
    EXPECT_ERROR(loadRecords(place), ErrorCode::NotFound);
    const BenchRecord first = record("s1", "decode", 2, 0.25), second = record("s2", "prefill", 1, 1.0 / 3);
    ASSERT_OK(appendRecords(place, {first}));
    ASSERT_OK(appendRecords(place, {second, first}));
    const auto loaded = loadRecords(place);
    ASSERT_OK(loaded);
    EXPECT_TRUE(loaded->problems.empty());
    ASSERT_EQ(loaded->records.size(), 3u);
    EXPECT_EQ(fieldsToJson(loaded->records[0]), fieldsToJson(first));
    EXPECT_EQ(fieldsToJson(loaded->records[1]), fieldsToJson(second));
    EXPECT_EQ(loaded->records[1].secondsMedian, 1.0 / 3) << "to the last bit";
    EXPECT_FALSE(loaded->records[0].computeShare.has_value());
    EXPECT_EQ(loadRecords(place / "results.jsonl")->records.size(), 3u) << "a file can be named itself";
}

TEST(Records, BrokenLinesAreToldAndTheRestIsRead) {
    const test::TemporaryFolder folder;
    const std::string good = fieldsToJson(record("s1", "decode", 2, 0.25)).dump();
    ASSERT_OK(writeFileAtomic(folder / "results.jsonl",
                              good + "\nno json\n\n{\"format\":2}\n{\"test\":7}\n{}\n" + good.substr(0, 40)));
    // What a crash cut short is not run into by what is written next.
    ASSERT_OK(appendRecords(folder.path(), {record("s2", "decode", 2, 0.5)}));
    const auto loaded = loadRecords(folder.path());
    ASSERT_OK(loaded);
    ASSERT_EQ(loaded->records.size(), 2u);
    EXPECT_EQ(loaded->records[1].session, "s2");
    ASSERT_EQ(loaded->problems.size(), 5u);
    EXPECT_NE(loaded->problems[0].find("results.jsonl:2: "), std::string::npos) << loaded->problems[0];
    EXPECT_NE(loaded->problems[1].find("newer version"), std::string::npos) << loaded->problems[1];
    EXPECT_NE(loaded->problems[2].find("\"test\""), std::string::npos) << loaded->problems[2];
}

TEST(Records, SessionsAreFoundByNameByBeginningAndFromTheEnd) {
    const std::vector<BenchRecord> records{
        record("20260101T1-7", "decode", 2, 1), record("20260101T1-7", "prefill", 2, 1),
        record("20260102T1-8", "decode", 2, 1), record("20260102T1-88", "decode", 2, 1)};
    EXPECT_EQ(sessionRecords(records, "20260101")->size(), 2u);
    EXPECT_EQ(sessionRecords(records, "20260102T1-8")->size(), 1u) << "a whole name is that one";
    EXPECT_EQ(sessionRecords(records, "last")->front().session, "20260102T1-88");
    EXPECT_EQ(sessionRecords(records, "last~2")->front().session, "20260101T1-7");
    EXPECT_ERROR(sessionRecords(records, "20260102"), ErrorCode::InvalidArgument);
    for (const char* name : {"2025", "last~3", "last~", "last~x"})
        EXPECT_ERROR(sessionRecords(records, name), ErrorCode::NotFound);
    const BenchTable table = sessionsTable(records);
    ASSERT_EQ(table.rows.size(), 3u);
    EXPECT_EQ(table.rows[0].back().number, 2);
}

TEST(Records, ComparisonPairsEqualCases) {
    const auto number = [](const BenchTable& table, std::size_t row, const std::string& key) {
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            if (table.columns[i].key == key) return table.rows.at(row).at(i);
        ADD_FAILURE() << key;
        return BenchCell();
    };
    // Another machine with other threads: the one case of either is set side by side.
    BenchTable table = comparisonTable({record("a", "decode", 2, 1)}, {record("b", "decode", 16, 0.25)});
    ASSERT_EQ(table.rows.size(), 1u);
    EXPECT_EQ(number(table, 0, "ratio").number, 4) << "four times as fast now";
    EXPECT_EQ(number(table, 0, "apart").words, "yes");
    EXPECT_EQ(number(table, 0, "base_threads").number, 2);
    // Several numbers of threads: equal ones.
    table = comparisonTable({record("a", "decode", 1, 2), record("a", "decode", 2, 1)},
                            {record("b", "decode", 2, 1.05), record("b", "decode", 1, 1)});
    ASSERT_EQ(table.rows.size(), 2u);
    EXPECT_NEAR(*number(table, 0, "ratio").number, 1 / 1.05, 1e-12);
    EXPECT_EQ(number(table, 0, "apart").words, "no") << "within what the repetitions varied by";
    EXPECT_EQ(number(table, 1, "ratio").number, 2);
    // Another length, another test, trained weights: other cases.
    BenchRecord longer = record("b", "decode", 2, 1), trained = record("b", "decode", 2, 1);
    longer.tokens = 256;
    trained.weights = "abcdef";
    table = comparisonTable({record("a", "decode", 2, 1)}, {longer, trained, record("b", "prefill", 2, 1)});
    EXPECT_TRUE(table.rows.empty());
    EXPECT_EQ(table.notes.size(), 2u + 4u) << "all are told to have no counterpart";
}

TEST(Records, TheDefaultFolderIsTheUsers) {
    const char* before = std::getenv("XDG_DATA_HOME");
    const std::string kept = before ? before : "";
    ::setenv("XDG_DATA_HOME", "/somewhere", 1);
    EXPECT_EQ(defaultResultsFolder(), "/somewhere/distillix/bench");
    ::setenv("XDG_DATA_HOME", "relative", 1);
    EXPECT_NE(defaultResultsFolder().string().find(".local/share/distillix/bench"), std::string::npos);
    before ? ::setenv("XDG_DATA_HOME", kept.c_str(), 1) : ::unsetenv("XDG_DATA_HOME");
}

}  // namespace
}  // namespace distillix
