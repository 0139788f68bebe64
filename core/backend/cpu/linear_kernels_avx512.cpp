// SPDX-License-Identifier: Apache-2.0
// Ternary products by vpdpbusd. Registers: 6 tokens x 4 vectors of 16 rows are 24 accumulators, 4 hold weights, 1 a
// broadcast activation. A step of four columns is 24 vpdpbusd on 10 loads, so that loads never bind, even where a
// 512-bit load takes a cycle of its own.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/groups.inc"
#include "core/backend/cpu/linear_kernels.h"

namespace distillix::cpu {

namespace {

inline __mmask16 maskOf(std::int64_t count) {
    return count >= 16  ? static_cast<__mmask16>(0xffff)
           : count <= 0 ? static_cast<__mmask16>(0)
                        : static_cast<__mmask16>((1u << count) - 1);
}

void rowSums(const float* w, std::int64_t count, double* magnitudes, double* squares) {
    __m512d low = _mm512_setzero_pd(), high = low, squaresLow = low, squaresHigh = low;
    for (std::int64_t i = 0; i < count; i += 16) {
        const __m512 v = _mm512_maskz_loadu_ps(maskOf(count - i), w + i);
        const __m512d a = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
        const __m512d b = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
        low = _mm512_add_pd(low, _mm512_abs_pd(a));
        high = _mm512_add_pd(high, _mm512_abs_pd(b));
        squaresLow = _mm512_fmadd_pd(a, a, squaresLow);
        squaresHigh = _mm512_fmadd_pd(b, b, squaresHigh);
    }
    // Lane j takes lane j+8, then j+4, j+2, j+1.
    const __m512d eight = _mm512_add_pd(low, high);
    const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    *magnitudes = _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
    *squares = _mm512_reduce_add_pd(_mm512_add_pd(squaresLow, squaresHigh));
}

void packPanel(const float* w, std::int64_t in, int rows, const float* gamma, bool first, std::uint32_t* panel,
               std::int32_t* zeros, std::int32_t* flips) {
    const std::int64_t blocks = (in + kPanelColumns - 1) / kPanelColumns * (kPanelColumns / 16);
    const __m128i shifts = _mm_setr_epi32(0, 2, 4, 6);
    for (int r = 0; r < rows; ++r) {
        const float* row = w + r * in;
        const __m512 scale = _mm512_set1_ps(gamma[r]);
        const bool usable = gamma[r] > 0;
        std::int32_t zeroCount = 0, flipCount = 0;
        for (std::int64_t block = 0; block < blocks; ++block) {
            const __mmask16 valid = maskOf(in - block * 16);
            const __m512 q = _mm512_div_ps(_mm512_maskz_loadu_ps(valid, row + block * 16), scale);
            __mmask16 plus = _mm512_cmp_ps_mask(q, _mm512_set1_ps(0.5f), _CMP_GT_OQ);
            __mmask16 minus = _mm512_cmp_ps_mask(q, _mm512_set1_ps(-0.5f), _CMP_LT_OQ);
            if (!usable) plus = minus = 0;
            __m128i codes = _mm_mask_blend_epi8(plus, _mm_set1_epi8(1), _mm_set1_epi8(2));
            codes = _mm_mask_blend_epi8(minus, codes, _mm_setzero_si128());
            codes = _mm_sllv_epi32(codes, shifts);
            codes = _mm_or_si128(codes, _mm_shuffle_epi32(codes, 0x4e));
            codes = _mm_or_si128(codes, _mm_shuffle_epi32(codes, 0xb1));
            const std::uint32_t word = static_cast<std::uint32_t>(_mm_cvtsi128_si32(codes));
            zeroCount += __builtin_popcount(static_cast<unsigned>(valid) & ~static_cast<unsigned>(plus | minus));
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

void codeSums(const std::int8_t* codes, std::int64_t rows, std::int64_t stride, std::int64_t in, std::int32_t* sums) {
    const __m512i ones = _mm512_set1_epi8(1);
    for (std::int64_t r = 0; r < rows; ++r) {
        __m512i sum = _mm512_setzero_si512();
        for (std::int64_t i = 0; i < in; i += 64) {
            const std::int64_t left = in - i;
            const __mmask64 valid = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
            sum = _mm512_dpbusd_epi32(sum, ones, _mm512_maskz_loadu_epi8(valid, codes + r * stride + i));
        }
        sums[r] = _mm512_reduce_add_epi32(sum);
    }
}

void unpackPanel(const std::uint32_t* panel, std::int64_t columns, std::uint8_t* unpacked) {
    const __m512i three = _mm512_set1_epi8(3);
    for (std::int64_t block = 0; block < columns / 16; ++block) {
        std::uint8_t* out = unpacked + block * 16 * kPanelRows;
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) {
            const __m512i words = _mm512_loadu_si512(panel + block * kPanelRows + v * 16);
            _mm512_storeu_si512(out + v * 64, _mm512_and_si512(words, three));
            _mm512_storeu_si512(out + 256 + v * 64, _mm512_and_si512(_mm512_srli_epi32(words, 2), three));
            _mm512_storeu_si512(out + 512 + v * 64, _mm512_and_si512(_mm512_srli_epi32(words, 4), three));
            _mm512_storeu_si512(out + 768 + v * 64, _mm512_and_si512(_mm512_srli_epi32(words, 6), three));
        }
    }
}

inline __m512i broadcastFour(const std::int8_t* codes) {
    std::int32_t four;
    __builtin_memcpy(&four, codes, 4);
    return _mm512_set1_epi32(four);
}

inline void storeSums(const TernaryTile& tile, int token, int v, __m512i sums) {
    const __mmask16 valid = tile.rows > v * 16 ? maskOf(tile.rows - v * 16) : static_cast<__mmask16>(0);
    if (!valid) return;
    const __m512 scale =
        _mm512_mul_ps(_mm512_maskz_loadu_ps(valid, tile.gamma + v * 16), _mm512_set1_ps(tile.alpha[token] / 127.0f));
    __m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale);
    const std::int64_t at = token * tile.outStride + v * 16;
    if (tile.residual) y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(valid, tile.residual + at));
    _mm512_mask_storeu_ps(tile.out + at, valid, y);
}

// The sums of one token over the 64 rows. Named members, not an array: g++ 12 keeps arrays of vectors in memory.
struct Sums {
    __m512i s0, s1, s2, s3;
};
struct Weights {
    __m512i w0, w1, w2, w3;
};

[[gnu::always_inline]] inline Sums startOf(const TernaryTile& tile, int token) {
    const __m512i start = _mm512_set1_epi32(-tile.codeSums[token]);
    return {start, start, start, start};
}

/// _mm512_dpbusd_epi32, but with the sum kept in its register: g++ 12 copies each result and stores the copy on the
/// stack within the loop, which more than halves the speed.
[[gnu::always_inline]] inline void multiplyAdd(__m512i& sum, __m512i weights, __m512i codes) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(weights), "v"(codes));
}

