// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/token_view.h"

#include <QAbstractTextDocumentLayout>
#include <QHeaderView>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QScrollBar>
#include <QStyledItemDelegate>
#include <QTableWidget>
#include <QTextBlock>
#include <QToolTip>
#include <QVBoxLayout>
#include <cmath>

namespace distillix::ui {
namespace {

constexpr int kRows = 12;  // alternatives seen without scrolling

/// A share as a bar behind its figure.
class ShareDelegate : public QStyledItemDelegate {
  public:
    ShareDelegate(Theme& theme, QObject* parent) : QStyledItemDelegate(parent), m_theme(theme) {}
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        QStyledItemDelegate::paint(painter, option, index);
        const double share = index.data(Qt::UserRole).toDouble();
        QRectF bar = QRectF(option.rect).adjusted(4, option.rect.height() - 5, -4, -3);
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(m_theme.colour(Ink::Border));
        painter->drawRoundedRect(bar, 1, 1);
        bar.setWidth(std::max(1.0, bar.width() * std::clamp(share, 0.0, 1.0)));
        painter->setBrush(m_theme.colour(Ink::Accent));
        painter->drawRoundedRect(bar, 1, 1);
    }

  private:
    Theme& m_theme;
};

}  // namespace

QString probabilityText(double logprob) {
    const double share = std::exp(logprob);
    if (share >= 0.9995) return QStringLiteral("100%");
    if (share >= 0.1) return QStringLiteral("%L1%").arg(100 * share, 0, 'f', 1);
    if (share >= 0.0001) return QStringLiteral("%L1%").arg(100 * share, 0, 'f', 2);
    return QStringLiteral("< %L1%").arg(0.01);
}

QString tokenText(const QString& shown) {
    QString text = harmlessText(shown);
    text.replace(QLatin1Char('\n'), QChar(0x21b5));
    text.replace(QLatin1Char('\t'), QChar(0x21e5));
    return text.isEmpty() ? QString(QChar(0x2205)) : text;
}

TokenView::TokenView(Theme& theme, QWidget* parent) : TextBlock(theme, parent) {
    setObjectName(QStringLiteral("tokenView"));
    setAccessibleName(tr("Answer by tokens"));
    setAccessibleDescription(tr("Arrow keys go from token to token, Return shows the alternatives"));
    setFocusPolicy(Qt::StrongFocus);
    setTextInteractionFlags(Qt::NoTextInteraction);
    viewport()->setCursor(Qt::PointingHandCursor);
    connect(&theme, &Theme::changed, this, &TokenView::render);
}

void TokenView::setTokens(const QList<AnswerToken>& tokens) {
    m_tokens = tokens;
    if (m_current >= m_tokens.size()) m_current = -1;
    render();
}

void TokenView::render() {
    document()->clear();
    document()->setDefaultFont(readingFont(theme()));
    m_starts.clear();
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    QTextBlockFormat lines;
    lines.setLineHeight(165, QTextBlockFormat::ProportionalHeight);
    cursor.setBlockFormat(lines);
    bool even = false;
    for (const AnswerToken& token : std::as_const(m_tokens)) {
        m_starts.append(cursor.position());
        QTextCharFormat format;
        format.setForeground(theme().colour(token.known ? Ink::Text : Ink::Muted));
        if (token.known) {
            // From the surface (sure) to a warm ground (a guess), by how surprising the token was.
            const double surprise = std::min(1.0, -token.logprob / 5.0);
            QColor ground = theme().colour(Ink::Warning);
            ground.setAlphaF(0.04 + (even ? 0.03 : 0) + 0.38 * surprise);
            format.setBackground(ground);
        }
        even = !even;
        const bool breaks = token.shown.endsWith(QLatin1Char('\n'));
        // What was given as the beginning stands whole in its first token.
        if (token.known || !token.shown.isEmpty())
            cursor.insertText(token.known ? tokenText(token.shown) : harmlessText(token.shown), format);
        if (breaks && token.known) cursor.insertBlock(lines);
    }
    m_starts.append(cursor.position());
    cursor.endEditBlock();
    setCurrent(m_current);
}

void TokenView::setCurrent(int index) {
    m_current = index >= 0 && index < m_tokens.size() ? index : -1;
    QList<QTextEdit::ExtraSelection> marks;
    if (m_current >= 0) {
        QTextEdit::ExtraSelection mark;
        mark.cursor = QTextCursor(document());
        mark.cursor.setPosition(m_starts[m_current]);
        mark.cursor.setPosition(m_starts[m_current + 1], QTextCursor::KeepAnchor);
        mark.format.setBackground(theme().colour(Ink::Accent));
        mark.format.setForeground(theme().colour(Ink::OnAccent));
        marks.append(mark);
        const AnswerToken& token = m_tokens[m_current];
        setAccessibleDescription(token.known ? tr("%1, %2").arg(tokenText(token.shown), probabilityText(token.logprob))
                                             : tokenText(token.shown));
    }
    setExtraSelections(marks);
}

QRect TokenView::tokenRect(int index) const {
    if (index < 0 || index >= m_tokens.size()) return {};
    QTextCursor at(document());
    at.setPosition(m_starts[index]);
    QRect begin = cursorRect(at);
    at.setPosition(std::max(m_starts[index], m_starts[index + 1] - 1));
    const QRect end = cursorRect(at);
    // The space in front of a word that begins a line stays behind, at the end of the line before.
    if (end.top() != begin.top()) {
        at.setPosition(m_starts[index] + 1);
        begin = cursorRect(at);
        if (end.top() != begin.top()) return begin.adjusted(0, 0, 6, 0);
    }
    return begin.united(end).adjusted(0, 0, 6, 0);
}

