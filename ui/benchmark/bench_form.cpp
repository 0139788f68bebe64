// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/benchmark/bench_form.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QProgressBar>
#include <QPushButton>
#include <QRegularExpression>
#include <QScrollArea>
#include <QSpinBox>
#include <QVBoxLayout>

#include "core/model/config.h"
#include "ui/format.h"

namespace distillix::ui {
namespace {

constexpr int kPathRole = Qt::UserRole + 1;    ///< of a folder; empty for a preset
constexpr int kPresetRole = Qt::UserRole + 2;  ///< of random weights

QListWidget* checkList(const char* name, const QString& accessible) {
    auto* list = new QListWidget;
    list->setObjectName(name);
    list->setAccessibleName(accessible);
    list->setSelectionMode(QAbstractItemView::NoSelection);
    list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list->setTextElideMode(Qt::ElideMiddle);
    return list;
}

QListWidgetItem* addCheck(QListWidget* list, const QString& text, bool on) {
    auto* item = new QListWidgetItem(text, list);
    item->setFlags(Qt::ItemIsUserCheckable | Qt::ItemIsEnabled);
    item->setCheckState(on ? Qt::Checked : Qt::Unchecked);
    return item;
}

void fitRows(QListWidget* list, int most) {
    const int rows = std::min(most, std::max(1, list->count()));
    list->setFixedHeight(rows * std::max(20, list->sizeHintForRow(0)) + 2 * list->frameWidth() + 4);
}

}  // namespace

BenchForm::BenchForm(Studio& studio, QWidget* parent) : QWidget(parent), m_studio(studio) {
    setObjectName("benchForm");
    auto* inside = new QWidget;
    auto* rows = new QVBoxLayout(inside);
    rows->setContentsMargins(space::m, space::m, space::m, space::m);
    rows->setSpacing(space::s);
    const auto all = std::vector<Kind>{Kind::Published, Kind::Inference, Kind::Training};
    const auto add = [&](const QString& text, QWidget* field, std::vector<Kind> kinds) {
        auto* row = new QWidget;
        auto* layout = new QVBoxLayout(row);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->setSpacing(space::xs);
        auto* label = new QLabel(text);
        label->setWordWrap(true);
        label->setBuddy(field);
        if (field->accessibleName().isEmpty()) field->setAccessibleName(text);
        Theme::setInk(label, Ink::Muted);
        layout->addWidget(label);
        layout->addWidget(field);
        rows->addWidget(row);
        m_rows.emplace_back(row, std::move(kinds));
    };
    const auto spin = [](const char* name, int low, int high, int value) {
        auto* made = new QSpinBox;
        made->setObjectName(name);
        made->setRange(low, high);
        made->setValue(value);
        made->setFocusPolicy(Qt::StrongFocus);
        return made;
    };
    m_kind = new QComboBox;
    m_kind->setObjectName("benchKind");
    m_kind->addItems({tr("The published tables"), tr("Answering speed"), tr("Training speed")});
    add(tr("What to measure"), m_kind, all);
    m_explained = new QLabel;
    m_explained->setWordWrap(true);
    Theme::setType(m_explained, Type::Caption);
    Theme::setInk(m_explained, Ink::Muted);
    rows->addWidget(m_explained);
    m_models = checkList("benchModels", tr("Models"));
    add(tr("Models"), m_models, all);
    m_devices = checkList("benchDevices", tr("Devices"));
    add(tr("Devices"), m_devices, all);
    m_threads = new QLineEdit;
    m_threads->setObjectName("benchThreads");
    m_threads->setPlaceholderText(tr("all; or 1, 2, 4"));
    add(tr("Threads"), m_threads, all);
    m_tables = checkList("benchTables", tr("Tables"));
    for (const auto& [id, text] :
         {std::pair("inference", tr("Inference by length")), std::pair("summary", tr("Summary")),
          std::pair("versions", tr("Versions (trains)")), std::pair("files", tr("Files")),
          std::pair("curves", tr("Curves (trains)")), std::pair("configuration", tr("Configuration of v0.4"))})
        addCheck(m_tables, text, true)->setData(kPathRole, QLatin1String(id));
    add(tr("Tables"), m_tables, {Kind::Published});
    m_minutes = new QDoubleSpinBox;
    m_minutes->setObjectName("benchMinutes");
    m_minutes->setRange(0, 10000);
    m_minutes->setValue(1);
    m_minutes->setFocusPolicy(Qt::StrongFocus);
    add(tr("Minutes that each scaled run trains for the curves; 0: none"), m_minutes, {Kind::Published});
    m_runV03 = new QComboBox;
    m_runV03->setObjectName("benchRunV03");
    m_runV04 = new QComboBox;
    m_runV04->setObjectName("benchRunV04");
    for (QComboBox* box : {m_runV03, m_runV04}) {
        box->setFocusPolicy(Qt::StrongFocus);
        box->addItem(tr("A scaled run"), QString());
    }
    add(tr("Beside v0.3's curve"), m_runV03, {Kind::Published});
    add(tr("Beside v0.4's curve"), m_runV04, {Kind::Published});
    m_tests = checkList("benchTests", tr("Tests"));
    for (const auto& [id, text] :
         {std::pair("forward", tr("Forward: logits of all positions")),
          std::pair("prefill", tr("Prefill: reading a prompt")), std::pair("decode", tr("Decode: a token at a time"))})
        addCheck(m_tests, text, true)->setData(kPathRole, QLatin1String(id));
    add(tr("Tests"), m_tests, {Kind::Inference});
    m_lengths = new QLineEdit("64, 128, 256, 512");
    m_lengths->setObjectName("benchLengths");
    add(tr("Sequence lengths"), m_lengths, {Kind::Inference});
    m_decode = spin("benchDecode", 1, 100000, 128);
    add(tr("Tokens that decode draws"), m_decode, {Kind::Published, Kind::Inference});
    m_batch = spin("benchBatch", 1, 4096, 2);
    add(tr("Sequences a micro-step"), m_batch, {Kind::Training});
    m_tokens = spin("benchTokens", 2, 1 << 20, 256);
    add(tr("Sequence length"), m_tokens, {Kind::Training});
    m_repeat = spin("benchRepeat", 1, 1000, 5);
    add(tr("Repetitions, of which the median counts"), m_repeat, all);
    rows->addStretch(1);
    fitRows(m_tables, 6);
    fitRows(m_tests, 3);

    auto* scroll = new QScrollArea;
    scroll->setWidget(inside);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_progressText = new QLabel;
    m_progressText->setObjectName("benchProgressText");
    m_progressText->setWordWrap(true);
    m_progressText->setTextFormat(Qt::PlainText);
    Theme::setType(m_progressText, Type::Caption);
    Theme::setInk(m_progressText, Ink::Muted);
    m_progress = new QProgressBar;
    m_progress->setObjectName("benchProgress");
    m_progress->setRange(0, 1000);
    m_progress->setTextVisible(false);
    m_start = new QPushButton(tr("Measure"));
    m_start->setObjectName("benchStart");
    Theme::setPrimary(m_start);
    m_cancel = new QPushButton(tr("Cancel"));
    m_cancel->setObjectName("benchCancel");
    connect(m_start, &QPushButton::clicked, this, &BenchForm::startAsked);
    connect(m_cancel, &QPushButton::clicked, this, &BenchForm::cancelAsked);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_start, 1);
    buttons->addWidget(m_cancel);
    auto* foot = new QVBoxLayout;
    foot->setContentsMargins(space::m, space::s, space::m, space::m);
    foot->setSpacing(space::s);
    foot->addWidget(m_progressText);
    foot->addWidget(m_progress);
    foot->addLayout(buttons);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(scroll, 1);
    layout->addLayout(foot);

