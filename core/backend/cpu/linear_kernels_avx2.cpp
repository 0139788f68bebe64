// SPDX-License-Identifier: Apache-2.0
// Ternary products by vpmaddubsw. (w + 1) is at most 2 and a code at most 128 in magnitude, so a pair's sum lies within
// 512, and 63 of them fit into 16 bits: sums run in 16 bits over 48 steps of four columns, then are widened.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/linear_kernels.h"

namespace distillix::cpu {

namespace {

inline __m256i maskOf(std::int64_t count) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count > 8 ? 8 : static_cast<int>(count)), lanes);
}

inline __m256 loadUpTo(const float* p, std::int64_t count) {
    if (count >= 8) return _mm256_loadu_ps(p);
    if (count <= 0) return _mm256_setzero_ps();
    return _mm256_maskload_ps(p, maskOf(count));
}

inline void storeUpTo(float* p, std::int64_t count, __m256 v) {
    if (count >= 8) {
        _mm256_storeu_ps(p, v);
    } else if (count > 0) {
        _mm256_maskstore_ps(p, maskOf(count), v);
    }
}

inline __m256d absolute(__m256d v) {
    return _mm256_andnot_pd(_mm256_set1_pd(-0.0), v);
}

void rowSums(const float* w, std::int64_t count, double* magnitudes, double* squares) {
    __m256d sums[4], squareSums[4];
    for (int j = 0; j < 4; ++j) sums[j] = squareSums[j] = _mm256_setzero_pd();
    for (std::int64_t i = 0; i < count; i += 16) {
        const __m256 a = loadUpTo(w + i, count - i), b = loadUpTo(w + i + 8, count - i - 8);
        const __m256d parts[4] = {
            _mm256_cvtps_pd(_mm256_castps256_ps128(a)), _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)),
            _mm256_cvtps_pd(_mm256_castps256_ps128(b)), _mm256_cvtps_pd(_mm256_extractf128_ps(b, 1))};
        for (int j = 0; j < 4; ++j) {
            sums[j] = _mm256_add_pd(sums[j], absolute(parts[j]));
            squareSums[j] = _mm256_fmadd_pd(parts[j], parts[j], squareSums[j]);
        }
    }
    // Lane j takes lane j+8, then j+4, j+2, j+1.
    const __m256d four = _mm256_add_pd(_mm256_add_pd(sums[0], sums[2]), _mm256_add_pd(sums[1], sums[3]));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    *magnitudes = _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
    const __m256d all =
        _mm256_add_pd(_mm256_add_pd(squareSums[0], squareSums[1]), _mm256_add_pd(squareSums[2], squareSums[3]));
    const __m128d half = _mm_add_pd(_mm256_castpd256_pd128(all), _mm256_extractf128_pd(all, 1));
    *squares = _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
}

/// w + 1 of eight weights as 32-bit numbers; lanes past `count` are w = 0.
inline __m256i quantizeEight(const float* w, std::int64_t count, __m256 scale) {
    const __m256 q = _mm256_div_ps(loadUpTo(w, count), scale);
    const __m256i plus = _mm256_castps_si256(_mm256_cmp_ps(q, _mm256_set1_ps(0.5f), _CMP_GT_OQ));
    const __m256i minus = _mm256_castps_si256(_mm256_cmp_ps(q, _mm256_set1_ps(-0.5f), _CMP_LT_OQ));
    return _mm256_add_epi32(_mm256_sub_epi32(_mm256_set1_epi32(1), plus), minus);
}

inline __m128i packEight(__m256i v) {
    return _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
}

void packPanel(const float* w, std::int64_t in, int rows, const float* gamma, bool first, std::uint32_t* panel,
               std::int32_t* zeros, std::int32_t* flips) {
    const std::int64_t blocks = (in + kPanelColumns - 1) / kPanelColumns * (kPanelColumns / 16);
    for (int r = 0; r < rows; ++r) {
        const float* row = w + r * in;
        const __m256 scale = _mm256_set1_ps(gamma[r]);
        const bool usable = gamma[r] > 0;
        std::int32_t zeroCount = 0, flipCount = 0;
        for (std::int64_t block = 0; block < blocks; ++block) {
            const std::int64_t left = in - block * 16;
            std::uint32_t word = 0x55555555u;
            if (usable) {
                const __m256i a = quantizeEight(row + block * 16, left, scale);
                const __m256i b = quantizeEight(row + block * 16 + 8, left - 8, scale);
                __m128i codes = _mm_packs_epi16(packEight(a), packEight(b));
                codes = _mm_sllv_epi32(codes, _mm_setr_epi32(0, 2, 4, 6));
                codes = _mm_or_si128(codes, _mm_shuffle_epi32(codes, 0x4e));
                codes = _mm_or_si128(codes, _mm_shuffle_epi32(codes, 0xb1));
                word = static_cast<std::uint32_t>(_mm_cvtsi128_si32(codes));
            }
            // A zero is the field 01: its low bit alone. Columns past the end are zeros too and are not counted.
            zeroCount +=
                __builtin_popcount(word & 0x55555555u) - (left < 16 ? static_cast<int>(left > 0 ? 16 - left : 16) : 0);
            std::uint32_t* place = panel + block * kPanelRows + r;
            if (!first) {
                const std::uint32_t changed = *place ^ word;
                flipCount += __builtin_popcount((changed | changed >> 1) & 0x55555555u);
            }
            *place = word;
        }
        zeros[r] = zeroCount;
        flips[r] = flipCount;
    }
    for (std::int64_t block = 0; block < blocks; ++block) {
        for (std::int64_t r = rows; r < kPanelRows; ++r) panel[block * kPanelRows + r] = 0x55555555u;
    }
}

