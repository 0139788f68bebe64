// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/chart/chart.h"

#include <QBuffer>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QPdfWriter>
#include <QPicture>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <limits>

#include <qcustomplot.h>

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/chart/chart_layers.h"
#include "ui/widgets/muted_text.h"

namespace distillix::ui {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

/// Ticks that people read: 1.5 M tokens, not 1500000.
QString shortNumber(double tick) {
    const double size = std::fabs(tick);
    return size >= 1e4 ? formatCount(tick) : formatNumber(tick, size != 0 && size < 1e-3 ? 3 : 5);
}

class ShortTicker : public QCPAxisTicker {
  protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override { return shortNumber(tick); }
};

class ShortLogTicker : public QCPAxisTickerLog {
  protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override { return shortNumber(tick); }
    // A range within one power of ten would have hardly a tick: then the plain ticks serve.
    QVector<double> createTickVector(double step, const QCPRange& range) override {
        QVector<double> ticks = QCPAxisTickerLog::createTickVector(step, range);
        const auto inside = std::count_if(ticks.begin(), ticks.end(), [&](double t) { return range.contains(t); });
        if (inside >= 2) return ticks;
        const double plain = QCPAxisTicker::getTickStep(range);
        return plain > 0 ? QCPAxisTicker::createTickVector(plain, range) : ticks;
    }
};

class DurationTicker : public QCPAxisTicker {
  protected:
    double getTickStep(const QCPRange& range) override {
        static const double steps[] = {1,   2,    5,    10,   15,    30,    60,    120,   300,    600,
                                       900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432800};
        const double wanted = range.size() / 5;
        for (const double step : steps)
            if (step >= wanted) return step;
        return std::ceil(wanted / 86400) * 86400;
    }
    int getSubTickCount(double) override { return 0; }
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        const auto seconds = static_cast<std::int64_t>(std::llround(tick));
        if (seconds < 0) return {};
        if (seconds >= 86400) {
            const auto hours = seconds % 86400 / 3600;
            return QString::number(seconds / 86400) + " d" + (hours ? " " + QString::number(hours) + " h" : QString());
        }
        if (seconds >= 3600)
            return QString::number(seconds / 3600) + ":" + QString::number(seconds % 3600 / 60).rightJustified(2, '0') +
                   " h";
        if (seconds >= 60)
            return QString::number(seconds / 60) + ":" + QString::number(seconds % 60).rightJustified(2, '0');
        return QString::number(seconds) + " s";
    }
};

}  // namespace

