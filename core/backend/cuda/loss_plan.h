// SPDX-License-Identifier: Apache-2.0
// How the head's loss is cut: rows by how much memory a training has, the vocabulary so that a piece's logits stay in
// the second-level cache. Plain arithmetic, shared by the host side, the workspace's size and the tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace distillix::cuda {

struct LossPlan {
    int rows = 0;            ///< targets at a time
    int columns = 0;         ///< of the vocabulary at a time
    int stride = 0;          ///< elements from one row of logits to the next
    bool keepsHead = false;  ///< the head's operand is made once for all pieces, and not for each
    // Elements that must be there for this and for any smaller number of rows.
    std::size_t logits = 0, headElements = 0;
};

/// `rows`: tokens of a micro-step, at least the targets. The more there are, the more memory the activations take
/// anyway, and the less often the head's gradient (98 MB for the 100M preset) is to be read and written: a quarter of
/// the rows, 256 to 4,096 of them. 4 to 32 MB of logits; from 32,768 rows on, beside whose activations (30 GB for the
/// 100M preset) 524 MB are little, all logits of those rows: they need not be made a second time for the gradient, a
/// fourth of the head's products, and the products have a card's worth of tiles.
constexpr LossPlan lossPlan(int rows, int width, int vocabulary) {
    const std::int64_t m = std::max(rows, 1);
    const std::int64_t n = std::min<std::int64_t>(m, std::clamp<std::int64_t>(m / 4, 256, 4096));
    std::int64_t elements = std::clamp<std::int64_t>(m * 1024, std::int64_t{1} << 20, std::int64_t{8} << 20);
    std::int64_t columns = std::min(elements / n, std::max<std::int64_t>(64, elements / width));
    if (m >= 32768 && n * vocabulary <= std::int64_t{256} << 20) {
        columns = vocabulary;
        elements = std::max(elements, n * vocabulary);
    }
    columns = columns >= vocabulary ? vocabulary : std::max<std::int64_t>(64, columns / 64 * 64);
    columns = std::min<std::int64_t>(columns, vocabulary);
    LossPlan plan;
    plan.rows = static_cast<int>(n);
    plan.columns = static_cast<int>(columns);
    plan.stride = static_cast<int>((columns + 7) / 8 * 8);
    plan.logits = static_cast<std::size_t>(std::min<std::int64_t>(elements, n * ((vocabulary + 7) / 8 * 8)) + 8 * n);
    // 49 MB for the 100M preset, where eight rounds over a head of 98 MB would make it again and again.
    const std::int64_t whole = std::int64_t{vocabulary} * width;
    plan.keepsHead = m >= 8192 && whole <= std::int64_t{64} << 20;
    plan.headElements = static_cast<std::size_t>(
        plan.keepsHead ? whole
                       : std::max(std::min(std::max(elements, std::int64_t{64} * width), whole), columns * width));
    return plan;
}

}  // namespace distillix::cuda
