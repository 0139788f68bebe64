// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/library/import_model_dialog.h"

#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/widgets/dialog_draft.h"
#include "ui/widgets/file_questions.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

ImportModelDialog::ImportModelDialog(Studio& studio, QWidget* parent) : QDialog(parent), m_studio(studio) {
    setObjectName("import-model");
    setWindowTitle(tr("Import a model"));
    setMinimumWidth(m_studio.theme().scaled(600));
    setAttribute(Qt::WA_DeleteOnClose);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::xl, space::xl, space::xl, space::l);
    layout->setSpacing(space::m);
    layout->addWidget(makeLabel(tr("Import a model"), Type::Title));
    layout->addWidget(makeParagraph(
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
    layout->addLayout(form);
    m_error = makeParagraph({}, Type::Body, Ink::Bad);
    m_error->setObjectName("import-model.error");
    m_error->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_progress = new QProgressBar;
    m_progress->setTextVisible(false);
    m_progress->setRange(0, 0);
    m_result = makeParagraph({}, Type::Body, Ink::Text);
    m_result->setObjectName("import-model.result");
    Theme::setCard(m_result);
    m_result->setContentsMargins(space::m, space::m, space::m, space::m);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_error, m_progress, m_result}) {
        layout->addWidget(widget);
        widget->hide();
    }
    layout->addStretch(1);
    auto* buttons = new QHBoxLayout;
    m_cancel = new QPushButton(tr("Cancel"));
    m_cancel->setObjectName("import-model.cancel");
    m_start = new QPushButton(tr("Import"));
    m_start->setObjectName("import-model.start");
    m_start->setDefault(true);
    Theme::setPrimary(m_start);
    buttons->addStretch(1);
    buttons->addWidget(m_cancel);
    buttons->addWidget(m_start);
    layout->addLayout(buttons);
    connect(m_source, &QLineEdit::textChanged, this, &ImportModelDialog::setSource);
    connect(m_name, &QLineEdit::textChanged, this, &ImportModelDialog::updateButtons);
    connect(m_start, &QPushButton::clicked, this, &ImportModelDialog::start);
    connect(m_cancel, &QPushButton::clicked, this, &ImportModelDialog::reject);
    connect(&m_import, &VerbProcess::progressed, this, [this](const QJsonObject& line) {
        const double done = line.value("done").toDouble(), total = line.value("total").toDouble();
        m_progress->setRange(0, total > 0 ? 1000 : 0);
        if (total > 0) m_progress->setValue(static_cast<int>(1000 * done / total));
    });
    connect(&m_import, &VerbProcess::finished, this, &ImportModelDialog::ended);
    m_draft = new DialogDraft(this, m_studio.settings());
    for (QLineEdit* line : {m_source, m_name, m_config, m_tokenizer}) m_draft->keep(line);
    updateButtons();
}

void ImportModelDialog::setSource(const QString& path) {
    QStringList taken;
    if (const Project* project = m_studio.project())
        for (const ProjectEntry& model : project->contents().models) taken << model.name;
    if (!path.isEmpty()) m_name->setText(Project::freeName(QFileInfo(path).completeBaseName(), taken));
    updateButtons();
}

void ImportModelDialog::start() {
    const Project* project = m_studio.project();
    if (!project) return;
    m_error->hide();
    m_result->hide();
    m_out = project->modelsDir() + QLatin1Char('/') + Project::freeName(m_name->text(), {});
    QStringList arguments{"import-model", m_source->text().trimmed(), "--out", m_out};
    if (!m_config->text().trimmed().isEmpty()) arguments << "--config" << m_config->text().trimmed();
    if (!m_tokenizer->text().trimmed().isEmpty()) arguments << "--tokenizer" << m_tokenizer->text().trimmed();
    m_job = m_studio.jobs().begin(tr("Importing %1").arg(m_name->text()), PageId::Library);
    m_import.start(arguments);
    updateButtons();
}

void ImportModelDialog::ended(const VerbOutcome& outcome) {
    m_studio.jobs().end(m_job);
    if (!outcome.ok) {
        m_error->setText(outcome.cancelled() ? tr("Cancelled. Nothing was written.") : outcome.text());
        m_error->show();
        return updateButtons();
    }
    m_done = true;
    m_draft->forget();
    QStringList lines{tr("%1 parameters, read from %2")
                          .arg(formatCount(outcome.result.value("parameters").toDouble()),
                               outcome.result.value("format").toString())};
    for (const QJsonValue& note : outcome.result.value("notes").toArray()) lines << note.toString();
    QStringList inferred;
    for (const QJsonValue& key : outcome.result.value("inferred").toArray()) inferred << key.toString();
    if (!inferred.isEmpty()) lines << tr("Taken from the weights: %1").arg(inferred.join(QStringLiteral(", ")));
    QStringList defaulted;
    for (const QJsonValue& key : outcome.result.value("defaulted").toArray()) defaulted << key.toString();
    if (!defaulted.isEmpty())
        lines << tr("Not in the file, so the defaults hold: %1").arg(defaulted.join(QStringLiteral(", ")));
    m_result->setText(lines.join(QLatin1Char('\n')));
    m_result->show();
    if (Project* project = m_studio.project()) project->refresh();
    emit imported(m_out);
    updateButtons();
}

void ImportModelDialog::updateButtons() {
    const bool running = m_import.isRunning();
    m_progress->setVisible(running);
    m_start->setEnabled(!running && !m_source->text().trimmed().isEmpty() && !m_name->text().trimmed().isEmpty());
    m_start->setVisible(!m_done);
    m_cancel->setText(m_done ? tr("Close") : tr("Cancel"));
}

void ImportModelDialog::reject() {
    if (m_import.isRunning()) {
        m_import.cancel();
        return;
    }
    QDialog::reject();
}

}  // namespace distillix::ui
