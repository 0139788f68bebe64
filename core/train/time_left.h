// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

#include "core/train/train_config.h"

namespace distillix {

/// How long a training has still to go, its validations, samples and checkpoints included. What things take is kept
/// with a checkpoint, so that a resumed run knows at once; what this session measures soon outweighs it.
class TimeLeft {
  public:
    void stepTook(double seconds) { add(m_step, seconds); }
    void validationTook(double seconds) { add(m_validation, seconds); }
    void samplesTook(double seconds) { add(m_samples, seconds); }
    void checkpointTook(double seconds) { add(m_checkpoint, seconds); }

    /// Behind `step` steps and `elapsed` seconds of training. `validationTokens`: of one validation; before the first
    /// it is reckoned from the steps' time. Negative: not known yet, for no step is done.
    double seconds(const TrainConfig& config, std::int64_t step, double elapsed, std::int64_t validationTokens,
                   bool samples) const;

    nlohmann::ordered_json toJson() const;
    void load(const nlohmann::ordered_json& json);

  private:
    struct Mean {
        double seconds = 0;
        int count = 0;  ///< 0: not known
    };
    static void add(Mean& mean, double seconds);
    Mean m_step, m_validation, m_samples, m_checkpoint;
};

}  // namespace distillix