    connect(m_kind, &QComboBox::currentIndexChanged, this, &BenchForm::updateRows);
    const auto check = [this] {
        const bool some = !jobs().empty();
        m_start->setEnabled(some);
        m_start->setToolTip(some ? QString() : tr("Choose a model and a device"));
    };
    for (QListWidget* list : {m_models, m_devices, m_tables, m_tests})
        connect(list, &QListWidget::itemChanged, this, check);
    connect(m_lengths, &QLineEdit::textChanged, this, check);
    connect(m_threads, &QLineEdit::textChanged, this, check);
    setContents({});
    updateRows();
    setRunning(false);
}

BenchForm::Kind BenchForm::kind() const {
    return static_cast<Kind>(std::max(0, m_kind->currentIndex()));
}

void BenchForm::updateRows() {
    for (const auto& [row, kinds] : m_rows)
        row->setVisible(std::find(kinds.begin(), kinds.end(), kind()) != kinds.end());
    static const char* const words[] = {
        QT_TR_NOOP(
            "Every table that the Python original published of itself, with this machine's figures beside it. The 100M "
            "model takes minutes on a processor; the curves train two small runs on the way."),
        QT_TR_NOOP("How many tokens a second a model reads and writes here, and what of the machine's peaks that is."),
        QT_TR_NOOP("How fast a preset trains here: a micro-step, an optimizer step, and where the time goes.")};
    m_explained->setText(tr(words[static_cast<int>(kind())]));
    // Training is measured on presets alone.
    for (int i = 0; i < m_models->count(); ++i) {
        QListWidgetItem* item = m_models->item(i);
        item->setHidden(kind() == Kind::Training && !item->data(kPathRole).toString().isEmpty());
    }
    m_start->setEnabled(!jobs().empty());
}

