// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training/new_run_form.h"

#include <QComboBox>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include "core/model/config.h"
#include "core/train/train_config.h"
#include "ui/training/config_arguments.h"
#include "ui/training/cost_card.h"
#include "ui/widgets/file_questions.h"

namespace distillix::ui {
namespace {

using Json = nlohmann::ordered_json;

/// Fields that the form does not ask for: the tokenizer decides the one, the other must be 0.
const std::set<QString> kWithout{"vocab_size", "dropout"};

}  // namespace

NewRunForm::NewRunForm(Studio& studio, QWidget* parent) : QWidget(parent), m_studio(studio) {
    setObjectName("newRun");
    m_name = new QLineEdit;
    m_name->setObjectName("newRunName");
    m_dataset = new QComboBox;
    m_dataset->setObjectName("newRunDataset");
    m_dataset->setFocusPolicy(Qt::StrongFocus);
    m_dataset->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_preset = new QComboBox;
    m_preset->setObjectName("newRunPreset");
    m_preset->setFocusPolicy(Qt::StrongFocus);
    for (const ModelPreset& preset : modelPresets()) m_preset->addItem(QString::fromStdString(preset.name));
    m_presetHelp = new QLabel;
    m_presetHelp->setWordWrap(true);
    Theme::setType(m_presetHelp, Type::Caption);
    Theme::setInk(m_presetHelp, Ink::Muted);
    m_import = new QPushButton(tr("Import a dataset…"));
    m_import->setObjectName("newRunImport");
    connect(m_import, &QPushButton::clicked, this, [this] { m_studio.showPage(PageId::Data); });

    auto* head = new QFormLayout;
    head->setContentsMargins(space::xs, 0, 0, 0);
    head->setHorizontalSpacing(space::m);
    head->setVerticalSpacing(space::s);
    head->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    const auto add = [head](const QString& text, QWidget* field) {
        auto* label = new QLabel(text);
        label->setBuddy(field);
        field->setAccessibleName(text);
        head->addRow(label, field);
    };
    add(tr("Name"), m_name);
    add(tr("Dataset"), m_dataset);
    head->addRow(QString(), m_import);
    add(tr("Preset"), m_preset);
    head->addRow(m_presetHelp);

    m_form = new ConfigForm;
    m_form->setObjectName("configForm");
    m_form->addSection(tr("Training"), formFields(TrainConfig{}), kWithout);
    m_form->addSection(tr("Model"), formFields(ModelConfig{}), kWithout, true);
    const Json modelFields = fieldsToJson(ModelConfig{});
    for (const auto& [key, value] : modelFields.items()) m_modelKeys.insert(key);
    const QString caps = tr(
        "A soft-cap keeps scores within bounds by tanh, which steadies training at large rates. No program that runs "
        "GGUF or Hugging Face files has it for this architecture: a model trained without (empty here) exports "
        "exactly, "
        "one trained with it only approximately; the export tells by how much.");
    m_form->setNote("attn_logit_soft_cap", caps);
    m_form->setNote("final_logit_soft_cap", tr("The same trade: stability against an exact export."));

    m_advanced = new QPushButton(tr("Advanced"));
    m_advanced->setObjectName("newRunAdvanced");
    m_advanced->setCheckable(true);
    m_advanced->setToolTip(tr("Show every setting"));
    m_changedCount = new QLabel;
    m_changedCount->setObjectName("newRunChanged");
    Theme::setType(m_changedCount, Type::Caption);
    Theme::setInk(m_changedCount, Ink::Accent);
    m_reset = new QPushButton(tr("Reset"));
    m_reset->setObjectName("newRunReset");
    m_reset->setToolTip(tr("Every setting back to the preset's"));
    Theme::setFlat(m_reset);
    connect(m_reset, &QPushButton::clicked, m_form, &ConfigForm::reset);
    connect(m_advanced, &QPushButton::toggled, this, [this](bool on) {
        m_form->setAdvanced(on);
        m_studio.settings().setValue("train/advanced", on);
    });
    auto* modes = new QHBoxLayout;
    modes->setSpacing(space::s);
    modes->addWidget(m_advanced);
    modes->addWidget(m_changedCount, 1);
    modes->addWidget(m_reset);

    auto* inside = new QWidget;
    auto* rows = new QVBoxLayout(inside);
    rows->setContentsMargins(space::m, space::m, space::m, space::m);
    rows->setSpacing(space::m);
    rows->addLayout(head);
    rows->addLayout(modes);
    rows->addWidget(m_form);
    rows->addStretch(1);
    auto* scroll = new QScrollArea;
    scroll->setObjectName("newRunScroll");
    scroll->setWidget(inside);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);