[[gnu::always_inline]] inline void addProducts(Sums& sums, const Weights& w, const std::int8_t* codes) {
    const __m512i four = broadcastFour(codes);
    multiplyAdd(sums.s0, w.w0, four);
    multiplyAdd(sums.s1, w.w1, four);
    multiplyAdd(sums.s2, w.w2, four);
    multiplyAdd(sums.s3, w.w3, four);
}

[[gnu::always_inline]] inline void storeAll(const TernaryTile& tile, int token, const Sums& sums) {
    storeSums(tile, token, 0, sums.s0);
    storeSums(tile, token, 1, sums.s1);
    storeSums(tile, token, 2, sums.s2);
    storeSums(tile, token, 3, sums.s3);
}

/// Tokens first .. first + Tokens - 1 (at most six) times the panel.
template <int Tokens>
void tokensTimesPanel(const TernaryTile& tile, int first) {
    const auto tokenAt = [&](int t) { return first + (t < Tokens ? t : 0); };
    const auto codesOf = [&](int t) { return tile.codes + tokenAt(t) * tile.codesStride; };
    const std::int8_t *x0 = codesOf(0), *x1 = codesOf(1), *x2 = codesOf(2), *x3 = codesOf(3), *x4 = codesOf(4),
                      *x5 = codesOf(5);
    Sums t0 = startOf(tile, tokenAt(0)), t1 = startOf(tile, tokenAt(1)), t2 = startOf(tile, tokenAt(2));
    Sums t3 = startOf(tile, tokenAt(3)), t4 = startOf(tile, tokenAt(4)), t5 = startOf(tile, tokenAt(5));
    const std::uint8_t* at = tile.unpacked;
#pragma GCC unroll 4
    for (std::int64_t c = 0; c < tile.columns; c += 4, at += 4 * kPanelRows) {
        const Weights w = {_mm512_loadu_si512(at), _mm512_loadu_si512(at + 64), _mm512_loadu_si512(at + 128),
                           _mm512_loadu_si512(at + 192)};
        addProducts(t0, w, x0 + c);
        if constexpr (Tokens > 1) addProducts(t1, w, x1 + c);
        if constexpr (Tokens > 2) addProducts(t2, w, x2 + c);
        if constexpr (Tokens > 3) addProducts(t3, w, x3 + c);
        if constexpr (Tokens > 4) addProducts(t4, w, x4 + c);
        if constexpr (Tokens > 5) addProducts(t5, w, x5 + c);
    }
    storeAll(tile, first, t0);
    if constexpr (Tokens > 1) storeAll(tile, first + 1, t1);
    if constexpr (Tokens > 2) storeAll(tile, first + 2, t2);
    if constexpr (Tokens > 3) storeAll(tile, first + 3, t3);
    if constexpr (Tokens > 4) storeAll(tile, first + 4, t4);
    if constexpr (Tokens > 5) storeAll(tile, first + 5, t5);
}

