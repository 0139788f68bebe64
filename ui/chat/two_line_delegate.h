// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of a list with a title, a quieter second line, and maybe a time at the right of the title.
#pragma once

#include <QStyledItemDelegate>

#include "ui/theme.h"

namespace distillix::ui {

class TwoLineDelegate : public QStyledItemDelegate {
    Q_OBJECT
  public:
    /// `detailRole` is the second line, `timeRole` (a QDateTime) the time, 0 for none; a row whose `errorRole` is not
    /// empty is drawn as a failure.
    TwoLineDelegate(Theme& theme, int detailRole, int timeRole, int errorRole, QObject* parent);
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    void updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option,
                              const QModelIndex& index) const override;

  private:
    Theme& m_theme;
    int m_detail, m_time, m_error;
};

}  // namespace distillix::ui
