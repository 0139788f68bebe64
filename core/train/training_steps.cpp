// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/train/training.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

constexpr int kSkippedStepsLimit = 5;  // as many skipped steps in a row end the run
constexpr const char* kGoOnFromTheLast =
    ". The last checkpoint is kept: go on from it with a lower rate (train resume RUN --set learning_rate=...)";
constexpr double kDyingShare = 0.1;  // a matrix whose RMS fell to this share of its initial one is told

std::string shortText(double number) {
    char text[40];
    std::snprintf(text, sizeof text, "%.3g", number);
    return text;
}

}  // namespace

double Training::elapsed() const {
    return m_state.elapsedSeconds + (steadyNow() - m_sessionStart);
}

double Training::progress() const {
    if (m_config.steps > 0) return static_cast<double>(m_state.step) / static_cast<double>(m_config.steps);
    return elapsed() / (m_config.minutes * 60);
}

bool Training::finished() const {
    return (m_config.steps > 0 && m_state.step >= m_config.steps) ||
           (m_config.minutes > 0 && elapsed() >= m_config.minutes * 60) || m_earlyStop.due(m_config.patience);
}

double Training::remainingSeconds() const {
    std::int64_t tokens = 0;
    for (const Batch& batch : m_validationBatches) tokens += static_cast<std::int64_t>(batch.batch) * batch.tokens;
    return m_timeLeft.seconds(m_config, m_state.step, elapsed(), tokens, !m_prompts.empty());
}

Result<void> Training::step() {
    const double start = steadyNow();
    const double done = std::min(progress(), 1.0);
    const double switchAt = m_config.scheduleOf().switchAt();
    if (!m_switched && switchAt > 0 && done >= switchAt) {
        m_switched = true;
        TRY_VOID(event("switch", {{"message", m_config.schedule == "bitnet"
                                                  ? "the second stage begins: a lower rate, no weight decay"
                                                  : "the learning rate begins to fall"}}));
    }
    const OptimizerStep hyper = m_config.optimizerStep(m_state.step + 1, done);
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
    double nats = 0, norm = 0;
    do {  // once, but for a loss scale that was too high: the same step again with a lower one loses nothing
        nats = 0;
        TRY_VOID(m_gradients->zero());
        const double scale = m_lossScale.value();
        for (const Batch& batch : m_microBatches) {
            nats += TRY(m_pass->run(batch, static_cast<float>(scale / static_cast<double>(labels)), *m_gradients));
            m_folder.beat(m_state.step);
        }
        norm = TRY(m_optimizer->gradientNorm(*m_gradients, hyper.clip, 1 / scale));
    } while (!std::isfinite(norm) && std::isfinite(nats) && m_lossScale.overflowed());
    if (std::isfinite(norm)) m_lossScale.fitted();
    m_lastLoss = nats / static_cast<double>(labels);

    std::string skipped;
    const auto lossZ = m_losses.add(m_lastLoss), normZ = m_norms.add(norm);
    if (!std::isfinite(norm))
        skipped = "the gradient is not finite";
    else if (!std::isfinite(m_lastLoss))
        skipped = "the loss is not finite";
    else if (m_config.skipLossZ > 0 && lossZ && *lossZ > m_config.skipLossZ)
        skipped = "the loss lies " + shortText(*lossZ) + " deviations above the last 128";
    else if (m_config.skipGradientZ > 0 && normZ && *normZ > m_config.skipGradientZ)
        skipped = "the gradient's norm lies " + shortText(*normZ) + " deviations above the last 128";
    if (skipped.empty()) TRY_VOID(m_optimizer->apply(*m_gradients, hyper));
    m_skipped = skipped.empty() ? 0 : m_skipped + 1;
    m_finite = std::isfinite(norm) && std::isfinite(m_lastLoss);

    const double seconds = steadyNow() - start;
    m_state.microBatch += m_config.accumulation;
    m_state.tokens += static_cast<std::int64_t>(m_config.batch) * m_config.tokens * m_config.accumulation;
    ++m_state.step;
    m_timeLeft.stepTook(seconds);
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
    if (!skipped.empty()) metrics.extra["skipped"] = true;
    TRY_VOID(watchHealth(hyper, metrics.extra));
    TRY_VOID(m_folder.appendMetrics(metrics));
    if (m_tensorBoard) {
        std::vector<std::pair<std::string, double>> values = {{"train/loss", metrics.loss},
                                                              {"train/learning_rate", metrics.learningRate},
                                                              {"train/gradient_norm", metrics.gradNorm},
                                                              {"train/tokens_per_second", metrics.tokensPerSecond}};
        if (metrics.extra.contains("zeroShare")) {
            values.emplace_back("weights/zero_share", metrics.extra["zeroShare"].get<double>());
            values.emplace_back("weights/flip_share", metrics.extra["flipShare"].get<double>());
        }
        TRY_VOID(m_folder.whenThereIsRoom([&] { return m_tensorBoard->scalars(m_state.step, values); }));
    }
    m_folder.beat(m_state.step);
    if (m_observer.step) m_observer.step(metrics, m_config.steps, remainingSeconds());

    if (m_skipped > 0) {
        TRY_VOID(event("skipped", {{"message", skipped + ": the weights were left as they were"}}));
        if (m_skipped >= kSkippedStepsLimit)
            return makeError(ErrorCode::InvalidData, std::to_string(m_skipped) +
                                                         " steps in a row were skipped, the last because " + skipped +
                                                         kGoOnFromTheLast);
    }
    return {};
}

