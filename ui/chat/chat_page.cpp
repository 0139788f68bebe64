// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_page.h"

#include <QDesktopServices>
#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>

#include "core/base/files.h"
#include "ui/chat/model_picker.h"
#include "ui/chat/two_line_delegate.h"
#include "ui/jobs/background.h"

namespace distillix::ui {
namespace {

constexpr int kSaveMs = 500;   // behind a change, so that a stream is written twice a second
constexpr int kWeighMs = 250;  // behind the last key, until the draft's tokens are counted

const QString kLastKey = QStringLiteral("chat/conversation");
const QString kSettingsKey = QStringLiteral("chat/settingsShown");
const QString kColumnsKey = QStringLiteral("chat/columns");
const QString kDraftKey = QStringLiteral("chat/draft");

}  // namespace

ChatPage::ChatPage(Studio& studio, QWidget* parent) : Page(studio, parent) {
    setObjectName(QStringLiteral("chatPage"));
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    m_columns = new QSplitter(Qt::Horizontal, this);
    m_columns->setObjectName(QStringLiteral("chatColumns"));
    m_columns->setHandleWidth(1);
    m_columns->setChildrenCollapsible(false);
    m_listPanel = makeList();
    m_columns->addWidget(m_listPanel);
    m_columns->addWidget(makeMiddle());
    m_settings = new ChatSettings(studio.theme(), studio.settings(), m_columns);
    m_settings->setProperty("panel", "right");
    m_settings->setMinimumWidth(studio.theme().scaled(230));
    m_columns->addWidget(m_settings);
    m_columns->setStretchFactor(1, 1);
    m_columns->setSizes({studio.theme().scaled(240), studio.theme().scaled(720), studio.theme().scaled(264)});
    if (const QByteArray sizes = studio.settings().value(kColumnsKey).toByteArray(); !sizes.isEmpty())
        m_columns->restoreState(sizes);
    layout->addWidget(m_columns);

    m_save.setSingleShot(true);
    m_save.setInterval(kSaveMs);
    connect(&m_save, &QTimer::timeout, this, &ChatPage::saveNow);
    m_weigh.setSingleShot(true);
    m_weigh.setInterval(kWeighMs);
    connect(&m_weigh, &QTimer::timeout, this, [this] {
        for (ChatPane* pane : m_panes)
            if (pane->isVisibleTo(this)) pane->weigh(m_composer->text());
    });

    connect(m_settings, &ChatSettings::changed, this, &ChatPage::settingsChanged);
    connect(m_composer, &Composer::sent, this, &ChatPage::send);
    connect(m_composer, &Composer::stopWanted, this, [this] {
        for (ChatPane* pane : m_panes) pane->stop();
    });
    connect(m_composer, &Composer::textChanged, this, [this] {
        if (m_opening || !m_conversation) return;
        if (m_conversation->data().messages.isEmpty())
            this->studio().settings().setValue(kDraftKey, m_composer->text());
        else
            m_conversation->edit([&](ConversationData& talk) { talk.draft = m_composer->text(); });
        m_weigh.start();
    });
    for (ChatPane* pane : m_panes) {
        connect(pane, &ChatPane::busyChanged, this, &ChatPage::tellBusy);
        connect(pane, &ChatPane::gaugeChanged, this, &ChatPage::tellGauge);
        connect(pane, &ChatPane::questionEdited, this, &ChatPage::askAgain);
        connect(pane, &ChatPane::linkActivated, this, &ChatPage::openLink);
    }

    connect(&m_list, &ConversationList::loaded, this, [this](const ConversationData& talk) {
        if (talk.id != m_loading) return;
        m_loading.clear();
        open(talk);
    });
    connect(&m_list, &ConversationList::loadFailed, this, [this](const QString& id, const QString& why) {
        if (id != m_loading) return;
        m_loading.clear();
        this->studio().notify(tr("This conversation cannot be read, and is left as it is: %1").arg(why), Notice::Bad);
    });
    connect(&m_list, &ConversationList::saveFailed, this, [this](const QString&, const QString& why) {
        this->studio().notify(tr("The conversation could not be saved: %1").arg(why), Notice::Bad);
    });
    connect(&m_list, &ConversationList::importFailed, this, [this](const QString& path, const QString& why) {
        this->studio().notify(tr("%1 is no conversation: %2").arg(QFileInfo(path).fileName(), why), Notice::Bad);
    });
    connect(&m_list, &ConversationList::imported, this, [this](const QString& id) {
        m_loading = id;
        m_list.load(id);
    });
    connect(&m_list, &ConversationList::renamed, this, [this](const QString& id, const QString& name) {
        if (!m_conversation || m_conversation->id() != id) {
            m_list.writeTitle(id, name);
            return;
        }
        m_conversation->edit([&](ConversationData& talk) {
            talk.title = name;
            talk.titleChosen = true;
        });
    });
    const auto tellEmpty = [this] {
        const bool none = m_list.rowCount() == 0;
        m_noConversations->setVisible(none);
        m_noConversations->setText(m_search->text().isEmpty()
                                       ? tr("Conversations appear here as soon as something is said.")
                                       : tr("Nothing was found."));
        m_view->setVisible(!none);
    };
    const auto select = [this] {
        const QModelIndex here = m_conversation ? m_list.indexOf(m_conversation->id()) : QModelIndex();
        const QSignalBlocker quiet(m_view->selectionModel());
        m_view->setCurrentIndex(here);
        m_view->viewport()->update();
    };
    for (const auto signal : {&QAbstractItemModel::modelReset}) {
        connect(&m_list, signal, this, tellEmpty);
        connect(&m_list, signal, this, select);
    }
    connect(&m_list, &QAbstractItemModel::rowsInserted, this, [tellEmpty, select] {
        tellEmpty();
        select();
    });
    connect(&m_list, &QAbstractItemModel::rowsRemoved, this, tellEmpty);
    tellEmpty();

    addActions();
    connect(&studio, &Studio::projectChanged, this, &ChatPage::projectChanged);
    connect(&studio.theme(), &Theme::changed, this, &ChatPage::restyle);
    const bool shown = studio.settings().value(kSettingsKey, true).toBool();
    m_showSettings->setChecked(shown);
    m_settings->setVisible(shown);
    restyle();
    projectChanged();
}

ChatPage::~ChatPage() {
    for (ChatPane* pane : m_panes) pane->setConversation(nullptr);
    saveNow();
}

QWidget* ChatPage::makeList() {
    auto* panel = new QWidget(this);
    panel->setObjectName(QStringLiteral("conversationPanel"));
    panel->setProperty("panel", "left");
    panel->setAttribute(Qt::WA_StyledBackground);
    panel->setMinimumWidth(studio().theme().scaled(180));
    auto* layout = new QVBoxLayout(panel);
    layout->setContentsMargins(space::m, space::m, space::m, space::m);
    layout->setSpacing(space::s);
    m_new = new QPushButton(tr("New conversation"), panel);
    m_new->setObjectName(QStringLiteral("newConversation"));
    m_search = new QLineEdit(panel);
    m_search->setObjectName(QStringLiteral("conversationSearch"));
    m_search->setPlaceholderText(tr("Search conversations"));
    m_search->setAccessibleName(tr("Search conversations by title and content"));
    m_search->setClearButtonEnabled(true);
    for (QToolButton* clear : m_search->findChildren<QToolButton*>()) clear->setAccessibleName(tr("Clear"));
    m_view = new QListView(panel);
    m_view->setObjectName(QStringLiteral("conversationList"));
    m_view->setAccessibleName(tr("Conversations"));
    m_view->setProperty("bare", true);
    m_view->setModel(&m_list);
    m_view->setItemDelegate(new TwoLineDelegate(studio().theme(), ConversationList::PreviewRole,
                                                ConversationList::ChangedRole, ConversationList::ErrorRole, m_view));
    m_view->setEditTriggers(QAbstractItemView::EditKeyPressed | QAbstractItemView::DoubleClicked);
    m_view->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_view->setUniformItemSizes(true);
    m_view->setMouseTracking(true);
    m_view->setContextMenuPolicy(Qt::CustomContextMenu);
    m_noConversations = new QLabel(panel);
    m_noConversations->setWordWrap(true);
    m_noConversations->setAlignment(Qt::AlignTop | Qt::AlignHCenter);
    Theme::setInk(m_noConversations, Ink::Muted);
    layout->addWidget(m_new);
    layout->addWidget(m_search);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_noConversations, 1);
    connect(m_new, &QPushButton::clicked, this, &ChatPage::startNew);
    connect(m_search, &QLineEdit::textChanged, &m_list, &ConversationList::setQuery);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& now) {
        const QString id = now.data(ConversationList::IdRole).toString();
        if (id.isEmpty() || (m_conversation && m_conversation->id() == id)) return;
        saveNow();
        m_loading = id;
        m_list.load(id);
    });
    connect(m_view, &QWidget::customContextMenuRequested, this, [this](const QPoint& place) {
        const QModelIndex at = m_view->indexAt(place);
        auto* menu = new QMenu(this);
        menu->setAttribute(Qt::WA_DeleteOnClose);
        if (at.isValid()) {
            const QString id = at.data(ConversationList::IdRole).toString();
            menu->addAction(tr("Rename"), this, [this, id] { m_view->edit(m_list.indexOf(id)); });
            menu->addAction(tr("Delete…"), this, [this, id] { askToRemove(id); });
            menu->addSeparator();
        }
        menu->addAction(tr("Import a conversation…"), this, &ChatPage::askImport);
        menu->popup(m_view->viewport()->mapToGlobal(place));
    });
    return panel;
}

