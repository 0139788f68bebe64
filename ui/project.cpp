// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/project.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>

#include "core/base/files.h"
#include "core/train/run_folder.h"
#include "ui/jobs/background.h"

namespace distillix::ui {

namespace {

constexpr int kPollMs = 4000;
constexpr int kSoonMs = 250;  // several changes in a row are one look
constexpr const char* kFolders[] = {"datasets", "tokenizers", "runs", "models", "exports", "conversations"};

/// What lies in `folder`, newest first, without what is still being written. `marker`: a file that must be inside it.
QList<ProjectEntry> entries(const QString& folder, const QString& marker, QDir::Filters filter) {
    QList<ProjectEntry> found;
    const QFileInfoList list = QDir(folder).entryInfoList(filter | QDir::NoDotAndDotDot, QDir::Time);
    for (const QFileInfo& info : list) {
        if (isPartialName(info.fileName().toStdString())) continue;
        if (!marker.isEmpty() && !QFileInfo::exists(info.filePath() + QLatin1Char('/') + marker)) continue;
        const QString name = info.isDir() ? info.fileName() : info.completeBaseName();
        found.append({name, info.filePath(), info.lastModified().toUTC()});
    }
    return found;
}

RunEntry runEntry(const RunSummary& run) {
    RunEntry entry;
    entry.path = QString::fromStdString(run.path.string());
    entry.name = QString::fromStdString(run.info.name);
    if (entry.name.isEmpty()) entry.name = QFileInfo(entry.path).fileName();
    entry.state = QString::fromLatin1(runStateName(run.state));
    entry.step = run.step;
    entry.created = QDateTime::fromString(QString::fromStdString(run.info.created), Qt::ISODateWithMs);
    entry.datasetPath = QString::fromStdString(run.info.datasetPath);
    for (const RunCheckpoint& checkpoint : run.checkpoints)
        entry.checkpoints.append({QString::fromStdString(checkpoint.path.string()), checkpoint.step});
    return entry;
}

ProjectContents look(const QString& path, const QStringList& watchedRuns) {
    ProjectContents contents;
    contents.datasets = entries(path + QStringLiteral("/datasets"), QStringLiteral("dataset.json"), QDir::Dirs);
    contents.tokenizers = entries(path + QStringLiteral("/tokenizers"), {}, QDir::Files);
    contents.models = entries(path + QStringLiteral("/models"), QStringLiteral("config.json"), QDir::Dirs);
    contents.exports = entries(path + QStringLiteral("/exports"), {}, QDir::Files | QDir::Dirs);
    contents.conversations = entries(path + QStringLiteral("/conversations"), {}, QDir::Files);
    for (const RunSummary& run : listRuns((path + QStringLiteral("/runs")).toStdString()))
        contents.runs.append(runEntry(run));
    for (const QString& run : watchedRuns) {
        const auto summary = readRun(run.toStdString());
        if (summary.ok()) contents.runs.append(runEntry(*summary));
    }
    return contents;
}

struct Opened {
    QString name, error;
    ProjectContents contents;
};

Opened openFolder(const QString& path) {
    Opened opened;
    const QString file = path + QStringLiteral("/project.json");
    opened.name = QFileInfo(path).fileName();
    if (QFileInfo::exists(file)) {
        const auto text = readFile(file.toStdString(), 1 << 20);
        if (!text.ok()) {
            opened.error = QString::fromStdString(text.error().text());
            return opened;
        }
        const QJsonObject project = QJsonDocument::fromJson(QByteArray::fromStdString(*text)).object();
        if (project.value(QStringLiteral("formatVersion")).toInt() != 1) {
            opened.error = Project::tr("%1: this is no project of this version of the studio.").arg(file);
            return opened;
        }
        const QString name = project.value(QStringLiteral("name")).toString();
        if (!name.isEmpty()) opened.name = name;
    }
    for (const char* folder : kFolders) {
        if (!QDir().mkpath(path + QLatin1Char('/') + QLatin1String(folder))) {
            opened.error = Project::tr("%1: the folder cannot be made. Choose a place where you may write.").arg(path);
            return opened;
        }
    }
    if (!QFileInfo::exists(file)) {
        const QJsonObject project{
            {QStringLiteral("formatVersion"), 1},
            {QStringLiteral("name"), opened.name},
            {QStringLiteral("created"), QDateTime::currentDateTimeUtc().toString(Qt::ISODateWithMs)}};
        const auto written = writeFileAtomic(file.toStdString(), QJsonDocument(project).toJson().toStdString());
        if (!written.ok()) opened.error = QString::fromStdString(written.error().text());
    }
    if (opened.error.isEmpty()) opened.contents = look(path, {});
    return opened;
}

}  // namespace

void Project::open(const QString& folder, QObject* owner, std::function<void(Project*, const QString&)> done) {
    const QString path = QDir::cleanPath(QDir(folder).absolutePath());
    background::run([path] { return openFolder(path); }, owner,
                    [path, owner, done = std::move(done)](Opened opened) {
                        if (!opened.error.isEmpty()) return done(nullptr, opened.error);
                        done(new Project(path, opened.name, std::move(opened.contents), owner), {});
                    });
}

Project::Project(const QString& path, const QString& name, ProjectContents contents, QObject* owner)
    : QObject(owner), m_path(path), m_name(name), m_contents(std::move(contents)) {
    connect(&m_watcher, &QFileSystemWatcher::directoryChanged, this, &Project::refresh);
    connect(&m_poll, &QTimer::timeout, this, &Project::scan);
    connect(&m_soon, &QTimer::timeout, this, &Project::scan);
    m_soon.setSingleShot(true);
    m_poll.start(kPollMs);
    watchFolders();
}

void Project::watchFolders() {
    QStringList wanted;
    for (const char* folder : kFolders) wanted.append(dir(folder));
    // New checkpoints show at once, not at the next poll. Runs that are over do not change.
    for (const RunEntry& run : m_contents.runs)
        if (run.isLive()) wanted << run.path << run.path + QStringLiteral("/checkpoints");
    const QStringList watched = m_watcher.directories();
    for (const QString& folder : wanted)
        if (!watched.contains(folder)) m_watcher.addPath(folder);
    for (const QString& folder : watched)
        if (!wanted.contains(folder)) m_watcher.removePath(folder);
}

void Project::watchRun(const QString& runFolder) {
    const QString path = QDir::cleanPath(runFolder);
    if (m_watchedRuns.contains(path)) return;
    m_watchedRuns.append(path);
    emit watchedRunsChanged();
    refresh();
}

void Project::forgetRun(const QString& runFolder) {
    if (m_watchedRuns.removeAll(QDir::cleanPath(runFolder)) == 0) return;
    emit watchedRunsChanged();
    refresh();
}

void Project::refresh() {
    if (!m_soon.isActive()) m_soon.start(kSoonMs);
}

void Project::scan() {
    if (m_scanning) {
        m_again = true;
        return;
    }
    m_scanning = true;
    background::run([path = m_path, watched = m_watchedRuns] { return look(path, watched); }, this,
                    [this](ProjectContents contents) {
                        m_scanning = false;
                        if (contents != m_contents) {
                            m_contents = std::move(contents);
                            watchFolders();
                            emit changed();
                        }
                        if (m_again) {
                            m_again = false;
                            refresh();
                        }
                    });
}

QString Project::freeName(const QString& wanted, const QStringList& taken) {
    QString name;
    for (const QChar c : wanted.trimmed())
        name += c.isLetterOrNumber() || QStringLiteral("-_. ").contains(c) ? c : QLatin1Char('-');
    name = name.trimmed();
    while (name.startsWith(QLatin1Char('.'))) name.remove(0, 1);
    if (name.isEmpty()) name = QStringLiteral("untitled");
    QString candidate = name;
    for (int number = 2; taken.contains(candidate, Qt::CaseInsensitive); ++number)
        candidate = QStringLiteral("%1-%2").arg(name).arg(number);
    return candidate;
}

}  // namespace distillix::ui
