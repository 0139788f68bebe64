// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/tokenizer_dialog.h"

#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QRegularExpression>
#include <QSpinBox>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/widgets/dialog_draft.h"
#include "ui/widgets/file_questions.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

TokenizerDialog::TokenizerDialog(Studio& studio, QWidget* parent)
    : QDialog(parent), m_studio(studio), m_draft(nullptr) {
    setObjectName("tokenizer");
    setWindowTitle(tr("Train a tokenizer"));
    setMinimumWidth(m_studio.theme().scaled(600));
    setAttribute(Qt::WA_DeleteOnClose);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::xl, space::xl, space::xl, space::l);
    layout->setSpacing(space::m);
    layout->addWidget(makeLabel(tr("Train a tokenizer"), Type::Title));
    layout->addWidget(makeParagraph(
        tr("An import makes one of its own data by itself. One made here can be shared by several datasets, "
           "whose models can then be compared.")));
    QFormLayout* form = makeForm();
    auto* place = new QHBoxLayout;
    place->setSpacing(space::s);
    m_source = new QLineEdit;
    m_source->setObjectName("tokenizer.sources");
    m_source->setAccessibleName(tr("Text to make it of"));
    m_source->setPlaceholderText(tr("files or a folder"));
    auto* files = new QPushButton(tr("Files…"));
    files->setObjectName("tokenizer.files");
    auto* folder = new QPushButton(tr("Folder…"));
    folder->setObjectName("tokenizer.folder");
    place->addWidget(m_source, 1);
    place->addWidget(files);
    place->addWidget(folder);
    form->addRow(tr("Text to make it of"), place);
    m_extensions = new QLineEdit;
    m_extensions->setObjectName("tokenizer.extensions");
    m_extensions->setPlaceholderText(tr("all that are text, or: py, md"));
    form->addRow(tr("File extensions of a folder"), m_extensions);
    m_pieces = new QSpinBox;
    m_pieces->setObjectName("tokenizer.pieces");
    m_pieces->setRange(300, 256000);
    m_pieces->setSingleStep(500);
    m_pieces->setGroupSeparatorShown(true);
    m_pieces->setValue(8000);
    ignoreWheel(m_pieces);
    form->addRow(tr("Pieces"), m_pieces);
    m_name = new QLineEdit;
    m_name->setObjectName("tokenizer.name");
    form->addRow(tr("Name"), m_name);
    layout->addLayout(form);
    m_error = makeParagraph({}, Type::Body, Ink::Bad);
    m_error->setObjectName("tokenizer.error");
    m_error->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_progressText = makeParagraph({}, Type::Caption);
    m_progress = new QProgressBar;
    m_progress->setObjectName("tokenizer.progress");
    m_progress->setAccessibleName(tr("Progress"));
    m_progress->setTextVisible(false);
    m_progress->setRange(0, 0);
    m_result = makeParagraph({}, Type::Body, Ink::Text);
    m_result->setObjectName("tokenizer.result");
    m_result->setTextInteractionFlags(Qt::TextSelectableByMouse);
    Theme::setCard(m_result);
    m_result->setContentsMargins(space::m, space::m, space::m, space::m);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_error, m_progressText, m_progress, m_result}) {
        layout->addWidget(widget);
        widget->hide();
    }
    layout->addStretch(1);
    auto* buttons = new QHBoxLayout;
    m_cancel = new QPushButton(tr("Cancel"));
    m_cancel->setObjectName("tokenizer.cancel");
    m_start = new QPushButton(tr("Train"));
    m_start->setObjectName("tokenizer.start");
    m_start->setDefault(true);
    Theme::setPrimary(m_start);
    buttons->addStretch(1);
    buttons->addWidget(m_cancel);
    buttons->addWidget(m_start);
    layout->addLayout(buttons);

    connect(files, &QPushButton::clicked, this, [this] {
        askForFiles(this, tr("Text to make it of"), {},
                    tr("Data (*.jsonl *.json *.csv *.tsv *.txt *.md *.gz *.zst);;All files (*)"),
                    [this](const QStringList& chosen) { setSources(chosen); });
    });
    connect(folder, &QPushButton::clicked, this, [this] {
        askForFolder(this, tr("A folder of text or code"), {}, [this](const QString& chosen) { setSources({chosen}); });
    });
    connect(m_source, &QLineEdit::textChanged, this, &TokenizerDialog::updateButtons);
    connect(m_name, &QLineEdit::textChanged, this, &TokenizerDialog::updateButtons);
    connect(m_start, &QPushButton::clicked, this, &TokenizerDialog::start);
    connect(m_cancel, &QPushButton::clicked, this, &TokenizerDialog::reject);
    connect(&m_train, &VerbProcess::progressed, this, [this](const QJsonObject& line) {
        m_progressText->setText(tr("Reading, %1").arg(formatBytes(line.value("done").toDouble() * 1e6)));
    });
    connect(&m_train, &VerbProcess::logged, this, [this](const QString& level, const QString&) {
        if (level == QStringLiteral("info")) m_progressText->setText(tr("Training, about a second for each MB"));
    });
    connect(&m_train, &VerbProcess::finished, this, &TokenizerDialog::ended);
    m_draft = new DialogDraft(this, m_studio.settings());
    for (QWidget* widget : std::initializer_list<QWidget*>{m_source, m_extensions, m_pieces, m_name})
        m_draft->keep(widget);
    updateButtons();
}

