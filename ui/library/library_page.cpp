// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/library/library_page.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>
#include <QTreeView>
#include <QVBoxLayout>

#include "ui/library/export_dialog.h"
#include "ui/library/import_model_dialog.h"
#include "ui/library/model_view.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

LibraryPage::LibraryPage(Studio& owner) : Page(owner) {
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto* side = new QFrame;
    side->setProperty("side", true);
    side->setFixedWidth(studio().theme().scaled(280));
    auto* sideLayout = new QVBoxLayout(side);
    sideLayout->setContentsMargins(space::m, space::l, space::m, space::m);
    sideLayout->setSpacing(space::s);
    sideLayout->addWidget(makeLabel(tr("Models"), Type::Subtitle));
    m_tree = new QTreeView;
    m_tree->setObjectName("library.tree");
    m_tree->setAccessibleName(tr("Models of the project"));
    Theme::setPlain(m_tree);
    m_tree->setModel(&m_models);
    m_tree->setHeaderHidden(true);
    m_tree->setIndentation(space::l);
    sideLayout->addWidget(m_tree, 1);
    auto* importButton = new QPushButton(tr("Import a model…"));
    importButton->setObjectName("library.import");
    sideLayout->addWidget(importButton);
    layout->addWidget(side);
    m_stack = new QStackedWidget;
    m_empty = new EmptyState(
        studio().theme(), "library", tr("Your models will stand here"),
        tr("Every checkpoint of a training, and models of other programs. From here they go into a chat, a "
           "benchmark, or out as GGUF, safetensors or a Hugging Face folder."));
    connect(m_empty->addButton(tr("Train one"), "library.empty.train"), &QPushButton::clicked, this,
            [this] { studio().showPage(PageId::Train); });
    connect(m_empty->addButton(tr("Import a model…"), "library.empty.import"), &QPushButton::clicked, this,
            &LibraryPage::openImport);
    m_view = new ModelView(studio());
    m_stack->addWidget(m_empty);
    m_stack->addWidget(m_view);
    layout->addWidget(m_stack, 1);

    connect(importButton, &QPushButton::clicked, this, &LibraryPage::openImport);
    connect(m_tree->selectionModel(), &QItemSelectionModel::currentChanged, this, &LibraryPage::showSelected);
    connect(m_view, &ModelView::exportWanted, this, &LibraryPage::openExport);
    ActionRegistry& actions = studio().actions();
    connect(actions.find("file.import-model"), &QAction::triggered, this, [this] {
        studio().showPage(PageId::Library);
        openImport();
    });
    for (const auto& [name, text] : ExportDialog::formats()) {
        connect(actions.find(QStringLiteral("file.export-") + name), &QAction::triggered, this, [this, format = name] {
            studio().showPage(PageId::Library);
            openExport(format);
        });
    }
    connect(&studio(), &Studio::projectChanged, this, [this] {
        if (const Project* project = studio().project()) connect(project, &Project::changed, this, &LibraryPage::fill);
        fill();
    });
}

void LibraryPage::activate(const QVariantMap& arguments) {
    const QString model = arguments.value("model").toString();
    if (!model.isEmpty()) select(model);
    const QString format = arguments.value("export").toString();
    if (!format.isEmpty()) openExport(format);
}

void LibraryPage::fill() {
    const QString selected =
        m_wanted.isEmpty() ? m_tree->currentIndex().data(LibraryModel::PathRole).toString() : m_wanted;
    QStringList expanded;
    const QModelIndex runs = m_models.index(0, 0);
    for (int row = 0; row < m_models.rowCount(runs); ++row) {
        const QModelIndex run = m_models.index(row, 0, runs);
        if (m_tree->isExpanded(run)) expanded << run.data(LibraryModel::PathRole).toString();
    }
    m_models.setContents(studio().project() ? studio().project()->contents() : ProjectContents());
    for (int head = 0; head < 2; ++head) m_tree->expand(m_models.index(head, 0));
    for (const QString& path : expanded) m_tree->expand(m_models.indexOf(path));
    QModelIndex index = m_models.indexOf(selected);
    if (index.isValid() && selected == m_wanted) m_wanted.clear();
    if (!index.isValid() && m_wanted.isEmpty()) {
        // The newest run, else the first model.
        for (int head = 0; head < 2 && !index.isValid(); ++head) index = m_models.index(0, 0, m_models.index(head, 0));
    }
    m_tree->setCurrentIndex(index);
    showSelected();
}

void LibraryPage::select(const QString& path) {
    m_wanted = path;
    fill();
}

void LibraryPage::showSelected() {
    const QModelIndex index = m_tree->currentIndex();
    const QString path = index.data(LibraryModel::PathRole).toString();
    if (path.isEmpty()) {
        const bool nothing =
            m_models.rowCount(m_models.index(0, 0)) == 0 && m_models.rowCount(m_models.index(1, 0)) == 0;
        if (nothing) m_stack->setCurrentWidget(m_empty);
        return;
    }
    m_stack->setCurrentWidget(m_view);
    if (!isVisible()) return;  // a training's next checkpoint is read when someone looks
    const QString wanted = path + QLatin1Char('\n') + index.data(LibraryModel::VersionRole).toString();
    if (wanted == m_shown) return;
    m_shown = wanted;
    m_view->show(path, static_cast<LibraryModel::Kind>(index.data(LibraryModel::KindRole).toInt()));
}

void LibraryPage::showEvent(QShowEvent* event) {
    Page::showEvent(event);
    showSelected();
}

void LibraryPage::openExport(const QString& format) {
    const QString path = m_tree->currentIndex().data(LibraryModel::PathRole).toString();
    if (path.isEmpty())
        return studio().notify(tr("There is no model to export yet. Train one, or import one."), Notice::Warning);
    (new ExportDialog(studio(), path, format, this))->open();
}

void LibraryPage::openImport() {
    if (!studio().project())
        return studio().notify(tr("Open a project first: the model is put into it."), Notice::Warning);
    auto* dialog = new ImportModelDialog(studio(), this);
    connect(dialog, &ImportModelDialog::imported, this, &LibraryPage::select);
    dialog->open();
}

}  // namespace distillix::ui
