// SPDX-License-Identifier: Apache-2.0
// RMSNorm and SwiGLU with the activation quantizer behind them, and their gradients. All are bound by memory: a row is
// read once, kept in registers through its sum, its maximum and its rounding, and written once. Narrow rows take a
// warp, others a block of as many threads as leaves each some eight columns: few registers a thread keep many rows in
// flight.
//
// Predicted on an H200 (4.8 TB/s), never run on a GPU, for M = 64K tokens of the 100M preset in bfloat16:
//   normQuantize        M·d·(4 + 1) bytes: 250 MB, 53 µs            normBackward        M·d·(4 + 2 + 4 + 4): 700 MB,
//   150 µs swiglu              M·F·(2·2 + 1): 670 MB, 140 µs               swigluBackward      M·F·(2·2 + 2 + 2·2): 1.3
//   GB, 280 µs
#include "core/backend/cuda/kernels/rows.cuh"

namespace distillix::cuda {

namespace {

template <typename S>
__global__ void __launch_bounds__(S::kThreads)
    normQuantizeKernel(ConstValues x, const float* weight, float eps, RowOut out, float* rstd, int rows, int width) {
    const int row = static_cast<int>(blockIdx.x) * S::kRowsPerBlock + S::group();
    if (row >= rows) return;  // a whole group
    typename S::Part part;
    part.load(x, at(row, width), width, S::thread());
    if (weight) normRow<S>(part, weight, eps, rstd, row, width);
    writeRow<S>(part, out, row, width);
}

template <typename S>
__global__ void __launch_bounds__(S::kThreads, 1)
    swigluKernel(ConstValues gateUp, const float* subNorm, float eps, RowOut out, float* rstd, int rows, int width) {
    const int row = static_cast<int>(blockIdx.x) * S::kRowsPerBlock + S::group();
    if (row >= rows) return;
    typename S::Part hidden;
    loadSwiglu<S>(hidden, gateUp, row, width);
    if (subNorm) normRow<S>(hidden, subNorm, eps, rstd, row, width);
    writeRow<S>(hidden, out, row, width);
}

// ---- gradients: each block takes rows one after the other, and keeps the norm's weight gradient in registers
// -------------

/// Adds the groups' sums of a block in order and writes them as the block's row of `partial` [blocks, width].
template <typename S>
__device__ __forceinline__ void writePartial(const typename S::Part& sums, float* partial, int width) {
    float* const own = partial + at(static_cast<int>(blockIdx.x), width);
    if constexpr (S::kRowsPerBlock == 1) {
        sums.storeTyped(own, width, S::thread());
    } else {
        DYNAMIC_SHARED(float, tile);  // [kRowsPerBlock, width]
        sums.storeTyped(tile + S::group() * width, width, S::thread());
        __syncthreads();
        for (int c = static_cast<int>(threadIdx.x); c < width; c += S::kThreads) {
            float sum = 0;
            for (int g = 0; g < S::kRowsPerBlock; ++g) sum += tile[g * width + c];
            own[c] = sum;
        }
    }
}

/// The norm's weights of item i. They come from the first-level cache each time: registers are what keeps rows in
/// flight.
template <typename S>
__device__ __forceinline__ void loadWeights(const float* weight, int width, int i, float (&w)[S::kVec]) {
    const int c = S::Part::column(S::thread(), i);
    if constexpr (S::kVec == 4) {
        w[0] = w[1] = w[2] = w[3] = 0;
        if (c < width) load4(weight + c, w);
    } else {
        w[0] = c < width ? weight[c] : 0.0f;
    }
}

/// Gradient of one row's norm: dy becomes rstd·(w·dy - x̂·mean(w·dy·x̂)), and dWeight gains dy·x̂.
template <typename S>
__device__ __forceinline__ void normRowBackward(const typename S::Part& x, const float* weight, float rstd,
                                                typename S::Part& dy, typename S::Part& dWeight, int width) {
    float dot = 0, w[S::kVec];
#pragma unroll
    for (int i = 0; i < S::kItems; ++i) {
        loadWeights<S>(weight, width, i, w);
#pragma unroll
        for (int j = 0; j < S::kVec; ++j) dot += w[j] * dy.v[i][j] * x.v[i][j] * rstd;
    }
    const float mean = S::sum(dot) / static_cast<float>(width);
#pragma unroll
    for (int i = 0; i < S::kItems; ++i) {
        loadWeights<S>(weight, width, i, w);
#pragma unroll
        for (int j = 0; j < S::kVec; ++j) {
            const float xHat = x.v[i][j] * rstd, gradient = dy.v[i][j];
            dWeight.v[i][j] += gradient * xHat;
            dy.v[i][j] = rstd * (w[j] * gradient - xHat * mean);
        }
    }
}

template <typename S>
__device__ __forceinline__ void zero(typename S::Part& part) {
#pragma unroll
    for (int i = 0; i < S::kItems; ++i) {
#pragma unroll
        for (int j = 0; j < S::kVec; ++j) part.v[i][j] = 0;
    }
}

template <typename S>
__global__ void __launch_bounds__(S::kThreads, 1) normBackwardKernel(NormBackward args) {
    const int width = args.width, thread = S::thread();
    typename S::Part dWeight;
    zero<S>(dWeight);
    const int groups = static_cast<int>(gridDim.x) * S::kRowsPerBlock;
    for (int row = static_cast<int>(blockIdx.x) * S::kRowsPerBlock + S::group(); row < args.rows; row += groups) {
        typename S::Part x, dy;
        x.load(args.x, at(row, width), width, thread);
        dy.load(args.dOut, at(row, width), width, thread);
        normRowBackward<S>(x, args.weight, args.rstd[row], dy, dWeight, width);
        if (args.accumulate) {
            typename S::Part before;
            before.load({args.dX.data, args.dX.type}, at(row, width), width, thread);
#pragma unroll
            for (int i = 0; i < S::kItems; ++i) {
#pragma unroll
                for (int j = 0; j < S::kVec; ++j) dy.v[i][j] += before.v[i][j];
            }
        }
        dy.store(args.dX, at(row, width), width, thread);
    }
    writePartial<S>(dWeight, args.partial, width);
}

template <typename S>
__global__ void __launch_bounds__(S::kThreads, 1) swigluBackwardKernel(SwigluBackward args) {
    const int width = args.width, thread = S::thread();
    typename S::Part dSubNorm;
    zero<S>(dSubNorm);
    const int groups = static_cast<int>(gridDim.x) * S::kRowsPerBlock;
    for (int row = static_cast<int>(blockIdx.x) * S::kRowsPerBlock + S::group(); row < args.rows; row += groups) {
        const std::size_t offset = at(row, 2 * width), behind = offset + static_cast<std::size_t>(width);
        typename S::Part dHidden;
        dHidden.load(args.dOut, at(row, width), width, thread);
        if (args.subNorm) {
            typename S::Part hidden;
            loadSwiglu<S>(hidden, args.gateUp, row, width);
            normRowBackward<S>(hidden, args.subNorm, args.rstd[row], dHidden, dSubNorm, width);
        }
        // d silu(g)/dg = σ(g)·(1 + g·(1 - σ(g))). Gate and up are read (again, from the cache) before either is
        // written: dGateUp may be gateUp.
#pragma unroll
        for (int i = 0; i < S::kItems; ++i) {
            const int c = S::Part::column(thread, i);
            if (c >= width) continue;
            float gate[S::kVec], up[S::kVec];
            loadAny<S::kVec>(args.gateUp, offset + static_cast<std::size_t>(c), gate);
            loadAny<S::kVec>(args.gateUp, behind + static_cast<std::size_t>(c), up);
#pragma unroll
            for (int j = 0; j < S::kVec; ++j) {
                const float g = gate[j], u = up[j], s = sigmoidOf(g), d = dHidden.v[i][j];
                gate[j] = d * u * s * (1.0f + g * (1.0f - s));
                up[j] = d * g * s;
            }
            storeAny<S::kVec>(args.dGateUp, offset + static_cast<std::size_t>(c), gate);
            storeAny<S::kVec>(args.dGateUp, behind + static_cast<std::size_t>(c), up);
        }
    }
    if (args.subNorm) writePartial<S>(dSubNorm, args.partial, width);
}

constexpr int kSumThreads = 1024, kSumRows = kSumThreads / kWarp;

/// target[c] += the sum of partial[.][c]: 32 columns a block, each of its warps takes every 32nd partial row, for the
/// time is that of loads one behind the other. Blocks of y 1 do the same for the next partials and `second`.
__global__ void __launch_bounds__(kSumThreads)
    addPartialsKernel(const float* partial, int count, float* target, float* second, int width) {
    SHARED(float, tile, kSumThreads);
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    const int column = static_cast<int>(blockIdx.x) * kWarp + lane;
    if (blockIdx.y != 0) {
        partial += at(count, width);
        target = second;
    }
    float sum = 0;
    if (column < width) {
        for (int row = warp; row < count; row += kSumRows)
            sum += partial[at(row, width) + static_cast<std::size_t>(column)];
    }
    tile[threadIdx.x] = sum;
    __syncthreads();
    if (warp != 0 || column >= width) return;
    for (int w = 1; w < kSumRows; ++w) sum += tile[w * kWarp + lane];
    target[column] += sum;
}

template <typename S>
unsigned blocksFor(int rows) {
    return static_cast<unsigned>(divideUp(rows, S::kRowsPerBlock));
}

template <typename S>
unsigned backwardBlocks(int rows) {
    return static_cast<unsigned>(std::min(divideUp(rows, S::kRowsPerBlock), kNormPartials));
}
template <typename S>
std::size_t backwardShared(int width) {
    return S::kRowsPerBlock == 1 ? 0 : static_cast<std::size_t>(S::kRowsPerBlock * width) * sizeof(float);
}

}  // namespace

Result<void> launchAddPartials(const float* partial, int count, float* target, float* second, int width,
                               StreamHandle stream) {
    return launch(addPartialsKernel, dim3(static_cast<unsigned>(divideUp(width, kWarp)), second ? 2 : 1), kSumThreads,
                  0, stream, partial, count, target, second, width);
}

Result<void> launchNormQuantize(const ConstValues& x, const float* weight, float eps, const RowOut& out, float* rstd,
                                int rows, int width, StreamHandle stream) {
    return withWideSpread(width, [&](auto spread) {
        using S = decltype(spread);
        return launch(normQuantizeKernel<S>, blocksFor<S>(rows), S::kThreads, 0, stream, x, weight, eps, out, rstd,
                      rows, width);
    });
}

Result<void> launchSwiglu(const ConstValues& gateUp, const float* subNorm, float eps, const RowOut& out, float* rstd,
                          int rows, int width, StreamHandle stream) {
    return withWideSpread(width, [&](auto spread) {
        using S = decltype(spread);
        return launch(swigluKernel<S>, blocksFor<S>(rows), S::kThreads, 0, stream, gateUp, subNorm, eps, out, rstd,
                      rows, width);
    });
}

Result<void> launchNormBackward(const NormBackward& args, StreamHandle stream) {
    return withSpread(args.width, [&](auto spread) -> Result<void> {
        using S = decltype(spread);
        const unsigned blocks = backwardBlocks<S>(args.rows);
        TRY_VOID(launch(normBackwardKernel<S>, blocks, S::kThreads, backwardShared<S>(args.width), stream, args));
        return launchAddPartials(args.partial, static_cast<int>(blocks), args.dWeight, nullptr, args.width, stream);
    });
}

Result<void> launchSwigluBackward(const SwigluBackward& args, StreamHandle stream) {
    return withSpread(args.width, [&](auto spread) -> Result<void> {
        using S = decltype(spread);
        const unsigned blocks = args.subNorm ? backwardBlocks<S>(args.rows) : blocksFor<S>(args.rows);
        TRY_VOID(launch(swigluBackwardKernel<S>, blocks, S::kThreads, args.subNorm ? backwardShared<S>(args.width) : 0,
                        stream, args));
        if (!args.subNorm) return {};
        return launchAddPartials(args.partial, static_cast<int>(blocks), args.dSubNorm, nullptr, args.width, stream);
    });
}

}  // namespace distillix::cuda
