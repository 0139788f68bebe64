// SPDX-License-Identifier: GPL-3.0-or-later
// What follows runs, the models over them, the form made from a configuration, and the gauges.
#include <QAbstractItemModelTester>
#include <QCheckBox>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QToolButton>
#include <fstream>

#include "core/backend/nvml.h"
#include "core/model/config.h"
#include "core/train/train_config.h"
#include "tests/ui/support.h"
#include "ui/models/bench_table_model.h"
#include "ui/models/run_difference_model.h"
#include "ui/models/run_event_model.h"
#include "ui/models/run_table_model.h"
#include "ui/training/config_arguments.h"
#include "ui/training/gauge_strip.h"
#include "ui/widgets/config_form/config_form.h"
#include "ui/widgets/gauge/gauge.h"

namespace distillix::ui {
namespace {

using Json = nlohmann::ordered_json;

RunEntry entryOf(const QString& name, const QString& state = "finished", qint64 step = 10) {
    RunEntry entry;
    entry.name = name;
    entry.path = "/runs/" + name;
    entry.state = state;
    entry.step = step;
    return entry;
}

/// A run's folder as a trainer makes it.
RunFolder makeRun(const QString& path, int steps) {
    RunInfo info;
    info.name = "a run";
    info.model = modelConfigToJson(ModelConfig{});
    info.training = fieldsToJson(TrainConfig{});
    info.training["steps"] = 100;
    auto folder = RunFolder::create(path.toStdString(), info);
    if (!folder.ok()) qFatal("%s", folder.error().text().c_str());
    for (int step = 1; step <= steps; ++step) {
        StepMetrics metrics;
        metrics.step = step;
        metrics.loss = 5.0 / step;
        metrics.tokens = step * 100;
        metrics.tokensPerSecond = 1000;
        metrics.stepMs = 100;
        metrics.elapsedSeconds = step * 0.1;
        if (!folder->appendMetrics(metrics).ok()) qFatal("no metrics");
    }
    return std::move(folder).value();
}

}  // namespace

class RunModelTest : public QObject {
    Q_OBJECT
  private slots:
    void initTestCase();
    void runTable();
    void runTableKeepsColours();
    void eventModel();
    void differences();
    void benchTable();
    void followerReadsAndFollows();
    void followerDropsWhatAResumeMadeVoid();
    void followerSaysWhatIsWrong();
    void twelveHoursOpenWithinASecond();
    void adviceForThoseThatEndedBadly();
    void formIsMadeFromTheConfiguration();
    void formMarksAndChecks();
    void formFollowsPresets();
    void argumentsOfSettings();
    void cardsThroughAStandIn();
    void gaugesOfACard();
    void peaksAreStatedOrNotThere();

  private:
    QTemporaryDir m_folder;
    std::unique_ptr<Studio> m_studio;
};

void RunModelTest::initTestCase() {
    m_studio = std::make_unique<Studio>(m_folder.filePath("settings.ini"));
    m_studio->theme().apply();
}

void RunModelTest::runTable() {
    RunTableModel model(m_studio->theme());
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setRuns({entryOf("c"), entryOf("b"), entryOf("a")});
    QCOMPARE(model.rowCount(), 3);
    QPersistentModelIndex b = model.index(1, 0);
    model.setRuns({entryOf("d", "running", 1234567), entryOf("c"), entryOf("b", "crashed")});
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(b.row(), 2);
    QCOMPARE(model.index(2, RunTableModel::State).data().toString(), QString("Crashed"));
    QCOMPARE(model.index(0, RunTableModel::Step).data().toString(), QString("1.23 M"));
    model.setRuns({entryOf("b"), entryOf("c"), entryOf("d")});
    QCOMPARE(b.row(), 0);
    QVERIFY(model.setData(model.index(1, 0), Qt::Checked, Qt::CheckStateRole));
    QCOMPARE(model.checkedPaths(), QStringList{"/runs/c"});
    model.setRuns({});
    QCOMPARE(model.rowCount(), 0);
    QVERIFY(model.checkedPaths().isEmpty());
}

void RunModelTest::runTableKeepsColours() {
    RunTableModel model(m_studio->theme());
    model.setRuns({entryOf("c"), entryOf("b"), entryOf("a")});
    model.setCurrent("/runs/b");
    QCOMPARE(model.seriesOf("/runs/b"), 0);
    model.setChecked("/runs/c", true);
    model.setChecked("/runs/a", true);
    QCOMPARE(model.seriesOf("/runs/c"), 1);
    QCOMPARE(model.seriesOf("/runs/a"), 2);
    model.setCurrent("/runs/a");
    QCOMPARE(model.seriesOf("/runs/b"), -1);
    QCOMPARE(model.seriesOf("/runs/a"), 2);
    model.setCurrent("/runs/b");
    QCOMPARE(model.seriesOf("/runs/b"), 0);
}

void RunModelTest::eventModel() {
    RunEventModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const auto event = [](std::int64_t step, const char* type, Json line = Json::object()) {
        RunEvent made;
        made.step = step;
        made.type = type;
        made.line = std::move(line);
        return made;
    };
    std::vector<RunEvent> events{event(0, "started"), event(5, "set", {{"values", {{"muon_learning_rate", 0.005}}}})};
    model.setEvents(events);
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(0, 2).data().toString(), QString("Muon learning rate 0.005"));
    events.push_back(event(7, "checkpoint"));
    QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted);
    model.setEvents(events);
    QCOMPARE(inserted.size(), 1);
    QCOMPARE(model.index(0, 2).data().toString(), QString("Checkpoint"));
    events.erase(events.begin());
    model.setEvents(events);
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(runEventMark(events[0]), std::optional(ChartMark::Kind::Change));
    QVERIFY(!runEventMark(event(1, "validation")));
}

