// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training/train_page.h"

#include <QFile>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/jobs/background.h"
#include "ui/training/gauge_strip.h"
#include "ui/training/new_run_form.h"
#include "ui/training/run_dialogs.h"
#include "ui/training/run_header.h"
#include "ui/training/samples_view.h"
#include "ui/widgets/chart/chart_board.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/file_questions.h"

namespace distillix::ui {
namespace {

using Json = nlohmann::ordered_json;
constexpr qint64 kLogTail = 64 << 10;
constexpr std::size_t kMostMarks = 20000;

QTableView* plainTable(const char* name) {
    auto* view = new QTableView;
    view->setObjectName(name);
    view->verticalHeader()->hide();
    view->verticalHeader()->setDefaultSectionSize(28);
    view->setShowGrid(false);
    view->setSelectionBehavior(QAbstractItemView::SelectRows);
    view->setSelectionMode(QAbstractItemView::SingleSelection);
    view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    view->setFrameShape(QFrame::NoFrame);
    view->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    view->horizontalHeader()->setHighlightSections(false);
    view->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    view->setTabKeyNavigation(false);
    return view;
}

}  // namespace

TrainPage::TrainPage(Studio& studio_, QWidget* parent) : Page(studio_, parent) {
    m_split = new QSplitter(Qt::Horizontal);
    m_split->setObjectName("trainSplit");
    m_split->setChildrenCollapsible(false);
    auto* left = new QWidget;
    auto* right = new QWidget;
    makeLeft(left);
    makeRight(right);
    m_split->addWidget(left);
    m_split->addWidget(right);
    m_split->setStretchFactor(0, 0);
    m_split->setStretchFactor(1, 1);
    m_split->setSizes({studio().theme().scaled(340), 900});
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(m_split);

    connect(&m_control, &RunControl::started, this, [this](const QString& run) {
        m_form->setStarting(false);
        if (studio().project()) studio().project()->refresh();
        m_wanted = run;
        if (auto found = m_followers.find(run); found != m_followers.end()) found->second->poll();
        m_header->setBusy({});
        choose(run);
        showForm(false);
    });
    connect(&m_control, &RunControl::startFailed, this,
            [this](const QString& run, const QString& message, bool resumes) {
                m_form->setStarting(false);
                m_header->setBusy({});
                if (!resumes) m_form->showProblem(message);
                // Told once: in the form to whoever looks at it.
                if (resumes || !m_form->isVisible())
                    studio().notify(tr("“%1” did not start: %2").arg(QFileInfo(run).fileName(), message), Notice::Bad);
            });
    connect(&m_control, &RunControl::answered, this,
            [this](const QString& command, const QString& run, const QString& message) {
                if (run == m_current) m_header->setBusy({});
                if (auto found = m_followers.find(run); found != m_followers.end()) found->second->poll();
                if (command == QLatin1String("sample"))
                    m_tabs->setCurrentIndex(0);
                else if (!message.isEmpty())
                    studio().notify(QFileInfo(run).fileName() + QStringLiteral(": ") + message, Notice::Good);
            });
    connect(&m_control, &RunControl::refused, this, [this](const QString&, const QString& run, const QString& message) {
        if (run == m_current) m_header->setBusy({});
        if (auto found = m_followers.find(run); found != m_followers.end()) found->second->poll();
        studio().notify(QFileInfo(run).fileName() + QStringLiteral(": ") + message, Notice::Bad);
    });
    connect(&studio(), &Studio::projectChanged, this, &TrainPage::projectOpened);
    connect(&studio().theme(), &Theme::changed, this, [this] {
        rebuildCurves();
        rebuildMarks();
    });
    connectActions();
    m_split->restoreState(studio().settings().value("train/split").toByteArray());
    m_down->restoreState(studio().settings().value("train/down").toByteArray());
    m_board->setState(studio().settings().value("train/charts").toMap());
    projectOpened();
}

TrainPage::~TrainPage() = default;

void TrainPage::makeLeft(QWidget* left) {
    m_runs = new RunTableModel(studio().theme(), this);
    m_list = plainTable("runList");
    m_list->setModel(m_runs);
    m_list->setAccessibleName(tr("Runs"));
    m_list->horizontalHeader()->setSectionResizeMode(RunTableModel::Name, QHeaderView::Stretch);
    m_list->horizontalHeader()->setSectionResizeMode(RunTableModel::State, QHeaderView::ResizeToContents);
    m_list->horizontalHeader()->setSectionResizeMode(RunTableModel::Step, QHeaderView::ResizeToContents);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& index) {
        const QString path = index.isValid() ? index.data(RunTableModel::PathRole).toString() : QString();
        if (path != m_current) {
            m_current = path;
            m_runs->setCurrent(path);
            currentChanged();
        }
    });
    connect(m_list, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) {
        const QString path = m_list->indexAt(at).data(RunTableModel::PathRole).toString();
        auto* menu = new QMenu(this);
        menu->setAttribute(Qt::WA_DeleteOnClose);
        if (!path.isEmpty() && studio().project() && studio().project()->watchedRuns().contains(path))
            menu->addAction(tr("No longer watch this run"), this,
                            [this, path] { studio().project()->forgetRun(path); });
        menu->addAction(tr("Watch a run elsewhere…"), this, [this] { findChild<QPushButton*>("runWatch")->click(); });
        menu->popup(m_list->viewport()->mapToGlobal(at));
    });
    connect(m_runs, &RunTableModel::shownChanged, this, &TrainPage::updateShown);

    auto* watch = new QPushButton(tr("Watch a run elsewhere…"));
    watch->setObjectName("runWatch");
    watch->setToolTip(tr("A run folder on a mounted disk or another place: it is followed as if it were here"));
    Theme::setFlat(watch);
    connect(watch, &QPushButton::clicked, this, [this] {
        askForFolder(this, tr("The folder of a run"), {}, [this](const QString& folder) {
            if (!studio().project()) return;
            studio().project()->watchRun(folder);
            m_wanted = folder;
        });
    });
    auto* listPage = new QWidget;
    auto* list = new QVBoxLayout(listPage);
    list->setContentsMargins(space::s, space::s, space::s, space::s);
    list->setSpacing(space::xs);
    list->addWidget(m_list, 1);
    auto* hint = new QLabel(tr("Checked runs are drawn over the chosen one."));
    hint->setWordWrap(true);
    Theme::setType(hint, Type::Caption);
    Theme::setInk(hint, Ink::Muted);
    list->addWidget(hint);
    list->addWidget(watch);

    m_form = new NewRunForm(studio());
    m_left = new QTabWidget;
    m_left->setObjectName("trainLeft");
    m_left->setDocumentMode(true);
    m_left->addTab(listPage, tr("Runs"));
    m_left->addTab(m_form, tr("New run"));
    connect(m_form, &NewRunForm::startWanted, this, &TrainPage::startRun);
    // As it is written, so that a window that is killed loses nothing; but not before the last one's is there again.
    connect(m_form, &NewRunForm::draftChanged, this, [this] {
        if (m_draftIsBack) studio().settings().setValue("train/draft", m_form->draft());
    });
    left->setMinimumWidth(studio().theme().scaled(300));
    auto* all = new QVBoxLayout(left);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(m_left);
}

