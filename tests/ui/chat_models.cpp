// SPDX-License-Identifier: GPL-3.0-or-later
// Conversations as a tree and as files, the list of them, and what becomes of a model's words before they are shown.
#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTextBlock>
#include <QTextTable>

#include "tests/ui/support.h"
#include "ui/chat/token_view.h"
#include "ui/models/conversation_list.h"
#include "ui/widgets/markdown_view.h"

namespace distillix::ui {
namespace {

QStringList texts(const Conversation& conversation, int column = 0) {
    QStringList all;
    for (const QString& id : conversation.path(conversation.leaf(column))) all.append(conversation.message(id)->text);
    return all;
}

QString shownText(const MarkdownView& view) {
    QStringList all;
    for (const auto* text : view.findChildren<QTextEdit*>()) all.append(text->toPlainText());
    for (const auto* code : view.findChildren<QPlainTextEdit*>()) all.append(code->toPlainText());
    return all.join(QLatin1Char('\n'));
}

void write(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
}

}  // namespace

class TestChatModels : public QObject {
    Q_OBJECT
  private slots:
    void branchesLoseNothing();
    void aRemovedBranchLeavesItsNeighbour();
    void aFileGivesWhatWasSaved();
    void brokenFilesSayWhere_data();
    void brokenFilesSayWhere();
    void theListKeepsToTheModelsRules();
    void unreadableConversationsAreListedAndLeftAlone();
    void renamingReachesTheFile();
    void importedIdsCannotLeaveTheFolder();
    void markdownIsCutAtItsFences();
    void aModelsLinesStayAsTheyAre_data();
    void aModelsLinesStayAsTheyAre();
    void markdownIsStillMarkdown();
    void aModelsWordsAreNeverHtml_data();
    void aModelsWordsAreNeverHtml();
    void nothingIsLoaded();
    void onlyLinksToTheWebAreLinks();
    void controlCharactersAreSeen();
    void hugeLinesDoNotStopTheWindow();
    void aStreamEndsAsTheWhole();
    void codeIsColouredAndCopied();
    void everyLanguageIsColoured_data();
    void everyLanguageIsColoured();
    void tokensAreFoundWhereTheyAreClicked();
};

void TestChatModels::branchesLoseNothing() {
    Conversation talk;
    const QString question = talk.append({}, Role::User, QStringLiteral("one"));
    const QString first = talk.append(question, Role::Assistant, QStringLiteral("first"));
    const QString below = talk.append(first, Role::User, QStringLiteral("and then"));
    talk.setLeaf(below);
    QCOMPARE(texts(talk), QStringList({"one", "first", "and then"}));
    QCOMPARE(talk.data().title, QStringLiteral("one"));

    const QString second = talk.append(question, Role::Assistant, QStringLiteral("second"));
    talk.setLeaf(second);
    QCOMPARE(texts(talk), QStringList({"one", "second"}));
    QCOMPARE(talk.siblings(second), QStringList({first, second}));
    // Back on the first branch one stands where one was.
    talk.setLeaf(talk.leafBelow(first));
    QCOMPARE(texts(talk), QStringList({"one", "first", "and then"}));

    const QString other = talk.append({}, Role::User, QStringLiteral("uno"));
    QCOMPARE(talk.siblings(other), QStringList({question, other}));
    talk.setLeaf(other);
    QCOMPARE(texts(talk), QStringList({"uno"}));
    talk.setLeaf(talk.leafBelow(question));
    QCOMPARE(texts(talk), QStringList({"one", "first", "and then"}));
    // Two columns have paths of their own.
    talk.setLeaf(second, 1);
    QCOMPARE(texts(talk, 1), QStringList({"one", "second"}));
    QCOMPARE(texts(talk, 0), QStringList({"one", "first", "and then"}));
}

void TestChatModels::aRemovedBranchLeavesItsNeighbour() {
    Conversation talk;
    const QString question = talk.append({}, Role::User, QStringLiteral("one"));
    const QString first = talk.append(question, Role::Assistant, QStringLiteral("first"));
    const QString second = talk.append(question, Role::Assistant, QStringLiteral("second"));
    const QString below = talk.append(second, Role::User, QStringLiteral("below"));
    talk.setLeaf(below);
    talk.remove(second);
    QVERIFY(!talk.message(second) && !talk.message(below));
    QCOMPARE(texts(talk), QStringList({"one", "first"}));
    talk.remove(first);
    QCOMPARE(texts(talk), QStringList({"one"}));
    talk.remove(question);
    QVERIFY(talk.data().messages.isEmpty());
    QCOMPARE(talk.leaf(), QString());
}

void TestChatModels::aFileGivesWhatWasSaved() {
    Conversation talk;
    talk.edit([](ConversationData& data) {
        data.systemPrompt = QStringLiteral("Be \"short\".\n");
        data.models[0] = QStringLiteral("/somewhere/run");
        data.sampling = {{"temperature", 0.5}, {"seed", 9007199254740991.0}};
        data.completion = true;
        data.draft = QStringLiteral("half a que");
    });
    const QString question = talk.append({}, Role::User, QString::fromUtf8("Grüße \xf0\x9f\x98\x80\x01\n\tx"));
    const QString answer = talk.append(question, Role::Assistant, {});
    talk.appendText(answer, QStringLiteral("```py\nx\n```"));
    talk.appendToken(answer, {5, QStringLiteral("a"), -0.25, true, {{5, "a", -0.25}, {6, "b", -1.5}}});
    talk.update(answer, [](Message& message) {
        message.tokens.prepend({4, QStringLiteral("given"), 0, false, {}});
        message.finish = QStringLiteral("length");
        message.model = QStringLiteral("run · step 3");
        message.figures = {12, 34, 64, 2, 56.5, 7.25};
    });
    talk.setLeaf(answer);
    const QByteArray json = talk.data().toJson();
    QVERIFY2(!QJsonDocument::fromJson(json).isNull(), json.constData());
    QCOMPARE(json.count('\n'), 21);  // a line a key, a line a message
    const auto read = ConversationData::parse(json);
    QVERIFY2(read.ok(), read.ok() ? "" : read.error().text().c_str());
    QCOMPARE(read->toJson(), json);
    QCOMPARE(read->messages[1].tokens[0].known, false);
    QCOMPARE(read->messages[1].tokens[1].alternatives[1].logprob, -1.5);
    QCOMPARE(read->messages[1].figures.firstTokenMs, 7.25);
    QCOMPARE(read->messages[0].text, talk.message(question)->text);
    QVERIFY(read->completion);
    QVERIFY(talk.data().toMarkdown(0).contains(QStringLiteral("```py\nx\n```")));
}

void TestChatModels::brokenFilesSayWhere_data() {
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("wanted");
    const auto with = [](const char* messages) {
        return QByteArray("{\"formatVersion\":1,\"id\":\"a\",\"messages\":[") + messages + "]}";
    };
    QTest::newRow("no JSON") << QByteArray("{\"formatVersion\":1,") << "byte 1";
    QTest::newRow("something else") << QByteArray("[1,2]") << "no conversation";
    QTest::newRow("newer") << QByteArray("{\"formatVersion\":2,\"id\":\"a\"}") << "newer version";
    QTest::newRow("no id") << QByteArray("{\"formatVersion\":1}") << "no \"id\"";
    QTest::newRow("role") << with(R"({"id":"x","role":"god","text":""})") << "message 1";
    QTest::newRow("text") << with(R"({"id":"x","role":"user","text":3})") << "message 1";
    QTest::newRow("twice") << with(R"({"id":"x","role":"user","text":""},{"id":"x","role":"user","text":""})")
                           << "message 2";
    QTest::newRow("cycle")
        << with(R"({"id":"x","parent":"y","role":"user","text":""},{"id":"y","parent":"x","role":"user","text":""})")
        << "message 1";
    QTest::newRow("deep") << with(QByteArray(5000, '[').constData()) << "byte";
}

void TestChatModels::brokenFilesSayWhere() {
    QFETCH(QByteArray, json);
    QFETCH(QString, wanted);
    const auto read = ConversationData::parse(json);
    QVERIFY(!read.ok());
    QVERIFY2(QString::fromStdString(read.error().text()).contains(wanted), read.error().text().c_str());
}

void TestChatModels::theListKeepsToTheModelsRules() {
    const QTemporaryDir folder;
    ConversationList list;
    QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QSignalSpy listed(&list, &ConversationList::listed);
    list.setFolder(folder.filePath(QStringLiteral("conversations")));
    QVERIFY(listed.wait());
    QList<ConversationData> all;
    for (const char* words : {"How do tides work", "Sort a list in Python", "A poem about snow"}) {
        Conversation talk;
        const QString question = talk.append({}, Role::User, QLatin1String(words));
        const QString answer =
            talk.append(question, Role::Assistant, QStringLiteral("An answer to: ") + QLatin1String(words));
        talk.update(answer, [](Message& message) { message.finish = QStringLiteral("end_token"); });
        talk.setLeaf(answer);
        all.append(talk.data());
        all.last().changed = QDateTime::currentDateTimeUtc().addSecs(all.size());
        list.save(all.last());
    }
    QCOMPARE(list.rowCount(), 3);
    QCOMPARE(list.index(0).data().toString(), QStringLiteral("A poem about snow"));
    // What is said last stands first, and stays selected: it moves.
    const QPersistentModelIndex kept = list.indexOf(all[0].id);
    QSignalSpy moved(&list, &QAbstractItemModel::rowsMoved);
    all[0].changed = QDateTime::currentDateTimeUtc().addSecs(60);
    list.save(all[0]);
    QCOMPARE(moved.count(), 1);
    QVERIFY(kept.isValid());
    QCOMPARE(kept.row(), 0);

    list.setQuery(QStringLiteral("answer PYTHON"));
    QCOMPARE(list.rowCount(), 1);
    QVERIFY(list.index(0).data(ConversationList::PreviewRole).toString().contains(QStringLiteral("Python")));
    list.save(all[2]);  // one that the search does not show
    QCOMPARE(list.rowCount(), 1);
    list.setQuery(QStringLiteral("nothing of the kind"));
    QCOMPARE(list.rowCount(), 0);
    list.setQuery({});
    QCOMPARE(list.rowCount(), 3);

    list.remove(all[1].id);
    QCOMPARE(list.rowCount(), 2);
    list.save(all[1]);  // a saving that comes late brings nothing back
    list.waitForDisk();
    QCOMPARE(QDir(list.folder()).entryList({QStringLiteral("*.json")}).size(), 2);
    QCOMPARE(QDir(list.folder()).entryList(QDir::Files | QDir::Hidden).size(), 2);

    ConversationList again;
    QSignalSpy listedAgain(&again, &ConversationList::listed);
    again.setFolder(list.folder());
    QVERIFY(listedAgain.wait());
    QCOMPARE(again.rowCount(), 2);
    QCOMPARE(again.index(0).data(ConversationList::IdRole).toString(), all[0].id);
    QSignalSpy loaded(&again, &ConversationList::loaded);
    again.load(all[0].id);
    QVERIFY(loaded.wait());
    QCOMPARE(loaded.first().first().value<ConversationData>().toJson(), all[0].toJson());
}

void TestChatModels::unreadableConversationsAreListedAndLeftAlone() {
    const QTemporaryDir folder;
    const QByteArray newer = "{\"formatVersion\":7,\"id\":\"later\"}";
    write(folder.filePath(QStringLiteral("later.json")), newer);
    write(folder.filePath(QStringLiteral("torn.json")), "{\"formatVersion\":1,\"id\":");
    ConversationList list;
    QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QSignalSpy listed(&list, &ConversationList::listed);
    list.setFolder(folder.path());
    QVERIFY(listed.wait());
    QCOMPARE(list.rowCount(), 2);
    const QModelIndex later = list.indexOf(QStringLiteral("later"));
    QVERIFY(later.data(ConversationList::PreviewRole).toString().contains(QStringLiteral("newer version")));
    QVERIFY(!(list.flags(later) & Qt::ItemIsEditable));
    ConversationData mine = ConversationData::fresh();
    mine.id = QStringLiteral("later");
    list.save(mine);
    QSignalSpy failed(&list, &ConversationList::loadFailed);
    list.load(QStringLiteral("torn"));
    QVERIFY(failed.wait());
    list.waitForDisk();
    QFile file(folder.filePath(QStringLiteral("later.json")));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), newer);
}

