// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QFont>
#include <QString>
#include <QWidget>
#include <vector>

namespace distillix::ui {

/// A name, a value in large letters, a line of small print, and a bar of shares where there is one: memory of this run,
/// of others, free, with a tick at its peak.
class Gauge : public QWidget {
    Q_OBJECT
  public:
    struct Part {
        double share;  ///< of the bar
        QColor colour;
    };
    explicit Gauge(const QString& name, QWidget* parent = nullptr);
    void setValue(const QString& value, const QString& detail = {});
    /// No bar where there are no parts. `peak` is a share, negative for none.
    void setBar(std::vector<Part> parts, double peak = -1);
    const QString& value() const { return m_value; }
    const QString& detail() const { return m_detail; }
    const std::vector<Part>& parts() const { return m_parts; }
    /// True where the width is too small for one of the texts, which then ends in an ellipsis.
    bool isCut() const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    QFont smallFont() const;
    QFont largeFont() const;
    QString m_name, m_value, m_detail;
    std::vector<Part> m_parts;
    double m_peak = -1;
};

}  // namespace distillix::ui