void TrainPage::makeRight(QWidget* right) {
    m_header = new RunHeader(studio());
    m_gauges = new GaugeStrip(studio());
    m_board = new ChartBoard({{"step", Chart::Axis::Number, tr("Step")},
                              {"tokens", Chart::Axis::Number, tr("Tokens")},
                              {"elapsed", Chart::Axis::Duration, tr("Time")}});
    m_board->setObjectName("chartBoard");
    const QString waiting = tr("Appears with the first step");
    for (const auto& [key, text] :
         {std::pair("loss", tr("Loss")), std::pair("lr", tr("Learning rate")),
          std::pair("gradNorm", tr("Gradient norm")), std::pair("tokensPerSecond", tr("Tokens a second"))})
        m_board->addChart(QLatin1String(key), text)->setEmptyText(waiting);
    connect(m_board, &ChartBoard::stateChanged, this,
            [this] { studio().settings().setValue("train/charts", m_board->state()); });
    connect(m_board, &ChartBoard::saved, this, [this](const QString& file, const QString& problem) {
        if (problem.isEmpty())
            studio().notify(tr("Saved %1").arg(formatPath(file)), Notice::Good);
        else
            studio().notify(problem, Notice::Bad);
    });

    m_samples = new SamplesView(studio());
    m_events = new RunEventModel(this);
    m_eventView = plainTable("runEvents");
    m_eventView->setModel(m_events);
    m_eventView->setAccessibleName(tr("Events"));
    m_eventView->horizontalHeader()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
    m_eventView->horizontalHeader()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    m_eventView->horizontalHeader()->setSectionResizeMode(2, QHeaderView::Stretch);
    m_log = new QPlainTextEdit;
    m_log->setObjectName("runLog");
    m_log->setReadOnly(true);
    m_log->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_log->setAccessibleName(tr("Log"));
    Theme::setType(m_log, Type::Mono);
    m_differences = new RunDifferenceModel(this);
    m_differenceView = plainTable("runDifferences");
    m_differenceView->setModel(m_differences);
    m_differenceView->setAccessibleName(tr("Settings"));
    m_differenceView->horizontalHeader()->setStretchLastSection(true);
    m_differenceView->horizontalHeader()->setDefaultSectionSize(170);
    m_tabs = new QTabWidget;
    m_tabs->setObjectName("runTabs");
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(m_samples, tr("Samples"));
    m_tabs->addTab(m_eventView, tr("Events"));
    m_tabs->addTab(m_log, tr("Log"));
    m_tabs->addTab(m_differenceView, tr("Settings"));
    connect(m_tabs, &QTabWidget::currentChanged, this, &TrainPage::readLog);

    m_down = new QSplitter(Qt::Vertical);
    m_down->setObjectName("trainDown");
    m_down->setChildrenCollapsible(false);
    m_down->addWidget(m_board);
    m_down->addWidget(m_tabs);
    m_down->setStretchFactor(0, 3);
    m_down->setStretchFactor(1, 1);
    m_down->setSizes({460, 170});
    auto* shown = new QWidget;
    auto* rows = new QVBoxLayout(shown);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addWidget(m_header);
    rows->addWidget(m_gauges);
    rows->addWidget(m_down, 1);

    m_empty =
        new EmptyState(studio().theme(), "train", tr("No training yet"),
                       tr("Choose a dataset and a preset on the left and start. The curves grow here while it trains; "
                          "closing the window does not stop it."));
    connect(m_empty->addButton(tr("New run"), "trainEmptyNew"), &QPushButton::clicked, this,
            [this] { showForm(true); });
    m_right = new QStackedWidget;
    m_right->setObjectName("trainRight");
    m_right->addWidget(m_empty);
    m_right->addWidget(shown);
    auto* all = new QVBoxLayout(right);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(m_right);

    connect(m_header, &RunHeader::pauseAsked, this,
            [this](bool release) { ask("pause", release ? QStringList{"--release"} : QStringList()); });
    connect(m_header, &RunHeader::resumeAsked, this, [this] {
        RunFollower* run = current();
        if (!run) return;
        if (run->summary().state == RunState::Paused) return ask("resume");
        if (run->summary().state != RunState::Unknown) return resumeRun(m_current, false);
        auto* box =
            new QMessageBox(QMessageBox::Question, tr("Take the run over?"),
                            tr("Its trainer on %1 has been silent and cannot be seen from here. If it still lives, two "
                               "trainers would write into one run.")
                                .arg(QString::fromStdString(run->summary().host)),
                            QMessageBox::Cancel, this);
        box->setObjectName("takeOverDialog");
        box->setAttribute(Qt::WA_DeleteOnClose);
        QPushButton* take = box->addButton(tr("Take over"), QMessageBox::AcceptRole);
        connect(take, &QPushButton::clicked, this, [this, path = m_current] { resumeRun(path, true); });
        box->open();
    });
    connect(m_header, &RunHeader::stopAsked, this, [this] {
        if (current()) askToStop(this, *current(), [this] { ask("stop"); });
    });
    connect(m_header, &RunHeader::checkpointAsked, this, [this] { ask("checkpoint"); });
    connect(m_header, &RunHeader::sampleAsked, this, [this] {
        if (current())
            askForSample(this, studio().settings(), *current(),
                         [this](const QStringList& flags) { ask("sample", flags); });
    });
    connect(m_header, &RunHeader::settingsAsked, this, [this] {
        if (current()) askForSettings(this, *current(), [this](const QStringList& values) { ask("set", values); });
    });
    connect(m_header, &RunHeader::chatAsked, this, [this] { studio().showPage(PageId::Chat, {{"model", m_current}}); });
    connect(m_header, &RunHeader::smallerAsked, this, &TrainPage::trainSmaller);
}