void RunModelTest::differences() {
    for (const auto& [name, batch] : {std::pair("one", 8), std::pair("two", 16)}) {
        RunFolder folder = makeRun(m_folder.filePath(name), 1);
        Json info = folder.info().training;
        (void)info;
        QVERIFY(folder.appendEvent("set", 1, {{"values", {{"muon_learning_rate", batch / 1000.0}}}}).ok());
        QVERIFY(folder.finish(RunState::Stopped, 1).ok());
    }
    RunFollower one(m_folder.filePath("one")), two(m_folder.filePath("two"));
    QVERIFY(waitFor([&] { return one.isLoaded() && two.isLoaded(); }));
    RunDifferenceModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setRuns({&one, &two});
    QCOMPARE(model.columnCount(), 3);
    QCOMPARE(model.rowCount(), 1);
    QCOMPARE(model.index(0, 0).data().toString(), QString("Muon learning rate"));
    QCOMPARE(model.index(0, 1).data().toString(), QString("0.008"));
    QCOMPARE(model.index(0, 2).data().toString(), QString("0.016"));
    model.setRuns({&one});
    QVERIFY2(model.rowCount() > 40, "one alone shows all of its settings");
}

void RunModelTest::benchTable() {
    BenchTable table{"t",
                     "T",
                     {{"tokens", "tokens"}, {"ratio", "ratio"}},
                     {{64.0, BenchCell(0.25, 2)}, {128.0, BenchCell()}},
                     {"a note"}};
    const QJsonObject json = QJsonDocument::fromJson(QByteArray::fromStdString(tableJson(table).dump())).object();
    BenchTableModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setTable(benchTableOf(json));
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(0, 1).data().toString(), QString("0.25"));
    QCOMPARE(model.index(1, 1).data().toString(), QString("-"));
    QCOMPARE(model.table().notes.size(), std::size_t{1});
    QCOMPARE(QString::fromStdString(reportText({benchTableOf(json)}, ReportFormat::Csv)),
             QString::fromStdString(reportText({table}, ReportFormat::Csv)));
}

void RunModelTest::followerReadsAndFollows() {
    RunFolder folder = makeRun(m_folder.filePath("follow"), 20);
    QVERIFY(folder.appendEvent("validation", 10, {{"loss", 0.5}, {"bitsPerByte", 1.5}}).ok());
    QVERIFY(folder.appendSample(10, "Say <b>hi</b>", "hi").ok());
    RunFollower run(m_folder.filePath("follow"));
    run.setInterval(20);
    QVERIFY(waitFor([&] { return run.isLoaded(); }));
    QCOMPARE(run.metrics()->rows(), std::size_t{20});
    QCOMPARE((*run.metrics()->find("loss"))[4], 1.0);
    QCOMPARE(run.validations()->rows(), std::size_t{1});
    QCOMPARE((*run.validations()->find("tokens"))[0], 1000.0);
    QCOMPARE(run.samples().size(), std::size_t{1});
    QCOMPARE(run.samples()[0].prompt, QString("Say <b>hi</b>"));
    QVERIFY(run.lives());
    QCOMPARE(run.totalSteps(), 100);
    QVERIFY(std::fabs(run.secondsLeft() - 8) < 0.01);
    // More comes.
    QSignalSpy changed(&run, &RunFollower::metricsChanged);
    StepMetrics metrics;
    metrics.step = 21;
    metrics.loss = 0.25;
    QVERIFY(folder.appendMetrics(metrics).ok());
    QVERIFY(folder.appendEvent("set", 21, {{"values", {{"steps", 50}}}}).ok());
    QVERIFY(waitFor([&] { return run.metrics()->rows() == 21 && run.totalSteps() == 50; }));
    QCOMPARE(changed.first().first().value<std::size_t>(), std::size_t{20});
    QVERIFY(folder.finish(RunState::Finished, 21).ok());
    QVERIFY(waitFor([&] { return run.summary().state == RunState::Finished; }));
}

