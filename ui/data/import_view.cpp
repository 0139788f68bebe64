// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/import_view.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QRegularExpression>
#include <QScrollArea>
#include <QSpinBox>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/data/batch_view.h"
#include "ui/format.h"
#include "ui/jobs/background.h"
#include "ui/widgets/file_questions.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

namespace {
constexpr int kSoonMs = 350;  // of typing before the preview follows
const QString kOtherFile = QStringLiteral("?");

QTableView* makeTable(const QString& name, const QString& accessibleName, QAbstractItemModel* model) {
    auto* table = new QTableView;
    table->setTabKeyNavigation(false);  // Tab goes on, arrows move within
    table->setObjectName(name);
    table->setAccessibleName(accessibleName);
    table->setModel(model);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setShowGrid(false);
    table->setWordWrap(false);
    table->setAlternatingRowColors(true);
    table->verticalHeader()->hide();
    table->horizontalHeader()->setHighlightSections(false);
    table->horizontalHeader()->setStretchLastSection(true);
    table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    return table;
}
}  // namespace

ImportView::ImportView(Studio& studio, QWidget* parent) : QWidget(parent), m_studio(studio) {
    setObjectName("import");
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::xl, space::l, space::xl, space::l);
    layout->setSpacing(space::m);

    auto* head = new QHBoxLayout;
    head->setSpacing(space::s);
    m_title = makeLabel({}, Type::Title);
    m_title->setObjectName("import.title");
    auto* close = new QPushButton(tr("Discard"));
    close->setObjectName("import.discard");
    Theme::setFlat(close);
    head->addWidget(m_title, 1);
    head->addWidget(close);
    layout->addLayout(head);
    m_detected = makeParagraph({});
    m_detected->setObjectName("import.detected");
    layout->addWidget(m_detected);
    m_error = makeParagraph({}, Type::Body, Ink::Bad);
    m_error->setObjectName("import.error");
    m_error->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_error->hide();
    layout->addWidget(m_error);

    auto* columns = new QHBoxLayout;
    columns->setSpacing(space::l);
    columns->addWidget(makeTabs(), 1);
    columns->addWidget(makeSettings());
    layout->addLayout(columns, 1);

    m_soon.setSingleShot(true);
    connect(&m_soon, &QTimer::timeout, this, &ImportView::startPreview);
    connect(close, &QPushButton::clicked, this, [this] {
        m_import.cancel();
        m_request.sources.clear();
        m_soon.stop();
        emit draftChanged();
        emit closed();
    });
    connect(&m_preview, &VerbProcess::eventHappened, this, [this](const QJsonObject& line) {
        if (line.value("event").toString() == QStringLiteral("refused")) m_refusals.append({line});
    });
    connect(&m_preview, &VerbProcess::finished, this, &ImportView::showPreview);
    connect(&m_import, &VerbProcess::progressed, this, &ImportView::showProgress);
    connect(&m_import, &VerbProcess::finished, this, &ImportView::importEnded);
    connect(&m_studio, &Studio::projectChanged, this, [this] {
        if (const Project* project = m_studio.project())
            connect(project, &Project::changed, this, &ImportView::fillTokenizers);
        fillTokenizers();
    });
}

