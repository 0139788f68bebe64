// SPDX-License-Identifier: Apache-2.0
#include "core/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/data/tokenizer.h"
#include "core/infer/generator.h"

namespace distillix {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr int kSkippedStepsLimit = 5;  // as many steps in a row without a finite gradient end the run
constexpr double kDyingShare = 0.1;    // a matrix whose RMS fell to this share of its initial one is told
constexpr int kSamplePrompts = 3;
constexpr int kSampleContextTokens = 16;  // of a plain text that a sample goes on from

PassOptions passOptions(const TrainConfig& config) {
    PassOptions options;
    options.batch = config.batch;
    options.tokens = config.tokens;
    options.keep = config.recompute ? PassOptions::Keep::LayerInputs : PassOptions::Keep::Everything;
    options.labelSmoothing = config.labelSmoothing;
    return options;
}

void append(std::vector<MemoryPart>& parts, std::vector<MemoryPart> more) {
    parts.insert(parts.end(), more.begin(), more.end());
}

/// What a sample goes on from: the start of a validation document up to its first label (a prompt), or its first words.
struct SamplePrompt {
    std::string text;
    std::vector<std::int32_t> ids;
};

std::vector<SamplePrompt> samplePrompts(const TokenDataset& dataset, const Tokenizer& tokenizer, int longest) {
    std::vector<SamplePrompt> prompts;
    for (std::int64_t d = 0; d < dataset.documents() && prompts.size() < kSamplePrompts; ++d) {
        const auto tokens = dataset.documentTokens(d);
        const auto mask = dataset.documentMask(d);
        std::size_t length = 1;
        while (length < mask.size() && !mask[length]) ++length;
        if (length == 1) length = std::min<std::size_t>(kSampleContextTokens, tokens.size() / 2);
        if (length < 1 || length >= tokens.size() || length > static_cast<std::size_t>(longest)) continue;
        SamplePrompt prompt;
        prompt.ids.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(length));
        prompt.text = tokenizer.decode(prompt.ids);
        prompts.push_back(std::move(prompt));
    }
    return prompts;
}

/// One training, from the folder's lock to its last word.
class Training {
  public:
    Training(RunFolder folder, ModelConfig model, TrainConfig config, const TrainObserver& observer, StopToken stop)
        : m_folder(std::move(folder)),
          m_model(std::move(model)),
          m_config(std::move(config)),
          m_observer(observer),
          m_stop(std::move(stop)) {}

    Result<void> prepare(const fs::path& dataset, const DeviceOptions& device);
    /// From the newest whole checkpoint, or from the start.
    Result<void> restore(bool resuming);
    Result<TrainOutcome> run();
    RunFolder& folder() { return m_folder; }
    std::int64_t stepsDone() const { return m_state.step; }

  private:
    Result<void> event(const std::string& type, const Json& fields = Json::object());
    Result<double> step();
    Result<void> validate();
    Result<void> samples();
    Result<void> checkpoint();
    void prune();
    Result<void> watchHealth(Json& extra);
    Result<bool> commands();
    double progress() const;
    double remainingSeconds() const;
    double elapsed() const { return m_state.elapsedSeconds + (steadyNow() - m_sessionStart); }
    bool due(std::int64_t every) const { return every > 0 && m_state.step % every == 0; }
    bool finished() const {
        return (m_config.steps > 0 && m_state.step >= m_config.steps) ||
               (m_config.minutes > 0 && elapsed() >= m_config.minutes * 60);
    }

    RunFolder m_folder;
    ModelConfig m_model;
    TrainConfig m_config;
    TrainObserver m_observer;
    StopToken m_stop;

