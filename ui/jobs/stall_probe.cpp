// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/stall_probe.h"

#include <QPointer>
#include <algorithm>
#include <chrono>
#include <condition_variable>

namespace distillix::ui {

namespace {
using Clock = std::chrono::steady_clock;
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

    void add(double ms) {
        ++report.samples;
        report.longestMs = std::max(report.longestMs, ms);
        if (ms > 50) ++report.over50;
        ++buckets[std::min(kBuckets - 1, static_cast<std::size_t>(ms / kBucketMs))];
    }
};

StallProbe::StallProbe(QObject* parent) : QObject(parent), m_shared(std::make_shared<Shared>()) {
    m_thread = std::thread([this] { measure(); });
}

StallProbe::~StallProbe() {
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->stop = true;
    }
    m_shared->handled.notify_all();
    m_thread.join();
}

void StallProbe::measure() {
    const auto shared = m_shared;
    std::unique_lock lock(shared->mutex);
    while (!shared->stop) {
        shared->waiting = true;
        const auto sent = Clock::now();
        lock.unlock();
        // The probe outlives this thread, which its destructor joins; events that are left are dropped with it.
        QMetaObject::invokeMethod(
            this,
            [shared, sent] {
                const double ms = std::chrono::duration<double, std::milli>(Clock::now() - sent).count();
                const std::lock_guard handledLock(shared->mutex);
                shared->add(ms);
                shared->waiting = false;
                shared->handled.notify_all();
            },
            Qt::QueuedConnection);
        lock.lock();
        shared->handled.wait(lock, [&] { return !shared->waiting || shared->stop; });
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
