// SPDX-License-Identifier: GPL-3.0-or-later
// The frame: pages, commands, projects, themes.
#include <QToolButton>
#include <clocale>

#include "tests/ui/support.h"

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