void TestChatModels::renamingReachesTheFile() {
    const QTemporaryDir folder;
    ConversationList list;
    list.setFolder(folder.path());
    Conversation talk;
    talk.append({}, Role::User, QStringLiteral("one"));
    list.save(talk.data());
    connect(&list, &ConversationList::renamed, &list, &ConversationList::writeTitle);
    QVERIFY(list.setData(list.index(0), QStringLiteral("  Another\nname "), Qt::EditRole));
    QVERIFY(!list.setData(list.index(0), QStringLiteral("  "), Qt::EditRole));
    list.waitForDisk();
    QFile file(folder.filePath(talk.id() + QStringLiteral(".json")));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(file.readAll().contains("\"title\": \"Another name\""));
}

void TestChatModels::importedIdsCannotLeaveTheFolder() {
    const QTemporaryDir folder;
    ConversationList list;
    list.setFolder(folder.filePath(QStringLiteral("in")));
    Conversation talk;
    talk.append({}, Role::User, QStringLiteral("one"));
    ConversationData data = talk.data();
    data.id = QStringLiteral("../../out");
    write(folder.filePath(QStringLiteral("evil.json")), data.toJson());
    QSignalSpy imported(&list, &ConversationList::imported);
    list.importFile(folder.filePath(QStringLiteral("evil.json")));
    QVERIFY(imported.wait());
    QVERIFY(!imported.first().first().toString().contains(QLatin1Char('/')));
    list.importFile(folder.filePath(QStringLiteral("evil.json")));  // a second time it is another
    QVERIFY(imported.wait());
    list.waitForDisk();
    QCOMPARE(QDir(list.folder()).entryList({QStringLiteral("*.json")}).size(), 2);
    QSignalSpy failed(&list, &ConversationList::importFailed);
    list.importFile(folder.filePath(QStringLiteral("missing.json")));
    QVERIFY(failed.wait());
}

