// SPDX-License-Identifier: GPL-3.0-or-later
// What the pages share: the project, the commands, the theme, the settings, the running jobs, and the way to each
// other.
#pragma once

#include <QList>
#include <QObject>
#include <QString>
#include <QVariantMap>
#include <functional>

#include "ui/actions.h"
#include "ui/project.h"
#include "ui/settings.h"
#include "ui/theme.h"

namespace distillix::ui {

enum class PageId { Data, Train, Benchmark, Chat, Library };
inline constexpr int kPages = 5;

enum class Notice { Info, Good, Warning, Bad };

/// Jobs under way, for the status bar. A training that lives in its run folder is one as well: the train page keeps it
/// here.
class JobList : public QObject {
    Q_OBJECT
  public:
    struct Job {
        int id = 0;
        QString title;
        QString text;          ///< how far it is, for people
        double fraction = -1;  ///< 0..1, negative where unknown
        PageId page = PageId::Data;
    };
    explicit JobList(QObject* parent) : QObject(parent) {}
    int begin(const QString& title, PageId page);
    void update(int id, double fraction, const QString& text);
    void end(int id);
    const QList<Job>& jobs() const { return m_jobs; }
  signals:
    void changed();

  private:
    QList<Job> m_jobs;
    int m_last = 0;
};

class Studio : public QObject {
    Q_OBJECT
  public:
    /// `settingsFile`: where the settings lie; the usual place where empty.
    explicit Studio(const QString& settingsFile = {}, QObject* parent = nullptr);
    ~Studio() override;

    /// Null until one is open.
    Project* project() const { return m_project; }
    /// Opens (or makes) the project in `folder` without waiting; projectChanged() tells, or a notice why not.
    void openProject(const QString& folder);
    QStringList recentProjects() const;

    ActionRegistry& actions() { return m_actions; }
    Theme& theme() { return m_theme; }
    JobList& jobs() { return m_jobs; }
    /// What is kept of the window. Cheap: written by a worker now and then. Keys begin with the page's name
    /// ("chat/temperature").
    Settings& settings() { return *m_settings; }

    /// Sends the person to a page. Arguments pages understand:
    ///   Data: "files" (list of paths to import)           Train: "dataset" (path), "run" (path)
    ///   Chat: "model" (path of a run, checkpoint or model folder)   Library: "model" (path), "export" (gguf,
    ///   safetensors, pt, hf) Benchmark: "model" (path)
    void showPage(PageId page, const QVariantMap& arguments = {});
    /// A short sentence at the window's edge that goes by itself (bad ones stay until they are closed).
    void notify(const QString& message, Notice kind = Notice::Info);

  signals:
    void projectChanged();
    void pageWanted(distillix::ui::PageId page, const QVariantMap& arguments);
    void noticed(const QString& message, distillix::ui::Notice kind);

  private:
    void addActions();

    Settings* m_settings;
    Theme m_theme;
    ActionRegistry m_actions;
    JobList m_jobs;
    Project* m_project = nullptr;
    QString m_opening;
};

}  // namespace distillix::ui
