// SPDX-License-Identifier: GPL-3.0-or-later
// Children that answer, refuse, hang, die, and print nonsense: the window hears of each once, and lives.
#include "ui/jobs/verb_process.h"

#include <QFile>
#include <QJsonArray>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <clocale>
#include <csignal>

#include <sys/resource.h>

#include "tests/ui/support.h"
#include "ui/jobs/background.h"

namespace distillix::ui {

class VerbProcessTest : public QObject {
    Q_OBJECT

    /// What became of a shell script that plays the child.
    static VerbOutcome run(VerbProcess& verb, const QString& script) {
        QSignalSpy ended(&verb, &VerbProcess::finished);
        verb.startProgram("/bin/sh", {"-c", script});
        if (!waitFor([&] { return !ended.isEmpty(); }))
            QTest::qFail("the child's end was not told", __FILE__, __LINE__);
        // Exactly once: nothing more comes when everything that is queued has had its turn.
        QCoreApplication::processEvents();
        if (ended.size() != 1) QTest::qFail("the end was told more than once", __FILE__, __LINE__);
        return ended.value(0).value(0).value<VerbOutcome>();
    }

  private slots:
    void realVerbGivesItsResult() {
        VerbProcess verb;
        QSignalSpy ended(&verb, &VerbProcess::finished);
        verb.start({"info", "device"});
        QVERIFY(verb.isRunning());
        QVERIFY(waitFor([&] { return !ended.isEmpty(); }));
        const auto outcome = ended[0][0].value<VerbOutcome>();
        QVERIFY2(outcome.ok, qPrintable(outcome.text()));
        QVERIFY(!outcome.result["devices"].toArray().isEmpty());
        QVERIFY(!verb.isRunning());
    }

    void realVerbSaysWhatIsWrong() {
        VerbProcess verb;
        QSignalSpy ended(&verb, &VerbProcess::finished);
        verb.start({"info", "model", "/nowhere/at/all"});
        QVERIFY(waitFor([&] { return !ended.isEmpty(); }));
        const auto outcome = ended[0][0].value<VerbOutcome>();
        QVERIFY(!outcome.ok);
        QCOMPARE(outcome.code, QString("not_found"));
        QCOMPARE(outcome.exitCode, 4);
        QVERIFY(outcome.text().contains("/nowhere/at/all"));
    }

    void cancelledImportLeavesNothing() {
        QTemporaryDir folder;
        QFile data(folder.filePath("data.jsonl"));
        QVERIFY(data.open(QIODevice::WriteOnly));
        for (int i = 0; i < 400000; ++i)
            data.write("{\"text\": \"line " + QByteArray::number(i) +
                       " of a text that is long enough to be worth a token or two\"}\n");
        data.close();
        VerbProcess import;
        QSignalSpy ended(&import, &VerbProcess::finished);
        QSignalSpy progress(&import, &VerbProcess::progressed);
        import.start({"import", data.fileName(), "--vocab-size", "500", "--out", folder.filePath("dataset")});
        QVERIFY(waitFor([&] { return !progress.isEmpty() || !ended.isEmpty(); }));
        QVERIFY2(ended.isEmpty(), "the import was over before it could be cancelled");
        import.cancel();
        QVERIFY(waitFor([&] { return !ended.isEmpty(); }));
        const auto outcome = ended[0][0].value<VerbOutcome>();
        QVERIFY2(outcome.cancelled(), qPrintable(outcome.code + " " + outcome.text()));
        QCOMPARE(QDir(folder.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot),
                 QStringList{"data.jsonl"});
    }

    void programThatIsNotThere() {
        VerbProcess verb;
        QSignalSpy ended(&verb, &VerbProcess::finished);
        verb.startProgram("/nowhere/distillix", {});
        QVERIFY(waitFor([&] { return !ended.isEmpty(); }));
        const auto outcome = ended[0][0].value<VerbOutcome>();
        QCOMPARE(outcome.code, QString("not_started"));
        QVERIFY(outcome.text().contains("/nowhere/distillix"));
        QCOMPARE(ended.size(), 1);
    }

    void childrenLeaveTheWindowTheFirstTurn() {
        const int own = ::getpriority(PRIO_PROCESS, 0);
        VerbProcess child;
        QSignalSpy said(&child, &VerbProcess::logged);
        child.startProgram("/bin/sh", {"-c", "nice"});
        QVERIFY(waitFor([&] { return !said.isEmpty(); }));
        QCOMPARE(said[0][1].toString().toInt(), std::min(own + 10, 19));
        // Those that outlive it too, and it does not get nicer itself by starting them.
        QTemporaryDir folder;
        const QString program = folder.filePath("nice.sh"), log = folder.filePath("log");
        QFile script(program);
        QVERIFY(script.open(QIODevice::WriteOnly) && script.write("#!/bin/sh\nnice\n") > 0);
        script.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        script.close();
        const QByteArray before = qgetenv("DISTILLIX_CLI");
        qputenv("DISTILLIX_CLI", program.toUtf8());
        QString error;
        const qint64 pid = VerbProcess::startDetached({}, log, &error);
        qputenv("DISTILLIX_CLI", before);
        QVERIFY2(pid > 0, qPrintable(error));
        const auto written = [&] {
            QFile file(log);
            return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()).trimmed() : QString();
        };
        QVERIFY(waitFor([&] { return !written().isEmpty(); }));
        QCOMPARE(written().toInt(), std::min(own + 10, 19));
        QCOMPARE(::getpriority(PRIO_PROCESS, 0), own);
    }

