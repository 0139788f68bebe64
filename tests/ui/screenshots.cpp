// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of every page, light and dark, of a project with real content: packaging/screenshots.sh runs it. No test.
//   studio_screenshots FOLDER PROJECT
#include <QApplication>
#include <QComboBox>
#include <QDialog>
#include <QDir>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTabWidget>
#include <QTableView>
#include <QTreeView>
#include <algorithm>
#include <clocale>
#include <cstdio>

#include "tests/ui/support.h"
#include "ui/data/batch_view.h"
#include "ui/jobs/background.h"

namespace distillix::ui {

/// Lets timers, children and workers come to rest: nothing changes in the picture for a moment, or three seconds have
/// gone.
void settle(MainWindow& window) {
    QImage before;
    int still = 0;
    for (int i = 0; i < 12 && still < 3; ++i) {
        QTest::qWait(250);
        const QImage now = window.grab().toImage();
        still = now == before ? still + 1 : 0;
        before = now;
    }
}

int takePictures(const QString& folder, const QString& project) {
    QTemporaryDir settings;
    Studio studio(settings.filePath("settings.ini"));
    MainWindow window(studio);
    window.resize(1280, 800);
    window.show();
    const auto save = [&](const QString& name, QWidget* widget = nullptr) {
        settle(window);
        const QString path = QDir(folder).filePath(name + (studio.theme().isDark() ? "-dark.png" : "-light.png"));
        if (!(widget ? widget : &window)->grab().save(path))
            std::fprintf(stderr, "cannot write %s\n", qPrintable(path));
    };
    const auto both = [&](const QString& name, QWidget* widget = nullptr) {
        for (const auto mode : {Theme::Mode::Light, Theme::Mode::Dark}) {
            studio.theme().setMode(mode);
            save(name, widget);
        }
    };
    both("welcome");
    studio.openProject(project);
    if (!waitFor([&] { return studio.project() != nullptr; })) return 1;
    const auto press = [&](const QString& name) {
        if (auto* button = window.findChild<QAbstractButton*>(name)) button->click();
    };
    const auto tab = [&](const QString& name, int index) {
        if (auto* tabs = window.findChild<QTabWidget*>(name)) tabs->setCurrentIndex(index);
    };
    studio.showPage(PageId::Data);
    both("data");
    tab("dataset.tabs", 1);
    both("data-batch");
    const QString text = project + "/text/train.jsonl";
    studio.showPage(PageId::Data, {{"files", QStringList{text}}});
    waitFor([&] { return window.findChild<BatchView*>("import.batch")->tokensShown() > 0; });
    both("import");
    press("import.discard");
    // The oldest run has learnt most; the newest may train right now.
    const QList<RunEntry> runs = studio.project()->contents().runs;
    const auto older = [](const RunEntry& a, const RunEntry& b) { return a.created < b.created; };
    const QString run = runs.isEmpty() ? QString() : std::min_element(runs.begin(), runs.end(), older)->path;
    const QString newest = runs.isEmpty() ? QString() : std::max_element(runs.begin(), runs.end(), older)->path;
    if (auto* list = window.findChild<QTableView*>("runList"))
        for (int row = 0; row < list->model()->rowCount(); ++row)
            list->model()->setData(list->model()->index(row, 0), Qt::Checked, Qt::CheckStateRole);
    studio.showPage(PageId::Train, {{"run", newest}});
    both("train");
    studio.showPage(PageId::Train, {{"dataset", studio.project()->datasetsDir() + "/sample"}});
    both("train-new");
    studio.showPage(PageId::Benchmark);
    both("benchmark");
    studio.showPage(PageId::Chat, {{"model", run}});
    if (auto* question = window.findChild<QPlainTextEdit*>("question")) {
        question->setPlainText("Write a function build(items) that returns the first 5 elements of items.");
        press("send");
        waitFor([&] { return window.findChild<QAbstractButton*>("regenerate") != nullptr; });
    }
    both("chat");
    press("showTokens");
    both("chat-tokens");
    press("showTokens");
    studio.showPage(PageId::Library, {{"model", run}});
    both("library");
    tab("model.tabs", 1);
    both("library-weights");
    tab("model.tabs", 0);
    studio.actions().find("file.export-gguf")->trigger();
    if (auto* size = window.findChild<QLabel*>("export.size")) waitFor([&] { return size->text().contains("B"); });
    both("export", window.findChild<QDialog*>("export"));
    press("export.cancel");
    studio.actions().find("app.palette")->trigger();
    both("palette", window.findChild<QDialog*>("palette"));
    window.findChild<QDialog*>("palette")->hide();
    for (const char* name : {"guide", "shortcuts", "system-report", "about"}) {
        studio.actions().find(QStringLiteral("help.") + QLatin1String(name))->trigger();
        both(QLatin1String(name), window.findChild<QDialog*>(QLatin1String(name)));
        press(QLatin1String(name) + QStringLiteral(".close"));
    }
    window.close();
    return 0;
}

}  // namespace distillix::ui

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: studio_screenshots FOLDER PROJECT\n", stderr);
        return 2;
    }
    distillix::ui::prepareTestProcess();
    QApplication application(argc, argv);
    std::setlocale(LC_NUMERIC, "C");
    return distillix::ui::takePictures(QString::fromLocal8Bit(argv[1]), QString::fromLocal8Bit(argv[2]));
}
