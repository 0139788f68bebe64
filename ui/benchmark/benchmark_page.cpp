// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/benchmark/benchmark_page.h"

#include <QClipboard>
#include <QComboBox>
#include <QDir>
#include <QFile>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QSplitter>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>
#include <cmath>

#include "core/base/files.h"
#include "core/bench/published.h"
#include "core/bench/records.h"
#include "ui/benchmark/bench_form.h"
#include "ui/benchmark/bench_table_view.h"
#include "ui/format.h"
#include "ui/jobs/background.h"
#include "ui/widgets/chart/chart.h"
#include "ui/widgets/file_questions.h"

namespace distillix::ui {
namespace {

/// A column's numbers; rows without one are passed over in `x` too.
std::shared_ptr<ChartColumns> columnsOf(const BenchTable& table, const std::string& x, const std::string& y) {
    auto columns = std::make_shared<ChartColumns>();
    auto& xs = columns->columns["x"];
    auto& ys = columns->columns["y"];
    std::size_t xIndex = table.columns.size(), yIndex = table.columns.size();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (table.columns[i].key == x) xIndex = i;
        if (table.columns[i].key == y) yIndex = i;
    }
    if (xIndex == table.columns.size() || yIndex == table.columns.size()) return columns;
    std::vector<std::pair<double, double>> points;
    for (const auto& row : table.rows)
        if (row[xIndex].number && row[yIndex].number) points.emplace_back(*row[xIndex].number, *row[yIndex].number);
    std::sort(points.begin(), points.end());
    for (const auto& [left, right] : points) {
        xs.push_back(left);
        ys.push_back(right);
    }
    return columns;
}

ChartCurve curveOf(const QString& name, const QColor& colour, std::shared_ptr<const ChartColumns> columns,
                   bool dashed = false) {
    ChartCurve curve;
    curve.id = name;
    curve.name = name;
    curve.colour = colour;
    curve.columns = std::move(columns);
    curve.y = "y";
    curve.points = true;
    curve.dashed = dashed;
    return curve;
}

Chart* lengthChart(const char* name, const QString& title, const QString& x) {
    auto* chart = new Chart(title);
    chart->setObjectName(name);
    chart->setX("x", Chart::Axis::Number, x);
    chart->setMinimumHeight(220);
    Theme::setCard(chart);
    return chart;
}

}  // namespace

