// SPDX-License-Identifier: Apache-2.0
#include "core/formats/tensor_values.h"

#include <cstring>
#include <limits>

namespace distillix {
namespace {

template <typename T>
T valueAt(const std::byte* bytes, std::uint64_t index) {
    T value;  // tensors of other types may leave this one unaligned
    std::memcpy(&value, bytes + index * sizeof(T), sizeof(T));
    return value;
}

template <typename T>
void convert(std::span<const std::byte> bytes, std::span<float> to) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>(valueAt<T>(bytes.data(), i));
}

template <typename T>
std::vector<std::byte> convertBack(std::span<const float> values) {
    std::vector<std::byte> bytes(values.size() * sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const T value(values[i]);
        std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
    }
    return bytes;
}

}  // namespace

std::string shapeText(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

std::optional<std::uint64_t> elementsOf(const std::vector<std::int64_t>& shape) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) {
        if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) return std::nullopt;
    }
    return static_cast<std::uint64_t>(count);
}

std::optional<std::string> tensorNameProblem(const std::string& name) {
    if (name.empty()) return "a tensor has an empty name";
    for (const char c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "a tensor's name holds a control character";
    }
    return std::nullopt;
}

float floatAt(DType type, const std::byte* bytes, std::uint64_t index) {
    switch (type) {
        case DType::F32:
            return valueAt<float>(bytes, index);
        case DType::F16:
            return static_cast<float>(valueAt<Float16>(bytes, index));
        case DType::BF16:
            return static_cast<float>(valueAt<BFloat16>(bytes, index));
        case DType::F64:
            return static_cast<float>(valueAt<double>(bytes, index));
        default:
            return std::numeric_limits<float>::quiet_NaN();
    }
}

void floatsFrom(DType type, std::span<const std::byte> bytes, std::span<float> to) {
    switch (type) {
        case DType::F32:
            if (!to.empty()) std::memcpy(to.data(), bytes.data(), to.size_bytes());
            return;
        case DType::F16:
            return convert<Float16>(bytes, to);
        case DType::BF16:
            return convert<BFloat16>(bytes, to);
        case DType::F64:
            return convert<double>(bytes, to);
        default:
            for (float& value : to) value = std::numeric_limits<float>::quiet_NaN();
    }
}

std::vector<std::byte> bytesFromFloats(DType type, std::span<const float> values) {
    switch (type) {
        case DType::F16:
            return convertBack<Float16>(values);
        case DType::BF16:
            return convertBack<BFloat16>(values);
        default:
            return convertBack<float>(values);
    }
}

}  // namespace distillix
