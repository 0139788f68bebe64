// SPDX-License-Identifier: GPL-3.0-or-later
// A model that can be asked: one long-lived `distillix chat --json` (core/jobs/PROTOCOL.md). Of a run it takes the
// latest checkpoint and, as training writes better ones, opens those beside and goes over to them between two answers.
#pragma once

#include <QElapsedTimer>
#include <QHash>
#include <QJsonObject>
#include <QObject>
#include <QTimer>
#include <functional>
#include <memory>

#include "ui/jobs/verb_process.h"
#include "ui/models/conversation.h"

namespace distillix::ui {

class ModelTalker : public QObject {
    Q_OBJECT
  public:
    enum class State { Off, Loading, Ready, Failed };

    explicit ModelTalker(QObject* parent = nullptr);
    ~ModelTalker() override;

    /// Opens a model folder, a checkpoint or a run. The same as before does nothing, unless it failed. Ends what is
    /// asked.
    void open(const QString& path, const QString& templateName);
    void close();

    State state() const { return m_state; }
    const QString& path() const { return m_path; }
    /// For people: "first · step 1,200". Of what answers now.
    QString label() const { return m_voice ? m_voice->label : m_label; }
    QString templateName() const { return m_voice ? m_voice->templateName : QString(); }
    QString device() const { return m_voice ? m_voice->device : QString(); }
    int context() const { return m_voice ? m_voice->context : 0; }
    const QString& error() const { return m_error; }
    qint64 pid() const { return m_voice ? m_voice->process->pid() : 0; }

    /// Asks for an answer. Waits by itself until the model is there, and only then calls `keys` for those of
    /// "generate": what can be asked depends on the model's template. The number is for the signals below, which end
    /// with answered() or refused() for it.
    int ask(std::function<QJsonObject()> keys);
    /// How many tokens that would be; counted() tells. Only while the model is ready and idle; else 0 and nothing.
    int count(const QJsonObject& keys);
    /// True where texts are simply continued, whatever they are.
    bool hasNoTemplate() const { return m_voice && m_voice->templateName == QLatin1String("none"); }
    /// Ends with refused() or answered() as it may be, and within some seconds whatever the child does.
    void cancel(int id);
    bool isBusy() const { return !m_asked.isEmpty(); }

  signals:
    void stateChanged();
    /// Another checkpoint of the same run answers from now on.
    void reread(const QString& label);
    void prompted(int id, const QJsonObject& figures);
    void wrote(int id, const QString& text);
    void drew(int id, const distillix::ui::AnswerToken& token, bool ends);
    void answered(int id, const QJsonObject& result, double firstTokenMs);
    void refused(int id, const QString& code, const QString& message);
    void counted(int id, int tokens, int context);

  private:
    /// A child and what it said of itself.
    struct Voice {
        VerbProcess* process = nullptr;
        QString folder, label, templateName, device;
        int context = 0;
        bool ready = false;
    };
    struct Asked {
        std::function<QJsonObject()> keys;
        QElapsedTimer since;
        double firstTokenMs = 0;
        bool sent = false, counts = false;
    };
    struct Resolved {
        QString folder, label, error;
    };
    static Resolved resolve(const QString& path);

    void resolveAgain(bool first);
    std::unique_ptr<Voice> start(const Resolved& what);
    void retire(std::unique_ptr<Voice> voice);
    void becomeReady(Voice* voice, const QJsonObject& line);
    void childFinished(Voice* voice, const VerbOutcome& outcome);
    void lineCame(const QJsonObject& line);
    void sendWaiting();
    void goOver();
    void giveUp();
    void fail(const QString& code, const QString& why);
    void setState(State state);

    State m_state = State::Off;
    QString m_path, m_template, m_label, m_error;
    std::unique_ptr<Voice> m_voice, m_next;
    QHash<int, Asked> m_asked;
    QTimer m_watch, m_patience;
    int m_lastId = 0;
    int m_stopping = 0;  // what was last asked to stop
    int m_opening = 0;   // of open()s: what was resolved for an earlier one is dropped
    bool m_resolving = false;
};

}  // namespace distillix::ui