Chart::Chart(const QString& title, QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Chart: %1").arg(title));
    m_title = new QLabel(title);
    m_title->setObjectName("chartTitle");
    m_title->setTextFormat(Qt::PlainText);
    QFont bold = m_title->font();
    bold.setWeight(QFont::DemiBold);
    m_title->setFont(bold);
    m_last = new QLabel;
    m_last->setObjectName("chartLast");
    m_last->setTextFormat(Qt::PlainText);
    Theme::setInk(m_last, Ink::Muted);

    const auto button = [this](const char* name, const QString& text, const QString& tip) {
        auto* made = new QToolButton;
        made->setObjectName(name);
        made->setText(text);
        made->setToolTip(tip);
        made->setAccessibleName(tip);
        made->setAutoRaise(true);
        made->setFocusPolicy(Qt::TabFocus);
        return made;
    };
    m_legend = new ChartLegend;
    auto* expand = button("chartExpand", QStringLiteral("⤢"), tr("This chart alone, or all of them"));
    auto* more = button("chartExport", QStringLiteral("⋯"), tr("Save this chart"));
    connect(expand, &QToolButton::clicked, this, &Chart::expandAsked);
    connect(more, &QToolButton::clicked, this, &Chart::exportAsked);

    m_plot = new QCustomPlot;
    m_plot->setObjectName("plot");
    m_plot->setNoAntialiasingOnDrag(true);
    // Wide lines a piece at a time: as one path with thousands of corners they take Qt seconds.
    m_plot->setPlottingHint(QCP::phFastPolylines, true);
    m_plot->setMinimumSize(160, 110);
    m_plot->setMouseTracking(true);
    // A wheel that means no zoom scrolls the page.
    m_plot->setAttribute(Qt::WA_NoMousePropagation, false);
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->setFocusProxy(this);
    m_plot->setContextMenuPolicy(Qt::NoContextMenu);
    m_plot->axisRect()->setupFullAxesBox(false);
    m_plot->axisRect()->setAutoMargins(QCP::msLeft | QCP::msBottom);
    m_plot->axisRect()->setMargins(QMargins(0, 10, 12, 0));
    m_plot->axisRect()->setMinimumMargins(QMargins(44, 10, 12, 22));
    m_plot->xAxis2->setVisible(false);
    m_plot->yAxis2->setVisible(false);
    for (QCPAxis* axis : {m_plot->xAxis, m_plot->yAxis}) {
        axis->setTickLength(0, 4);
        axis->setSubTickLength(0, 0);
        axis->setTickLabelPadding(4);
    }
    m_plot->addLayer("marks", m_plot->layer("main"), QCustomPlot::limAbove);
    m_plot->addLayer("crosshair", m_plot->layer("overlay"), QCustomPlot::limBelow);
    // A layer of its own buffer: the crosshair moves without anything else being drawn again.
    m_plot->layer("crosshair")->setMode(QCPLayer::lmBuffered);
    m_marksLayer = new Marks(m_plot, *this);
    m_overlay = new Overlay(m_plot, *this);
    m_plot->setSelectionRectMode(QCP::srmCustom);
    connect(m_plot->selectionRect(), &QCPSelectionRect::accepted, this, [this](const QRect& rect, QMouseEvent*) {
        // A click is no rectangle.
        if (rect.width() < 6) return;
        const double low = m_plot->xAxis->pixelToCoord(rect.left()), high = m_plot->xAxis->pixelToCoord(rect.right());
        // A flat band means a range of x alone.
        if (rect.height() > 24) {
            const double top = m_plot->yAxis->pixelToCoord(rect.top());
            zoomY(m_plot->yAxis->pixelToCoord(rect.bottom()), top);
        }
        zoomX(low, high);
        emit xZoomed(low, high);
    });
    connect(m_plot, &QCustomPlot::beforeReplot, this, &Chart::prepare);
    m_plot->installEventFilter(this);

    auto* header = new QHBoxLayout;
    header->setContentsMargins(12, 8, 6, 0);
    header->setSpacing(4);
    header->addWidget(m_title);
    header->addSpacing(8);
    header->addWidget(m_last);
    header->addSpacing(8);
    header->addWidget(m_legend, 1);
    header->addWidget(expand);
    header->addWidget(more);
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 4);
    all->setSpacing(0);
    all->addLayout(header);
    all->addWidget(m_plot, 1);
    rebuildTickers();
    recolour();
}

Chart::~Chart() = default;

QString Chart::title() const {
    return m_title->text();
}

void Chart::setEmptyText(const QString& text) {
    m_emptyText = text;
    refresh();
}

void Chart::setCurves(std::vector<ChartCurve> curves) {
    // What was smoothed for a curve that stays is kept.
    std::vector<Drawn> drawn(curves.size());
    for (std::size_t i = 0; i < curves.size(); ++i)
        for (std::size_t j = 0; j < m_curves.size(); ++j)
            if (m_curves[j].id == curves[i].id && m_curves[j].columns == curves[i].columns &&
                m_curves[j].y == curves[i].y)
                drawn[i].smoothed = std::move(m_drawn[j].smoothed);
    m_plot->clearGraphs();
    // All that is faint lies below all that is strong.
    for (std::size_t i = 0; i < curves.size(); ++i) drawn[i].raw = m_plot->addGraph();
    for (std::size_t i = 0; i < curves.size(); ++i) drawn[i].line = m_plot->addGraph();
    m_curves = std::move(curves);
    m_drawn = std::move(drawn);
    m_legend->setCurves(m_curves);
    recolour();
    m_dirty = true;
    refresh();
}

