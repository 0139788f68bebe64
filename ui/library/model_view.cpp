// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/library/model_view.h"

#include <QDateTime>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonDocument>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>

#include "core/interchange/model_origin.h"
#include "core/train/run_folder.h"
#include "ui/format.h"
#include "ui/jobs/background.h"
#include "ui/jobs/removal.h"
#include "ui/library/export_dialog.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

// ---- the weights' table -------------------------------------------------------------------------------------------

void WeightsModel::setWeights(const QJsonArray& weights) {
    beginResetModel();
    m_weights = weights;
    endResetModel();
}

int WeightsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_weights.size());
}

int WeightsModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : 8;
}

QVariant WeightsModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    if (role == Qt::TextAlignmentRole)
        return int((index.column() == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    const QJsonObject weights = m_weights[index.row()].toObject();
    const auto share = [&](const char* key) {
        const QJsonValue value = weights.value(QLatin1String(key));
        return value.isDouble() ? formatShare(value.toDouble()) : QString();
    };
    switch (index.column()) {
        case 0:
            return weights.value("name").toString();
        case 1:
            return QStringLiteral("%1 × %2")
                .arg(weights.value("rows").toInteger())
                .arg(weights.value("cols").toInteger());
        case 2:
            return formatNumber(weights.value("rms").toDouble(), 3);
        case 3:
            return formatNumber(weights.value("largest").toDouble(), 3);
        case 4:
            return weights.contains("gamma") ? formatNumber(weights.value("gamma").toDouble(), 3) : QString();
        case 5:
            return share("minus");
        case 6:
            return share("zero");
        case 7:
            return share("plus");
    }
    return {};
}

QVariant WeightsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return int((section == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && section == 4) return tr("γ: what the ternary weights are multiplied with");
    if (role != Qt::DisplayRole) return {};
    const QString heads[] = {tr("Weights"), tr("Shape"), tr("RMS"), tr("Largest"),
                             tr("Scale"),   tr("−1"),    tr("0"),   tr("+1")};
    return section >= 0 && section < 8 ? heads[section] : QString();
}

// ---- the view -----------------------------------------------------------------------------------------------------

struct ModelView::Lineage {
    QString path;
    QString run, dataset, state, error;
    QString source, format;  ///< of an imported model that says where it came from
    QDateTime imported;
    QStringList files;  ///< name and SHA-256
    qint64 step = -1;
    double trainLoss = -1, validationLoss = -1, bitsPerByte = -1;
    qint64 validationStep = -1;
    double bytes = 0;
    bool live = false;
};

ModelView::ModelView(Studio& studio, QWidget* parent) : QWidget(parent), m_studio(studio) {
    setObjectName("model");
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::xl, space::l, space::xl, space::l);
    layout->setSpacing(space::s);
    auto* head = new QHBoxLayout;
    head->setSpacing(space::s);
    m_title = makeLabel({}, Type::Title);
    m_title->setObjectName("model.title");
    m_delete = new QPushButton(tr("Delete…"));
    m_delete->setObjectName("model.delete");
    Theme::setDanger(m_delete);
    m_openRun = new QPushButton(tr("Show its curves"));
    m_openRun->setObjectName("model.run");
    m_benchmark = new QPushButton(tr("Benchmark"));
    m_benchmark->setObjectName("model.benchmark");
    m_export = new QPushButton(tr("Export"));
    m_export->setObjectName("model.export");
    auto* formats = new QMenu(m_export);
    for (const auto& [name, text] : ExportDialog::formats()) {
        QAction* action = formats->addAction(text);
        action->setObjectName(QStringLiteral("model.export.") + name);
        connect(action, &QAction::triggered, this, [this, format = name] { emit exportWanted(format); });
    }
    m_export->setMenu(formats);
    m_export->setProperty("menu", true);
    m_chat = new QPushButton(tr("Chat with it"));
    m_chat->setObjectName("model.chat");
    Theme::setPrimary(m_chat);
    head->addWidget(m_title, 1);
    for (QPushButton* button : {m_delete, m_openRun, m_benchmark, m_export, m_chat}) head->addWidget(button);
    layout->addLayout(head);
    m_subtitle = makeParagraph({});
    m_subtitle->setObjectName("model.subtitle");
    m_subtitle->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout->addWidget(m_subtitle);
    m_error = makeParagraph({}, Type::Body, Ink::Bad);
    m_error->setObjectName("model.error");
    m_error->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_error->hide();
    layout->addWidget(m_error);
    layout->addSpacing(space::s);

    m_tabs = new QTabWidget;
    m_tabs->setObjectName("model.tabs");
    m_tabs->setDocumentMode(true);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    auto* facts = new QWidget;
    QFormLayout* form = makeForm();
    form->setContentsMargins(0, space::l, 0, 0);
    form->setVerticalSpacing(space::m);
    facts->setLayout(form);
    m_origin = addFact(form, tr("Comes from"));
    m_data = addFact(form, tr("Trained on"));
    m_step = addFact(form, tr("Step"));
    m_losses = addFact(form, tr("Losses"));
    m_parameters = addFact(form, tr("Parameters"));
    m_ternary = addFact(form, tr("Ternary weights"));
    m_caps = addFact(form, tr("Soft-caps"));
    m_template = addFact(form, tr("Chat template"));
    m_size = addFact(form, tr("On disk"));
    m_origin->setObjectName("model.origin");
    m_data->setObjectName("model.data");
    m_losses->setObjectName("model.losses");
    m_step->setObjectName("model.step");
    m_size->setObjectName("model.size");
    m_parameters->setObjectName("model.parameters");
    scroll->setWidget(facts);
    m_tabs->addTab(scroll, tr("Overview"));
    m_table = new QTableView;
    m_table->setTabKeyNavigation(false);
    m_table->setObjectName("model.weights");
    m_table->setAccessibleName(tr("Statistics of the weights"));
    m_table->setModel(&m_weights);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    auto* weightsPage = new QWidget;
    auto* weights = new QVBoxLayout(weightsPage);
    weights->setContentsMargins(0, space::m, 0, 0);
    weights->addWidget(
        makeParagraph(tr("A healthy ternary matrix has about a third of each value. Nearly all zeros, or hardly any, "
                         "and it has stopped learning.")));
    weights->addWidget(m_table, 1);
    m_tabs->addTab(weightsPage, tr("Weights"));
    auto* configurationPage = new QScrollArea;
    configurationPage->setWidgetResizable(true);
    m_configuration = makeParagraph({}, Type::Mono, Ink::Text);
    m_configuration->setAlignment(Qt::AlignTop);
    m_configuration->setContentsMargins(0, space::m, 0, 0);
    m_configuration->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    configurationPage->setWidget(m_configuration);
    m_tabs->addTab(configurationPage, tr("Configuration"));
    layout->addWidget(m_tabs, 1);

    connect(&m_info, &VerbProcess::finished, this, [this](const VerbOutcome& outcome) {
        m_error->setVisible(!outcome.ok);
        if (outcome.ok) return fillModel(outcome.result);
        m_error->setText(outcome.text());
        for (QLabel* label : {m_parameters, m_ternary, m_caps, m_template}) label->setText(QStringLiteral("–"));
    });
    connect(m_chat, &QPushButton::clicked, this, [this] { m_studio.showPage(PageId::Chat, {{"model", m_path}}); });
    connect(m_benchmark, &QPushButton::clicked, this, [this] {
        m_studio.showPage(PageId::Benchmark, {{"model", m_path}});
    });
    connect(m_openRun, &QPushButton::clicked, this, [this] { m_studio.showPage(PageId::Train, {{"run", m_run}}); });
    connect(m_delete, &QPushButton::clicked, this, &ModelView::askToDelete);
}

