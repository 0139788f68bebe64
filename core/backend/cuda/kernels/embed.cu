// SPDX-License-Identifier: Apache-2.0
// The embedding's rows, their gradient, and the key/value cache's new rows. All are bound by memory.
//
// Predicted on an H200 (4.8 TB/s), never run on a GPU:
//   embed           M·d·(4 read + 4 written) bytes: 64K x 768 in 84 µs
//   embedBackward   M·d·4 read, the touched rows read and written: 64K x 768 in 42 µs + 20K·768·8 B in 26 µs, and some
//                   15 µs of counting and placing
//   kvAppend        a few kilobytes: a launch, 3 µs
#include "core/backend/cuda/kernels/cache_rows.cuh"
#include "core/backend/cuda/kernels/reduce.cuh"
#include "core/backend/cuda/kernels/vectors.cuh"

namespace distillix::cuda {

namespace {

constexpr int kThreads = 256, kWarps = kThreads / kWarp;

/// A warp a row.
template <int VEC>
__global__ void __launch_bounds__(kThreads)
    embedKernel(const std::int32_t* ids, const float* table, float* out, int rows, int width, int vocabulary) {
    const int row = static_cast<int>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.x) / kWarp;
    if (row >= rows) return;
    const int lane = static_cast<int>(threadIdx.x) % kWarp, id = ids[row];
    const bool known = id >= 0 && id < vocabulary;
    const float* const from = table + static_cast<std::size_t>(known ? id : 0) * static_cast<std::size_t>(width);
    float* const to = out + static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
    for (int c = lane * VEC; c < width; c += kWarp * VEC) {
        if constexpr (VEC == 4) {
            float v[4];
            load4(from + c, v);
            if (!known) v[0] = v[1] = v[2] = v[3] = __int_as_float(0x7fffffff);
            store4(to + c, v);
        } else {
            to[c] = known ? from[c] : __int_as_float(0x7fffffff);
        }
    }
}

// ---- the gradient: a bucket of rows for each id --------------------------------------------------------------------
//
// Counting and placing go by atomics on integers, so that a bucket holds the right rows in any order; the sums then go
// over the rows in an order that does not depend on it.

__global__ void __launch_bounds__(kThreads)
    countIdsKernel(const std::int32_t* ids, unsigned* counts, unsigned* ranks, int rows, int vocabulary) {
    const int row = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
    if (row >= rows || ids[row] < 0 || ids[row] >= vocabulary) return;
    ranks[row] = atomicAdd(counts + ids[row], 1u);
}

constexpr int kScanThreads = 1024;

/// offsets[i] = counts[0] + … + counts[i - 1]. One block, 4,096 counts at a time, four neighbours a thread.
__global__ void __launch_bounds__(kScanThreads) offsetsKernel(const unsigned* counts, unsigned* offsets, int count) {
    SHARED(unsigned, warpSums, kWarp);
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp, warp = thread / kWarp;
    unsigned carried = 0;  // of the rounds before
    for (int round = 0; round < count; round += 4 * kScanThreads) {
        const int first = round + 4 * thread;
        unsigned own[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) own[i] = first + i < count ? counts[first + i] : 0;
        const unsigned mine = own[0] + own[1] + own[2] + own[3];
        unsigned sum = mine;  // of this lane and those before it
        for (int offset = 1; offset < kWarp; offset *= 2) {
            const unsigned other = __shfl_up_sync(kFullMask, sum, static_cast<unsigned>(offset));
            if (lane >= offset) sum += other;
        }
        if (lane == kWarp - 1) warpSums[warp] = sum;
        __syncthreads();
        unsigned before = carried + sum - mine;
        for (int w = 0; w < kWarp; ++w) {
            if (w < warp) before += warpSums[w];
            carried += warpSums[w];
        }
        __syncthreads();
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            if (first + i < count) offsets[first + i] = before;
            before += own[i];
        }
    }
}