void Chart::columnsChanged(const ChartColumns* columns, std::size_t kept) {
    bool mine = false;
    for (std::size_t i = 0; i < m_curves.size(); ++i) {
        if (m_curves[i].columns.get() != columns) continue;
        m_drawn[i].smoothed.cut(kept);
        mine = true;
    }
    if (!mine) return;
    m_dirty = true;
    refresh();
}

void Chart::setMarks(std::vector<ChartMark> marks) {
    m_marks = std::move(marks);
    refresh();
}

void Chart::setX(const std::string& column, Axis axis, const QString& label) {
    m_xColumn = column;
    m_xAxis = axis;
    m_xLabel = label;
    m_xZoomed = false;
    m_dirty = true;
    hideCrosshair();
    rebuildTickers();
    refresh();
}

void Chart::setLogX(bool on) {
    if (m_logX == on) return;
    m_logX = on;
    m_dirty = true;
    rebuildTickers();
    refresh();
}

void Chart::setLogY(bool on) {
    if (m_logY == on) return;
    m_logY = on;
    m_yZoomed = false;
    m_dirty = true;
    rebuildTickers();
    refresh();
}

void Chart::setSmoothing(double weight) {
    m_smoothing = std::clamp(weight, 0.0, 0.9999);
    m_dirty = true;
    recolour();
    refresh();
}

void Chart::setClipOutliers(bool on) {
    m_clip = on;
    m_dirty = true;
    refresh();
}

void Chart::rebuildTickers() {
    const auto apply = [](QCPAxis* axis, bool log, Axis kind) {
        axis->setScaleType(log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
        if (log) {
            axis->setTicker(QSharedPointer<QCPAxisTicker>(new ShortLogTicker));
        } else if (kind == Axis::Duration) {
            axis->setTicker(QSharedPointer<QCPAxisTicker>(new DurationTicker));
        } else {
            axis->setTicker(QSharedPointer<QCPAxisTicker>(new ShortTicker));
        }
        axis->ticker()->setTickCount(5);
    };
    apply(m_plot->xAxis, m_logX, m_xAxis);
    apply(m_plot->yAxis, m_logY, Axis::Number);
    m_plot->yAxis->ticker()->setTickCount(4);
}

void Chart::fit() {
    m_xZoomed = m_yZoomed = false;
    m_dirty = true;
    refresh();
}

void Chart::zoomX(double low, double high) {
    if (!(high > low) || !std::isfinite(low) || !std::isfinite(high)) return;
    m_xZoomed = true;
    m_plot->xAxis->setRange(low, high);
    refresh();
}

void Chart::zoomY(double low, double high) {
    if (!(high > low) || !std::isfinite(low) || !std::isfinite(high)) return;
    m_yZoomed = true;
    m_plot->yAxis->setRange(low, high);
    refresh();
}

ChartView Chart::view() const {
    return {m_plot->xAxis->range().lower, m_plot->xAxis->range().upper, std::max(1, m_plot->axisRect()->width()),
            m_logX, m_logY};
}

ValueRange Chart::yRange() const {
    return {m_plot->yAxis->range().lower, m_plot->yAxis->range().upper, false};
}

void Chart::refresh() {
    // What nobody sees is drawn when it is shown.
    if (isVisible()) m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void Chart::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void Chart::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange ||
        event->type() == QEvent::StyleChange)
        recolour();
}

