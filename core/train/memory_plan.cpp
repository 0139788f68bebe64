// SPDX-License-Identifier: Apache-2.0
#include "core/train/memory_plan.h"

#include <algorithm>
#include <cstdio>

#include "core/base/memory.h"
#include "core/base/rng.h"
#include "core/infer/session.h"
#include "core/jobs/reporter.h"
#include "core/optim/optimizer.h"

namespace distillix {
PassOptions passOptions(const TrainConfig& config) {
    PassOptions options;
    options.batch = config.batch;
    options.tokens = config.tokens;
    options.keep = config.recompute ? PassOptions::Keep::LayerInputs : PassOptions::Keep::Everything;
    options.labelSmoothing = config.labelSmoothing;
    return options;
}

Workload trainingWorkload(const ModelConfig& model, const TrainConfig& config) {
    Workload workload = passWorkload(model, passOptions(config));
    workload.sequence = std::max(workload.sequence, model.maxSeqLen);  // samples may use the whole context
    return workload;
}

std::vector<MemoryPart> trainingMemory(const Backend& backend, const ModelConfig& model, const TrainConfig& config) {
    const auto chosen = choosePrecision(backend, config.precision, model.useBitlinear);
    const Precision precision = chosen.ok() ? *chosen : Precision{};
    std::vector<MemoryPart> parts = weightsMemory(backend, model, precision, model.maxSeqLen, true);
    const ParameterLayout layout(model);
    parts.push_back({"gradients", layout.total * sizeof(float)});
    parts.push_back({"optimizer", Optimizer::stateBytes(model)});
    for (MemoryPart& part : passMemory(model, precision, passOptions(config))) parts.push_back(std::move(part));
    parts.push_back({"workspace", backend.workspaceBytes(trainingWorkload(model, config), precision)});
    std::size_t largest = 0;
    for (const Parameter& p : layout.parameters) largest = std::max(largest, p.count());
    parts.push_back({"checkpoint", largest * sizeof(float)});
    return parts;
}

std::size_t totalBytes(const std::vector<MemoryPart>& parts) {
    std::size_t total = 0;
    for (const MemoryPart& part : parts) total += part.bytes;
    return total;
}

Result<std::uint64_t> measureTrainingMemory(Backend& backend, const ModelConfig& model, const TrainConfig& config) {
    const bool fresh = resetPeakMemory();
    const ProcessMemory before = processMemory();
    const PassOptions options = passOptions(config);
    const Precision precision = TRY(choosePrecision(backend, config.precision, model.useBitlinear));
    {
        Runtime runtime = TRY(Runtime::create(backend, precision, trainingWorkload(model, config)));
        ModelWeights weights = TRY(ModelWeights::create(runtime, model, model.maxSeqLen, true));
        TRY_VOID(weights.initialize(1));
        TRY_VOID(weights.prepare());
        Optimizer optimizer = TRY(Optimizer::create(weights));
        Gradients gradients = TRY(Gradients::create(runtime, weights.layout()));
        TrainingPass pass = TRY(TrainingPass::create(weights, options));
        Rng rng(1);
        std::vector<std::int32_t> ids(static_cast<std::size_t>(config.batch) * static_cast<std::size_t>(config.tokens));
        for (auto& id : ids) id = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(model.vocabSize)));
        const Batch batch = batchFromIds(config.batch, config.tokens, ids);
        for (std::int64_t step = 1; step <= 2; ++step) {
            TRY_VOID(gradients.zero());
            TRY(pass.run(batch, 1.0f / static_cast<float>(batch.validLabels()), gradients));
            TRY(optimizer.step(gradients, config.optimizerStep(step, 0)));
        }
        std::vector<float> values;
        for (const Parameter& p : weights.layout().parameters) TRY_VOID(weights.download(p, values));
        const std::uint64_t peak = processMemory().peak;
        if (fresh && peak > before.resident) return peak - before.resident;
        return std::uint64_t{0};
    }
}

Result<void> checkTrainingMemory(const Backend& backend, const ModelConfig& model, const TrainConfig& config) {
    const std::size_t bytes = totalBytes(trainingMemory(backend, model, config));
    const std::uint64_t there = backend.info().memoryBytes;
    if (there == 0 || bytes <= there) return {};
    return makeError(ErrorCode::OutOfMemory, "this training needs " + bytesText(static_cast<double>(bytes)) + ", " +
                                                 backend.info().name + " has " + bytesText(static_cast<double>(there)) +
                                                 "; a smaller --batch (with more --accumulation), fewer --tokens, "
                                                 "--recompute or a smaller model needs less");
}

std::uint64_t memoryToFill(const Backend& backend) {
    // A tenth stays for whoever else is there, and for what the plan cannot know.
    const std::uint64_t device = backend.info().memoryBytes;
    const bool host = backend.info().name != "cuda";
    const std::uint64_t available = host ? memoryAvailable() : device;
    return (available ? available : device) / 10 * 9;
}

Result<void> fitMicroBatch(const Backend& backend, const ModelConfig& model, TrainConfig& config, std::uint64_t bytes) {
    const std::int64_t sequences = static_cast<std::int64_t>(config.batch) * config.accumulation;
    for (std::int64_t batch = sequences; batch >= 1; --batch) {
        if (sequences % batch != 0 || batch > (1 << 20)) continue;
        TrainConfig candidate = config;
        candidate.batch = static_cast<int>(batch);
        candidate.accumulation = static_cast<int>(sequences / batch);
        const bool countable = batch * config.tokens <= (std::int64_t{1} << 30);
        if (!countable || totalBytes(trainingMemory(backend, model, candidate)) > bytes) continue;
        config = candidate;
        return {};
    }
    TrainConfig one = config;
    one.batch = 1;
    return makeError(ErrorCode::OutOfMemory,
                     "one sequence needs " +
                         bytesText(static_cast<double>(totalBytes(trainingMemory(backend, model, one)))) + ", and " +
                         bytesText(static_cast<double>(bytes)) +
                         " are free; fewer --tokens, --recompute or a smaller model needs less");
}

}  // namespace distillix
