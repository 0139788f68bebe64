// SPDX-License-Identifier: GPL-3.0-or-later
// What the train page asks before it tells a trainer something. None of them blocks; each deletes itself.
#pragma once

#include <QStringList>
#include <functional>

#include "ui/models/run_follower.h"
#include "ui/settings.h"

class QWidget;

namespace distillix::ui {

/// "stopDialog": what is kept, and that it can be resumed.
void askToStop(QWidget* parent, const RunFollower& run, std::function<void()> stop);

/// "sampleDialog": a question or a text to go on from, temperature and length. `ask` gets the flags of `runs sample`.
/// What was typed and not asked comes back.
void askForSample(QWidget* parent, Settings& settings, const RunFollower& run,
                  std::function<void(const QStringList&)> ask);

/// "settingsDialog": learning rate, and how long to train. `set` gets NAME=VALUE.
void askForSettings(QWidget* parent, const RunFollower& run, std::function<void(const QStringList&)> set);

/// A setting of a run as it is now: what it was started with, and what was set since. NaN where it is no number.
double settingNow(const RunFollower& run, const char* name);

}  // namespace distillix::ui
