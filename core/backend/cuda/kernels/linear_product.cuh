// SPDX-License-Identifier: Apache-2.0
// y = (Xq · Wqᵀ)·γ·α/127 + residual: exact integer sums on the int8 tensor cores, weights read as the 2 bits they are
// and spread to int8 in registers, scales and residual in the epilogue. A library's int8 product would write int32 sums
// and leave scaling to a second pass: 8 bytes an output more than the 2 or 4 that are written here.
//
// A block of four warps makes a tile of 128 tokens x 128 outputs (64 x 64 where that would leave the card idle), over
// `in` in steps of 64 columns with four steps in flight (cp.async): per step and warp 64 m16n8k32 products, 8 ldmatrix
// for the tokens, 8 words of weights and 72 instructions to spread them.
//
// Predicted for an H200, gate and up of the 100M preset at 8 x 1,024 tokens (8192 x 4096 x 768, 51.5 G operations):
// mma.sync reaches some 60 % of the 1,979 T/s that wgmma has, less 20 % for the spreading: about 55 µs; its bytes
// (6.3 MB codes, 67 MB out) take 15. All 48 forward products of a micro-step: 1.24 T operations, 1.3 ms.
// Never run on a GPU.
#pragma once

#include "core/backend/cuda/kernels/float_types.cuh"
#include "core/backend/cuda/kernels/linear.h"
#include "core/backend/cuda/kernels/ternary_codes.cuh"

namespace distillix::cuda {

constexpr int kProductStages = 4;

/// Bytes of shared memory of a tile: the stages' tokens, then their weights.
constexpr int productSharedBytes(int tokens, int outputs) {
    return kProductStages * (tokens * kPackedBlock + outputs * kPackedBlock / 4);
}

/// In a group of four lanes: lane l has word j of column pair l, and gets word l of all four pairs.
__device__ __forceinline__ void transposeQuad(unsigned (&words)[4]) {
    const int lane = static_cast<int>(threadIdx.x % 4);
#pragma unroll
    for (int step = 1; step < 4; step *= 2) {
        const bool upper = (lane & step) != 0;
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            if (j & step) continue;
            const unsigned give = upper ? words[j] : words[j + step];
            const unsigned got = __shfl_xor_sync(0xffffffffu, give, step);
            if (upper) {
                words[j] = got;
            } else {
                words[j + step] = got;
            }
        }
    }
}

/// What is added to a row's columns firstColumn + 8n and the next.
template <int kN>
__device__ __forceinline__ void loadResidual(const TernaryProduct& args, int row, int firstColumn, bool wide,
                                             float (&values)[kN][2]) {
    if (!args.residual || row >= args.rows) return;
    const float* const source = args.residual + static_cast<std::size_t>(row) * static_cast<std::size_t>(args.outputs);
#pragma unroll
    for (int n = 0; n < kN; ++n) {
        const int column = firstColumn + n * 8;
        if (wide) {
            const Pack<float, 2> pair = *reinterpret_cast<const Pack<float, 2>*>(source + column);
            values[n][0] = pair.values[0];
            values[n][1] = pair.values[1];
        } else {
            values[n][0] = column < args.outputs ? source[column] : 0.0f;
            values[n][1] = column + 1 < args.outputs ? source[column + 1] : 0.0f;
        }
    }
}