void TestChatModels::markdownIsCutAtItsFences() {
    const auto parts =
        splitMarkdown(QStringLiteral("Look:\n\n```python title\nx = 1\n\ny\n```\nand `a ``` b`\n~~~~\n~~~\n```\n~~~~\n"
                                     "- list\n    ```\n    code in a list\n    ```\n```\nopen"));
    QCOMPARE(parts.size(), 6);
    QCOMPARE(parts[1], (MarkdownPart{true, QStringLiteral("x = 1\n\ny"), QStringLiteral("python"), true}));
    QCOMPARE(parts[3], (MarkdownPart{true, QStringLiteral("~~~\n```"), QString(), true}));
    QVERIFY(parts[2].text.contains(QStringLiteral("a ``` b")));
    QVERIFY(!parts[4].code && parts[4].text.contains(QStringLiteral("code in a list")));
    QCOMPARE(parts[5], (MarkdownPart{true, QStringLiteral("open"), QString(), false}));
    QVERIFY(splitMarkdown({}).isEmpty());
    QString longText;
    for (int i = 0; i < 400; ++i) longText += QStringLiteral("A paragraph of some words, number %1.\n\n").arg(i);
    QVERIFY(splitMarkdown(longText).size() > 3);
    QString together;
    for (const MarkdownPart& part : splitMarkdown(longText)) together += part.text;
    QCOMPARE(together, longText);
}

