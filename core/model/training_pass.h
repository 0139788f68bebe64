// SPDX-License-Identifier: Apache-2.0
// One forward (and backward) of the model over a batch: SPEC.md section 1 over core/backend/ops.h.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/data/batches.h"
#include "core/model/weights.h"

namespace distillix {

struct PassOptions {
    enum class Keep {
        Nothing,     ///< forward only: evaluation and logits
        Everything,  ///< what backward reads, for every layer
        LayerInputs  ///< each layer's input alone; the rest is computed again in backward (activation recomputation)
    };
    int batch = 1;     ///< the largest B·T that run() and evaluate() will see is batch·tokens,
    int tokens = 256;  ///< and the longest sequence this
    Keep keep = Keep::Everything;
    double labelSmoothing = 0;
};

/// What the device must hold for a pass, by part ("activations", "scratch").
std::vector<MemoryPart> passMemory(const ModelConfig& config, Precision precision, const PassOptions& options);

/// The workload of a pass, for Runtime::create.
Workload passWorkload(const ModelConfig& config, const PassOptions& options);

/// Gradients of all parameters, at ParameterLayout's offsets.
class Gradients {
  public:
    static Result<Gradients> create(Runtime& runtime, const ParameterLayout& layout);
    Result<void> zero();
    Result<std::vector<float>> download() const;
    DevicePtr<float> at(std::size_t offset) const { return m_memory.as<float>() + static_cast<std::ptrdiff_t>(offset); }
    std::size_t bytes() const { return m_memory.bytes(); }

  private:
    Runtime* m_runtime = nullptr;
    DeviceBuffer m_memory;
};

/// Activations of one batch. The weights (prepared) must outlive it. One thread at a time.
class TrainingPass {
  public:
    static Result<TrainingPass> create(const ModelWeights& weights, const PassOptions& options);
    /// Forward alone (Keep::Nothing, whatever is asked), of any model.
    static Result<TrainingPass> create(const ModelView& model, PassOptions options);
    TrainingPass(TrainingPass&&) noexcept;
    TrainingPass& operator=(TrainingPass&&) noexcept;
    ~TrainingPass();

    /// Forward and backward: adds gradientScale times the gradient of the summed loss to `gradients`, and returns the
    /// sum of the losses over the batch's valid labels. gradientScale is 1 / (valid labels of the whole optimizer
    /// step).
    Result<double> run(const Batch& batch, float gradientScale, Gradients& gradients);
    /// Forward alone: the sum of the plain cross-entropies (no smoothing) over the valid labels.
    Result<double> evaluate(const Batch& batch);
    /// Forward alone: hands out the logits [M, V] after the cap, some rows at a time, in order. Without `take` they are
    /// computed and stay on the device: for those who measure.
    Result<void> logits(const Batch& batch,
                        const std::function<Result<void>(int firstRow, int rows, const float* logits)>& take);

  private:
    struct State;
    static Result<TrainingPass> create(std::unique_ptr<State> state);
    explicit TrainingPass(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

}  // namespace distillix