void RunModelTest::followerDropsWhatAResumeMadeVoid() {
    const QString path = m_folder.filePath("resumed");
    {
        RunFolder folder = makeRun(path, 20);
        QVERIFY(folder.appendEvent("validation", 15, {{"loss", 0.5}}).ok());
        QVERIFY(folder.appendSample(15, "p", "old").ok());
        QVERIFY(folder.finish(RunState::Stopped, 20).ok());
    }
    RunFollower run(path);
    run.setInterval(20);
    QVERIFY(waitFor([&] { return run.isLoaded(); }));
    QCOMPARE(run.validations()->rows(), std::size_t{1});
    auto folder = RunFolder::open(path.toStdString());
    QVERIFY(folder.ok());
    QVERIFY(folder->resumeFrom(12).ok());
    run.poll();
    QVERIFY(waitFor(
        [&] { return run.metrics()->rows() == 12 && run.samples().empty() && run.validations()->rows() == 0; }));
    QVERIFY(folder->finish(RunState::Stopped, 12).ok());
}

void RunModelTest::followerSaysWhatIsWrong() {
    RunFollower run(m_folder.filePath("nowhere"));
    QVERIFY(waitFor([&] { return run.isLoaded(); }));
    QVERIFY2(run.problem().contains("is no run"), qPrintable(run.problem()));
}

void RunModelTest::twelveHoursOpenWithinASecond() {
    // Four steps a second: 172,800 of them, with validations, checkpoints and samples between.
    const QString path = m_folder.filePath("long");
    {
        RunFolder folder = makeRun(path, 0);
        QVERIFY(folder.finish(RunState::Finished, 172800).ok());
    }
    {
        std::ofstream metrics((path + "/metrics.jsonl").toStdString(), std::ios::app);
        for (int step = 1; step <= 172800; ++step)
            metrics << "{\"step\":" << step
                    << ",\"loss\":2.7182818284590451,\"lr\":0.0033333333333333335,\"gradNorm\":0.33333333333333331,"
                       "\"tokens\":"
                    << step * 2048.0
                    << ",\"tokensPerSecond\":7654.3210000000003,\"stepMs\":267.88999999999999,\"elapsed\":"
                    << step / 4.0 << ",\"epoch\":1.3333333333333333,\"labels\":1876,\"zeroShare\":0.3333}\n";
        std::ofstream events((path + "/events.jsonl").toStdString(), std::ios::app);
        for (int step = 100; step <= 172800; step += 100)
            events << "{\"type\":\"validation\",\"step\":" << step
                   << ",\"time\":\"2026-01-01T00:00:00.000Z\",\"loss\":2.5,\"perplexity\":12.2,\"bitsPerByte\":1.2}\n";
        std::ofstream samples((path + "/samples.jsonl").toStdString(), std::ios::app);
        for (int step = 100; step <= 172800; step += 100)
            samples << "{\"step\":" << step
                    << ",\"time\":\"2026-01-01T00:00:00.000Z\",\"prompt\":\"Write a function.\",\"text\":\"def add(a, "
                       "b): return a + b\"}\n";
    }
    QElapsedTimer clock;
    clock.start();
    RunFollower run(path);
    QVERIFY(waitFor([&] { return run.isLoaded(); }));
    const auto took = clock.elapsed();
    QCOMPARE(run.metrics()->rows(), std::size_t{172800});
    QCOMPARE(run.validations()->rows(), std::size_t{1728});
    qInfo("twelve hours of metrics: %lld ms", static_cast<long long>(took));
#ifndef __SANITIZE_ADDRESS__
    // A second on a quiet machine; the tests share it with whatever else is being built.
    QVERIFY2(took < 2500, qPrintable(QString::number(took)));
#endif
}

