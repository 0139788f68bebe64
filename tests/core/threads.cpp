// SPDX-License-Identifier: Apache-2.0
#include "core/base/threads.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace distillix {
namespace {

TEST(ThreadPool, CallsEveryIndexOnce) {
    for (const int threads : {1, 2, 5}) {
        ThreadPool pool(threads);
        EXPECT_EQ(pool.threads(), threads);
        for (const std::size_t count : {0, 1, 2, 7, 1000}) {
            std::vector<int> calls(count, 0);  // plain ints: the thread sanitizer sees a double call
            pool.parallelFor(count, [&](std::size_t i, int worker) {
                EXPECT_GE(worker, 0);
                EXPECT_LT(worker, threads);
                ++calls[i];
            });
            for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(calls[i], 1) << i << " of " << count;
        }
    }
}

TEST(ThreadPool, WorkersDoNotShareANumber) {
    ThreadPool pool(4);
    std::vector<std::atomic<int>> inside(4);
    for (int round = 0; round < 200; ++round) {
        pool.parallelFor(16, [&](std::size_t, int worker) {
            EXPECT_EQ(inside[static_cast<std::size_t>(worker)].fetch_add(1), 0);
            std::this_thread::yield();
            inside[static_cast<std::size_t>(worker)].fetch_sub(1);
        });
    }
}

TEST(ThreadPool, ManyShortJobsBackToBackAndAfterSleeping) {
    ThreadPool pool(3);
    std::size_t sum = 0;
    for (std::size_t round = 0; round < 20000; ++round) {
        std::size_t parts[3] = {0, 0, 0};
        pool.parallelFor(3, [&](std::size_t i, int) { parts[i] = i + round; });
        sum += parts[0] + parts[1] + parts[2];
        // Now and then stay away for long enough that the workers go to sleep, by doing something else meanwhile.
        if (round % 5000 == 0) {
            const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
            while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
        }
    }
    EXPECT_EQ(sum, 3u * 20000 + 3u * (19999u * 20000u / 2));
}

TEST(ThreadPool, NestedCallsRunInPlace) {
    ThreadPool pool(3);
    std::vector<std::vector<int>> calls(8, std::vector<int>(5, 0));
    pool.parallelFor(8, [&](std::size_t i, int worker) {
        const auto thread = std::this_thread::get_id();
        pool.parallelFor(5, [&](std::size_t j, int inner) {
            EXPECT_EQ(inner, worker);
            EXPECT_EQ(std::this_thread::get_id(), thread);
            ++calls[i][j];
        });
    });
    for (const auto& row : calls) {
        for (const int n : row) EXPECT_EQ(n, 1);
    }
}

TEST(ThreadPool, CallsFromSeveralThreadsQueueUp) {
    ThreadPool pool(2);
    int total = 0;  // guarded by the pool: one job at a time, and each adds from a single chunk
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 4; ++caller) {
        callers.emplace_back([&] {
            for (int round = 0; round < 500; ++round) {
                pool.parallelFor(2, [&](std::size_t i, int) {
                    if (i == 0) ++total;
                });
            }
        });
    }
    for (std::thread& thread : callers) thread.join();
    EXPECT_EQ(total, 2000);
}

TEST(ThreadPool, LongChunksLetTheCallerSleepAndWakeIt) {
    ThreadPool pool(2);
    std::atomic<int> finished{0};
    std::atomic<bool> otherRuns{false};
    pool.parallelFor(2, [&](std::size_t, int worker) {
        if (worker != 0) {
            otherRuns = true;
            const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
            while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
        } else {
            while (!otherRuns) std::this_thread::yield();
        }
        ++finished;
    });
    EXPECT_EQ(finished, 2);
}

class CgroupTest : public testing::Test {
  protected:
    void SetUp() override {
        m_root = std::filesystem::temp_directory_path() / ("distillix-cgroup-" + std::to_string(getpid()));
        std::filesystem::create_directories(m_root);
    }
    void TearDown() override { std::filesystem::remove_all(m_root); }
    void write(const std::string& name, const std::string& text) {
        std::filesystem::create_directories((m_root / name).parent_path());
        std::ofstream(m_root / name) << text;
    }
    std::filesystem::path m_root;
};

TEST_F(CgroupTest, NoQuotaIsNoLimit) {
    EXPECT_EQ(detail::cgroupCores(m_root, "0::/\n"), std::nullopt);
    EXPECT_EQ(detail::cgroupCores(m_root, ""), std::nullopt);
    EXPECT_EQ(detail::cgroupCores(m_root, "nonsense\n:\n::\n"), std::nullopt);
    write("a/cpu.max", "max 100000\n");
    EXPECT_EQ(detail::cgroupCores(m_root, "0::/a\n"), std::nullopt);
    write("cpu/a/cpu.cfs_quota_us", "-1\n");
    write("cpu/a/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(detail::cgroupCores(m_root, "2:cpu,cpuacct:/a\n"), std::nullopt);
}

TEST_F(CgroupTest, TheTightestGroupCounts) {
    write("a/b/cpu.max", "400000 100000\n");
    write("a/cpu.max", "150000 100000\n");
    EXPECT_EQ(detail::cgroupCores(m_root, "0::/a/b\n"), 2);  // 1.5 rounded up
    EXPECT_EQ(detail::cgroupCores(m_root, "0::/a/b/c\n"), 2);
    write("cpu/job/cpu.cfs_quota_us", "50000\n");
    write("cpu/job/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(detail::cgroupCores(m_root, "3:cpu:/job\n0::/a/b\n"), 1);
}

TEST(AvailableCores, IsAtLeastOneAndAPoolTakesIt) {
    EXPECT_GE(availableCores(), 1);
    EXPECT_EQ(ThreadPool().threads(), availableCores());
}

}  // namespace
}  // namespace distillix
