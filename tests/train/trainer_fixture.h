// SPDX-License-Identifier: Apache-2.0
// What the trainer's tests stand on.
#pragma once

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "core/base/files.h"
#include "core/data/shards.h"
#include "core/data/tokenizer.h"
#include "core/train/trainer.h"
#include "tests/support/temporary_folder.h"

namespace distillix {

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

}  // namespace distillix