void RunModelTest::adviceForThoseThatEndedBadly() {
    RunSummary run;
    run.state = RunState::Crashed;
    run.message =
        "most likely out of memory: since its last sign of life the system's out-of-memory killer has ended a process.";
    QVERIFY(ranOutOfMemory(run));
    QVERIFY(runAdvice(run).contains("Halve the batch"));
    run.message =
        "killed from outside (SIGKILL, or a second Ctrl-C): it left no word of its own, and the out-of-memory killer "
        "is "
        "not known to have ended anything.";
    QVERIFY(!ranOutOfMemory(run));
    run.checkpoints = {{40, "/x"}};
    QVERIFY(runAdvice(run).contains("step 40"));
    run.state = RunState::Finished;
    QVERIFY(runAdvice(run).isEmpty());
}

void RunModelTest::formIsMadeFromTheConfiguration() {
    ConfigForm form;
    form.addSection("Training", formFields(TrainConfig{}));
    form.addSection("Model", formFields(ModelConfig{}), {"vocab_size"});
    // Every field has a row, and the untouched form says the very struct.
    Json expected = fieldsToJson(TrainConfig{});
    const Json model = fieldsToJson(ModelConfig{});
    for (const auto& [key, value] : model.items())
        if (key != "vocab_size") expected[key] = value;
    Json said = form.values();
    QCOMPARE(said.size(), expected.size());
    for (const auto& [key, value] : expected.items())
        QVERIFY2(said.contains(key) &&
                     (said[key] == value ||
                      (value.is_number() && std::fabs(said[key].get<double>() - value.get<double>()) < 1e-6)),
                 key.c_str());
    QVERIFY(form.changed().empty());
    // Simple hides what is advanced; help says range, unit and default.
    form.resize(400, 2000);
    form.show();
    QVERIFY(form.row("batch")->isVisible());
    QVERIFY(!form.row("adam_beta1")->isVisible());
    form.setAdvanced(true);
    QVERIFY(form.row("adam_beta1")->isVisible());
    const QString help = form.row("batch")->helpText();
    QVERIFY2(
        help.contains("Sequences in a micro-step") && help.contains("1 to 1048576") && help.contains("Default: 16"),
        qPrintable(help));
    auto* edit = form.findChild<QLineEdit*>("field_batch");
    QCOMPARE(edit->accessibleName(), QString("Batch, in sequences"));
}

void RunModelTest::formMarksAndChecks() {
    ConfigForm form;
    form.addSection("Training", formFields(TrainConfig{}));
    form.addSection("Model", formFields(ModelConfig{}));
    form.show();
    QSignalSpy edited(&form, &ConfigForm::edited);
    auto* batch = form.findChild<QLineEdit*>("field_batch");
    batch->setText("32");
    QVERIFY(!edited.isEmpty());
    QCOMPARE(form.changed().dump(), std::string("{\"batch\":32}"));
    auto* reset = form.findChild<QToolButton*>("reset_batch");
    QVERIFY(reset->isVisible());
    batch->setText("0");
    QVERIFY2(form.problem().contains("must be between 1 and"), qPrintable(form.problem()));
    QVERIFY(form.findChild<QLabel*>("problem_batch")->isVisible());
    batch->setText("1.5");
    QVERIFY(!form.problem().isEmpty());
    batch->setText("many");
    QCOMPARE(form.findChild<QLabel*>("problem_batch")->text(), QString("must be a number"));
    reset->click();
    QVERIFY(form.problem().isEmpty() && form.changed().empty());
    QVERIFY(!reset->isVisible());
    // None is a value; an advanced field that was changed stays in sight.
    form.findChild<QLineEdit*>("field_attn_logit_soft_cap")->clear();
    QVERIFY(form.changed()["attn_logit_soft_cap"].is_null());
    form.setValues({{"adam_beta1", 0.8}});
    QVERIFY(form.row("adam_beta1")->isVisible());
    form.findChild<QCheckBox*>("field_recompute")->setChecked(true);
    QVERIFY(form.changed()["recompute"] == true);
    form.reset();
    QVERIFY(form.changed().empty());
}

void RunModelTest::formFollowsPresets() {
    ConfigForm form;
    form.addSection("Training", formFields(TrainConfig{}));
    form.setValues({{"clip", 0.5}});
    form.setDefaults({{"batch", 2}, {"clip", 2.0}});
    QCOMPARE(form.findChild<QLineEdit*>("field_batch")->text(), QString("2"));
    QCOMPARE(form.findChild<QLineEdit*>("field_clip")->text(), QString("0.5"));
    QCOMPARE(form.changed().dump(), std::string("{\"clip\":0.5}"));
}

