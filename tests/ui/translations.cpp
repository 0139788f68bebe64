// SPDX-License-Identifier: GPL-3.0-or-later
// German is complete: every text of the sources has its translation, and the window shows it.
#include <QAction>
#include <QDirIterator>
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QToolButton>
#include <QTranslator>
#include <clocale>

#include "tests/ui/support.h"
#include "ui/training/gauge_strip.h"
#include "ui/widgets/gauge/gauge.h"

namespace distillix::ui {

class TranslationsTest : public QObject {
    Q_OBJECT

    static QString source() { return QFileInfo(qEnvironmentVariable("DISTILLIX_TEST_DATA")).path(); }

  private slots:
    void germanIsComplete() {
        QString lupdate = QStringLiteral("/usr/lib/qt6/bin/lupdate");
        if (!QFileInfo::exists(lupdate)) lupdate = QStandardPaths::findExecutable("lupdate6");
        if (lupdate.isEmpty()) QSKIP("lupdate is not installed (qt6-l10n-tools)");
        QTemporaryDir folder;
        const QString copy = folder.filePath("studio_de.ts");
        QVERIFY(QFile::copy(source() + "/resources/translations/studio_de.ts", copy));
        QProcess process;
        process.setWorkingDirectory(source());
        process.start(lupdate,
                      {"-silent", "-locations", "none", "-no-obsolete", "-I", ".", "ui", "app/studio", "-ts", copy});
        QVERIFY(process.waitForFinished(60000) && process.exitCode() == 0);
        QFile file(copy);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QString text = QString::fromUtf8(file.readAll());
        const QRegularExpression message("<source>([^<]*)</source>\\s*<translation type=\"unfinished\"");
        QStringList missing;
        for (auto found = message.globalMatch(text); found.hasNext();) missing << found.next().captured(1);
        QVERIFY2(missing.isEmpty(),
                 qPrintable("packaging/translations.sh, then translate: " + missing.mid(0, 10).join(" | ")));
        QVERIFY(text.count("<message") > 300);
    }

    void placeholdersAreTheSame() {
        QFile file(source() + "/resources/translations/studio_de.ts");
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QString text = QString::fromUtf8(file.readAll());
        const QRegularExpression message("<source>([^<]*)</source>\\s*<translation>([^<]*)</translation>"),
            place("%[0-9n]");
        const auto places = [&](const QString& sentence) {
            QStringList all;
            for (auto found = place.globalMatch(sentence); found.hasNext();) all << found.next().captured();
            all.sort();
            return all;
        };
        for (auto found = message.globalMatch(text); found.hasNext();) {
            const auto entry = found.next();
            QVERIFY2(places(entry.captured(1)) == places(entry.captured(2)), qPrintable(entry.captured(1)));
        }
    }

    void windowSpeaksGerman() {
        QTranslator german;
        if (!german.load(":/translations/studio_de.qm")) QSKIP("built without Qt's translation tools");
        QApplication::installTranslator(&german);
        {
            StudioFixture studio;
            QCOMPARE(studio.find<QToolButton>("rail.library")->text(), QString("Bibliothek"));
            QCOMPARE(studio.studio().actions().find("file.quit")->text(), QString("&Beenden"));
            // Nothing is cut off at 1280 x 800: longer words still fit where they stand.
            studio.window().resize(1280, 800);
            for (const QToolButton* button :
                 studio.window().findChildren<QToolButton*>(QRegularExpression("^rail\\."))) {
                QVERIFY2(button->width() >= button->sizeHint().width(), qPrintable(button->text()));
            }
            // The gauges, as wide as the train page has them there, of a large run on a card.
            GaugeStrip strip(studio.studio());
            SystemReading reading;
            reading.memoryTotal = 128e9;
            reading.memoryAvailable = 104.5e9;
            reading.processResident = 12.34e9;
            reading.processPeak = 15.67e9;
            reading.processorShare = 0.9999;
            reading.processProcessors = 15.9;
            reading.processors = 16;
            CardReading card;
            card.name = "NVIDIA H100 80GB HBM3";
            card.memoryTotal = 85.9e9;
            card.memoryUsed = 75.3e9;
            card.memoryOfProcess = 70.1e9;
            card.utilisation = 0.987;
            card.celsius = 71;
            card.watts = 612;
            card.wattLimit = 700;
            reading.cards = {card};
            strip.showReading(reading);
            strip.resize(840, strip.sizeHint().height());
            strip.show();
            QVERIFY(QTest::qWaitForWindowExposed(&strip));
            QVERIFY(strip.findChildren<Gauge*>().size() >= 7);
            for (const Gauge* gauge : strip.findChildren<Gauge*>())
                QVERIFY2(!gauge->isVisible() || !gauge->isCut(), qPrintable(gauge->toolTip()));
        }
        QApplication::removeTranslator(&german);
    }
};

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::TranslationsTest)
#include "translations.moc"
