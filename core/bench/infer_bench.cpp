// SPDX-License-Identifier: Apache-2.0
#include "core/bench/infer_bench.h"

#include <algorithm>
#include <cmath>

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/rng.h"
#include "core/infer/packed_model.h"
#include "core/infer/session.h"
#include "core/model/training_pass.h"

namespace distillix {
namespace {

constexpr int kPrefillChunk = 256;  // as chat has it

std::vector<std::int32_t> randomIds(const ModelConfig& model, int count) {
    Rng rng(1);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
    for (auto& id : ids) id = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(model.vocabSize)));
    return ids;
}

double peakOf(const std::vector<Peak>& peaks, const std::string& type) {
    double best = 0;
    for (const Peak& peak : peaks)
        if (peak.type == type) best = std::max(best, peak.perSecond);
    return best;
}

double projectionsOf(const ModelConfig& model) {
    double count = 0;
    for (const Parameter& parameter : ParameterLayout(model).parameters)
        if (parameter.kind == Parameter::Kind::Projection) count += static_cast<double>(parameter.count());
    return count;
}

PassOptions passOptions(int batch, int tokens) {
    PassOptions options;
    options.batch = batch;
    options.tokens = tokens;
    options.keep = PassOptions::Keep::Nothing;
    return options;
}

/// Repeats and writes down.
class InferBench {
  public:
    InferBench(const InferBenchConfig& config, const std::vector<Peak>& peaks, const InferBenchObserver& observer,
               StopToken stop)
        : m_config(config), m_peaks(peaks), m_observer(observer), m_stop(std::move(stop)) {}

    Result<void> check() const {
        if (m_stop.raised()) return makeError(ErrorCode::Cancelled, "the benchmark was stopped");
        return {};
    }
    void tell(const std::string& text) const {
        if (m_observer.phase) m_observer.phase(text);
    }
    /// Nothing of the measurement's own may be allocated yet: its memory is counted from here.
    void begin() const {
        releaseFreeMemory();
        m_counted = resetPeakMemory();
        m_resident = processMemory().resident;
    }
    /// `prepare` is not timed; `run` computes `tokens` of each of the batch's sequences.
    Result<void> measure(InferMeasurement m, const std::function<Result<void>()>& prepare,
                         const std::function<Result<void>()>& run) {
        std::vector<double> seconds;
        const int total = m_config.warmup + m_config.repeat;
        for (int n = 0; n < total; ++n) {
            TRY_VOID(check());
            TRY_VOID(prepare());
            const double start = steadyNow();
            TRY_VOID(run());
            if (n >= m_config.warmup) seconds.push_back(steadyNow() - start);
            if (m_observer.repetition) m_observer.repetition(m, n + 1, total);
        }
        m.seconds = spreadOf(seconds);
        m.tokensPerSecond = static_cast<double>(m.batch) * m.tokens / m.seconds.median;
        if (m_counted) m.peakBytes = processMemory().peak;
        m.residentBytes = m_resident;
        const double memory = peakOf(m_peaks, "bytes"), int8 = peakOf(m_peaks, "int8");
        if (m.bytesRead > 0 && memory > 0) m.bandwidthShare = m.bytesRead / m.seconds.median / memory;
        if (m.operations > 0 && int8 > 0) m.computeShare = m.operations / m.seconds.median / int8;
        results.push_back(std::move(m));
        return {};
    }
    std::vector<InferMeasurement> results;

  private:
    const InferBenchConfig& m_config;
    const std::vector<Peak>& m_peaks;
    const InferBenchObserver& m_observer;
    StopToken m_stop;
    mutable bool m_counted = false;
    mutable std::uint64_t m_resident = 0;
};

}  // namespace

