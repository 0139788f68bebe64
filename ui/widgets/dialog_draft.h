// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QVariantMap>

#include "ui/settings.h"

class QDialog;
class QWidget;

namespace distillix::ui {

/// What was set and typed in a dialog that was closed without being done comes back when it opens again, after a
/// restart of the window too. A child of its dialog. On the window's thread.
class DialogDraft : public QObject {
    Q_OBJECT
  public:
    /// Kept in the settings under "drafts/NAME", NAME being the dialog's object name.
    DialogDraft(QDialog* dialog, Settings& settings);
    /// Gives the widget its value of last time, and keeps it from now on: a QLineEdit, QPlainTextEdit, QComboBox,
    /// QSpinBox, QDoubleSpinBox or QCheckBox with an object name.
    void keep(QWidget* widget);
    /// Is there something that came back?
    bool isThere() const { return !m_values.isEmpty(); }
    /// What the dialog was for is done: the next one begins anew.
    void forget();

  private:
    void changed(const QString& name, const QVariant& value);

    Settings& m_settings;
    QString m_key;
    QVariantMap m_values;
    bool m_over = false;
};

}  // namespace distillix::ui
