// SPDX-License-Identifier: GPL-3.0-or-later
// One path through a conversation, to be read and worked on. It keeps to the end while an answer grows, unless somebody
// scrolled up; of a long conversation only the last messages are laid out until more are asked for.
#pragma once

#include <QPointer>
#include <QScrollArea>

#include "ui/chat/message_view.h"

namespace distillix::ui {

class TranscriptView : public QScrollArea {
    Q_OBJECT
  public:
    static constexpr int kShownAtOnce = 20;  ///< messages

    explicit TranscriptView(Theme& theme, QWidget* parent = nullptr);
    /// Null: nothing. What is shown when there is no message yet is `empty`.
    void setConversation(Conversation* conversation, int column);
    void setEmptyText(const QString& title, const QString& text);
    MessageView* view(const QString& id) const;
    void setMaking(const QString& id, bool making, const QString& doing = {});
    void scrollToEnd();

  signals:
    void edited(const QString& id, const QString& text);
    void regenerateWanted(const QString& id);
    void continueWanted(const QString& id);
    void removeWanted(const QString& id);
    void branchWanted(const QString& id);
    void goOnFromWanted(const QString& id, int token, const distillix::ui::TokenAlternative& alternative);
    void linkActivated(const QUrl& url);

  protected:
    void resizeEvent(QResizeEvent* event) override;

  private:
    void rebuild();
    void takeWidths();

    Theme& m_theme;
    QPointer<Conversation> m_conversation;
    int m_column = 0;
    int m_shown = kShownAtOnce;
    QWidget* m_content;
    QWidget* m_inner;
    QVBoxLayout* m_layout;
    QPushButton* m_earlier;
    QPushButton* m_toEnd;
    QWidget* m_empty;
    QLabel *m_emptyTitle, *m_emptyText;
    QList<MessageView*> m_views;
    QString m_making, m_doing;
    bool m_atEnd = true;
};

}  // namespace distillix::ui
