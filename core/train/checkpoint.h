// SPDX-License-Identifier: Apache-2.0
// A checkpoint is a model folder (SPEC.md section 3), with optimizer.safetensors and trainer.json beside the model
// where it can be resumed. It appears whole, by rename; trainer.json holds the CRC-32C of the files, so that a damaged
// one is known before anything is built on it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/optim/optimizer.h"

namespace distillix {

/// trainer.json: where a training stands.
struct TrainerState {
    std::int64_t step = 0;                 ///< optimizer updates done
    std::int64_t microBatch = 0;           ///< the data loader's next
    std::int64_t tokens = 0;               ///< seen so far
    double elapsedSeconds = 0;             ///< of training so far
    std::optional<double> validationLoss;  ///< of these weights
    std::string datasetHash, tokenizerHash;
    /// What the guards remember (guards.h) and how long things take (time_left.h): objects of theirs. Absent in files
    /// of before.
    nlohmann::ordered_json guards = nlohmann::ordered_json::object();
    nlohmann::ordered_json timing = nlohmann::ordered_json::object();
};

/// Writes the model folder `path`, which must not exist. `tokenizerModel`: the bytes of tokenizer.model; empty leaves
/// the file out. With `optimizer` and `state` it can be resumed. InvalidData names a tensor that holds a value that is
/// not finite; then nothing is written.
Result<void> writeCheckpoint(const std::filesystem::path& path, const ModelWeights& weights,
                             const std::string& tokenizerModel, const Optimizer* optimizer, const TrainerState* state);

/// Bytes that such a checkpoint takes on the disk, a little more rather than less.
std::uint64_t checkpointBytes(const ModelConfig& model, std::size_t tokenizerBytes);

/// Reads trainer.json alone. NotFound: this model folder cannot be resumed.
Result<TrainerState> readTrainerState(const std::filesystem::path& checkpoint);
/// The same, and compares the checksums of what lies beside it.
Result<TrainerState> checkTrainerState(const std::filesystem::path& checkpoint);

/// Fills weights and optimizer state from a checkpoint, prepared. InvalidData names the first field of its model that
/// is another than the weights'.
Result<void> loadCheckpoint(const std::filesystem::path& checkpoint, ModelWeights& weights, Optimizer* optimizer);

}  // namespace distillix
