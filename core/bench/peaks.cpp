// SPDX-License-Identifier: Apache-2.0
#include "core/bench/peaks.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>

#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/threads.h"
#include "core/bench/peak_loops.h"

namespace distillix {

namespace {

constexpr double kTrySeconds = 0.02;
constexpr int kTries = 5;
constexpr std::size_t kReadBytes = std::size_t{256} << 20;  // a thread's share; more than the caches that threads own

/// Linux hands out AMX's registers on request only, to the whole process.
bool mayUseAmx() {
#if defined(__x86_64__) && defined(SYS_arch_prctl)
    constexpr long kRequestPermission = 0x1023, kTileData = 18;
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
    return false;
#endif
}

/// GCC 12's __builtin_cpu_supports does not know AMX: leaf 7 says it.
bool hasAmx(bool int8) {
#if defined(__x86_64__)
    unsigned a = 7, b = 0, c = 0, d = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (d >> 24 & 1) && (d >> (int8 ? 25 : 22) & 1);
#else
    (void)int8;
    return false;
#endif
}

double rate(ThreadPool& pool, const std::function<double(int worker)>& work) {
    std::vector<double> done(static_cast<std::size_t>(pool.threads()));
    const double start = steadyNow();
    pool.parallelFor(static_cast<std::size_t>(pool.threads()),
                     [&](std::size_t index, int) { done[index] = work(static_cast<int>(index)); });
    return std::accumulate(done.begin(), done.end(), 0.0) / (steadyNow() - start);
}

double loopRate(ThreadPool& pool, peaks::Loop loop) {
    float probe[4] = {1.0f, 0.5f, 0, 0};
    long rounds = 1000;
    // As many rounds as one try should last, found on this thread.
    for (double seconds = 0; seconds < kTrySeconds;) {
        rounds *= 2;
        const double start = steadyNow();
        loop(rounds, probe);
        seconds = steadyNow() - start;
    }
    double best = 0;
    for (int n = 0; n < kTries; ++n) {
        best = std::max(best, rate(pool, [&](int) {
                            float sink[4] = {1.0f, 0.5f, 0, 0};
                            return loop(rounds, sink);
                        }));
    }
    return best;
}

double readRate(ThreadPool& pool) {
    std::vector<std::vector<std::uint64_t>> memory(static_cast<std::size_t>(pool.threads()));
    for (auto& block : memory) block.assign(kReadBytes / 8, 1);
    std::atomic<std::uint64_t> sink{0};
    double best = 0;
    for (int n = 0; n < kTries; ++n) {
        best = std::max(best, rate(pool, [&](int worker) {
                            const auto& block = memory[static_cast<std::size_t>(worker)];
                            std::uint64_t sums[4] = {0, 0, 0, 0};
                            for (std::size_t i = 0; i < block.size();
                                 i += 32) {  // one word of every quarter of four cache lines
                                sums[0] += block[i];
                                sums[1] += block[i + 8];
                                sums[2] += block[i + 16];
                                sums[3] += block[i + 24];
                            }
                            sink += sums[0] + sums[1] + sums[2] + sums[3];
                            return static_cast<double>(kReadBytes);
                        }));
    }
    return best;
}

}  // namespace

std::vector<Peak> measurePeaks(int threads) {
    ThreadPool pool(threads);
    std::vector<Peak> peaks;
    const auto add = [&](const char* name, const char* type, peaks::Loop loop) {
        peaks.push_back({name, type, loopRate(pool, loop)});
    };
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vnni");
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx512) {
        add("float32 AVX-512", "float32", peaks::fmaAvx512);
        add("int8 VNNI", "int8", peaks::int8Avx512);
        if (__builtin_cpu_supports("avx512bf16")) add("bf16 AVX-512", "16-bit", peaks::bf16Avx512);
    } else if (avx2) {
        add("float32 AVX2", "float32", peaks::fmaAvx2);
        add("int8 AVX2", "int8", peaks::int8Avx2);
        add("fixed point AVX2", "16-bit", peaks::fixedAvx2);
    }
    if ((hasAmx(true) || hasAmx(false)) && mayUseAmx()) {
        if (hasAmx(true)) add("int8 AMX", "int8", peaks::int8Amx);
        if (hasAmx(false)) add("bf16 AMX", "16-bit", peaks::bf16Amx);
    }
#endif
    peaks.push_back({"memory read", "bytes", readRate(pool)});
    return peaks;
}

}  // namespace distillix
