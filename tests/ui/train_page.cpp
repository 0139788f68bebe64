// SPDX-License-Identifier: GPL-3.0-or-later
// The train page against real trainers: small models, the real command line.
#include "ui/training/train_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>
#include <csignal>

#include "tests/ui/support.h"
#include "ui/jobs/verb_process.h"
#include "ui/models/run_table_model.h"
#include "ui/training/cost_card.h"
#include "ui/training/new_run_form.h"
#include "ui/widgets/chart/chart_board.h"
#include "ui/widgets/file_questions.h"
#include "ui/widgets/gauge/gauge.h"

namespace distillix::ui {
namespace {

/// Runs a verb to its end.
VerbOutcome runVerb(const QStringList& arguments) {
    VerbProcess verb;
    VerbOutcome outcome;
    bool ended = false;
    QObject::connect(&verb, &VerbProcess::finished, [&](const VerbOutcome& what) {
        outcome = what;
        ended = true;
    });
    verb.start(arguments);
    waitFor([&] { return ended; }, 120000);
    return outcome;
}

}  // namespace

class TrainPageTest : public QObject {
    Q_OBJECT
  private slots:
    void initTestCase();
    void cleanupTestCase();
    void formTellsTheCost();
    void startsAndShowsItGrow();
    void pausesAndGoesOn();
    void checkpointSampleAndRate();
    void goesOnWithoutTheWindow();
    void stopSaysWhatIsKept();
    void resumesAndIsKilled();
    void overlaysRunsAndTheirDifferences();
    void watchesARunElsewhere();
    void outOfMemoryOffersASmallerRun();
    void aStartThatFailsIsToldInTheForm();
    void actionsFollowTheRun();

