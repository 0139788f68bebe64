// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QPalette>

namespace distillix::ui {

/// The text's colour, two thirds of it on the background: small print that still has a contrast above 4.5 to 1.
inline QColor mutedText(const QPalette& palette) {
    const QColor text = palette.color(QPalette::WindowText), back = palette.color(QPalette::Window);
    const auto mix = [](int a, int b) { return (a * 68 + b * 32) / 100; };
    return {mix(text.red(), back.red()), mix(text.green(), back.green()), mix(text.blue(), back.blue())};
}

}  // namespace distillix::ui