QWidget* ImportView::makeTabs() {
    auto* area = new QWidget;
    auto* layout = new QVBoxLayout(area);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(space::s);
    m_busy = new QProgressBar;
    m_busy->setObjectName("import.busy");
    m_busy->setRange(0, 0);
    m_busy->setTextVisible(false);
    m_busy->setAccessibleName(tr("Reading the first records"));
    QSizePolicy kept = m_busy->sizePolicy();
    kept.setRetainSizeWhenHidden(true);
    m_busy->setSizePolicy(kept);
    m_busy->hide();
    m_tabs = new QTabWidget;
    m_tabs->setObjectName("import.tabs");
    m_tabs->setDocumentMode(true);

    auto* previewPage = new QWidget;
    auto* preview = new QVBoxLayout(previewPage);
    preview->setContentsMargins(0, space::m, 0, 0);
    preview->setSpacing(space::s);
    m_source = new QComboBox;
    m_source->setObjectName("import.source");
    m_source->setAccessibleName(tr("Which of the sources is shown"));
    ignoreWheel(m_source);
    preview->addWidget(m_source);
    m_table = makeTable("import.preview", tr("The first records"), &m_rows);
    QHeaderView* header = m_table->horizontalHeader();
    header->setSectionsClickable(true);
    header->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    header->setDefaultSectionSize(320);
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(header, &QHeaderView::sectionClicked, this, &ImportView::showColumnMenu);
    // The header takes no focus; with the keyboard the same menu comes from the table (Menu key, Shift+F10).
    connect(m_table, &QWidget::customContextMenuRequested, this,
            [this] { showColumnMenu(std::max(0, m_table->currentIndex().column())); });
    m_noTable = makeParagraph({});
    m_noTable->setAlignment(Qt::AlignCenter);
    m_tableStack = new QStackedWidget;
    m_tableStack->addWidget(m_table);
    m_tableStack->addWidget(m_noTable);
    preview->addWidget(m_tableStack, 1);
    m_tabs->addTab(previewPage, tr("Records"));

    auto* batchPage = new QWidget;
    auto* batch = new QVBoxLayout(batchPage);
    batch->setContentsMargins(0, space::m, 0, 0);
    batch->setSpacing(space::s);
    m_batchNote =
        makeParagraph(tr("Each token has a tint of its own; the model learns to write the tinted ones and only "
                         "reads the grey ones."));
    batch->addWidget(m_batchNote);
    m_batch = new BatchView(m_studio.theme());
    m_batch->setObjectName("import.batch");
    batch->addWidget(m_batch, 1);
    m_tabs->addTab(batchPage, tr("First batch"));

    auto* statisticsPage = new QScrollArea;
    statisticsPage->setWidgetResizable(true);
    m_statistics = makeParagraph({}, Type::Body, Ink::Text);
    m_statistics->setObjectName("import.statistics");
    m_statistics->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_statistics->setContentsMargins(0, space::m, 0, 0);
    m_statistics->setTextInteractionFlags(Qt::TextSelectableByMouse);
    statisticsPage->setWidget(m_statistics);
    m_tabs->addTab(statisticsPage, tr("Statistics"));

    auto* refusedPage = new QWidget;
    auto* refused = new QVBoxLayout(refusedPage);
    refused->setContentsMargins(0, space::m, 0, 0);
    m_refused = makeTable("import.refused", tr("Records that cannot be used"), &m_refusals);
    m_refused->setColumnWidth(0, 180);
    m_refused->setColumnWidth(1, 90);
    m_refused->setColumnWidth(2, 300);
    refused->addWidget(m_refused);
    m_tabs->addTab(refusedPage, tr("Refused"));
    layout->addWidget(m_busy);
    layout->addWidget(m_tabs, 1);
    return area;
}

