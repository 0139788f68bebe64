// SPDX-License-Identifier: Apache-2.0
// Row kernels of the output head, one table a level. This header goes into files compiled for one level, so it holds
// plain data only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distillix::cpu {

enum class CpuLevel;

/// One row of logits on its way to a loss and a gradient.
struct HeadRow {
    float* logits;                ///< [count] raw products; overwritten with the capped ones
    std::size_t count;            ///< V
    float softCap;                ///< 0: none
    std::size_t target;           ///< < count
    float smoothing;              ///< ε
    const float* teacher;         ///< [count] capped logits, or null
    float weight;                 ///< w of the plain loss; 1 without a teacher
    float temperature;            ///< τ
    float scale;                  ///< the gradient is multiplied by this
    float* gradient;              ///< [count] by the raw logits, may be `logits`; or null
    std::uint16_t* gradientBf16;  ///< the same in bf16; or null
};

struct HeadKernels {
    /// z = cap·tanh(z/cap) in place.
    void (*cap)(float* logits, std::size_t count, float softCap);
    /// The row's loss; writes the gradient where one is asked for.
    double (*loss)(const HeadRow& row);
};

const HeadKernels& headKernels(CpuLevel level);

}  // namespace distillix::cpu
