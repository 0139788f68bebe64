// SPDX-License-Identifier: Apache-2.0
#include "tests/train/trainer_fixture.h"

namespace distillix {
namespace {

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

TEST_F(Trainer, RefusesOnResumeWhatTheMachineHasNoMemoryFor) {
    m_config.steps = 3;
    ASSERT_OK(train("run"));
    // As if the run came from a machine with far more memory.
    auto info = nlohmann::ordered_json::parse(bytes(m_folder / "run/run.json"));
    info["training"]["batch"] = 1 << 20;
    ASSERT_OK(writeFileAtomic(m_folder / "run/run.json", info.dump()));
    const auto refused = resume("run", 6);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::OutOfMemory) << refused.error().text();
    EXPECT_THAT(refused.error().text(), HasSubstr("this training needs"));
    EXPECT_EQ(readRun(m_folder / "run")->state, RunState::Finished) << "its last word is untouched";
    info["training"]["batch"] = m_config.batch;
    ASSERT_OK(writeFileAtomic(m_folder / "run/run.json", info.dump()));
    ASSERT_OK(resume("run", 6));
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
