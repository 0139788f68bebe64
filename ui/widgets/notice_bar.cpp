// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/notice_bar.h"

#include <QAccessible>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <algorithm>

namespace distillix::ui {

NoticeBar::NoticeBar(Studio& studio, QWidget* window)
    : QFrame(window), m_studio(studio), m_icon(new QLabel), m_label(new QLabel), m_close(new QToolButton) {
    setObjectName("notice");
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(space::m, space::s, space::s, space::s);
    layout->setSpacing(space::s);
    m_label->setObjectName("notice.text");
    m_label->setWordWrap(true);
    m_label->setTextFormat(Qt::PlainText);
    m_label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_close->setObjectName("notice.close");
    m_close->setAccessibleName(tr("Close this message"));
    m_close->setToolTip(tr("Close"));
    layout->addWidget(m_icon, 0, Qt::AlignTop);
    layout->addWidget(m_label, 1);
    layout->addWidget(m_close, 0, Qt::AlignTop);
    connect(m_close, &QToolButton::clicked, this, &QWidget::hide);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &QWidget::hide);
    window->installEventFilter(this);
    hide();
}

QString NoticeBar::text() const {
    return isHidden() ? QString() : m_label->text();
}

void NoticeBar::show(const QString& message, Notice kind) {
    const Ink ink = kind == Notice::Good      ? Ink::Good
                    : kind == Notice::Warning ? Ink::Warning
                    : kind == Notice::Bad     ? Ink::Bad
                                              : Ink::Accent;
    const char* icon = kind == Notice::Good      ? "check"
                       : kind == Notice::Warning ? "warning"
                       : kind == Notice::Bad     ? "error"
                                                 : "info";
    Theme& theme = m_studio.theme();
    m_icon->setPixmap(theme.icon(QLatin1String(icon), ink).pixmap(QSize(theme.scaled(18), theme.scaled(18))));
    m_close->setIcon(theme.icon("close", Ink::Muted));
    m_label->setText(message);
    if (kind == Notice::Bad)
        m_timer.stop();
    else
        m_timer.start(kind == Notice::Warning ? 12000 : 6000);
    place();
    QFrame::show();
    raise();
    // Said aloud by a screen reader, which does not look at the window's edge.
    QAccessibleEvent alert(m_label, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

void NoticeBar::place() {
    QWidget* window = parentWidget();
    const int width = std::min(560, window->width() - 2 * space::xl);
    setFixedWidth(width);
    adjustSize();
    const int height = std::max(sizeHint().height(), layout()->heightForWidth(width));
    resize(width, height);
    move((window->width() - width) / 2, window->height() - height - space::xxl - space::xl);
}

bool NoticeBar::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize && !isHidden()) place();
    return QFrame::eventFilter(watched, event);
}

}  // namespace distillix::ui
