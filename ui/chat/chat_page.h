// SPDX-License-Identifier: GPL-3.0-or-later
// The chat page: conversations at the left, one or two models answering in the middle, how they are asked at the right.
#pragma once

#include <QTimer>
#include <memory>

#include "ui/chat/chat_pane.h"
#include "ui/chat/chat_settings.h"
#include "ui/chat/composer.h"
#include "ui/models/conversation_list.h"
#include "ui/page.h"

class QLineEdit;
class QListView;
class QSplitter;

namespace distillix::ui {

class ChatPage : public Page {
    Q_OBJECT
  public:
    explicit ChatPage(Studio& studio, QWidget* parent = nullptr);
    ~ChatPage() override;
    QString title() const override { return tr("Chat"); }
    void activate(const QVariantMap& arguments) override;
    void saveState() override;

    /// The conversation that is open; null without a project.
    Conversation* conversation() const { return m_conversation.get(); }
    ConversationList& conversations() { return m_list; }
    ChatPane& pane(int column) { return *m_panes[column]; }
    /// A file of that name: .md has the path that is shown, everything else the whole conversation as JSON.
    void exportTo(const QString& path);
    void importFrom(const QString& path) { m_list.importFile(path); }
    void startNew();
    void setComparing(bool comparing);
    void removeConversation(const QString& id);

  protected:
    void keyPressEvent(QKeyEvent* event) override;

  private:
    QWidget* makeList();
    QWidget* makeMiddle();
    void addActions();
    void restyle();
    void projectChanged();
    void open(ConversationData talk);
    void send();
    void askAgain(const QString& question, const QString& text);
    void settingsChanged();
    void saveNow();
    void titleEdited();
    void tellTitle();
    void tellGauge();
    void tellBusy();
    void openLink(const QUrl& url);
    void askToRemove(const QString& id);
    void askExport();
    void askImport();
    bool isBusy() const;
    QString anyModel() const;

    ConversationList m_list;
    std::unique_ptr<Conversation> m_conversation;
    QString m_loading;      ///< id of the conversation that is being read
    QString m_wantedModel;  ///< asked for before there was a conversation
    QTimer m_save, m_weigh;
    bool m_comparing = false;
    bool m_opening = false;

    QSplitter* m_columns;
    QWidget* m_listPanel;
    QLineEdit* m_search;
    QListView* m_view;
    QLabel* m_noConversations;
    QLineEdit* m_title;
    QPushButton *m_new, *m_compare, *m_export, *m_showSettings;
    QSplitter* m_both;
    ChatPane* m_panes[2];
    Composer* m_composer;
    ChatSettings* m_settings;
};

}  // namespace distillix::ui
