// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/data_page.h"

#include <QAction>
#include <QHBoxLayout>
#include <QListWidget>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/data/dataset_view.h"
#include "ui/data/import_view.h"
#include "ui/data/tokenizer_dialog.h"
#include "ui/format.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/file_questions.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

DataPage::DataPage(Studio& owner) : Page(owner) {
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto* side = new QFrame;
    side->setProperty("side", true);
    side->setFixedWidth(studio().theme().scaled(240));
    auto* sideLayout = new QVBoxLayout(side);
    sideLayout->setContentsMargins(space::m, space::l, space::m, space::m);
    sideLayout->setSpacing(space::s);
    sideLayout->addWidget(makeLabel(tr("Datasets"), Type::Subtitle));
    m_list = new QListWidget;
    m_list->setObjectName("data.list");
    m_list->setAccessibleName(tr("Datasets of the project"));
    Theme::setPlain(m_list);
    sideLayout->addWidget(m_list, 1);
    auto* importButton = new QPushButton(tr("Import files…"));
    importButton->setObjectName("data.import");
    auto* folderButton = new QPushButton(tr("Import a folder…"));
    folderButton->setObjectName("data.import-folder");
    auto* tokenizerButton = new QPushButton(tr("Train a tokenizer…"));
    tokenizerButton->setObjectName("data.train-tokenizer");
    tokenizerButton->setToolTip(tr("By itself, for several datasets; an import makes one of its own otherwise"));
    Theme::setFlat(tokenizerButton);
    sideLayout->addWidget(importButton);
    sideLayout->addWidget(folderButton);
    sideLayout->addWidget(tokenizerButton);
    layout->addWidget(side);

    m_stack = new QStackedWidget;
    m_empty = new EmptyState(
        studio().theme(), "data", tr("Bring your text"),
        tr("Drop files or a folder here. JSONL, JSON, CSV, text and folders of code are understood, packed by "
           "gzip or zstd or not; you see what becomes of them before anything is written."));
    connect(m_empty->addButton(tr("Import files…"), "data.empty.import"), &QPushButton::clicked, this,
            &DataPage::chooseFiles);
    connect(m_empty->addButton(tr("Import a folder…"), "data.empty.folder"), &QPushButton::clicked, this,
            &DataPage::chooseFolder);
    m_import = new ImportView(studio());
    m_dataset = new DatasetView(studio());
    m_stack->addWidget(m_empty);
    m_stack->addWidget(m_import);
    m_stack->addWidget(m_dataset);
    layout->addWidget(m_stack, 1);

    connect(importButton, &QPushButton::clicked, this, &DataPage::chooseFiles);
    connect(folderButton, &QPushButton::clicked, this, &DataPage::chooseFolder);
    QAction* trainTokenizer = studio().actions().find("file.train-tokenizer");
    connect(tokenizerButton, &QPushButton::clicked, trainTokenizer, &QAction::trigger);
    connect(trainTokenizer, &QAction::triggered, this, [this] {
        studio().showPage(PageId::Data);
        if (!studio().project())
            return studio().notify(tr("Open a project first: the tokenizer is put into it."), Notice::Warning);
        (new TokenizerDialog(studio(), this))->open();
    });
    connect(studio().actions().find("file.import-dataset"), &QAction::triggered, this, [this] {
        studio().showPage(PageId::Data);
        chooseFiles();
    });
    connect(m_list, &QListWidget::currentItemChanged, this, &DataPage::showSelected);
    connect(m_import, &ImportView::imported, this, &DataPage::select);
    connect(m_import, &ImportView::closed, this, &DataPage::showSelected);
    connect(m_import, &ImportView::draftChanged, this,
            [this] { studio().settings().setValue("data/import", m_import->draft()); });
    connect(m_dataset, &DatasetView::removed, this, [this] { m_stack->setCurrentWidget(m_empty); });
    connect(&studio(), &Studio::projectChanged, this, [this] {
        if (const Project* project = studio().project()) connect(project, &Project::changed, this, &DataPage::fillList);
        m_list->clear();
        fillList();
        showSelected();
        // What was being prepared when the window was closed.
        const QVariantMap draft = studio().settings().value("data/import").toMap();
        if (!draft.isEmpty() && studio().project() && !m_import->isImporting()) {
            m_import->restore(draft);
            m_stack->setCurrentWidget(m_import);
        }
    });
}

void DataPage::activate(const QVariantMap& arguments) {
    const QStringList files = arguments.value("files").toStringList();
    if (!files.isEmpty()) beginImport(files);
    const QString dataset = arguments.value("dataset").toString();
    if (!dataset.isEmpty()) select(dataset);
}

void DataPage::chooseFiles() {
    askForFiles(this, tr("Files to import"), {},
                tr("Data (*.jsonl *.json *.csv *.tsv *.txt *.md *.gz *.zst);;All files (*)"),
                [this](const QStringList& files) { beginImport(files); });
}

void DataPage::chooseFolder() {
    askForFolder(this, tr("A folder of text or code"), {}, [this](const QString& folder) { beginImport({folder}); });
}

void DataPage::beginImport(const QStringList& sources) {
    if (m_import->isImporting()) {
        m_stack->setCurrentWidget(m_import);
        studio().notify(tr("An import is under way. Wait for it, or cancel it."), Notice::Warning);
        return;
    }
    m_import->setSources(sources);
    m_stack->setCurrentWidget(m_import);
}

void DataPage::fillList() {
    const Project* project = studio().project();
    const QString selected =
        m_wanted.isEmpty() && m_list->currentItem() ? m_list->currentItem()->data(Qt::UserRole).toString() : m_wanted;
    {
        const QSignalBlocker blocker(m_list);
        m_list->clear();
        if (project) {
            for (const ProjectEntry& dataset : project->contents().datasets) {
                auto* item = new QListWidgetItem(dataset.name, m_list);
                item->setData(Qt::UserRole, dataset.path);
                item->setToolTip(tr("%1, made %2").arg(dataset.name, formatAgo(dataset.modified)));
                if (dataset.path == selected) m_list->setCurrentItem(item);
            }
        }
    }
    if (!m_wanted.isEmpty() && m_list->currentItem()) {
        m_wanted.clear();
        showSelected();
    } else if (m_stack->currentWidget() == m_empty && m_list->count() > 0) {
        m_list->setCurrentRow(0);
    } else if (m_stack->currentWidget() == m_dataset && !m_list->currentItem()) {
        m_stack->setCurrentWidget(m_empty);
    }
}

void DataPage::select(const QString& dataset) {
    m_wanted = dataset;
    fillList();
    // Not listed yet: shown all the same, and selected when it is.
    if (!m_wanted.isEmpty()) {
        m_dataset->show(dataset);
        m_stack->setCurrentWidget(m_dataset);
    }
}

void DataPage::showSelected() {
    const QListWidgetItem* item = m_list->currentItem();
    if (!item) {
        if (!m_import->isImporting()) m_stack->setCurrentWidget(m_empty);
        return;
    }
    const QString path = item->data(Qt::UserRole).toString();
    if (m_dataset->path() != path || m_stack->currentWidget() != m_dataset) m_dataset->show(path);
    m_stack->setCurrentWidget(m_dataset);
}

}  // namespace distillix::ui
