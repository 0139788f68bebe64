// SPDX-License-Identifier: Apache-2.0
// Products of 16-bit fixed point for processors with AVX2 alone, in the forms of bf16_kernels.h ("scaled"). vpmaddwd
// multiplies sixteen pairs where an FMA multiplies eight floats. Twice float32's bound was predicted from that and did
// not come: on two cores of a Zen 3 `bench ops` read 188 and 225 GOP/s off for vpmaddwd, 179 and 180 for FMA. Most of
// what is gained there is what oneDNN's float32 leaves: these tiles ran at 160 to 180 GOP/s, oneDNN's products at 60 to
// 117, so that a float32 tile as good would be nearly as fast there. Other processors have not been measured.
//
// Numbers are rounded to -4095 .. 4095 of the largest of their 128: an error of 1/8190 of it, which for Gaussian data
// is an eighth of bf16's. 128 products then stay below 2^31, so the sum of a block is exact in 32 bits; it is
// multiplied by both scales and added to C in float32. Codes and ternary weights are exact with a scale of 1.
//
// What is not finite makes its scale NaN, and so every product it is part of. Blocks that hold nothing above 1e-30
// count as zeros.
//
// The tile: 6 rows x 2 vectors of 8 columns are 12 sums; a step of two k is 12 vpmaddwd and 12 vpaddd on 2 loads and 6
// broadcasts, on sixteen registers.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/bf16_kernels.h"
#include "core/backend/cpu/groups.inc"

namespace distillix::cpu {

namespace {

constexpr float kLargest = 4095.0f;
constexpr std::int64_t kPairs = kScaleBlock / 2;
constexpr std::int64_t kPairElements = 2 * kBf16Columns;  // of a panel: one pair of k, or one row of scales

inline __m256i maskOf(std::int64_t count) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count > 8 ? 8 : static_cast<int>(count)), lanes);
}

inline __m256 loadUpTo(const float* p, std::int64_t count) {
    if (count >= 8) return _mm256_loadu_ps(p);
    if (count <= 0) return _mm256_setzero_ps();
    return _mm256_maskload_ps(p, maskOf(count));
}

inline __m256i loadWords(const std::uint16_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline void storeWords(std::uint16_t* p, __m256i v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}

// ---- rounding -----------------------------------------------------------------------------------------------------

/// Magnitudes as integers: they order as the numbers do, with infinity and then NaN at the top.
inline __m256i magnitudes(__m256 v) {
    return _mm256_and_si256(_mm256_castps_si256(v), _mm256_set1_epi32(0x7fffffff));
}

struct Scales {
    __m256 scale;    // what a whole number stands for
    __m256 inverse;  // what a number is multiplied by before it is rounded
};

inline Scales scalesOf(__m256i largestBits) {
    const __m256 largest = _mm256_castsi256_ps(largestBits);
    const __m256 usable = _mm256_cmp_ps(largest, _mm256_set1_ps(1e-30f), _CMP_GT_OQ);
    const __m256i notFinite = _mm256_cmpgt_epi32(largestBits, _mm256_set1_epi32(0x7f7fffff));
    const __m256 scale = _mm256_and_ps(usable, _mm256_div_ps(largest, _mm256_set1_ps(kLargest)));
    const __m256 inverse = _mm256_and_ps(usable, _mm256_div_ps(_mm256_set1_ps(kLargest), largest));
    return {_mm256_or_ps(scale, _mm256_castsi256_ps(notFinite)),
            _mm256_andnot_ps(_mm256_castsi256_ps(notFinite), inverse)};
}

inline __m256i largestOfLanes(__m256i v) {
    v = _mm256_max_epi32(v, _mm256_permute2x128_si256(v, v, 1));
    v = _mm256_max_epi32(v, _mm256_shuffle_epi32(v, 0x4e));
    return _mm256_max_epi32(v, _mm256_shuffle_epi32(v, 0xb1));
}

inline __m256i rounded(__m256 v, __m256 inverse) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(v, inverse));
}

/// Lane i: even[i] in the low half, odd[i] in the high one.
inline __m256i interleave(__m256i even, __m256i odd) {
    return _mm256_blend_epi16(even, _mm256_slli_epi32(odd, 16), 0xaa);
}

/// Eight vectors of eight 32-bit lanes, transposed.
struct Square {
    __m256i r0, r1, r2, r3, r4, r5, r6, r7;
};

