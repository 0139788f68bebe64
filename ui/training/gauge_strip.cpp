// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training/gauge_strip.h"

#include <QHBoxLayout>
#include <QSysInfo>
#include <QVBoxLayout>
#include <cmath>

#include "core/model/config.h"
#include "ui/format.h"
#include "ui/widgets/gauge/gauge.h"

namespace distillix::ui {

GaugeStrip::GaugeStrip(Studio& studio, QWidget* parent)
    : QWidget(parent), m_studio(studio), m_sampler(new SystemSampler(this)) {
    setObjectName("gaugeStrip");
    const auto gauge = [this](const char* name, const QString& text) {
        auto* made = new Gauge(text);
        made->setObjectName(name);
        return made;
    };
    m_time = gauge("gaugeTime", tr("Time left"));
    m_speed = gauge("gaugeSpeed", tr("Tokens a second"));
    m_memory = gauge("gaugeMemory", tr("Memory"));
    m_processor = gauge("gaugeProcessor", tr("Processors"));
    m_mfu = gauge("gaugeMfu", tr("Share of the card's peak (MFU)"));
    m_mfu->setParent(this);
    m_mfu->hide();
    m_layout = new QVBoxLayout(this);
    m_layout->setContentsMargins(space::m, space::xs, space::m, space::s);
    m_layout->setSpacing(space::s);
    addRow({m_time, m_speed, m_memory, m_processor});
    connect(m_sampler, &SystemSampler::sampled, this, &GaugeStrip::showReading);
    connect(&m_studio.theme(), &Theme::changed, this, [this] { showReading(m_reading); });
}

void GaugeStrip::addRow(std::initializer_list<Gauge*> gauges) {
    auto* row = new QHBoxLayout;
    row->setSpacing(space::xl);
    for (Gauge* each : gauges) row->addWidget(each, 1);
    m_layout->addLayout(row);
}

void GaugeStrip::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    m_sampler->setRunning(true);
}

void GaugeStrip::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    m_sampler->setRunning(false);
}

void GaugeStrip::setRun(const RunFollower* run) {
    m_run = run;
    for (Card& card : m_cards) card.peak = 0;
    refresh();
}

void GaugeStrip::refresh() {
    // A process of another machine may have the number of one here.
    const bool here = m_run && m_run->lives() && m_run->summary().host == QSysInfo::machineHostName().toStdString();
    m_sampler->watch(here ? m_run->summary().pid : 0);
    m_time->setVisible(m_run != nullptr);
    m_speed->setVisible(m_run != nullptr);
    if (!m_run) return;
    const double left = m_run->lives() ? m_run->secondsLeft() : -1;
    m_time->setValue(m_run->summary().state == RunState::Paused ? tr("paused")
                     : left >= 0                                ? formatDuration(left)
                     : m_run->lives()                           ? tr("not known yet")
                                                                : QStringLiteral("–"));
    const auto* speed = m_run->metrics()->find("tokensPerSecond");
    const auto* milliseconds = m_run->metrics()->find("stepMs");
    if (speed && !speed->empty()) {
        // Of the last ten steps: one alone may have waited for a checkpoint.
        const std::size_t count = std::min<std::size_t>(10, speed->size());
        double sum = 0;
        for (std::size_t i = speed->size() - count; i < speed->size(); ++i) sum += (*speed)[i];
        m_speed->setValue(formatCount(sum / static_cast<double>(count)),
                          milliseconds && !milliseconds->empty()
                              ? tr("%1 a step")
                                    .arg(milliseconds->back() < 1000 ? tr("%1 ms").arg(milliseconds->back(), 0, 'f', 0)
                                                                     : formatDuration(milliseconds->back() / 1000))
                              : QString());
    } else {
        m_speed->setValue(QStringLiteral("–"));
    }
    showMfu(m_reading);
}

