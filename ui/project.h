// SPDX-License-Identifier: GPL-3.0-or-later
// A project is a folder of readable files:
//
//   project.json     {"formatVersion": 1, "name": …, "created": …}
//   datasets/        what `distillix import` made
//   tokenizers/      NAME.model
//   runs/            run folders (core/train/RUN_FOLDER.md)
//   models/          imported model folders
//   exports/         GGUF, safetensors, Hugging Face folders
//   conversations/   NAME.json
//
// What lies there is listed on a worker, when the system says that something changed and every few seconds besides (a
// mounted folder says nothing). Nothing here touches the disk on the window's thread.
#pragma once

#include <QDateTime>
#include <QFileSystemWatcher>
#include <QList>
#include <QObject>
#include <QString>
#include <QStringList>
#include <QTimer>
#include <functional>

namespace distillix::ui {

/// A dataset, tokenizer, imported model or export.
struct ProjectEntry {
    QString name;
    QString path;
    QDateTime modified;
    bool operator==(const ProjectEntry&) const = default;
};

struct CheckpointEntry {
    QString path;
    qint64 step = 0;
    bool operator==(const CheckpointEntry&) const = default;
};

/// A run as a list shows it; whoever shows more reads it (distillix::readRun, on a worker).
struct RunEntry {
    QString name;
    QString path;
    QString state;  ///< running, paused, finished, stopped, failed, crashed, unknown
    qint64 step = 0;
    QDateTime created;
    QString datasetPath;
    QList<CheckpointEntry> checkpoints;  ///< oldest first
    bool isLive() const { return state == QStringLiteral("running") || state == QStringLiteral("paused"); }
    bool operator==(const RunEntry&) const = default;
};

struct ProjectContents {
    QList<ProjectEntry> datasets, tokenizers, models, exports, conversations;
    QList<RunEntry> runs;  ///< newest first
    bool operator==(const ProjectContents&) const = default;
};

class Project : public QObject {
    Q_OBJECT
  public:
    /// Opens the project in `folder`, making what is missing, on a worker; `done` gets it, or an error for people.
    /// The project belongs to `owner`.
    static void open(const QString& folder, QObject* owner, std::function<void(Project*, const QString& error)> done);

    const QString& path() const { return m_path; }
    const QString& name() const { return m_name; }
    QString datasetsDir() const { return dir("datasets"); }
    QString tokenizersDir() const { return dir("tokenizers"); }
    QString runsDir() const { return dir("runs"); }
    QString modelsDir() const { return dir("models"); }
    QString exportsDir() const { return dir("exports"); }
    QString conversationsDir() const { return dir("conversations"); }
    /// What was there when it was last looked at.
    const ProjectContents& contents() const { return m_contents; }
    /// Runs elsewhere (a server's mounted folder) that are watched too. Kept in the settings.
    void watchRun(const QString& runFolder);
    void forgetRun(const QString& runFolder);
    const QStringList& watchedRuns() const { return m_watchedRuns; }
    /// Looks again soon. For whoever has just changed something.
    void refresh();

    /// `wanted`, or "wanted-2", … where that is taken, as a path in `folder`; characters that no file name should have
    /// are replaced. Looks at what is listed, not at the disk: the verb that writes has the last word.
    static QString freeName(const QString& wanted, const QStringList& taken);

  signals:
    /// contents() are others than before.
    void changed();
    void watchedRunsChanged();

  private:
    Project(const QString& path, const QString& name, ProjectContents contents, QObject* owner);
    QString dir(const char* name) const { return m_path + QLatin1Char('/') + QLatin1String(name); }
    void scan();
    void watchFolders();

    QString m_path, m_name;
    ProjectContents m_contents;
    QStringList m_watchedRuns;
    QFileSystemWatcher m_watcher;
    QTimer m_poll, m_soon;
    bool m_scanning = false;
    bool m_again = false;
};

}  // namespace distillix::ui
