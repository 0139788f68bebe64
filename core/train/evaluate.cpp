// SPDX-License-Identifier: Apache-2.0
#include "core/train/evaluate.h"

#include <algorithm>
#include <cmath>

namespace distillix {

double Evaluation::loss() const {
    return labels > 0 ? nats / static_cast<double>(labels) : 0.0;
}
double Evaluation::perplexity() const {
    return std::exp(loss());
}
double Evaluation::bitsPerByte() const {
    return textBytes > 0 ? nats / (std::log(2.0) * static_cast<double>(textBytes)) : 0.0;
}

Result<Evaluation> evaluateBatches(TrainingPass& pass, const std::vector<Batch>& batches, StopToken stop) {
    Evaluation sum;
    for (const Batch& batch : batches) {
        if (stop.raised()) return makeError(ErrorCode::Cancelled, "the evaluation was stopped");
        sum.nats += TRY(pass.evaluate(batch));
        sum.labels += batch.validLabels();
        sum.textBytes += batch.textBytes;
    }
    return sum;
}

Result<Evaluation> evaluateWindows(TrainingPass& pass, const TokenDataset& dataset, int batchSize, int window,
                                   int stride, std::int64_t documents, StopToken stop,
                                   const std::function<void(std::int64_t, std::int64_t)>& progress) {
    if (window < 2 || stride < 1 || stride >= window)
        return makeError(ErrorCode::InvalidArgument, "the stride must be at least 1 and less than the window");
    const std::int64_t total = documents > 0 ? std::min(documents, dataset.documents()) : dataset.documents();
    Evaluation sum;
    Batch batch;
    const std::size_t capacity = static_cast<std::size_t>(batchSize) * static_cast<std::size_t>(window);
    const auto clear = [&] {
        batch.batch = batchSize;
        batch.tokens = window;
        batch.inputIds.clear();
        batch.labels.clear();
        batch.documentStart.clear();
        batch.positions.clear();
    };
    // A piece of padding: tokens that are no labels and attend to nothing but themselves.
    const auto pad = [&](std::size_t upTo) {
        while (batch.inputIds.size() < upTo) {
            batch.documentStart.push_back(
                static_cast<std::int32_t>(batch.inputIds.size() % static_cast<std::size_t>(window)));
            batch.positions.push_back(0);
            batch.inputIds.push_back(0);
            batch.labels.push_back(kIgnoredLabel);
        }
    };
    const auto flush = [&]() -> Result<void> {
        if (batch.inputIds.empty()) return {};
        pad(capacity);
        sum.nats += TRY(pass.evaluate(batch));
        sum.labels += batch.validLabels();
        clear();
        return {};
    };
    clear();
    for (std::int64_t d = 0; d < total; ++d) {
        if (stop.raised()) return makeError(ErrorCode::Cancelled, "the evaluation was stopped");
        const auto tokens = dataset.documentTokens(d);
        const auto mask = dataset.documentMask(d);
        const std::size_t n = tokens.size();
        std::size_t predicted = 1;  // tokens that need no more predicting; the first never is
        for (std::size_t start = 0; predicted < n; start += static_cast<std::size_t>(stride)) {
            const std::size_t end = std::min(n, start + static_cast<std::size_t>(window));
            if (end <= predicted) continue;
            const std::size_t row = static_cast<std::size_t>(window);
            const std::size_t left = row - batch.inputIds.size() % row;
            if (end - start > left) pad(batch.inputIds.size() + left);
            if (batch.inputIds.size() == capacity) TRY_VOID(flush());
            const std::size_t first = batch.inputIds.size() % row;
            for (std::size_t i = start; i < end; ++i) {
                batch.inputIds.push_back(tokens[i]);
                batch.labels.push_back(i >= predicted && mask[i] ? tokens[i] : kIgnoredLabel);
                batch.documentStart.push_back(static_cast<std::int32_t>(first));
                batch.positions.push_back(static_cast<std::int32_t>(i - start));
            }
            predicted = end;
            if (batch.inputIds.size() == capacity) TRY_VOID(flush());
        }
        sum.textBytes += dataset.documentBytes(d);
        if (progress) progress(d + 1, total);
    }
    TRY_VOID(flush());
    return sum;
}

}  // namespace distillix