QWidget* ChatPage::makeMiddle() {
    Theme& theme = studio().theme();
    auto* middle = new QWidget(this);
    auto* layout = new QVBoxLayout(middle);
    layout->setContentsMargins(0, 0, 0, space::l);
    layout->setSpacing(space::xs);
    auto* header = new QHBoxLayout;
    header->setContentsMargins(space::l, space::m, space::l, 0);
    header->setSpacing(space::xs);
    m_title = new QLineEdit(middle);
    m_title->setObjectName(QStringLiteral("conversationTitle"));
    m_title->setAccessibleName(tr("The conversation's title"));
    m_title->setProperty("heading", true);
    m_title->setPlaceholderText(tr("New conversation"));
    const auto button = [&](const char* name, const QString& text, const QString& help, bool checkable) {
        auto* made = new QPushButton(text, middle);
        made->setObjectName(QLatin1String(name));
        made->setToolTip(help);
        made->setCheckable(checkable);
        made->setProperty("small", true);
        return made;
    };
    m_compare = button("compare", tr("Compare"), tr("Two models answer the same question, beside each other"), true);
    m_export = button("exportConversation", tr("Export…"), tr("Save the conversation as JSON or Markdown"), false);
    m_showSettings = button("showChatSettings", tr("Settings"), tr("How the model is asked"), true);
    header->addWidget(m_title, 1);
    header->addWidget(m_compare);
    header->addWidget(m_export);
    header->addWidget(m_showSettings);
    layout->addLayout(header);
    m_both = new QSplitter(Qt::Horizontal, middle);
    m_both->setHandleWidth(1);
    m_both->setChildrenCollapsible(false);
    for (int column = 0; column < 2; ++column) {
        m_panes[column] = new ChatPane(studio(), column, m_both);
        m_both->addWidget(m_panes[column]);
    }
    m_panes[1]->hide();
    layout->addWidget(m_both, 1);
    m_composer = new Composer(theme, middle);
    m_composer->setMaximumWidth(theme.scaled(792));
    auto* across = new QHBoxLayout;
    across->setContentsMargins(space::l, 0, space::l, 0);
    across->addStretch(1);
    across->addWidget(m_composer, 100);
    across->addStretch(1);
    layout->addLayout(across);
    connect(m_title, &QLineEdit::editingFinished, this, &ChatPage::titleEdited);
    connect(m_compare, &QPushButton::toggled, this, &ChatPage::setComparing);
    connect(m_export, &QPushButton::clicked, this, &ChatPage::askExport);
    connect(m_showSettings, &QPushButton::toggled, this, [this](bool shown) {
        m_settings->setVisible(shown);
        studio().settings().setValue(kSettingsKey, shown);
    });
    return middle;
}

