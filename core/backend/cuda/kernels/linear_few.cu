// SPDX-License-Identifier: Apache-2.0
// y = (Xq · Wqᵀ)·γ·α/127 + residual for few tokens: weights are read once, 2 bits each, and met by dp4a. For one token
// a launch is all latency, and there are hundreds: so the norm or SwiGLU in front of a layer can be done in the same
// one, by every block anew (a row is some kilobytes from the second-level cache) while its weights are on their way.
//
// Predicted for an H200, never run on a GPU: the 18.9 MB of the 100M preset stay in its 50 MB cache from token to
// token. A launch of a row's product in a graph takes some 2.2 µs by itself, 2.7 with the norm in front: 1 µs from the
// end of the last kernel, 0.7 until the row is there, 0.6 for two sums over the block and the codes, 0.4 for the
// product. Four of them a layer and two for attention are 72 a token, with embedding, last norm and head 76: 0.2 ms,
// where twelve a layer were 148 and 0.33.
#include "core/backend/cuda/kernels/rows.cuh"
#include "core/backend/cuda/kernels/ternary_codes.cuh"

namespace distillix::cuda {

namespace {

/// Adds the products of a block of columns with the first `rows` of kTokens tokens, whose codes of that block begin at
/// `codes`, `stride` apart; `columns` of the block exist.
template <int kTokens>
__device__ __forceinline__ void addBlock(const Words4& words, const std::int8_t* codes, int stride, int rows,
                                         int columns, int (&sums)[kTokens]) {
#pragma unroll
    for (int group = 0; group < 4; ++group) {
        if (group * 16 >= columns) continue;
        const unsigned w[4] = {unpackGroup(words.x, group), unpackGroup(words.y, group), unpackGroup(words.z, group),
                               unpackGroup(words.w, group)};
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            if (t >= rows) continue;
            const Words4 x = *reinterpret_cast<const Words4*>(
                codes + static_cast<std::size_t>(t) * static_cast<std::size_t>(stride) + group * 16);
            sums[t] = __dp4a(static_cast<int>(w[0]), static_cast<int>(x.x), sums[t]);
            sums[t] = __dp4a(static_cast<int>(w[1]), static_cast<int>(x.y), sums[t]);
            sums[t] = __dp4a(static_cast<int>(w[2]), static_cast<int>(x.z), sums[t]);
            sums[t] = __dp4a(static_cast<int>(w[3]), static_cast<int>(x.w), sums[t]);
        }
    }
}

__device__ __forceinline__ const Words4* packedRow(const TernaryProduct& args, int output) {
    return reinterpret_cast<const Words4*>(args.packed) +
           static_cast<std::size_t>(output) * static_cast<std::size_t>(args.blocks);
}

// ---- codes in memory ----------------------------------------------------------------------------------------------

constexpr int kFewThreads = 128, kFewLanes = 16;

/// 16 lanes a row of weights, each 64 columns at a time; the tokens' codes come through the first-level cache, which
/// all warps of a multiprocessor share.
template <int kTokens>
__global__ void __launch_bounds__(kFewThreads, 1) ternaryFewKernel(TernaryProduct args) {
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kFewLanes;
    const int output = static_cast<int>(blockIdx.x) * (kFewThreads / kFewLanes) + thread / kFewLanes;
    int sums[kTokens];
#pragma unroll
    for (int t = 0; t < kTokens; ++t) sums[t] = 0;
    if (output < args.outputs) {
        const Words4* const packed = packedRow(args, output);
#pragma unroll 2
        for (int block = lane; block < args.blocks; block += kFewLanes)
            addBlock<kTokens>(packed[block], args.codes + block * kPackedBlock, args.stride, args.rows,
                              args.stride - block * kPackedBlock, sums);
    }
#pragma unroll
    for (int t = 0; t < kTokens; ++t) sums[t] = warpSum<kFewLanes>(sums[t]);
    if (output >= args.outputs) return;
#pragma unroll
    for (int t = 0; t < kTokens; ++t) {
        if (t != lane || t >= args.rows) continue;
        const float y = scaledProduct(args, sums[t], t, output);
        writeValue(args.out, args.outType, static_cast<std::ptrdiff_t>(t) * args.outputs + output, y);
    }
}

// ---- codes made on the way ----------------------------------------------------------------------------------------

/// One token. kLanes lanes a row of weights; blocks of columns that the first kAhead rounds take are loaded before the
/// row is looked at. The row is spread as normQuantize spreads it, so the codes are the same bits.
template <typename S, int kLanes>
__global__ void __launch_bounds__(S::kThreads, 1) rowLinearKernel(RowSource source, TernaryProduct args) {
    constexpr int kAhead = 2;
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kLanes, width = source.width;
    const int output = static_cast<int>(blockIdx.x) * (S::kThreads / kLanes) + thread / kLanes;
    const Words4* const packed = packedRow(args, min(output, args.outputs - 1));
    Words4 ahead[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
        if (lane + i * kLanes < args.blocks) ahead[i] = packed[lane + i * kLanes];
    }

    SHARED(signed char, codes, S::Part::kWidth);
    // Where a warp holds a row, all warps of the block hold the same one, and the first writes.
    const bool writes = S::group() == 0, keeps = writes && blockIdx.x == 0;
    typename S::Part row;
    if (source.swiglu) {
        loadSwiglu<S>(row, source.x, 0, width);
    } else {
        row.load(source.x, 0, width, S::thread());
    }
    if (source.norm) normRow<S>(row, source.norm, source.eps, keeps ? source.rstd : nullptr, 0, width);
    const float alpha = alphaOf<S>(row, source.out.quantizationEps);
    if (writes) writeCodes<S>(row, alpha, codes, width);
    if (keeps) {
        writeCodes<S>(row, alpha, source.out.codes, width);
        if (S::thread() == 0) *source.out.alpha = alpha;
    }
    __syncthreads();

    int sums[1] = {0};
    const auto add = [&](const Words4& words, int block) {
        addBlock<1>(words, reinterpret_cast<const std::int8_t*>(codes) + block * kPackedBlock, 0, 1,
                    width - block * kPackedBlock, sums);
    };
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
        if (lane + i * kLanes < args.blocks) add(ahead[i], lane + i * kLanes);
    }
    for (int block = lane + kAhead * kLanes; block < args.blocks; block += kLanes) add(packed[block], block);
    const int sum = warpSum<kLanes>(sums[0]);
    if (lane != 0 || output >= args.outputs) return;
    float y = scaledSum(sum, args.gamma[output], alpha / 127.0f);
    if (args.residual) y = __fadd_rn(y, args.residual[output]);
    writeValue(args.out, args.outType, output, y);
}

}  // namespace

