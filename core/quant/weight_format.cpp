// SPDX-License-Identifier: Apache-2.0
#include "core/quant/weight_format.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/tensor/dtype.h"

namespace distillix {

namespace {

constexpr int kBlock = 32;

std::size_t rowBytesOf(WeightFormat format, int columns) {
    const std::size_t n = static_cast<std::size_t>(columns);
    switch (format) {
        case WeightFormat::F16:
            return n * 2;
        case WeightFormat::I8:
            return n;
        case WeightFormat::I6:
            return n / kBlock * 26;
        case WeightFormat::I4:
            return n / kBlock * 18;
        case WeightFormat::Latent:
            break;
    }
    return n * sizeof(float);
}

int paddedTo32(int in) {
    return (in + kBlock - 1) / kBlock * kBlock;
}

std::size_t scaleBytes(WeightFormat format, int out) {
    return format == WeightFormat::I8 ? (static_cast<std::size_t>(out) + 15) / 16 * 16 * sizeof(float) : 0;
}

std::uint16_t halfBits(float value) {
    return Float16(value).bits;
}

float halfValue(const std::byte* p) {
    Float16 half;
    std::memcpy(&half.bits, p, 2);
    return static_cast<float>(half);
}

/// 32 columns of codes [0, 2·middle) with `middle` for zero; returns the scale as a half.
std::uint16_t quantizeBlock(const float* w, int count, int middle, std::uint8_t* codes) {
    float extreme = 0;
    for (int j = 0; j < count; ++j)
        if (std::fabs(w[j]) > std::fabs(extreme)) extreme = w[j];
    const std::uint16_t bits = halfBits(extreme / -static_cast<float>(middle));
    Float16 half;
    half.bits = bits;
    const float scale = static_cast<float>(half);
    for (int j = 0; j < kBlock; ++j) {
        const float q = j < count && scale != 0 ? std::nearbyint(w[j] / scale) : 0.0f;
        codes[j] = static_cast<std::uint8_t>(std::clamp(static_cast<int>(q) + middle, 0, 2 * middle - 1));
    }
    return bits;
}

}  // namespace

const char* weightFormatName(WeightFormat format) {
    switch (format) {
        case WeightFormat::F16:
            return "float16";
        case WeightFormat::I8:
            return "int8";
        case WeightFormat::I6:
            return "int6";
        case WeightFormat::I4:
            return "int4";
        case WeightFormat::Latent:
            break;
    }
    return "float32";
}

Result<WeightFormat> weightFormatFromName(const std::string& name) {
    for (const WeightFormat format :
         {WeightFormat::Latent, WeightFormat::F16, WeightFormat::I8, WeightFormat::I6, WeightFormat::I4})
        if (name == weightFormatName(format)) return format;
    return makeError(ErrorCode::InvalidArgument,
                     "there is no head of type \"" + name + "\"; there are float32, float16, int8, int6, int4");
}

WeightTable::WeightTable(WeightFormat f, int inColumns, int outRows, const std::byte* memory)
    : format(f),
      in(inColumns),
      out(outRows),
      columns(paddedTo32(inColumns)),
      rowBytes(rowBytesOf(f, columns)),
      scales(reinterpret_cast<const float*>(memory)),
      rows(memory + scaleBytes(f, outRows)) {}

std::size_t WeightTable::bytes(WeightFormat format, int in, int out) {
    return scaleBytes(format, out) + static_cast<std::size_t>(out) * rowBytesOf(format, paddedTo32(in));
}

void WeightTable::dequantize(std::int64_t index, float* values) const {
    const std::byte* source = row(index);
    const auto byte = [](const std::byte* p) { return static_cast<int>(*p); };
    if (format == WeightFormat::F16) {
        for (int j = 0; j < in; ++j) values[j] = halfValue(source + 2 * j);
    } else if (format == WeightFormat::I8) {
        const float scale = scales[index];
        for (int j = 0; j < in; ++j) values[j] = static_cast<float>(static_cast<std::int8_t>(source[j])) * scale;
    } else {
        const bool six = format == WeightFormat::I6;
        for (int first = 0; first < in; first += kBlock, source += six ? 26 : 18) {
            const float scale = halfValue(source);
            for (int j = 0; j < std::min(kBlock, in - first); ++j) {
                int code = byte(source + 2 + j % 16) >> (j < 16 ? 0 : 4) & 15;
                if (six) code |= (byte(source + 18 + j % 8) >> (2 * (j / 8)) & 3) << 4;
                values[first + j] = static_cast<float>(code - (six ? 32 : 8)) * scale;
            }
        }
    }
}

void WeightTable::quantize(std::int64_t index, const float* values) const {
    std::byte* target = const_cast<std::byte*>(row(index));
    std::memset(target, 0, rowBytes);
    if (format == WeightFormat::F16) {
        for (int j = 0; j < in; ++j) {
            const std::uint16_t bits = halfBits(values[j]);
            std::memcpy(target + 2 * j, &bits, 2);
        }
    } else if (format == WeightFormat::I8) {
        float largest = 0;
        for (int j = 0; j < in; ++j) largest = std::max(largest, std::fabs(values[j]));
        const float scale = largest / 127.0f;
        const_cast<float*>(scales)[index] = scale;
        for (int j = 0; scale > 0 && j < in; ++j)
            target[j] = static_cast<std::byte>(
                static_cast<std::int8_t>(std::clamp(std::nearbyint(values[j] / scale), -127.0f, 127.0f)));
    } else {
        const bool six = format == WeightFormat::I6;
        for (int first = 0; first < in; first += kBlock, target += six ? 26 : 18) {
            std::uint8_t codes[kBlock];
            const std::uint16_t scale =
                quantizeBlock(values + first, std::min(kBlock, in - first), six ? 32 : 8, codes);
            std::memcpy(target, &scale, 2);
            for (int j = 0; j < 16; ++j)
                target[2 + j] = static_cast<std::byte>((codes[j] & 15) | (codes[j + 16] & 15) << 4);
            for (int j = 0; six && j < kBlock; ++j)
                target[18 + j % 8] |= static_cast<std::byte>((codes[j] >> 4) << (2 * (j / 8)));
        }
    }
}

}  // namespace distillix
