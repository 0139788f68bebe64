// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/message_view.h"

#include <QApplication>
#include <QClipboard>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/format.h"

namespace distillix::ui {
namespace {

constexpr int kBubbleShare = 82;  // percent of the column that a question may take

/// Ctrl+Return keeps, Escape gives up.
class EditorKeys : public QObject {
  public:
    EditorKeys(QObject* parent, std::function<void(bool)> done) : QObject(parent), m_done(std::move(done)) {}
    bool eventFilter(QObject*, QEvent* event) override {
        // Asked first whether it is a shortcut of the window (Ctrl+Return starts a training): not while this is edited.
        const bool asked = event->type() == QEvent::ShortcutOverride;
        if (event->type() != QEvent::KeyPress && !asked) return false;
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool enter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
        if (!(enter && (key->modifiers() & Qt::ControlModifier)) && key->key() != Qt::Key_Escape) return false;
        if (asked)
            event->accept();
        else
            m_done(enter);
        return true;
    }

  private:
    std::function<void(bool)> m_done;
};

QString timeOf(double ms) {
    return ms < 1000 ? MessageView::tr("%L1 ms").arg(std::lround(ms))
                     : MessageView::tr("%L1 s").arg(ms / 1000, 0, 'f', 1);
}

}  // namespace

MessageView::MessageView(Theme& theme, Conversation& conversation, const QString& id, QWidget* parent)
    : QFrame(parent),
      m_theme(theme),
      m_conversation(conversation),
      m_id(id),
      m_user(conversation.message(id)->role == Role::User) {
    const bool completion = conversation.data().completion;
    setObjectName(m_user ? QStringLiteral("question") : QStringLiteral("answer"));
    setProperty("message", id);
    m_layout = new QVBoxLayout(this);
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(space::xs);

    const auto label = [&](const char* name, Type type, Ink ink) {
        auto* made = new QLabel(this);
        made->setObjectName(QLatin1String(name));
        made->setTextFormat(Qt::PlainText);
        made->setWordWrap(true);
        Theme::setType(made, type);
        Theme::setInk(made, ink);
        made->hide();
        return made;
    };
    m_who = label("who", Type::Caption, Ink::Muted);
    m_bubble = new QFrame(this);
    m_bubble->setObjectName(QStringLiteral("bubble"));
    if (m_user && !completion) {
        m_bubble->setProperty("bubble", true);
        m_bubble->setAttribute(Qt::WA_StyledBackground);
    }
    m_body = new QVBoxLayout(m_bubble);
    m_body->setContentsMargins(0, 0, 0, 0);
    if (m_user && !completion) m_body->setContentsMargins(space::l, space::s + 2, space::l, space::xs + 1);
    const auto look = completion ? MarkdownView::Look::Mono
                      : m_user   ? MarkdownView::Look::Plain
                                 : MarkdownView::Look::Markdown;
    m_text = new MarkdownView(theme, look, m_bubble);
    m_text->setObjectName(QStringLiteral("messageText"));
    m_body->addWidget(m_text);
    connect(m_text, &MarkdownView::linkActivated, this, &MessageView::linkActivated);
    m_doing = label("doing", Type::Body, Ink::Muted);
    m_error = label("messageError", Type::Body, Ink::Bad);
    m_note = label("messageNote", Type::Caption, Ink::Muted);

    m_commands = new QWidget(this);
    auto* row = new QHBoxLayout(m_commands);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(2);
    m_row = row;
    m_previous = button(QStringLiteral("chevron-left"), QStringLiteral("previousBranch"), tr("Previous version"));
    m_place = new QLabel(m_commands);
    m_place->setObjectName(QStringLiteral("branchPlace"));
    Theme::setType(m_place, Type::Caption);
    Theme::setInk(m_place, Ink::Muted);
    m_next = button(QStringLiteral("chevron-right"), QStringLiteral("nextBranch"), tr("Next version"));
    m_copy = button(QStringLiteral("copy"), QStringLiteral("copyMessage"), tr("Copy"));
    m_edit = button(QStringLiteral("edit"), QStringLiteral("editMessage"),
                    m_user ? tr("Edit, as a new branch") : tr("Edit the answer, as a new branch"));
    if (!m_user) {
        m_again = button(QStringLiteral("refresh"), QStringLiteral("regenerate"), tr("Answer again, as a new branch"));
        m_byToken =
            button(QStringLiteral("sample"), QStringLiteral("showTokens"), tr("Show probabilities, token by token"));
        m_byToken->setCheckable(true);
        m_goOn = new QPushButton(tr("Go on"), m_commands);
        m_goOn->setObjectName(QStringLiteral("continueAnswer"));
        m_goOn->setToolTip(tr("Let the answer go on where it ended"));
        m_goOn->setProperty("small", true);
    }
    m_remove = button(QStringLiteral("trash"), QStringLiteral("removeMessage"), tr("Delete, with everything below"));
    m_figures = new QLabel(m_commands);
    m_figures->setObjectName(QStringLiteral("figures"));
    Theme::setType(m_figures, Type::Caption);
    Theme::setInk(m_figures, Ink::Muted);
    if (m_user && !completion) row->addStretch();
    row->addWidget(m_previous);
    row->addWidget(m_place);
    row->addWidget(m_next);
    row->addWidget(m_copy);
    row->addWidget(m_edit);
    if (!m_user) {
        row->addWidget(m_again);
        row->addWidget(m_byToken);
    }
    row->addWidget(m_remove);
    if (!m_user) {
        row->addWidget(m_goOn);
        row->addStretch();
        row->addWidget(m_figures);
    } else if (completion) {
        row->addStretch();
    }

    m_layout->addWidget(m_who);
    m_layout->addWidget(m_bubble, 0, m_user && !completion ? Qt::AlignRight : Qt::Alignment());
    for (QLabel* line : {m_doing, m_error, m_note}) m_layout->addWidget(line);
    m_layout->addWidget(m_commands);

    const auto step = [this](int by) {
        const QStringList beside = m_conversation.siblings(m_id);
        const qsizetype place = beside.indexOf(m_id) + by;
        if (place >= 0 && place < beside.size()) emit branchWanted(beside[place]);
    };
    connect(m_previous, &QToolButton::clicked, this, [step] { step(-1); });
    connect(m_next, &QToolButton::clicked, this, [step] { step(1); });
    connect(m_copy, &QToolButton::clicked, this, [this] {
        if (const Message* message = m_conversation.message(m_id)) QApplication::clipboard()->setText(message->text);
    });
    connect(m_edit, &QToolButton::clicked, this, [this] {
        beginEditing();
        if (m_editor) m_editor->setFocus();
    });
    connect(m_remove, &QToolButton::clicked, this, [this] { emit removeWanted(m_id); });
    if (!m_user) {
        connect(m_again, &QToolButton::clicked, this, [this] { emit regenerateWanted(m_id); });
        connect(m_goOn, &QPushButton::clicked, this, [this] { emit continueWanted(m_id); });
        connect(m_byToken, &QToolButton::toggled, this, &MessageView::setShowsTokens);
    }
    connect(&theme, &Theme::changed, this, &MessageView::restyle);
    refresh();
    const Message* message = m_conversation.message(m_id);
    if (message && message->edit) beginEditing();
}

QToolButton* MessageView::button(const QString& icon, const QString& name, const QString& what) {
    auto* made = new QToolButton(m_commands);
    made->setObjectName(name);
    made->setAccessibleName(what);
    made->setToolTip(what);
    made->setIcon(m_theme.icon(icon, Ink::Muted));
    made->setIconSize({m_theme.scaled(15), m_theme.scaled(15)});
    made->setProperty("small", true);
    m_icons.append({made, icon});
    return made;
}

void MessageView::restyle() {
    for (const auto& [made, icon] : std::as_const(m_icons)) made->setIcon(m_theme.icon(icon, Ink::Muted));
}

void MessageView::takeWidth(int column) {
    const bool narrow = column < m_theme.scaled(460);
    if (!m_user && narrow != m_narrow) {
        m_narrow = narrow;
        if (narrow)
            m_layout->addWidget(m_figures);
        else
            m_row->addWidget(m_figures);
    }
    // A question is as wide as its text needs, up to a share of the column; an answer takes it all.
    if (!m_user || m_conversation.data().completion) return;
    const Message* message = m_conversation.message(m_id);
    if (!message) return;
    const QFontMetrics metrics(readingFont(m_theme));
    int widest = 0;
    const int most = std::max(column * kBubbleShare / 100 - 2 * space::l, 24);
    const QString shown = harmlessText(message->text.left(2000));
    for (const QStringView line : QStringView(shown).split(QLatin1Char('\n'))) {
        widest = std::max(widest, line.size() > 400 ? most : metrics.horizontalAdvance(line.toString()));
        if (widest >= most) break;
    }
    const int width = m_editing ? std::max(column, 24) : std::clamp(widest + 6, 24, most) + 2 * space::l;
    if (m_bubble->minimumWidth() != width) m_bubble->setFixedWidth(width);
}

void MessageView::refresh() {
    const Message* message = m_conversation.message(m_id);
    if (!message) return;
    if (m_text->text() != message->text) m_text->setText(message->text);
    if (!m_making) m_text->finish();
    const QStringList beside = m_conversation.siblings(m_id);
    const qsizetype place = beside.indexOf(m_id);
    const bool branches = beside.size() > 1;
    for (QWidget* widget :
         {static_cast<QWidget*>(m_previous), static_cast<QWidget*>(m_place), static_cast<QWidget*>(m_next)})
        widget->setVisible(branches);
    m_place->setText(QStringLiteral("%1/%2").arg(place + 1).arg(beside.size()));
    m_place->setAccessibleName(tr("Version %1 of %2").arg(place + 1).arg(beside.size()));
    m_previous->setEnabled(place > 0);
    m_next->setEnabled(place + 1 < beside.size());
    if (!m_user) {
        m_who->setVisible(!message->model.isEmpty());
        m_who->setText(message->model);
        showFigures(*message);
        m_byToken->setVisible(!message->tokens.isEmpty());
        if (m_showsTokens && message->tokens.isEmpty()) m_byToken->setChecked(false);
        if (m_tokens && m_showsTokens && !m_making) m_tokens->setTokens(message->tokens);
    }
    m_text->setVisible(!m_showsTokens && !m_editing);
    m_text->setAccessibleName(m_user ? tr("You: %1").arg(message->text.left(400))
                                     : tr("Answer: %1").arg(message->text.left(400)));
}

void MessageView::showFigures(const Message& message) {
    const QString finish = message.finish;
    const bool failed = finish == QLatin1String("failed");
    m_error->setVisible(failed && !m_making);
    m_error->setText(message.error);
    QString note;
    if (finish == QLatin1String("length")) note = tr("It reached the longest answer that was allowed.");
    if (finish == QLatin1String("context")) note = tr("The context is full.");
    if (finish == QLatin1String("cancelled")) note = tr("Stopped.");
    if (message.figures.droppedMessages > 0)
        note += (note.isEmpty() ? QString() : QStringLiteral(" ")) +
                (message.figures.droppedMessages == 1
                     ? tr("The model no longer saw the oldest message: the context is full.")
                     : tr("The model no longer saw the oldest %1 messages: the context is full.")
                           .arg(message.figures.droppedMessages));
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty() && !m_making);
    static const QStringList unfinished{QStringLiteral("length"), QStringLiteral("cancelled"),
                                        QStringLiteral("edited")};
    m_goOn->setVisible(unfinished.contains(finish) || m_conversation.data().completion);
    m_goOn->setEnabled(!m_making && !message.text.isEmpty());
    QStringList figures;
    const AnswerFigures& made = message.figures;
    const QLocale locale;
    if (made.tokensPerSecond > 0)
        figures.append(
            tr("%1 tokens/s").arg(locale.toString(made.tokensPerSecond, 'f', made.tokensPerSecond < 10 ? 1 : 0)));
    if (made.tokens > 0)
        figures.append(made.tokens == 1 ? tr("1 token") : tr("%1 tokens").arg(locale.toString(made.tokens)));
    if (made.firstTokenMs > 0) figures.append(tr("first after %1").arg(timeOf(made.firstTokenMs)));
    m_figures->setText(figures.join(QStringLiteral("  ·  ")));
    m_figures->setVisible(!m_making && !figures.isEmpty());
}