void TrainPage::connectActions() {
    ActionRegistry& actions = studio().actions();
    const auto on = [&](const char* id, auto slot) {
        if (QAction* action = actions.find(QLatin1String(id))) connect(action, &QAction::triggered, this, slot);
    };
    on("run.start", [this] {
        // From elsewhere it shows the form first; there it starts.
        if (isVisible() && m_left->currentWidget() == m_form) return m_form->start();
        studio().showPage(PageId::Train);
        showForm(true);
    });
    on("run.resume", [this] { emit m_header->resumeAsked(); });
    on("run.pause", [this] { emit m_header->pauseAsked(false); });
    on("run.release", [this] { emit m_header->pauseAsked(true); });
    on("run.stop", [this] { emit m_header->stopAsked(); });
    on("run.checkpoint", [this] { emit m_header->checkpointAsked(); });
    on("run.sample", [this] { emit m_header->sampleAsked(); });
    on("run.rate", [this] { emit m_header->settingsAsked(); });
}

void TrainPage::updateActions() {
    const RunFollower* run = current();
    const bool loaded = run && run->isLoaded();
    // What a run that has ended would gauge is nobody's business; its curves get the room.
    m_gauges->setVisible(!loaded || run->lives());
    const RunState state = loaded ? run->summary().state : RunState::Finished;
    const bool running = loaded && state == RunState::Running, paused = loaded && state == RunState::Paused;
    const auto enable = [this](const char* id, bool on) {
        if (QAction* action = studio().actions().find(QLatin1String(id))) action->setEnabled(on);
    };
    enable("run.start", studio().project() != nullptr);
    enable("run.resume", loaded && !running && state != RunState::Finished);
    enable("run.pause", running);
    enable("run.release", running);
    for (const char* id : {"run.stop", "run.checkpoint", "run.sample", "run.rate"}) enable(id, running || paused);
}

