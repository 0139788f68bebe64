// SPDX-License-Identifier: GPL-3.0-or-later
// In what the configurations of several runs differ: a setting a row, a run a column. What was set while a run trained
// counts as its value.
#pragma once

#include <QAbstractTableModel>
#include <QStringList>

#include "ui/models/run_follower.h"

namespace distillix::ui {

class RunDifferenceModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    explicit RunDifferenceModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
    /// With one run: all its settings.
    void setRuns(const std::vector<const RunFollower*>& runs);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  private:
    QStringList m_names;
    struct Row {
        QString key;
        QStringList values;
    };
    std::vector<Row> m_rows;
};

}  // namespace distillix::ui
