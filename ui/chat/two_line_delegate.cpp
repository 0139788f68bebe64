// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/two_line_delegate.h"

#include <QDateTime>
#include <QLocale>
#include <QPainter>

namespace distillix::ui {
namespace {

/// Short enough for a corner: the time of today, the day of this year, the year else.
QString cornerTime(const QDateTime& time) {
    const QDateTime local = time.toLocalTime(), now = QDateTime::currentDateTime();
    if (!local.isValid()) return {};
    const QLocale locale;
    if (local.date() == now.date()) return locale.toString(local.time(), QStringLiteral("HH:mm"));
    if (local.date().year() == now.date().year()) return locale.toString(local.date(), QStringLiteral("d MMM"));
    return locale.toString(local.date(), QStringLiteral("MMM yyyy"));
}

}  // namespace

TwoLineDelegate::TwoLineDelegate(Theme& theme, int detailRole, int timeRole, int errorRole, QObject* parent)
    : QStyledItemDelegate(parent), m_theme(theme), m_detail(detailRole), m_time(timeRole), m_error(errorRole) {}

void TwoLineDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const bool selected = option.state & QStyle::State_Selected, over = option.state & QStyle::State_MouseOver;
    const QRect row = option.rect.adjusted(0, 1, 0, -1);
    if (selected || over) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(m_theme.colour(selected ? Ink::AccentSoft : Ink::Hover));
        painter->drawRoundedRect(row, 6, 6);
    }
    if ((option.state & QStyle::State_HasFocus) && selected) {
        painter->setPen(QPen(m_theme.colour(Ink::Accent), 1));
        painter->setBrush(Qt::NoBrush);
        painter->drawRoundedRect(QRectF(row).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
    }
    const QRect inner = row.adjusted(space::s, space::xs, -space::s, -space::xs);
    const bool failed = m_error && !index.data(m_error).toString().isEmpty();
    const QFont title = m_theme.font(Type::Body), small = m_theme.font(Type::Caption);
    QRect top = inner;
    top.setHeight(inner.height() / 2);
    QRect bottom = inner;
    bottom.setTop(top.bottom() + 1);
    if (m_time) {
        const QString time = cornerTime(index.data(m_time).toDateTime());
        painter->setFont(small);
        painter->setPen(m_theme.colour(Ink::Muted));
        painter->drawText(top, Qt::AlignRight | Qt::AlignVCenter, time);
        top.setRight(top.right() - QFontMetrics(small).horizontalAdvance(time) - space::s);
    }
    painter->setFont(title);
    painter->setPen(m_theme.colour(failed ? Ink::Bad : Ink::Text));
    painter->drawText(
        top, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine,
        QFontMetrics(title).elidedText(index.data(Qt::DisplayRole).toString(), Qt::ElideRight, top.width()));
    painter->setFont(small);
    painter->setPen(m_theme.colour(Ink::Muted));
    painter->drawText(bottom, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine,
                      QFontMetrics(small).elidedText(index.data(m_detail).toString(), Qt::ElideRight, bottom.width()));
    painter->restore();
}

QSize TwoLineDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const {
    const int lines =
        QFontMetrics(m_theme.font(Type::Body)).height() + QFontMetrics(m_theme.font(Type::Caption)).height();
    return {m_theme.scaled(160), lines + 2 * space::xs + 6};
}

void TwoLineDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option,
                                           const QModelIndex&) const {
    editor->setGeometry(option.rect.adjusted(0, 1, 0, -1));
}

}  // namespace distillix::ui