void Chart::recolour() {
    if (!m_plot) return;
    const QPalette& colours = palette();
    const QColor text = mutedText(colours);
    QColor line = colours.color(QPalette::WindowText);
    line.setAlphaF(0.22f);
    QColor grid = colours.color(QPalette::WindowText);
    grid.setAlphaF(0.08f);
    m_plot->setBackground(Qt::NoBrush);
    m_plot->setAttribute(Qt::WA_OpaquePaintEvent, false);
    const QFont small = scaledFont(font(), 0.86);
    for (QCPAxis* axis : {m_plot->xAxis, m_plot->yAxis}) {
        axis->setBasePen(axis == m_plot->xAxis ? QPen(line, 1) : Qt::NoPen);
        axis->setTickPen(axis == m_plot->xAxis ? QPen(line, 1) : Qt::NoPen);
        axis->setSubTickPen(Qt::NoPen);
        axis->setTickLabelColor(text);
        axis->setTickLabelFont(small);
        axis->setLabelColor(text);
        axis->grid()->setPen(QPen(grid, 1));
        axis->grid()->setZeroLinePen(QPen(grid, 1));
        axis->grid()->setSubGridVisible(false);
    }
    m_plot->xAxis->grid()->setVisible(false);
    for (std::size_t i = 0; i < m_curves.size(); ++i) {
        const ChartCurve& curve = m_curves[i];
        m_drawn[i].raw->setVisible(smooths(curve));
        m_drawn[i].line->setScatterStyle(curve.points
                                             ? QCPScatterStyle(QCPScatterStyle::ssDisc, curve.colour, curve.colour, 6)
                                             : QCPScatterStyle(QCPScatterStyle::ssNone));
    }
    choosePens();
    refresh();
}

void Chart::choosePens() {
    // A line that goes up and down by more than a few pixels in each column is a band of colour, whatever its pen; Qt
    // needs seconds to stroke it with a wide antialiased one, and milliseconds with a thin plain one.
    const QCPRange range = m_plot->yAxis->range();
    const double size = m_logY ? std::log(range.upper / range.lower) : range.size();
    const double pixels = size > 0 ? m_plot->axisRect()->height() / size : 0;
    const double most = 3.0 * std::max(1, m_plot->axisRect()->width());
    for (std::size_t i = 0; i < m_curves.size(); ++i) {
        const ChartCurve& curve = m_curves[i];
        const bool rawBand = m_drawn[i].rawTravel * pixels > most, lineBand = m_drawn[i].lineTravel * pixels > most;
        QColor faint = curve.colour;
        faint.setAlphaF(0.28f);
        m_drawn[i].raw->setPen(QPen(faint, 1));
        m_drawn[i].raw->setAntialiased(!rawBand);
        m_drawn[i].line->setPen(QPen(curve.colour, lineBand ? 1 : 1.6, curve.dashed ? Qt::DashLine : Qt::SolidLine,
                                     Qt::RoundCap, Qt::RoundJoin));
        m_drawn[i].line->setAntialiased(!lineBand);
    }
}

void Chart::fitX() {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const ChartCurve& curve : m_curves) {
        const auto* x = curve.columns ? curve.columns->find(m_xColumn) : nullptr;
        if (!x || x->empty()) continue;
        double first = x->front();
        if (m_logX) {
            const auto positive = std::upper_bound(x->begin(), x->end(), 0.0);
            if (positive == x->end()) continue;
            first = *positive;
        }
        low = std::min(low, first);
        high = std::max(high, x->back());
    }
    if (!(low <= high)) {
        low = m_logX ? 1 : 0;
        high = m_xAxis == Axis::Duration ? 60 : 100;
    }
    if (low == high) {
        // One point alone: room on both sides.
        const double room = low == 0 ? 1 : std::fabs(low) * 0.5;
        low -= room;
        high += room;
    }
    // Points of their own are not cut in half by the edge.
    if (!m_curves.empty() &&
        std::all_of(m_curves.begin(), m_curves.end(), [](const auto& curve) { return curve.points; })) {
        if (m_logX) {
            const double room = std::pow(high / low, 0.02);
            low /= room;
            high *= room;
        } else {
            const double room = (high - low) * 0.02;
            low -= room;
            high += room;
        }
    }
    m_plot->xAxis->setRange(low, high);
}