Result<void> Training::watchHealth(const OptimizerStep& hyper, Json& extra) {
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
        if (share < kDyingShare && std::find(m_dying.begin(), m_dying.end(), h.name) == m_dying.end()) {
            m_dying.push_back(h.name);
            TRY_VOID(event("warning", {{"message", "the weights of " + h.name + " have shrunk to " + shortText(share) +
                                                       " of their initial size; lower muon_weight_decay"}}));
        }
    }
    extra["zeroShare"] = zero / static_cast<double>(health.size());
    extra["flipShare"] = flips / static_cast<double>(health.size());
    extra["lowestRms"] = lowest;  // of any matrix, relative to its initial RMS
    if (m_skipped == 0) {
        for (const std::string& name : m_decayAlarm.add(health, hyper.muonLearningRate * hyper.muonWeightDecay))
            TRY_VOID(event("warning",
                           {{"message", "the weights of " + name +
                                            " only decay: they shrink exactly as their weight decay makes them and no "
                                            "ternary weight flips, so they learn nothing; set muon_weight_decay=0 and "
                                            "raise the rate"}}));
    }
    return {};
}

Result<void> Training::validate() {
    if (m_validationBatches.empty() || m_validatedStep == m_state.step) return {};
    const double start = steadyNow();
    m_lastValidation = TRY(evaluateBatches(*m_pass, m_validationBatches, {}));
    m_validatedStep = m_state.step;
    m_timeLeft.validationTook(steadyNow() - start);
    m_folder.beat(m_state.step);
    if (m_lastValidation->labels == 0) return {};
    if (m_tensorBoard) {
        TRY_VOID(m_folder.whenThereIsRoom([&] {
            return m_tensorBoard->scalars(m_state.step,
                                          {{"validation/loss", m_lastValidation->loss()},
                                           {"validation/bits_per_byte", m_lastValidation->bitsPerByte()}});
        }));
    }
    return event("validation", {{"loss", m_lastValidation->loss()},
                                {"perplexity", m_lastValidation->perplexity()},
                                {"bitsPerByte", m_lastValidation->bitsPerByte()},
                                {"labels", m_lastValidation->labels}});
}

Result<void> Training::judgeValidation() {
    if (m_validatedStep != m_state.step || !m_lastValidation || m_lastValidation->labels == 0) return {};
    const bool counts = progress() >= m_config.scheduleOf().switchAt();
    const bool best = m_earlyStop.add(m_lastValidation->loss(), m_state.step, counts);
    // What is stopped early is wanted as it was at its best.
    if (m_config.patience > 0 && best && counts) TRY_VOID(checkpoint());
    return {};
}

Result<void> Training::samples() {
    const double start = steadyNow();
    SamplingConfig sampling;
    sampling.maxTokens = m_config.sampleTokens;
    sampling.temperature = 0;
    sampling.overflow = "stop";
    int longest = 1;
    for (const SamplePrompt& prompt : m_prompts)
        longest = std::max(longest, static_cast<int>(prompt.ids.size()) + m_config.sampleTokens);
    for (const SamplePrompt& prompt : m_prompts) {
        InferenceSession* const inference = TRY(session(longest));
        const Generation g = TRY(generate(
            *inference, *m_tokenizer,
            {.prompt = Prompt::text(prompt.ids, true), .sampling = sampling, .endTokens = {m_tokenizer->eos()}}));
        TRY_VOID(m_folder.appendSample(m_state.step, prompt.text, g.text));
        if (m_observer.sample) m_observer.sample(m_state.step, prompt.text, g.text);
        m_folder.beat(m_state.step);
    }
    m_timeLeft.samplesTook(steadyNow() - start);
    return {};
}

