// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/verb_dialog.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/dialog_draft.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

VerbDialog::VerbDialog(Studio& studio, PageId page, const QString& name, const QString& title, const QString& action,
                       QWidget* parent)
    : QDialog(parent), m_studio(studio), m_page(page) {
    setObjectName(name);
    setWindowTitle(title);
    setMinimumWidth(m_studio.theme().scaled(600));
    setAttribute(Qt::WA_DeleteOnClose);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::xl, space::xl, space::xl, space::l);
    layout->setSpacing(space::m);
    m_content = new QVBoxLayout;
    m_content->setSpacing(space::m);
    m_content->addWidget(makeLabel(title, Type::Title));
    layout->addLayout(m_content);
    m_error = makeParagraph({}, Type::Body, Ink::Bad);
    m_error->setObjectName(name + ".error");
    m_error->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_progressText = makeParagraph({}, Type::Caption);
    m_progress = new QProgressBar;
    m_progress->setObjectName(name + ".progress");
    m_progress->setAccessibleName(tr("Progress"));
    m_progress->setTextVisible(false);
    m_result = makeParagraph({}, Type::Body, Ink::Text);
    m_result->setObjectName(name + ".result");
    m_result->setTextInteractionFlags(Qt::TextSelectableByMouse);
    Theme::setCard(m_result);
    m_result->setContentsMargins(space::m, space::m, space::m, space::m);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_error, m_progressText, m_progress, m_result}) {
        layout->addWidget(widget);
        widget->hide();
    }
    layout->addStretch(1);
    m_buttons = new QHBoxLayout;
    m_cancel = new QPushButton(tr("Cancel"));
    m_cancel->setObjectName(name + ".cancel");
    m_start = new QPushButton(action);
    m_start->setObjectName(name + ".start");
    m_start->setDefault(true);
    Theme::setPrimary(m_start);
    auto* row = new QHBoxLayout;
    row->addLayout(m_buttons);
    row->addStretch(1);
    row->addWidget(m_cancel);
    row->addWidget(m_start);
    layout->addLayout(row);
    connect(m_start, &QPushButton::clicked, this, [this] { start(); });
    connect(m_cancel, &QPushButton::clicked, this, &VerbDialog::reject);
    connect(&m_verb, &VerbProcess::progressed, this, &VerbDialog::progressed);
    connect(&m_verb, &VerbProcess::finished, this, &VerbDialog::ended);
}

void VerbDialog::keepDraftOf(std::initializer_list<QWidget*> widgets) {
    m_draft = new DialogDraft(this, m_studio.settings());
    for (QWidget* widget : widgets) m_draft->keep(widget);
}

void VerbDialog::run(const QString& job, const QStringList& arguments) {
    m_done = false;
    m_error->hide();
    m_result->hide();
    m_progress->setRange(0, 0);
    tellProgress(tr("Starting…"));
    m_job = m_studio.jobs().begin(job, m_page);
    m_verb.start(arguments);
    updateButtons();
}

void VerbDialog::progressed(const QJsonObject& line) {
    const double done = line.value("done").toDouble(), total = line.value("total").toDouble();
    m_progress->setRange(0, total > 0 ? 1000 : 0);
    if (total > 0) m_progress->setValue(static_cast<int>(1000 * done / total));
    if (const QString text = progressText(line); !text.isEmpty()) tellProgress(text);
    m_studio.jobs().update(m_job, total > 0 ? done / total : -1, m_progressText->text());
}

void VerbDialog::ended(const VerbOutcome& outcome) {
    m_studio.jobs().end(m_job);
    m_done = outcome.ok;
    if (outcome.ok) {
        if (m_draft) m_draft->forget();
        m_result->setText(succeeded(outcome.result).join(QLatin1Char('\n')));
        m_result->show();
    } else {
        tellError(outcome.cancelled() ? tr("Cancelled. Nothing was written.") : outcome.text());
    }
    updateButtons();
}

void VerbDialog::changed() {
    m_done = false;
    updateButtons();
}

void VerbDialog::tellError(const QString& text) {
    m_error->setText(text);
    m_error->setVisible(!text.isEmpty());
}

void VerbDialog::tellProgress(const QString& text) {
    m_progressText->setText(text);
}

QString VerbDialog::progressText(const QJsonObject&) const {
    return {};
}

void VerbDialog::updateButtons() {
    m_progress->setVisible(isRunning());
    m_progressText->setVisible(isRunning());
    m_start->setEnabled(!isRunning() && canStart());
    m_start->setVisible(!m_done);
    m_cancel->setText(m_done ? tr("Close") : tr("Cancel"));
}

void VerbDialog::showEvent(QShowEvent* event) {
    // The buttons were there before the form: Tab comes to them behind it.
    QWidget* last = previousInFocusChain();
    for (QWidget* button : {m_cancel, m_start}) {
        if (button != last) setTabOrder(last, button);
        last = button;
    }
    QDialog::showEvent(event);
}

void VerbDialog::reject() {
    if (isRunning()) {
        m_verb.cancel();
        return;
    }
    QDialog::reject();
}

}  // namespace distillix::ui
