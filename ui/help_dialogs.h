// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/studio.h"

class QWidget;

namespace distillix::ui {

class StallProbe;

/// Each opens its dialog without waiting. Object names: guide, shortcuts, system-report, about.
void showGuide(Studio& studio, QWidget* window);
void showShortcuts(Studio& studio, QWidget* window);
/// What this machine and this build are; no path of the person's home, no environment: it is made to be pasted
/// somewhere.
void showSystemReport(Studio& studio, const StallProbe* probe, QWidget* window);
void showAbout(Studio& studio, QWidget* window);

}  // namespace distillix::ui
