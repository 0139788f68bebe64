// SPDX-License-Identifier: GPL-3.0-or-later
// The chat page with the real command line behind it, driven by object name. The models are of random weights that the
// test makes: what is held is how they are asked and what is shown of it, not what they say.
#include "ui/chat/chat_page.h"

#include <QClipboard>
#include <QComboBox>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollBar>
#include <QTableWidget>
#include <QToolButton>

#include "tests/cli/small_model.h"
#include "tests/ui/chat_fixture.h"
#include "ui/chat/model_picker.h"
#include "ui/jobs/stall_probe.h"

namespace distillix::ui {
namespace {

QJsonObject readJson(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject();
}

}  // namespace

class TestChatPage : public QObject {
    Q_OBJECT
  private slots:
    void aQuestionIsAnsweredAndKept();
    void branchesAreMadeAndSteppedThrough();
    void stopKeepsWhatWasSaid();
    void aStreamLeavesTheWindowFree();
    void aTokenIsExchanged();
    void anAnswerGoesOn();
    void completionContinuesText();
    void settingsReachTheModel();
    void theContextIsWeighed();
    void twoModelsAnswerBesideEachOther();
    void conversationsAreFoundRenamedAndDeleted();
    void everythingIsThereAfterARestart();
    void exportsAreReadAgain();
    void picturesForPeople();
};

void TestChatPage::aQuestionIsAnsweredAndKept() {
    ChatFixture chat;
    QVERIFY(!chat.find<QPushButton>("send")->isEnabled());
    chat.type(QStringLiteral("one two"));
    QVERIFY(chat.find<QPushButton>("send")->isEnabled());
    QTest::mouseClick(chat.find<QPushButton>("send"), Qt::LeftButton);
    QCOMPARE(chat.find<QPushButton>("send")->text(), QStringLiteral("Stop"));
    QVERIFY(chat.idle());
    QCOMPARE(chat.path(0).size(), 2);
    QCOMPARE(chat.find<QPlainTextEdit>("question")->toPlainText(), QString());
    const Message* answer = chat.last();
    QCOMPARE(answer->role, Role::Assistant);
    QVERIFY(answer->finish == QStringLiteral("length") || answer->finish == QStringLiteral("end_token"));
    QVERIFY(!answer->tokens.isEmpty());
    QCOMPARE(answer->tokens.size(), answer->figures.tokens);
    QCOMPARE(answer->tokens.first().alternatives.size(), 4);
    QCOMPARE(answer->figures.context, 128);
    QVERIFY(answer->figures.firstTokenMs > 0);
    QVERIFY(answer->figures.tokensPerSecond > 0);
    QVERIFY(chat.within<QLabel>(answer->id, "figures")->text().contains(QStringLiteral("tokens/s")));
    QVERIFY(chat.within<QLabel>(answer->id, "figures")->text().contains(QStringLiteral("first after")));
    QCOMPARE(chat.within<MarkdownView>(answer->id, "messageText")->text(), answer->text);
    QCOMPARE(chat.within<QLabel>(answer->id, "who")->text(), QStringLiteral("tiny"));
    // The next turn knows the one before.
    const QString first = answer->text;
    QVERIFY(chat.say(QStringLiteral("three")));
    QCOMPARE(chat.path(0).size(), 4);
    QCOMPARE(chat.path(0).at(1), first);
    QVERIFY(chat.last()->figures.contextTokens > 20);
    const QJsonObject json = readJson(chat.file());
    QCOMPARE(json["messages"].toArray().size(), 4);
    QCOMPARE(json["title"].toString(), QStringLiteral("one two"));
    QCOMPARE(chat.find<QLineEdit>("conversationTitle")->text(), QStringLiteral("one two"));
    QCOMPARE(chat.find<QListView>("conversationList")->model()->rowCount(), 1);
    // What starts a training elsewhere sends here.
    chat.type(QStringLiteral("four"));
    QTest::keyClick(chat.find<QPlainTextEdit>("question"), Qt::Key_Return, Qt::ControlModifier);
    QVERIFY(chat.page()->pane(0).isBusy());
    QVERIFY(chat.idle());
    QCOMPARE(chat.path(0).size(), 6);
}

void TestChatPage::branchesAreMadeAndSteppedThrough() {
    ChatFixture chat;
    chat.number("seed")->setValue(-1);
    chat.number("temperature")->setValue(2);
    QVERIFY(chat.say(QStringLiteral("one two")));
    const QString first = chat.last()->id, firstText = chat.last()->text;
    QVERIFY(chat.within<QToolButton>(first, "previousBranch")->isHidden());
    QTest::mouseClick(chat.within<QToolButton>(first, "regenerate"), Qt::LeftButton);
    QVERIFY(chat.idle());
    const QString second = chat.last()->id;
    QVERIFY(second != first);
    QVERIFY(chat.last()->sampling["seed"] != chat.page()->conversation()->message(first)->sampling["seed"]);
    QCOMPARE(chat.within<QLabel>(second, "branchPlace")->text(), QStringLiteral("2/2"));
    QTest::mouseClick(chat.within<QToolButton>(second, "previousBranch"), Qt::LeftButton);
    QCOMPARE(chat.last()->id, first);
    QCOMPARE(chat.within<QLabel>(first, "branchPlace")->text(), QStringLiteral("1/2"));
    QCOMPARE(chat.last()->text, firstText);
    // An edited question is a branch of its own, and is answered.
    const QString question = chat.page()->conversation()->message(first)->parent;
    QTest::mouseClick(chat.within<QToolButton>(question, "editMessage"), Qt::LeftButton);
    auto* editor = chat.within<QPlainTextEdit>(question, "messageEditor");
    QVERIFY(editor);
    QCOMPARE(editor->toPlainText(), QStringLiteral("one two"));
    editor->setPlainText(QStringLiteral("four five"));
    QTest::mouseClick(chat.within<QPushButton>(question, "keepEdit"), Qt::LeftButton);
    QVERIFY(chat.idle());
    QCOMPARE(chat.path(0).first(), QStringLiteral("four five"));
    QCOMPARE(chat.path(0).size(), 2);
    const QString edited = chat.page()->conversation()->path(chat.page()->conversation()->leaf()).first();
    QTest::mouseClick(chat.within<QToolButton>(edited, "previousBranch"), Qt::LeftButton);
    QCOMPARE(chat.last()->id, first);
    // An answer that was edited by hand is a branch too, and says nothing of tokens.
    QTest::mouseClick(chat.within<QToolButton>(first, "editMessage"), Qt::LeftButton);
    chat.within<QPlainTextEdit>(first, "messageEditor")->setPlainText(QStringLiteral("six"));
    QTest::keyClick(chat.within<QPlainTextEdit>(first, "messageEditor"), Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(chat.last()->text, QStringLiteral("six"));
    QCOMPARE(chat.page()->conversation()->siblings(chat.last()->id).size(), 3);
    QVERIFY(chat.last()->tokens.isEmpty());
    QTest::mouseClick(chat.within<QToolButton>(chat.last()->id, "removeMessage"), Qt::LeftButton);
    QCOMPARE(chat.page()->conversation()->siblings(first).size(), 2);
    QTest::mouseClick(chat.within<QToolButton>(chat.last()->id, "copyMessage"), Qt::LeftButton);
    QCOMPARE(QApplication::clipboard()->text(), chat.last()->text);
}

void TestChatPage::stopKeepsWhatWasSaid() {
    ChatFixture chat;
    chat.number("max_tokens")->setValue(1'000'000);
    chat.number("logprobs")->setValue(0);
    chat.number("temperature")->setValue(0);  // repeats itself, where drawn tokens would soon include the end
    QTest::mouseClick(chat.find<QPushButton>("completionMode"), Qt::LeftButton);  // never ends by a full context
    chat.type(QStringLiteral("one two"));
    chat.trigger("chat.new");  // a draft is no conversation: nothing is lost
    chat.type(QStringLiteral("one two"));
    for (int tries = 0; tries < 20; ++tries) {  // an answer may end by itself all the same
        QTest::keyClick(chat.find<QPlainTextEdit>("question"), Qt::Key_Return);
        waitFor([&] { return (chat.last() && chat.last()->text.size() > 20) || !chat.page()->pane(0).isBusy(); });
        QTest::keyClick(chat.find<QPlainTextEdit>("question"), Qt::Key_Escape);
        QVERIFY(chat.idle());
        if (chat.last()->finish == QStringLiteral("cancelled")) break;
        chat.type(QStringLiteral("one two"));
    }
    QCOMPARE(chat.last()->finish, QStringLiteral("cancelled"));
    QVERIFY(chat.last()->text.size() > 20);
    QCOMPARE(chat.within<QLabel>(chat.last()->id, "messageNote")->text().left(8), QStringLiteral("Stopped."));
    QCOMPARE(chat.find<QPushButton>("send")->text(), QStringLiteral("Continue"));
    const QJsonArray saved = readJson(chat.file())["messages"].toArray();
    QCOMPARE(saved.last().toObject()["text"].toString(), chat.last()->text);
}

/// A generous bound: machines that build and test at once make every thread wait. What was measured is printed.
void TestChatPage::aStreamLeavesTheWindowFree() {
    ChatFixture chat;
    chat.number("temperature")->setValue(5);
    chat.number("logprobs")->setValue(8);
    chat.number("max_tokens")->setValue(1500);
    QTest::mouseClick(chat.find<QPushButton>("completionMode"), Qt::LeftButton);
    int tokens = 0;
    StallProbe probe;
    QElapsedTimer clock;
    clock.start();
    for (int i = 0; i < 6 && tokens < 2000; ++i) {
        QVERIFY(chat.say(QStringLiteral("one two three\n")));
        tokens += chat.last()->figures.tokens;
    }
    const double seconds = static_cast<double>(clock.elapsed()) / 1000;
    const StallProbe::Report report = probe.report();
    qInfo("%d tokens in %.1f s on the page: longest wait %.1f ms, 99%% under %.1f ms, %d of %d over 50 ms", tokens,
          seconds, report.longestMs, report.p99Ms, report.over50, report.samples);
    QVERIFY(tokens > 100);
    QVERIFY(report.samples > 10);
    QVERIFY2(report.longestMs < 500, "the window waited");
}

void TestChatPage::aTokenIsExchanged() {
    ChatFixture chat;
    QVERIFY(chat.say(QStringLiteral("one two")));
    const QString first = chat.last()->id;
    const QList<AnswerToken> tokens = chat.last()->tokens;
    QVERIFY(tokens.size() >= 3);
    QTest::mouseClick(chat.within<QToolButton>(first, "showTokens"), Qt::LeftButton);
    auto* view = chat.within<TokenView>(first, "tokenView");
    QVERIFY(view && view->isVisible());
    QCoreApplication::processEvents();
    const QRect place = view->tokenRect(2);
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, QPoint(place.left() + 2, place.center().y()));
    auto* popup = chat.page()->findChild<TokenPopup*>(QStringLiteral("tokenPopup"));
    QVERIFY(popup);
    QVERIFY(
        popup->findChild<QLabel*>(QStringLiteral("tokenTitle"))->text().contains(probabilityText(tokens[2].logprob)));
    auto* table = popup->findChild<QTableWidget*>(QStringLiteral("alternatives"));
    QCOMPARE(table->rowCount(), 4);
    int row = 0;
    while (tokens[2].alternatives[row].id == tokens[2].id) ++row;
    const TokenAlternative wanted = tokens[2].alternatives[row];
    table->setCurrentCell(row, 0);
    QTest::keyClick(table, Qt::Key_Return);
    QVERIFY(chat.page()->pane(0).isBusy());
    QVERIFY(chat.idle());
    const Message* other = chat.last();
    QVERIFY(other->id != first);
    QCOMPARE(chat.page()->conversation()->siblings(first).size(), 2);
    QCOMPARE(other->tokens[0].id, tokens[0].id);
    QCOMPARE(other->tokens[1].id, tokens[1].id);
    QCOMPARE(other->tokens[2].id, wanted.id);
    QCOMPARE(other->tokens[2].alternatives.size(), 4);
    QCOMPARE(other->figures.tokens, other->tokens.size() - 3);
    QString together;
    for (const AnswerToken& token : other->tokens) together += token.shown;
    QCOMPARE(together.trimmed().left(3), other->text.trimmed().left(3));
    // The branch before is as it was.
    QCOMPARE(chat.page()->conversation()->message(first)->tokens.size(), tokens.size());
}

void TestChatPage::anAnswerGoesOn() {
    ChatFixture chat;
    chat.number("max_tokens")->setValue(3);
    QString id, text;
    for (int seed = 1; seed < 30; ++seed) {
        chat.number("seed")->setValue(seed);
        QVERIFY(chat.say(QStringLiteral("one two")));
        id = chat.last()->id;
        text = chat.last()->text;
        if (chat.last()->finish == QStringLiteral("length") && !text.isEmpty()) break;
    }
    QCOMPARE(chat.last()->finish, QStringLiteral("length"));
    auto* goOn = chat.within<QPushButton>(id, "continueAnswer");
    QVERIFY(goOn && !goOn->isHidden());
    QTest::mouseClick(goOn, Qt::LeftButton);
    QVERIFY(chat.idle());
    QCOMPARE(chat.last()->id, id);
    QVERIFY2(chat.last()->text.startsWith(text), qPrintable(text + QStringLiteral(" | ") + chat.last()->text));
    QVERIFY(chat.last()->tokens.size() >= 3);
    QCOMPARE(chat.within<MarkdownView>(id, "messageText")->text(), chat.last()->text);
    // An answer written by hand goes on as well; of its words nothing is known, of what is behind them everything.
    QTest::mouseClick(chat.within<QToolButton>(id, "editMessage"), Qt::LeftButton);
    chat.within<QPlainTextEdit>(id, "messageEditor")->setPlainText(QStringLiteral("one two three"));
    QTest::mouseClick(chat.within<QPushButton>(id, "keepEdit"), Qt::LeftButton);
    const QString byHand = chat.last()->id;
    QTest::mouseClick(chat.within<QPushButton>(byHand, "continueAnswer"), Qt::LeftButton);
    QVERIFY(chat.idle());
    QCOMPARE(chat.last()->id, byHand);
    QVERIFY2(chat.last()->text.startsWith(QStringLiteral("one two three")), qPrintable(chat.last()->text));
    QVERIFY(chat.last()->tokens.size() > 1 || chat.last()->finish == QStringLiteral("end_token"));
    if (!chat.last()->tokens.isEmpty()) {
        QVERIFY(!chat.last()->tokens.first().known);
        QCOMPARE(chat.last()->tokens.first().shown, QStringLiteral("one two three"));
    }
}

void TestChatPage::completionContinuesText() {
    ChatFixture chat;
    QTest::mouseClick(chat.find<QPushButton>("completionMode"), Qt::LeftButton);
    QCOMPARE(chat.find<QPushButton>("send")->text(), QStringLiteral("Continue"));
    QVERIFY(chat.find<QPlainTextEdit>("systemPrompt")->isHidden() ||
            !chat.find<QPlainTextEdit>("systemPrompt")->isVisible());
    QVERIFY(chat.say(QStringLiteral("  one two")));
    QCOMPARE(chat.path(0).first(), QStringLiteral("  one two"));  // white space is text
    QCOMPARE(chat.path(0).size(), 2);
    // The context has the text and nothing of a template.
    QVERIFY(chat.last()->figures.contextTokens <= 1 + 12 + chat.last()->figures.tokens);
    // Without new words it goes on.
    QTest::keyClick(chat.find<QPlainTextEdit>("question"), Qt::Key_Return);
    QVERIFY(chat.idle());
    QCOMPARE(chat.path(0).size(), 3);
    QVERIFY(readJson(chat.file())["mode"].toString() == QStringLiteral("completion"));
}

void TestChatPage::settingsReachTheModel() {
    ChatFixture chat;
    // The same seed, the same answer; at temperature 0 any seed.
    QVERIFY(chat.say(QStringLiteral("one two")));
    const QString drawn = chat.last()->text;
    QTest::mouseClick(chat.within<QToolButton>(chat.last()->id, "regenerate"), Qt::LeftButton);
    QVERIFY(chat.idle());
    QCOMPARE(chat.last()->text, drawn);
    auto* preset = chat.find<QComboBox>("preset");
    preset->setCurrentText(QStringLiteral("Precise"));
    emit preset->activated(preset->currentIndex());
    QCOMPARE(chat.number("temperature")->value(), 0.0);
    QCOMPARE(chat.number("seed")->value(), -1.0);
    chat.number("max_tokens")->setValue(5);
    QCOMPARE(preset->currentIndex(), -1);  // no longer the preset's values
    QTest::mouseClick(chat.within<QToolButton>(chat.last()->id, "regenerate"), Qt::LeftButton);
    QVERIFY(chat.idle());
    QCOMPARE(chat.last()->sampling["temperature"].toDouble(), 0.0);
    QVERIFY(chat.last()->figures.tokens <= 5);
    const QString greedy = chat.last()->text;
    QTest::mouseClick(chat.within<QToolButton>(chat.last()->id, "regenerate"), Qt::LeftButton);
    QVERIFY(chat.idle());
    QCOMPARE(chat.last()->text, greedy);
    // A preset of one's own, found again by another page of the same settings.
    auto* settings = chat.page()->findChild<ChatSettings*>();
    settings->savePreset(QStringLiteral("short"));
    QCOMPARE(preset->currentText(), QStringLiteral("short"));
    SamplingPresets again(chat.studio().settings());
    QVERIFY(again.names().contains(QStringLiteral("short")));
    QCOMPARE(again.values(QStringLiteral("short"))["max_tokens"].toInt(), 5);
    // The system's words and another template make another prompt.
    const int before = chat.last()->figures.contextTokens - chat.last()->figures.tokens;
    chat.find<QPlainTextEdit>("systemPrompt")->setPlainText(QStringLiteral("seven seven seven"));
    QTest::mouseClick(chat.within<QToolButton>(chat.last()->id, "regenerate"), Qt::LeftButton);
    QVERIFY(chat.idle());
    QVERIFY(chat.last()->figures.contextTokens - chat.last()->figures.tokens > before);
    auto* templates = chat.find<QComboBox>("template");
    templates->setCurrentIndex(templates->findData(QStringLiteral("chatml")));
    QVERIFY(chat.ready(0));
    QCOMPARE(chat.page()->pane(0).talker().templateName(), QStringLiteral("chatml"));
    QVERIFY(chat.say(QStringLiteral("two")));
    QVERIFY(chat.last()->finish != QStringLiteral("failed"));
}

void TestChatPage::theContextIsWeighed() {
    ChatFixture chat;
    chat.type(QStringLiteral("one two three four"));
    auto* gauge = chat.find<QProgressBar>("contextGauge");
    QVERIFY(waitFor([&] { return gauge->value() > 3; }));
    QCOMPARE(gauge->maximum(), 128);
    const int little = gauge->value();
    QString many;
    for (int i = 0; i < 200; ++i) many += QStringLiteral("seven two ");
    chat.type(many);
    QVERIFY(waitFor([&] { return gauge->value() > little; }));
    QVERIFY(waitFor([&] { return chat.find<QLabel>("contextText")->text().contains(QStringLiteral("dropped")); }));
    // What does not fit is told by the model where it may not drop anything.
    auto* overflow = chat.find<QComboBox>("overflow");
    overflow->setCurrentIndex(overflow->findData(QStringLiteral("stop")));
    QTest::keyClick(chat.find<QPlainTextEdit>("question"), Qt::Key_Return);
    QVERIFY(chat.idle());
    QCOMPARE(chat.last()->finish, QStringLiteral("failed"));
    auto* error = chat.within<QLabel>(chat.last()->id, "messageError");
    QVERIFY(!error->isHidden());
    QVERIFY2(error->text().contains(QStringLiteral("fit")), qPrintable(error->text()));
}

void TestChatPage::twoModelsAnswerBesideEachOther() {
    ChatFixture chat;
    test::makeSmallModel(chat.model("other").toStdString(), {"<|im_start|>", "<|im_end|>"}, 64);
    QVERIFY(chat.say(QStringLiteral("one")));
    QTest::mouseClick(chat.find<QPushButton>("compare"), Qt::LeftButton);
    QVERIFY(chat.page()->pane(1).isVisible());
    chat.page()->pane(1).setModel(chat.model("other"));
    QVERIFY(chat.ready(1));
    QCOMPARE(chat.path(0), chat.path(1));
    QVERIFY(chat.say(QStringLiteral("two")));
    QCOMPARE(chat.path(0).size(), 4);
    QCOMPARE(chat.path(1).size(), 4);
    QCOMPARE(chat.page()->conversation()->message(chat.last(0)->id)->parent,
             chat.last(1)->parent);  // one question, two answers
    QVERIFY(chat.last(0)->id != chat.last(1)->id);
    QCOMPARE(chat.last(0)->model, QStringLiteral("tiny"));
    QCOMPARE(chat.last(1)->model, QStringLiteral("other"));
    QCOMPARE(chat.last(1)->figures.context, 64);
    // From here on each has a history of its own.
    QVERIFY(chat.say(QStringLiteral("three")));
    QVERIFY(chat.last(0)->parent != chat.last(1)->parent);
    QCOMPARE(chat.path(0).size(), 6);
    QCOMPARE(chat.path(1).size(), 6);
    QVERIFY(chat.page()->pane(0).talker().pid() != chat.page()->pane(1).talker().pid());
    // Nothing is wider than its column.
    chat.window().resize(1280, 800);
    QCoreApplication::processEvents();
    for (int column = 0; column < 2; ++column) {
        TranscriptView& transcript = chat.page()->pane(column).transcript();
        QVERIFY(transcript.widget()->width() <= transcript.viewport()->width());
    }
    QTest::mouseClick(chat.find<QPushButton>("compare"), Qt::LeftButton);
    QVERIFY(!chat.page()->pane(1).isVisible());
    QCOMPARE(chat.page()->pane(1).talker().state(), ModelTalker::State::Off);
}

void TestChatPage::conversationsAreFoundRenamedAndDeleted() {
    ChatFixture chat;
    chat.number("max_tokens")->setValue(2);
    QVERIFY(chat.say(QStringLiteral("one about tides")));
    const QString tides = chat.page()->conversation()->id();
    chat.trigger("chat.new");
    QVERIFY(chat.page()->conversation()->id() != tides);
    QVERIFY(chat.page()->conversation()->data().messages.isEmpty());
    QVERIFY(chat.say(QStringLiteral("two about snow")));
    const QString snow = chat.page()->conversation()->id();
    auto* view = chat.find<QListView>("conversationList");
    QCOMPARE(view->model()->rowCount(), 2);
    QCOMPARE(view->currentIndex().data(ConversationList::IdRole).toString(), snow);
    auto* search = chat.find<QLineEdit>("conversationSearch");
    search->setText(QStringLiteral("TIDES"));
    QCOMPARE(view->model()->rowCount(), 1);
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, view->visualRect(view->model()->index(0, 0)).center());
    QVERIFY(waitFor([&] { return chat.page()->conversation()->id() == tides; }));
    QCOMPARE(chat.path(0).first(), QStringLiteral("one about tides"));
    search->clear();
    QCOMPARE(view->model()->rowCount(), 2);
    // A title by its field, another by the list.
    auto* title = chat.find<QLineEdit>("conversationTitle");
    title->setFocus();
    title->setText(QStringLiteral("Tides"));
    QTest::keyClick(title, Qt::Key_Return);
    QCOMPARE(readJson(chat.file())["title"].toString(), QStringLiteral("one about tides"));
    chat.page()->saveState();
    QCOMPARE(readJson(chat.file())["title"].toString(), QStringLiteral("Tides"));
    view->model()->setData(chat.page()->conversations().indexOf(snow), QStringLiteral("Snow"), Qt::EditRole);
    chat.page()->conversations().waitForDisk();
    QCOMPARE(readJson(chat.project().conversationsDir() + QLatin1Char('/') + snow + QStringLiteral(".json"))["title"]
                 .toString(),
             QStringLiteral("Snow"));
    // Deleting asks.
    chat.trigger("chat.delete");
    auto* ask = chat.page()->findChild<QMessageBox*>(QStringLiteral("confirmDelete"));
    QVERIFY(ask);
    QVERIFY(ask->text().contains(QStringLiteral("Tides")));
    ask->findChild<QPushButton*>(QStringLiteral("deleteConversation"))->click();
    QCOMPARE(view->model()->rowCount(), 1);
    QVERIFY(chat.page()->conversation()->id() != tides);
    chat.page()->conversations().waitForDisk();
    QVERIFY(!QFile::exists(chat.project().conversationsDir() + QLatin1Char('/') + tides + QStringLiteral(".json")));
}

