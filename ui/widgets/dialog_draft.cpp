// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/dialog_draft.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QDoubleSpinBox>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSpinBox>

namespace distillix::ui {

DialogDraft::DialogDraft(QDialog* dialog, Settings& settings)
    : QObject(dialog), m_settings(settings), m_key(QStringLiteral("drafts/") + dialog->objectName()) {
    m_values = settings.value(m_key).toMap();
}

void DialogDraft::keep(QWidget* widget) {
    const QString name = widget->objectName();
    const QVariant before = m_values.value(name);
    const bool there = before.isValid();
    const auto store = [this, name](const QVariant& value) { changed(name, value); };
    if (auto* line = qobject_cast<QLineEdit*>(widget)) {
        if (there) line->setText(before.toString());
        connect(line, &QLineEdit::textChanged, this, store);
    } else if (auto* text = qobject_cast<QPlainTextEdit*>(widget)) {
        if (there) text->setPlainText(before.toString());
        connect(text, &QPlainTextEdit::textChanged, this, [text, store] { store(text->toPlainText()); });
    } else if (auto* box = qobject_cast<QComboBox*>(widget)) {
        const int index = there ? box->findData(before) : -1;
        if (index >= 0) box->setCurrentIndex(index);
        connect(box, &QComboBox::currentIndexChanged, this, [box, store] { store(box->currentData()); });
    } else if (auto* number = qobject_cast<QSpinBox*>(widget)) {
        if (there) number->setValue(before.toInt());
        connect(number, &QSpinBox::valueChanged, this, store);
    } else if (auto* real = qobject_cast<QDoubleSpinBox*>(widget)) {
        if (there) real->setValue(before.toDouble());
        connect(real, &QDoubleSpinBox::valueChanged, this, store);
    } else if (auto* check = qobject_cast<QCheckBox*>(widget)) {
        if (there) check->setChecked(before.toBool());
        connect(check, &QCheckBox::toggled, this, store);
    } else {
        qWarning("no draft is kept of %s", qUtf8Printable(name));
    }
}

void DialogDraft::changed(const QString& name, const QVariant& value) {
    if (m_over) return;
    m_values[name] = value;
    m_settings.setValue(m_key, m_values);
}

void DialogDraft::forget() {
    m_over = true;
    m_values.clear();
    m_settings.remove(m_key);
}

}  // namespace distillix::ui
