// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/single_instance.h"

#include <QDir>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocalSocket>

#include <unistd.h>

namespace distillix::ui {

namespace {
constexpr int kAnswerMs = 1000;              // a living first instance answers within some milliseconds
constexpr qsizetype kLongestAsk = 64 << 10;  // whatever else connects is not listened to
}  // namespace

SingleInstance::SingleInstance(QObject* parent) : QObject(parent) {
    m_name = QStringLiteral("distillix-studio-%1").arg(::getuid());
    const QString display = qEnvironmentVariable("WAYLAND_DISPLAY") + qEnvironmentVariable("DISPLAY");
    for (const QChar c : display) m_name += c.isLetterOrNumber() ? c : QLatin1Char('-');
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&m_server, &QLocalServer::newConnection, this, &SingleInstance::takeConnection);
}

bool SingleInstance::handOver(const QString& project) {
    // Before there is a window, so that waiting a moment keeps nobody waiting.
    QLocalSocket socket;
    socket.connectToServer(m_name);
    if (socket.waitForConnected(kAnswerMs)) {
        const QString path = project.isEmpty() ? QString() : QDir(project).absolutePath();
        socket.write(QJsonDocument(QJsonObject{{QStringLiteral("open"), path}}).toJson(QJsonDocument::Compact) + '\n');
        if (socket.waitForBytesWritten(kAnswerMs) && socket.waitForReadyRead(kAnswerMs) &&
            socket.readAll().startsWith("ok"))
            return true;
        // It hangs: better a second window than none.
        return false;
    }
    // What a killed instance left behind; nobody listens there, as was just seen.
    QLocalServer::removeServer(m_name);
    m_server.listen(m_name);
    return false;
}

void SingleInstance::takeConnection() {
    while (QLocalSocket* socket = m_server.nextPendingConnection()) {
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
        connect(socket, &QLocalSocket::readyRead, this, [this, socket] {
            if (!socket->canReadLine()) {
                if (socket->bytesAvailable() > kLongestAsk) socket->abort();
                return;
            }
            const QJsonObject ask = QJsonDocument::fromJson(socket->readLine()).object();
            socket->write("ok\n");
            socket->disconnectFromServer();
            emit asked(ask.value(QStringLiteral("open")).toString());
        });
    }
}

}  // namespace distillix::ui
