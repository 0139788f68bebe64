// SPDX-License-Identifier: GPL-3.0-or-later
// Every command of the window by its name: menus, shortcuts, the palette (Ctrl+K) and tests all take it from here.
#pragma once

#include <QAction>
#include <QKeySequence>
#include <QList>
#include <QObject>
#include <QString>

namespace distillix::ui {

class ActionRegistry : public QObject {
    Q_OBJECT
  public:
    explicit ActionRegistry(QObject* parent = nullptr);

    /// Makes a command and owns it. `id` is its object name ("run.pause"); `category` is what the palette puts in front
    /// ("Run"). It may be triggered from anywhere in the window. Two commands with one shortcut are a bug, and said so.
    QAction* add(const QString& id, const QString& category, const QString& text, const QKeySequence& shortcut = {},
                 const QString& help = {});
    /// The command of that name. The frame's own are there from the start: pages connect to their triggered() and keep
    /// them enabled while they make sense.
    ///   file.new file.open file.import-dataset file.import-model file.export-gguf file.export-safetensors
    ///   file.export-pt file.export-hf file.quit run.start run.resume run.pause run.stop run.checkpoint run.sample
    ///   view.data view.train view.benchmark view.chat view.library view.theme-desktop view.theme-light view.theme-dark
    ///   view.zoom-in view.zoom-out view.zoom-reset view.full-screen
    ///   help.guide help.shortcuts help.system-report help.about app.palette
    QAction* find(const QString& id) const;
    QString category(const QAction* action) const;
    const QList<QAction*>& all() const { return m_actions; }

  signals:
    void added(QAction* action);

  private:
    QList<QAction*> m_actions;
};

}  // namespace distillix::ui
