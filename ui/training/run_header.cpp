// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training/run_header.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

#include "ui/format.h"

namespace distillix::ui {
namespace {

constexpr double kSilentSeconds = 20;  ///< of a trainer that is said to live, before it is said to people

double lastOf(const RunFollower& run, const char* column) {
    const auto* values = run.metrics()->find(column);
    return values && !values->empty() ? values->back() : std::nan("");
}

}  // namespace

RunHeader::RunHeader(Studio& studio, QWidget* parent) : QWidget(parent), m_studio(studio) {
    setObjectName("runHeader");
    const auto label = [](const char* name, Type type, Ink ink) {
        auto* made = new QLabel;
        made->setObjectName(name);
        made->setTextFormat(Qt::PlainText);
        Theme::setType(made, type);
        Theme::setInk(made, ink);
        return made;
    };
    m_name = label("runName", Type::Subtitle, Ink::Text);
    m_state = label("runState", Type::BodyStrong, Ink::Muted);
    m_detail = label("runDetail", Type::Body, Ink::Muted);
    // Long names give way to the buttons.
    m_name->setMinimumWidth(60);
    m_detail->setMinimumWidth(60);
    m_progress = new QProgressBar;
    m_progress->setObjectName("runProgress");
    m_progress->setTextVisible(false);
    m_progress->setRange(0, 1000);
    const auto button = [this](const char* name, const QString& text, const QString& tip, auto signal) {
        auto* made = new QToolButton;
        made->setObjectName(name);
        made->setText(text);
        made->setToolTip(tip);
        made->setAccessibleName(text);
        made->setAccessibleDescription(tip);
        made->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        connect(made, &QToolButton::clicked, this, signal);
        return made;
    };
    m_pause = button("runPause", tr("Pause"), tr("The trainer waits between two steps; its memory stays taken"),
                     [this] { emit pauseAsked(false); });
    m_release = button("runPauseRelease", tr("Release"),
                       tr("Pauses behind a checkpoint and gives the memory back meanwhile; it goes on bit for bit"),
                       [this] { emit pauseAsked(true); });
    m_resume = button("runResume", tr("Resume"), tr("Goes on from where it is, or from its newest checkpoint"),
                      &RunHeader::resumeAsked);
    m_stop =
        button("runStop", tr("Stop…"), tr("Writes a checkpoint and ends; it can be resumed"), &RunHeader::stopAsked);
    m_checkpoint =
        button("runCheckpoint", tr("Checkpoint"), tr("Writes a checkpoint now"), &RunHeader::checkpointAsked);
    m_sample = button("runSample", tr("Sample…"), tr("Asks the model as it is now"), &RunHeader::sampleAsked);
    m_settings = button("runSettings", tr("Rate…"), tr("Changes the learning rate from the next step on"),
                        &RunHeader::settingsAsked);
    m_chat = button("runChat", tr("Chat"), tr("Talks to the newest checkpoint, also while it trains"),
                    &RunHeader::chatAsked);

    auto* names = new QVBoxLayout;
    names->setSpacing(2);
    auto* first = new QHBoxLayout;
    first->setSpacing(space::s);
    first->addWidget(m_name);
    first->addWidget(m_state);
    first->addStretch(1);
    names->addLayout(first);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(space::m, space::s, space::m, space::xs);
    row->setSpacing(space::xs);
    row->addLayout(names, 1);
    for (QToolButton* each : {m_resume, m_pause, m_release, m_stop, m_checkpoint, m_sample, m_settings, m_chat})
        row->addWidget(each);

    m_banner = new QFrame;
    m_banner->setObjectName("runBanner");
    Theme::setCard(m_banner);
    m_bannerTitle = label("runBannerTitle", Type::BodyStrong, Ink::Bad);
    m_bannerTitle->setWordWrap(true);
    m_bannerAdvice = label("runBannerAdvice", Type::Body, Ink::Text);
    m_bannerAdvice->setWordWrap(true);
    m_bannerLog = new QPlainTextEdit;
    m_bannerLog->setObjectName("runBannerLog");
    m_bannerLog->setReadOnly(true);
    m_bannerLog->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_bannerLog->setAccessibleName(tr("Last lines of the run's log"));
    Theme::setType(m_bannerLog, Type::Mono);
    m_bannerLog->setFixedHeight(64);
    m_bannerResume = new QPushButton(tr("Resume"));
    m_bannerResume->setObjectName("runBannerResume");
    Theme::setPrimary(m_bannerResume);
    m_bannerSmaller = new QPushButton(tr("New run with less memory…"));
    m_bannerSmaller->setObjectName("runBannerSmaller");
    connect(m_bannerResume, &QPushButton::clicked, this, &RunHeader::resumeAsked);
    connect(m_bannerSmaller, &QPushButton::clicked, this, &RunHeader::smallerAsked);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_bannerAdvice, 1);
    buttons->addWidget(m_bannerSmaller);
    buttons->addWidget(m_bannerResume);
    auto* banner = new QVBoxLayout(m_banner);
    banner->setContentsMargins(space::m, space::s, space::m, space::s);
    banner->setSpacing(space::s);
    banner->addWidget(m_bannerTitle);
    banner->addLayout(buttons);
    banner->addWidget(m_bannerLog);
    auto* bannerRow = new QHBoxLayout;
    bannerRow->setContentsMargins(space::m, 0, space::m, space::xs);
    bannerRow->addWidget(m_banner);

