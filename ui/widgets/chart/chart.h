// SPDX-License-Identifier: GPL-3.0-or-later
// A line chart over QCustomPlot: several runs overlaid, smoothed, in log axes, zoomed, with a crosshair and marks. A
// million points stay fluid, for what is drawn is decimated by pixel column each time the view changes (decimation.h).
#pragma once

#include <QColor>
#include <QWidget>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ui/widgets/chart/decimation.h"
#include "ui/widgets/chart/smoothing.h"

class QCPGraph;
class QCustomPlot;
class QLabel;
class QToolButton;

namespace distillix::ui {

/// Columns of numbers, all of the same length; those that serve as x ascend. Whoever owns them appends, and tells the
/// charts by Chart::columnsChanged(). Of the window's thread alone.
struct ChartColumns {
    std::map<std::string, std::vector<double>, std::less<>> columns;
    const std::vector<double>* find(std::string_view name) const {
        const auto found = columns.find(name);
        return found == columns.end() ? nullptr : &found->second;
    }
    std::size_t rows() const { return columns.empty() ? 0 : columns.begin()->second.size(); }
};

struct ChartCurve {
    QString id;    ///< unique within the chart
    QString name;  ///< for the crosshair's box and the files; never taken for HTML
    QColor colour;
    std::shared_ptr<const ChartColumns> columns;
    std::string y;        ///< the column that is drawn
    bool points = false;  ///< few values, each with a point of its own, never smoothed (validations)
    bool dashed = false;
};

/// Something that happened.
struct ChartMark {
    enum class Kind { Checkpoint, Change, Sample, Skipped, Switch, Other };
    Kind kind = Kind::Other;
    std::map<std::string, double> x;  ///< by name of the x column
    QString text;
    QColor colour;
};

class ChartLegend;

class Chart : public QWidget {
    Q_OBJECT
  public:
    enum class Axis { Number, Duration };

    explicit Chart(const QString& title, QWidget* parent = nullptr);
    ~Chart() override;

    QString title() const;
    /// What stands in the place of curves as long as there are none.
    void setEmptyText(const QString& text);
    /// Replaces all curves. What is zoomed to stays.
    void setCurves(std::vector<ChartCurve> curves);
    const std::vector<ChartCurve>& curves() const { return m_curves; }
    /// Rows of these columns from `kept` on are new. Cheap: the next replot does the work.
    void columnsChanged(const ChartColumns* columns, std::size_t kept);
    void setMarks(std::vector<ChartMark> marks);
    const std::vector<ChartMark>& marks() const { return m_marks; }

    /// Which column is x, and how its numbers are told.
    void setX(const std::string& column, Axis axis, const QString& label);
    const std::string& xColumn() const { return m_xColumn; }
    void setLogX(bool on);
    void setLogY(bool on);
    bool logX() const { return m_logX; }
    bool logY() const { return m_logY; }
    /// 0 to below 1, as TensorBoard's slider.
    void setSmoothing(double weight);
    /// The vertical range leaves outliers out.
    void setClipOutliers(bool on);

    /// Both axes follow the data again.
    void fit();
    bool follows() const { return !m_xZoomed && !m_yZoomed; }
    /// Zooms to a range of x; follows nothing until fit().
    void zoomX(double low, double high);
    void zoomY(double low, double high);
    ChartView view() const;
    ValueRange yRange() const;

    /// The crosshair at `x`, wherever the pointer is: charts show each other's.
    void showCrosshair(double x);
    void hideCrosshair();
    /// What the crosshair's box says: name and value of each curve at its x, nearest row.
    struct Reading {
        QString name;
        QColor colour;
        double x = 0, y = 0, smoothed = 0;
    };
    std::vector<Reading> readings(double x) const;

    /// The chart with title and names, for a page: "pdf" (vectors) or "png".
    QByteArray render(const QByteArray& format, const QSize& size) const;
    /// The same onto a painter, at its origin; `vectors`: not as pixels.
    void paintOn(QPainter& painter, const QSize& size, bool vectors) const;

    QCustomPlot* plot() const { return m_plot; }
    /// Points handed to QCustomPlot at the last replot, of all curves.
    std::size_t drawnPoints() const { return m_drawnPoints; }

  signals:
    void xZoomed(double low, double high);
    void fitAsked();
    void crosshairMoved(double x);
    void crosshairLeft();
    void expandAsked();
    void exportAsked();

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

  private:
    struct Drawn {
        SmoothedColumn smoothed;
        QCPGraph* raw = nullptr;
        QCPGraph* line = nullptr;
        double rawTravel = 0, lineTravel = 0;  ///< how far the lines go up and down, in values (log y: in logarithms)
    };
    class Overlay;
    class Marks;

    void refresh();
    void recolour();
    void prepare();
    void choosePens();
    void fitX();
    void fitY();
    void rebuildTickers();
    void zoomAround(double factor, double pixelX, double pixelY, bool vertical);
    void pan(double pixelsX, double pixelsY);
    bool smooths(const ChartCurve& curve) const { return m_smoothing > 0 && !curve.points; }

    QLabel* m_title = nullptr;
    QLabel* m_last = nullptr;
    ChartLegend* m_legend = nullptr;
    QCustomPlot* m_plot = nullptr;
    Overlay* m_overlay = nullptr;
    Marks* m_marksLayer = nullptr;
    QString m_emptyText;
    std::vector<ChartCurve> m_curves;
    std::vector<Drawn> m_drawn;
    std::vector<ChartMark> m_marks;
    std::string m_xColumn = "step";
    QString m_xLabel;
    Axis m_xAxis = Axis::Number;
    bool m_logX = false, m_logY = false, m_clip = false;
    double m_smoothing = 0;
    bool m_xZoomed = false, m_yZoomed = false;
    bool m_dirty = true;
    struct Prepared {
        double low = 0, high = 0;
        int columns = 0;
        bool operator==(const Prepared&) const = default;
    } m_prepared;
    ValueRange m_shown;  ///< of what was prepared
    std::size_t m_drawnPoints = 0;
    std::vector<ChartPoint> m_scratch;
    QPoint m_panFrom;
    bool m_panning = false;
};

}  // namespace distillix::ui
