// SPDX-License-Identifier: GPL-3.0-or-later
// The frame: pages, commands, projects, themes.
#include <QDialog>
#include <QDirIterator>
#include <QElapsedTimer>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QLocalSocket>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTableWidget>
#include <QTextEdit>
#include <QToolButton>
#include <clocale>

#include "core/train/run_folder.h"
#include "tests/ui/support.h"
#include "ui/chat/chat_page.h"
#include "ui/command_palette.h"
#include "ui/format.h"
#include "ui/jobs/stall_probe.h"
#include "ui/jobs/verb_process.h"
#include "ui/single_instance.h"
#include "ui/welcome.h"
#include "ui/widgets/file_questions.h"

namespace distillix::ui {

class FrameTest : public QObject {
    Q_OBJECT
  private slots:
    void railShowsEachPage() {
        StudioFixture studio;
        for (int i = 0; i < kPages; ++i) {
            const QString name = pageName(static_cast<PageId>(i));
            studio.click("rail." + name);
            QCOMPARE(studio.window().currentPage(), static_cast<PageId>(i));
            QVERIFY(studio.find<QWidget>("page." + name)->isVisible());
        }
    }

    void everyCommandHasAShortcutOfItsOwn() {
        StudioFixture studio(false);
        QStringList seen;
        for (const QAction* action : studio.studio().actions().all()) {
            QVERIFY2(!action->shortcut().isEmpty(), qPrintable(action->objectName()));
            const QString keys = action->shortcut().toString();
            QVERIFY2(!seen.contains(keys), qPrintable(action->objectName() + " " + keys));
            seen.append(keys);
        }
    }

    void pageComesBackAfterARestart() {
        StudioFixture studio;
        studio.trigger("view.chat");
        studio.restart();
        QCOMPARE(studio.window().currentPage(), PageId::Chat);
        QVERIFY(studio.find<QToolButton>("rail.chat")->isChecked());
    }

    void projectIsAFolderOfReadableFiles() {
        StudioFixture studio;
        for (const char* folder : {"datasets", "tokenizers", "runs", "models", "exports", "conversations"})
            QVERIFY(QFileInfo(studio.project().path() + "/" + folder).isDir());
        QVERIFY(QFileInfo(studio.project().path() + "/project.json").isFile());
        QCOMPARE(studio.find<QToolButton>("status.project")->text(), QString("project"));
    }

    void firstStartWelcomes() {
        StudioFixture studio(false);
        QVERIFY(studio.find<Welcome>("welcome")->isVisible());
        answerNextFileQuestion({studio.path("mine")});
        studio.click("welcome.new");
        QVERIFY(waitFor([&] { return studio.studio().project() != nullptr; }));
        QVERIFY(!studio.find<Welcome>("welcome")->isVisible());
        QCOMPARE(studio.studio().project()->name(), QString("mine"));
    }

    void sampleProjectIsOneClickFromARunningTraining() {
        StudioFixture studio(false);
        qputenv("DISTILLIX_SAMPLE_PROJECT", studio.path("sample").toUtf8());
        studio.click("welcome.sample");
        const std::filesystem::path run = studio.path("sample/runs/first").toStdString();
        const bool trains = waitFor(
            [&] {
                const auto summary = readRun(run);
                return summary.ok() && summary->state == RunState::Running && summary->step >= 1;
            },
            120000);
        QVERIFY2(trains, qPrintable(studio.find<QLabel>("welcome.error")->text()));
        QCOMPARE(studio.window().currentPage(), PageId::Train);
        QVERIFY(waitFor([&] { return studio.studio().project() && studio.project().contents().runs.size() == 1; }));
        QVERIFY(studio.project().contents().runs[0].isLive());
        // It is a process of its own: closing the window does not end it, a command does.
        studio.window().close();
        QVERIFY(sendRunCommand(run, "stop").ok());
        QVERIFY(waitFor([&] { return readRun(run)->state == RunState::Stopped; }, 60000));
    }