[[gnu::always_inline]] inline Square transposed8(const Square& s) {
    const auto low = [](__m256i a, __m256i b) { return _mm256_unpacklo_epi32(a, b); };
    const auto high = [](__m256i a, __m256i b) { return _mm256_unpackhi_epi32(a, b); };
    const auto low2 = [](__m256i a, __m256i b) { return _mm256_unpacklo_epi64(a, b); };
    const auto high2 = [](__m256i a, __m256i b) { return _mm256_unpackhi_epi64(a, b); };
    const __m256i a0 = low(s.r0, s.r1), a1 = high(s.r0, s.r1), a2 = low(s.r2, s.r3), a3 = high(s.r2, s.r3);
    const __m256i a4 = low(s.r4, s.r5), a5 = high(s.r4, s.r5), a6 = low(s.r6, s.r7), a7 = high(s.r6, s.r7);
    const __m256i b0 = low2(a0, a2), b1 = high2(a0, a2), b2 = low2(a1, a3), b3 = high2(a1, a3);
    const __m256i b4 = low2(a4, a6), b5 = high2(a4, a6), b6 = low2(a5, a7), b7 = high2(a5, a7);
    return {_mm256_permute2x128_si256(b0, b4, 0x20), _mm256_permute2x128_si256(b1, b5, 0x20),
            _mm256_permute2x128_si256(b2, b6, 0x20), _mm256_permute2x128_si256(b3, b7, 0x20),
            _mm256_permute2x128_si256(b0, b4, 0x31), _mm256_permute2x128_si256(b1, b5, 0x31),
            _mm256_permute2x128_si256(b2, b6, 0x31), _mm256_permute2x128_si256(b3, b7, 0x31)};
}

inline void storeScale(std::uint16_t* p, float scale) {
    __builtin_memcpy(p, &scale, sizeof(scale));
}

// ---- into A's form ------------------------------------------------------------------------------------------------

/// Up to 128 numbers of one row, times `scales`, into a block: whole numbers, then their scale.
void rowBlock(const float* in, std::int64_t count, const float* scales, std::uint16_t* out) {
    __m256 v[kScaleBlock / 8];
    __m256i largest = _mm256_setzero_si256();
    for (std::int64_t i = 0; i < kScaleBlock; i += 8) {
        v[i / 8] = loadUpTo(in + i, count - i);
        if (scales) v[i / 8] = _mm256_mul_ps(v[i / 8], loadUpTo(scales + i, count - i));
        largest = _mm256_max_epi32(largest, magnitudes(v[i / 8]));
    }
    const Scales s = scalesOf(largestOfLanes(largest));
    for (std::int64_t i = 0; i < kScaleBlock; i += 16) {
        // packs keeps each half of a register to itself: bring the quarters into order.
        const __m256i words = _mm256_packs_epi32(rounded(v[i / 8], s.inverse), rounded(v[i / 8 + 1], s.inverse));
        storeWords(out + i, _mm256_permute4x64_epi64(words, 0xd8));
    }
    storeScale(out + kScaleBlock, _mm256_cvtss_f32(s.scale));
}

void rows(const float* in, std::int64_t inStride, std::int64_t rowCount, std::int64_t k, const float* scales,
          std::uint16_t* out, std::int64_t outStride) {
    for (std::int64_t r = 0; r < rowCount; ++r) {
        std::uint16_t* block = out + r * outStride;
        for (std::int64_t i = 0; i < k; i += kScaleBlock, block += kScaledRowBlock)
            rowBlock(in + r * inStride + i, k - i, scales ? scales + i : nullptr, block);
    }
}

/// Up to 128 rows of sixteen columns: read once, a cache line a row. The rows lie kilobytes apart, so that a second
/// look would find little of them in the cache.
struct Strip {
    alignas(32) float values[kScaleBlock][16];
    Scales low, high;

    /// Multiplies by scales[i] (or not), rounds, and gives lanes of pairs: rows 2·pair and 2·pair + 1.
    __m256i pairOf(std::int64_t pair, int half) const {
        const __m256 inverse = half ? high.inverse : low.inverse;
        return interleave(rounded(_mm256_load_ps(values[2 * pair] + 8 * half), inverse),
                          rounded(_mm256_load_ps(values[2 * pair + 1] + 8 * half), inverse));
    }
};