BenchmarkPage::BenchmarkPage(Studio& studio_, QWidget* parent)
    : Page(studio_, parent),
      m_verb(new VerbProcess(this)),
      m_list(new VerbProcess(this)),
      m_show(new VerbProcess(this)),
      m_compare(new VerbProcess(this)),
      m_devices(new VerbProcess(this)) {
    m_form = new BenchForm(studio());
    auto* right = new QWidget;
    makeRight(right);
    auto* split = new QSplitter(Qt::Horizontal);
    split->setObjectName("benchSplit");
    split->setChildrenCollapsible(false);
    m_form->setMinimumWidth(studio().theme().scaled(280));
    split->addWidget(m_form);
    split->addWidget(right);
    split->setStretchFactor(1, 1);
    split->setSizes({studio().theme().scaled(320), 900});
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(split);

    connect(m_form, &BenchForm::startAsked, this, &BenchmarkPage::start);
    connect(studio().actions().find("run.measure"), &QAction::triggered, this, [this] {
        // From elsewhere it shows what would be measured first.
        if (isVisible()) return start();
        this->studio().showPage(PageId::Benchmark);
    });
    connect(m_form, &BenchForm::cancelAsked, this, [this] {
        m_cancelled = true;
        m_queue.clear();
        m_form->setProgress(tr("Ending…"), -1);
        m_verb->cancel();
    });
    connect(m_verb, &VerbProcess::finished, this, &BenchmarkPage::finished);
    connect(m_verb, &VerbProcess::progressed, this, [this](const QJsonObject& line) {
        const double done = line["done"].toDouble(), total = line["total"].toDouble();
        QString text = line["phase"].toString();
        if (total > 0) text += tr(": %1 of %2 %3").arg(formatCount(done), formatCount(total), line["unit"].toString());
        if (m_total > 1) text = tr("%1 of %2 · ").arg(m_done + 1).arg(m_total) + text;
        const double share = total > 0 ? done / total : -1;
        m_form->setProgress(text, share);
        studio().jobs().update(m_job, share, text);
    });
    connect(m_verb, &VerbProcess::logged, this, [this](const QString&, const QString& message) {
        m_form->setProgress((m_total > 1 ? tr("%1 of %2 · ").arg(m_done + 1).arg(m_total) : QString()) + message, -1);
    });
    connect(m_list, &VerbProcess::finished, this, [this](const VerbOutcome& outcome) {
        // Where nothing has been measured yet there is no folder.
        BenchTable table;
        if (outcome.ok) table = benchTableOf(outcome.result["table"].toObject());
        m_sessionNames.clear();
        QStringList titles;
        // Newest first.
        std::reverse(table.rows.begin(), table.rows.end());
        for (const auto& row : table.rows) {
            m_sessionNames += QString::fromStdString(row[0].words);
            titles += QString::fromStdString(row[1].words) + QStringLiteral(" · ") +
                      QString::fromStdString(row[4].words) + QStringLiteral(" · ") +
                      QString::fromStdString(row[5].words);
        }
        if (table.rows.empty()) {
            table.title = tr("Nothing has been measured here yet").toStdString();
            table.notes = {outcome.ok || outcome.code == QLatin1String("not_found")
                               ? tr("Choose models on the left and measure. What is measured is kept, with machine, "
                                    "build and model "
                                    "in every row.")
                                     .toStdString()
                               : outcome.text().toStdString()};
        }
        m_sessions->setTable(std::move(table));
        const QString before = m_then->currentData().toString();
        for (QComboBox* box : {m_then, m_now}) {
            const QSignalBlocker quiet(box);
            const QString chosen = box->currentData().toString();
            box->clear();
            for (int i = 0; i < m_sessionNames.size(); ++i) box->addItem(titles[i], m_sessionNames[i]);
            box->setCurrentIndex(std::max(0, box->findData(chosen)));
        }
        // What was measured just now beside what was there before.
        {
            const QSignalBlocker quietNow(m_now), quietThen(m_then);
            if (!m_wantedSession.isEmpty()) m_now->setCurrentIndex(std::max(0, m_now->findData(m_wantedSession)));
            int then = m_then->findData(before);
            if (then < 0 || then == m_now->currentIndex())
                then = m_now->currentIndex() + 1 < m_then->count() ? m_now->currentIndex() + 1 : 0;
            m_then->setCurrentIndex(std::min(then, m_then->count() - 1));
        }
        compare();
        m_compareHint->setVisible(m_sessionNames.size() < 2);
        if (!m_sessionNames.isEmpty())
            m_sessions->view()->selectRow(std::max<int>(0, static_cast<int>(m_sessionNames.indexOf(m_wantedSession))));
        m_wantedSession.clear();
    });
    connect(m_show, &VerbProcess::finished, this, [this](const VerbOutcome& outcome) {
        BenchTable table;
        if (outcome.ok)
            table = benchTableOf(outcome.result["table"].toObject());
        else
            table.notes = {outcome.text().toStdString()};
        table.title.clear();
        m_records->setTable(std::move(table));
        showRecords(outcome.result["records"].toArray());
    });
    connect(m_compare, &VerbProcess::finished, this, [this](const VerbOutcome& outcome) {
        BenchTable table;
        if (outcome.ok)
            table = benchTableOf(outcome.result["table"].toObject());
        else
            table.notes = {outcome.text().toStdString()};
        m_comparison->setTable(std::move(table));
    });
    connect(m_devices, &VerbProcess::finished, this, [this](const VerbOutcome& outcome) {
        if (outcome.ok)
            m_form->setDevices(outcome.result);
        else
            studio().notify(outcome.text(), Notice::Bad);
    });
    const auto follow = [this] {
        if (Project* project = studio().project())
            connect(project, &Project::changed, this, &BenchmarkPage::contentsChanged, Qt::UniqueConnection);
        contentsChanged();
    };
    connect(&studio(), &Studio::projectChanged, this, follow);
    connect(&studio().theme(), &Theme::changed, this, [this] {
        std::vector<BenchTable> tables;
        for (const BenchTableView* view : m_publishedViews) tables.push_back(view->table());
        drawLengths(tables);
    });
    follow();
    // The published figures stand there before anything is measured.
    std::vector<BenchTable> empty = publishedTables(OwnFigures{});
    for (BenchTable& table : empty) {
        auto* view = new BenchTableView;
        view->setTable(table);
        m_tables->insertWidget(m_tables->count() - 1, view);
        m_publishedViews.push_back(view);
    }
    drawLengths(empty);
}

