// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/chart/chart_board.h"

#include <QBuffer>
#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QImage>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPdfWriter>
#include <QSlider>
#include <QToolButton>
#include <cmath>

#include "core/base/files.h"
#include "ui/jobs/background.h"
#include "ui/theme.h"
#include "ui/widgets/file_questions.h"

namespace distillix::ui {
namespace {

constexpr QSize kSaved(900, 420);  ///< of one chart in a file, in points

QString quoted(const QString& text) {
    if (!text.contains(QLatin1Char(',')) && !text.contains(QLatin1Char('"')) && !text.contains(QLatin1Char('\n')))
        return text;
    QString out = text;
    out.replace(QLatin1Char('"'), QLatin1String("\"\""));
    return QLatin1Char('"') + out + QLatin1Char('"');
}

}  // namespace

ChartBoard::ChartBoard(std::vector<XAxis> axes, QWidget* parent) : QWidget(parent), m_axes(std::move(axes)) {
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(space::m, space::xs, space::m, space::xs);
    bar->setSpacing(space::s);
    m_axis = new QComboBox;
    m_axis->setObjectName("chartAxis");
    m_axis->setAccessibleName(tr("Horizontal axis"));
    m_axis->setFocusPolicy(Qt::StrongFocus);
    for (const XAxis& axis : m_axes) m_axis->addItem(axis.label);
    m_axis->setVisible(m_axes.size() > 1);
    const auto toggle = [&](const char* name, const QString& text, const QString& tip) {
        auto* button = new QToolButton;
        button->setObjectName(name);
        button->setText(text);
        button->setToolTip(tip);
        button->setAccessibleName(tip);
        button->setCheckable(true);
        connect(button, &QToolButton::toggled, this, [this] {
            applyAll();
            emit stateChanged();
        });
        return button;
    };
    m_logX = toggle("chartLogX", tr("log x"), tr("Logarithmic horizontal axis"));
    m_logY = toggle("chartLogY", tr("log y"), tr("Logarithmic vertical axes"));
    m_clip = toggle("chartClip", tr("Clip outliers"), tr("Leave outliers out of the vertical ranges"));
    m_smoothing = new QSlider(Qt::Horizontal);
    m_smoothing->setObjectName("chartSmoothing");
    m_smoothing->setRange(0, 999);
    m_smoothing->setFixedWidth(110);
    m_smoothing->setAccessibleName(tr("Smoothing"));
    m_smoothing->setToolTip(
        tr("Exponential moving average, bias-corrected as TensorBoard's; what lies behind it stays faint"));
    auto* smoothingText = new QLabel;
    smoothingText->setObjectName("chartSmoothingText");
    smoothingText->setMinimumWidth(fontMetrics().horizontalAdvance(QStringLiteral("0.999")) + 4);
    connect(m_smoothing, &QSlider::valueChanged, this, [this, smoothingText](int value) {
        smoothingText->setText(QString::number(value / 1000.0, 'f', value % 10 ? 3 : 2));
        for (Chart* each : m_charts) each->setSmoothing(smoothing());
        emit stateChanged();
    });
    auto* fitButton = new QToolButton;
    fitButton->setObjectName("chartFit");
    fitButton->setText(tr("Fit"));
    fitButton->setToolTip(tr("Show everything and follow what comes (double-click, or F in a chart)"));
    connect(fitButton, &QToolButton::clicked, this, &ChartBoard::fit);
    auto* save = new QToolButton;
    save->setObjectName("chartSave");
    save->setText(tr("Save…"));
    save->setToolTip(tr("All charts as PNG, PDF or CSV"));
    connect(save, &QToolButton::clicked, this, [this] { askWhere(m_expanded); });
    connect(m_axis, &QComboBox::currentIndexChanged, this, [this] {
        applyAxis();
        emit stateChanged();
    });
    auto* smoothingName = new QLabel(tr("Smoothing"));
    Theme::setInk(smoothingName, Ink::Muted);
    bar->addWidget(m_axis);
    bar->addWidget(m_logX);
    bar->addWidget(m_logY);
    bar->addSpacing(space::s);
    bar->addWidget(smoothingName);
    bar->addWidget(m_smoothing);
    bar->addWidget(smoothingText);
    bar->addWidget(m_clip);
    bar->addStretch(1);
    bar->addWidget(fitButton);
    bar->addWidget(save);
    m_grid = new QGridLayout;
    m_grid->setContentsMargins(space::m, 0, space::m, space::s);
    m_grid->setSpacing(space::s);
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addLayout(bar);
    all->addLayout(m_grid, 1);
    m_smoothing->setValue(600);
}

Chart* ChartBoard::addChart(const QString& key, const QString& title) {
    auto* made = new Chart(title);
    made->setObjectName("chart_" + key);
    made->setProperty("key", key);
    Theme::setCard(made);
    const int index = static_cast<int>(m_charts.size());
    m_grid->addWidget(made, index / 2, index % 2);
    m_grid->setRowStretch(index / 2, 1);
    m_grid->setColumnStretch(index % 2, 1);
    m_charts.push_back(made);
    connect(made, &Chart::crosshairMoved, this, [this, made](double x) {
        for (Chart* other : m_charts)
            if (other != made && other->isVisible()) other->showCrosshair(x);
    });
    connect(made, &Chart::crosshairLeft, this, [this, made] {
        for (Chart* other : m_charts)
            if (other != made) other->hideCrosshair();
    });
    connect(made, &Chart::xZoomed, this, [this, made](double low, double high) {
        for (Chart* other : m_charts)
            if (other != made) other->zoomX(low, high);
    });
    connect(made, &Chart::fitAsked, this, &ChartBoard::fit);
    connect(made, &Chart::expandAsked, this, [this, made] { expand(m_expanded ? nullptr : made); });
    connect(made, &Chart::exportAsked, this, [this, made] { askWhere(made); });
    applyAxis();
    applyAll();
    return made;
}

Chart* ChartBoard::chart(const QString& key) const {
    for (Chart* each : m_charts)
        if (each->property("key").toString() == key) return each;
    return nullptr;
}

void ChartBoard::columnsChanged(const ChartColumns* columns, std::size_t kept) {
    for (Chart* each : m_charts) each->columnsChanged(columns, kept);
}

double ChartBoard::smoothing() const {
    return m_smoothing->value() / 1000.0;
}

void ChartBoard::applyAll() {
    for (Chart* each : m_charts) {
        each->setLogX(m_logX->isChecked());
        each->setLogY(m_logY->isChecked());
        each->setClipOutliers(m_clip->isChecked());
        each->setSmoothing(smoothing());
    }
}

void ChartBoard::applyAxis() {
    const auto index = static_cast<std::size_t>(std::max(0, m_axis->currentIndex()));
    if (index >= m_axes.size()) return;
    for (Chart* each : m_charts) each->setX(m_axes[index].column, m_axes[index].kind, m_axes[index].label);
}

void ChartBoard::expand(Chart* alone) {
    m_expanded = alone;
    for (Chart* each : m_charts) each->setVisible(!alone || each == alone);
    for (int i = 0; i < static_cast<int>(m_charts.size()); ++i) {
        m_grid->setRowStretch(i / 2, 1);
        m_grid->setColumnStretch(i % 2, 1);
    }
    if (alone) {
        // Rows and columns without anything to show take no room.
        const auto at = std::find(m_charts.begin(), m_charts.end(), alone) - m_charts.begin();
        for (int row = 0; row < m_grid->rowCount(); ++row) m_grid->setRowStretch(row, row == at / 2 ? 1 : 0);
        for (int column = 0; column < 2; ++column) m_grid->setColumnStretch(column, column == at % 2 ? 1 : 0);
    }
}

void ChartBoard::fit() {
    for (Chart* each : m_charts) each->fit();
}

QVariantMap ChartBoard::state() const {
    return {{"axis", m_axis->currentIndex()},
            {"logX", m_logX->isChecked()},
            {"logY", m_logY->isChecked()},
            {"smoothing", m_smoothing->value()},
            {"clip", m_clip->isChecked()}};
}

void ChartBoard::setState(const QVariantMap& state) {
    if (state.contains("axis")) m_axis->setCurrentIndex(state.value("axis").toInt());
    m_logX->setChecked(state.value("logX", m_logX->isChecked()).toBool());
    m_logY->setChecked(state.value("logY", m_logY->isChecked()).toBool());
    m_clip->setChecked(state.value("clip", m_clip->isChecked()).toBool());
    m_smoothing->setValue(state.value("smoothing", m_smoothing->value()).toInt());
}

std::function<QByteArray()> ChartBoard::csvMaker(const Chart* only) const {
    struct Column {
        QString chart, curve, xName;
        std::vector<double> x, y;
    };
    std::vector<Column> columns;
    for (const Chart* each : m_charts) {
        if (only && each != only) continue;
        for (const ChartCurve& curve : each->curves()) {
            const auto* x = curve.columns ? curve.columns->find(each->xColumn()) : nullptr;
            const auto* y = curve.columns ? curve.columns->find(curve.y) : nullptr;
            if (x && y) columns.push_back({each->title(), curve.name, QString::fromStdString(each->xColumn()), *x, *y});
        }
    }
    return [columns = std::move(columns)] {
        // One row a point: runs have steps of their own, and each row says all that it is.
        QByteArray text = "chart,curve,x_axis,x,y\r\n";
        for (const Column& column : columns) {
            const QByteArray head =
                (quoted(column.chart) + ',' + quoted(column.curve) + ',' + quoted(column.xName) + ',').toUtf8();
            for (std::size_t i = 0; i < column.x.size(); ++i) {
                text += head + QByteArray::number(column.x[i], 'g', 15) + ',';
                if (std::isfinite(column.y[i])) text += QByteArray::number(column.y[i], 'g', 15);
                text += "\r\n";
            }
        }
        return text;
    };
}

QByteArray ChartBoard::renderAll(const QByteArray& format) const {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    const int across = m_charts.size() > 1 ? 2 : 1, down = static_cast<int>((m_charts.size() + 1) / 2);
    const QSize one(kSaved.width() * 2 / 3, kSaved.height() * 3 / 4);
    if (format == "pdf") {
        // A chart a page: vectors, so that they can be placed anywhere.
        QPdfWriter writer(&buffer);
        writer.setPageSize(QPageSize(QSizeF(kSaved) * 0.75, QPageSize::Point));
        writer.setPageMargins(QMarginsF());
        writer.setResolution(96);
        QPainter painter(&writer);
        bool first = true;
        for (const Chart* each : m_charts) {
            if (!first) writer.newPage();
            first = false;
            each->paintOn(painter, kSaved, true);
        }
        painter.end();
        return bytes;
    }
    QImage image(QSize(one.width() * across, one.height() * down) * 2, QImage::Format_RGB32);
    image.setDevicePixelRatio(2);
    image.fill(palette().color(QPalette::Base));
    QPainter painter(&image);
    for (std::size_t i = 0; i < m_charts.size(); ++i) {
        painter.save();
        painter.translate(static_cast<int>(i % 2) * one.width(), static_cast<int>(i / 2) * one.height());
        m_charts[i]->paintOn(painter, one, false);
        painter.restore();
    }
    painter.end();
    image.save(&buffer, "PNG");
    return bytes;
}

void ChartBoard::askWhere(const Chart* only) {
    askForNewFile(this, only ? tr("Save the chart") : tr("Save the charts"), QStringLiteral("charts.png"),
                  tr("Picture, PDF or numbers (*.png *.pdf *.csv)"),
                  [this, only](const QString& file) { saveAs(file, only); });
}

void ChartBoard::saveAs(const QString& file, const Chart* only) {
    const QString ending = file.section('.', -1).toLower();
    std::function<QByteArray()> make;
    if (ending == "csv") {
        make = csvMaker(only);
    } else if (ending == "png" || ending == "pdf") {
        const QByteArray bytes = only ? only->render(ending.toLatin1(), kSaved) : renderAll(ending.toLatin1());
        make = [bytes] { return bytes; };
    } else {
        emit saved(file, tr("The name must end in .png, .pdf or .csv."));
        return;
    }
    background::run(
        [make = std::move(make), file] {
            const QByteArray bytes = make();
            const auto written =
                writeFileAtomic(std::filesystem::path(file.toStdString()),
                                std::string_view(bytes.data(), static_cast<std::size_t>(bytes.size())));
            return written.ok() ? QString() : QString::fromStdString(written.error().text());
        },
        this, [this, file](const QString& problem) { emit saved(file, problem); });
}

}  // namespace distillix::ui
