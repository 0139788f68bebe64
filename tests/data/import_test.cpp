// SPDX-License-Identifier: Apache-2.0
#include "core/data/import.h"

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "core/data/batches.h"
#include "core/data/chat_template.h"
#include "core/data/tokenizer.h"
#include "tests/data/support.h"

namespace distillix {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Import : public FolderTest {
  protected:
    void SetUp() override {
        FolderTest::SetUp();
        m_options.output = m_folder / "set";
        m_options.vocabSize = 400;
    }
    ImportReport run() {
        auto report = importDataset(m_options);
        EXPECT_TRUE(report.ok()) << report.error().text();
        return report.ok() ? std::move(report).value() : ImportReport{};
    }
    void expectFails(const std::string& reason, ErrorCode code = ErrorCode::InvalidArgument) {
        const auto report = importDataset(m_options);
        ASSERT_FALSE(report.ok());
        EXPECT_THAT(report.error().text(), HasSubstr(reason));
        EXPECT_STREQ(errorCodeName(report.error().code), errorCodeName(code));
        // Nothing half made stays, under any name.
        for (const auto& entry : std::filesystem::directory_iterator(m_folder))
            EXPECT_FALSE(entry.path().filename().string().starts_with("set")) << entry.path();
    }
    TokenDataset split(const std::string& name) {
        auto dataset = TokenDataset::open(m_options.output, name);
        EXPECT_TRUE(dataset.ok()) << dataset.error().text();
        EXPECT_TRUE(dataset.value().verify().ok());
        return std::move(dataset).value();
    }
    Tokenizer tokenizer() { return std::move(Tokenizer::load(m_options.output / "tokenizer.model")).value(); }
    std::vector<std::string> texts(const std::string& name) {
        const auto dataset = split(name);
        const auto t = tokenizer();
        std::vector<std::string> all;
        for (std::int64_t i = 0; i < dataset.documents(); ++i) {
            EXPECT_EQ(dataset.documentTokens(i).front(), t.bos());
            EXPECT_EQ(dataset.documentTokens(i).back(), t.eos());
            all.push_back(t.decode(dataset.documentTokens(i)));
        }
        return all;
    }
    std::string jsonl(int from, int to) {
        std::string lines;
        for (int i = from; i < to; ++i)
            lines += R"({"prompt": "Add )" + std::to_string(i) + R"( to x.", "response": "return x + )" +
                     std::to_string(i) + R"(", "assertion": "assert f(1) == )" + std::to_string(i + 1) + "\"}\n";
        return lines;
    }
    ImportOptions m_options;
};

TEST_F(Import, PromptsAreMaskedAndHeldOutOnesKept) {
    m_options.sources = {file("train.jsonl", jsonl(0, 50))};
    m_options.validationFile = file("held.jsonl", jsonl(50, 55));
    const ImportReport report = run();
    EXPECT_EQ(report.info.kind, "conversations");
    EXPECT_EQ(report.info.chatTemplate, "distillix-chat-1");
    EXPECT_EQ(report.info.train.documents, 50u);
    EXPECT_EQ(report.info.validation.documents, 5u);
    EXPECT_EQ(report.info.refusedRecords, 0u);
    EXPECT_TRUE(report.info.tokenizerTrained);

    const auto dataset = split("train");
    const auto t = tokenizer();
    EXPECT_EQ(dataset.tokenizerHash(), t.hash());
    EXPECT_EQ(dataset.vocabSize(), t.size());
    EXPECT_EQ(dataset.padId(), t.pad());
    const auto ids = dataset.documentTokens(7);
    const auto mask = dataset.documentMask(7);
    std::vector<std::int32_t> labelled, prompt;
    for (std::size_t i = 0; i < ids.size(); ++i) (mask[i] ? labelled : prompt).push_back(ids[i]);
    EXPECT_EQ(t.decode(labelled), "return x + 7");
    EXPECT_EQ(labelled.back(), t.eos());
    EXPECT_EQ(prompt, ChatTemplate::create(t).value().renderPrompt("Add 7 to x."));
    EXPECT_EQ(dataset.documentBytes(7), std::string("return x + 7").size());

    const auto prompts = loadHeldOutPrompts(m_options.output);
    ASSERT_TRUE(prompts.ok()) << prompts.error().text();
    ASSERT_EQ(prompts.value().size(), 5u);
    EXPECT_EQ(prompts.value()[0].prompt, "Add 50 to x.");
    EXPECT_EQ(prompts.value()[0].response, "return x + 50");
    EXPECT_EQ(prompts.value()[0].assertion, "assert f(1) == 51");
    EXPECT_EQ(loadHeldOutPrompts(m_options.output, 2).value().size(), 2u);

    const auto info = loadDatasetInfo(m_options.output);
    ASSERT_TRUE(info.ok()) << info.error().text();
    EXPECT_EQ(datasetInfoToJson(info.value()), datasetInfoToJson(report.info));
}