    m_cost = new CostCard(m_studio.theme());
    m_problem = new QLabel;
    m_problem->setObjectName("newRunProblem");
    m_problem->setWordWrap(true);
    m_problem->setTextFormat(Qt::PlainText);
    m_problem->setTextInteractionFlags(Qt::TextSelectableByMouse);
    Theme::setInk(m_problem, Ink::Bad);
    Theme::setType(m_problem, Type::Caption);
    m_problem->hide();
    m_start = new QPushButton(tr("Start training"));
    m_start->setObjectName("newRunStart");
    Theme::setPrimary(m_start);
    connect(m_start, &QPushButton::clicked, this, &NewRunForm::start);

    QLabel* help = m_form->helpLabel();
    help->setMinimumHeight(help->fontMetrics().height() * 2);
    help->setText(tr("Point at a setting to read what it does."));
    auto* foot = new QVBoxLayout;
    foot->setContentsMargins(space::m, space::s, space::m, space::m);
    foot->setSpacing(space::s);
    foot->addWidget(help);
    foot->addWidget(m_cost);
    foot->addWidget(m_problem);
    foot->addWidget(m_start);
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addWidget(scroll, 1);
    all->addLayout(foot);

    connect(m_name, &QLineEdit::textEdited, this, [this] {
        m_nameTyped = true;
        updateStart();
        emit draftChanged();
    });
    connect(m_dataset, &QComboBox::currentIndexChanged, this, [this] {
        if (!m_filling) edited();
    });
    connect(m_preset, &QComboBox::currentIndexChanged, this, &NewRunForm::presetChosen);
    connect(m_form, &ConfigForm::edited, this, &NewRunForm::edited);
    connect(m_cost, &CostCard::answered, this, &NewRunForm::updateStart);
    m_advanced->setChecked(m_studio.settings().value("train/advanced", false).toBool());
    presetChosen();
}

QString NewRunForm::dataset() const {
    return m_dataset->currentData().toString();
}

void NewRunForm::presetChosen() {
    const auto preset = findModelPreset(m_preset->currentText().toStdString());
    if (!preset.ok()) return;
    m_presetHelp->setText(QString::fromStdString(preset->help));
    Json defaults = fieldsToJson(suggestedTraining(preset->name, preset->config));
    const Json model = fieldsToJson(preset->config);
    for (const auto& [key, value] : model.items()) defaults[key] = value;
    m_form->setDefaults(defaults);
    nameDefault();
}

void NewRunForm::nameDefault() {
    if (!m_nameTyped) m_name->setText(Project::freeName(m_preset->currentText(), m_taken));
    updateStart();
}

void NewRunForm::setContents(const ProjectContents& contents) {
    m_filling = true;
    const QString before = dataset();
    QStringList paths;
    for (int i = 0; i < m_dataset->count(); ++i) paths += m_dataset->itemData(i).toString();
    QStringList wanted;
    for (const ProjectEntry& entry : contents.datasets) wanted += entry.path;
    if (paths != wanted) {
        m_dataset->clear();
        for (const ProjectEntry& entry : contents.datasets) {
            m_dataset->addItem(entry.name, entry.path);
            m_dataset->setItemData(m_dataset->count() - 1, entry.path, Qt::ToolTipRole);
        }
        const int index = m_dataset->findData(before);
        m_dataset->setCurrentIndex(index >= 0 ? index : 0);
    }
    m_filling = false;
    m_import->setVisible(contents.datasets.isEmpty());
    m_dataset->setEnabled(!contents.datasets.isEmpty());
    QStringList taken;
    for (const RunEntry& run : contents.runs) taken += QFileInfo(run.path).fileName();
    if (taken != m_taken) {
        m_taken = taken;
        nameDefault();
    }
    if (dataset() != before) edited();
    updateStart();
}

void NewRunForm::chooseDataset(const QString& path) {
    if (path.isEmpty()) return;
    int index = m_dataset->findData(path);
    if (index < 0) {
        m_dataset->addItem(QFileInfo(path).fileName(), path);
        index = m_dataset->count() - 1;
        m_dataset->setEnabled(true);
        m_import->hide();
    }
    m_dataset->setCurrentIndex(index);
}

