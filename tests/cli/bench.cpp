// SPDX-License-Identifier: Apache-2.0
// Benchmarks through the built program: their structure, not their speed.
#include <map>

#include <gtest/gtest.h>
#include <signal.h>

#include "core/bench/records.h"
#include "tests/cli/program.h"
#include "tests/cli/small_model.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::run;
using test::TemporaryFolder;

TEST(Bench, InferTellsKeepsAndComparesWhatItMeasured) {
    const TemporaryFolder folder;
    test::makeSmallModel(folder / "model", {}, 64);
    const std::vector<std::string> call{
        "bench",  "infer",     folder / "model", "--lengths", "8,16",    "--decode", "4",
        "--past", "3",         "--repeat",       "3",         "--batch", "2",        "--threads",
        "1",      "--results", folder / "kept",  "--json"};
    const auto outcome = run(call);
    ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
    const Json result = outcome.result();
    const Json rows = result.at("records");
    ASSERT_EQ(rows.size(), 5u);
    std::string tests;
    for (const Json& row : rows) {
        tests += row.at("test").get<std::string>() + " " + std::to_string(row.at("tokens").get<int>()) + ", ";
        EXPECT_EQ(row.at("batch"), row.at("test") == "forward" ? 2 : 1);
        EXPECT_EQ(row.at("past"), row.at("test") == "decode" ? 3 : 0);
        EXPECT_EQ(row.at("repetitions"), 3);
        EXPECT_GT(row.at("seconds_min"), 0.0);
        EXPECT_LE(row.at("seconds_min"), row.at("seconds_median"));
        EXPECT_LE(row.at("seconds_median"), row.at("seconds_max"));
        EXPECT_NEAR(
            row.at("tokens_per_second").get<double>(),
            row.at("batch").get<double>() * row.at("tokens").get<double>() / row.at("seconds_median").get<double>(),
            1e-6 * row.at("tokens_per_second").get<double>());
        EXPECT_EQ(row.at("weights"), "trained");
        EXPECT_EQ(row.at("threads"), 1);
        EXPECT_GT(row.at("parameters"), 0);
        for (const char* key :
             {"session", "time", "model", "precision", "device", "processor", "level", "version", "compiler"})
            EXPECT_NE(row.at(key), "") << key;
        EXPECT_GE(row.at("peak_bytes"), row.at("resident_bytes"));
        if (row.at("test") != "decode") continue;
        EXPECT_GT(row.at("bandwidth_share"), 0.0);
    }
    EXPECT_EQ(tests, "forward 8, forward 16, prefill 8, prefill 16, decode 4, ");
    int repetitions = 0;
    for (const auto& line : outcome.lines()) repetitions += line.value("unit", "") == "repetitions";
    EXPECT_GT(repetitions, 0) << "it tells how far it is";

    const auto kept = loadRecords(folder / "kept");
    ASSERT_OK(kept);
    ASSERT_EQ(kept->records.size(), 5u);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(fieldsToJson(kept->records[i]), rows[i]);
    const std::string session = result.at("session");
    const std::string at = folder / "kept";
    EXPECT_NE(run({"bench", "list", "--results", at}).out.find(session), std::string::npos);
    EXPECT_EQ(run({"bench", "show", "--results", at, "--json"}).result().at("records"), rows);
    const auto csv = run({"bench", "show", session, "--results", at, "--format", "csv"});
    EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 6);
    // With itself: every ratio is one.
    const Json table = run({"bench", "compare", session, at, "--results", at, "--json"}).result().at("table");
    ASSERT_EQ(table.at("rows").size(), 5u);
    for (const Json& row : table.at("rows")) {
        EXPECT_EQ(row.at("ratio"), 1.0);
        EXPECT_EQ(row.at("apart"), "no");
    }
    EXPECT_EQ(run({"bench", "compare", "last~1", "last", "--results", at}).code, 4) << "there is only one";
    EXPECT_EQ(run({"bench", "list", "--results", folder / "nothing"}).code, 4);
    EXPECT_EQ(run({"bench", "infer", folder / "model", "--lengths", "65", "--no-keep"}).code, 2) << "too long for it";
    EXPECT_EQ(run({"bench", "infer", "--preset", "huge", "--no-keep"}).code, 4);
}

