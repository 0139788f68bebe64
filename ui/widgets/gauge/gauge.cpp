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

QSize Gauge::sizeHint() const {
    return {150, fontMetrics().height() * 3 + 14};
}

QSize Gauge::minimumSizeHint() const {
    return {90, sizeHint().height()};
}

void Gauge::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QColor text = palette().color(QPalette::WindowText), muted = mutedText(palette());
    const QFont small = sized(font(), 0.85, false), large = sized(font(), 1.15, true);
    const int smallHeight = QFontMetrics(small).height(), largeHeight = QFontMetrics(large).height();
    int y = 0;
    painter.setFont(small);
    painter.setPen(muted);
    painter.drawText(QRect(0, y, width(), smallHeight), Qt::AlignLeft | Qt::AlignVCenter,
                     QFontMetrics(small).elidedText(m_name, Qt::ElideRight, width()));
    y += smallHeight;
    painter.setFont(large);
    painter.setPen(text);
    const QString value = QFontMetrics(large).elidedText(m_value, Qt::ElideRight, width());
    painter.drawText(QRect(0, y, width(), largeHeight), Qt::AlignLeft | Qt::AlignVCenter, value);
    const int used = QFontMetrics(large).horizontalAdvance(value) + 8;
    // The small print beside the value where there is room, else below.
    painter.setFont(small);
    painter.setPen(muted);
    const bool beside = !m_parts.empty();
    const QRect detail = beside ? QRect(used, y, std::max(0, width() - used), largeHeight)
                                : QRect(0, y + largeHeight, width(), smallHeight);
    if (detail.width() > 24)
        painter.drawText(detail, (beside ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter,
                         QFontMetrics(small).elidedText(m_detail, Qt::ElideRight, detail.width()));
    y += largeHeight + 4;
    if (m_parts.empty()) return;
    const QRectF bar(0, y, width(), 5);
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