void BenchForm::setContents(const ProjectContents& contents) {
    // Said anew every few seconds while something trains; the lists change only where something came or went.
    QStringList offered;
    for (const RunEntry& run : contents.runs)
        if (!run.checkpoints.isEmpty()) offered += run.path;
    offered += QString();
    for (const ProjectEntry& model : contents.models) offered += model.path;
    if (m_models->count() > 0 && offered == m_offered) return;
    m_offered = offered;
    QStringList before = checked(m_models);
    if (m_models->count() == 0) before = {"100M"};
    m_models->clear();
    const auto add = [&](const QString& text, const QString& path, const QString& preset) {
        auto* item = addCheck(m_models, text,
                              before.contains(path.isEmpty() ? preset : path) || (!path.isEmpty() && path == m_wanted));
        item->setData(kPathRole, path);
        item->setData(kPresetRole, preset);
        item->setToolTip(path.isEmpty() ? tr("Random weights of the preset %1").arg(preset) : path);
    };
    for (const ModelPreset& preset : modelPresets()) {
        const QString name = QString::fromStdString(preset.name);
        add(tr("%1, random weights").arg(name), {}, name);
    }
    for (const RunEntry& run : contents.runs)
        if (!run.checkpoints.isEmpty()) add(tr("Run %1").arg(run.name), run.path, {});
    for (const ProjectEntry& model : contents.models) add(model.name, model.path, {});
    if (!m_wanted.isEmpty() && !checked(m_models).contains(m_wanted)) add(QFileInfo(m_wanted).fileName(), m_wanted, {});
    fitRows(m_models, 7);
    for (QComboBox* box : {m_runV03, m_runV04}) {
        const QString chosen = box->currentData().toString();
        while (box->count() > 1) box->removeItem(1);
        for (const RunEntry& run : contents.runs) box->addItem(run.name, run.path);
        box->setCurrentIndex(std::max(0, box->findData(chosen)));
    }
    updateRows();
}

void BenchForm::setDevices(const QJsonObject& result) {
    const QStringList before = checked(m_devices);
    m_devices->clear();
    for (const auto& each : result["devices"].toArray()) {
        const QJsonObject device = each.toObject();
        const QString name = device["name"].toString();
        auto* item = addCheck(m_devices, name + QStringLiteral(" · ") + device["device"].toString(),
                              before.isEmpty() ? m_devices->count() == 0 : before.contains(name));
        item->setData(kPathRole, name);
        item->setToolTip(tr("%1, %2 threads").arg(device["level"].toString()).arg(device["threads"].toInt()));
    }
    fitRows(m_devices, 4);
    m_start->setEnabled(!jobs().empty());
}

