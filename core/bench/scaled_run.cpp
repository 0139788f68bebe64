// SPDX-License-Identifier: Apache-2.0
#include "core/bench/scaled_run.h"

#include <algorithm>

#include "core/base/json.h"
#include "core/data/dataset.h"
#include "core/data/import.h"
#include "core/data/sample_data.h"
#include "core/train/run_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;

constexpr int kHeldOut = 40;

}  // namespace

Result<OwnFigures::Run> runFigures(const fs::path& path) {
    const RunInfo info = TRY(readRunInfo(path));
    OwnFigures::Run run;
    run.name = info.name.empty() ? path.filename().string() : info.name;
    const ModelConfig model = TRY_AT(modelConfigFromJson(info.model), path.string());
    TrainConfig training;
    {
        nlohmann::ordered_json others;  // fields of a version that has more
        TRY_VOID(fieldsFromJson(training, info.training, &others));
    }
    run.parameters = static_cast<double>(model.parameterCount());
    run.model = "d " + std::to_string(model.hiddenDim) + ", L " + std::to_string(model.numLayers) + ", V " +
                std::to_string(model.vocabSize);
    run.batch = training.batch;
    run.accumulation = training.accumulation;
    run.tokens = training.tokens;
    // The dataset may be gone by now; then nobody knows how many samples there were.
    const auto dataset = loadDatasetInfo(info.datasetPath);
    if (dataset.ok()) run.samples = static_cast<std::int64_t>(dataset->train.documents);
    const auto lines = TRY(readRunLines(path, RunLog::Metrics));
    for (const auto& line : lines)
        if (line.contains("loss") && line.at("loss").is_number())
            run.losses.emplace_back(memberOr(line, "step", std::int64_t{0}), line.at("loss").get<double>());
    return run;
}

Result<OwnFigures::Run> trainScaledRun(const ScaledRunOptions& options,
                                       const std::function<void(const std::string&)>& phase,
                                       const std::function<void(const StepMetrics&, std::int64_t)>& step,
                                       StopToken stop) {
    const auto tell = [&](const char* text) {
        if (phase) phase(text);
    };
    const published::Version& version = published::kVersions[options.v04 ? 1 : 0];
    std::error_code error;
    if (fs::exists(options.folder, error))
        return makeError(ErrorCode::AlreadyExists, "something stands there already", options.folder.string());
    fs::create_directories(options.folder, error);
    if (error) return makeError(ErrorCode::Io, "cannot be made: " + error.message(), options.folder.string());

    tell("composing samples");
    SampleDataOptions sample;
    sample.training = version.samples;
    sample.validation = kHeldOut;
    const SampleData data = TRY(composeSampleData(sample));
    TRY_VOID(writeSampleData(data, options.folder / "samples"));
    tell("importing them");
    ImportOptions import;
    import.sources = {options.folder / "samples" / "train.jsonl"};
    import.validationFile = options.folder / "samples" / "validation.jsonl";
    import.output = options.folder / "dataset";
    import.threads = options.device.threads;
    const ImportReport report = TRY(importDataset(import, {}, stop));

    tell("training");
    ModelConfig model = TRY(findModelPreset("sample")).config;
    model.vocabSize = report.info.vocabSize;
    model.maxSeqLen = std::max(model.maxSeqLen, version.tokens);
    TRY_VOID(model.normalize());
    TrainConfig config = suggestedTraining("sample", model);
    config.batch = published::kConfigurationV04.batch;
    config.accumulation = options.v04 ? published::kConfigurationV04.accumulation : 1;
    config.tokens = version.tokens;
    const int microSteps = options.v04 ? published::kCurveV04.back().step : published::kCurveV03.back().step;
    config.steps = options.steps > 0 ? options.steps : microSteps / config.accumulation;
    config.minutes = options.minutes;
    config.sampleEvery = 0;
    config.validateEvery = 0;
    config.checkpointEvery = 0;
    TrainObserver observer;
    observer.step = [&](const StepMetrics& metrics, std::int64_t total, double) {
        if (step) step(metrics, total);
    };
    TRY(trainNew(options.folder / "run", model, config, options.folder / "dataset", options.device, observer, stop));
    if (stop.raised()) return makeError(ErrorCode::Cancelled, "the scaled run was stopped", options.folder.string());
    OwnFigures::Run run = TRY(runFigures(options.folder / "run"));
    run.scaled = true;
    run.model = "preset sample";
    return run;
}

}  // namespace distillix
