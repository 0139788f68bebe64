// SPDX-License-Identifier: GPL-3.0-or-later
// The chart widget: what is drawn of a million points, smoothing, zoom, crosshair, files.
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QToolButton>
#include <cmath>

#include <qcustomplot.h>

#include "tests/ui/support.h"
#include "ui/widgets/chart/chart_board.h"
#include "ui/widgets/file_questions.h"

namespace distillix::ui {
namespace {

std::shared_ptr<ChartColumns> someColumns(std::size_t rows) {
    auto columns = std::make_shared<ChartColumns>();
    auto& step = columns->columns["step"];
    auto& tokens = columns->columns["tokens"];
    auto& elapsed = columns->columns["elapsed"];
    auto& loss = columns->columns["loss"];
    for (std::size_t i = 0; i < rows; ++i) {
        step.push_back(static_cast<double>(i + 1));
        tokens.push_back(static_cast<double>(i + 1) * 2048);
        elapsed.push_back(static_cast<double>(i + 1) * 0.25);
        loss.push_back(2 + 7.0 / (1 + static_cast<double>(i) / 100) + 0.3 * std::sin(static_cast<double>(i) * 12.9898));
    }
    return columns;
}

ChartCurve curveOf(std::shared_ptr<const ChartColumns> columns, const QString& id = "run") {
    ChartCurve curve;
    curve.id = id;
    curve.name = id;
    curve.colour = Qt::blue;
    curve.columns = std::move(columns);
    curve.y = "loss";
    return curve;
}

/// A board of two charts, shown.
struct Board {
    ChartBoard board{{{"step", Chart::Axis::Number, "Step"},
                      {"tokens", Chart::Axis::Number, "Tokens"},
                      {"elapsed", Chart::Axis::Duration, "Time"}}};
    Chart *first, *second;
    explicit Board(std::size_t rows = 1000) : columns(someColumns(rows)) {
        first = board.addChart("loss", "Loss");
        second = board.addChart("other", "Other");
        first->setCurves({curveOf(columns)});
        second->setCurves({curveOf(columns)});
        board.resize(1000, 400);
        board.show();
        settle();
    }
    void settle() {
        first->plot()->replot();
        second->plot()->replot();
    }
    std::shared_ptr<ChartColumns> columns;
};

}  // namespace

class ChartTest : public QObject {
    Q_OBJECT
  private slots:
    void smoothingIsTensorBoards();
    void smoothingFollowsAndIsCut();
    void decimationKeepsWhatCanBeSeen_data();
    void decimationKeepsWhatCanBeSeen();
    void decimationBreaksLinesAtHoles();
    void aMillionPointsStayFluid();
    void appendingIsCheap();
    void zoomAndFitAreShared();
    void wheelDragAndKeys();
    void crosshairIsLinkedAndTellsValues();
    void axesByStepTokensAndTime();
    void logAxesAndOutliers();
    void marksAreFoundAndThinned();
    void savesPicturePdfAndNumbers();
    void emptyChartsSayWhatComes();
};

void ChartTest::smoothingIsTensorBoards() {
    // By hand: w = 0.6; a = 0.4·1 = 0.4, /0.4 = 1; a = 0.24+0.8 = 1.04, /0.64 = 1.625; a = 0.624+1.2 = 1.824, /0.784.
    Smoother smoother(0.6);
    QCOMPARE(smoother.next(1), 1.0);
    QCOMPARE(smoother.next(2), 1.04 / 0.64);
    QVERIFY(std::isnan(smoother.next(std::nan(""))));
    QVERIFY(std::fabs(smoother.next(3) - 1.824 / 0.784) < 1e-12);
}

void ChartTest::smoothingFollowsAndIsCut() {
    std::vector<double> values{5, 3, 4, 1};
    SmoothedColumn column;
    column.setWeight(0.9);
    column.follow({5, 3});
    column.follow(values);
    SmoothedColumn whole;
    whole.setWeight(0.9);
    whole.follow(values);
    QCOMPARE(column.values(), whole.values());
    values = {5, 3, 2};
    column.cut(2);
    column.follow(values);
    whole.cut(0);
    whole.follow(values);
    QCOMPARE(column.values(), whole.values());
}

void ChartTest::decimationKeepsWhatCanBeSeen_data() {
    QTest::addColumn<bool>("logX");
    QTest::newRow("linear") << false;
    QTest::newRow("logarithmic") << true;
}

void ChartTest::decimationKeepsWhatCanBeSeen() {
    QFETCH(bool, logX);
    const auto columns = someColumns(200000);
    const auto& x = *columns->find("step");
    const auto& y = *columns->find("loss");
    const ChartView view{100, 190000, 500, logX, false};
    std::vector<ChartPoint> points;
    decimate(x, y, view, points);
    QVERIFY(points.size() <= 4 * 502);
    QVERIFY(std::is_sorted(points.begin(), points.end(), [](auto& a, auto& b) { return a.x < b.x; }));
    // In every column of pixels the least and the greatest are those of all points.
    const double low = logX ? std::log(view.low) : view.low, high = logX ? std::log(view.high) : view.high;
    const auto columnOf = [&](double at) {
        return static_cast<int>(((logX ? std::log(at) : at) - low) / (high - low) * view.columns);
    };
    std::map<int, ValueRange> all, kept;
    for (std::size_t i = 0; i < x.size(); ++i)
        if (x[i] >= view.low && x[i] < view.high) all[columnOf(x[i])].add(y[i]);
    for (const ChartPoint& point : points)
        if (point.x >= view.low && point.x < view.high) kept[columnOf(point.x)].add(point.y);
    QCOMPARE(kept.size(), all.size());
    int off = 0;
    for (const auto& [column, range] : all) off += kept[column].low != range.low || kept[column].high != range.high;
    // A point on a boundary may be counted to either side, by rounding.
    QVERIFY2(off <= static_cast<int>(all.size() / 50), qPrintable(QString::number(off)));
    QVERIFY(points.front().x < view.low);
    QVERIFY(points.back().x > view.high);
}

void ChartTest::decimationBreaksLinesAtHoles() {
    const std::vector<double> x{1, 2, 3, 4}, y{1, std::nan(""), -3, 4};
    std::vector<ChartPoint> points;
    decimate(x, y, {0, 5, 100, false, true}, points);
    QCOMPARE(points.size(), std::size_t{4});
    QVERIFY(std::isnan(points[1].y));
    QVERIFY(std::isnan(points[2].y));  // no place on a log axis
    QCOMPARE(points[3].y, 4.0);
    decimate(std::vector<double>{}, std::vector<double>{}, {0, 5, 100, false, false}, points);
    QVERIFY(points.empty());
}

void ChartTest::aMillionPointsStayFluid() {
    Board board(1000000);
    board.board.resize(1400, 500);
    board.settle();
    QVERIFY(board.first->drawnPoints() < 20000);
    // Zooming moves the view each time, so everything is decimated and drawn anew.
    QElapsedTimer clock;
    clock.start();
    const int times = 10;
    for (int i = 0; i < times; ++i) {
        board.first->zoomX(1000.0 * i, 900000 + 1000.0 * i);
        board.first->plot()->replot();
    }
    const double milliseconds = static_cast<double>(clock.nsecsElapsed()) / 1e6 / times;
    qInfo("a million points, raw and smoothed: %.1f ms a view", milliseconds);
    QVERIFY2(milliseconds < 150, qPrintable(QString::number(milliseconds)));
    // The crosshair draws its own layer alone.
    clock.restart();
    for (int i = 0; i < 20; ++i) board.first->showCrosshair(1000.0 * i + 50000);
    qInfo("crosshair: %.2f ms", static_cast<double>(clock.nsecsElapsed()) / 2e7);
}

void ChartTest::appendingIsCheap() {
    Board board(1000000);
    QElapsedTimer clock;
    double slowest = 0;
    for (int i = 0; i < 10; ++i) {
        const std::size_t kept = board.columns->rows();
        for (auto& [name, column] : board.columns->columns)
            column.push_back(name == "loss" ? 2.0 : column.back() * 1.0001);
        clock.restart();
        board.board.columnsChanged(board.columns.get(), kept);
        board.first->plot()->replot();
        slowest = std::max(slowest, static_cast<double>(clock.nsecsElapsed()) / 1e6);
    }
    qInfo("a row more behind a million: %.1f ms at most", slowest);
    QVERIFY2(slowest < 150, qPrintable(QString::number(slowest)));
    QVERIFY(board.first->follows());
    QVERIFY(board.first->view().high >= board.columns->find("step")->back());
}

void ChartTest::zoomAndFitAreShared() {
    Board board;
    QCOMPARE(board.first->view().low, 1.0);
    QCOMPARE(board.first->view().high, 1000.0);
    board.first->zoomX(100, 200);
    emit board.first->xZoomed(100, 200);
    QCOMPARE(board.second->view().low, 100.0);
    QCOMPARE(board.second->view().high, 200.0);
    QVERIFY(!board.second->follows());
    board.settle();
    QTest::mouseClick(board.board.findChild<QToolButton*>("chartFit"), Qt::LeftButton);
    board.settle();
    QCOMPARE(board.first->view().high, 1000.0);
    QCOMPARE(board.second->view().high, 1000.0);
    QVERIFY(board.second->follows());
}

void ChartTest::wheelDragAndKeys() {
    Board board;
    QCustomPlot* plot = board.first->plot();
    const QRect area = plot->axisRect()->rect();
    const auto wheel = [&](Qt::KeyboardModifiers keys) {
        QWheelEvent event(area.center(), plot->mapToGlobal(area.center()), {}, {0, 120}, Qt::NoButton, keys,
                          Qt::NoScrollPhase, false);
        QApplication::sendEvent(plot, &event);
    };
    wheel(Qt::NoModifier);
    QVERIFY2(board.first->follows(), "a page that scrolls must not zoom");
    wheel(Qt::ControlModifier);
    QVERIFY(board.first->view().high - board.first->view().low < 900);
    QCOMPARE(board.second->view().low, board.first->view().low);
    board.first->fit();
    board.settle();
    // A band across half the width.
    QTest::mousePress(plot, Qt::LeftButton, {}, {area.left() + area.width() / 4, area.center().y()});
    QTest::mouseMove(plot, {area.center().x(), area.center().y() + 4});
    QTest::mouseRelease(plot, Qt::LeftButton, {}, {area.left() + area.width() * 3 / 4, area.center().y() + 4});
    const double low = board.first->view().low, high = board.first->view().high;
    QVERIFY2(low > 200 && low < 300, qPrintable(QString::number(low)));
    QVERIFY2(high > 700 && high < 800, qPrintable(QString::number(high)));
    QCOMPARE(board.second->view().low, low);
    // Shift and drag moves.
    QTest::mousePress(plot, Qt::LeftButton, Qt::ShiftModifier, area.center());
    QTest::mouseMove(plot, area.center() + QPoint(area.width() / 4, 0));
    QTest::mouseRelease(plot, Qt::LeftButton, Qt::ShiftModifier, area.center() + QPoint(area.width() / 4, 0));
    QVERIFY(board.first->view().low < low - 50);
    QTest::keyClick(board.first, Qt::Key_F);
    board.settle();
    QVERIFY(board.first->follows() && board.second->follows());
    QTest::keyClick(board.first, Qt::Key_Plus);
    QVERIFY(!board.first->follows());
    QTest::mouseDClick(plot, Qt::LeftButton, {}, area.center());
    QVERIFY(board.first->follows());
}

void ChartTest::crosshairIsLinkedAndTellsValues() {
    Board board;
    QSignalSpy moved(board.first, &Chart::crosshairMoved);
    const QRect area = board.first->plot()->axisRect()->rect();
    QMouseEvent move(QEvent::MouseMove, area.center(), board.first->plot()->mapToGlobal(area.center()), Qt::NoButton,
                     Qt::NoButton, Qt::NoModifier);
    QApplication::sendEvent(board.first->plot(), &move);
    QVERIFY(!moved.isEmpty());
    const double x = moved.last().first().toDouble();
    QVERIFY(x > 400 && x < 600);
    const auto readings = board.second->readings(123.4);
    QCOMPARE(readings.size(), std::size_t{1});
    QCOMPARE(readings[0].x, 123.0);
    QCOMPARE(readings[0].y, (*board.columns->find("loss"))[122]);
    QVERIFY(std::isfinite(readings[0].smoothed));
    // A second run that ended long before says nothing here.
    auto ended = someColumns(100);
    board.first->setCurves({curveOf(board.columns), curveOf(ended, "short")});
    board.settle();
    QCOMPARE(board.first->readings(50).size(), std::size_t{2});
    QCOMPARE(board.first->readings(900).size(), std::size_t{1});
}

void ChartTest::axesByStepTokensAndTime() {
    Board board;
    auto* axis = board.board.findChild<QComboBox*>("chartAxis");
    axis->setCurrentIndex(1);
    board.settle();
    QCOMPARE(board.first->view().high, 2048000.0);
    axis->setCurrentIndex(2);
    board.settle();
    QCOMPARE(board.first->view().high, 250.0);
    QStringList labels;
    for (const QString& label : board.first->plot()->xAxis->tickVectorLabels()) labels += label;
    QVERIFY2(labels.contains("2:00"), qPrintable(labels.join('|')));
    const QVariantMap state = board.board.state();
    Board other;
    other.board.setState(state);
    QCOMPARE(other.first->xColumn(), std::string("elapsed"));
}

void ChartTest::logAxesAndOutliers() {
    Board board;
    (*const_cast<std::vector<double>*>(board.columns->find("loss")))[500] = 1e6;
    board.board.columnsChanged(board.columns.get(), 0);
    board.board.findChild<QSlider*>("chartSmoothing")->setValue(0);
    board.settle();
    QVERIFY(board.first->yRange().high > 1e6);
    board.board.findChild<QToolButton*>("chartClip")->click();
    board.settle();
    QVERIFY2(board.first->yRange().high < 20, qPrintable(QString::number(board.first->yRange().high)));
    QVERIFY(board.first->yRange().high > 8);
    board.board.findChild<QToolButton*>("chartClip")->click();
    board.board.findChild<QToolButton*>("chartLogY")->click();
    board.board.findChild<QToolButton*>("chartLogX")->click();
    board.settle();
    QCOMPARE(board.first->plot()->yAxis->scaleType(), QCPAxis::stLogarithmic);
    QCOMPARE(board.first->plot()->xAxis->scaleType(), QCPAxis::stLogarithmic);
    QVERIFY(board.first->yRange().low > 0);
    QVERIFY(board.first->drawnPoints() > 100);
}

void ChartTest::marksAreFoundAndThinned() {
    Board board;
    std::vector<ChartMark> marks;
    for (int i = 1; i <= 1000; ++i) {
        ChartMark mark;
        mark.kind = ChartMark::Kind::Checkpoint;
        mark.x = {{"step", i}};
        mark.text = "Checkpoint " + QString::number(i);
        mark.colour = Qt::red;
        marks.push_back(mark);
    }
    board.first->setMarks(marks);
    QElapsedTimer clock;
    clock.start();
    board.first->plot()->replot();
    qInfo("a thousand marks: %.1f ms", static_cast<double>(clock.nsecsElapsed()) / 1e6);
    const QImage with = board.first->plot()->toPixmap(400, 200).toImage();
    board.first->setMarks({});
    board.first->plot()->replot();
    QVERIFY(with != board.first->plot()->toPixmap(400, 200).toImage());
}

void ChartTest::savesPicturePdfAndNumbers() {
    QTemporaryDir folder;
    Board board;
    board.first->setCurves({curveOf(board.columns), curveOf(someColumns(10), "a, \"b\"")});
    board.settle();
    QSignalSpy saved(&board.board, &ChartBoard::saved);
    for (const char* name : {"all.png", "all.pdf", "all.csv", "no.txt"}) board.board.saveAs(folder.filePath(name));
    board.board.saveAs(folder.filePath("one.pdf"), board.first);
    QVERIFY(waitFor([&] { return saved.size() == 5; }));
    int problems = 0;
    for (const auto& each : saved) problems += !each.at(1).toString().isEmpty();
    QCOMPARE(problems, 1);
    QImage image(folder.filePath("all.png"));
    QVERIFY(image.width() > 1000);
    QFile pdf(folder.filePath("one.pdf"));
    QVERIFY(pdf.open(QIODevice::ReadOnly));
    const QByteArray bytes = pdf.readAll();
    QVERIFY(bytes.startsWith("%PDF"));
    QVERIFY2(bytes.size() > 3000, "curves, not an empty page");
    QFile csv(folder.filePath("all.csv"));
    QVERIFY(csv.open(QIODevice::ReadOnly));
    const QList<QByteArray> lines = csv.readAll().split('\n');
    QCOMPARE(lines[0], QByteArray("chart,curve,x_axis,x,y\r"));
    QCOMPARE(lines.size(), 1 + 1000 + 10 + 1000 + 1);
    QVERIFY(lines[1001].startsWith("Loss,\"a, \"\"b\"\"\",step,1,"));
    // By the button, with a question.
    answerNextFileQuestion({folder.filePath("asked.png")});
    QTest::mouseClick(board.board.findChild<QToolButton*>("chartSave"), Qt::LeftButton);
    QVERIFY(waitFor([&] { return QFile::exists(folder.filePath("asked.png")); }));
}

void ChartTest::emptyChartsSayWhatComes() {
    Chart chart("Loss");
    chart.setEmptyText("Appears with the first step");
    chart.resize(300, 200);
    chart.show();
    chart.plot()->replot();
    QCOMPARE(chart.drawnPoints(), std::size_t{0});
    QCOMPARE(chart.accessibleDescription(), QString("Appears with the first step"));
}

}  // namespace distillix::ui

using distillix::ui::ChartTest;
UI_TEST_MAIN(ChartTest)
#include "charts.moc"