int TokenView::indexAt(const QPoint& place) const {
    if (m_tokens.isEmpty()) return -1;
    const int position = document()->documentLayout()->hitTest(
        QPointF(place) + QPointF(horizontalScrollBar()->value(), verticalScrollBar()->value()), Qt::ExactHit);
    if (position < 0) return -1;
    // hitTest gives the nearer side of a character; the character itself is asked for.
    int at = position;
    QTextCursor cursor(document());
    cursor.setPosition(std::min(position, document()->characterCount() - 1));
    if (cursorRect(cursor).left() > place.x() && at > 0) --at;
    const auto behind = std::upper_bound(m_starts.begin(), m_starts.end() - 1, at);
    const auto index = static_cast<int>(behind - m_starts.begin()) - 1;
    return std::clamp(index, 0, static_cast<int>(m_tokens.size()) - 1);
}

void TokenView::mousePressEvent(QMouseEvent* event) {
    m_pressed = event->pos();
    setFocus(Qt::MouseFocusReason);
}

void TokenView::mouseReleaseEvent(QMouseEvent* event) {
    const int index = indexAt(event->pos());
    if (event->button() != Qt::LeftButton || index < 0 || index != indexAt(m_pressed)) return;
    setCurrent(index);
    if (m_tokens[index].known) emit activated(index);
}

void TokenView::keyPressEvent(QKeyEvent* event) {
    const int last = static_cast<int>(m_tokens.size()) - 1;
    switch (event->key()) {
        case Qt::Key_Right:
            setCurrent(std::min(m_current + 1, last));
            return;
        case Qt::Key_Left:
            setCurrent(std::max(m_current - 1, 0));
            return;
        case Qt::Key_Home:
            setCurrent(0);
            return;
        case Qt::Key_End:
            setCurrent(last);
            return;
        case Qt::Key_Return:
        case Qt::Key_Enter:
        case Qt::Key_Space:
            if (m_current >= 0 && m_tokens[m_current].known) emit activated(m_current);
            return;
        default:
            event->ignore();
    }
}

bool TokenView::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int index = indexAt(viewport()->mapFrom(this, help->pos()));
        if (index >= 0 && m_tokens[index].known)
            QToolTip::showText(help->globalPos(), probabilityText(m_tokens[index].logprob), this);
        else
            QToolTip::hideText();
        return true;
    }
    return TextBlock::event(event);
}

TokenPopup::TokenPopup(Theme& theme, const AnswerToken& token, int index, QWidget* parent) : QFrame(parent, Qt::Popup) {
    setObjectName(QStringLiteral("tokenPopup"));
    setAttribute(Qt::WA_DeleteOnClose);
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Alternatives to this token"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::m, space::m, space::m, space::s);
    layout->setSpacing(space::s);
    auto* title =
        new QLabel(tr("%1 was given %2")
                       .arg(QChar(0x201c) + tokenText(token.shown) + QChar(0x201d), probabilityText(token.logprob)),
                   this);
    title->setObjectName(QStringLiteral("tokenTitle"));
    title->setTextFormat(Qt::PlainText);
    Theme::setType(title, Type::BodyStrong);
    layout->addWidget(title);
    m_table = new QTableWidget(static_cast<int>(token.alternatives.size()), 2, this);
    m_table->setObjectName(QStringLiteral("alternatives"));
    m_table->setAccessibleName(tr("Alternatives"));
    m_table->horizontalHeader()->hide();
    m_table->verticalHeader()->hide();
    m_table->setShowGrid(false);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setItemDelegateForColumn(1, new ShareDelegate(theme, m_table));
    const int rowHeight = theme.scaled(28);
    m_table->verticalHeader()->setDefaultSectionSize(rowHeight);
    for (int row = 0; row < token.alternatives.size(); ++row) {
        const TokenAlternative& other = token.alternatives[row];
        auto* word = new QTableWidgetItem(tokenText(other.shown));
        word->setFont(theme.font(Type::Mono));
        word->setToolTip(tr("Token %1").arg(other.id));
        if (other.id == token.id) {
            QFont font = word->font();
            font.setBold(true);
            word->setFont(font);
            m_table->setCurrentItem(word);
        }
        m_table->setItem(row, 0, word);
        auto* share = new QTableWidgetItem(probabilityText(other.logprob));
        share->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
        share->setData(Qt::UserRole, std::exp(other.logprob));
        m_table->setItem(row, 1, share);
    }
    m_table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_table->horizontalHeader()->setSectionResizeMode(1, QHeaderView::Fixed);
    m_table->setColumnWidth(1, theme.scaled(96));
    m_table->setFixedHeight(rowHeight * std::clamp(static_cast<int>(token.alternatives.size()), 1, kRows) + 4);
    m_table->setFixedWidth(theme.scaled(280));
    layout->addWidget(m_table);
    auto* hint = new QLabel(token.alternatives.isEmpty() ? tr("No alternatives were asked for (settings, at the right)")
                                                         : tr("Choose one to go on from it, in a branch of its own"),
                            this);
    Theme::setType(hint, Type::Caption);
    Theme::setInk(hint, Ink::Muted);
    hint->setWordWrap(true);
    layout->addWidget(hint);
    const QList<TokenAlternative> others = token.alternatives;
    const auto choose = [this, others, index](int row) {
        if (m_done || row < 0 || row >= others.size()) return;
        m_done = true;
        emit chosen(index, others[row]);
        close();
    };
    connect(m_table, &QTableWidget::cellClicked, this, [choose](int row, int) { choose(row); });
    connect(m_table, &QTableWidget::itemActivated, this, [choose](QTableWidgetItem* item) { choose(item->row()); });
    m_table->setFocus();
}

}  // namespace distillix::ui