template <int kTokens, int kOutputs, typename Out>
__global__ void __launch_bounds__(128) ternaryProductKernel(TernaryProduct args) {
    constexpr int kThreads = 128;
    constexpr int kWarpTokens = kTokens / 2, kWarpOutputs = kOutputs / 2;
    constexpr int kM = kWarpTokens / 16, kN = kWarpOutputs / 8;
    constexpr int kTokenBytes = kTokens * kPackedBlock, kWeightBytes = kOutputs * kPackedBlock / 4;
    DYNAMIC_SHARED(unsigned char, shared);
    unsigned char* const weights = shared + kProductStages * kTokenBytes;

    const int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
    const int firstToken = static_cast<int>(blockIdx.y) * kTokens,
              firstOutput = static_cast<int>(blockIdx.x) * kOutputs;
    const int warpToken = warp / 2 * kWarpTokens, warpOutput = warp % 2 * kWarpOutputs;
    const std::size_t rowWords = static_cast<std::size_t>(args.blocks) * 4;

    const auto load = [&](int block) {
        const int stage = block % kProductStages;
        unsigned char* tokens = shared + stage * kTokenBytes;
#pragma unroll
        for (int i = thread; i < kTokens * 4; i += kThreads) {
            const int row = i / 4, piece = i % 4, column = block * kPackedBlock + piece * 16;
            const bool valid = firstToken + row < args.rows && column < args.stride;
            const std::int8_t* source =
                valid ? args.codes +
                            static_cast<std::size_t>(firstToken + row) * static_cast<std::size_t>(args.stride) + column
                      : args.codes;
            cpAsync16(tokens + tilePlace(row, piece), source, valid);
        }
        unsigned char* packed = weights + stage * kWeightBytes;
#pragma unroll
        for (int row = thread; row < kOutputs; row += kThreads) {
            const bool valid = firstOutput + row < args.outputs;
            const unsigned* source =
                valid ? args.packed + static_cast<std::size_t>(firstOutput + row) * rowWords + block * 4 : args.packed;
            cpAsync16(packed + row * 16, source, valid);
        }
    };

    int sums[kM][kN][4];
#pragma unroll
    for (int m = 0; m < kM; ++m) {
#pragma unroll
        for (int n = 0; n < kN; ++n) {
#pragma unroll
            for (int i = 0; i < 4; ++i) sums[m][n][i] = 0;
        }
    }

#pragma unroll
    for (int block = 0; block < kProductStages - 1; ++block) {
        if (block < args.blocks) load(block);
        cpAsyncCommit();
    }
    for (int block = 0; block < args.blocks; ++block) {
        cpAsyncWait<kProductStages - 2>();
        __syncthreads();  // the step is there for all, and the one before it has been read by all
        if (block + kProductStages - 1 < args.blocks) load(block + kProductStages - 1);
        cpAsyncCommit();

        const unsigned char* tokens = shared + block % kProductStages * kTokenBytes;
        const unsigned char* packed = weights + block % kProductStages * kWeightBytes;
        unsigned words[kN];
#pragma unroll
        for (int n = 0; n < kN; ++n) {
            words[n] = *reinterpret_cast<const unsigned*>(packed + (warpOutput + n * 8 + lane / 4) * 16 + lane % 4 * 4);
        }
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            unsigned a[kM][4];
#pragma unroll
            for (int m = 0; m < kM; ++m)
                ldmatrixX4(a[m], tokens + tilePlace(warpToken + m * 16 + lane % 16, half * 2 + lane / 16));
#pragma unroll
            for (int n = 0; n < kN; ++n) {
                const unsigned b[2] = {unpackGroup(words[n], half * 2), unpackGroup(words[n], half * 2 + 1)};
#pragma unroll
                for (int m = 0; m < kM; ++m) mmaI8(sums[m][n], a[m], b);
            }
        }
    }

    // Lane l of a group of four has columns 2l and 2l + 1 of each 8, in rows l/4 and l/4 + 8. All loads come first, and
    // a row's residual before the row in front of it is stored: the compiler cannot know that they are other places.
    Out* const out = static_cast<Out*>(args.out);
    const bool wide = args.outputs % 8 == 0 && firstOutput + warpOutput + kWarpOutputs <= args.outputs;
    const int firstRow = firstToken + warpToken + lane / 4, firstColumn = firstOutput + warpOutput + lane % 4 * 2;
    float gammas[kN][2], scales[kM * 2], residual[2][kN][2];
#pragma unroll
    for (int n = 0; n < kN; ++n) {
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            const int column = firstColumn + n * 8 + i;
            gammas[n][i] = column < args.outputs ? args.gamma[column] : 0.0f;
        }
    }
#pragma unroll
    for (int r = 0; r < kM * 2; ++r)
        scales[r] = firstRow + r * 8 < args.rows ? args.alpha[firstRow + r * 8] / 127.0f : 0.0f;
    loadResidual(args, firstRow, firstColumn, wide, residual[0]);
