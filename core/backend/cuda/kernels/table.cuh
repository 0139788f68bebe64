// SPDX-License-Identifier: Apache-2.0
// Products with quantized tables read the table once, at the memory's pace. Predicted for an H200 and the 100M preset's
// head (32,000 x 768): int8 24.7 MB in 5.1 µs from memory (less from the cache, which holds it together with the
// ternary weights), arithmetic 3 µs beside it. Never run on a GPU.
#pragma once

#include "core/backend/cuda/kernels/float_types.cuh"
#include "core/backend/cuda/kernels/reduce.cuh"
#include "core/backend/cuda/kernels/table.h"
#include "core/backend/cuda/kernels/ternary_codes.cuh"

namespace distillix::cuda {

constexpr int kTableThreads = 128;
constexpr int kTableBlock = 32;  // columns of a block of I6 and I4

constexpr int tableBlockBytes(bool six) {
    return six ? 26 : 18;
}

__device__ __forceinline__ float tableHalf(const unsigned char* p) {
    return toFloat(half_t{static_cast<std::uint16_t>(p[0] | p[1] << 8)});
}

/// The value of one column.
template <WeightFormat kFormat>
__device__ __forceinline__ float tableValue(const DeviceTable& table, int row, int column) {
    const unsigned char* bytes = table.rows + static_cast<std::size_t>(row) * static_cast<std::size_t>(table.rowBytes);
    if constexpr (kFormat == WeightFormat::F16) {
        return tableHalf(bytes + 2 * column);
    } else if constexpr (kFormat == WeightFormat::I8) {
        return static_cast<float>(static_cast<std::int8_t>(bytes[column])) * table.scales[row];
    } else {
        constexpr bool kSix = kFormat == WeightFormat::I6;
        const unsigned char* block = bytes + column / kTableBlock * tableBlockBytes(kSix);
        const int j = column % kTableBlock;
        int code = block[2 + j % 16] >> (j < 16 ? 0 : 4) & 15;
        if (kSix) code |= (block[18 + j % 8] >> (2 * (j / 8)) & 3) << 4;
        return static_cast<float>(code - (kSix ? 32 : 8)) * tableHalf(block);
    }
}

/// Calls work with the format as a constant.
template <typename Work>
Result<void> withTableFormat(WeightFormat format, Work&& work) {
    switch (format) {
        case WeightFormat::F16:
            return work(std::integral_constant<WeightFormat, WeightFormat::F16>{});
        case WeightFormat::I8:
            return work(std::integral_constant<WeightFormat, WeightFormat::I8>{});
        case WeightFormat::I6:
            return work(std::integral_constant<WeightFormat, WeightFormat::I6>{});
        case WeightFormat::I4:
            return work(std::integral_constant<WeightFormat, WeightFormat::I4>{});
        case WeightFormat::Latent:
            break;
    }
    return makeError(ErrorCode::InvalidArgument, "a table of float32 is not quantized");
}

DeviceTable deviceTable(const LinearWeight& weight) {
    const LinearShape& shape = weight.shape;
    std::byte* memory = weight.prepared.backendAddress();
    const WeightTable layout(shape.format, shape.in, shape.out, memory);
    DeviceTable table;
    table.format = shape.format;
    table.in = shape.in;
    table.out = shape.out;
    table.columns = layout.columns;
    table.rowBytes = static_cast<int>(layout.rowBytes);
    table.scales = layout.scales;
    table.rows = reinterpret_cast<unsigned char*>(memory) + (layout.rows - static_cast<const std::byte*>(memory));
    return table;
}

// ---- quantizing ---------------------------------------------------------------------------------------------------

/// I8: a warp a row.
__global__ void __launch_bounds__(kTableThreads) tableQuantizeRowsKernel(const float* latent, DeviceTable table) {
    const int row = static_cast<int>(blockIdx.x) * (kTableThreads / kWarp) + static_cast<int>(threadIdx.x) / kWarp;
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    if (row >= table.out) return;  // whole warps
    const float* w = latent + static_cast<std::size_t>(row) * static_cast<std::size_t>(table.in);
    float largest = 0;
    for (int i = lane; i < table.in; i += kWarp) largest = fmaxf(largest, fabsf(w[i]));
    const float scale = warpMax(largest) / 127.0f;
    unsigned char* out = table.rows + static_cast<std::size_t>(row) * static_cast<std::size_t>(table.rowBytes);
    for (int i = lane; i < table.columns; i += kWarp) {
        int code = 0;
        if (scale > 0 && i < table.in) code = static_cast<int>(fminf(fmaxf(rintf(w[i] / scale), -127.0f), 127.0f));
        out[i] = static_cast<unsigned char>(static_cast<std::int8_t>(code));
    }
    if (lane == 0) const_cast<float*>(table.scales)[row] = scale;
}

/// F16: a thread a value; I6, I4: a thread a block of 32.
template <WeightFormat kFormat>
__global__ void __launch_bounds__(kConvertThreads) tableQuantizeKernel(const float* latent, DeviceTable table) {
    constexpr bool kHalf = kFormat == WeightFormat::F16, kSix = kFormat == WeightFormat::I6;
    const std::size_t perRow = static_cast<std::size_t>(table.columns / (kHalf ? 1 : kTableBlock));
    const std::size_t index = convertThread();
    if (index >= static_cast<std::size_t>(table.out) * perRow) return;
    const std::size_t row = index / perRow;
    const int piece = static_cast<int>(index % perRow);
    unsigned char* bytes = table.rows + row * static_cast<std::size_t>(table.rowBytes);
    const float* w = latent + row * static_cast<std::size_t>(table.in);
    if constexpr (kHalf) {
        const std::uint16_t bits = piece < table.in ? fromFloat<half_t>(w[piece]).bits : std::uint16_t{0};
        bytes[2 * piece] = static_cast<unsigned char>(bits & 0xff);
        bytes[2 * piece + 1] = static_cast<unsigned char>(bits >> 8);
    } else {
        constexpr int kMiddle = kSix ? 32 : 8;
        const int first = piece * kTableBlock, left = table.in - first;
        const int count = left < kTableBlock ? left : kTableBlock;
        unsigned char* block = bytes + piece * tableBlockBytes(kSix);
        float extreme = 0;
        for (int j = 0; j < count; ++j)
            if (fabsf(w[first + j]) > fabsf(extreme)) extreme = w[first + j];
        const half_t half = fromFloat<half_t>(extreme / -static_cast<float>(kMiddle));
        const float scale = toFloat(half);
        block[0] = static_cast<unsigned char>(half.bits & 0xff);
        block[1] = static_cast<unsigned char>(half.bits >> 8);
        const auto codeOf = [&](int j) {
            const float q = j < count && scale != 0 ? rintf(w[first + j] / scale) : 0.0f;
            return static_cast<int>(fminf(fmaxf(q + kMiddle, 0.0f), static_cast<float>(2 * kMiddle - 1)));
        };
        unsigned char pairs[8] = {0, 0, 0, 0, 0, 0, 0, 0};
#pragma unroll
        for (int j = 0; j < 16; ++j) {
            const int low = codeOf(j), high = codeOf(j + 16);
            block[2 + j] = static_cast<unsigned char>((low & 15) | (high & 15) << 4);
            pairs[j % 8] |= static_cast<unsigned char>((low >> 4) << (2 * (j / 8)) | (high >> 4) << (2 * (j / 8) + 4));
        }
        if (kSix) {
#pragma unroll
            for (int j = 0; j < 8; ++j) block[18 + j] = pairs[j];
        }
    }
}

Result<void> launchTableQuantize(const float* latent, const DeviceTable& table, StreamHandle stream) {
    if (table.format == WeightFormat::I8)
        return launch(tableQuantizeRowsKernel, dim3(static_cast<unsigned>(divideUp(table.out, kTableThreads / kWarp))),
                      dim3(kTableThreads), 0, stream, latent, table);
    return withTableFormat(table.format, [&](auto format) -> Result<void> {
        const std::size_t count = static_cast<std::size_t>(table.out) * static_cast<std::size_t>(table.columns);
        return launch(tableQuantizeKernel<decltype(format)::value>,
                      convertGrid(count, table.format == WeightFormat::F16 ? 1 : kTableBlock), dim3(kConvertThreads), 0,
                      stream, latent, table);
    });
}

// ---- rows as floats -----------------------------------------------------------------------------------------------

/// Grid (rows, columns / 256). `ids` null: rows from `first` on.
template <WeightFormat kFormat, typename T>
__global__ void __launch_bounds__(kConvertThreads)
    tableRowsKernel(DeviceTable table, const std::int32_t* ids, int first, T* out) {
    const int column = static_cast<int>(blockIdx.y * kConvertThreads + threadIdx.x);
    if (column >= table.in) return;
    const int row = ids ? ids[blockIdx.x] : first + static_cast<int>(blockIdx.x);
    const float value = row >= 0 && row < table.out ? tableValue<kFormat>(table, row, column) : NAN;
    out[static_cast<std::size_t>(blockIdx.x) * static_cast<std::size_t>(table.in) + static_cast<std::size_t>(column)] =
        fromFloat<T>(value);
}

template <typename T>
Result<void> launchTableRows(const DeviceTable& table, const std::int32_t* ids, int first, int count, T* out,
                             StreamHandle stream) {
    if (count == 0) return {};
    return withTableFormat(table.format, [&](auto format) -> Result<void> {
        return launch(tableRowsKernel<decltype(format)::value, T>,
                      dim3(static_cast<unsigned>(count), static_cast<unsigned>(divideUp(table.in, kConvertThreads))),
                      dim3(kConvertThreads), 0, stream, table, ids, first, out);
    });
}

Result<void> launchTableDequantize(const DeviceTable& table, int first, int count, DType type, void* out,
                                   StreamHandle stream) {
    return withFloatType(type, [&](auto sample) -> Result<void> {
        return launchTableRows(table, nullptr, first, count, static_cast<decltype(sample)*>(out), stream);
    });
}

Result<void> launchTableEmbed(const DeviceTable& table, const std::int32_t* ids, int rows, float* out,
                              StreamHandle stream) {
    return launchTableRows(table, ids, 0, rows, out, stream);
}

// ---- products -----------------------------------------------------------------------------------------------------

constexpr float kTableLargest = 127.0f * 256.0f;  // the largest 16-bit code, whose parts both fit int8

/// A block a token.
template <typename T>
__global__ void __launch_bounds__(kTableThreads)
    tableTokensKernel(const T* x, int in, int columns, TableTokens tokens) {
    const std::size_t row = blockIdx.x;
    const T* source = x + row * static_cast<std::size_t>(in);
    const std::size_t start = row * static_cast<std::size_t>(columns);
    float largest = 0, poison = 0;  // a value that is not finite must show: its code would be a number
    for (int i = static_cast<int>(threadIdx.x); i < in; i += kTableThreads) {
        const float value = toFloat(source[i]);
        largest = fmaxf(largest, fabsf(value));
        poison += value * 0.0f;
    }
    largest = blockMax(largest);
    poison = blockSum(poison);
    const float inverse = largest > 0 ? kTableLargest / largest : 0.0f;
    // A warp takes a block of 32 columns at a time.
    for (int i = static_cast<int>(threadIdx.x); i < columns; i += kTableThreads) {
        const float value = i < in ? toFloat(source[i]) : 0.0f;
        const int code = static_cast<int>(rintf(fminf(fmaxf(value * inverse, -kTableLargest), kTableLargest)));
        const int high = (code + 128) >> 8;
        tokens.values[start + static_cast<std::size_t>(i)] = value;
        tokens.high[start + static_cast<std::size_t>(i)] = static_cast<std::int8_t>(high);
        tokens.low[start + static_cast<std::size_t>(i)] = static_cast<std::int8_t>(code - high * 256);
        const int sum = warpSum(code);
        if (i % kTableBlock == 0)
            tokens.sums[row * static_cast<std::size_t>(columns / kTableBlock) +
                        static_cast<std::size_t>(i / kTableBlock)] = sum;
    }
    if (threadIdx.x == 0) tokens.scales[row] = largest / kTableLargest + poison;
}

Result<void> launchTableTokens(const void* x, DType type, int rows, int in, int columns, const TableTokens& tokens,
                               StreamHandle stream) {
    return withFloatType(type, [&](auto sample) -> Result<void> {
        using T = decltype(sample);
        return launch(tableTokensKernel<T>, dim3(static_cast<unsigned>(rows)), dim3(kTableThreads), 0, stream,
                      static_cast<const T*>(x), in, columns, tokens);
    });
}

__device__ __forceinline__ int dotWord(unsigned a, unsigned b, int sum) {
    return __dp4a(static_cast<int>(a), static_cast<int>(b), sum);
}

/// The four codes of columns 4w .. 4w+3 of a block, unsigned.
template <bool kSix>
__device__ __forceinline__ unsigned blockCodes(const unsigned (&nibbles)[4], const unsigned (&pairs)[2], int w) {
    unsigned codes = (w < 4 ? nibbles[w] : nibbles[w - 4] >> 4) & 0x0f0f0f0fu;
    if (kSix) codes |= (pairs[w % 2] >> (2 * (w / 2)) & 0x03030303u) << 4;
    return codes;
}

__device__ __forceinline__ unsigned twoHalves(const unsigned char* p) {
    const std::uint16_t* halves = reinterpret_cast<const std::uint16_t*>(p);
    return static_cast<unsigned>(halves[0]) | static_cast<unsigned>(halves[1]) << 16;
}

/// A warp two rows: the loads of both are under way before either's arithmetic.
template <WeightFormat kFormat, int kTokens>
__global__ void __launch_bounds__(kTableThreads)
    tableProductKernel(DeviceTable table, TableTokens tokens, int rows, float softCap, float* logits) {
    constexpr int kRows = 2;
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    const int first =
        (static_cast<int>(blockIdx.x) * (kTableThreads / kWarp) + static_cast<int>(threadIdx.x) / kWarp) * kRows;
    if (first >= table.out) return;  // whole warps
    const std::size_t columns = static_cast<std::size_t>(table.columns);
    const unsigned char* bytes[kRows];
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
        const int row = first + r < table.out ? first + r : first;
        bytes[r] = table.rows + static_cast<std::size_t>(row) * static_cast<std::size_t>(table.rowBytes);
    }
    float totals[kRows][kTokens];
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
#pragma unroll
        for (int t = 0; t < kTokens; ++t) totals[r][t] = 0;
    }
    if constexpr (kFormat == WeightFormat::F16) {
        for (int column = lane * 8; column < table.columns; column += kWarp * 8) {
            Pack<half_t, 8> weights[kRows];
#pragma unroll
            for (int r = 0; r < kRows; ++r)
                weights[r] = *reinterpret_cast<const Pack<half_t, 8>*>(bytes[r] + 2 * column);
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                if (t >= rows) continue;
                const float* x = tokens.values + static_cast<std::size_t>(t) * columns + column;
#pragma unroll
                for (int i = 0; i < 8; ++i) {
#pragma unroll
                    for (int r = 0; r < kRows; ++r)
                        totals[r][t] = fmaf(toFloat(weights[r].values[i]), x[i], totals[r][t]);
                }
            }
        }
    } else if constexpr (kFormat == WeightFormat::I8) {
        int high[kRows][kTokens], low[kRows][kTokens];
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
#pragma unroll
            for (int t = 0; t < kTokens; ++t) high[r][t] = low[r][t] = 0;
        }
        for (int column = lane * 16; column < table.columns; column += kWarp * 16) {
            Words4 weights[kRows];
#pragma unroll
            for (int r = 0; r < kRows; ++r) weights[r] = *reinterpret_cast<const Words4*>(bytes[r] + column);
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                if (t >= rows) continue;
                const std::size_t place = static_cast<std::size_t>(t) * columns + static_cast<std::size_t>(column);
                const Words4 h = *reinterpret_cast<const Words4*>(tokens.high + place);
                const Words4 l = *reinterpret_cast<const Words4*>(tokens.low + place);
#pragma unroll
                for (int r = 0; r < kRows; ++r) {
                    const Words4& w = weights[r];
                    high[r][t] = dotWord(w.w, h.w, dotWord(w.z, h.z, dotWord(w.y, h.y, dotWord(w.x, h.x, high[r][t]))));
                    low[r][t] = dotWord(w.w, l.w, dotWord(w.z, l.z, dotWord(w.y, l.y, dotWord(w.x, l.x, low[r][t]))));
                }
            }
        }
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
#pragma unroll
            for (int t = 0; t < kTokens; ++t)
                totals[r][t] = static_cast<float>(high[r][t]) * 256.0f + static_cast<float>(low[r][t]);
        }
    } else {
        constexpr bool kSix = kFormat == WeightFormat::I6;
        const int blocks = table.columns / kTableBlock;
        for (int block = lane; block < blocks; block += kWarp) {
            unsigned nibbles[kRows][4], pairs[kRows][2];
            float scales[kRows];
#pragma unroll
            for (int r = 0; r < kRows; ++r) {
                const unsigned char* p = bytes[r] + block * tableBlockBytes(kSix);
                scales[r] = tableHalf(p);
#pragma unroll
                for (int i = 0; i < 4; ++i) nibbles[r][i] = twoHalves(p + 2 + 4 * i);
                pairs[r][0] = kSix ? twoHalves(p + 18) : 0;
                pairs[r][1] = kSix ? twoHalves(p + 22) : 0;
            }
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                if (t >= rows) continue;
                const std::size_t place =
                    static_cast<std::size_t>(t) * columns + static_cast<std::size_t>(block * kTableBlock);
                int high[kRows], low[kRows];
#pragma unroll
                for (int r = 0; r < kRows; ++r) high[r] = low[r] = 0;
#pragma unroll
                for (int w = 0; w < 8; ++w) {
                    const unsigned h = *reinterpret_cast<const unsigned*>(tokens.high + place + 4 * w);
                    const unsigned l = *reinterpret_cast<const unsigned*>(tokens.low + place + 4 * w);
#pragma unroll
                    for (int r = 0; r < kRows; ++r) {
                        const unsigned codes = blockCodes<kSix>(nibbles[r], pairs[r], w);
                        high[r] = dotWord(codes, h, high[r]);
                        low[r] = dotWord(codes, l, low[r]);
                    }
                }
                const int sum = tokens.sums[static_cast<std::size_t>(t) * static_cast<std::size_t>(blocks) +
                                            static_cast<std::size_t>(block)];
#pragma unroll
                for (int r = 0; r < kRows; ++r) {
                    const int whole = high[r] * 256 + low[r] - (kSix ? 32 : 8) * sum;
                    totals[r][t] = fmaf(static_cast<float>(whole), scales[r], totals[r][t]);
                }
            }
        }
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            const float total = warpSum(totals[r][t]);
            if (lane != 0 || t >= rows || first + r >= table.out) continue;
            float z = total;
            if (kFormat == WeightFormat::I8) z *= table.scales[first + r];
            if (kFormat != WeightFormat::F16) z *= tokens.scales[t];
            if (softCap > 0) z = softCap * tanhf(z / softCap) + z * 0.0f;
            logits[static_cast<std::size_t>(t) * static_cast<std::size_t>(table.out) +
                   static_cast<std::size_t>(first + r)] = z;
        }
    }
}

Result<void> launchTableProduct(const DeviceTable& table, const TableTokens& tokens, int rows, float softCap,
                                float* logits, StreamHandle stream) {
    return withTableFormat(table.format, [&](auto format) -> Result<void> {
        constexpr WeightFormat kFormat = decltype(format)::value;
        const auto kernel = rows == 1   ? tableProductKernel<kFormat, 1>
                            : rows <= 4 ? tableProductKernel<kFormat, 4>
                                        : tableProductKernel<kFormat, kTableTokens>;
        return launch(kernel, dim3(static_cast<unsigned>(divideUp(table.out, kTableThreads / kWarp * 2))),
                      dim3(kTableThreads), 0, stream, table, tokens, rows, softCap, logits);
    });
}

}  // namespace distillix::cuda