    // Destroyed from the last to the first: what uses the backend before the backend.
    std::unique_ptr<Backend> m_backend;
    std::optional<Runtime> m_runtime;
    std::optional<Tokenizer> m_tokenizer;
    std::optional<TokenDataset> m_train, m_validation;
    std::optional<BatchLoader> m_loader;
    std::vector<Batch> m_validationBatches;
    std::vector<SamplePrompt> m_prompts;
    std::optional<ModelWeights> m_weights;
    std::optional<TrainingPass> m_pass;
    std::optional<Gradients> m_gradients;
    std::optional<Optimizer> m_optimizer;
    std::optional<InferenceSession> m_session;

    TrainerState m_state;  // elapsedSeconds: of the sessions before this one
    double m_sessionStart = 0;
    std::int64_t m_checkpointStep = -1, m_validatedStep = -1;
    std::optional<Evaluation> m_lastValidation;
    std::vector<Batch> m_microBatches;
    int m_skipped = 0;
    std::set<std::string> m_dying;
    double m_lastLoss = 0;
    double m_stepSeconds = 0, m_validationSeconds = 0, m_checkpointSeconds = 0;  // recent, smoothed; 0: not known
};

Result<void> Training::event(const std::string& type, const Json& fields) {
    TRY_VOID(m_folder.appendEvent(type, m_state.step, fields));
    if (m_observer.event) m_observer.event(type, m_state.step, fields);
    return {};
}

Result<void> Training::prepare(const fs::path& datasetPath, const DeviceOptions& device) {
    m_train = TRY(TokenDataset::open(datasetPath, "train"));
    m_validation = TRY(TokenDataset::open(datasetPath, "validation"));
    m_tokenizer = TRY(Tokenizer::load(datasetPath / "tokenizer.model"));
    if (m_train->tokenizerHash() != m_tokenizer->hash())
        return makeError(ErrorCode::InvalidData,
                         "is not the tokenizer that the dataset was made with; import the data again",
                         (datasetPath / "tokenizer.model").string());
    if (m_tokenizer->size() != m_model.vocabSize)
        return makeError(ErrorCode::InvalidData,
                         "the dataset's tokenizer has " + std::to_string(m_tokenizer->size()) +
                             " pieces, the model a vocabulary of " + std::to_string(m_model.vocabSize),
                         datasetPath.string());
    // Once, at a few gigabytes a second: a flipped byte would otherwise be trained on for days.
    TRY_VOID(m_train->verify());
    TRY_VOID(m_validation->verify());
    m_state.datasetHash = TRY(datasetHash(datasetPath));
    m_state.tokenizerHash = m_tokenizer->hash();
    if (m_train->documents() == 0)
        return makeError(ErrorCode::InvalidData, "the training part holds no document", datasetPath.string());

    m_backend = TRY(openBackend(device.device, {device.threads}));
    const Precision precision = TRY(choosePrecision(*m_backend, m_config.precision, m_model.useBitlinear));
    const PassOptions options = passOptions(m_config);
    Workload workload = passWorkload(m_model, options);
    workload.sequence = std::max(workload.sequence, m_model.maxSeqLen);  // samples may use the whole context
    if (m_observer.plan) m_observer.plan(trainingMemory(*m_backend, m_model, m_config));
    m_runtime = TRY(Runtime::create(*m_backend, precision, workload));
    m_weights = TRY(ModelWeights::create(*m_runtime, m_model, m_model.maxSeqLen, true));
    m_optimizer = TRY(Optimizer::create(*m_weights));
    m_gradients = TRY(Gradients::create(*m_runtime, m_weights->layout()));
    m_pass = TRY(TrainingPass::create(*m_weights, options));

    m_loader.emplace(*m_train, m_config.batch, m_config.tokens, static_cast<std::uint64_t>(m_config.seed));
    BatchLoader validationLoader(*m_validation, m_config.batch, m_config.tokens, 0);
    m_validationBatches = validationLoader.onePass(m_config.validationTokens);
    if (m_config.sampleEvery > 0) {
        const int longest = std::max(1, m_model.maxSeqLen - m_config.sampleTokens);
        m_prompts = samplePrompts(*m_validation, *m_tokenizer, longest);
        int capacity = 1;
        for (const SamplePrompt& prompt : m_prompts)
            capacity = std::max(capacity, static_cast<int>(prompt.ids.size()) + m_config.sampleTokens);
        m_session = TRY(InferenceSession::create(*m_weights, std::min(capacity, m_model.maxSeqLen), 64));
    }
    return {};
}