TEST_F(Import, TextIsBosTextEos) {
    m_options.sources = {
        file("a.jsonl", "{\"text\": \"first é\\n\"}\r\n\n  \n{\"text\": \"second 日本\", \"other\": 1}"),
        file("b.txt", "third\nfile\n")};
    const ImportReport report = run();
    EXPECT_EQ(report.info.kind, "text");
    EXPECT_EQ(report.info.train.textBytes, 9u + 13u + 11u);
    EXPECT_THAT(texts("train"), ElementsAre("first é\n", "second 日本", "third\nfile\n"));
    const auto dataset = split("train");
    for (std::int64_t i = 0; i < 3; ++i) {
        const auto mask = dataset.documentMask(i);
        EXPECT_EQ(mask[0], 0);
        EXPECT_TRUE(std::all_of(mask.begin() + 1, mask.end(), [](auto m) { return m == 1; }));
    }
    EXPECT_EQ(dataset.labels(), dataset.tokens() - 3);
    EXPECT_EQ(split("validation").documents(), 0);
    EXPECT_FALSE(std::filesystem::exists(m_options.output / "validation.jsonl"));
    EXPECT_TRUE(loadHeldOutPrompts(m_options.output).value().empty());
}

TEST_F(Import, EveryRefusedRecordIsToldWithFileLineAndColumn) {
    const std::string good = "{\"text\": \"good\"}\n";
    const auto path =
        file("bad.jsonl",
             "\xef\xbb\xbf" + good + "{\"text\": }\n" + "[1]\n" + "{\"text\": 5}\n" + "{\"text\": \"\"}\n" +
                 "{\"prompt\": \"p\"}\n" + "{\"response\": \"r\"}\n" + "{\"prompt\": \"p\", \"response\": [\"r\"]}\n" +
                 "{\"prompt\": \"p\", \"response\": \"r\", \"text\": \"t\"}\n" + "{}\n" + "{\"text\": \"a\xff\"}\n" +
                 "{\"text\": \"\\ud800\"}\n" + std::string("{\"text\": \"x\"}\0{", 16) + "\n" +
                 "{\"prompt\": \"\", \"response\": \"r\"}\n" + "{\"prompt\": \"p\", \"response\": \"\"}\n" +
                 "{\"prompt\": \"p\", \"response\": \"r\", \"assertion\": 1}\n" + std::string(100000, '[') + "\n" +
                 "{\"text\": null}\n" + "{\"é\": 1, \"text\": {\"a\": [null, [null]]}}\n" + "{\"text\": \"second\"}\n" +
                 "{\"text\": \"cut sho");
    m_options.sources = {path};
    const ImportReport report = run();
    EXPECT_EQ(report.info.train.documents, 2u);
    EXPECT_EQ(report.info.refusedRecords, 19u);
    std::vector<std::string> told;
    for (const auto& refusal : report.refusals) told.push_back(refusal.text().substr(path.string().size()));
    EXPECT_THAT(
        told, ElementsAre(":2:10: is no valid JSON", ":3:1: must be a JSON object (it is an array)",
                          ":4:2: \"text\" must be a text (it is a number)", ":5:2: \"text\" is empty",
                          ":6:1: has no \"response\"", ":7:1: has no \"prompt\"",
                          ":8:17: \"response\" must be a text (it is an array)",
                          HasSubstr(":9:1: has both \"text\" and \"prompt\" or \"response\"; which is meant?"),
                          HasSubstr(":10:1: has no columns that are understood"), ":11:12: is no valid UTF-8",
                          HasSubstr(":12:1"), ":13:14: holds a NUL byte", ":14:2: \"prompt\" is empty",
                          ":15:17: \"response\" is empty", ":16:34: \"assertion\" must be a text (it is a number)",
                          HasSubstr(":17:"), ":18:2: \"text\" is null",
                          ":19:10: \"text\" must be a text (it is an object)", HasSubstr(":21:18: is no valid JSON")));
    EXPECT_EQ(report.info.refusedByReason.at("\"text\" must be a text"), 2u);
    EXPECT_EQ(report.info.refusedByReason.at("\"text\" is null"), 1u);
    // All of them stand in a file too, with their parts apart.
    std::istringstream lines(contentOf(m_options.output / "refused.jsonl"));
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line); ++number) {
        const auto json = nlohmann::json::parse(line);
        EXPECT_EQ(json.at("line"), report.refusals[number].line);
        EXPECT_EQ(json.at("reason"), report.refusals[number].reason);
        EXPECT_EQ(json.at("file"), path.string());
    }
    EXPECT_EQ(number, 19u);
}

