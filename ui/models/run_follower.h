// SPDX-License-Identifier: GPL-3.0-or-later
// One run's folder, followed: what it is, its metrics as columns, what happened, its samples. All of it is read on a
// worker (metrics by offset), and handed over as plain values; a run that another machine trains is followed as well.
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>
#include <memory>
#include <vector>

#include "core/train/run_folder.h"
#include "ui/widgets/chart/chart.h"

namespace distillix::ui {

struct RunEvent {
    std::int64_t step = 0;
    QString type, time, message;
    nlohmann::ordered_json line;
};

struct RunSample {
    std::int64_t step = 0;
    QString time, prompt, text;
};

class RunFollower : public QObject {
    Q_OBJECT
  public:
    explicit RunFollower(const QString& path, QObject* parent = nullptr);
    ~RunFollower() override;

    const QString& path() const { return m_path; }
    QString name() const;
    /// Everything that was there at the first look is here.
    bool isLoaded() const { return m_loaded; }
    /// Why the folder cannot be read, for people; empty where it can.
    const QString& problem() const { return m_problem; }

    const RunSummary& summary() const { return m_summary; }
    bool lives() const;
    /// Its heartbeat has been still for so many seconds by this machine's clock, though it is said to live.
    double silentSeconds() const;
    /// "step", "loss", "lr", "gradNorm", "tokens", "tokensPerSecond", "elapsed", …, as metrics.jsonl has them.
    std::shared_ptr<const ChartColumns> metrics() const { return m_metrics; }
    /// "step", "tokens", "elapsed", "loss", "bitsPerByte": of the validations that count.
    std::shared_ptr<const ChartColumns> validations() const { return m_validations; }
    const std::vector<RunEvent>& events() const { return m_events; }
    const std::vector<RunSample>& samples() const { return m_samples; }
    /// Number of optimizer steps in all, with the settings that were changed meanwhile; 0: not known.
    std::int64_t totalSteps() const;
    double totalMinutes() const;
    /// Seconds it has still to train, from the pace of its last steps; negative: not known.
    double secondsLeft() const;
    /// tokens and seconds of a step, for marks; interpolated between rows.
    double xAt(std::int64_t step, const char* column) const;

    /// How often it is looked at. A run that has ended is looked at seldom.
    void setInterval(int milliseconds);
    /// Looks now.
    void poll();

  signals:
    void loaded();
    /// Rows from `kept` on are new.
    void metricsChanged(std::size_t kept);
    void eventsChanged();
    void samplesChanged();
    void summaryChanged();
    void problemChanged();

  private:
    struct Reader;  ///< lives on the worker while a poll is under way
    struct Delta;
    void apply(Delta& delta);
    void rebuildValidations();

    QString m_path;
    std::shared_ptr<Reader> m_reader;
    QTimer m_timer;
    bool m_reading = false, m_again = false, m_loaded = false;
    int m_intervalMs = 500;
    QString m_problem;
    RunSummary m_summary;
    double m_lastBeat = 0;
    std::uint64_t m_beatCount = 0;
    std::shared_ptr<ChartColumns> m_metrics, m_validations;
    std::vector<RunEvent> m_events;
    std::vector<RunSample> m_samples;
};

/// For people: "Running", "Paused", …
QString runStateText(RunState state);
/// What to change so that it does not end like that again; empty where there is nothing to say.
QString runAdvice(const RunSummary& run);
/// Whether its end tells of memory that was lacking.
bool ranOutOfMemory(const RunSummary& run);

}  // namespace distillix::ui
