// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/status_bar.h"

#include <QFile>
#include <QJsonArray>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QToolButton>

#include "core/base/memory.h"
#include "ui/format.h"
#include "ui/jobs/background.h"
#include "ui/jobs/verb_process.h"

namespace distillix::ui {

StatusBar::StatusBar(Studio& studio, QWidget* parent)
    : QStatusBar(parent),
      m_studio(studio),
      m_project(new QToolButton),
      m_jobs(new QToolButton),
      m_memory(new QLabel),
      m_device(new QLabel),
      m_gauge(new QProgressBar),
      m_jobGauge(new QProgressBar) {
    setSizeGripEnabled(false);
    m_project->setObjectName("status.project");
    m_project->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_project->setAccessibleName(tr("Project"));
    m_jobs->setObjectName("status.jobs");
    m_jobs->setAccessibleName(tr("Running jobs"));
    m_jobs->setPopupMode(QToolButton::InstantPopup);
    // Filled when it opens, so that progress does not take an open one away.
    auto* menu = new QMenu(m_jobs);
    m_jobs->setMenu(menu);
    connect(menu, &QMenu::aboutToShow, this, [this, menu] {
        menu->clear();
        for (const JobList::Job& job : m_studio.jobs().jobs()) {
            QAction* action = menu->addAction(job.text.isEmpty() ? job.title : tr("%1: %2").arg(job.title, job.text));
            connect(action, &QAction::triggered, this, [this, page = job.page] { m_studio.showPage(page); });
        }
    });
    m_memory->setObjectName("status.memory");
    m_memory->setContentsMargins(0, 0, space::m, 0);
    m_device->setObjectName("status.device");
    m_device->setToolTip(tr("What trainings and chats compute on"));
    for (QProgressBar* bar : {m_gauge, m_jobGauge}) {
        bar->setTextVisible(false);
        bar->setFixedWidth(64);
    }
    m_gauge->setAccessibleName(tr("Memory in use"));
    m_jobGauge->setAccessibleName(tr("Progress of the job"));
    addWidget(m_project);
    addWidget(m_jobs);
    addWidget(m_jobGauge);
    addPermanentWidget(m_device);
    addPermanentWidget(m_gauge);
    addPermanentWidget(m_memory);

    connect(m_project, &QToolButton::clicked, m_studio.actions().find("file.open"), &QAction::trigger);
    connect(&m_studio, &Studio::projectChanged, this, &StatusBar::showProject);
    connect(&m_studio.jobs(), &JobList::changed, this, &StatusBar::showJobs);
    connect(&m_studio.theme(), &Theme::changed, this, &StatusBar::retint);
    connect(&m_poll, &QTimer::timeout, this, &StatusBar::pollMemory);
    m_poll.start(2000);
    pollMemory();
    readDevice();
    retint();
    showProject();
    showJobs();
}

void StatusBar::retint() {
    m_project->setIcon(m_studio.theme().icon("folder", Ink::Muted));
}

void StatusBar::showProject() {
    const Project* project = m_studio.project();
    m_project->setText(project ? project->name() : tr("No project"));
    m_project->setToolTip(project ? formatPath(project->path(), 100) : tr("Open a project"));
}

void StatusBar::showJobs() {
    const QList<JobList::Job>& jobs = m_studio.jobs().jobs();
    m_jobs->setVisible(!jobs.isEmpty());
    m_jobGauge->setVisible(!jobs.isEmpty());
    if (jobs.isEmpty()) return;
    const JobList::Job& first = jobs.first();
    QString text = first.text.isEmpty() ? first.title : tr("%1: %2").arg(first.title, first.text);
    if (jobs.size() > 1) text += tr("  (and %n more)", nullptr, static_cast<int>(jobs.size()) - 1);
    m_jobs->setText(text);
    m_jobGauge->setRange(0, first.fraction < 0 ? 0 : 1000);
    if (first.fraction >= 0) m_jobGauge->setValue(static_cast<int>(first.fraction * 1000));
}

void StatusBar::pollMemory() {
    if (m_polling) return;
    m_polling = true;
    struct Memory {
        double total, available;
    };
    background::run(
        [] {
            return Memory{double(memoryLimit()), double(memoryAvailable())};
        },
        this,
        [this](Memory memory) {
            m_polling = false;
            if (memory.total <= 0) return m_gauge->hide();
            const double used = memory.total - memory.available;
            m_gauge->setRange(0, 1000);
            m_gauge->setValue(static_cast<int>(1000 * used / memory.total));
            m_memory->setText(tr("%1 of %2").arg(formatBytes(used), formatBytes(memory.total)));
            m_memory->setToolTip(
                tr("Memory in use by all programs; %1 are free for a training").arg(formatBytes(memory.available)));
        });
}

void StatusBar::readDevice() {
    m_device->setText(tr("looking for devices…"));
    auto* verb = new VerbProcess(this);
    connect(verb, &VerbProcess::finished, this, [this, verb](const VerbOutcome& outcome) {
        verb->deleteLater();
        if (!outcome.ok) {
            m_device->setText(tr("device unknown"));
            m_device->setToolTip(outcome.text());
            return;
        }
        // The first is what the verbs take by themselves.
        const QJsonObject device = outcome.result.value("devices").toArray().first().toObject();
        m_device->setText(device.value("device").toString());
    });
    verb->start({"info", "device"});
}

}  // namespace distillix::ui
