// SPDX-License-Identifier: Apache-2.0
// The kernels of quantized tables (core/quant/weight_format.h, whose layout they keep): the head and the embedding of a
// model that only answers. Everything is queued and reads its arguments before the call returns.
#pragma once

#include "core/backend/ops.h"

namespace distillix::cuda {

using StreamHandle = void*;  // as portable.h has it

/// A table in device memory: WeightTable's figures.
struct DeviceTable {
    WeightFormat format;
    int in, out, columns;  // columns: `in` padded to 32
    int rowBytes;
    const float* scales;  // [out], I8 only
    unsigned char* rows;
};
DeviceTable deviceTable(const LinearWeight& weight);

/// Tokens of a product as its kernel reads them: value = (256·high + low)·scale, a 16-bit integer in two int8, so that
/// dp4a serves; and as they are, for tables of halves.
struct TableTokens {
    std::int8_t* high;   // [rows, columns]
    std::int8_t* low;    // [rows, columns]
    std::int32_t* sums;  // [rows, columns/32] of 256·high + low over each block
    float* values;       // [rows, columns]
    float* scales;       // [rows]
};
inline constexpr int kTableTokens = 8;  ///< rows of one product

/// Quantizes latent [out, in] as WeightTable::quantize does, bit for bit.
Result<void> launchTableQuantize(const float* latent, const DeviceTable& table, StreamHandle stream);
/// Rows first .. first + count - 1 as [count, in] of a type.
Result<void> launchTableDequantize(const DeviceTable& table, int first, int count, DType type, void* out,
                                   StreamHandle stream);
/// out[m] = row ids[m]; an id outside the table gives NaNs.
Result<void> launchTableEmbed(const DeviceTable& table, const std::int32_t* ids, int rows, float* out,
                              StreamHandle stream);
/// x [rows, in] of a type to tokens.
Result<void> launchTableTokens(const void* x, DType type, int rows, int in, int columns, const TableTokens& tokens,
                               StreamHandle stream);
/// logits[rows, out] = cap(x·Wᵀ), up to kTableTokens rows.
Result<void> launchTableProduct(const DeviceTable& table, const TableTokens& tokens, int rows, float softCap,
                                float* logits, StreamHandle stream);

}  // namespace distillix::cuda