void RunModelTest::argumentsOfSettings() {
    QCOMPARE(configArguments({{"muon_learning_rate", 0.01},
                              {"recompute", true},
                              {"use_qk_norm", false},
                              {"rope_scaling", nullptr},
                              {"schedule", "cosine"},
                              {"steps", 100000000000}}),
             (QStringList{"--muon-learning-rate", "0.01", "--recompute", "--no-use-qk-norm", "--rope-scaling", "none",
                          "--schedule", "cosine", "--steps", "100000000000"}));
}

void RunModelTest::cardsThroughAStandIn() {
    QVERIFY2(!Nvml::open("libno-such-library.so.1"), "a machine without a driver has no cards");
    const QByteArray library = qgetenv("DISTILLIX_FAKE_NVML");
    QVERIFY(!library.isEmpty());
    const auto nvml = Nvml::open(library.constData());
    QVERIFY(nvml);
    const auto cards = nvml->read(4711);
    QCOMPARE(cards.size(), std::size_t{2});
    QCOMPARE(cards[0].name, std::string("NVIDIA Stand-in 1"));
    QCOMPARE(cards[0].memoryTotal, 8e9);
    QCOMPARE(cards[0].memoryUsed, 3e9);
    QCOMPARE(cards[0].memoryOfProcess, 2e9);
    QCOMPARE(cards[0].utilisation, 0.87);
    QCOMPARE(cards[0].celsius, 71.0);
    QCOMPARE(cards[0].watts, 215.0);
    QCOMPARE(cards[0].wattLimit, 250.0);
    QCOMPARE(cards[0].memoryFree, 5e9);
    QCOMPARE(cards[0].clockMhz, 1650.0);
    QCOMPARE(cards[0].clockLimitMhz, 1815.0);
    QCOMPARE(cards[0].memoryClockMhz, 7750.0);
    QCOMPARE(cards[0].throttle, std::string("power limit, temperature"));
    QVERIFY(cards[1].celsius < 0);  // one that does not tell
    QVERIFY(nvml->read(1)[0].memoryOfProcess < 0);
}

void RunModelTest::gaugesOfACard() {
    GaugeStrip strip(*m_studio);
    SystemReading reading;
    reading.memoryTotal = 24e9;
    reading.memoryAvailable = 20e9;
    reading.processResident = 1e9;
    reading.processPeak = 2e9;
    reading.processorShare = 0.5;
    reading.processProcessors = 0.9;
    reading.processors = 2;
    strip.showReading(reading);
    auto* memory = strip.findChild<Gauge*>("gaugeMemory");
    QCOMPARE(memory->value(), QString("1 GB"));
    QVERIFY2(memory->detail().contains("2 GB") && memory->detail().contains("20 GB"), qPrintable(memory->detail()));
    QCOMPARE(memory->parts().size(), std::size_t{2});
    QVERIFY(!strip.findChild<Gauge*>("gaugeCardMemory0"));
    CardReading card;
    card.name = "NVIDIA H100 80GB HBM3";
    card.memoryTotal = 80e9;
    card.memoryUsed = 30e9;
    card.memoryOfProcess = 20e9;
    card.utilisation = 0.9;
    card.celsius = 60;
    card.watts = 400;
    card.wattLimit = 700;
    reading.cards = {card};
    strip.showReading(reading);
    QCOMPARE(strip.findChild<Gauge*>("gaugeCardMemory0")->value(), QString("20 GB"));
    QCOMPARE(strip.findChild<Gauge*>("gaugeCardLoad0")->value(), QString("90.0%"));
    QCOMPARE(strip.findChild<Gauge*>("gaugeCardHeat0")->detail(), QString("400 of 700 W"));
    QVERIFY(!strip.findChild<Gauge*>("gaugeMfu")->isVisibleTo(&strip));
}

void RunModelTest::peaksAreStatedOrNotThere() {
    QCOMPARE(statedPeakOperations("NVIDIA H100 80GB HBM3"), 989.4e12);
    QCOMPARE(statedPeakOperations("NVIDIA GeForce RTX 4090"), 165.2e12);
    QCOMPARE(statedPeakOperations("NVIDIA GeForce RTX 4090 Laptop GPU"), 0.0);
    QCOMPARE(statedPeakOperations("NVIDIA GeForce RTX 2080 SUPER"), 0.0);
    QCOMPARE(statedPeakOperations("NVIDIA L40"), 0.0);
    QCOMPARE(statedPeakOperations("AMD EPYC"), 0.0);
}

}  // namespace distillix::ui

using distillix::ui::RunModelTest;
UI_TEST_MAIN(RunModelTest)
#include "run_models.moc"
