// SPDX-License-Identifier: Apache-2.0
#include "core/formats/i2s.h"

#include <cmath>

#include "core/formats/tensor_values.h"

namespace distillix {
namespace {

constexpr std::string_view kWeight = ".weight";
constexpr int kZeroCode = 1;

/// "X" of "X.weight"; nothing for another name.
std::optional<std::string> stemOf(const std::string& name) {
    if (!name.ends_with(kWeight) || name.size() == kWeight.size()) return std::nullopt;
    return name.substr(0, name.size() - kWeight.size());
}

/// "X_shape", or "X.weight_shape" as some write it.
const SafetensorsEntry* beside(const SafetensorsFile& file, const SafetensorsEntry& entry, const char* what) {
    const auto stem = stemOf(entry.name);
    if (!stem) return nullptr;
    const SafetensorsEntry* found = file.find(*stem + what);
    return found ? found : file.find(entry.name + what);
}

Error bad(const SafetensorsEntry& entry, std::string what, ErrorCode code = ErrorCode::InvalidData) {
    return makeError(code, std::move(what), "tensor \"" + entry.name + "\"");
}

}  // namespace

std::vector<std::byte> i2sPack(std::span<const std::int8_t> codes) {
    std::vector<std::byte> bytes((codes.size() + 3) / 4);
    for (std::size_t i = 0; i < bytes.size() * 4; ++i) {
        const int code = i < codes.size() ? codes[i] + 1 : kZeroCode;
        bytes[i / 4] |= static_cast<std::byte>(code << (6 - 2 * (i % 4)));
    }
    return bytes;
}

Result<std::vector<std::int8_t>> i2sUnpack(std::span<const std::byte> bytes, std::size_t count) {
    if (bytes.size() != count / 4 + (count % 4 != 0))
        return makeError(ErrorCode::InvalidData, std::to_string(count) + " weights take " +
                                                     std::to_string(count / 4 + (count % 4 != 0)) + " bytes, not " +
                                                     std::to_string(bytes.size()));
    std::vector<std::int8_t> codes(count);
    for (std::size_t i = 0; i < bytes.size() * 4; ++i) {
        const int code = (std::to_integer<int>(bytes[i / 4]) >> (6 - 2 * (i % 4))) & 3;
        if (code == 3 || (i >= count && code != kZeroCode))
            return makeError(ErrorCode::InvalidData,
                             i < count ? "weight " + std::to_string(i) + " is the pattern 3, which stands for nothing"
                                       : "what fills up its last byte is no zero");
        if (i < count) codes[i] = static_cast<std::int8_t>(code - 1);
    }
    return codes;
}

bool isI2s(const SafetensorsFile& file, const SafetensorsEntry& entry) {
    if (entry.type != DType::U8 || !stemOf(entry.name)) return false;
    return beside(file, entry, "_shape") || beside(file, entry, "_scale") || entry.name.ends_with("_proj.weight");
}

bool isI2sCompanion(const SafetensorsFile& file, const SafetensorsEntry& entry) {
    for (const std::string_view what : {"_shape", "_scale"}) {
        if (!entry.name.ends_with(what)) continue;
        std::string stem = entry.name.substr(0, entry.name.size() - what.size());
        if (!stem.ends_with(kWeight)) stem += kWeight;
        if (const SafetensorsEntry* weight = file.find(stem); weight && weight->type == DType::U8) return true;
    }
    return false;
}

Result<std::vector<std::int64_t>> i2sShape(const SafetensorsFile& file, const SafetensorsEntry& entry) {
    const SafetensorsEntry* shape = beside(file, entry, "_shape");
    if (!shape) return bad(entry, "is packed, but no shape stands beside it (\"X_shape\" of \"X.weight\")");
    if (shape->elements() != 2) return bad(*shape, "must hold two numbers, rows and columns");
    const std::vector<std::int32_t> values = TRY(file.ints(shape->name));
    if (values[0] < 1 || values[1] < 1) return bad(*shape, "holds an extent below 1");
    return std::vector<std::int64_t>{values[0], values[1]};
}

Result<TernaryMatrix> i2sMatrix(const SafetensorsFile& file, const SafetensorsEntry& entry) {
    const std::vector<std::int64_t> shape = TRY(i2sShape(file, entry));
    const SafetensorsEntry* scale = beside(file, entry, "_scale");
    if (!scale)
        return bad(
            entry,
            "is packed, but no scale stands beside it (\"X_scale\" of \"X.weight\"), so its weights are lost: the "
            "original's packer writes such files; import what they were made of");
    TernaryMatrix matrix;
    // The extents are below 2^31 each, and their product is held to the bytes that are there.
    auto codes = i2sUnpack(file.bytes(entry), static_cast<std::size_t>(shape[0]) * static_cast<std::size_t>(shape[1]));
    if (!codes.ok()) return codes.takeError().at("tensor \"" + entry.name + "\"");
    matrix.codes = std::move(*codes);
    if (scale->elements() != 1 && scale->elements() != static_cast<std::uint64_t>(shape[0]))
        return bad(*scale, "must hold one number, or one for each of the " + std::to_string(shape[0]) + " rows, not " +
                               std::to_string(scale->elements()));
    matrix.gammas = TRY(file.floats(scale->name));
    for (const float gamma : matrix.gammas)
        if (!std::isfinite(gamma) || gamma < 0) return bad(*scale, "holds a scale that is no number from 0 up");
    return matrix;
}

}  // namespace distillix
