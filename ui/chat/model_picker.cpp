// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/model_picker.h"

#include <QFileDialog>
#include <QFrame>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QLocale>
#include <QScreen>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/chat/two_line_delegate.h"

namespace distillix::ui {
namespace {

constexpr int kDetailRole = Qt::UserRole + 1, kPathRole = Qt::UserRole + 2;
constexpr int kCheckpointsShown = 50;  // of a run, newest first

}  // namespace

QList<ModelChoice> modelChoices(const Project* project) {
    QList<ModelChoice> choices;
    if (!project) return choices;
    const QLocale locale;
    const ProjectContents& contents = project->contents();
    for (const RunEntry& run : contents.runs) {
        if (run.checkpoints.isEmpty() && !run.isLive()) continue;
        QString detail =
            run.checkpoints.isEmpty()
                ? ModelPicker::tr("no checkpoint yet")
                : ModelPicker::tr("latest checkpoint, step %1").arg(locale.toString(run.checkpoints.last().step));
        if (run.isLive()) detail += ModelPicker::tr(" · training, followed as it improves");
        choices.append({run.path, run.name, detail});
        int shown = 0;
        for (auto at = run.checkpoints.crbegin(); at != run.checkpoints.crend() && shown < kCheckpointsShown;
             ++at, ++shown)
            choices.append({at->path, ModelPicker::tr("%1 · step %2").arg(run.name, locale.toString(at->step)),
                            ModelPicker::tr("this checkpoint, as it is")});
    }
    for (const ProjectEntry& model : contents.models)
        choices.append({model.path, model.name, ModelPicker::tr("imported model")});
    return choices;
}

ModelPicker::ModelPicker(Studio& studio, QWidget* parent) : QPushButton(parent), m_studio(studio) {
    setObjectName(QStringLiteral("modelPicker"));
    Theme::setFlat(this);
    setProperty("picker", true);
    setIcon(studio.theme().icon(QStringLiteral("chevron-down"), Ink::Muted));
    setLayoutDirection(Qt::RightToLeft);  // the arrow behind the name
    setIconSize({studio.theme().scaled(12), studio.theme().scaled(12)});
    connect(&studio.theme(), &Theme::changed, this,
            [this] { setIcon(m_studio.theme().icon(QStringLiteral("chevron-down"), Ink::Muted)); });
    connect(this, &QPushButton::clicked, this, &ModelPicker::openList);
    setShown(tr("Choose a model"), {});
}

void ModelPicker::setShown(const QString& label, const QString& detail) {
    setText(fontMetrics().elidedText(label, Qt::ElideMiddle, m_studio.theme().scaled(260)));
    setToolTip(detail.isEmpty() ? label : label + QLatin1Char('\n') + detail);
    setAccessibleName(tr("Model: %1").arg(label));
}

void ModelPicker::openList() {
    if (m_list) return;
    auto* popup = new QFrame(this, Qt::Popup);
    m_list = popup;
    popup->setObjectName(QStringLiteral("modelList"));
    popup->setAttribute(Qt::WA_DeleteOnClose);
    popup->setAttribute(Qt::WA_StyledBackground);
    popup->setLayoutDirection(Qt::LeftToRight);
    auto* layout = new QVBoxLayout(popup);
    layout->setContentsMargins(space::s, space::s, space::s, space::s);
    layout->setSpacing(space::s);
    auto* filter = new QLineEdit(popup);
    filter->setObjectName(QStringLiteral("modelFilter"));
    filter->setPlaceholderText(tr("Find a model"));
    filter->setAccessibleName(tr("Find a model"));
    filter->setClearButtonEnabled(true);
    for (QToolButton* clear : filter->findChildren<QToolButton*>()) clear->setAccessibleName(tr("Clear"));
    auto* list = new QListWidget(popup);
    list->setObjectName(QStringLiteral("models"));
    list->setAccessibleName(tr("Models"));
    list->setProperty("bare", true);
    list->setMouseTracking(true);
    list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list->setItemDelegate(new TwoLineDelegate(m_studio.theme(), kDetailRole, 0, 0, list));
    for (const ModelChoice& choice : modelChoices(m_studio.project())) {
        auto* item = new QListWidgetItem(choice.label, list);
        item->setData(kDetailRole, choice.detail);
        item->setData(kPathRole, choice.path);
        item->setToolTip(choice.path);
        item->setData(Qt::AccessibleDescriptionRole, choice.detail);
    }
    auto* other = new QPushButton(tr("Another folder…"), popup);
    other->setObjectName(QStringLiteral("browseModel"));
    Theme::setFlat(other);
    layout->addWidget(filter);
    if (list->count() == 0) {
        auto* empty = new QLabel(
            tr("The project has no run with a checkpoint and no model yet. Train one, or import one."), popup);
        empty->setWordWrap(true);
        Theme::setInk(empty, Ink::Muted);
        layout->addWidget(empty);
        list->hide();
        filter->hide();
    }
    layout->addWidget(list, 1);
    layout->addWidget(other);
    connect(other, &QPushButton::clicked, this, [this, popup] {
        popup->close();
        browse();
    });
    const auto pick = [this, popup](QListWidgetItem* item) {
        if (!item) return;
        const QString path = item->data(kPathRole).toString();
        popup->close();
        emit picked(path);
    };
    connect(list, &QListWidget::itemClicked, popup, pick);
    connect(filter, &QLineEdit::returnPressed, popup, [list, pick] { pick(list->currentItem()); });
    connect(filter, &QLineEdit::textChanged, list, [list](const QString& text) {
        QListWidgetItem* first = nullptr;
        for (int row = 0; row < list->count(); ++row) {
            QListWidgetItem* item = list->item(row);
            const bool fits = item->text().contains(text, Qt::CaseInsensitive) ||
                              item->data(kDetailRole).toString().contains(text, Qt::CaseInsensitive);
            item->setHidden(!fits);
            if (fits && !first) first = item;
        }
        list->setCurrentItem(first);
    });
    // Up, down and Return work while the words are typed.
    class Keys : public QObject {
      public:
        Keys(QLineEdit* from, QListWidget* to) : QObject(from), m_to(to) { from->installEventFilter(this); }
        bool eventFilter(QObject*, QEvent* event) override {
            if (event->type() != QEvent::KeyPress) return false;
            const int key = static_cast<QKeyEvent*>(event)->key();
            if (key != Qt::Key_Down && key != Qt::Key_Up) return false;
            const int by = key == Qt::Key_Down ? 1 : -1;
            for (int row = m_to->currentRow() + by; row >= 0 && row < m_to->count(); row += by) {
                if (m_to->item(row)->isHidden()) continue;
                m_to->setCurrentRow(row);
                break;
            }
            return true;
        }

      private:
        QListWidget* m_to;
    };
    new Keys(filter, list);
    connect(list, &QListWidget::itemActivated, popup, pick);
    if (list->count() > 0) list->setCurrentRow(0);
    const int rows = std::clamp(list->count(), 1, 8);
    popup->setFixedWidth(m_studio.theme().scaled(360));
    list->setFixedHeight(rows * list->sizeHintForRow(0) + 8);
    popup->adjustSize();
    popup->move(mapToGlobal(QPoint(0, height() + 2)));
    popup->show();
    filter->setFocus();
}

void ModelPicker::browse() {
    auto* dialog = new QFileDialog(window(), tr("A model folder, a checkpoint or a run"),
                                   m_studio.project() ? m_studio.project()->path() : QString());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, &ModelPicker::picked);
    dialog->open();
}

}  // namespace distillix::ui