void manyTokens(const TernaryTile& tile) {
    inGroups<6>(tile.tokens,
                [&](auto group, std::int64_t first) { tokensTimesPanel<group.size>(tile, static_cast<int>(first)); });
}

/// Columns 4·Step .. of each group of 16, unpacked in registers.
template <int Step>
[[gnu::always_inline]] inline Weights unpackStep(const Weights& packed) {
    const __m512i three = _mm512_set1_epi8(3);
    return {_mm512_and_si512(_mm512_srli_epi32(packed.w0, 2 * Step), three),
            _mm512_and_si512(_mm512_srli_epi32(packed.w1, 2 * Step), three),
            _mm512_and_si512(_mm512_srli_epi32(packed.w2, 2 * Step), three),
            _mm512_and_si512(_mm512_srli_epi32(packed.w3, 2 * Step), three)};
}

// Panels lie one behind the other, and each line is asked for so many bytes before it is needed, across the ends of
// panels and of the pool's chunks. On a Zen 5 whose memory gives two cores 42 GB/s, one core went from 690 to 760
// tokens a second and two from 910 to 1,020 (the 100M preset, an int8 head; medians of five in turn); 4 and 16 KB lay
// within their spread of that.
constexpr std::int64_t kAhead = 8192;

template <int Tokens>
void fewTokensTimesPanel(const TernaryTile& tile) {
    const auto codesOf = [&](int t) { return tile.codes + (t < Tokens ? t : 0) * tile.codesStride; };
    const std::int8_t *x0 = codesOf(0), *x1 = codesOf(1), *x2 = codesOf(2), *x3 = codesOf(3);
    Sums t0 = startOf(tile, 0), t1 = startOf(tile, Tokens > 1 ? 1 : 0);
    Sums t2 = startOf(tile, Tokens > 2 ? 2 : 0), t3 = startOf(tile, Tokens > 3 ? 3 : 0);
    const auto add = [&](const Weights& w, std::int64_t c) {
        addProducts(t0, w, x0 + c);
        if constexpr (Tokens > 1) addProducts(t1, w, x1 + c);
        if constexpr (Tokens > 2) addProducts(t2, w, x2 + c);
        if constexpr (Tokens > 3) addProducts(t3, w, x3 + c);
    };
    const std::uint32_t* words = tile.panel;
    for (std::int64_t c = 0; c < tile.columns; c += 16, words += kPanelRows) {
        for (int line = 0; line < 64; line += 16)
            _mm_prefetch(reinterpret_cast<const char*>(words + line) + kAhead, _MM_HINT_T0);
        const Weights packed = {_mm512_loadu_si512(words), _mm512_loadu_si512(words + 16),
                                _mm512_loadu_si512(words + 32), _mm512_loadu_si512(words + 48)};
        add(unpackStep<0>(packed), c);
        add(unpackStep<1>(packed), c + 4);
        add(unpackStep<2>(packed), c + 8);
        add(unpackStep<3>(packed), c + 12);
    }
    storeAll(tile, 0, t0);
    if constexpr (Tokens > 1) storeAll(tile, 1, t1);
    if constexpr (Tokens > 2) storeAll(tile, 2, t2);
    if constexpr (Tokens > 3) storeAll(tile, 3, t3);
}

