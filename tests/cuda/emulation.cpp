// SPDX-License-Identifier: Apache-2.0
// The emulated card does what a card does: barriers, shuffles, tensor cores, copies; and what is wrong in a kernel
// shows.
#include <gtest/gtest.h>

#include "core/backend/cuda/kernels/reduce.cuh"
#include "core/base/rng.h"
#include "core/tensor/dtype.h"

namespace distillix::cuda {

namespace {

using emulation::Order;

class Emulation : public testing::Test {
  protected:
    ~Emulation() override { emulation::setOptions({}); }

    template <typename Kernel, typename... Arguments>
    Result<void> run(Kernel kernel, dim3 grid, dim3 block, std::size_t shared, Arguments... args) {
        if (Result<void> queued = launch(kernel, grid, block, shared, &m_queue, args...); !queued.ok()) return queued;
        return m_queue.synchronize();
    }
    emulation::Queue m_queue;
};

#define EXPECT_RUNS(expression)                                        \
    do {                                                               \
        const Result<void> ran = (expression);                         \
        EXPECT_TRUE(ran.ok()) << (ran.ok() ? "" : ran.error().text()); \
    } while (0)

/// out[i] = in[block's last - i], through shared memory.
template <bool BARRIER>
__global__ void reverseKernel(const int* in, int* out) {
    DYNAMIC_SHARED(int, tile);
    const unsigned base = blockIdx.x * blockDim.x;
    tile[threadIdx.x] = in[base + threadIdx.x];
    if constexpr (BARRIER) __syncthreads();
    out[base + threadIdx.x] = tile[blockDim.x - 1 - threadIdx.x];
}

TEST_F(Emulation, BarriersHoldInEveryOrderAndOneThatIsMissingShows) {
    std::vector<int> in(7 * 96), expected(in.size());
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<int>(i);
    for (std::size_t i = 0; i < in.size(); ++i) expected[i] = in[i / 96 * 96 + 95 - i % 96];
    int found = 0;
    for (const Order order : {Order::Forward, Order::Backward, Order::Shuffled}) {
        emulation::setOptions({order, 5, 3});
        std::vector<int> out(in.size());
        EXPECT_RUNS(run(reverseKernel<true>, 7, 96, 96 * sizeof(int), in.data(), out.data()));
        EXPECT_EQ(out, expected);
        EXPECT_RUNS(run(reverseKernel<false>, 7, 96, 96 * sizeof(int), in.data(), out.data()));
        found += out != expected;
    }
    EXPECT_EQ(found, 3);
}

/// Lane i writes, lane i+1 reads, without a barrier: right when lanes run forward, wrong backward.
__global__ void neighbourKernel(int* out) {
    SHARED(int, tile, 32);
    tile[threadIdx.x] = static_cast<int>(threadIdx.x);
    out[threadIdx.x] = threadIdx.x > 0 ? tile[threadIdx.x - 1] : 0;
}

TEST_F(Emulation, AReadThatIsRightInOneOrderIsWrongInAnother) {
    std::vector<int> expected(32), out(32);
    for (int i = 1; i < 32; ++i) expected[static_cast<std::size_t>(i)] = i - 1;
    EXPECT_RUNS(run(neighbourKernel, 1, 32, 0, out.data()));
    EXPECT_EQ(out, expected);
    for (const Order order : {Order::Backward, Order::Shuffled}) {
        emulation::setOptions({order, 1, 1});
        EXPECT_RUNS(run(neighbourKernel, 1, 32, 0, out.data()));
        EXPECT_NE(out, expected);
    }
}

__global__ void shuffleKernel(int* out) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    int* const row = out + threadIdx.x * 8;
    row[0] = __shfl_sync(kFullMask, lane * 10, 7);
    row[1] = __shfl_sync(kFullMask, lane * 10, lane + 1, 8);
    row[2] = __shfl_xor_sync(kFullMask, lane * 10, 5);
    row[3] = __shfl_down_sync(kFullMask, lane * 10, 3);
    row[4] = __shfl_up_sync(kFullMask, lane * 10, 3, 16);
    row[5] = static_cast<int>(__shfl_sync(kFullMask, static_cast<float>(lane), 31 - lane));
    const std::uint64_t wide = __shfl_xor_sync(kFullMask, std::uint64_t{1} << lane, 1);
    row[6] = wide == std::uint64_t{1} << (lane ^ 1);
    row[7] = static_cast<int>(__ballot_sync(kFullMask, lane % 3 == 0));
}

TEST_F(Emulation, ShufflesReadTheLaneTheyName) {
    for (const Order order : {Order::Forward, Order::Backward, Order::Shuffled}) {
        emulation::setOptions({order, 9, 1});
        std::vector<int> out(64 * 8);
        EXPECT_RUNS(run(shuffleKernel, 1, 64, 0, out.data()));
        unsigned thirds = 0;
        for (unsigned i = 0; i < 32; i += 3) thirds |= 1u << i;
        for (int thread = 0; thread < 64; ++thread) {
            const int lane = thread % 32;
            const int* row = &out[static_cast<std::size_t>(thread) * 8];
            EXPECT_EQ(row[0], 70);
            EXPECT_EQ(row[1], (lane / 8 * 8 + (lane + 1) % 8) * 10);
            EXPECT_EQ(row[2], (lane ^ 5) * 10);
            EXPECT_EQ(row[3], lane + 3 < 32 ? (lane + 3) * 10 : lane * 10);
            EXPECT_EQ(row[4], lane % 16 >= 3 ? (lane - 3) * 10 : lane * 10);
            EXPECT_EQ(row[5], 31 - lane);
            EXPECT_EQ(row[6], 1);
            EXPECT_EQ(static_cast<unsigned>(row[7]), thirds);
        }
    }
}

// The PTX ISA gives, for element i of a lane's fragment, its row and column in the matrix. m16n8k16, 16 bits:
//   A (8 elements): row = group for 0 <= i < 2 and 4 <= i < 6, else group + 8; column = 2·within + (i & 1), + 8 for i
//   >= 4 B (4 elements): row = 2·within + (i & 1), + 8 for i >= 2; column = group C (4 elements): row = group for i <
//   2, else group + 8; column = 2·within + (i & 1)
// with group = lane / 4 and within = lane % 4. m16n8k32, 8 bits:
//   A (16 elements): row = group for 0 <= i < 4 and 8 <= i < 12, else group + 8; column = 4·within + (i & 3), + 16 for
//   i >= 8 B (8 elements): row = 4·within + (i & 3), + 16 for i >= 4; column = group;  C as above.
template <typename T>
__global__ void mma16Kernel(const float* a, const float* b, float* d) {  // [16, 16], [16, 8], [16, 8]
    const int group = static_cast<int>(threadIdx.x) / 4, within = static_cast<int>(threadIdx.x) % 4;
    std::uint16_t aBits[8], bBits[4];
    for (int i = 0; i < 8; ++i) {
        const int row = (0 <= i && i < 2) || (4 <= i && i < 6) ? group : group + 8;
        aBits[i] = fromFloat<T>(a[row * 16 + within * 2 + (i & 1) + (i >= 4 ? 8 : 0)]).bits;
    }
    for (int i = 0; i < 4; ++i) bBits[i] = fromFloat<T>(b[(within * 2 + (i & 1) + (i >= 2 ? 8 : 0)) * 8 + group]).bits;
    unsigned aRegisters[4], bRegisters[2];
    for (int i = 0; i < 4; ++i) aRegisters[i] = static_cast<unsigned>(aBits[2 * i] | aBits[2 * i + 1] << 16);
    for (int i = 0; i < 2; ++i) bRegisters[i] = static_cast<unsigned>(bBits[2 * i] | bBits[2 * i + 1] << 16);
    float sums[4];
    for (int i = 0; i < 4; ++i) sums[i] = d[(i < 2 ? group : group + 8) * 8 + within * 2 + (i & 1)];
    if constexpr (std::is_same_v<T, half_t>) {
        mmaF16(sums, aRegisters, bRegisters);
    } else {
        mmaBf16(sums, aRegisters, bRegisters);
    }
    for (int i = 0; i < 4; ++i) d[(i < 2 ? group : group + 8) * 8 + within * 2 + (i & 1)] = sums[i];
}

__global__ void mmaI8Kernel(const signed char* a, const signed char* b, int* d) {  // [16, 32], [32, 8], [16, 8]
    const int group = static_cast<int>(threadIdx.x) / 4, within = static_cast<int>(threadIdx.x) % 4;
    unsigned aRegisters[4] = {}, bRegisters[2] = {};
    for (int i = 0; i < 16; ++i) {
        const int row = (0 <= i && i < 4) || (8 <= i && i < 12) ? group : group + 8;
        const auto byte = static_cast<unsigned char>(a[row * 32 + within * 4 + (i & 3) + (i >= 8 ? 16 : 0)]);
        aRegisters[i / 4] |= static_cast<unsigned>(byte) << (8 * (i % 4));
    }
    for (int i = 0; i < 8; ++i) {
        const auto byte = static_cast<unsigned char>(b[(within * 4 + (i & 3) + (i >= 4 ? 16 : 0)) * 8 + group]);
        bRegisters[i / 4] |= static_cast<unsigned>(byte) << (8 * (i % 4));
    }
    int sums[4];
    for (int i = 0; i < 4; ++i) sums[i] = d[(i < 2 ? group : group + 8) * 8 + within * 2 + (i & 1)];
    mmaI8(sums, aRegisters, bRegisters);
    for (int i = 0; i < 4; ++i) d[(i < 2 ? group : group + 8) * 8 + within * 2 + (i & 1)] = sums[i];
}

TEST_F(Emulation, TensorCoresMultiplyWhatTheLanesHold) {
    Rng rng(3);
    std::vector<float> a(16 * 16), b(16 * 8), before(16 * 8);
    // Quarters of small numbers: exact in 16 bits, and so are all sums.
    for (auto* values : {&a, &b, &before}) {
        for (float& v : *values) v = static_cast<float>(static_cast<int>(rng.below(33)) - 16) * 0.25f;
    }
    for (const Order order : {Order::Forward, Order::Shuffled}) {
        emulation::setOptions({order, 4, 1});
        std::vector<float> half = before, bf16 = before;
        EXPECT_RUNS(run(mma16Kernel<half_t>, 1, 32, 0, a.data(), b.data(), half.data()));
        EXPECT_RUNS(run(mma16Kernel<bf16_t>, 1, 32, 0, a.data(), b.data(), bf16.data()));
        for (std::size_t m = 0; m < 16; ++m) {
            for (std::size_t n = 0; n < 8; ++n) {
                float sum = before[m * 8 + n];
                for (std::size_t k = 0; k < 16; ++k) sum += a[m * 16 + k] * b[k * 8 + n];
                EXPECT_EQ(half[m * 8 + n], sum);
                EXPECT_EQ(bf16[m * 8 + n], sum);
            }
        }
        std::vector<signed char> codes(16 * 32), weights(32 * 8);
        for (auto* values : {&codes, &weights}) {
            for (signed char& v : *values) v = static_cast<signed char>(static_cast<int>(rng.below(256)) - 128);
        }
        std::vector<int> sums(16 * 8, 1000);
        EXPECT_RUNS(run(mmaI8Kernel, 1, 32, 0, codes.data(), weights.data(), sums.data()));
        for (std::size_t m = 0; m < 16; ++m) {
            for (std::size_t n = 0; n < 8; ++n) {
                int sum = 1000;
                for (std::size_t k = 0; k < 32; ++k) sum += codes[m * 32 + k] * weights[k * 8 + n];
                EXPECT_EQ(sums[m * 8 + n], sum);
            }
        }
    }
}

/// 32 rows of 8 elements: four matrices below one another.
__global__ void ldmatrixKernel(const std::uint16_t* matrices, unsigned* out) {
    SHARED(std::uint16_t, tile, 32 * 8);
    const unsigned lane = threadIdx.x;
    for (unsigned i = 0; i < 8; ++i) tile[lane * 8 + i] = matrices[lane * 8 + i];
    __syncwarp();
    unsigned four[4], two[2];
    ldmatrixX4(four, tile + lane * 8);
    for (unsigned i = 0; i < 4; ++i) out[lane * 12 + i] = four[i];
    ldmatrixX4Trans(four, tile + lane * 8);
    for (unsigned i = 0; i < 4; ++i) out[lane * 12 + 4 + i] = four[i];
    ldmatrixX2(two, tile + lane % 16 * 8);
    for (unsigned i = 0; i < 2; ++i) out[lane * 12 + 8 + i] = two[i];
    ldmatrixX2Trans(two, tile + lane % 16 * 8);
    for (unsigned i = 0; i < 2; ++i) out[lane * 12 + 10 + i] = two[i];
}

TEST_F(Emulation, LdmatrixHandsEachLaneItsPair) {
    std::vector<std::uint16_t> matrices(32 * 8);
    for (std::size_t i = 0; i < matrices.size(); ++i) matrices[i] = static_cast<std::uint16_t>(i);
    std::vector<unsigned> out(32 * 12);
    EXPECT_RUNS(run(ldmatrixKernel, 1, 32, 0, matrices.data(), out.data()));
    for (unsigned lane = 0; lane < 32; ++lane) {
        const unsigned row = lane / 4, column = 2 * (lane % 4);
        for (unsigned matrix = 0; matrix < 4; ++matrix) {
            const auto element = [&](unsigned r, unsigned c) { return unsigned{matrices[matrix * 64 + r * 8 + c]}; };
            const unsigned plain = element(row, column) | element(row, column + 1) << 16;
            const unsigned transposed = element(column, row) | element(column + 1, row) << 16;
            EXPECT_EQ(out[lane * 12 + matrix], plain);
            EXPECT_EQ(out[lane * 12 + 4 + matrix], transposed);
            if (matrix >= 2) continue;
            EXPECT_EQ(out[lane * 12 + 8 + matrix], plain);
            EXPECT_EQ(out[lane * 12 + 10 + matrix], transposed);
        }
    }
}

__global__ void copyKernel(const uint4* in, uint4* out) {
    SHARED(uint4, tile, 3 * 32);
    const unsigned lane = threadIdx.x;
    cpAsync16(&tile[lane], in + lane);
    cpAsyncCommit();
    cpAsync16(&tile[32 + lane], in + 32 + lane);
    cpAsyncCommit();
    cpAsync16(&tile[64 + lane], in, false);
    cpAsyncCommit();
    out[lane] = tile[lane];  // too early
    cpAsyncWait<2>();
    out[32 + lane] = tile[lane];
    out[64 + lane] = tile[32 + lane];  // too early
    cpAsyncWait<0>();
    out[96 + lane] = tile[32 + lane];
    out[128 + lane] = tile[64 + lane];
}

TEST_F(Emulation, CopiesLandWhenTheyAreWaitedForAndNotBefore) {
    std::vector<uint4> in(64), out(160);
    for (unsigned i = 0; i < 64; ++i) in[i] = {i, i + 1, i + 2, i + 3};
    EXPECT_RUNS(run(copyKernel, 1, 32, 0, in.data(), out.data()));
    for (unsigned i = 0; i < 32; ++i) {
        EXPECT_EQ(out[i].x, 0xffffffffu) << "shared memory starts as 0xff bytes";
        EXPECT_EQ(out[32 + i].y, i + 1);
        EXPECT_EQ(out[64 + i].x, 0xffffffffu);
        EXPECT_EQ(out[96 + i].w, 32 + i + 3);
        EXPECT_EQ(out[128 + i].x, 0u);
    }
    // Or as early as they may: what still reads the tile finds what was meant for later.
    emulation::setOptions({emulation::Order::Backward, 1, 1});
    EXPECT_RUNS(run(copyKernel, 1, 32, 0, in.data(), out.data()));
    for (unsigned i = 0; i < 32; ++i) {
        EXPECT_EQ(out[i].y, i + 1);
        EXPECT_EQ(out[64 + i].w, 32 + i + 3);
        EXPECT_EQ(out[128 + i].x, 0u);
    }
}

__global__ void partWaysKernel(int mistake) {
    SHARED(int, tile, 1);
    if (mistake == 0) {
        if (threadIdx.x < 16) __syncwarp();
    } else if (mistake == 1) {
        if (threadIdx.x < 16) {
            __syncwarp();
        } else {
            __syncthreads();
        }
    } else if (mistake == 2) {
        if (threadIdx.x == 3) {
            __syncwarp();
        } else {
            tile[0] = __shfl_sync(kFullMask, 1, 0);
        }
    } else {
        tile[0] = __shfl_sync(0xffff, 1, 0);
    }
}

TEST_F(Emulation, LanesThatPartWaysAreAnErrorThatSaysWhere) {
    const char* const expected[] = {"__syncwarp is not reached by all 32 lanes", "not reached by all 32 lanes",
                                    "lanes of one warp part ways", "with a mask"};
    for (int mistake = 0; mistake < 4; ++mistake) {
        const Result<void> ran = run(partWaysKernel, 2, 32, 0, mistake);
        ASSERT_FALSE(ran.ok());
        EXPECT_NE(ran.error().text().find(expected[mistake]), std::string::npos) << ran.error().text();
        EXPECT_NE(ran.error().text().find("block ("), std::string::npos) << ran.error().text();
    }
    std::vector<int> out(64 * 8);
    EXPECT_RUNS(run(shuffleKernel, 1, 64, 0, out.data()));  // the device goes on
    EXPECT_FALSE(run(shuffleKernel, 1, 40, 0, out.data()).ok()) << "a warp of 8 lanes";
    EXPECT_FALSE(run(shuffleKernel, 1, 1056, 0, out.data()).ok());
    EXPECT_FALSE(run(shuffleKernel, dim3(1, 65536), 64, 0, out.data()).ok());
}

__global__ void reduceKernel(const float* in, float* out, int* anyOut, unsigned* total) {
    const float value = in[blockIdx.x * blockDim.x + threadIdx.x];
    const float sum = blockSum(value), largest = blockMax(value), again = blockSum(1.0f);
    const int any = __syncthreads_or(threadIdx.x == 5 && blockIdx.x == 1);
    const int none = __syncthreads_or(0);
    if (threadIdx.x == blockDim.x - 1) {
        out[blockIdx.x * 3] = sum;
        out[blockIdx.x * 3 + 1] = largest;
        out[blockIdx.x * 3 + 2] = again;
        anyOut[blockIdx.x] = any + 2 * none;
    }
    atomicAdd(total, 1u);
}

TEST_F(Emulation, BlocksReduceAndShareAtomics) {
    for (const Order order : {Order::Forward, Order::Backward, Order::Shuffled}) {
        for (const unsigned threads : {32u, 96u, 1024u}) {
            emulation::setOptions({order, 7, 4});
            std::vector<float> in(5 * threads), out(15);
            for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 61) - 30;
            std::vector<int> any(5);
            unsigned total = 0;
            EXPECT_RUNS(run(reduceKernel, 5, threads, 0, in.data(), out.data(), any.data(), &total));
            EXPECT_EQ(total, 5 * threads);
            for (std::size_t block = 0; block < 5; ++block) {
                float sum = 0, largest = -1000;
                for (std::size_t i = 0; i < threads; ++i) {
                    sum += in[block * threads + i];
                    largest = std::max(largest, in[block * threads + i]);
                }
                EXPECT_EQ(out[block * 3], sum);
                EXPECT_EQ(out[block * 3 + 1], largest);
                EXPECT_EQ(out[block * 3 + 2], static_cast<float>(threads));
                EXPECT_EQ(any[block], block == 1);
            }
        }
    }
}

