// SPDX-License-Identifier: Apache-2.0
// The tile: 6 rows x 4 vectors of 16 columns are 24 sums; a step of two k is 24 vdpbf16ps on 4 loads and 6 broadcasts.
// vdpbf16ps and the conversions of AVX512-BF16 are written as assembly, which also keeps the sums in their registers
// (g++ 12 stores copies of them on the stack otherwise).
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/bf16_kernels.h"
#include "core/backend/cpu/groups.inc"

namespace distillix::cpu {

namespace {

inline __mmask16 maskOf(std::int64_t count) {
    return count >= 16  ? static_cast<__mmask16>(0xffff)
           : count <= 0 ? static_cast<__mmask16>(0)
                        : static_cast<__mmask16>((1u << count) - 1);
}

struct Sums {
    __m512 s0, s1, s2, s3;
};
struct Columns {
    __m512i b0, b1, b2, b3;
};
struct Masks {
    __mmask16 m0, m1, m2, m3;
};

[[gnu::always_inline]] inline void multiplyAdd(__m512& sum, __m512i a, __m512i b) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}

[[gnu::always_inline]] inline void addProducts(Sums& sums, const Columns& b, const std::uint16_t* a) {
    std::int32_t two;
    __builtin_memcpy(&two, a, 4);
    const __m512i pair = _mm512_set1_epi32(two);
    multiplyAdd(sums.s0, pair, b.b0);
    multiplyAdd(sums.s1, pair, b.b1);
    multiplyAdd(sums.s2, pair, b.b2);
    multiplyAdd(sums.s3, pair, b.b3);
}

[[gnu::always_inline]] inline Sums startOf(const Bf16Tile& tile, const Masks& masks, std::int64_t row) {
    if (!tile.accumulate) return {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    const float* c = tile.c + row * tile.cStride;
    return {_mm512_maskz_loadu_ps(masks.m0, c), _mm512_maskz_loadu_ps(masks.m1, c + 16),
            _mm512_maskz_loadu_ps(masks.m2, c + 32), _mm512_maskz_loadu_ps(masks.m3, c + 48)};
}

[[gnu::always_inline]] inline void storeAll(const Bf16Tile& tile, const Masks& masks, std::int64_t row,
                                            const Sums& sums) {
    float* c = tile.c + row * tile.cStride;
    _mm512_mask_storeu_ps(c, masks.m0, sums.s0);
    _mm512_mask_storeu_ps(c + 16, masks.m1, sums.s1);
    _mm512_mask_storeu_ps(c + 32, masks.m2, sums.s2);
    _mm512_mask_storeu_ps(c + 48, masks.m3, sums.s3);
}

/// Brings the sums of the next rows near while these are computed: gradients of weights come from memory, four lines a
/// row, in a pattern that the processor does not foresee.
[[gnu::always_inline]] inline void prefetchRows(const Bf16Tile& tile, std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last && r < tile.rows; ++r) {
        const float* c = tile.c + r * tile.cStride;
        __builtin_prefetch(c, 1);
        __builtin_prefetch(c + 16, 1);
        __builtin_prefetch(c + 32, 1);
        __builtin_prefetch(c + 48, 1);
    }
}

template <int Rows>
void rowsTimesPanel(const Bf16Tile& tile, std::int64_t first) {
    const Masks masks = {maskOf(tile.columns), maskOf(tile.columns - 16), maskOf(tile.columns - 32),
                         maskOf(tile.columns - 48)};
    const auto rowAt = [&](int r) { return first + (r < Rows ? r : 0); };
    const auto rowOf = [&](int r) { return tile.a + rowAt(r) * tile.aStride; };
    const std::uint16_t *a0 = rowOf(0), *a1 = rowOf(1), *a2 = rowOf(2), *a3 = rowOf(3), *a4 = rowOf(4), *a5 = rowOf(5);
    Sums r0 = startOf(tile, masks, rowAt(0)), r1 = startOf(tile, masks, rowAt(1)), r2 = startOf(tile, masks, rowAt(2));
    Sums r3 = startOf(tile, masks, rowAt(3)), r4 = startOf(tile, masks, rowAt(4)), r5 = startOf(tile, masks, rowAt(5));
    prefetchRows(tile, first + Rows, first + 2 * Rows);
    const std::uint16_t* at = tile.panel;
    for (std::int64_t k = 0; k < tile.k; k += 2, at += 2 * kBf16Columns) {
        const Columns b = {_mm512_loadu_si512(at), _mm512_loadu_si512(at + 32), _mm512_loadu_si512(at + 64),
                           _mm512_loadu_si512(at + 96)};
        addProducts(r0, b, a0 + k);
        if constexpr (Rows > 1) addProducts(r1, b, a1 + k);
        if constexpr (Rows > 2) addProducts(r2, b, a2 + k);
        if constexpr (Rows > 3) addProducts(r3, b, a3 + k);
        if constexpr (Rows > 4) addProducts(r4, b, a4 + k);
        if constexpr (Rows > 5) addProducts(r5, b, a5 + k);
    }
    storeAll(tile, masks, first, r0);
    if constexpr (Rows > 1) storeAll(tile, masks, first + 1, r1);
    if constexpr (Rows > 2) storeAll(tile, masks, first + 2, r2);
    if constexpr (Rows > 3) storeAll(tile, masks, first + 3, r3);
    if constexpr (Rows > 4) storeAll(tile, masks, first + 4, r4);
    if constexpr (Rows > 5) storeAll(tile, masks, first + 5, r5);
}

// ---- into A's and B's forms ---------------------------------------------------------------------------------------

inline __m256i roundToBf16(__m512 v) {
    __m256i out;
    asm("vcvtneps2bf16 %1, %0" : "=v"(out) : "v"(v));
    return out;
}

/// Lane i: even[i] in the low half, odd[i] in the high one.
inline __m512i interleave(__m256i even, __m256i odd) {
    return _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
}

inline __m512 scaledRow(const float* in, __mmask16 valid, const float* scale) {
    const __m512 v = _mm512_maskz_loadu_ps(valid, in);
    return scale ? _mm512_mul_ps(v, _mm512_set1_ps(*scale)) : v;
}

/// Sixteen vectors of sixteen 32-bit lanes, transposed.
struct Square {
    __m512i r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, ra, rb, rc, rd, re, rf;
};

/// Four vectors: the 4x4 blocks in each quarter are transposed.
[[gnu::always_inline]] inline void transposeQuarters(__m512i& a, __m512i& b, __m512i& c, __m512i& d) {
    const __m512i ab0 = _mm512_unpacklo_epi32(a, b), ab1 = _mm512_unpackhi_epi32(a, b);
    const __m512i cd0 = _mm512_unpacklo_epi32(c, d), cd1 = _mm512_unpackhi_epi32(c, d);
    a = _mm512_unpacklo_epi64(ab0, cd0);
    b = _mm512_unpackhi_epi64(ab0, cd0);
    c = _mm512_unpacklo_epi64(ab1, cd1);
    d = _mm512_unpackhi_epi64(ab1, cd1);
}

/// Four vectors: the quarters themselves are transposed.
[[gnu::always_inline]] inline void transposeWhole(__m512i& a, __m512i& b, __m512i& c, __m512i& d) {
    const __m512i ab0 = _mm512_shuffle_i32x4(a, b, 0x44), ab1 = _mm512_shuffle_i32x4(a, b, 0xee);
    const __m512i cd0 = _mm512_shuffle_i32x4(c, d, 0x44), cd1 = _mm512_shuffle_i32x4(c, d, 0xee);
    a = _mm512_shuffle_i32x4(ab0, cd0, 0x88);
    b = _mm512_shuffle_i32x4(ab0, cd0, 0xdd);
    c = _mm512_shuffle_i32x4(ab1, cd1, 0x88);
    d = _mm512_shuffle_i32x4(ab1, cd1, 0xdd);
}

[[gnu::always_inline]] inline void transpose(Square& s) {
    transposeQuarters(s.r0, s.r1, s.r2, s.r3);
    transposeQuarters(s.r4, s.r5, s.r6, s.r7);
    transposeQuarters(s.r8, s.r9, s.ra, s.rb);
    transposeQuarters(s.rc, s.rd, s.re, s.rf);
    // Now r0, r4, r8, rc hold column 0 of each quarter, 4 rows each.
    transposeWhole(s.r0, s.r4, s.r8, s.rc);
    transposeWhole(s.r1, s.r5, s.r9, s.rd);
    transposeWhole(s.r2, s.r6, s.ra, s.re);
    transposeWhole(s.r3, s.r7, s.rb, s.rf);
}

/// row(0) .. row(15), transposed, to store(0) .. store(15).
template <typename Row, typename Store>
[[gnu::always_inline]] inline void transposeSquare(Row&& row, Store&& store) {
    Square s = {row(0), row(1), row(2),  row(3),  row(4),  row(5),  row(6),  row(7),
                row(8), row(9), row(10), row(11), row(12), row(13), row(14), row(15)};
    transpose(s);
    // Column 4q + i of the quarters landed in the q-th vector of the i-th group.
    store(0, s.r0), store(4, s.r4), store(8, s.r8), store(12, s.rc);
    store(1, s.r1), store(5, s.r5), store(9, s.r9), store(13, s.rd);
    store(2, s.r2), store(6, s.r6), store(10, s.ra), store(14, s.re);
    store(3, s.r3), store(7, s.r7), store(11, s.rb), store(15, s.rf);
}

void rows(const float* in, std::int64_t inStride, std::int64_t rowCount, std::int64_t k, const float* scales,
          std::uint16_t* out, std::int64_t outStride) {
    for (std::int64_t r = 0; r < rowCount; ++r) {
        for (std::int64_t i = 0; i < outStride; i += 16) {
            const __mmask16 valid = maskOf(k - i);
            __m512 v = _mm512_maskz_loadu_ps(valid, in + r * inStride + i);
            if (scales) v = _mm512_mul_ps(v, _mm512_maskz_loadu_ps(valid, scales + i));
            _mm256_mask_storeu_epi16(out + r * outStride + i, maskOf(outStride - i), roundToBf16(v));
        }
    }
}

void transposed(const float* in, std::int64_t inStride, std::int64_t columns, std::int64_t k, const float* scales,
                std::uint16_t* out, std::int64_t outStride) {
    for (std::int64_t begin = 0; begin < outStride; begin += 32) {
        for (std::int64_t c = 0; c < columns; c += 16) {
            const __mmask16 valid = maskOf(columns - c);
            transposeSquare(
                [&](std::int64_t pair) {
                    const std::int64_t at = begin + 2 * pair;
                    const __mmask16 first = at < k ? valid : static_cast<__mmask16>(0);
                    const __mmask16 second = at + 1 < k ? valid : static_cast<__mmask16>(0);
                    const bool scaled = scales && at < k, scaledToo = scales && at + 1 < k;
                    const __m512 even = scaledRow(in + at * inStride + c, first, scaled ? scales + at : nullptr);
                    const __m512 odd =
                        scaledRow(in + (at + 1) * inStride + c, second, scaledToo ? scales + at + 1 : nullptr);
                    return interleave(roundToBf16(even), roundToBf16(odd));
                },
                [&](std::int64_t column, __m512i v) {
                    if (c + column < columns) _mm512_storeu_si512(out + (c + column) * outStride + begin, v);
                });
        }
    }
}

void transposedBf16(const std::uint16_t* in, std::int64_t inStride, std::int64_t columns, std::int64_t k,
                    std::uint16_t* out, std::int64_t outStride) {
    for (std::int64_t begin = 0; begin < outStride; begin += 32) {
        for (std::int64_t c = 0; c < columns; c += 16) {
            const __mmask16 valid = maskOf(columns - c);
            transposeSquare(
                [&](std::int64_t pair) {
                    const std::int64_t at = begin + 2 * pair;
                    const __mmask16 first = at < k ? valid : static_cast<__mmask16>(0);
                    const __mmask16 second = at + 1 < k ? valid : static_cast<__mmask16>(0);
                    return interleave(_mm256_maskz_loadu_epi16(first, in + at * inStride + c),
                                      _mm256_maskz_loadu_epi16(second, in + (at + 1) * inStride + c));
                },
                [&](std::int64_t column, __m512i v) {
                    if (c + column < columns) _mm512_storeu_si512(out + (c + column) * outStride + begin, v);
                });
        }
    }
}

void pair(const float* even, const float* odd, std::int64_t columns, std::uint16_t* panels, std::int64_t panelStride,
          std::int64_t index) {
    for (std::int64_t begin = 0; begin < columns; begin += kBf16Columns) {
        std::uint16_t* out = panels + begin / kBf16Columns * panelStride + index * 2 * kBf16Columns;
        for (std::int64_t c = begin; c < begin + kBf16Columns; c += 16, out += 32) {
            const __mmask16 valid = maskOf(columns - c);
            const __m512 a = _mm512_maskz_loadu_ps(valid, even + c);
            const __m512 b = odd ? _mm512_maskz_loadu_ps(valid, odd + c) : _mm512_setzero_ps();
            _mm512_storeu_si512(out, interleave(roundToBf16(a), roundToBf16(b)));
        }
    }
}

void pairOfCodes(const std::int8_t* even, const std::int8_t* odd, std::int64_t columns, std::uint16_t* panels,
                 std::int64_t panelStride, std::int64_t index) {
    const __m512i high = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
    for (std::int64_t begin = 0; begin < columns; begin += kBf16Columns) {
        std::uint16_t* out = panels + begin / kBf16Columns * panelStride + index * 2 * kBf16Columns;
        for (std::int64_t c = begin; c < begin + kBf16Columns; c += 16, out += 32) {
            const __mmask16 valid = maskOf(columns - c);
            // Whole numbers up to 256 are exact in bf16: the low half is zero.
            const __m512 a = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(valid, even + c)));
            const __m512 b = odd ? _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(valid, odd + c)))
                                 : _mm512_setzero_ps();
            const __m512i low = _mm512_srli_epi32(_mm512_castps_si512(a), 16);
            _mm512_storeu_si512(out, _mm512_or_si512(low, _mm512_and_si512(_mm512_castps_si512(b), high)));
        }
    }
}

