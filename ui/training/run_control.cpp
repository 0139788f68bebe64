// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training/run_control.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <fstream>

#include "core/train/run_folder.h"
#include "ui/jobs/background.h"
#include "ui/jobs/verb_process.h"

namespace distillix::ui {
namespace {

/// Whether a process is gone, or a body that nobody has buried (a container without an init).
bool hasEnded(qint64 pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto end = text.rfind(')');
    if (end == std::string::npos) return true;
    return text.size() > end + 2 && (text[end + 2] == 'Z' || text[end + 2] == 'X');
}

/// What a trainer that ended at once has said: the end of it, for people.
QString lastWords(const QString& file) {
    QFile log(file);
    if (!log.open(QIODevice::ReadOnly)) return {};
    if (log.size() > 4000) log.seek(log.size() - 4000);
    QStringList lines = QString::fromUtf8(log.readAll()).split('\n', Qt::SkipEmptyParts);
    while (lines.size() > 6) lines.removeFirst();
    return lines.join('\n').trimmed();
}

}  // namespace

RunControl::RunControl(QObject* parent) : QObject(parent) {
    m_timer.setInterval(200);
    connect(&m_timer, &QTimer::timeout, this, &RunControl::look);
}

bool RunControl::isStarting(const QString& run) const {
    return std::any_of(m_starts.begin(), m_starts.end(), [&](const Start& start) { return start.run == run; });
}

void RunControl::startNew(const QString& run, const QStringList& arguments) {
    launch(run, QStringList{"train", "new", run} + arguments, false);
}

void RunControl::resume(const QString& run, const QStringList& arguments) {
    launch(run, QStringList{"train", "resume", run} + arguments, true);
}

void RunControl::launch(const QString& run, const QStringList& arguments, bool resumes) {
    if (isStarting(run)) return;
    const QFileInfo place(run);
    Start start{run, place.path() + "/." + place.fileName() + ".starting.txt", 0, resumes};
    m_starts.push_back(start);
    background::run(
        [start, arguments] {
            QDir().mkpath(QFileInfo(start.run).path());
            QFile::remove(start.logFile);
            QString error;
            const qint64 pid = VerbProcess::startDetached(arguments, start.logFile, &error);
            return std::pair(pid, error);
        },
        this,
        [this, run, resumes](const std::pair<qint64, QString>& result) {
            const auto found =
                std::find_if(m_starts.begin(), m_starts.end(), [&](const Start& each) { return each.run == run; });
            if (found == m_starts.end()) return;
            if (result.first == 0) {
                m_starts.erase(found);
                emit startFailed(run, result.second, resumes);
                return;
            }
            found->pid = result.first;
            m_timer.start();
        });
}

void RunControl::look() {
    if (m_looking) return;
    m_looking = true;
    struct Found {
        QString run, words;
        bool resumes = false, there = false, ended = false;
    };
    background::run(
        [starts = m_starts] {
            std::vector<Found> all;
            for (const Start& start : starts) {
                if (start.pid == 0) continue;
                Found found{start.run, {}, start.resumes, false, false};
                // The order matters: a trainer that ends between the two looks has left its folder first.
                found.ended = hasEnded(start.pid);
                if (const auto run = readRun(std::filesystem::path(start.run.toStdString())); run.ok())
                    found.there = start.resumes
                                      ? run->pid == start.pid || (found.ended && run->state == RunState::Finished)
                                      : true;
                if (found.ended && !found.there) found.words = lastWords(start.logFile);
                // The trainer goes on writing into it, but nobody needs it any more: its log is in the run's folder.
                if (found.there || found.ended) QFile::remove(start.logFile);
                all.push_back(found);
            }
            return all;
        },
        this,
        [this](const std::vector<Found>& all) {
            m_looking = false;
            for (const Found& found : all) {
                if (!found.there && !found.ended) continue;
                std::erase_if(m_starts, [&](const Start& each) { return each.run == found.run; });
                if (found.there)
                    emit started(found.run);
                else
                    emit startFailed(found.run,
                                     found.words.isEmpty() ? tr("The trainer ended without a word.") : found.words,
                                     found.resumes);
            }
            if (m_starts.empty()) m_timer.stop();
        });
}

void RunControl::ask(const QString& command, const QString& run, const QStringList& arguments) {
    auto* verb = new VerbProcess(this);
    connect(verb, &VerbProcess::finished, this, [this, verb, command, run](const VerbOutcome& outcome) {
        verb->deleteLater();
        if (outcome.ok)
            emit answered(command, run, outcome.result.value("message").toString());
        else
            emit refused(command, run, outcome.message);
    });
    verb->start(QStringList{"runs", command, run} + arguments);
    emit asked(command, run);
}

}  // namespace distillix::ui
