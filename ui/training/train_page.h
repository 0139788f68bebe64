// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>

#include "ui/models/run_difference_model.h"
#include "ui/models/run_event_model.h"
#include "ui/models/run_table_model.h"
#include "ui/page.h"
#include "ui/training/run_control.h"

class QLabel;
class QPlainTextEdit;
class QSplitter;
class QStackedWidget;
class QTableView;
class QTabWidget;

namespace distillix::ui {

class ChartBoard;
class EmptyState;
class GaugeStrip;
class NewRunForm;
class RunHeader;
class SamplesView;

/// Left the runs and the form for a new one, right the run that is chosen: its state, gauges, curves (with those that
/// are checked overlaid), samples, events, log, and in what the overlaid ones differ.
class TrainPage : public Page {
    Q_OBJECT
  public:
    explicit TrainPage(Studio& studio, QWidget* parent = nullptr);
    ~TrainPage() override;
    QString title() const override { return tr("Train"); }
    void activate(const QVariantMap& arguments) override;
    void saveState() override;

    /// The run that is shown; null: none.
    RunFollower* current() const;
    RunControl& control() { return m_control; }
    void choose(const QString& path);

  private:
    void projectOpened();
    void contentsChanged();
    void makeLeft(QWidget* left);
    void makeRight(QWidget* right);
    void connectActions();
    /// Followers for what is shown, and none for what is not.
    void updateShown();
    void currentChanged();
    void rebuildCurves();
    void rebuildMarks();
    void rebuildDifferences();
    void readLog();
    void updateActions();
    void updateJobs();
    void startRun(const QString& name, const QStringList& arguments);
    void resumeRun(const QString& path, bool takeOver);
    void ask(const QString& command, const QStringList& arguments = {});
    void trainSmaller();
    void showForm(bool on);

    RunControl m_control;
    RunTableModel* m_runs = nullptr;
    RunEventModel* m_events = nullptr;
    RunDifferenceModel* m_differences = nullptr;
    std::map<QString, std::unique_ptr<RunFollower>> m_followers;
    QString m_current, m_wanted;
    std::map<QString, int> m_jobs;
    std::map<QString, QString> m_lastStates;

    QSplitter *m_split = nullptr, *m_down = nullptr;
    QTabWidget *m_left = nullptr, *m_tabs = nullptr;
    QTableView* m_list = nullptr;
    NewRunForm* m_form = nullptr;
    QStackedWidget* m_right = nullptr;
    EmptyState* m_empty = nullptr;
    RunHeader* m_header = nullptr;
    GaugeStrip* m_gauges = nullptr;
    ChartBoard* m_board = nullptr;
    SamplesView* m_samples = nullptr;
    QTableView *m_eventView = nullptr, *m_differenceView = nullptr;
    QPlainTextEdit* m_log = nullptr;
    QLabel* m_legend = nullptr;
    bool m_loggingNow = false, m_draftIsBack = false;
};

}  // namespace distillix::ui
