// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/library/export_dialog.h"

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QDesktopServices>
#include <QFileInfo>
#include <QFormLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/widgets/file_questions.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

namespace {

constexpr int kSoonMs = 200;

struct FormatText {
    const char *name, *menu, *title, *who;
};
// How the formats are called here. Which types each has, `distillix info formats` says.
const QList<FormatText> kFormats = {
    {"gguf", QT_TRANSLATE_NOOP("export", "&GGUF…"), QT_TRANSLATE_NOOP("export", "GGUF, one file"),
     QT_TRANSLATE_NOOP("export",
                       "For llama.cpp, Ollama, LM Studio, KoboldCpp and others built on it. The tokenizer and "
                       "the chat template are in it.")},
    {"safetensors", QT_TRANSLATE_NOOP("export", "&safetensors…"), QT_TRANSLATE_NOOP("export", "safetensors, one file"),
     QT_TRANSLATE_NOOP("export",
                       "The model's own weights in one file, to go on training elsewhere or to look at them; "
                       "I2_S packs the ternary ones.")},
    {"pt", QT_TRANSLATE_NOOP("export", "&PyTorch file…"), QT_TRANSLATE_NOOP("export", "PyTorch state dict, one file"),
     QT_TRANSLATE_NOOP("export", "The model's own weights as torch.load() reads them.")},
    {"hf", QT_TRANSLATE_NOOP("export", "&Hugging Face folder…"), QT_TRANSLATE_NOOP("export", "Hugging Face folder"),
     QT_TRANSLATE_NOOP("export", "For transformers and what builds on it, with tokenizer and model card.")},
};

const FormatText* textOf(const QString& format) {
    for (const FormatText& text : kFormats)
        if (format == QLatin1String(text.name)) return &text;
    return nullptr;
}

struct TypeText {
    const char *name, *help;
};
const QList<TypeText> kTypes = {
    {"TQ2_0",
     QT_TRANSLATE_NOOP("export", "2.06 bits a weight, without loss for ternary weights; the fastest in llama.cpp")},
    {"TQ1_0", QT_TRANSLATE_NOOP("export", "1.69 bits a weight, without loss for ternary weights; the smallest")},
    {"I2_S", QT_TRANSLATE_NOOP("export",
                               "2 bits a ternary weight, 32 for the rest: enough to answer with, not to "
                               "train on")},
    {"Q8_0", QT_TRANSLATE_NOOP("export", "8.5 bits a weight; runs in every build of llama.cpp")},
    {"F16", QT_TRANSLATE_NOOP("export", "16 bits a weight")},
    {"BF16", QT_TRANSLATE_NOOP("export", "16 bits a weight, of less precision and more range")},
    {"F32", QT_TRANSLATE_NOOP("export", "32 bits a weight")},
};

QString inWords(const char* text) {
    return QCoreApplication::translate("export", text);
}

}  // namespace

