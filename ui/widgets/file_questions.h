// SPDX-License-Identifier: GPL-3.0-or-later
// Asks for files and folders without waiting for the answer. A test says the answer beforehand.
#pragma once

#include <QString>
#include <QStringList>
#include <functional>

class QWidget;

namespace distillix::ui {

/// One existing folder; `done` is called when one was chosen, and not otherwise.
void askForFolder(QWidget* parent, const QString& title, const QString& start,
                  std::function<void(const QString&)> done);
/// One or several existing files. `filter` as QFileDialog has it ("Models (*.gguf *.pt)").
void askForFiles(QWidget* parent, const QString& title, const QString& start, const QString& filter,
                 std::function<void(const QStringList&)> done);
/// A file to be written; the dialog asks before one is replaced.
void askForNewFile(QWidget* parent, const QString& title, const QString& suggestion, const QString& filter,
                   std::function<void(const QString&)> done);

/// For tests: the next question is answered with these paths, without a dialog.
void answerNextFileQuestion(const QStringList& paths);

}  // namespace distillix::ui
