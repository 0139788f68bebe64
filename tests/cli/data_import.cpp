// SPDX-License-Identifier: Apache-2.0
// Imports through the built program: what is shown beforehand, kills, a disk that fills, memory.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/rng.h"
#include "tests/cli/program.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::Program;
using test::run;
using test::TemporaryFolder;

/// Sample data and a tokenizer, made once by the program itself.
const fs::path& sample() {
    static const TemporaryFolder folder;
    static const bool made = [] {
        EXPECT_EQ(run({"sample-data", folder / "text", "--training", "3000", "--validation", "60"}).code, 0);
        EXPECT_EQ(run({"tokenizer", "train", folder / "text" / "train.jsonl", "--vocab-size", "400", "--out",
                       folder / "tokenizer.model"})
                      .code,
                  0);
        return true;
    }();
    EXPECT_TRUE(made);
    return folder.path();
}

std::vector<std::string> importWords(const fs::path& out) {
    return {"import",      sample() / "text" / "train.jsonl", "--validation", sample() / "text" / "validation.jsonl",
            "--tokenizer", sample() / "tokenizer.model",      "--out",        out,
            "--json"};
}

std::string bytesOf(const fs::path& dataset) {
    std::string all;
    for (const char* name : {"dataset.json", "tokenizer.model", "train.index", "train.tokens", "train.mask",
                             "validation.index", "validation.tokens", "validation.mask", "validation.jsonl"}) {
        const auto bytes = readFile(dataset / name);
        EXPECT_OK(bytes);
        if (bytes.ok()) all += *bytes;
    }
    return all;
}

TEST(DataImport, ATokenizerByItselfTellsHowItCompresses) {
    const TemporaryFolder folder;
    std::string text;
    for (int i = 0; i < 400; ++i) text += "Zeile " + std::to_string(i) + ": grün und blau, über und unter.\n";
    ASSERT_OK(writeFileAtomic(folder / "text.txt", text));
    const auto trained = run(
        {"tokenizer", "train", folder / "text.txt", "--vocab-size", "400", "--out", folder / "own.model", "--json"});
    ASSERT_EQ(trained.code, 0) << trained.errors;
    const Json result = trained.result();
    EXPECT_EQ(result.at("measuredBytes"), text.size());
    // As many tokens as the other verb makes of the same text.
    const auto encoded =
        run({"tokenizer", "encode", folder / "own.model", folder / "text.txt", "--out", folder / "ids", "--json"});
    ASSERT_EQ(encoded.code, 0) << encoded.errors;
    EXPECT_EQ(result.at("measuredTokens").get<double>(), encoded.result().at("tokens").get<double>());
    EXPECT_DOUBLE_EQ(result.at("bytesPerToken").get<double>(),
                     static_cast<double>(text.size()) / encoded.result().at("tokens").get<double>());
}

TEST(DataImport, ADryRunShowsWhatAWindowNeedsAndWritesNothing) {
    const TemporaryFolder folder;
    ASSERT_OK(
        writeFileAtomic(folder / "a.csv", "Question,Answer,id\nWhat?,\"This, that\",1\nWhy?,,2\nWho?,\"Me\",3\n"));
    const auto outcome =
        run({"import", folder / "a.csv", "--dry-run", "--json", "--tokenizer", sample() / "tokenizer.model"});
    const Json result = outcome.result();
    EXPECT_EQ(outcome.code, 0);
    const Json& source = result.at("sources").at(0);
    EXPECT_EQ(source.at("format"), "csv");
    EXPECT_EQ(source.at("shape"), "prompt-response");
    EXPECT_EQ(source.at("roles"), Json({{"prompt", "Question"}, {"response", "Answer"}}));
    EXPECT_EQ(source.at("columns"), Json({"Question", "Answer", "id"}));
    EXPECT_EQ(source.at("rows").at(0), Json({"What?", "This, that", "1"}));
    EXPECT_EQ(source.at("rows").size(), 3u);
    EXPECT_EQ(result.at("refused"), 1);
    EXPECT_EQ(result.at("refusedByReason").at("\"Answer\" is empty"), 1);
    EXPECT_EQ(result.at("statistics").at("documents"), 2);
    EXPECT_EQ(result.at("firstBatch").at("rows").at(0).at("documents").size(), 2u);
    bool told = false;
    for (const auto& line : outcome.lines())
        if (line.value("event", "") == "refused")
            told = line.at("line") == 3 && line.at("column") == 6 && line.at("file") == (folder / "a.csv").string();
    EXPECT_TRUE(told) << outcome.out;
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
    // The mapping can be changed, and people see it too.
    const auto text =
        run({"import", folder / "a.csv", "--dry-run", "--prompt-column", "id", "--response-column", "Question"});
    EXPECT_EQ(text.code, 0) << text.errors;
    EXPECT_NE(text.out.find("prompt from \"id\", response from \"Question\""), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("<|assistant|>⟦What?</s>⟧"), std::string::npos) << text.out;
    EXPECT_EQ(run({"import", folder / "a.csv", "--dry-run", "--shape", "square"}).code, 2);
    EXPECT_EQ(run({"import", folder / "a.csv"}).code, 2) << "--out or --dry-run";
}

