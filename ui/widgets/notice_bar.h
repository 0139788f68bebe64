// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QTimer>

#include "ui/studio.h"

class QLabel;
class QToolButton;

namespace distillix::ui {

/// One sentence at the lower edge of the window. Good news goes by itself, bad news stays until it is closed.
class NoticeBar : public QFrame {
    Q_OBJECT
  public:
    NoticeBar(Studio& studio, QWidget* window);
    void show(const QString& message, Notice kind);
    QString text() const;

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void place();

    Studio& m_studio;
    QLabel *m_icon, *m_label;
    QToolButton* m_close;
    QTimer m_timer;
};

}  // namespace distillix::ui
