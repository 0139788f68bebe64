// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/dataset_view.h"

#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonDocument>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>
#include <fstream>

#include "ui/data/batch_view.h"
#include "ui/data/import_request.h"
#include "ui/format.h"
#include "ui/jobs/background.h"
#include "ui/jobs/removal.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

DatasetView::DatasetView(Studio& studio, QWidget* parent) : QWidget(parent), m_studio(studio) {
    setObjectName("dataset");
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::xl, space::l, space::xl, space::l);
    layout->setSpacing(space::s);
    auto* head = new QHBoxLayout;
    head->setSpacing(space::s);
    m_title = makeLabel({}, Type::Title);
    m_title->setObjectName("dataset.title");
    m_use = new QPushButton(tr("Train on it"));
    m_use->setObjectName("dataset.train");
    Theme::setPrimary(m_use);
    m_delete = new QPushButton(tr("Delete…"));
    m_delete->setObjectName("dataset.delete");
    Theme::setDanger(m_delete);
    head->addWidget(m_title, 1);
    head->addWidget(m_delete);
    head->addWidget(m_use);
    layout->addLayout(head);
    m_subtitle = makeParagraph({});
    m_subtitle->setObjectName("dataset.subtitle");
    layout->addWidget(m_subtitle);
    m_error = makeParagraph({}, Type::Body, Ink::Bad);
    m_error->setObjectName("dataset.error");
    m_error->hide();
    layout->addWidget(m_error);
    layout->addSpacing(space::s);

    m_tabs = new QTabWidget;
    m_tabs->setObjectName("dataset.tabs");
    m_tabs->setDocumentMode(true);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    auto* facts = new QWidget;
    QFormLayout* form = makeForm();
    facts->setLayout(form);
    form->setContentsMargins(0, space::l, 0, 0);
    form->setVerticalSpacing(space::m);
    m_sources = addFact(form, tr("Made of"));
    m_train = addFact(form, tr("To train on"));
    m_validation = addFact(form, tr("Held out"));
    m_lengths = addFact(form, tr("Lengths"));
    m_tokenizer = addFact(form, tr("Tokenizer"));
    m_compression = addFact(form, tr("Compression"));
    m_padding = addFact(form, tr("Packing"));
    m_languages = addFact(form, tr("Languages"));
    m_left = addFact(form, tr("Left out"));
    m_tokenizer->setObjectName("dataset.tokenizer");
    m_compression->setObjectName("dataset.compression");
    m_padding->setObjectName("dataset.padding");
    m_left->setObjectName("dataset.left-out");
    scroll->setWidget(facts);
    m_tabs->addTab(scroll, tr("Overview"));
    m_batch = new BatchView(m_studio.theme());
    m_batch->setObjectName("dataset.batch");
    auto* batchPage = new QWidget;
    auto* batch = new QVBoxLayout(batchPage);
    batch->setContentsMargins(0, space::m, 0, 0);
    batch->addWidget(
        makeParagraph(tr("The first micro-batch of a training with seed 1. Tinted tokens are learnt, grey ones "
                         "only read.")));
    batch->addWidget(m_batch, 1);
    m_tabs->addTab(batchPage, tr("First batch"));
    auto* refusedPage = new QWidget;
    auto* refused = new QVBoxLayout(refusedPage);
    refused->setContentsMargins(0, space::m, 0, 0);
    m_refused = new QTableView;
    m_refused->setTabKeyNavigation(false);
    m_refused->setObjectName("dataset.refused");
    m_refused->setAccessibleName(tr("Records that were refused"));
    m_refused->setModel(&m_refusals);
    m_refused->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_refused->setShowGrid(false);
    m_refused->setWordWrap(false);
    m_refused->setAlternatingRowColors(true);
    m_refused->verticalHeader()->hide();
    m_refused->horizontalHeader()->setStretchLastSection(true);
    m_refused->setColumnWidth(0, 180);
    m_refused->setColumnWidth(1, 90);
    m_refused->setColumnWidth(2, 320);
    refused->addWidget(m_refused);
    m_tabs->addTab(refusedPage, tr("Refused"));
    layout->addWidget(m_tabs, 1);

    connect(&m_info, &VerbProcess::finished, this, [this](const VerbOutcome& outcome) {
        m_error->setVisible(!outcome.ok);
        if (outcome.ok)
            fill(outcome.result);
        else
            m_error->setText(outcome.text());
    });
    connect(m_use, &QPushButton::clicked, this, [this] { m_studio.showPage(PageId::Train, {{"dataset", m_path}}); });
    connect(m_delete, &QPushButton::clicked, this, &DatasetView::askToDelete);
}

void DatasetView::show(const QString& path) {
    m_path = path;
    m_title->setText(QFileInfo(path).fileName());
    m_subtitle->setText(tr("Reading…"));
    m_error->hide();
    m_refusals.clear();
    m_info.start({"info", "dataset", path, "--first-batch"});
    readRefused();
}