void Chart::fitY() {
    ValueRange range;
    if (m_clip) {
        // The inner range of what is seen, and the whole of what is smoothed.
        for (std::size_t i = 0; i < m_curves.size(); ++i) {
            const ChartCurve& curve = m_curves[i];
            const auto* x = curve.columns ? curve.columns->find(m_xColumn) : nullptr;
            const auto* y = curve.columns ? curve.columns->find(curve.y) : nullptr;
            if (!x || !y) continue;
            const RowRange rows = visibleRows(*x, m_plot->xAxis->range().lower, m_plot->xAxis->range().upper);
            const std::span<const double> part(y->data() + rows.begin, rows.end - rows.begin);
            const ValueRange inner = innerRange(part, m_logY);
            if (!inner.empty) {
                range.add(inner.low);
                range.add(inner.high);
            }
        }
    } else {
        range = m_shown;
    }
    if (range.empty) {
        range.add(m_logY ? 0.1 : 0);
        range.add(m_logY ? 10 : 1);
    }
    if (m_logY) {
        const double low = std::log(range.low), high = std::log(range.high);
        const double room = std::max((high - low) * 0.06, 0.02);
        m_plot->yAxis->setRange(std::exp(low - room), std::exp(high + room));
    } else {
        const double size = range.high - range.low;
        const double room = size > 0 ? size * 0.06 : std::max(std::fabs(range.high) * 0.05, 1e-9);
        m_plot->yAxis->setRange(range.low - room, range.high + room);
    }
}

void Chart::prepare() {
    if (!m_xZoomed && m_dirty) fitX();
    const ChartView seen = view();
    const Prepared now{seen.low, seen.high, seen.columns};
    if (!m_dirty && now == m_prepared) return;
    m_prepared = now;
    m_dirty = false;
    m_drawnPoints = 0;
    m_shown = {};
    const auto hand = [&](QCPGraph* graph, std::span<const double> x, std::span<const double> y, double& travel) {
        decimate(x, y, seen, m_scratch);
        travel = 0;
        double before = kNoValue;
        QVector<QCPGraphData> points;
        points.reserve(static_cast<qsizetype>(m_scratch.size()));
        for (const ChartPoint& point : m_scratch) {
            points.append(QCPGraphData(point.x, point.y));
            const double height = m_logY ? std::log(point.y) : point.y;
            if (std::isfinite(height) && std::isfinite(before)) travel += std::fabs(height - before);
            before = height;
            if (std::isfinite(point.y) && point.x >= seen.low && point.x <= seen.high) m_shown.add(point.y);
        }
        m_drawnPoints += m_scratch.size();
        graph->data()->set(points, true);
    };
    QString last;
    for (std::size_t i = 0; i < m_curves.size(); ++i) {
        const ChartCurve& curve = m_curves[i];
        Drawn& drawn = m_drawn[i];
        const auto* x = curve.columns ? curve.columns->find(m_xColumn) : nullptr;
        const auto* y = curve.columns ? curve.columns->find(curve.y) : nullptr;
        if (!x || !y || x->size() != y->size()) {
            drawn.raw->data()->clear();
            drawn.line->data()->clear();
            continue;
        }
        if (smooths(curve)) {
            drawn.smoothed.setWeight(m_smoothing);
            drawn.smoothed.follow(*y);
            hand(drawn.raw, *x, *y, drawn.rawTravel);
            hand(drawn.line, *x, drawn.smoothed.values(), drawn.lineTravel);
        } else {
            drawn.raw->data()->clear();
            hand(drawn.line, *x, *y, drawn.lineTravel);
        }
        if (last.isEmpty() && !curve.points && !y->empty())
            last = readingText(smooths(curve) ? drawn.smoothed.values().back() : y->back());
    }
    if (!m_yZoomed) fitY();
    choosePens();
    if (last != m_last->text()) m_last->setText(last);
    setAccessibleDescription(last.isEmpty() ? m_emptyText : tr("last value %1").arg(last));
    m_overlay->setEmptyText(m_drawnPoints == 0 ? m_emptyText : QString());
}

