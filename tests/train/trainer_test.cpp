// SPDX-License-Identifier: Apache-2.0
#include "core/train/trainer.h"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "core/base/files.h"
#include "core/data/shards.h"
#include "core/data/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A dataset of sums as text, and a model that is small enough to train in a moment.
class Trainer : public testing::Test {
  protected:
    void SetUp() override {
        m_folder = m_temporary.path();
        m_dataset = m_folder / "dataset";
        makeDataset(m_dataset, 1);
        m_model.vocabSize = Tokenizer::load(m_dataset / "tokenizer.model").value().size();
        m_model.hiddenDim = 32;
        m_model.numLayers = 2;
        m_model.numHeads = 2;
        m_model.numKvHeads = 1;
        m_model.mlpHiddenDim = 64;
        m_model.maxSeqLen = 48;
        ASSERT_OK(m_model.normalize());
        m_config.batch = 2;
        m_config.tokens = 32;
        m_config.accumulation = 2;
        m_config.steps = 12;
        m_config.warmupSteps = 3;
        m_config.validateEvery = 4;
        m_config.sampleEvery = 5;
        m_config.sampleTokens = 6;
        m_config.checkpointEvery = 3;
        m_config.keepCheckpoints = 2;
        if (const char* name = std::getenv("DISTILLIX_TEST_DEVICE"); name && *name)
            m_device.device = name;
        else
            m_device.device = "cpu";
    }

    static void makeDataset(const fs::path& folder, int seed) {
        fs::create_directories(folder);
        std::vector<std::string> texts;
        for (int a = 0; a < 12; ++a)
            for (int b = 0; b < 9; ++b)
                texts.push_back("add(" + std::to_string(a) + ", " + std::to_string(b) +
                                ") = " + std::to_string(a + b + seed - 1) + "\n");
        std::size_t next = 0;
        TokenizerTraining options;
        options.vocabSize = 330;
        auto tokenizer = trainTokenizer(options, [&](std::string& text) {
            if (next == texts.size()) return false;
            text = texts[next++];
            return true;
        });
        ASSERT_OK(tokenizer);
        for (const char* split : {"train", "validation"}) {
            auto writer = ShardWriter::create(folder, split, {tokenizer->size(), tokenizer->pad(), tokenizer->hash()});
            ASSERT_OK(writer);
            for (std::size_t i = 0; i < texts.size(); ++i) {
                if ((i % 10 == 0) != (std::string(split) == "validation")) continue;
                std::vector<std::int32_t> ids = tokenizer->encode(texts[i]);
                ids.insert(ids.begin(), tokenizer->bos());
                ids.push_back(tokenizer->eos());
                ASSERT_OK(writer->add(ids, std::vector<std::uint8_t>(ids.size(), 1), texts[i].size()));
            }
            ASSERT_OK(writer->finish());
        }
        ASSERT_OK(writeFileAtomic(folder / "tokenizer.model", tokenizer->serialized()));
        ASSERT_OK(writeFileAtomic(folder / "dataset.json", "{\"made\": " + std::to_string(seed) + "}"));
    }

    Result<TrainOutcome> train(const std::string& run, TrainObserver observer = {}, StopToken stop = {}) {
        return trainNew(m_folder / run, m_model, m_config, m_dataset, m_device, observer, std::move(stop));
    }
    Result<TrainOutcome> resume(const std::string& run, std::int64_t steps = 0, StopToken stop = {}) {
        ResumeOptions options;
        options.device = m_device;
        options.steps = steps;
        return trainResume(m_folder / run, options, {}, std::move(stop));
    }
    std::vector<nlohmann::ordered_json> lines(const std::string& run, RunLog log) {
        auto read = readRunLines(m_folder / run, log);
        EXPECT_TRUE(read.ok());
        return std::move(read).value();
    }
    std::vector<double> losses(const std::string& run) {
        std::vector<double> values;
        for (const auto& line : lines(run, RunLog::Metrics)) values.push_back(line["loss"].get<double>());
        return values;
    }
    std::string bytes(const fs::path& file) { return readFile(file).value(); }
    std::int64_t countEvents(const std::string& run, const std::string& type) {
        std::int64_t n = 0;
        for (const auto& line : lines(run, RunLog::Events)) n += line["type"] == type;
        return n;
    }

    test::TemporaryFolder m_temporary;
    fs::path m_folder, m_dataset;
    ModelConfig m_model;
    TrainConfig m_config;
    DeviceOptions m_device;
};

