// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QJsonObject>

#include "core/bench/report.h"

namespace distillix::ui {

/// A table as `distillix bench ... --json` tells it, and back into core's, whose reports the window shares. Numbers get
/// the decimals that a reader needs (four digits), as JSON has all of them.
BenchTable benchTableOf(const QJsonObject& json);

/// Read-only.
class BenchTableModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    explicit BenchTableModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
    void setTable(BenchTable table);
    const BenchTable& table() const { return m_table; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  private:
    BenchTable m_table;
};

}  // namespace distillix::ui