    void killedChildIsToldAsThat() {
        VerbProcess verb;
        const VerbOutcome outcome = run(verb, "echo last words >&2; kill -9 $$");
        QVERIFY(!outcome.ok);
        QCOMPARE(outcome.code, QString("killed"));
        QCOMPARE(outcome.signal, SIGKILL);
        QVERIFY(outcome.message.contains("SIGKILL"));
        QCOMPARE(outcome.lastLines, QString("last words"));
    }

    void killedBehindItsResultIsNoSuccess() {
        VerbProcess verb;
        const VerbOutcome outcome = run(verb, R"(echo '{"type":"result","result":{}}'; kill -11 $$)");
        QVERIFY(!outcome.ok);
        QCOMPARE(outcome.signal, SIGSEGV);
    }

    void endsWithoutAWord() {
        VerbProcess verb;
        const VerbOutcome outcome = run(verb, "exit 7");
        QVERIFY(!outcome.ok);
        QCOMPARE(outcome.code, QString("no_result"));
        QCOMPARE(outcome.exitCode, 7);
    }

    void hungChildIsKilledAfterTheGracePeriod() {
        VerbProcess verb;
        verb.setGracePeriod(200);
        QSignalSpy ended(&verb, &VerbProcess::finished);
        QSignalSpy events(&verb, &VerbProcess::eventHappened);
        verb.startProgram("/bin/sh",
                          {"-c", R"(trap '' INT; echo '{"type":"event","event":"deaf"}'; while :; do sleep 60; done)"});
        QVERIFY(waitFor([&] { return !events.isEmpty(); }));
        verb.cancel();
        QVERIFY(waitFor([&] { return !ended.isEmpty(); }));
        const auto outcome = ended[0][0].value<VerbOutcome>();
        QVERIFY(outcome.cancelled());
        QVERIFY(outcome.message.contains("killed"));
        QCOMPARE(outcome.signal, SIGKILL);
    }

    void nonsenseBecomesLogLines() {
        VerbProcess verb;
        QSignalSpy logs(&verb, &VerbProcess::logged);
        const VerbOutcome outcome = run(
            verb,
            R"(echo hello; printf '\377\376\n'; echo '[1,2]'; echo '{"type":'; echo '{"type":"result","result":{"x":1}}')");
        QVERIFY2(outcome.ok, qPrintable(outcome.text()));
        QCOMPARE(outcome.result["x"].toInt(), 1);
        QCOMPARE(logs.size(), 4);
        QCOMPARE(logs[0][1].toString(), QString("hello"));
    }

    void lastLineNeedsNoLineBreak() {
        VerbProcess verb;
        const VerbOutcome outcome = run(verb, R"(printf '{"type":"result","result":{"x":2}}')");
        QVERIFY(outcome.ok);
        QCOMPARE(outcome.result["x"].toInt(), 2);
    }

    void floodIsCut() {
        VerbProcess verb;
        QSignalSpy logs(&verb, &VerbProcess::logged);
        const VerbOutcome outcome = run(verb, R"(yes nonsense | head -n 300000; echo '{"type":"result","result":{}}')");
        QVERIFY(outcome.ok);
        QVERIFY(logs.size() < 300);
    }

    void lineWithoutEndIsPassedOver() {
        VerbProcess verb;
        QSignalSpy logs(&verb, &VerbProcess::logged);
        const VerbOutcome outcome =
            run(verb, R"(head -c 60000000 /dev/zero | tr '\0' x; echo; echo '{"type":"result","result":{"x":3}}')");
        QVERIFY2(outcome.ok, qPrintable(outcome.text()));
        QCOMPARE(outcome.result["x"].toInt(), 3);
        QCOMPARE(logs.size(), 1);
    }

    void longLinesKeepTheirOrder() {
        // (\042 is a quotation mark, which moc would take for the literal's end.)
        // A long line is parsed on a worker; what comes behind it must not overtake it.
        VerbProcess verb;
        QStringList order;
        connect(&verb, &VerbProcess::eventHappened, this,
                [&](const QJsonObject& line) { order << line["event"].toString(); });
        const VerbOutcome outcome = run(
            verb,
            R"(echo '{"type":"event","event":"a"}'; printf '{"type":"event","event":"b","long":\042'; head -c 3000000 /dev/zero | tr '\0' x; printf '\042}\n'; echo '{"type":"event","event":"c"}'; echo '{"type":"result","result":{}}')");
        QVERIFY(outcome.ok);
        QCOMPARE(order, QStringList({"a", "b", "c"}));
    }

    void objectMayGoWhileTheChildRuns() {
        QSignalSpy* ended = nullptr;
        qint64 child = 0;
        {
            VerbProcess verb;
            ended = new QSignalSpy(&verb, &VerbProcess::finished);
            QSignalSpy events(&verb, &VerbProcess::eventHappened);
            verb.startProgram("/bin/sh", {"-c", R"(echo '{"type":"event","event":"up"}'; exec sleep 600)"});
            QVERIFY(waitFor([&] { return !events.isEmpty(); }));
            child = verb.pid();
        }
        QVERIFY(child > 0);
        QVERIFY(waitFor([&] { return ::kill(static_cast<pid_t>(child), 0) != 0; }));
        QVERIFY(ended->isEmpty());
        delete ended;
    }

    void receiverMayGoBeforeTheBackgroundWorkIsDone() {
        bool called = false;
        auto* receiver = new QObject;
        std::atomic<bool> go = false, done = false;
        background::run(
            [&] {
                while (!go) QThread::yieldCurrentThread();
                done = true;
                return 1;
            },
            receiver, [&](int) { called = true; });
        delete receiver;
        go = true;
        background::pool().waitForDone();
        QVERIFY(done);
        QCoreApplication::processEvents();
        QVERIFY(!called);
    }
};

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::VerbProcessTest)
#include "verb_process.moc"
