// SPDX-License-Identifier: Apache-2.0
// Drawing a token, by the rules of SampleArgs. One block a row: the row's numbers stay in the first-level cache of its
// multiprocessor, so that a pass over 32,000 of them is a microsecond. The borders of top-k and top-p are found by
// halving the range of the numbers' bits, with exact sums: counts, and probabilities in fixed point, whose sums do not
// depend on their order. Halving takes 34 passes or more, so that the likeliest are listed in shared memory first: the
// k-th of the threads' largest numbers is no more than the k-th of all, and what reaches it is little more than k.
//
// Predicted on an H200, never run on a GPU, for a vocabulary of 32,000: greedy 5 µs; with temperature alone 10 µs; with
// top-k, top-p or both some 10 µs more, where a border looked for among all would take 70 to 100.
#include "core/backend/cuda/kernels/reduce.cuh"
#include "core/backend/cuda/kernels/vectors.cuh"

namespace distillix::cuda {

namespace {

constexpr int kThreads = 1024, kWarps = kThreads / kWarp;
using Fixed = unsigned long long;
/// Of a probability relative to the likeliest's: 2^40 is one, so 2^18 tokens sum without overflow many times over.
constexpr float kOne = 1099511627776.0f;

template <typename T>
__device__ __forceinline__ T blockTotal(T value) {
    SHARED(T, partial, kWarps);
    value = warpSum(value);
    if (threadIdx.x % kWarp == 0) partial[threadIdx.x / kWarp] = value;
    __syncthreads();
    value = warpSum(partial[threadIdx.x % kWarp]);
    __syncthreads();
    return value;
}
__device__ __forceinline__ Fixed blockLargest(Fixed value) {
    SHARED(Fixed, partial, kWarps);
    for (int offset = kWarp / 2; offset > 0; offset /= 2) {
        const Fixed other = __shfl_xor_sync(kFullMask, value, offset);
        value = other > value ? other : value;
    }
    if (threadIdx.x % kWarp == 0) partial[threadIdx.x / kWarp] = value;
    __syncthreads();
    value = partial[threadIdx.x % kWarp];
    for (int offset = kWarp / 2; offset > 0; offset /= 2) {
        const Fixed other = __shfl_xor_sync(kFullMask, value, offset);
        value = other > value ? other : value;
    }
    __syncthreads();
    return value;
}

/// Bits that order as the numbers do.
__device__ __forceinline__ unsigned orderedBits(float x) {
    const unsigned bits = __float_as_uint(x);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
__device__ __forceinline__ float fromOrderedBits(unsigned bits) {
    return __uint_as_float(bits & 0x80000000u ? bits & 0x7fffffffu : ~bits);
}

/// Keeps what ranks at or before one token: larger numbers, and of its equals those with no higher id.
struct Border {
    unsigned bits;
    int id;
    __device__ __forceinline__ bool keeps(unsigned otherBits, int otherId) const {
        return otherBits > bits || (otherBits == bits && otherId <= id);
    }
};

/// What a border is looked for among: all tokens of a row, or those that are listed.
struct AllTokens {
    const float* z;
    int count;
    __device__ __forceinline__ unsigned bits(int i) const { return orderedBits(z[i]); }
    __device__ __forceinline__ int id(int i) const { return i; }
};
struct ListedTokens {
    const unsigned* itsBits;
    const int* ids;
    int count;
    __device__ __forceinline__ unsigned bits(int i) const { return itsBits[i]; }
    __device__ __forceinline__ int id(int i) const { return ids[i]; }
};
constexpr int kListed = 2048, kWithTopP = 256;
/// A list that one warp goes through by itself: a pass costs it less than the block's barriers would.
constexpr int kWarpListed = 128;

/// The first token in rank order at which the running sum of weight(id, bits) reaches `target` (more than 0, no more
/// than the whole). All threads of the block call it, or of a warp.
template <bool kOneWarp, typename Tokens, typename Weight>
__device__ Border findBorder(const Tokens& tokens, int vocabulary, Fixed target, Weight&& weight) {
    constexpr int kTeam = kOneWarp ? kWarp : kThreads;
    const int thread = static_cast<int>(threadIdx.x) % kTeam;
    const auto sumWhere = [&](auto&& chosen) {
        Fixed sum = 0;
        for (int i = thread; i < tokens.count; i += kTeam) {
            const unsigned bits = tokens.bits(i);
            if (chosen(bits, tokens.id(i))) sum += weight(tokens.id(i), bits);
        }
        if constexpr (kOneWarp) {
            return warpSum(sum);
        } else {
            return blockTotal(sum);
        }
    };
    // The largest `low` with sum(bits >= low) >= target.
    unsigned low = 0, high = 0xffffffffu;
    while (low < high) {
        const unsigned middle = low + (high - low) / 2 + 1;
        if (sumWhere([&](unsigned bits, int) { return bits >= middle; }) >= target) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    const Fixed above = sumWhere([&](unsigned bits, int) { return bits > low; });
    const Fixed equals = sumWhere([&](unsigned bits, int) { return bits == low; });
    if (above + equals == target) return {low, vocabulary};
    int first = 0, last = vocabulary - 1;  // the lowest id up to which its equals reach the rest
    while (first < last) {
        const int middle = first + (last - first) / 2;
        if (above + sumWhere([&](unsigned bits, int id) { return bits == low && id <= middle; }) >= target) {
            last = middle;
        } else {
            first = middle + 1;
        }
    }
    return {low, first};
}

__device__ __forceinline__ float probability(unsigned bits, float most, float temperature) {
    return expf((fromOrderedBits(bits) - most) / temperature);
}

/// The largest bits that at least `wanted` threads' own reach; as many threads have some. One warp looks, for it waits
/// for nobody.
__device__ unsigned floorOf(unsigned own, int wanted) {
    SHARED(unsigned, all, kThreads);
    SHARED(unsigned, found, 1);
    all[threadIdx.x] = own;
    __syncthreads();
    if (threadIdx.x < kWarp) {
        unsigned low = 0, high = 0xffffffffu;
        while (low < high) {
            const unsigned middle = low + (high - low) / 2 + 1;
            int reached = 0;
            for (int i = 0; i < kThreads; i += kWarp) reached += all[i + static_cast<int>(threadIdx.x)] >= middle;
            if (warpSum(reached) >= wanted) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        if (threadIdx.x == 0) *found = low;
    }
    __syncthreads();
    return *found;
}

__global__ void __launch_bounds__(kThreads, 1) sampleKernel(Sample args) {
    const int row = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x), count = args.vocabulary;
    const int lane = thread % kWarp, warp = thread / kWarp;
    const std::size_t offset = static_cast<std::size_t>(row) * static_cast<std::size_t>(count);
    float* const z = args.scratch + offset;
    for (int i = thread; i < count; i += kThreads) {
        const float x = args.logits[offset + static_cast<std::size_t>(i)];
        z[i] = x == x ? x + 0.0f : -INFINITY;  // and no zero below another
    }
    __syncthreads();
    const std::int32_t* const recent =
        args.recent + static_cast<std::size_t>(row) * static_cast<std::size_t>(args.recentCount);
    for (int i = thread; i < args.recentCount; i += kThreads) {
        const int id = recent[i];
        bool again = id < 0 || id >= count;
        for (int j = 0; j < i && !again; ++j) again = recent[j] == id;
        if (!again) z[id] = z[id] > 0 ? z[id] / args.repetitionPenalty : z[id] * args.repetitionPenalty;
    }
    __syncthreads();

    Fixed best = 0;  // the number's bits, then the complement of the id
    for (int i = thread; i < count; i += kThreads) {
        const Fixed key = static_cast<Fixed>(orderedBits(z[i])) << 32 | (0xffffffffu - static_cast<unsigned>(i));
        best = key > best ? key : best;
    }
    const unsigned ownLargest = static_cast<unsigned>(best >> 32);
    best = blockLargest(best);
    const float most = fromOrderedBits(static_cast<unsigned>(best >> 32));
    const int likeliest = static_cast<int>(0xffffffffu - static_cast<unsigned>(best & 0xffffffffu));
    if (args.temperature == 0 || !(most < INFINITY && most > -INFINITY)) {
        if (thread == 0) args.tokens[row] = likeliest;
        return;
    }

    Border border{0, count};  // keeps everything
    const AllTokens all{z, count};
    const bool counts = args.topK > 0 && args.topK < count;
    if (counts || args.topP < 1) {
        // The likeliest: all that top-k can keep, or for top-p alone some hundreds, which are mostly enough.
        SHARED(unsigned, listedBits, kListed);
        SHARED(int, listedIds, kListed);
        SHARED(int, listed, 1);
        SHARED(Border, found, 1);
        ListedTokens list{listedBits, listedIds, 0};
        if (!counts || args.topK <= kThreads) {
            if (thread == 0) *listed = 0;
            const unsigned least = floorOf(ownLargest, counts ? args.topK : min(kWithTopP, count));
            for (int i = thread; i < count; i += kThreads) {
                const unsigned bits = all.bits(i);
                if (bits < least) continue;
                const int place = atomicAdd(listed, 1);  // whatever the order: sums over the list are exact
                if (place >= kListed) continue;
                listedBits[place] = bits;
                listedIds[place] = i;
            }
            __syncthreads();
            // Many equals, or many of the likeliest with few threads, and the list overflows.
            if (*listed <= kListed) list.count = *listed;
        }
        const auto search = [&](bool inList, Fixed target, auto&& weight) {
            if (!inList) return findBorder<false>(all, count, target, weight);
            if (list.count > kWarpListed) return findBorder<false>(list, count, target, weight);
            if (warp == 0) {
                const Border own = findBorder<true>(list, count, target, weight);
                if (lane == 0) *found = own;
            }
            __syncthreads();
            const Border result = *found;
            __syncthreads();
            return result;
        };
        if (counts)
            border = search(list.count > 0, static_cast<Fixed>(args.topK), [](int, unsigned) { return Fixed{1}; });
        if (args.topP < 1) {
            const auto weight = [&](int id, unsigned bits) {
                if (!border.keeps(bits, id)) return Fixed{0};
                return static_cast<Fixed>(probability(bits, most, args.temperature) * kOne);
            };
            const auto sumOf = [&](const auto& tokens) {
                Fixed sum = 0;
                for (int i = thread; i < tokens.count; i += kThreads) sum += weight(tokens.id(i), tokens.bits(i));
                return blockTotal(sum);
            };
            const Fixed inList = sumOf(list), whole = counts && list.count > 0 ? inList : sumOf(all);
            const double wanted = ceil(static_cast<double>(args.topP) * static_cast<double>(whole));
            const Fixed target = wanted < 1 ? 1 : min(static_cast<Fixed>(wanted), whole);
            // Ranks no later than the border of top-k, beyond which weights are zero.
            border = search(inList >= target, target, weight);
        }
    }

    // The draw: each warp sums a run of ids, the run that holds the wanted sum is walked 32 ids at a time.
    const auto drawn = [&](int i) {
        if (!border.keeps(all.bits(i), i)) return Fixed{0};
        const float p = probability(all.bits(i), most, args.temperature);
        return p >= args.minP ? static_cast<Fixed>(p * kOne) : Fixed{0};
    };
    SHARED(Fixed, runs, kWarps);
    const int run = divideUp(divideUp(count, kWarps), kWarp) * kWarp, first = warp * run,
              last = min(first + run, count);
    Fixed own = 0;
    for (int i = first + lane; i < last; i += kWarp) own += drawn(i);
    own = warpSum(own);
    if (lane == 0) runs[warp] = own;
    __syncthreads();
    Fixed before = 0, whole = 0;
    for (int w = 0; w < kWarps; ++w) {
        if (w < warp) before += runs[w];
        whole += runs[w];
    }
    // The running sum must exceed uniform·whole; the last that is kept answers for what rounding leaves.
    const double share = floor(static_cast<double>(args.uniform[row]) * static_cast<double>(whole));
    const Fixed wanted = min(static_cast<Fixed>(share) + 1, whole);
    if (own == 0 || before >= wanted || before + own < wanted) return;  // a whole warp
    Fixed running = before;
    for (int i = first; i < last; i += kWarp) {
        const int id = i + lane;
        const Fixed mine = id < last ? drawn(id) : Fixed{0};
        Fixed sum = mine;
        for (int distance = 1; distance < kWarp; distance *= 2) {
            const Fixed other = __shfl_up_sync(kFullMask, sum, static_cast<unsigned>(distance));
            if (lane >= distance) sum += other;
        }
        if (mine > 0 && running + sum >= wanted && running + sum - mine < wanted) args.tokens[row] = id;
        running += __shfl_sync(kFullMask, sum, kWarp - 1);
        if (running >= wanted) return;
    }
}

}  // namespace

Result<void> launchSample(const Sample& args, int rows, StreamHandle stream) {
    return launch(sampleKernel, static_cast<unsigned>(rows), kThreads, 0, stream, args);
}

}  // namespace distillix::cuda