inline std::int32_t sumOfLanes(__m256i v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
    return _mm_cvtsi128_si32(s);
}

void codeSums(const std::int8_t* codes, std::int64_t rows, std::int64_t stride, std::int64_t in, std::int32_t* sums) {
    const __m256i bytes = _mm256_set1_epi8(1), words = _mm256_set1_epi16(1);
    for (std::int64_t r = 0; r < rows; ++r) {
        const std::int8_t* row = codes + r * stride;
        __m256i sum = _mm256_setzero_si256();
        std::int64_t i = 0;
        for (; i + 32 <= in; i += 32) {
            const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + i));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, v), words));
        }
        std::int32_t total = sumOfLanes(sum);
        for (; i < in; ++i) total += row[i];
        sums[r] = total;
    }
}

/// Here `unpacked` is [4 strips of 16 rows][columns/4][16][4]: what manyTokens reads of one strip lies together. With
/// all 64 rows of a column group side by side a strip would use a quarter of the first-level cache's sets, and strips
/// of 768 columns would be read from the second level for each group of tokens.
void unpackPanel(const std::uint32_t* panel, std::int64_t columns, std::uint8_t* unpacked) {
    const __m256i three = _mm256_set1_epi8(3);
    for (std::int64_t block = 0; block < columns / 16; ++block) {
        for (int v = 0; v < 8; ++v) {
            std::uint8_t* out = unpacked + v / 2 * columns * 16 + block * 256 + v % 2 * 32;
            const __m256i words =
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel + block * kPanelRows + v * 8));
            const auto put = [&](int at, __m256i four) {
                _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + at), _mm256_and_si256(four, three));
            };
            put(0, words);
            put(64, _mm256_srli_epi32(words, 2));
            put(128, _mm256_srli_epi32(words, 4));
            put(192, _mm256_srli_epi32(words, 6));
        }
    }
}

inline __m256i broadcastFour(const std::int8_t* codes) {
    std::int32_t four;
    __builtin_memcpy(&four, codes, 4);
    return _mm256_set1_epi32(four);
}

inline void storeSums(const TernaryTile& tile, int token, int row, __m256i sums) {
    const std::int64_t left = tile.rows - row;
    if (left <= 0) return;
    const __m256 scale = _mm256_mul_ps(loadUpTo(tile.gamma + row, left), _mm256_set1_ps(tile.alpha[token] / 127.0f));
    __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), scale);
    const std::int64_t at = token * tile.outStride + row;
    if (tile.residual) y = _mm256_add_ps(y, loadUpTo(tile.residual + at, left));
    storeUpTo(tile.out + at, left, y);
}

// Sixteen registers: 4 tokens x 2 vectors of 8 rows are eight sums of 16 bits, then 4 broadcasts, a weight and a
// product. Named members, not arrays, and a sum that stays in its register: g++ 12 puts both into memory otherwise.
struct Sums {
    __m256i s0, s1;
};

[[gnu::always_inline]] inline void addTo(__m256i& sum, __m256i product) {
    asm("vpaddw %1, %0, %0" : "+x"(sum) : "x"(product));
}

[[gnu::always_inline]] inline Sums zeroSums() {
    return {_mm256_setzero_si256(), _mm256_setzero_si256()};
}

[[gnu::always_inline]] inline Sums startOf(const TernaryTile& tile, int token) {
    const __m256i start = _mm256_set1_epi32(-tile.codeSums[token]);
    return {start, start};
}

/// Widens sums of 16 bits into those of 32, and starts them anew.
[[gnu::always_inline]] inline void widen(Sums& totals, Sums& sums) {
    const __m256i ones = _mm256_set1_epi16(1);
    totals.s0 = _mm256_add_epi32(totals.s0, _mm256_madd_epi16(sums.s0, ones));
    totals.s1 = _mm256_add_epi32(totals.s1, _mm256_madd_epi16(sums.s1, ones));
    sums = zeroSums();
}

