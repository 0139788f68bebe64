// SPDX-License-Identifier: Apache-2.0
// The element types of GGUF tensors that this program reads and writes. A type packs `blockElements` neighbouring
// weights of one row into one block of bytes; gguf.md beside this file draws their bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace distillix {

/// The numbers are ggml's, as they stand in the file.
enum class GgmlType : std::uint32_t {
    F32 = 0,
    F16 = 1,
    Q8_0 = 8,   ///< 32 weights: half d, 32 x int8: 8.5 bits each
    Q6_K = 14,  ///< 256 weights: 6-bit codes, an int8 scale for every 16, half d: 6.5625 bits each
    BF16 = 30,
    TQ1_0 = 34,  ///< 256 ternary weights: five in a byte, half d: 1.6875 bits each
    TQ2_0 = 35   ///< 256 ternary weights: two bits each, half d: 2.0625 bits each
};

struct GgmlTypeFacts {
    GgmlType type;
    const char* name;   ///< "TQ2_0"
    int blockElements;  ///< along a row; a row must be a multiple of it
    int blockBytes;
    std::uint32_t fileType;  ///< general.file_type of a file whose matrices are mostly this
};

/// Every type that is read and written.
std::span<const GgmlTypeFacts> ggmlTypes();
const GgmlTypeFacts& ggmlTypeFacts(GgmlType type);
/// Null for a number that is none of the enum's.
const GgmlTypeFacts* findGgmlType(std::uint32_t number);
/// By name, in any case; InvalidArgument names those there are.
Result<GgmlType> ggmlTypeFromName(const std::string& name);
/// Name of any of ggml's types, for telling people what is not read; "type 99" for an unknown number.
std::string ggmlTypeName(std::uint32_t number);

/// Bytes of `rows` rows of `columns` weights; `columns` must be a multiple of the block.
std::size_t ggmlBytes(GgmlType type, std::size_t rows, std::size_t columns);

/// Encodes whole blocks: `values` holds a multiple of blockElements, `out` room for ggmlBytes(type, 1, values.size()).
/// TQ1_0 and TQ2_0 take the block's largest magnitude for its scale and round value / scale to -1, 0, 1: what is given
/// must be ternary times a scale already.
void ggmlEncode(GgmlType type, std::span<const float> values, std::byte* out);
/// Decodes as many values as `out` holds (a multiple of blockElements).
void ggmlDecode(GgmlType type, const std::byte* blocks, std::span<float> out);

}  // namespace distillix
