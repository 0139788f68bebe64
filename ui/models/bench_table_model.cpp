// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/bench_table_model.h"

#include <QFont>
#include <QJsonArray>
#include <cmath>

namespace distillix::ui {
namespace {

int decimalsOf(double number) {
    if (number == std::floor(number)) return 0;
    const int before = static_cast<int>(std::floor(std::log10(std::fabs(number)))) + 1;
    return std::clamp(4 - before, 0, 6);
}

}  // namespace

BenchTable benchTableOf(const QJsonObject& json) {
    BenchTable table;
    table.id = json["id"].toString().toStdString();
    table.title = json["title"].toString().toStdString();
    for (const auto& column : json["columns"].toArray())
        table.columns.push_back(
            {column.toObject()["key"].toString().toStdString(), column.toObject()["title"].toString().toStdString()});
    for (const auto& row : json["rows"].toArray()) {
        const QJsonObject object = row.toObject();
        std::vector<BenchCell> cells;
        for (const BenchColumn& column : table.columns) {
            const QJsonValue value = object[QString::fromStdString(column.key)];
            if (value.isDouble())
                // Ratios as core tells them; two digits say enough.
                cells.emplace_back(column.key.find("ratio") != std::string::npos
                                       ? ratioCell(BenchCell(value.toDouble()), BenchCell(1.0))
                                       : BenchCell(value.toDouble(), decimalsOf(value.toDouble())));
            else if (value.isString())
                cells.emplace_back(value.toString().toStdString());
            else
                cells.emplace_back();
        }
        table.rows.push_back(std::move(cells));
    }
    for (const auto& note : json["notes"].toArray()) table.notes.push_back(note.toString().toStdString());
    return table;
}

void BenchTableModel::setTable(BenchTable table) {
    beginResetModel();
    m_table = std::move(table);
    endResetModel();
}

int BenchTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_table.rows.size());
}

int BenchTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_table.columns.size());
}

QVariant BenchTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) return {};
    const BenchCell& cell =
        m_table.rows[static_cast<std::size_t>(index.row())][static_cast<std::size_t>(index.column())];
    switch (role) {
        case Qt::DisplayRole:
        case Qt::ToolTipRole:
            return QString::fromStdString(cell.text());
        case Qt::TextAlignmentRole:
            return static_cast<int>((cell.number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
        case Qt::FontRole: {
            // Ratios are what one looks for.
            if (m_table.columns[static_cast<std::size_t>(index.column())].key.find("ratio") == std::string::npos)
                return {};
            QFont font;
            font.setWeight(QFont::DemiBold);
            return font;
        }
        default:
            return {};
    }
}

QVariant BenchTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
    if (role == Qt::DisplayRole)
        return QString::fromStdString(m_table.columns[static_cast<std::size_t>(section)].title);
    if (role == Qt::TextAlignmentRole && !m_table.rows.empty())
        return static_cast<int>(
            (m_table.rows[0][static_cast<std::size_t>(section)].number ? Qt::AlignRight : Qt::AlignLeft) |
            Qt::AlignVCenter);
    return {};
}

}  // namespace distillix::ui