ExportDialog::ExportDialog(Studio& studio, const QString& model, const QString& format, QWidget* parent)
    : VerbDialog(studio, PageId::Library, QStringLiteral("export"), tr("Export for other programs"), tr("Export"),
                 parent),
      m_model(model) {
    setWindowTitle(tr("Export %1").arg(QFileInfo(model).fileName()));
    content()->addWidget(makeParagraph(formatPath(model, 90)));

    auto* form = m_form = makeForm();
    m_format = new QComboBox;
    m_format->setObjectName("export.format");
    m_who = makeParagraph({}, Type::Caption);
    m_who->setObjectName("export.who");
    m_type = new QComboBox;
    m_type->setObjectName("export.type");
    m_typeHelp = makeParagraph({}, Type::Caption);
    m_embedding = new QComboBox;
    m_embedding->setObjectName("export.embedding");
    m_ollama = new QCheckBox(tr("Write an Ollama Modelfile beside it"));
    m_ollama->setObjectName("export.ollama");
    auto* place = new QHBoxLayout;
    place->setSpacing(space::s);
    m_path = new QLineEdit;
    m_path->setObjectName("export.path");
    m_browse = new QPushButton(tr("Browse…"));
    m_browse->setObjectName("export.browse");
    place->addWidget(m_path, 1);
    place->addWidget(m_browse);
    form->addRow(tr("Format"), m_format);
    form->addRow(QString(), m_who);
    form->addRow(tr("Weights"), m_type);
    form->addRow(QString(), m_typeHelp);
    form->addRow(tr("Embedding"), m_embedding);
    form->addRow(QString(), m_ollama);
    form->addRow(tr("Write to"), place);
    m_size = makeParagraph({}, Type::Body, Ink::Text);
    m_size->setObjectName("export.size");
    form->addRow(tr("Size"), m_size);
    content()->addLayout(form);
    m_notes = makeParagraph({}, Type::Body, Ink::Warning);
    m_notes->setObjectName("export.notes");
    content()->addWidget(m_notes);
    m_notes->hide();
    m_show = new QPushButton(tr("Show in its folder"));
    m_show->setObjectName("export.show");
    m_copy = new QPushButton(tr("Copy the path"));
    m_copy->setObjectName("export.copy");
    buttons()->addWidget(m_show);
    buttons()->addWidget(m_copy);

    for (QComboBox* box : {m_format, m_type, m_embedding}) ignoreWheel(box);
    m_soon.setSingleShot(true);
    connect(&m_soon, &QTimer::timeout, this, &ExportDialog::estimate);
    connect(m_format, &QComboBox::currentIndexChanged, this, &ExportDialog::formatChanged);
    connect(m_type, &QComboBox::currentIndexChanged, this, &ExportDialog::optionChanged);
    connect(m_embedding, &QComboBox::currentIndexChanged, this, &ExportDialog::optionChanged);
    connect(m_path, &QLineEdit::textChanged, this, &ExportDialog::changed);
    connect(m_ollama, &QCheckBox::toggled, this, &ExportDialog::changed);
    connect(m_browse, &QPushButton::clicked, this, [this] {
        if (chosen().value("folder").toBool())
            return askForFolder(this, tr("Where the folder goes"), {}, [this](const QString& folder) {
                m_path->setText(folder + QLatin1Char('/') + QFileInfo(m_suggested).fileName());
            });
        askForNewFile(this, tr("Export as"), m_path->text(), {},
                      [this](const QString& file) { m_path->setText(file); });
    });
    connect(m_show, &QPushButton::clicked, this,
            [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(QFileInfo(m_written).path())); });
    connect(m_copy, &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_written); });
    connect(&m_plan, &VerbProcess::finished, this, &ExportDialog::showEstimate);
    connect(&m_list, &VerbProcess::finished, this,
            [this, format](const VerbOutcome& outcome) { showFormats(outcome, format); });
    m_size->setText(tr("estimating…"));
    m_list.start({"info", "formats"});
    updateButtons();
}

QList<QPair<QString, QString>> ExportDialog::formats() {
    QList<QPair<QString, QString>> list;
    for (const FormatText& text : kFormats) list.append({QLatin1String(text.name), inWords(text.menu)});
    return list;
}

QJsonObject ExportDialog::chosen() const {
    return m_format->currentData(Qt::UserRole + 1).toJsonObject();
}

void ExportDialog::showFormats(const VerbOutcome& outcome, const QString& wanted) {
    if (!outcome.ok) {
        m_size->setText(QStringLiteral("–"));
        tellError(outcome.text());
        return updateButtons();
    }
    const QSignalBlocker blocker(m_format);
    for (const QJsonValue& value : outcome.result.value("formats").toArray()) {
        const QJsonObject format = value.toObject();
        const QString name = format.value("name").toString();
        const FormatText* text = textOf(name);
        m_format->addItem(text ? inWords(text->title) : name, name);
        m_format->setItemData(m_format->count() - 1, format, Qt::UserRole + 1);
    }
    m_format->setCurrentIndex(std::max(0, m_format->findData(wanted)));
    formatChanged();
    m_format->setFocus();  // it could not be used before
}

void ExportDialog::formatChanged() {
    const QString format = m_format->currentData().toString();
    for (const auto& [box, key] : {std::pair{m_type, "types"}, {m_embedding, "embeddings"}}) {
        const QSignalBlocker blocker(box);
        box->clear();
        for (const QJsonValue& name : chosen().value(QLatin1String(key)).toArray())
            box->addItem(name.toString(), name.toString());
    }
    const FormatText* text = textOf(format);
    m_who->setText(text ? inWords(text->who) : chosen().value("help").toString());
    m_form->setRowVisible(m_embedding, m_embedding->count() > 0);
    m_form->setRowVisible(m_ollama, format == QStringLiteral("gguf"));
    optionChanged();
}

void ExportDialog::optionChanged() {
    m_typeHelp->clear();
    for (const TypeText& type : kTypes)
        if (m_type->currentData().toString() == QLatin1String(type.name)) m_typeHelp->setText(inWords(type.help));
    suggestPath();
    m_planned = false;
    m_size->setText(tr("estimating…"));
    changed();
    m_soon.start(kSoonMs);
}