BenchmarkPage::~BenchmarkPage() = default;

void BenchmarkPage::makeRight(QWidget* right) {
    const auto button = [](const char* name, const QString& text) {
        auto* made = new QPushButton(text);
        made->setObjectName(name);
        // No taller than the tabs that it stands beside.
        made->setStyleSheet(QStringLiteral("padding: 2px 10px;"));
        return made;
    };
    auto* copy = button("benchCopy", tr("Copy as Markdown"));
    auto* save = button("benchSave", tr("Save CSV…"));
    connect(copy, &QPushButton::clicked, this, &BenchmarkPage::copyMarkdown);
    connect(save, &QPushButton::clicked, this, &BenchmarkPage::saveCsv);
    auto* corner = new QWidget;
    auto* corners = new QHBoxLayout(corner);
    corners->setContentsMargins(0, 0, space::m, space::xs);
    corners->setSpacing(space::s);
    corners->addWidget(copy);
    corners->addWidget(save);

    // The published tables.
    m_published = new QComboBox;
    m_published->setObjectName("benchPublished");
    m_published->setAccessibleName(tr("Which measurement stands beside the published figures"));
    m_published->setFocusPolicy(Qt::StrongFocus);
    m_lengthChart = lengthChart("benchLengthChart", tr("Tokens a second by sequence length"), tr("Sequence length"));
    m_lengthChart->setLogX(true);
    m_lengthChart->setLogY(true);
    m_curveV03 = lengthChart("benchCurveV03", tr("Training loss, v0.3 and here"), tr("Micro-step"));
    m_curveV04 = lengthChart("benchCurveV04", tr("Training loss, v0.4 and here"), tr("Micro-step"));
    auto* publishedInside = new QWidget;
    m_tables = new QVBoxLayout(publishedInside);
    m_tables->setContentsMargins(space::l, space::m, space::l, space::m);
    m_tables->setSpacing(space::m);
    auto* which = new QHBoxLayout;
    auto* whichLabel = new QLabel(tr("Beside the published figures"));
    Theme::setInk(whichLabel, Ink::Muted);
    whichLabel->setBuddy(m_published);
    which->addWidget(whichLabel);
    which->addWidget(m_published, 1);
    m_tables->addLayout(which);
    m_tables->addWidget(m_lengthChart);
    auto* curves = new QHBoxLayout;
    curves->setSpacing(space::m);
    curves->addWidget(m_curveV03);
    curves->addWidget(m_curveV04);
    m_tables->addLayout(curves);
    m_tables->addStretch(1);
    auto* published = new QScrollArea;
    published->setObjectName("benchPublishedScroll");
    published->setWidget(publishedInside);
    published->setWidgetResizable(true);
    published->setFrameShape(QFrame::NoFrame);
    connect(m_published, &QComboBox::activated, this, [this] {
        const QString file = m_published->currentData().toString();
        background::run(
            [file] {
                QFile json(file);
                return json.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(json.readAll()).object()
                                                      : QJsonObject();
            },
            this,
            [this](const QJsonObject& result) {
                if (!result.isEmpty()) showPublished(result);
            });
    });

    // What was measured.
    m_sessions = new BenchTableView;
    m_sessions->setObjectName("benchSessions");
    m_sessions->setScrolling(true);
    m_sessions->view()->setObjectName("benchSessionList");
    m_records = new BenchTableView;
    m_records->setObjectName("benchRecords");
    m_records->setScrolling(true);
    m_recordChart = lengthChart("benchRecordChart", tr("Tokens a second by sequence length"), tr("Sequence length"));
    m_recordChart->setLogX(true);
    m_recordChart->setEmptyText(tr("Several lengths make a curve"));
    connect(m_sessions, &BenchTableView::rowChosen, this, [this](int row) {
        if (row >= 0 && row < m_sessionNames.size()) showSession(m_sessionNames[row]);
    });
    auto* kept = new QSplitter(Qt::Vertical);
    kept->setChildrenCollapsible(false);
    for (QWidget* each :
         {static_cast<QWidget*>(m_sessions), static_cast<QWidget*>(m_records), static_cast<QWidget*>(m_recordChart)})
        kept->addWidget(each);
    kept->setSizes({180, 240, 240});
    auto* keptPage = new QWidget;
    auto* keptLayout = new QVBoxLayout(keptPage);
    keptLayout->setContentsMargins(space::l, space::m, space::l, space::m);
    keptLayout->addWidget(kept);

    // Side by side.
    m_then = new QComboBox;
    m_then->setObjectName("benchThen");
    m_now = new QComboBox;
    m_now->setObjectName("benchNow");
    auto* choice = new QHBoxLayout;
    choice->setSpacing(space::s);
    for (const auto& [text, box] : {std::pair(tr("Then"), m_then), std::pair(tr("Now"), m_now)}) {
        box->setFocusPolicy(Qt::StrongFocus);
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setAccessibleName(text);
        auto* label = new QLabel(text);
        label->setBuddy(box);
        Theme::setInk(label, Ink::Muted);
        choice->addWidget(label);
        choice->addWidget(box, 1);
        connect(box, &QComboBox::currentIndexChanged, this, &BenchmarkPage::compare);
    }
    m_compareHint =
        new QLabel(tr("Two measurements of the same cases can be set side by side: of other dates, builds, numbers of "
                      "threads or machines."));
    m_compareHint->setWordWrap(true);
    Theme::setInk(m_compareHint, Ink::Muted);
    m_comparison = new BenchTableView;
    m_comparison->setObjectName("benchComparison");
    m_comparison->setScrolling(true);
    auto* comparePage = new QWidget;
    auto* compareLayout = new QVBoxLayout(comparePage);
    compareLayout->setContentsMargins(space::l, space::m, space::l, space::m);
    compareLayout->setSpacing(space::m);
    compareLayout->addLayout(choice);
    compareLayout->addWidget(m_compareHint);
    compareLayout->addWidget(m_comparison, 1);

    m_tabs = new QTabWidget;
    m_tabs->setObjectName("benchTabs");
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(published, tr("Published"));
    m_tabs->addTab(keptPage, tr("Measured"));
    m_tabs->addTab(comparePage, tr("Compare"));
    m_tabs->setCornerWidget(corner, Qt::TopRightCorner);
    auto* all = new QVBoxLayout(right);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(m_tabs);
}

