// SPDX-License-Identifier: Apache-2.0
// Verbs one by one: help, exit codes, messages that name the place.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/formats/safetensors.h"
#include "core/train/run_folder.h"
#include "tests/cli/program.h"
#include "tests/cli/small_model.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::run;
using test::TemporaryFolder;

std::string goldenCase(const std::string& name) {
    return std::string(DISTILLIX_TEST_DATA) + "/golden/cases/" + name;
}

/// Names under "Subcommands:" in a help text.
std::vector<std::string> verbsIn(const std::string& help) {
    std::vector<std::string> names;
    auto at = help.find("Subcommands:\n");
    while (at != std::string::npos && (at = help.find('\n', at)) != std::string::npos &&
           help.compare(at, 3, "\n  ") == 0) {
        const auto begin = at + 3;
        if (help[begin] != ' ') names.push_back(help.substr(begin, help.find(' ', begin) - begin));
        at = begin;
    }
    return names;
}

TEST(Verbs, EveryHelpWorksAndShowsAnExampleThatParses) {
    const auto top = run({"--help"});
    EXPECT_EQ(top.code, 0);
    std::vector<std::vector<std::string>> leaves;
    for (const auto& name : verbsIn(top.out)) {
        const auto help = run({name, "--help"});
        EXPECT_EQ(help.code, 0) << name;
        const auto below = verbsIn(help.out);
        if (below.empty()) leaves.push_back({name});
        for (const auto& verb : below) leaves.push_back({name, verb});
    }
    EXPECT_GE(leaves.size(), 20u);
    for (auto words : leaves) {
        std::string name = words[0] + (words.size() > 1 ? " " + words[1] : "");
        words.push_back("--help");
        const auto help = run(words);
        EXPECT_EQ(help.code, 0) << name;
        EXPECT_NE(help.out.find("--json"), std::string::npos) << name;
        EXPECT_NE(help.out.find("Example:\n  distillix " + name), std::string::npos) << help.out;
        EXPECT_EQ(help.errors, "") << name;
    }
}

TEST(Verbs, UsageErrorsAreTold) {
    for (const auto& words : std::vector<std::vector<std::string>>{{},
                                                                   {"bogus"},
                                                                   {"runs"},
                                                                   {"runs", "bogus"},
                                                                   {"runs", "show"},
                                                                   {"info", "device", "--bogus"},
                                                                   {"logits", "x", "--threads", "-1"}}) {
        const auto outcome = run(words);
        EXPECT_EQ(outcome.code, 2);
        EXPECT_EQ(outcome.out, "");
        EXPECT_NE(outcome.errors.find("--help"), std::string::npos) << outcome.errors;
    }
    const auto outcome = run({"runs", "bogus", "--json"});
    EXPECT_EQ(outcome.code, 2);
    const auto lines = outcome.lines();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].at("type"), "hello");
    EXPECT_EQ(lines[1].at("code"), "usage");
    EXPECT_NE(lines[1].at("message").get<std::string>().find("bogus"), std::string::npos);
}

TEST(Verbs, InfoDeviceNamesTheProcessor) {
    const auto outcome = run({"info", "device", "--json"});
    EXPECT_EQ(outcome.code, 0);
    const Json devices = outcome.result().at("devices");
    ASSERT_GE(devices.size(), 2u);
    const auto cpu = std::find_if(devices.begin(), devices.end(), [](const Json& d) { return d.at("name") == "cpu"; });
    ASSERT_NE(cpu, devices.end());
    EXPECT_NE(run({"info", "device"}).out.find(cpu->at("level").get<std::string>()), std::string::npos);
}

TEST(Verbs, InfoDeviceSaysWhyThereIsNoCardAndWhatTheDriverTells) {
    const std::string drivers = std::string("LD_LIBRARY_PATH=") + DISTILLIX_BINARY_DIR + "/fake_nvml";
    const auto outcome = run({"info", "device", "--json"}, "", {drivers});
    EXPECT_EQ(outcome.code, 0);
    const Json result = outcome.result(), cards = result.at("cards");
    ASSERT_EQ(cards.size(), 2u);
    EXPECT_EQ(cards[0].at("memoryFreeBytes"), 5e9);
    EXPECT_EQ(cards[0].at("clockMhz"), 1650);
    EXPECT_EQ(cards[0].at("throttle"), "power limit, temperature");
    EXPECT_TRUE(cards[1].at("celsius").is_null());
    const std::string text = run({"info", "device"}, "", {drivers}).out;
    EXPECT_NE(text.find("71 °C"), std::string::npos) << text;
    if (result.at("missing").empty()) GTEST_SKIP() << "a card is here";
    EXPECT_EQ(result.at("missing")[0].at("name"), "cuda");
    EXPECT_NE(text.find(result.at("missing")[0].at("reason").get<std::string>()), std::string::npos) << text;
    const auto refused = run({"bench", "ops", "--device", "cuda"});
    EXPECT_EQ(refused.code, 4);
    EXPECT_NE(refused.errors.find(result.at("missing")[0].at("reason").get<std::string>()), std::string::npos)
        << refused.errors;
}

