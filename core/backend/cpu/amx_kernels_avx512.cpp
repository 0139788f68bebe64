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

/// Tiles 0 to 3 are sums, 4 and 5 hold rows of A, 6 and 7 of B. Of A and of the sums `count` rows are valid, 16 of them
/// in the upper tiles.
struct alignas(64) TileConfig {
    unsigned char palette = 1, startRow = 0, reserved[14] = {};
    unsigned short bytesPerRow[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    unsigned char rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    constexpr TileConfig() = default;
    constexpr explicit TileConfig(int count) {
        const unsigned char upper = static_cast<unsigned char>(count < 16 ? count : 16);
        const unsigned char lower = static_cast<unsigned char>(count > 16 ? count - 16 : 16);
        rows[0] = rows[1] = rows[4] = upper;
        rows[2] = rows[3] = rows[5] = lower;
    }
};

// In memory before the program starts: the intrinsic tells the compiler of eight of its bytes only, which may leave the
// others of a local unwritten. configs[n - 1] is for n rows.
constinit TileConfig configs[32] = {
    TileConfig(1),  TileConfig(2),  TileConfig(3),  TileConfig(4),  TileConfig(5),  TileConfig(6),  TileConfig(7),
    TileConfig(8),  TileConfig(9),  TileConfig(10), TileConfig(11), TileConfig(12), TileConfig(13), TileConfig(14),
    TileConfig(15), TileConfig(16), TileConfig(17), TileConfig(18), TileConfig(19), TileConfig(20), TileConfig(21),
    TileConfig(22), TileConfig(23), TileConfig(24), TileConfig(25), TileConfig(26), TileConfig(27), TileConfig(28),
    TileConfig(29), TileConfig(30), TileConfig(31), TileConfig(32)};

/// Up to 32 rows and 32 columns from (row, column) on; with at most 16 rows the lower tiles stay idle.
template <bool Lower>
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
        if constexpr (Lower) {
            _tile_loadd(2, cLow, cBytes);
            _tile_loadd(3, cLow + 16, cBytes);
        }
    } else {
        _tile_zero(0);
        _tile_zero(1);
        if constexpr (Lower) {
            _tile_zero(2);
            _tile_zero(3);
        }
    }
    // The sums of the next rows, which no prefetcher foresees: two rows a step cover them in a depth of 512.
    const float* next = tile.c + (row + 32) * tile.cStride + column;
    std::int64_t coming = tile.rows - row - 32 < 32 ? tile.rows - row - 32 : 32;
    for (std::int64_t k = 0; k < tile.k; k += 32) {
        const std::uint16_t* bAt = b + k * kBf16Columns;
        if (coming > 0) {
            __builtin_prefetch(next, 1);
            __builtin_prefetch(next + 16, 1);
            __builtin_prefetch(next + tile.cStride, 1);
            __builtin_prefetch(next + tile.cStride + 16, 1);
            next += 2 * tile.cStride;
            coming -= 2;
        }
        _tile_loadd(4, a + k, aBytes);
        _tile_loadd(6, bAt, 4 * kBf16Columns);
        _tile_loadd(7, bAt + 32, 4 * kBf16Columns);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        if constexpr (Lower) {
            _tile_loadd(5, aLow + k, aBytes);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
    _tile_stored(0, c, cBytes);
    _tile_stored(1, c + 16, cBytes);
    if constexpr (Lower) {
        _tile_stored(2, cLow, cBytes);
        _tile_stored(3, cLow + 16, cBytes);
    }
}

/// Exact products of up to 32 tokens and 32 of the panel's rows, to sums[32][64] + row.
template <bool Lower>
inline void ternaryBlock(const TernaryTile& tile, std::int64_t token, std::int64_t row, std::int32_t* sums) {
    const std::int8_t* x = tile.codes + token * tile.codesStride;
    const std::int8_t* xLow = x + 16 * tile.codesStride;
    const std::uint8_t* w = tile.unpacked + row * 4;
    const std::int64_t xBytes = tile.codesStride;
    constexpr std::int64_t kGroupBytes = 4 * kPanelRows, kSumBytes = 4 * kPanelRows;
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (Lower) {
        _tile_zero(2);
        _tile_zero(3);
    }
    for (std::int64_t c = 0; c < tile.columns; c += 64) {
        const std::uint8_t* wAt = w + c * kPanelRows;
        _tile_loadd(4, x + c, xBytes);
        _tile_loadd(6, wAt, kGroupBytes);
        _tile_loadd(7, wAt + 64, kGroupBytes);
        _tile_dpbsud(0, 4, 6);
        _tile_dpbsud(1, 4, 7);
        if constexpr (Lower) {
            _tile_loadd(5, xLow + c, xBytes);
            _tile_dpbsud(2, 5, 6);
            _tile_dpbsud(3, 5, 7);
        }
    }
    _tile_stored(0, sums + row, kSumBytes);
    _tile_stored(1, sums + row + 16, kSumBytes);
    if constexpr (Lower) {
        _tile_stored(2, sums + 16 * kPanelRows + row, kSumBytes);
        _tile_stored(3, sums + 16 * kPanelRows + row + 16, kSumBytes);
    }
}

inline __mmask16 maskOf(std::int64_t count) {
    return count >= 16  ? static_cast<__mmask16>(0xffff)
           : count <= 0 ? static_cast<__mmask16>(0)
                        : static_cast<__mmask16>((1u << count) - 1);
}

}  // namespace

void ternaryTileAmx(const TernaryTile& tile) {
    alignas(64) std::int32_t sums[32 * kPanelRows];
    for (int token = 0; token < tile.tokens; token += 32) {
        const int count = tile.tokens - token < 32 ? tile.tokens - token : 32;
        if (token == 0 || count < 32) _tile_loadconfig(&configs[count - 1]);
        if (count > 16) {
            ternaryBlock<true>(tile, token, 0, sums);
            ternaryBlock<true>(tile, token, 32, sums);
        } else {
            ternaryBlock<false>(tile, token, 0, sums);
            ternaryBlock<false>(tile, token, 32, sums);
        }
        for (int t = 0; t < count; ++t) {
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

void bf16TileAmx(const Bf16Tile& tile) {
    // AMX pays off from a few rows on; a panel that is not full takes AVX-512's masks.
    if (tile.columns < kBf16Columns || tile.rows < 4) {
        bf16TileAvx512(tile);
        return;
    }
    const std::int64_t whole = tile.rows / 32 * 32, rest = tile.rows - whole;
    if (whole > 0) {
        _tile_loadconfig(&configs[31]);
        for (std::int64_t column = 0; column < kBf16Columns; column += 32) {
            for (std::int64_t row = 0; row < whole; row += 32) block<true>(tile, row, column);
        }
    }
    if (rest > 0) {
        _tile_loadconfig(&configs[rest - 1]);
        for (std::int64_t column = 0; column < kBf16Columns; column += 32) {
            if (rest > 16) {
                block<true>(tile, whole, column);
            } else {
                block<false>(tile, whole, column);
            }
        }
    }
    _tile_release();
}

}  // namespace distillix::cpu

#pragma GCC pop_options
#endif