void ModelView::show(const QString& path, LibraryModel::Kind kind) {
    const bool same = path == m_path;
    m_path = path;
    m_kind = kind;
    m_run = kind == LibraryModel::Kind::Run          ? path
            : kind == LibraryModel::Kind::Checkpoint ? QFileInfo(QFileInfo(path).path()).path()
                                                     : QString();
    m_title->setText(kind == LibraryModel::Kind::Checkpoint
                         ? QFileInfo(m_run).fileName() + QStringLiteral(" / ") + QFileInfo(path).fileName()
                         : QFileInfo(path).fileName());
    m_subtitle->setText(formatPath(path, 120));
    m_openRun->setVisible(!m_run.isEmpty());
    m_error->hide();
    if (!same) {
        for (QLabel* label : {m_origin, m_data, m_step, m_losses, m_size, m_parameters, m_ternary, m_caps, m_template})
            label->setText(QStringLiteral("…"));
        m_weights.setWeights({});
        m_configuration->clear();
    }
    m_info.start({"info", "model", path, "--weights"});
    readLineage();
}

void ModelView::readLineage() {
    background::run(
        [path = m_path, run = m_run, kind = m_kind] {
            Lineage lineage;
            lineage.path = path;
            lineage.bytes = bytesOnDisk(path);
            if (run.isEmpty()) {
                if (const auto origin = loadModelOrigin(path.toStdString())) {
                    lineage.source = QString::fromStdString(origin->source);
                    lineage.format = QString::fromStdString(origin->format);
                    lineage.imported =
                        QDateTime::fromString(QString::fromStdString(origin->imported), Qt::ISODateWithMs);
                    for (const ModelOrigin::File& file : origin->files)
                        lineage.files << QString::fromStdString(file.name + ", SHA-256 " + file.sha256);
                }
                return lineage;
            }
            const auto summary = readRun(run.toStdString());
            if (!summary.ok()) {
                lineage.error = QString::fromStdString(summary.error().text());
                return lineage;
            }
            lineage.run = QFileInfo(run).fileName();
            lineage.dataset = QString::fromStdString(summary->info.datasetPath);
            lineage.state = QString::fromLatin1(runStateName(summary->state));
            lineage.live = summary->state == RunState::Running || summary->state == RunState::Paused;
            lineage.step = summary->checkpoints.empty() ? summary->step : summary->checkpoints.back().step;
            if (kind == LibraryModel::Kind::Checkpoint) {
                for (const RunCheckpoint& checkpoint : summary->checkpoints)
                    if (QString::fromStdString(checkpoint.path.string()) == path) lineage.step = checkpoint.step;
            }
            const auto number = [](const nlohmann::ordered_json& line, const char* key) {
                const auto found = line.find(key);
                return found != line.end() && found->is_number() ? found->get<double>() : -1.0;
            };
            // The figures that were measured last at or before this step.
            if (const auto metrics = readRunLines(run.toStdString(), RunLog::Metrics); metrics.ok()) {
                for (const auto& line : *metrics)
                    if (number(line, "step") <= static_cast<double>(lineage.step))
                        lineage.trainLoss = number(line, "loss");
            }
            if (const auto events = readRunLines(run.toStdString(), RunLog::Events); events.ok()) {
                for (const auto& line : *events) {
                    const auto type = line.find("type");
                    if (type == line.end() || *type != "validation" ||
                        number(line, "step") > static_cast<double>(lineage.step))
                        continue;
                    lineage.validationLoss = number(line, "loss");
                    lineage.bitsPerByte = number(line, "bitsPerByte");
                    lineage.validationStep = static_cast<qint64>(number(line, "step"));
                }
            }
            return lineage;
        },
        this,
        [this](const Lineage& lineage) {
            if (lineage.path == m_path) fillLineage(lineage);
        });
}

