// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/kernels/portable.h"

#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <boost/context/detail/fcontext.hpp>
#include <pthread.h>
#include <sys/mman.h>

#include "core/base/rng.h"
#include "core/tensor/dtype.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define DISTILLIX_FIBERS_UNDER_ASAN 1
#endif

namespace distillix::cuda::emulation {

namespace context = boost::context::detail;

constinit thread_local ThreadState* currentThread = nullptr;

namespace {

Options g_options;
std::atomic<std::uint64_t> g_launchesRun{0};

constexpr unsigned kMostThreads = 1024;
#ifdef DISTILLIX_FIBERS_UNDER_ASAN
constexpr std::size_t kStackBytes = 256 * 1024;  // red zones make frames several times as large
#else
constexpr std::size_t kStackBytes = 64 * 1024;
#endif
constexpr std::size_t kGuardBytes = 4096;
// Without this, the frames of all fibers would lie at the same offset in their pages, in the same few sets of the
// cache.
constexpr std::size_t kColourBytes = 8 * 1024;
constexpr std::size_t stackColour(unsigned thread) {
    return (thread * 448) % kColourBytes & ~std::size_t{63};
}

std::string place(const ThreadState& thread) {
    const uint3& block = thread.block->blockIndex;
    const auto triple = [](const uint3& i) {
        return "(" + std::to_string(i.x) + "," + std::to_string(i.y) + "," + std::to_string(i.z) + ")";
    };
    return "block " + triple(block) + " thread " + triple(thread.threadIndex);
}

const char* meetingName(Meeting meeting) {
    switch (meeting) {
        case Meeting::None:
            return "nothing";
        case Meeting::SyncWarp:
            return "__syncwarp";
        case Meeting::Shuffle:
            return "a shuffle";
        case Meeting::Ballot:
            return "a ballot";
        case Meeting::MmaI8:
            return "mmaI8";
        case Meeting::MmaF16:
            return "mmaF16";
        case Meeting::MmaBf16:
            return "mmaBf16";
        case Meeting::Ldmatrix:
            return "ldmatrix";
        case Meeting::Block:
            return "__syncthreads";
        case Meeting::Ended:
            return "its end";
    }
    return "?";
}

/// 0 to count-1 in the order asked for.
template <typename T>
void fillOrder(T* order, unsigned count, Rng& rng) {
    for (unsigned i = 0; i < count; ++i)
        order[i] = static_cast<T>(g_options.order == Order::Backward ? count - 1 - i : i);
    if (g_options.order != Order::Shuffled) return;
    for (unsigned i = count; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
}

}  // namespace

/// Runs blocks on the OS thread that made it.
class BlockRunner {
  public:
    BlockRunner() {
        m_stacks = mmap(nullptr, kMostThreads * kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (m_stacks == MAP_FAILED) std::abort();
        for (unsigned i = 0; i < kMostThreads; ++i) mprotect(stack(i), kGuardBytes, PROT_NONE);
        unpoison();
        pthread_attr_t attributes;
        pthread_getattr_np(pthread_self(), &attributes);
        pthread_attr_getstack(&attributes, &m_main.stackBottom, &m_main.stackBytes);
        pthread_attr_destroy(&attributes);
    }
    ~BlockRunner() {
        munmap(m_stacks, kMostThreads * kStackBytes);
        std::free(m_dynamic);
        for (const StaticArray& array : m_static) std::free(array.memory);
    }
    BlockRunner(const BlockRunner&) = delete;
    BlockRunner& operator=(const BlockRunner&) = delete;

    void prepare(const Launch& launch) {
        m_launch = &launch;
        if (launch.dynamicSharedBytes != m_dynamicBytes) {
            std::free(m_dynamic);
            m_dynamic = nullptr;
            m_dynamicBytes = launch.dynamicSharedBytes;
            if (m_dynamicBytes > 0 && posix_memalign(&m_dynamic, 128, m_dynamicBytes) != 0) std::abort();
        }
    }

    /// False when the kernel failed; error() says how.
    bool run(uint3 blockIndex) {
        const dim3 block = m_launch->block;
        const unsigned threads = block.x * block.y * block.z, warps = (threads + 31) / 32;
        Rng rng(g_options.seed ^ (blockIndex.x * 0x9e3779b9u + blockIndex.y * 0x85ebca6bu + blockIndex.z + 1));
        m_rng = &rng;
        m_block = {};
        m_block.blockIndex = blockIndex;
        m_block.blockDimension = block;
        m_block.gridDimension = m_launch->grid;
        m_block.dynamicShared = m_dynamic;
        m_block.runner = this;
        if (m_dynamicBytes > 0) std::memset(m_dynamic, 0xff, m_dynamicBytes);
        ++m_serial;
        m_error.clear();
        m_warps.resize(warps);
        for (unsigned w = 0; w < warps; ++w) {
            m_warps[w] = {};
            m_warps[w].lanes = &m_threads[w * 32];
            m_warps[w].count = std::min(32u, threads - w * 32);
        }
        for (unsigned i = 0; i < threads; ++i) startThread(i, block);
        bool alive = true;
        while (alive) {
            alive = false;
            m_block.anyFlag[(m_block.barriers + 1) % 3] = 0;
            m_order.resize(warps);
            fillOrder(m_order.data(), warps, rng);
            for (const unsigned w : m_order) {
                WarpState& warp = m_warps[w];
                if (!startSegment(warp)) continue;
                switchTo(m_main, warp.lanes[warp.order[0]]);
                currentThread = nullptr;
                if (!m_error.empty()) {
                    unpoison();  // fibers were left in the middle of their frames
                    return false;
                }
                for (unsigned i = 0; i < warp.count; ++i) alive |= warp.lanes[i].meeting == Meeting::Block;
            }
            ++m_block.barriers;
        }
        return true;
    }

    const std::string& error() const { return m_error; }

    /// Called by a fiber that cannot go on: the next one runs.
    void stop(ThreadState& self, Meeting meeting, void (*complete)(WarpState&)) {
        self.meeting = meeting;
        WarpState& warp = *self.warp;
        if (++warp.position < warp.active) {
            switchTo(self, warp.lanes[warp.order[warp.position]]);
        } else {
            endSegment(self, warp, complete);
        }
        self.meeting = Meeting::None;
    }

    [[noreturn]] void fail(ThreadState& self, const char* what, const char* more, const char* andMore = "") {
        m_error = std::string(what) + more + andMore + " in " + place(self);
        self.meeting = Meeting::Ended;
        switchTo(self, m_main);
        std::abort();
    }

    void* staticShared(const void* tag, std::size_t bytes) {
        for (StaticArray& array : m_static) {
            if (array.tag != tag) continue;
            if (array.serial != m_serial) std::memset(array.memory, 0xff, array.bytes);
            array.serial = m_serial;
            return array.memory;
        }
        StaticArray array{tag, nullptr, bytes, m_serial};
        if (posix_memalign(&array.memory, 16, bytes) != 0) std::abort();
        std::memset(array.memory, 0xff, bytes);
        m_static.push_back(array);
        return array.memory;
    }

  private:
    struct StaticArray {
        const void* tag;
        void* memory;
        std::size_t bytes;
        std::uint64_t serial;
    };

    char* stack(unsigned thread) const { return static_cast<char*>(m_stacks) + thread * kStackBytes; }

    void unpoison() {
#ifdef DISTILLIX_FIBERS_UNDER_ASAN
        __asan_unpoison_memory_region(m_stacks, kMostThreads * kStackBytes);
#endif
    }

    void startThread(unsigned index, dim3 block) {
        ThreadState& thread = m_threads[index];
        thread.threadIndex = {index % block.x, index / block.x % block.y, index / (block.x * block.y)};
        thread.lane = index % 32;
        thread.block = &m_block;
        thread.warp = &m_warps[index / 32];
        thread.meeting = Meeting::None;
        thread.sanitizerStack = nullptr;
        thread.stackBottom = stack(index) + kGuardBytes;
        thread.stackBytes = kStackBytes - kGuardBytes;
        thread.copyGroup = 0;
        thread.copies.clear();
#ifdef DISTILLIX_FIBERS_UNDER_ASAN
        // The frames of a fiber's entry never return, so what they poisoned is still poisoned.
        __asan_unpoison_memory_region(stack(index) + kStackBytes - kColourBytes - 8192, kColourBytes + 8192);
#endif
        thread.context = context::make_fcontext(stack(index) + kStackBytes - stackColour(index),
                                                kStackBytes - kGuardBytes - kColourBytes, entry);
    }

    static void entry(context::transfer_t transfer) {
        arrived(nullptr, transfer);
        ThreadState& self = *currentThread;
        BlockRunner& runner = *self.block->runner;
        runner.m_launch->body();
        runner.stop(self, Meeting::Ended, nullptr);
        std::abort();  // an ended fiber is not resumed
    }

    static void arrived(ThreadState* self, context::transfer_t transfer) {
        static_cast<ThreadState*>(transfer.data)->context = transfer.fctx;
#ifdef DISTILLIX_FIBERS_UNDER_ASAN
        __sanitizer_finish_switch_fiber(self ? self->sanitizerStack : nullptr, nullptr, nullptr);
#else
        (void)self;
#endif
    }

    static void switchTo(ThreadState& from, ThreadState& to) {
#ifdef DISTILLIX_FIBERS_UNDER_ASAN
        __sanitizer_start_switch_fiber(from.meeting == Meeting::Ended ? nullptr : &from.sanitizerStack, to.stackBottom,
                                       to.stackBytes);
#endif
        currentThread = &to;
        arrived(&from, context::jump_fcontext(to.context, &from));
        currentThread = &from;
    }

    /// Orders the lanes that have not ended; false when there are none.
    bool startSegment(WarpState& warp) {
        unsigned char shuffled[32];
        fillOrder(shuffled, warp.count, *m_rng);
        warp.active = warp.position = 0;
        for (unsigned i = 0; i < warp.count; ++i) {
            if (warp.lanes[shuffled[i]].meeting != Meeting::Ended) warp.order[warp.active++] = shuffled[i];
        }
        return warp.active > 0;
    }

    /// Every lane of the warp waits or has ended: what for?
    void endSegment(ThreadState& self, WarpState& warp, void (*complete)(WarpState&)) {
        bool atBlock = false, ended = false;
        const ThreadState* waiting = nullptr;
        for (unsigned i = 0; i < warp.count; ++i) {
            const ThreadState& lane = warp.lanes[i];
            if (lane.meeting == Meeting::Block) {
                atBlock = true;
            } else if (lane.meeting == Meeting::Ended) {
                ended = true;
            } else if (waiting && waiting->meeting != lane.meeting) {
                fail(self, "lanes of one warp part ways: one is at another place than ", meetingName(waiting->meeting));
            } else {
                waiting = &lane;
            }
        }
        if (!waiting) {
            switchTo(self, m_main);
            return;
        }
        if (atBlock || ended || warp.count < 32) {
            fail(self, meetingName(waiting->meeting), " is not reached by all 32 lanes: others are at ",
                 atBlock ? "__syncthreads"
                 : ended ? "their end"
                         : "no lane, the warp is short");
        }
        if (complete) complete(warp);
        ++warp.meetings;
        startSegment(warp);
        ThreadState& next = warp.lanes[warp.order[0]];
        if (&next != &self) switchTo(self, next);
    }

    void* m_stacks = nullptr;
    std::vector<ThreadState> m_threads{kMostThreads};
    std::vector<WarpState> m_warps;
    std::vector<unsigned> m_order;
    ThreadState m_main;
    BlockState m_block;
    const Launch* m_launch = nullptr;
    Rng* m_rng = nullptr;
    void* m_dynamic = nullptr;
    std::size_t m_dynamicBytes = 0;
    std::vector<StaticArray> m_static;
    std::uint64_t m_serial = 0;
    std::string m_error;
};

void* staticShared(const void* tag, std::size_t bytes) {
    return currentThread->block->runner->staticShared(tag, bytes);
}

void meet(Meeting meeting, void (*complete)(WarpState&)) {
    ThreadState& self = *currentThread;
    self.block->runner->stop(self, meeting, complete);
}

void meetBlock() {
    meet(Meeting::Block, nullptr);
}

void fail(const char* what, const char* more, const char* andMore) {
    currentThread->block->runner->fail(*currentThread, what, more, andMore);
}

void checkMask(unsigned mask) {
    if (mask != kFullMask) fail("a function of the warp with a mask of part of its lanes");
}

// ---- the OS threads that run blocks
// ------------------------------------------------------------------------------------

namespace {

BlockRunner& ownRunner() {
    static thread_local BlockRunner runner;
    return runner;
}

/// OS threads that all do one thing, and whoever asked does it too.
class Team {
  public:
    ~Team() {
        {
            const std::lock_guard lock(m_mutex);
            m_ended = true;
        }
        m_wake.notify_all();
        for (std::thread& thread : m_threads) thread.join();
    }
    void run(unsigned helpers, const std::function<void()>& work) {
        const std::lock_guard one(m_one);
        {
            const std::lock_guard lock(m_mutex);
            while (m_threads.size() < helpers)
                m_threads.emplace_back(
                    [this, index = static_cast<unsigned>(m_threads.size()), round = m_round] { help(index, round); });
            m_work = &work;
            m_helpers = m_busy = helpers;
            ++m_round;
        }
        m_wake.notify_all();
        work();
        std::unique_lock lock(m_mutex);
        m_done.wait(lock, [this] { return m_busy == 0; });
    }