QString BenchmarkPage::resultsFolder() const {
    const QString chosen = studio().settings().value("benchmark/results").toString();
    return chosen.isEmpty() ? QString::fromStdString(defaultResultsFolder().string()) : chosen;
}

QStringList BenchmarkPage::resultsFlag() const {
    const QString folder = resultsFolder();
    return folder.isEmpty() ? QStringList() : QStringList{"--results", folder};
}

void BenchmarkPage::activate(const QVariantMap& arguments) {
    if (!m_devices->isRunning()) m_devices->start({"info", "device"});
    if (arguments.contains("model")) m_form->chooseModel(arguments.value("model").toString());
    listSessions();
    listPublished({});
}

void BenchmarkPage::saveState() {
    studio().settings().setValue("benchmark/tab", m_tabs->currentIndex());
}

void BenchmarkPage::contentsChanged() {
    if (!m_measuring) m_form->setContents(studio().project() ? studio().project()->contents() : ProjectContents());
}

void BenchmarkPage::start() {
    if (m_measuring) return;
    const auto jobs = m_form->jobs();
    if (jobs.empty()) return;
    m_queue.assign(jobs.begin(), jobs.end());
    m_total = static_cast<int>(jobs.size());
    m_done = 0;
    m_cancelled = false;
    m_measuring = true;
    m_job = studio().jobs().begin(tr("Benchmark"), PageId::Benchmark);
    m_form->setRunning(true);
    m_form->setProgress(tr("Starting…"), -1);
    next();
}

void BenchmarkPage::next() {
    const QStringList job = m_queue.front();
    m_queue.pop_front();
    m_verb->start(job + resultsFlag());
}

