// SPDX-License-Identifier: GPL-3.0-or-later
// The project's runs as a list: name, state, how far. Checked ones are overlaid in the charts, each in a colour that it
// keeps as long as it is checked.
#pragma once

#include <QAbstractTableModel>
#include <map>

#include "ui/project.h"
#include "ui/theme.h"

namespace distillix::ui {

class RunTableModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    enum Column { Name, State, Step, ColumnCount };
    enum Role { PathRole = Qt::UserRole + 1, StateRole };

    explicit RunTableModel(Theme& theme, QObject* parent = nullptr);

    /// Rows that stay keep their place in views.
    void setRuns(const QList<RunEntry>& runs);
    const QList<RunEntry>& runs() const { return m_runs; }
    int rowOf(const QString& path) const;
    /// The paths that are checked, in the order of the rows.
    QStringList checkedPaths() const;
    void setChecked(const QString& path, bool on);
    /// Shown whatever is checked; it has a colour too. Empty: none.
    void setCurrent(const QString& path);
    /// -1 where it is neither checked nor current.
    int seriesOf(const QString& path) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

  signals:
    void shownChanged();

  private:
    void giveColour(const QString& path);
    void takeColour(const QString& path);
    void touch(const QString& path);

    Theme& m_theme;
    QList<RunEntry> m_runs;
    QSet<QString> m_checked;
    QString m_current;
    std::map<QString, int> m_series;
};

}  // namespace distillix::ui