__global__ void addKernel(int* value, int addend) {
    if (threadIdx.x == 0) *value += addend;
}

TEST_F(Emulation, LaunchesWaitForTheirStreamAndCanBeRecorded) {
    int value = 1;
    ASSERT_TRUE(launch(addKernel, 1, 32, 0, &m_queue, &value, 2).ok());
    EXPECT_EQ(value, 1);
    EXPECT_RUNS(m_queue.synchronize());
    EXPECT_EQ(value, 3);
    m_queue.beginRecord();
    ASSERT_TRUE(launch(addKernel, 1, 32, 0, &m_queue, &value, 10).ok());
    const std::vector<emulation::Queue::Work> record = m_queue.endRecord();
    EXPECT_RUNS(m_queue.synchronize());
    EXPECT_EQ(value, 3);
    for (int i = 0; i < 2; ++i) {
        for (const auto& work : record) m_queue.push(work);
    }
    EXPECT_RUNS(m_queue.synchronize());
    EXPECT_EQ(value, 23);
    EXPECT_FALSE(launch(addKernel, 1, 32, 0, nullptr, &value, 10).ok()) << "there is no default stream";
}

TEST_F(Emulation, SixteenBitsConvertAsEverywhereElse) {
    for (unsigned bits = 0; bits < 65536; ++bits) {
        Float16 half;
        half.bits = static_cast<std::uint16_t>(bits);
        const auto expected = static_cast<float>(half);
        const float value = toFloat(half_t{half.bits});
        if (std::isnan(expected)) {
            EXPECT_TRUE(std::isnan(value));
        } else {
            EXPECT_EQ(value, expected);
            EXPECT_EQ(fromFloat<half_t>(value).bits, bits);
        }
    }
    Rng rng(1);
    for (int i = 0; i < 10000; ++i) {
        const float value = __uint_as_float(static_cast<unsigned>(rng.below(std::uint64_t{1} << 32)));
        EXPECT_EQ(fromFloat<bf16_t>(value).bits, BFloat16(value).bits);
        float low = 0, high = 0;
        unpackPair<bf16_t>(packPair<bf16_t>(2.5f, -3), low, high);
        EXPECT_EQ(low, 2.5f);
        EXPECT_EQ(high, -3);
    }
}

}  // namespace

}  // namespace distillix::cuda
