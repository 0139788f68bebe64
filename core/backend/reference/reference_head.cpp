// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/backend/reference/reference_kernels.h"

namespace distillix::reference {

namespace {

Error badId(const char* operation, std::size_t row, std::int64_t id, int vocabulary) {
    return makeError(ErrorCode::InvalidArgument,
                     "row " + std::to_string(row) + " names token " + std::to_string(id) + "; the vocabulary has " +
                         std::to_string(vocabulary),
                     operation);
}

/// SPEC 1: logits = x · Eᵀ, then cap·tanh(logits/cap).
void logitsRow(const float* x, const LinearWeight& head, double cap, std::vector<double>& logits) {
    const std::size_t d = static_cast<std::size_t>(head.shape.in);
    logits.resize(static_cast<std::size_t>(head.shape.out));
    const bool quantized = head.shape.format != WeightFormat::Latent;
    std::vector<float> values(quantized ? d : 0);
    for (std::size_t o = 0; o < logits.size(); ++o) {
        const float* w = quantized ? values.data() : head.latent.backendAddress() + o * d;
        if (quantized)
            WeightTable(head.shape.format, head.shape.in, head.shape.out, head.prepared.backendAddress())
                .dequantize(static_cast<std::int64_t>(o), values.data());
        double sum = 0;
        for (std::size_t i = 0; i < d; ++i) sum += static_cast<double>(x[i]) * w[i];
        logits[o] = cap > 0 ? cap * std::tanh(sum / cap) : sum;
    }
}

/// log softmax(logits / temperature).
void logSoftmax(const std::vector<double>& logits, double temperature, std::vector<double>& logP) {
    const double largest = *std::max_element(logits.begin(), logits.end()) / temperature;
    double sum = 0;
    for (double z : logits) sum += std::exp(z / temperature - largest);
    const double lse = largest + std::log(sum);
    logP.resize(logits.size());
    for (std::size_t o = 0; o < logits.size(); ++o) logP[o] = logits[o] / temperature - lse;
}

}  // namespace

Result<void> embed(const EmbedArgs& args) {
    const std::size_t width = static_cast<std::size_t>(args.width);
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        const std::int32_t id = args.ids.backendAddress()[m];
        if (id < 0 || id >= args.vocabulary) return badId("embed", m, id, args.vocabulary);
        float* out = args.out.backendAddress() + m * width;
        if (!args.table) {
            const LinearWeight& table = args.quantized;
            WeightTable(table.shape.format, table.shape.in, table.shape.out, table.prepared.backendAddress())
                .dequantize(id, out);
            continue;
        }
        const float* row = args.table.backendAddress() + static_cast<std::size_t>(id) * width;
        std::copy(row, row + width, out);
    }
    return {};
}

// A row of the table gets the sum of the gradients of its look-ups.
Result<void> embedBackward(const EmbedBackwardArgs& args) {
    const std::size_t width = static_cast<std::size_t>(args.width), rows = static_cast<std::size_t>(args.rows);
    const std::int32_t* ids = args.ids.backendAddress();
    std::vector<bool> done(rows, false);
    std::vector<double> sum(width);
    for (std::size_t m = 0; m < rows; ++m) {
        if (ids[m] < 0 || ids[m] >= args.vocabulary) return badId("embedBackward", m, ids[m], args.vocabulary);
        if (done[m]) continue;
        float* target = args.dTable.backendAddress() + static_cast<std::size_t>(ids[m]) * width;
        sum.assign(target, target + width);
        for (std::size_t other = m; other < rows; ++other) {
            if (ids[other] != ids[m]) continue;
            done[other] = true;
            for (std::size_t i = 0; i < width; ++i) sum[i] += args.dOut.backendAddress()[other * width + i];
        }
        for (std::size_t i = 0; i < width; ++i) target[i] = static_cast<float>(sum[i]);
    }
    return {};
}

Result<void> headLogits(const HeadLogitsArgs& args) {
    const std::size_t d = static_cast<std::size_t>(args.head.shape.in),
                      vocabulary = static_cast<std::size_t>(args.head.shape.out);
    std::vector<double> logits;
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        logitsRow(readF32(args.x) + m * d, args.head, args.softCap, logits);
        for (std::size_t o = 0; o < vocabulary; ++o)
            args.logits.backendAddress()[m * vocabulary + o] = static_cast<float>(logits[o]);
    }
    return {};
}

