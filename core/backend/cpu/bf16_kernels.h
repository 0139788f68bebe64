// SPDX-License-Identifier: Apache-2.0
// Products whose operands are 16 bits wide: of bfloat16 with float32 sums, for processors with AVX512-BF16 and with AMX
// where there is, and of fixed point with exact sums for those with AVX2 alone. No other header may be included here
// (see dispatch.h).
//
// C[m, n] = A[m, k]·B[k, n]. A lies row by row, k padded with zeros to a multiple of 32. B lies in panels of 64
// columns: element (k, c) of a panel at panel[(k / 2)·128 + c·2 + k % 2], so that two consecutive k of one column are
// one 32-bit lane: the operand of vdpbf16ps, and of AMX's tdpbf16ps too. Whatever the data comes from (float32, int8
// codes, ternary panels) is written into that form once, rounding as it goes, and no product packs anything again.
//
// The scaled forms, of fixed point, are the same but for this: k is cut into blocks of 128, and in each block every row
// of A and every column of B has a scale, a float32. It stands behind a row's 128 numbers (260 bytes a block), and in
// front of a panel's 64 pairs (64 scales, 65 · 256 bytes a block). Blocks are whole: what pads k is zeros.
#pragma once

#include <cstdint>

namespace distillix::cpu {

constexpr std::int64_t kBf16Columns = 64;                  ///< columns of a panel
constexpr std::int64_t kBf16Grain = 32;                    ///< k is padded to a multiple of this
constexpr std::int64_t kScaleBlock = 128;                  ///< k that share a scale in the scaled forms
constexpr std::int64_t kScaledRowBlock = kScaleBlock + 2;  ///< elements of a block of one row of A
constexpr std::int64_t kScaledPanelBlock = (kScaleBlock + 2) * kBf16Columns;  ///< and of a panel of B

struct Bf16Tile {
    const std::uint16_t* a;  ///< [rows, aStride]
    std::int64_t aStride;
    std::int64_t rows;
    const std::uint16_t* panel;  ///< [k / 2][64][2]
    std::int64_t k;              ///< a multiple of kBf16Grain
    float* c;                    ///< [rows, cStride]
    std::int64_t cStride;
    int columns;  ///< valid ones, at most 64
    bool accumulate;
};

struct Bf16Kernels {
    const char* name;
    bool scaled;  ///< the forms are the scaled ones, and k is cut at multiples of kScaleBlock only
    void (*tile)(const Bf16Tile& tile);

    // Into A's form. `scales` (one for each k, or null) multiply before the rounding. What pads k is written as zeros.
    /// in[rows, inStride] to out[rows, outStride].
    void (*rows)(const float* in, std::int64_t inStride, std::int64_t rowCount, std::int64_t k, const float* scales,
                 std::uint16_t* out, std::int64_t outStride);
    /// The transpose: in[k, inStride] to out[columns, outStride].
    void (*transposed)(const float* in, std::int64_t inStride, std::int64_t columns, std::int64_t k,
                       const float* scales, std::uint16_t* out, std::int64_t outStride);
    /// The same of bf16; null where scaled.
    void (*transposedBf16)(const std::uint16_t* in, std::int64_t inStride, std::int64_t columns, std::int64_t k,
                           std::uint16_t* out, std::int64_t outStride);

    // Into B's form. Columns that pad a panel are written as zeros. By pairs where not scaled, else by blocks.
    /// Rows 2·pair and 2·pair + 1 of B, `columns` wide (`odd` may be null: zeros), into every panel; `panelStride`
    /// elements from one to the next.
    void (*pair)(const float* even, const float* odd, std::int64_t columns, std::uint16_t* panels,
                 std::int64_t panelStride, std::int64_t pair);
    void (*pairOfCodes)(const std::int8_t* even, const std::int8_t* odd, std::int64_t columns, std::uint16_t* panels,
                        std::int64_t panelStride, std::int64_t pair);
    /// A block of a panel: `count` <= 128 rows of B, of which columns `column` .. `column` + `columns` - 1 (at most
    /// 64).
    void (*panelBlock)(const float* const* rows, std::int64_t count, std::int64_t column, std::int64_t columns,
                       std::uint16_t* block);
    void (*codesBlock)(const std::int8_t* in, std::int64_t inStride, std::int64_t count, std::int64_t columns,
                       std::uint16_t* block);
    /// One panel of the transpose: in[columns <= 64, inStride], k of each row.
    void (*panelOfRows)(const float* in, std::int64_t inStride, std::int64_t columns, std::int64_t k,
                        std::uint16_t* panel);
    /// 64 output rows of a ternary panel (see linear_kernels.h) as k .. k + 63 of `panel`; 64 of its columns from
    /// `column` on.
    void (*panelOfTernary)(const std::uint32_t* words, std::int64_t column, std::int64_t blocks, std::uint16_t* panel,
                           std::int64_t k);
};

/// AVX512-BF16; and the same with AMX where a panel is full.
extern const Bf16Kernels kBf16KernelsAvx512;
extern const Bf16Kernels kBf16KernelsAmx;
/// Fixed point on AVX2.
extern const Bf16Kernels kFixedKernelsAvx2;
void bf16TileAmx(const Bf16Tile& tile);
void bf16TileAvx512(const Bf16Tile& tile);

}  // namespace distillix::cpu