void DatasetView::fill(const QJsonObject& info) {
    const bool chats = info.value("kind").toString() == QStringLiteral("conversations");
    m_subtitle->setText((chats ? tr("Conversations, put as %1").arg(info.value("template").toString()) : tr("Text")) +
                        QStringLiteral("  ·  ") + formatPath(m_path));
    QStringList sources;
    for (const QJsonValue& source : info.value("sources").toArray()) {
        QString line = source["path"].toString();
        line += QStringLiteral("  –  %1, %2, %3")
                    .arg(recordShapeName(source["shape"].toString()),
                         tr("%1 records").arg(formatCount(source["records"].toDouble())),
                         formatBytes(source["bytes"].toDouble()));
        if (source["refused"].toInt() > 0)
            line += QStringLiteral(", ") + tr("%1 refused").arg(formatCount(source["refused"].toInt()));
        sources << line;
    }
    m_sources->setText(sources.join(QLatin1Char('\n')));
    const QJsonObject splits = info.value("splits").toObject(), statistics = info.value("statistics").toObject();
    const auto split = [&](const char* name) {
        const QJsonObject part = splits.value(QLatin1String(name)).toObject();
        if (part.value("documents").toDouble() <= 0) return tr("nothing");
        return tr("%1 documents, %2 tokens, of which %3 are learnt")
            .arg(formatCount(part.value("documents").toDouble()), formatCount(part.value("tokens").toDouble()),
                 formatCount(part.value("labels").toDouble()));
    };
    m_train->setText(split("train"));
    m_validation->setText(split("validation"));
    const QJsonObject train = statistics.value("train").toObject();
    const QJsonObject lengths = train.value("tokens_per_document").toObject();
    m_lengths->setText(
        tr("half have up to %1 tokens, 90% up to %2, 99% up to %3, all up to %4")
            .arg(formatCount(lengths.value("p50").toDouble()), formatCount(lengths.value("p90").toDouble()),
                 formatCount(lengths.value("p99").toDouble()), formatCount(lengths.value("longest").toDouble())));
    const QJsonObject tokenizer = info.value("tokenizer").toObject();
    m_tokenizer->setText(tokenizer.value("trained").toBool()
                             ? tr("%1 pieces, trained on %2 of this text")
                                   .arg(formatCount(tokenizer.value("pieces").toDouble()),
                                        formatBytes(tokenizer.value("sample_bytes").toDouble()))
                             : tr("%1 pieces, brought along").arg(formatCount(tokenizer.value("pieces").toDouble())));
    const double trainRatio = train.value("bytes_per_token").toDouble();
    const double validationRatio = statistics.value("validation").toObject().value("bytes_per_token").toDouble();
    m_compression->setText(validationRatio > 0 ? tr("%1 bytes of text a token; %2 in what is held out")
                                                     .arg(formatNumber(trainRatio, 3), formatNumber(validationRatio, 3))
                                               : tr("%1 bytes of text a token").arg(formatNumber(trainRatio, 3)));
    const QJsonObject padding = info.value("padding_share").toObject();
    QList<int> lengthsOfSequences;
    for (const QString& key : padding.keys()) lengthsOfSequences << key.toInt();
    std::sort(lengthsOfSequences.begin(), lengthsOfSequences.end());
    QStringList shares;
    for (const int tokens : lengthsOfSequences)
        shares << tr("%1 at %2 tokens")
                      .arg(formatShare(padding.value(QString::number(tokens)).toDouble()), formatExact(tokens));
    m_padding->setText(tr("padding: %1").arg(shares.join(QStringLiteral(", "))));
    QStringList languages;
    const QJsonObject known = info.value("languages").toObject();
    for (auto language = known.begin(); language != known.end(); ++language) {
        const QJsonValue value = language.value();
        const double documents = value.isObject() ? value["documents"].toDouble() : value.toDouble();
        languages << QStringLiteral("%1 (%2)").arg(language.key(), formatCount(documents));
    }
    m_languages->setText(languages.isEmpty() ? tr("not told apart") : languages.join(QStringLiteral(", ")));
    QStringList left;
    if (info.value("duplicates").toDouble() > 0)
        left << tr("%1 exact duplicates").arg(formatCount(info.value("duplicates").toDouble()));
    const QJsonObject reasons = info.value("refused_by_reason").toObject();
    for (auto reason = reasons.begin(); reason != reasons.end(); ++reason)
        left << QStringLiteral("%1: %2").arg(formatCount(reason.value().toDouble()), reason.key());
    const QJsonObject skipped = info.value("skipped_files").toObject();
    for (auto reason = skipped.begin(); reason != skipped.end(); ++reason)
        left << tr("%1 files: %2").arg(formatCount(reason.value().toDouble()), reason.key());
    m_left->setText(left.isEmpty() ? tr("nothing") : left.join(QLatin1Char('\n')));
    m_batch->setBatch(info.value("firstBatch").toObject());
}

void DatasetView::readRefused() {
    // refused.jsonl is there only where something was refused.
    background::run(
        [file = m_path + QStringLiteral("/refused.jsonl")] {
            QList<QJsonObject> refusals;
            std::ifstream stream(file.toStdString());
            for (std::string line; refusals.size() < RefusalModel::kMost && std::getline(stream, line);) {
                const QJsonObject refusal = QJsonDocument::fromJson(QByteArray::fromStdString(line)).object();
                if (!refusal.isEmpty()) refusals.append(refusal);
            }
            return refusals;
        },
        this,
        [this, path = m_path](const QList<QJsonObject>& refusals) {
            if (path != m_path) return;
            m_refusals.append(refusals);
            const auto count = static_cast<int>(refusals.size());
            m_tabs->setTabText(2, count > 0 ? tr("Refused (%1)").arg(formatCount(count)) : tr("Refused"));
        });
}

void DatasetView::askToDelete() {
    askAndRemove(this, tr("Delete the dataset \"%1\"?").arg(QFileInfo(m_path).fileName()),
                 tr("Runs that were trained on it stay, but cannot be resumed without it."), m_path,
                 [this](const QString& error) {
                     if (!error.isEmpty()) return m_studio.notify(error, Notice::Bad);
                     if (Project* project = m_studio.project()) project->refresh();
                     emit removed();
                 });
}

}  // namespace distillix::ui
