// SPDX-License-Identifier: Apache-2.0
// How a plain (not ternary) matrix is kept where nothing trains it: the head and the embedding of a model that only
// answers. One layout for every processor; a device with other wishes may keep another.
//
// A table of `out` rows of `in` numbers; rows are padded to `columns`, the next multiple of 32:
//
//   F16   [out][columns] IEEE half
//   I8    [out rounded up to 16] float32 scale, then [out][columns] int8; value = code·scale, scale = max|w| / 127
//   I6    [out][columns / 32] blocks of 26 bytes: half scale, 16 bytes of low nibbles, 8 bytes of high pairs
//   I4    [out][columns / 32] blocks of 18 bytes: half scale, 16 bytes of nibbles
//
// In a block, column j < 16 has the low nibble of byte j, column j + 16 the high one; the high pair of column j stands
// in byte j % 8 at bit 2·(j / 8). value = (code - 8)·scale, or (code - 32)·scale. The scale is such that the weight of
// largest magnitude is exactly the lowest code: all codes are used, on one side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace distillix {

enum class WeightFormat : std::uint8_t {
    Latent,  ///< float32, as trained
    F16,
    I8,  ///< 8 bits a weight, one scale a row
    I6,  ///< 6.5 bits
    I4,  ///< 4.5 bits
};

/// "float32", "float16", "int8", "int6", "int4".
const char* weightFormatName(WeightFormat format);
/// InvalidArgument names those there are.
Result<WeightFormat> weightFormatFromName(const std::string& name);

/// Addresses in a table. Not for Latent.
struct WeightTable {
    WeightTable(WeightFormat f, int inColumns, int outRows, const std::byte* memory);
    static std::size_t bytes(WeightFormat format, int in, int out);

    const std::byte* row(std::int64_t index) const { return rows + static_cast<std::size_t>(index) * rowBytes; }
    /// Row `index` as float32, `in` of them.
    void dequantize(std::int64_t index, float* values) const;
    /// Writes row `index`. The memory given must be writable.
    void quantize(std::int64_t index, const float* values) const;

    WeightFormat format;
    int in, out;
    int columns;            ///< in, padded to 32
    std::size_t rowBytes;   ///< from one row to the next
    const float* scales;    ///< [out], I8 only
    const std::byte* rows;  ///< the first row
};

}  // namespace distillix
