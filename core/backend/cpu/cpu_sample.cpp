// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/backend/arguments.h"
#include "core/backend/cpu/elementwise_kernels.h"
#include "core/backend/cpu/row_chunks.h"

namespace distillix::cpu {

namespace {

/// One row's draw, as SampleArgs says. `weights` and `ids` hold a vocabulary each.
std::int32_t draw(const ElementwiseKernels& kernels, const SampleArgs& args, const float* logits, double u,
                  float* weights, std::int32_t* ids) {
    const std::size_t vocabulary = static_cast<std::size_t>(args.vocabulary);
    // Every comparison with a NaN is false, so that one is never the largest.
    float largest = -INFINITY;
    std::int32_t best = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
        if (logits[i] > largest) {
            largest = logits[i];
            best = static_cast<std::int32_t>(i);
        }
    }
    if (args.temperature == 0 || !std::isfinite(largest)) return best;

    kernels.expRow(logits, vocabulary, largest, args.temperature, weights);
    const bool choose = (args.topK > 0 && static_cast<std::size_t>(args.topK) < vocabulary) || args.topP < 1;
    std::size_t kept = vocabulary;
    if (choose) {
        // Weights alone would not do: far below the largest they are all 0, and the lower logit is still the lower
        // rank.
        const auto ranksBefore = [&](std::int32_t a, std::int32_t b) {
            const float x = std::isnan(logits[a]) ? -INFINITY : logits[a],
                        y = std::isnan(logits[b]) ? -INFINITY : logits[b];
            return x > y || (x == y && a < b);
        };
        std::iota(ids, ids + vocabulary, 0);
        if (args.topK > 0 && static_cast<std::size_t>(args.topK) < vocabulary) {
            kept = static_cast<std::size_t>(args.topK);
            std::nth_element(ids, ids + kept - 1, ids + vocabulary, ranksBefore);
        }
        if (args.topP < 1) {
            double sum = 0, reached = 0;
            for (std::size_t r = 0; r < kept; ++r) sum += weights[ids[r]];
            // A heap gives the best first and leaves the long tail unsorted.
            const auto ranksBehind = [&](std::int32_t a, std::int32_t b) { return ranksBefore(b, a); };
            std::make_heap(ids, ids + kept, ranksBehind);
            std::size_t left = kept;
            while (left > 0 && reached < args.topP * sum) {
                std::pop_heap(ids, ids + left, ranksBehind);
                reached += weights[ids[--left]];
            }
            ids += left;
            kept -= left;
        }
        std::sort(ids, ids + kept);
    }
    double sum = 0;
    for (std::size_t r = 0; r < kept; ++r) sum += weights[choose ? static_cast<std::size_t>(ids[r]) : r];
    double running = 0;
    std::int32_t token = best;
    for (std::size_t r = 0; r < kept; ++r) {
        const std::size_t id = choose ? static_cast<std::size_t>(ids[r]) : r;
        if (weights[id] == 0) continue;
        token = static_cast<std::int32_t>(id);  // the last one kept, should rounding leave the sum short
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
    std::int32_t* ids = scratch.take<std::int32_t>(threads * vocabulary);
    if (!weights || !ids) return scratch.tooSmall("sample");
    const ElementwiseKernels& kernels = elementwiseKernels(context.level);
    context.pool.parallelFor(static_cast<std::size_t>(args.rows), [&](std::size_t row, int worker) {
        const std::size_t offset = static_cast<std::size_t>(worker) * vocabulary;
        const double u = args.temperature > 0 ? static_cast<double>(args.uniform.backendAddress()[row]) : 0.0;
        args.tokens.backendAddress()[row] =
            draw(kernels, args, args.logits.backendAddress() + row * vocabulary, u, weights + offset, ids + offset);
    });
    return {};
}

std::size_t sampleWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision) {
    const std::size_t count =
        static_cast<std::size_t>(context.pool.threads()) * static_cast<std::size_t>(workload.vocabulary);
    return kScratchSkew + Scratch::bytes<float>(count) + Scratch::bytes<std::int32_t>(count);
}

}  // namespace distillix::cpu
