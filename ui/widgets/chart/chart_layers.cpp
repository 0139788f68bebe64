// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/chart/chart_layers.h"

#include <cmath>

#include "ui/format.h"
#include "ui/widgets/muted_text.h"

namespace distillix::ui {
namespace {

constexpr int kMarkReach = 6;  ///< pixels on either side of a mark that belong to it

void drawMark(QPainter& painter, ChartMark::Kind kind, const QPointF& at, const QColor& colour) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    const double r = 3.5;
    switch (kind) {
        case ChartMark::Kind::Checkpoint: {
            const QPointF diamond[4] = {at + QPointF(0, -r - 0.5), at + QPointF(r + 0.5, 0), at + QPointF(0, r + 0.5),
                                        at + QPointF(-r - 0.5, 0)};
            painter.drawPolygon(diamond, 4);
            break;
        }
        case ChartMark::Kind::Change: {
            const QPointF triangle[3] = {at + QPointF(-r, -r), at + QPointF(r, -r), at + QPointF(0, r)};
            painter.drawPolygon(triangle, 3);
            break;
        }
        case ChartMark::Kind::Sample:
            painter.drawEllipse(at, r - 1, r - 1);
            break;
        case ChartMark::Kind::Skipped:
            painter.setPen(QPen(colour, 1.6));
            painter.drawLine(at + QPointF(-r + 0.5, -r + 0.5), at + QPointF(r - 0.5, r - 0.5));
            painter.drawLine(at + QPointF(-r + 0.5, r - 0.5), at + QPointF(r - 0.5, -r + 0.5));
            break;
        case ChartMark::Kind::Switch:
            painter.drawRect(QRectF(at.x() - r + 0.5, at.y() - r + 0.5, 2 * r - 1, 2 * r - 1));
            break;
        case ChartMark::Kind::Other:
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(colour, 1.4));
            painter.drawEllipse(at, r - 1, r - 1);
            break;
    }
}

}  // namespace

QFont scaledFont(const QFont& font, double factor) {
    QFont scaled = font;
    // A font has its size in pixels (a style sheet's) or in points.
    if (font.pixelSize() > 0)
        scaled.setPixelSize(std::max(8, static_cast<int>(std::lround(font.pixelSize() * factor))));
    else
        scaled.setPointSizeF(font.pointSizeF() * factor);
    return scaled;
}

QString readingText(double value) {
    if (!std::isfinite(value)) return Chart::tr("not finite");
    return std::fabs(value) >= 1e4 ? formatCount(value) : formatNumber(value, 4);
}

ChartLegend::ChartLegend() {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    setAttribute(Qt::WA_TransparentForMouseEvents);
}

void ChartLegend::setCurves(const std::vector<ChartCurve>& curves) {
    m_entries.clear();
    QStringList names;
    if (curves.size() > 1)
        for (const ChartCurve& curve : curves) {
            m_entries.emplace_back(curve.name, curve.colour);
            names += curve.name;
        }
    setAccessibleName(names.join(QStringLiteral(", ")));
    update();
}

void ChartLegend::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QFont small = scaledFont(font(), 0.86);
    const QFontMetrics metrics(small);
    painter.setFont(small);
    int x = 0;
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        const auto& [name, colour] = m_entries[i];
        const QString shown = metrics.elidedText(name, Qt::ElideMiddle, 140);
        const int needed = 14 + metrics.horizontalAdvance(shown) + 12;
        if (x + needed > width()) {
            painter.setPen(mutedText(palette()));
            painter.drawText(QRect(x, 0, width() - x, height()), Qt::AlignLeft | Qt::AlignVCenter,
                             QStringLiteral("+%1").arg(m_entries.size() - i));
            return;
        }
        painter.setPen(Qt::NoPen);
        painter.setBrush(colour);
        painter.drawRoundedRect(QRectF(x, height() / 2.0 - 1.5, 10, 3), 1.5, 1.5);
        painter.setPen(mutedText(palette()));
        painter.drawText(QRect(x + 14, 0, needed, height()), Qt::AlignLeft | Qt::AlignVCenter, shown);
        x += needed;
    }
}