template <typename RowOf>
void readStrip(Strip& strip, std::int64_t count, std::int64_t columns, const float* scales, RowOf&& rowOf) {
    __m256i largestLow = _mm256_setzero_si256(), largestHigh = largestLow;
    for (std::int64_t i = 0; i < kScaleBlock; ++i) {
        __m256 low = _mm256_setzero_ps(), high = low;
        if (i < count) {
            const float* row = rowOf(i);
            low = loadUpTo(row, columns);
            high = loadUpTo(row + 8, columns - 8);
            if (scales) {
                const __m256 scale = _mm256_set1_ps(scales[i]);
                low = _mm256_mul_ps(low, scale);
                high = _mm256_mul_ps(high, scale);
            }
        }
        _mm256_store_ps(strip.values[i], low);
        _mm256_store_ps(strip.values[i] + 8, high);
        largestLow = _mm256_max_epi32(largestLow, magnitudes(low));
        largestHigh = _mm256_max_epi32(largestHigh, magnitudes(high));
    }
    strip.low = scalesOf(largestLow);
    strip.high = scalesOf(largestHigh);
}

void transposed(const float* in, std::int64_t inStride, std::int64_t columns, std::int64_t k, const float* scales,
                std::uint16_t* out, std::int64_t outStride) {
    Strip strip;
    for (std::int64_t begin = 0; begin < k; begin += kScaleBlock) {
        std::uint16_t* block = out + begin / kScaleBlock * kScaledRowBlock;
        for (std::int64_t c = 0; c < columns; c += 16) {
            readStrip(strip, k - begin, columns - c, scales ? scales + begin : nullptr,
                      [&](std::int64_t i) { return in + (begin + i) * inStride + c; });
            for (int half = 0; half < 2; ++half) {
                alignas(32) float scale[8];
                _mm256_store_ps(scale, half ? strip.high.scale : strip.low.scale);
                const std::int64_t first = c + 8 * half, count = columns - first < 8 ? columns - first : 8;
                std::uint16_t* target = block + first * outStride;
                for (std::int64_t column = 0; column < count; ++column)
                    storeScale(target + column * outStride + kScaleBlock, scale[column]);
                for (std::int64_t pair = 0; pair < kPairs; pair += 8) {
                    const Square s = transposed8({strip.pairOf(pair, half), strip.pairOf(pair + 1, half),
                                                  strip.pairOf(pair + 2, half), strip.pairOf(pair + 3, half),
                                                  strip.pairOf(pair + 4, half), strip.pairOf(pair + 5, half),
                                                  strip.pairOf(pair + 6, half), strip.pairOf(pair + 7, half)});
                    const auto put = [&](std::int64_t column, __m256i v) {
                        if (column < count) storeWords(target + column * outStride + 2 * pair, v);
                    };
                    put(0, s.r0), put(1, s.r1), put(2, s.r2), put(3, s.r3);
                    put(4, s.r4), put(5, s.r5), put(6, s.r6), put(7, s.r7);
                }
            }
        }
    }
}

// ---- into B's form ------------------------------------------------------------------------------------------------

void panelBlock(const float* const* rowsOfB, std::int64_t count, std::int64_t column, std::int64_t columns,
                std::uint16_t* block) {
    Strip strip;
    for (std::int64_t c = 0; c < kBf16Columns; c += 16) {
        readStrip(strip, columns > c ? count : 0, columns - c, nullptr,
                  [&](std::int64_t i) { return rowsOfB[i] + column + c; });
        float* scales = reinterpret_cast<float*>(block) + c;
        _mm256_storeu_ps(scales, strip.low.scale);
        _mm256_storeu_ps(scales + 8, strip.high.scale);
        for (std::int64_t pair = 0; pair < kPairs; ++pair) {
            std::uint16_t* out = block + (pair + 1) * kPairElements + 2 * c;
            storeWords(out, strip.pairOf(pair, 0));
            storeWords(out + 16, strip.pairOf(pair, 1));
        }
    }
}

inline void unitScales(std::uint16_t* block) {
    for (std::int64_t c = 0; c < kBf16Columns; c += 8)
        _mm256_storeu_ps(reinterpret_cast<float*>(block) + c, _mm256_set1_ps(1.0f));
}

inline __m256i eightCodes(const std::int8_t* codes, std::int64_t count) {
    std::int64_t eight = 0;
    if (count >= 8) {
        __builtin_memcpy(&eight, codes, 8);
    } else if (count > 0) {
        __builtin_memcpy(&eight, codes, static_cast<unsigned long>(count));
    }
    return _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(eight));
}