std::vector<Chart::Reading> Chart::readings(double at) const {
    std::vector<Reading> out;
    for (std::size_t i = 0; i < m_curves.size(); ++i) {
        const ChartCurve& curve = m_curves[i];
        const auto* x = curve.columns ? curve.columns->find(m_xColumn) : nullptr;
        const auto* y = curve.columns ? curve.columns->find(curve.y) : nullptr;
        if (!x || !y || x->empty() || x->size() != y->size()) continue;
        auto row = static_cast<std::size_t>(std::lower_bound(x->begin(), x->end(), at) - x->begin());
        if (row == x->size()) --row;
        if (row > 0 && at - (*x)[row - 1] < (*x)[row] - at) --row;
        // A run that ended long before has nothing to say here.
        const double reach = m_plot->xAxis->range().size() * 0.02;
        if (!curve.points && (at > x->back() + reach || at < x->front() - reach)) continue;
        const auto& smoothed = m_drawn[i].smoothed.values();
        out.push_back({curve.name, curve.colour, (*x)[row], (*y)[row],
                       smooths(curve) && row < smoothed.size() ? smoothed[row] : kNoValue});
    }
    return out;
}

void Chart::showCrosshair(double x) {
    m_overlay->show(x);
}

void Chart::hideCrosshair() {
    if (m_overlay) m_overlay->hide();
}

void Chart::zoomAround(double factor, double pixelX, double pixelY, bool vertical) {
    QCPAxis* axis = vertical ? m_plot->yAxis : m_plot->xAxis;
    axis->scaleRange(factor, axis->pixelToCoord(vertical ? pixelY : pixelX));
    const QCPRange range = axis->range();
    if (vertical) {
        m_yZoomed = true;
    } else {
        m_xZoomed = true;
        emit xZoomed(range.lower, range.upper);
    }
    refresh();
}

void Chart::pan(double pixelsX, double pixelsY) {
    const auto move = [](QCPAxis* axis, double pixels) {
        const double from = axis->coordToPixel(axis->range().lower), to = axis->coordToPixel(axis->range().upper);
        axis->setRange(axis->pixelToCoord(from - pixels), axis->pixelToCoord(to - pixels));
    };
    move(m_plot->xAxis, pixelsX);
    m_xZoomed = true;
    if (pixelsY != 0 && m_yZoomed) move(m_plot->yAxis, pixelsY);
    emit xZoomed(m_plot->xAxis->range().lower, m_plot->xAxis->range().upper);
    refresh();
}

void Chart::keyPressEvent(QKeyEvent* event) {
    const double middleX = m_plot->axisRect()->center().x(), middleY = m_plot->axisRect()->center().y();
    const double way = m_plot->axisRect()->width() / 8.0;
    switch (event->key()) {
        case Qt::Key_Plus:
        case Qt::Key_Equal:
            return zoomAround(0.8, middleX, middleY, event->modifiers() & Qt::ControlModifier);
        case Qt::Key_Minus:
            return zoomAround(1.25, middleX, middleY, event->modifiers() & Qt::ControlModifier);
        case Qt::Key_Left:
            return pan(way, 0);
        case Qt::Key_Right:
            return pan(-way, 0);
        case Qt::Key_F:
        case Qt::Key_0:
            emit fitAsked();
            return fit();
        default:
            QWidget::keyPressEvent(event);
    }
}

