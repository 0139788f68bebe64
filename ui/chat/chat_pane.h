// SPDX-License-Identifier: GPL-3.0-or-later
// A model and the path through the conversation that it answers on: one column of the chat page, or two beside each
// other.
#pragma once

#include <QPointer>
#include <QWidget>

#include "ui/chat/model_talker.h"
#include "ui/chat/transcript_view.h"
#include "ui/studio.h"

namespace distillix::ui {

class ModelPicker;

class ChatPane : public QWidget {
    Q_OBJECT
  public:
    ChatPane(Studio& studio, int column, QWidget* parent = nullptr);
    ~ChatPane() override;

    /// Null: nothing to show. What is being made for another conversation is stopped.
    void setConversation(Conversation* conversation);
    /// Opens what the conversation names, with its template: once wake() was called, so that a window that shows
    /// another page loads no model.
    void openModel();
    void wake();
    void setModel(const QString& path);

    /// Lets the model answer under that message, beside what may be there. `given` is how the answer begins.
    void answer(const QString& parent, const QList<AnswerToken>& given = {});
    /// Lets an answer go on where it ended.
    void goOn(const QString& message);
    void regenerate(const QString& message);
    void stop();
    bool isBusy() const { return m_request != 0; }

    /// Tells by gaugeChanged() what the context would hold with that question.
    void weigh(const QString& draft);
    int used() const { return m_used; }
    int context() const { return m_talker.context(); }
    const ModelTalker& talker() const { return m_talker; }
    TranscriptView& transcript() { return *m_transcript; }
    /// Words for an empty conversation, and what the header says.
    void tellState();

  signals:
    void busyChanged();
    void gaugeChanged();
    void questionEdited(const QString& id, const QString& text);
    void linkActivated(const QUrl& url);

  private:
    /// The keys that say what the model is to go on from.
    QJsonObject promptKeys(const QString& leaf, const QString& draft = {}) const;
    void begin(const QString& message, const QString& parent, const QJsonValue& prefix);
    void finish(const QString& finish, const QString& error = {});
    void answered(const QJsonObject& result, double firstTokenMs);
    void goOnFrom(const QString& message, int token, const TokenAlternative& alternative);
    void editAnswer(const QString& message, const QString& text);
    QString lastAnswer() const;

    Studio& m_studio;
    const int m_column;
    ModelTalker m_talker;
    QPointer<Conversation> m_conversation;

    // What is being made.
    int m_request = 0;
    QString m_message;
    QList<AnswerToken> m_given;   ///< tokens that stand in front of those drawn
    qsizetype m_givenLength = 0;  ///< of what stood there, in characters
    qsizetype m_skip = 0;         ///< characters that come again and stand there already
    bool m_givenText = false;     ///< the beginning was given as a text, its tokens are told at the end
    int m_before = 0;             ///< tokens that an answer had when it was let go on

    bool m_awake = false;
    int m_count = 0;  ///< the request that weighs a draft
    int m_used = 0;

    ModelPicker* m_picker;
    QLabel* m_state;
    QFrame* m_trouble;
    QLabel* m_troubleText;
    TranscriptView* m_transcript;
};

}  // namespace distillix::ui
