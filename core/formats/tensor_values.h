// SPDX-License-Identifier: Apache-2.0
// What every reader of tensors does with their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor/dtype.h"

namespace distillix {

/// "[2, 3]"
std::string shapeText(const std::vector<std::int64_t>& shape);

/// The product of the extents, or nothing where one is negative or the product overflows 63 bits.
std::optional<std::uint64_t> elementsOf(const std::vector<std::int64_t>& shape);

/// Why a tensor may not be called this; nothing if it may.
std::optional<std::string> tensorNameProblem(const std::string& name);

/// Element `index` of little-endian values of a floating-point type (F32, F16, BF16, F64), perhaps unaligned.
float floatAt(DType type, const std::byte* bytes, std::uint64_t index);
constexpr bool isFloating(DType type) {
    return type == DType::F32 || type == DType::F16 || type == DType::BF16 || type == DType::F64;
}
/// All of them; `to` has as many elements as `bytes` holds.
void floatsFrom(DType type, std::span<const std::byte> bytes, std::span<float> to);
/// The other way, for F32, F16 and BF16: rounded to nearest even.
std::vector<std::byte> bytesFromFloats(DType type, std::span<const float> values);

}  // namespace distillix