TEST_F(Import, StrictEndsAtTheFirstRefusal) {
    m_options.sources = {file("bad.jsonl", "{\"text\": \"good\"}\nnonsense\n{\"text\": \"good\"}\n")};
    m_options.strict = true;
    expectFails("bad.jsonl:2:2: is no valid JSON", ErrorCode::InvalidData);
}

TEST_F(Import, OnlySoManyRefusalsAreKept) {
    std::string lines = "{\"text\": \"good\"}\n";
    for (int i = 0; i < 300; ++i) lines += "nonsense\n";
    m_options.sources = {file("bad.jsonl", lines)};
    const ImportReport report = run();
    EXPECT_EQ(report.info.refusedRecords, 300u);
    EXPECT_EQ(report.refusals.size(), ImportReport::kKeptRefusals);
}

class ImportFolder : public Import {
  protected:
    void SetUp() override {
        Import::SetUp();
        file("code/b.py", "def b():\n\treturn 'b'\n");
        file("code/a.py", "def a():\n    return 'a'  \n\n");
        file("code/sub/c.PY", "c = 'é'\r\n");
        file("code/a/z.py", "z = 1");
        file("code/readme.md", "no code");
        file("code/.hidden.py", "hidden = 1");
        file("code/.git/x.py", "git = 1");
        file("code/node_modules/m.py", "module = 1");
        file("code/binary.py", std::string("a\0b", 3));
        file("code/empty.py", "");
        file("code/latin.py", "ok = 1\nname = 'caf\xe9'\n");
        std::filesystem::create_symlink("b.py", m_folder / "code/link.py");
        m_options.sources = {m_folder / "code"};
    }
};

TEST_F(ImportFolder, InSortedOrderWithWhatWasLeftOutCounted) {
    const ImportReport report = run();
    EXPECT_THAT(texts("train"),
                ElementsAre("def a():\n    return 'a'  \n\n", "z = 1", "def b():\n\treturn 'b'\n", "c = 'é'\r\n"));
    const std::map<std::string, std::uint64_t> skipped{{"hidden", 2}, {"vendored folder", 1}, {"other extension", 1},
                                                       {"link", 1},   {"binary", 1},          {"empty", 1}};
    EXPECT_EQ(report.info.skippedFiles, skipped);
    ASSERT_EQ(report.refusals.size(), 1u);
    EXPECT_EQ(report.refusals[0].text(), (m_folder / "code/latin.py").string() + ":2:12: is no valid UTF-8");
}

TEST_F(ImportFolder, OfTheExtensionsAsked) {
    m_options.reading.extensions = {".MD"};
    m_options.sources = {m_folder / "code/"};
    run();
    EXPECT_THAT(texts("train"), ElementsAre("no code"));
}