Result<void> Training::checkpoint() {
    if (m_checkpointStep == m_state.step) return {};
    const double start = steadyNow();
    TRY_VOID(m_folder.sync());
    const fs::path path = m_folder.checkpointPath(m_state.step);
    // A damaged one of this very step stands where restore() passed it over.
    std::error_code error;
    fs::remove_all(path, error);
    const auto write = [&]() -> Result<void> {
        TRY_VOID(checkRoomForCheckpoint());
        TrainerState state = m_state;
        state.elapsedSeconds = elapsed();
        state.validationLoss.reset();
        if (m_validatedStep == m_state.step && m_lastValidation && m_lastValidation->labels > 0)
            state.validationLoss = m_lastValidation->loss();
        state.guards = {{"losses", m_losses.toJson()},
                        {"lossScale", m_lossScale.toJson()},
                        {"gradientNorms", m_norms.toJson()},
                        {"earlyStop", m_earlyStop.toJson()},
                        {"skipped", m_skipped}};
        state.timing = m_timeLeft.toJson();
        return writeCheckpoint(path, *m_weights, m_tokenizer->serialized(), &*m_optimizer, &state);
    };
    Result<void> written = m_folder.whenThereIsRoom(write);
    // Kept, it would push out the last that is of any use.
    if (!written.ok() && written.error().code == ErrorCode::InvalidData)
        return makeError(ErrorCode::InvalidData,
                         "the training has diverged: " + written.error().message + kGoOnFromTheLast);
    if (!written.ok()) return written.takeError();
    m_checkpointStep = m_state.step;
    m_checkpointTime = steadyNow();
    m_timeLeft.checkpointTook(m_checkpointTime - start);
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

Result<TrainOutcome> Training::run() {
    m_sessionStart = m_checkpointTime = steadyNow();
    m_switched = progress() >= m_config.scheduleOf().switchAt();
    TrainOutcome outcome;
    bool stopped = false;
    while (!stopped && !finished()) {
        TRY_VOID(step());
        const bool checkpointStep = due(m_config.checkpointEvery);
        if (due(m_config.validateEvery) || checkpointStep) {
            TRY_VOID(validate());
            TRY_VOID(judgeValidation());
        }
        if (due(m_config.sampleEvery)) TRY_VOID(samples());
        // One by the clock is not validated: what a run computes must not depend on how fast it goes. None is written
        // of weights that give no finite loss or gradient: it would push out the last that is of any use.
        const bool byClock =
            m_config.checkpointMinutes > 0 && steadyNow() - m_checkpointTime >= m_config.checkpointMinutes * 60;
        const bool validated = m_validatedStep == m_state.step && m_lastValidation;
        const bool sound = m_finite && !(validated && !std::isfinite(m_lastValidation->nats));
        if (sound && (checkpointStep || byClock)) TRY_VOID(checkpoint());
        stopped = TRY(commands()) || m_stop.raised();
    }
    if (!stopped) {
        TRY_VOID(validate());
        if (!m_prompts.empty() && !due(m_config.sampleEvery)) TRY_VOID(samples());
    }
    TRY_VOID(checkpoint());
    if (m_earlyStop.due(m_config.patience))
        outcome.message = "stopped early: " + std::to_string(m_earlyStop.waited()) +
                          " validations in a row were no better than that of step " +
                          std::to_string(m_earlyStop.bestStep()) + " (loss " + shortText(m_earlyStop.best()) + ")";
    outcome.state = stopped && !finished() ? RunState::Stopped : RunState::Finished;
    outcome.step = m_state.step;
    outcome.loss = m_lastLoss;
    outcome.checkpoint = m_folder.checkpointPath(m_state.step);
    outcome.peakBytes = std::max(0.0, static_cast<double>(processMemory().peak) - m_baselineBytes);
    if (m_validatedStep == m_state.step) outcome.validation = m_lastValidation;
    TRY_VOID(m_folder.finish(outcome.state, m_state.step, outcome.message));
    return outcome;
}

}  // namespace distillix
