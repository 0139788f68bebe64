// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/bf16_product.h"

#include <algorithm>
#include <cstring>

#include "core/backend/cpu/context.h"

namespace distillix::cpu {

namespace {

/// A block of C that one thread computes: 192 = 32·6 rows suit both kernels, and with 512 of k they are 192 KB of A.
constexpr std::int64_t kBlockRows = 192;
constexpr std::int64_t kBlockPanels = 3;
/// Depth of a step: a panel's 64 KB and the rows of A it meets stay in the second-level cache.
constexpr std::int64_t kBlockDepth = 512;

}  // namespace

const Bf16Kernels* bf16Kernels(CpuLevel level) {
#if defined(__x86_64__)
    if (level == CpuLevel::Amx) return &kBf16KernelsAmx;
    if (level == CpuLevel::Avx512 && __builtin_cpu_supports("avx512bf16")) return &kBf16KernelsAvx512;
    if (level == CpuLevel::Avx2) return &kFixedKernelsAvx2;
#endif
    static_cast<void>(level);
    return nullptr;
}

void bf16Rows(ThreadPool& pool, const Bf16Kernels& kernels, const float* in, std::int64_t rows, std::int64_t k,
              const float* scales, std::uint16_t* out) {
    const std::int64_t stride = bf16Stride(kernels, k), step = std::max<std::int64_t>(1, 32768 / stride);
    pool.parallelFor(
        chunkCount(static_cast<std::size_t>(rows), static_cast<std::size_t>(step)), [&](std::size_t chunk, int) {
            const std::int64_t first = static_cast<std::int64_t>(chunk) * step;
            kernels.rows(in + first * k, k, std::min(step, rows - first), k, scales, out + first * stride, stride);
        });
}

void bf16RowsOfTransposed(ThreadPool& pool, const Bf16Kernels& kernels, const float* in, std::int64_t rows,
                          std::int64_t k, std::uint16_t* out) {
    constexpr std::int64_t kStep = 64;
    const std::int64_t stride = bf16Stride(kernels, k);
    pool.parallelFor(chunkCount(static_cast<std::size_t>(rows), kStep), [&](std::size_t chunk, int) {
        const std::int64_t first = static_cast<std::int64_t>(chunk) * kStep;
        kernels.transposed(in + first, rows, std::min(kStep, rows - first), k, nullptr, out + first * stride, stride);
    });
}

namespace {

/// Calls write(pair) for each pair of rows of B, and clears the pairs that pad k.
template <typename Write>
void forPairs(ThreadPool& pool, const Bf16Kernels& kernels, std::int64_t k, std::int64_t columns, std::uint16_t* panels,
              Write&& write) {
    const std::int64_t pairs = bf16Depth(k) / 2, used = (k + 1) / 2;
    const std::int64_t step = std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(columns, 1));
    pool.parallelFor(chunkCount(static_cast<std::size_t>(pairs), static_cast<std::size_t>(step)),
                     [&](std::size_t chunk, int) {
                         const std::int64_t first = static_cast<std::int64_t>(chunk) * step;
                         for (std::int64_t pair = first; pair < std::min(pairs, first + step); ++pair) {
                             if (pair < used) {
                                 write(pair);
                                 continue;
                             }
                             for (std::int64_t panel = 0; panel < bf16PanelCount(columns); ++panel) {
                                 std::memset(panels + panel * bf16PanelSize(kernels, k) + pair * 2 * kBf16Columns, 0,
                                             2 * kBf16Columns * sizeof(std::uint16_t));
                             }
                         }
                     });
}

/// Calls write(k, column, columns, block) for each block of each panel.
template <typename Write>
void forBlocks(ThreadPool& pool, const Bf16Kernels& kernels, std::int64_t k, std::int64_t columns,
               std::uint16_t* panels, Write&& write) {
    const std::int64_t blocks = scaleBlocks(k);
    pool.parallelFor(static_cast<std::size_t>(blocks * bf16PanelCount(columns)), [&](std::size_t chunk, int) {
        const std::int64_t panel = static_cast<std::int64_t>(chunk) / blocks;
        const std::int64_t first = static_cast<std::int64_t>(chunk) % blocks * kScaleBlock,
                           column = panel * kBf16Columns;
        write(first, column, std::min(kBf16Columns, columns - column),
              panels + panel * bf16PanelSize(kernels, k) + bf16PanelOffset(kernels, first));
    });
}

}  // namespace

void bf16Panels(ThreadPool& pool, const Bf16Kernels& kernels, std::int64_t k, std::int64_t columns,
                FunctionRef<const float*(std::int64_t)> rowOf, std::uint16_t* panels) {
    if (kernels.scaled) {
        forBlocks(pool, kernels, k, columns, panels,
                  [&](std::int64_t first, std::int64_t column, std::int64_t wide, std::uint16_t* block) {
                      const float* rows[kScaleBlock];
                      const std::int64_t count = std::min(kScaleBlock, k - first);
                      for (std::int64_t i = 0; i < count; ++i) rows[i] = rowOf(first + i);
                      kernels.panelBlock(rows, count, column, wide, block);
                  });
        return;
    }
    forPairs(pool, kernels, k, columns, panels, [&](std::int64_t pair) {
        kernels.pair(rowOf(2 * pair), 2 * pair + 1 < k ? rowOf(2 * pair + 1) : nullptr, columns, panels,
                     bf16PanelSize(kernels, k), pair);
    });
}

