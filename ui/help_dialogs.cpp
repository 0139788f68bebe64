// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/help_dialogs.h"

#include <QClipboard>
#include <QCoreApplication>
#include <QDialog>
#include <QFile>
#include <QFontInfo>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonDocument>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScreen>
#include <QSysInfo>
#include <QTableWidget>
#include <QTextBlock>
#include <QTextBrowser>
#include <QTextCursor>
#include <QVBoxLayout>

#include "core/base/memory.h"
#include "ui/format.h"
#include "ui/jobs/stall_probe.h"
#include "ui/jobs/verb_process.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

namespace {

struct HelpTexts {
    Q_DECLARE_TR_FUNCTIONS(help)
};

struct Frame {
    QDialog* dialog;
    QVBoxLayout* layout;
    QHBoxLayout* buttons;
};

Frame makeDialog(Studio& studio, QWidget* window, const char* name, const QString& title, int width, int height) {
    auto* dialog = new QDialog(window);
    dialog->setObjectName(QLatin1String(name));
    dialog->setWindowTitle(title);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->resize(studio.theme().scaled(width), studio.theme().scaled(height));
    auto* layout = new QVBoxLayout(dialog);
    layout->setContentsMargins(space::xl, space::xl, space::xl, space::l);
    layout->setSpacing(space::m);
    layout->addWidget(makeLabel(title, Type::Title));
    return {dialog, layout, new QHBoxLayout};
}

void finishDialog(Frame& frame) {
    auto* close = new QPushButton(HelpTexts::tr("Close"));
    close->setObjectName(frame.dialog->objectName() + ".close");
    close->setDefault(true);
    frame.buttons->addStretch(1);
    frame.buttons->addWidget(close);
    frame.layout->addLayout(frame.buttons);
    QObject::connect(close, &QPushButton::clicked, frame.dialog, &QDialog::accept);
    frame.dialog->open();
}

}  // namespace

void showGuide(Studio& studio, QWidget* window) {
    Frame frame = makeDialog(studio, window, "guide", HelpTexts::tr("Guide"), 720, 640);
    auto* text = new QTextBrowser;
    text->setObjectName("guide.text");
    text->setOpenLinks(false);
    // Of the language, where there is one.
    QFile file(QStringLiteral(":/guide.%1.md").arg(QLocale().name().section(QLatin1Char('_'), 0, 0)));
    if (!file.exists()) file.setFileName(QStringLiteral(":/guide.md"));
    if (file.open(QIODevice::ReadOnly))
        text->document()->setMarkdown(QString::fromUtf8(file.readAll()), QTextDocument::MarkdownNoHTML);
    // Markdown comes without any room between its blocks.
    text->document()->setDocumentMargin(studio.theme().scaled(space::l));
    for (QTextBlock block = text->document()->begin(); block.isValid(); block = block.next()) {
        QTextCursor cursor(block);
        QTextBlockFormat format = block.blockFormat();
        const bool title = format.headingLevel() > 0;
        format.setTopMargin(title && block.position() > 0 ? studio.theme().scaled(space::l) : 0);
        format.setBottomMargin(studio.theme().scaled(title ? space::s : space::xs));
        format.setLineHeight(120, QTextBlockFormat::ProportionalHeight);
        cursor.setBlockFormat(format);
        if (!title) continue;
        QTextCharFormat letters;
        letters.setProperty(QTextFormat::FontPixelSize, studio.theme().font(Type::Subtitle).pixelSize());
        letters.clearProperty(QTextFormat::FontSizeAdjustment);
        letters.setFontWeight(QFont::DemiBold);
        cursor.select(QTextCursor::BlockUnderCursor);
        cursor.setCharFormat(letters);
    }
    text->moveCursor(QTextCursor::Start);
    frame.layout->addWidget(text, 1);
    finishDialog(frame);
}

void showShortcuts(Studio& studio, QWidget* window) {
    Frame frame = makeDialog(studio, window, "shortcuts", HelpTexts::tr("Keyboard shortcuts"), 560, 640);
    auto* table = new QTableWidget(0, 2);
    table->setTabKeyNavigation(false);
    table->setObjectName("shortcuts.table");
    table->setAccessibleName(HelpTexts::tr("Commands and their shortcuts"));
    table->setHorizontalHeaderLabels({HelpTexts::tr("Command"), HelpTexts::tr("Keys")});
    table->verticalHeader()->hide();
    table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    table->setShowGrid(false);
    table->setAlternatingRowColors(true);
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    for (QAction* action : studio.actions().all()) {
        const int row = table->rowCount();
        table->insertRow(row);
        table->setItem(row, 0,
                       new QTableWidgetItem(studio.actions().category(action) + QStringLiteral(": ") +
                                            action->text().remove(QLatin1Char('&'))));
        table->setItem(row, 1, new QTableWidgetItem(action->shortcut().toString(QKeySequence::NativeText)));
    }
    table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    table->horizontalHeader()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    frame.layout->addWidget(table, 1);
    finishDialog(frame);
}