std::optional<double> Chart::Marks::pixelOf(const ChartMark& mark) const {
    const auto found = mark.x.find(m_chart.m_xColumn);
    if (found == mark.x.end() || !std::isfinite(found->second)) return {};
    const QCPRange range = mParentPlot->xAxis->range();
    if (found->second < range.lower || found->second > range.upper) return {};
    if (m_chart.m_logX && found->second <= 0) return {};
    return mParentPlot->xAxis->coordToPixel(found->second);
}

QString Chart::Marks::markAt(const QPoint& position) const {
    if (position.y() > mParentPlot->axisRect()->top() + 14) return {};
    QStringList lines;
    for (const ChartMark& mark : m_chart.m_marks) {
        const auto pixel = pixelOf(mark);
        if (pixel && std::fabs(*pixel - position.x()) <= kMarkReach && lines.size() < 4) lines += mark.text;
    }
    return lines.join('\n');
}

void Chart::Marks::applyDefaultAntialiasingHint(QCPPainter* painter) const {
    painter->setAntialiasing(true);
}

void Chart::Marks::draw(QCPPainter* painter) {
    const double top = mParentPlot->axisRect()->top();
    // One a kind and a few pixels: a thousand checkpoints are a row, not a blot, and cost no more.
    std::map<ChartMark::Kind, double> lastOf;
    for (const ChartMark& mark : m_chart.m_marks) {
        const auto pixel = pixelOf(mark);
        if (!pixel) continue;
        const auto last = lastOf.find(mark.kind);
        if (last != lastOf.end() && std::fabs(*pixel - last->second) < 4) continue;
        lastOf[mark.kind] = *pixel;
        const bool strong = mark.kind == ChartMark::Kind::Change || mark.kind == ChartMark::Kind::Switch;
        QColor line = mark.colour;
        line.setAlphaF(strong ? 0.45f : 0.12f);
        painter->setPen(QPen(line, 1, strong ? Qt::DashLine : Qt::SolidLine));
        painter->drawLine(QPointF(*pixel, top + 6), QPointF(*pixel, mParentPlot->axisRect()->bottom()));
        drawMark(*painter, mark.kind, QPointF(*pixel, top), mark.colour);
    }
}

void Chart::Overlay::show(double x) {
    m_x = x;
    layer()->replot();
}

void Chart::Overlay::hide() {
    if (!m_x && m_mark.isEmpty()) return;
    m_x.reset();
    m_mark.clear();
    layer()->replot();
}

void Chart::Overlay::applyDefaultAntialiasingHint(QCPPainter* painter) const {
    painter->setAntialiasing(true);
}