TEST_F(ImportFolder, ValidationByAList) {
    m_options.validationList = file("list.txt", "./b.py\r\nsub/c.PY\n\n");
    const ImportReport report = run();
    EXPECT_THAT(texts("train"), ElementsAre("def a():\n    return 'a'  \n\n", "z = 1"));
    EXPECT_THAT(texts("validation"), ElementsAre("def b():\n\treturn 'b'\n", "c = 'é'\r\n"));
    EXPECT_EQ(report.info.validation.textBytes, 21u + 10u);
    // The tokenizer knows the training part alone: 'é' is in no piece of its own.
    const Tokenizer t = tokenizer();
    EXPECT_EQ(t.pieceId("é"), -1);
    EXPECT_GE(t.pieceId("z"), 0);
}

TEST_F(ImportFolder, ValidationListWithUnknownNames) {
    m_options.validationList = file("list.txt", "b.py\nnot/there.py\n");
    expectFails("list.txt:2: \"not/there.py\" is not among the files imported");
    m_options.validationList = file("list.txt", "readme.md\n");
    expectFails("it is there, but hidden, vendored, a link or of another extension");
    m_options.validationList = file("list.txt", "../code/b.py\n");
    expectFails("list.txt:1:");
    m_options.validationList = file("list.txt", "\n\n");
    expectFails("names no file");
    m_options.validationList = m_folder / "missing.txt";
    expectFails("missing.txt", ErrorCode::NotFound);
}

TEST_F(ImportFolder, ValidationListNeedsOneFolder) {
    m_options.sources.push_back(file("x.jsonl", "{\"text\": \"x\"}"));
    m_options.validationList = file("list.txt", "b.py\n");
    expectFails("import one folder with it");
}

TEST_F(Import, FractionIsStable) {
    m_options.sources = {file("all.jsonl", jsonl(0, 1000))};
    m_options.validationFraction = 0.2;
    const ImportReport first = run();
    EXPECT_NEAR(static_cast<double>(first.info.validation.documents), 200, 40);
    EXPECT_EQ(first.info.train.documents + first.info.validation.documents, 1000u);
    const auto heldOut = loadHeldOutPrompts(m_options.output).value();
    // Among more records the same ones are held out.
    file("all.jsonl", jsonl(500, 1500));
    m_options.output = m_folder / "set2";
    run();
    std::set<std::string> again;
    const auto heldOutAgain = loadHeldOutPrompts(m_options.output).value();
    for (const auto& prompt : heldOutAgain) again.insert(prompt.prompt);
    for (const auto& prompt : heldOut)
        EXPECT_TRUE(std::stoi(prompt.prompt.substr(4)) < 500 || again.count(prompt.prompt)) << prompt.prompt;
}

TEST_F(Import, TheSameInputGivesTheSameBytesOnAnyThreads) {
    m_options.sources = {file("all.jsonl", jsonl(0, 700))};
    m_options.validationFraction = 0.1;
    m_options.threads = 1;
    run();
    const auto first = m_options.output;
    m_options.output = m_folder / "set2";
    m_options.threads = 3;
    m_options.again = true;
    run();
    for (const char* name : {"dataset.json", "tokenizer.model", "train.index", "train.tokens", "train.mask",
                             "validation.index", "validation.tokens", "validation.mask", "validation.jsonl"})
        EXPECT_EQ(contentOf(first / name), contentOf(m_options.output / name)) << name;
}

TEST_F(Import, AGivenTokenizerIsUsedAsItIs) {
    m_options.sources = {file("all.jsonl", jsonl(0, 60))};
    run();
    m_options.tokenizer = file("own.model", contentOf(m_options.output / "tokenizer.model"));
    m_options.output = m_folder / "set2";
    m_options.sources = {file("other.txt", "Something else entirely: 日本 🙂\n")};
    const ImportReport report = run();
    EXPECT_FALSE(report.info.tokenizerTrained);
    EXPECT_EQ(contentOf(m_options.output / "tokenizer.model"), contentOf(m_options.tokenizer));
    EXPECT_THAT(texts("train"), ElementsAre("Something else entirely: 日本 🙂\n"));
}

