// SPDX-License-Identifier: Apache-2.0
// Runs of the studio's as the published curves want them: read from a run's folder, or trained here on a small scale.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/base/stop_token.h"
#include "core/bench/published.h"
#include "core/train/trainer.h"

namespace distillix {

/// What a run's folder says of it. NotFound where there is none, InvalidData where it is broken.
Result<OwnFigures::Run> runFigures(const std::filesystem::path& run);

struct ScaledRunOptions {
    bool v04 = false;        ///< shaped like v0.4: 10,861 samples, 1,024 tokens; else v0.3: 861 samples, 256 tokens
    double minutes = 1;      ///< of training, if the published micro-steps are not done before
    std::int64_t steps = 0;  ///< optimizer steps at most; 0: as many as the published curve has
    std::filesystem::path folder;  ///< made, with the samples, the dataset and the run in it; must not exist
    DeviceOptions device;
};

/// Composes samples, imports them and trains the preset "sample" on them with the version's number of samples, length
/// of sequences and batch. The run stays in FOLDER/run. `step` hears of each optimizer step, `phase` what is begun.
/// Cancelled when the token was raised.
Result<OwnFigures::Run> trainScaledRun(const ScaledRunOptions& options,
                                       const std::function<void(const std::string& phase)>& phase,
                                       const std::function<void(const StepMetrics&, std::int64_t total)>& step,
                                       StopToken stop);

}  // namespace distillix
