// SPDX-License-Identifier: Apache-2.0
// How a parallelFor is handed out.
//
// The job (a callable and a count) stands in plain members. One atomic word, `gate`, holds an OPEN bit and the number
// of workers inside. A worker enters by adding one; only if the word it met had OPEN set may it look at the job. The
// caller works too, and when no index is left it clears OPEN and waits until nobody is inside. So a worker that sleeps
// is never waited for: if the caller has done everything by the time it wakes, it meets a closed gate and goes back to
// sleep. Operations of small models take a few microseconds, and waking a sleeping thread takes fifty: this is what
// keeps the pool from making them slower. Between jobs a worker spins for a while (models queue operations back to
// back), then sleeps on a condition variable.
#include "core/base/threads.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>

namespace distillix {

namespace {

constexpr std::uint32_t kOpen = 1u << 31;
// Longer than the serial stretch between two operations of a small model, shorter than what a person would call idling.
constexpr std::chrono::microseconds kWorkerSpin{60};
// The caller waits for chunks that others still run: they end soon or are long enough that a sleep does not matter.
constexpr std::chrono::microseconds kCallerSpin{40};

inline void pauseCpu() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
}

/// Spins until `done` holds or `limit` is over; says whether it holds.
template <typename Done>
bool spinUntil(std::chrono::microseconds limit, Done done) {
    const auto end = std::chrono::steady_clock::now() + limit;
    do {
        for (int i = 0; i < 32; ++i) {
            if (done()) return true;
            pauseCpu();
        }
    } while (std::chrono::steady_clock::now() < end);
    return done();
}

}  // namespace

struct ThreadPool::State {
    std::mutex callMutex;  // held by the one thread whose parallelFor runs

    // The job: written by the caller while the gate is closed and nobody who saw it open is inside.
    const FunctionRef<void(std::size_t, int)>* chunk = nullptr;
    std::size_t count = 0;

    // On cache lines of their own: `next` is hammered by all while `epoch` is polled by idle workers.
    alignas(64) std::atomic<std::size_t> next{0};
    alignas(64) std::atomic<std::uint32_t> gate{0};
    alignas(64) std::atomic<std::uint64_t> epoch{0};  // grows by one a job, and once at the end
    alignas(64) std::atomic<int> sleepers{0};
    std::atomic<bool> callerSleeps{false};
    std::atomic<bool> stop{false};

    std::mutex sleepMutex;  // guards the two condition variables' waits, no data
    std::condition_variable wake;
    std::condition_variable done;

    std::vector<std::thread> workers;

    void runChunks(int worker);
    void workerMain(int worker);
    void wakeSleepers();
};

namespace {
// Which pool's chunk this thread runs, if any, and as which worker.
thread_local const void* t_pool = nullptr;
thread_local int t_worker = 0;
}  // namespace

void ThreadPool::State::runChunks(int worker) {
    const void* outerPool = t_pool;
    const int outerWorker = t_worker;
    t_pool = this;
    t_worker = worker;
    for (std::size_t i = next.fetch_add(1, std::memory_order_relaxed); i < count;
         i = next.fetch_add(1, std::memory_order_relaxed)) {
        (*chunk)(i, worker);
    }
    t_pool = outerPool;
    t_worker = outerWorker;
}

void ThreadPool::State::workerMain(int worker) {
    std::uint64_t seen = 0;
    for (;;) {
        const auto changed = [&] { return epoch.load(std::memory_order_seq_cst) != seen; };
        if (!spinUntil(kWorkerSpin, changed)) {
            std::unique_lock lock(sleepMutex);
            // Announce the sleep before the last look at the epoch; the caller raises the epoch before it looks for
            // sleepers. One of the two sees the other.
            sleepers.fetch_add(1, std::memory_order_seq_cst);
            wake.wait(lock, changed);
            sleepers.fetch_sub(1, std::memory_order_relaxed);
        }
        seen = epoch.load(std::memory_order_acquire);
        if (stop.load(std::memory_order_acquire)) return;
        if (gate.fetch_add(1, std::memory_order_acq_rel) & kOpen) runChunks(worker);
        if ((gate.fetch_sub(1, std::memory_order_seq_cst) & ~kOpen) == 1 &&
            callerSleeps.load(std::memory_order_seq_cst)) {
            std::lock_guard lock(sleepMutex);
            done.notify_one();
        }
    }
}

void ThreadPool::State::wakeSleepers() {
    epoch.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) == 0) return;
    { std::lock_guard lock(sleepMutex); }
    wake.notify_all();
}

ThreadPool::ThreadPool(int threads) : m_state(std::make_unique<State>()) {
    const int total = threads > 0 ? threads : availableCores();
    m_state->workers.reserve(static_cast<std::size_t>(total - 1));
    for (int worker = 1; worker < total; ++worker) {
        m_state->workers.emplace_back([state = m_state.get(), worker] { state->workerMain(worker); });
    }
}

