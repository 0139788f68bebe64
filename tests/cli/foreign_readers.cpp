// SPDX-License-Identifier: Apache-2.0
// What other programs' own readers make of our files. A reader that cannot be had is a skipped test, which says so.
#include <array>
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "core/formats/pt.h"
#include "core/formats/safetensors.h"
#include "core/interchange/weights_file.h"
#include "core/model/parameters.h"
#include "core/train/run_folder.h"
#include "tests/cli/program.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

namespace fs = std::filesystem;

/// Runs a command by the shell: exit code and all that it says.
std::pair<int, std::string> shell(const std::string& command) {
    std::string said;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (!pipe) return {-1, "cannot run " + command};
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) said.append(buffer.data(), got);
    const int status = ::pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said};
}

class ForeignReaders : public testing::Test {
  protected:
    /// Writes the golden case "tiny" in this form and has it read by `python`.
    void readBy(const std::string& python, const WeightsFormName& form) {
        const fs::path model = fs::path(DISTILLIX_TEST_DATA) / "golden" / "cases" / "tiny";
        const auto config = loadModelConfig(model / "config.json");
        ASSERT_OK(config);
        const auto file = SafetensorsFile::open(model / "model.safetensors");
        ASSERT_OK(file);
        const ParameterLayout layout(*config);
        std::vector<float> values(layout.total, 0.0f);
        for (const Parameter& parameter : layout.parameters) {
            const auto tensor = file->floats(parameter.name, parameter.shape());
            ASSERT_OK(tensor);
            std::copy(tensor->begin(), tensor->end(), values.begin() + static_cast<std::ptrdiff_t>(parameter.offset));
        }
        const fs::path path = m_folder / (std::string("weights") + form.extension);
        ASSERT_OK(writeWeightsFile(path, *config, values, form.form));
        const auto [code, said] = shell(python + " " + std::string(DISTILLIX_TEST_DATA) + "/support/read_weights.py " +
                                        form.name + " " + path.string() + " " + (model / "model.safetensors").string());
        if (code == 77) GTEST_SKIP() << said;
        ASSERT_EQ(code, 0) << said;
    }
    test::TemporaryFolder m_folder;
};

TEST_F(ForeignReaders, SafetensorsOfItsMakers) {
    const fs::path packages = fs::path(DISTILLIX_BINARY_DIR).parent_path() / "python";
    const auto [code, said] = shell(std::string(DISTILLIX_TEST_DATA) + "/support/python_packages.sh " +
                                    packages.string() + " numpy safetensors");
    if (code != 0) GTEST_SKIP() << said;
    for (const WeightsFormName& form : weightsForms()) {
        SCOPED_TRACE(form.name);
        if (form.form != WeightsForm::Pt) readBy("PYTHONPATH=" + packages.string() + " python3", form);
    }
}

TEST_F(ForeignReaders, TorchLoadsTheWeightsOnly) {
    std::string python;
    for (const char* candidate : {"python3", "/usr/bin/python3"})
        if (python.empty() && shell(std::string(candidate) + " -c 'import torch, numpy'").first == 0)
            python = candidate;
    if (python.empty()) GTEST_SKIP() << "PyTorch is not installed (Debian's python3-torch would do)";
    for (const WeightsFormName& form : weightsForms())
        if (form.form == WeightsForm::Pt) readBy(python, form);
}