Result<std::vector<InferMeasurement>> benchInference(Backend& backend, const ModelConfig& model,
                                                     const SafetensorsFile* file, const InferBenchPlan& plan,
                                                     const InferBenchConfig& config, const std::vector<Peak>& peaks,
                                                     const InferBenchObserver& observer, StopToken stop) {
    int positions = plan.decode ? config.past + config.decode + 1 : 1;
    for (const auto* lengths : {&plan.forward, &plan.prefill})
        for (const int length : *lengths) positions = std::max(positions, length);
    if (positions > model.maxSeqLen)
        return makeError(ErrorCode::InvalidArgument, "a sequence of " + std::to_string(positions) +
                                                         " tokens is longer than the model's max_seq_len of " +
                                                         std::to_string(model.maxSeqLen));
    InferBench bench(config, peaks, observer, std::move(stop));
    bench.tell("preparing " + std::to_string(model.parameterCount()) + (file ? "" : " random") + " parameters");
    Workload largest = sessionWorkload(model, std::min(kPrefillChunk, positions));
    for (const int length : plan.forward) {
        const Workload pass = passWorkload(model, passOptions(config.batch, length));
        largest.rows = std::max(largest.rows, pass.rows);
        largest.sequence = std::max(largest.sequence, pass.sequence);
    }
    Runtime runtime = TRY(Runtime::create(backend, Precision{}, largest));
    std::optional<ModelWeights> latent;
    std::optional<PackedModel> packed;
    ModelView view;
    double read = 0;  // what each token reads of the weights
    if (plan.head == WeightFormat::Latent || !model.useBitlinear) {
        latent = TRY(ModelWeights::create(runtime, model, positions, false));
        if (file)
            TRY_VOID(latent->load(*file));
        else
            TRY_VOID(latent->initialize(1));
        TRY_VOID(latent->prepare());
        view = latent->view();
        for (const MemoryPart& part : latent->memory())
            if (part.name == "prepared weights") read += static_cast<double>(part.bytes);
        read += 4.0 * model.vocabSize * model.hiddenDim;
    } else {
        PackOptions options;
        options.head = plan.head;
        packed = file ? TRY(PackedModel::open(runtime, model, file->path(), positions, options))
                      : TRY(PackedModel::random(runtime, model, positions, 1, plan.head));
        view = packed->view();
        if (file)
            bench.tell("opened in " + std::to_string(std::lround(packed->openSeconds() * 1e3)) + " ms" +
                       (packed->fromCache() ? " from the packed file" : ", made anew"));
        for (const LayerView& layer : view.layers)
            for (const LinearWeight* weight : {&layer.qkv, &layer.o, &layer.gateUp, &layer.down})
                read += static_cast<double>(backend.preparedBytes(weight->shape, runtime.precision(), false));
        read += static_cast<double>(backend.preparedBytes(view.head.shape, runtime.precision(), false));
    }
    const double ternary = model.useBitlinear ? 2 * projectionsOf(model) : 0;
    const std::string precision =
        packed ? std::string("packed, head ") + weightFormatName(plan.head) : std::string("latent");
    const std::string cached = precision + ", kv " +
                               (plan.cache == DType::I8    ? "int8"
                                : plan.cache == DType::F16 ? "float16"
                                                           : "float32");

    for (const int length : plan.forward) {
        TRY_VOID(bench.check());
        bench.tell("logits of all positions, " + std::to_string(config.batch) + " x " + std::to_string(length));
        bench.begin();
        TrainingPass pass = TRY(TrainingPass::create(view, passOptions(config.batch, length)));
        const Batch batch = batchFromIds(config.batch, length, randomIds(model, config.batch * length));
        InferMeasurement m;
        m.test = "forward";
        m.precision = precision;
        m.batch = config.batch;
        m.tokens = length;
        m.operations = ternary * config.batch * length;
        TRY_VOID(bench.measure(
            m, [] { return Result<void>(); }, [&] { return pass.logits(batch, nullptr); }));
    }
    const auto session = [&](int capacity) {
        return InferenceSession::create(view, capacity, std::min(capacity, kPrefillChunk), plan.cache);
    };
    for (const int length : plan.prefill) {
        TRY_VOID(bench.check());
        bench.tell("prefill of " + std::to_string(length));
        bench.begin();
        InferenceSession s = TRY(session(length));
        const std::vector<std::int32_t> ids = randomIds(model, length);
        InferMeasurement m;
        m.test = "prefill";
        m.precision = cached;
        m.tokens = length;
        m.operations = ternary * length;
        const auto empty = [&] {
            s.reset();
            return Result<void>();
        };
        const auto prefill = [&]() -> Result<void> {
            TRY_VOID(s.append(ids));
            return s.wait();
        };
        TRY_VOID(bench.measure(m, empty, prefill));
    }
    if (plan.decode) {
        TRY_VOID(bench.check());
        bench.tell("decode of " + std::to_string(config.decode) + " behind " + std::to_string(config.past));
        bench.begin();
        InferenceSession s = TRY(session(config.past + config.decode + 1));
        const std::vector<std::int32_t> ids = randomIds(model, config.past + 1);
        InferMeasurement m;
        m.test = "decode";
        m.precision = cached;
        m.tokens = config.decode;
        m.past = config.past;
        m.operations = ternary * config.decode;
        // Each token reads all weights once, and the keys and values in front of it.
        m.bytesRead = (read + 2.0 * model.numLayers * model.keyWidth() * static_cast<double>(dtypeBytes(plan.cache)) *
                                  (config.past + config.decode / 2.0)) *
                      config.decode;
        const auto decode = [&]() -> Result<void> {
            for (int n = 0; n < config.decode; ++n) {
                TRY_VOID(bench.check());
                const std::int32_t id = TRY(s.sample({.temperature = 0}));
                TRY_VOID(s.append({&id, 1}));
            }
            return s.wait();
        };
        const auto prompt = [&]() -> Result<void> {
            s.reset();
            TRY_VOID(s.append(ids));
            return s.wait();
        };
        TRY_VOID(bench.measure(m, prompt, decode));
    }
    return bench.results;
}

}  // namespace distillix