TEST_F(Trainer, ResumeGivesTheVerySameLossesAndWeights) {
    ASSERT_OK(train("whole"));
    // Stopped from within after step 7 (a checkpoint is written there), then resumed in a new training.
    StopSource source;
    TrainObserver observer;
    observer.step = [&](const StepMetrics& metrics, std::int64_t, double) {
        if (metrics.step == 7) source.raise();
    };
    const auto stopped = train("halves", observer, source.token());
    ASSERT_OK(stopped);
    EXPECT_EQ(stopped->state, RunState::Stopped);
    EXPECT_EQ(stopped->step, 7);
    EXPECT_EQ(readRun(m_folder / "halves")->state, RunState::Stopped);
    const auto finished = resume("halves");
    ASSERT_OK(finished);
    EXPECT_EQ(finished->state, RunState::Finished);
    const std::vector<double> whole = losses("whole"), halves = losses("halves");
    ASSERT_EQ(whole.size(), 12u);
    EXPECT_EQ(whole, halves);
    EXPECT_LT(whole.back(), whole.front());
    for (const char* file : {"model.safetensors", "optimizer.safetensors", "tokenizer.model", "config.json"})
        EXPECT_TRUE(bytes(m_folder / "whole/checkpoints/step-00000012" / file) ==
                    bytes(m_folder / "halves/checkpoints/step-00000012" / file))
            << file;
}

TEST_F(Trainer, FallsBackFromADamagedCheckpointAndSaysSo) {
    ASSERT_OK(train("whole"));
    m_config.steps = 6;
    ASSERT_OK(train("run"));
    const fs::path damaged = m_folder / "run/checkpoints/step-00000006/model.safetensors";
    {
        std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-1, std::ios::end);
        file.put('\x7f');
    }
    ASSERT_OK(resume("run", 12));
    EXPECT_EQ(countEvents("run", "warning"), 1);
    // Steps 4 to 6 were done again from step 3, with the schedule of twelve steps.
    EXPECT_EQ(losses("run").size(), 12u);
}

TEST_F(Trainer, KeepsTheLastCheckpointsAndTheBest) {
    m_config.steps = 15;
    ASSERT_OK(train("run"));
    const auto kept = runCheckpoints(m_folder / "run");
    double bestLoss = 1e9;
    std::int64_t best = 0;
    for (const auto& line : lines("run", RunLog::Events)) {
        if (line["type"] == "validation" && line["step"].get<std::int64_t>() % 3 == 0 &&
            line["loss"].get<double>() < bestLoss) {
            bestLoss = line["loss"].get<double>();
            best = line["step"].get<std::int64_t>();
        }
    }
    std::vector<std::int64_t> steps;
    for (const auto& c : kept) steps.push_back(c.step);
    EXPECT_THAT(steps, testing::Contains(15));
    EXPECT_THAT(steps, testing::Contains(12));
    EXPECT_THAT(steps, testing::Contains(best));
    EXPECT_LE(steps.size(), 3u);
    EXPECT_GT(countEvents("run", "validation"), 3);
    EXPECT_FALSE(lines("run", RunLog::Samples).empty());
}

TEST_F(Trainer, ObeysStopAndCheckpoint) {
    TrainObserver observer;
    observer.step = [&](const StepMetrics& metrics, std::int64_t, double) {
        if (metrics.step == 4) {
            ASSERT_OK(sendRunCommand(m_folder / "run", "checkpoint"));
        }
        if (metrics.step == 5) {
            ASSERT_OK(sendRunCommand(m_folder / "run", "dance"));
        }
        if (metrics.step == 8) {
            ASSERT_OK(sendRunCommand(m_folder / "run", "stop"));
        }
    };
    m_config.checkpointEvery = 0;
    m_config.steps = 100;
    const auto outcome = train("run", observer);
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->state, RunState::Stopped);
    EXPECT_EQ(outcome->step, 8);
    std::vector<bool> answers;
    for (const auto& line : lines("run", RunLog::Events))
        if (line["type"] == "command") answers.push_back(line["ok"].get<bool>());
    EXPECT_EQ(answers, (std::vector<bool>{true, false, true}));
    const auto kept = runCheckpoints(m_folder / "run");
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_EQ(kept[0].step, 4);
    EXPECT_EQ(kept[1].step, 8);
}

TEST_F(Trainer, RefusesAnotherDatasetOnResume) {
    m_config.steps = 3;
    ASSERT_OK(train("run"));
    fs::remove_all(m_dataset);
    auto missing = resume("run", 6);
    ASSERT_FALSE(missing.ok());
    EXPECT_THAT(missing.error().text(), HasSubstr("dataset"));
    makeDataset(m_dataset, 2);
    const auto other = resume("run", 6);
    ASSERT_FALSE(other.ok());
    EXPECT_THAT(other.error().text(), HasSubstr("another dataset"));
    EXPECT_EQ(readRun(m_folder / "run")->state, RunState::Finished);
    // What was there is untouched, its last word too: with its own data the run goes on.
    fs::remove_all(m_dataset);
    makeDataset(m_dataset, 1);
    const auto own = resume("run", 6);
    ASSERT_OK(own);
    EXPECT_EQ(own->step, 6);
}