#pragma unroll
    for (int r = 0; r < kM * 2; ++r) {
        if (r + 1 < kM * 2) loadResidual(args, firstRow + (r + 1) * 8, firstColumn, wide, residual[(r + 1) % 2]);
        const int row = firstRow + r * 8;
        const bool inside = row < args.rows;
        Out* const target = out + static_cast<std::size_t>(row) * static_cast<std::size_t>(args.outputs);
#pragma unroll
        for (int group = 0; group < kN; group += 4) {
            float y[4][2];
#pragma unroll
            for (int j = 0; j < 4; ++j) {
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    const int n = group + j;
                    y[j][i] = scaledSum(sums[r / 2][n][r % 2 * 2 + i], gammas[n][i], scales[r]);
                    if (args.residual) y[j][i] = __fadd_rn(y[j][i], residual[r % 2][n][i]);
                }
            }
            if (!wide) {
#pragma unroll
                for (int j = 0; j < 4; ++j) {
#pragma unroll
                    for (int i = 0; i < 2; ++i) {
                        const int column = firstColumn + (group + j) * 8 + i;
                        if (inside && column < args.outputs) target[column] = fromFloat<Out>(y[j][i]);
                    }
                }
            } else if constexpr (sizeof(Out) == 2) {
                // 16 bytes a lane: the columns of one n8 tile each.
                unsigned pairs[4];
#pragma unroll
                for (int j = 0; j < 4; ++j) pairs[j] = packPair<Out>(y[j][0], y[j][1]);
                transposeQuad(pairs);
                if (inside)
                    *reinterpret_cast<Words4*>(target + firstOutput + warpOutput + (group + lane % 4) * 8) =
                        Words4{pairs[0], pairs[1], pairs[2], pairs[3]};
            } else if (inside) {
#pragma unroll
                for (int j = 0; j < 4; ++j)
                    *reinterpret_cast<Pack<float, 2>*>(target + firstColumn + (group + j) * 8) =
                        Pack<float, 2>{{y[j][0], y[j][1]}};
            }
        }
    }
}

template <int kTokens, int kOutputs, typename Out>
Result<void> launchTile(const TernaryProduct& args, StreamHandle stream) {
    return launch(ternaryProductKernel<kTokens, kOutputs, Out>,
                  dim3(static_cast<unsigned>(tilesOf(args.outputs, kOutputs)),
                       static_cast<unsigned>(tilesOf(args.rows, kTokens))),
                  dim3(128), productSharedBytes(kTokens, kOutputs), stream, args);
}

Result<void> launchTernaryProduct(const TernaryProduct& args, int multiprocessors, bool asyncCopies,
                                  StreamHandle stream) {
    const bool large =
        ternaryTileFor(args.rows, args.outputs, multiprocessors, asyncCopies).tokens == kLargeTile.tokens;
    return withFloatType(args.outType, [&](auto type) -> Result<void> {
        using Out = decltype(type);
        return large ? launchTile<kLargeTile.tokens, kLargeTile.outputs, Out>(args, stream)
                     : launchTile<kSmallTile.tokens, kSmallTile.outputs, Out>(args, stream);
    });
}

// ---- around a library's integer product ---------------------------------------------------------------------------

/// Grid (columns / 256, rows).
template <typename Out>
__global__ void __launch_bounds__(256) ternaryScaleKernel(const std::int32_t* sums, TernaryProduct args) {
    const int column = static_cast<int>(blockIdx.x * 256 + threadIdx.x), row = static_cast<int>(blockIdx.y);
    if (column >= args.outputs) return;
    const std::size_t place =
        static_cast<std::size_t>(row) * static_cast<std::size_t>(args.outputs) + static_cast<std::size_t>(column);
    static_cast<Out*>(args.out)[place] = fromFloat<Out>(scaledProduct(args, sums[place], row, column));
}

Result<void> launchTernaryScale(const std::int32_t* sums, const TernaryProduct& args, StreamHandle stream) {
    return withFloatType(args.outType, [&](auto type) -> Result<void> {
        using Out = decltype(type);
        return launch(ternaryScaleKernel<Out>,
                      dim3(static_cast<unsigned>(tilesOf(args.outputs, 256)), static_cast<unsigned>(args.rows)),
                      dim3(256), 0, stream, sums, args);
    });
}

}  // namespace distillix::cuda
