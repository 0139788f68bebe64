// SPDX-License-Identifier: Apache-2.0
// Norm of each q and k head and rotary positions, and their gradient. A head takes h/8 lanes, each of which holds four
// pairs (j, j + h/2): elements that are turned together, and loads of four neighbours. Other head sizes take a warp.
//
// Predicted on an H200 (4.8 TB/s), never run on a GPU, for M = 64K tokens of the 100M preset in bfloat16:
//   forward   M·(H+Hkv)·h·(2 + 2) bytes: 270 MB, 56 µs          backward  M·(H+Hkv)·h·(2 + 2 + 2): 400 MB, 84 µs
#include "core/backend/cuda/kernels/heads.cuh"

namespace distillix::cuda {

namespace {

constexpr int kThreads = kHeadThreads;

template <typename S>
__global__ void __launch_bounds__(kThreads) qkNormRopeKernel(QkNormRope args) {
    const int qkHeads = args.heads + args.kvHeads, half = args.headDim / 2, units = args.rows * qkHeads;
    const int unit = static_cast<int>(blockIdx.x) * S::kGroups + S::group();
    // Lanes of a warp go through the shuffles together: a group past the end repeats the last head and writes nothing.
    const int own = min(unit, units - 1), row = own / qkHeads, head = own % qkHeads;
    Head<S> x;
    x.load(args.qkv, headOffset(row, qkHeads + args.kvHeads, head, args.headDim), half);
    normRotate(x, head < args.heads ? args.qNorm : args.kNorm, args.eps,
               args.ropeTable + static_cast<std::size_t>(args.positions[row]) * static_cast<std::size_t>(args.headDim),
               args.headDim);
    if (unit < units) x.store(args.qk, headOffset(row, qkHeads, head, args.headDim), half);
}

/// Each block takes every gridDim'th batch of heads, and leaves its share of both norms' weight gradients in
/// partial [blocks, 2h].
template <typename S>
__global__ void __launch_bounds__(kThreads) qkNormRopeBackwardKernel(QkNormRopeBackward args) {
    const int qkHeads = args.heads + args.kvHeads, half = args.headDim / 2, units = args.rows * qkHeads;
    Head<S> dQNorm, dKNorm;
    dQNorm.each([&](float& v, int, int, bool) { v = 0; });
    dKNorm.each([&](float& v, int, int, bool) { v = 0; });
    for (int first = static_cast<int>(blockIdx.x) * S::kGroups; first < units;
         first += static_cast<int>(gridDim.x) * S::kGroups) {
        const int unit = first + S::group(), own = min(unit, units - 1), row = own / qkHeads, head = own % qkHeads;
        const std::size_t inQkv = headOffset(row, qkHeads + args.kvHeads, head, args.headDim);
        Head<S> d;
        d.load(args.dQk, headOffset(row, qkHeads, head, args.headDim), half);
        d.rotate(
            args.ropeTable + static_cast<std::size_t>(args.positions[row]) * static_cast<std::size_t>(args.headDim),
            half, -1.0f);
        if (args.qNorm) {
            const bool isQuery = head < args.heads, counts = unit < units;
            Head<S> x, weight;
            x.load(args.qkv, inQkv, half);
            weight.loadWeight(isQuery ? args.qNorm : args.kNorm, half);
            const float rstd = x.rstd(args.headDim, args.eps);
            float dot = 0;
            d.each([&](float& v, int i, int j, bool second) {
                dot += weight.at(i, j, second) * v * x.at(i, j, second) * rstd;
            });
            const float mean = warpSum<S::kLanes>(dot) / static_cast<float>(args.headDim);
            const float queryShare = counts && isQuery ? 1.0f : 0.0f, keyShare = counts && !isQuery ? 1.0f : 0.0f;
            dQNorm.each([&](float& v, int i, int j, bool second) {
                v += queryShare * (d.at(i, j, second) * x.at(i, j, second) * rstd);
            });
            dKNorm.each([&](float& v, int i, int j, bool second) {
                v += keyShare * (d.at(i, j, second) * x.at(i, j, second) * rstd);
            });
            d.each([&](float& v, int i, int j, bool second) {
                v = rstd * (weight.at(i, j, second) * v - x.at(i, j, second) * rstd * mean);
            });
        }
        if (unit < units) d.store(args.dQkv, inQkv, half);
    }
    if (!args.qNorm) return;
    DYNAMIC_SHARED(float, tile);  // [kGroups, h], for one norm after the other
    const auto write = [&](const Head<S>& sums, int which) {
        float* const own = tile + S::group() * args.headDim;
        sums.a.storeTyped(own, half, S::lane());
        sums.b.storeTyped(own + half, half, S::lane());
        __syncthreads();
        for (int c = static_cast<int>(threadIdx.x); c < args.headDim; c += kThreads) {
            float sum = 0;
            for (int g = 0; g < S::kGroups; ++g) sum += tile[g * args.headDim + c];
            args.partial[(static_cast<std::size_t>(which) * gridDim.x + blockIdx.x) *
                             static_cast<std::size_t>(args.headDim) +
                         static_cast<std::size_t>(c)] = sum;
        }
        __syncthreads();
    };
    write(dQNorm, 0);
    write(dKNorm, 1);
}

template <typename Work>
Result<void> withHeadSpread(int headDim, Work&& work) {
    switch (headDim) {
        case 32:
            return work(HeadSpread<4, 4, 1>{});
        case 64:
            return work(HeadSpread<8, 4, 1>{});
        case 128:
            return work(HeadSpread<16, 4, 1>{});
        default:
            break;
    }
    if (headDim <= 64) return work(HeadSpread<kWarp, 1, 1>{});
    if (headDim <= 256) return work(HeadSpread<kWarp, 1, 4>{});
    return makeError(ErrorCode::Unsupported, "heads of " + std::to_string(headDim) + " elements; up to 256 are taken");
}

}  // namespace

Result<void> launchQkNormRope(const QkNormRope& args, StreamHandle stream) {
    return withHeadSpread(args.headDim, [&](auto spread) {
        using S = decltype(spread);
        const int units = args.rows * (args.heads + args.kvHeads);
        return launch(qkNormRopeKernel<S>, static_cast<unsigned>(divideUp(units, S::kGroups)), kThreads, 0, stream,
                      args);
    });
}

Result<void> launchQkNormRopeBackward(const QkNormRopeBackward& args, StreamHandle stream) {
    return withHeadSpread(args.headDim, [&](auto spread) -> Result<void> {
        using S = decltype(spread);
        const int units = args.rows * (args.heads + args.kvHeads);
        const int blocks = std::min(divideUp(units, S::kGroups), args.qNorm ? kRopePartials : 1 << 30);
        TRY_VOID(launch(qkNormRopeBackwardKernel<S>, static_cast<unsigned>(blocks), kThreads,
                        args.qNorm ? static_cast<std::size_t>(S::kGroups * args.headDim) * sizeof(float) : 0, stream,
                        args));
        if (!args.qNorm) return {};
        return launchAddPartials(args.partial, blocks, args.dQNorm, args.dKNorm, args.headDim, stream);
    });
}

}  // namespace distillix::cuda
