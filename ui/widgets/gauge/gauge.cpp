// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/gauge/gauge.h"

#include <QFontInfo>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "ui/widgets/muted_text.h"

namespace distillix::ui {
namespace {

constexpr int kBarRoom = 12;  // the bar and what is free above and below it

QFont sized(const QFont& font, double factor, bool strong) {
    QFont out = font;
    out.setPixelSize(std::max(9, static_cast<int>(std::lround(QFontInfo(font).pixelSize() * factor))));
    if (strong) out.setWeight(QFont::DemiBold);
    return out;
}

}  // namespace

Gauge::Gauge(const QString& name, QWidget* parent) : QWidget(parent), m_name(name) {
    setAccessibleName(name);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void Gauge::setValue(const QString& value, const QString& detail) {
    if (value == m_value && detail == m_detail) return;
    m_value = value;
    m_detail = detail;
    setAccessibleDescription(detail.isEmpty() ? value : value + ", " + detail);
    setToolTip(m_name + ": " + accessibleDescription());
    update();
}

void Gauge::setBar(std::vector<Part> parts, double peak) {
    m_parts = std::move(parts);
    m_peak = peak;
    update();
}

QFont Gauge::smallFont() const {
    return sized(font(), 0.85, false);
}

QFont Gauge::largeFont() const {
    return sized(font(), 1.15, true);
}

QSize Gauge::sizeHint() const {
    return {150, 2 * QFontMetrics(smallFont()).height() + QFontMetrics(largeFont()).height() + kBarRoom};
}

QSize Gauge::minimumSizeHint() const {
    return {90, sizeHint().height()};
}

bool Gauge::isCut() const {
    const QFontMetrics small(smallFont()), large(largeFont());
    return small.horizontalAdvance(m_name) > width() || small.horizontalAdvance(m_detail) > width() ||
           large.horizontalAdvance(m_value) > width();
}

void Gauge::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QColor text = palette().color(QPalette::WindowText), muted = mutedText(palette());
    int y = 0;
    const auto line = [&](const QString& words, const QFont& lineFont, const QColor& colour) {
        const QFontMetrics metrics(lineFont);
        painter.setFont(lineFont);
        painter.setPen(colour);
        painter.drawText(QRect(0, y, width(), metrics.height()), Qt::AlignLeft | Qt::AlignVCenter,
                         metrics.elidedText(words, Qt::ElideRight, width()));
        y += metrics.height();
    };
    line(m_name, smallFont(), muted);
    line(m_value, largeFont(), text);
    y += 3;
    const QRectF bar(0, y, width(), 5);
    // The small print has a line of its own and the whole width, below the bar or where one would be.
    y += kBarRoom - 3;
    line(m_detail, smallFont(), muted);
    if (m_parts.empty()) return;
    QPainterPath round;
    round.addRoundedRect(bar, 2.5, 2.5);
    QColor back = text;
    back.setAlphaF(0.1f);
    painter.fillPath(round, back);
    painter.save();
    painter.setClipPath(round);
    double x = 0;
    for (const Part& part : m_parts) {
        const double size = std::clamp(part.share, 0.0, 1.0) * bar.width();
        painter.fillRect(QRectF(x, bar.top(), size, bar.height()), part.colour);
        x += size;
    }
    painter.restore();
    if (m_peak > 0 && m_peak <= 1) {
        painter.setPen(QPen(text, 1.5));
        const double at = m_peak * bar.width();
        painter.drawLine(QPointF(at, bar.top() - 2), QPointF(at, bar.bottom() + 2));
    }
}

}  // namespace distillix::ui
