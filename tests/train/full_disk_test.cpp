// SPDX-License-Identifier: Apache-2.0
// A disk that fills at every write in turn, and a clock that jumps: this program's own write(), fsync(), statvfs() and
// clock_gettime() stand before the system's and do as they are told.
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include <dlfcn.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/train/trainer_fixture.h"

namespace {

/// Which of the writes into a folder fail for want of room.
struct FullDisk {
    std::atomic<bool> armed{false};
    char folder[512] = {};
    std::atomic<int> countdown{0};  ///< writes that still succeed
    std::atomic<int> failures{0};   ///< how many fail behind them
    std::atomic<int> failed{0};     ///< that did
    std::atomic<int> writes{0};     ///< seen in all
    std::atomic<bool> noRoom{false};

    /// Heartbeats are written twice a second, so they would make the count depend on time; they are let through.
    bool lies(int fd) const {
        char link[64], path[1024];
        std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        const ssize_t size = ::readlink(link, path, sizeof path - 1);
        if (size <= 0) return false;
        path[size] = '\0';
        return std::strncmp(path, folder, std::strlen(folder)) == 0 && !std::strstr(path, "/heartbeat");
    }
    bool fails(int fd) {
        if (!armed || !lies(fd)) return false;
        ++writes;
        if (countdown.fetch_sub(1) > 0) return false;
        countdown = 0;
        if (failures.fetch_sub(1) <= 0) {
            failures = 0;
            return false;
        }
        ++failed;
        return true;
    }
};
FullDisk g_disk;
std::atomic<long> g_clockJump{0};  // seconds by which the wall clock is wrong

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    if (!g_disk.fails(fd)) return real(fd, bytes, size);
    // As a disk does that has room for a part yet: half goes through, the next try for the rest finds none.
    if (size > 1 && g_disk.failed % 2 == 1) {
        g_disk.failures.fetch_add(1);
        return real(fd, bytes, size / 2);
    }
    errno = ENOSPC;
    return -1;
}

extern "C" int fsync(int fd) {
    static const auto real = next<int (*)(int)>("fsync");
    if (!g_disk.fails(fd)) return real(fd);
    errno = ENOSPC;
    return -1;
}

extern "C" int statvfs(const char* path, struct statvfs* room) noexcept {
    static const auto real = next<int (*)(const char*, struct statvfs*)>("statvfs");
    const int result = real(path, room);
    if (g_disk.noRoom) room->f_bavail = 1;
    return result;
}

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    static const auto real = next<int (*)(clockid_t, timespec*)>("clock_gettime");
    const int result = real(clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec += g_clockJump;
    return result;
}

