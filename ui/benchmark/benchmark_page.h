// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <deque>

#include "core/bench/report.h"
#include "ui/jobs/verb_process.h"
#include "ui/page.h"

class QComboBox;
class QLabel;
class QScrollArea;
class QTabWidget;
class QVBoxLayout;

namespace distillix::ui {

class BenchForm;
class BenchTableView;
class Chart;

/// Left what to measure, right the published tables with this machine's columns, what was measured before, and two of
/// those side by side. Everything is a `distillix bench ...` in a child.
class BenchmarkPage : public Page {
    Q_OBJECT
  public:
    explicit BenchmarkPage(Studio& studio, QWidget* parent = nullptr);
    ~BenchmarkPage() override;
    QString title() const override { return tr("Benchmark"); }
    void activate(const QVariantMap& arguments) override;
    void saveState() override;

    bool isMeasuring() const { return m_measuring; }
    /// The tables of the tab that is shown, for copying and saving.
    std::vector<BenchTable> shownTables() const;

  signals:
    void measured(bool ok);

  private:
    void contentsChanged();
    void makeRight(QWidget* right);
    void start();
    void next();
    void finished(const VerbOutcome& outcome);
    void keepPublished(const QJsonObject& result);
    void listPublished(const QString& choose);
    void showPublished(const QJsonObject& result);
    void listSessions();
    void showSession(const QString& session);
    void showRecords(const QJsonArray& records);
    void compare();
    void drawLengths(const std::vector<BenchTable>& tables);
    QStringList resultsFlag() const;
    QString resultsFolder() const;
    void copyMarkdown();
    void saveCsv();

    BenchForm* m_form = nullptr;
    VerbProcess *m_verb, *m_list, *m_show, *m_compare, *m_devices;
    std::deque<QStringList> m_queue;
    int m_done = 0, m_total = 0, m_job = 0;
    bool m_measuring = false, m_cancelled = false;

    QTabWidget* m_tabs = nullptr;
    QComboBox *m_published = nullptr, *m_then = nullptr, *m_now = nullptr;
    QVBoxLayout* m_tables = nullptr;
    std::vector<BenchTableView*> m_publishedViews;
    Chart *m_lengthChart = nullptr, *m_curveV03 = nullptr, *m_curveV04 = nullptr, *m_recordChart = nullptr;
    BenchTableView *m_sessions = nullptr, *m_records = nullptr, *m_comparison = nullptr;
    QLabel* m_compareHint = nullptr;
    QStringList m_sessionNames;
    QString m_wantedSession;
};

}  // namespace distillix::ui
