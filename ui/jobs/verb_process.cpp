// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/verb_process.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <csignal>
#include <cstring>
#include <thread>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ui/jobs/background.h"

namespace distillix::ui {

namespace {

constexpr qsizetype kLongestLine = 32 << 20;     // a result with previews has some megabytes at most
constexpr qsizetype kLongestBacklog = 96 << 20;  // what may wait unread before the child counts as a runaway
constexpr qsizetype kParsedHere = 64 << 10;      // longer lines are parsed in the background
constexpr qsizetype kErrorTail = 8 << 10;
constexpr int kNonsenseShown = 200;  // lines that are no JSON: further ones are only counted
// Of children: what draws the window goes before what computes. Beside a training on all of two cores, an import and a
// chat, events waited for 43 to 60 ms at most with 5, and for 32 to 48 with 10.
constexpr int kNiceness = 10;
constexpr qint64 kSliceMs = 6;  // of handling lines before the window's other events have their turn

/// Of the calling thread and what it starts from now on, beside what it has. Where the system refuses it, it stays.
void beNice() {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), ::getpriority(PRIO_PROCESS, 0) + kNiceness);
}

QString signalName(int signal) {
    const char* abbreviation = sigabbrev_np(signal);
    return abbreviation ? QStringLiteral("SIG") + QString::fromLatin1(abbreviation) : QString::number(signal);
}

}  // namespace

VerbProcess::VerbProcess(QObject* parent) : QObject(parent), m_killer(new QTimer(this)) {
    m_killer->setSingleShot(true);
    connect(m_killer, &QTimer::timeout, this, [this] {
        if (m_process && !m_ended) {
            m_killedByUs = true;
            m_process->kill();
        }
    });
}

VerbProcess::~VerbProcess() {
    dropProcess();
}

QString VerbProcess::program() {
    const QString named = qEnvironmentVariable("DISTILLIX_CLI");
    if (!named.isEmpty()) return named;
    return QDir(QCoreApplication::applicationDirPath()).filePath(QStringLiteral("distillix"));
}

void VerbProcess::start(const QStringList& arguments) {
    startProgram(program(), arguments + QStringList{QStringLiteral("--json")});
}

void VerbProcess::dropProcess() {
    if (!m_process) return;
    m_process->disconnect(this);
    if (m_process->state() != QProcess::NotRunning) {
        // Not waited for here: the object reaps the child whenever it ends, and goes then.
        QProcess* process = m_process;
        process->setParent(nullptr);
        connect(process, &QProcess::finished, process, &QObject::deleteLater);
        connect(process, &QProcess::errorOccurred, process, [process](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart) process->deleteLater();
        });
        process->kill();
    } else {
        m_process->deleteLater();
    }
    m_process = nullptr;
}

void VerbProcess::startProgram(const QString& program, const QStringList& arguments) {
    dropProcess();
    m_killer->stop();
    ++m_generation;
    m_buffer.clear();
    m_begin = 0;
    m_errors.clear();
    m_last = {};
    m_nonsense = 0;
    m_exitCode = -1;
    m_signal = 0;
    m_ended = m_waiting = m_queued = m_skipping = m_cancelled = m_killedByUs = m_flooded = false;
    m_running = true;

    m_process = new QProcess(this);
    m_process->setProgram(program);
    m_process->setArguments(arguments);
    m_process->setChildProcessModifier([] {
        // A window that is killed leaves no import or chat behind, and a Ctrl-C in its terminal is the window's alone.
        ::prctl(PR_SET_PDEATHSIG, SIGINT);
        ::setpgid(0, 0);
        beNice();
    });
    connect(m_process, &QProcess::readyReadStandardOutput, this, &VerbProcess::readOutput);
    connect(m_process, &QProcess::readyReadStandardError, this, &VerbProcess::readErrors);
    connect(m_process, &QProcess::finished, this, &VerbProcess::childEnded);
    connect(m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error != QProcess::FailedToStart || m_ended) return;
        m_ended = true;
        m_last = {
            {QStringLiteral("type"), QStringLiteral("error")},
            {QStringLiteral("code"), QStringLiteral("not_started")},
            {QStringLiteral("where"), m_process->program()},
            {QStringLiteral("message"), tr("The command line could not be started: %1. It belongs beside the studio; "
                                           "DISTILLIX_CLI names another place.")
                                            .arg(m_process->errorString())}};
        // Told later, so that nobody hears of the end before start() has returned.
        QMetaObject::invokeMethod(this, &VerbProcess::finishWhenDrained, Qt::QueuedConnection);
    });
    m_process->start();
}

