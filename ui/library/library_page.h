// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/library/library_model.h"
#include "ui/page.h"

class QStackedWidget;
class QTreeView;

namespace distillix::ui {

class EmptyState;
class ModelView;

/// Models: trained here with their checkpoints, and imported; export, import, delete.
class LibraryPage : public Page {
    Q_OBJECT
  public:
    explicit LibraryPage(Studio& studio);
    QString title() const override { return tr("Library"); }
    void activate(const QVariantMap& arguments) override;

  protected:
    void showEvent(QShowEvent* event) override;

  private:
    void fill();
    void select(const QString& path);
    void showSelected();
    void openExport(const QString& format);
    void openImport();

    LibraryModel m_models;
    QTreeView* m_tree;
    QStackedWidget* m_stack;
    EmptyState* m_empty;
    ModelView* m_view;
    QString m_wanted;
    QString m_shown;  // path and version of what the view was last told to read
};

}  // namespace distillix::ui
