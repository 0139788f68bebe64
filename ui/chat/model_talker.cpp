// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/model_talker.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QLocale>
#include <filesystem>

#include "core/train/run_folder.h"
#include "ui/jobs/background.h"

namespace distillix::ui {
namespace {

constexpr int kWatchMs = 2000;     // how often a run is looked at for a newer checkpoint
constexpr int kPatienceMs = 5000;  // for a model that was asked to stop: it looks between two tokens

AnswerToken tokenFrom(const QJsonObject& line) {
    constexpr double kNever = -1e9;
    AnswerToken token{line["token"].toInt(), line["shown"].toString(), line["logprob"].toDouble(kNever), true, {}};
    for (const QJsonValue& value : line["alternatives"].toArray()) {
        const QJsonObject other = value.toObject();
        token.alternatives.append(
            {other["token"].toInt(), other["shown"].toString(), other["logprob"].toDouble(kNever)});
    }
    return token;
}

}  // namespace

ModelTalker::ModelTalker(QObject* parent) : QObject(parent) {
    m_watch.setInterval(kWatchMs);
    connect(&m_watch, &QTimer::timeout, this, [this] { resolveAgain(false); });
    m_patience.setSingleShot(true);
    m_patience.setInterval(kPatienceMs);
    connect(&m_patience, &QTimer::timeout, this, &ModelTalker::giveUp);
}

ModelTalker::~ModelTalker() = default;  // the processes are children of this object, and kill theirs

ModelTalker::Resolved ModelTalker::resolve(const QString& path) {
    const std::filesystem::path folder = path.toStdString();
    const QString name = QFileInfo(path).fileName();
    std::error_code ignored;
    if (std::filesystem::exists(folder / "run.json", ignored)) {
        const auto checkpoints = runCheckpoints(folder);
        if (checkpoints.empty())
            return {{}, name, tr("This run has no checkpoint yet. It can answer as soon as training has written one.")};
        return {QString::fromStdString(checkpoints.back().path.string()),
                tr("%1 · step %L2").arg(name).arg(checkpoints.back().step),
                {}};
    }
    if (!std::filesystem::exists(folder / "config.json", ignored)) {
        const bool there = std::filesystem::exists(folder, ignored);
        return {{},
                name,
                there ? tr("%1 is no model: it has no config.json").arg(QDir::toNativeSeparators(path))
                      : tr("%1 is not there any more").arg(QDir::toNativeSeparators(path))};
    }
    // A checkpoint within its run: RUN/checkpoints/step-00000100.
    const QFileInfo parent(QFileInfo(path).path());
    if (parent.fileName() == QLatin1String("checkpoints") && name.startsWith(QLatin1String("step-")))
        return {path, tr("%1 · step %L2").arg(QFileInfo(parent.path()).fileName()).arg(name.mid(5).toLongLong()), {}};
    return {path, name, {}};
}

void ModelTalker::open(const QString& path, const QString& templateName) {
    if (path == m_path && templateName == m_template && m_state != State::Failed && m_state != State::Off) return;
    close();
    if (path.isEmpty()) return;
    m_path = path;
    m_template = templateName;
    m_label = QFileInfo(path).fileName();
    setState(State::Loading);
    resolveAgain(true);
}

void ModelTalker::close() {
    ++m_opening;
    m_resolving = false;
    m_watch.stop();
    retire(std::move(m_voice));
    retire(std::move(m_next));
    m_path.clear();
    fail(QStringLiteral("cancelled"), tr("The model was closed"));
    m_error.clear();
    setState(State::Off);
}

void ModelTalker::setState(State state) {
    m_state = state;
    emit stateChanged();
}

void ModelTalker::resolveAgain(bool first) {
    if (m_resolving) return;
    m_resolving = true;
    const int opening = m_opening;
    background::run([path = m_path] { return resolve(path); }, this,
                    [this, opening, first](Resolved found) mutable {
                        if (opening != m_opening) return;
                        m_resolving = false;
                        if (found.folder.isEmpty()) {
                            // A run's folder may be away for a moment; what has been loaded answers all the same.
                            if (first || m_state == State::Loading) {
                                m_error = found.error;
                                fail(QStringLiteral("not_found"), found.error);
                                setState(State::Failed);
                                m_watch.start();
                            }
                            return;
                        }
                        if (m_state == State::Failed && !first) {  // it has come since
                            m_error.clear();
                            setState(State::Loading);
                            first = true;
                        }
                        if (first) {
                            m_voice = start(found);
                            // Only what is named as a run changes.
                            if (found.folder != m_path)
                                m_watch.start();
                            else
                                m_watch.stop();
                            emit stateChanged();
                            return;
                        }
                        const QString newest = m_next ? m_next->folder : m_voice ? m_voice->folder : QString();
                        if (newest == found.folder || m_state != State::Ready) return;
                        retire(std::move(m_next));
                        m_next = start(found);
                    });
}

std::unique_ptr<ModelTalker::Voice> ModelTalker::start(const Resolved& what) {
    auto voice = std::make_unique<Voice>();
    voice->process = new VerbProcess(this);
    voice->folder = what.folder;
    voice->label = what.label;
    Voice* self = voice.get();
    connect(voice->process, &VerbProcess::eventHappened, this, [this, self](const QJsonObject& line) {
        if (line["event"].toString() == QLatin1String("ready")) becomeReady(self, line);
    });
    connect(voice->process, &VerbProcess::replied, this, [this, self](const QJsonObject& line) {
        if (self == m_voice.get()) lineCame(line);
    });
    connect(voice->process, &VerbProcess::finished, this,
            [this, self](const VerbOutcome& outcome) { childFinished(self, outcome); });
    voice->process->start({QStringLiteral("chat"), what.folder, QStringLiteral("--template"), m_template});
    return voice;
}

/// Lets a child end by itself, and forgets it.
void ModelTalker::retire(std::unique_ptr<Voice> voice) {
    if (!voice) return;
    VerbProcess* process = voice->process;
    disconnect(process, nullptr, this, nullptr);
    if (!process->isRunning()) {
        process->deleteLater();
        return;
    }
    connect(process, &VerbProcess::finished, process, &QObject::deleteLater);
    process->setGracePeriod(3000);
    process->cancel();
}

void ModelTalker::becomeReady(Voice* voice, const QJsonObject& line) {
    voice->ready = true;
    voice->context = line["context"].toInt();
    voice->templateName = line["template"].toString();
    voice->device = line["device"].toString();
    if (voice == m_next.get()) {
        goOver();
        return;
    }
    if (voice != m_voice.get()) return;
    m_error.clear();
    setState(State::Ready);
    sendWaiting();
}

/// To the newer checkpoint, when nobody is in the middle of an answer.
void ModelTalker::goOver() {
    if (!m_next || !m_next->ready || isBusy()) return;
    retire(std::move(m_voice));
    m_voice = std::move(m_next);
    setState(State::Ready);
    emit reread(m_voice->label);
}

void ModelTalker::childFinished(Voice* voice, const VerbOutcome& outcome) {
    if (voice == m_next.get()) {  // its checkpoint may have been rotated away: the next look finds a newer one
        m_next->process->deleteLater();
        m_next.reset();
        return;
    }
    if (voice != m_voice.get()) return;
    m_label = m_voice->label;
    m_voice->process->deleteLater();
    m_voice.reset();
    m_error = outcome.ok ? tr("The model's process ended") : outcome.text();
    if (!outcome.lastLines.isEmpty() && outcome.code != QLatin1String("usage") && outcome.signal)
        m_error += QLatin1Char('\n') + outcome.lastLines;
    m_watch.stop();
    retire(std::move(m_next));
    fail(outcome.code.isEmpty() ? QStringLiteral("killed") : outcome.code, m_error);
    setState(State::Failed);
}

/// Everything that was asked ends without an answer.
void ModelTalker::fail(const QString& code, const QString& why) {
    const auto asked = std::exchange(m_asked, {});
    for (auto at = asked.cbegin(); at != asked.cend(); ++at)
        if (!at->counts) emit refused(at.key(), code, why);
}

int ModelTalker::ask(std::function<QJsonObject()> keys) {
    const int id = ++m_lastId;
    Asked asked;
    asked.keys = std::move(keys);
    asked.since.start();
    m_asked.insert(id, asked);
    if (m_state == State::Failed) {  // tries again, by itself
        ++m_opening;
        m_resolving = false;
        m_error.clear();
        setState(State::Loading);
        resolveAgain(true);
    } else {
        sendWaiting();
    }
    return id;
}

int ModelTalker::count(const QJsonObject& keys) {
    if (m_state != State::Ready || isBusy()) return 0;
    const int id = ++m_lastId;
    Asked asked;
    asked.keys = [keys] { return keys; };
    asked.counts = true;
    asked.since.start();
    m_asked.insert(id, asked);
    sendWaiting();
    return id;
}

void ModelTalker::sendWaiting() {
    if (m_state != State::Ready || !m_voice) return;
    QList<int> ids;
    for (auto at = m_asked.cbegin(); at != m_asked.cend(); ++at)
        if (!at->sent) ids.append(at.key());
    std::sort(ids.begin(), ids.end());
    for (const int id : ids) {
        Asked& asked = m_asked[id];
        asked.sent = true;
        asked.since.restart();  // loading the model is no part of the first token's time
        QJsonObject request = asked.keys();
        request["id"] = id;
        request["request"] = asked.counts ? QStringLiteral("count") : QStringLiteral("generate");
        m_voice->process->send(request);
    }
}

void ModelTalker::cancel(int id) {
    const auto at = m_asked.find(id);
    if (at == m_asked.end()) return;
    if (!at->sent) {
        m_asked.erase(at);
        emit refused(id, QStringLiteral("cancelled"), {});
        return;
    }
    if (m_voice) m_voice->process->send({{"id", ++m_lastId}, {"request", QStringLiteral("cancel")}, {"target", id}});
    m_stopping = id;
    m_patience.start();
}

/// A child that hangs is ended; what it was asked ends without an answer, and the next question starts another one.
void ModelTalker::giveUp() {
    if (!m_asked.contains(m_stopping)) return;
    m_error =
        tr("The model did not answer when it was asked to stop, and was ended. The next question starts it anew.");
    m_watch.stop();
    retire(std::move(m_voice));
    retire(std::move(m_next));
    fail(QStringLiteral("killed"), m_error);
    setState(State::Failed);
}

void ModelTalker::lineCame(const QJsonObject& line) {
    const int id = line["id"].toInt();
    const auto at = m_asked.find(id);
    if (at == m_asked.end()) return;
    const QString type = line["type"].toString();
    if (type == QLatin1String("event")) {
        const QString event = line["event"].toString();
        if (event == QLatin1String("prompt")) {
            emit prompted(id, line);
            return;
        }
        const bool token = event == QLatin1String("token");
        if ((token || event == QLatin1String("text")) && at->firstTokenMs == 0)
            at->firstTokenMs = static_cast<double>(at->since.nsecsElapsed()) / 1e6;
        if (token)
            emit drew(id, tokenFrom(line), line["ends"].toBool());
        else if (event == QLatin1String("text"))
            emit wrote(id, line["text"].toString());
        return;
    }
    const Asked asked = *at;
    m_asked.erase(at);
    if (type == QLatin1String("result")) {
        const QJsonObject result = line["result"].toObject();
        if (asked.counts)
            emit counted(id, result["tokens"].toInt(), result["context"].toInt());
        else
            emit answered(id, result, asked.firstTokenMs);
    } else if (type == QLatin1String("error") && !asked.counts) {
        const QString where = line["where"].toString(), message = line["message"].toString();
        emit refused(id, line["code"].toString(), where.isEmpty() ? message : where + QStringLiteral(": ") + message);
    }
    goOver();
}

}  // namespace distillix::ui
