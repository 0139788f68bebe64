// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace distillix::ui {

/// Measures how long the window's event loop keeps others waiting: a thread of its own sends an event every few
/// milliseconds and takes the time until it is handled. Cheap enough to run always; used by a test and by the system
/// report.
class StallProbe : public QObject {
    Q_OBJECT
  public:
    explicit StallProbe(QObject* parent = nullptr);
    ~StallProbe() override;
    struct Report {
        double longestMs = 0;  ///< the longest wait of any event
        int over50 = 0;        ///< events that waited more than 50 ms
        int samples = 0;
        double p99Ms = 0;
    };
    /// Of everything since the start or the last reset().
    Report report() const;
    void reset();

  private:
    void measure();
    struct Shared;
    std::shared_ptr<Shared> m_shared;
    std::thread m_thread;
};

}  // namespace distillix::ui