void TestChatModels::aModelsLinesStayAsTheyAre_data() {
    QTest::addColumn<QString>("words");
    for (const char* words :
         {"def add(a, b):\n    return a + b", "class A:\n    def __init__(self):\n        self.__x = 2*3*4\n# end",
          "one\ntwo\nthree", "if x:\n\ty()", ">>> 1 + 1\n2\n>>> __name__", "f(*args, **kwargs)\ng(a)*(b)*c",
          "  two spaces in front\n    four", "_private = __all__", "a_b_c and d__e__f",
          "Roses are red,  \nviolets are blue", "for (;;) {\n    x = x * y * z;\n}"})
        QTest::newRow(words) << QString::fromLatin1(words);
}

void TestChatModels::aModelsLinesStayAsTheyAre() {
    QFETCH(QString, words);
    Theme theme;
    MarkdownView view(theme);
    view.setText(words);
    words.replace(QStringLiteral("  \n"), QStringLiteral("\n"));
    QCOMPARE(shownText(view).trimmed(), words.trimmed());
    // Spaces in front are seen (shownText() would give them either way from a block of code).
    if (words.startsWith(QLatin1Char(' '))) QVERIFY(shownText(view).startsWith(QStringLiteral("  ")));
    for (const auto* shown : view.findChildren<QTextBrowser*>())
        for (QTextBlock block = shown->document()->begin(); block.isValid(); block = block.next())
            for (auto at = block.begin(); !at.atEnd(); ++at) {
                const QTextCharFormat format = at.fragment().charFormat();
                QVERIFY2(format.fontWeight() <= QFont::Normal && !format.fontItalic() && !format.fontUnderline() &&
                             !format.fontStrikeOut(),
                         qPrintable(at.fragment().text()));
            }
    // Code that has no fence stands in letters of one width.
    if (words.startsWith(QStringLiteral("def ")))
        QVERIFY(view.findChild<QTextBrowser*>()->document()->begin().begin().fragment().charFormat().fontFixedPitch());
    // And as it streams in.
    MarkdownView stream(theme);
    for (const QChar c : words) stream.append(QString(c));
    stream.finish();
    QCOMPARE(shownText(stream), shownText(view));
}