void ModelView::fillLineage(const Lineage& lineage) {
    m_live = lineage.live;
    m_delete->setEnabled(!m_live);
    m_delete->setToolTip(m_live ? tr("A training writes here now. Stop it first.") : QString());
    m_size->setText(formatBytes(lineage.bytes));
    if (!lineage.error.isEmpty()) {
        m_error->setText(lineage.error);
        m_error->show();
    }
    if (m_run.isEmpty()) {
        QStringList origin{lineage.source.isEmpty() ? tr("imported")
                                                    : tr("imported from %1 (%2)").arg(lineage.source, lineage.format)};
        if (lineage.imported.isValid())
            origin << QLocale().toString(lineage.imported.toLocalTime(), QLocale::ShortFormat);
        m_origin->setText(origin.join(QStringLiteral(" · ")));
        m_origin->setToolTip(lineage.files.join(QLatin1Char('\n')));
        m_data->setText(tr("not known"));
        m_step->setText(QStringLiteral("–"));
        m_losses->setText(QStringLiteral("–"));
        return;
    }
    m_origin->setText(tr("the run %1 (%2)").arg(lineage.run, lineage.state));
    m_origin->setToolTip({});
    m_data->setText(formatPath(lineage.dataset, 90));
    m_step->setText(lineage.step < 0 ? QStringLiteral("–") : formatExact(lineage.step));
    QStringList losses;
    if (lineage.trainLoss >= 0) losses << tr("training %1").arg(formatNumber(lineage.trainLoss));
    if (lineage.validationLoss >= 0) {
        losses << (lineage.validationStep == lineage.step
                       ? tr("validation %1").arg(formatNumber(lineage.validationLoss))
                       : tr("validation %1 (at step %2)")
                             .arg(formatNumber(lineage.validationLoss), formatExact(lineage.validationStep)));
        if (lineage.bitsPerByte >= 0) losses << tr("%1 bits per byte").arg(formatNumber(lineage.bitsPerByte));
    }
    m_losses->setText(losses.isEmpty() ? tr("none yet") : losses.join(QStringLiteral(" · ")));
}

