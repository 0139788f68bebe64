// SPDX-License-Identifier: GPL-3.0-or-later
// The button that says which model answers, and the list behind it: runs (their latest checkpoint, followed while they
// train), single checkpoints, imported models, and any folder.
#pragma once

#include <QPointer>
#include <QPushButton>

#include "ui/studio.h"

namespace distillix::ui {

struct ModelChoice {
    QString path;
    QString label;   ///< "first"
    QString detail;  ///< "latest checkpoint, step 1,200 · training"
    bool operator==(const ModelChoice&) const = default;
};

/// What the project has to talk to, runs in front; empty without a project.
QList<ModelChoice> modelChoices(const Project* project);

class ModelPicker : public QPushButton {
    Q_OBJECT
  public:
    explicit ModelPicker(Studio& studio, QWidget* parent = nullptr);
    /// What the button says; `detail` is its tooltip.
    void setShown(const QString& label, const QString& detail);
    /// The list, open. Closes by itself.
    void openList();

  signals:
    void picked(const QString& path);

  private:
    void browse();
    Studio& m_studio;
    QPointer<QWidget> m_list;
};

}  // namespace distillix::ui