void bf16PanelsOfCodes(ThreadPool& pool, const Bf16Kernels& kernels, const std::int8_t* in, std::int64_t k,
                       std::int64_t columns, std::uint16_t* panels) {
    if (kernels.scaled) {
        forBlocks(pool, kernels, k, columns, panels,
                  [&](std::int64_t first, std::int64_t column, std::int64_t wide, std::uint16_t* block) {
                      kernels.codesBlock(in + first * columns + column, columns, std::min(kScaleBlock, k - first), wide,
                                         block);
                  });
        return;
    }
    forPairs(pool, kernels, k, columns, panels, [&](std::int64_t pair) {
        const std::int8_t* even = in + 2 * pair * columns;
        kernels.pairOfCodes(even, 2 * pair + 1 < k ? even + columns : nullptr, columns, panels,
                            bf16PanelSize(kernels, k), pair);
    });
}

void bf16PanelsOfRows(ThreadPool& pool, const Bf16Kernels& kernels, const float* in, std::int64_t columns,
                      std::int64_t k, std::uint16_t* panels) {
    pool.parallelFor(static_cast<std::size_t>(bf16PanelCount(columns)), [&](std::size_t chunk, int) {
        const std::int64_t panel = static_cast<std::int64_t>(chunk), first = panel * kBf16Columns;
        kernels.panelOfRows(in + first * k, k, std::min(kBf16Columns, columns - first), k,
                            panels + panel * bf16PanelSize(kernels, k));
    });
}

void bf16TileHere(const Bf16Kernels& kernels, const Bf16Tile& tile) {
    for (std::int64_t k = 0; k < tile.k; k += kBlockDepth) {
        Bf16Tile step = tile;
        step.a += bf16RowOffset(kernels, k);
        step.panel += bf16PanelOffset(kernels, k);
        step.k = std::min(kBlockDepth, tile.k - k);
        step.accumulate = tile.accumulate || k > 0;
        kernels.tile(step);
    }
}

void mirrorBlock(float* c, std::int64_t stride, std::int64_t row, std::int64_t column, std::int64_t rows,
                 std::int64_t columns) {
    constexpr std::int64_t kBlock = 16;  // a cache line of either side
    for (std::int64_t r = row; r < row + rows; r += kBlock) {
        for (std::int64_t k = column; k < column + columns; k += kBlock) {
            for (std::int64_t i = r; i < std::min(row + rows, r + kBlock); ++i) {
                for (std::int64_t j = k; j < std::min(column + columns, k + kBlock); ++j)
                    c[j * stride + i] = c[i * stride + j];
            }
        }
    }
}

void bf16Product(ThreadPool& pool, const Bf16Kernels& kernels, const Bf16Product& p) {
    const std::int64_t depth = bf16Depth(p.k), stride = bf16Stride(kernels, p.k), panels = bf16PanelCount(p.n);
    const std::int64_t rowBlocks = (p.m + kBlockRows - 1) / kBlockRows;
    const std::int64_t columnBlocks = (panels + kBlockPanels - 1) / kBlockPanels;
    static_assert(kBlockRows == kBlockPanels * kBf16Columns, "symmetric products want square blocks");
    const std::size_t blocks =
        static_cast<std::size_t>(p.symmetric ? rowBlocks * (rowBlocks + 1) / 2 : rowBlocks * columnBlocks);
    pool.parallelFor(blocks, [&](std::size_t index, int) {
        std::int64_t i = 0, j = static_cast<std::int64_t>(index);
        if (p.symmetric) {
            for (; j >= rowBlocks - i; ++i) j -= rowBlocks - i;
            j += i;
        } else {
            // Neighbours share what there is more of, so that it is read from memory once: panels, or rows of A.
            i = p.n > p.m ? j % rowBlocks : j / columnBlocks;
            j = p.n > p.m ? j / rowBlocks : j % columnBlocks;
        }
        const std::int64_t row = i * kBlockRows, rows = std::min(kBlockRows, p.m - row);
        const std::int64_t firstPanel = j * kBlockPanels, lastPanel = std::min(panels, firstPanel + kBlockPanels);
        for (std::int64_t k = 0; k < depth; k += kBlockDepth) {
            for (std::int64_t panel = firstPanel; panel < lastPanel; ++panel) {
                Bf16Tile tile{};
                tile.a = p.a + row * stride + bf16RowOffset(kernels, k);
                tile.aStride = stride;
                tile.rows = rows;
                tile.panel = p.panels + panel * bf16PanelSize(kernels, p.k) + bf16PanelOffset(kernels, k);
                tile.k = std::min(kBlockDepth, depth - k);
                tile.c = p.c + row * p.cStride + panel * kBf16Columns;
                tile.cStride = p.cStride;
                tile.columns = static_cast<int>(std::min(kBf16Columns, p.n - panel * kBf16Columns));
                tile.accumulate = p.accumulate || k > 0;
                kernels.tile(tile);
            }
        }
        if (p.symmetric && i != j) {
            const std::int64_t column = firstPanel * kBf16Columns;
            mirrorBlock(p.c, p.cStride, row, column, rows, std::min(p.n, lastPanel * kBf16Columns) - column);
        }
    });
}

}  // namespace distillix::cpu
