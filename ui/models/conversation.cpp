// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/conversation.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QRandomGenerator>
#include <algorithm>

namespace distillix::ui {
namespace {

constexpr qsizetype kTitleLength = 44;
constexpr double kNever = -1e9;  // the logarithm of 0, which JSON has no number for

QString roleName(Role role) {
    return role == Role::User ? QStringLiteral("user") : QStringLiteral("assistant");
}

QString timeText(const QDateTime& time) {
    return time.toUTC().toString(Qt::ISODateWithMs);
}

QByteArray compact(const QJsonValue& value) {
    // Only arrays and objects can stand alone.
    const QByteArray text = QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact);
    return text.mid(1, text.size() - 2);
}

QJsonArray tokensJson(const QList<AnswerToken>& tokens) {
    QJsonArray list;
    for (const AnswerToken& token : tokens) {
        QJsonArray one{token.id, token.shown};
        if (token.known) {
            one.append(token.logprob);
            QJsonArray others;
            for (const TokenAlternative& other : token.alternatives)
                others.append(QJsonArray{other.id, other.shown, other.logprob});
            one.append(others);
        }
        list.append(one);
    }
    return list;
}

QList<AnswerToken> tokensFrom(const QJsonArray& list) {
    QList<AnswerToken> tokens;
    tokens.reserve(list.size());
    for (const QJsonValue& value : list) {
        const QJsonArray one = value.toArray();
        AnswerToken token{one.at(0).toInt(), one.at(1).toString(), one.at(2).toDouble(kNever), one.size() > 2, {}};
        const QJsonArray others = one.at(3).toArray();
        for (const QJsonValue& other : others) {
            const QJsonArray parts = other.toArray();
            token.alternatives.append({parts.at(0).toInt(), parts.at(1).toString(), parts.at(2).toDouble(kNever)});
        }
        tokens.append(token);
    }
    return tokens;
}

QJsonObject messageJson(const Message& message) {
    QJsonObject json{{"id", message.id},
                     {"role", roleName(message.role)},
                     {"text", message.text},
                     {"created", timeText(message.created)}};
    if (!message.parent.isEmpty()) json["parent"] = message.parent;
    if (message.edit) json["edit"] = *message.edit;
    if (message.role == Role::User) return json;
    json["model"] = message.model;
    json["finish"] = message.finish;
    if (!message.error.isEmpty()) json["error"] = message.error;
    if (!message.sampling.isEmpty()) json["sampling"] = message.sampling;
    const AnswerFigures& figures = message.figures;
    json["figures"] = QJsonObject{{"tokens", figures.tokens},
                                  {"contextTokens", figures.contextTokens},
                                  {"context", figures.context},
                                  {"droppedMessages", figures.droppedMessages},
                                  {"tokensPerSecond", figures.tokensPerSecond},
                                  {"firstTokenMs", figures.firstTokenMs}};
    if (!message.tokens.isEmpty()) json["tokens"] = tokensJson(message.tokens);
    return json;
}

Result<Message> messageFrom(const QJsonObject& json) {
    const auto wrong = [](const char* what) { return makeError(ErrorCode::InvalidData, what); };
    Message message;
    message.id = json["id"].toString();
    if (message.id.isEmpty()) return wrong("has no \"id\"");
    message.parent = json["parent"].toString();
    const QString role = json["role"].toString();
    if (role != QLatin1String("user") && role != QLatin1String("assistant"))
        return wrong("has a \"role\" that is neither user nor assistant");
    message.role = role == QLatin1String("user") ? Role::User : Role::Assistant;
    if (!json["text"].isString()) return wrong("has no \"text\"");
    message.text = json["text"].toString();
    message.created = QDateTime::fromString(json["created"].toString(), Qt::ISODateWithMs);
    if (json["edit"].isString()) message.edit = json["edit"].toString();
    message.model = json["model"].toString();
    message.finish = json["finish"].toString();
    message.error = json["error"].toString();
    // The program ended while this answer was being made.
    if (message.role == Role::Assistant && message.finish.isEmpty()) message.finish = QStringLiteral("cancelled");
    message.sampling = json["sampling"].toObject();
    const QJsonObject figures = json["figures"].toObject();
    message.figures = {
        figures["tokens"].toInt(),          figures["contextTokens"].toInt(),      figures["context"].toInt(),
        figures["droppedMessages"].toInt(), figures["tokensPerSecond"].toDouble(), figures["firstTokenMs"].toDouble()};
    message.tokens = tokensFrom(json["tokens"].toArray());
    return message;
}

QString newId() {
    return QString::number(QRandomGenerator::global()->generate64() >> 16, 36);
}

}  // namespace