void VerbProcess::send(const QJsonObject& request) {
    if (!m_process || m_ended) return;
    m_process->write(QJsonDocument(request).toJson(QJsonDocument::Compact) + '\n');
}

void VerbProcess::closeInput() {
    if (m_process) m_process->closeWriteChannel();
}

void VerbProcess::cancel() {
    if (!m_process || m_ended) return;
    const qint64 child = m_process->processId();
    if (child <= 0) return;
    m_cancelled = true;
    ::kill(static_cast<pid_t>(child), SIGINT);
    // A child that somebody has stopped (SIGSTOP) hears nothing before it goes on.
    ::kill(static_cast<pid_t>(child), SIGCONT);
    if (!m_killer->isActive()) m_killer->start(m_graceMs);
}

void VerbProcess::readOutput() {
    if (!m_process) return;
    m_buffer += m_process->readAllStandardOutput();
    if (m_buffer.size() - m_begin > kLongestBacklog && !m_flooded) {
        m_flooded = true;
        m_killedByUs = true;
        m_process->kill();
    }
    drain();
}

void VerbProcess::readErrors() {
    if (!m_process) return;
    m_errors += m_process->readAllStandardError();
    if (m_errors.size() > 2 * kErrorTail) m_errors = m_errors.right(kErrorTail);
}

void VerbProcess::drain() {
    QElapsedTimer slice;
    slice.start();
    const quint64 generation = m_generation;
    while (!m_waiting) {
        const qsizetype end = m_buffer.indexOf('\n', m_begin);
        if (end < 0) {
            // The part that is handled goes, so that the buffer does not grow with the child's life.
            m_buffer.remove(0, m_begin);
            m_begin = 0;
            if (m_buffer.size() > kLongestLine) {
                m_buffer.clear();
                if (!m_skipping) emit logged(QStringLiteral("warning"), tr("A line that is too long was passed over."));
                if (generation != m_generation) return;
                m_skipping = true;
            }
            break;
        }
        const QByteArray line = m_buffer.mid(m_begin, end - m_begin);
        m_begin = end + 1;
        if (m_skipping) {
            m_skipping = false;
        } else {
            handleLine(line);
            // A slot may have started another child, or be done with this one.
            if (generation != m_generation) return;
        }
        if (slice.elapsed() > kSliceMs) {
            if (!m_queued) {
                m_queued = true;
                QTimer::singleShot(0, this, [this, generation] {
                    if (generation != m_generation) return;
                    m_queued = false;
                    drain();
                });
            }
            return;
        }
    }
    if (m_ended) finishWhenDrained();
}

void VerbProcess::handleLine(const QByteArray& line) {
    const auto parse = [](const QByteArray& bytes) { return QJsonDocument::fromJson(bytes); };
    if (line.size() <= kParsedHere) {
        const QJsonDocument document = parse(line);
        if (document.isObject())
            handleObject(document.object());
        else
            handleNonsense(line);
        return;
    }
    m_waiting = true;
    background::run([line, parse] { return parse(line); }, this,
                    [this, line, generation = m_generation](const QJsonDocument& document) {
                        if (generation != m_generation) return;
                        m_waiting = false;
                        if (document.isObject())
                            handleObject(document.object());
                        else
                            handleNonsense(line);
                        if (generation == m_generation) drain();
                    });
}