void Chart::Overlay::draw(QCPPainter* painter) {
    const QRect area = mParentPlot->axisRect()->rect();
    const QPalette& colours = m_chart.palette();
    const QFont font = scaledFont(m_chart.font(), 0.92);
    if (!m_empty.isEmpty()) {
        painter->setFont(font);
        painter->setPen(mutedText(colours));
        painter->drawText(area.adjusted(16, 0, -16, 0), Qt::AlignCenter | Qt::TextWordWrap, m_empty);
    }
    if (!m_x) return;
    const double pixel = mParentPlot->xAxis->coordToPixel(*m_x);
    if (pixel < area.left() || pixel > area.right()) return;
    QColor line = colours.color(QPalette::WindowText);
    line.setAlphaF(0.4f);
    painter->setPen(QPen(line, 1));
    painter->drawLine(QPointF(pixel, area.top()), QPointF(pixel, area.bottom()));

    const auto readings = m_chart.readings(*m_x);
    if (readings.empty() && m_mark.isEmpty()) return;
    const QFontMetrics metrics(font);
    QStringList names, values;
    int nameWidth = 0, valueWidth = 0;
    constexpr std::size_t most = 12;
    for (std::size_t i = 0; i < readings.size(); ++i) {
        const auto& reading = readings[i];
        const double shown = std::isfinite(reading.smoothed) ? reading.smoothed : reading.y;
        if (std::isfinite(shown) && !(m_chart.m_logY && shown <= 0)) {
            const double y = mParentPlot->yAxis->coordToPixel(shown), x = mParentPlot->xAxis->coordToPixel(reading.x);
            if (area.contains(QPoint(static_cast<int>(x), static_cast<int>(y)))) {
                painter->setPen(QPen(colours.color(QPalette::Base), 1.5));
                painter->setBrush(reading.colour);
                painter->drawEllipse(QPointF(x, y), 4, 4);
            }
        }
        if (i >= most) continue;
        names += metrics.elidedText(reading.name, Qt::ElideMiddle, 180);
        QString value = readingText(reading.y);
        if (std::isfinite(reading.smoothed)) value = readingText(reading.smoothed) + "  (" + value + ")";
        values += value;
        nameWidth = std::max(nameWidth, metrics.horizontalAdvance(names.back()));
        valueWidth = std::max(valueWidth, metrics.horizontalAdvance(value));
    }
    if (readings.size() > most) {
        names += Chart::tr("and %1 more").arg(readings.size() - most);
        values += QString();
    }
    const double at = readings.empty() ? *m_x : readings[0].x;
    const QString head = m_chart.m_xAxis == Chart::Axis::Duration
                             ? formatDuration(at)
                             : m_chart.m_xLabel.toLower() + " " + formatExact(std::llround(at));
    const QStringList marks = m_mark.isEmpty() ? QStringList() : m_mark.split('\n');
    int width = std::max(nameWidth + valueWidth + 34, metrics.horizontalAdvance(head) + 16);
    for (const auto& mark : marks) width = std::max(width, metrics.horizontalAdvance(mark) + 16);
    width = std::min(width, area.width());
    const int row = metrics.height() + 2;
    const int height = row * static_cast<int>(1 + names.size() + marks.size()) + 10;
    QRect box(static_cast<int>(pixel) + 12, area.top() + 8, width, height);
    if (box.right() > area.right()) box.moveRight(static_cast<int>(pixel) - 12);
    if (box.left() < area.left()) box.moveLeft(area.left());
    QColor back = colours.color(QPalette::ToolTipBase), edge = colours.color(QPalette::WindowText);
    back.setAlphaF(0.94f);
    edge.setAlphaF(0.16f);
    painter->setPen(QPen(edge, 1));
    painter->setBrush(back);
    painter->drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
    painter->setFont(font);
    const QColor text = colours.color(QPalette::ToolTipText);
    QColor muted = text;
    muted.setAlphaF(0.7f);
    int y = box.top() + 5;
    painter->setPen(muted);
    painter->drawText(QRect(box.left() + 8, y, box.width() - 16, row), Qt::AlignLeft | Qt::AlignVCenter, head);
    for (qsizetype i = 0; i < names.size(); ++i) {
        y += row;
        if (!values[i].isEmpty()) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(readings[static_cast<std::size_t>(i)].colour);
            painter->drawRoundedRect(QRectF(box.left() + 8, y + row / 2.0 - 3.5, 7, 7), 2, 2);
        }
        painter->setPen(text);
        painter->drawText(QRect(box.left() + 20, y, box.width() - 28, row), Qt::AlignLeft | Qt::AlignVCenter, names[i]);
        painter->drawText(QRect(box.left() + 20, y, box.width() - 28, row), Qt::AlignRight | Qt::AlignVCenter,
                          values[i]);
    }
    painter->setPen(muted);
    for (const auto& mark : marks) {
        y += row;
        painter->drawText(QRect(box.left() + 8, y, box.width() - 16, row), Qt::AlignLeft | Qt::AlignVCenter, mark);
    }
}

}  // namespace distillix::ui
