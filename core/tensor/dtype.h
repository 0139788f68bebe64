// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace distillix {

/// Element types of tensors in memory and in files.
enum class DType : std::uint8_t { F32, F16, BF16, I8, U8, I32, I64, F64 };

constexpr std::size_t dtypeBytes(DType type) {
    switch (type) {
        case DType::F32:
        case DType::I32:
            return 4;
        case DType::F16:
        case DType::BF16:
            return 2;
        case DType::I8:
        case DType::U8:
            return 1;
        case DType::I64:
        case DType::F64:
            return 8;
    }
    return 0;
}

constexpr std::string_view dtypeName(DType type) {
    switch (type) {
        case DType::F32:
            return "f32";
        case DType::F16:
            return "f16";
        case DType::BF16:
            return "bf16";
        case DType::I8:
            return "i8";
        case DType::U8:
            return "u8";
        case DType::I32:
            return "i32";
        case DType::I64:
            return "i64";
        case DType::F64:
            return "f64";
    }
    return "?";
}

/// bfloat16: the top half of a float32. Stored as bits; arithmetic is done in float.
struct BFloat16 {
    std::uint16_t bits = 0;
    BFloat16() = default;
    /// Rounds to nearest, ties to even; a NaN stays a (quiet) NaN.
    explicit BFloat16(float value) {
        std::uint32_t u;
        std::memcpy(&u, &value, 4);
        if ((u & 0x7fffffffu) > 0x7f800000u) {
            bits = static_cast<std::uint16_t>((u >> 16) | 0x40);
        } else {
            bits = static_cast<std::uint16_t>((u + 0x7fffu + ((u >> 16) & 1)) >> 16);
        }
    }
    explicit operator float() const {
        const std::uint32_t u = std::uint32_t{bits} << 16;
        float f;
        std::memcpy(&f, &u, 4);
        return f;
    }
};

/// IEEE binary16 ("half", F16). Stored as bits; arithmetic is done in float.
struct Float16 {
    std::uint16_t bits = 0;
    Float16() = default;
    /// Rounds to nearest, ties to even; beyond 65504 (by more than half a step) infinity; a NaN stays a (quiet) NaN.
    explicit Float16(float value) {
        std::uint32_t u;
        std::memcpy(&u, &value, 4);
        const std::uint32_t sign = (u >> 16) & 0x8000u;
        u &= 0x7fffffffu;
        std::uint32_t half;
        if (u > 0x7f800000u) {
            half = 0x7e00u | ((u >> 13) & 0x3ffu);
        } else if (u >= 0x477ff000u) {  // rounds to 65536 and beyond, or is infinite
            half = 0x7c00u;
        } else if (u >= 0x38800000u) {  // normal: 13 bits go; a carry into the exponent is right as it is
            half = (u - 0x38000000u + 0xfffu + ((u >> 13) & 1)) >> 13;
        } else {  // subnormal: adding 0.5 leaves the fraction, rounded in the float unit, in the lowest bits
            float magnitude;
            std::memcpy(&magnitude, &u, 4);
            magnitude += 0.5f;
            std::memcpy(&half, &magnitude, 4);
            half -= 0x3f000000u;
        }
        bits = static_cast<std::uint16_t>(sign | half);
    }
    explicit operator float() const {
        const std::uint32_t sign = std::uint32_t{bits & 0x8000u} << 16;
        const std::uint32_t exponent = (bits >> 10) & 0x1fu;
        const std::uint32_t fraction = bits & 0x3ffu;
        float value;
        if (exponent == 0) {  // zero and subnormals: fraction · 2^-24 is exact in float32
            value = static_cast<float>(fraction) * 0x1p-24f;
            if (sign) value = -value;
        } else {
            const std::uint32_t u = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | (fraction << 13);
            std::memcpy(&value, &u, 4);
        }
        return value;
    }
};

}  // namespace distillix
