// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/benchmark/bench_table_view.h"

#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/theme.h"

namespace distillix::ui {

BenchTableView::BenchTableView(QWidget* parent) : QWidget(parent), m_model(new BenchTableModel(this)) {
    m_title = new QLabel;
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    Theme::setType(m_title, Type::BodyStrong);
    m_notes = new QLabel;
    m_notes->setTextFormat(Qt::PlainText);
    m_notes->setWordWrap(true);
    m_notes->setTextInteractionFlags(Qt::TextSelectableByMouse);
    Theme::setType(m_notes, Type::Caption);
    Theme::setInk(m_notes, Ink::Muted);
    m_view = new QTableView;
    m_view->setModel(m_model);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(28);
    m_view->setShowGrid(false);
    m_view->setAlternatingRowColors(true);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_view->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_view->horizontalHeader()->setHighlightSections(false);
    m_view->setTabKeyNavigation(false);
    m_view->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, space::m);
    all->setSpacing(space::xs);
    all->addWidget(m_title);
    all->addWidget(m_view, 1);
    all->addWidget(m_notes);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& index) {
        if (index.isValid()) emit rowChosen(index.row());
    });
}

void BenchTableView::setTable(BenchTable table) {
    QString notes;
    for (const auto& note : table.notes) notes += (notes.isEmpty() ? "" : "\n") + QString::fromStdString(note);
    m_title->setText(QString::fromStdString(table.title));
    m_title->setVisible(!table.title.empty());
    m_notes->setText(notes);
    m_notes->setVisible(!notes.isEmpty());
    m_view->setAccessibleName(m_title->text());
    m_model->setTable(std::move(table));
    fitColumns();
    fitHeight();
}

void BenchTableView::fitColumns() {
    m_view->resizeColumnsToContents();
    // Long words (a machine, a build) do not push everything else out of sight.
    for (int column = 0; column < m_model->columnCount(); ++column)
        if (m_view->columnWidth(column) > 260) m_view->setColumnWidth(column, 260);
}

void BenchTableView::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    // The style says how much room a heading needs, the zoom how large its letters are.
    if (event->type() == QEvent::StyleChange || event->type() == QEvent::FontChange) {
        fitColumns();
        fitHeight();
    }
}

void BenchTableView::setScrolling(bool on) {
    m_scrolling = on;
    m_view->setVerticalScrollBarPolicy(on ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
    fitHeight();
}

void BenchTableView::fitHeight() {
    if (m_scrolling) return;
    const int rows = m_model->rowCount() * m_view->verticalHeader()->defaultSectionSize();
    m_view->setFixedHeight(m_view->horizontalHeader()->sizeHint().height() + rows + 14);
}

}  // namespace distillix::ui
