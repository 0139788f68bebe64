// SPDX-License-Identifier: Apache-2.0
// The loops over quantized tables, one table a level.
//
// The activations are integers of 16 bits, not of 8: vpmaddwd multiplies and adds pairs without saturating, and what
// they lose, one part in 10,000, is nothing beside the weights' rounding. With 8 bits the head's error would be the
// activations', whose largest value may be ten times their mean.
#pragma once

#include <cstdint>

namespace distillix::cpu {

/// One token's activations, [columns] each, columns past `in` zero.
struct TableInput {
    const std::int16_t* codes;
    const float* values;  ///< F16 tables read these
    float scale;          ///< value = code·scale
};

/// Rows [first, last) of a table times one token: out[row].
struct TableKernels {
    void (*i8)(const std::int8_t* rows, const float* scales, std::int64_t columns, std::int64_t first,
               std::int64_t last, const TableInput& x, float* out);
    void (*f16)(const std::uint16_t* rows, std::int64_t columns, std::int64_t first, std::int64_t last,
                const TableInput& x, float* out);
    void (*i6)(const std::uint8_t* rows, std::int64_t columns, std::int64_t first, std::int64_t last,
               const TableInput& x, float* out);
    void (*i4)(const std::uint8_t* rows, std::int64_t columns, std::int64_t first, std::int64_t last,
               const TableInput& x, float* out);
};

extern const TableKernels kTableKernelsScalar, kTableKernelsAvx2, kTableKernelsAvx512;

}  // namespace distillix::cpu
