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
        }
        QApplication::removeTranslator(&german);
    }
};

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::TranslationsTest)
#include "translations.moc"