Result<void> Training::restore(bool resuming) {
    std::vector<RunCheckpoint> checkpoints = runCheckpoints(m_folder.path());
    std::vector<std::string> damaged;
    for (auto it = checkpoints.rbegin(); it != checkpoints.rend(); ++it) {
        Result<TrainerState> state = checkTrainerState(it->path);
        if (!state.ok()) {
            // Falling back costs steps; a model of another run or a newer format must not be trained over.
            if (state.error().code == ErrorCode::Unsupported) return state.takeError();
            damaged.push_back(state.error().text());
            continue;
        }
        if (state->datasetHash != m_state.datasetHash || state->tokenizerHash != m_state.tokenizerHash)
            return makeError(
                ErrorCode::InvalidData,
                "was trained on another dataset or tokenizer than the one given; give the one it was started with",
                it->path.string());
        TRY_VOID(loadCheckpoint(it->path, *m_weights, &*m_optimizer));
        m_state = *state;
        m_checkpointStep = state->step;
        break;
    }
    if (m_checkpointStep < 0) {
        TRY_VOID(m_weights->initialize(static_cast<std::uint64_t>(m_config.seed)));
        TRY_VOID(m_weights->prepare());
    }
    if (resuming) TRY_VOID(m_folder.resumeFrom(m_state.step));
    for (const std::string& what : damaged)
        TRY_VOID(event("warning", {{"message", "a checkpoint was passed over: " + what}}));
    return {};
}

double Training::progress() const {
    if (m_config.steps > 0) return static_cast<double>(m_state.step) / static_cast<double>(m_config.steps);
    return elapsed() / (m_config.minutes * 60);
}

double Training::remainingSeconds() const {
    if (m_stepSeconds == 0) return -1;
    const double left = m_config.minutes > 0 ? std::max(0.0, m_config.minutes * 60 - elapsed()) : INFINITY;
    if (m_config.steps == 0) return left;
    const std::int64_t now = m_state.step, end = m_config.steps;
    const auto times = [&](std::int64_t every) {
        return every > 0 ? static_cast<double>(end / every - now / every) : 0.0;
    };
    return std::min(left, static_cast<double>(end - now) * m_stepSeconds +
                              times(m_config.validateEvery) * m_validationSeconds +
                              times(m_config.checkpointEvery) * m_checkpointSeconds);
}