TEST(Verbs, TheCudaModuleSaysWhatItLacks) {
    // Any library under the driver's name brings the program as far as the module.
    const TemporaryFolder folder;
    const std::filesystem::path library =
        std::filesystem::path(DISTILLIX_BINARY_DIR) / "fake_nvml" / "libnvidia-ml.so.1";
    std::filesystem::copy_file(library, folder.path() / "libcuda.so.1");
    const std::string drivers = "LD_LIBRARY_PATH=" + folder.path().string();
    const auto reason = [&](const std::string& module) {
        std::vector<std::string> environment = {drivers};
        if (!module.empty()) environment.push_back("DISTILLIX_CUDA_MODULE=" + module);
        const auto refused = run({"bench", "ops", "--device", "cuda"}, "", environment);
        EXPECT_EQ(refused.code, 4);
        return refused.errors;
    };
    EXPECT_NE(reason("/no/such/file").find("The CUDA module is not there (/no/such/file)"), std::string::npos);
    EXPECT_NE(reason(library.string()).find("of another build"), std::string::npos);
    const std::filesystem::path text = folder.path() / "text.so";
    ASSERT_TRUE(writeFileAtomic(text, "no library").ok());
    EXPECT_NE(reason(text.string()).find("cannot be opened"), std::string::npos);
    const std::string own = reason("");
    if (std::filesystem::exists(std::filesystem::path(DISTILLIX_BINARY_DIR) / "libdistillix_cuda.so"))
        EXPECT_NE(own.find("NVIDIA driver"), std::string::npos) << "the module was opened and asked: " << own;
    else
        EXPECT_NE(own.find("built without nvcc"), std::string::npos) << own;
}

TEST(Verbs, EveryFormatThatIsListedCanBeExported) {
    const TemporaryFolder folder;
    test::makeSmallModel(folder / "model", {}, 64);
    const Json formats = run({"info", "formats", "--json"}).result().at("formats");
    ASSERT_GE(formats.size(), 4u);
    for (const Json& format : formats) {
        const std::string name = format.at("name");
        for (const std::string type : format.at("types")) {
            const auto plan =
                run({"export", folder / "model", "--format", name, "--type", type, "--dry-run", "--json"});
            EXPECT_EQ(plan.code, 0) << name << " " << type << ": " << plan.errors;
            EXPECT_EQ(plan.result().at("type"), type);
        }
        for (const std::string embedding : format.at("embeddings"))
            EXPECT_EQ(run({"export", folder / "model", "--format", name, "--embedding", embedding, "--dry-run"}).code,
                      0)
                << name << " " << embedding;
        EXPECT_NE(run({"info", "formats"}).out.find(name), std::string::npos);
    }
}

TEST(Verbs, RunsAreListedAndShown) {
    const TemporaryFolder folder;
    EXPECT_EQ(run({"runs", "list", folder / "missing"}).code, 4);
    EXPECT_TRUE(run({"runs", "list", folder.path(), "--json"}).result().at("runs").empty());
    {
        auto writer = RunFolder::create(folder / "first", {});
        ASSERT_OK(writer);
        StepMetrics metrics;
        metrics.step = 7;
        metrics.loss = 1.25;
        ASSERT_OK(writer->appendMetrics(metrics));
        ASSERT_OK(writer->finish(RunState::Stopped, 7, "asked to"));
    }
    const Json runs = run({"runs", "list", folder.path(), "--json"}).result().at("runs");
    ASSERT_EQ(runs.size(), 1u);
    EXPECT_EQ(runs[0].at("state"), "stopped");
    EXPECT_EQ(runs[0].at("lastMetrics").at("loss"), 1.25);
    const auto shown = run({"runs", "show", folder / "first"});
    EXPECT_EQ(shown.code, 0);
    EXPECT_NE(shown.out.find("asked to"), std::string::npos);
    EXPECT_EQ(run({"info", "run", folder / "first"}).out, shown.out);
    const auto missing = run({"runs", "show", folder / "second", "--json"});
    EXPECT_EQ(missing.code, 4);
    EXPECT_EQ(missing.lines().back().at("where"), (folder / "second").string());
    const auto stop = run({"runs", "stop", folder / "first"});
    EXPECT_EQ(stop.code, 4);
    EXPECT_NE(stop.errors.find("stopped"), std::string::npos) << stop.errors;
}