void TrainPage::projectOpened() {
    m_followers.clear();
    m_header->setRun(nullptr);
    m_gauges->setRun(nullptr);
    m_current.clear();
    m_runs->setCurrent({});
    m_runs->setRuns({});
    m_lastStates.clear();
    for (const auto& [path, job] : m_jobs) studio().jobs().end(job);
    m_jobs.clear();
    if (Project* project = studio().project()) {
        connect(project, &Project::changed, this, &TrainPage::contentsChanged, Qt::UniqueConnection);
        m_wanted = studio().settings().value("train/run").toString();
        m_form->setContents(project->contents());
        m_form->setDraft(studio().settings().value("train/draft").toMap());
        m_draftIsBack = true;
        contentsChanged();
    }
    m_form->setEnabled(studio().project() != nullptr);
    currentChanged();
}

void TrainPage::contentsChanged() {
    Project* project = studio().project();
    if (!project) return;
    m_form->setContents(project->contents());
    m_runs->setRuns(project->contents().runs);
    if (!m_wanted.isEmpty() && m_runs->rowOf(m_wanted) >= 0) {
        const QString wanted = m_wanted;
        m_wanted.clear();
        choose(wanted);
    } else if ((m_current.isEmpty() || m_runs->rowOf(m_current) < 0) && m_runs->rowCount() > 0) {
        // A living run before others: that is what one opens the window for.
        QString best = m_runs->runs().first().path;
        for (const RunEntry& run : m_runs->runs())
            if (run.isLive()) {
                best = run.path;
                break;
            }
        choose(best);
    } else if (m_runs->rowCount() == 0 && !m_current.isEmpty()) {
        m_current.clear();
        m_runs->setCurrent({});
        currentChanged();
    }
    bool busy = false;
    for (const RunEntry& run : m_runs->runs()) {
        busy = busy || run.isLive();
        // A run that ends badly while another one is looked at is told all the same; the one that is looked at says so
        // itself.
        QString& last = m_lastStates[run.path];
        if (!(isVisible() && run.path == m_current) &&
            (run.state == QLatin1String("crashed") || run.state == QLatin1String("failed")) &&
            (last == QLatin1String("running") || last == QLatin1String("paused")))
            studio().notify(tr("The run “%1” has ended badly: %2").arg(run.name, run.state), Notice::Bad);
        if (run.state == QLatin1String("finished") && last == QLatin1String("running"))
            studio().notify(tr("The run “%1” is finished.").arg(run.name), Notice::Good);
        last = run.state;
    }
    m_form->setMachineBusy(busy);
    updateJobs();
}