ThreadPool::~ThreadPool() {
    m_state->stop.store(true, std::memory_order_release);
    m_state->wakeSleepers();
    for (std::thread& thread : m_state->workers) thread.join();
}

int ThreadPool::threads() const {
    return static_cast<int>(m_state->workers.size()) + 1;
}

void ThreadPool::parallelFor(std::size_t count, FunctionRef<void(std::size_t index, int worker)> chunk) {
    State& state = *m_state;
    if (t_pool == &state) {
        for (std::size_t i = 0; i < count; ++i) chunk(i, t_worker);
        return;
    }
    if (count == 0) return;
    std::lock_guard call(state.callMutex);
    const bool alone = count == 1 || state.workers.empty();
    // A worker that came late to the last job may still be on its way out; it holds nothing of the job.
    state.chunk = &chunk;
    state.count = count;
    state.next.store(0, std::memory_order_relaxed);
    if (!alone) {
        state.gate.fetch_or(kOpen, std::memory_order_acq_rel);
        state.wakeSleepers();
    }
    state.runChunks(0);
    if (alone) return;
    state.gate.fetch_and(~kOpen, std::memory_order_acq_rel);
    const auto empty = [&] { return state.gate.load(std::memory_order_seq_cst) == 0; };
    if (spinUntil(kCallerSpin, empty)) return;
    std::unique_lock lock(state.sleepMutex);
    state.callerSleeps.store(true, std::memory_order_seq_cst);
    state.done.wait(lock, empty);
    state.callerSleeps.store(false, std::memory_order_relaxed);
}

namespace {

/// The first number or word of a small file, split at spaces; empty where it cannot be read.
std::vector<std::string> readWords(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<std::string> words;
    for (std::string word; words.size() < 4 && file >> word;) words.push_back(word);
    return words;
}

std::optional<double> toNumber(const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (end == text.c_str() || *end != '\0') return std::nullopt;
    return value;
}

/// Calls `look` on `mount`/group and on every group above it, up to `mount`.
template <typename Look>
void forGroupAndParents(const std::filesystem::path& mount, const std::filesystem::path& group, Look look) {
    std::filesystem::path relative = group.relative_path();
    for (;;) {
        look(mount / relative);
        if (relative.empty()) return;
        relative = relative.parent_path();
    }
}

}  // namespace

std::optional<int> detail::cgroupCores(const std::filesystem::path& mount, std::string_view selfCgroup) {
    double tightest = 0;
    const auto limit = [&](const std::optional<double>& quota, const std::optional<double>& period) {
        if (!quota || !period || *quota <= 0 || *period <= 0) return;
        const double cores = *quota / *period;
        if (tightest == 0 || cores < tightest) tightest = cores;
    };
    std::size_t at = 0;
    while (at < selfCgroup.size()) {
        // A line is ID:CONTROLLERS:PATH; version 2 has the ID 0 and no controllers.
        const std::size_t end = std::min(selfCgroup.find('\n', at), selfCgroup.size());
        const std::string_view line = selfCgroup.substr(at, end - at);
        at = end + 1;
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const std::filesystem::path group(line.substr(second + 1));
        if (controllers.empty()) {
            for (const auto& root : {mount, mount / "unified"}) {
                forGroupAndParents(root, group, [&](const std::filesystem::path& folder) {
                    const auto words = readWords(folder / "cpu.max");  // "max 100000" or "150000 100000"
                    if (words.size() >= 2) limit(toNumber(words[0]), toNumber(words[1]));
                });
            }
        } else if (("," + std::string(controllers) + ",").find(",cpu,") != std::string::npos) {
            for (const auto& root : {mount / "cpu", mount / std::string(controllers)}) {
                forGroupAndParents(root, group, [&](const std::filesystem::path& folder) {
                    const auto quota = readWords(folder / "cpu.cfs_quota_us");
                    const auto period = readWords(folder / "cpu.cfs_period_us");
                    if (!quota.empty() && !period.empty()) limit(toNumber(quota[0]), toNumber(period[0]));
                });
            }
        }
    }
    if (tightest == 0) return std::nullopt;
    const double whole = tightest > 1 ? tightest : 1.0;
    return static_cast<int>(whole) + (whole > static_cast<int>(whole) ? 1 : 0);
}

int availableCores() {
    int cores = static_cast<int>(std::thread::hardware_concurrency());
    // The affinity mask of a machine with more than 1024 processors needs a larger set than cpu_set_t.
    for (int size = 1024; size <= (1 << 18); size *= 2) {
        cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(size));
        if (!set) break;
        const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(size));
        CPU_ZERO_S(bytes, set);
        const bool known = sched_getaffinity(0, bytes, set) == 0;
        if (known) cores = CPU_COUNT_S(bytes, set);
        CPU_FREE(set);
        if (known) break;
    }
    std::ifstream file("/proc/self/cgroup");
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (const auto quota = detail::cgroupCores("/sys/fs/cgroup", text)) cores = std::min(cores, *quota);
    return std::max(cores, 1);
}

}  // namespace distillix
