// SPDX-License-Identifier: GPL-3.0-or-later
// What lies over a chart's curves: marks of what happened, and the crosshair with its box of values. Of chart.cpp
// alone.
#pragma once

#include <optional>

#include <qcustomplot.h>

#include "ui/widgets/chart/chart.h"

namespace distillix::ui {

QFont scaledFont(const QFont& font, double factor);
/// A value with four digits, large ones short.
QString readingText(double value);

/// Marks in a strip at the top of the plot. Of those closer than their own width one is drawn.
class Chart::Marks : public QCPLayerable {
  public:
    Marks(QCustomPlot* plot, Chart& chart) : QCPLayerable(plot, "marks"), m_chart(chart) {}
    /// Its text where the pointer is on one; several at one place in lines.
    QString markAt(const QPoint& position) const;

  protected:
    void applyDefaultAntialiasingHint(QCPPainter* painter) const override;
    void draw(QCPPainter* painter) override;

  private:
    std::optional<double> pixelOf(const ChartMark& mark) const;
    Chart& m_chart;
};

/// Colours and names beside a chart's title, as many as there is room for; nothing where there is one curve alone.
class ChartLegend : public QWidget {
  public:
    ChartLegend();
    void setCurves(const std::vector<ChartCurve>& curves);

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    std::vector<std::pair<QString, QColor>> m_entries;
};

class Chart::Overlay : public QCPLayerable {
  public:
    Overlay(QCustomPlot* plot, Chart& chart) : QCPLayerable(plot, "crosshair"), m_chart(chart) {}
    void show(double x);
    void hide();
    void setMark(const QString& text) { m_mark = text; }
    void setEmptyText(const QString& text) { m_empty = text; }

  protected:
    void applyDefaultAntialiasingHint(QCPPainter* painter) const override;
    void draw(QCPPainter* painter) override;

  private:
    Chart& m_chart;
    std::optional<double> m_x;
    QString m_mark, m_empty;
};

}  // namespace distillix::ui