void TestChatPage::everythingIsThereAfterARestart() {
    ChatFixture chat;
    QVERIFY(chat.say(QStringLiteral("one two")));
    const QString id = chat.page()->conversation()->id();
    const QStringList said = chat.path(0);
    chat.type(QStringLiteral("half a question"));
    chat.number("top_k")->setValue(17);
    const QString question = chat.page()->conversation()->path(chat.last()->id).first();
    QTest::mouseClick(chat.within<QToolButton>(question, "editMessage"), Qt::LeftButton);
    chat.within<QPlainTextEdit>(question, "messageEditor")->setPlainText(QStringLiteral("one two th"));
    chat.restart();
    QVERIFY(waitFor([&] { return chat.page()->conversation() && chat.page()->conversation()->id() == id; }));
    QCOMPARE(chat.path(0), said);
    QCOMPARE(chat.find<QPlainTextEdit>("question")->toPlainText(), QStringLiteral("half a question"));
    QCOMPARE(chat.number("top_k")->value(), 17.0);
    QVERIFY(chat.ready(0));
    QCOMPARE(chat.within<QPlainTextEdit>(question, "messageEditor")->toPlainText(), QStringLiteral("one two th"));
    // All of it deleted is an edit too, until it is given up.
    chat.within<QPlainTextEdit>(question, "messageEditor")->clear();
    QVERIFY(chat.page()->conversation()->message(question)->edit.has_value());
    QTest::mouseClick(chat.within<QPushButton>(question, "cancelEdit"), Qt::LeftButton);
    QVERIFY(waitFor([&] { return !readJson(chat.file())["messages"].toArray()[0].toObject().contains("edit"); }));
    QVERIFY(chat.within<TokenView>(chat.last()->id, "tokenView") == nullptr);
    QVERIFY(!chat.last()->tokens.isEmpty());
}

