// SPDX-License-Identifier: GPL-3.0-or-later
// One message: what was said, and under it what can be done about it.
#pragma once

#include <QFrame>

#include "ui/chat/token_view.h"
#include "ui/models/conversation.h"
#include "ui/widgets/markdown_view.h"

class QHBoxLayout;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QToolButton;
class QVBoxLayout;

namespace distillix::ui {

class MessageView : public QFrame {
    Q_OBJECT
  public:
    MessageView(Theme& theme, Conversation& conversation, const QString& id, QWidget* parent = nullptr);

    const QString& id() const { return m_id; }
    /// Reads the message anew.
    void refresh();
    void append(const QString& piece);
    /// While an answer is being made it has no commands.
    void setMaking(bool making, const QString& doing = {});
    void setShowsTokens(bool shows);
    void takeWidth(int column);

  signals:
    void edited(const QString& id, const QString& text);
    void regenerateWanted(const QString& id);
    void continueWanted(const QString& id);
    void removeWanted(const QString& id);
    void branchWanted(const QString& id);
    void goOnFromWanted(const QString& id, int token, const distillix::ui::TokenAlternative& alternative);
    void linkActivated(const QUrl& url);

  private:
    QToolButton* button(const QString& icon, const QString& name, const QString& what);
    /// Goes on where an edit was left.
    void beginEditing();
    void endEditing(bool keep);
    void restyle();
    void showFigures(const Message& message);

    Theme& m_theme;
    Conversation& m_conversation;
    const QString m_id;
    const bool m_user;
    bool m_making = false, m_showsTokens = false;

    QVBoxLayout* m_layout;
    QFrame* m_bubble;
    QVBoxLayout* m_body;
    QLabel *m_who, *m_doing, *m_error, *m_note, *m_figures, *m_place;
    MarkdownView* m_text;
    TokenView* m_tokens = nullptr;
    QWidget* m_commands;
    QHBoxLayout* m_row;
    bool m_narrow = false;  // the figures have a line of their own
    QToolButton *m_previous, *m_next, *m_copy, *m_edit, *m_again = nullptr, *m_byToken = nullptr, *m_remove;
    QPushButton* m_goOn = nullptr;
    QWidget* m_editing = nullptr;
    QPlainTextEdit* m_editor = nullptr;
    QList<std::pair<QToolButton*, QString>> m_icons;
};

}  // namespace distillix::ui
