// SPDX-License-Identifier: Apache-2.0
#include "app/cli/model_source.h"

#include <CLI/CLI.hpp>

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

void KeepFlags::addTo(CLI::App& app, bool exact) {
    if (exact) head = "float32";
    app.add_option("--head", head,
                   "How the head is kept: int8, int6, int4, float16, or float32 as trained [" + head + "]")
        ->check(CLI::IsMember({"float32", "float16", "int8", "int6", "int4"}).description(""))
        ->type_name("TYPE");
    if (exact) return;
    app.add_option("--kv", cache, "How keys and values are kept: float16, int8 or float32 [float16]")
        ->check(CLI::IsMember({"float32", "float16", "int8"}).description(""))
        ->type_name("TYPE");
}

Result<DType> KeepFlags::cacheType() const {
    if (cache == "float32") return DType::F32;
    if (cache == "float16") return DType::F16;
    if (cache == "int8") return DType::I8;
    return makeError(ErrorCode::InvalidArgument, "keys and values are kept as float16, int8 or float32");
}

Result<std::unique_ptr<OpenModel>> OpenModel::open(const fs::path& path, std::unique_ptr<Backend> backend,
                                                   const std::function<Workload(const ModelConfig&)>& workload,
                                                   const std::function<int(const ModelConfig&)>& positions,
                                                   const std::string& head) {
    auto model = std::make_unique<OpenModel>();
    model->folder = TRY(resolveModelFolder(path));
    model->config = TRY(loadModelConfig(model->folder / "config.json"));
    model->backend = std::move(backend);
    const WeightFormat format = TRY(weightFormatFromName(head));
    const Precision precision = TRY(choosePrecision(*model->backend, "float32", model->config.useBitlinear));
    model->runtime =
        std::make_unique<Runtime>(TRY(Runtime::create(*model->backend, precision, workload(model->config))));
    if (format != WeightFormat::Latent && model->config.useBitlinear) {
        PackOptions options;
        options.head = format;
        model->packed = TRY_AT(PackedModel::open(*model->runtime, model->config, model->folder / "model.safetensors",
                                                 positions(model->config), options),
                               (model->folder / "model.safetensors").string());
        model->view = model->packed->view();
        return model;
    }
    const SafetensorsFile file = TRY(SafetensorsFile::open(model->folder / "model.safetensors"));
    model->weights = std::make_unique<ModelWeights>(
        TRY(ModelWeights::create(*model->runtime, model->config, positions(model->config), false)));
    TRY_VOID(model->weights->load(file));
    TRY_VOID(model->weights->prepare());
    model->view = model->weights->view();
    return model;
}

}  // namespace distillix::cli