void ExportDialog::suggestPath() {
    const Project* project = studio().project();
    if (!project) return;
    QString name = QFileInfo(m_model).fileName();
    // A checkpoint's folder says its step only; its run's name belongs in front.
    if (name.startsWith(QStringLiteral("step-")))
        name = QFileInfo(QFileInfo(QFileInfo(m_model).path()).path()).fileName() + QLatin1Char('-') + name;
    const QString format = m_format->currentData().toString(), type = m_type->currentData().toString();
    const QString ending =
        chosen().value("folder").toBool() ? QLatin1Char('-') + format : QStringLiteral("-%1.%2").arg(type, format);
    const QString suggestion = project->exportsDir() + QLatin1Char('/') + name + ending;
    // What a person typed stays.
    if (m_path->text().isEmpty() || m_path->text() == m_suggested) m_path->setText(suggestion);
    m_suggested = suggestion;
}

QStringList ExportDialog::arguments() const {
    const QString format = m_format->currentData().toString();
    QStringList list{"export", m_model, "--format", format, "--type", m_type->currentData().toString()};
    if (m_embedding->count() > 0) list << "--embedding" << m_embedding->currentData().toString();
    return list;
}

void ExportDialog::estimate() {
    m_plan.start(arguments() << "--dry-run");
}

void ExportDialog::showEstimate(const VerbOutcome& outcome) {
    m_planned = outcome.ok;
    tellError(outcome.ok ? QString() : outcome.text());
    if (outcome.ok) {
        m_size->setText(tr("about %1").arg(formatBytes(outcome.result.value("bytes").toDouble())));
        QStringList notes;
        if (outcome.result.value("approximate").toBool())
            notes << tr(
                "This model has soft-caps, which the reading programs lack: the export is approximate. How far off it "
                "is, is measured.");
        for (const QJsonValue& note : outcome.result.value("notes").toArray()) notes << note.toString();
        m_notes->setText(notes.join(QLatin1Char('\n')));
        m_notes->setVisible(!notes.isEmpty());
    } else {
        m_size->setText(QStringLiteral("–"));
    }
    updateButtons();
}

bool ExportDialog::canStart() const {
    return m_planned && !m_path->text().trimmed().isEmpty();
}

void ExportDialog::start() {
    QStringList list = arguments() << "--out" << m_path->text();
    if (m_ollama->isChecked() && m_ollama->isVisible()) list << "--ollama";
    run(tr("Exporting %1").arg(QFileInfo(m_model).fileName()), list);
}

QString ExportDialog::progressText(const QJsonObject& line) const {
    const QString phase = line.value("phase").toString();
    return phase == QStringLiteral("verify")  ? tr("Reading it back and comparing it with the model")
           : phase == QStringLiteral("write") ? tr("Writing")
           : phase == QStringLiteral("read")  ? tr("Reading the model")
                                              : phase;
}

QStringList ExportDialog::succeeded(const QJsonObject& result) {
    m_written = m_path->text();
    if (Project* project = studio().project()) project->refresh();
    const QJsonObject verified = result.value("verified").toObject();
    QStringList lines{
        tr("Written: %1, %2").arg(formatPath(m_written, 80), formatBytes(result.value("bytes").toDouble()))};
    if (!verified.isEmpty()) {
        lines << tr("Read back and compared with the model at %1 positions of %2:")
                     .arg(formatCount(verified.value("positions").toDouble()), verified.value("on").toString());
        lines << tr("same first choice at %1, and at %2 where the model is sure")
                     .arg(formatShare(verified.value("topAgreement").toDouble()),
                          formatShare(verified.value("clearTopAgreement").toDouble()));
        lines << tr("KL divergence %1 nats on average; loss %2 here, %3 exported")
                     .arg(formatNumber(verified.value("klMean").toDouble(), 3),
                          formatNumber(verified.value("loss").toDouble(), 5),
                          formatNumber(verified.value("exportedLoss").toDouble(), 5));
    }
    return lines;
}

void ExportDialog::updateButtons() {
    for (QWidget* widget : std::initializer_list<QWidget*>{m_format, m_type, m_embedding, m_path, m_browse, m_ollama})
        widget->setEnabled(!isRunning() && m_format->count() > 0);
    m_show->setVisible(isDone());
    m_copy->setVisible(isDone());
    VerbDialog::updateButtons();
}

}  // namespace distillix::ui