void codesBlock(const std::int8_t* in, std::int64_t inStride, std::int64_t count, std::int64_t columns,
                std::uint16_t* block) {
    unitScales(block);
    for (std::int64_t pair = 0; pair < kPairs; ++pair) {
        const std::int8_t* even = in + 2 * pair * inStride;
        const std::int64_t evenCount = 2 * pair < count ? columns : 0, oddCount = 2 * pair + 1 < count ? columns : 0;
        for (std::int64_t c = 0; c < kBf16Columns; c += 8) {
            storeWords(block + (pair + 1) * kPairElements + 2 * c,
                       interleave(eightCodes(even + c, evenCount - c), eightCodes(even + inStride + c, oddCount - c)));
        }
    }
}

void panelOfRows(const float* in, std::int64_t inStride, std::int64_t columns, std::int64_t k, std::uint16_t* panel) {
    alignas(32) std::uint16_t lines[8][kScaledRowBlock + 14];  // eight columns, each a row of A's form
    for (std::int64_t begin = 0; begin < k; begin += kScaleBlock) {
        std::uint16_t* block = panel + begin / kScaleBlock * kScaledPanelBlock;
        for (std::int64_t c = 0; c < kBf16Columns; c += 8) {
            float* scales = reinterpret_cast<float*>(block) + c;
            for (std::int64_t j = 0; j < 8; ++j) {
                const bool there = c + j < columns;
                rowBlock(there ? in + (c + j) * inStride + begin : in, there ? k - begin : 0, nullptr, lines[j]);
                __builtin_memcpy(scales + j, lines[j] + kScaleBlock, sizeof(float));
            }
            for (std::int64_t pair = 0; pair < kPairs; pair += 8) {
                const auto line = [&](int j) { return loadWords(lines[j] + 2 * pair); };
                const Square s = transposed8({line(0), line(1), line(2), line(3), line(4), line(5), line(6), line(7)});
                const auto put = [&](std::int64_t index, __m256i v) {
                    storeWords(block + (pair + index + 1) * kPairElements + 2 * c, v);
                };
                put(0, s.r0), put(1, s.r1), put(2, s.r2), put(3, s.r3);
                put(4, s.r4), put(5, s.r5), put(6, s.r6), put(7, s.r7);
            }
        }
    }
}

void panelOfTernary(const std::uint32_t* words, std::int64_t column, std::int64_t blocks, std::uint16_t* panel,
                    std::int64_t k) {
    std::uint16_t* block = panel + k / kScaleBlock * kScaledPanelBlock;
    unitScales(block);
    std::uint16_t* out = block + (k % kScaleBlock / 2 + 1) * kPairElements;
    const __m256i three = _mm256_set1_epi32(3), one = _mm256_set1_epi32(1);
    const __m256i shifts[2] = {_mm256_setr_epi32(0, 8, 16, 24, 2, 10, 18, 26),
                               _mm256_setr_epi32(4, 12, 20, 28, 6, 14, 22, 30)};
    for (std::int64_t group = 0; group < 4; ++group) {
        const std::int64_t at = column / 16 + group;
        for (std::int64_t pair = 0; pair < 32; ++pair) {
            for (int half = 0; half < 2; ++half) {
                __m256i values = _mm256_setzero_si256();
                if (at < blocks) {
                    const std::uint32_t* two = words + at * 64 + 2 * pair;
                    const auto weights = [&](std::uint32_t word) {
                        const __m256i lanes = _mm256_set1_epi32(static_cast<int>(word));
                        return _mm256_sub_epi32(_mm256_and_si256(_mm256_srlv_epi32(lanes, shifts[half]), three), one);
                    };
                    values = interleave(weights(two[0]), weights(two[1]));
                }
                storeWords(out + pair * kPairElements + group * 32 + half * 16, values);
            }
        }
    }
}

// ---- the tile -----------------------------------------------------------------------------------------------------

struct Sums {
    __m256i s0, s1;
};

// Assembly keeps the sums in their registers: g++ 12 stores copies of them on the stack otherwise.
[[gnu::always_inline]] inline void addProducts(Sums& sums, __m256i b0, __m256i b1, const std::uint16_t* a) {
    std::int32_t two;
    __builtin_memcpy(&two, a, 4);
    const __m256i pair = _mm256_set1_epi32(two);
    asm("vpaddd %1, %0, %0" : "+x"(sums.s0) : "x"(_mm256_madd_epi16(pair, b0)));
    asm("vpaddd %1, %0, %0" : "+x"(sums.s1) : "x"(_mm256_madd_epi16(pair, b1)));
}