TEST_F(Trainer, RefusesWhatCannotTrain) {
    m_config.steps = 0;
    auto refused = train("a");
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().text(), HasSubstr("how long"));
    m_config.steps = 3;
    m_model.dropout = 0.1;
    refused = train("b");
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().text(), HasSubstr("dropout"));
    m_model.dropout = 0;
    m_model.vocabSize += 1;
    refused = train("c");
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().text(), HasSubstr("vocabulary"));
    m_model.vocabSize -= 1;
    ASSERT_OK(train("d"));
    refused = train("d");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::AlreadyExists);
}

TEST_F(Trainer, MixedPrecisionTrainsAsWellAsFloat32) {
    // 16 bits in the products of backward, of the head and of Newton-Schulz. What the two reach lies together as
    // closely as two seeds do.
    const auto backend = openBackend(m_device.device);
    ASSERT_OK(backend);
    if (!(*backend)->info().hasBf16)
        GTEST_SKIP() << (*backend)->info().device
                     << " is not fast at products of 16 bits, so training never uses them here";
    m_model.hiddenDim = 64;
    m_model.mlpHiddenDim = 128;
    m_model.headDim = 0;
    ASSERT_OK(m_model.normalize());
    m_config.steps = 120;
    m_config.tokens = 48;
    m_config.batch = 8;
    m_config.accumulation = 1;
    m_config.sampleEvery = m_config.checkpointEvery = m_config.validateEvery = 0;
    const auto reached = [&](const std::string& name, const std::string& precision, int seed) {
        m_config.precision = precision;
        m_config.seed = seed;
        const auto outcome = train(name);
        EXPECT_TRUE(outcome.ok()) << outcome.error().text();
        return outcome.ok() && outcome->validation ? outcome->validation->loss() : -1;
    };
    const double float32 = reached("float32", "float32", 1), mixed = reached("mixed", "mixed", 1),
                 other = reached("other", "float32", 2);
    ASSERT_GT(float32, 0);
    ASSERT_GT(mixed, 0);
    EXPECT_LT(float32, 0.5 * std::log(static_cast<double>(m_model.vocabSize)));
    EXPECT_LE(mixed, float32 + std::max(std::abs(other - float32), 0.05 * float32))
        << "float32 " << float32 << ", mixed " << mixed << ", another seed " << other;
}

TEST_F(Trainer, WindowsCountEveryTokenOnceWhateverTheStride) {
    m_config.steps = 1;
    const auto trained = train("run");
    ASSERT_OK(trained);
    const auto backend = openBackend(m_device.device);
    ASSERT_OK(backend);
    PassOptions options;
    options.batch = 2;
    options.tokens = 48;
    options.keep = PassOptions::Keep::Nothing;
    auto runtime = Runtime::create(**backend, Precision{}, passWorkload(m_model, options));
    ASSERT_OK(runtime);
    auto weights = ModelWeights::create(*runtime, m_model, 48, false);
    ASSERT_OK(weights);
    ASSERT_OK(loadCheckpoint(trained->checkpoint, *weights, nullptr));
    auto pass = TrainingPass::create(*weights, options);
    ASSERT_OK(pass);
    const auto dataset = TokenDataset::open(m_dataset, "validation");
    ASSERT_OK(dataset);
    std::int64_t labels = 0;
    for (std::int64_t d = 0; d < dataset->documents(); ++d)
        labels += static_cast<std::int64_t>(dataset->documentTokens(d).size()) - 1;
    const auto whole = evaluateWindows(*pass, *dataset, 2, 48, 24, 0, {}, {});
    ASSERT_OK(whole);
    EXPECT_EQ(whole->labels, labels);
    EXPECT_EQ(whole->textBytes, dataset->textBytes());
    EXPECT_NEAR(whole->loss(), std::log(static_cast<double>(m_model.vocabSize)), 1.5);
    // Documents are shorter than 48 tokens: any window that holds them whole gives the same sum.
    const auto other = evaluateWindows(*pass, *dataset, 1, 48, 1, 0, {}, {});
    ASSERT_OK(other);
    EXPECT_NEAR(other->nats, whole->nats, 1e-3 * whole->nats);
    // Windows shorter than the documents still count each token once.
    const auto narrow = evaluateWindows(*pass, *dataset, 2, 5, 2, 0, {}, {});
    ASSERT_OK(narrow);
    EXPECT_EQ(narrow->labels, labels);
}

}  // namespace
}  // namespace distillix