[[gnu::always_inline]] inline void addProducts(Sums& sums, __m256i w0, __m256i w1, const std::int8_t* codes) {
    const __m256i four = broadcastFour(codes);
    addTo(sums.s0, _mm256_maddubs_epi16(w0, four));
    addTo(sums.s1, _mm256_maddubs_epi16(w1, four));
}

inline __m256i loadBytes(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

/// Sixteen rows of the panel, from `row` on, times tokens first .. first + Tokens - 1.
template <int Tokens>
void tokensTimesRows(const TernaryTile& tile, int first, int row) {
    const auto tokenAt = [&](int t) { return first + (t < Tokens ? t : 0); };
    const auto codesOf = [&](int t) { return tile.codes + tokenAt(t) * tile.codesStride; };
    const std::int8_t *x0 = codesOf(0), *x1 = codesOf(1), *x2 = codesOf(2), *x3 = codesOf(3);
    Sums t0 = startOf(tile, tokenAt(0)), t1 = startOf(tile, tokenAt(1)), t2 = startOf(tile, tokenAt(2)),
         t3 = startOf(tile, tokenAt(3));
    Sums s0 = zeroSums(), s1 = s0, s2 = s0, s3 = s0;
    const std::uint8_t* w = tile.unpacked + row * tile.columns;
    for (std::int64_t begin = 0; begin < tile.columns; begin += 192) {
        const std::int64_t end = begin + 192 < tile.columns ? begin + 192 : tile.columns;
        for (std::int64_t c = begin; c < end; c += 16, w += 256) {
#pragma GCC unroll 4
            for (int k = 0; k < 4; ++k) {
                const __m256i w0 = loadBytes(w + 64 * k), w1 = loadBytes(w + 64 * k + 32);
                addProducts(s0, w0, w1, x0 + c + 4 * k);
                if constexpr (Tokens > 1) addProducts(s1, w0, w1, x1 + c + 4 * k);
                if constexpr (Tokens > 2) addProducts(s2, w0, w1, x2 + c + 4 * k);
                if constexpr (Tokens > 3) addProducts(s3, w0, w1, x3 + c + 4 * k);
            }
        }
        widen(t0, s0);
        if constexpr (Tokens > 1) widen(t1, s1);
        if constexpr (Tokens > 2) widen(t2, s2);
        if constexpr (Tokens > 3) widen(t3, s3);
    }
    const auto store = [&](int t, const Sums& totals) {
        storeSums(tile, first + t, row, totals.s0);
        storeSums(tile, first + t, row + 8, totals.s1);
    };
    store(0, t0);
    if constexpr (Tokens > 1) store(1, t1);
    if constexpr (Tokens > 2) store(2, t2);
    if constexpr (Tokens > 3) store(3, t3);
}

void manyTokens(const TernaryTile& tile) {
    for (int row = 0; row < tile.rows; row += 16) {
        int t = 0;
        for (; t + 4 <= tile.tokens; t += 4) tokensTimesRows<4>(tile, t, row);
        if (tile.tokens - t == 3) tokensTimesRows<3>(tile, t, row);
        if (tile.tokens - t == 2) tokensTimesRows<2>(tile, t, row);
        if (tile.tokens - t == 1) tokensTimesRows<1>(tile, t, row);
    }
}

// A single token. What bounds it is the weights' way from memory, so a panel is read in the order in which it lies and
// asked for ahead, and the unpacking costs as little as can be: fields 0 and 1 of a byte are taken where they stand,
// so that the products of field 1 come out four times too large and are summed apart; one shift brings fields 2 and 3
// there. All sums are kept four times too large and divided at the end, exactly. Beside rows taken 16 at a time, three
// shifts and no prefetch, 2.4 times as fast on a Zen 3 whose memory was busy.
struct Fields {
    Sums ones, fours;
};

[[gnu::always_inline]] inline void addFields(Fields& sums, __m256i words0, __m256i words1, const std::int8_t* codes) {
    const __m256i one = _mm256_set1_epi8(0x03), four = _mm256_set1_epi8(0x0c);
    const __m256i high0 = _mm256_srli_epi32(words0, 4), high1 = _mm256_srli_epi32(words1, 4);
    addProducts(sums.ones, _mm256_and_si256(words0, one), _mm256_and_si256(words1, one), codes);
    addProducts(sums.fours, _mm256_and_si256(words0, four), _mm256_and_si256(words1, four), codes + 4);
    addProducts(sums.ones, _mm256_and_si256(high0, one), _mm256_and_si256(high1, one), codes + 8);
    addProducts(sums.fours, _mm256_and_si256(high0, four), _mm256_and_si256(high1, four), codes + 12);
}

/// Two vectors of rows, 64 columns: a product of field 1 lies within 2048, eight of them are added before they are
/// widened.
[[gnu::always_inline]] inline void addBlock(__m256i* totals, const std::uint32_t* words, const std::int8_t* codes) {
    Fields sums{zeroSums(), zeroSums()};
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k)
        addFields(sums, loadBytes(words + k * kPanelRows), loadBytes(words + k * kPanelRows + 8), codes + 16 * k);
    const __m256i one = _mm256_set1_epi16(1), four = _mm256_set1_epi16(4);
    const auto widened = [&](__m256i ones, __m256i fours) {
        return _mm256_add_epi32(_mm256_madd_epi16(ones, four), _mm256_madd_epi16(fours, one));
    };
    totals[0] = _mm256_add_epi32(totals[0], widened(sums.ones.s0, sums.fours.s0));
    totals[1] = _mm256_add_epi32(totals[1], widened(sums.ones.s1, sums.fours.s1));
}

