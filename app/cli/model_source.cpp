// SPDX-License-Identifier: Apache-2.0
#include "app/cli/model_source.h"

#include "core/train/run_folder.h"

namespace distillix::cli {
namespace fs = std::filesystem;

Result<fs::path> resolveModelFolder(const fs::path& path) {
    std::error_code ignored;
    if (fs::exists(path / "config.json", ignored)) return path;
    if (fs::exists(path / "run.json", ignored)) {
        const auto checkpoints = runCheckpoints(path);
        if (checkpoints.empty()) return makeError(ErrorCode::NotFound, "this run has no checkpoint yet", path.string());
        return checkpoints.back().path;
    }
    if (!fs::exists(path, ignored)) return makeError(ErrorCode::NotFound, "is not there", path.string());
    return makeError(ErrorCode::NotFound, "is neither a model folder (no config.json) nor a run (no run.json)",
                     path.string());
}

Result<std::unique_ptr<OpenModel>> OpenModel::open(const fs::path& path, std::unique_ptr<Backend> backend,
                                                   const std::function<Workload(const ModelConfig&)>& workload,
                                                   const std::function<int(const ModelConfig&)>& positions) {
    auto model = std::make_unique<OpenModel>();
    model->folder = TRY(resolveModelFolder(path));
    model->config = TRY(loadModelConfig(model->folder / "config.json"));
    model->backend = std::move(backend);
    const SafetensorsFile file = TRY(SafetensorsFile::open(model->folder / "model.safetensors"));
    const Precision precision = TRY(choosePrecision(*model->backend, "float32", model->config.useBitlinear));
    model->runtime =
        std::make_unique<Runtime>(TRY(Runtime::create(*model->backend, precision, workload(model->config))));
    model->weights = std::make_unique<ModelWeights>(
        TRY(ModelWeights::create(*model->runtime, model->config, positions(model->config), false)));
    TRY_VOID(model->weights->load(file));
    TRY_VOID(model->weights->prepare());
    return model;
}

}  // namespace distillix::cli