/// The other way: what torch.save writes is read.
TEST_F(ForeignReaders, WhatTorchSavesIsRead) {
    std::string python;
    for (const char* candidate : {"python3", "/usr/bin/python3"})
        if (python.empty() && shell(std::string(candidate) + " -c 'import torch'").first == 0) python = candidate;
    if (python.empty()) GTEST_SKIP() << "PyTorch is not installed (Debian's python3-torch would do)";
    const fs::path path = m_folder / "torch.pt";
    const auto [code, said] =
        shell(python +
              " -c 'import torch; w = torch.arange(6.).reshape(2, 3); torch.save({\"model_state_dict\": {\"w\": w, "
              "\"t\": w.t(), "
              "\"h\": w.half(), \"b\": torch.nn.Parameter(w.bfloat16())}, \"step\": 7, \"loss\": 0.28}, \"" +
              path.string() + "\")'");
    ASSERT_EQ(code, 0) << said;
    const auto file = PtFile::open(path);
    ASSERT_OK(file);
    EXPECT_EQ(file->place(), "model_state_dict");
    EXPECT_EQ(file->others(), (std::vector<std::string>{"step", "loss"}));
    const std::vector<float> rows{0, 1, 2, 3, 4, 5}, columns{0, 3, 1, 4, 2, 5};
    EXPECT_EQ(file->floats(*file->find("w")).value(), rows);
    EXPECT_EQ(file->floats(*file->find("t")).value(), columns);
    EXPECT_EQ(file->floats(*file->find("h")).value(), rows);
    EXPECT_EQ(file->floats(*file->find("b")).value(), rows);
}

/// A run that was resumed from before its end, which TensorBoard must show as one line, each step once.
TEST(ForeignEventFiles, TensorBoardShowsARunAsItWas) {
    const std::string support = std::string(DISTILLIX_TEST_DATA) + "/support/";
    const std::string folder = (fs::path(DISTILLIX_BINARY_DIR).parent_path() / "python-tensorboard").string();
    auto [code, python] = shell(support + "python_env.sh " + folder + " tensorboard==2.20.0 setuptools==80.9.0");
    if (code == 77) GTEST_SKIP() << python;
    ASSERT_EQ(code, 0) << python;
    python.erase(python.find_last_not_of(" \n") + 1);

    const test::TemporaryFolder work;
    const fs::path path = work / "run";
    ASSERT_EQ(test::run({"sample-data", work / "text", "--training", "60", "--validation", "6"}).code, 0);
    ASSERT_EQ(test::run({"import", work / "text" / "train.jsonl", "--validation", work / "text" / "validation.jsonl",
                         "--out", work / "dataset", "--vocab-size", "400"})
                  .code,
              0);
    const auto trained = test::run(test::trainTiny(
        path, work / "dataset", 32, 1, 64,
        {"--batch", "2", "--validate-every", "3", "--checkpoint-every", "4", "--steps", "7", "--tensorboard"}));
    ASSERT_EQ(trained.code, 0) << trained.errors;
    fs::remove_all(path / "checkpoints" / "step-00000007");
    const auto resumed = test::run({"train", "resume", path, "--steps", "9"});
    ASSERT_EQ(resumed.code, 0) << resumed.errors;

    const auto [status, said] =
        shell(python + " " + support + "read_tensorboard.py " + (path / "tensorboard").string());
    ASSERT_EQ(status, 0) << said;
    // In front of it TensorBoard says that it leaves out what the resumption made void.
    const std::size_t last = said.find_last_of('\n', said.size() - 2) + 1;
    const auto scalars = nlohmann::ordered_json::parse(said.substr(last), nullptr, false);
    ASSERT_TRUE(scalars.is_object()) << said;
    const auto metrics = readRunLines(path, RunLog::Metrics);
    ASSERT_OK(metrics);
    ASSERT_EQ(metrics->size(), 9u);
    for (const auto& [tag, key] : {std::pair("train/loss", "loss"), std::pair("train/learning_rate", "lr")}) {
        const auto& points = scalars.at(tag);
        ASSERT_EQ(points.size(), 9u) << tag << points;
        for (std::size_t i = 0; i < 9; ++i) {
            EXPECT_EQ(points[i][0], (*metrics)[i].at("step")) << tag;
            EXPECT_EQ(points[i][1].get<float>(), (*metrics)[i].at(key).get<float>()) << tag;
        }
    }
    EXPECT_GE(scalars.at("validation/loss").size(), 3u);
}

}  // namespace
}  // namespace distillix
