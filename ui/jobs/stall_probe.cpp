// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/stall_probe.h"

#include <QPointer>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <ctime>

#include <execinfo.h>
#include <pthread.h>
#include <unistd.h>

namespace distillix::ui {

namespace {
using Clock = std::chrono::steady_clock;

double processorMs(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

/// On the thread whose stack it is.
void writeStack(int) {
    void* frames[64];
    const int count = ::backtrace(frames, 64);
    ::backtrace_symbols_fd(frames, count, STDERR_FILENO);
}
constexpr auto kEvery = std::chrono::milliseconds(4);
constexpr double kBucketMs = 0.25;  // of the histogram, up to a second
constexpr std::size_t kBuckets = 4000;
}  // namespace

// Kept alive by the events under way, which may be handled when the probe is gone.
struct StallProbe::Shared {
    mutable std::mutex mutex;
    std::condition_variable handled;
    bool waiting = false, stop = false;  // guarded by mutex, as is the rest
    std::vector<int> buckets = std::vector<int>(kBuckets, 0);
    Report report;

    void add(double ms, double cpuMs) {
        ++report.samples;
        report.longestMs = std::max(report.longestMs, ms);
        report.longestCpuMs = std::max(report.longestCpuMs, cpuMs);
        if (ms > 50) ++report.over50;
        if (cpuMs > 50) ++report.over50Cpu;
        ++buckets[std::min(kBuckets - 1, static_cast<std::size_t>(ms / kBucketMs))];
    }
};

StallProbe::StallProbe(QObject* parent) : QObject(parent), m_shared(std::make_shared<Shared>()) {
    const pthread_t window = ::pthread_self();
    m_thread = std::thread([this, window] { measure(window); });
}

StallProbe::~StallProbe() {
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->stop = true;
    }
    m_shared->handled.notify_all();
    m_thread.join();
}

void StallProbe::measure(pthread_t window) {
    const auto shared = m_shared;
    clockid_t clock{};
    if (::pthread_getcpuclockid(window, &clock) != 0) clock = CLOCK_PROCESS_CPUTIME_ID;
    const int tell = qEnvironmentVariableIntValue("DISTILLIX_STALLS");
    if (tell > 0) {
        struct sigaction action {};
        action.sa_handler = writeStack;
        action.sa_flags = SA_RESTART;
        ::sigaction(SIGUSR2, &action, nullptr);
    }
    std::unique_lock lock(shared->mutex);
    while (!shared->stop) {
        shared->waiting = true;
        const auto sent = Clock::now();
        const double before = processorMs(clock);
        lock.unlock();
        // The probe outlives this thread, which its destructor joins; events that are left are dropped with it.
        QMetaObject::invokeMethod(
            this,
            [shared, sent, before] {
                const double ms = std::chrono::duration<double, std::milli>(Clock::now() - sent).count();
                const double cpuMs = processorMs(CLOCK_THREAD_CPUTIME_ID) - before;
                const std::lock_guard handledLock(shared->mutex);
                shared->add(ms, cpuMs);
                shared->waiting = false;
                shared->handled.notify_all();
            },
            Qt::QueuedConnection);
        lock.lock();
        const auto handled = [&] { return !shared->waiting || shared->stop; };
        while (tell > 0 && !shared->handled.wait_for(lock, std::chrono::milliseconds(tell), handled)) {
            ::dprintf(STDERR_FILENO, "--- %.0f ms, of them %.0f at work\n",
                      std::chrono::duration<double, std::milli>(Clock::now() - sent).count(),
                      processorMs(clock) - before);
            ::pthread_kill(window, SIGUSR2);
        }
        shared->handled.wait(lock, handled);
        shared->handled.wait_for(lock, kEvery, [&] { return shared->stop; });
    }
}

StallProbe::Report StallProbe::report() const {
    const std::lock_guard lock(m_shared->mutex);
    Report report = m_shared->report;
    int left = report.samples / 100;
    for (std::size_t bucket = kBuckets; bucket-- > 0;) {
        left -= m_shared->buckets[bucket];
        if (left < 0) {
            report.p99Ms = (static_cast<double>(bucket) + 1) * kBucketMs;
            break;
        }
    }
    return report;
}

void StallProbe::reset() {
    const std::lock_guard lock(m_shared->mutex);
    m_shared->report = {};
    std::fill(m_shared->buckets.begin(), m_shared->buckets.end(), 0);
}

}  // namespace distillix::ui