void VerbProcess::handleObject(const QJsonObject& object) {
    const QString type = object.value(QStringLiteral("type")).toString();
    if (object.contains(QStringLiteral("id"))) {
        emit replied(object);
    } else if (type == QStringLiteral("progress")) {
        emit progressed(object);
    } else if (type == QStringLiteral("event")) {
        emit eventHappened(object);
    } else if (type == QStringLiteral("log")) {
        emit logged(object.value(QStringLiteral("level")).toString(),
                    object.value(QStringLiteral("message")).toString());
    } else if (type == QStringLiteral("result") || type == QStringLiteral("error")) {
        m_last = object;
    }
    // Other types are those of later versions.
}

void VerbProcess::handleNonsense(const QByteArray& line) {
    if (line.trimmed().isEmpty()) return;
    if (++m_nonsense > kNonsenseShown) return;
    emit logged(QStringLiteral("output"), QString::fromUtf8(line.left(2000)));
    if (m_nonsense == kNonsenseShown)
        emit logged(QStringLiteral("warning"), tr("The child prints what is no JSON; more of it is passed over."));
}

void VerbProcess::childEnded(int exitCode, QProcess::ExitStatus status) {
    readErrors();
    m_buffer += m_process->readAllStandardOutput();
    // A last line without its end is a line all the same.
    if (m_buffer.size() > m_begin && !m_buffer.endsWith('\n')) m_buffer += '\n';
    m_ended = true;
    if (status == QProcess::NormalExit)
        m_exitCode = exitCode;
    else
        m_signal = exitCode;  // on Unix Qt gives the signal's number here
    m_killer->stop();
    drain();
}

void VerbProcess::finishWhenDrained() {
    if (!m_ended || !m_running || m_waiting) return;
    m_running = false;
    VerbOutcome outcome;
    outcome.exitCode = m_exitCode;
    outcome.signal = m_signal;
    outcome.lastLines = QString::fromUtf8(m_errors.right(kErrorTail)).trimmed();
    const QString type = m_last.value(QStringLiteral("type")).toString();
    if (type == QStringLiteral("result") && m_signal == 0) {
        outcome.ok = true;
        outcome.result = m_last.value(QStringLiteral("result")).toObject();
    } else if (type == QStringLiteral("error")) {
        outcome.code = m_last.value(QStringLiteral("code")).toString();
        outcome.message = m_last.value(QStringLiteral("message")).toString();
        outcome.where = m_last.value(QStringLiteral("where")).toString();
    } else if (m_flooded) {
        outcome.code = QStringLiteral("killed");
        outcome.message = tr("The child printed more than can be read, and was ended.");
    } else if (m_cancelled) {
        outcome.code = QStringLiteral("cancelled");
        outcome.message =
            m_killedByUs ? tr("It did not answer when it was asked to stop, and was killed.") : tr("Cancelled.");
    } else if (m_signal != 0) {
        outcome.code = QStringLiteral("killed");
        outcome.message = tr("The process was ended by %1 (signal %2).").arg(signalName(m_signal)).arg(m_signal);
        if (m_signal == SIGKILL)
            outcome.message += QLatin1Char(' ') + tr("The system does that where memory runs out.");
    } else {
        outcome.code = QStringLiteral("no_result");
        outcome.message = tr("The process ended with code %1 and gave no result.").arg(m_exitCode);
    }
    emit finished(outcome);
}

qint64 VerbProcess::startDetached(const QStringList& arguments, const QString& logFile, QString* error) {
    QProcess process;
    process.setProgram(program());
    process.setArguments(arguments);
    process.setStandardInputFile(QProcess::nullDevice());
    process.setStandardOutputFile(logFile, QIODevice::Append);
    process.setStandardErrorFile(logFile, QIODevice::Append);
    qint64 child = 0;
    bool started = false;
    // A child inherits the niceness of the thread that makes it, and a thread never gets its own back: so one that
    // ends.
    std::thread([&] {
        beNice();
        started = process.startDetached(&child);
    }).join();
    if (started) return child;
    if (error)
        *error =
            tr("%1 could not be started: %2").arg(QDir::toNativeSeparators(process.program()), process.errorString());
    return 0;
}

}  // namespace distillix::ui
