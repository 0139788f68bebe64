// SPDX-License-Identifier: GPL-3.0-or-later
// What a training will cost before it starts: memory by part against the device, parameters, tokens, and time from a
// short trial step. Everything is asked of the command line (`train plan`, `bench train`) in a child.
#pragma once

#include <QFrame>
#include <QJsonObject>
#include <QTimer>
#include <optional>

#include "ui/jobs/verb_process.h"
#include "ui/theme.h"

class QLabel;
class QPushButton;

namespace distillix::ui {

class MemoryBar;

class CostCard : public QFrame {
    Q_OBJECT
  public:
    enum class Fit { Unknown, Fits, Tight, TooLarge };

    explicit CostCard(Theme& theme, QWidget* parent = nullptr);

    struct Question {
        QString preset, dataset;
        QStringList arguments;       ///< as `train plan` takes them
        QStringList modelArguments;  ///< of them, the model's
        double batch = 0, tokens = 0, accumulation = 1, steps = 0, minutes = 0;
        bool recompute = false;
        QString precision;
    };
    /// Asked a moment after the last change; an earlier question is given up.
    void ask(const Question& question);
    /// A trial is made by itself only where it takes little and nobody trains.
    void setMachineBusy(bool busy) { m_busy = busy; }
    Fit fit() const { return m_fit; }
    /// What the command line says against it; empty where nothing.
    const QString& problem() const { return m_problem; }
    /// Seconds of one optimizer step, where a trial has measured it.
    std::optional<double> secondsPerStep() const { return m_secondsPerStep; }

  signals:
    void answered();

  private:
    void askPlan();
    void planAnswered(const VerbOutcome& outcome);
    void tryStep();
    void trialAnswered(const VerbOutcome& outcome);
    void readDataset();
    void lookAtDisk();
    void showAll();

    Theme& m_theme;
    Question m_question;
    QTimer m_soon, m_trialSoon;
    VerbProcess* m_plan;
    VerbProcess* m_trial;
    QJsonObject m_answer;
    QString m_problem, m_trialProblem;
    Fit m_fit = Fit::Unknown;
    std::optional<double> m_secondsPerStep;
    double m_datasetTokens = 0;
    double m_diskFree = -1;  ///< where the dataset lies, and the run will; negative: not known
    QString m_datasetRead;
    bool m_busy = false;
    bool m_dropTrial = false;  ///< its answer is to a question that nobody asks any more
    QLabel *m_head = nullptr, *m_pill = nullptr, *m_memory = nullptr, *m_disk = nullptr, *m_tokens = nullptr,
           *m_time = nullptr;
    MemoryBar* m_bar = nullptr;
    QPushButton* m_try = nullptr;
};

/// Parts of memory side by side against what the device has.
class MemoryBar : public QWidget {
    Q_OBJECT
  public:
    struct Part {
        QString name;
        double bytes;
        QColor colour;
    };
    explicit MemoryBar(QWidget* parent = nullptr);
    void setParts(std::vector<Part> parts, double available, double total);
    const std::vector<Part>& parts() const { return m_parts; }
    QSize sizeHint() const override;

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    std::vector<Part> m_parts;
    double m_available = 0, m_total = 0;
};

}  // namespace distillix::ui
