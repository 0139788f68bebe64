// SPDX-License-Identifier: GPL-3.0-or-later
// Starting trainers, and asking them. A trainer is a process of its own that outlives the window; all that is asked
// goes through its run's folder, by `distillix runs ...`, so a trainer on another machine is asked the same way.
#pragma once

#include <QObject>
#include <QStringList>
#include <QTimer>
#include <memory>
#include <vector>

namespace distillix::ui {

class RunControl : public QObject {
    Q_OBJECT
  public:
    explicit RunControl(QObject* parent = nullptr);

    /// `distillix train new RUN ARGUMENTS...`, detached. started() once the run's folder stands, startFailed() with the
    /// trainer's own words where it ended before.
    void startNew(const QString& run, const QStringList& arguments);
    /// `distillix train resume RUN ARGUMENTS...`, detached.
    void resume(const QString& run, const QStringList& arguments = {});
    bool isStarting(const QString& run) const;

    /// `distillix runs COMMAND RUN ARGUMENTS...`: waits for the trainer's answer in a child.
    void ask(const QString& command, const QString& run, const QStringList& arguments = {});

  signals:
    void started(const QString& run);
    void startFailed(const QString& run, const QString& message, bool resumes);
    void asked(const QString& command, const QString& run);
    /// `message` is the trainer's answer, which may be empty.
    void answered(const QString& command, const QString& run, const QString& message);
    void refused(const QString& command, const QString& run, const QString& message);

  private:
    struct Start {
        QString run, logFile;
        qint64 pid = 0;
        bool resumes = false;
    };
    void launch(const QString& run, const QStringList& arguments, bool resumes);
    void look();

    std::vector<Start> m_starts;
    QTimer m_timer;
    bool m_looking = false;
};

}  // namespace distillix::ui
