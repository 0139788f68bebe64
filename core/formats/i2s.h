// SPDX-License-Identifier: Apache-2.0
// "i2_s": ternary weights, four in a byte, in a safetensors file; the bytes are described in i2s.md beside this file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/formats/safetensors.h"
#include "core/quant/latent.h"

namespace distillix {

/// ceil(n / 4) bytes for n codes; the last byte is filled up with zeros (the code 1).
std::vector<std::byte> i2sPack(std::span<const std::int8_t> codes);
/// `count` codes. InvalidData: a length that does not fit, the pattern 3, or padding that is no zero.
Result<std::vector<std::int8_t>> i2sUnpack(std::span<const std::byte> bytes, std::size_t count);

/// Whether a tensor of the file is such a matrix's bytes: "X.weight" of type U8 with "X_shape" or "X_scale" beside it,
/// or of a projection's name.
bool isI2s(const SafetensorsFile& file, const SafetensorsEntry& entry);
/// Whether this tensor is the shape or the scale of one.
bool isI2sCompanion(const SafetensorsFile& file, const SafetensorsEntry& entry);
/// [rows, cols] of "X.weight" by its "X_shape". InvalidData and NotFound name file and tensor.
Result<std::vector<std::int64_t>> i2sShape(const SafetensorsFile& file, const SafetensorsEntry& entry);
/// The matrix, checked whole.
Result<TernaryMatrix> i2sMatrix(const SafetensorsFile& file, const SafetensorsEntry& entry);

}  // namespace distillix
