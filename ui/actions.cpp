// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/actions.h"

namespace distillix::ui {

ActionRegistry::ActionRegistry(QObject* parent) : QObject(parent) {}

QAction* ActionRegistry::add(const QString& id, const QString& category, const QString& text,
                             const QKeySequence& shortcut, const QString& help) {
    auto* action = new QAction(text, this);
    action->setObjectName(id);
    action->setProperty("category", category);
    if (!shortcut.isEmpty()) {
        for (const QAction* other : m_actions)
            if (other->shortcut() == shortcut)
                qWarning("%s and %s have the same shortcut", qUtf8Printable(id), qUtf8Printable(other->objectName()));
        action->setShortcut(shortcut);
        action->setShortcutContext(Qt::ApplicationShortcut);
    }
    const QString plain = QString(text).remove(QLatin1Char('&')).remove(QStringLiteral("…"));
    const QString keys = shortcut.toString(QKeySequence::NativeText);
    action->setToolTip((help.isEmpty() ? plain : help) +
                       (keys.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(keys)));
    if (!help.isEmpty()) action->setStatusTip(help);
    m_actions.append(action);
    emit added(action);
    return action;
}

QAction* ActionRegistry::find(const QString& id) const {
    for (QAction* action : m_actions)
        if (action->objectName() == id) return action;
    qWarning("there is no command %s", qUtf8Printable(id));
    return nullptr;
}

QString ActionRegistry::category(const QAction* action) const {
    return action->property("category").toString();
}

}  // namespace distillix::ui
