// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training/cost_card.h"

#include <QFile>
#include <QHBoxLayout>
#include <QJsonDocument>
#include <QLabel>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QVBoxLayout>
#include <cmath>
#include <filesystem>

#include "ui/format.h"
#include "ui/jobs/background.h"

namespace distillix::ui {
namespace {

/// Of what is free, a tenth stays for everyone else: as memoryToFill() of core has it.
constexpr double kComfortable = 0.9;
/// Operations of a micro-step below which a trial is made without being asked for: a second or two on two cores.
constexpr double kSmallTrial = 1.5e11;

/// The plan's parts in groups that people can tell apart.
struct Group {
    const char* name;
    std::vector<const char*> parts;
};
const std::vector<Group>& groups() {
    static const std::vector<Group> all = {
        {QT_TRANSLATE_NOOP("cost", "Weights"), {"parameters", "prepared weights", "rotary table"}},
        {QT_TRANSLATE_NOOP("cost", "Gradients"), {"gradients"}},
        {QT_TRANSLATE_NOOP("cost", "Optimizer"), {"optimizer"}},
        {QT_TRANSLATE_NOOP("cost", "Activations"), {"activations", "activation gradients", "batch"}},
        {QT_TRANSLATE_NOOP("cost", "Working room"), {}}};  // whatever is left
    return all;
}

QString stepTime(double seconds) {
    return seconds < 1 ? CostCard::tr("%1 ms").arg(seconds * 1000, 0, 'f', seconds < 0.01 ? 1 : 0)
                       : formatDuration(seconds);
}

}  // namespace

CostCard::CostCard(Theme& theme, QWidget* parent)
    : QFrame(parent), m_theme(theme), m_plan(new VerbProcess(this)), m_trial(new VerbProcess(this)) {
    Theme::setCard(this);
    setObjectName("costCard");
    const auto label = [](const char* name, Ink ink) {
        auto* made = new QLabel;
        made->setObjectName(name);
        made->setTextFormat(Qt::PlainText);
        made->setWordWrap(true);
        Theme::setType(made, Type::Caption);
        Theme::setInk(made, ink);
        return made;
    };
    m_head = label("costHead", Ink::Text);
    Theme::setType(m_head, Type::BodyStrong);
    m_head->setWordWrap(false);
    m_pill = label("costFit", Ink::Muted);
    m_pill->setWordWrap(false);
    m_bar = new MemoryBar;
    m_bar->setObjectName("costBar");
    m_memory = label("costMemory", Ink::Muted);
    m_disk = label("costDisk", Ink::Warning);
    m_tokens = label("costTokens", Ink::Muted);
    m_time = label("costTime", Ink::Muted);
    m_try = new QPushButton(tr("Try a step"));
    m_try->setObjectName("costTry");
    m_try->setToolTip(tr("Does one step on this machine and tells from it how long the training takes"));
    Theme::setFlat(m_try);
    connect(m_try, &QPushButton::clicked, this, &CostCard::tryStep);
    auto* head = new QHBoxLayout;
    head->setSpacing(space::s);
    head->addWidget(m_head, 1);
    head->addWidget(m_pill);
    auto* time = new QHBoxLayout;
    time->setSpacing(space::s);
    time->addWidget(m_time, 1);
    time->addWidget(m_try);
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(space::m, space::s, space::m, space::s);
    all->setSpacing(space::xs);
    all->addLayout(head);
    all->addWidget(m_bar);
    all->addWidget(m_memory);
    all->addWidget(m_disk);
    all->addWidget(m_tokens);
    all->addLayout(time);
    m_soon.setSingleShot(true);
    m_soon.setInterval(250);
    connect(&m_soon, &QTimer::timeout, this, &CostCard::askPlan);
    m_trialSoon.setSingleShot(true);
    m_trialSoon.setInterval(900);
    connect(&m_trialSoon, &QTimer::timeout, this, &CostCard::tryStep);
    connect(m_plan, &VerbProcess::finished, this, &CostCard::planAnswered);
    connect(m_trial, &VerbProcess::finished, this, &CostCard::trialAnswered);
    connect(&theme, &Theme::changed, this, &CostCard::showAll);
    showAll();
}

void CostCard::ask(const Question& question) {
    const bool sameStep =
        question.preset == m_question.preset && question.modelArguments == m_question.modelArguments &&
        question.dataset == m_question.dataset && question.batch == m_question.batch &&
        question.tokens == m_question.tokens && question.recompute == m_question.recompute &&
        question.accumulation == m_question.accumulation && question.precision == m_question.precision;
    m_question = question;
    if (!sameStep) {
        m_secondsPerStep.reset();
        m_trialProblem.clear();
        m_trialSoon.stop();
        if (m_trial->isRunning()) {
            m_dropTrial = true;
            m_trial->cancel();
        }
    }
    readDataset();
    m_soon.start();
    showAll();
}

void CostCard::readDataset() {
    if (m_question.dataset == m_datasetRead) return;
    m_datasetRead = m_question.dataset;
    m_datasetTokens = 0;
    if (m_datasetRead.isEmpty()) return;
    background::run(
        [file = m_datasetRead + "/dataset.json"] {
            QFile json(file);
            if (!json.open(QIODevice::ReadOnly)) return 0.0;
            return QJsonDocument::fromJson(json.readAll())["splits"]["train"]["tokens"].toDouble();
        },
        this,
        [this, asked = m_datasetRead](double tokens) {
            if (asked != m_datasetRead) return;
            m_datasetTokens = tokens;
            showAll();
        });
}

void CostCard::askPlan() {
    QStringList arguments{"train", "plan", "--preset", m_question.preset};
    if (!m_question.dataset.isEmpty()) arguments += {"--dataset", m_question.dataset};
    m_plan->start(arguments + m_question.arguments);
}

void CostCard::planAnswered(const VerbOutcome& outcome) {
    m_answer = outcome.ok ? outcome.result : QJsonObject();
    m_problem = outcome.ok ? QString() : outcome.text();
    m_fit = Fit::Unknown;
    if (outcome.ok) {
        const double total = m_answer["totalBytes"].toDouble(), there = m_answer["memoryBytes"].toDouble(),
                     available = m_answer["availableBytes"].toDouble();
        m_fit = there > 0 && total > there                          ? Fit::TooLarge
                : available > 0 && total > available * kComfortable ? Fit::Tight
                                                                    : Fit::Fits;
        const double operations = 6 * m_answer["parameters"].toDouble() * m_question.batch * m_question.tokens;
        if (m_fit == Fit::Fits && !m_secondsPerStep && !m_busy && operations < kSmallTrial && !m_trial->isRunning() &&
            isVisible())
            m_trialSoon.start();
        lookAtDisk();
    }
    showAll();
    emit answered();
}

void CostCard::lookAtDisk() {
    background::run(
        [place = m_question.dataset.toStdString()] {
            std::error_code error;
            const auto room = std::filesystem::space(place, error);
            return error ? -1.0 : static_cast<double>(room.available);
        },
        this,
        [this](double free) {
            m_diskFree = free;
            showAll();
        });
}

void CostCard::tryStep() {
    if (m_answer.isEmpty()) return;
    m_trialProblem.clear();
    QStringList arguments{"bench", "train", "--no-keep", "--repeat", "1", "--optimizer-repeat", "1", "--preset",
                          m_question.preset, "--batch", QString::number(m_question.batch, 'f', 0), "--tokens",
                          QString::number(m_question.tokens, 'f', 0),
                          // The dataset's tokenizer decides it, and the head takes its share of a step.
                          "--vocab-size", QString::number(m_answer["model"].toObject()["vocab_size"].toInt())};
    if (m_question.recompute) arguments += "--recompute";
    if (!m_question.precision.isEmpty()) arguments += {"--precision", m_question.precision};
    m_dropTrial = false;
    m_trial->start(arguments + m_question.modelArguments);
    showAll();
}

void CostCard::trialAnswered(const VerbOutcome& outcome) {
    if (m_dropTrial) {
        m_dropTrial = false;
    } else if (outcome.ok) {
        const double micro = outcome.result["microStepSeconds"].toObject()["median"].toDouble();
        const double optimizer = outcome.result["optimizerStepSeconds"].toObject()["median"].toDouble();
        m_secondsPerStep = micro * std::max(1.0, m_question.accumulation) + optimizer;
    } else if (outcome.code != QLatin1String("cancelled")) {
        m_trialProblem = outcome.text();
    }
    showAll();
    emit answered();
}

void CostCard::showAll() {
    const bool known = !m_answer.isEmpty();
    m_head->setText(known                 ? tr("%1 parameters").arg(formatCount(m_answer["parameters"].toDouble()))
                    : m_problem.isEmpty() ? tr("Working out what it needs…")
                                          : tr("This cannot be trained"));
    switch (m_fit) {
        case Fit::Unknown:
            m_pill->setText({});
            break;
        case Fit::Fits:
            m_pill->setText(tr("fits"));
            Theme::setInk(m_pill, Ink::Good);
            break;
        case Fit::Tight:
            m_pill->setText(tr("tight"));
            Theme::setInk(m_pill, Ink::Warning);
            break;
        case Fit::TooLarge:
            m_pill->setText(tr("will not fit"));
            Theme::setInk(m_pill, Ink::Bad);
            break;
    }
    m_bar->setVisible(known);
    if (known) {
        QJsonObject parts = m_answer["parts"].toObject();
        std::vector<MemoryBar::Part> shown;
        int series = 0;
        for (const Group& group : groups()) {
            double bytes = 0;
            for (const char* part : group.parts) {
                bytes += parts.value(QLatin1String(part)).toDouble();
                parts.remove(QLatin1String(part));
            }
            if (group.parts.empty())
                for (const auto& rest : parts) bytes += rest.toDouble();
            shown.push_back({QCoreApplication::translate("cost", group.name), bytes, m_theme.seriesColour(series++)});
        }
        m_bar->setParts(shown, m_answer["availableBytes"].toDouble(), m_answer["memoryBytes"].toDouble());
        m_memory->setText(tr("%1 of memory, %2 are free · a checkpoint %3")
                              .arg(formatBytes(m_answer["totalBytes"].toDouble()),
                                   formatBytes(m_answer["availableBytes"].toDouble()),
                                   formatBytes(m_answer["checkpointBytes"].toDouble())));
        Theme::setInk(m_memory, Ink::Muted);
    } else {
        m_memory->setText(m_problem);
        Theme::setInk(m_memory, Ink::Bad);
    }
    m_memory->setVisible(!m_memory->text().isEmpty());
    // A new checkpoint is whole before an old one goes.
    const double checkpoints = m_answer["training"].toObject()["keep_checkpoints"].toDouble() + 1;
    const double needed = checkpoints * m_answer["checkpointBytes"].toDouble();
    const bool full = known && m_diskFree >= 0 && needed > m_diskFree;
    m_disk->setText(full ? tr("The disk has room for %1; %2 checkpoints take %3. The training pauses where it is full.")
                               .arg(formatBytes(m_diskFree), formatCount(checkpoints), formatBytes(needed))
                         : QString());
    m_disk->setVisible(full);

    const double perStep = m_question.batch * m_question.tokens * m_question.accumulation;
    // Steps are what is asked for, or what the time allows at the pace that was tried.
    double steps = m_question.steps;
    if (m_secondsPerStep && *m_secondsPerStep > 0 && m_question.minutes > 0) {
        const double allowed = std::floor(m_question.minutes * 60 / *m_secondsPerStep);
        steps = steps > 0 ? std::min(steps, allowed) : allowed;
    }
    QString tokens = tr("%1 tokens a step").arg(formatCount(perStep));
    if (steps > 0) {
        tokens += tr(" · %1 in %2 steps").arg(formatCount(perStep * steps), formatCount(steps));
        const double epochs = m_datasetTokens > 0 ? perStep * steps / m_datasetTokens : 0;
        if (epochs > 0) tokens += tr(" (%1 epochs)").arg(epochs < 100 ? formatNumber(epochs, 2) : formatCount(epochs));
    }
    m_tokens->setText(known ? tokens : QString());
    m_tokens->setVisible(known);
    QString time;
    if (m_trial->isRunning())
        time = tr("Trying a step…");
    else if (!m_trialProblem.isEmpty())
        time = m_trialProblem;
    else if (m_secondsPerStep && steps > 0)
        time = tr("About %1 (%2 a step, tried here)")
                   .arg(formatDuration(steps * *m_secondsPerStep), stepTime(*m_secondsPerStep));
    else if (m_secondsPerStep)
        time = tr("%1 a step, tried here").arg(stepTime(*m_secondsPerStep));
    else if (m_question.minutes > 0)
        time = tr("%1, as asked").arg(formatDuration(m_question.minutes * 60));
    else
        time = tr("How long it takes, a trial step tells");
    m_time->setText(time);
    m_time->setVisible(known);
    m_try->setVisible(known);
    m_try->setEnabled(!m_trial->isRunning() && m_fit != Fit::TooLarge);
}

// ---- the bar --------------------------------------------------------------------------------------------------------

MemoryBar::MemoryBar(QWidget* parent) : QWidget(parent) {
    setAccessibleName(tr("Memory by part"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void MemoryBar::setParts(std::vector<Part> parts, double available, double total) {
    m_parts = std::move(parts);
    m_available = available;
    m_total = total;
    QStringList words;
    for (const Part& part : m_parts) words += part.name + QLatin1Char(' ') + formatBytes(part.bytes);
    setToolTip(words.join('\n'));
    setAccessibleDescription(words.join(QStringLiteral(", ")));
    updateGeometry();
    update();
}

QSize MemoryBar::sizeHint() const {
    const int rows = (static_cast<int>(m_parts.size()) + 1) / 2;
    return {200, 14 + rows * (fontMetrics().height() + 1)};
}

void MemoryBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    double sum = 0;
    for (const Part& part : m_parts) sum += part.bytes;
    // The whole bar is what the device has, or what is asked for where that is more.
    const double whole = std::max({sum, m_total, 1.0});
    const QRectF bar(0, 1, width(), 8);
    QPainterPath round;
    round.addRoundedRect(bar, 4, 4);
    QColor back = palette().color(QPalette::WindowText);
    back.setAlphaF(0.1f);
    painter.fillPath(round, back);
    painter.save();
    painter.setClipPath(round);
    double x = 0;
    for (const Part& part : m_parts) {
        const double size = part.bytes / whole * bar.width();
        painter.fillRect(QRectF(x, bar.top(), size, bar.height()), part.colour);
        x += size;
    }
    painter.restore();
    painter.setPen(QPen(palette().color(QPalette::WindowText), 1.5));
    if (m_available > 0 && m_available < whole) {
        const double at = m_available / whole * bar.width();
        painter.drawLine(QPointF(at, bar.top() - 1), QPointF(at, bar.bottom() + 2));
    }
    QFont small = font();
    small.setPixelSize(std::max(9, QFontInfo(font()).pixelSize() * 85 / 100));
    painter.setFont(small);
    const int row = fontMetrics().height() + 1, half = width() / 2;
    for (int i = 0; i < static_cast<int>(m_parts.size()); ++i) {
        const Part& part = m_parts[static_cast<std::size_t>(i)];
        const QRect place(i % 2 * half, 13 + i / 2 * row, half - 8, row);
        painter.setPen(Qt::NoPen);
        painter.setBrush(part.colour);
        painter.drawRoundedRect(QRectF(place.left(), place.top() + row / 2.0 - 3, 6, 6), 1.5, 1.5);
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(place.adjusted(12, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, part.name);
        painter.drawText(place.adjusted(12, 0, 0, 0), Qt::AlignRight | Qt::AlignVCenter, formatBytes(part.bytes));
    }
}

}  // namespace distillix::ui
