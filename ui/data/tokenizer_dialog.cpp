// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/tokenizer_dialog.h"

#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QSpinBox>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/widgets/file_questions.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

TokenizerDialog::TokenizerDialog(Studio& studio, QWidget* parent)
    : VerbDialog(studio, PageId::Data, QStringLiteral("tokenizer"), tr("Train a tokenizer"), tr("Train"), parent) {
    content()->addWidget(makeParagraph(
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
    content()->addLayout(form);

    connect(files, &QPushButton::clicked, this, [this] {
        askForFiles(this, tr("Text to make it of"), {},
                    tr("Data (*.jsonl *.json *.csv *.tsv *.txt *.md *.gz *.zst);;All files (*)"),
                    [this](const QStringList& chosen) { setSources(chosen); });
    });
    connect(folder, &QPushButton::clicked, this, [this] {
        askForFolder(this, tr("A folder of text or code"), {}, [this](const QString& chosen) { setSources({chosen}); });
    });
    for (QLineEdit* line : {m_source, m_extensions, m_name})
        connect(line, &QLineEdit::textChanged, this, &TokenizerDialog::changed);
    connect(m_pieces, &QSpinBox::valueChanged, this, &TokenizerDialog::changed);
    connect(&verb(), &VerbProcess::logged, this, [this](const QString& level, const QString&) {
        if (level == QStringLiteral("info")) tellProgress(tr("Training, about a second for each MB"));
    });
    keepDraftOf({m_source, m_extensions, m_pieces, m_name});
    updateButtons();
}

void TokenizerDialog::setSources(const QStringList& sources) {
    m_source->setText(sources.join(QStringLiteral("; ")));
    QStringList taken;
    if (const Project* project = studio().project())
        for (const ProjectEntry& tokenizer : project->contents().tokenizers)
            taken << QFileInfo(tokenizer.name).baseName();
    m_name->setText(Project::freeName(QFileInfo(sources.value(0)).baseName(), taken));
}

void TokenizerDialog::start() {
    const Project* project = studio().project();
    if (!project) return;
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
    run(tr("Training the tokenizer %1").arg(m_name->text()), arguments);
}

QStringList TokenizerDialog::succeeded(const QJsonObject& result) {
    QStringList lines{
        tr("Written: %1, %2 pieces").arg(formatPath(m_out, 80), formatCount(result.value("pieces").toDouble()))};
    lines << tr("%1 bytes become one token, measured on %2 of the text it was made of")
                 .arg(formatNumber(result.value("bytesPerToken").toDouble(), 3),
                      formatBytes(result.value("measuredBytes").toDouble()));
    lines << tr("%1 documents were read").arg(formatCount(result.value("documents").toDouble()));
    if (const double refused = result.value("refused").toDouble(); refused > 0)
        lines << tr("%1 records could not be used").arg(formatCount(refused));
    lines << tr("Every import offers it as its tokenizer.");
    if (Project* project = studio().project()) project->refresh();
    emit trained(m_out);
    return lines;
}

QString TokenizerDialog::progressText(const QJsonObject& line) const {
    return tr("Reading, %1").arg(formatBytes(line.value("done").toDouble() * 1e6));
}

bool TokenizerDialog::canStart() const {
    return studio().project() && !m_source->text().trimmed().isEmpty() && !m_name->text().trimmed().isEmpty();
}

void TokenizerDialog::updateButtons() {
    for (QWidget* widget : std::initializer_list<QWidget*>{m_source, m_extensions, m_pieces, m_name})
        widget->setEnabled(!isRunning());
    VerbDialog::updateButtons();
}

}  // namespace distillix::ui