TEST(Verbs, RunsStopWaitsForTheTrainersAnswer) {
    const TemporaryFolder folder;
    auto writer = RunFolder::create(folder / "run", {});
    ASSERT_OK(writer);
    for (const bool agrees : {true, false}) {
        test::Program program({"runs", agrees ? "checkpoint" : "stop", folder / "run", "--json"});
        std::vector<RunCommand> commands;
        while (commands.empty()) {
            ASSERT_TRUE(program.running()) << program.wait() << program.errors();
            auto polled = writer->pollCommands(3);
            ASSERT_OK(polled);
            commands = std::move(polled).value();
            writer->beat(3);
        }
        EXPECT_EQ(commands[0].name, agrees ? "checkpoint" : "stop");
        ASSERT_OK(writer->answer(commands[0], 3, agrees, "as I like"));
        EXPECT_EQ(program.wait(), agrees ? 0 : 10);
        EXPECT_NE(program.rest().find("as I like"), std::string::npos);
    }
    // A trainer that ends without looking refuses what is left; the verb hears of it.
    test::Program program({"runs", "stop", folder / "run"});
    const auto isThere = [&] {
        for (const auto& entry : fs::directory_iterator(folder / "run" / "commands"))
            if (entry.path().extension() == ".json") return true;
        return false;
    };
    while (!isThere()) {
        ASSERT_TRUE(program.running()) << program.wait() << program.errors();
        writer->beat(3);
    }
    ASSERT_OK(writer->finish(RunState::Finished, 4));
    EXPECT_EQ(program.wait(), 10);
    EXPECT_NE(program.errors().find("ended"), std::string::npos) << program.errors();
}

TEST(Verbs, InfoModelChecksTensors) {
    const Json info = run({"info", "model", goldenCase("tiny"), "--json"}).result();
    EXPECT_EQ(info.at("config").at("hidden_dim"), 64);
    EXPECT_GT(info.at("ternaryParameters"), 0);
    const TemporaryFolder folder;
    fs::copy(goldenCase("tiny"), folder.path());
    auto config = Json::parse(readFile(folder / "config.json").value());
    config["mlp_hidden_dim"] = 161;
    ASSERT_OK(writeFileAtomic(folder / "config.json", config.dump()));
    const auto wrong = run({"info", "model", folder.path()});
    EXPECT_EQ(wrong.code, 3);
    EXPECT_NE(wrong.errors.find("gate_proj"), std::string::npos) << wrong.errors;
    ASSERT_OK(writeFileAtomic(folder / "config.json", "{\"hidden_dim\": \"wide\"}"));
    const auto bad = run({"info", "model", folder.path()});
    EXPECT_EQ(bad.code, 3);
    EXPECT_NE(bad.errors.find("config.json"), std::string::npos) << bad.errors;
    EXPECT_NE(bad.errors.find("hidden_dim"), std::string::npos) << bad.errors;
    EXPECT_EQ(run({"info", "model", folder / "nothing"}).code, 4);
}

TEST(Verbs, InfoModelLooksAtWeights) {
    const Json weights = run({"info", "model", goldenCase("tiny"), "--weights", "--json"}).result().at("weights");
    int matrices = 0;
    for (const Json& one : weights) {
        EXPECT_GT(one.at("rms").get<double>(), 0) << one;
        if (!one.contains("gamma")) continue;
        ++matrices;
        EXPECT_NEAR(one.at("minus").get<double>() + one.at("zero").get<double>() + one.at("plus").get<double>(), 1,
                    1e-12);
        // Weights drawn evenly or from a bell have a third or so of their codes at 0.
        EXPECT_GT(one.at("zero").get<double>(), 0.15) << one;
        EXPECT_LT(one.at("zero").get<double>(), 0.5) << one;
        EXPECT_LT(one.at("gamma").get<double>(), one.at("rms").get<double>()) << one;
    }
    EXPECT_EQ(matrices, 14);  // seven in each of two layers
}

