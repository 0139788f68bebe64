// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

#include "ui/studio.h"

class QLineEdit;
class QListWidget;

namespace distillix::ui {

/// Every command by a few letters of its name (Ctrl+K); also the project's datasets, models and recent projects.
class CommandPalette : public QDialog {
    Q_OBJECT
  public:
    CommandPalette(Studio& studio, QWidget* window);
    /// Opens it over the window, empty.
    void popUp();

    /// How well `query` fits `text`: its letters in order, better together and at words' beginnings; negative where
    /// not.
    static int match(const QString& query, const QString& text);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void fill();
    void run();

    Studio& m_studio;
    QLineEdit* m_query;
    QListWidget* m_list;
};

}  // namespace distillix::ui
