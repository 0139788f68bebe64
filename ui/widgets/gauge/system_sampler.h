// SPDX-License-Identifier: GPL-3.0-or-later
// What the machine is busy with, once a second: memory, processors, one process, NVIDIA's cards. Read on a worker.
#pragma once

#include <QObject>
#include <QTimer>
#include <memory>
#include <vector>

#include "core/backend/nvml.h"

namespace distillix::ui {

struct SystemReading {
    double memoryTotal = 0, memoryAvailable = 0;  ///< bytes
    double processorShare = -1;                   ///< of all processors, 0..1; negative before the second reading
    int processors = 0;
    double processResident = -1, processPeak = -1;  ///< bytes of the process that is watched; negative: it is not here
    double processProcessors = -1;                  ///< how many processors it keeps busy
    std::vector<CardReading> cards;
};

class SystemSampler : public QObject {
    Q_OBJECT
  public:
    explicit SystemSampler(QObject* parent = nullptr);
    ~SystemSampler() override;
    /// A process of this machine to tell apart from the others; 0: none.
    void watch(std::int64_t pid);
    void setRunning(bool on);

  signals:
    void sampled(const distillix::ui::SystemReading& reading);

  private:
    struct State;
    void sample();
    std::shared_ptr<State> m_state;
    QTimer m_timer;
    std::int64_t m_pid = 0;
    bool m_sampling = false;
};

}  // namespace distillix::ui

Q_DECLARE_METATYPE(distillix::ui::SystemReading)