bool Chart::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_plot) return QWidget::eventFilter(watched, event);
    switch (event->type()) {
        case QEvent::Wheel: {
            auto* wheel = static_cast<QWheelEvent*>(event);
            const double turns = wheel->angleDelta().y() / 120.0;
            // A page that scrolls goes on scrolling where no key says that a zoom is meant.
            if (!(wheel->modifiers() & (Qt::ControlModifier | Qt::ShiftModifier)) || turns == 0) {
                event->ignore();
                return true;
            }
            zoomAround(std::pow(0.85, turns), wheel->position().x(), wheel->position().y(),
                       wheel->modifiers() & Qt::ShiftModifier);
            return true;
        }
        case QEvent::MouseButtonPress: {
            auto* mouse = static_cast<QMouseEvent*>(event);
            setFocus(Qt::MouseFocusReason);
            if (mouse->button() == Qt::MiddleButton ||
                (mouse->button() == Qt::LeftButton && mouse->modifiers() & Qt::ShiftModifier)) {
                m_panning = true;
                m_panFrom = mouse->pos();
                m_plot->setCursor(Qt::ClosedHandCursor);
                return true;
            }
            if (mouse->button() == Qt::RightButton) {
                emit exportAsked();
                return true;
            }
            return false;
        }
        case QEvent::MouseMove: {
            auto* mouse = static_cast<QMouseEvent*>(event);
            if (m_panning) {
                const QPoint way = mouse->pos() - m_panFrom;
                m_panFrom = mouse->pos();
                pan(way.x(), way.y());
                return true;
            }
            if (m_plot->axisRect()->rect().contains(mouse->pos())) {
                emit crosshairMoved(m_plot->xAxis->pixelToCoord(mouse->pos().x()));
                m_overlay->setMark(m_marksLayer->markAt(mouse->pos()));
                showCrosshair(m_plot->xAxis->pixelToCoord(mouse->pos().x()));
            } else {
                emit crosshairLeft();
                hideCrosshair();
            }
            return false;
        }
        case QEvent::MouseButtonRelease:
            if (m_panning) {
                m_panning = false;
                m_plot->unsetCursor();
                return true;
            }
            return false;
        case QEvent::MouseButtonDblClick:
            emit fitAsked();
            fit();
            return true;
        case QEvent::Leave:
            emit crosshairLeft();
            hideCrosshair();
            return false;
        default:
            return false;
    }
}

void Chart::paintOn(QPainter& painter, const QSize& size, bool vectors) const {
    const int head = 34, legendRow = 18;
    const auto rows = static_cast<int>(m_curves.size());
    const QSize body(size.width(), std::max(80, size.height() - head - legendRow * rows));
    painter.fillRect(QRect(QPoint(), size), palette().color(QPalette::Base));
    painter.setPen(palette().color(QPalette::WindowText));
    QFont bold = m_title->font();
    bold.setPixelSize(15);
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.drawText(QRect(12, 8, size.width() - 24, 22), Qt::AlignLeft | Qt::AlignVCenter,
                     m_title->text() + (m_xLabel.isEmpty() ? QString() : QStringLiteral("  ·  ") + m_xLabel));
    QFont plain = font();
    plain.setPixelSize(11);
    painter.setFont(plain);
    for (int i = 0; i < rows; ++i) {
        const auto& curve = m_curves[static_cast<std::size_t>(i)];
        const int top = head + body.height() + legendRow * i;
        painter.fillRect(QRect(16, top + 8, 14, 3), curve.colour);
        painter.drawText(QRect(38, top, size.width() - 50, legendRow), Qt::AlignLeft | Qt::AlignVCenter, curve.name);
    }
    if (vectors) {
        // QCustomPlot draws vectors through a painter of its own, so it records, and the record is played.
        QPicture picture;
        QCPPainter recorder(&picture);
        recorder.setMode(QCPPainter::pmVectorized);
        recorder.setMode(QCPPainter::pmNoCaching);
        m_plot->toPainter(&recorder, body.width(), body.height());
        recorder.end();
        painter.drawPicture(QPoint(0, head), picture);
    } else {
        QPixmap pixels = m_plot->toPixmap(body.width(), body.height(), 2.0);
        pixels.setDevicePixelRatio(2);
        painter.drawPixmap(0, head, pixels);
    }
}

QByteArray Chart::render(const QByteArray& format, const QSize& size) const {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    if (format == "pdf") {
        QPdfWriter writer(&buffer);
        writer.setPageSize(QPageSize(QSizeF(size) * 0.75, QPageSize::Point));
        writer.setPageMargins(QMarginsF());
        writer.setResolution(96);
        writer.setTitle(m_title->text());
        QPainter painter(&writer);
        paintOn(painter, size, true);
        painter.end();
    } else {
        QImage image(size * 2, QImage::Format_RGB32);
        image.setDevicePixelRatio(2);
        QPainter painter(&image);
        paintOn(painter, size, false);
        painter.end();
        image.save(&buffer, "PNG");
    }
    return bytes;
}

}  // namespace distillix::ui
