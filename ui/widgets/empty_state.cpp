// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/empty_state.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/labels.h"

namespace distillix::ui {

EmptyState::EmptyState(Theme& theme, const QString& icon, const QString& title, const QString& text, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_iconName(icon) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::xl, space::xl, space::xl, space::xl);
    layout->setSpacing(space::m);
    m_icon = new QLabel;
    m_icon->setAlignment(Qt::AlignCenter);
    m_title = new QLabel(title);
    m_title->setAlignment(Qt::AlignCenter);
    m_title->setWordWrap(true);
    Theme::setType(m_title, Type::Title);
    m_text = new QLabel(text);
    m_text->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
    m_text->setWordWrap(true);
    Theme::setInk(m_text, Ink::Muted);
    m_buttons = new QHBoxLayout;
    m_buttons->setSpacing(space::s);
    m_buttons->setAlignment(Qt::AlignCenter);
    layout->addStretch(2);
    layout->addWidget(m_icon, 0, Qt::AlignHCenter);
    layout->addWidget(m_title, 0, Qt::AlignHCenter);
    layout->addLayout(centred(m_text, theme.scaled(520)));
    layout->addSpacing(space::s);
    layout->addLayout(m_buttons);
    layout->addStretch(3);
    connect(&m_theme, &Theme::changed, this, &EmptyState::retint);
    retint();
}

void EmptyState::setTexts(const QString& title, const QString& text) {
    m_title->setText(title);
    m_text->setText(text);
}

QPushButton* EmptyState::addButton(const QString& text, const QString& objectName) {
    auto* button = new QPushButton(text);
    button->setObjectName(objectName);
    if (m_buttons->isEmpty()) Theme::setPrimary(button);
    m_buttons->addWidget(button);
    return button;
}

void EmptyState::retint() {
    m_icon->setPixmap(m_theme.icon(m_iconName, Ink::Faint).pixmap(QSize(m_theme.scaled(48), m_theme.scaled(48))));
}

}  // namespace distillix::ui
