// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/transcript_view.h"

#include <QLabel>
#include <QPushButton>
#include <QResizeEvent>
#include <QScrollBar>
#include <QVBoxLayout>

namespace distillix::ui {
namespace {

constexpr int kColumn = 760;  // a line of text that is wider is hard to read

}  // namespace

TranscriptView::TranscriptView(Theme& theme, QWidget* parent) : QScrollArea(parent), m_theme(theme) {
    setObjectName(QStringLiteral("transcript"));
    setAccessibleName(tr("Conversation"));
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_content = new QWidget;
    auto* across = new QHBoxLayout(m_content);
    across->setContentsMargins(space::xl, space::l, space::xl, space::xl);
    m_inner = new QWidget(m_content);
    m_inner->setMaximumWidth(theme.scaled(kColumn));
    across->addStretch(1);
    across->addWidget(m_inner, 100);
    across->addStretch(1);
    m_layout = new QVBoxLayout(m_inner);
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(theme.scaled(space::xl));
    m_earlier = new QPushButton(m_inner);
    m_earlier->setObjectName(QStringLiteral("showEarlier"));
    Theme::setFlat(m_earlier);
    m_earlier->hide();
    m_layout->addWidget(m_earlier, 0, Qt::AlignHCenter);
    m_empty = new QWidget(m_inner);
    m_empty->setObjectName(QStringLiteral("emptyConversation"));
    auto* words = new QVBoxLayout(m_empty);
    words->addStretch(2);
    m_emptyTitle = new QLabel(m_empty);
    m_emptyText = new QLabel(m_empty);
    Theme::setType(m_emptyTitle, Type::Title);
    Theme::setInk(m_emptyText, Ink::Muted);
    for (QLabel* label : {m_emptyTitle, m_emptyText}) {
        label->setTextFormat(Qt::PlainText);
        label->setAlignment(Qt::AlignCenter);
        label->setWordWrap(true);
        words->addWidget(label);
    }
    words->addStretch(3);
    m_layout->addWidget(m_empty, 1);
    m_layout->addStretch(0);
    setWidget(m_content);
    m_toEnd = new QPushButton(tr("To the end"), this);
    m_toEnd->setObjectName(QStringLiteral("toEnd"));
    m_toEnd->hide();
    connect(m_toEnd, &QPushButton::clicked, this, [this] {
        m_atEnd = true;
        scrollToEnd();
    });
    connect(m_earlier, &QPushButton::clicked, this, [this] {
        m_shown += kShownAtOnce;
        // What was read stays where it is.
        const int below = verticalScrollBar()->maximum() - verticalScrollBar()->value();
        rebuild();
        m_content->layout()->activate();
        verticalScrollBar()->setValue(verticalScrollBar()->maximum() - below);
    });
    connect(verticalScrollBar(), &QScrollBar::rangeChanged, this, [this](int, int most) {
        if (m_atEnd) verticalScrollBar()->setValue(most);
    });
    connect(verticalScrollBar(), &QScrollBar::valueChanged, this, [this](int value) {
        const QScrollBar* bar = verticalScrollBar();
        m_atEnd = value >= bar->maximum() - m_theme.scaled(40);
        m_toEnd->setVisible(!m_atEnd);
    });
    connect(&theme, &Theme::changed, this, [this] {
        m_inner->setMaximumWidth(m_theme.scaled(kColumn));
        takeWidths();
    });
}

void TranscriptView::setEmptyText(const QString& title, const QString& text) {
    m_emptyTitle->setText(title);
    m_emptyText->setText(text);
}

void TranscriptView::setConversation(Conversation* conversation, int column) {
    if (m_conversation) disconnect(m_conversation, nullptr, this, nullptr);
    m_conversation = conversation;
    m_column = column;
    m_shown = kShownAtOnce;
    m_making.clear();
    m_atEnd = true;
    qDeleteAll(m_views);
    m_views.clear();
    rebuild();
    if (!conversation) return;
    connect(conversation, &Conversation::structureChanged, this, &TranscriptView::rebuild);
    connect(conversation, &Conversation::textAppended, this, [this](const QString& id, const QString& piece) {
        if (MessageView* shown = view(id)) shown->append(piece);
    });
    connect(conversation, &Conversation::messageChanged, this, [this](const QString& id) {
        if (MessageView* shown = view(id)) shown->refresh();
    });
    scrollToEnd();
}

MessageView* TranscriptView::view(const QString& id) const {
    for (MessageView* shown : m_views)
        if (shown->id() == id) return shown;
    return nullptr;
}

void TranscriptView::setMaking(const QString& id, bool making, const QString& doing) {
    m_making = making ? id : QString();
    m_doing = doing;
    if (MessageView* shown = view(id)) shown->setMaking(making, doing);
}

void TranscriptView::rebuild() {
    QStringList ids;
    if (m_conversation) ids = m_conversation->path(m_conversation->leaf(m_column));
    const qsizetype hidden = std::max<qsizetype>(0, ids.size() - m_shown);
    m_earlier->setVisible(hidden > 0);
    m_earlier->setText(tr("Show earlier messages (%1 more)").arg(hidden));
    ids = ids.mid(hidden);
    // Views of messages that are still shown stay; each stands where its message does.
    QList<MessageView*> kept;
    QHash<QString, MessageView*> old;
    for (MessageView* shown : std::as_const(m_views)) old.insert(shown->id(), shown);
    int place = 1;  // behind the button
    for (const QString& id : std::as_const(ids)) {
        MessageView* shown = old.take(id);
        if (!shown) {
            shown = new MessageView(m_theme, *m_conversation, id, m_inner);
            connect(shown, &MessageView::edited, this, &TranscriptView::edited);
            connect(shown, &MessageView::regenerateWanted, this, &TranscriptView::regenerateWanted);
            connect(shown, &MessageView::continueWanted, this, &TranscriptView::continueWanted);
            connect(shown, &MessageView::removeWanted, this, &TranscriptView::removeWanted);
            connect(shown, &MessageView::branchWanted, this, &TranscriptView::branchWanted);
            connect(shown, &MessageView::goOnFromWanted, this, &TranscriptView::goOnFromWanted);
            connect(shown, &MessageView::linkActivated, this, &TranscriptView::linkActivated);
            if (id == m_making) shown->setMaking(true, m_doing);
        } else {
            shown->refresh();
        }
        if (m_layout->indexOf(shown) != place) m_layout->insertWidget(place, shown);
        ++place;
        kept.append(shown);
    }
    for (MessageView* gone : std::as_const(old)) {
        gone->hide();
        gone->deleteLater();  // it may be what asked for this
        m_layout->removeWidget(gone);
    }
    m_views = kept;
    m_empty->setVisible(kept.isEmpty());
    m_layout->setStretch(m_layout->count() - 1, kept.isEmpty() ? 0 : 1);
    takeWidths();
}

void TranscriptView::takeWidths() {
    const int column = std::min(viewport()->width() - 2 * space::xl, m_theme.scaled(kColumn));
    for (MessageView* shown : std::as_const(m_views)) shown->takeWidth(column);
}

void TranscriptView::resizeEvent(QResizeEvent* event) {
    QScrollArea::resizeEvent(event);
    takeWidths();
    m_toEnd->adjustSize();
    m_toEnd->move((width() - m_toEnd->width()) / 2, height() - m_toEnd->height() - space::m);
}

void TranscriptView::scrollToEnd() {
    m_atEnd = true;
    verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

}  // namespace distillix::ui