void BenchmarkPage::finished(const VerbOutcome& outcome) {
    ++m_done;
    if (outcome.ok) {
        m_wantedSession = outcome.result["session"].toString();
        if (outcome.result.contains("tables")) {
            showPublished(outcome.result);
            keepPublished(outcome.result);
            m_tabs->setCurrentIndex(0);
        } else {
            m_tabs->setCurrentIndex(1);
        }
        listSessions();
        if (!m_queue.empty()) return next();
    }
    m_queue.clear();
    m_measuring = false;
    studio().jobs().end(m_job);
    m_form->setRunning(false);
    if (outcome.ok)
        m_form->setProgress(m_total > 1 ? tr("%n measured", nullptr, m_total) : QString(), 0);
    else
        m_form->setProgress(
            m_cancelled || outcome.cancelled() ? tr("Cancelled; nothing was kept of it") : outcome.text(), 0);
    if (!outcome.ok && !m_cancelled) studio().notify(tr("The benchmark failed: %1").arg(outcome.text()), Notice::Bad);
    contentsChanged();
    emit measured(outcome.ok);
}

void BenchmarkPage::keepPublished(const QJsonObject& result) {
    const QString folder = resultsFolder();
    if (folder.isEmpty()) return;
    // `bench` keeps the records; the tables with their notes (perplexity, curves) stand here.
    background::run(
        [folder, result] {
            const QString place = folder + "/published";
            QDir().mkpath(place);
            const QString file = place + "/" + result["session"].toString() + ".json";
            const auto written = writeFileAtomic(std::filesystem::path(file.toStdString()),
                                                 QJsonDocument(result).toJson(QJsonDocument::Indented).toStdString());
            return std::pair(file, written.ok() ? QString() : QString::fromStdString(written.error().text()));
        },
        this,
        [this](const std::pair<QString, QString>& written) {
            if (!written.second.isEmpty()) studio().notify(written.second, Notice::Bad);
            listPublished(written.first);
        });
}

void BenchmarkPage::listPublished(const QString& choose) {
    background::run(
        [folder = resultsFolder() + "/published"] {
            std::vector<std::pair<QString, QString>> found;  // file, words
            QJsonObject newest;
            for (const QFileInfo& file :
                 QDir(folder).entryInfoList({"*.json"}, QDir::Files, QDir::Name | QDir::Reversed)) {
                QFile json(file.filePath());
                if (!json.open(QIODevice::ReadOnly)) continue;
                const QJsonObject result = QJsonDocument::fromJson(json.readAll()).object();
                if (!result.contains("tables")) continue;
                if (newest.isEmpty()) newest = result;
                found.emplace_back(file.filePath(), result["session"].toString().section('-', 0, 0) +
                                                        QStringLiteral(" · ") + result["machine"].toString() +
                                                        QStringLiteral(" · ") + result["build"].toString());
            }
            return std::pair(found, newest);
        },
        this,
        [this, choose](const std::pair<std::vector<std::pair<QString, QString>>, QJsonObject>& result) {
            const bool first = m_published->count() == 0;
            const QString before = choose.isEmpty() ? m_published->currentData().toString() : choose;
            m_published->clear();
            for (const auto& [file, words] : result.first) m_published->addItem(words, file);
            if (result.first.empty()) m_published->addItem(tr("nothing measured yet"));
            m_published->setEnabled(!result.first.empty());
            m_published->setCurrentIndex(std::max(0, m_published->findData(before)));
            if (first && choose.isEmpty() && !result.second.isEmpty()) showPublished(result.second);
        });
}

void BenchmarkPage::showPublished(const QJsonObject& result) {
    // Tables that were not asked for stand there with the published figures alone.
    std::vector<BenchTable> tables = publishedTables(OwnFigures{});
    for (const auto& json : result["tables"].toArray()) {
        BenchTable table = benchTableOf(json.toObject());
        for (BenchTable& each : tables)
            if (each.id == table.id) each = table;
    }
    for (std::size_t i = 0; i < tables.size() && i < m_publishedViews.size(); ++i)
        m_publishedViews[i]->setTable(tables[i]);
    drawLengths(tables);
}

