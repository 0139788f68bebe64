// SPDX-License-Identifier: Apache-2.0
#include "core/export/compare.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/model/training_pass.h"

namespace distillix {
namespace {

double logSumExp(std::span<const float> logits, float largest) {
    double sum = 0;
    for (const float v : logits) sum += std::exp(static_cast<double>(v) - largest);
    return largest + std::log(sum);
}

/// A model on a device with what a forward pass over one batch needs.
struct Runner {
    std::unique_ptr<Runtime> runtime;
    std::unique_ptr<ModelWeights> weights;
    std::unique_ptr<TrainingPass> pass;

    static Result<Runner> create(Backend& backend, const ModelValues& model, int tokens) {
        PassOptions options;
        options.batch = 1;
        options.tokens = tokens;
        options.keep = PassOptions::Keep::Nothing;
        Runner r;
        const Precision precision = TRY(choosePrecision(backend, "float32", model.config.useBitlinear));
        r.runtime =
            std::make_unique<Runtime>(TRY(Runtime::create(backend, precision, passWorkload(model.config, options))));
        r.weights = std::make_unique<ModelWeights>(TRY(ModelWeights::create(*r.runtime, model.config, tokens, false)));
        TRY_VOID(r.weights->upload(model.values));
        TRY_VOID(r.weights->prepare());
        r.pass = std::make_unique<TrainingPass>(TRY(TrainingPass::create(*r.weights, options)));
        return r;
    }
};

}  // namespace

void LogitDifference::add(std::span<const float> ours, std::span<const float> theirs, std::int32_t label) {
    const auto first = [](std::span<const float> logits) {
        return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    };
    const std::size_t top = first(ours);
    float second = -INFINITY;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (i != top) second = std::max(second, ours[i]);
        const double difference = std::fabs(static_cast<double>(ours[i]) - theirs[i]);
        if (!std::isfinite(theirs[i]))
            finite = false;
        else
            largest = std::max(largest, difference);
    }
    const std::size_t theirTop = first(theirs);
    const double ourNorm = logSumExp(ours, ours[top]), theirNorm = logSumExp(theirs, theirs[theirTop]);
    double kl = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        const double logP = ours[i] - ourNorm, logQ = theirs[i] - theirNorm;
        kl += std::exp(logP) * (logP - logQ);
    }
    kl = std::max(kl, 0.0);  // rounding can take it a little below
    const bool same = top == theirTop;
    ++positions;
    m_klSum += kl;
    klMean = m_klSum / static_cast<double>(positions);
    klMax = std::max(klMax, kl);
    sameTop += same;
    if (static_cast<double>(ours[top]) - second > kClearMargin) {
        ++clear;
        clearSameTop += same;
    }
    if (label >= 0) {
        ++labels;
        ourNats += ourNorm - ours[static_cast<std::size_t>(label)];
        theirNats += theirNorm - theirs[static_cast<std::size_t>(label)];
    }
}

double LogitDifference::topAgreement() const {
    return positions > 0 ? static_cast<double>(sameTop) / static_cast<double>(positions) : 1.0;
}
double LogitDifference::clearTopAgreement() const {
    return clear > 0 ? static_cast<double>(clearSameTop) / static_cast<double>(clear) : 1.0;
}
double LogitDifference::ourLoss() const {
    return labels > 0 ? ourNats / static_cast<double>(labels) : 0.0;
}
double LogitDifference::theirLoss() const {
    return labels > 0 ? theirNats / static_cast<double>(labels) : 0.0;
}

nlohmann::ordered_json LogitDifference::json() const {
    return {{"positions", positions},
            {"klMean", klMean},
            {"klMax", klMax},
            {"topAgreement", topAgreement()},
            {"clearMargin", kClearMargin},
            {"clearPositions", clear},
            {"clearTopAgreement", clearTopAgreement()},
            {"largestLogitDifference", largest},
            {"loss", ourLoss()},
            {"exportedLoss", theirLoss()}};
}

Result<LogitDifference> compareModels(Backend& backend, const ModelValues& ours, const ModelValues& theirs,
                                      const std::vector<Batch>& batches, int tokens, StopToken stop,
                                      const std::function<void(std::size_t)>& progress) {
    Runner a = TRY(Runner::create(backend, ours, tokens));
    Runner b = TRY(Runner::create(backend, theirs, tokens));
    const auto v = static_cast<std::size_t>(ours.config.vocabSize);
    LogitDifference difference;
    std::vector<float> logits;
    for (std::size_t n = 0; n < batches.size(); ++n) {
        if (stop.raised()) return makeError(ErrorCode::Cancelled, "stopped; nothing was written");
        const Batch& batch = batches[n];
        logits.resize(static_cast<std::size_t>(batch.tokens) * v);
        TRY_VOID(a.pass->logits(batch, [&](int first, int rows, const float* values) -> Result<void> {
            std::copy_n(values, static_cast<std::size_t>(rows) * v,
                        logits.data() + static_cast<std::size_t>(first) * v);
            return {};
        }));
        TRY_VOID(b.pass->logits(batch, [&](int first, int rows, const float* values) -> Result<void> {
            for (int r = 0; r < rows; ++r) {
                const auto t = static_cast<std::size_t>(first + r);
                const std::int32_t label = t + 1 < batch.labels.size() ? batch.labels[t + 1] : kIgnoredLabel;
                if (label < 0) continue;
                difference.add(std::span(logits).subspan(t * v, v),
                               std::span(values + static_cast<std::size_t>(r) * v, v), label);
            }
            return {};
        }));
        if (progress) progress(n + 1);
    }
    return difference;
}

}  // namespace distillix
