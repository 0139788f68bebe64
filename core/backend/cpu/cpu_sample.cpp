// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_sample.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "core/backend/arguments.h"
#include "core/backend/cpu/elementwise_kernels.h"
#include "core/backend/cpu/row_chunks.h"

namespace distillix::cpu {

namespace {

/// Logits are looked through in blocks of this many: their maxima give the largest, and a bound for the k-th largest.
constexpr std::size_t kBlock = 64;

/// What one thread works with; each as long as the vocabulary.
struct DrawScratch {
    float* weights;
    float* maxima;
    std::int32_t* ids;
};

/// A row's logits in the order that SampleArgs gives them.
struct Ranking {
    const float* logits;
    float of(std::int32_t id) const { return std::isnan(logits[id]) ? -INFINITY : logits[id]; }
    bool operator()(std::int32_t a, std::int32_t b) const {
        const float x = of(a), y = of(b);
        return x > y || (x == y && a < b);
    }
};

/// Puts the k ids that rank first into `ids`; returns how many there are.
std::size_t keepTopK(const float* logits, std::size_t vocabulary, std::size_t k, float* maxima, std::int32_t* ids) {
    // k blocks hold a logit of at least the k-th largest maximum, so that nothing below it can be among the k.
    const std::size_t blocks = chunkCount(vocabulary, kBlock);
    float bound = -INFINITY;
    if (k <= blocks) {
        std::nth_element(maxima, maxima + k - 1, maxima + blocks, std::greater<float>());
        bound = maxima[k - 1];
    }
    std::size_t count = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
        if (logits[i] >= bound) ids[count++] = static_cast<std::int32_t>(i);
    }
    if (count <= k) return count;
    std::nth_element(ids, ids + k - 1, ids + count, Ranking{logits});
    return k;
}

/// Reorders `ids` so that the shortest leading part whose weights reach p of the whole stands first; returns its
/// length.
std::size_t keepTopP(const float* logits, const float* weights, double p, std::int32_t* ids, std::size_t count) {
    double sum = 0;
    for (std::size_t r = 0; r < count; ++r) sum += weights[ids[r]];
    const double wanted = p * sum;
    // Weights below (1-p)·sum/count make up less than what is left out, so that none of them is needed: mostly this
    // leaves a few hundred ids. The margin is for the sums' rounding.
    const double negligible = (sum - wanted) / static_cast<double>(count) * 0.999;
    std::size_t last = 0;
    for (std::size_t r = 0; r < count; ++r) {
        if (weights[ids[r]] >= negligible) std::swap(ids[last++], ids[r]);
    }
    // Quickselect by weight: [0, first) is kept and weighs `reached`, [last, …) is not kept.
    const Ranking ranking{logits};
    std::size_t first = 0;
    double reached = 0;
    while (last - first > 16) {
        std::int32_t pivots[3] = {ids[first], ids[first + (last - first) / 2], ids[last - 1]};
        std::sort(pivots, pivots + 3, ranking);
        const auto middle =
            std::partition(ids + first, ids + last, [&](std::int32_t id) { return !ranking(pivots[1], id); });
        double weight = 0;
        for (const std::int32_t* id = ids + first; id < middle; ++id) weight += weights[*id];
        const std::size_t at = static_cast<std::size_t>(middle - ids);
        if (reached + weight >= wanted) {
            if (at == last) break;  // the pivot ranks last of what is left
            last = at;
        } else {
            reached += weight;
            first = at;
        }
    }
    std::sort(ids + first, ids + last, ranking);
    while (first < last && (reached < wanted || first == 0)) reached += weights[ids[first++]];
    return first;
}

/// A copy of the row with the penalty of SampleArgs on the recent ids; the row itself where there is none.
const float* penalise(const SampleArgs& args, const float* logits, const std::int32_t* recent, float* copy) {
    if (args.recentCount == 0 || args.repetitionPenalty == 1) return logits;
    std::copy_n(logits, args.vocabulary, copy);
    for (int i = 0; i < args.recentCount; ++i) {
        const std::int32_t id = recent[i];
        if (id < 0 || id >= args.vocabulary) continue;
        const double z = static_cast<double>(logits[id]), penalty = static_cast<double>(args.repetitionPenalty);
        copy[id] = static_cast<float>(z > 0 ? z / penalty : z * penalty);
    }
    return copy;
}

/// One row's draw, as SampleArgs says.
std::int32_t draw(const ElementwiseKernels& kernels, const SampleArgs& args, const float* logits, double u,
                  const DrawScratch& scratch) {
    const std::size_t vocabulary = static_cast<std::size_t>(args.vocabulary), blocks = chunkCount(vocabulary, kBlock);
    kernels.blockMaxima(logits, vocabulary, kBlock, scratch.maxima);
    const float* best = std::max_element(scratch.maxima, scratch.maxima + blocks);
    const float largest = *best;
    std::size_t first = static_cast<std::size_t>(best - scratch.maxima) * kBlock;
    const std::size_t end = std::min(vocabulary, first + kBlock);
    while (first < end && logits[first] != largest) ++first;
    const std::int32_t top = first < end ? static_cast<std::int32_t>(first) : 0;  // 0 where no logit is a number
    if (args.temperature == 0 || !std::isfinite(largest)) return top;

    float* weights = scratch.weights;
    kernels.expRow(logits, vocabulary, largest, args.temperature, weights);
    const bool topK = args.topK > 0 && static_cast<std::size_t>(args.topK) < vocabulary;
    const bool choose = topK || args.topP < 1 || args.minP > 0;
    std::int32_t* ids = scratch.ids;
    std::size_t kept = vocabulary;
    if (topK) {
        kept = keepTopK(logits, vocabulary, static_cast<std::size_t>(args.topK), scratch.maxima, ids);
    } else if (choose) {
        std::iota(ids, ids + vocabulary, 0);
    }
    if (args.topP < 1) kept = keepTopP(logits, weights, args.topP, ids, kept);
    if (args.minP > 0) {  // the likeliest weighs 1
        const auto left = std::remove_if(ids, ids + kept, [&](std::int32_t id) { return weights[id] < args.minP; });
        kept = static_cast<std::size_t>(left - ids);
    }
    if (choose) std::sort(ids, ids + kept);

    const auto idAt = [&](std::size_t r) { return choose ? ids[r] : static_cast<std::int32_t>(r); };
    double sum = 0;
    for (std::size_t r = 0; r < kept; ++r) sum += weights[idAt(r)];
    double running = 0;
    std::int32_t token = top;
    for (std::size_t r = 0; r < kept; ++r) {
        const std::int32_t id = idAt(r);
        if (weights[id] == 0) continue;
        token = id;  // the last one kept, should rounding leave the sum short
        running += weights[id];
        if (running > u * sum) break;
    }
    return token;
}

}  // namespace

