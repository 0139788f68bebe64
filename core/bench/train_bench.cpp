// SPDX-License-Identifier: Apache-2.0
#include "core/bench/train_bench.h"

#include <algorithm>

#include "core/backend/profiling_backend.h"
#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/rng.h"
#include "core/optim/optimizer.h"

namespace distillix {

namespace {

std::vector<TrainBenchResult::Part> partsOf(const std::map<std::string, OperationTime>& times, int steps) {
    std::vector<TrainBenchResult::Part> parts;
    double total = 0;
    for (const auto& [name, time] : times) total += time.seconds;
    for (const auto& [name, time] : times)
        parts.push_back({name, time.seconds / steps, time.seconds / total, time.calls / steps});
    std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
    return parts;
}

Batch randomBatch(const ModelConfig& model, int b, int t) {
    Rng rng(1);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(b) * static_cast<std::size_t>(t));
    for (auto& id : ids) id = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(model.vocabSize)));
    return batchFromIds(b, t, ids);
}

}  // namespace

Result<TrainBenchResult> benchTraining(Backend& backend, const ModelConfig& model, const TrainBenchConfig& config,
                                       const std::function<void(const std::string&)>& progress, StopToken stop) {
    const auto tell = [&](const std::string& text) {
        if (progress) progress(text);
    };
    const auto check = [&]() -> Result<void> {
        if (stop.raised()) return makeError(ErrorCode::Cancelled, "the benchmark was stopped");
        return {};
    };
    ProfilingBackend profiling(backend);
    const Precision precision = TRY(choosePrecision(backend, config.precision, model.useBitlinear));
    PassOptions options;
    options.batch = config.batch;
    options.tokens = config.tokens;
    options.keep = config.recompute ? PassOptions::Keep::LayerInputs : PassOptions::Keep::Everything;

    TrainBenchResult result;
    result.precision = precision.product == DType::F32 ? "float32" : "mixed";
    result.parameters = model.parameterCount();
    tell("preparing a model of " + std::to_string(result.parameters) + " random parameters");
    Runtime runtime = TRY(Runtime::create(profiling, precision, passWorkload(model, options)));
    ModelWeights weights = TRY(ModelWeights::create(runtime, model, config.tokens, true));
    TRY_VOID(weights.initialize(1));
    TRY_VOID(weights.prepare());
    Gradients gradients = TRY(Gradients::create(runtime, weights.layout()));
    TrainingPass pass = TRY(TrainingPass::create(weights, options));
    result.plan = weights.memory();
    result.plan.push_back({"gradients", gradients.bytes()});
    for (const MemoryPart& part : passMemory(model, precision, options)) result.plan.push_back(part);
    result.plan.push_back({"workspace", runtime.workspaceBytes()});

    const Batch batch = randomBatch(model, config.batch, config.tokens);
    const float scale = 1.0f / static_cast<float>(batch.validLabels());
    // One that warms up, those that are timed, and on a card, where looking on costs time, one more to look at.
    const bool apart = backend.info().name == "cuda";
    const auto rounds = [&](int repeat, const char* what, auto&& step) -> Result<std::vector<double>> {
        std::vector<double> times;
        const int last = repeat + (apart ? 1 : 0), firstShown = apart ? last : 1;
        for (int n = 0; n <= last; ++n) {
            TRY_VOID(check());
            tell(std::string(what) + " " + std::to_string(n) + " of " + std::to_string(last));
            if (n == firstShown) profiling.measure(true);
            const double start = steadyNow();
            TRY_VOID(step(n));
            if (n > 0 && n <= repeat) times.push_back(steadyNow() - start);
        }
        profiling.measure(false);
        return times;
    };
    const auto microStep = [&](int) -> Result<void> {
        TRY(pass.run(batch, scale, gradients));
        return {};
    };
    const std::vector<double> seconds = TRY(rounds(config.repeat, "micro-step", microStep));
    result.microStepParts = partsOf(profiling.times(), apart ? 1 : config.repeat);
    result.microStep = spreadOf(seconds);
    const double rows = static_cast<double>(config.batch) * config.tokens;
    result.tokensPerSecond = rows / result.microStep.median;

    if (config.optimizerRepeat > 0) {
        Optimizer optimizer = TRY(Optimizer::create(weights));
        result.plan.push_back({"optimizer", optimizer.bytes()});
        const auto optimizerStep = [&](int n) -> Result<void> {
            OptimizerStep hyper;
            hyper.step = n + 1;
            TRY(optimizer.step(gradients, hyper));
            return runtime.synchronize();
        };
        const std::vector<double> updates = TRY(rounds(config.optimizerRepeat, "optimizer step", optimizerStep));
        result.optimizerParts = partsOf(profiling.times(), apart ? 1 : config.optimizerRepeat);
        result.optimizerStep = spreadOf(updates);
        const double microSteps = std::max(1.0, config.updateTokens / rows);
        result.tokensPerSecondWithOptimizer =
            microSteps * rows / (microSteps * result.microStep.median + result.optimizerStep.median);
    }
    result.peakBytes = processMemory().peak;
    // On a card, what was asked of it: everything is allocated by the plan.
    if (backend.info().name == "cuda") {
        result.peakBytes = 0;
        for (const MemoryPart& part : result.plan) result.peakBytes += part.bytes;
    }

    double projections = 0;
    for (const Parameter& p : weights.layout().parameters)
        if (p.kind == Parameter::Kind::Projection) projections += static_cast<double>(p.count());
    result.forwardOperations = 2 * projections * rows;
    result.backwardOperations = 4 * projections * rows;
    result.headOperations = 6.0 * model.vocabSize * model.hiddenDim * rows;
    // Causal: half of the T x T scores; q·kᵀ and p·v forward, and 2.5 times that backward.
    result.attentionOperations = 3.5 * 2 * 2 * 0.5 * config.tokens * rows * model.queryWidth() * model.numLayers;
    return result;
}

}  // namespace distillix
