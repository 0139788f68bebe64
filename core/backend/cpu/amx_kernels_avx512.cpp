// SPDX-License-Identifier: Apache-2.0
// Tiles of AMX: 16 rows of 64 bytes. Four sums (32 rows x 32 columns), two tiles of A, two of B; a step of 32 k is four
// products on four loads. Panels as bf16_kernels.h and linear_kernels.h have them are AMX's own form: 16 pairs of k, or
// 16 groups of four columns, 256 bytes apart.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/bf16_kernels.h"
#include "core/backend/cpu/linear_kernels.h"

#pragma GCC push_options
#pragma GCC target("amx-tile,amx-int8,amx-bf16")

namespace distillix::cpu {

namespace {

/// All eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
    unsigned char palette = 1, startRow = 0, reserved[14] = {};
    unsigned short bytesPerRow[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    unsigned char rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// In memory before the program starts: the intrinsic tells the compiler of eight of its bytes only, which may leave the
// others of a local unwritten.
constinit TileConfig config;

/// 32 rows and 32 columns from (row, column) on.
inline void block(const Bf16Tile& tile, std::int64_t row, std::int64_t column) {
    const std::uint16_t* a = tile.a + row * tile.aStride;
    const std::uint16_t* b = tile.panel + column * 2;
    float* c = tile.c + row * tile.cStride + column;
    const std::int64_t aBytes = tile.aStride * 2, cBytes = tile.cStride * 4;
    const std::uint16_t* aLow = a + 16 * tile.aStride;
    float* cLow = c + 16 * tile.cStride;
    if (tile.accumulate) {
        _tile_loadd(0, c, cBytes);
        _tile_loadd(1, c + 16, cBytes);
        _tile_loadd(2, cLow, cBytes);
        _tile_loadd(3, cLow + 16, cBytes);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    for (std::int64_t k = 0; k < tile.k; k += 32) {
        const std::uint16_t* bAt = b + k * kBf16Columns;
        _tile_loadd(4, a + k, aBytes);
        _tile_loadd(6, bAt, 4 * kBf16Columns);
        _tile_loadd(7, bAt + 32, 4 * kBf16Columns);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, aLow + k, aBytes);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, c, cBytes);
    _tile_stored(1, c + 16, cBytes);
    _tile_stored(2, cLow, cBytes);
    _tile_stored(3, cLow + 16, cBytes);
}

/// Exact products of 32 tokens and 32 of the panel's rows, to sums[32][64] + row.
inline void ternaryBlock(const TernaryTile& tile, std::int64_t token, std::int64_t row, std::int32_t* sums) {
    const std::int8_t* x = tile.codes + token * tile.codesStride;
    const std::int8_t* xLow = x + 16 * tile.codesStride;
    const std::uint8_t* w = tile.unpacked + row * 4;
    const std::int64_t xBytes = tile.codesStride;
    constexpr std::int64_t kGroupBytes = 4 * kPanelRows, kSumBytes = 4 * kPanelRows;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (std::int64_t c = 0; c < tile.columns; c += 64) {
        const std::uint8_t* wAt = w + c * kPanelRows;
        _tile_loadd(4, x + c, xBytes);
        _tile_loadd(6, wAt, kGroupBytes);
        _tile_loadd(7, wAt + 64, kGroupBytes);
        _tile_dpbsud(0, 4, 6);
        _tile_dpbsud(1, 4, 7);
        _tile_loadd(5, xLow + c, xBytes);
        _tile_dpbsud(2, 5, 6);
        _tile_dpbsud(3, 5, 7);
    }
    _tile_stored(0, sums + row, kSumBytes);
    _tile_stored(1, sums + row + 16, kSumBytes);
    _tile_stored(2, sums + 16 * kPanelRows + row, kSumBytes);
    _tile_stored(3, sums + 16 * kPanelRows + row + 16, kSumBytes);
}

inline __mmask16 maskOf(std::int64_t count) {
    return count >= 16  ? static_cast<__mmask16>(0xffff)
           : count <= 0 ? static_cast<__mmask16>(0)
                        : static_cast<__mmask16>((1u << count) - 1);
}

}  // namespace

void ternaryTileAmx(const TernaryTile& tile) {
    const int whole = tile.tokens / 32 * 32;
    if (whole > 0) {
        alignas(64) std::int32_t sums[32 * kPanelRows];
        _tile_loadconfig(&config);
        for (int token = 0; token < whole; token += 32) {
            ternaryBlock(tile, token, 0, sums);
            ternaryBlock(tile, token, 32, sums);
            for (int t = 0; t < 32; ++t) {
                const __m512 scale = _mm512_set1_ps(tile.alpha[token + t] / 127.0f);
                const __m512i codeSum = _mm512_set1_epi32(tile.codeSums[token + t]);
                const std::int64_t at = (token + t) * tile.outStride;
                for (int row = 0; row < tile.rows; row += 16) {
                    const __mmask16 valid = maskOf(tile.rows - row);
                    const __m512i sum = _mm512_sub_epi32(_mm512_load_si512(sums + t * kPanelRows + row), codeSum);
                    const __m512 factor = _mm512_mul_ps(_mm512_maskz_loadu_ps(valid, tile.gamma + row), scale);
                    __m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), factor);
                    if (tile.residual) y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(valid, tile.residual + at + row));
                    _mm512_mask_storeu_ps(tile.out + at + row, valid, y);
                }
            }
        }
        _tile_release();
    }
    if (whole == tile.tokens) return;
    TernaryTile rest = tile;
    rest.tokens -= whole;
    rest.codes += whole * tile.codesStride;
    rest.codeSums += whole;
    rest.alpha += whole;
    if (rest.residual) rest.residual += whole * tile.outStride;
    rest.out += whole * tile.outStride;
    ternaryTileAvx512(rest);
}

void bf16TileAmx(const Bf16Tile& tile) {
    const std::int64_t whole = tile.columns == kBf16Columns ? tile.rows / 32 * 32 : 0;
    if (whole > 0) {
        _tile_loadconfig(&config);
        for (std::int64_t column = 0; column < kBf16Columns; column += 32) {
            for (std::int64_t row = 0; row < whole; row += 32) block(tile, row, column);
        }
        _tile_release();
    }
    if (whole == tile.rows) return;
    Bf16Tile rest = tile;
    rest.rows -= whole;
    rest.a += whole * tile.aStride;
    rest.c += whole * tile.cStride;
    bf16TileAvx512(rest);
}

}  // namespace distillix::cpu

#pragma GCC pop_options
#endif
