// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/library/library_model.h"

#include <QFont>

#include "ui/format.h"

namespace distillix::ui {

namespace {
// What an index carries: its kind, and of a checkpoint its run's row.
constexpr quintptr kHead = 0, kRunId = 1, kModelId = 2, kFirstCheckpoint = 16;
}  // namespace

void LibraryModel::setContents(const ProjectContents& contents) {
    if (contents.runs == m_runs && contents.models == m_models) return;
    beginResetModel();
    m_runs = contents.runs;
    m_models = contents.models;
    endResetModel();
}

QModelIndex LibraryModel::index(int row, int column, const QModelIndex& parent) const {
    if (!hasIndex(row, column, parent)) return {};
    if (!parent.isValid()) return createIndex(row, column, kHead);
    if (parent.internalId() == kHead) return createIndex(row, column, parent.row() == 0 ? kRunId : kModelId);
    return createIndex(row, column, kFirstCheckpoint + static_cast<quintptr>(parent.row()));
}

QModelIndex LibraryModel::parent(const QModelIndex& child) const {
    if (!child.isValid() || child.internalId() == kHead) return {};
    if (child.internalId() == kRunId) return createIndex(0, 0, kHead);
    if (child.internalId() == kModelId) return createIndex(1, 0, kHead);
    return createIndex(static_cast<int>(child.internalId() - kFirstCheckpoint), 0, kRunId);
}

int LibraryModel::rowCount(const QModelIndex& parent) const {
    if (parent.column() > 0) return 0;
    if (!parent.isValid()) return 2;
    if (parent.internalId() == kHead) return static_cast<int>(parent.row() == 0 ? m_runs.size() : m_models.size());
    if (parent.internalId() == kRunId && parent.row() < m_runs.size())
        return static_cast<int>(m_runs[parent.row()].checkpoints.size());
    return 0;
}

int LibraryModel::columnCount(const QModelIndex&) const {
    return 1;
}

LibraryModel::Kind LibraryModel::kind(const QModelIndex& index) const {
    if (index.internalId() == kHead) return index.row() == 0 ? Kind::RunsHead : Kind::ModelsHead;
    if (index.internalId() == kRunId) return Kind::Run;
    return index.internalId() == kModelId ? Kind::Model : Kind::Checkpoint;
}

const CheckpointEntry& LibraryModel::checkpoint(const QModelIndex& index) const {
    const QList<CheckpointEntry>& list =
        m_runs[static_cast<qsizetype>(index.internalId() - kFirstCheckpoint)].checkpoints;
    return list[list.size() - 1 - index.row()];
}

QVariant LibraryModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const Kind what = kind(index);
    if (role == KindRole) return static_cast<int>(what);
    if (what == Kind::RunsHead || what == Kind::ModelsHead) {
        if (role == Qt::DisplayRole) return what == Kind::RunsHead ? tr("Trained here") : tr("Imported");
        if (role == Qt::FontRole) {
            QFont font;
            font.setWeight(QFont::DemiBold);
            return font;
        }
        return {};
    }
    if (what == Kind::Run) {
        const RunEntry& run = m_runs[index.row()];
        if (role == Qt::DisplayRole)
            return run.isLive()
                       ? tr("%1  ·  training, step %2").arg(run.name, formatCount(static_cast<double>(run.step)))
                       : run.name;
        if (role == PathRole) return run.path;
        if (role == VersionRole)
            return run.state + (run.checkpoints.isEmpty() ? QString() : run.checkpoints.last().path);
        if (role == Qt::ToolTipRole) return formatPath(run.path, 120);
    } else if (what == Kind::Checkpoint) {
        const CheckpointEntry& entry = checkpoint(index);
        if (role == Qt::DisplayRole) return tr("Step %1").arg(formatExact(entry.step));
        if (role == PathRole) return entry.path;
    } else {
        const ProjectEntry& model = m_models[index.row()];
        if (role == Qt::DisplayRole) return model.name;
        if (role == PathRole) return model.path;
        if (role == VersionRole) return model.modified.toString(Qt::ISODateWithMs);
        if (role == Qt::ToolTipRole) return formatPath(model.path, 120);
    }
    return {};
}

Qt::ItemFlags LibraryModel::flags(const QModelIndex& index) const {
    if (!index.isValid()) return Qt::NoItemFlags;
    return index.internalId() == kHead ? Qt::ItemIsEnabled : Qt::ItemIsEnabled | Qt::ItemIsSelectable;
}

QModelIndex LibraryModel::indexOf(const QString& path) const {
    for (int head = 0; head < 2; ++head) {
        const QModelIndex top = index(head, 0);
        for (int row = 0; row < rowCount(top); ++row) {
            const QModelIndex entry = index(row, 0, top);
            if (data(entry, PathRole).toString() == path) return entry;
            for (int child = 0; child < rowCount(entry); ++child) {
                const QModelIndex inner = index(child, 0, entry);
                if (data(inner, PathRole).toString() == path) return inner;
            }
        }
    }
    return {};
}

}  // namespace distillix::ui