TEST(DataImport, TheFirstBatchIsTheTrainers) {
    const TemporaryFolder folder;
    ASSERT_EQ(run(importWords(folder / "set")).code, 0);
    const auto outcome =
        run({"info", "dataset", folder / "set", "--first-batch", "--batch", "3", "--tokens", "128", "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
    const Json batch = outcome.result().at("firstBatch");
    ASSERT_EQ(batch.at("rows").size(), 3u);
    for (const auto& row : batch.at("rows")) {
        EXPECT_EQ(row.at("ids").size(), 128u);
        for (const auto& document : row.at("documents")) {
            EXPECT_EQ(row.at("learnt").at(document.at("begin").get<std::size_t>()), 0);
            EXPECT_GT(document.at("learnt"), 0);
            EXPECT_NE(document.at("text").get<std::string>().find("<|assistant|>def "), std::string::npos) << document;
        }
    }
    const auto text = run({"info", "dataset", folder / "set", "--first-batch"});
    EXPECT_NE(text.out.find("<|assistant|>⟦def "), std::string::npos) << text.out;
    // A second import of the same is recognised, and names what is there.
    const auto again = run(importWords(folder / "set"));
    EXPECT_EQ(again.code, 0);
    EXPECT_EQ(again.result().at("wasThere"), true);
    const auto beside = run(importWords(folder / "other"));
    EXPECT_EQ(beside.code, 5);
    EXPECT_EQ(beside.lines().back().at("where"), (folder / "set").string());
}

TEST(DataImport, KilledAtAnyMomentItIsWholeOrNotThere) {
    const TemporaryFolder folder;
    const double began = steadyNow();
    ASSERT_EQ(run(importWords(folder / "whole")).code, 0);
    const double seconds = steadyNow() - began;
    const std::string expected = bytesOf(folder / "whole");
    fs::rename(folder / "whole", sample() / "whole");  // not beside the others, which it would be taken for
    Rng rng(static_cast<std::uint64_t>(::getpid()));
    const char* asked = std::getenv("DISTILLIX_KILLS");
    const int wanted = asked && *asked ? std::atoi(asked) : 100;
    int kills = 0, whole = 0;
    const fs::path out = folder / "killed";
    while (kills < wanted) {
        Program import(importWords(out));
        std::this_thread::sleep_for(std::chrono::duration<double>(1.1 * seconds * rng.uniform()));
        import.signal(SIGKILL);
        kills += import.wait() == 128 + SIGKILL;
        if (!fs::exists(out)) continue;
        ++whole;
        ASSERT_EQ(bytesOf(out), expected);
        fs::remove_all(out);
    }
    ASSERT_EQ(run(importWords(out)).code, 0);
    EXPECT_EQ(bytesOf(out), expected);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "what the killed ones left is gone";
    fs::remove_all(sample() / "whole");
    RecordProperty("whole_after_kill", whole);
}

TEST(DataImport, StoppedItLeavesNothing) {
    const TemporaryFolder folder;
    for (const int number : {SIGINT, SIGTERM}) {
        Program import(importWords(folder / "set"));
        ASSERT_FALSE(import.waitFor([](const Json& line) { return line.value("phase", "") == "tokenizing"; }).is_null())
            << import.errors();
        import.signal(number);
        const int code = import.wait();
        EXPECT_TRUE(code == 10 || code == 0) << code;
        if (code == 0) fs::remove_all(folder / "set");  // it had just ended
        EXPECT_TRUE(fs::is_empty(folder.path()));
    }
}

TEST(DataImport, ADiskThatFillsAtAnyWriteLeavesNothing) {
    if (!fs::exists(std::string(DISTILLIX_BINARY_DIR) + "/libfull_disk.so"))
        GTEST_SKIP() << "libfull_disk.so was not built";
    const TemporaryFolder folder;
    int writes = 0;
    for (int code = -1; code != 0; ++writes) {
        ASSERT_LT(writes, 500);
        Program import(importWords(folder / "set"), {"LD_PRELOAD=" DISTILLIX_BINARY_DIR "/libfull_disk.so",
                                                     "FULL_DISK_AT=" + std::to_string(writes)});
        code = import.wait();
        if (code == 0) break;
        ASSERT_EQ(code, 8) << "full at write " << writes << ": " << import.rest() << import.errors();
        ASSERT_TRUE(fs::is_empty(folder.path())) << "full at write " << writes;
    }
    EXPECT_GT(writes, 10) << "the disk was never full";
    EXPECT_EQ(run({"info", "dataset", folder / "set", "--verify"}).code, 0);
}

/// 200 MB of varied text, and how much of the memory the program had at most.
TEST(DataImport, Slow200MegabytesInLessThan256OfMemory) {
    const TemporaryFolder folder;
    Rng rng(1);
    // Words of syllables, as words are: a tokenizer finds pieces in them.
    const auto letter = [&](const char* from, std::uint64_t count) { return from[rng.below(count)]; };
    std::vector<std::string> syllables, words;
    for (int i = 0; i < 80; ++i)
        syllables.push_back({letter("bcdfghklmnprstvw", 16), letter("aeiou", 5), letter("lmnrst", 6)});
    for (int i = 0; i < 8000; ++i) {
        std::string word;
        for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) word += syllables[rng.below(syllables.size())];
        words.push_back(word);
    }
    std::uint64_t bytes = 0, records = 0;
    {
        std::FILE* file = std::fopen((folder / "big.jsonl").c_str(), "wb");
        ASSERT_TRUE(file);
        std::string line;
        while (bytes < 200'000'000) {
            line = "{\"text\": \"" + std::to_string(records++);
            for (std::uint64_t n = 20 + rng.below(200); n > 0; --n) {
                const double u = rng.uniform();  // some words are frequent, most are rare
                line += ' ' + words[static_cast<std::size_t>(u * u * u * 8000)];
            }
            line += "\"}\n";
            bytes += std::fwrite(line.data(), 1, line.size(), file);
        }
        std::fclose(file);
    }
    const auto outcome = run({"import", folder / "big.jsonl", "--out", folder / "set", "--vocab-size", "2000",
                              "--tokenizer-bytes", "1000000", "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
    const Json result = outcome.result();
    EXPECT_EQ(result.at("train").at("documents"), records);
    EXPECT_LT(result.at("tokenizer").at("sampleBytes"), 1'000'001);
    EXPECT_GT(result.at("tokenizer").at("textBytes"), 190'000'000);
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    RecordProperty("most_resident_megabytes", std::to_string(usage.ru_maxrss / 1000));
    std::printf("at most %ld MB resident, %s\n", usage.ru_maxrss / 1000, result.at("speed").dump().c_str());
    EXPECT_LT(usage.ru_maxrss, 256'000) << "kilobytes";
}

}  // namespace
}  // namespace distillix