void ChatPage::addActions() {
    ActionRegistry& actions = studio().actions();
    const QString category = tr("Chat");
    const auto add = [&](const char* id, const QString& text, const QKeySequence& keys, auto what) {
        QAction* action = actions.add(QLatin1String(id), category, text, keys);
        connect(action, &QAction::triggered, this, [this, what] {
            studio().showPage(PageId::Chat);
            what();
        });
    };
    add("chat.new", tr("New conversation"), QKeySequence(tr("Ctrl+Shift+O")), [this] { startNew(); });
    add("chat.search", tr("Search conversations"), QKeySequence(tr("Ctrl+Shift+F")), [this] {
        m_search->setFocus();
        m_search->selectAll();
    });
    add("chat.model", tr("Choose the model"), QKeySequence(tr("Ctrl+Shift+L")),
        [this] { m_panes[0]->findChild<ModelPicker*>()->openList(); });
    add("chat.compare", tr("Compare two models"), QKeySequence(tr("Ctrl+Shift+D")), [this] { m_compare->toggle(); });
    add("chat.settings", tr("Show or hide how the model is asked"), QKeySequence(tr("Ctrl+Shift+H")),
        [this] { m_showSettings->toggle(); });
    add("chat.stop", tr("Stop the answer"), QKeySequence(tr("Ctrl+.")), [this] {
        for (ChatPane* pane : m_panes) pane->stop();
    });
    add("chat.regenerate", tr("Answer again"), QKeySequence(tr("Ctrl+Shift+Backspace")), [this] {
        for (int column = 0; column < (m_comparing ? 2 : 1); ++column)
            if (m_conversation) m_panes[column]->regenerate(m_conversation->leaf(column));
    });
    add("chat.export", tr("Export the conversation…"), QKeySequence(tr("Ctrl+Alt+X")), [this] { askExport(); });
    add("chat.import", tr("Import a conversation…"), QKeySequence(tr("Ctrl+Alt+I")), [this] { askImport(); });
    add("chat.delete", tr("Delete the conversation…"), QKeySequence(tr("Ctrl+Alt+W")), [this] {
        if (m_conversation) askToRemove(m_conversation->id());
    });
}

