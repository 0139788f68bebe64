// SPDX-License-Identifier: Apache-2.0
// Quantized tables for AVX-512 with VNNI: vpdpwssd adds 32 products of 16 bits at once, so that a token's product waits
// for memory rather than for unpacking.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/backend/cpu/table_blocks.inc"
#include "core/backend/cpu/table_kernels.h"

namespace distillix::cpu {

namespace {

constexpr std::int64_t kAhead = 8192;  // as the ternary products ask (linear_kernels_avx512.cpp)

inline void askFor(const void* line) {
    _mm_prefetch(static_cast<const char*>(line) + kAhead, _MM_HINT_T0);
}

inline __m512i wide(const std::int8_t* p) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

inline __m512i sumOfRow(const std::int8_t* w, std::int64_t columns, const std::int16_t* codes) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    std::int64_t c = 0;
    for (; c + 64 <= columns; c += 64) {
        askFor(w + c);
        s0 = _mm512_dpwssd_epi32(s0, wide(w + c), _mm512_loadu_si512(codes + c));
        s1 = _mm512_dpwssd_epi32(s1, wide(w + c + 32), _mm512_loadu_si512(codes + c + 32));
    }
    if (c < columns) s0 = _mm512_dpwssd_epi32(s0, wide(w + c), _mm512_loadu_si512(codes + c));
    return _mm512_add_epi32(s0, s1);
}

void i8(const std::int8_t* rows, const float* scales, std::int64_t columns, std::int64_t first, std::int64_t last,
        const TableInput& x, float* out) {
    for (std::int64_t r = first; r < last; ++r)
        out[r] = static_cast<float>(_mm512_reduce_add_epi32(sumOfRow(rows + r * columns, columns, x.codes))) *
                 (scales[r] * x.scale);
}

void f16(const std::uint16_t* rows, std::int64_t columns, std::int64_t first, std::int64_t last, const TableInput& x,
         float* out) {
    for (std::int64_t r = first; r < last; ++r) {
        const std::uint16_t* w = rows + r * columns;
        __m512 s0 = _mm512_setzero_ps(), s1 = s0;
        for (std::int64_t c = 0; c < columns; c += 32) {
            askFor(w + c);
            const auto values = [&](std::int64_t at) {
                return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + at)));
            };
            s0 = _mm512_fmadd_ps(values(c), _mm512_loadu_ps(x.values + c), s0);
            s1 = _mm512_fmadd_ps(values(c + 16), _mm512_loadu_ps(x.values + c + 16), s1);
        }
        out[r] = _mm512_reduce_add_ps(_mm512_add_ps(s0, s1));
    }
}

template <bool kSix>
void blocks(const std::uint8_t* rows, std::int64_t columns, std::int64_t first, std::int64_t last, const TableInput& x,
            float* out) {
    constexpr std::int64_t kBytes = kBlockBytes<kSix>;
    const std::int64_t rowBytes = columns / 32 * kBytes;
    for (std::int64_t r = first; r < last; ++r) {
        const std::uint8_t* block = rows + r * rowBytes;
        __m512 t0 = _mm512_setzero_ps(), t1 = t0;
        const auto add = [&](__m512& total, const std::uint8_t* at, std::int64_t c) {
            const __m512i sum = _mm512_dpwssd_epi32(_mm512_setzero_si512(), _mm512_cvtepi8_epi16(codesOf<kSix>(at)),
                                                    _mm512_loadu_si512(x.codes + c));
            total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(scaleOf(at)), total);
        };
        std::int64_t c = 0;
        for (; c + 64 <= columns; c += 64, block += 2 * kBytes) {
            askFor(block);
            add(t0, block, c);
            add(t1, block + kBytes, c + 32);
        }
        if (c < columns) add(t0, block, c);
        out[r] = _mm512_reduce_add_ps(_mm512_add_ps(t0, t1)) * x.scale;
    }
}

}  // namespace

const TableKernels kTableKernelsAvx512 = {i8, f16, blocks<true>, blocks<false>};

}  // namespace distillix::cpu
#endif