void TrainPage::updateJobs() {
    std::map<QString, int> jobs;
    for (const RunEntry& run : m_runs->runs()) {
        if (!run.isLive()) continue;
        const auto known = m_jobs.find(run.path);
        const int job = known != m_jobs.end() ? known->second : studio().jobs().begin(run.name, PageId::Train);
        jobs[run.path] = job;
        double fraction = -1;
        QString text = tr("step %1").arg(formatExact(run.step));
        if (const auto found = m_followers.find(run.path); found != m_followers.end() && found->second->isLoaded()) {
            const RunFollower& follower = *found->second;
            text = tr("step %1").arg(formatExact(follower.summary().step));
            if (follower.totalSteps() > 0)
                fraction = static_cast<double>(follower.summary().step) / static_cast<double>(follower.totalSteps());
            if (const double left = follower.secondsLeft(); left >= 0)
                text += tr(", %1 left").arg(formatDuration(left));
        }
        studio().jobs().update(job, fraction, text);
    }
    for (const auto& [path, job] : m_jobs)
        if (!jobs.count(path)) studio().jobs().end(job);
    m_jobs = std::move(jobs);
}

RunFollower* TrainPage::current() const {
    const auto found = m_followers.find(m_current);
    return found == m_followers.end() ? nullptr : found->second.get();
}

void TrainPage::choose(const QString& path) {
    const int row = m_runs->rowOf(path);
    if (row < 0) {
        m_wanted = path;
        return;
    }
    m_list->setCurrentIndex(m_runs->index(row, 0));
    m_list->scrollTo(m_runs->index(row, 0));
}

void TrainPage::showForm(bool on) {
    m_left->setCurrentIndex(on ? 1 : 0);
    if (on) m_form->activate();
}

void TrainPage::activate(const QVariantMap& arguments) {
    if (arguments.contains("dataset")) {
        showForm(true);
        m_form->chooseDataset(arguments.value("dataset").toString());
    }
    if (arguments.contains("run")) {
        showForm(false);
        choose(arguments.value("run").toString());
    }
    if (m_runs->rowCount() == 0 && studio().project()) showForm(true);
}

void TrainPage::saveState() {
    Settings& settings = studio().settings();
    settings.setValue("train/split", m_split->saveState());
    settings.setValue("train/down", m_down->saveState());
    settings.setValue("train/charts", m_board->state());
    settings.setValue("train/run", m_current);
    settings.setValue("train/draft", m_form->draft());
}

void TrainPage::currentChanged() {
    updateShown();
    RunFollower* run = current();
    m_right->setCurrentIndex(run ? 1 : 0);
    m_header->setRun(run);
    if (run && m_control.isStarting(m_current)) m_header->setBusy(tr("starting…"));
    m_gauges->setRun(run);
    m_events->setEvents(run ? run->events() : std::vector<RunEvent>());
    m_samples->setSamples(run ? run->samples() : std::vector<RunSample>());
    m_log->clear();
    readLog();
    m_board->fit();
    updateActions();
}

