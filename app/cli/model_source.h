// SPDX-License-Identifier: Apache-2.0
// Opening a model that a person named: a model folder, a checkpoint, or a run, whose latest checkpoint is meant.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/backend/registry.h"
#include "core/infer/packed_model.h"
#include "core/model/weights.h"

namespace CLI {
class App;
}

namespace distillix::cli {

/// The model folder that `path` means. NotFound tells what was looked for.
Result<std::filesystem::path> resolveModelFolder(const std::filesystem::path& path);

/// --head and --kv: how the model is kept while it answers.
struct KeepFlags {
    std::string head = "int8", cache = "float16";
    /// `exact`: the head is float32 unless the flag is given, for verbs that measure.
    void addTo(CLI::App& app, bool exact);
    Result<DType> cacheType() const;
};

/// Weights on a device, ready for forward passes, with everything they stand on. Not movable: the parts refer to each
/// other.
struct OpenModel {
    std::filesystem::path folder;
    ModelConfig config;
    std::unique_ptr<Backend> backend;
    std::unique_ptr<Runtime> runtime;
    std::unique_ptr<ModelWeights> weights;  ///< one of the two
    std::optional<PackedModel> packed;
    ModelView view;

    /// `workload` and `positions` are asked for once the configuration is known. `head` other than "float32" means the
    /// packed model; one without ternary weights is loaded as it is all the same.
    static Result<std::unique_ptr<OpenModel>> open(const std::filesystem::path& path, std::unique_ptr<Backend> backend,
                                                   const std::function<Workload(const ModelConfig&)>& workload,
                                                   const std::function<int(const ModelConfig&)>& positions,
                                                   const std::string& head = "float32");
    OpenModel() = default;
    OpenModel(const OpenModel&) = delete;
    OpenModel& operator=(const OpenModel&) = delete;
};

}  // namespace distillix::cli
