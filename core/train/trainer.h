// SPDX-License-Identifier: Apache-2.0
// Training, from a run folder and into it. Whoever starts it (the command line) passes an observer; everyone else reads
// the folder.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/stop_token.h"
#include "core/train/checkpoint.h"
#include "core/train/evaluate.h"
#include "core/train/memory_plan.h"
#include "core/train/run_folder.h"
#include "core/train/train_config.h"

namespace distillix {

/// What the caller sees while it goes on; called on the training thread.
struct TrainObserver {
    /// A step is done. `remainingSeconds` counts the validations and checkpoints that come, as far as they are known;
    /// negative: not known yet.
    std::function<void(const StepMetrics&, std::int64_t totalSteps, double remainingSeconds)> step;
    /// As written to events.jsonl.
    std::function<void(const std::string& type, std::int64_t step, const nlohmann::ordered_json& fields)> event;
    std::function<void(std::int64_t step, const std::string& prompt, const std::string& text)> sample;
    /// The memory plan, once, before the first step.
    std::function<void(const std::vector<MemoryPart>&)> plan;
};

struct DeviceOptions {
    std::string device = "auto";
    int threads = 0;
};

struct TrainOutcome {
    RunState state = RunState::Finished;
    std::int64_t step = 0;
    double loss = 0;                       ///< of the last step
    std::filesystem::path checkpoint;      ///< the last one
    std::optional<Evaluation> validation;  ///< of it
    std::string message;                   ///< why it ended before its steps or minutes, if it did
    double peakBytes = 0;                  ///< memory at its highest over what the process held before; 0: not known
};

/// Makes the run folder and trains until the steps or the minutes are done, the validation loss no longer falls, the
/// token is raised or a "stop" command comes; in each of these cases a checkpoint is written first. A full disk makes
/// it wait, not fail. An error leaves the run as failed, its last checkpoint in place. model.vocabSize must be the
/// dataset tokenizer's.
Result<TrainOutcome> trainNew(const std::filesystem::path& run, const ModelConfig& model, const TrainConfig& config,
                              const std::filesystem::path& dataset, const DeviceOptions& device,
                              const TrainObserver& observer, StopToken stop);

/// Changes that a resumed run may make, from its next step on and for good; the rest is as it was started.
struct ResumeOptions {
    DeviceOptions device;
    std::int64_t steps = 0;                                           ///< train up to this many instead; 0: as before
    double minutes = 0;                                               ///< likewise
    nlohmann::ordered_json edits = nlohmann::ordered_json::object();  ///< further settings given anew (edits.h)
    std::filesystem::path dataset;  ///< where the same dataset lies now; empty: where it lay
    bool takeOver = false;          ///< the lock of a trainer on another machine
};
/// Goes on from the newest checkpoint that is whole (from the start where there is none).
Result<TrainOutcome> trainResume(const std::filesystem::path& run, const ResumeOptions& options,
                                 const TrainObserver& observer, StopToken stop);

/// What tells one dataset from another: a digest of its dataset.json and of the indexes of its shards.
Result<std::string> datasetHash(const std::filesystem::path& dataset);

}  // namespace distillix
