// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_pane.h"

#include <QFileInfo>
#include <QJsonArray>
#include <QLabel>
#include <QPushButton>
#include <QRandomGenerator>
#include <QVBoxLayout>

#include "ui/chat/model_picker.h"

namespace distillix::ui {

ChatPane::ChatPane(Studio& studio, int column, QWidget* parent) : QWidget(parent), m_studio(studio), m_column(column) {
    setObjectName(QStringLiteral("chatPane%1").arg(column));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto* header = new QHBoxLayout;
    header->setContentsMargins(space::m, 0, space::l, space::xs);
    m_picker = new ModelPicker(studio, this);
    m_state = new QLabel(this);
    m_state->setObjectName(QStringLiteral("modelState"));
    m_state->setTextFormat(Qt::PlainText);
    Theme::setType(m_state, Type::Caption);
    Theme::setInk(m_state, Ink::Muted);
    header->addWidget(m_picker);
    header->addWidget(m_state, 1);
    layout->addLayout(header);

    m_trouble = new QFrame(this);
    m_trouble->setObjectName(QStringLiteral("modelTrouble"));
    Theme::setCard(m_trouble);
    auto* troubleRow = new QHBoxLayout(m_trouble);
    m_troubleText = new QLabel(m_trouble);
    m_troubleText->setObjectName(QStringLiteral("modelTroubleText"));
    m_troubleText->setTextFormat(Qt::PlainText);
    m_troubleText->setWordWrap(true);
    m_troubleText->setTextInteractionFlags(Qt::TextSelectableByMouse);
    Theme::setInk(m_troubleText, Ink::Bad);
    auto* again = new QPushButton(tr("Try again"), m_trouble);
    again->setObjectName(QStringLiteral("reopenModel"));
    troubleRow->addWidget(m_troubleText, 1);
    troubleRow->addWidget(again);
    auto* troubleHolder = new QVBoxLayout;
    troubleHolder->setContentsMargins(space::xl, 0, space::xl, space::s);
    troubleHolder->addWidget(m_trouble);
    layout->addLayout(troubleHolder);
    m_trouble->hide();

    m_transcript = new TranscriptView(studio.theme(), this);
    layout->addWidget(m_transcript, 1);

    connect(again, &QPushButton::clicked, this, &ChatPane::openModel);
    connect(m_picker, &ModelPicker::picked, this, &ChatPane::setModel);
    connect(m_transcript, &TranscriptView::regenerateWanted, this, &ChatPane::regenerate);
    connect(m_transcript, &TranscriptView::continueWanted, this, &ChatPane::goOn);
    connect(m_transcript, &TranscriptView::goOnFromWanted, this, &ChatPane::goOnFrom);
    connect(m_transcript, &TranscriptView::linkActivated, this, &ChatPane::linkActivated);
    connect(m_transcript, &TranscriptView::removeWanted, this, [this](const QString& id) {
        if (m_conversation && !isBusy()) m_conversation->remove(id);
    });
    connect(m_transcript, &TranscriptView::branchWanted, this, [this](const QString& id) {
        if (m_conversation && !isBusy()) m_conversation->setLeaf(m_conversation->leafBelow(id), m_column);
    });
    connect(m_transcript, &TranscriptView::edited, this, [this](const QString& id, const QString& text) {
        const Message* message = m_conversation ? m_conversation->message(id) : nullptr;
        if (!message || isBusy()) return;
        if (message->role == Role::Assistant)
            editAnswer(id, text);
        else
            emit questionEdited(id, text);
    });

    connect(&m_talker, &ModelTalker::stateChanged, this, &ChatPane::tellState);
    connect(&m_talker, &ModelTalker::reread, this, [this] {
        tellState();
        emit gaugeChanged();
    });
    connect(&m_talker, &ModelTalker::prompted, this, [this](int id, const QJsonObject& figures) {
        if (id != m_request) return;
        m_used = figures["contextTokens"].toInt();
        emit gaugeChanged();
    });
    connect(&m_talker, &ModelTalker::wrote, this, [this](int id, const QString& text) {
        if (id != m_request || !m_conversation) return;
        if (m_skip >= text.size()) {
            m_skip -= text.size();
            return;
        }
        m_conversation->appendText(m_message, text.mid(m_skip));
        m_skip = 0;
    });
    connect(&m_talker, &ModelTalker::drew, this, [this](int id, const AnswerToken& token, bool ends) {
        if (id != m_request || !m_conversation || ends) return;
        m_conversation->appendToken(m_message, token);
        ++m_used;
        emit gaugeChanged();
    });
    connect(&m_talker, &ModelTalker::answered, this, [this](int id, const QJsonObject& result, double firstTokenMs) {
        if (id == m_request) answered(result, firstTokenMs);
    });
    connect(&m_talker, &ModelTalker::refused, this, [this](int id, const QString& code, const QString& message) {
        if (id != m_request) return;
        if (code == QLatin1String("cancelled"))
            finish(QStringLiteral("cancelled"));
        else
            finish(QStringLiteral("failed"), message);
    });
    connect(&m_talker, &ModelTalker::counted, this, [this](int id, int tokens, int) {
        if (id != m_count) return;
        m_used = tokens;
        emit gaugeChanged();
    });
    tellState();
}

ChatPane::~ChatPane() {
    disconnect(&m_talker, nullptr, this, nullptr);
}

void ChatPane::setConversation(Conversation* conversation) {
    if (isBusy()) {
        m_talker.cancel(m_request);
        if (m_request) finish(QStringLiteral("cancelled"));
    }
    m_conversation = conversation;
    m_transcript->setConversation(conversation, m_column);
    m_used = 0;
    if (conversation) {
        if (const Message* last = conversation->message(lastAnswer())) m_used = last->figures.contextTokens;
    }
    openModel();
    emit gaugeChanged();
}

QString ChatPane::lastAnswer() const {
    const QStringList path = m_conversation ? m_conversation->path(m_conversation->leaf(m_column)) : QStringList();
    for (auto at = path.crbegin(); at != path.crend(); ++at)
        if (m_conversation->message(*at)->role == Role::Assistant) return *at;
    return {};
}

void ChatPane::openModel() {
    if (!m_conversation) {
        m_talker.close();
        return;
    }
    if (m_awake) m_talker.open(m_conversation->data().models[m_column], m_conversation->data().templateName);
    tellState();
}

void ChatPane::wake() {
    if (m_awake) return;
    m_awake = true;
    openModel();
}

void ChatPane::setModel(const QString& path) {
    if (!m_conversation) return;
    stop();
    m_conversation->edit([&](ConversationData& talk) { talk.models[m_column] = path; });
    openModel();
}

void ChatPane::tellState() {
    const QString path = m_conversation ? m_conversation->data().models[m_column] : QString();
    const bool failed = m_talker.state() == ModelTalker::State::Failed;
    m_picker->setShown(path.isEmpty() ? tr("Choose a model") : m_talker.label(), path);
    QString state;
    if (m_talker.state() == ModelTalker::State::Loading) state = tr("opening…");
    if (m_talker.state() == ModelTalker::State::Ready) {
        state = m_talker.device();
        const auto* project = m_studio.project();
        if (project)
            for (const RunEntry& run : project->contents().runs)
                if (run.path == path && run.isLive())
                    state = tr("training now: newer checkpoints are taken as they come");
    }
    m_state->setText(state);
    m_trouble->setVisible(failed);
    m_troubleText->setText(m_talker.error());
    if (path.isEmpty())
        m_transcript->setEmptyText(
            tr("Choose a model to talk to"),
            tr("A run, also one that is still training, one of its checkpoints, or an imported model."));
    else
        m_transcript->setEmptyText(tr("Talk to %1").arg(m_talker.label()),
                                   m_conversation && m_conversation->data().completion
                                       ? tr("Write how a text begins; the model goes on from there.")
                                       : tr("Ask a question below. Everything stays on this machine."));
    emit gaugeChanged();
}

QJsonObject ChatPane::promptKeys(const QString& leaf, const QString& draft) const {
    const ConversationData& talk = m_conversation->data();
    const QList<Message> path = talk.path(leaf);
    if (talk.completion || m_talker.hasNoTemplate()) {
        QString text;
        for (const Message& message : path) text += message.text;
        return {{"text", text + draft}};
    }
    QJsonArray messages;
    if (!talk.systemPrompt.trimmed().isEmpty())
        messages.append(QJsonObject{{"role", QStringLiteral("system")}, {"content", talk.systemPrompt}});
    for (const Message& message : path)
        messages.append(
            QJsonObject{{"role", message.role == Role::User ? QStringLiteral("user") : QStringLiteral("assistant")},
                        {"content", message.text}});
    if (!draft.isEmpty()) messages.append(QJsonObject{{"role", QStringLiteral("user")}, {"content", draft}});
    return {{"messages", messages}};
}

void ChatPane::answer(const QString& parent, const QList<AnswerToken>& given) {
    if (!m_conversation || isBusy()) return;
    const QString id = m_conversation->append(parent, Role::Assistant, {});
    m_given = given;
    m_skip = 0;
    m_before = 0;
    m_givenText = false;
    QJsonArray ids;
    for (const AnswerToken& token : given) ids.append(token.id);
    m_conversation->update(id, [&](Message& message) { message.tokens = given; });
    begin(id, parent, given.isEmpty() ? QJsonValue() : QJsonValue(ids));
    m_conversation->setLeaf(id, m_column);
    m_transcript->scrollToEnd();
}

void ChatPane::begin(const QString& id, const QString& parent, const QJsonValue& prefix) {
    QJsonObject sampling = m_conversation->data().sampling;
    // The same seed would give the same answer again; which one it was is kept with the answer.
    if (!sampling.contains("seed")) sampling["seed"] = static_cast<qint64>(QRandomGenerator::global()->generate());
    m_message = id;
    m_conversation->update(id, [&](Message& message) {
        message.finish.clear();
        message.error.clear();
        message.sampling = sampling;
        message.model = m_talker.label();
    });
    m_transcript->setMaking(id, true,
                            m_talker.state() == ModelTalker::State::Ready ? tr("Reading…") : tr("Opening the model…"));
    m_request = -1;  // so that one that is refused at once is seen as busy meanwhile
    m_request = m_talker.ask([this, id, parent, prefix, sampling] {
        if (!m_conversation) return QJsonObject();
        m_conversation->update(id, [&](Message& message) { message.model = m_talker.label(); });
        QJsonObject keys = promptKeys(parent);
        for (auto at = sampling.begin(); at != sampling.end(); ++at) keys[at.key()] = at.value();
        if (!prefix.isNull()) {
            // A text that is continued takes no words as its answer's beginning: they are its end.
            if (keys.contains("text") && prefix.isString())
                keys["text"] = keys["text"].toString() + prefix.toString();
            else
                keys["prefix"] = prefix;
        }
        return keys;
    });
    emit busyChanged();
}

void ChatPane::goOn(const QString& id) {
    const Message* message = m_conversation ? m_conversation->message(id) : nullptr;
    if (!message || isBusy()) return;
    const QString parent = message->parent;
    m_given = message->tokens;
    m_before = message->figures.tokens;
    m_skip = message->text.size();
    m_givenLength = m_skip;
    m_givenText = m_given.isEmpty();
    QJsonValue prefix;
    if (m_givenText) {
        prefix = message->text;
        if (m_conversation->data().completion || m_talker.hasNoTemplate()) m_skip = 0;
    } else {
        QJsonArray ids;
        for (const AnswerToken& token : m_given) ids.append(token.id);
        prefix = ids;
    }
    begin(id, parent, prefix);
    m_transcript->scrollToEnd();
}

void ChatPane::regenerate(const QString& id) {
    const Message* message = m_conversation ? m_conversation->message(id) : nullptr;
    if (message && message->role == Role::Assistant) answer(QString(message->parent));
}

void ChatPane::goOnFrom(const QString& id, int token, const TokenAlternative& alternative) {
    const Message* message = m_conversation ? m_conversation->message(id) : nullptr;
    if (!message || isBusy() || token >= message->tokens.size()) return;
    QList<AnswerToken> given = message->tokens.mid(0, token + 1);
    given.last().id = alternative.id;
    given.last().shown = alternative.shown;
    given.last().logprob = alternative.logprob;
    answer(QString(message->parent), given);
}

void ChatPane::editAnswer(const QString& id, const QString& text) {
    const Message* message = m_conversation->message(id);
    const QString model = message->model;
    const QString made = m_conversation->append(QString(message->parent), Role::Assistant, text);
    m_conversation->update(made, [&](Message& edited) {
        edited.model = model;
        edited.finish = QStringLiteral("edited");
    });
    m_conversation->setLeaf(made, m_column);
}

void ChatPane::stop() {
    if (m_request > 0) m_talker.cancel(m_request);
}

void ChatPane::answered(const QJsonObject& result, double firstTokenMs) {
    if (m_conversation) {
        m_conversation->update(m_message, [&](Message& message) {
            const QString text = result["text"].toString();
            const bool continued = m_givenText && (m_conversation->data().completion || m_talker.hasNoTemplate());
            if (!continued) message.text = text;
            message.figures.tokens = m_before + result["tokens"].toInt();
            message.figures.contextTokens = result["contextTokens"].toInt();
            message.figures.context = m_talker.context();
            message.figures.droppedMessages = result["droppedMessages"].toInt();
            message.figures.tokensPerSecond = result["tokensPerSecond"].toDouble();
            message.figures.firstTokenMs = firstTokenMs;
            // The ids of what was given as words are known only now; nobody asked how likely they were.
            const QJsonArray ids = result["ids"].toArray();
            const qsizetype front = ids.size() - message.tokens.size();
            if (continued) {
                message.tokens.clear();
            } else if (m_givenText && front > 0 && !ids.isEmpty()) {
                QList<AnswerToken> given;
                for (qsizetype i = 0; i < front; ++i) given.append({ids.at(i).toInt(), {}, 0, false, {}});
                given.first().shown = text.left(m_givenLength);
                message.tokens = given + message.tokens;
            }
        });
        m_used = result["contextTokens"].toInt();
    }
    finish(result["finish"].toString());
}

void ChatPane::finish(const QString& how, const QString& error) {
    const QString id = std::exchange(m_message, {});
    m_request = 0;
    if (m_conversation) {
        m_conversation->update(id, [&](Message& message) {
            message.finish = how;
            message.error = error;
        });
        m_transcript->setMaking(id, false);
    }
    emit busyChanged();
    emit gaugeChanged();
}

void ChatPane::weigh(const QString& draft) {
    if (!m_conversation || isBusy()) return;
    if (draft.isEmpty() && m_conversation->leaf(m_column).isEmpty()) {
        m_used = 0;
        emit gaugeChanged();
        return;
    }
    m_count = m_talker.count(promptKeys(m_conversation->leaf(m_column), draft));
}

}  // namespace distillix::ui