namespace distillix {
namespace {

class HardUse : public Trainer {
  protected:
    void SetUp() override {
        Trainer::SetUp();
        // Few steps with everything in them.
        m_config.steps = 4;
        m_config.batch = m_config.accumulation = 1;
        m_config.tokens = 16;
        m_config.checkpointEvery = 2;
        m_config.validateEvery = 2;
        m_config.validationTokens = 64;
        m_config.sampleEvery = 3;
        m_config.sampleTokens = 2;
        m_config.tensorboard = true;
        m_model.numLayers = 1;
        ASSERT_OK(train("whole"));
        m_losses = losses("whole");
    }
    void TearDown() override {
        g_disk.armed = false;
        g_disk.noRoom = false;
        g_clockJump = 0;
    }
    void arm(const std::string& run, int countdown, int failures) {
        std::snprintf(g_disk.folder, sizeof g_disk.folder, "%s", (m_folder / run).c_str());
        g_disk.countdown = countdown;
        g_disk.failures = failures;
        g_disk.failed = g_disk.writes = 0;
        g_disk.armed = true;
    }
    void expectTheSame(const std::string& run, const std::string& why) {
        EXPECT_EQ(losses(run), m_losses) << why;
        for (const char* file : {"model.safetensors", "optimizer.safetensors"})
            EXPECT_TRUE(bytes(m_folder / run / "checkpoints/step-00000004" / file) ==
                        bytes(m_folder / "whole/checkpoints/step-00000004" / file))
                << why << " " << file;
    }
    std::vector<double> m_losses;
};

TEST_F(HardUse, ADiskThatFillsAtEveryWriteInTurnPausesAndGoesOn) {
    arm("count", 1 << 30, 0);
    std::atomic<int> before{0};
    TrainObserver counting;
    counting.plan = [&](const std::vector<MemoryPart>&) { before = g_disk.writes.load(); };
    ASSERT_OK(train("count", counting));
    const int writes = g_disk.writes;
    EXPECT_GT(writes - before, 30);
    int paused = 0, ended = 0;
    for (int n = 0; n < writes; ++n) {
        const std::string run = "full";
        const std::string why = "write " + std::to_string(n) + " of " + std::to_string(writes);
        arm(run, n, 2);
        TrainObserver observer;
        bool told = false;
        observer.event = [&](const std::string& type, std::int64_t, const nlohmann::ordered_json& fields) {
            told = told || (type == "paused" && fields.value("reason", "") == "diskFull");
        };
        auto outcome = train(run, observer);
        g_disk.armed = false;
        EXPECT_GT(g_disk.failed, 0) << why;
        if (outcome.ok()) {
            ++paused;
            EXPECT_TRUE(told) << why;
            EXPECT_EQ(readRun(m_folder / run)->state, RunState::Finished) << why;
        } else {
            // Before its first step it is refused, and can be begun or resumed when there is room.
            ++ended;
            EXPECT_EQ(outcome.error().code, ErrorCode::DiskFull) << why << " " << outcome.error().text();
            ASSERT_OK(fs::exists(m_folder / run) ? resume(run) : train(run));
        }
        expectTheSame(run, why);
        for (const auto& entry : fs::recursive_directory_iterator(m_folder / run))
            EXPECT_FALSE(isPartialName(entry.path())) << why << " " << entry.path();
        fs::remove_all(m_folder / run);
    }
    EXPECT_GT(paused, ended);
}

TEST_F(HardUse, ADiskThatStaysFullEndsOnRequestWithNothingWholeLost) {
    arm("count", 1 << 30, 0);
    ASSERT_OK(train("count"));
    const int writes = g_disk.writes;
    for (int n = 3; n < writes; n += 3) {
        const std::string why = "from write " + std::to_string(n) + " on";
        arm("full", n, 1 << 30);
        StopSource source;
        TrainObserver observer;
        observer.event = [&](const std::string& type, std::int64_t, const nlohmann::ordered_json&) {
            if (type == "paused") source.raise();
        };
        const auto outcome = train("full", observer, source.token());
        g_disk.armed = false;
        ASSERT_FALSE(outcome.ok()) << why;
        EXPECT_EQ(outcome.error().code, ErrorCode::DiskFull) << why;
        ASSERT_OK(fs::exists(m_folder / "full") ? resume("full") : train("full"));
        expectTheSame("full", why);
        fs::remove_all(m_folder / "full");
    }
}

TEST_F(HardUse, RoomForACheckpointIsLookedAtBeforeItIsWritten) {
    TrainObserver observer;
    std::string message;
    RunState state = RunState::Unknown;
    observer.step = [&](const StepMetrics& metrics, std::int64_t, double) {
        if (metrics.step == 2) g_disk.noRoom = true;
    };
    observer.event = [&](const std::string& type, std::int64_t, const nlohmann::ordered_json& fields) {
        if (type != "paused") return;
        message = fields.value("message", "");
        state = readRun(m_folder / "run")->state;
        EXPECT_TRUE(runCheckpoints(m_folder / "run").empty());
        EXPECT_THAT(readRun(m_folder / "run")->message, HasSubstr("disk is full"));
        g_disk.noRoom = false;
    };
    ASSERT_OK(train("run", observer));
    EXPECT_THAT(message, HasSubstr("checkpoint needs"));
    EXPECT_EQ(state, RunState::Paused);
    EXPECT_EQ(countEvents("run", "continued"), 1);
    expectTheSame("run", "waited for room");
}

TEST_F(HardUse, AClockThatJumpsChangesNothing) {
    TrainObserver observer;
    std::vector<double> elapsed, left;
    observer.step = [&](const StepMetrics& metrics, std::int64_t, double remaining) {
        elapsed.push_back(metrics.elapsedSeconds);
        left.push_back(remaining);
        g_clockJump = metrics.step % 2 ? -86400 * 365 : 86400 * 4000;
        if (metrics.step == 2) {
            // Of two that wait, the one sent first is done first, though the clock went back in between.
            ASSERT_OK(sendRunCommand(m_folder / "run", "checkpoint"));
            g_clockJump = -86400;
            ASSERT_OK(sendRunCommand(m_folder / "run", "dance"));
        }
    };
    ASSERT_OK(train("run", observer));
    expectTheSame("run", "clock");
    EXPECT_TRUE(std::is_sorted(elapsed.begin(), elapsed.end()));
    for (const double seconds : elapsed) EXPECT_LT(seconds, 600);
    for (const double seconds : left) EXPECT_LT(seconds, 600);
    std::vector<std::string> order;
    for (const auto& line : lines("run", RunLog::Events))
        if (line["type"] == "command") order.push_back(line["command"]);
    EXPECT_EQ(order, (std::vector<std::string>{"checkpoint", "dance"}));
}

TEST_F(HardUse, ReadersFollowWhileItTrains) {
    // For the thread sanitizer as much as for the figures: a reader in another thread, as a window has it.
    std::atomic<bool> done{false};
    std::vector<std::int64_t> seen;
    std::thread reader([&] {
        RunTail tail(m_folder / "run", RunLog::Metrics);
        for (bool last = false; !last;) {
            last = done;
            const auto updates = tail.poll();
            if (updates.ok())
                for (const auto& update : *updates) seen.push_back(update.line.value("step", std::int64_t{0}));
            const auto summary = readRun(m_folder / "run");
            (void)summary;  // it may not be there yet
            listRuns(m_folder);
        }
    });
    const auto outcome = train("run");
    done = true;
    reader.join();
    ASSERT_OK(outcome);
    EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace distillix