QWidget* ImportView::makeSettings() {
    auto* card = new QFrame;
    Theme::setCard(card);
    card->setFixedWidth(m_studio.theme().scaled(320));
    auto* outer = new QVBoxLayout(card);
    outer->setContentsMargins(0, 0, 0, 0);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* inner = new QWidget;
    auto* layout = new QVBoxLayout(inner);
    layout->setContentsMargins(space::l, space::l, space::l, space::l);
    layout->setSpacing(space::s);
    scroll->setWidget(inner);
    outer->addWidget(scroll, 1);
    const auto field = [&](const QString& name, QWidget* widget, const char* objectName) {
        QLabel* label = makeLabel(name, Type::Caption, Ink::Muted);
        label->setBuddy(widget);
        widget->setObjectName(QLatin1String(objectName));
        widget->setAccessibleName(name);
        layout->addWidget(label);
        layout->addWidget(widget);
        layout->addSpacing(space::xs);
    };
    m_name = new QLineEdit;
    field(tr("Name of the dataset"), m_name, "import.name");
    m_shape = new QComboBox;
    for (const QString& shape : recordShapes()) m_shape->addItem(recordShapeName(shape), shape);
    field(tr("Shape of the records"), m_shape, "import.shape");
    m_extensions = new QLineEdit;
    m_extensions->setPlaceholderText(tr("all that are text, or: py, md"));
    field(tr("File extensions of the folder"), m_extensions, "import.extensions");
    m_tokenizer = new QComboBox;
    field(tr("Tokenizer"), m_tokenizer, "import.tokenizer");
    m_vocab = new QSpinBox;
    m_vocab->setRange(300, 256000);
    m_vocab->setSingleStep(500);
    m_vocab->setGroupSeparatorShown(true);
    m_vocab->setValue(m_request.vocabSize);
    m_vocab->setSuffix(tr(" pieces"));
    field(tr("Pieces of the new tokenizer"), m_vocab, "import.vocab");
    m_tokenizerNote = makeParagraph({}, Type::Caption);
    layout->addWidget(m_tokenizerNote);
    m_validation = new QSpinBox;
    m_validation->setRange(0, 50);
    m_validation->setSuffix(tr(" %"));
    m_validation->setSpecialValueText(tr("nothing"));
    m_validation->setValue(5);
    field(tr("Held out for validation"), m_validation, "import.validation");
    m_validationFile = new QPushButton(tr("Hold out a file instead…"));
    m_validationFile->setObjectName("import.validation-file");
    Theme::setFlat(m_validationFile);
    layout->addWidget(m_validationFile, 0, Qt::AlignLeft);
    m_tokens = new QComboBox;
    for (const int tokens : {64, 128, 256, 512, 1024}) m_tokens->addItem(tr("%1 tokens").arg(tokens), tokens);
    m_tokens->setCurrentIndex(2);
    field(tr("Sequences of the first batch"), m_tokens, "import.tokens");
    m_middle = new QDoubleSpinBox;
    m_middle->setRange(0, 100);
    m_middle->setDecimals(0);
    m_middle->setSingleStep(10);
    m_middle->setSuffix(tr(" %"));
    field(tr("Code made into fill-in-the-middle tasks"), m_middle, "import.fill-in-middle");
    m_learnPrompts = new QCheckBox(tr("Learn the prompts too"));
    m_learnPrompts->setObjectName("import.learn-prompts");
    m_keepDuplicates = new QCheckBox(tr("Keep exact duplicates"));
    m_keepDuplicates->setObjectName("import.keep-duplicates");
    layout->addWidget(m_learnPrompts);
    layout->addWidget(m_keepDuplicates);
    layout->addStretch(1);

    auto* foot = new QWidget;
    auto* footLayout = new QVBoxLayout(foot);
    footLayout->setContentsMargins(space::l, space::m, space::l, space::l);
    footLayout->setSpacing(space::s);
    m_progressText = makeParagraph({}, Type::Caption);
    m_progressText->setObjectName("import.progress-text");
    m_progress = new QProgressBar;
    m_progress->setObjectName("import.progress");
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Progress of the import"));
    m_start = new QPushButton(tr("Import"));
    m_start->setObjectName("import.start");
    Theme::setPrimary(m_start);
    m_cancel = new QPushButton(tr("Cancel"));
    m_cancel->setObjectName("import.cancel");
    footLayout->addWidget(m_progressText);
    footLayout->addWidget(m_progress);
    footLayout->addWidget(m_start);
    footLayout->addWidget(m_cancel);
    outer->addWidget(foot);

    for (QWidget* widget :
         std::initializer_list<QWidget*>{m_shape, m_tokenizer, m_vocab, m_validation, m_tokens, m_middle})
        ignoreWheel(widget);
    connect(m_shape, &QComboBox::currentIndexChanged, this, &ImportView::changed);
    connect(m_tokens, &QComboBox::currentIndexChanged, this, &ImportView::changed);
    connect(m_vocab, &QSpinBox::valueChanged, this, &ImportView::changed);
    connect(m_validation, &QSpinBox::valueChanged, this, [this] {
        holdOut({});
        changed();
    });
    connect(m_middle, &QDoubleSpinBox::valueChanged, this, &ImportView::changed);
    connect(m_extensions, &QLineEdit::textChanged, this, &ImportView::changed);
    connect(m_name, &QLineEdit::textChanged, this, [this] {
        updateButtons();
        emit draftChanged();
    });
    connect(m_learnPrompts, &QCheckBox::toggled, this, &ImportView::changed);
    connect(m_keepDuplicates, &QCheckBox::toggled, this, &ImportView::changed);
    connect(m_tokenizer, &QComboBox::activated, this, [this] {
        if (m_tokenizer->currentData().toString() != kOtherFile) return changed();
        m_tokenizer->setCurrentIndex(0);
        askForFiles(this, tr("A tokenizer"), {}, tr("SentencePiece models (*.model)"),
                    [this](const QStringList& files) {
                        m_tokenizer->insertItem(1, QFileInfo(files.first()).fileName(), files.first());
                        m_tokenizer->setCurrentIndex(1);
                        changed();
                    });
    });
    connect(m_validationFile, &QPushButton::clicked, this, [this] {
        askForFiles(this, tr("A file to hold out"), {}, {}, [this](const QStringList& files) {
            holdOut(files.first());
            changed();
        });
    });
    connect(m_source, &QComboBox::currentIndexChanged, this, &ImportView::showSource);
    connect(m_start, &QPushButton::clicked, this, &ImportView::startImport);
    connect(m_cancel, &QPushButton::clicked, &m_import, &VerbProcess::cancel);
    return card;
}