/// C = or += the sums, times the row's scale and the columns'.
[[gnu::always_inline]] inline void store(const Sums& sums, const std::uint16_t* a, const float* scales, float* c,
                                         std::int64_t columns, bool accumulate) {
    float row;
    __builtin_memcpy(&row, a + kScaleBlock, sizeof(row));
    const __m256 scale = _mm256_set1_ps(row);
    const auto half = [&](__m256i sum, std::int64_t at) {
        const std::int64_t count = columns - at;
        if (count <= 0) return;
        const __m256 factor = _mm256_mul_ps(scale, _mm256_loadu_ps(scales + at));
        __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), factor);
        if (accumulate) value = _mm256_add_ps(value, loadUpTo(c + at, count));
        if (count >= 8) {
            _mm256_storeu_ps(c + at, value);
        } else {
            _mm256_maskstore_ps(c + at, maskOf(count), value);
        }
    };
    half(sums.s0, 0);
    half(sums.s1, 8);
}

/// One block of k: rows `row` .. of A times sixteen columns of a panel.
template <int Rows>
void rowsTimesColumns(const Bf16Tile& tile, const std::uint16_t* a, const std::uint16_t* block, std::int64_t row,
                      std::int64_t column, std::int64_t pairs, bool accumulate) {
    const auto rowOf = [&](int r) { return a + (row + (r < Rows ? r : 0)) * tile.aStride; };
    const std::uint16_t *a0 = rowOf(0), *a1 = rowOf(1), *a2 = rowOf(2), *a3 = rowOf(3), *a4 = rowOf(4), *a5 = rowOf(5);
    const Sums zero = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    Sums r0 = zero, r1 = zero, r2 = zero, r3 = zero, r4 = zero, r5 = zero;
    const std::uint16_t* b = block + kPairElements + 2 * column;
    for (std::int64_t pair = 0; pair < pairs; ++pair, b += kPairElements) {
        const __m256i b0 = loadWords(b), b1 = loadWords(b + 16);
        addProducts(r0, b0, b1, a0 + 2 * pair);
        if constexpr (Rows > 1) addProducts(r1, b0, b1, a1 + 2 * pair);
        if constexpr (Rows > 2) addProducts(r2, b0, b1, a2 + 2 * pair);
        if constexpr (Rows > 3) addProducts(r3, b0, b1, a3 + 2 * pair);
        if constexpr (Rows > 4) addProducts(r4, b0, b1, a4 + 2 * pair);
        if constexpr (Rows > 5) addProducts(r5, b0, b1, a5 + 2 * pair);
    }
    const float* scales = reinterpret_cast<const float*>(block) + column;
    float* c = tile.c + row * tile.cStride + column;
    const std::int64_t columns = tile.columns - column;
    store(r0, a0, scales, c, columns, accumulate);
    if constexpr (Rows > 1) store(r1, a1, scales, c + tile.cStride, columns, accumulate);
    if constexpr (Rows > 2) store(r2, a2, scales, c + 2 * tile.cStride, columns, accumulate);
    if constexpr (Rows > 3) store(r3, a3, scales, c + 3 * tile.cStride, columns, accumulate);
    if constexpr (Rows > 4) store(r4, a4, scales, c + 4 * tile.cStride, columns, accumulate);
    if constexpr (Rows > 5) store(r5, a5, scales, c + 5 * tile.cStride, columns, accumulate);
}

template <int Rows>
void rowsTimesBlock(const Bf16Tile& tile, const std::uint16_t* a, const std::uint16_t* block, std::int64_t row,
                    std::int64_t pairs, bool accumulate) {
    for (std::int64_t column = 0; column < tile.columns; column += 16)
        rowsTimesColumns<Rows>(tile, a, block, row, column, pairs, accumulate);
}

/// A block of the panel, 16 KB, stays in the first-level cache while all rows meet it.
void scaledTile(const Bf16Tile& tile) {
    const std::uint16_t *a = tile.a, *block = tile.panel;
    for (std::int64_t k = 0; k < tile.k; k += kScaleBlock, a += kScaledRowBlock, block += kScaledPanelBlock) {
        const std::int64_t pairs = tile.k - k < kScaleBlock ? (tile.k - k) / 2 : kPairs;
        const bool accumulate = tile.accumulate || k > 0;
        inGroups<6>(tile.rows, [&](auto group, std::int64_t first) {
            rowsTimesBlock<group.size>(tile, a, block, first, pairs, accumulate);
        });
    }
}

}  // namespace

const Bf16Kernels kFixedKernelsAvx2 = {"avx2 fixed point", true,       scaledTile,  rows,
                                       transposed,         nullptr,    nullptr,     nullptr,
                                       panelBlock,         codesBlock, panelOfRows, panelOfTernary};

}  // namespace distillix::cpu
#endif
