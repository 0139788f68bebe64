// SPDX-License-Identifier: Apache-2.0
// What a training will hold in memory, before it takes any of it.
#pragma once

#include <vector>

#include "core/model/training_pass.h"
#include "core/train/train_config.h"

namespace distillix {

/// How a pass of this training is made.
PassOptions passOptions(const TrainConfig& config);
/// The largest sizes that its operations see, samples included.
Workload trainingWorkload(const ModelConfig& model, const TrainConfig& config);

/// By part: parameters, prepared weights, rotary table, gradients, optimizer, activations, activation gradients, batch,
/// workspace (scratch of the operations: the head's logits a piece at a time, and what attention and Muon need),
/// samples, checkpoint (what writing one holds on the host).
std::vector<MemoryPart> trainingMemory(const Backend& backend, const ModelConfig& model, const TrainConfig& config);
std::size_t totalBytes(const std::vector<MemoryPart>& parts);

/// How much a training really takes: makes everything a trainer makes, does two optimizer steps on random tokens and
/// brings over what a checkpoint holds at once. Bytes at the highest over what the process held before; 0 where the
/// system does not tell.
Result<std::uint64_t> measureTrainingMemory(Backend& backend, const ModelConfig& model, const TrainConfig& config);

/// OutOfMemory where the device has less than the plan asks for, with what would need less. Linux hands out more memory
/// than there is and kills when it is used, so this is looked at before.
Result<void> checkTrainingMemory(const Backend& backend, const ModelConfig& model, const TrainConfig& config);

/// The largest micro-batch that divides the sequences of an optimizer step (batch times accumulation, which stay as
/// many) and whose plan fits into `bytes`; `config` is changed so. OutOfMemory where not even one sequence fits.
Result<void> fitMicroBatch(const Backend& backend, const ModelConfig& model, TrainConfig& config, std::uint64_t bytes);
/// What fitMicroBatch() is to be given: what is available on the device now, less a margin for the rest of the machine.
std::uint64_t memoryToFill(const Backend& backend);

}  // namespace distillix