void NewRunForm::copyFrom(const Json& model, const Json& training, const QString& dataset, const Json& changes) {
    // The nearest preset is the one with the same shape; where none has it the settings stand as changed.
    for (const ModelPreset& preset : modelPresets()) {
        bool same = true;
        const Json shape = fieldsToJson(preset.config);
        for (const char* key : {"hidden_dim", "num_layers", "num_heads", "mlp_hidden_dim"})
            same = same && model.contains(key) && model[key] == shape[key];
        if (same) m_preset->setCurrentText(QString::fromStdString(preset.name));
    }
    m_form->reset();
    Json values = training;
    for (const auto& [key, value] : model.items()) values[key] = value;
    for (const auto& [key, value] : changes.items()) values[key] = value;
    m_form->setValues(values);
    chooseDataset(dataset);
}

void NewRunForm::edited() {
    const Json changed = m_form->changed();
    m_changedCount->setText(changed.empty() ? QString() : tr("%n changed", nullptr, static_cast<int>(changed.size())));
    m_reset->setVisible(!changed.empty());
    showProblem({});
    updateStart();
    emit draftChanged();
    if (!isVisible() || !m_form->problem().isEmpty()) return;
    const Json values = m_form->values();
    const auto number = [&](const char* key) { return values.contains(key) ? values[key].get<double>() : 0.0; };
    CostCard::Question question;
    question.preset = m_preset->currentText();
    question.dataset = dataset();
    question.arguments = configArguments(changed);
    Json model = Json::object();
    for (const auto& [key, value] : changed.items())
        if (m_modelKeys.count(key)) model[key] = value;
    question.modelArguments = configArguments(model);
    question.batch = number("batch");
    question.tokens = number("tokens");
    question.accumulation = number("accumulation");
    question.steps = number("steps");
    question.minutes = number("minutes");
    question.recompute = values.value("recompute", false);
    question.precision = QString::fromStdString(values.value("precision", std::string()));
    m_cost->ask(question);
}

void NewRunForm::activate() {
    edited();
}

void NewRunForm::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    edited();
}

void NewRunForm::setMachineBusy(bool busy) {
    m_cost->setMachineBusy(busy);
}

void NewRunForm::showProblem(const QString& text) {
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

void NewRunForm::setStarting(bool on) {
    m_starting = on;
    updateStart();
}

void NewRunForm::updateStart() {
    QString why;
    const QString name = m_name->text().trimmed();
    if (m_starting)
        why = tr("It is starting");
    else if (!m_studio.project())
        why = tr("Open a project first");
    else if (dataset().isEmpty())
        why = tr("Import a dataset first");
    else if (name.isEmpty() || name.contains(QLatin1Char('/')) || name.startsWith(QLatin1Char('.')))
        why = tr("Give the run a name that can be a folder's");
    else if (m_taken.contains(name))
        why = tr("There is a run of that name");
    else if (const QString wrong = m_form->problem(); !wrong.isEmpty())
        why = wrong;
    else if (m_cost->fit() == CostCard::Fit::TooLarge)
        why = tr("It needs more memory than the device has: lower the batch, or switch recompute on");
    m_start->setEnabled(why.isEmpty());
    m_start->setText(m_starting ? tr("Starting…") : tr("Start training"));
    m_start->setToolTip(why);
    m_start->setAccessibleDescription(why);
}

void NewRunForm::start() {
    updateStart();
    if (!m_start->isEnabled()) return showProblem(m_start->toolTip());
    QStringList arguments{"--dataset", dataset(), "--preset", m_preset->currentText()};
    emit startWanted(m_name->text().trimmed(), arguments + configArguments(m_form->changed()));
    m_nameTyped = false;
}

QVariantMap NewRunForm::draft() const {
    return {{"preset", m_preset->currentText()},
            {"dataset", dataset()},
            {"name", m_nameTyped ? m_name->text() : QString()},
            {"changed", QString::fromStdString(m_form->changed().dump())}};
}

void NewRunForm::setDraft(const QVariantMap& draft) {
    if (const int index = m_preset->findText(draft.value("preset").toString()); index >= 0)
        m_preset->setCurrentIndex(index);
    const Json changed = Json::parse(draft.value("changed").toString().toStdString(), nullptr, false);
    if (changed.is_object()) m_form->setValues(changed);
    if (const int index = m_dataset->findData(draft.value("dataset").toString()); index >= 0)
        m_dataset->setCurrentIndex(index);
    const QString name = draft.value("name").toString();
    m_nameTyped = !name.isEmpty();
    if (m_nameTyped) m_name->setText(name);
    nameDefault();
}

}  // namespace distillix::ui
