// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QTimer>
#include <QVariantMap>

namespace distillix::ui {

/// What is kept of the window between starts, in an INI file. It is read once, when it is made; from then on values are
/// in memory, and what changes is written by a worker a moment later (QSettings by itself writes on the thread that
/// changes a value, and waits for the disk there). Another window's changes to other keys stay. On the window's thread
/// only.
class Settings : public QObject {
    Q_OBJECT
  public:
    /// `file` empty: the person's own.
    explicit Settings(const QString& file, QObject* parent = nullptr);
    /// Writes what is not written yet, and waits for it.
    ~Settings() override;

    QVariant value(const QString& key, const QVariant& otherwise = {}) const;
    void setValue(const QString& key, const QVariant& value);
    void remove(const QString& key);
    /// Begins to write now what was to be written a moment later.
    void save();

  private:
    void change(const QString& key, const QVariant& value);

    QString m_file;
    QVariantMap m_values;
    QVariantMap m_changes;  ///< not handed to the worker yet; an invalid value: the key goes
    QVariantMap m_writing;  ///< handed to it, and not known to be written
    QTimer m_soon;
};

}  // namespace distillix::ui