void TestChatModels::markdownIsStillMarkdown() {
    Theme theme;
    MarkdownView view(theme);
    view.setText(QStringLiteral(
        "# Title\nText with **bold**, *slanted* and `__code__`.\nAnd a line.\n- one\n  still one\n- two\n"
        "    - below two\n\n> quoted\n\nA table:\n| a | b |\n|---|---|\n| 1 | __x__ |\n\n"
        "- code:\n  ```\n  __y__\n  ```\n\nhttps://example.org/_a_/b_c and [d](https://example.org/__e__)\n"));
    int lists = 0, tables = 0, titles = 0, bold = 0, slanted = 0;
    QStringList links;
    for (const auto* shown : view.findChildren<QTextBrowser*>())
        for (QTextBlock block = shown->document()->begin(); block.isValid(); block = block.next()) {
            lists += block.textList() != nullptr;
            tables += QTextCursor(block).currentTable() != nullptr;
            titles += block.blockFormat().headingLevel() == 1;
            for (auto at = block.begin(); !at.atEnd(); ++at) {
                const QTextCharFormat format = at.fragment().charFormat();
                bold += at.fragment().text() == QStringLiteral("bold") && format.fontWeight() > QFont::Normal;
                slanted += at.fragment().text() == QStringLiteral("slanted") && format.fontItalic();
                if (format.isAnchor()) links.append(format.anchorHref());
            }
        }
    QVERIFY2(lists >= 4, qPrintable(QString::number(lists)));
    QCOMPARE(tables, 4);
    QCOMPARE(titles, 1);
    QCOMPARE(bold, 1);
    QCOMPARE(slanted, 1);
    QCOMPARE(links, QStringList({"https://example.org/_a_/b_c", "https://example.org/__e__"}));
    const QString shown = shownText(view);
    for (const char* words : {"__code__", "__x__", "__y__", "one\nstill one", "And a line.", "A table:"})
        QVERIFY2(shown.contains(QLatin1String(words)), qPrintable(shown));
}

void TestChatModels::aModelsWordsAreNeverHtml_data() {
    QTest::addColumn<QString>("words");
    for (const char* words : {"<script>alert(1)</script>", "a <b>bold</b> word", "<img src=\"file:///etc/passwd\">",
                              "<img src=x onerror=alert(1)>", "<a href=\"file:///etc/passwd\">click</a>",
                              "<iframe src='http://example.org'></iframe>", "<table><tr><td>x</td></tr></table>",
                              "<style>* { color: red }</style>", "<!-- comment -->",
                              "<p style=\"font-size:900pt\">big</p>", "<meta http-equiv=refresh>"})
        QTest::newRow(words) << QString::fromLatin1(words);
}