void TrainPage::updateShown() {
    QStringList shown = m_runs->checkedPaths();
    if (!m_current.isEmpty() && !shown.contains(m_current)) shown.prepend(m_current);
    for (auto it = m_followers.begin(); it != m_followers.end();)
        it = shown.contains(it->first) ? std::next(it) : m_followers.erase(it);
    for (const QString& path : shown) {
        if (m_followers.count(path)) continue;
        auto follower = std::make_unique<RunFollower>(path);
        RunFollower* run = follower.get();
        const auto isCurrent = [this, run] { return run == current(); };
        connect(run, &RunFollower::loaded, this, [this] {
            rebuildCurves();
            rebuildMarks();
            rebuildDifferences();
        });
        connect(run, &RunFollower::metricsChanged, this, [this, run, isCurrent](std::size_t kept) {
            m_board->columnsChanged(run->metrics().get(), kept);
            m_board->columnsChanged(run->validations().get(), 0);
            if (isCurrent()) {
                m_header->refresh();
                m_gauges->refresh();
            }
            updateJobs();
        });
        connect(run, &RunFollower::summaryChanged, this, [this, isCurrent] {
            if (!isCurrent()) return;
            m_header->refresh();
            m_gauges->refresh();
            updateActions();
            readLog();
        });
        connect(run, &RunFollower::eventsChanged, this, [this, run, isCurrent] {
            m_board->columnsChanged(run->validations().get(), 0);
            rebuildDifferences();
            if (!isCurrent()) return;
            m_events->setEvents(run->events());
            rebuildMarks();
        });
        connect(run, &RunFollower::samplesChanged, this, [this, run, isCurrent] {
            if (!isCurrent()) return;
            m_samples->setSamples(run->samples());
            rebuildMarks();
        });
        connect(run, &RunFollower::problemChanged, m_header, &RunHeader::refresh);
        m_followers[path] = std::move(follower);
    }
    rebuildCurves();
    rebuildMarks();
    rebuildDifferences();
}

void TrainPage::rebuildCurves() {
    // The chosen one first: it is what the charts tell beside their titles.
    std::vector<const RunFollower*> runs;
    if (current()) runs.push_back(current());
    for (const auto& [path, run] : m_followers)
        if (run.get() != current()) runs.push_back(run.get());
    for (const char* key : {"loss", "lr", "gradNorm", "tokensPerSecond"}) {
        std::vector<ChartCurve> curves;
        for (const RunFollower* run : runs) {
            const int series = m_runs->seriesOf(run->path());
            const QColor colour = studio().theme().seriesColour(std::max(0, series));
            ChartCurve curve;
            curve.id = run->path();
            curve.name = run->name();
            curve.colour = colour;
            curve.columns = run->metrics();
            curve.y = key;
            curves.push_back(curve);
            if (std::string_view(key) != "loss") continue;
            curve.id += "#validation";
            curve.name = tr("%1, validation").arg(run->name());
            // With one run alone the validation has a colour of its own.
            curve.colour = runs.size() == 1 ? studio().theme().seriesColour(1) : colour;
            curve.columns = run->validations();
            curve.points = true;
            curve.dashed = runs.size() > 1;
            curves.push_back(curve);
        }
        m_board->chart(QLatin1String(key))->setCurves(std::move(curves));
    }
}

void TrainPage::rebuildMarks() {
    std::vector<ChartMark> marks;
    if (const RunFollower* run = current()) {
        const Theme& theme = studio().theme();
        const auto add = [&](ChartMark::Kind kind, std::int64_t step, const QString& text, Ink ink) {
            if (marks.size() >= kMostMarks) return;
            ChartMark mark;
            mark.kind = kind;
            mark.text = text;
            mark.colour = theme.colour(ink);
            for (const char* column : {"step", "tokens", "elapsed"}) mark.x[column] = run->xAt(step, column);
            marks.push_back(std::move(mark));
        };
        for (const RunEvent& event : run->events()) {
            const auto kind = runEventMark(event);
            if (!kind) continue;
            const Ink ink = *kind == ChartMark::Kind::Change || *kind == ChartMark::Kind::Switch ? Ink::Accent
                            : *kind == ChartMark::Kind::Skipped                                  ? Ink::Bad
                            : *kind == ChartMark::Kind::Other                                    ? Ink::Warning
                                                                                                 : Ink::Muted;
            add(*kind, event.step, runEventText(event), ink);
        }
        std::int64_t last = -1;
        for (const RunSample& sample : run->samples()) {
            if (sample.step == last) continue;
            last = sample.step;
            add(ChartMark::Kind::Sample, sample.step, tr("Sample"), Ink::Good);
        }
        std::stable_sort(marks.begin(), marks.end(),
                         [](const ChartMark& a, const ChartMark& b) { return a.x.at("step") < b.x.at("step"); });
    }
    for (Chart* chart : m_board->charts()) chart->setMarks(marks);
}

