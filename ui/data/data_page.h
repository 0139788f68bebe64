// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/page.h"

class QListWidget;
class QStackedWidget;

namespace distillix::ui {

class DatasetView;
class EmptyState;
class ImportView;

/// The project's datasets on the left; on the right one of them, or an import. Files and folders can be dropped
/// anywhere.
class DataPage : public Page {
    Q_OBJECT
  public:
    explicit DataPage(Studio& studio);
    QString title() const override { return tr("Data"); }
    void activate(const QVariantMap& arguments) override;

  private:
    void beginImport(const QStringList& sources);
    void chooseFiles();
    void chooseFolder();
    void fillList();
    void showSelected();
    void select(const QString& dataset);

    QListWidget* m_list;
    QStackedWidget* m_stack;
    EmptyState* m_empty;
    ImportView* m_import;
    DatasetView* m_dataset;
    QString m_wanted;  ///< to be selected when it is listed
};

}  // namespace distillix::ui
