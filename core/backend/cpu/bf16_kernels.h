// SPDX-License-Identifier: Apache-2.0
// Products of bfloat16 with float32 sums, for processors with AVX512-BF16, and with AMX where there is. No other header
// may be included here (see dispatch.h).
//
// C[m, n] = A[m, k]·B[k, n]. A lies row by row, k padded with zeros to a multiple of 32. B lies in panels of 64
// columns: element (k, c) of a panel at panel[(k / 2)·128 + c·2 + k % 2], so that two consecutive k of one column are
// one 32-bit lane: the operand of vdpbf16ps, and of AMX's tdpbf16ps too. Whatever the data comes from (float32, int8
// codes, ternary panels) is written into that form once, rounding as it goes, and no product packs anything again.
#pragma once

#include <cstdint>

namespace distillix::cpu {

constexpr std::int64_t kBf16Columns = 64;  ///< columns of a panel
constexpr std::int64_t kBf16Grain = 32;    ///< k is padded to a multiple of this

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
    void (*tile)(const Bf16Tile& tile);

    // Into A's form. `scales` (one for each k, or null) multiply before the rounding. What pads k is written as zeros.
    /// in[rows, inStride] to out[rows, outStride].
    void (*rows)(const float* in, std::int64_t inStride, std::int64_t rowCount, std::int64_t k, const float* scales,
                 std::uint16_t* out, std::int64_t outStride);
    /// The transpose: in[k, inStride] to out[columns, outStride].
    void (*transposed)(const float* in, std::int64_t inStride, std::int64_t columns, std::int64_t k,
                       const float* scales, std::uint16_t* out, std::int64_t outStride);
    /// The same of bf16.
    void (*transposedBf16)(const std::uint16_t* in, std::int64_t inStride, std::int64_t columns, std::int64_t k,
                           std::uint16_t* out, std::int64_t outStride);

    // Into B's form. Columns that pad a panel are written as zeros.
    /// Rows 2·pair and 2·pair + 1 of B, `columns` wide (`odd` may be null: zeros), into every panel; `panelStride`
    /// elements from one to the next.
    void (*pair)(const float* even, const float* odd, std::int64_t columns, std::uint16_t* panels,
                 std::int64_t panelStride, std::int64_t pair);
    void (*pairOfCodes)(const std::int8_t* even, const std::int8_t* odd, std::int64_t columns, std::uint16_t* panels,
                        std::int64_t panelStride, std::int64_t pair);
    /// One panel of the transpose: in[columns <= 64, inStride], k of each row.
    void (*panelOfRows)(const float* in, std::int64_t inStride, std::int64_t columns, std::int64_t k,
                        std::uint16_t* panel);
    /// 64 output rows of a ternary panel (see linear_kernels.h) as 64 k; 64 of its columns from `column` on.
    void (*panelOfTernary)(const std::uint32_t* words, std::int64_t column, std::int64_t blocks, std::uint16_t* panel);
};

/// AVX512-BF16; and the same with AMX where a panel is full.
extern const Bf16Kernels kBf16KernelsAvx512;
extern const Bf16Kernels kBf16KernelsAmx;
void bf16TileAmx(const Bf16Tile& tile);
void bf16TileAvx512(const Bf16Tile& tile);

}  // namespace distillix::cpu
