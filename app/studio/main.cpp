// SPDX-License-Identifier: GPL-3.0-or-later
// The window. Every job is done by distillix, the command line, which lies beside this program.
#include <QApplication>
#include <QCommandLineParser>
#include <QLibraryInfo>
#include <QTranslator>
#include <clocale>
#include <cstdio>

#include "ui/main_window.h"
#include "ui/single_instance.h"
#include "ui/studio.h"

int main(int argc, char** argv) {
    using namespace distillix::ui;
    QApplication::setHighDpiScaleFactorRoundingPolicy(Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
    QApplication application(argc, argv);
    // Qt takes the locale of the environment; the engine's readers of numbers want the point.
    std::setlocale(LC_NUMERIC, "C");
    QApplication::setApplicationName(QStringLiteral("distillix-studio"));
    QApplication::setApplicationDisplayName(QStringLiteral("Distillix Studio"));
    QApplication::setApplicationVersion(QStringLiteral(DISTILLIX_STUDIO_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("distillix-studio"));

    // Ours, and Qt's own for the texts of its dialogs.
    QTranslator translator, qtTranslator;
    if (translator.load(QLocale(), QStringLiteral("studio"), QStringLiteral("_"), QStringLiteral(":/translations"))) {
        QApplication::installTranslator(&translator);
        if (qtTranslator.load(QLocale(), QStringLiteral("qtbase"), QStringLiteral("_"),
                              QLibraryInfo::path(QLibraryInfo::TranslationsPath)))
            QApplication::installTranslator(&qtTranslator);
    }

    QCommandLineParser parser;
    parser.setApplicationDescription(
        QCoreApplication::translate("main", "Train small ternary language models and talk to them."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("project"),
                                 QCoreApplication::translate("main", "The project's folder."),
                                 QStringLiteral("[project]"));
    const QCommandLineOption newInstance(
        QStringLiteral("new-instance"),
        QCoreApplication::translate("main", "Open a window of its own beside one that is open."));
    const QCommandLineOption settingsFile(
        QStringLiteral("settings"), QCoreApplication::translate("main", "Keep the window's settings in this file."),
        QStringLiteral("file"));
    parser.addOptions({newInstance, settingsFile});
    parser.process(application);
    const QString project = parser.positionalArguments().value(0);

    SingleInstance instance;
    if (!parser.isSet(newInstance) && instance.handOver(project)) return 0;

    Studio studio(parser.value(settingsFile));
    MainWindow window(studio);
    QObject::connect(&instance, &SingleInstance::asked, &window, [&](const QString& folder) {
        if (!folder.isEmpty()) studio.openProject(folder);
        window.setWindowState(window.windowState() & ~Qt::WindowMinimized);
        window.show();
        window.raise();
        window.activateWindow();
    });
    // For whoever measures how long a start takes.
    if (qEnvironmentVariableIsSet("DISTILLIX_TELL_USABLE"))
        QObject::connect(&window, &MainWindow::usable, &window, [] {
            std::puts("usable");
            std::fflush(stdout);
        });
    window.show();
    if (!project.isEmpty())
        studio.openProject(project);
    else if (const QStringList recent = studio.recentProjects(); !recent.isEmpty())
        studio.openProject(recent.first());
    return QApplication::exec();
}
