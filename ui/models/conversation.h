// SPDX-License-Identifier: GPL-3.0-or-later
// A conversation is a tree of messages: editing a question or asking for another answer adds a branch beside what was
// there and loses nothing. What is shown is one path through the tree, from its top to a leaf; two of them when two
// models are compared. The file's format stands in ui/models/CONVERSATION.md.
#pragma once

#include <QDateTime>
#include <QHash>
#include <QJsonObject>
#include <QList>
#include <QObject>
#include <QString>
#include <QStringList>
#include <optional>

#include "core/base/result.h"

namespace distillix::ui {

/// What else the model thought of at a token.
struct TokenAlternative {
    int id = 0;
    QString shown;
    double logprob = 0;  ///< natural logarithm of the model's own probability
};

/// A token of an answer, as the event "token" of core/jobs/PROTOCOL.md tells it.
struct AnswerToken {
    int id = 0;
    QString shown;
    double logprob = 0;
    bool known = true;  ///< false: given as the answer's beginning and not drawn, so that nothing is known of it
    QList<TokenAlternative> alternatives;
};

/// How an answer was made.
struct AnswerFigures {
    int tokens = 0;           ///< drawn
    int contextTokens = 0;    ///< of the model's context, filled at the end
    int context = 0;          ///< the model's room, in tokens; 0: not known
    int droppedMessages = 0;  ///< that the model no longer saw
    double tokensPerSecond = 0;
    double firstTokenMs = 0;  ///< from the asking to the first word; 0: not known
};

enum class Role { User, Assistant };

struct Message {
    QString id;
    QString parent;  ///< empty: at the top of the tree
    Role role = Role::User;
    QString text;
    QDateTime created;
    std::optional<QString> edit;  ///< what it is being edited into, where it is

    // Of answers only.
    QString model;   ///< for people: "first · step 1,200"
    QString finish;  ///< the protocol's word, "failed" where `error` says why, empty while it is being made
    QString error;
    QJsonObject sampling;  ///< what was asked for, the seed among it
    AnswerFigures figures;
    QList<AnswerToken> tokens;  ///< empty where they were not asked for, or the text was edited by hand
};

/// Everything of a conversation, as its file has it. A value: copies share until one is changed.
struct ConversationData {
    static constexpr int kFormatVersion = 1;

    QString id;
    QString title;
    bool titleChosen = false;  ///< by a person; else it follows the first question
    QDateTime created, changed;
    bool completion = false;  ///< texts are continued as they are, one behind the other
    QString systemPrompt;
    QString templateName = QStringLiteral("auto");
    QString preset;
    QJsonObject sampling;
    QString models[2];  ///< paths: a model folder, a checkpoint, or a run (its latest checkpoint)
    QString leaves[2];  ///< where each of the two shown paths ends
    bool comparing = false;
    QString draft;            ///< typed and not sent
    QList<Message> messages;  ///< parents before their children

    /// InvalidData says which message; Unsupported: a newer program wrote it.
    static Result<ConversationData> parse(const QByteArray& json);
    QByteArray toJson() const;
    /// A path as Markdown, for people and other programs.
    QString toMarkdown(int column) const;
    /// The messages from the top to `leaf`; empty where there is no such message.
    QList<Message> path(const QString& leaf) const;
    static ConversationData fresh();
};

/// A conversation that is open: changes tell themselves. Lives on the window's thread.
class Conversation : public QObject {
    Q_OBJECT
  public:
    explicit Conversation(ConversationData data = ConversationData::fresh(), QObject* parent = nullptr);

    const ConversationData& data() const { return m_data; }
    const QString& id() const { return m_data.id; }
    /// Null where there is none. The pointer holds until the next change.
    const Message* message(const QString& id) const;
    /// Children of `parent` (empty: of the top), oldest first.
    QStringList children(const QString& parent) const;
    /// The message and its branches: all children of its parent that speak in the same role.
    QStringList siblings(const QString& id) const;
    QStringList path(const QString& leaf) const;
    /// From `id` downwards, where it was last gone.
    QString leafBelow(const QString& id) const;
    QString leaf(int column = 0) const { return m_data.leaves[column]; }

    QString append(const QString& parent, Role role, const QString& text);
    /// More of an answer that is being made.
    void appendText(const QString& id, const QString& piece);
    void appendToken(const QString& id, const AnswerToken& token);
    /// Changes a message; `what` must leave id, parent and role alone.
    template <typename Change>
    void update(const QString& id, Change what) {
        const auto at = m_at.constFind(id);
        if (at == m_at.constEnd()) return;
        what(m_data.messages[*at]);
        touch();
        emit messageChanged(id);
    }
    /// Keeps what a message is being edited into, or that it no longer is. No view of it changes.
    void keepEdit(const QString& id, const std::optional<QString>& text);
    /// Takes away a message and all below it; leaves that were there go to its parent or its neighbour.
    void remove(const QString& id);
    void setLeaf(const QString& id, int column = 0);
    /// Changes what is not a message: title, prompts, sampling.
    template <typename Change>
    void edit(Change what) {
        what(m_data);
        touch();
        emit edited();
    }

  signals:
    void textAppended(const QString& id, const QString& piece);
    void tokenAppended(const QString& id);
    void messageChanged(const QString& id);
    /// Messages came or went, or another path is shown.
    void structureChanged();
    void edited();
    /// Behind every one of these: it is to be saved.
    void changed();

  private:
    void index();
    void touch();

    ConversationData m_data;
    QHash<QString, qsizetype> m_at;       // id -> its place in m_data.messages
    QHash<QString, QString> m_lastChild;  // where each message was last gone on from
};

}  // namespace distillix::ui
