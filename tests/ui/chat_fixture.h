// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDoubleSpinBox>
#include <QPlainTextEdit>

#include "core/data/chat_template.h"
#include "tests/cli/small_model.h"
#include "tests/ui/support.h"
#include "ui/chat/chat_page.h"

namespace distillix::ui {

/// A studio whose project has the models "tiny" (a chat model) and "base" (no template), with the chat page open.
class ChatFixture : public StudioFixture {
  public:
    ChatFixture() {
        const QString models = project().modelsDir();
        test::makeSmallModel((models + QStringLiteral("/tiny")).toStdString(), ChatTemplate::specialTokens(), 128);
        project().refresh();
        if (!waitFor([&] { return !project().contents().models.isEmpty(); })) qFatal("the model was not found");
        window().showPage(PageId::Chat);
        page()->conversations().waitForDisk();
        page()->startNew();
        number("max_tokens")->setValue(12);
        number("seed")->setValue(3);
        number("logprobs")->setValue(4);
        if (!ready(0)) qFatal("the model did not open: %s", qPrintable(page()->pane(0).talker().error()));
    }
    ChatPage* page() { return static_cast<ChatPage*>(window().page(PageId::Chat)); }
    QDoubleSpinBox* number(const char* name) { return page()->findChild<QDoubleSpinBox*>(QLatin1String(name)); }
    QString model(const char* name) { return project().modelsDir() + QLatin1Char('/') + QLatin1String(name); }
    bool ready(int column) {
        return waitFor([&] { return page()->pane(column).talker().state() == ModelTalker::State::Ready; });
    }
    bool idle() {
        return waitFor([&] { return !page()->pane(0).isBusy() && !page()->pane(1).isBusy(); });
    }
    void type(const QString& text) { find<QPlainTextEdit>("question")->setPlainText(text); }
    /// Types it, presses Return, and waits for the answer.
    bool say(const QString& text) {
        type(text);
        QTest::keyClick(find<QPlainTextEdit>("question"), Qt::Key_Return);
        return page()->pane(0).isBusy() && idle();
    }
    const Message* last(int column = 0) {
        Conversation* talk = page()->conversation();
        return talk->message(talk->leaf(column));
    }
    using StudioFixture::path;
    QStringList path(int column) {
        QStringList texts;
        for (const QString& id : page()->conversation()->path(page()->conversation()->leaf(column)))
            texts.append(page()->conversation()->message(id)->text);
        return texts;
    }
    template <typename Widget>
    Widget* within(const QString& message, const char* name, int column = 0) {
        MessageView* view = page()->pane(column).transcript().view(message);
        return view ? view->findChild<Widget*>(QLatin1String(name)) : nullptr;
    }
    template <typename Widget>
    Widget* inPane(const char* name, int column = 0) {
        return page()->pane(column).findChild<Widget*>(QLatin1String(name));
    }
    QString file() {
        page()->conversations().waitForDisk();
        return project().conversationsDir() + QLatin1Char('/') + page()->conversation()->id() + QStringLiteral(".json");
    }
};

}  // namespace distillix::ui
