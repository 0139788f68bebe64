// SPDX-License-Identifier: Apache-2.0
// How fast single operations run at the shapes of a model, and what share of the device's peaks that is.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/backend/registry.h"
#include "core/base/stop_token.h"
#include "core/bench/peaks.h"
#include "core/model/config.h"

namespace distillix {

struct OpBenchRow {
    std::string operation;  ///< as in ops.h, with the layer: "linearForward gate, up"
    std::string shape;      ///< "512 x 768 x 4096"
    double seconds = 0;     ///< median of the repetitions
    std::string type;       ///< what it is bound by: "int8", "16-bit", "float32" products, or "bytes"
    double work = 0;        ///< operations (a multiplication and an addition count two), or bytes read and written
    double share = 0;       ///< of the best peak of that type; 0 where none was measured
};

struct OpBenchResult {
    std::vector<Peak> peaks;
    std::vector<OpBenchRow> rows;
};

/// `rows` tokens in sequences of `tokens`. Precision "auto" as training chooses it.
Result<OpBenchResult> benchOperations(Backend& backend, const ModelConfig& model, int rows, int tokens, int repeat,
                                      const std::string& precision,
                                      const std::function<void(const std::string&)>& progress, StopToken stop);

}  // namespace distillix