void ImportView::fillTokenizers() {
    const QString chosen = m_tokenizer->currentData().toString();
    QList<QPair<QString, QString>> wanted{{tr("Train a new one on this data"), QString()}};
    if (const Project* project = m_studio.project()) {
        for (const ProjectEntry& tokenizer : project->contents().tokenizers)
            wanted.append({tokenizer.name, tokenizer.path});
        for (const ProjectEntry& dataset : project->contents().datasets)
            wanted.append({tr("that of %1").arg(dataset.name), dataset.path + QStringLiteral("/tokenizer.model")});
    }
    wanted.append({tr("Choose a file…"), kOtherFile});
    // One from elsewhere that was chosen stays.
    const bool elsewhere =
        std::none_of(wanted.begin(), wanted.end(), [&](const auto& each) { return each.second == chosen; });
    if (elsewhere) wanted.insert(1, {QFileInfo(chosen).fileName(), chosen});
    // The project changes often while something trains; an open list is not taken away for nothing.
    bool same = m_tokenizer->count() == wanted.size();
    for (int i = 0; same && i < wanted.size(); ++i)
        same = m_tokenizer->itemText(i) == wanted[i].first && m_tokenizer->itemData(i).toString() == wanted[i].second;
    if (same) return;
    m_tokenizer->clear();
    for (const auto& [text, path] : wanted) m_tokenizer->addItem(text, path);
    m_tokenizer->setCurrentIndex(std::max(0, m_tokenizer->findData(chosen)));
}

void ImportView::setSources(const QStringList& sources) {
    m_import.cancel();
    m_request.columns.clear();
    m_request.sources = sources;
    holdOut({});
    m_folder = false;
    if (sources.size() == 1) {
        background::run([path = sources.first()] { return QFileInfo(path).isDir(); }, this,
                        [this, sources](bool isFolder) {
                            if (m_request.sources != sources) return;
                            m_folder = isFolder;
                            m_validationFile->setVisible(!isFolder);
                            updateButtons();
                        });
    }
    const QSignalBlocker shapeBlocker(m_shape), extensionsBlocker(m_extensions);
    m_shape->setCurrentIndex(0);
    m_extensions->clear();
    const QString first = QFileInfo(sources.value(0)).fileName();
    m_title->setText(
        sources.size() == 1 ? first : tr("%1 and %n more", nullptr, static_cast<int>(sources.size()) - 1).arg(first));
    QStringList taken;
    if (const Project* project = m_studio.project())
        for (const ProjectEntry& dataset : project->contents().datasets) taken << dataset.name;
    m_name->setText(Project::freeName(QFileInfo(sources.value(0)).baseName(), taken));
    m_detected->setText(tr("Reading the first records…"));
    m_result = {};
    m_rows.setSource({});
    m_refusals.clear();
    fillTokenizers();
    changed();
}

QVariantMap ImportView::draft() const {
    if (m_request.sources.isEmpty()) return {};
    QVariantMap columns;
    for (auto role = m_request.columns.begin(); role != m_request.columns.end(); ++role)
        columns[role.key()] = role.value();
    return {{"sources", m_request.sources},
            {"name", m_name->text()},
            {"shape", m_shape->currentData()},
            {"columns", columns},
            {"extensions", m_extensions->text()},
            {"tokenizer", m_tokenizer->currentData()},
            {"pieces", m_vocab->value()},
            {"validation", m_validation->value()},
            {"validationFile", m_request.validationFile},
            {"tokens", m_tokens->currentData()},
            {"middle", m_middle->value()},
            {"learnPrompts", m_learnPrompts->isChecked()},
            {"keepDuplicates", m_keepDuplicates->isChecked()}};
}