void showSystemReport(Studio& studio, const StallProbe* probe, QWidget* window) {
    Frame frame = makeDialog(studio, window, "system-report", HelpTexts::tr("System report"), 640, 520);
    frame.layout->addWidget(makeParagraph(
        HelpTexts::tr("For a report of a problem. It names this machine and this build, and none of your files.")));
    auto* text = new QPlainTextEdit;
    text->setObjectName("system-report.text");
    text->setAccessibleName(HelpTexts::tr("The report"));
    text->setReadOnly(true);
    Theme::setType(text, Type::Mono);
    const QScreen* screen = QGuiApplication::primaryScreen();
    QStringList lines;
    lines << QStringLiteral("Distillix Studio %1").arg(QStringLiteral(DISTILLIX_STUDIO_VERSION))
          << QStringLiteral("Qt %1, platform %2, style fusion, font %3")
                 .arg(QString::fromLatin1(qVersion()), QGuiApplication::platformName(),
                      QFontInfo(studio.theme().font(Type::Body)).family())
          << QStringLiteral("%1, kernel %2, %3")
                 .arg(QSysInfo::prettyProductName(), QSysInfo::kernelVersion(), QSysInfo::currentCpuArchitecture());
    if (screen)
        lines << QStringLiteral("Screen %1 x %2, scale %3")
                     .arg(screen->size().width())
                     .arg(screen->size().height())
                     .arg(screen->devicePixelRatio());
    lines << QStringLiteral("Theme %1, zoom %2")
                 .arg(studio.theme().isDark() ? QStringLiteral("dark") : QStringLiteral("light"))
                 .arg(studio.theme().zoom());
    if (probe) {
        const StallProbe::Report report = probe->report();
        lines << QStringLiteral("Event loop: longest stall %1 ms, %5 ms at work, 99% under %2 ms, %3 of %4 over 50 ms")
                     .arg(report.longestMs, 0, 'f', 1)
                     .arg(report.p99Ms, 0, 'f', 1)
                     .arg(report.over50)
                     .arg(report.samples)
                     .arg(report.longestCpuMs, 0, 'f', 1);
    }
    text->setPlainText(lines.join(QLatin1Char('\n')));
    frame.layout->addWidget(text, 1);
    auto* copy = new QPushButton(HelpTexts::tr("Copy"));
    copy->setObjectName("system-report.copy");
    frame.buttons->addWidget(copy);
    QObject::connect(copy, &QPushButton::clicked, text,
                     [text] { QGuiApplication::clipboard()->setText(text->toPlainText()); });
    // The engine speaks for itself.
    auto* verb = new VerbProcess(frame.dialog);
    QObject::connect(verb, &VerbProcess::finished, text, [text](const VerbOutcome& outcome) {
        const QString engine =
            outcome.ok ? QStringLiteral("Engine: ") + QString::fromUtf8(QJsonDocument(outcome.result).toJson())
                       : QStringLiteral("Engine: ") + outcome.text();
        // Read from its beginning, not from where the last line was put.
        text->setPlainText(text->toPlainText() + QLatin1Char('\n') + engine);
    });
    verb->start({"info", "device"});
    finishDialog(frame);
}

void showAbout(Studio& studio, QWidget* window) {
    Frame frame = makeDialog(studio, window, "about", HelpTexts::tr("Distillix Studio"), 480, 320);
    frame.layout->addWidget(
        makeLabel(HelpTexts::tr("Version %1").arg(QStringLiteral(DISTILLIX_STUDIO_VERSION)), Type::Body, Ink::Muted));
    frame.layout->addWidget(makeParagraph(HelpTexts::tr(
        "Trains small language models with ternary weights on your own text or code, and lets you talk to them. "
        "Everything runs on this machine.")));
    frame.layout->addWidget(
        makeParagraph(HelpTexts::tr("The window is free software under the GNU General Public License, "
                                    "version 3 or later; the engine, distillix, under the Apache "
                                    "License 2.0. Built with Qt %1 and QCustomPlot.")
                          .arg(QString::fromLatin1(qVersion()))));
    frame.layout->addStretch(1);
    finishDialog(frame);
}

}  // namespace distillix::ui
