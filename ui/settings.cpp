// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/settings.h"

#include <QSettings>

#include "ui/jobs/background.h"

namespace distillix::ui {

namespace {

constexpr int kSoonMs = 300;

void write(const QString& file, const QVariantMap& changes) {
    QSettings settings(file, QSettings::IniFormat);
    for (auto at = changes.begin(); at != changes.end(); ++at) {
        if (at->isValid())
            settings.setValue(at.key(), *at);
        else
            settings.remove(at.key());
    }
    settings.sync();
}

}  // namespace

Settings::Settings(const QString& file, QObject* parent) : QObject(parent), m_file(file) {
    if (m_file.isEmpty())
        m_file =
            QSettings(QSettings::IniFormat, QSettings::UserScope, QStringLiteral("distillix"), QStringLiteral("studio"))
                .fileName();
    const QSettings settings(m_file, QSettings::IniFormat);
    for (const QString& key : settings.allKeys()) m_values[key] = settings.value(key);
    m_soon.setSingleShot(true);
    m_soon.setInterval(kSoonMs);
    connect(&m_soon, &QTimer::timeout, this, &Settings::save);
}

Settings::~Settings() {
    // The newer ones on top: the worker may have been dropped with what it was given.
    m_writing.insert(m_changes);
    if (!m_writing.isEmpty()) write(m_file, m_writing);
}

QVariant Settings::value(const QString& key, const QVariant& otherwise) const {
    return m_values.value(key, otherwise);
}

void Settings::setValue(const QString& key, const QVariant& value) {
    const auto found = m_values.constFind(key);
    if (found != m_values.cend() && *found == value) return;
    m_values[key] = value;
    change(key, value);
}

void Settings::remove(const QString& key) {
    if (m_values.remove(key) > 0) change(key, {});
}

void Settings::change(const QString& key, const QVariant& value) {
    m_changes[key] = value;
    if (!m_soon.isActive()) m_soon.start();
}

void Settings::save() {
    m_soon.stop();
    if (m_changes.isEmpty()) return;
    if (!m_writing.isEmpty()) {
        // One at a time, so that they stay in order.
        m_soon.start();
        return;
    }
    m_writing.swap(m_changes);
    background::run([file = m_file, changes = m_writing] { write(file, changes); }, this,
                    [this] { m_writing.clear(); });
}

}  // namespace distillix::ui
