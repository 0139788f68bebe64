// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "core/bench/peak_loops.h"

namespace distillix::peaks {

// Ten chains: latency (4 or 5 cycles) times two instructions a cycle.
double fmaAvx2(long rounds, float* sink) {
    __m256 a[10];
    const __m256 x = _mm256_set1_ps(sink[0]), y = _mm256_set1_ps(sink[1]);
#pragma GCC unroll 10
    for (int i = 0; i < 10; ++i) a[i] = _mm256_set1_ps(static_cast<float>(i));
    for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 10
        for (int i = 0; i < 10; ++i) a[i] = _mm256_fmadd_ps(a[i], x, y);
        __asm__ volatile(""
                         : "+x"(a[0]), "+x"(a[1]), "+x"(a[2]), "+x"(a[3]), "+x"(a[4]), "+x"(a[5]), "+x"(a[6]),
                           "+x"(a[7]), "+x"(a[8]), "+x"(a[9]));
    }
#pragma GCC unroll 10
    for (int i = 1; i < 10; ++i) a[0] = _mm256_add_ps(a[0], a[i]);
    sink[2] = _mm256_cvtss_f32(a[0]);
    return static_cast<double>(rounds) * 10 * 16;
}

// vpmaddubsw and the sum of 16 bits: products of ternary weights widen so seldom that it does not count.
double int8Avx2(long rounds, float* sink) {
    __m256i a[6];
    const __m256i x = _mm256_set1_epi8(static_cast<char>(sink[0])), y = _mm256_set1_epi8(static_cast<char>(sink[1]));
#pragma GCC unroll 10
    for (int i = 0; i < 6; ++i) a[i] = _mm256_set1_epi32(i);
    for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) {
            __m256i pairs = _mm256_maddubs_epi16(x, y);
            __asm__ volatile("" : "+x"(pairs));
            a[i] = _mm256_add_epi16(a[i], pairs);
        }
    }
#pragma GCC unroll 10
    for (int i = 1; i < 6; ++i) a[0] = _mm256_add_epi32(a[0], a[i]);
    sink[2] = static_cast<float>(_mm256_cvtsi256_si32(a[0]));
    return static_cast<double>(rounds) * 6 * 64;
}

// vpmaddwd and the sum of 32 bits.
double fixedAvx2(long rounds, float* sink) {
    __m256i a[8];
    const __m256i x = _mm256_set1_epi16(static_cast<short>(sink[0])),
                  y = _mm256_set1_epi16(static_cast<short>(sink[1]));
#pragma GCC unroll 10
    for (int i = 0; i < 8; ++i) a[i] = _mm256_set1_epi32(i);
    for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i) {
            __m256i pairs = _mm256_madd_epi16(x, y);
            __asm__ volatile("" : "+x"(pairs));
            a[i] = _mm256_add_epi32(a[i], pairs);
        }
    }
#pragma GCC unroll 10
    for (int i = 1; i < 8; ++i) a[0] = _mm256_add_epi32(a[0], a[i]);
    sink[2] = static_cast<float>(_mm256_cvtsi256_si32(a[0]));
    return static_cast<double>(rounds) * 8 * 32;
}

}  // namespace distillix::peaks
