// SPDX-License-Identifier: Apache-2.0
// An int8 table for AVX-512 with VNNI: vpdpwssd adds 32 products of 16 bits at once, and a token's product then waits
// for memory alone. The other forms are AVX2's.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/table_kernels.h"

namespace distillix::cpu {

namespace {

constexpr std::int64_t kAhead = 8192;  // as the ternary products ask (linear_kernels_avx512.cpp)

inline __m512i wide(const std::int8_t* p) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

inline __m512i sumOfRow(const std::int8_t* w, std::int64_t columns, const std::int16_t* codes) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    std::int64_t c = 0;
    for (; c + 64 <= columns; c += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(w + c) + kAhead, _MM_HINT_T0);
        s0 = _mm512_dpwssd_epi32(s0, wide(w + c), _mm512_loadu_si512(codes + c));
        s1 = _mm512_dpwssd_epi32(s1, wide(w + c + 32), _mm512_loadu_si512(codes + c + 32));
    }
    if (c < columns) s0 = _mm512_dpwssd_epi32(s0, wide(w + c), _mm512_loadu_si512(codes + c));
    return _mm512_add_epi32(s0, s1);
}

}  // namespace

void tableI8Avx512(const std::int8_t* rows, const float* scales, std::int64_t columns, std::int64_t first,
                   std::int64_t last, const TableInput& x, float* out) {
    for (std::int64_t r = first; r < last; ++r)
        out[r] = static_cast<float>(_mm512_reduce_add_epi32(sumOfRow(rows + r * columns, columns, x.codes))) *
                 (scales[r] * x.scale);
}

}  // namespace distillix::cpu
#endif