Result<double> Training::step() {
    const double start = steadyNow();
    const OptimizerStep hyper = m_config.optimizerStep(m_state.step + 1, std::min(progress(), 1.0));
    m_microBatches.resize(static_cast<std::size_t>(m_config.accumulation));
    std::int64_t labels = 0;
    for (int i = 0; i < m_config.accumulation; ++i) {
        Batch& batch = m_microBatches[static_cast<std::size_t>(i)];
        m_loader->load(m_state.microBatch + i, batch);
        labels += batch.validLabels();
    }
    if (labels == 0)
        return makeError(ErrorCode::InvalidData, "step " + std::to_string(m_state.step + 1) +
                                                     " has no label to learn from: every token of its sequences is "
                                                     "masked; import with longer answers or longer sequences");
    TRY_VOID(m_gradients->zero());
    double nats = 0;
    for (const Batch& batch : m_microBatches) {
        nats += TRY(m_pass->run(batch, static_cast<float>(1.0 / static_cast<double>(labels)), *m_gradients));
        m_folder.beat(m_state.step);
    }
    const double norm = TRY(m_optimizer->step(*m_gradients, hyper));
    const double seconds = steadyNow() - start;

    m_state.microBatch += m_config.accumulation;
    m_state.tokens += static_cast<std::int64_t>(m_config.batch) * m_config.tokens * m_config.accumulation;
    ++m_state.step;
    m_lastLoss = nats / static_cast<double>(labels);
    m_stepSeconds = m_stepSeconds == 0 ? seconds : 0.9 * m_stepSeconds + 0.1 * seconds;
    StepMetrics metrics;
    metrics.step = m_state.step;
    metrics.loss = m_lastLoss;
    metrics.learningRate = hyper.muonLearningRate;
    metrics.gradNorm = norm;
    metrics.tokens = m_state.tokens;
    metrics.tokensPerSecond = static_cast<double>(m_config.batch) * m_config.tokens * m_config.accumulation / seconds;
    metrics.stepMs = seconds * 1000;
    metrics.elapsedSeconds = elapsed();
    metrics.extra["epoch"] = m_loader->epochOf(m_state.microBatch);
    metrics.extra["labels"] = labels;
    TRY_VOID(watchHealth(metrics.extra));
    TRY_VOID(m_folder.appendMetrics(metrics));
    m_folder.beat(m_state.step);
    if (m_observer.step) m_observer.step(metrics, m_config.steps, remainingSeconds());

    m_skipped = std::isfinite(norm) ? 0 : m_skipped + 1;
    if (m_skipped > 0) {
        TRY_VOID(event("skipped", {{"message", "the gradient is not finite: the weights were left as they were"}}));
        if (m_skipped >= kSkippedStepsLimit)
            return makeError(ErrorCode::InvalidData, std::to_string(m_skipped) +
                                                         " steps in a row had no finite gradient; resume from the last "
                                                         "checkpoint with a lower learning rate");
    }
    return norm;
}

Result<void> Training::watchHealth(Json& extra) {
    if (!m_model.useBitlinear) return {};
    const std::vector<NamedHealth> health = TRY(m_weights->health());
    double zero = 0, flips = 0, lowest = INFINITY;
    for (const NamedHealth& h : health) {
        const Parameter* p = m_weights->layout().find(h.name);
        // Initial weights are uniform(±1/sqrt(in)): their RMS is 1/sqrt(3·in).
        const double share = static_cast<double>(h.health.rms) * std::sqrt(3.0 * p->cols);
        zero += h.health.zeroFraction;
        flips += h.health.flipFraction;
        lowest = std::min(lowest, share);
        if (share < kDyingShare && m_dying.insert(h.name).second)
            TRY_VOID(
                event("warning", {{"message", "the weights of " + h.name + " have shrunk to " + std::to_string(share) +
                                                  " of their initial size; lower muon_weight_decay"}}));
    }
    extra["zeroShare"] = zero / static_cast<double>(health.size());
    extra["flipShare"] = flips / static_cast<double>(health.size());
    extra["lowestRms"] = lowest;  // of any matrix, relative to its initial RMS
    return {};
}

Result<void> Training::validate() {
    if (m_validationBatches.empty() || m_validatedStep == m_state.step) return {};
    const double start = steadyNow();
    m_lastValidation = TRY(evaluateBatches(*m_pass, m_validationBatches, {}));
    m_validatedStep = m_state.step;
    m_validationSeconds = steadyNow() - start;
    m_folder.beat(m_state.step);
    if (m_lastValidation->labels == 0) return {};
    return event("validation", {{"loss", m_lastValidation->loss()},
                                {"perplexity", m_lastValidation->perplexity()},
                                {"bitsPerByte", m_lastValidation->bitsPerByte()},
                                {"labels", m_lastValidation->labels}});
}

Result<void> Training::samples() {
    SamplingConfig sampling;
    sampling.maxTokens = m_config.sampleTokens;
    sampling.temperature = 0;
    sampling.overflow = "stop";
    for (const SamplePrompt& prompt : m_prompts) {
        m_session->reset();
        const Generation g = TRY(generate(
            *m_session, *m_tokenizer,
            {.prompt = Prompt::text(prompt.ids, true), .sampling = sampling, .endTokens = {m_tokenizer->eos()}}));
        TRY_VOID(m_folder.appendSample(m_state.step, prompt.text, g.text));
        if (m_observer.sample) m_observer.sample(m_state.step, prompt.text, g.text);
        m_folder.beat(m_state.step);
    }
    return {};
}