__global__ void __launch_bounds__(kThreads)
    placeRowsKernel(const std::int32_t* ids, const unsigned* offsets, const unsigned* ranks, unsigned* buckets,
                    int rows, int vocabulary) {
    const int row = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
    if (row >= rows || ids[row] < 0 || ids[row] >= vocabulary) return;
    buckets[offsets[ids[row]] + ranks[row]] = static_cast<unsigned>(row);
}

/// Four columns of one row, added; columns past the width and rows past the end count as zero.
__device__ __forceinline__ void addColumns(float (&sum)[4], const float* row, int column, int width) {
    if (width % 4 == 0) {
        if (column >= width) return;
        float v[4];
        load4(row + column, v);
        for (int i = 0; i < 4; ++i) sum[i] += v[i];
    } else {
        for (int i = 0; i < 4; ++i) {
            if (column + i < width) sum[i] += row[column + i];
        }
    }
}
__device__ __forceinline__ void addToTable(float* row, const float (&sum)[4], int column, int width) {
    if (width % 4 == 0) {
        if (column >= width) return;
        float v[4];
        load4(row + column, v);
        for (int i = 0; i < 4; ++i) v[i] += sum[i];
        store4(row + column, v);
    } else {
        for (int i = 0; i < 4; ++i) {
            if (column + i < width) row[column + i] += sum[i];
        }
    }
}

constexpr int kTileColumns = kWarp * 4;
/// Tiles of columns whose loads are under way together where a token has many rows.
constexpr int kTilesAtOnce = 6;

/// A block an id. Up to 32 rows: each warp takes tiles of columns and all rows in ascending order. More: the bucket
/// becomes a set of bits, so that the rows can be walked in order; each warp takes every eighth word of it, and the
/// warps' sums are added in order.
__global__ void __launch_bounds__(kThreads)
    sumRowsKernel(const unsigned* counts, const unsigned* offsets, const unsigned* buckets, const float* dOut,
                  float* dTable, int rows, int width) {
    const unsigned id = blockIdx.x, count = counts[id];
    if (count == 0) return;
    SHARED(unsigned, sorted, kWarp);
    SHARED(float, partial, kWarps* kTileColumns);
    DYNAMIC_SHARED(unsigned, bits);
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp, warp = thread / kWarp;
    const unsigned* const bucket = buckets + offsets[id];
    float* const target = dTable + static_cast<std::size_t>(id) * static_cast<std::size_t>(width);
    const auto rowAt = [&](unsigned row) {
        return dOut + static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
    };
    if (count <= kWarp) {
        if (warp == 0) {
            const bool mine = static_cast<unsigned>(lane) < count;
            const unsigned row = mine ? bucket[lane] : 0xffffffffu;
            int rank = 0;
            for (int other = 0; other < kWarp; ++other) rank += __shfl_sync(kFullMask, row, other) < row;
            if (mine) sorted[rank] = row;
        }
        __syncthreads();
        for (int column = (warp * kWarp + lane) * 4; column < width; column += kWarps * kTileColumns) {
            float sum[4] = {0, 0, 0, 0};
            for (unsigned i = 0; i < count; ++i) addColumns(sum, rowAt(sorted[i]), column, width);
            addToTable(target, sum, column, width);
        }
        return;
    }
    const int words = divideUp(rows, 32);
    for (int i = thread; i < words; i += kThreads) bits[i] = 0;
    __syncthreads();
    for (unsigned i = static_cast<unsigned>(thread); i < count; i += kThreads)
        atomicOr(bits + bucket[i] / 32, 1u << bucket[i] % 32);
    __syncthreads();
    for (int tile = 0; tile < width; tile += kTilesAtOnce * kTileColumns) {
        float sums[kTilesAtOnce][4] = {};
        for (int word = warp; word < words; word += kWarps) {
            for (unsigned left = bits[word]; left != 0; left &= left - 1) {
                const float* const row = rowAt(static_cast<unsigned>(word * 32 + __ffs(static_cast<int>(left)) - 1));
#pragma unroll
                for (int t = 0; t < kTilesAtOnce; ++t)
                    addColumns(sums[t], row, tile + t * kTileColumns + lane * 4, width);
            }
        }
#pragma unroll
        for (int t = 0; t < kTilesAtOnce; ++t) {
            if (tile + t * kTileColumns >= width) break;
            store4(partial + thread * 4, sums[t]);
            __syncthreads();
            if (warp == 0) {
                for (int other = 1; other < kWarps; ++other) {
                    for (int i = 0; i < 4; ++i) sums[t][i] += partial[(other * kWarp + lane) * 4 + i];
                }
                addToTable(target, sums[t], tile + t * kTileColumns + lane * 4, width);
            }
            __syncthreads();
        }
    }
}