    auto* bar = new QVBoxLayout;
    bar->setContentsMargins(space::m, 0, space::m, space::xs);
    bar->setSpacing(space::xs);
    bar->addWidget(m_detail);
    bar->addWidget(m_progress);
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addLayout(row);
    all->addLayout(bar);
    all->addLayout(bannerRow);
    connect(&m_studio.theme(), &Theme::changed, this, &RunHeader::retint);
    retint();
    refresh();
}

void RunHeader::retint() {
    const Theme& theme = m_studio.theme();
    const std::pair<QToolButton*, const char*> icons[] = {
        {m_pause, "pause"},     {m_release, "memory"}, {m_resume, "play"},   {m_stop, "stop"},
        {m_checkpoint, "save"}, {m_sample, "sample"},  {m_settings, "edit"}, {m_chat, "chat"}};
    for (const auto& [button, name] : icons) button->setIcon(theme.icon(QLatin1String(name)));
}

void RunHeader::setRun(const RunFollower* run) {
    m_run = run;
    m_busy.clear();
    refresh();
}

void RunHeader::setBusy(const QString& text) {
    m_busy = text;
    refresh();
}

void RunHeader::refresh() {
    setVisible(m_run != nullptr);
    if (!m_run) return;
    const RunSummary& run = m_run->summary();
    const bool loaded = m_run->isLoaded();
    m_name->setText(m_run->name());
    m_name->setToolTip(m_run->path());
    QString state = loaded ? runStateText(run.state) : tr("Reading…");
    Ink ink = Ink::Muted;
    switch (run.state) {
        case RunState::Running:
            ink = Ink::Accent;
            break;
        case RunState::Finished:
            ink = Ink::Good;
            break;
        case RunState::Paused:
        case RunState::Unknown:
            ink = Ink::Warning;
            break;
        case RunState::Failed:
        case RunState::Crashed:
            ink = Ink::Bad;
            break;
        case RunState::Stopped:
            break;
    }
    if (m_run->silentSeconds() > kSilentSeconds) {
        state += tr(", silent for %1").arg(formatDuration(m_run->silentSeconds()));
        ink = Ink::Warning;
    }
    if (run.state == RunState::Paused && !run.message.empty())
        state += QStringLiteral(": ") + QString::fromStdString(run.message);
    if (!m_busy.isEmpty()) state += QStringLiteral(" · ") + m_busy;
    m_state->setText(state);
    Theme::setInk(m_state, ink);

    const std::int64_t total = m_run->totalSteps();
    const auto step = std::max<std::int64_t>(
        run.step, static_cast<std::int64_t>(std::isfinite(lastOf(*m_run, "step")) ? lastOf(*m_run, "step") : 0));
    QStringList parts;
    parts += total > 0 ? tr("step %1 of %2").arg(formatExact(step), formatExact(total))
                       : tr("step %1").arg(formatExact(step));
    if (const double tokens = lastOf(*m_run, "tokens"); std::isfinite(tokens))
        parts += tr("%1 tokens").arg(formatCount(tokens));
    if (const double elapsed = lastOf(*m_run, "elapsed"); std::isfinite(elapsed))
        parts += tr("%1 trained").arg(formatDuration(elapsed));
    const double left = m_run->lives() ? m_run->secondsLeft() : -1;
    if (left >= 0) parts += tr("%1 left").arg(formatDuration(left));
    if (!run.host.empty() && m_run->lives())
        parts += tr("process %1 on %2").arg(run.pid).arg(QString::fromStdString(run.host));
    m_detail->setText(parts.join(QStringLiteral("  ·  ")));
    m_detail->setToolTip(m_detail->text());

    double share = total > 0 ? static_cast<double>(step) / static_cast<double>(total) : 0;
    if (const double minutes = m_run->totalMinutes(); minutes > 0)
        if (const double elapsed = lastOf(*m_run, "elapsed"); std::isfinite(elapsed))
            share = std::max(share, elapsed / (minutes * 60));
    if (run.state == RunState::Finished) share = 1;
    m_progress->setValue(static_cast<int>(1000 * std::clamp(share, 0.0, 1.0)));
    m_progress->setAccessibleName(tr("%1 percent done").arg(static_cast<int>(100 * share)));

    const bool running = loaded && run.state == RunState::Running, paused = loaded && run.state == RunState::Paused;
    const bool lives = running || paused, busy = !m_busy.isEmpty();
    m_pause->setVisible(!paused && lives);
    m_pause->setEnabled(running && !busy);
    m_release->setVisible(!paused && lives);
    m_release->setEnabled(running && !busy);
    m_resume->setVisible(loaded && !running && run.state != RunState::Finished);
    m_resume->setEnabled(!busy);
    for (QToolButton* each : {m_stop, m_checkpoint, m_sample, m_settings}) {
        each->setVisible(lives);
        each->setEnabled(lives && !busy);
    }
    m_stop->setEnabled(lives);
    m_chat->setVisible(loaded);
    m_chat->setEnabled(!run.checkpoints.empty());

    const bool bad =
        loaded && (run.state == RunState::Crashed || run.state == RunState::Failed || run.state == RunState::Unknown);
    const bool unreadable = loaded && !m_run->problem().isEmpty();
    m_banner->setVisible(bad || unreadable);
    if (!bad && !unreadable) return;
    QString title = ranOutOfMemory(run) ? tr("Out of memory") : runStateText(run.state);
    if (!run.message.empty()) title += QStringLiteral(": ") + QString::fromStdString(run.message);
    if (unreadable && !bad) title = tr("The run's folder cannot be read: %1").arg(m_run->problem());
    m_bannerTitle->setText(title);
    m_bannerAdvice->setText(runAdvice(run));
    QStringList log;
    for (const auto& line : run.lastLog) log += QString::fromStdString(line);
    if (m_bannerLog->toPlainText() != log.join('\n')) m_bannerLog->setPlainText(log.join('\n'));
    m_bannerLog->setVisible(!log.isEmpty());
    m_bannerResume->setVisible(bad);
    m_bannerResume->setEnabled(!busy);
    m_bannerSmaller->setVisible(bad && ranOutOfMemory(run));
}

}  // namespace distillix::ui
