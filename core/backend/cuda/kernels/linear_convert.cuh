// SPDX-License-Identifier: Apache-2.0
// The operands of dense products, made in scratch memory from what is kept: bf16 weights from 2-bit codes, bf16 inputs
// from int8 codes, 16 bits from float32. All of it is memory traffic: a micro-step of 8 x 1,024 tokens of the 100M
// preset makes 151 MB of weights and 4,352 inputs a token and layer (5 bytes each with reading them again): 1.9 GB, 0.4
// ms of an H200 that takes 11 for the whole. Never run on a GPU.
#pragma once

#include "core/backend/cuda/kernels/float_types.cuh"
#include "core/backend/cuda/kernels/linear.h"
#include "core/backend/cuda/kernels/ternary_codes.cuh"

namespace distillix::cuda {

/// A thread a word: four groups of four neighbouring weights.
template <typename T>
__global__ void __launch_bounds__(kConvertThreads)
    unpackWeightsKernel(const unsigned* packed, const float* gamma, int in, int words, std::size_t count, T* out) {
    const std::size_t index = convertThread();
    if (index >= count) return;
    const std::size_t row = index / static_cast<std::size_t>(words);
    const int word = static_cast<int>(index % static_cast<std::size_t>(words));
    const float scale = gamma[row];
    const unsigned bits = packed[index];
    T* const target = out + row * static_cast<std::size_t>(in);
#pragma unroll
    for (int group = 0; group < 4; ++group) {
        const int column = packedColumn(word, group);
        const unsigned four = unpackGroup(bits, group);
        Pack<T, 4> values;
#pragma unroll
        for (int i = 0; i < 4; ++i)
            values.values[i] =
                fromFloat<T>(scale * static_cast<float>(static_cast<std::int8_t>(four >> (8 * i) & 0xffu)));
        if (in % 4 == 0) {
            if (column < in) *reinterpret_cast<Pack<T, 4>*>(target + column) = values;
        } else {
            for (int i = 0; i < 4; ++i)
                if (column + i < in) target[column + i] = values.values[i];
        }
    }
}

/// The codes themselves, [count, stride] with stride a multiple of 16.
__global__ void __launch_bounds__(kConvertThreads)
    unpackCodesKernel(const unsigned* packed, int words, std::size_t count, std::int8_t* out, int stride) {
    const std::size_t index = convertThread();
    if (index >= count) return;
    const std::size_t row = index / static_cast<std::size_t>(words);
    const int word = static_cast<int>(index % static_cast<std::size_t>(words));
    const unsigned bits = packed[index];
#pragma unroll
    for (int group = 0; group < 4; ++group) {
        const int column = packedColumn(word, group);
        if (column < stride)
            *reinterpret_cast<unsigned*>(out + row * static_cast<std::size_t>(stride) + column) =
                unpackGroup(bits, group);
    }
}

Result<void> launchUnpackWeights(const unsigned* packed, const float* gamma, int in, int first, int count, DType type,
                                 void* out, int stride, StreamHandle stream) {
    const int words = packedColumns(in) / 16;
    const std::size_t all = static_cast<std::size_t>(count) * static_cast<std::size_t>(words);
    if (all == 0) return {};
    const unsigned* source = packed + static_cast<std::size_t>(first) * static_cast<std::size_t>(words);
    if (type == DType::I8)
        return launch(unpackCodesKernel, convertGrid(all, 1), dim3(kConvertThreads), 0, stream, source, words, all,
                      static_cast<std::int8_t*>(out), stride);
    return withFloatType(type, [&](auto sample) -> Result<void> {
        using T = decltype(sample);
        return launch(unpackWeightsKernel<T>, convertGrid(all, 1), dim3(kConvertThreads), 0, stream, source,
                      gamma + first, in, words, all, static_cast<T*>(out));
    });
}

/// A thread N neighbouring codes of a row (N divides `in`).
template <typename T, int N>
__global__ void __launch_bounds__(kConvertThreads)
    dequantizeCodesKernel(const std::int8_t* codes, const float* alpha, std::size_t count, int in, T* out) {
    const std::size_t index = convertThread() * N;
    if (index >= count) return;
    const float scale = alpha[index / static_cast<std::size_t>(in)] / 127.0f;
    const Pack<std::int8_t, N> source = *reinterpret_cast<const Pack<std::int8_t, N>*>(codes + index);
    Pack<T, N> values;
#pragma unroll
    for (int i = 0; i < N; ++i) values.values[i] = fromFloat<T>(static_cast<float>(source.values[i]) * scale);
    *reinterpret_cast<Pack<T, N>*>(out + index) = values;
}

Result<void> launchDequantizeCodes(const std::int8_t* codes, const float* alpha, int rows, int in, DType type,
                                   void* out, StreamHandle stream) {
    const std::size_t count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(in);
    if (count == 0) return {};
    return withFloatType(type, [&](auto sample) -> Result<void> {
        using T = decltype(sample);
        constexpr int kWide = sizeof(T) == 2 ? 8 : 4;
        if (in % kWide == 0)
            return launch(dequantizeCodesKernel<T, kWide>, convertGrid(count, kWide), dim3(kConvertThreads), 0, stream,
                          codes, alpha, count, in, static_cast<T*>(out));
        return launch(dequantizeCodesKernel<T, 1>, convertGrid(count, 1), dim3(kConvertThreads), 0, stream, codes,
                      alpha, count, in, static_cast<T*>(out));
    });
}

/// A thread N values.
template <typename From, typename To, int N>
__global__ void __launch_bounds__(kConvertThreads) convertKernel(const From* in, std::size_t count, To* out) {
    const std::size_t index = convertThread() * N;
    if (index >= count) return;
    if (index + N > count) {
        for (std::size_t i = index; i < count; ++i) out[i] = fromFloat<To>(toFloat(in[i]));
        return;
    }
    const Pack<From, N> source = *reinterpret_cast<const Pack<From, N>*>(in + index);
    Pack<To, N> values;
#pragma unroll
    for (int i = 0; i < N; ++i) values.values[i] = fromFloat<To>(toFloat(source.values[i]));
    *reinterpret_cast<Pack<To, N>*>(out + index) = values;
}

Result<void> launchConvert(const void* in, DType from, std::size_t count, void* out, DType to, StreamHandle stream) {
    if (count == 0) return {};
    const bool aligned = (reinterpret_cast<std::uintptr_t>(in) | reinterpret_cast<std::uintptr_t>(out)) % 16 == 0;
    return withFloatType(from, [&](auto source) -> Result<void> {
        return withFloatType(to, [&](auto target) -> Result<void> {
            using From = decltype(source);
            using To = decltype(target);
            if (aligned)
                return launch(convertKernel<From, To, 4>, convertGrid(count, 4), dim3(kConvertThreads), 0, stream,
                              static_cast<const From*>(in), count, static_cast<To*>(out));
            return launch(convertKernel<From, To, 1>, convertGrid(count, 1), dim3(kConvertThreads), 0, stream,
                          static_cast<const From*>(in), count, static_cast<To*>(out));
        });
    });
}

/// A thread 4 bytes of the padded row.
__global__ void __launch_bounds__(kConvertThreads)
    padCodesKernel(const std::int8_t* codes, int in, int stride, std::size_t count, std::int8_t* padded) {
    const std::size_t index = convertThread() * 4;
    if (index >= count) return;
    const std::size_t row = index / static_cast<std::size_t>(stride);
    const int column = static_cast<int>(index % static_cast<std::size_t>(stride));
    Pack<std::int8_t, 4> four;
#pragma unroll
    for (int i = 0; i < 4; ++i)
        four.values[i] = column + i < in
                             ? codes[row * static_cast<std::size_t>(in) + static_cast<std::size_t>(column + i)]
                             : std::int8_t{0};
    *reinterpret_cast<Pack<std::int8_t, 4>*>(padded + index) = four;
}

Result<void> launchPadCodes(const std::int8_t* codes, int rows, int in, int stride, std::int8_t* padded,
                            StreamHandle stream) {
    const std::size_t count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(stride);
    if (count == 0) return {};
    return launch(padCodesKernel, convertGrid(count, 4), dim3(kConvertThreads), 0, stream, codes, in, stride, count,
                  padded);
}

}  // namespace distillix::cuda