Result<void> Training::checkpoint() {
    if (m_checkpointStep == m_state.step) return {};
    const double start = steadyNow();
    TRY_VOID(m_folder.sync());
    TrainerState state = m_state;
    state.elapsedSeconds = elapsed();
    state.validationLoss.reset();
    if (m_validatedStep == m_state.step && m_lastValidation && m_lastValidation->labels > 0)
        state.validationLoss = m_lastValidation->loss();
    const fs::path path = m_folder.checkpointPath(m_state.step);
    // A damaged one of this very step stands where restore() passed it over.
    std::error_code error;
    fs::remove_all(path, error);
    TRY_VOID(writeCheckpoint(path, *m_weights, m_tokenizer->serialized(), &*m_optimizer, &state));
    m_checkpointStep = m_state.step;
    m_checkpointSeconds = steadyNow() - start;
    m_folder.beat(m_state.step);
    TRY_VOID(event("checkpoint", {{"path", fs::relative(path, m_folder.path()).string()}}));
    prune();
    return {};
}

void Training::prune() {
    const std::vector<RunCheckpoint> all = runCheckpoints(m_folder.path());
    std::int64_t best = -1;
    double bestLoss = INFINITY;
    for (const RunCheckpoint& c : all) {
        const auto state = readTrainerState(c.path);
        if (state.ok() && state->validationLoss && *state->validationLoss < bestLoss) {
            bestLoss = *state->validationLoss;
            best = c.step;
        }
    }
    for (std::size_t i = 0; i + static_cast<std::size_t>(m_config.keepCheckpoints) < all.size(); ++i) {
        if (all[i].step == best) continue;
        // Out of the way in one move first, so that a kill leaves no half of a checkpoint under its name.
        fs::path away = all[i].path;
        away += ".partial-" + std::to_string(getpid()) + "-0";
        std::error_code error;
        fs::rename(all[i].path, away, error);
        if (!error) fs::remove_all(away, error);
    }
}

Result<bool> Training::commands() {
    bool stop = false;
    for (const RunCommand& command : TRY(m_folder.pollCommands(m_state.step))) {
        if (command.name == "stop") {
            stop = true;
            TRY_VOID(m_folder.answer(command, m_state.step, true, "a checkpoint is written, then the run stops"));
        } else if (command.name == "checkpoint") {
            TRY_VOID(checkpoint());
            TRY_VOID(
                m_folder.answer(command, m_state.step, true, "checkpoint of step " + std::to_string(m_state.step)));
        } else {
            TRY_VOID(m_folder.answer(command, m_state.step, false, "there is no command \"" + command.name + "\""));
        }
    }
    return stop;
}

Result<TrainOutcome> Training::run() {
    m_sessionStart = steadyNow();
    TrainOutcome outcome;
    bool stopped = false;
    while (!stopped && !finished()) {
        TRY(step());
        if (due(m_config.validateEvery)) TRY_VOID(validate());
        if (due(m_config.sampleEvery)) TRY_VOID(samples());
        if (due(m_config.checkpointEvery)) {
            TRY_VOID(validate());
            TRY_VOID(checkpoint());
        }
        stopped = TRY(commands()) || m_stop.raised();
    }
    if (!stopped) {
        TRY_VOID(validate());
        if (!m_prompts.empty() && !due(m_config.sampleEvery)) TRY_VOID(samples());
    }
    TRY_VOID(checkpoint());
    outcome.state = stopped && !finished() ? RunState::Stopped : RunState::Finished;
    outcome.step = m_state.step;
    outcome.loss = m_lastLoss;
    outcome.checkpoint = m_folder.checkpointPath(m_state.step);
    if (m_validatedStep == m_state.step) outcome.validation = m_lastValidation;
    TRY_VOID(m_folder.finish(outcome.state, m_state.step));
    return outcome;
}