void ImportView::restore(const QVariantMap& draft) {
    setSources(draft.value("sources").toStringList());
    const auto choose = [&](QComboBox* box, const char* key) {
        const int index = box->findData(draft.value(QLatin1String(key)));
        if (index >= 0) box->setCurrentIndex(index);
    };
    m_name->setText(draft.value("name").toString());
    choose(m_shape, "shape");
    choose(m_tokenizer, "tokenizer");
    choose(m_tokens, "tokens");
    m_extensions->setText(draft.value("extensions").toString());
    m_vocab->setValue(draft.value("pieces").toInt());
    m_validation->setValue(draft.value("validation").toInt());
    m_middle->setValue(draft.value("middle").toDouble());
    m_learnPrompts->setChecked(draft.value("learnPrompts").toBool());
    m_keepDuplicates->setChecked(draft.value("keepDuplicates").toBool());
    const QVariantMap columns = draft.value("columns").toMap();
    for (auto role = columns.begin(); role != columns.end(); ++role)
        m_request.columns.insert(role.key(), role->toString());
    holdOut(draft.value("validationFile").toString());
    changed();
}

void ImportView::holdOut(const QString& file) {
    m_request.validationFile = file;
    m_validationFile->setText(file.isEmpty() ? tr("Hold out a file instead…")
                                             : tr("Held out: %1").arg(QFileInfo(file).fileName()));
}

void ImportView::readSettings() {
    m_request.shape = m_shape->currentData().toString();
    m_request.tokenizer = m_tokenizer->currentData().toString();
    m_request.vocabSize = m_vocab->value();
    m_request.validationFraction = m_validation->value() / 100.0;
    m_request.fillInMiddle = m_middle->value() / 100.0;
    m_request.learnPrompts = m_learnPrompts->isChecked();
    m_request.keepDuplicates = m_keepDuplicates->isChecked();
    m_request.previewTokens = m_tokens->currentData().toInt();
    m_request.extensions.clear();
    for (const QString& part :
         m_extensions->text().split(QRegularExpression(QStringLiteral("[,;\\s]+")), Qt::SkipEmptyParts))
        m_request.extensions << (part.startsWith(QLatin1Char('.')) ? part.mid(1) : part);
}

void ImportView::changed() {
    readSettings();
    m_vocab->setEnabled(m_request.tokenizer.isEmpty());
    m_validation->setEnabled(m_request.validationFile.isEmpty());
    updateButtons();
    if (m_request.sources.isEmpty()) return;
    m_soon.start(kSoonMs);
    emit draftChanged();
}

void ImportView::startPreview() {
    m_busy->show();
    m_refusals.clear();
    m_preview.start(m_request.previewArguments());
}

void ImportView::showPreview(const VerbOutcome& outcome) {
    m_busy->hide();
    m_error->setVisible(!outcome.ok);
    if (!outcome.ok) {
        m_error->setText(outcome.text());
        m_detected->setText(tr("The files could not be read like that."));
        m_result = {};
        updateButtons();
        return;
    }
    m_result = outcome.result;
    const QJsonArray sources = m_result.value("sources").toArray();
    {
        const QSignalBlocker blocker(m_source);
        const int before = m_source->currentIndex();
        m_source->clear();
        for (const QJsonValue& source : sources) m_source->addItem(QFileInfo(source["path"].toString()).fileName());
        m_source->setCurrentIndex(before >= 0 && before < sources.size() ? before : 0);
        m_source->setVisible(sources.size() > 1);
    }
    showSource(m_source->currentIndex());
    m_batch->setBatch(m_result.value("firstBatch").toObject());
    showStatistics(m_result);
    const int refused = m_result.value("refused").toInt();
    m_tabs->setTabText(3, refused > 0 ? tr("Refused (%1)").arg(formatCount(refused)) : tr("Refused"));
    const QJsonObject tokenizer = m_result.value("tokenizer").toObject();
    m_tokenizerNote->setText(tokenizer.value("trainedForPreview").toBool()
                                 ? tr("What is shown uses one of %1 pieces made of these records alone.")
                                       .arg(formatCount(tokenizer.value("pieces").toInt()))
                                 : tr("It has %1 pieces.").arg(formatCount(tokenizer.value("pieces").toInt())));
    updateButtons();
}