ConversationData ConversationData::fresh() {
    ConversationData data;
    data.created = data.changed = QDateTime::currentDateTimeUtc();
    data.id = data.created.toLocalTime().toString(QStringLiteral("yyyyMMdd-HHmmss-")) + newId().left(6);
    return data;
}

Result<ConversationData> ConversationData::parse(const QByteArray& bytes) {
    const auto wrong = [](const QString& what, const std::string& where = {}) {
        return makeError(ErrorCode::InvalidData, what.toStdString(), where);
    };
    QJsonParseError broken;
    const QJsonDocument document = QJsonDocument::fromJson(bytes, &broken);
    if (broken.error != QJsonParseError::NoError)
        return wrong(broken.errorString(), "byte " + std::to_string(broken.offset));
    const QJsonObject json = document.object();
    const int version = json["formatVersion"].toInt();
    if (version < 1) return wrong(QStringLiteral("is no conversation: it has no \"formatVersion\""));
    if (version > kFormatVersion)
        return makeError(ErrorCode::Unsupported, "was written by a newer version of this program");
    ConversationData data;
    data.id = json["id"].toString();
    if (data.id.isEmpty()) return wrong(QStringLiteral("has no \"id\""));
    data.title = json["title"].toString();
    data.titleChosen = json["titleChosen"].toBool();
    data.created = QDateTime::fromString(json["created"].toString(), Qt::ISODateWithMs);
    data.changed = QDateTime::fromString(json["changed"].toString(), Qt::ISODateWithMs);
    data.completion = json["mode"].toString() == QLatin1String("completion");
    data.systemPrompt = json["systemPrompt"].toString();
    data.templateName = json["template"].toString(QStringLiteral("auto"));
    data.preset = json["preset"].toString();
    data.sampling = json["sampling"].toObject();
    data.comparing = json["comparing"].toBool();
    data.draft = json["draft"].toString();
    QHash<QString, Role> seen;
    const QJsonArray list = json["messages"].toArray();
    for (qsizetype i = 0; i < list.size(); ++i) {
        const std::string where = "message " + std::to_string(i + 1);
        Message message = TRY_AT(messageFrom(list[i].toObject()), where);
        if (seen.contains(message.id)) return wrong(QStringLiteral("has the id of an earlier one"), where);
        if (!message.parent.isEmpty() && !seen.contains(message.parent))
            return wrong(QStringLiteral("answers a message that does not stand before it"), where);
        seen.insert(message.id, message.role);
        data.messages.append(std::move(message));
    }
    const QJsonArray models = json["models"].toArray(), leaves = json["leaves"].toArray();
    for (int column = 0; column < 2; ++column) {
        data.models[column] = models.at(column).toString();
        const QString leaf = leaves.at(column).toString();
        if (seen.contains(leaf))
            data.leaves[column] = leaf;
        else if (column == 0 && !data.messages.isEmpty())
            data.leaves[column] = data.messages.last().id;
    }
    return data;
}

QByteArray ConversationData::toJson() const {
    // By hand, so that keys stand in the order a person reads them and a message takes one line.
    QByteArray out = "{\n";
    const auto put = [&](const char* key, const QJsonValue& value) {
        out += QByteArray("  \"") + key + "\": " + compact(value) + ",\n";
    };
    put("formatVersion", kFormatVersion);
    put("id", id);
    put("title", title);
    put("titleChosen", titleChosen);
    put("created", timeText(created));
    put("changed", timeText(changed));
    put("mode", completion ? "completion" : "chat");
    put("systemPrompt", systemPrompt);
    put("template", templateName);
    put("preset", preset);
    put("sampling", sampling);
    put("models", QJsonArray{models[0], models[1]});
    put("leaves", QJsonArray{leaves[0], leaves[1]});
    put("comparing", comparing);
    put("draft", draft);
    out += "  \"messages\": [";
    for (qsizetype i = 0; i < messages.size(); ++i)
        out += (i ? ",\n    " : "\n    ") + compact(messageJson(messages[i]));
    return out + "\n  ]\n}\n";
}

QString ConversationData::toMarkdown(int column) const {
    QString out = QStringLiteral("# %1\n\n").arg(title);
    if (completion) {
        for (const Message& message : path(leaves[column])) out += message.text;
        return out + QLatin1Char('\n');
    }
    if (!systemPrompt.isEmpty()) out += QStringLiteral("*%1*\n\n").arg(systemPrompt);
    for (const Message& message : path(leaves[column])) {
        const bool user = message.role == Role::User;
        out += QStringLiteral("## %1\n\n%2\n\n").arg(user ? QStringLiteral("You") : message.model, message.text);
    }
    return out;
}

QList<Message> ConversationData::path(const QString& leaf) const {
    // Parents stand before their children: one look from the end backwards finds them all.
    QList<Message> found;
    QString wanted = leaf;
    for (auto at = messages.crbegin(); at != messages.crend() && !wanted.isEmpty(); ++at) {
        if (at->id != wanted) continue;
        found.prepend(*at);
        wanted = at->parent;
    }
    return found;
}

