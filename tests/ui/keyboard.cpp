// SPDX-License-Identifier: GPL-3.0-or-later
// Without a mouse: every control of every page is reached by Tab, and the whole journey (import, train, pause, resume,
// sample, chat, stop, export) is made by keys alone, with the real command line behind it.
#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <clocale>

#include "core/train/run_folder.h"
#include "tests/ui/support.h"
#include "ui/chat/chat_page.h"
#include "ui/jobs/verb_process.h"
#include "ui/training/train_page.h"
#include "ui/widgets/file_questions.h"

namespace distillix::ui {

class KeyboardTest : public QObject {
    Q_OBJECT

    static QString nameOf(const QWidget* widget) {
        return widget ? QString("%1 (%2)").arg(widget->objectName(), widget->metaObject()->className()) : "nothing";
    }
    /// To whatever has the focus, as a person's key goes.
    static void press(StudioFixture& studio, Qt::Key key, Qt::KeyboardModifiers with = Qt::NoModifier) {
        QWidget* focus = QApplication::focusWidget();
        QTest::keyClick(focus                          ? focus
                        : QApplication::activeWindow() ? QApplication::activeWindow()
                                                       : &studio.window(),
                        key, with);
    }
    static void type(StudioFixture& studio, const QString& text) {
        press(studio, Qt::Key_A, Qt::ControlModifier);
        QTest::keyClicks(QApplication::focusWidget(), text);
    }
    /// Presses Tab until the widget of that name has the focus.
    static bool tabTo(StudioFixture& studio, const QString& name) {
        for (int i = 0; i < 400; ++i) {
            if (QApplication::focusWidget() && QApplication::focusWidget()->objectName() == name) return true;
            press(studio, Qt::Key_Tab);
        }
        qWarning("Tab does not lead to %s; it stands on %s", qUtf8Printable(name),
                 qUtf8Printable(nameOf(QApplication::focusWidget())));
        return false;
    }
    static void activate(StudioFixture& studio) {
        studio.window().activateWindow();
        QApplication::setActiveWindow(&studio.window());
        QVERIFY(waitFor([&] { return studio.window().isActiveWindow(); }));
    }
    /// True once the focus is in the dialog of that name.
    static bool inDialog(const char* name) {
        return waitFor([&] {
            const QWidget* focus = QApplication::focusWidget();
            return focus && focus->window()->objectName() == QLatin1String(name);
        });
    }
    static bool isControl(const QWidget* widget) {
        return widget->inherits("QAbstractButton") || widget->inherits("QLineEdit") || widget->inherits("QComboBox") ||
               widget->inherits("QAbstractSpinBox") || widget->inherits("QAbstractItemView") ||
               widget->inherits("QPlainTextEdit") || widget->inherits("QTextEdit") || widget->inherits("QSlider");
    }

  private slots:
    void everyControlIsReachedByTab() {
        StudioFixture studio;
        activate(studio);
        for (int page = 0; page < kPages; ++page) {
            press(studio, static_cast<Qt::Key>(Qt::Key_1 + page), Qt::ControlModifier);
            QCOMPARE(static_cast<int>(studio.window().currentPage()), page);
            QTest::qWait(300);  // what comes a moment later is there
            QSet<const QWidget*> reached;
            for (int i = 0; i < 500; ++i) {
                press(studio, Qt::Key_Tab);
                const QWidget* focus = QApplication::focusWidget();
                QVERIFY2(focus, "the focus is lost");
                // Round once, and a little further: some get their focus from another one only.
                if (reached.contains(focus) && i > 3 * reached.size()) break;
                reached.insert(focus);
            }
            for (const QWidget* widget : studio.window().findChildren<QWidget*>()) {
                if (!isControl(widget) || !widget->isVisible() || !widget->isEnabled() || widget->focusProxy() ||
                    (widget->focusPolicy() & Qt::TabFocus) != Qt::TabFocus)
                    continue;
                QVERIFY2(reached.contains(widget),
                         qPrintable(QString("page %1: Tab does not lead to %2").arg(page).arg(nameOf(widget))));
            }
            QVERIFY2(reached.size() > 5, qPrintable(QString::number(reached.size())));
        }
    }

