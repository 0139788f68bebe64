// SPDX-License-Identifier: Apache-2.0
#include "core/bench/report.h"

#include <gtest/gtest.h>

#include "core/bench/published.h"
#include "core/bench/spread.h"

namespace distillix {
namespace {

TEST(Spread, KnownSamples) {
    const Spread odd = spreadOf({5, 1, 3});
    EXPECT_EQ(odd.median, 3);
    EXPECT_EQ(odd.min, 1);
    EXPECT_EQ(odd.max, 5);
    EXPECT_EQ(odd.mean, 3);
    EXPECT_EQ(odd.deviation, 2);
    EXPECT_EQ(odd.count, 3);
    // One that was disturbed moves the mean and not the median.
    const Spread even = spreadOf({2, 4, 4, 1000});
    EXPECT_EQ(even.median, 4);
    EXPECT_EQ(even.mean, 252.5);
    EXPECT_NEAR(even.deviation, 498.334, 1e-3);
    EXPECT_EQ(spreadOf({2, 3}).median, 2.5);
    EXPECT_EQ(spreadOf({7}).deviation, 0);
    EXPECT_EQ(spreadOf({}).count, 0);
    EXPECT_TRUE(apart(spreadOf({1, 2}), spreadOf({3, 4})));
    EXPECT_TRUE(apart(spreadOf({3, 4}), spreadOf({1, 2})));
    EXPECT_FALSE(apart(spreadOf({1, 3}), spreadOf({3, 4})));
    EXPECT_FALSE(apart(spreadOf({1, 9}), spreadOf({3, 4})));
}

TEST(Report, NumbersForPeople) {
    EXPECT_EQ(BenchCell(1234567.0).text(), "1,234,567");
    EXPECT_EQ(BenchCell(999.0).text(), "999");
    EXPECT_EQ(BenchCell(1000.25, 2).text(), "1,000.25");
    EXPECT_EQ(BenchCell(0.5, 1).text(), "0.5");
    EXPECT_EQ(BenchCell(-1234.0).text(), "-1,234");
    EXPECT_EQ(BenchCell().text(), "-");
    EXPECT_EQ(BenchCell("words").text(), "words");
}

TEST(Report, RatiosAreOursOverTheirs) {
    EXPECT_EQ(ratioCell(BenchCell(10), BenchCell(4)).number, 2.5);
    EXPECT_EQ(ratioCell(BenchCell(10), BenchCell(4)).text(), "2.50");
    EXPECT_EQ(ratioCell(BenchCell(1), BenchCell(300)).text(), "0.0033");
    EXPECT_EQ(ratioCell(BenchCell(4500), BenchCell(20)).text(), "225.0");
    EXPECT_EQ(ratioCell(BenchCell(0.0), BenchCell(2)).text(), "0.00");
    EXPECT_TRUE(ratioCell(BenchCell(), BenchCell(4)).empty());
    EXPECT_TRUE(ratioCell(BenchCell(4), BenchCell()).empty());
    EXPECT_TRUE(ratioCell(BenchCell(4), BenchCell(0.0)).empty());
    EXPECT_TRUE(ratioCell(BenchCell("words"), BenchCell(4)).empty());
}

const BenchTable kTable{"t",
                        "A | table",
                        {{"name", "name"}, {"speed", "speed"}},
                        {{"a, \"b\"|", BenchCell(1234.5, 1)}, {"é", BenchCell()}},
                        {"A note."}};

TEST(Report, Forms) {
    EXPECT_EQ(reportText({kTable}, ReportFormat::Markdown),
              "### A | table\n\n"
              "| name     |   speed |\n"
              "|----------|--------:|\n"
              "| a, \"b\"\\| | 1,234.5 |\n"
              "| é        |       - |\n"
              "\nA note.\n");
    EXPECT_EQ(reportText({kTable, kTable}, ReportFormat::Csv),
              "table,name,speed\r\nt,\"a, \"\"b\"\"|\",1234.5\r\nt,é,\r\n"
              "\r\n"
              "table,name,speed\r\nt,\"a, \"\"b\"\"|\",1234.5\r\nt,é,\r\n");
    EXPECT_EQ(reportText({kTable}, ReportFormat::JsonLines),
              "{\"table\":\"t\",\"name\":\"a, \\\"b\\\"|\",\"speed\":1234.5}\n"
              "{\"table\":\"t\",\"name\":\"é\",\"speed\":null}\n"
              "{\"table\":\"t\",\"note\":\"A note.\"}\n");
    EXPECT_EQ(tableJson(kTable).at("rows").size(), 2u);
}

OwnFigures someFigures() {
    OwnFigures own;
    own.machine = "a processor, avx2, 2 threads";
    own.build = "0.1.0 (abc), GCC";
    own.model = "100M, random weights";
    own.inference = {{64, 72, 888.5, 411}, {512, 100, 7492, 494, 3}};
    own.parameters = 100.1e6;
    own.generationTokensPerSecond = 197;
    own.files = {{".gguf", "TQ2_0", 47.75}, {".gguf", "Q8_0", 95.5}};
    OwnFigures::Run run{"runs/x", true, "small", 6e6, 1000, 2, 8, 256, {}};
    for (int step = 1; step <= 130; ++step) run.losses.emplace_back(step, step);
    own.v03 = run;
    own.training = OwnFigures::Training{2, 8, 1024, true, 1.5, 6, 2.27e9};
    return own;
}

const BenchTable& tableOf(const std::vector<BenchTable>& tables, const std::string& id) {
    for (const auto& table : tables)
        if (table.id == id) return table;
    ADD_FAILURE() << "no table " << id;
    return tables[0];
}

TEST(Published, EveryFigureIsThereWithAndWithoutOurs) {
    for (const auto& own : {OwnFigures{}, someFigures()}) {
        const auto tables = publishedTables(own);
        const auto rowsOf = [&](const std::string& id) {
            std::vector<std::string> rows;
            for (const auto& row : tableOf(tables, id).rows) {
                std::string text;
                for (const auto& cell : row) text += cell.text() + ";";
                rows.push_back(text);
            }
            return rows;
        };
        // As the page has them, written down once more: a row must hold all of its own.
        const std::vector<std::pair<std::string, std::vector<std::vector<std::string>>>> pages = {
            {"inference",
             {{"64", "36", "1,777", "822"},
              {"128", "34", "3,750", "846"},
              {"256", "36", "7,117", "895"},
              {"512", "34", "14,984", "988"}}},
            {"summary",
             {{"parameters, millions", "100.1"},
              {"perplexity", "26,079"},
              {"tokens/s at 512", "14,984"},
              {"generation, tokens/s", "19.7"},
              {"peak memory, MB", "988"}}},
            {"versions", {{"v0.3-burnin", "861", "10,000", "256", "0.28"}, {"v0.4", "10,861", "20,000", "1,024"}}},
            {"files", {{".pt", "400"}, {".safetensors", "382"}, {".gguf", "191"}}},
            {"curve-v0.3",
             {{"500", "5.87"}, {"1,000", "2.00"}, {"2,000", "1.00"}, {"5,000", "0.30"}, {"10,000", "0.28"}}},
            {"curve-v0.4", {{"100", "9.28"}, {"300", "5.29"}, {"600", "3.92"}}},
            {"configuration", {{"2 x 8"}, {"1,024"}, {"20,000"}, {"Muon + AdamW"}, {"yes"}, {"2.27"}, {"2.7"}}}};
        EXPECT_EQ(tables.size(), pages.size());
        for (const auto& [id, figures] : pages) {
            const auto rows = rowsOf(id);
            ASSERT_GE(rows.size(), figures.size()) << id;
            for (std::size_t r = 0; r < figures.size(); ++r)
                for (const auto& figure : figures[r])
                    EXPECT_NE((";" + rows[r]).find(";" + figure + ";"), std::string::npos)
                        << id << ": " << figure << " is not in " << rows[r];
        }
        const std::string text = reportText(tables, ReportFormat::Markdown);
        EXPECT_NE(text.find("RTX 2080 Super 8 GB"), std::string::npos);
        EXPECT_NE(text.find("Threadripper 3960X"), std::string::npos);
        for (const char* id : {"curve-v0.3", "curve-v0.4"})
            EXPECT_NE(tableOf(tables, id).notes[0].find("their steps are micro-steps"), std::string::npos);
    }
}

TEST(Published, OursStandsBesideWithTheRatio) {
    const auto tables = publishedTables(someFigures());
    const auto number = [&](const std::string& id, std::size_t row, const std::string& key) {
        const BenchTable& table = tableOf(tables, id);
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            if (table.columns[i].key == key) return table.rows.at(row).at(i).number.value_or(-1);
        ADD_FAILURE() << "no column " << key;
        return 0.0;
    };
    EXPECT_EQ(number("inference", 0, "ratio"), 0.5);
    EXPECT_EQ(number("inference", 0, "megabytes_ratio"), 0.5);
    EXPECT_EQ(number("inference", 1, "ratio"), -1) << "nothing was measured at 128";
    EXPECT_EQ(number("inference", 3, "ours_milliseconds_spread"), 1.5);
    EXPECT_EQ(number("summary", 2, "ratio"), 0.5);
    EXPECT_EQ(number("summary", 3, "ratio"), 10);
    EXPECT_EQ(number("summary", 4, "ratio"), 0.5);
    EXPECT_EQ(tableOf(tables, "files").rows.size(), 4u) << "two of our files beside their one";
    EXPECT_EQ(number("files", 2, "ratio"), 0.25);
    EXPECT_EQ(number("files", 3, "ratio"), 0.5);
    // 500 of their micro-steps are 62 of our optimizer steps of 8: the mean of the losses of steps 53 to 62.
    EXPECT_EQ(number("curve-v0.3", 0, "ours_loss"), 57.5);
    EXPECT_EQ(number("curve-v0.3", 1, "ours_loss"), 120.5);
    EXPECT_EQ(number("curve-v0.3", 2, "ours_loss"), -1) << "the run did not get to 2,000";
    EXPECT_NE(tableOf(tables, "curve-v0.3").notes[1].find("scaled run"), std::string::npos);
    EXPECT_EQ(number("versions", 0, "ours_micro_steps"), 1040);
    // 20,000 x 1.5 s and 2,500 x 6 s.
    EXPECT_DOUBLE_EQ(number("configuration", 6, "ours"), 12.5);
    EXPECT_EQ(number("configuration", 5, "ratio"), 1);
}

}  // namespace
}  // namespace distillix
