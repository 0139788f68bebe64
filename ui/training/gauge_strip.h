// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "ui/models/run_follower.h"
#include "ui/studio.h"
#include "ui/widgets/gauge/system_sampler.h"

class QVBoxLayout;

namespace distillix::ui {

class Gauge;

/// Time left, speed, memory and processors; for each NVIDIA card its memory, load, temperature and power; the share of
/// a card's stated peak (MFU) where that is known, and no such gauge where it is not. Every card has a row of its own,
/// so that nothing is cut in a window of 1280 dots.
class GaugeStrip : public QWidget {
    Q_OBJECT
  public:
    explicit GaugeStrip(Studio& studio, QWidget* parent = nullptr);
    void setRun(const RunFollower* run);
    void refresh();
    /// As the sampler says; public for tests with cards that this machine lacks.
    void showReading(const SystemReading& reading);

  protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

  private:
    void addRow(std::initializer_list<Gauge*> gauges);
    void showMfu(const SystemReading& reading);

    Studio& m_studio;
    const RunFollower* m_run = nullptr;
    SystemSampler* m_sampler;
    QVBoxLayout* m_layout = nullptr;
    Gauge *m_time = nullptr, *m_speed = nullptr, *m_memory = nullptr, *m_processor = nullptr, *m_mfu = nullptr;
    struct Card {
        Gauge *memory = nullptr, *load = nullptr, *heat = nullptr;
        double peak = 0;
    };
    std::vector<Card> m_cards;
    SystemReading m_reading;
};

}  // namespace distillix::ui
