// SPDX-License-Identifier: Apache-2.0
// How the row-wise operations cut their work, and how they add up a weight's gradient.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/backend/cpu/context.h"

namespace distillix::cpu {

/// Rows in chunks whose borders depend on the number of rows alone: at least 16 rows, so that a chunk is worth its
/// dispatch, and at most 64 chunks, so that a weight gradient's partial sums stay small.
class RowChunks {
  public:
    explicit RowChunks(int rows)
        : m_rows(static_cast<std::size_t>(rows)), m_chunk(std::max<std::size_t>(16, (m_rows + 63) / 64)) {}
    /// The largest count() of any number of rows up to this one, for workspaces.
    static std::size_t most(int rows) {
        return std::min<std::size_t>(64, chunkCount(static_cast<std::size_t>(rows), 16));
    }
    std::size_t count() const { return chunkCount(m_rows, m_chunk); }
    std::size_t first(std::size_t chunk) const { return chunk * m_chunk; }
    std::size_t last(std::size_t chunk) const { return std::min(m_rows, (chunk + 1) * m_chunk); }

  private:
    std::size_t m_rows, m_chunk;
};

/// target[width] += the sum of `count` partial sums [count, width], in order.
void addWeightGradient(CpuContext& context, float* target, const float* partials, std::size_t count, std::size_t width);

}  // namespace distillix::cpu
