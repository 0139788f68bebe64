// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/command_palette.h"

#include <QFileInfo>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QVBoxLayout>
#include <algorithm>
#include <functional>

#include "ui/format.h"

Q_DECLARE_METATYPE(std::function<void()>)

namespace distillix::ui {

namespace {
struct Entry {
    QString text, hint;
    std::function<void()> run;
    bool enabled = true;
};
}  // namespace

CommandPalette::CommandPalette(Studio& studio, QWidget* window)
    : QDialog(window, Qt::Popup | Qt::FramelessWindowHint),
      m_studio(studio),
      m_query(new QLineEdit),
      m_list(new QListWidget) {
    setObjectName("palette");
    setAttribute(Qt::WA_StyledBackground);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(1, 1, 1, space::xs);
    layout->setSpacing(0);
    m_query->setObjectName("palette.query");
    m_query->setPlaceholderText(tr("Type a command, a dataset, a model…"));
    m_query->setAccessibleName(tr("Find a command"));
    m_list->setObjectName("palette.list");
    m_list->setAccessibleName(tr("Commands found"));
    Theme::setPlain(m_list);
    m_list->setFocusPolicy(Qt::NoFocus);
    layout->addWidget(m_query);
    layout->addWidget(m_list);
    m_query->installEventFilter(this);
    connect(m_query, &QLineEdit::textChanged, this, &CommandPalette::fill);
    connect(m_query, &QLineEdit::returnPressed, this, &CommandPalette::run);
    connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::run);
}

int CommandPalette::match(const QString& query, const QString& text) {
    int score = 0, last = -1;
    for (const QChar c : query) {
        if (c.isSpace()) continue;
        const auto found = text.indexOf(c, last + 1, Qt::CaseInsensitive);
        if (found < 0) return -1;
        const bool atWord = found == 0 || !text[found - 1].isLetterOrNumber();
        score += found == last + 1 ? 6 : atWord ? 4 : 1;
        last = static_cast<int>(found);
    }
    // Of two that fit alike, the shorter one is meant.
    return score * 100 - static_cast<int>(std::min<qsizetype>(99, text.size()));
}

void CommandPalette::popUp() {
    m_query->clear();
    fill();
    const QWidget* window = parentWidget();
    const int width = std::min(m_studio.theme().scaled(620), window->width() - 2 * space::xl);
    resize(width, m_studio.theme().scaled(420));
    move(window->mapToGlobal(QPoint((window->width() - width) / 2, m_studio.theme().scaled(72))));
    show();
    m_query->setFocus();
}

void CommandPalette::fill() {
    std::vector<Entry> entries;
    for (QAction* action : m_studio.actions().all()) {
        const QString text = m_studio.actions().category(action) + QStringLiteral(": ") +
                             action->text().remove(QLatin1Char('&')).remove(QStringLiteral("…"));
        entries.push_back({text, action->shortcut().toString(QKeySequence::NativeText), [action] { action->trigger(); },
                           action->isEnabled()});
    }
    if (const Project* project = m_studio.project()) {
        for (const ProjectEntry& dataset : project->contents().datasets)
            entries.push_back({tr("Dataset: %1").arg(dataset.name), {}, [this, path = dataset.path] {
                                   m_studio.showPage(PageId::Data, {{"dataset", path}});
                               }});
        for (const RunEntry& run : project->contents().runs)
            entries.push_back({tr("Run: %1").arg(run.name), run.state, [this, path = run.path] {
                                   m_studio.showPage(PageId::Train, {{"run", path}});
                               }});
        for (const ProjectEntry& model : project->contents().models)
            entries.push_back({tr("Model: %1").arg(model.name), {}, [this, path = model.path] {
                                   m_studio.showPage(PageId::Library, {{"model", path}});
                               }});
    }
    for (const QString& path : m_studio.recentProjects())
        entries.push_back({tr("Open project: %1").arg(QFileInfo(path).fileName()), formatPath(path, 40),
                           [this, path] { m_studio.openProject(path); }});

    const QString query = m_query->text();
    std::vector<std::pair<int, std::size_t>> ranked;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const int score = match(query, entries[i].text);
        // What cannot be done now stands behind what can.
        if (score >= 0 || query.trimmed().isEmpty())
            ranked.emplace_back(entries[i].enabled ? score : score - 100000, i);
    }
    if (!query.trimmed().isEmpty())
        std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    m_list->clear();
    for (const auto& [score, i] : ranked) {
        auto* item = new QListWidgetItem(
            entries[i].hint.isEmpty() ? entries[i].text : entries[i].text + QStringLiteral("    ") + entries[i].hint,
            m_list);
        if (!entries[i].enabled) item->setFlags(Qt::NoItemFlags);
        item->setData(Qt::UserRole, QVariant::fromValue(entries[i].run));
        if (!m_list->currentItem() && entries[i].enabled) m_list->setCurrentItem(item);
    }
}

void CommandPalette::run() {
    const QListWidgetItem* item = m_list->currentItem();
    if (!item || !(item->flags() & Qt::ItemIsEnabled)) return;
    const auto command = item->data(Qt::UserRole).value<std::function<void()>>();
    hide();
    if (command) command();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_query && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Down || key == Qt::Key_Up || key == Qt::Key_PageDown || key == Qt::Key_PageUp) {
            QCoreApplication::sendEvent(m_list, event);
            return true;
        }
    }
    return QDialog::eventFilter(watched, event);
}

}  // namespace distillix::ui