// SPEC 1: (1-ε)·CE + ε·mean over V of (-log p); with a teacher w·that + (1-w)·τ²·KL(softmax(teacher/τ) ‖
// softmax(student/τ)). By the capped logits z: w·(p - (1-ε)·onehot - ε/V) + (1-w)·τ·(p_τ - teacher_τ); the cap
// multiplies by 1 - (z/cap)².
Result<void> headLoss(const HeadLossArgs& args) {
    const std::size_t d = static_cast<std::size_t>(args.head.shape.in),
                      vocabulary = static_cast<std::size_t>(args.head.shape.out);
    const double cap = args.softCap, smoothing = args.labelSmoothing, tau = args.temperature;
    const double weight = args.teacherLogits ? args.teacherWeight : 1.0;
    const float* w = args.head.latent.backendAddress();
    const bool gradients = static_cast<bool>(args.dX);
    if (gradients) std::fill_n(writeF32(args.dX), static_cast<std::size_t>(args.rows) * d, 0.0f);
    std::vector<double> logits, logP, logPTau, teacher, teacherLogP, dLogits(vocabulary), dx(d);
    std::vector<double> dHead(gradients ? vocabulary * d : 0, 0.0);
    for (std::size_t n = 0; n < static_cast<std::size_t>(args.targetCount); ++n) {
        const std::int32_t row = args.targetRows.backendAddress()[n], target = args.targets.backendAddress()[n];
        if (row < 0 || row >= args.rows)
            return makeError(ErrorCode::InvalidArgument, "target row " + std::to_string(row) + " is none of the rows",
                             "headLoss");
        if (target < 0 || target >= args.head.shape.out)
            return badId("headLoss", static_cast<std::size_t>(row), target, args.head.shape.out);
        const float* x = readF32(args.x) + static_cast<std::size_t>(row) * d;
        logitsRow(x, args.head, cap, logits);
        logSoftmax(logits, 1.0, logP);
        double mean = 0;
        for (double v : logP) mean += v;
        mean /= static_cast<double>(vocabulary);
        double loss = weight * (-(1 - smoothing) * logP[static_cast<std::size_t>(target)] - smoothing * mean);
        if (args.teacherLogits) {
            const float* t = args.teacherLogits.backendAddress() + n * vocabulary;
            teacher.assign(t, t + vocabulary);
            logSoftmax(teacher, tau, teacherLogP);
            logSoftmax(logits, tau, logPTau);
            double divergence = 0;
            for (std::size_t o = 0; o < vocabulary; ++o)
                divergence += std::exp(teacherLogP[o]) * (teacherLogP[o] - logPTau[o]);
            loss += (1 - weight) * tau * tau * divergence;
        }
        args.losses.backendAddress()[n] = static_cast<float>(loss);
        if (!gradients) continue;

        for (std::size_t o = 0; o < vocabulary; ++o) {
            double g = weight * (std::exp(logP[o]) - smoothing / static_cast<double>(vocabulary));
            if (o == static_cast<std::size_t>(target)) g -= weight * (1 - smoothing);
            if (args.teacherLogits) g += (1 - weight) * tau * (std::exp(logPTau[o]) - std::exp(teacherLogP[o]));
            if (cap > 0) g *= 1 - logits[o] / cap * (logits[o] / cap);
            dLogits[o] = g * args.gradientScale;
        }
        dx.assign(d, 0.0);
        for (std::size_t o = 0; o < vocabulary; ++o) {
            for (std::size_t i = 0; i < d; ++i) {
                dx[i] += dLogits[o] * w[o * d + i];
                dHead[o * d + i] += dLogits[o] * x[i];
            }
        }
        for (std::size_t i = 0; i < d; ++i)
            writeF32(args.dX)[static_cast<std::size_t>(row) * d + i] = static_cast<float>(dx[i]);
    }
    for (std::size_t i = 0; i < dHead.size(); ++i) {
        args.dHead.backendAddress()[i] = static_cast<float>(args.dHead.backendAddress()[i] + dHead[i]);
    }
    return {};
}

// As SampleArgs says. Candidates stand in order of their logits, the lower id first among equals; a NaN counts as the
// smallest. The draw walks those kept by ascending id and takes the first whose running sum exceeds u times the whole.
Result<void> sample(const SampleArgs& args) {
    const std::size_t vocabulary = static_cast<std::size_t>(args.vocabulary);
    std::vector<double> logits(vocabulary), p(vocabulary);
    std::vector<std::size_t> order(vocabulary);
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        for (std::size_t i = 0; i < vocabulary; ++i) {
            const float z = args.logits.backendAddress()[m * vocabulary + i];
            logits[i] = std::isnan(z) ? -INFINITY : z;
        }
        std::set<std::int32_t> recent;
        for (int i = 0; i < args.recentCount; ++i)
            recent.insert(args.recent.backendAddress()[static_cast<int>(m) * args.recentCount + i]);
        for (const std::int32_t id : recent) {
            if (id < 0 || id >= args.vocabulary) continue;
            double& z = logits[static_cast<std::size_t>(id)];
            z = static_cast<float>(z > 0 ? z / args.repetitionPenalty : z * args.repetitionPenalty);
        }
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
        std::int32_t& token = args.tokens.backendAddress()[m];
        const double largest = logits[order[0]];
        token = static_cast<std::int32_t>(order[0]);
        if (args.temperature == 0 || !std::isfinite(largest)) continue;

        std::size_t kept = args.topK > 0 ? std::min(vocabulary, static_cast<std::size_t>(args.topK)) : vocabulary;
        std::fill(p.begin(), p.end(), 0.0);
        double sum = 0;
        for (std::size_t r = 0; r < kept; ++r)
            sum += p[order[r]] = std::exp((logits[order[r]] - largest) / args.temperature);
        if (args.topP < 1) {
            double reached = 0;
            std::size_t r = 0;
            while (r == 0 || (r < kept && reached < args.topP * sum)) reached += p[order[r++]];
            for (std::size_t rest = r; rest < kept; ++rest) p[order[rest]] = 0;
            sum = reached;
        }
        for (double& probability : p) {
            if (probability >= args.minP) continue;  // p of the likeliest is 1 here
            sum -= probability;
            probability = 0;
        }
        const double wanted = args.uniform.backendAddress()[m] * sum;
        double running = 0;
        for (std::size_t i = 0; i < vocabulary; ++i) {
            if (p[i] == 0) continue;
            token = static_cast<std::int32_t>(i);  // the last one kept, should rounding leave the sum short
            running += p[i];
            if (running > wanted) break;
        }
    }
    return {};
}

}  // namespace distillix::reference
