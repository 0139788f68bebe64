// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "ui/theme.h"

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace distillix::ui {

/// What a page shows where there is nothing yet: what belongs here, and buttons that do the next thing.
class EmptyState : public QWidget {
    Q_OBJECT
  public:
    EmptyState(Theme& theme, const QString& icon, const QString& title, const QString& text, QWidget* parent = nullptr);
    void setTexts(const QString& title, const QString& text);
    /// A button below the text; the first one is the primary.
    QPushButton* addButton(const QString& text, const QString& objectName);

  private:
    void retint();

    Theme& m_theme;
    QString m_iconName;
    QLabel *m_icon, *m_title, *m_text;
    QHBoxLayout* m_buttons;
};

}  // namespace distillix::ui
