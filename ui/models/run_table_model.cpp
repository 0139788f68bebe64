// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/run_table_model.h"

#include <QPainter>
#include <QPixmap>

#include "ui/format.h"
#include "ui/models/run_follower.h"

namespace distillix::ui {
namespace {

QString stateText(const QString& state) {
    static const std::pair<const char*, RunState> names[] = {
        {"running", RunState::Running}, {"paused", RunState::Paused}, {"finished", RunState::Finished},
        {"stopped", RunState::Stopped}, {"failed", RunState::Failed}, {"crashed", RunState::Crashed}};
    for (const auto& [name, value] : names)
        if (state == QLatin1String(name)) return runStateText(value);
    return runStateText(RunState::Unknown);
}

Ink stateInk(const QString& state) {
    if (state == QLatin1String("running")) return Ink::Accent;
    if (state == QLatin1String("finished")) return Ink::Good;
    if (state == QLatin1String("failed") || state == QLatin1String("crashed")) return Ink::Bad;
    if (state == QLatin1String("paused")) return Ink::Warning;
    return Ink::Muted;
}

}  // namespace

RunTableModel::RunTableModel(Theme& theme, QObject* parent) : QAbstractTableModel(parent), m_theme(theme) {
    connect(&theme, &Theme::changed, this, [this] {
        if (!m_runs.isEmpty()) emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    });
}

void RunTableModel::setRuns(const QList<RunEntry>& runs) {
    // Gone ones first, then a walk along the new list: what is next but stands further down is moved up.
    for (int row = rowCount() - 1; row >= 0; --row) {
        const bool stays =
            std::any_of(runs.begin(), runs.end(), [&](const RunEntry& run) { return run.path == m_runs[row].path; });
        if (stays) continue;
        beginRemoveRows({}, row, row);
        m_runs.removeAt(row);
        endRemoveRows();
    }
    for (int row = 0; row < runs.size(); ++row) {
        if (row < m_runs.size() && m_runs[row].path == runs[row].path) {
            if (m_runs[row] == runs[row]) continue;
            m_runs[row] = runs[row];
            emit dataChanged(index(row, 0), index(row, ColumnCount - 1));
            continue;
        }
        if (const int from = rowOf(runs[row].path); from > row) {
            beginMoveRows({}, from, from, {}, row);
            m_runs.move(from, row);
            endMoveRows();
            if (!(m_runs[row] == runs[row])) {
                m_runs[row] = runs[row];
                emit dataChanged(index(row, 0), index(row, ColumnCount - 1));
            }
            continue;
        }
        beginInsertRows({}, row, row);
        m_runs.insert(row, runs[row]);
        endInsertRows();
    }
    bool changed = false;
    for (const QString& path : QStringList(m_checked.begin(), m_checked.end()))
        if (rowOf(path) < 0) {
            m_checked.remove(path);
            takeColour(path);
            changed = true;
        }
    if (changed) emit shownChanged();
}

int RunTableModel::rowOf(const QString& path) const {
    for (int row = 0; row < m_runs.size(); ++row)
        if (m_runs[row].path == path) return row;
    return -1;
}

QStringList RunTableModel::checkedPaths() const {
    QStringList paths;
    for (const RunEntry& run : m_runs)
        if (m_checked.contains(run.path)) paths += run.path;
    return paths;
}

void RunTableModel::giveColour(const QString& path) {
    if (path.isEmpty() || m_series.count(path)) return;
    int series = 0;
    const auto taken = [&](int number) {
        return std::any_of(m_series.begin(), m_series.end(), [&](const auto& entry) { return entry.second == number; });
    };
    while (taken(series)) ++series;
    m_series[path] = series;
}

void RunTableModel::takeColour(const QString& path) {
    if (path != m_current && !m_checked.contains(path)) m_series.erase(path);
}

void RunTableModel::touch(const QString& path) {
    const int row = rowOf(path);
    if (row >= 0) emit dataChanged(index(row, 0), index(row, ColumnCount - 1));
}

void RunTableModel::setChecked(const QString& path, bool on) {
    if (m_checked.contains(path) == on) return;
    if (on) {
        m_checked.insert(path);
        giveColour(path);
    } else {
        m_checked.remove(path);
        takeColour(path);
    }
    touch(path);
    emit shownChanged();
}

void RunTableModel::setCurrent(const QString& path) {
    if (path == m_current) return;
    const QString before = m_current;
    m_current = path;
    takeColour(before);
    giveColour(path);
    touch(before);
    touch(path);
    emit shownChanged();
}

int RunTableModel::seriesOf(const QString& path) const {
    const auto found = m_series.find(path);
    return found == m_series.end() ? -1 : found->second;
}

int RunTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_runs.size());
}

int RunTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant RunTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= m_runs.size()) return {};
    const RunEntry& run = m_runs[index.row()];
    switch (role) {
        case Qt::DisplayRole:
            if (index.column() == Name) return run.name;
            if (index.column() == State) return stateText(run.state);
            return formatCount(static_cast<double>(run.step));
        case Qt::DecorationRole: {
            if (index.column() != Name) return {};
            const int series = seriesOf(run.path);
            QPixmap swatch(10, 10);
            swatch.fill(Qt::transparent);
            QPainter painter(&swatch);
            painter.setRenderHint(QPainter::Antialiasing);
            painter.setPen(Qt::NoPen);
            painter.setBrush(series < 0 ? QBrush(m_theme.colour(Ink::Border)) : QBrush(m_theme.seriesColour(series)));
            painter.drawEllipse(1, 1, 8, 8);
            return swatch;
        }
        case Qt::ForegroundRole:
            return index.column() == State ? QVariant(m_theme.colour(stateInk(run.state))) : QVariant();
        case Qt::CheckStateRole:
            if (index.column() != Name) return {};
            return m_checked.contains(run.path) ? Qt::Checked : Qt::Unchecked;
        case Qt::TextAlignmentRole:
            return static_cast<int>((index.column() == Step ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
        case Qt::ToolTipRole:
            return run.path;
        case Qt::AccessibleTextRole:
            return tr("%1, %2, step %3").arg(run.name, stateText(run.state)).arg(run.step);
        case PathRole:
            return run.path;
        case StateRole:
            return run.state;
        default:
            return {};
    }
}

bool RunTableModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (role != Qt::CheckStateRole || !index.isValid() || index.column() != Name) return false;
    setChecked(m_runs[index.row()].path, value.toInt() == Qt::Checked);
    return true;
}

QVariant RunTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    return section == Name ? tr("Run") : section == State ? tr("State") : section == Step ? tr("Step") : QVariant();
}

Qt::ItemFlags RunTableModel::flags(const QModelIndex& index) const {
    Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    if (index.isValid() && index.column() == Name) flags |= Qt::ItemIsUserCheckable;
    return flags;
}

}  // namespace distillix::ui
