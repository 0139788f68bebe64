// SPDX-License-Identifier: GPL-3.0-or-later
// What becomes of a conversation when its model changes: a run that trains on, a child that dies or hangs, a folder
// that is no model. With the real command line behind it, as in chat_page.cpp.
#include <QDir>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <csignal>
#include <filesystem>

#include "core/data/chat_template.h"
#include "core/train/run_folder.h"
#include "tests/cli/small_model.h"
#include "tests/ui/chat_fixture.h"
#include "ui/chat/model_picker.h"
#include "ui/jobs/verb_process.h"

namespace distillix::ui {

class TestChatTalker : public QObject {
    Q_OBJECT
  private slots:
    void aRunIsFollowedAsItImproves();
    void aTrainingIsTalkedToWhileItRuns();
    void aDeadModelIsSaidAndComesBack();
    void aHungModelIsGivenUp();
    void aModelThatIsNoneIsSaid();
};

void TestChatTalker::aRunIsFollowedAsItImproves() {
    ChatFixture chat;
    const QString run = chat.project().runsDir() + QStringLiteral("/first");
    const auto checkpoint = [&](int step) {
        const auto path = run + QStringLiteral("/checkpoints/step-%1").arg(step, 8, 10, QLatin1Char('0'));
        QDir().mkpath(run + QStringLiteral("/checkpoints"));
        test::makeSmallModel(path.toStdString(), ChatTemplate::specialTokens(), 128);
    };
    QDir().mkpath(run);
    QFile info(run + QStringLiteral("/run.json"));
    QVERIFY(info.open(QIODevice::WriteOnly));
    info.write("{\"formatVersion\":1,\"name\":\"first\",\"model\":{},\"training\":{},\"dataset\":{}}");
    info.close();
    // Before the first checkpoint it says so, and takes it when it comes.
    chat.page()->activate({{QStringLiteral("model"), run}});
    QVERIFY(waitFor([&] { return chat.page()->pane(0).talker().state() == ModelTalker::State::Failed; }));
    QVERIFY(chat.inPane<QLabel>("modelTroubleText")->text().contains(QStringLiteral("no checkpoint yet")));
    checkpoint(100);
    QVERIFY(chat.ready(0));
    QCOMPARE(chat.page()->pane(0).talker().label(), QStringLiteral("first · step 100"));
    QVERIFY(chat.say(QStringLiteral("one")));
    QCOMPARE(chat.last()->model, QStringLiteral("first · step 100"));
    const qint64 before = chat.page()->pane(0).talker().pid();
    QSignalSpy reread(&chat.page()->pane(0).talker(), &ModelTalker::reread);
    checkpoint(2000);
    QVERIFY(waitFor([&] { return !reread.isEmpty(); }));
    QVERIFY(chat.page()->pane(0).talker().pid() != before);
    QVERIFY(chat.say(QStringLiteral("two")));
    QCOMPARE(chat.last()->model, QStringLiteral("first · step ") + QLocale().toString(2000));
    QCOMPARE(chat.path(0).size(), 4);
    // A checkpoint that was chosen stays what it is.
    chat.page()->pane(0).setModel(run + QStringLiteral("/checkpoints/step-00000100"));
    QVERIFY(chat.ready(0));
    QCOMPARE(chat.page()->pane(0).talker().label(), QStringLiteral("first · step 100"));
}

void TestChatTalker::aDeadModelIsSaidAndComesBack() {
    ChatFixture chat;
    chat.number("max_tokens")->setValue(1'000'000);
    chat.number("temperature")->setValue(5);
    chat.number("logprobs")->setValue(0);
    chat.type(QStringLiteral("one"));
    QTest::keyClick(chat.find<QPlainTextEdit>("question"), Qt::Key_Return);
    QVERIFY(chat.page()->pane(0).isBusy());
    ::kill(static_cast<pid_t>(chat.page()->pane(0).talker().pid()), SIGKILL);
    QVERIFY(chat.idle());
    QVERIFY(waitFor([&] { return chat.page()->pane(0).talker().state() == ModelTalker::State::Failed; }));
    QVERIFY(chat.inPane<QFrame>("modelTrouble")->isVisible());
    QVERIFY(!chat.inPane<QLabel>("modelTroubleText")->text().isEmpty());
    // The next question opens it again.
    chat.number("max_tokens")->setValue(4);
    QVERIFY(chat.say(QStringLiteral("two")));
    QVERIFY2(chat.last()->finish != QStringLiteral("failed"), qPrintable(chat.last()->error));
    QVERIFY(!chat.inPane<QFrame>("modelTrouble")->isVisible());
}

void TestChatTalker::aHungModelIsGivenUp() {
    ChatFixture chat;
    chat.number("max_tokens")->setValue(1'000'000);
    chat.number("temperature")->setValue(0);  // repeats itself, where drawn tokens would soon include the end
    chat.number("logprobs")->setValue(0);
    QTest::mouseClick(chat.find<QPushButton>("completionMode"), Qt::LeftButton);
    const ModelTalker& talker = chat.page()->pane(0).talker();
    // An answer that ended by itself may have been in the pipe before the child was stopped.
    for (int tries = 0; tries < 20 && talker.state() != ModelTalker::State::Failed; ++tries) {
        chat.type(QStringLiteral("one two"));
        QTest::keyClick(chat.find<QPlainTextEdit>("question"), Qt::Key_Return);
        waitFor([&] { return (chat.last() && chat.last()->text.size() > 20) || !chat.page()->pane(0).isBusy(); });
        if (!chat.page()->pane(0).isBusy()) continue;
        const auto child = static_cast<pid_t>(talker.pid());
        ::kill(child, SIGSTOP);
        QTest::keyClick(chat.find<QPlainTextEdit>("question"), Qt::Key_Escape);
        QVERIFY(chat.idle());
        if (talker.state() == ModelTalker::State::Ready) ::kill(child, SIGCONT);
    }
    QCOMPARE(chat.page()->pane(0).talker().state(), ModelTalker::State::Failed);
    QVERIFY(chat.inPane<QLabel>("modelTroubleText")->text().contains(QStringLiteral("did not answer")));
    QVERIFY2(chat.last()->text.size() > 20, "what was said stays");
    chat.number("max_tokens")->setValue(4);
    QVERIFY(chat.say(QStringLiteral("two")));
    QVERIFY2(chat.last()->finish != QStringLiteral("failed"), qPrintable(chat.last()->error));
}

void TestChatTalker::aTrainingIsTalkedToWhileItRuns() {
    ChatFixture chat;
    const auto verb = [](const QStringList& arguments) {
        VerbProcess process;
        QSignalSpy ended(&process, &VerbProcess::finished);
        process.start(arguments);
        return waitFor([&] { return !ended.isEmpty(); }, 60000) && ended[0][0].value<VerbOutcome>().ok;
    };
    const QString dataset = chat.project().datasetsDir() + QStringLiteral("/small");
    const QString run = chat.project().runsDir() + QStringLiteral("/learning");
    QVERIFY(verb({"sample-data", chat.path("text"), "--training", "300", "--validation", "20"}));
    QVERIFY(verb({"import", chat.path("text/train.jsonl"), "--vocab-size", "400", "--out", dataset}));
    QStringList arguments{"train", "new", run, "--dataset", dataset, "--json"};
    for (const auto& [key, value] :
         {std::pair("hidden-dim", "32"), std::pair("num-layers", "1"), std::pair("num-heads", "2"),
          std::pair("num-kv-heads", "1"), std::pair("mlp-hidden-dim", "64"), std::pair("max-seq-len", "128"),
          std::pair("tokens", "64"), std::pair("batch", "2"), std::pair("steps", "1000000"), std::pair("minutes", "0"),
          std::pair("checkpoint-every", "200"), std::pair("sample-every", "0"), std::pair("validate-every", "0")})
        arguments += {QStringLiteral("--") + QLatin1String(key), QLatin1String(value)};
    QString error;
    QVERIFY2(VerbProcess::startDetached(arguments, run + QStringLiteral(".log"), &error) > 0, qPrintable(error));
    const std::filesystem::path folder = run.toStdString();
    const auto running = [&] {
        const auto summary = readRun(folder);
        return summary.ok() && summary->state == RunState::Running;
    };
    QVERIFY(waitFor([&] { return running() && !readRun(folder)->checkpoints.empty(); }, 60000));
    chat.page()->activate({{QStringLiteral("model"), run}});
    const ModelTalker& talker = chat.page()->pane(0).talker();
    QVERIFY(chat.ready(0));
    QVERIFY(
        waitFor([&] { return chat.inPane<QLabel>("modelState")->text().contains(QStringLiteral("training now")); }));
    QVERIFY(chat.say(QStringLiteral("one")));
    QVERIFY(running());
    const QString first = chat.last()->model;
    QVERIFY2(first.startsWith(QStringLiteral("learning · step ")), qPrintable(first));
    // A newer checkpoint answers as soon as there is one, and again.
    QSignalSpy reread(&talker, &ModelTalker::reread);
    QVERIFY(waitFor([&] { return reread.size() >= 2; }, 60000));
    QVERIFY(running());
    QVERIFY(chat.say(QStringLiteral("two")));
    QVERIFY2(chat.last()->finish != QStringLiteral("failed"), qPrintable(chat.last()->error));
    QVERIFY2(chat.last()->model != first, "another checkpoint's answer");
    QVERIFY(running());
    QVERIFY(sendRunCommand(folder, "stop").ok());
    QVERIFY(waitFor([&] { return !running(); }, 60000));
}

void TestChatTalker::aModelThatIsNoneIsSaid() {
    ChatFixture chat;
    const QString broken = chat.model("broken");
    QVERIFY(QDir().mkpath(broken));
    QFile config(broken + QStringLiteral("/config.json"));
    QVERIFY(config.open(QIODevice::WriteOnly));
    config.write("{\"hidden_dim\": -3}");
    config.close();
    chat.page()->pane(0).setModel(broken);
    QVERIFY(waitFor([&] { return chat.page()->pane(0).talker().state() == ModelTalker::State::Failed; }));
    QVERIFY(!chat.inPane<QLabel>("modelTroubleText")->text().isEmpty());
    chat.page()->pane(0).setModel(chat.model("nowhere"));
    QVERIFY(waitFor([&] { return chat.page()->pane(0).talker().error().contains(QStringLiteral("not there")); }));
    // The list offers what the project has.
    auto* picker = chat.page()->pane(0).findChild<ModelPicker*>();
    picker->click();
    auto* list = picker->findChild<QListWidget*>(QStringLiteral("models"));
    QVERIFY(list && list->count() >= 1);
    QListWidgetItem* tiny = list->findItems(QStringLiteral("tiny"), Qt::MatchExactly).value(0);
    QVERIFY(tiny);
    list->setCurrentItem(tiny);
    QTest::keyClick(picker->findChild<QLineEdit*>(QStringLiteral("modelFilter")), Qt::Key_Return);
    QVERIFY(chat.ready(0));
}

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::TestChatTalker)
#include "chat_talker.moc"
