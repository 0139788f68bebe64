// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QJsonArray>
#include <QJsonObject>
#include <QWidget>

#include "ui/jobs/verb_process.h"
#include "ui/library/library_model.h"
#include "ui/studio.h"

class QLabel;
class QPushButton;
class QTabWidget;
class QTableView;
class QTreeView;

namespace distillix::ui {

/// "weights" of `info model --weights`.
class WeightsModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    using QAbstractTableModel::QAbstractTableModel;
    void setWeights(const QJsonArray& weights);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  private:
    QJsonArray m_weights;
};

/// One model: where it comes from (run, data, step, losses), what it is, what its weights look like, how large it is.
class ModelView : public QWidget {
    Q_OBJECT
  public:
    explicit ModelView(Studio& studio, QWidget* parent = nullptr);
    /// Shows the run, checkpoint or model folder at `path`.
    void show(const QString& path, LibraryModel::Kind kind);
    const QString& path() const { return m_path; }

  signals:
    void exportWanted(const QString& format);

  private:
    struct Lineage;
    void readLineage();
    void fillLineage(const Lineage& lineage);
    void fillModel(const QJsonObject& info);
    void askToDelete();

    Studio& m_studio;
    QString m_path, m_run;
    LibraryModel::Kind m_kind = LibraryModel::Kind::Model;
    bool m_live = false;
    VerbProcess m_info;
    WeightsModel m_weights;
    QLabel *m_title, *m_subtitle, *m_error;
    QLabel *m_origin, *m_data, *m_step, *m_losses, *m_size, *m_parameters, *m_ternary, *m_caps, *m_template,
        *m_configuration;
    QTabWidget* m_tabs;
    QTableView* m_table;
    QPushButton *m_chat, *m_benchmark, *m_openRun, *m_export, *m_delete;
};

}  // namespace distillix::ui