void ChatPage::restyle() {
    Theme& theme = studio().theme();
    m_new->setIcon(theme.icon(QStringLiteral("plus")));
    m_compare->setIcon(theme.icon(QStringLiteral("compare")));
    m_export->setIcon(theme.icon(QStringLiteral("export")));
    m_showSettings->setIcon(theme.icon(QStringLiteral("settings")));
}

void ChatPage::projectChanged() {
    saveNow();
    Project* project = studio().project();
    m_loading.clear();
    for (ChatPane* pane : m_panes) pane->setConversation(nullptr);
    m_conversation.reset();
    m_composer->setEnabled(project);
    if (!project) {
        tellTitle();
        return;
    }
    connect(project, &Project::changed, this, [this] {
        if (m_conversation && m_conversation->data().models[0].isEmpty() && m_conversation->data().messages.isEmpty())
            if (const QString model = anyModel(); !model.isEmpty()) m_panes[0]->setModel(model);
        for (ChatPane* pane : m_panes) pane->tellState();
    });
    m_list.setFolder(project->conversationsDir());
    startNew();
    const QString last = studio().settings().value(kLastKey).toString();
    if (!last.isEmpty()) {
        m_loading = last;
        m_list.load(last);
    }
}

/// A model for a new conversation: the newest run that has one.
QString ChatPage::anyModel() const {
    const QList<ModelChoice> choices = modelChoices(studio().project());
    return choices.isEmpty() ? QString() : choices.first().path;
}