TEST(Bench, CancelledItEndsAndKeepsNothing) {
    const TemporaryFolder folder;
    test::Program bench({"bench", "infer", "--preset", "sample", "--lengths", "64", "--repeat", "100000", "--no-peaks",
                         "--results", folder / "kept", "--json"});
    ASSERT_FALSE(bench.waitFor([](const Json& line) { return line.value("type", "") == "progress"; }).is_null())
        << bench.errors();
    bench.signal(SIGINT);
    EXPECT_EQ(bench.wait(), 10);
    EXPECT_NE(bench.rest().find("\"code\":\"cancelled\""), std::string::npos);
    EXPECT_FALSE(fs::exists(folder / "kept"));
}

TEST(Bench, PublishedSetsThisMachineBesideTheOriginal) {
    const TemporaryFolder folder;
    test::makeSmallModel(folder / "model", {}, 512);
    const auto outcome =
        run({"bench", "published", folder / "model", "--tables", "inference,summary,versions,files,curves", "--repeat",
             "1", "--warmup", "0", "--decode", "4", "--curve-steps", "2", "--results", folder / "kept", "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
    const Json result = outcome.result();
    EXPECT_NE(result.at("publishedMachine").get<std::string>().find("RTX 2080 Super"), std::string::npos);
    const auto table = [&](const std::string& id) {
        for (const Json& each : result.at("tables"))
            if (each.at("id") == id) return each;
        ADD_FAILURE() << "no table " << id;
        return Json();
    };
    const Json inference = table("inference"), files = table("files");
    ASSERT_EQ(inference.at("rows").size(), 4u);
    for (const Json& row : inference.at("rows")) {
        EXPECT_NEAR(row.at("ratio").get<double>(),
                    row.at("ours_tokens_per_second").get<double>() / row.at("theirs_tokens_per_second").get<double>(),
                    1e-12);
        EXPECT_GT(row.at("ours_megabytes"), 0.0);
    }
    EXPECT_TRUE(table("summary").at("rows")[3].at("ours").is_number()) << "generation was measured";
    // Files are as large as the exports are said to become.
    std::map<std::string, double> sizes;
    for (const Json& row : files.at("rows")) {
        EXPECT_TRUE(row.at("ours_megabytes").is_number()) << row;
        sizes[row.at("file").get<std::string>() + " " + row.at("what").get<std::string>()] =
            row.at("ours_megabytes").get<double>() * 1e6;
    }
    EXPECT_EQ(sizes.size(), 6u);
    const auto planned = [&](const std::string& format, const std::string& type) {
        return run({"export", folder / "model", "--format", format, "--type", type, "--dry-run", "--json"})
            .result()
            .at("bytes")
            .get<double>();
    };
    EXPECT_NEAR(sizes[".pt F32"], planned("pt", "F32"), 1);
    EXPECT_NEAR(sizes[".safetensors F32"], planned("safetensors", "F32"), 1);
    EXPECT_NEAR(sizes[".gguf F16"], planned("gguf", "F16"), 1);
    EXPECT_LT(sizes[".safetensors I2_S, embedding F32"], sizes[".safetensors F32"]);
    for (const char* id : {"curve-v0.3", "curve-v0.4"}) {
        const std::string notes = table(id).at("notes").dump();
        EXPECT_NE(notes.find("scaled run"), std::string::npos) << notes;
        EXPECT_NE(notes.find("padding was trained on"), std::string::npos) << notes;
    }
    EXPECT_EQ(table("versions").at("rows")[0].at("ours_samples"), 861);
    EXPECT_EQ(table("versions").at("rows")[0].at("ours_micro_steps"), 2);
    EXPECT_EQ(table("versions").at("rows")[1].at("ours_samples"), 10861);
    EXPECT_EQ(table("versions").at("rows")[1].at("ours_micro_steps"), 16) << "two steps of eight";
    EXPECT_TRUE(fs::exists(folder / "kept" / "results.jsonl"));
    // A run that is there already is set beside the curve as it is.
    std::string name = result.at("session").get<std::string>();
    const fs::path runFolder = folder / "kept" / "runs" / ("distillix-" + name + "-v0.3") / "run";
    ASSERT_TRUE(fs::exists(runFolder / "run.json"));
    const auto md = run({"bench", "published", "--tables", "curves,versions", "--run-v03", runFolder, "--run-v04",
                         runFolder, "--no-keep"});
    EXPECT_EQ(md.code, 0) << md.errors;
    EXPECT_NE(md.out.find(" 1,000 |"), std::string::npos) << md.out;
    EXPECT_EQ(md.out.find("scaled run, smaller"), std::string::npos) << md.out;
    EXPECT_EQ(run({"bench", "published", "--tables", "curves", "--run-v03", folder / "none", "--no-keep"}).code, 4);
}

}  // namespace
}  // namespace distillix
