// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "ui/models/bench_table_model.h"

class QLabel;
class QTableView;

namespace distillix::ui {

/// A table with its title, as tall as its rows, and its notes below.
class BenchTableView : public QWidget {
    Q_OBJECT
  public:
    explicit BenchTableView(QWidget* parent = nullptr);
    void setTable(BenchTable table);
    const BenchTable& table() const { return m_model->table(); }
    QTableView* view() const { return m_view; }
    /// Scrolls by itself instead of growing: for long ones.
    void setScrolling(bool on);

  signals:
    void rowChosen(int row);

  protected:
    void changeEvent(QEvent* event) override;

  private:
    void fitColumns();
    void fitHeight();
    BenchTableModel* m_model;
    QLabel *m_title = nullptr, *m_notes = nullptr;
    QTableView* m_view = nullptr;
    bool m_scrolling = false;
};

}  // namespace distillix::ui
