// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>

#include "ui/models/run_follower.h"
#include "ui/widgets/chart/chart.h"

namespace distillix::ui {

/// What happened in a run, for people: "checkpoint", "Learning rate 0.005".
QString runEventText(const RunEvent& event);
/// The kind of mark that an event is in a chart; nothing for those that are none (validations, answers).
std::optional<ChartMark::Kind> runEventMark(const RunEvent& event);

/// The events of a run, newest first.
class RunEventModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    explicit RunEventModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
    /// What is new at the end is inserted; anything else resets.
    void setEvents(const std::vector<RunEvent>& events);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  private:
    struct Row {
        QString time, text;
        std::int64_t step;
        bool operator==(const Row&) const = default;
    };
    std::vector<Row> m_rows;  ///< oldest first
};

}  // namespace distillix::ui