void TestChatPage::exportsAreReadAgain() {
    ChatFixture chat;
    QVERIFY(chat.say(QStringLiteral("one two")));
    QTest::mouseClick(chat.within<QToolButton>(chat.last()->id, "regenerate"), Qt::LeftButton);
    QVERIFY(chat.idle());
    const QString json = chat.path(QStringLiteral("out.json")), markdown = chat.path(QStringLiteral("out.md"));
    chat.page()->exportTo(json);
    chat.page()->exportTo(markdown);
    QVERIFY(waitFor([&] { return QFile::exists(json) && QFile::exists(markdown); }));
    QCOMPARE(readJson(json)["messages"].toArray().size(), 3);
    QFile text(markdown);
    QVERIFY(text.open(QIODevice::ReadOnly));
    QVERIFY(text.readAll().startsWith("# one two\n\n## You\n\none two\n\n## tiny\n\n"));
    const QString first = chat.page()->conversation()->id();
    chat.page()->importFrom(json);
    QVERIFY(waitFor([&] { return chat.page()->conversation()->id() != first; }));
    QCOMPARE(chat.page()->conversation()->data().messages.size(), 3);
    QCOMPARE(chat.find<QListView>("conversationList")->model()->rowCount(), 2);
}

/// With DISTILLIX_SCREENSHOTS=FOLDER: pictures of the page to look at, light and dark.
void TestChatPage::picturesForPeople() {
    const QString folder = qEnvironmentVariable("DISTILLIX_SCREENSHOTS");
    if (folder.isEmpty()) QSKIP("DISTILLIX_SCREENSHOTS names no folder");
    ChatFixture chat;
    chat.window().resize(1280, 800);
    for (const char* words :
         {"Explain tides to a child", "Sort a list of pairs", "A poem about snow", "What is a ternary weight?"}) {
        QVERIFY(chat.say(QLatin1String(words)));
        chat.trigger("chat.new");
    }
    Conversation& talk = *chat.page()->conversation();
    const QString talkId = talk.id();
    const QString question = talk.append(
        {}, Role::User, QStringLiteral("Write a function that reads the lines of a file, and say what it does."));
    const auto answer = [&](const QString& parent, const QString& text) {
        const QString id = talk.append(parent, Role::Assistant, text);
        talk.update(id, [](Message& message) {
            message.model = QStringLiteral("first · step 12,000");
            message.finish = QStringLiteral("end_token");
            message.figures = {148, 412, 2048, 0, 61.3, 84};
            const QStringList words{" It",   " opens", " the", " file",   ",",    " reads", " it", " line", " by",
                                    " line", "\n",     "and",  " strips", " the", " end",   " of", " each"};
            double logprob = -0.02;
            for (int i = 0; i < 3 * words.size(); ++i) {
                const QString word = words[i % words.size()];
                message.tokens.append({i,
                                       word,
                                       logprob,
                                       true,
                                       {{i, word, logprob},
                                        {900, " goes", -1.9},
                                        {901, " takes", -2.6},
                                        {902, " loads", -4.1},
                                        {903, " a", -5.2}}});
                logprob = i % 5 == 3 ? -2.4 : i % 3 ? -0.05 : -0.7;
            }
        });
        return id;
    };
    const QString first =
        answer(question,
               QStringLiteral(
                   "Here is one way. It opens the file, reads it **line by line** and strips the end of each line:\n\n"
                   "```python\ndef read_lines(path: str) -> list[str]:\n    \"\"\"The lines of a text file, without "
                   "their ends.\"\"\"\n"
                   "    with open(path, encoding=\"utf-8\") as file:\n        return [line.rstrip(\"\\n\") for line in "
                   "file]  # lazily\n```\n\n"
                   "Two things to know:\n\n1. `with` closes the file, *also* when something fails.\n2. An empty file "
                   "gives an empty list.\n\n"
                   "| argument | meaning |\n|---|---|\n| `path` | where the file is |\n| `encoding` | how its bytes "
                   "become text |\n"));
    answer(question, QStringLiteral("Another answer."));
    const QString next = talk.append(first, Role::User, QStringLiteral("And in C++?"));
    const QString last = answer(
        next, QStringLiteral("With a stream:\n\n```cpp\n#include <fstream>\n#include <string>\n#include "
                             "<vector>\n\nstd::vector<std::string> readLines(const std::string& path) {\n"
                             "    std::ifstream in(path);\n    std::vector<std::string> lines;\n    for (std::string "
                             "line; std::getline(in, line);) lines.push_back(line);\n    return lines;\n}\n```\n\n"
                             "> It says nothing where the file is missing: check `in` first. See [the "
                             "reference](https://en.cppreference.com)."));
    talk.setLeaf(last);
    const auto picture = [&](const QString& name) {
        QTest::qWait(150);
        QVERIFY(chat.window().grab().save(folder + QLatin1Char('/') + name + QStringLiteral(".png")));
    };
    for (const auto mode : {Theme::Mode::Light, Theme::Mode::Dark}) {
        const QString theme = mode == Theme::Mode::Light ? QStringLiteral("light") : QStringLiteral("dark");
        chat.studio().theme().setMode(mode);
        chat.page()->pane(0).transcript().scrollToEnd();
        picture(QStringLiteral("chat-") + theme);
        auto* bar = chat.page()->pane(0).transcript().verticalScrollBar();
        bar->setValue(0);
        picture(QStringLiteral("chat-top-") + theme);
        chat.within<QToolButton>(first, "showTokens")->setChecked(true);
        picture(QStringLiteral("chat-tokens-") + theme);
        auto* view = chat.within<TokenView>(first, "tokenView");
        const QRect place = view->tokenRect(8);
        QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, QPoint(place.left() + 2, place.center().y()));
        QTest::qWait(50);
        auto* popup = chat.page()->findChild<TokenPopup*>(QStringLiteral("tokenPopup"));
        QVERIFY(popup && popup->grab().save(folder + QStringLiteral("/token-popup-") + theme + QStringLiteral(".png")));
        popup->close();
        chat.within<QToolButton>(first, "showTokens")->setChecked(false);
        auto* picker = chat.page()->pane(0).findChild<ModelPicker*>();
        picker->click();
        QTest::qWait(50);
        auto* models = picker->findChild<QFrame*>(QStringLiteral("modelList"));
        QVERIFY(models && models->grab().save(folder + QStringLiteral("/models-") + theme + QStringLiteral(".png")));
        models->close();
        chat.page()->setComparing(true);
        chat.ready(1);
        picture(QStringLiteral("chat-compare-") + theme);
        chat.page()->setComparing(false);
        chat.trigger("chat.new");
        picture(QStringLiteral("chat-empty-") + theme);
        auto* list = chat.find<QListView>("conversationList");
        list->setCurrentIndex(chat.page()->conversations().indexOf(talkId));
        QVERIFY(waitFor([&] { return !chat.page()->conversation()->data().messages.isEmpty(); }));
    }
}

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::TestChatPage)
#include "chat_page.moc"
