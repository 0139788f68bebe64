// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/library/import_model_dialog.h"

#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/widgets/file_questions.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

ImportModelDialog::ImportModelDialog(Studio& studio, QWidget* parent)
    : VerbDialog(studio, PageId::Library, QStringLiteral("import-model"), tr("Import a model"), tr("Import"), parent) {
    content()->addWidget(makeParagraph(
        tr("safetensors (packed i2_s too), PyTorch's .pt, GGUF, a model folder, or a Hugging Face folder of a "
           "dense Qwen3. Pickles are read as data; nothing in them is run.")));
    QFormLayout* form = makeForm();
    const auto row = [&](const QString& name, const char* objectName, const QString& hint, bool folderToo,
                         const QString& filter) {
        auto* line = new QLineEdit;
        line->setObjectName(QLatin1String(objectName));
        line->setPlaceholderText(hint);
        line->setAccessibleName(name);
        auto* box = new QHBoxLayout;
        box->setSpacing(space::s);
        box->addWidget(line, 1);
        auto* file = new QPushButton(tr("File…"));
        file->setObjectName(QLatin1String(objectName) + ".file");
        box->addWidget(file);
        connect(file, &QPushButton::clicked, this, [this, line, name, filter] {
            askForFiles(this, name, {}, filter, [line](const QStringList& files) { line->setText(files.first()); });
        });
        if (folderToo) {
            auto* folder = new QPushButton(tr("Folder…"));
            folder->setObjectName(QLatin1String(objectName) + ".folder");
            box->addWidget(folder);
            connect(folder, &QPushButton::clicked, this, [this, line, name] {
                askForFolder(this, name, {}, [line](const QString& path) { line->setText(path); });
            });
        }
        form->addRow(name, box);
        return line;
    };
    m_source = row(tr("Model"), "import-model.source", tr("a file or a folder"), true,
                   tr("Models (*.safetensors *.pt *.pth *.gguf);;All files (*)"));
    m_name = new QLineEdit;
    m_name->setObjectName("import-model.name");
    form->addRow(tr("Name"), m_name);
    m_config = row(tr("Configuration"), "import-model.config", tr("the config.json beside it"), false,
                   tr("config.json (*.json)"));
    m_tokenizer = row(tr("Tokenizer"), "import-model.tokenizer", tr("the one beside it"), false,
                      tr("SentencePiece models (*.model)"));
    content()->addLayout(form);
    connect(m_source, &QLineEdit::textChanged, this, &ImportModelDialog::setSource);
    for (QLineEdit* line : {m_name, m_config, m_tokenizer})
        connect(line, &QLineEdit::textChanged, this, &ImportModelDialog::changed);
    keepDraftOf({m_source, m_name, m_config, m_tokenizer});
    updateButtons();
}

void ImportModelDialog::setSource(const QString& path) {
    QStringList taken;
    if (const Project* project = studio().project())
        for (const ProjectEntry& model : project->contents().models) taken << model.name;
    if (!path.isEmpty()) m_name->setText(Project::freeName(QFileInfo(path).completeBaseName(), taken));
    changed();
}

void ImportModelDialog::start() {
    const Project* project = studio().project();
    if (!project) return;
    m_out = project->modelsDir() + QLatin1Char('/') + Project::freeName(m_name->text(), {});
    QStringList arguments{"import-model", m_source->text().trimmed(), "--out", m_out};
    if (!m_config->text().trimmed().isEmpty()) arguments << "--config" << m_config->text().trimmed();
    if (!m_tokenizer->text().trimmed().isEmpty()) arguments << "--tokenizer" << m_tokenizer->text().trimmed();
    run(tr("Importing %1").arg(m_name->text()), arguments);
}

QStringList ImportModelDialog::succeeded(const QJsonObject& result) {
    QStringList lines{tr("%1 parameters, read from %2")
                          .arg(formatCount(result.value("parameters").toDouble()), result.value("format").toString())};
    for (const QJsonValue& note : result.value("notes").toArray()) lines << note.toString();
    QStringList inferred;
    for (const QJsonValue& key : result.value("inferred").toArray()) inferred << key.toString();
    if (!inferred.isEmpty()) lines << tr("Taken from the weights: %1").arg(inferred.join(QStringLiteral(", ")));
    QStringList defaulted;
    for (const QJsonValue& key : result.value("defaulted").toArray()) defaulted << key.toString();
    if (!defaulted.isEmpty())
        lines << tr("Not in the file, so the defaults hold: %1").arg(defaulted.join(QStringLiteral(", ")));
    if (Project* project = studio().project()) project->refresh();
    emit imported(m_out);
    return lines;
}

bool ImportModelDialog::canStart() const {
    return studio().project() && !m_source->text().trimmed().isEmpty() && !m_name->text().trimmed().isEmpty();
}

void ImportModelDialog::updateButtons() {
    for (QLineEdit* line : {m_source, m_name, m_config, m_tokenizer}) line->setEnabled(!isRunning());
    VerbDialog::updateButtons();
}

}  // namespace distillix::ui