void ModelView::fillModel(const QJsonObject& info) {
    const double parameters = info.value("parameters").toDouble(), ternary = info.value("ternaryParameters").toDouble();
    m_parameters->setText(
        tr("%1 (%2 as float32)").arg(formatCount(parameters), formatBytes(info.value("weightBytes").toDouble())));
    const QJsonArray weights = info.value("weights").toArray();
    double minus = 0, zero = 0, plus = 0, all = 0;
    for (const QJsonValue& one : weights) {
        if (!one.toObject().contains("gamma")) continue;
        const double count = one["rows"].toDouble() * one["cols"].toDouble();
        minus += one["minus"].toDouble() * count;
        zero += one["zero"].toDouble() * count;
        plus += one["plus"].toDouble() * count;
        all += count;
    }
    m_ternary->setText(all > 0 ? tr("%1 (%2 of all): %3 are −1, %4 are 0, %5 are +1")
                                     .arg(formatCount(ternary), formatShare(ternary / parameters),
                                          formatShare(minus / all), formatShare(zero / all), formatShare(plus / all))
                               : tr("none: its projections are plain"));
    const QJsonObject config = info.value("config").toObject();
    const bool capped =
        config.value("attn_logit_soft_cap").isDouble() || config.value("final_logit_soft_cap").isDouble();
    m_caps->setText(capped ? tr("yes: exports for other programs are approximate") : tr("none: exports are exact"));
    const QJsonObject chat = info.value("template").toObject();
    m_template->setText(chat.isEmpty()
                            ? tr("no tokenizer")
                            : tr("%1 (%2)").arg(chat.value("name").toString(), chat.value("source").toString()));
    m_configuration->setText(QString::fromUtf8(QJsonDocument(config).toJson(QJsonDocument::Indented)).trimmed());
    m_weights.setWeights(weights);
    m_table->resizeColumnsToContents();
}

void ModelView::askToDelete() {
    const QString name = m_title->text();
    QString consequence;
    if (m_kind == LibraryModel::Kind::Run)
        consequence = tr("All checkpoints, curves and samples of the run go with it.");
    else if (m_kind == LibraryModel::Kind::Checkpoint)
        consequence = tr("The run's curves and its other checkpoints stay.");
    askAndRemove(this, tr("Delete \"%1\"?").arg(name), consequence, m_path, [this](const QString& error) {
        if (!error.isEmpty()) return m_studio.notify(error, Notice::Bad);
        if (Project* project = m_studio.project()) project->refresh();
    });
}

}  // namespace distillix::ui