Conversation::Conversation(ConversationData data, QObject* parent) : QObject(parent), m_data(std::move(data)) {
    index();
    for (const Message& message : std::as_const(m_data.messages))
        m_lastChild[message.parent] = message.id;  // the newest, but for what is shown:
    for (const QString& leaf : {m_data.leaves[1], m_data.leaves[0]}) {
        const QStringList shown = path(leaf);
        QString above;
        for (const QString& id : shown) {
            m_lastChild[above] = id;
            above = id;
        }
    }
}

void Conversation::index() {
    m_at.clear();
    for (qsizetype i = 0; i < m_data.messages.size(); ++i) m_at[m_data.messages[i].id] = i;
}

void Conversation::touch() {
    m_data.changed = QDateTime::currentDateTimeUtc();
    emit changed();
}

const Message* Conversation::message(const QString& id) const {
    const auto at = m_at.constFind(id);
    return at == m_at.constEnd() ? nullptr : &m_data.messages.at(*at);
}

QStringList Conversation::children(const QString& parent) const {
    QStringList ids;
    for (const Message& message : m_data.messages)
        if (message.parent == parent) ids.append(message.id);
    return ids;
}

QStringList Conversation::siblings(const QString& id) const {
    const Message* one = message(id);
    if (!one) return {};
    QStringList ids;
    for (const Message& other : m_data.messages)
        if (other.parent == one->parent && other.role == one->role) ids.append(other.id);
    return ids;
}

QStringList Conversation::path(const QString& leaf) const {
    QStringList ids;
    for (const Message* at = message(leaf); at; at = message(at->parent)) ids.prepend(at->id);
    return ids;
}

QString Conversation::leafBelow(const QString& id) const {
    QString at = id;
    while (m_lastChild.contains(at)) at = m_lastChild.value(at);
    return at;
}

QString Conversation::append(const QString& parent, Role role, const QString& text) {
    Message message;
    do message.id = newId();
    while (m_at.contains(message.id));
    message.parent = parent;
    message.role = role;
    message.text = text;
    message.created = QDateTime::currentDateTimeUtc();
    m_at[message.id] = m_data.messages.size();
    m_lastChild[parent] = message.id;
    if (!m_data.titleChosen && role == Role::User && m_data.title.isEmpty()) {
        m_data.title = text.simplified();
        if (m_data.title.size() > kTitleLength) m_data.title = m_data.title.left(kTitleLength - 1) + QChar(0x2026);
    }
    const QString id = message.id;
    m_data.messages.append(std::move(message));
    touch();
    emit structureChanged();
    return id;
}

void Conversation::appendText(const QString& id, const QString& piece) {
    const auto at = m_at.constFind(id);
    if (at == m_at.constEnd()) return;
    m_data.messages[*at].text += piece;
    touch();
    emit textAppended(id, piece);
}

void Conversation::appendToken(const QString& id, const AnswerToken& token) {
    const auto at = m_at.constFind(id);
    if (at == m_at.constEnd()) return;
    m_data.messages[*at].tokens.append(token);
    emit tokenAppended(id);
}

void Conversation::keepEdit(const QString& id, const std::optional<QString>& text) {
    const auto at = m_at.constFind(id);
    if (at == m_at.constEnd() || m_data.messages.at(*at).edit == text) return;
    m_data.messages[*at].edit = text;
    touch();
}

void Conversation::remove(const QString& id) {
    const Message* one = message(id);
    if (!one) return;
    const QString parent = one->parent;
    QStringList beside = siblings(id);
    const qsizetype place = beside.indexOf(id);
    beside.removeAt(place);
    QHash<QString, bool> gone{{id, true}};
    for (const Message& other : std::as_const(m_data.messages))
        if (gone.contains(other.parent)) gone.insert(other.id, true);
    m_data.messages.removeIf([&](const Message& other) { return gone.contains(other.id); });
    m_lastChild.removeIf([&](const QHash<QString, QString>::iterator& at) {
        return gone.contains(at.key()) || gone.contains(at.value());
    });
    index();
    const QString next = beside.isEmpty() ? parent : leafBelow(beside.at(std::min(place, beside.size() - 1)));
    for (QString& leaf : m_data.leaves)
        if (gone.contains(leaf)) leaf = next;
    touch();
    emit structureChanged();
}

void Conversation::setLeaf(const QString& id, int column) {
    if (!id.isEmpty() && !m_at.contains(id)) return;
    m_data.leaves[column] = id;
    for (const Message* at = message(id); at; at = message(at->parent)) m_lastChild[at->parent] = at->id;
    touch();
    emit structureChanged();
}

}  // namespace distillix::ui