void ChatPage::activate(const QVariantMap& arguments) {
    for (ChatPane* pane : m_panes) pane->wake();
    const QString model = arguments.value(QStringLiteral("model")).toString();
    if (!model.isEmpty() && studio().project()) {
        if (!m_conversation || !m_conversation->data().messages.isEmpty()) startNew();
        m_loading.clear();
        m_panes[0]->setModel(model);
    }
    m_composer->focusText();
}

void ChatPage::saveState() {
    saveNow();
    studio().settings().setValue(kColumnsKey, m_columns->saveState());
    studio().settings().setValue(
        kLastKey, m_conversation && !m_conversation->data().messages.isEmpty() ? m_conversation->id() : QString());
}

void ChatPage::startNew() {
    if (!studio().project()) return;
    saveNow();
    ConversationData talk = ConversationData::fresh();
    if (m_conversation) {  // as the one before was asked
        const ConversationData& before = m_conversation->data();
        talk.models[0] = before.models[0];
        talk.models[1] = before.models[1];
        talk.comparing = before.comparing;
        talk.completion = before.completion;
        talk.templateName = before.templateName;
        talk.preset = before.preset;
        talk.sampling = before.sampling;
    } else {
        const ChatSettings::Values values = m_settings->values();
        talk.preset = values.preset;
        talk.sampling = values.sampling;
    }
    if (talk.models[0].isEmpty()) talk.models[0] = anyModel();
    talk.draft = m_conversation ? QString() : studio().settings().value(kDraftKey).toString();
    m_loading.clear();
    open(std::move(talk));
    m_composer->focusText();
}

void ChatPage::open(ConversationData talk) {
    m_opening = true;
    for (ChatPane* pane : m_panes) pane->setConversation(nullptr);
    saveNow();
    const ConversationData shown = talk;
    m_conversation = std::make_unique<Conversation>(std::move(talk));
    connect(m_conversation.get(), &Conversation::changed, this, [this] {
        if (!m_save.isActive()) m_save.start();
    });
    connect(m_conversation.get(), &Conversation::structureChanged, this, &ChatPage::tellTitle);
    connect(m_conversation.get(), &Conversation::edited, this, &ChatPage::tellTitle);
    m_settings->setValues({shown.completion, shown.systemPrompt, shown.templateName, shown.preset, shown.sampling});
    m_composer->setCompletion(shown.completion);
    m_composer->setText(shown.draft);
    m_comparing = shown.comparing;
    {
        const QSignalBlocker quiet(m_compare);
        m_compare->setChecked(shown.comparing);
    }
    m_panes[1]->setVisible(shown.comparing);
    m_panes[0]->setConversation(m_conversation.get());
    if (shown.comparing) m_panes[1]->setConversation(m_conversation.get());
    m_opening = false;
    const QModelIndex here = m_list.indexOf(shown.id);
    {
        const QSignalBlocker quiet(m_view->selectionModel());
        m_view->setCurrentIndex(here);
        m_view->viewport()->update();
    }
    tellTitle();
    tellBusy();
    m_weigh.start();
}

bool ChatPage::isBusy() const {
    return m_panes[0]->isBusy() || m_panes[1]->isBusy();
}

void ChatPage::send() {
    if (!m_conversation || isBusy()) return;
    const int columns = m_comparing ? 2 : 1;
    for (int column = 0; column < columns; ++column) {
        if (!m_conversation->data().models[column].isEmpty()) continue;
        m_panes[column]->findChild<ModelPicker*>()->openList();
        return;
    }
    const QString text = m_composer->text();
    const bool completion = m_conversation->data().completion;
    if (text.trimmed().isEmpty() && !completion) return;
    const QString first = m_conversation->leaf(0), second = m_conversation->leaf(1);
    if (text.isEmpty() && first.isEmpty()) return;  // nothing to go on from
    m_composer->clear();
    studio().settings().remove(kDraftKey);
    // Both columns hear the same question; as long as they have said the same it is one message.
    QString asked[2] = {first, second};
    if (!text.isEmpty()) {
        asked[0] = m_conversation->append(first, Role::User, text);
        asked[1] = columns == 2 && second != first ? m_conversation->append(second, Role::User, text) : asked[0];
    }
    for (int column = 0; column < columns; ++column) m_conversation->setLeaf(asked[column], column);
    for (int column = 0; column < columns; ++column) m_panes[column]->answer(asked[column]);
}