void BenchForm::chooseModel(const QString& path) {
    m_wanted = path;
    m_kind->setCurrentIndex(static_cast<int>(Kind::Inference));
    for (int i = 0; i < m_models->count(); ++i) m_models->item(i)->setCheckState(Qt::Unchecked);
    bool found = false;
    for (int i = 0; i < m_models->count(); ++i)
        if (m_models->item(i)->data(kPathRole).toString() == path) {
            m_models->item(i)->setCheckState(Qt::Checked);
            m_models->scrollToItem(m_models->item(i));
            found = true;
        }
    if (found) return;
    auto* item = addCheck(m_models, QFileInfo(path).fileName(), true);
    item->setData(kPathRole, path);
    item->setToolTip(path);
    m_models->scrollToItem(item);
}

QStringList BenchForm::checked(const QListWidget* list) const {
    QStringList out;
    for (int i = 0; i < list->count(); ++i) {
        const QListWidgetItem* item = list->item(i);
        if (item->checkState() != Qt::Checked || item->isHidden()) continue;
        const QString path = item->data(kPathRole).toString();
        out += path.isEmpty() ? item->data(kPresetRole).toString() : path;
    }
    return out;
}

std::vector<QStringList> BenchForm::jobs() const {
    std::vector<QStringList> out;
    static const QRegularExpression separators("[,;\\s]+");
    QStringList threads;
    for (const QString& word : m_threads->text().split(separators, Qt::SkipEmptyParts))
        if (word.toInt() > 0) threads += word;
    if (threads.isEmpty()) threads += QString();
    QStringList lengths;
    for (const QString& word : m_lengths->text().split(separators, Qt::SkipEmptyParts))
        if (word.toInt() > 0) lengths += word;
    for (int i = 0; i < m_models->count(); ++i) {
        const QListWidgetItem* item = m_models->item(i);
        if (item->checkState() != Qt::Checked || item->isHidden()) continue;
        const QString path = item->data(kPathRole).toString(), preset = item->data(kPresetRole).toString();
        for (const QString& device : checked(m_devices))
            for (const QString& count : threads) {
                QStringList one{"bench"};
                const QString repeat = QString::number(m_repeat->value());
                switch (kind()) {
                    case Kind::Published: {
                        const QStringList tables = checked(m_tables);
                        if (tables.isEmpty()) continue;
                        one += {"published",
                                "--tables",
                                tables.join(','),
                                "--curve-minutes",
                                QString::number(m_minutes->value()),
                                "--repeat",
                                repeat,
                                "--decode",
                                QString::number(m_decode->value())};
                        if (const QString run = m_runV03->currentData().toString(); !run.isEmpty())
                            one += {"--run-v03", run};
                        if (const QString run = m_runV04->currentData().toString(); !run.isEmpty())
                            one += {"--run-v04", run};
                        break;
                    }
                    case Kind::Inference: {
                        const QStringList tests = checked(m_tests);
                        if (tests.isEmpty() || lengths.isEmpty()) continue;
                        one += {"infer",     "--tests",         tests.join(','),
                                "--lengths", lengths.join(','), "--repeat",
                                repeat,      "--decode",        QString::number(m_decode->value())};
                        break;
                    }
                    case Kind::Training:
                        one += {"train",
                                "--repeat",
                                repeat,
                                "--batch",
                                QString::number(m_batch->value()),
                                "--tokens",
                                QString::number(m_tokens->value())};
                        break;
                }
                if (path.isEmpty())
                    one += {"--preset", preset};
                else
                    one += path;
                one += {"--device", device};
                if (!count.isEmpty()) one += {"--threads", count};
                out.push_back(one);
            }
    }
    return out;
}

void BenchForm::setRunning(bool on) {
    m_start->setVisible(!on);
    m_cancel->setVisible(on);
    m_progress->setVisible(on);
    m_progressText->setVisible(on || !m_progressText->text().isEmpty());
    m_cancel->setEnabled(true);
    for (const auto& [row, kinds] : m_rows) row->setEnabled(!on);
    if (!on) updateRows();
}

void BenchForm::setProgress(const QString& text, double share) {
    m_progressText->setText(text);
    m_progressText->setVisible(!text.isEmpty());
    if (share < 0) {
        m_progress->setRange(0, 0);
    } else {
        m_progress->setRange(0, 1000);
        m_progress->setValue(static_cast<int>(1000 * share));
    }
}

}  // namespace distillix::ui
