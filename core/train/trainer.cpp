// SPDX-License-Identifier: Apache-2.0
#include "core/train/trainer.h"

#include <exception>
#include <new>

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/train/edits.h"
#include "core/train/training.h"

namespace distillix {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// Runs a training to its end; an error becomes the run's last word.
Result<TrainOutcome> runToEnd(Training& training, bool resuming, const fs::path& dataset, const DeviceOptions& device,
                              const Json& edits) {
    const auto all = [&]() -> Result<TrainOutcome> {
        // The engine returns its failures; what flies all the same is memory that ran out, or a bug.
        try {
            TRY_VOID(training.prepare(dataset, device));
            TRY_VOID(training.restore(resuming, edits));
            return training.run();
        } catch (const std::bad_alloc&) {
            return makeError(
                ErrorCode::OutOfMemory,
                "there is not enough memory; a smaller batch (with more accumulation), shorter sequences or "
                "--recompute need less");
        } catch (const std::exception& exception) {
            return makeError(ErrorCode::Internal, std::string("unexpected failure: ") + exception.what());
        }
    };
    Result<TrainOutcome> outcome = all();
    if (!outcome.ok()) training.fail(outcome.error());
    return outcome;
}

}  // namespace

Result<std::string> datasetHash(const fs::path& dataset) {
    // The indexes hold the checksum of every document's tokens.
    std::string digests;
    for (const char* name : {"dataset.json", "train.index", "validation.index"})
        digests += sha256Hex(TRY(MappedFile::open(dataset / name)).bytes());
    return sha256Hex(digests);
}

Result<TrainOutcome> trainNew(const fs::path& run, const ModelConfig& model, const TrainConfig& config,
                              const fs::path& dataset, const DeviceOptions& device, const TrainObserver& observer,
                              StopToken stop) {
    TRY_VOID(config.validate(model));
    RunInfo info;
    info.model = modelConfigToJson(model);
    info.training = fieldsToJson(config);
    std::error_code error;
    const fs::path absolute = fs::weakly_canonical(dataset, error);
    info.datasetPath = error ? dataset.string() : absolute.string();
    info.datasetHash = TRY(datasetHash(dataset));
    info.tokenizerHash = TRY(Tokenizer::load(dataset / "tokenizer.model")).hash();
    info.versions["device"] = device.device;
    Training training(TRY(RunFolder::create(run, info)), model, config, observer, stop);
    return runToEnd(training, false, dataset, device, Json::object());
}

Result<TrainOutcome> trainResume(const fs::path& run, const ResumeOptions& options, const TrainObserver& observer,
                                 StopToken stop) {
    RunOpenOptions open;
    open.takeOver = options.takeOver;
    RunFolder folder = TRY(RunFolder::open(run, open));
    const RunInfo info = folder.info();
    ModelConfig model = TRY_AT(modelConfigFromJson(info.model), (run / "run.json").string());
    TrainConfig config;
    {
        auto read = fieldsFromJson(config, info.training);
        if (!read.ok()) return read.takeError().at((run / "run.json").string());
    }
    TRY_VOID(config.validate(model));
    Json edits = options.edits;
    if (options.steps > 0) edits["steps"] = options.steps;
    if (options.minutes > 0) edits["minutes"] = options.minutes;
    if (!edits.empty()) {
        // Refused before anything is written; whether it is one after earlier changes too is seen when they are known.
        TrainConfig trial = config;
        TRY(applyEdit(trial, model, edits));
    }
    const fs::path dataset = options.dataset.empty() ? fs::path(info.datasetPath) : options.dataset;
    Training training(std::move(folder), std::move(model), std::move(config), observer, stop);
    return runToEnd(training, true, dataset, options.device, edits);
}

}  // namespace distillix