void TestChatModels::aModelsWordsAreNeverHtml() {
    QFETCH(QString, words);
    Theme theme;
    // Alone, within prose, in a list, as a title, and in every look.
    for (const QString& text :
         {words, QStringLiteral("Before\n\n%1\n\nbehind").arg(words), QStringLiteral("- %1").arg(words),
          QStringLiteral("# %1").arg(words), QStringLiteral("```\n%1\n```").arg(words)}) {
        for (const auto look : {MarkdownView::Look::Markdown, MarkdownView::Look::Plain, MarkdownView::Look::Mono}) {
            MarkdownView view(theme, look);
            view.setText(text);
            QVERIFY2(shownText(view).contains(words), qPrintable(shownText(view)));
            for (const auto* shown : view.findChildren<QTextBrowser*>())
                for (QTextBlock block = shown->document()->begin(); block.isValid(); block = block.next())
                    for (auto at = block.begin(); !at.atEnd(); ++at) {
                        QVERIFY(!at.fragment().charFormat().isImageFormat());
                        QVERIFY(!at.fragment().charFormat().isAnchor() ||
                                isHarmlessLink(QUrl(at.fragment().charFormat().anchorHref())));
                    }
        }
    }
    TokenView tokens(theme);
    tokens.setTokens({{1, words, -1, true, {}}});
    QVERIFY(tokens.toPlainText().contains(words));
    TokenPopup popup(theme, {1, words, -1, true, {{1, words, -1}}}, 0, nullptr);
    QCOMPARE(popup.findChild<QLabel*>(QStringLiteral("tokenTitle"))->textFormat(), Qt::PlainText);
}

void TestChatModels::nothingIsLoaded() {
    const QTemporaryDir folder;
    QImage picture(8, 8, QImage::Format_RGB32);
    picture.fill(Qt::red);
    const QString file = folder.filePath(QStringLiteral("secret.png"));
    QVERIFY(picture.save(file));
    Theme theme;
    MarkdownView view(theme);
    view.setText(QStringLiteral("See ![a picture](%1) and ![another](file://%1) here.").arg(file));
    const QString shown = shownText(view);
    QVERIFY2(shown.contains(QStringLiteral("[picture: a picture")), qPrintable(shown));
    for (const auto* text : view.findChildren<TextBlock*>()) {
        for (const QUrl& url : {QUrl::fromLocalFile(file), QUrl(file)}) {
            const QVariant got = text->document()->resource(QTextDocument::ImageResource, url);
            QCOMPARE(got.value<QImage>().size(), QSize(1, 1));
        }
        for (QTextBlock block = text->document()->begin(); block.isValid(); block = block.next())
            for (auto at = block.begin(); !at.atEnd(); ++at) QVERIFY(!at.fragment().charFormat().isImageFormat());
    }
}

void TestChatModels::onlyLinksToTheWebAreLinks() {
    for (const char* good :
         {"http://example.org/a?b", "https://example.org", "HTTPS://example.org", "mailto:a@example.org"})
        QVERIFY2(isHarmlessLink(QUrl(QString::fromLatin1(good))), good);
    for (const char* bad : {"file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "/etc/passwd", "passwd",
                            "ftp://example.org", "http:", "https:///x", "vbscript:x", "mailto:", "qrc:/x", ""})
        QVERIFY2(!isHarmlessLink(QUrl(QString::fromLatin1(bad))), bad);
    Theme theme;
    MarkdownView view(theme);
    view.setText(QStringLiteral(
        "[one](https://example.org) [two](file:///etc/passwd) [three](javascript:alert(1)) <file:///etc/hosts> "
        "[four][x]\n\n[x]: data:text/html,x\n"));
    QStringList links;
    for (const auto* text : view.findChildren<TextBlock*>())
        for (QTextBlock block = text->document()->begin(); block.isValid(); block = block.next())
            for (auto at = block.begin(); !at.atEnd(); ++at)
                if (at.fragment().charFormat().isAnchor()) links.append(at.fragment().charFormat().anchorHref());
    QCOMPARE(links, QStringList({"https://example.org"}));
    QVERIFY(shownText(view).contains(QStringLiteral("two")));
}