/// An edited question is a branch beside the old one, and is answered.
void ChatPage::askAgain(const QString& question, const QString& text) {
    const Message* old = m_conversation ? m_conversation->message(question) : nullptr;
    if (!old || isBusy() || text.trimmed().isEmpty()) return;
    const QString made = m_conversation->append(QString(old->parent), Role::User, text);
    for (int column = 0; column < (m_comparing ? 2 : 1); ++column) {
        if (!m_conversation->path(m_conversation->leaf(column)).contains(question)) continue;
        m_conversation->setLeaf(made, column);
        m_panes[column]->answer(made);
    }
}

void ChatPage::setComparing(bool comparing) {
    if (!m_conversation || comparing == m_comparing) return;
    m_comparing = comparing;
    {
        const QSignalBlocker quiet(m_compare);
        m_compare->setChecked(comparing);
    }
    m_conversation->edit([&](ConversationData& talk) {
        talk.comparing = comparing;
        if (talk.models[1].isEmpty()) talk.models[1] = talk.models[0];
        if (talk.leaves[1].isEmpty()) talk.leaves[1] = talk.leaves[0];
    });
    m_panes[1]->setVisible(comparing);
    m_panes[1]->setConversation(comparing ? m_conversation.get() : nullptr);
    if (comparing) m_both->setSizes({1000, 1000});
    tellBusy();
}

void ChatPage::settingsChanged() {
    if (!m_conversation || m_opening) return;
    const ChatSettings::Values values = m_settings->values();
    const bool otherTemplate = values.templateName != m_conversation->data().templateName;
    const bool otherMode = values.completion != m_conversation->data().completion;
    m_conversation->edit([&](ConversationData& talk) {
        talk.completion = values.completion;
        talk.systemPrompt = values.systemPrompt;
        talk.templateName = values.templateName;
        talk.preset = values.preset;
        talk.sampling = values.sampling;
    });
    m_composer->setCompletion(values.completion);
    for (int column = 0; column < (m_comparing ? 2 : 1); ++column) {
        if (otherMode)
            m_panes[column]->setConversation(m_conversation.get());  // drawn in another way
        else if (otherTemplate)
            m_panes[column]->openModel();
    }
    m_weigh.start();
}

void ChatPage::saveNow() {
    m_save.stop();
    if (m_conversation && !m_conversation->data().messages.isEmpty()) m_list.save(m_conversation->data());
}

void ChatPage::titleEdited() {
    const QString name = m_title->text().simplified();
    if (!m_conversation || name.isEmpty() || name == m_conversation->data().title) return;
    m_conversation->edit([&](ConversationData& talk) {
        talk.title = name;
        talk.titleChosen = true;
    });
}

void ChatPage::tellTitle() {
    const QString name = m_conversation ? m_conversation->data().title : QString();
    if (m_title->text() != name && !m_title->hasFocus()) {
        m_title->setText(name);
        m_title->setCursorPosition(0);
    }
    m_title->setEnabled(m_conversation && !m_conversation->data().messages.isEmpty());
    m_export->setEnabled(m_title->isEnabled());
    m_compare->setEnabled(m_conversation != nullptr);
}

void ChatPage::tellGauge() {
    m_settings->setUsedTemplate(m_panes[0]->talker().templateName());
    int used = m_panes[0]->used(), context = m_panes[0]->context();
    if (m_comparing && m_panes[1]->context() > 0) {  // the fuller one is what counts
        const int other = m_panes[1]->context();
        if (context == 0 || double(m_panes[1]->used()) / other > double(used) / context) {
            used = m_panes[1]->used();
            context = other;
        }
    }
    m_composer->setGauge(used, context, {});
}

void ChatPage::tellBusy() {
    m_composer->setBusy(isBusy());
    m_compare->setEnabled(m_conversation && !isBusy());
    if (!isBusy()) saveNow();
}

