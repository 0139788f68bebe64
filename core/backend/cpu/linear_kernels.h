// SPDX-License-Identifier: Apache-2.0
// The loops of linear layers, one table a level. No other header may be included here (see dispatch.h).
//
// Ternary weights are kept in panels of 64 output rows. Column c of row r of a panel lies in the 32-bit word
// panel[(c / 16)·64 + r], as the two-bit number w + 1 (0, 1 or 2):
//
//      bit   31 30 29 28 27 26 25 24 | 23 ... 16 | 15 ...  8 |  7  6  5  4  3  2  1  0
//      c%16   15    11     7     3   |           |           |   12     8     4     0
//
// that is, byte c%4, bits 2·(c%16 / 4). One word holds four groups of four columns, and (words >> 2s) & 3 over 16 rows
// gives a vector whose 32-bit lanes are rows and whose bytes are the four columns 4s..4s+3: the very operand of
// vpdpbusd and vpmaddubsw, without a horizontal sum at the end. Columns up to the next multiple of 64 and rows up to
// the next of 64 hold w = 0. Four times less memory than bytes: a single token's product is bound by it, and the
// products of many tokens unpack a panel once for 128 of them (below 2% of the work).
//
// The unsigned operand is w + 1, the signed one the activation's code, so that sum((w + 1)·x) - sum(x) is wanted: exact
// in int32 as long as 2·128·columns < 2^31.
#pragma once

#include <cstdint>

namespace distillix::cpu {

constexpr std::int64_t kPanelRows = 64;
constexpr std::int64_t kPanelColumns = 64;  // columns are padded to a multiple of this (AMX takes 64 at a time)

/// Tokens that one call of fewTokens takes at most.
constexpr int kFewTokens = 4;

struct TernaryTile {
    const std::uint8_t* unpacked;  ///< [columns/4][64][4] w + 1 in the level's own order, from unpackPanel
    const std::uint32_t* panel;    ///< [columns/16][64] as above
    std::int64_t columns;          ///< padded: a multiple of 64
    int rows;                      ///< valid rows of the panel
    const float* gamma;            ///< [rows] γ of each output row
    int tokens;
    const std::int8_t* codes;  ///< [tokens, codesStride]; `columns` of each row are read
    std::int64_t codesStride;
    const std::int32_t* codeSums;  ///< [tokens] sum of each token's codes
    const float* alpha;            ///< [tokens]
    const float* residual;         ///< as out, or null; may be out
    float* out;                    ///< [tokens, outStride]
    std::int64_t outStride;
};

struct LinearKernels {
    /// Sum of |w| in the order that core/quant/ternary.h fixes, and sum of w².
    void (*rowSums)(const float* w, std::int64_t count, double* magnitudes, double* squares);
    /// Quantizes `rows` rows [rows, in] into a panel. Counts zeros of each row, and codes that differ from what the
    /// panel held, unless `first`.
    void (*packPanel)(const float* w, std::int64_t in, int rows, const float* gamma, bool first, std::uint32_t* panel,
                      std::int32_t* zeros, std::int32_t* flips);
    void (*codeSums)(const std::int8_t* codes, std::int64_t rows, std::int64_t stride, std::int64_t in,
                     std::int32_t* sums);
    void (*unpackPanel)(const std::uint32_t* panel, std::int64_t columns, std::uint8_t* unpacked);
    /// out = (codes·Wᵀ)·γ·α/127 (+ residual), any number of tokens, from `unpacked`.
    void (*manyTokens)(const TernaryTile& tile);
    /// The same for at most kFewTokens tokens, straight from `panel`.
    void (*fewTokens)(const TernaryTile& tile);
    /// W as numbers -1, 0, 1: rows [0, rows) of a panel to out[row·stride + column], `in` columns.
    void (*panelToFloat)(const std::uint32_t* panel, std::int64_t in, int rows, float* out, std::int64_t stride);
    void (*codesToFloat)(const std::int8_t* codes, std::int64_t count, float* out);
    /// out[i] = in[i]·(scales ? scales[i] : 1)·scale.
    void (*scaleToFloat)(const float* in, const float* scales, float scale, std::int64_t count, float* out);
};

extern const LinearKernels kLinearKernelsScalar;
extern const LinearKernels kLinearKernelsAvx2;
extern const LinearKernels kLinearKernelsAvx512;
extern const LinearKernels kLinearKernelsAmx;
/// manyTokens with AMX's tiles.
void ternaryTileAmx(const TernaryTile& tile);

}  // namespace distillix::cpu