TEST_F(Import, WithLlama2sTokenizer) {
    m_options.tokenizer = llama2TokenizerPath();
    if (m_options.tokenizer.empty())
        GTEST_SKIP() << "Llama 2's tokenizer.model is not here: name it in DISTILLIX_LLAMA2_TOKENIZER to run this";
    m_options.sources = {file("all.jsonl", jsonl(0, 3) + "{\"text\": \"  def f():\\n    pass\"}\n")};
    const ImportReport report = run();
    EXPECT_EQ(report.info.chatTemplate, "distillix-plain-1");
    EXPECT_EQ(report.info.kind, "mixed");
    EXPECT_EQ(report.info.vocabSize, 32000);
    EXPECT_EQ(split("train").padId(), 2);  // there is no <pad>
    EXPECT_EQ(texts("train").back(), "  def f():\n    pass");
}

TEST_F(Import, LongTextFileIsCutAtLineEndsWithoutLoss) {
    std::string text;
    for (int i = 0; text.size() < 2 * kTextDocument + 1000; ++i) text += "line number " + std::to_string(i) + " é\n";
    m_options.sources = {file("long.txt", text)};
    const ImportReport report = run();
    EXPECT_EQ(report.info.train.documents, 3u);
    EXPECT_EQ(report.info.train.textBytes, text.size());
    std::string joined;
    for (const auto& part : texts("train")) {
        EXPECT_EQ(part.back(), '\n');
        joined += part;
    }
    EXPECT_EQ(joined, text);
}

TEST_F(Import, TextFileWithBrokenUtf8NamesItsLine) {
    m_options.sources = {file("bad.txt",
                              "fine\nfine\nbr\xff"
                              "oken\n"),
                         file("good.txt", "good")};
    const ImportReport report = run();
    ASSERT_EQ(report.refusals.size(), 1u);
    EXPECT_THAT(report.refusals[0].text(), HasSubstr("bad.txt:3:3: is no valid UTF-8"));
}

TEST_F(Import, WhatCannotBeIsRefused) {
    expectFails("there is nothing to import");
    m_options.sources = {m_folder / "missing.jsonl"};
    expectFails("missing.jsonl", ErrorCode::NotFound);
    m_options.sources = {file("empty.jsonl", "")};
    expectFails("nothing to train on");
    m_options.sources = {file("bad.jsonl", "nonsense\n")};
    expectFails("nothing to train on");
    m_options.sources = {file("good.jsonl", jsonl(0, 30))};
    m_options.vocabSize = 10;
    expectFails("a vocabulary of 10 pieces");
    m_options.vocabSize = 400;
    m_options.validationFraction = 1.5;
    expectFails("fraction must be");
    m_options.validationFraction = 0.1;
    m_options.validationFile = file("held.jsonl", jsonl(0, 3));
    expectFails("not from several");
    m_options.validationFraction = 0;
    m_options.tokenizer = file("no.model", "not a model");
    expectFails("SentencePiece model", ErrorCode::InvalidData);
}

TEST_F(Import, NothingIsReplaced) {
    m_options.sources = {file("good.jsonl", jsonl(0, 30))};
    run();
    m_options.vocabSize = 401;
    const auto again = importDataset(m_options);
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().code, ErrorCode::AlreadyExists);
    EXPECT_EQ(split("train").documents(), 30);
}

TEST_F(Import, TheSameImportIsRecognised) {
    m_options.sources = {file("good.jsonl", jsonl(0, 30))};
    const ImportReport first = run();
    EXPECT_FALSE(first.wasThere);
    const std::string before = contentOf(m_options.output / "dataset.json");
    const ImportReport second = run();
    EXPECT_TRUE(second.wasThere);
    EXPECT_EQ(datasetInfoToJson(second.info), datasetInfoToJson(first.info));
    EXPECT_EQ(contentOf(m_options.output / "dataset.json"), before);
    // Under another name too: the dataset that is there is named. The file's own name does not matter, its content
    // does.
    const auto there = m_options.output;
    m_options.output = m_folder / "other";
    m_options.sources = {file("copy.jsonl", jsonl(0, 30))};
    const auto beside = importDataset(m_options);
    ASSERT_FALSE(beside.ok());
    EXPECT_EQ(beside.error().code, ErrorCode::AlreadyExists);
    EXPECT_EQ(beside.error().where, there.string());
    EXPECT_FALSE(std::filesystem::exists(m_options.output));
    // Other content of the same length, other options, or being told so: a new import.
    std::string changed = jsonl(0, 30);
    changed[changed.find("Add 7")] = 'B';
    m_options.sources = {file("changed.jsonl", changed)};
    EXPECT_FALSE(run().wasThere);
    m_options.sources = {file("copy.jsonl", jsonl(0, 30))};
    m_options.output = m_folder / "prompts";
    m_options.learnPrompts = true;
    EXPECT_FALSE(run().wasThere);
    m_options.learnPrompts = false;
    m_options.again = true;
    m_options.output = m_folder / "again";
    EXPECT_FALSE(run().wasThere);
}

