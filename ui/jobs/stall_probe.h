// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <pthread.h>

namespace distillix::ui {

/// Measures how long the window's event loop keeps others waiting: a thread of its own sends an event every few
/// milliseconds and takes the time until it is handled, and how much of a processor the window's thread used meanwhile.
/// The first is what a person feels; the second is the window's own share of it, which other programs do not lengthen.
/// Cheap enough to run always; used by tests and by the system report. Where the environment variable DISTILLIX_STALLS
/// is a number, whatever takes more milliseconds than that has the stack of the window's thread written to standard
/// error.
class StallProbe : public QObject {
    Q_OBJECT
  public:
    explicit StallProbe(QObject* parent = nullptr);
    ~StallProbe() override;
    struct Report {
        double longestMs = 0;     ///< the longest wait of any event
        double longestCpuMs = 0;  ///< the most processor time within one wait
        int over50 = 0;           ///< events that waited more than 50 ms
        int over50Cpu = 0;        ///< waits in which the window's thread used more than 50 ms
        int samples = 0;
        double p99Ms = 0;
    };
    /// Of everything since the start or the last reset().
    Report report() const;
    void reset();

  private:
    void measure(pthread_t window);
    struct Shared;
    std::shared_ptr<Shared> m_shared;
    std::thread m_thread;
};

}  // namespace distillix::ui
