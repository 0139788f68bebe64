// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "core/bench/peak_loops.h"

#define DISTILLIX_KEEP(a)                                                                                              \
    __asm__ volatile(""                                                                                                \
                     : "+v"(a[0]), "+v"(a[1]), "+v"(a[2]), "+v"(a[3]), "+v"(a[4]), "+v"(a[5]), "+v"(a[6]), "+v"(a[7]), \
                       "+v"(a[8]), "+v"(a[9]))

namespace distillix::peaks {

double fmaAvx512(long rounds, float* sink) {
    __m512 a[10];
    const __m512 x = _mm512_set1_ps(sink[0]), y = _mm512_set1_ps(sink[1]);
#pragma GCC unroll 10
    for (int i = 0; i < 10; ++i) a[i] = _mm512_set1_ps(static_cast<float>(i));
    for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 10
        for (int i = 0; i < 10; ++i) a[i] = _mm512_fmadd_ps(a[i], x, y);
        DISTILLIX_KEEP(a);
    }
#pragma GCC unroll 10
    for (int i = 1; i < 10; ++i) a[0] = _mm512_add_ps(a[0], a[i]);
    sink[2] = _mm512_cvtss_f32(a[0]);
    return static_cast<double>(rounds) * 10 * 32;
}

double int8Avx512(long rounds, float* sink) {
    __m512i a[10];
    const __m512i x = _mm512_set1_epi8(static_cast<char>(sink[0])), y = _mm512_set1_epi8(static_cast<char>(sink[1]));
#pragma GCC unroll 10
    for (int i = 0; i < 10; ++i) a[i] = _mm512_set1_epi32(i);
    for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 10
        for (int i = 0; i < 10; ++i) a[i] = _mm512_dpbusd_epi32(a[i], x, y);
        DISTILLIX_KEEP(a);
    }
#pragma GCC unroll 10
    for (int i = 1; i < 10; ++i) a[0] = _mm512_add_epi32(a[0], a[i]);
    sink[2] = static_cast<float>(_mm512_cvtsi512_si32(a[0]));
    return static_cast<double>(rounds) * 10 * 128;
}

#pragma GCC push_options
#pragma GCC target("avx512bf16")
double bf16Avx512(long rounds, float* sink) {
    __m512 a[10];
    const __m512bh x = _mm512_cvtne2ps_pbh(_mm512_set1_ps(sink[0]), _mm512_set1_ps(sink[0]));
    const __m512bh y = _mm512_cvtne2ps_pbh(_mm512_set1_ps(sink[1]), _mm512_set1_ps(sink[1]));
#pragma GCC unroll 10
    for (int i = 0; i < 10; ++i) a[i] = _mm512_set1_ps(static_cast<float>(i));
    for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 10
        for (int i = 0; i < 10; ++i) a[i] = _mm512_dpbf16_ps(a[i], x, y);
        DISTILLIX_KEEP(a);
    }
#pragma GCC unroll 10
    for (int i = 1; i < 10; ++i) a[0] = _mm512_add_ps(a[0], a[i]);
    sink[2] = _mm512_cvtss_f32(a[0]);
    return static_cast<double>(rounds) * 10 * 64;
}
#pragma GCC pop_options

}  // namespace distillix::peaks
