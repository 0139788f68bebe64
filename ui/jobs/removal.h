// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <functional>

class QWidget;

namespace distillix::ui {

/// Asks, with the size of what would go, and then removes the file or folder on a worker. `done` is called after a
/// removal that was agreed to, with an error for people or with none; not at all where it was declined. The thing is
/// renamed before its content goes, so that no half of it can be taken for the whole. The dialog's object name is
/// "confirm", its buttons' "confirm.delete" and "confirm.keep".
void askAndRemove(QWidget* parent, const QString& question, const QString& consequence, const QString& path,
                  std::function<void(const QString& error)> done);

/// Bytes of a file or of all files in a folder. Touches the disk.
double bytesOnDisk(const QString& path);

}  // namespace distillix::ui
