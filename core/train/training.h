// SPDX-License-Identifier: Apache-2.0
// One training, from its folder's lock to its last word. Inside core/train: trainer.h is what others use.
//   training_setup.cpp    what it stands on: data, memory, the checkpoint it goes on from; giving memory back
//   training_steps.cpp    steps, validations, samples, checkpoints
//   training_control.cpp  what it is asked, pauses, a full disk
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data/tokenizer.h"
#include "core/infer/generator.h"
#include "core/train/guards.h"
#include "core/train/memory_plan.h"
#include "core/train/tensorboard.h"
#include "core/train/time_left.h"
#include "core/train/trainer.h"

namespace distillix {

/// What a sample goes on from: the start of a validation document up to its first label (a prompt), or its first words.
struct SamplePrompt {
    std::string text;
    std::vector<std::int32_t> ids;
};

class Training {
  public:
    Training(RunFolder folder, ModelConfig model, TrainConfig config, const TrainObserver& observer, StopToken stop);
    Training(const Training&) = delete;
    Training& operator=(const Training&) = delete;

    /// Data, backend and memory; nothing is written to the run yet.
    Result<void> prepare(const std::filesystem::path& dataset, const DeviceOptions& device);
    /// From the newest whole checkpoint, or from the start; then `edits` (see edits.h) hold.
    Result<void> restore(bool resuming, const nlohmann::ordered_json& edits);
    Result<TrainOutcome> run();
    /// The last word after an error.
    void fail(const Error& error);

  private:
    // ---- training_setup.cpp
    Result<void> takeMemory();
    void giveMemoryBack();
    Result<void> loadFrom(const RunCheckpoint& checkpoint);
    /// Made when it is first needed, with room for so many tokens.
    Result<InferenceSession*> session(int capacity);

    // ---- training_steps.cpp
    Result<void> step();
    Result<void> watchHealth(const OptimizerStep& hyper, nlohmann::ordered_json& extra);
    Result<void> validate();
    /// Early stopping and its checkpoint; only for validations whose step the configuration decides.
    Result<void> judgeValidation();
    Result<void> samples();
    Result<void> checkpoint();
    void prune();
    double progress() const;
    double remainingSeconds() const;
    double elapsed() const;
    bool due(std::int64_t every) const { return every > 0 && m_state.step % every == 0; }
    bool finished() const;

    // ---- training_control.cpp
    Result<void> event(const std::string& type,
                       const nlohmann::ordered_json& fields = nlohmann::ordered_json::object());
    /// Does what is asked. True: stop.
    Result<bool> commands();
    Result<bool> obey(const RunCommand& command);
    Result<void> obeyPause(const RunCommand& command);
    Result<void> obeyResume(const RunCommand& command);
    Result<void> obeySample(const RunCommand& command);
    Result<void> obeySet(const RunCommand& command);
    Result<void> setValues(const nlohmann::ordered_json& values);
    /// Until it is asked to go on (false) or to stop (true).
    Result<bool> waitWhilePaused();
    void installFullDiskHandler();
    bool waitForRoom(const Error& error);
    void roomAgain();
    Result<void> checkRoomForCheckpoint();

    RunFolder m_folder;
    ModelConfig m_model;
    TrainConfig m_config;
    TrainObserver m_observer;
    StopToken m_stop;

    // Destroyed from the last to the first: what uses the backend before the backend.
    std::unique_ptr<Backend> m_backend;
    std::optional<Tokenizer> m_tokenizer;
    std::optional<TokenDataset> m_train, m_validation;
    std::optional<BatchLoader> m_loader;
    std::vector<Batch> m_validationBatches;
    std::vector<SamplePrompt> m_prompts;
    // Given back by a pause that is asked to: m_runtime says whether they are there.
    std::optional<Runtime> m_runtime;
    std::optional<ModelWeights> m_weights;
    std::optional<Optimizer> m_optimizer;
    std::optional<Gradients> m_gradients;
    std::optional<TrainingPass> m_pass;
    std::optional<InferenceSession> m_session;
    std::optional<TensorBoardWriter> m_tensorBoard;

    TrainerState m_state;       // elapsedSeconds: of the sessions before this one
    double m_sessionStart = 0;  // moved on by what a pause takes
    std::int64_t m_checkpointStep = -1, m_validatedStep = -1;
    double m_checkpointTime = 0;
    std::optional<Evaluation> m_lastValidation;
    std::vector<Batch> m_microBatches;
    double m_lastLoss = 0;
    bool m_switched = false;
    bool m_paused = false;

    // Remembered by checkpoints.
    OutlierWindow m_losses, m_norms;
    LossScale m_lossScale;
    EarlyStop m_earlyStop;
    int m_skipped = 0;     // steps in a row
    bool m_finite = true;  // the last step's loss and gradient
    TimeLeft m_timeLeft;

    DecayAlarm m_decayAlarm;
    std::vector<std::string> m_dying;
    double m_baselineBytes = 0;

    bool m_diskIsFull = false, m_givenUp = false;
    double m_fullSince = 0, m_wait = 0;
};

}  // namespace distillix
