// SPDX-License-Identifier: GPL-3.0-or-later
// What the data page's tables show.
#pragma once

#include <QAbstractTableModel>
#include <QJsonArray>
#include <QJsonObject>
#include <QList>
#include <QMap>
#include <QStringList>

namespace distillix::ui {

/// The first records of a source, a column a key.
class PreviewModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    using QAbstractTableModel::QAbstractTableModel;
    /// `source` as the verb's result has it: "columns", "rows", "roles".
    void setSource(const QJsonObject& source);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    /// Two lines: what the column is used for, and its name.
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    QString column(int section) const { return m_columns.value(section); }
    /// What the column of that name is used for ("prompt"), empty where it is passed over.
    QString role(const QString& column) const { return m_roles.value(column); }

  private:
    QStringList m_columns;
    QMap<QString, QString> m_roles;  ///< by column
    QList<QStringList> m_rows;
};

/// Records that cannot be used: where, why.
class RefusalModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    using QAbstractTableModel::QAbstractTableModel;
    static constexpr int kMost = 20000;
    void clear();
    /// Events "refused": "file", "line", "column", "reason", "detail". Past kMost they are not kept.
    void append(const QList<QJsonObject>& refusals);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  private:
    struct Refusal {
        QString file;
        qint64 line;
        QString column, reason, detail;
    };
    QList<Refusal> m_refusals;
};

}  // namespace distillix::ui