void panelOfRows(const float* in, std::int64_t inStride, std::int64_t columns, std::int64_t k, std::uint16_t* panel) {
    for (std::int64_t begin = 0; begin < k; begin += 32) {
        const __mmask16 low = maskOf(k - begin), high = maskOf(k - begin - 16);
        for (std::int64_t c = 0; c < kBf16Columns; c += 16) {
            transposeSquare(
                [&](std::int64_t column) {
                    if (c + column >= columns) return _mm512_setzero_si512();
                    const float* row = in + (c + column) * inStride + begin;
                    const __m256i a = roundToBf16(_mm512_maskz_loadu_ps(low, row));
                    const __m256i b = roundToBf16(_mm512_maskz_loadu_ps(high, row + 16));
                    return _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
                },
                [&](std::int64_t index, __m512i v) {
                    _mm512_storeu_si512(panel + (begin / 2 + index) * 2 * kBf16Columns + c * 2, v);
                });
        }
    }
}

void panelOfTernary(const std::uint32_t* words, std::int64_t column, std::int64_t blocks, std::uint16_t* panel,
                    std::int64_t k) {
    panel += k * kBf16Columns;
    // Both codes of a lane, two bits each, choose a pair of bf16 from -1, 0, 1.
    constexpr int m = 0xbf80, o = 0, p = 0x3f80;
    const __m512i table = _mm512_setr_epi32(m | m << 16, o | m << 16, p | m << 16, 0, m | o, o | o, p | o, 0,
                                            m | p << 16, o | p << 16, p | p << 16, 0, 0, 0, 0, 0);
    const __m512i shifts = _mm512_setr_epi32(0, 8, 16, 24, 2, 10, 18, 26, 4, 12, 20, 28, 6, 14, 22, 30);
    const __m512i three = _mm512_set1_epi32(3);
    for (std::int64_t block = 0; block < 4; ++block) {
        const std::int64_t at = column / 16 + block;
        std::uint16_t* out = panel + block * 32;
        if (at >= blocks) {
            for (int index = 0; index < 32; ++index)
                _mm512_storeu_si512(out + index * 2 * kBf16Columns, _mm512_setzero_si512());
            continue;
        }
        for (int index = 0; index < 32; ++index) {
            const std::uint32_t* two = words + at * 64 + 2 * index;
            const __m512i even =
                _mm512_and_si512(_mm512_srlv_epi32(_mm512_set1_epi32(static_cast<int>(two[0])), shifts), three);
            const __m512i odd =
                _mm512_and_si512(_mm512_srlv_epi32(_mm512_set1_epi32(static_cast<int>(two[1])), shifts), three);
            const __m512i which = _mm512_or_si512(even, _mm512_slli_epi32(odd, 2));
            _mm512_storeu_si512(out + index * 2 * kBf16Columns, _mm512_permutexvar_epi32(which, table));
        }
    }
}

}  // namespace

void bf16TileAvx512(const Bf16Tile& tile) {
    inGroups<6>(tile.rows, [&](auto group, std::int64_t first) { rowsTimesPanel<group.size>(tile, first); });
}

const Bf16Kernels kBf16KernelsAvx512 = {"avx512bf16", false,          bf16TileAvx512, rows,
                                        transposed,   transposedBf16, pair,           pairOfCodes,
                                        nullptr,      nullptr,        panelOfRows,    panelOfTernary};
const Bf16Kernels kBf16KernelsAmx = {"amx", false,       bf16TileAmx, rows,    transposed,  transposedBf16,
                                     pair,  pairOfCodes, nullptr,     nullptr, panelOfRows, panelOfTernary};

}  // namespace distillix::cpu
#endif