void ChatPage::openLink(const QUrl& url) {
    // A model's words do not open anything: a person does, seeing where it leads.
    auto* ask = new QMessageBox(QMessageBox::Question, tr("Open this page?"), tr("A link in the answer leads to:"),
                                QMessageBox::Cancel, this);
    ask->setObjectName(QStringLiteral("confirmLink"));
    ask->setAttribute(Qt::WA_DeleteOnClose);
    ask->setTextFormat(Qt::PlainText);
    ask->setInformativeText(harmlessText(url.toString(QUrl::FullyEncoded)).left(500));
    ask->addButton(tr("Open in the browser"), QMessageBox::AcceptRole);
    connect(ask, &QMessageBox::buttonClicked, this, [ask, url](QAbstractButton* button) {
        if (ask->buttonRole(button) == QMessageBox::AcceptRole) QDesktopServices::openUrl(url);
    });
    ask->open();
}

void ChatPage::askToRemove(const QString& id) {
    const QModelIndex at = m_list.indexOf(id);
    if (!at.isValid()) return;
    auto* ask = new QMessageBox(
        QMessageBox::Question, tr("Delete this conversation?"),
        tr("“%1” and all its branches will be deleted. This cannot be undone.").arg(at.data().toString()),
        QMessageBox::Cancel, this);
    ask->setObjectName(QStringLiteral("confirmDelete"));
    ask->setAttribute(Qt::WA_DeleteOnClose);
    ask->setTextFormat(Qt::PlainText);
    QPushButton* remove = ask->addButton(tr("Delete"), QMessageBox::DestructiveRole);
    remove->setObjectName(QStringLiteral("deleteConversation"));
    Theme::setDanger(remove);
    connect(remove, &QPushButton::clicked, this, [this, id] { removeConversation(id); });
    ask->open();
}

void ChatPage::removeConversation(const QString& id) {
    if (m_conversation && m_conversation->id() == id) startNew();
    m_list.remove(id);
}

void ChatPage::askExport() {
    if (!m_conversation || m_conversation->data().messages.isEmpty()) return;
    QString name = m_conversation->data().title.left(40);
    for (QChar& c : name)
        if (!c.isLetterOrNumber() && c != QLatin1Char('-')) c = QLatin1Char('_');
    auto* dialog = new QFileDialog(this, tr("Export the conversation"), studio().project()->path());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setNameFilters({tr("Conversation with all branches (*.json)"), tr("What is shown, as Markdown (*.md)")});
    dialog->setDefaultSuffix(QStringLiteral("json"));
    connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString& filter) {
        dialog->setDefaultSuffix(filter.contains(QLatin1String("*.md")) ? QStringLiteral("md")
                                                                        : QStringLiteral("json"));
    });
    dialog->selectFile(name);
    connect(dialog, &QFileDialog::fileSelected, this, &ChatPage::exportTo);
    dialog->open();
}

void ChatPage::exportTo(const QString& path) {
    if (!m_conversation) return;
    background::run(
        [path, talk = m_conversation->data()]() -> QString {
            const QByteArray bytes = path.endsWith(QLatin1String(".md")) ? talk.toMarkdown(0).toUtf8() : talk.toJson();
            const auto written =
                writeFileAtomic(path.toStdString(), {bytes.constData(), static_cast<std::size_t>(bytes.size())});
            return written.ok() ? QString() : QString::fromStdString(written.error().text());
        },
        this,
        [this, path](const QString& error) {
            if (error.isEmpty())
                studio().notify(tr("Exported to %1").arg(path), Notice::Good);
            else
                studio().notify(tr("The conversation could not be exported: %1").arg(error), Notice::Bad);
        });
}

void ChatPage::askImport() {
    auto* dialog =
        new QFileDialog(this, tr("Import a conversation"), studio().project() ? studio().project()->path() : QString());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setNameFilter(tr("Conversations (*.json)"));
    connect(dialog, &QFileDialog::fileSelected, this, &ChatPage::importFrom);
    dialog->open();
}

void ChatPage::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape && isBusy()) {
        for (ChatPane* pane : m_panes) pane->stop();
        return;
    }
    Page::keyPressEvent(event);
}

}  // namespace distillix::ui