void TokenizerDialog::setSources(const QStringList& sources) {
    m_source->setText(sources.join(QStringLiteral("; ")));
    QStringList taken;
    if (const Project* project = m_studio.project())
        for (const ProjectEntry& tokenizer : project->contents().tokenizers)
            taken << QFileInfo(tokenizer.name).baseName();
    m_name->setText(Project::freeName(QFileInfo(sources.value(0)).baseName(), taken));
}

void TokenizerDialog::start() {
    const Project* project = m_studio.project();
    if (!project) return;
    m_error->hide();
    m_result->hide();
    m_done = false;
    m_out =
        project->tokenizersDir() + QLatin1Char('/') + Project::freeName(m_name->text(), {}) + QStringLiteral(".model");
    QStringList arguments{"tokenizer", "train"};
    for (const QString& source : m_source->text().split(QLatin1Char(';'), Qt::SkipEmptyParts))
        arguments << source.trimmed();
    arguments << "--out" << m_out << "--vocab-size" << QString::number(m_pieces->value());
    QStringList extensions;
    for (const QString& part :
         m_extensions->text().split(QRegularExpression(QStringLiteral("[,;\\s]+")), Qt::SkipEmptyParts))
        extensions << (part.startsWith(QLatin1Char('.')) ? part.mid(1) : part);
    if (!extensions.isEmpty()) arguments << "--extension" << extensions.join(QLatin1Char(','));
    m_progressText->setText(tr("Starting…"));
    m_job = m_studio.jobs().begin(tr("Training the tokenizer %1").arg(m_name->text()), PageId::Data);
    m_train.start(arguments);
    updateButtons();
}

void TokenizerDialog::ended(const VerbOutcome& outcome) {
    m_studio.jobs().end(m_job);
    if (!outcome.ok) {
        m_error->setText(outcome.cancelled() ? tr("Cancelled. Nothing was written.") : outcome.text());
        m_error->show();
        return updateButtons();
    }
    m_done = true;
    m_draft->forget();
    const QJsonObject& result = outcome.result;
    QStringList lines{
        tr("Written: %1, %2 pieces").arg(formatPath(m_out, 80), formatCount(result.value("pieces").toDouble()))};
    lines << tr("%1 bytes become one token, measured on %2 of the text it was made of")
                 .arg(formatNumber(result.value("bytesPerToken").toDouble(), 3),
                      formatBytes(result.value("measuredBytes").toDouble()));
    lines << tr("%1 documents were read").arg(formatCount(result.value("documents").toDouble()));
    if (const double refused = result.value("refused").toDouble(); refused > 0)
        lines << tr("%1 records could not be used").arg(formatCount(refused));
    lines << tr("Every import offers it as its tokenizer.");
    m_result->setText(lines.join(QLatin1Char('\n')));
    m_result->show();
    if (Project* project = m_studio.project()) project->refresh();
    emit trained(m_out);
    updateButtons();
}

void TokenizerDialog::updateButtons() {
    const bool running = m_train.isRunning();
    for (QWidget* widget : std::initializer_list<QWidget*>{m_source, m_extensions, m_pieces, m_name})
        widget->setEnabled(!running);
    m_progress->setVisible(running);
    m_progressText->setVisible(running);
    m_start->setEnabled(!running && m_studio.project() && !m_source->text().trimmed().isEmpty() &&
                        !m_name->text().trimmed().isEmpty());
    m_start->setVisible(!m_done);
    m_cancel->setText(m_done ? tr("Close") : tr("Cancel"));
}

void TokenizerDialog::reject() {
    if (m_train.isRunning()) {
        m_train.cancel();
        return;
    }
    QDialog::reject();
}

}  // namespace distillix::ui