void TestChatModels::controlCharactersAreSeen() {
    const QString wild = QStringLiteral("a\x1b[31mred\x07 b\u202egnp.exe c\u2028d\ufffc e\x7f\r\nf") + QChar(0) +
                         QChar(0xd800) + QChar(0xfdd0);
    const QString shown = harmlessText(wild);
    QCOMPARE(shown,
             QStringLiteral("a\u241b[31mred\u2407 b\u27e8U+202E\u27e9gnp.exe c\nd\ufffd e\u2421\nf\u2400\ufffd\ufffd"));
    QCOMPARE(harmlessText(QString::fromUtf8("Grüße 漢字 \xf0\x9f\x98\x80\t\n")),
             QString::fromUtf8("Grüße 漢字 \xf0\x9f\x98\x80\t\n"));
    Theme theme;
    for (const auto look : {MarkdownView::Look::Markdown, MarkdownView::Look::Plain}) {
        MarkdownView view(theme, look);
        view.setText(wild);
        for (const QChar c : shownText(view)) QVERIFY(c == QLatin1Char('\n') || c.category() != QChar::Other_Control);
    }
}

void TestChatModels::hugeLinesDoNotStopTheWindow() {
    Theme theme;
    MarkdownView view(theme);
    view.resize(700, 400);
    view.show();
    QElapsedTimer clock;
    clock.start();
    view.setText(QString(4'000'000, QLatin1Char('x')));
    QCoreApplication::processEvents();
    QVERIFY2(clock.elapsed() < 2000, qPrintable(QString::number(clock.elapsed())));
    QVERIFY(shownText(view).size() <= MarkdownView::kShownAtOnce + 10);
    auto* more = view.findChild<QPushButton*>(QStringLiteral("showMore"));
    QVERIFY(more && more->isVisibleTo(&view));
    more->click();
    QVERIFY(shownText(view).size() > MarkdownView::kShownAtOnce);
    clock.restart();
    view.setText(QStringLiteral("```json\n") + QString(1'000'000, QLatin1Char('[')) + QStringLiteral("\n```"));
    QCoreApplication::processEvents();
    QVERIFY2(clock.elapsed() < 2000, qPrintable(QString::number(clock.elapsed())));
}

void TestChatModels::aStreamEndsAsTheWhole() {
    const QString text = QStringLiteral(
        "# Title\n\nSome *words* and `code`.\n\n```cpp\nint main() {\n    return 0;\n}\n```\n\n- one\n- two\n\n| a | b "
        "|\n|---|---|\n| 1 | 2 |\n");
    Theme theme;
    MarkdownView whole(theme), stream(theme);
    whole.resize(600, 400);
    stream.resize(600, 400);
    whole.show();
    stream.show();
    whole.setText(text);
    for (const QChar c : text) {
        stream.append(QString(c));
        if (c == QLatin1Char('\n')) QTest::qWait(1);
    }
    stream.finish();
    QCOMPARE(shownText(stream), shownText(whole));
    QCOMPARE(stream.findChildren<CodeBlock*>().size(), 1);
    QCOMPARE(stream.findChild<CodeBlock*>()->code(), QStringLiteral("int main() {\n    return 0;\n}"));
    // A text without an end to its code shows it as code all the same.
    MarkdownView open(theme);
    open.setText(QStringLiteral("```py\nx = 1"));
    QCOMPARE(open.findChildren<CodeBlock*>().size(), 1);
}

void TestChatModels::codeIsColouredAndCopied() {
    Theme theme;
    MarkdownView view(theme);
    view.resize(600, 300);
    view.show();
    view.setText(QStringLiteral("```python\ndef add(a, b):\n    return a + b  # sum\n```"));
    auto* code = view.findChild<CodeBlock*>();
    QVERIFY(code);
    auto* text = code->findChild<QPlainTextEdit*>(QStringLiteral("code"));
    QCoreApplication::processEvents();
    QList<QColor> colours;
    for (const auto& range : text->document()->begin().layout()->formats())
        colours.append(range.format.foreground().color());
    QVERIFY(colours.contains(CodeHighlighter::colour(CodeHighlighter::Keyword, theme.isDark())));
    QVERIFY(text->verticalScrollBar()->maximum() == 0);
    auto* copy = code->findChild<QPushButton*>(QStringLiteral("copyCode"));
    copy->click();
    QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("def add(a, b):\n    return a + b  # sum"));
    QCOMPARE(copy->text(), QStringLiteral("Copied"));
}