void ImportView::showSource(int index) {
    const QJsonObject source = m_result.value("sources").toArray().at(std::max(0, index)).toObject();
    m_rows.setSource(source);
    QStringList facts{source.value("format").toString().toUpper()};
    if (source.value("compression").toString() != QStringLiteral("none"))
        facts << tr("packed by %1").arg(source.value("compression").toString());
    facts << source.value("encoding").toString().toUpper() << formatBytes(source.value("bytes").toDouble())
          << recordShapeName(source.value("shape").toString());
    const double seen = source.value("recordsSeen").toDouble();
    facts << (source.value("whole").toBool() ? tr("%1 records").arg(formatCount(seen))
                                             : tr("the first %1 records looked at").arg(formatCount(seen)));
    const int skipped = source.value("skippedFiles").toInt();
    if (skipped > 0) facts << tr("%n files passed over", nullptr, skipped);
    m_detected->setText(facts.join(QStringLiteral("  ·  ")));
    const bool hasTable = m_rows.columnCount() > 0;
    m_tableStack->setCurrentWidget(hasTable ? static_cast<QWidget*>(m_table) : m_noTable);
    m_noTable->setText(
        tr("This source is plain text: %1 in %2 documents. There are no columns to choose.")
            .arg(formatBytes(source.value("textBytes").toDouble()), formatCount(source.value("documents").toDouble())));
}

void ImportView::showStatistics(const QJsonObject& result) {
    const QJsonObject statistics = result.value("statistics").toObject();
    const QJsonObject lengths = statistics.value("tokensPerDocument").toObject();
    const double tokens = statistics.value("tokens").toDouble(), labels = statistics.value("labels").toDouble();
    double textBytes = 0;
    for (const QJsonValue& source : result.value("sources").toArray()) textBytes += source["textBytes"].toDouble();
    QStringList lines;
    lines << tr("Of the records looked at:");
    lines << tr("%1 documents, %2 tokens, of which the model learns %3 (%4)")
                 .arg(formatCount(statistics.value("documents").toDouble()), formatCount(tokens), formatCount(labels),
                      formatShare(tokens > 0 ? labels / tokens : 0));
    if (tokens > 0) lines << tr("%1 bytes of text a token").arg(formatNumber(textBytes / tokens, 3));
    lines << tr("Half of the documents have up to %1 tokens, 90% up to %2, 99% up to %3, all up to %4")
                 .arg(formatCount(lengths.value("p50").toDouble()), formatCount(lengths.value("p90").toDouble()),
                      formatCount(lengths.value("p99").toDouble()), formatCount(lengths.value("longest").toDouble()));
    const double duplicates = result.value("duplicates").toDouble();
    if (duplicates > 0) lines << tr("%1 exact duplicates are left out").arg(formatCount(duplicates));
    const QJsonObject reasons = result.value("refusedByReason").toObject();
    if (!reasons.isEmpty()) {
        lines << QString() << tr("Refused:");
        for (auto reason = reasons.begin(); reason != reasons.end(); ++reason)
            lines << QStringLiteral("%1  –  %2").arg(formatCount(reason.value().toDouble()), reason.key());
    }
    m_statistics->setText(lines.join(QLatin1Char('\n')));
}

void ImportView::showColumnMenu(int section) {
    const QString column = m_rows.column(section);
    if (column.isEmpty() || isImporting()) return;
    auto* menu = new QMenu(this);
    menu->setObjectName("import.column-menu");
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addSection(tr("Use \"%1\" as").arg(column));
    const QString now = m_rows.role(column);
    for (const QString& role : columnRoles()) {
        QAction* action = menu->addAction(columnRoleName(role));
        action->setObjectName("role." + role);
        action->setCheckable(true);
        action->setChecked(role == now);
        connect(action, &QAction::triggered, this, [this, role, column] {
            // A column has one use, and a use one column.
            m_request.columns.removeIf([&](auto entry) { return entry.value() == column; });
            m_request.columns.insert(role, column);
            changed();
        });
    }
    menu->addSeparator();
    QAction* reset = menu->addAction(tr("As detected"));
    reset->setObjectName("role.detected");
    reset->setEnabled(!m_request.columns.isEmpty());
    connect(reset, &QAction::triggered, this, [this] {
        m_request.columns.clear();
        changed();
    });
    const QHeaderView* header = m_table->horizontalHeader();
    menu->popup(header->mapToGlobal(QPoint(header->sectionViewportPosition(section), header->height())));
}