TEST_F(Import, WhatAKilledImportLeftIsRemoved) {
    const auto left = m_folder / "set.partial-999999-0";
    std::filesystem::create_directories(left);
    file("set.partial-999999-0/train.tokens.partial-999999-1", "half");
    m_options.sources = {file("good.jsonl", jsonl(0, 30))};
    run();
    EXPECT_FALSE(std::filesystem::exists(left));
}

TEST_F(Import, DuplicatesAreLeftOut) {
    const std::string lines = jsonl(0, 40) + jsonl(10, 20) +
                              "{\"response\": \"return x + 3\", \"prompt\": \"Add 3 to x.\"}\n" +
                              "{\"prompt\": \"Add 3 to x.\", \"response\": \"another\"}\n";
    m_options.sources = {file("a.jsonl", lines), file("b.jsonl", jsonl(39, 41))};
    m_options.validationFile = file("held.jsonl", jsonl(5, 6) + jsonl(100, 103));
    const ImportReport report = run();
    EXPECT_EQ(report.info.train.documents, 42u);
    EXPECT_EQ(report.info.validation.documents, 3u) << "what is trained on is not held out";
    EXPECT_EQ(report.info.duplicates, 10u + 1 + 1 + 1);
    EXPECT_EQ(report.info.sources[1].duplicates, 1u);
    EXPECT_EQ(report.info.sources[1].records, 1u);
    m_options.keepDuplicates = true;
    m_options.output = m_folder / "set2";
    EXPECT_EQ(run().info.train.documents, 54u);
}

TEST_F(Import, PromptsCanBeLearntToo) {
    m_options.sources = {file("train.jsonl", jsonl(0, 50))};
    m_options.learnPrompts = true;
    const ImportReport report = run();
    EXPECT_TRUE(report.info.promptsLearnt);
    const auto dataset = split("train");
    for (const auto mask : dataset.documentMask(7).subspan(1)) EXPECT_EQ(mask, 1);
    EXPECT_EQ(dataset.documentBytes(7), std::string("Add 7 to x.").size() + std::string("return x + 7").size());
}

TEST_F(Import, StatisticsAreThoseOfTheDocuments) {
    m_options.sources = {file("a.jsonl", jsonl(0, 200)), file("code.py", "def f():\n    return 1\n")};
    m_options.validationFraction = 0.1;
    const ImportReport report = run();
    std::vector<std::uint64_t> lengths;
    const auto dataset = split("train");
    for (std::int64_t i = 0; i < dataset.documents(); ++i) lengths.push_back(dataset.documentTokens(i).size());
    std::sort(lengths.begin(), lengths.end());
    const LengthStatistics& tokens = report.info.trainStatistics.tokens;
    EXPECT_EQ(tokens.shortest, lengths.front());
    EXPECT_EQ(tokens.longest, lengths.back());
    EXPECT_EQ(tokens.p50, lengths[(lengths.size() + 1) / 2 - 1]);
    EXPECT_EQ(tokens.p90, lengths[(lengths.size() * 90 + 99) / 100 - 1]);
    EXPECT_NEAR(tokens.mean, static_cast<double>(dataset.tokens()) / static_cast<double>(dataset.documents()), 0.01);
    ASSERT_EQ(report.info.languages.size(), 1u);
    EXPECT_EQ(report.info.languages.at("Python").documents, 1u);
    EXPECT_EQ(report.info.languages.at("Python").bytes, 22u);
    // The packing told is the one that training does.
    BatchLoader loader(dataset, 1, 128, 1);
    EXPECT_NEAR(report.info.paddingShares.at(128), loader.paddingShare(), 1e-4);
    const auto loaded = loadDatasetInfo(m_options.output);
    ASSERT_TRUE(loaded.ok()) << loaded.error().text();
    EXPECT_EQ(datasetInfoToJson(loaded.value()), datasetInfoToJson(report.info));
}