  private:
    void help(unsigned index, std::uint64_t round) {
        std::unique_lock lock(m_mutex);
        while (true) {
            m_wake.wait(lock, [&] { return m_ended || m_round != round; });
            if (m_ended) return;
            round = m_round;
            if (index >= m_helpers) continue;
            const std::function<void()>& work = *m_work;
            lock.unlock();
            work();
            lock.lock();
            if (--m_busy == 0) m_done.notify_one();
        }
    }
    std::mutex m_one;  // one launch at a time
    std::mutex m_mutex;
    std::condition_variable m_wake, m_done;
    std::vector<std::thread> m_threads;  // guarded by m_mutex, as all below
    const std::function<void()>* m_work = nullptr;
    unsigned m_helpers = 0, m_busy = 0;
    std::uint64_t m_round = 0;
    bool m_ended = false;
};

}  // namespace

void setOptions(const Options& options) {
    g_options = options;
}
const Options& options() {
    return g_options;
}
std::uint64_t launchesRun() {
    return g_launchesRun;
}

Result<void> checkLaunch(dim3 grid, dim3 block, std::size_t dynamicSharedBytes) {
    const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
    if (threads == 0 || threads > kMostThreads || block.z > 64)
        return makeError(ErrorCode::Device, "a block of " + std::to_string(threads) + " threads cannot be launched");
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535)
        return makeError(ErrorCode::Device, "a grid of " + std::to_string(grid.x) + " x " + std::to_string(grid.y) +
                                                " x " + std::to_string(grid.z) + " blocks cannot be launched");
    if (dynamicSharedBytes > 99 * 1024)  // of 8.6, 8.9 and 12.0, the least since 8.0
        return makeError(ErrorCode::Device,
                         std::to_string(dynamicSharedBytes) + " bytes of shared memory are more than every card has");
    return {};
}

Result<void> runLaunch(const Launch& launch) {
    ++g_launchesRun;
    const std::uint64_t blocks = std::uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
    std::vector<std::uint32_t> order;
    if (g_options.order != Order::Forward) {
        order.resize(blocks);
        Rng rng(g_options.seed);
        fillOrder(order.data(), static_cast<unsigned>(blocks), rng);
    }
    std::atomic<std::uint64_t> next{0};
    std::mutex mutex;
    std::string error;  // guarded by mutex
    const auto work = [&] {
        BlockRunner& runner = ownRunner();
        runner.prepare(launch);
        for (std::uint64_t i = next++; i < blocks; i = next++) {
            const std::uint64_t b = order.empty() ? i : order[i];
            const uint3 index{static_cast<unsigned>(b % launch.grid.x),
                              static_cast<unsigned>(b / launch.grid.x % launch.grid.y),
                              static_cast<unsigned>(b / (std::uint64_t{launch.grid.x} * launch.grid.y))};
            if (runner.run(index)) continue;
            const std::lock_guard lock(mutex);
            if (error.empty()) error = runner.error();
            next = blocks;
        }
    };
    const unsigned wanted = g_options.osThreads > 0 ? static_cast<unsigned>(g_options.osThreads)
                                                    : std::min(4u, std::max(1u, std::thread::hardware_concurrency()));
    const unsigned threads = static_cast<unsigned>(std::min<std::uint64_t>(wanted, blocks));
    if (threads <= 1) {
        work();
    } else {
        static Team team;
        team.run(threads - 1, work);
    }
    if (error.empty()) return {};
    return makeError(ErrorCode::Device, "a kernel failed: " + error);
}

void Queue::push(Work work) {
    (m_recording ? m_record : m_work).push_back(std::move(work));
}
void Queue::drain() {
    const std::vector<Work> work = std::exchange(m_work, {});
    for (const Work& one : work) {
        if (m_failure.ok()) m_failure = one();
    }
}
Result<void> Queue::synchronize() {
    drain();
    return std::exchange(m_failure, {});
}
void Queue::beginRecord() {
    m_recording = true;
    m_record.clear();
}
std::vector<Queue::Work> Queue::endRecord() {
    m_recording = false;
    return std::exchange(m_record, {});
}

// ---- tensor cores: what lane l holds, after the PTX ISA's figures of m16n8k16 and m16n8k32
// ------------------------------

namespace {

const MmaArguments& mmaOf(const WarpState& warp, unsigned lane) {
    return *static_cast<const MmaArguments*>(warp.lanes[lane].data);
}

template <typename T>
void completeMma16(WarpState& warp) {
    float a[16][16], b[16][8], d[16][8];
    for (unsigned lane = 0; lane < 32; ++lane) {
        const MmaArguments& arguments = mmaOf(warp, lane);
        const unsigned group = lane / 4, within = lane % 4;
        for (unsigned i = 0; i < 4; ++i) {  // a[i]: row group, +8 if i is odd; columns 2·within, +8 from i = 2 on
            float* const row = a[group + 8 * (i % 2)] + 2 * within + 8 * (i / 2);
            unpackPair<T>(arguments.a[i], row[0], row[1]);
        }
        for (unsigned i = 0; i < 2; ++i) {
            const unsigned k = 2 * within + 8 * i;
            unpackPair<T>(arguments.b[i], b[k][group], b[k + 1][group]);
        }
        const float* const sums = static_cast<const float*>(arguments.d);
        for (unsigned i = 0; i < 4; ++i) d[group + 8 * (i / 2)][2 * within + i % 2] = sums[i];
    }
    for (int m = 0; m < 16; ++m) {
        float sums[8];
        for (int n = 0; n < 8; ++n) sums[n] = d[m][n];
        for (int k = 0; k < 16; ++k) {
            for (int n = 0; n < 8; ++n) sums[n] += a[m][k] * b[k][n];
        }
        for (int n = 0; n < 8; ++n) d[m][n] = sums[n];
    }
    for (unsigned lane = 0; lane < 32; ++lane) {
        float* const sums = static_cast<float*>(mmaOf(warp, lane).d);
        for (unsigned i = 0; i < 4; ++i) sums[i] = d[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2];
    }
}

}  // namespace

void completeMmaF16(WarpState& warp) {
    completeMma16<half_t>(warp);
}
void completeMmaBf16(WarpState& warp) {
    completeMma16<bf16_t>(warp);
}

void completeMmaI8(WarpState& warp) {
    short a[16][32], b[8][32];
    for (unsigned lane = 0; lane < 32; ++lane) {
        const MmaArguments& arguments = mmaOf(warp, lane);
        const unsigned group = lane / 4, within = lane % 4;
        for (unsigned byte = 0; byte < 4; ++byte) {
            for (unsigned i = 0; i < 4; ++i) {
                a[group + 8 * (i % 2)][4 * within + 16 * (i / 2) + byte] =
                    static_cast<signed char>(arguments.a[i] >> (8 * byte));
            }
            for (unsigned i = 0; i < 2; ++i)
                b[group][4 * within + 16 * i + byte] = static_cast<signed char>(arguments.b[i] >> (8 * byte));
        }
    }
    for (unsigned lane = 0; lane < 32; ++lane) {
        int* const sums = static_cast<int*>(mmaOf(warp, lane).d);
        for (unsigned i = 0; i < 4; ++i) {
            const short* const row = a[lane / 4 + 8 * (i / 2)];
            const short* const column = b[2 * (lane % 4) + i % 2];
            int sum = sums[i];
            for (int k = 0; k < 32; ++k) sum += row[k] * column[k];
            sums[i] = sum;
        }
    }
}

void ldmatrix(unsigned* r, const void* row, int matrices, bool trans) {
    LdmatrixArguments arguments{r, row, matrices, trans};
    if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0) fail("ldmatrix of a row that is not aligned to 16 bytes");
    currentThread->data = &arguments;
    meet(Meeting::Ldmatrix, completeLdmatrix);
}

void completeLdmatrix(WarpState& warp) {
    const auto of = [&](unsigned lane) -> const LdmatrixArguments& {
        return *static_cast<const LdmatrixArguments*>(warp.lanes[lane].data);
    };
    const auto matrices = static_cast<unsigned>(of(0).matrices);
    for (unsigned matrix = 0; matrix < matrices; ++matrix) {
        std::uint16_t elements[8][8];
        for (unsigned row = 0; row < 8; ++row) std::memcpy(elements[row], of(8 * matrix + row).row, 16);
        for (unsigned lane = 0; lane < 32; ++lane) {
            const unsigned row = lane / 4, column = 2 * (lane % 4);
            const bool trans = of(lane).trans;
            const unsigned low = trans ? elements[column][row] : elements[row][column];
            const unsigned high = trans ? elements[column + 1][row] : elements[row][column + 1];
            of(lane).r[matrix] = low | high << 16;
        }
    }
}

std::uint16_t halfBits(float value) {
    return Float16(value).bits;
}

void waitForCopies(int groupsLeft) {
    ThreadState& self = *currentThread;
    auto& copies = self.copies;
    std::size_t done = 0;
    for (; done < copies.size() && copies[done].group < self.copyGroup - groupsLeft; ++done) {
        const PendingCopy& copy = copies[done];
        if (copy.source)
            std::memcpy(copy.target, copy.source, 16);
        else
            std::memset(copy.target, 0, 16);
    }
    copies.erase(copies.begin(), copies.begin() + static_cast<std::ptrdiff_t>(done));
}

}  // namespace distillix::cuda::emulation

namespace distillix::cuda {

void cpAsync16(void* shared, const void* global, bool valid) {
    emulation::ThreadState& self = *emulation::currentThread;
    if (reinterpret_cast<std::uintptr_t>(shared) % 16 != 0 ||
        (valid && reinterpret_cast<std::uintptr_t>(global) % 16 != 0))
        emulation::fail("cpAsync16 of an address that is not aligned to 16 bytes");
    self.copies.push_back({shared, valid ? global : nullptr, self.copyGroup});
    if (emulation::options().order == emulation::Order::Backward) emulation::waitForCopies(-1);
}

void cpAsyncCommit() {
    ++emulation::currentThread->copyGroup;
}

}  // namespace distillix::cuda