void MessageView::append(const QString& piece) {
    m_doing->hide();
    m_text->append(piece);
}

void MessageView::setMaking(bool making, const QString& doing) {
    m_making = making;
    m_commands->setVisible(!making);
    m_doing->setVisible(making && !doing.isEmpty() && m_text->text().isEmpty());
    m_doing->setText(doing);
    if (making && m_showsTokens) m_byToken->setChecked(false);
    refresh();
}

void MessageView::setShowsTokens(bool shows) {
    m_showsTokens = shows;
    if (m_byToken && m_byToken->isChecked() != shows) m_byToken->setChecked(shows);
    const Message* message = m_conversation.message(m_id);
    if (!message) return;
    if (shows && !m_tokens) {
        m_tokens = new TokenView(m_theme, m_bubble);
        m_body->addWidget(m_tokens);
        connect(m_tokens, &TokenView::activated, this, [this](int index) {
            auto* popup = new TokenPopup(m_theme, m_tokens->tokens().at(index), index, this);
            connect(popup, &TokenPopup::chosen, this, [this](int at, const TokenAlternative& alternative) {
                emit goOnFromWanted(m_id, at, alternative);
            });
            const QRect token = m_tokens->tokenRect(index);
            popup->adjustSize();
            popup->move(m_tokens->viewport()->mapToGlobal(token.bottomLeft() + QPoint(0, 4)));
            popup->show();
        });
    }
    if (m_tokens) {
        m_tokens->setVisible(shows);
        if (shows) m_tokens->setTokens(message->tokens);
    }
    m_text->setVisible(!shows);
}

