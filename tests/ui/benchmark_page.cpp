// SPDX-License-Identifier: GPL-3.0-or-later
// The benchmark page, measuring the sample preset with the real command line.
#include "ui/benchmark/benchmark_page.h"

#include <QClipboard>
#include <QComboBox>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableView>

#include "tests/ui/support.h"
#include "ui/benchmark/bench_form.h"
#include "ui/benchmark/bench_table_view.h"
#include "ui/widgets/chart/chart.h"
#include "ui/widgets/file_questions.h"

namespace distillix::ui {

class BenchmarkPageTest : public QObject {
    Q_OBJECT
  private slots:
    void initTestCase();
    void publishedFiguresStandThereBefore();
    void measuresAndKeeps();
    void comparesTwo();
    void publishedTablesGetOurColumn();
    void copiesAndSaves();
    void cancels();
    void keepsWhatWasMeasured();

  private:
    BenchmarkPage* page() { return m_fixture->find<BenchmarkPage>("page.benchmark"); }
    /// Checks what is named and nothing else.
    void check(const QString& list, const QStringList& words) {
        auto* widget = m_fixture->find<QListWidget>(list);
        for (int i = 0; i < widget->count(); ++i) {
            bool on = false;
            for (const QString& word : words) on = on || widget->item(i)->text().startsWith(word);
            widget->item(i)->setCheckState(on ? Qt::Checked : Qt::Unchecked);
        }
    }
    bool measure(int milliseconds = 120000) {
        QSignalSpy measured(page(), &BenchmarkPage::measured);
        m_fixture->click("benchStart");
        return waitFor([&] { return !measured.isEmpty(); }, milliseconds) && measured.first().first().toBool();
    }
    QTableView* sessions() { return m_fixture->find<QTableView>("benchSessionList"); }
    void snapshot(const QString& name) {
        const QString folder = qEnvironmentVariable("DISTILLIX_SCREENSHOTS");
        if (folder.isEmpty()) return;
        QTest::qWait(1000);
        m_fixture->window().grab().save(folder + "/" + name + ".png");
    }
    std::unique_ptr<StudioFixture> m_fixture;
};

void BenchmarkPageTest::initTestCase() {
    m_fixture = std::make_unique<StudioFixture>();
    m_fixture->studio().settings().setValue("benchmark/results", m_fixture->path("results"));
    m_fixture->studio().showPage(PageId::Benchmark);
    QVERIFY(waitFor([&] { return m_fixture->find<QListWidget>("benchDevices")->count() > 0; }));
    QVERIFY(m_fixture->find<QListWidget>("benchDevices")->item(0)->text().startsWith("cpu"));
    QCOMPARE(m_fixture->find<QListWidget>("benchDevices")->item(0)->checkState(), Qt::Checked);
}

void BenchmarkPageTest::publishedFiguresStandThereBefore() {
    const auto tables = page()->shownTables();
    QCOMPARE(tables.size(), std::size_t{7});
    QCOMPARE(tables[0].id, std::string("inference"));
    QCOMPARE(tables[0].rows.size(), std::size_t{4});
    QCOMPARE(m_fixture->find<Chart>("benchLengthChart")->curves().size(), std::size_t{1});
    QCOMPARE(m_fixture->find<Chart>("benchCurveV03")->curves()[0].columns->rows(), std::size_t{5});
}

void BenchmarkPageTest::measuresAndKeeps() {
    m_fixture->find<QComboBox>("benchKind")->setCurrentIndex(static_cast<int>(BenchForm::Kind::Inference));
    check("benchModels", {"sample,"});
    check("benchDevices", {"cpu"});
    m_fixture->find<QLineEdit>("benchLengths")->setText("16, 32");
    m_fixture->find<QSpinBox>("benchRepeat")->setValue(1);
    m_fixture->find<QSpinBox>("benchDecode")->setValue(4);
    QVERIFY(measure());
    QVERIFY(waitFor([&] { return sessions()->model()->rowCount() == 1; }));
    auto* records = m_fixture->find<BenchTableView>("benchRecords");
    QVERIFY(waitFor([&] { return records->table().rows.size() == 5; }));  // forward and prefill at two lengths, decode
    QVERIFY(waitFor([&] { return m_fixture->find<Chart>("benchRecordChart")->curves().size() == 2; }));
    QCOMPARE(m_fixture->find<Chart>("benchRecordChart")->curves()[0].columns->rows(), std::size_t{2});
    snapshot("benchmark-measured");
}

void BenchmarkPageTest::comparesTwo() {
    m_fixture->find<QLineEdit>("benchThreads")->setText("1");
    QVERIFY(measure());
    QVERIFY(waitFor([&] { return sessions()->model()->rowCount() == 2; }));
    m_fixture->find<QTabWidget>("benchTabs")->setCurrentIndex(2);
    auto* comparison = m_fixture->find<BenchTableView>("benchComparison");
    QVERIFY(waitFor([&] { return comparison->table().rows.size() == 5; }));
    QVERIFY(comparison->table().rows[0][5].number);
    QVERIFY(m_fixture->find<QComboBox>("benchThen")->currentData() !=
            m_fixture->find<QComboBox>("benchNow")->currentData());
    snapshot("benchmark-compare");
}

void BenchmarkPageTest::publishedTablesGetOurColumn() {
    m_fixture->find<QComboBox>("benchKind")->setCurrentIndex(static_cast<int>(BenchForm::Kind::Published));
    check("benchModels", {"small,"});  // 512 tokens are more than the sample preset takes
    check("benchTables", {"Inference"});
    QVERIFY(measure());
    QCOMPARE(m_fixture->find<QTabWidget>("benchTabs")->currentIndex(), 0);
    const auto tables = page()->shownTables();
    QCOMPARE(tables.size(), std::size_t{7});
    std::size_t ratio = 0, ours = 0;
    for (std::size_t i = 0; i < tables[0].columns.size(); ++i) {
        if (tables[0].columns[i].key == "ratio") ratio = i;
        if (tables[0].columns[i].key == "ours_tokens_per_second") ours = i;
    }
    for (const auto& row : tables[0].rows) {
        QVERIFY(row[ours].number && *row[ours].number > 0);
        QVERIFY(row[ratio].number && *row[ratio].number > 0);
    }
    QCOMPARE(m_fixture->find<Chart>("benchLengthChart")->curves().size(), std::size_t{2});
    snapshot("benchmark-published");
}

void BenchmarkPageTest::copiesAndSaves() {
    m_fixture->click("benchCopy");
    const QString text = QGuiApplication::clipboard()->text();
    QVERIFY2(text.contains("| tokens/s, published |") || text.contains("tokens/s, published"),
             qPrintable(text.left(400)));
    QVERIFY(text.contains("14,984"));
    answerNextFileQuestion({m_fixture->path("out.csv")});
    m_fixture->click("benchSave");
    QVERIFY(waitFor([&] { return QFile::exists(m_fixture->path("out.csv")); }));
    QFile csv(m_fixture->path("out.csv"));
    QVERIFY(csv.open(QIODevice::ReadOnly));
    QVERIFY(csv.readAll().startsWith("table,tokens,theirs_milliseconds,ours_milliseconds"));
}

void BenchmarkPageTest::cancels() {
    m_fixture->find<QComboBox>("benchKind")->setCurrentIndex(static_cast<int>(BenchForm::Kind::Training));
    check("benchModels", {"213M"});
    m_fixture->find<QSpinBox>("benchRepeat")->setValue(1000);
    QSignalSpy measured(page(), &BenchmarkPage::measured);
    m_fixture->trigger("run.measure");
    QVERIFY(waitFor([&] { return m_fixture->find<QLabel>("benchProgressText")->text() != "Starting…"; }));
    QVERIFY(page()->isMeasuring());
    m_fixture->click("benchCancel");
    QVERIFY(waitFor([&] { return !measured.isEmpty(); }, 60000));
    QVERIFY(!measured.first().first().toBool());
    QVERIFY(!page()->isMeasuring());
    QVERIFY(m_fixture->find<QLabel>("benchProgressText")->text().contains("Cancelled"));
    QVERIFY(m_fixture->find<QWidget>("benchStart")->isVisible());
}

void BenchmarkPageTest::keepsWhatWasMeasured() {
    m_fixture->restart();
    m_fixture->studio().showPage(PageId::Benchmark);
    QVERIFY(waitFor([&] { return sessions()->model()->rowCount() == 3; }));
    QVERIFY(waitFor([&] { return m_fixture->find<Chart>("benchLengthChart")->curves().size() == 2; }));
    QVERIFY(m_fixture->find<QComboBox>("benchPublished")->isEnabled());
    m_fixture->studio().theme().setMode(Theme::Mode::Dark);
    snapshot("benchmark-dark");
}

}  // namespace distillix::ui

using distillix::ui::BenchmarkPageTest;
UI_TEST_MAIN(BenchmarkPageTest)
#include "benchmark_page.moc"