TEST(Verbs, LogitsAreThoseOfTheGoldenCase) {
    const TemporaryFolder folder;
    const std::string golden = goldenCase("dense") + "/golden.safetensors";
    for (const char* device : {"reference", "cpu"}) {
        const auto outcome = run({"logits", goldenCase("dense"), "--ids", golden, "--out",
                                  folder / "logits.safetensors", "--device", device, "--json"});
        ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
        const auto ours = SafetensorsFile::open(folder / "logits.safetensors");
        const auto theirs = SafetensorsFile::open(golden);
        ASSERT_OK(ours);
        ASSERT_OK(theirs);
        ASSERT_TRUE(ours->find("logits"));
        EXPECT_EQ(ours->find("logits")->shape, theirs->find("logits")->shape);
        const auto a = ours->floats("logits").value(), b = theirs->floats("logits").value();
        double delta = 0, norm = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            delta += (a[i] - b[i]) * (a[i] - b[i]);
            norm += b[i] * b[i];
        }
        EXPECT_LE(std::sqrt(delta / norm), 1e-5) << "the tolerance of the golden figures' README";
    }
    EXPECT_EQ(run({"logits", goldenCase("dense"), "--ids", folder / "missing", "--out", folder / "o"}).code, 4);
    ASSERT_OK(writeFileAtomic(folder / "broken", "not tensors"));
    EXPECT_EQ(run({"logits", goldenCase("dense"), "--ids", folder / "broken", "--out", folder / "o"}).code, 3);
    EXPECT_EQ(
        run({"logits", goldenCase("dense"), "--ids", goldenCase("dense") + "/model.safetensors", "--out", folder / "o"})
            .code,
        3);
    EXPECT_EQ(run({"logits", goldenCase("dense"), "--ids", golden, "--out", folder / "no" / "o"}).code, 4);
    EXPECT_EQ(run({"logits", goldenCase("dense"), "--ids", golden, "--out", folder / "o", "--device", "abacus"}).code,
              4);
    const std::vector<std::int32_t> ids{0, 1, 99999};
    const SafetensorsTensor tensor{"input_ids", DType::I32, {1, 3}, std::as_bytes(std::span(ids))};
    ASSERT_OK(writeSafetensors(folder / "ids", std::span(&tensor, 1)));
    const auto outside = run({"logits", goldenCase("dense"), "--ids", folder / "ids", "--out", folder / "o"});
    EXPECT_EQ(outside.code, 3);
    EXPECT_NE(outside.errors.find("input_ids[0,2] is 99999"), std::string::npos) << outside.errors;
    EXPECT_FALSE(fs::exists(folder / "o")) << "nothing half is written";
}

TEST(Verbs, BenchmarksReportWhatTheyMeasured) {
    const auto ops =
        run({"bench", "ops", "--preset", "sample", "--rows", "64", "--tokens", "32", "--repeat", "1", "--json"});
    ASSERT_EQ(ops.code, 0) << ops.out << ops.errors;
    const Json rows = ops.result().at("operations");
    EXPECT_GE(rows.size(), 10u);
    for (const auto& row : rows) {
        EXPECT_GT(row.at("seconds"), 0.0) << row;
        EXPECT_GT(row.at("work"), 0.0) << row;
    }
    const auto train = run({"bench", "train", "--preset", "sample", "--num-layers", "1", "--batch", "1", "--tokens",
                            "32", "--repeat", "1", "--no-keep", "--json"});
    ASSERT_EQ(train.code, 0) << train.out << train.errors;
    EXPECT_GT(train.result().at("tokensPerSecond"), 0.0);
    EXPECT_EQ(run({"bench", "ops", "--preset", "huge"}).code, 4);
}

TEST(Verbs, RunsWithMembersOfOtherKindsAreShownAllTheSame) {
    const TemporaryFolder folder;
    const fs::path path = folder / "runs" / "odd";
    fs::create_directories(path / "commands");
    const auto put = [&](const char* name, const std::string& text) { ASSERT_OK(writeFileAtomic(path / name, text)); };
    put("run.json", R"({"formatVersion": 1, "name": "odd", "model": {}, "training": {"steps": "many"}})");
    put("status.json", R"({"state": "running", "step": "x", "message": 5})");
    put("heartbeat", R"({"count": [], "step": "x", "time": "now", "residentBytes": "much"})");
    put("crash.json", R"({"signal": 11, "message": 7, "step": []})");
    put("metrics.jsonl", R"({"step": "x", "loss": "low", "lr": [], "tokens": "many", "elapsed": "long"})"
                         "\n"
                         R"({"step": 2, "loss": null, "tokens": {}, "elapsed": true})"
                         "\n");
    put("events.jsonl", R"({"type": 5, "step": 1})"
                        "\n"
                        R"({"type": "validation", "step": "x", "loss": [], "bitsPerByte": "few"})"
                        "\n"
                        R"({"type": "command", "id": 7, "ok": "yes", "message": []})"
                        "\n");
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"runs", "list", folder / "runs"},
                                               {"runs", "show", path},
                                               {"info", "run", path},
                                               {"runs", "export-metrics", path, "--out", folder / "metrics.csv"}})
        for (const bool json : {false, true}) {
            std::vector<std::string> all = words;
            if (json) all.push_back("--json");
            const auto outcome = run(all);
            EXPECT_EQ(outcome.code, 0) << words[1] << outcome.out << outcome.errors;
        }
    EXPECT_NE(run({"runs", "show", path}).out.find("SIGSEGV"), std::string::npos);
    EXPECT_EQ(run({"runs", "stop", path}).code, 4) << "nobody trains it";
}

}  // namespace
}  // namespace distillix