void BenchmarkPage::drawLengths(const std::vector<BenchTable>& tables) {
    const Theme& theme = studio().theme();
    const auto draw = [&](Chart* chart, const BenchTable& table, const char* x, const char* theirs, const char* ours) {
        std::vector<ChartCurve> curves;
        curves.push_back(curveOf(tr("Published"), theme.seriesColour(1), columnsOf(table, x, theirs), true));
        auto here = columnsOf(table, x, ours);
        if (here->rows() > 0) curves.insert(curves.begin(), curveOf(tr("Here"), theme.seriesColour(0), here));
        chart->setCurves(std::move(curves));
        chart->fit();
    };
    for (const BenchTable& table : tables) {
        if (table.id == "inference")
            draw(m_lengthChart, table, "tokens", "theirs_tokens_per_second", "ours_tokens_per_second");
        if (table.id == "curve-v0.3") draw(m_curveV03, table, "micro_step", "theirs_loss", "ours_loss");
        if (table.id == "curve-v0.4") draw(m_curveV04, table, "micro_step", "theirs_loss", "ours_loss");
    }
}

void BenchmarkPage::listSessions() {
    m_list->start(QStringList{"bench", "list"} + resultsFlag());
}

void BenchmarkPage::showSession(const QString& session) {
    m_show->start(QStringList{"bench", "show", session} + resultsFlag());
}

void BenchmarkPage::showRecords(const QJsonArray& records) {
    // A curve for each test, model, number of threads and device.
    std::map<QString, std::map<double, double>> series;
    for (const auto& each : records) {
        const QJsonObject record = each.toObject();
        const QString test = record["test"].toString();
        if (test != QLatin1String("forward") && test != QLatin1String("prefill")) continue;
        series[test + QStringLiteral(", ") + record["model"].toString().section('/', -1) +
               tr(", %1 threads").arg(record["threads"].toInt())][record["tokens"].toDouble()] =
            record["tokens_per_second"].toDouble();
    }
    std::vector<ChartCurve> curves;
    int colour = 0;
    for (const auto& [name, points] : series) {
        auto columns = std::make_shared<ChartColumns>();
        for (const auto& [x, y] : points) {
            columns->columns["x"].push_back(x);
            columns->columns["y"].push_back(y);
        }
        curves.push_back(curveOf(name, studio().theme().seriesColour(colour++), columns));
    }
    m_recordChart->setCurves(std::move(curves));
    m_recordChart->fit();
}

void BenchmarkPage::compare() {
    if (m_then->count() < 2 || m_then->currentIndex() < 0 || m_now->currentIndex() < 0) return;
    m_compare->start(
        QStringList{"bench", "compare", m_then->currentData().toString(), m_now->currentData().toString()} +
        resultsFlag());
}

std::vector<BenchTable> BenchmarkPage::shownTables() const {
    std::vector<BenchTable> tables;
    if (m_tabs->currentIndex() == 0) {
        for (const BenchTableView* view : m_publishedViews) tables.push_back(view->table());
    } else if (m_tabs->currentIndex() == 1) {
        tables.push_back(m_records->table());
        tables.back().title = tr("Measured").toStdString();
    } else {
        tables.push_back(m_comparison->table());
    }
    return tables;
}

void BenchmarkPage::copyMarkdown() {
    QGuiApplication::clipboard()->setText(QString::fromStdString(reportText(shownTables(), ReportFormat::Markdown)));
    studio().notify(tr("Copied as Markdown"), Notice::Good);
}

void BenchmarkPage::saveCsv() {
    askForNewFile(this, tr("Save the tables"), QStringLiteral("benchmark.csv"), tr("CSV (*.csv)"),
                  [this](const QString& file) {
                      background::run(
                          [file, tables = shownTables()] {
                              const auto written = writeFileAtomic(std::filesystem::path(file.toStdString()),
                                                                   reportText(tables, ReportFormat::Csv));
                              return written.ok() ? QString() : QString::fromStdString(written.error().text());
                          },
                          this,
                          [this, file](const QString& problem) {
                              studio().notify(problem.isEmpty() ? tr("Saved %1").arg(formatPath(file)) : problem,
                                              problem.isEmpty() ? Notice::Good : Notice::Bad);
                          });
                  });
}

}  // namespace distillix::ui