void TrainPage::rebuildDifferences() {
    std::vector<const RunFollower*> runs;
    if (current()) runs.push_back(current());
    for (const auto& [path, run] : m_followers)
        if (run.get() != current()) runs.push_back(run.get());
    std::erase_if(runs, [](const RunFollower* run) { return !run->isLoaded(); });
    m_differences->setRuns(runs);
    m_tabs->setTabText(3, runs.size() > 1 ? tr("Differences") : tr("Settings"));
}

void TrainPage::readLog() {
    if (m_tabs->currentWidget() != m_log || m_loggingNow || m_current.isEmpty()) return;
    m_loggingNow = true;
    background::run(
        [file = m_current + "/log.txt"] {
            QFile log(file);
            if (!log.open(QIODevice::ReadOnly)) return QString();
            if (log.size() > kLogTail) log.seek(log.size() - kLogTail);
            QString text = QString::fromUtf8(log.readAll());
            if (log.size() > kLogTail) text = text.mid(text.indexOf('\n') + 1);
            return text;
        },
        this,
        [this, asked = m_current](const QString& text) {
            m_loggingNow = false;
            if (asked != m_current || m_log->toPlainText() == text) return;
            QScrollBar* bar = m_log->verticalScrollBar();
            const bool follows = bar->value() >= bar->maximum() - 4;
            const int at = bar->value();
            m_log->setPlainText(text);
            bar->setValue(follows ? bar->maximum() : at);
        });
}

void TrainPage::startRun(const QString& name, const QStringList& arguments) {
    if (!studio().project()) return;
    m_form->setStarting(true);
    m_control.startNew(studio().project()->runsDir() + "/" + name, arguments);
}

void TrainPage::resumeRun(const QString& path, bool takeOver) {
    m_header->setBusy(tr("starting…"));
    m_control.resume(path, takeOver ? QStringList{"--take-over"} : QStringList());
}

void TrainPage::ask(const QString& command, const QStringList& arguments) {
    if (!current()) return;
    static const std::map<QString, const char*> words = {
        {"pause", QT_TR_NOOP("pausing…")},    {"resume", QT_TR_NOOP("going on…")},
        {"stop", QT_TR_NOOP("stopping…")},    {"checkpoint", QT_TR_NOOP("writing a checkpoint…")},
        {"sample", QT_TR_NOOP("answering…")}, {"set", QT_TR_NOOP("changing…")}};
    const auto found = words.find(command);
    m_header->setBusy(found == words.end() ? command : tr(found->second));
    m_control.ask(command, m_current, arguments);
}

void TrainPage::trainSmaller() {
    const RunFollower* run = current();
    if (!run) return;
    const Json& training = run->summary().info.training;
    const auto number = [&](const char* key, std::int64_t otherwise) {
        const auto found = training.find(key);
        return found != training.end() && found->is_number_integer() ? found->get<std::int64_t>() : otherwise;
    };
    // Half the batch and twice the accumulation: the same steps in less memory. One sequence: recompute.
    Json changes = Json::object();
    const std::int64_t batch = number("batch", 1), accumulation = number("accumulation", 1);
    if (batch > 1 && batch % 2 == 0) {
        changes["batch"] = batch / 2;
        changes["accumulation"] = accumulation * 2;
    } else {
        changes["recompute"] = true;
    }
    showForm(true);
    m_form->copyFrom(run->summary().info.model, training, QString::fromStdString(run->summary().info.datasetPath),
                     changes);
}

}  // namespace distillix::ui
