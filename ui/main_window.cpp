// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window.h"

#include <QActionGroup>
#include <QApplication>
#include <QButtonGroup>
#include <QCloseEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QFrame>
#include <QHBoxLayout>
#include <QMenuBar>
#include <QMimeData>
#include <QStackedWidget>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/benchmark/benchmark_page.h"
#include "ui/chat/chat_page.h"
#include "ui/command_palette.h"
#include "ui/data/data_page.h"
#include "ui/format.h"
#include "ui/help_dialogs.h"
#include "ui/jobs/stall_probe.h"
#include "ui/library/library_page.h"
#include "ui/status_bar.h"
#include "ui/training/train_page.h"
#include "ui/welcome.h"
#include "ui/widgets/file_questions.h"
#include "ui/widgets/notice_bar.h"

namespace distillix::ui {

QString pageName(PageId id) {
    switch (id) {
        case PageId::Data:
            return QStringLiteral("data");
        case PageId::Train:
            return QStringLiteral("train");
        case PageId::Benchmark:
            return QStringLiteral("benchmark");
        case PageId::Chat:
            return QStringLiteral("chat");
        case PageId::Library:
            return QStringLiteral("library");
    }
    return {};
}

MainWindow::MainWindow(Studio& studio, QWidget* parent) : QMainWindow(parent), m_studio(studio) {
    setObjectName("window");
    setWindowIcon(QIcon(QStringLiteral(":/icons/distillix.svg")));
    setAcceptDrops(true);
    setMinimumSize(960, 640);

    auto* centre = new QWidget;
    auto* layout = new QHBoxLayout(centre);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_rail = new QFrame;
    m_rail->setObjectName("rail");
    m_stack = new QStackedWidget;
    m_stack->setObjectName("pages");
    layout->addWidget(m_rail);
    layout->addWidget(m_stack, 1);
    setCentralWidget(centre);
    m_status = new StatusBar(m_studio);
    setStatusBar(m_status);
    m_notices = new NoticeBar(m_studio, this);
    m_probe = new StallProbe(this);
    m_palette = new CommandPalette(m_studio, this);

    makePages();
    makeRail();
    makeMenus();
    connectActions();
    connect(&m_studio, &Studio::pageWanted, this, &MainWindow::showPage);
    connect(&m_studio, &Studio::projectChanged, this, &MainWindow::projectOpened);
    connect(&m_studio, &Studio::projectChanged, this, &MainWindow::updateRecent);
    connect(&m_studio, &Studio::noticed, m_notices, &NoticeBar::show);
    connect(&m_studio.theme(), &Theme::changed, this, &MainWindow::retint);
    m_studio.theme().dress();
    retint();
    restoreLayout();
}

MainWindow::~MainWindow() = default;

void MainWindow::makePages() {
    const auto add = [this](PageId id, Page* page) {
        page->setObjectName(QStringLiteral("page.") + pageName(id));
        page->setAccessibleName(page->title());
        m_pages.append(page);
        m_stack->addWidget(page);
    };
    // In the order of PageId; each of them is made by one line.
    add(PageId::Data, new DataPage(m_studio));
    add(PageId::Train, new TrainPage(m_studio));
    add(PageId::Benchmark, new BenchmarkPage(m_studio));
    add(PageId::Chat, new ChatPage(m_studio));
    add(PageId::Library, new LibraryPage(m_studio));
    m_welcome = new Welcome(m_studio);
    m_stack->addWidget(m_welcome);
}

void MainWindow::makeRail() {
    auto* layout = new QVBoxLayout(m_rail);
    layout->setContentsMargins(space::s, space::m, space::s, space::m);
    layout->setSpacing(space::xs);
    m_railButtons = new QButtonGroup(this);
    for (int i = 0; i < kPages; ++i) {
        auto* button = new QToolButton;
        button->setObjectName(QStringLiteral("rail.") + pageName(static_cast<PageId>(i)));
        button->setText(m_pages[i]->title());
        button->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
        button->setCheckable(true);
        button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
        const QAction* action = m_studio.actions().find(QStringLiteral("view.") + pageName(static_cast<PageId>(i)));
        button->setToolTip(action->toolTip());
        m_railButtons->addButton(button, i);
        layout->addWidget(button);
    }
    layout->addStretch(1);
    connect(m_railButtons, &QButtonGroup::idClicked, this, [this](int id) { showPage(static_cast<PageId>(id)); });
}

void MainWindow::makeMenus() {
    ActionRegistry& actions = m_studio.actions();
    const auto fill = [&](QMenu* menu, std::initializer_list<const char*> ids) {
        for (const char* id : ids) {
            if (*id == '-')
                menu->addSeparator();
            else
                menu->addAction(actions.find(QLatin1String(id)));
        }
    };
    QMenu* file = menuBar()->addMenu(tr("&File"));
    fill(file, {"file.new", "file.open"});
    m_recent = file->addMenu(tr("&Recent projects"));
    m_recent->setObjectName("menu.recent");
    fill(file, {"-", "file.import-dataset", "file.import-model", "file.train-tokenizer"});
    QMenu* exports = file->addMenu(tr("&Export"));
    exports->setObjectName("menu.export");
    fill(exports, {"file.export-gguf", "file.export-safetensors", "file.export-pt", "file.export-hf"});
    fill(file, {"-", "file.quit"});

    QMenu* run = menuBar()->addMenu(tr("&Run"));
    fill(run, {"run.start", "-", "run.resume", "run.pause", "run.release", "run.stop", "-", "run.checkpoint",
               "run.sample", "run.rate", "-", "run.measure"});

    QMenu* view = menuBar()->addMenu(tr("&View"));
    fill(view, {"view.data", "view.train", "view.benchmark", "view.chat", "view.library", "-"});
    QMenu* theme = view->addMenu(tr("T&heme"));
    fill(theme, {"view.theme-desktop", "view.theme-light", "view.theme-dark"});
    fill(view, {"-", "view.zoom-in", "view.zoom-out", "view.zoom-reset", "-", "view.rail", "view.status-bar",
                "view.full-screen"});

    QMenu* help = menuBar()->addMenu(tr("&Help"));
    fill(help, {"app.palette", "-", "help.guide", "help.shortcuts", "help.system-report", "-", "help.about"});
    updateRecent();
    // Of commands whose menu has not been opened too, and of those that are in none.
    for (QAction* action : actions.all()) addAction(action);
    connect(&actions, &ActionRegistry::added, this, [this](QAction* action) { addAction(action); });
}

void MainWindow::connectActions() {
    ActionRegistry& actions = m_studio.actions();
    const auto on = [&](const char* id, auto&& slot) {
        connect(actions.find(QLatin1String(id)), &QAction::triggered, this, std::forward<decltype(slot)>(slot));
    };
    for (int i = 0; i < kPages; ++i) {
        const auto id = static_cast<PageId>(i);
        connect(actions.find(QStringLiteral("view.") + pageName(id)), &QAction::triggered, this,
                [this, id] { showPage(id); });
    }
    on("file.quit", [this] { close(); });
    on("file.open", [this] {
        askForFolder(this, tr("Open project"), {}, [this](const QString& folder) { m_studio.openProject(folder); });
    });
    on("file.new", [this] {
        askForFolder(this, tr("A folder for the new project"), {},
                     [this](const QString& folder) { m_studio.openProject(folder); });
    });

    auto* themes = new QActionGroup(this);
    const std::pair<const char*, Theme::Mode> modes[] = {
        {"desktop", Theme::Mode::Desktop}, {"light", Theme::Mode::Light}, {"dark", Theme::Mode::Dark}};
    for (const auto& [name, mode] : modes) {
        QAction* action = actions.find(QStringLiteral("view.theme-") + QLatin1String(name));
        action->setCheckable(true);
        action->setChecked(m_studio.theme().mode() == mode);
        themes->addAction(action);
        connect(action, &QAction::triggered, this, [this, name = QLatin1String(name), mode = mode] {
            m_studio.settings().setValue("view/theme", QString(name));
            m_studio.theme().setMode(mode);
        });
    }
    const auto zoom = [this](double factor) {
        m_studio.theme().setZoom(factor);
        m_studio.settings().setValue("view/zoom", m_studio.theme().zoom());
    };
    on("view.zoom-in", [this, zoom] { zoom(m_studio.theme().zoom() + 0.1); });
    on("view.zoom-out", [this, zoom] { zoom(m_studio.theme().zoom() - 0.1); });
    on("view.zoom-reset", [zoom] { zoom(1); });
    on("app.palette", [this] { m_palette->popUp(); });
    on("help.guide", [this] { showGuide(m_studio, this); });
    on("help.shortcuts", [this] { showShortcuts(m_studio, this); });
    on("help.system-report", [this] { showSystemReport(m_studio, m_probe, this); });
    on("help.about", [this] { showAbout(m_studio, this); });
    on("view.full-screen", [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
    const auto panel = [&](const char* id, QWidget* widget, const char* key) {
        QAction* action = actions.find(QLatin1String(id));
        action->setCheckable(true);
        const bool shown = m_studio.settings().value(QLatin1String(key), true).toBool();
        action->setChecked(shown);
        widget->setVisible(shown);
        connect(action, &QAction::toggled, this, [this, widget, key](bool visible) {
            widget->setVisible(visible);
            m_studio.settings().setValue(QLatin1String(key), visible);
        });
    };
    panel("view.rail", m_rail, "view/rail");
    panel("view.status-bar", m_status, "view/status-bar");
}

PageId MainWindow::currentPage() const {
    return m_page;
}

void MainWindow::showWelcome() {
    m_stack->setCurrentWidget(m_welcome);
    m_welcome->setFocus();
    // No page is the current one.
    m_railButtons->setExclusive(false);
    for (QAbstractButton* button : m_railButtons->buttons()) button->setChecked(false);
    m_railButtons->setExclusive(true);
}

void MainWindow::projectOpened() {
    updateTitle();
    if (m_stack->currentWidget() == m_welcome) showPage(m_page);
}

void MainWindow::showPage(PageId id, const QVariantMap& arguments) {
    m_page = id;
    m_studio.settings().setValue("window/page", pageName(id));
    m_stack->setCurrentIndex(static_cast<int>(id));
    m_railButtons->button(static_cast<int>(id))->setChecked(true);
    updateTitle();
    page(id)->activate(arguments);
}

void MainWindow::updateTitle() {
    const Project* project = m_studio.project();
    const QString where = project ? project->name() + QStringLiteral(" – ") : QString();
    setWindowTitle(where + page(currentPage())->title() + QStringLiteral(" – ") + tr("Distillix Studio"));
}

void MainWindow::updateRecent() {
    m_recent->clear();
    const QStringList recent = m_studio.recentProjects();
    m_recent->setEnabled(!recent.isEmpty());
    for (const QString& path : recent)
        connect(m_recent->addAction(formatPath(path)), &QAction::triggered, this,
                [this, path] { m_studio.openProject(path); });
}

void MainWindow::retint() {
    const Theme& theme = m_studio.theme();
    int width = theme.scaled(88);
    for (int i = 0; i < kPages; ++i) {
        auto* button = static_cast<QToolButton*>(m_railButtons->button(i));
        button->setIcon(theme.icon(pageName(static_cast<PageId>(i)), Ink::Muted));
        button->setIconSize(QSize(theme.scaled(22), theme.scaled(22)));
        width = std::max(width, button->sizeHint().width() + 2 * space::s + 1);
    }
    m_rail->setFixedWidth(width);
}

void MainWindow::restoreLayout() {
    resize(1280, 800);
    restoreGeometry(m_studio.settings().value("window/geometry").toByteArray());
    const QString last = m_studio.settings().value("window/page").toString();
    PageId id = PageId::Data;
    for (int i = 0; i < kPages; ++i)
        if (pageName(static_cast<PageId>(i)) == last) id = static_cast<PageId>(i);
    showPage(id);
    // Whoever starts the program opens the last project, if there is one; its pages come when it is there.
    if (m_studio.recentProjects().isEmpty()) showWelcome();
}

bool MainWindow::event(QEvent* event) {
    const bool handled = QMainWindow::event(event);
    if (event->type() == QEvent::Paint && !m_painted) {
        m_painted = true;
        QMetaObject::invokeMethod(this, &MainWindow::usable, Qt::QueuedConnection);
    }
    return handled;
}

void MainWindow::closeEvent(QCloseEvent* event) {
    m_studio.settings().setValue("window/geometry", saveGeometry());
    for (Page* page : m_pages) page->saveState();
    m_studio.settings().save();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    QStringList files;
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile()) files.append(url.toLocalFile());
    if (files.isEmpty()) return;
    event->acceptProposedAction();
    m_studio.showPage(PageId::Data, {{"files", files}});
}

}  // namespace distillix::ui