void ImportView::startImport() {
    Project* project = m_studio.project();
    if (!project) {
        m_studio.notify(tr("Open a project first: the dataset is put into it."), Notice::Warning);
        return;
    }
    readSettings();
    QStringList taken;
    for (const ProjectEntry& dataset : project->contents().datasets) taken << dataset.name;
    const QString name = Project::freeName(m_name->text(), taken);
    m_name->setText(name);
    m_out = project->datasetsDir() + QLatin1Char('/') + name;
    m_soon.stop();
    m_error->hide();
    m_progress->setRange(0, 0);
    m_progressText->setText(tr("Starting…"));
    m_job = m_studio.jobs().begin(tr("Importing %1").arg(name), PageId::Data);
    m_import.start(m_request.importArguments(m_out));
    updateButtons();
}

void ImportView::showProgress(const QJsonObject& line) {
    const double done = line.value("done").toDouble(), total = line.value("total").toDouble();
    const QString phase = line.value("phase").toString();
    const QString name = phase == QStringLiteral("reading")      ? tr("Reading")
                         : phase == QStringLiteral("tokenizer")  ? tr("Training the tokenizer")
                         : phase == QStringLiteral("training")   ? tr("Training the tokenizer")
                         : phase == QStringLiteral("tokenizing") ? tr("Turning text into tokens")
                         : phase == QStringLiteral("writing")    ? tr("Writing")
                                                                 : phase;
    m_progress->setRange(0, total > 0 ? 1000 : 0);
    if (total > 0) m_progress->setValue(static_cast<int>(1000 * done / total));
    QStringList parts{name};
    if (total > 0) parts << formatShare(done / total);
    const double left = line.value("secondsLeft").toDouble(-1);
    if (left >= 0) parts << tr("%1 left").arg(formatDuration(left));
    m_progressText->setText(parts.join(QStringLiteral(" · ")));
    m_studio.jobs().update(m_job, total > 0 ? done / total : -1,
                           total > 0 ? name + QLatin1Char(' ') + formatShare(done / total) : name);
}

void ImportView::importEnded(const VerbOutcome& outcome) {
    m_studio.jobs().end(m_job);
    m_progressText->clear();
    updateButtons();
    if (!outcome.ok) {
        if (outcome.cancelled()) {
            // Where it had to be killed, the outcome says so.
            m_studio.notify(outcome.message + QLatin1Char(' ') + tr("Nothing of the import was kept."));
            return;
        }
        m_error->setText(outcome.text());
        m_error->show();
        return;
    }
    if (Project* project = m_studio.project()) project->refresh();
    const QJsonObject train = outcome.result.value("train").toObject();
    m_studio.notify(
        tr("The dataset is ready: %1 documents, %2 tokens.")
            .arg(formatCount(train.value("documents").toDouble()), formatCount(train.value("tokens").toDouble())),
        Notice::Good);
    const QString dataset = outcome.result.value("dataset").toString();
    m_request.sources.clear();
    emit draftChanged();
    emit imported(dataset.isEmpty() ? m_out : dataset);
}

void ImportView::updateButtons() {
    const bool importing = isImporting();
    m_start->setVisible(!importing);
    m_cancel->setVisible(importing);
    m_progress->setVisible(importing);
    m_progressText->setVisible(importing);
    m_start->setEnabled(!m_result.isEmpty() && !m_name->text().trimmed().isEmpty());
    for (QWidget* widget :
         std::initializer_list<QWidget*>{m_name, m_shape, m_tokenizer, m_tokens, m_middle, m_learnPrompts,
                                         m_keepDuplicates, m_extensions, m_validationFile})
        widget->setEnabled(!importing);
    m_vocab->setEnabled(!importing && m_request.tokenizer.isEmpty());
    m_extensions->setVisible(m_folder);
    for (QLabel* label : findChildren<QLabel*>())
        if (label->buddy() == m_extensions) label->setVisible(m_folder);
}

}  // namespace distillix::ui
