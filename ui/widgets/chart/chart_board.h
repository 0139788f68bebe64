// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QVariantMap>
#include <QWidget>

#include "ui/widgets/chart/chart.h"

class QComboBox;
class QGridLayout;
class QSlider;
class QToolButton;

namespace distillix::ui {

/// Charts of the same x side by side: one tool bar, one range of x, one crosshair.
class ChartBoard : public QWidget {
    Q_OBJECT
  public:
    struct XAxis {
        std::string column;
        Chart::Axis kind = Chart::Axis::Number;
        QString label;
    };
    ChartBoard(std::vector<XAxis> axes, QWidget* parent = nullptr);

    /// Placed row by row, two in a row. Object name: "chart_KEY".
    Chart* addChart(const QString& key, const QString& title);
    Chart* chart(const QString& key) const;
    const std::vector<Chart*>& charts() const { return m_charts; }
    void columnsChanged(const ChartColumns* columns, std::size_t kept);

    double smoothing() const;
    /// Shows one chart alone; null: all.
    void expand(Chart* chart);
    void fit();
    /// Axis, smoothing, log, clip: for the settings.
    QVariantMap state() const;
    void setState(const QVariantMap& state);

    /// All that is drawn, as numbers: run, chart, x, y. Copies what it needs, so that a worker can make the text.
    std::function<QByteArray()> csvMaker(const Chart* only = nullptr) const;
    /// Asks for a file and writes it on a worker; the ending decides: .png, .pdf, .csv. `only` null: all charts.
    void saveAs(const QString& file, const Chart* only = nullptr);

  signals:
    void stateChanged();
    void saved(const QString& file, const QString& problem);

  private:
    void applyAll();
    void applyAxis();
    void askWhere(const Chart* only);
    QByteArray renderAll(const QByteArray& format) const;

    std::vector<XAxis> m_axes;
    std::vector<Chart*> m_charts;
    QGridLayout* m_grid = nullptr;
    QComboBox* m_axis = nullptr;
    QToolButton *m_logX = nullptr, *m_logY = nullptr, *m_clip = nullptr;
    QSlider* m_smoothing = nullptr;
    Chart* m_expanded = nullptr;
};

}  // namespace distillix::ui
