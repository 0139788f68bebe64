// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "core/backend/cpu/table_kernels.h"
#include "core/tensor/dtype.h"

namespace distillix::cpu {

namespace {

float half(const void* p) {
    Float16 value;
    std::memcpy(&value.bits, p, 2);
    return static_cast<float>(value);
}

void i8(const std::int8_t* rows, const float* scales, std::int64_t columns, std::int64_t first, std::int64_t last,
        const TableInput& x, float* out) {
    for (std::int64_t r = first; r < last; ++r) {
        std::int32_t sum = 0;
        for (std::int64_t c = 0; c < columns; ++c) sum += std::int32_t{rows[r * columns + c]} * x.codes[c];
        out[r] = static_cast<float>(sum) * (scales[r] * x.scale);
    }
}

void f16(const std::uint16_t* rows, std::int64_t columns, std::int64_t first, std::int64_t last, const TableInput& x,
         float* out) {
    for (std::int64_t r = first; r < last; ++r) {
        float sums[32] = {};
        for (std::int64_t c = 0; c < columns; ++c) sums[c % 32] += half(rows + r * columns + c) * x.values[c];
        float sum = 0;
        for (const float s : sums) sum += s;
        out[r] = sum;
    }
}

template <bool kSix>
void blocks(const std::uint8_t* rows, std::int64_t columns, std::int64_t first, std::int64_t last, const TableInput& x,
            float* out) {
    constexpr std::int64_t kBytes = kSix ? 26 : 18;
    for (std::int64_t r = first; r < last; ++r) {
        const std::uint8_t* block = rows + r * (columns / 32 * kBytes);
        float total = 0;
        for (std::int64_t c = 0; c < columns; c += 32, block += kBytes) {
            std::int32_t sum = 0;
            for (int j = 0; j < 32; ++j) {
                int code = block[2 + j % 16] >> (j < 16 ? 0 : 4) & 15;
                if (kSix) code |= (block[18 + j % 8] >> (2 * (j / 8)) & 3) << 4;
                sum += (code - (kSix ? 32 : 8)) * x.codes[c + j];
            }
            total += static_cast<float>(sum) * half(block);
        }
        out[r] = total * x.scale;
    }
}

}  // namespace

const TableKernels kTableKernelsScalar = {i8, f16, blocks<true>, blocks<false>};

}  // namespace distillix::cpu