template <int Tokens>
void tokensTimesPanel(const TernaryTile& tile, int first) {
    constexpr std::int64_t kBlock = 4 * kPanelRows;  // words of 64 columns
    constexpr int kAhead = 4;                        // blocks, a kilobyte each
    __m256i totals[Tokens][8];
    for (auto& token : totals)
        for (__m256i& sum : token) sum = _mm256_setzero_si256();
    const std::uint32_t* words = tile.panel;
    const std::int8_t* codes = tile.codes + first * tile.codesStride;
    for (std::int64_t c = 0; c < tile.columns; c += 64, words += kBlock) {
#pragma GCC unroll 16
        for (int line = 0; line < 16; ++line)
            _mm_prefetch(reinterpret_cast<const char*>(words + kAhead * kBlock) + 64 * line, _MM_HINT_T0);
        for (int r = 0; r < 8; r += 2)
            for (int t = 0; t < Tokens; ++t) addBlock(totals[t] + r, words + r * 8, codes + t * tile.codesStride + c);
    }
    for (int t = 0; t < Tokens; ++t) {
        const __m256i sum = _mm256_set1_epi32(tile.codeSums[first + t]);
        for (int r = 0; r < 8; ++r)
            storeSums(tile, first + t, r * 8, _mm256_sub_epi32(_mm256_srai_epi32(totals[t][r], 2), sum));
    }
}

void fewTokens(const TernaryTile& tile) {
    int t = 0;
    for (; t + 2 <= tile.tokens; t += 2) tokensTimesPanel<2>(tile, t);
    if (t < tile.tokens) tokensTimesPanel<1>(tile, t);
}

/// Codes w + 1 of columns 8·half .. 8·half + 7 of a word, as 32-bit numbers.
inline __m256i codesOfWord(std::uint32_t word, int half) {
    const __m256i shifts =
        half ? _mm256_setr_epi32(4, 12, 20, 28, 6, 14, 22, 30) : _mm256_setr_epi32(0, 8, 16, 24, 2, 10, 18, 26);
    return _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32(static_cast<int>(word)), shifts), _mm256_set1_epi32(3));
}

void panelToFloat(const std::uint32_t* panel, std::int64_t in, int rows, float* out, std::int64_t stride) {
    const __m256i one = _mm256_set1_epi32(1);
    for (int r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < in; c += 8) {
            const __m256i codes = codesOfWord(panel[c / 16 * kPanelRows + r], static_cast<int>(c / 8 % 2));
            storeUpTo(out + r * stride + c, in - c, _mm256_cvtepi32_ps(_mm256_sub_epi32(codes, one)));
        }
    }
}

inline __m256 eightCodes(const std::int8_t* codes, std::int64_t count) {
    std::int64_t eight = 0;
    if (count >= 8) {
        __builtin_memcpy(&eight, codes, 8);
    } else {
        __builtin_memcpy(&eight, codes, static_cast<unsigned long>(count));
    }
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_cvtsi64_si128(eight)));
}

void codesToFloat(const std::int8_t* codes, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; i += 8) storeUpTo(out + i, count - i, eightCodes(codes + i, count - i));
}

inline __m256 scaled(const float* in, const float* scales, __m256 scale, std::int64_t i, std::int64_t count) {
    const __m256 factor = scales ? _mm256_mul_ps(loadUpTo(scales + i, count - i), scale) : scale;
    return _mm256_mul_ps(loadUpTo(in + i, count - i), factor);
}

void scaleToFloat(const float* in, const float* scales, float scale, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; i += 8)
        storeUpTo(out + i, count - i, scaled(in, scales, _mm256_set1_ps(scale), i, count));
}

}  // namespace

const LinearKernels kLinearKernelsAvx2 = {rowSums,   packPanel,    codeSums,     unpackPanel, manyTokens,
                                          fewTokens, panelToFloat, codesToFloat, scaleToFloat};

}  // namespace distillix::cpu
#endif