void GaugeStrip::showReading(const SystemReading& reading) {
    m_reading = reading;
    const Theme& theme = m_studio.theme();
    const QColor mine = theme.seriesColour(0), others = theme.colour(Ink::Faint);
    if (reading.memoryTotal > 0) {
        const double used = reading.memoryTotal - reading.memoryAvailable;
        const double own = std::clamp(reading.processResident, 0.0, used);
        m_memory->setValue(
            formatBytes(reading.processResident >= 0 ? own : used),
            reading.processResident >= 0
                ? tr("peak %1, %2 free").arg(formatBytes(reading.processPeak), formatBytes(reading.memoryAvailable))
                : tr("%1 free").arg(formatBytes(reading.memoryAvailable)));
        m_memory->setBar({{own / reading.memoryTotal, mine}, {(used - own) / reading.memoryTotal, others}},
                         reading.processPeak > 0 ? reading.processPeak / reading.memoryTotal : -1);
    }
    if (reading.processorShare >= 0) {
        const double share = reading.processorShare;
        const double own = reading.processors > 0 && reading.processProcessors >= 0
                               ? std::min(share, reading.processProcessors / reading.processors)
                               : 0;
        m_processor->setValue(
            formatShare(share),
            reading.processProcessors >= 0
                ? tr("this run %1 of %2").arg(reading.processProcessors, 0, 'f', 1).arg(reading.processors)
                : tr("of %1").arg(reading.processors));
        m_processor->setBar({{own, mine}, {share - own, others}});
    }
    while (m_cards.size() < reading.cards.size()) {
        Card card;
        const auto number = QString::number(m_cards.size());
        const auto gauge = [&](const QString& name, const QString& text) {
            auto* made = new Gauge(text);
            made->setObjectName(name + number);
            return made;
        };
        const QString name = QString::fromStdString(reading.cards[m_cards.size()].name);
        card.memory = gauge("gaugeCardMemory", tr("%1, memory").arg(name));
        card.load = gauge("gaugeCardLoad", tr("Load"));
        card.heat = gauge("gaugeCardHeat", tr("Temperature, power"));
        if (m_cards.empty())
            addRow({card.memory, card.load, card.heat, m_mfu});
        else
            addRow({card.memory, card.load, card.heat});
        m_cards.push_back(card);
    }
    for (std::size_t i = 0; i < reading.cards.size(); ++i) {
        const CardReading& card = reading.cards[i];
        Card& shown = m_cards[i];
        const double own = std::max(0.0, card.memoryOfProcess), rest = std::max(0.0, card.memoryUsed - own);
        shown.peak = std::max(shown.peak, card.memoryOfProcess >= 0 ? own : card.memoryUsed);
        shown.memory->setValue(
            formatBytes(card.memoryOfProcess >= 0 ? own : card.memoryUsed),
            tr("peak %1, %2 free").arg(formatBytes(shown.peak), formatBytes(card.memoryTotal - card.memoryUsed)));
        if (card.memoryTotal > 0)
            shown.memory->setBar({{own / card.memoryTotal, mine}, {rest / card.memoryTotal, others}},
                                 shown.peak / card.memoryTotal);
        shown.load->setVisible(card.utilisation >= 0);
        shown.load->setValue(
            formatShare(card.utilisation),
            card.throttle.empty() ? QString() : tr("held back: %1").arg(QString::fromStdString(card.throttle)));
        shown.load->setBar({{std::max(0.0, card.utilisation), mine}});
        QStringList heat;
        if (card.celsius >= 0) heat += tr("%1 °C").arg(card.celsius, 0, 'f', 0);
        if (card.watts >= 0)
            heat += card.wattLimit > 0 ? tr("%1 of %2 W").arg(card.watts, 0, 'f', 0).arg(card.wattLimit, 0, 'f', 0)
                                       : tr("%1 W").arg(card.watts, 0, 'f', 0);
        shown.heat->setVisible(!heat.isEmpty());
        shown.heat->setValue(heat.value(0), heat.value(1));
    }
    // Processors say little where a card does the work; memory of the host still matters.
    showMfu(reading);
}

void GaugeStrip::showMfu(const SystemReading& reading) {
    double peak = 0;
    if (m_run && m_run->lives()) {
        const auto& versions = m_run->summary().info.versions;
        const auto device = versions.find("device");
        const std::string name = device != versions.end() && device->is_string() ? device->get<std::string>() : "";
        for (const CardReading& card : reading.cards)
            if (!card.name.empty() && name.find(card.name) != std::string::npos) peak = statedPeakOperations(card.name);
    }
    m_mfu->setVisible(peak > 0);
    if (peak <= 0) return;
    const auto config = modelConfigFromJson(m_run->summary().info.model);
    const auto* speed = m_run->metrics()->find("tokensPerSecond");
    if (!config.ok() || !speed || speed->empty()) return;
    // 6 operations a parameter and token, and 12·L·H·h·T of attention, as the PaLM paper (appendix B) counts them; no
    // bonus for what is computed twice.
    const double attention = 12.0 * config->numLayers * config->queryWidth() *
                             m_run->summary().info.training.value("tokens", static_cast<double>(config->maxSeqLen));
    const double operations = (6.0 * static_cast<double>(config->parameterCount()) + attention) * speed->back();
    m_mfu->setValue(formatShare(operations / peak), tr("of %1 TFLOP/s").arg(peak / 1e12, 0, 'f', 0));
    m_mfu->setBar({{operations / peak, m_studio.theme().seriesColour(0)}});
}

}  // namespace distillix::ui
