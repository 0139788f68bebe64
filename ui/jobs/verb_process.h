// SPDX-License-Identifier: GPL-3.0-or-later
// One `distillix VERB ... --json` child (core/jobs/PROTOCOL.md), as signals of plain values.
#pragma once

#include <QElapsedTimer>
#include <QJsonObject>
#include <QObject>
#include <QProcess>
#include <QStringList>
#include <QTimer>

namespace distillix::ui {

/// What became of a verb.
struct VerbOutcome {
    bool ok = false;
    QJsonObject result;  ///< of the line "result"
    QString code;        ///< of the line "error"; "killed", "no_result" or "not_started" where the child said neither
    QString message;     ///< for people; empty where ok
    QString where;       ///< file, line, tensor or byte; may be empty
    int exitCode = -1;   ///< -1 where it did not exit by itself
    int signal = 0;      ///< that ended it, or 0
    QString lastLines;   ///< the end of what it wrote on standard error

    /// "where: message", or the message alone.
    QString text() const { return where.isEmpty() ? message : where + QStringLiteral(": ") + message; }
    bool cancelled() const { return code == QStringLiteral("cancelled"); }
};

/// The child lives as long as it likes; this object lives on the window's thread and never waits for it. Destroyed
/// while the child runs, it kills it. One object runs one child at a time, as often as one likes. Children are nicer
/// than the window by a few steps, detached ones too, so that it stays fluid while they compute on all processors.
class VerbProcess : public QObject {
    Q_OBJECT
  public:
    explicit VerbProcess(QObject* parent = nullptr);
    ~VerbProcess() override;

    /// Where the command line is: DISTILLIX_CLI, else beside the studio's own program.
    static QString program();
    /// Starts `distillix arguments... --json`. Ends what still runs of an earlier start() without a word.
    void start(const QStringList& arguments);
    /// For tests and other children that speak the protocol.
    void startProgram(const QString& program, const QStringList& arguments);
    /// One request for a long-lived verb.
    void send(const QJsonObject& request);
    void closeInput();
    /// Asks the child to stop (SIGINT), and kills it where it has not ended when the grace period is over.
    void cancel();
    void setGracePeriod(int milliseconds) { m_graceMs = milliseconds; }
    bool isRunning() const { return m_running; }
    qint64 pid() const { return m_process ? m_process->processId() : 0; }

    /// Starts a child that outlives the window (a training): in a session of its own, with what it says appended to
    /// `logFile`. Its process id, or 0 with `error` set. Touches the disk: call it in background::run.
    static qint64 startDetached(const QStringList& arguments, const QString& logFile, QString* error);

  signals:
    void progressed(const QJsonObject& line);
    void eventHappened(const QJsonObject& line);
    /// Log lines, and whatever else the child prints that is no line of the protocol (level "output").
    void logged(const QString& level, const QString& message);
    /// A line of whatever type that carries an id: the answer to a send().
    void replied(const QJsonObject& line);
    /// Exactly once for each start(), whatever became of the child.
    void finished(const distillix::ui::VerbOutcome& outcome);

  private:
    void readOutput();
    void readErrors();
    void drain();
    void handleLine(const QByteArray& line);
    void handleObject(const QJsonObject& object);
    void handleNonsense(const QByteArray& line);
    void childEnded(int exitCode, QProcess::ExitStatus status);
    void finishWhenDrained();
    void dropProcess();

    QProcess* m_process = nullptr;
    QTimer* m_killer;
    QByteArray m_buffer;  ///< what came and is not handled yet
    qsizetype m_begin = 0;
    QByteArray m_errors;
    QJsonObject m_last;  ///< the result or error line without an id
    int m_graceMs = 20000;
    int m_nonsense = 0;
    int m_exitCode = -1;
    int m_signal = 0;
    bool m_running = false;
    bool m_ended = false;    ///< the child is gone; what it printed may still wait
    bool m_waiting = false;  ///< a long line is being parsed in the background
    bool m_queued = false;
    bool m_skipping = false;  ///< inside a line that is too long
    bool m_cancelled = false;
    bool m_killedByUs = false;
    bool m_flooded = false;
    quint64 m_generation = 0;  ///< of start()s: what comes late belongs to an earlier child
};

}  // namespace distillix::ui

Q_DECLARE_METATYPE(distillix::ui::VerbOutcome)