void fewTokens(const TernaryTile& tile) {
    oneGroup<4>(0, tile.tokens, [&](auto group, std::int64_t) { fewTokensTimesPanel<group.size>(tile); });
}

/// The sixteen codes of one word as 32-bit numbers w + 1.
inline __m512i codesOfWord(std::uint32_t word) {
    // Column c lies at bit (c % 4)·8 + (c / 4)·2.
    const __m512i shifts = _mm512_setr_epi32(0, 8, 16, 24, 2, 10, 18, 26, 4, 12, 20, 28, 6, 14, 22, 30);
    return _mm512_and_si512(_mm512_srlv_epi32(_mm512_set1_epi32(static_cast<int>(word)), shifts), _mm512_set1_epi32(3));
}

void panelToFloat(const std::uint32_t* panel, std::int64_t in, int rows, float* out, std::int64_t stride) {
    const __m512i one = _mm512_set1_epi32(1);
    for (int r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < in; c += 16) {
            const __m512i codes = _mm512_sub_epi32(codesOfWord(panel[c / 16 * kPanelRows + r]), one);
            _mm512_mask_storeu_ps(out + r * stride + c, maskOf(in - c), _mm512_cvtepi32_ps(codes));
        }
    }
}

void codesToFloat(const std::int8_t* codes, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; i += 16) {
        const __mmask16 valid = maskOf(count - i);
        const __m512i wide = _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(valid, codes + i));
        _mm512_mask_storeu_ps(out + i, valid, _mm512_cvtepi32_ps(wide));
    }
}

inline __m512 scaled(const float* in, const float* scales, __m512 scale, std::int64_t i, __mmask16 valid) {
    const __m512 factor = scales ? _mm512_mul_ps(_mm512_maskz_loadu_ps(valid, scales + i), scale) : scale;
    return _mm512_mul_ps(_mm512_maskz_loadu_ps(valid, in + i), factor);
}

void scaleToFloat(const float* in, const float* scales, float scale, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; i += 16) {
        const __mmask16 valid = maskOf(count - i);
        _mm512_mask_storeu_ps(out + i, valid, scaled(in, scales, _mm512_set1_ps(scale), i, valid));
    }
}

}  // namespace

const LinearKernels kLinearKernelsAvx512 = {rowSums,   packPanel,    codeSums,     unpackPanel, manyTokens,
                                            fewTokens, panelToFloat, codesToFloat, scaleToFloat};
const LinearKernels kLinearKernelsAmx = {rowSums,   packPanel,    codeSums,     unpackPanel, ternaryTileAmx,
                                         fewTokens, panelToFloat, codesToFloat, scaleToFloat};

}  // namespace distillix::cpu
#endif