    void wholeJourney() {
        StudioFixture studio;
        VerbProcess data;
        bool made = false;
        connect(&data, &VerbProcess::finished, this, [&] { made = true; });
        data.start({"sample-data", studio.path("text"), "--training", "300", "--validation", "20"});
        QVERIFY(waitFor([&] { return made; }));
        activate(studio);

        // Import.
        answerNextFileQuestion({studio.path("text/train.jsonl")});
        press(studio, Qt::Key_I, Qt::ControlModifier);
        QVERIFY(waitFor([&] {
            return studio.find<QPushButton>("import.start")->isEnabled() &&
                   !studio.find<QProgressBar>("import.busy")->isVisible();
        }));
        QVERIFY(tabTo(studio, "import.name"));
        type(studio, "keys");
        QVERIFY(tabTo(studio, "import.vocab"));
        type(studio, "400");
        QVERIFY(tabTo(studio, "import.start"));
        press(studio, Qt::Key_Space);
        QVERIFY(waitFor([&] { return !studio.project().contents().datasets.isEmpty(); }, 60000));

        // Train.
        press(studio, Qt::Key_2, Qt::ControlModifier);
        QVERIFY(tabTo(studio, "newRunName"));
        type(studio, "typed");
        QVERIFY(tabTo(studio, "newRunAdvanced"));
        press(studio, Qt::Key_Space);
        for (const auto& [key, value] :
             {std::pair("minutes", "0"), std::pair("steps", "1000000"), std::pair("batch", "2"),
              std::pair("tokens", "64"), std::pair("hidden_dim", "32"), std::pair("num_layers", "1"),
              std::pair("num_heads", "2"), std::pair("num_kv_heads", "1"), std::pair("mlp_hidden_dim", "64"),
              std::pair("max_seq_len", "64")}) {
            if (QLatin1String(key) == QLatin1String("hidden_dim")) {
                QVERIFY(tabTo(studio, "section_Model"));  // folded at first
                press(studio, Qt::Key_Space);
            }
            QVERIFY(tabTo(studio, QStringLiteral("field_%1").arg(key)));
            type(studio, value);
        }
        QVERIFY(waitFor([&] { return studio.find<QPushButton>("newRunStart")->isEnabled(); }));
        press(studio, Qt::Key_Return, Qt::ControlModifier);
        auto* page = studio.find<TrainPage>("page.train");
        const auto state = [&](RunState wanted) {
            return waitFor(
                [&] {
                    return page->current() && page->current()->isLoaded() && page->current()->summary().state == wanted;
                },
                60000);
        };
        QVERIFY(state(RunState::Running));
        const std::filesystem::path run = page->current()->path().toStdString();
        const auto idle = [&] { return waitFor([&] { return studio.find<QWidget>("runStop")->isEnabled(); }); };
        QVERIFY(idle());
        press(studio, Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(state(RunState::Paused));
        QVERIFY(waitFor([&] { return studio.find<QWidget>("runResume")->isEnabled(); }));
        press(studio, Qt::Key_R, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(state(RunState::Running));
        QVERIFY(idle());
        press(studio, Qt::Key_S, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(waitFor([&] { return !readRun(run)->checkpoints.empty(); }));
        QVERIFY(idle());
        press(studio, Qt::Key_M, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(inDialog("sampleDialog"));
        QVERIFY(waitFor([&] {
            return QApplication::focusWidget() && QApplication::focusWidget()->objectName() == "samplePromptText";
        }));
        type(studio, "Typed by keys");
        QVERIFY(tabTo(studio, "sampleOk"));
        press(studio, Qt::Key_Return);
        QVERIFY(waitFor([&] {
            const auto& samples = page->current()->samples();
            return std::any_of(samples.begin(), samples.end(),
                               [](const RunSample& sample) { return sample.prompt == "Typed by keys"; });
        }));

        // Chat with it while it trains.
        activate(studio);
        QVERIFY(tabTo(studio, "runChat"));
        press(studio, Qt::Key_Space);
        QCOMPARE(studio.window().currentPage(), PageId::Chat);
        auto* chat = static_cast<ChatPage*>(studio.window().page(PageId::Chat));
        QVERIFY(waitFor([&] { return chat->pane(0).talker().state() == ModelTalker::State::Ready; }));
        QVERIFY(tabTo(studio, "question"));
        QTest::keyClicks(QApplication::focusWidget(), "Say something");
        press(studio, Qt::Key_Return);
        QVERIFY(chat->pane(0).isBusy());
        QVERIFY(waitFor([&] { return !chat->pane(0).isBusy(); }));
        QCOMPARE(chat->conversation()->path(chat->conversation()->leaf(0)).size(), 2);

        // Stop.
        press(studio, Qt::Key_2, Qt::ControlModifier);
        QVERIFY(idle());
        press(studio, Qt::Key_T, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(inDialog("stopDialog"));
        QVERIFY(tabTo(studio, "stopOk"));
        press(studio, Qt::Key_Return);
        QVERIFY(state(RunState::Stopped));

        // Export.
        activate(studio);
        press(studio, Qt::Key_5, Qt::ControlModifier);
        press(studio, Qt::Key_E, Qt::ControlModifier);
        QVERIFY(inDialog("export"));
        QVERIFY(waitFor([&] { return studio.find<QPushButton>("export.start")->isEnabled(); }));
        QVERIFY(tabTo(studio, "export.start"));
        press(studio, Qt::Key_Space);
        QVERIFY(waitFor([&] { return studio.find<QLabel>("export.result")->isVisible(); }, 60000));
        QPointer<QDialog> dialog = studio.find<QDialog>("export");
        press(studio, Qt::Key_Escape);
        QVERIFY(waitFor([&] { return dialog.isNull(); }));
    }
};

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::KeyboardTest)
#include "keyboard.moc"