void TestChatModels::everyLanguageIsColoured_data() {
    QTest::addColumn<QString>("language");
    QTest::addColumn<QString>("code");
    QTest::addColumn<int>("line");
    QTest::addColumn<QString>("word");
    QTest::addColumn<int>("ink");
    using H = CodeHighlighter;
    QTest::newRow("python text over lines") << "py"
                                            << "x = \"\"\"a\nif b\n\"\"\"" << 1 << "if" << int(H::Text);
    QTest::newRow("python comment") << "python"
                                    << "x = '#' # if" << 0 << "if" << int(H::Comment);
    QTest::newRow("python call") << "python"
                                 << "print(3)" << 0 << "print" << int(H::Called);
    QTest::newRow("c comment over lines") << "c++"
                                          << "/* a\nint b */ int" << 1 << "int b" << int(H::Comment);
    QTest::newRow("c behind a comment") << "cpp"
                                        << "/* a\nb */ return 1;" << 1 << "return" << int(H::Keyword);
    QTest::newRow("c directive") << "c"
                                 << "#include <x>" << 0 << "#include" << int(H::Keyword);
    QTest::newRow("javascript template") << "js"
                                         << "a = `x\nreturn\n`" << 1 << "return" << int(H::Text);
    QTest::newRow("javascript") << "typescript"
                                << "const a = 0x1F;" << 0 << "0x1F" << int(H::Number);
    QTest::newRow("json key") << "json"
                              << "{\"a\": true}" << 0 << "\"a\"" << int(H::Called);
    QTest::newRow("json constant") << "json"
                                   << "{\"a\": true}" << 0 << "true" << int(H::Constant);
    QTest::newRow("shell variable") << "bash"
                                    << "echo \"a\" ${HOME}" << 0 << "${HOME}" << int(H::Constant);
    QTest::newRow("shell comment") << "sh"
                                   << "ls # for" << 0 << "for" << int(H::Comment);
}

void TestChatModels::everyLanguageIsColoured() {
    QFETCH(QString, language);
    QFETCH(QString, code);
    QFETCH(int, line);
    QFETCH(QString, word);
    QFETCH(int, ink);
    QTextDocument document;
    document.setPlainText(code);
    CodeHighlighter highlighter(&document, codeLanguage(language), false);
    highlighter.rehighlight();
    const QTextBlock block = document.findBlockByNumber(line);
    const auto at = block.text().indexOf(word);
    QVERIFY(at >= 0);
    QColor found;
    for (const auto& range : block.layout()->formats())
        if (range.start <= at && at < range.start + range.length) found = range.format.foreground().color();
    QCOMPARE(found, CodeHighlighter::colour(static_cast<CodeHighlighter::Ink>(ink), false));
}

void TestChatModels::tokensAreFoundWhereTheyAreClicked() {
    Theme theme;
    TokenView view(theme);
    view.resize(300, 200);
    view.show();
    QList<AnswerToken> tokens;
    for (int i = 0; i < 60; ++i)
        tokens.append({i, i % 7 == 6 ? QStringLiteral("\n") : QStringLiteral(" word%1").arg(i), -0.1 * i, true, {}});
    view.setTokens(tokens);
    QCoreApplication::processEvents();
    QSignalSpy activated(&view, &TokenView::activated);
    for (const int wanted : {0, 5, 6, 7, 33, 59}) {
        const QRect place = view.tokenRect(wanted);
        QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, QPoint(place.left() + 4, place.center().y()));
        QVERIFY2(!activated.isEmpty(), qPrintable(QString::number(wanted)));
        QCOMPARE(activated.takeLast().first().toInt(), wanted);
        QCOMPARE(view.current(), wanted);
    }
    QTest::keyClick(&view, Qt::Key_Home);
    QTest::keyClick(&view, Qt::Key_Right);
    QTest::keyClick(&view, Qt::Key_Return);
    QCOMPARE(activated.takeLast().first().toInt(), 1);
    QCOMPARE(probabilityText(0), QStringLiteral("100%"));
    QCOMPARE(probabilityText(std::log(0.5)), QStringLiteral("50.0%"));
    QCOMPARE(probabilityText(-1e9), QStringLiteral("< 0.01%"));
}

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::TestChatModels)
#include "chat_models.moc"