// ---- the cache -----------------------------------------------------------------------------------------------------

/// A warp a head of keys or values of one token; the cache's types as the reference rounds them.
__global__ void __launch_bounds__(kThreads) kvAppendKernel(KvAppend args) {
    const int unit = static_cast<int>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.x) / kWarp;
    const int units = args.batch * args.tokens * args.kvHeads * 2;
    if (unit >= units) return;
    const bool isValue = unit % 2 != 0;
    const int head = unit / 2 % args.kvHeads, token = unit / 2 / args.kvHeads, sequence = token / args.tokens;
    const int slot = args.past[sequence] + token % args.tokens;
    if (slot < 0 || slot >= args.capacity) return;  // what the host should have refused is not written
    const ConstValues from = isValue ? args.v : args.k;
    const std::size_t offset =
        static_cast<std::size_t>(token) * static_cast<std::size_t>(isValue ? args.vStride : args.kStride) +
        static_cast<std::size_t>(head) * static_cast<std::size_t>(args.headDim);
    const std::size_t row = (static_cast<std::size_t>(sequence) * static_cast<std::size_t>(args.capacity) +
                             static_cast<std::size_t>(slot)) *
                                static_cast<std::size_t>(args.kvHeads) +
                            static_cast<std::size_t>(head);
    const auto element = [&](int i) {
        float value[1];
        loadAny<1>(from, offset + static_cast<std::size_t>(i), value);
        return value[0];
    };
    writeCacheRow(isValue ? args.values : args.keys, isValue ? args.valueScales : args.keyScales, args.type, row,
                  args.headDim, element);
}

unsigned blocksOf(int count, int perBlock) {
    return static_cast<unsigned>(divideUp(count, perBlock));
}

}  // namespace

Result<void> launchEmbed(const std::int32_t* ids, const float* table, float* out, int rows, int width, int vocabulary,
                         StreamHandle stream) {
    return launch(width % 4 == 0 ? embedKernel<4> : embedKernel<1>, blocksOf(rows, kWarps), kThreads, 0, stream, ids,
                  table, out, rows, width, vocabulary);
}

Result<void> launchEmbedBackward(const std::int32_t* ids, const float* dOut, float* dTable, int rows, int width,
                                 int vocabulary, const EmbedScratch& scratch, StreamHandle stream) {
    TRY_VOID(launch(countIdsKernel, blocksOf(rows, kThreads), kThreads, 0, stream, ids, scratch.counts, scratch.ranks,
                    rows, vocabulary));
    TRY_VOID(launch(offsetsKernel, 1, kScanThreads, 0, stream, scratch.counts, scratch.offsets, vocabulary));
    TRY_VOID(launch(placeRowsKernel, blocksOf(rows, kThreads), kThreads, 0, stream, ids, scratch.offsets, scratch.ranks,
                    scratch.buckets, rows, vocabulary));
    return launch(sumRowsKernel, static_cast<unsigned>(vocabulary), kThreads,
                  static_cast<std::size_t>(divideUp(rows, 32)) * sizeof(unsigned), stream, scratch.counts,
                  scratch.offsets, scratch.buckets, dOut, dTable, rows, width);
}

Result<void> launchKvAppend(const KvAppend& args, StreamHandle stream) {
    return launch(kvAppendKernel, blocksOf(args.batch * args.tokens * args.kvHeads * 2, kWarps), kThreads, 0, stream,
                  args);
}

}  // namespace distillix::cuda
