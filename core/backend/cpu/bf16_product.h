// SPDX-License-Identifier: Apache-2.0
// Products of 16-bit operands over a pool: their packed forms (bf16_kernels.h) made in parallel, and whole products in
// tiles that depend on the shape alone.
//
// oneDNN computes these too, but packs both operands anew for every product. Measured on one core of a Xeon held to
// AVX512-BF16, at linearBackward's shapes: oneDNN 87 to 97 GFLOP/s with the conversions, these kernels' tiles 108 to
// 115, which is all the instruction can do. A processor that does vdpbf16ps twice as fast (AMD) would lose twice as
// much.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/backend/cpu/bf16_kernels.h"
#include "core/backend/cpu/dispatch.h"
#include "core/base/threads.h"

namespace distillix::cpu {

/// The kernels for this processor at this level, or null where it has none that are faster than float32.
const Bf16Kernels* bf16Kernels(CpuLevel level);

/// k as tiles are asked for it.
constexpr std::int64_t bf16Depth(std::int64_t k) {
    return (k + kBf16Grain - 1) / kBf16Grain * kBf16Grain;
}
constexpr std::int64_t scaleBlocks(std::int64_t k) {
    return (k + kScaleBlock - 1) / kScaleBlock;
}
/// Elements from one row of A's form to the next: an odd number of cache lines, so that the rows which a kernel reads
/// side by side do not fall into the same sets of the cache.
constexpr std::int64_t bf16Stride(const Bf16Kernels& kernels, std::int64_t k) {
    return bf16Depth(kernels.scaled ? scaleBlocks(k) * kScaledRowBlock : k) | kBf16Grain;
}
/// Where `k` (a multiple of kScaleBlock where the forms are scaled) begins in a row of A's form, and in a panel of B's.
constexpr std::int64_t bf16RowOffset(const Bf16Kernels& kernels, std::int64_t k) {
    return kernels.scaled ? k / kScaleBlock * kScaledRowBlock : k;
}
constexpr std::int64_t bf16PanelOffset(const Bf16Kernels& kernels, std::int64_t k) {
    return kernels.scaled ? k / kScaleBlock * kScaledPanelBlock : k * kBf16Columns;
}
/// Elements of A's form [rows][stride], and of one and of all of B's panels.
constexpr std::size_t bf16RowsSize(const Bf16Kernels& kernels, std::int64_t rows, std::int64_t k) {
    return static_cast<std::size_t>(rows * bf16Stride(kernels, k));
}
constexpr std::int64_t bf16PanelSize(const Bf16Kernels& kernels, std::int64_t k) {
    return kernels.scaled ? scaleBlocks(k) * kScaledPanelBlock : kBf16Columns * bf16Depth(k);
}
constexpr std::int64_t bf16PanelCount(std::int64_t columns) {
    return (columns + kBf16Columns - 1) / kBf16Columns;
}
constexpr std::size_t bf16PanelsSize(const Bf16Kernels& kernels, std::int64_t columns, std::int64_t k) {
    return static_cast<std::size_t>(bf16PanelCount(columns) * bf16PanelSize(kernels, k));
}

/// A from in[rows, k]; `scales` [k] or null.
void bf16Rows(ThreadPool& pool, const Bf16Kernels& kernels, const float* in, std::int64_t rows, std::int64_t k,
              const float* scales, std::uint16_t* out);
/// A from its transpose in[k, rows].
void bf16RowsOfTransposed(ThreadPool& pool, const Bf16Kernels& kernels, const float* in, std::int64_t rows,
                          std::int64_t k, std::uint16_t* out);
/// B from in[k, columns]: row i is rowOf(i).
void bf16Panels(ThreadPool& pool, const Bf16Kernels& kernels, std::int64_t k, std::int64_t columns,
                FunctionRef<const float*(std::int64_t)> rowOf, std::uint16_t* panels);
/// B from in[k, columns] of int8 codes.
void bf16PanelsOfCodes(ThreadPool& pool, const Bf16Kernels& kernels, const std::int8_t* in, std::int64_t k,
                       std::int64_t columns, std::uint16_t* panels);
/// B from its transpose in[columns, k].
void bf16PanelsOfRows(ThreadPool& pool, const Bf16Kernels& kernels, const float* in, std::int64_t columns,
                      std::int64_t k, std::uint16_t* panels);

/// C[m, n] = or += A·B, all packed.
struct Bf16Product {
    std::int64_t m = 0, n = 0, k = 0;
    const std::uint16_t* a = nullptr;
    const std::uint16_t* panels = nullptr;
    float* c = nullptr;
    std::int64_t cStride = 0;
    bool accumulate = false;
    bool symmetric = false;  ///< as in DenseProductArgs
};
void bf16Product(ThreadPool& pool, const Bf16Kernels& kernels, const Bf16Product& product);

/// One tile of any depth on the calling thread: rows of A times one panel, depth cut so that what is read stays in
/// cache.
void bf16TileHere(const Bf16Kernels& kernels, const Bf16Tile& tile);

/// C[j, i] = C[i, j] for a block above the diagonal, whose first element is at (row, column).
void mirrorBlock(float* c, std::int64_t stride, std::int64_t row, std::int64_t column, std::int64_t rows,
                 std::int64_t columns);

}  // namespace distillix::cpu
