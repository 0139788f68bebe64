// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio.h"

#include <QDir>
#include <algorithm>

#include "ui/jobs/background.h"

namespace distillix::ui {

int JobList::begin(const QString& title, PageId page) {
    m_jobs.append({++m_last, title, {}, -1, page});
    emit changed();
    return m_last;
}

void JobList::update(int id, double fraction, const QString& text) {
    for (Job& job : m_jobs) {
        if (job.id != id || (job.fraction == fraction && job.text == text)) continue;
        job.fraction = fraction;
        job.text = text;
        emit changed();
    }
}

void JobList::end(int id) {
    const auto before = m_jobs.size();
    m_jobs.removeIf([id](const Job& job) { return job.id == id; });
    if (m_jobs.size() != before) emit changed();
}

Studio::Studio(const QString& settingsFile, QObject* parent)
    : QObject(parent), m_settings(new Settings(settingsFile, this)), m_jobs(this) {
    const QString mode = m_settings->value(QStringLiteral("view/theme")).toString();
    m_theme.setMode(mode == QStringLiteral("dark")    ? Theme::Mode::Dark
                    : mode == QStringLiteral("light") ? Theme::Mode::Light
                                                      : Theme::Mode::Desktop);
    m_theme.setZoom(m_settings->value(QStringLiteral("view/zoom"), 1.0).toDouble());
    m_theme.apply();
    addActions();
}

Studio::~Studio() {
    background::finish();
}

void Studio::addActions() {
    const QString file = tr("File"), exports = tr("Export"), run = tr("Run"), view = tr("View"), help = tr("Help");
    const auto key = [](const char* keys) { return QKeySequence(QLatin1String(keys)); };
    m_actions.add("file.new", file, tr("&New project…"), key("Ctrl+Shift+N"));
    m_actions.add("file.open", file, tr("&Open project…"), key("Ctrl+O"));
    m_actions.add("file.import-dataset", file, tr("Import &dataset…"), key("Ctrl+I"));
    m_actions.add("file.import-model", file, tr("Import &model…"), key("Ctrl+Shift+I"));
    m_actions.add("file.train-tokenizer", file, tr("&Train a tokenizer…"), key("Ctrl+Shift+K"));
    m_actions.add("file.export-gguf", exports, tr("&GGUF…"), key("Ctrl+E"),
                  tr("Export a model for llama.cpp and Ollama"));
    m_actions.add("file.export-safetensors", exports, tr("&safetensors…"), key("Ctrl+Shift+E"),
                  tr("Export a model as one file"));
    m_actions.add("file.export-pt", exports, tr("&PyTorch file…"), key("Ctrl+Alt+Shift+E"),
                  tr("Export a model as a state dict"));
    m_actions.add("file.export-hf", exports, tr("&Hugging Face folder…"), key("Ctrl+Alt+E"),
                  tr("Export a model for transformers"));
    m_actions.add("file.quit", file, tr("&Quit"), key("Ctrl+Q"), tr("Trainings go on"));

    m_actions.add("run.start", run, tr("&Start training"), key("Ctrl+Return"));
    m_actions.add("run.resume", run, tr("&Resume"), key("Ctrl+Shift+R"),
                  tr("Go on with a paused or interrupted training"));
    m_actions.add("run.pause", run, tr("&Pause"), key("Ctrl+Shift+P"));
    m_actions.add("run.release", run, tr("Pause and give &memory back"), key("Ctrl+Alt+P"));
    m_actions.add("run.stop", run, tr("S&top…"), key("Ctrl+Shift+T"), tr("End the training behind a checkpoint"));
    m_actions.add("run.checkpoint", run, tr("Save &checkpoint"), key("Ctrl+Shift+S"));
    m_actions.add("run.sample", run, tr("Sa&mple now"), key("Ctrl+Shift+M"), tr("Let the model answer as it is now"));
    m_actions.add("run.rate", run, tr("Change the learning ra&te…"), key("Ctrl+Alt+R"));
    m_actions.add("run.measure", run, tr("M&easure"), key("Ctrl+Alt+M"), tr("Start the benchmark as it is set up"));
    for (const char* id : {"run.start", "run.resume", "run.pause", "run.release", "run.stop", "run.checkpoint",
                           "run.sample", "run.rate"})
        m_actions.find(id)->setEnabled(false);

    m_actions.add("view.data", view, tr("&Data"), key("Ctrl+1"));
    m_actions.add("view.train", view, tr("&Train"), key("Ctrl+2"));
    m_actions.add("view.benchmark", view, tr("&Benchmark"), key("Ctrl+3"));
    m_actions.add("view.chat", view, tr("&Chat"), key("Ctrl+4"));
    m_actions.add("view.library", view, tr("&Library"), key("Ctrl+5"));
    m_actions.add("view.theme-desktop", view, tr("Theme as the &desktop has it"), key("Ctrl+Alt+D"));
    m_actions.add("view.theme-light", view, tr("&Light theme"), key("Ctrl+Alt+L"));
    m_actions.add("view.theme-dark", view, tr("Da&rk theme"), key("Ctrl+Alt+K"));
    m_actions.add("view.zoom-in", view, tr("Zoom &in"), key("Ctrl++"));
    m_actions.add("view.zoom-out", view, tr("Zoom &out"), key("Ctrl+-"));
    m_actions.add("view.zoom-reset", view, tr("Zoom &100%"), key("Ctrl+0"));
    m_actions.add("view.rail", view, tr("&Rail of pages"), key("Ctrl+B"));
    m_actions.add("view.status-bar", view, tr("&Status bar"), key("Ctrl+Alt+B"));
    m_actions.add("view.full-screen", view, tr("&Full screen"), key("F11"));

    m_actions.add("help.guide", help, tr("&Guide"), key("F1"));
    m_actions.add("help.shortcuts", help, tr("Keyboard &shortcuts"), key("Ctrl+?"));
    m_actions.add("help.system-report", help, tr("System &report…"), key("Ctrl+Shift+F1"),
                  tr("What this machine and this build are, to copy into a report"));
    m_actions.add("help.about", help, tr("&About Distillix Studio"), key("Ctrl+F1"));
    m_actions.add("app.palette", help, tr("&Find a command…"), key("Ctrl+K"));
}

void Studio::openProject(const QString& folder) {
    m_opening = folder;
    Project::open(folder, this, [this, folder](Project* project, const QString& error) {
        if (!project) {
            notify(tr("The project could not be opened. %1").arg(error), Notice::Bad);
            return;
        }
        if (m_opening != folder) {
            // Another one was asked for meanwhile.
            delete project;
            return;
        }
        Project* before = m_project;
        m_project = project;
        const QString watched =
            QStringLiteral("watched/") + QString(project->path()).replace(QLatin1Char('/'), QLatin1Char('|'));
        for (const QString& run : m_settings->value(watched).toStringList()) project->watchRun(run);
        connect(project, &Project::watchedRunsChanged, this,
                [this, project, watched] { m_settings->setValue(watched, project->watchedRuns()); });
        QStringList recent = recentProjects();
        recent.removeAll(project->path());
        recent.prepend(project->path());
        m_settings->setValue(QStringLiteral("projects/recent"), recent.mid(0, 10));
        emit projectChanged();
        delete before;
    });
}

QStringList Studio::recentProjects() const {
    return m_settings->value(QStringLiteral("projects/recent")).toStringList();
}

void Studio::showPage(PageId page, const QVariantMap& arguments) {
    emit pageWanted(page, arguments);
}

void Studio::notify(const QString& message, Notice kind) {
    emit noticed(message, kind);
}

}  // namespace distillix::ui
