// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QString>

#include "ui/theme.h"

class QComboBox;
class QFormLayout;
class QLayout;

namespace distillix::ui {

/// A label of a size and colour of the theme. Its text is never taken for HTML.
QLabel* makeLabel(const QString& text, Type type = Type::Body, Ink ink = Ink::Text);
/// The same over several lines.
QLabel* makeParagraph(const QString& text, Type type = Type::Body, Ink ink = Ink::Muted);
/// A paragraph of that width in the middle of its line: a layout's alignment would take its height for one line's.
QLayout* centred(QLabel* paragraph, int width);
/// Name and value, the one muted, the other selectable: one row of a form of facts. Its value label is returned.
QLabel* addFact(QFormLayout* form, const QString& name, const QString& value = {});
/// A form whose rows are as wide as the page allows, at the scale's distances.
QFormLayout* makeForm();
/// A wheel that turns over a closed combo box or spin box scrolls the page instead of changing a setting.
void ignoreWheel(QWidget* widget);

}  // namespace distillix::ui
