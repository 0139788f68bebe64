// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractItemModel>

#include "ui/project.h"

namespace distillix::ui {

/// The project's models as a tree: runs with their checkpoints (newest first), and imported models.
class LibraryModel : public QAbstractItemModel {
    Q_OBJECT
  public:
    enum class Kind { RunsHead, Run, Checkpoint, ModelsHead, Model };
    /// VersionRole: a text that is another one when there is something else to show of the entry.
    enum Role { PathRole = Qt::UserRole, KindRole, VersionRole };
    using QAbstractItemModel::QAbstractItemModel;

    void setContents(const ProjectContents& contents);
    QModelIndex indexOf(const QString& path) const;
    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& child) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

  private:
    // By the index's internal id, so that parents are known without a look at the lists.
    Kind kind(const QModelIndex& index) const;
    const CheckpointEntry& checkpoint(const QModelIndex& index) const;

    QList<RunEntry> m_runs;
    QList<ProjectEntry> m_models;
};

}  // namespace distillix::ui