void MessageView::beginEditing() {
    if (m_editing) return;
    const Message* message = m_conversation.message(m_id);
    if (!message) return;
    m_editing = new QWidget(m_bubble);
    auto* layout = new QVBoxLayout(m_editing);
    layout->setContentsMargins(0, 0, 0, 0);
    m_editor = new QPlainTextEdit(m_editing);
    m_editor->setObjectName(QStringLiteral("messageEditor"));
    m_editor->setAccessibleName(tr("The message's text"));
    m_editor->setPlainText(message->edit.value_or(message->text));
    m_editor->setFixedHeight(std::clamp(m_text->height() + 24, m_theme.scaled(88), m_theme.scaled(320)));
    m_editor->setFont(m_conversation.data().completion ? m_theme.font(Type::Mono) : readingFont(m_theme));
    m_editor->installEventFilter(new EditorKeys(m_editor, [this](bool keep) { endEditing(keep); }));
    auto* row = new QHBoxLayout;
    row->addStretch();
    auto* cancel = new QPushButton(tr("Cancel"), m_editing);
    cancel->setObjectName(QStringLiteral("cancelEdit"));
    auto* keep = new QPushButton(m_user ? tr("Send") : tr("Keep as a branch"), m_editing);
    keep->setObjectName(QStringLiteral("keepEdit"));
    Theme::setPrimary(keep);
    row->addWidget(cancel);
    row->addWidget(keep);
    layout->addWidget(m_editor);
    layout->addLayout(row);
    connect(cancel, &QPushButton::clicked, this, [this] { endEditing(false); });
    connect(keep, &QPushButton::clicked, this, [this] { endEditing(true); });
    m_body->addWidget(m_editing);
    m_text->hide();
    if (m_tokens) m_tokens->hide();
    m_commands->hide();
    m_editor->moveCursor(QTextCursor::End);
    connect(m_editor, &QPlainTextEdit::textChanged, this,
            [this] { m_conversation.keepEdit(m_id, m_editor->toPlainText()); });
    takeWidth(width());
}

void MessageView::endEditing(bool keep) {
    if (!m_editing) return;
    const QString text = m_editor->toPlainText();
    m_editing->hide();
    m_editing->deleteLater();
    m_editing = nullptr;
    m_editor = nullptr;
    m_conversation.keepEdit(m_id, std::nullopt);
    m_text->setVisible(!m_showsTokens);
    if (m_tokens) m_tokens->setVisible(m_showsTokens);
    m_commands->setVisible(!m_making);
    takeWidth(width());
    if (keep) emit edited(m_id, text);  // this view may be gone behind this
}

}  // namespace distillix::ui