/// Runs a prepared training; an error becomes the run's last word.
Result<TrainOutcome> runToEnd(Training& training, bool resuming, const fs::path& dataset, const DeviceOptions& device) {
    const auto all = [&]() -> Result<TrainOutcome> {
        TRY_VOID(training.prepare(dataset, device));
        TRY_VOID(training.restore(resuming));
        return training.run();
    };
    Result<TrainOutcome> outcome = all();
    if (!outcome.ok()) {
        const auto said = training.folder().finish(RunState::Failed, training.stepsDone(), outcome.error().text());
        (void)said;  // the disk may be what failed: the caller has the first error
    }
    return outcome;
}

}  // namespace

std::vector<MemoryPart> trainingMemory(const Backend& backend, const ModelConfig& model, const TrainConfig& config) {
    const auto chosen = choosePrecision(backend, config.precision, model.useBitlinear);
    const Precision precision = chosen.ok() ? *chosen : Precision{};
    const PassOptions options = passOptions(config);
    std::vector<MemoryPart> parts = weightsMemory(backend, model, precision, model.maxSeqLen, true);
    parts.push_back({"gradients", ParameterLayout(model).total * sizeof(float)});
    parts.push_back({"optimizer", Optimizer::stateBytes(model)});
    append(parts, passMemory(model, precision, options));
    parts.push_back({"workspace", backend.workspaceBytes(passWorkload(model, options), precision)});
    return parts;
}

Result<std::string> datasetHash(const fs::path& dataset) {
    // The indexes hold the checksum of every document's tokens.
    std::string digests;
    for (const char* name : {"dataset.json", "train.index", "validation.index"})
        digests += sha256Hex(TRY(MappedFile::open(dataset / name)).bytes());
    return sha256Hex(digests);
}

Result<TrainOutcome> trainNew(const fs::path& run, const ModelConfig& model, const TrainConfig& config,
                              const fs::path& dataset, const DeviceOptions& device, const TrainObserver& observer,
                              StopToken stop) {
    TRY_VOID(config.validate(model));
    RunInfo info;
    info.model = modelConfigToJson(model);
    info.training = fieldsToJson(config);
    std::error_code error;
    const fs::path absolute = fs::weakly_canonical(dataset, error);
    info.datasetPath = error ? dataset.string() : absolute.string();
    info.datasetHash = TRY(datasetHash(dataset));
    info.tokenizerHash = TRY(Tokenizer::load(dataset / "tokenizer.model")).hash();
    info.versions["device"] = device.device;
    Training training(TRY(RunFolder::create(run, info)), model, config, observer, stop);
    return runToEnd(training, false, dataset, device);
}

Result<TrainOutcome> trainResume(const fs::path& run, const ResumeOptions& options, const TrainObserver& observer,
                                 StopToken stop) {
    RunOpenOptions open;
    open.takeOver = options.takeOver;
    RunFolder folder = TRY(RunFolder::open(run, open));
    const RunInfo info = folder.info();
    ModelConfig model = TRY_AT(modelConfigFromJson(info.model), (run / "run.json").string());
    TrainConfig config;
    {
        auto read = fieldsFromJson(config, info.training);
        if (!read.ok()) return read.takeError().at((run / "run.json").string());
    }
    if (options.steps > 0) config.steps = options.steps;
    if (options.minutes > 0) config.minutes = options.minutes;
    TRY_VOID(config.validate(model));
    const fs::path dataset = options.dataset.empty() ? fs::path(info.datasetPath) : options.dataset;
    Training training(std::move(folder), std::move(model), std::move(config), observer, stop);
    return runToEnd(training, true, dataset, options.device);
}

}  // namespace distillix
