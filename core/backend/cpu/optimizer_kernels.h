// SPDX-License-Identifier: Apache-2.0
// Element-wise kernels of the optimizers, one table a level. This header goes into files compiled for one level, so it
// holds plain data only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distillix::cpu {

enum class CpuLevel;

struct AdamWChunk {
    float* weight;
    const float* gradient;
    float* firstMoment;
    float* secondMoment;
    std::size_t count;
    float gradientScale, beta1, beta2, eps;
    float keep;                ///< 1 - lr·wd, or 1
    float rate;                ///< lr / (1 - beta1^step)
    float inverseCorrection2;  ///< 1 / (1 - beta2^step)
};

struct OptimizerKernels {
    double (*sumOfSquares)(const float* x, std::size_t count);
    void (*adamw)(const AdamWChunk& chunk);
    /// m ← m + (1-μ)(g·scale - m); u = g·scale + μ(m - g·scale). Returns the sum of u².
    double (*momentum)(float* m, const float* g, float scale, float mu, float* u, std::size_t count);
    /// x ← x·factor.
    void (*scale)(float* x, float factor, std::size_t count);
    /// copy = x·before; x ← copy·after.
    void (*copyAndScale)(float* x, float before, float after, float* copy, std::size_t count);
    /// b ← p·a + q·b.
    void (*blend)(const float* a, float p, float* b, float q, std::size_t count);
    /// w ← w·keep - x·rate.
    void (*step)(float* w, float keep, const float* x, float rate, std::size_t count);
};

const OptimizerKernels& optimizerKernels(CpuLevel level);

}  // namespace distillix::cpu
