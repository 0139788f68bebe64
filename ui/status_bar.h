// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStatusBar>
#include <QTimer>

#include "ui/studio.h"

class QLabel;
class QProgressBar;
class QToolButton;

namespace distillix::ui {

/// Project, running jobs, memory, device. Object names: status.project, status.jobs, status.memory, status.device.
class StatusBar : public QStatusBar {
    Q_OBJECT
  public:
    explicit StatusBar(Studio& studio, QWidget* parent = nullptr);

  private:
    void showProject();
    void showJobs();
    void pollMemory();
    void readDevice();
    void retint();

    Studio& m_studio;
    QToolButton *m_project, *m_jobs;
    QLabel *m_memory, *m_device;
    QProgressBar *m_gauge, *m_jobGauge;
    QTimer m_poll;
    bool m_polling = false;
};

}  // namespace distillix::ui
