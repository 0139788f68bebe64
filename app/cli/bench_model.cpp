// SPDX-License-Identifier: Apache-2.0
#include "app/cli/bench_model.h"

#include "app/cli/bench.h"
#include "app/cli/model_source.h"

namespace distillix::cli {

void BenchModelFlags::addTo(CLI::App& verb) {
    auto* folder = verb.add_option("model", model, "Model folder, or a run [random weights of the preset]");
    verb.add_option("--preset", preset, "Model whose shapes random weights take [100M]")
        ->type_name("NAME")
        ->excludes(folder);
}

Result<BenchModel> BenchModelFlags::open() const {
    BenchModel out;
    if (model.empty()) {
        out.config = TRY(findModelPreset(preset)).config;
        TRY_VOID(out.config.normalize());
        out.name = preset;
        return out;
    }
    out.folder = TRY(resolveModelFolder(model));
    out.config = TRY(loadModelConfig(out.folder / "config.json"));
    out.file = TRY(SafetensorsFile::open(out.folder / "model.safetensors"));
    out.name = std::filesystem::path(model).lexically_normal().string();
    return out;
}

InferBenchObserver observerOf(Reporter& reporter) {
    InferBenchObserver observer;
    observer.phase = [&reporter](const std::string& text) { reporter.info(text); };
    observer.repetition = [&reporter](const InferMeasurement& which, int done, int total) {
        Progress progress;
        progress.phase = which.test + " " + std::to_string(which.tokens);
        progress.done = done;
        progress.total = total;
        progress.unit = "repetitions";
        reporter.progress(progress);
    };
    return observer;
}

std::vector<BenchRecord> recordsOf(const std::vector<InferMeasurement>& measured, const BenchModel& model,
                                   const BackendInfo& info, const std::string& session,
                                   const InferBenchConfig& config) {
    std::vector<BenchRecord> records;
    for (const InferMeasurement& m : measured) {
        BenchRecord record = recordOfThisMachine(info, session);
        record.test = m.test;
        record.model = model.name;
        record.weights = model.file ? "trained" : "random";
        record.parameters = model.config.parameterCount();
        record.precision = m.precision;
        record.batch = m.batch;
        record.tokens = m.tokens;
        record.past = m.past;
        record.warmup = config.warmup;
        record.setSeconds(m.seconds);
        record.tokensPerSecond = m.tokensPerSecond;
        record.peakBytes = static_cast<std::int64_t>(m.peakBytes);
        record.residentBytes = static_cast<std::int64_t>(m.residentBytes);
        record.bandwidthShare = m.bandwidthShare;
        record.computeShare = m.computeShare;
        records.push_back(std::move(record));
    }
    return records;
}

std::vector<BenchRecord> recordsOf(const TrainBenchResult& measured, const std::string& model, const BackendInfo& info,
                                   const std::string& session, const TrainBenchConfig& config) {
    std::vector<BenchRecord> records;
    const auto add = [&](const char* test, const Spread& seconds, int tokens) {
        if (seconds.count == 0) return;
        BenchRecord record = recordOfThisMachine(info, session);
        record.test = test;
        record.model = model;
        record.weights = "random";
        record.parameters = measured.parameters;
        record.precision = measured.precision + (config.recompute ? ", recomputed" : "");
        record.batch = config.batch;
        record.tokens = config.tokens;
        record.warmup = 1;
        record.setSeconds(seconds);
        record.tokensPerSecond = tokens / seconds.median;
        record.peakBytes = static_cast<std::int64_t>(measured.peakBytes);
        records.push_back(std::move(record));
    };
    add("micro-step", measured.microStep, config.batch * config.tokens);
    add("optimizer-step", measured.optimizerStep, 0);
    return records;
}

}  // namespace distillix::cli
