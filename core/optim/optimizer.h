// SPDX-License-Identifier: Apache-2.0
// SPEC.md section 2: Muon for the projections, AdamW for embedding, head and norms, over the backend's list operations.
#pragma once

#include <string>
#include <vector>

#include "core/model/training_pass.h"

namespace distillix {

/// The figures of one optimizer step.
struct OptimizerStep {
    double muonLearningRate = 0.02, muonWeightDecay = 0, momentum = 0.95;
    bool matchRmsAdamW = true;  ///< else Keller Jordan's original factor
    double adamLearningRate = 1e-3, adamWeightDecay = 0, beta1 = 0.9, beta2 = 0.95, adamEps = 1e-8;
    double clip = 1.0;      ///< 0: none
    std::int64_t step = 1;  ///< 1 for the first update
};

class Optimizer {
  public:
    /// State of zeros. The weights must outlive it.
    static Result<Optimizer> create(ModelWeights& weights);
    static std::size_t stateBytes(const ModelConfig& config);

    /// The norm of all gradients together times `unscale` (1 / the factor the loss had), before clipping; it may be not
    /// finite. apply() must follow with the same
    /// gradients, or nothing: then the step is skipped and all is as it was.
    Result<double> gradientNorm(Gradients& gradients, double clip, double unscale = 1);
    /// Clips by the norm that gradientNorm() found, updates the latent weights, and prepares them anew.
    Result<void> apply(Gradients& gradients, const OptimizerStep& hyper);
    /// Both. Returns the norm; if it is not finite nothing has been changed and the caller decides.
    Result<double> step(Gradients& gradients, const OptimizerStep& hyper);

    /// Muon's momenta and AdamW's moments by name ("muon.NAME", "adam_m.NAME", "adam_v.NAME"), for a checkpoint.
    struct Tensor {
        std::string name;
        std::vector<std::int64_t> shape;
        std::size_t offset = 0;  ///< floats
    };
    std::vector<Tensor> tensors() const;
    /// One of them; `values` is resized.
    Result<void> download(const Tensor& tensor, std::vector<float>& values) const;
    /// Everything that tensors() names; a missing or misshapen tensor is refused by name.
    Result<void> load(const SafetensorsFile& file);
    std::size_t bytes() const { return m_state.bytes() + m_norm.bytes(); }

  private:
    /// One tensor of the state: where it stands, and whose it is.
    struct Slot {
        const Parameter* parameter;
        std::string name;
        std::size_t offset = 0;  ///< floats
    };
    DevicePtr<float> state(std::size_t offset) const {
        return m_state.as<float>() + static_cast<std::ptrdiff_t>(offset);
    }

    ModelWeights* m_weights = nullptr;
    DeviceBuffer m_state, m_norm;
    std::vector<Slot> m_slots;
};

}  // namespace distillix