Result<void> sample(CpuContext& context, const Exec& exec, const SampleArgs& args) {
    TRY_VOID(checkArguments(args));
    const std::size_t vocabulary = static_cast<std::size_t>(args.vocabulary),
                      threads = static_cast<std::size_t>(context.pool.threads());
    Scratch scratch(exec);
    float* weights = scratch.take<float>(threads * vocabulary);
    float* maxima = scratch.take<float>(threads * vocabulary);
    float* penalised = scratch.take<float>(threads * vocabulary);
    std::int32_t* ids = scratch.take<std::int32_t>(threads * vocabulary);
    if (!weights || !maxima || !penalised || !ids) return scratch.tooSmall("sample");
    const ElementwiseKernels& kernels = elementwiseKernels(context.level);
    context.pool.parallelFor(static_cast<std::size_t>(args.rows), [&](std::size_t row, int worker) {
        const std::size_t offset = static_cast<std::size_t>(worker) * vocabulary;
        const double u = args.temperature > 0 ? static_cast<double>(args.uniform.backendAddress()[row]) : 0.0;
        const float* logits = penalise(args, args.logits.backendAddress() + row * vocabulary,
                                       args.recent.backendAddress() + row * static_cast<std::size_t>(args.recentCount),
                                       penalised + offset);
        args.tokens.backendAddress()[row] =
            draw(kernels, args, logits, u, {weights + offset, maxima + offset, ids + offset});
    });
    return {};
}

std::size_t sampleWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision) {
    const std::size_t count =
        static_cast<std::size_t>(context.pool.threads()) * static_cast<std::size_t>(workload.vocabulary);
    return Scratch::kSkew + 3 * Scratch::bytes<float>(count) + Scratch::bytes<std::int32_t>(count);
}

}  // namespace distillix::cpu