    void projectThatCannotBeOpenedIsTold() {
        StudioFixture studio;
        QFile file(studio.path("file"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        studio.studio().openProject(studio.path("file"));
        QVERIFY(waitFor([&] { return studio.find<QLabel>("notice.text")->isVisible(); }));
        QVERIFY(studio.find<QLabel>("notice.text")->text().contains("file"));
        QCOMPARE(studio.project().name(), QString("project"));
        QFile broken(studio.path("project/project.json"));
        QVERIFY(broken.open(QIODevice::WriteOnly | QIODevice::Truncate) && broken.write("{}") == 2);
        broken.close();
        QSignalSpy notices(&studio.studio(), &Studio::noticed);
        studio.studio().openProject(studio.path("project"));
        QVERIFY(waitFor([&] { return !notices.isEmpty(); }));
        QVERIFY(notices[0][0].toString().contains("project.json"));
    }

    void paletteFindsCommands() {
        StudioFixture studio;
        studio.trigger("app.palette");
        auto* palette = studio.find<QDialog>("palette");
        QVERIFY(palette->isVisible());
        auto* query = studio.find<QLineEdit>("palette.query");
        QTest::keyClicks(query, "dark");
        auto* list = studio.find<QListWidget>("palette.list");
        QVERIFY(list->count() >= 1);
        QVERIFY(list->currentItem()->text().contains("Dark theme"));
        QTest::keyClick(query, Qt::Key_Return);
        QVERIFY(!palette->isVisible());
        QVERIFY(studio.studio().theme().isDark());
        // A command that cannot be done now is shown, and not done.
        studio.trigger("app.palette");
        QTest::keyClicks(query, "Run: Pause");
        QTest::keyClick(query, Qt::Key_Return);
        QVERIFY(palette->isVisible());
    }

    void paletteRanksBetterFitsFirst() {
        QVERIFY(CommandPalette::match("chat", "View: Chat") > CommandPalette::match("chat", "Save checkpoint as that"));
        QVERIFY(CommandPalette::match("xyz", "View: Chat") < 0);
        QVERIFY(CommandPalette::match("vc", "View: Chat") > 0);
    }

    void dialogsOpenAndClose() {
        StudioFixture studio;
        for (const char* name : {"guide", "shortcuts", "system-report", "about"}) {
            studio.trigger(QStringLiteral("help.") + QLatin1String(name));
            auto* dialog = studio.find<QDialog>(name);
            QVERIFY(dialog && dialog->isVisible());
            if (QLatin1String(name) == QLatin1String("guide")) {
                auto* guide = studio.find<QTextEdit>("guide.text");
                QVERIFY(guide->toPlainText().contains("Ctrl+K"));
                QVERIFY(waitFor([&] { return guide->verticalScrollBar()->maximum() > 0; }));
                QCOMPARE(guide->verticalScrollBar()->value(), 0);
            }
            if (QLatin1String(name) == QLatin1String("shortcuts"))
                QCOMPARE(studio.find<QTableWidget>("shortcuts.table")->rowCount(),
                         studio.studio().actions().all().size());
            if (QLatin1String(name) == QLatin1String("system-report")) {
                auto* report = studio.find<QPlainTextEdit>("system-report.text");
                QVERIFY(waitFor([&] { return report->toPlainText().contains("\"cores\""); }));
                QVERIFY(!report->toPlainText().contains(QDir::homePath() + "/"));
            }
            QPointer<QDialog> guard = dialog;
            studio.click(QLatin1String(name) + QStringLiteral(".close"));
            QVERIFY(waitFor([&] { return guard.isNull(); }));
        }
    }

    void usableWithinASecondOfStarting() {
        // From the start of the process until its window is painted and has dealt with all that waited: as it is the
        // first time, and with a project. The bound is generous, because other tests may run beside; the figure is
        // printed.
        StudioFixture studio;
        const QString program = QFileInfo(VerbProcess::program()).path() + "/distillix-studio";
        for (const QStringList& project : {QStringList(), QStringList{studio.project().path()}}) {
            QProcess process;
            QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
            environment.insert("DISTILLIX_TELL_USABLE", "1");
            process.setProcessEnvironment(environment);
            QElapsedTimer clock;
            clock.start();
            process.start(program, QStringList{"--new-instance", "--settings", studio.path("own.ini")} + project);
            QByteArray said;
            QVERIFY(waitFor([&] {
                said += process.readAllStandardOutput();
                return said.contains("usable") || process.state() == QProcess::NotRunning;
            }));
            const qint64 took = clock.elapsed();
            QVERIFY2(said.contains("usable"), process.readAllStandardError().constData());
            qInfo("usable %lld ms after the start, %s", static_cast<long long>(took),
                  project.isEmpty() ? "the first time" : "with a project");
            QVERIFY2(took < 5000, qPrintable(QString::number(took)));
            process.terminate();
            QVERIFY(process.waitForFinished(20000));
        }
    }

    void zoomAndThemeAreKept() {
        StudioFixture studio;
        studio.trigger("view.theme-dark");
        studio.trigger("view.zoom-in");
        studio.restart();
        QVERIFY(studio.studio().theme().isDark());
        QCOMPARE(studio.studio().theme().zoom(), 1.1);
        QCOMPARE(studio.studio().theme().font(Type::Title).pixelSize(), 22);
    }

    void secondInstanceHandsOver() {
        // The first one listens here; the second is a process of its own and must end by itself.
        StudioFixture studio;
        qputenv("DISPLAY", "test-" + QByteArray::number(QCoreApplication::applicationPid()));
        SingleInstance first;
        QVERIFY(!first.handOver({}));
        QSignalSpy asked(&first, &SingleInstance::asked);
        QProcess second;
        second.start(QFileInfo(VerbProcess::program()).path() + "/distillix-studio", {studio.path("other")});
        QVERIFY(waitFor([&] { return second.state() == QProcess::NotRunning && !asked.isEmpty(); }));
        QCOMPARE(second.exitCode(), 0);
        QCOMPARE(asked[0][0].toString(), studio.path("other"));
    }

    void everyIconIsDrawnInTheTextsColour() {
        StudioFixture studio(false);
        QDirIterator icons(":/icons");
        int count = 0;
        while (icons.hasNext()) {
            const QString name = QFileInfo(icons.next()).completeBaseName();
            const QImage image = studio.studio().theme().icon(name).pixmap(QSize(32, 32)).toImage();
            int drawn = 0;
            for (int y = 0; y < image.height(); ++y)
                for (int x = 0; x < image.width(); ++x) drawn += qAlpha(image.pixel(x, y)) > 0;
            QVERIFY2(drawn > 20, qPrintable(name));
            ++count;
        }
        QVERIFY(count > 30);
    }

    void everyControlHasANameForScreenReaders() {
        StudioFixture studio;
        for (const QWidget* widget : studio.window().findChildren<QWidget*>()) {
            const auto* button = qobject_cast<const QAbstractButton*>(widget);
            if (!button || widget->objectName().startsWith("qt_") || widget->parentWidget()->inherits("QTabBar") ||
                widget->inherits("QTableCornerButton"))
                continue;
            const bool named = !button->text().isEmpty() || !button->accessibleName().isEmpty();
            QVERIFY2(named, qPrintable(QString("a button without a name in %1: %2")
                                           .arg(widget->parentWidget()->objectName(), widget->objectName())));
        }
    }

    void stallProbeSeesAStall() {
        StudioFixture studio;
        StallProbe& probe = studio.window().probe();
        QVERIFY(waitFor([&] { return probe.report().samples > 20; }));
        probe.reset();
        QElapsedTimer busy;
        busy.start();
        while (busy.elapsed() < 120) {
        }
        QVERIFY(waitFor([&] { return probe.report().longestMs >= 100; }));
        QVERIFY(probe.report().over50 >= 1);
    }

    void windowDoesNotStallWhileATrainingAndAnImportRun() {
        // A training on all cores, an import that reads gigabytes, a chat with the training's newest checkpoint that
        // streams, and someone who goes from page to page all the while. The bound is generous, because other tests may
        // run beside; the figure is printed.
        StudioFixture studio;
        const QString project = studio.project().path();
        const auto verb = [&](const QStringList& arguments) {
            VerbProcess process;
            QSignalSpy ended(&process, &VerbProcess::finished);
            process.start(arguments);
            return waitFor([&] { return !ended.isEmpty(); }, 60000) && ended[0][0].value<VerbOutcome>().ok;
        };
        QVERIFY(verb({"sample-data", studio.path("text"), "--training", "300", "--validation", "50"}));
        QVERIFY(verb(
            {"import", studio.path("text/train.jsonl"), "--vocab-size", "500", "--out", project + "/datasets/small"}));
        QString error;
        const QString run = project + "/runs/busy";
        QVERIFY(VerbProcess::startDetached({"train", "new", run, "--dataset", project + "/datasets/small", "--preset",
                                            "sample", "--minutes", "5", "--checkpoint-every", "20", "--json"},
                                           run + ".log", &error) > 0);
        QVERIFY(waitFor(
            [&] {
                const auto summary = readRun(run.toStdString());
                return summary.ok() && !summary->checkpoints.empty();
            },
            120000));
        QByteArray text;
        for (int i = 0; i < 60000; ++i)
            text += "{\"prompt\": \"question number " + QByteArray::number(i) +
                    "\", \"response\": \"an answer to number " + QByteArray::number(i) + "\"}\n";
        QFile file(studio.path("long.jsonl"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        while (file.size() < qint64{2} << 30) QVERIFY(file.write(text) == text.size());
        file.close();
        studio.studio().showPage(PageId::Chat, {{"model", run}});
        auto* chat = static_cast<ChatPage*>(studio.window().page(PageId::Chat));
        QVERIFY(waitFor([&] { return chat->pane(0).talker().state() == ModelTalker::State::Ready; }, 60000));
        int answers = 0, characters = 0;
        const auto goOnTalking = [&] {
            if (chat->pane(0).isBusy()) return;
            if (Conversation* talk = chat->conversation(); talk && answers > 0)
                characters += static_cast<int>(talk->message(talk->leaf(0))->text.size());
            studio.find<QPlainTextEdit>("question")->setPlainText("Write a function that adds two numbers.");
            QTest::keyClick(studio.find<QPlainTextEdit>("question"), Qt::Key_Return);
            ++answers;
        };
        studio.studio().showPage(PageId::Data, {{"files", QStringList{studio.path("long.jsonl")}}});
        QVERIFY(waitFor([&] { return studio.find<QPushButton>("import.start")->isEnabled(); }));
        studio.click("import.start");
        StallProbe& probe = studio.window().probe();
        probe.reset();
        for (int i = 0; i < 60; ++i) {
            studio.studio().showPage(static_cast<PageId>(i % kPages));
            goOnTalking();
            QTest::qWait(100);
        }
        QVERIFY2(answers > 0 && characters > 0, "the model has talked all the while");
        const StallProbe::Report report = probe.report();
        qInfo(
            "longest stall %.1f ms (at most %.1f ms at work), 99%% of %d events under %.2f ms, %d over 50 ms (%d at "
            "work)",
            report.longestMs, report.longestCpuMs, report.samples, report.p99Ms, report.over50, report.over50Cpu);
        QVERIFY(sendRunCommand(run.toStdString(), "stop").ok());
        studio.click("rail.data");
        if (auto* cancel = studio.find<QPushButton>("import.cancel"); cancel->isVisible()) cancel->click();
        QVERIFY(waitFor(
            [&] {
                return readRun(run.toStdString())->state == RunState::Stopped &&
                       studio.studio().jobs().jobs().isEmpty();
            },
            60000));
        QVERIFY(report.samples > 100);
        QVERIFY2(report.longestMs < 1500, qPrintable(QString::number(report.longestMs)));
    }

    void numbersReadWell() {
        QLocale::setDefault(QLocale::c());
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        QCOMPARE(formatCount(999), QString("999"));
        QCOMPARE(formatCount(12345), QString("12,345"));
        QCOMPARE(formatCount(1.23e6), QString("1.23 M"));
        QCOMPARE(formatCount(1e9), QString("1 B"));
        QCOMPARE(formatBytes(1.4e9), QString("1.4 GB"));
        QCOMPARE(formatDuration(8000), QString("2 h 13 min"));
        QCOMPARE(formatDuration(59.7), QString("1 min"));
        QCOMPARE(formatDuration(-1), QString("–"));
        QCOMPARE(formatShare(0.1234), QString("12.3%"));
        QCOMPARE(formatPath(QDir::homePath() + "/x"), QString("~/x"));
    }

    void textHasContrast() {
        // WCAG's AA, for every ink that carries text on every ground, in both themes.
        StudioFixture studio(false);
        Theme& theme = studio.studio().theme();
        const auto luminance = [](const QColor& colour) {
            const auto linear = [](double c) { return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
            return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
        };
        const auto contrast = [&](const QColor& a, const QColor& b) {
            const double first = luminance(a), second = luminance(b);
            return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
        };
        for (const auto mode : {Theme::Mode::Light, Theme::Mode::Dark}) {
            theme.setMode(mode);
            for (const Ink ground : {Ink::Window, Ink::Surface, Ink::Raised}) {
                for (const Ink ink : {Ink::Text, Ink::Muted, Ink::Accent, Ink::Good, Ink::Warning, Ink::Bad}) {
                    const double ratio = contrast(theme.colour(ink), theme.colour(ground));
                    QVERIFY2(ratio >= 4.5,
                             qPrintable(QString("ink %1 on %2: %3").arg(int(ink)).arg(int(ground)).arg(ratio)));
                }
                for (int i = 0; i < Theme::kSeriesColours; ++i) {
                    const double ratio = contrast(theme.seriesColour(i), theme.colour(ground));
                    QVERIFY2(ratio >= 3, qPrintable(QString("series %1 on %2: %3").arg(i).arg(int(ground)).arg(ratio)));
                }
            }
            QVERIFY(contrast(theme.colour(Ink::OnAccent), theme.colour(Ink::Accent)) >= 4.5);
            QVERIFY(contrast(theme.colour(Ink::Accent), theme.colour(Ink::AccentSoft)) >= 4.5);
        }
    }
};

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::FrameTest)
#include "frame.moc"