  private:
    TrainPage* page() { return m_fixture->find<TrainPage>("page.train"); }
    RunFollower* run() { return page()->current(); }
    void set(const char* key, const QString& text) {
        m_fixture->find<QLineEdit>(QStringLiteral("field_%1").arg(key))->setText(text);
    }
    bool waitForState(RunState state) {
        return waitFor([&] { return run() && run()->isLoaded() && run()->summary().state == state; }, 60000);
    }
    template <typename Widget>
    Widget* dialogPart(const QString& dialog, const QString& part) {
        if (!waitFor([&] { return page()->findChild<QDialog*>(dialog) != nullptr; })) return nullptr;
        return page()->findChild<QDialog*>(dialog)->findChild<Widget*>(part);
    }
    /// For looking at: where DISTILLIX_SCREENSHOTS names a folder.
    void snapshot(const QString& name) {
        const QString folder = qEnvironmentVariable("DISTILLIX_SCREENSHOTS");
        if (folder.isEmpty()) return;
        QTest::qWait(1500);  // what is drawn a moment later
        m_fixture->window().grab().save(folder + "/" + name + ".png");
    }
    std::unique_ptr<StudioFixture> m_fixture;
};

void TrainPageTest::initTestCase() {
    m_fixture = std::make_unique<StudioFixture>();
    m_fixture->studio().showPage(PageId::Train);
    QVERIFY2(m_fixture->find<QWidget>("newRun")->isVisible(), "with nothing there the form is what one needs");
    QVERIFY(!m_fixture->find<QPushButton>("newRunStart")->isEnabled());
    QVERIFY(m_fixture->find<QPushButton>("newRunImport")->isVisible());
    const auto text = runVerb({"sample-data", m_fixture->path("text"), "--training", "300", "--validation", "20"});
    QVERIFY2(text.ok, qPrintable(text.text()));
    const auto data = runVerb({"import", m_fixture->path("text/train.jsonl"), "--validation",
                               m_fixture->path("text/validation.jsonl"), "--out",
                               m_fixture->project().datasetsDir() + "/small", "--vocab-size", "400"});
    QVERIFY2(data.ok, qPrintable(data.text()));
    m_fixture->project().refresh();
    QVERIFY(waitFor([&] { return m_fixture->find<QComboBox>("newRunDataset")->count() == 1; }));
}

void TrainPageTest::cleanupTestCase() {
    // No trainer outlives the test.
    if (m_fixture && m_fixture->studio().project())
        for (const RunEntry& entry : m_fixture->project().contents().runs)
            if (const auto summary = readRun(entry.path.toStdString());
                summary.ok() && summary->pid > 0 && entry.isLive())
                ::kill(static_cast<pid_t>(summary->pid), SIGKILL);
    m_fixture.reset();
}

void TrainPageTest::formTellsTheCost() {
    auto* cost = m_fixture->find<CostCard>("costCard");
    QVERIFY(waitFor([&] { return cost->fit() == CostCard::Fit::Fits; }));
    auto* head = m_fixture->find<QLabel>("costHead");
    QVERIFY2(head->text().contains("M parameters"), qPrintable(head->text()));
    QCOMPARE(m_fixture->find<QLabel>("costFit")->text(), QString("fits"));
    auto* bar = m_fixture->find<MemoryBar>("costBar");
    QCOMPARE(bar->parts().size(), std::size_t{5});
    double sum = 0;
    for (const auto& part : bar->parts()) {
        QVERIFY2(part.bytes > 0, qPrintable(part.name));
        sum += part.bytes;
    }
    QVERIFY(sum > 1e7);
    // A batch that no machine has room for.
    set("batch", "1000000");
    QVERIFY(waitFor([&] { return cost->fit() == CostCard::Fit::TooLarge; }));
    QVERIFY(!m_fixture->find<QPushButton>("newRunStart")->isEnabled());
    // More checkpoints than the disk has room for are told before they fill it.
    set("batch", "2");
    m_fixture->find<QPushButton>("newRunAdvanced")->setChecked(true);
    auto* disk = m_fixture->find<QLabel>("costDisk");
    QVERIFY(!disk->isVisible());
    set("keep_checkpoints", "1000000");
    QVERIFY(waitFor([&] { return disk->isVisible(); }));
    QVERIFY2(disk->text().contains("The disk has room for"), qPrintable(disk->text()));
    set("keep_checkpoints", "3");
    QVERIFY(waitFor([&] { return !disk->isVisible(); }));
    // What makes no sense is said by the command line's own words.
    set("batch", "2");
    m_fixture->find<QPushButton>("newRunAdvanced")->setChecked(true);
    set("num_kv_heads", "3");
    QVERIFY(waitFor([&] { return cost->problem().contains("num_heads"); }));
    m_fixture->find<QPushButton>("newRunReset")->click();
    QVERIFY(waitFor([&] { return cost->fit() == CostCard::Fit::Fits; }));
    // A step is tried when it is asked for, or by itself where it is small.
    for (const auto& [key, value] :
         {std::pair("hidden_dim", "32"), std::pair("num_layers", "1"), std::pair("num_heads", "2"),
          std::pair("num_kv_heads", "1"), std::pair("mlp_hidden_dim", "64"), std::pair("max_seq_len", "64"),
          std::pair("tokens", "64"), std::pair("batch", "2"), std::pair("minutes", "0"), std::pair("steps", "1000000"),
          std::pair("validate_every", "20"), std::pair("validation_tokens", "512"), std::pair("sample_every", "50"),
          std::pair("checkpoint_every", "100"), std::pair("sample_tokens", "8")})
        set(key, value);
    QVERIFY(waitFor([&] { return cost->secondsPerStep().has_value(); }, 60000));
    QVERIFY(*cost->secondsPerStep() > 0 && *cost->secondsPerStep() < 5);
    QVERIFY2(m_fixture->find<QLabel>("costTime")->text().contains("tried here"),
             qPrintable(m_fixture->find<QLabel>("costTime")->text()));
    QVERIFY2(m_fixture->find<QLabel>("costTokens")->text().startsWith("128 tokens a step · 128 M in 1 M steps"),
             qPrintable(m_fixture->find<QLabel>("costTokens")->text()));
    QVERIFY(m_fixture->find<QLabel>("newRunChanged")->text().contains("changed"));
    QVERIFY(m_fixture->find<QLabel>("note_attn_logit_soft_cap")->text().contains("exports exactly"));
    snapshot("train-form");
}

void TrainPageTest::startsAndShowsItGrow() {
    m_fixture->find<QLineEdit>("newRunName")->setText("first");
    QVERIFY(m_fixture->find<QPushButton>("newRunStart")->isEnabled());
    m_fixture->click("newRunStart");
    QVERIFY(waitForState(RunState::Running));
    QCOMPARE(run()->name(), QString("first"));
    auto* board = m_fixture->find<ChartBoard>("chartBoard");
    QVERIFY(waitFor([&] { return run()->metrics()->rows() > 60; }, 60000));
    // The curve is drawn as it grows.
    QVERIFY(
        waitFor([&] { return board->chart("loss")->drawnPoints() > 60 && board->chart("loss")->view().high > 60; }));
    const double before = board->chart("loss")->view().high;
    QVERIFY(waitFor([&] { return board->chart("loss")->view().high > before + 20; }));
    QVERIFY(waitFor([&] { return run()->validations()->rows() > 0 && !run()->samples().empty(); }, 60000));
    QVERIFY(waitFor([&] { return m_fixture->find<QPlainTextEdit>("sampleText")->toPlainText().contains("step 50"); }));
    QVERIFY(!board->chart("lr")->marks().empty());
    auto* memory = m_fixture->find<Gauge>("gaugeMemory");
    QVERIFY(waitFor([&] { return memory->detail().contains("peak"); }));
    // Nothing in the gauges is cut off in a window of this size (in German neither: translations.cpp, at this width).
    m_fixture->window().resize(1280, 800);
    auto* strip = m_fixture->find<QWidget>("gaugeStrip");
    QVERIFY(waitFor([&] { return m_fixture->window().width() == 1280 && strip->width() < 1000; }));
    QVERIFY2(strip->width() >= 840, qPrintable(QString::number(strip->width())));
    for (const Gauge* gauge : strip->findChildren<Gauge*>())
        QVERIFY2(!gauge->isVisible() || !gauge->isCut(), qPrintable(gauge->toolTip()));
    QVERIFY(m_fixture->find<QLabel>("runDetail")->text().contains("of 1,000,000"));
    QVERIFY(waitFor([&] { return !m_fixture->studio().jobs().jobs().isEmpty(); }));
    snapshot("train-running");
}

void TrainPageTest::pausesAndGoesOn() {
    m_fixture->click("runPause");
    QVERIFY(waitForState(RunState::Paused));
    QVERIFY(m_fixture->find<QWidget>("runResume")->isVisible());
    QVERIFY(!m_fixture->find<QWidget>("runPause")->isVisible());
    const auto step = run()->summary().step;
    QVERIFY(waitFor([&] { return m_fixture->find<QWidget>("runResume")->isEnabled(); }));
    m_fixture->click("runResume");
    QVERIFY(waitForState(RunState::Running));
    QVERIFY(waitFor([&] { return run()->summary().step > step; }));
}

void TrainPageTest::checkpointSampleAndRate() {
    auto* checkpoint = m_fixture->find<QWidget>("runCheckpoint");
    QVERIFY(waitFor([&] { return checkpoint->isEnabled(); }));
    const auto count = [&](const char* type) {
        return std::count_if(run()->events().begin(), run()->events().end(),
                             [&](const RunEvent& event) { return event.type == QLatin1String(type); });
    };
    m_fixture->click("runCheckpoint");
    QVERIFY(waitFor([&] {
        return std::any_of(run()->events().begin(), run()->events().end(), [](const RunEvent& event) {
            return event.type == "command" && event.line.value("command", "") == "checkpoint" &&
                   event.line.value("ok", false);
        });
    }));
    QVERIFY(waitFor([&] { return checkpoint->isEnabled(); }));
    m_fixture->click("runSample");
    auto* prompt = dialogPart<QPlainTextEdit>("sampleDialog", "samplePromptText");
    QVERIFY(prompt);
    prompt->setPlainText("Write <i>a</i> haiku & more.");
    dialogPart<QPushButton>("sampleDialog", "sampleOk")->click();
    QVERIFY(waitFor([&] {
        return std::any_of(run()->samples().begin(), run()->samples().end(),
                           [](const RunSample& sample) { return sample.prompt == "Write <i>a</i> haiku & more."; });
    }));
    // Shown as it is, not as HTML.
    QVERIFY(waitFor([&] {
        return m_fixture->find<QPlainTextEdit>("sampleText")->toPlainText().contains("<i>a</i> haiku & more.");
    }));
    QVERIFY(waitFor([&] { return m_fixture->find<QWidget>("runSettings")->isEnabled(); }));
    QVERIFY(waitFor([&] { return !page()->findChild<QDialog*>("sampleDialog"); }));
    m_fixture->trigger("run.rate");
    auto* rate = dialogPart<QLineEdit>("settingsDialog", "settingsRate");
    QVERIFY(rate);
    QCOMPARE(rate->text(), QString("0.01"));
    QVERIFY(!dialogPart<QPushButton>("settingsDialog", "settingsOk")->isEnabled());
    dialogPart<QPushButton>("settingsDialog", "settingsHalf")->click();
    QCOMPARE(rate->text(), QString("0.005"));
    dialogPart<QPushButton>("settingsDialog", "settingsOk")->click();
    QVERIFY(waitFor([&] { return count("set") == 1; }));
    auto* board = m_fixture->find<ChartBoard>("chartBoard");
    QVERIFY(waitFor([&] {
        const auto& marks = board->chart("lr")->marks();
        return std::any_of(marks.begin(), marks.end(),
                           [](const ChartMark& mark) { return mark.kind == ChartMark::Kind::Change; });
    }));
    QVERIFY(waitFor([&] {
        const auto* rates = run()->metrics()->find("lr");
        return rates && rates->back() < 0.0051;
    }));
}

void TrainPageTest::goesOnWithoutTheWindow() {
    const auto pid = run()->summary().pid;
    const auto step = run()->summary().step;
    m_fixture->restart();
    QVERIFY(waitFor([&] { return page()->current() != nullptr; }));
    QVERIFY(waitForState(RunState::Running));
    QCOMPARE(run()->summary().pid, pid);
    QVERIFY(waitFor([&] { return run()->summary().step > step; }));
    QVERIFY2(m_fixture->find<QWidget>("page.train")->isVisible(), "the window opens where it was closed");
}

void TrainPageTest::stopSaysWhatIsKept() {
    QVERIFY(waitFor(
        [&] { return m_fixture->find<QWidget>("runStop")->isEnabled() && !run()->summary().checkpoints.empty(); },
        60000));
    m_fixture->click("runStop");
    auto* kept = dialogPart<QLabel>("stopDialog", "stopKept");
    QVERIFY(kept);
    QVERIFY2(kept->text().contains("writes a checkpoint") && kept->text().contains("Kept besides"),
             qPrintable(kept->text()));
    dialogPart<QPushButton>("stopDialog", "stopOk")->click();
    QVERIFY(waitForState(RunState::Stopped));
    QVERIFY(m_fixture->find<QWidget>("runResume")->isVisible());
    QVERIFY(!m_fixture->find<QWidget>("runSample")->isVisible());
}

void TrainPageTest::resumesAndIsKilled() {
    const auto step = run()->summary().step;
    m_fixture->click("runResume");
    QVERIFY(waitForState(RunState::Running));
    QVERIFY(waitFor([&] { return run()->metrics()->rows() > static_cast<std::size_t>(step) + 5; }, 60000));
    const auto pid = static_cast<pid_t>(run()->summary().pid);
    QVERIFY(pid > 0);
    QSignalSpy notices(&m_fixture->studio(), &Studio::noticed);
    ::kill(pid, SIGKILL);
    QVERIFY(waitForState(RunState::Crashed));
    auto* banner = m_fixture->find<QWidget>("runBanner");
    QVERIFY(waitFor([&] { return banner->isVisible(); }));
    auto* title = m_fixture->find<QLabel>("runBannerTitle");
    QVERIFY2(title->text().contains("killed from outside"), qPrintable(title->text()));
    QVERIFY(m_fixture->find<QLabel>("runBannerAdvice")->text().contains("Resume goes on from the checkpoint"));
    QVERIFY(!m_fixture->find<QPlainTextEdit>("runBannerLog")->toPlainText().isEmpty());
    // The banner says it; a notice would be a second time. The list of runs has read it by then.
    auto* list = m_fixture->find<QTableView>("runList")->model();
    QVERIFY(waitFor(
        [&] { return list->index(0, RunTableModel::State).data().toString() == runStateText(RunState::Crashed); }));
    QVERIFY2(notices.isEmpty(), qPrintable(notices.value(0).value(0).toString()));
    snapshot("train-killed");
}

void TrainPageTest::overlaysRunsAndTheirDifferences() {
    QStringList arguments{"train", "new", m_fixture->project().runsDir() + "/second", "--dataset",
                          m_fixture->project().datasetsDir() + "/small"};
    for (const auto& [key, value] :
         {std::pair("hidden-dim", "32"), std::pair("num-layers", "2"), std::pair("num-heads", "2"),
          std::pair("num-kv-heads", "1"), std::pair("mlp-hidden-dim", "64"), std::pair("max-seq-len", "64"),
          std::pair("tokens", "64"), std::pair("batch", "4"), std::pair("steps", "120"), std::pair("sample-every", "0"),
          std::pair("validation-tokens", "512")})
        arguments += {QStringLiteral("--") + key, value};
    const auto trained = runVerb(arguments);
    QVERIFY2(trained.ok, qPrintable(trained.text()));
    m_fixture->project().refresh();
    auto* list = m_fixture->find<QTableView>("runList");
    QVERIFY(waitFor([&] { return list->model()->rowCount() == 2; }));
    for (int row = 0; row < 2; ++row)
        list->model()->setData(list->model()->index(row, 0), Qt::Checked, Qt::CheckStateRole);
    auto* loss = m_fixture->find<ChartBoard>("chartBoard")->chart("loss");
    QCOMPARE(loss->curves().size(), std::size_t{4});
    QVERIFY(loss->curves()[0].colour != loss->curves()[2].colour);
    auto* differences = m_fixture->find<QTableView>("runDifferences");
    QVERIFY(waitFor([&] { return differences->model()->columnCount() == 3; }));
    QMap<QString, QStringList> rows;
    for (int row = 0; row < differences->model()->rowCount(); ++row)
        rows[differences->model()->index(row, 0).data().toString()] = {
            differences->model()->index(row, 1).data().toString(),
            differences->model()->index(row, 2).data().toString()};
    QVERIFY2(rows.contains("Layers") && rows.contains("Batch"), qPrintable(rows.keys().join('|')));
    QVERIFY(!rows.contains("Width"));
    m_fixture->find<QTabWidget>("runTabs")->setCurrentIndex(3);
    snapshot("train-compare");
    m_fixture->find<QTabWidget>("runTabs")->setCurrentIndex(2);
    QVERIFY(waitFor([&] { return !m_fixture->find<QPlainTextEdit>("runLog")->toPlainText().isEmpty(); }));
}

void TrainPageTest::watchesARunElsewhere() {
    // A trainer of another place: this test writes its folder.
    RunInfo info;
    info.name = "elsewhere";
    info.model = {{"hidden_dim", 64}};
    info.training = {{"steps", 50}};
    auto folder = RunFolder::create(m_fixture->path("server/far").toStdString(), info);
    QVERIFY(folder.ok());
    const auto write = [&](int step) {
        StepMetrics metrics;
        metrics.step = step;
        metrics.loss = 3;
        metrics.tokens = step * 10;
        metrics.elapsedSeconds = step;
        folder->beat(step);
        return folder->appendMetrics(metrics).ok();
    };
    QVERIFY(write(1));
    answerNextFileQuestion({m_fixture->path("server/far")});
    m_fixture->find<QTabWidget>("trainLeft")->setCurrentIndex(0);
    m_fixture->click("runWatch");
    QVERIFY(waitFor([&] { return run() && run()->isLoaded() && run()->name() == "elsewhere"; }));
    QVERIFY(waitForState(RunState::Running));
    QVERIFY(write(2) && write(3));
    QVERIFY(waitFor([&] { return run()->metrics()->rows() == 3; }));
    QVERIFY(m_fixture->find<QLabel>("runDetail")->text().contains("step 3 of 50"));
    QVERIFY(folder->finish(RunState::Finished, 3).ok());
    QVERIFY(waitForState(RunState::Finished));
}

void TrainPageTest::outOfMemoryOffersASmallerRun() {
    RunInfo info;
    info.name = "large";
    info.model = {{"hidden_dim", 128}};
    info.training = {{"steps", 50}, {"batch", 16}, {"accumulation", 2}};
    info.datasetPath = (m_fixture->project().datasetsDir() + "/small").toStdString();
    auto folder = RunFolder::create((m_fixture->project().runsDir() + "/large").toStdString(), info);
    QVERIFY(folder.ok());
    QVERIFY(folder->log("step 1: loss 9").ok());
    QVERIFY(folder->finish(RunState::Failed, 1, "No memory for 123456789012 bytes").ok());
    m_fixture->project().refresh();
    QVERIFY(waitFor([&] {
        return std::any_of(m_fixture->project().contents().runs.begin(), m_fixture->project().contents().runs.end(),
                           [](const RunEntry& run) { return run.name == "large"; });
    }));
    page()->choose(m_fixture->project().runsDir() + "/large");
    QVERIFY(waitForState(RunState::Failed));
    QVERIFY(waitFor([&] { return m_fixture->find<QLabel>("runBannerTitle")->text().startsWith("Out of memory"); }));
    QVERIFY(m_fixture->find<QLabel>("runBannerAdvice")->text().contains("Halve the batch"));
    m_fixture->click("runBannerSmaller");
    QCOMPARE(m_fixture->find<QLineEdit>("field_batch")->text(), QString("8"));
    QCOMPARE(m_fixture->find<QLineEdit>("field_accumulation")->text(), QString("4"));
    QVERIFY(m_fixture->find<QWidget>("newRun")->isVisible());
}

void TrainPageTest::aStartThatFailsIsToldInTheForm() {
    // A dataset that is broken behind what the form looks at.
    const QString broken = m_fixture->project().datasetsDir() + "/broken";
    QVERIFY(QDir().mkpath(broken));
    QFile json(broken + "/dataset.json");
    QVERIFY(json.open(QIODevice::WriteOnly));
    json.write("{}");
    json.close();
    QSignalSpy failed(&page()->control(), &RunControl::startFailed);
    QSignalSpy notices(&m_fixture->studio(), &Studio::noticed);
    const QString never = m_fixture->project().runsDir() + "/never";
    page()->control().startNew(never, {"--dataset", broken, "--steps", "2"});
    QVERIFY(waitFor([&] { return !failed.isEmpty(); }));
    auto* problem = m_fixture->find<QLabel>("newRunProblem");
    QVERIFY(problem->isVisible());
    QVERIFY2(problem->text().contains("broken"), qPrintable(problem->text()));
    QVERIFY2(notices.isEmpty(), "told once, where one looks");
    // From another page there is no form to be seen: then it is told by a notice.
    m_fixture->studio().showPage(PageId::Data);
    page()->control().startNew(never, {"--dataset", broken, "--steps", "2"});
    QVERIFY(waitFor([&] { return failed.size() == 2; }));
    QCOMPARE(notices.size(), 1);
    QVERIFY(notices[0][0].toString().contains("never"));
    m_fixture->studio().showPage(PageId::Train);
    page()->control().resume(never);
    QVERIFY(waitFor([&] { return failed.size() == 3; }));
    QCOMPARE(notices.size(), 2);
    QVERIFY(!QFile::exists(m_fixture->project().runsDir() + "/never"));
    QVERIFY2(QDir(m_fixture->project().runsDir()).entryList({".*starting*"}, QDir::Files | QDir::Hidden).isEmpty(),
             "nothing is left behind");
}

void TrainPageTest::actionsFollowTheRun() {
    page()->choose(m_fixture->project().runsDir() + "/second");
    QVERIFY(waitForState(RunState::Finished));
    auto& actions = m_fixture->studio().actions();
    for (const char* id : {"run.pause", "run.release", "run.resume", "run.rate"})
        QVERIFY2(!actions.find(id)->isEnabled(), id);
    page()->choose(m_fixture->project().runsDir() + "/first");
    QVERIFY(waitForState(RunState::Crashed));
    QVERIFY(waitFor([&] { return actions.find("run.resume")->isEnabled(); }));
    QVERIFY(!actions.find("run.stop")->isEnabled());
    m_fixture->studio().theme().setMode(Theme::Mode::Dark);
    snapshot("train-dark");
    m_fixture->find<QTabWidget>("trainLeft")->setCurrentIndex(0);
    page()->choose(m_fixture->project().runsDir() + "/second");
    QVERIFY(waitForState(RunState::Finished));
    snapshot("train-dark-second");
}

}  // namespace distillix::ui

using distillix::ui::TrainPageTest;
UI_TEST_MAIN(TrainPageTest)
#include "train_page.moc"