Result<void> launchTernaryFew(const TernaryProduct& args, StreamHandle stream) {
    const dim3 grid(static_cast<unsigned>(tilesOf(args.outputs, kFewThreads / kFewLanes)));
    const auto kernel = args.rows == 1   ? ternaryFewKernel<1>
                        : args.rows == 2 ? ternaryFewKernel<2>
                        : args.rows <= 4 ? ternaryFewKernel<4>
                                         : ternaryFewKernel<8>;
    return launch(kernel, grid, dim3(kFewThreads), 0, stream, args);
}

Result<void> launchRowLinear(const RowSource& source, const TernaryProduct& args, StreamHandle stream) {
    return withWideSpread(source.width, [&](auto spread) -> Result<void> {
        using S = decltype(spread);
        if constexpr (S::kVec != 4) {
            return makeError(ErrorCode::Internal, "a row of " + std::to_string(source.width) + " columns");
        } else {
            // Wide rows of weights take a warp each, or too few blocks would share the loads.
            constexpr int kLanes = S::kThreads > 128 ? kWarp : 16;
            return launch(rowLinearKernel<S, kLanes>,
                          dim3(static_cast<unsigned>(tilesOf(args.outputs, S::kThreads / kLanes))), dim3(S::kThreads),
                          0, stream, source, args);
        }
    });
}

}  // namespace distillix::cuda