TEST_F(Import, DatasetsOfVersion1AreRead) {
    file("dataset.json", R"({"format": "distillix-dataset", "version": 1, "sources": ["a.jsonl"], "kind": "text",
        "template": "distillix-chat-1", "tokenizer": {"file": "tokenizer.model", "sha256": "x", "pieces": 400, "trained": true},
        "splits": {"train": {"documents": 1, "tokens": 2, "labels": 1, "text_bytes": 3, "longest_document": 2, "crc32c": 4},
                   "validation": {"documents": 0, "tokens": 0, "labels": 0, "text_bytes": 0, "longest_document": 0, "crc32c": 0}},
        "held_out_prompts": 0, "refused_records": 0, "skipped_files": {}})");
    const auto info = loadDatasetInfo(m_folder);
    ASSERT_TRUE(info.ok()) << info.error().text();
    EXPECT_EQ(info.value().sources.at(0).path, "a.jsonl");
    EXPECT_EQ(info.value().train.textBytes, 3u);
}

TEST_F(Import, StopsWhenAskedAndLeavesNothing) {
    m_options.sources = {file("good.jsonl", jsonl(0, 3000))};
    for (const std::string phase : {"reading", "training tokenizer", "tokenizing", "writing"}) {
        StopSource stop;
        const auto report = importDataset(
            m_options,
            [&](const ImportProgress& progress) {
                if (progress.phase == phase) stop.raise();
            },
            stop.token());
        EXPECT_TRUE(stop.raised()) << phase;
        if (phase == "writing") {  // nothing but two small files: it is done sooner than stopped
            EXPECT_TRUE(report.ok());
            continue;
        }
        ASSERT_FALSE(report.ok()) << phase;
        EXPECT_EQ(report.error().code, ErrorCode::Cancelled) << phase << report.error().text();
        EXPECT_EQ(std::distance(std::filesystem::directory_iterator(m_folder), {}), 1) << phase;
    }
}

TEST_F(Import, ProgressReachesItsEnd) {
    m_options.sources = {file("good.jsonl", jsonl(0, 300))};
    std::vector<std::string> phases;
    ImportProgress last;
    ASSERT_TRUE(importDataset(m_options, [&](const ImportProgress& progress) {
                    if (phases.empty() || phases.back() != progress.phase) phases.push_back(progress.phase);
                    EXPECT_LE(progress.doneBytes, progress.totalBytes);
                    last = progress;
                }).ok());
    EXPECT_THAT(phases, ElementsAre("reading", "training tokenizer", "tokenizing", "writing"));
    EXPECT_EQ(last.documents, 300u);
    EXPECT_GT(last.tokens, 300u);
}

TEST_F(Import, DamagedDatasetFoldersAreRefused) {
    EXPECT_EQ(loadDatasetInfo(m_folder).error().code, ErrorCode::NotFound);
    const auto expectBad = [&](const std::string& content, const std::string& reason) {
        file("dataset.json", content);
        const auto info = loadDatasetInfo(m_folder);
        ASSERT_FALSE(info.ok()) << content;
        EXPECT_THAT(info.error().text(), HasSubstr("dataset.json"));
        EXPECT_THAT(info.error().text(), HasSubstr(reason));
    };
    expectBad("", "damaged");
    expectBad("[]", "no dataset");
    expectBad("{\"format\": \"other\"}", "no dataset");
    expectBad("{\"format\": 3}", "damaged");
    expectBad("{\"format\": \"distillix-dataset\", \"version\": 3}", "version 3");
    expectBad("{\"format\": \"distillix-dataset\", \"version\": 1}", "damaged");
    expectBad(std::string(1 << 20, '['), "damaged");
    file("validation.jsonl", "{\"prompt\": \"p\", \"response\": \"r\"}\nbroken\n");
    EXPECT_THAT(loadHeldOutPrompts(m_folder).error().text(), HasSubstr("validation.jsonl:2"));
}

}  // namespace
}  // namespace distillix
