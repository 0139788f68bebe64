// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLocalServer>
#include <QObject>
#include <QString>

namespace distillix::ui {

/// One window a user and display: a second start tells the first one what it was asked to open, and ends.
class SingleInstance : public QObject {
    Q_OBJECT
  public:
    explicit SingleInstance(QObject* parent = nullptr);
    /// True: another instance has taken over `project` (may be empty). False: this one is the first, and listens.
    bool handOver(const QString& project);

  signals:
    /// A later start asks for the window, and for a project where `project` is not empty.
    void asked(const QString& project);

  private:
    void takeConnection();
    QString m_name;
    QLocalServer m_server;
};

}  // namespace distillix::ui
