// SPDX-License-Identifier: Apache-2.0
// A training that obeys: commands, edits, early stop, guards, and what a resumed run makes of them.
#include <cmath>

#include "core/backend/registry.h"
#include "core/train/checkpoint.h"
#include "core/train/edits.h"
#include "core/train/guards.h"
#include "core/train/memory_plan.h"
#include "core/train/time_left.h"
#include "tests/train/trainer_fixture.h"

namespace distillix {
namespace {

using Json = nlohmann::ordered_json;

class Control : public Trainer {
  protected:
    void SetUp() override {
        Trainer::SetUp();
        m_config.sampleEvery = 0;
    }
    /// Sends commands behind certain steps, on the training thread.
    TrainObserver sending(const std::string& run, std::vector<std::tuple<std::int64_t, std::string, Json>> commands) {
        TrainObserver observer;
        observer.step = [this, run, commands](const StepMetrics& metrics, std::int64_t, double) {
            for (const auto& [step, name, arguments] : commands)
                if (step == metrics.step) EXPECT_OK(sendRunCommand(m_folder / run, name, arguments));
        };
        return observer;
    }
    std::vector<Json> answers(const std::string& run) {
        std::vector<Json> found;
        for (const auto& line : lines(run, RunLog::Events))
            if (line["type"] == "command") found.push_back(line);
        return found;
    }
    void expectSameEnd(const std::string& a, const std::string& b, const std::string& step) {
        EXPECT_EQ(losses(a), losses(b));
        for (const char* file : {"model.safetensors", "optimizer.safetensors"})
            EXPECT_TRUE(bytes(m_folder / a / "checkpoints" / step / file) ==
                        bytes(m_folder / b / "checkpoints" / step / file))
                << file;
    }
};

TEST_F(Control, PausesAndGoesOnToTheBit) {
    ASSERT_OK(train("whole"));
    for (const bool release : {false, true}) {
        const std::string run = release ? "released" : "paused";
        auto observer = sending(run, {{5, "pause", {{"release", release}}}});
        bool seen = false;
        observer.event = [&](const std::string& type, std::int64_t, const Json&) {
            if (type != "paused") return;
            seen = readRun(m_folder / run)->state == RunState::Paused;
            ASSERT_OK(sendRunCommand(m_folder / run, "sample", {{"text", "add(1"}}));
            ASSERT_OK(sendRunCommand(m_folder / run, "resume"));
        };
        const auto outcome = train(run, observer);
        ASSERT_OK(outcome);
        EXPECT_EQ(outcome->state, RunState::Finished);
        EXPECT_TRUE(seen);
        const auto told = answers(run);
        ASSERT_EQ(told.size(), 3u);
        EXPECT_EQ(told[0]["command"], "pause");
        EXPECT_EQ(told[1]["ok"], !release) << "nothing can be asked of a model whose memory is given back";
        EXPECT_EQ(told[2]["ok"], true);
        if (release) {
            EXPECT_THAT(told[0]["message"].get<std::string>(), HasSubstr("given back"));
        }
        expectSameEnd("whole", run, "step-00000012");
    }
}

TEST_F(Control, AStopWhilePausedEndsItBehindItsCheckpoint) {
    auto observer = sending("run", {{5, "pause", {{"release", true}}}});
    observer.event = [&](const std::string& type, std::int64_t, const Json&) {
        if (type == "paused") EXPECT_OK(sendRunCommand(m_folder / "run", "stop"));
    };
    const auto outcome = train("run", observer);
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->state, RunState::Stopped);
    EXPECT_EQ(outcome->step, 5);
    EXPECT_THAT(answers("run")[1]["message"].get<std::string>(), HasSubstr("are kept: 3, 5"));
    ASSERT_OK(train("whole"));
    ASSERT_OK(resume("run"));
    expectSameEnd("whole", "run", "step-00000012");
}

TEST_F(Control, AnEditHoldsFromTheNextStepAndIsReplayed) {
    m_config.keepCheckpoints = 100;
    ASSERT_OK(train("plain"));
    const Json edit = {{"values", {{"learning_rate", 0.002}, {"steps", 10}}}};
    ASSERT_OK(train("edited", sending("edited", {{4, "set", edit}})));
    EXPECT_EQ(losses("edited").size(), 10u) << "the schedule's end was set too";
    const auto before = losses("plain"), after = losses("edited");
    EXPECT_TRUE(std::equal(after.begin(), after.begin() + 5, before.begin())) << "step 5 is the first that moves by it";
    EXPECT_NE(after[5], before[5]);
    const auto rate = [&](const std::string& run, std::size_t i) {
        return lines(run, RunLog::Metrics)[i]["lr"].get<double>();
    };
    EXPECT_NEAR(rate("edited", 4), 0.002, 1e-12);

    // Interrupted behind the edit: it is replayed.
    StopSource source;
    auto observer = sending("behind", {{4, "set", edit}});
    observer.step = [send = observer.step, &source](const StepMetrics& metrics, std::int64_t total, double left) {
        send(metrics, total, left);
        if (metrics.step == 7) source.raise();
    };
    ASSERT_OK(train("behind", observer, source.token()));
    ASSERT_OK(resume("behind"));
    expectSameEnd("edited", "behind", "step-00000010");

    // Gone back to before it: void, as all that came behind.
    for (const auto& checkpoint : runCheckpoints(m_folder / "edited"))
        if (checkpoint.step > 3) fs::remove_all(checkpoint.path);
    ASSERT_OK(resume("edited"));
    expectSameEnd("plain", "edited", "step-00000012");
}

TEST_F(Control, RefusesEditsThatCannotBe) {
    auto observer = sending("run", {{2, "set", {{"values", {{"batch", 4}}}}},
                                    {3, "set", {{"values", {{"colour", 4}}}}},
                                    {4, "set", {{"values", {{"muon_learning_rate", -1}}}}},
                                    {5, "set", {{"values", {{"clip", 0.5}, {"decay_share", 7}}}}},
                                    {6, "set", Json::object()},
                                    {7, "resume", Json::object()},
                                    {8, "sample", {{"prompt", "a"}, {"temperature", -1}}}});
    ASSERT_OK(train("run", observer));
    const auto told = answers("run");
    ASSERT_EQ(told.size(), 7u);
    for (const auto& answer : told) EXPECT_EQ(answer["ok"], false) << answer;
    EXPECT_THAT(told[0]["message"].get<std::string>(), HasSubstr("batch stays"));
    EXPECT_THAT(told[1]["message"].get<std::string>(), HasSubstr("colour"));
    EXPECT_THAT(told[3]["message"].get<std::string>(), HasSubstr("decay_share"));
    EXPECT_EQ(countEvents("run", "set"), 0);
    ASSERT_OK(train("plain"));
    expectSameEnd("plain", "run", "step-00000012");
}

TEST_F(Control, AnswersAPromptOfTheMoment) {
    ASSERT_OK(train("plain"));
    ASSERT_OK(train("run", sending("run", {{6, "sample", {{"text", "add(1, 2) ="}, {"max_tokens", 5}}}})));
    const auto told = answers("run");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0]["ok"], true) << told[0];
    EXPECT_EQ(told[0]["prompt"], "add(1, 2) =");
    EXPECT_TRUE(told[0].contains("text"));
    EXPECT_EQ(lines("run", RunLog::Samples).size(), 1u);
    expectSameEnd("plain", "run", "step-00000012");
}

TEST_F(Control, AResumedRunKeepsItsNewLength) {
    m_config.steps = 6;
    ASSERT_OK(train("run"));
    StopSource source;
    source.raise();
    ASSERT_OK(resume("run", 12, source.token()));
    const auto outcome = resume("run");
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->step, 12) << "what was given once holds";
}

TEST_F(Control, StopsEarlyButNotBeforeTheSwitch) {
    // Nothing is learnt at a rate of 0: no validation betters the first.
    m_config.muonLearningRate = m_config.adamLearningRate = 0;
    m_config.steps = 40;
    m_config.validateEvery = 2;
    m_config.checkpointEvery = 0;
    m_config.patience = 3;
    m_config.schedule = "constant";
    const auto early = train("early");
    ASSERT_OK(early);
    EXPECT_EQ(early->state, RunState::Finished);
    EXPECT_EQ(early->step, 8) << "the first at step 2, then three in a row";
    EXPECT_THAT(early->message, HasSubstr("stopped early"));
    EXPECT_THAT(readRun(m_folder / "early")->message, HasSubstr("stopped early"));
    m_config.schedule = "bitnet";
    const auto late = train("late");
    ASSERT_OK(late);
    EXPECT_EQ(late->step, 24) << "three behind the switch at step 20";
    EXPECT_EQ(countEvents("late", "switch"), 1);
    // Interrupted within, it ends at the same step.
    StopSource source;
    TrainObserver observer;
    observer.step = [&](const StepMetrics& metrics, std::int64_t, double) {
        if (metrics.step == 21) source.raise();
    };
    ASSERT_OK(train("parts", observer, source.token()));
    EXPECT_EQ(resume("parts")->step, 24);
}

TEST_F(Control, SkipsOutliersAndRemembersThemAcrossAResumption) {
    m_config.steps = 150;
    m_config.batch = m_config.accumulation = 1;
    m_config.tokens = 16;
    m_config.validateEvery = m_config.checkpointEvery = 0;
    m_config.skipGradientZ = 0.8;
    ASSERT_OK(train("whole"));
    const auto skipped = countEvents("whole", "skipped");
    EXPECT_GT(skipped, 0);
    for (const auto& line : lines("whole", RunLog::Events))
        if (line["type"] == "skipped") {
            EXPECT_GE(line["step"].get<std::int64_t>(), 128) << "the window must be full";
        }
    StopSource source;
    TrainObserver observer;
    observer.step = [&](const StepMetrics& metrics, std::int64_t, double) {
        if (metrics.step == 133) source.raise();
    };
    ASSERT_OK(train("parts", observer, source.token()));
    ASSERT_OK(resume("parts"));
    EXPECT_EQ(countEvents("parts", "skipped"), skipped);
    expectSameEnd("whole", "parts", "step-00000150");
}

TEST_F(Control, ARunThatDivergesKeepsItsLastGoodCheckpoint) {
    m_config.steps = 60;
    m_config.warmupSteps = 0;
    m_config.schedule = "constant";
    m_config.muonLearningRate = m_config.adamLearningRate = 10;
    m_config.validateEvery = 0;
    // Weights grow a hundredfold a step, until they are no numbers.
    m_config.muonWeightDecay = m_config.adamWeightDecay = 10;
    m_config.keepCheckpoints = 1;
    m_config.checkpointEvery = 1;
    const auto diverged = train("kept");
    ASSERT_FALSE(diverged.ok());
    EXPECT_EQ(diverged.error().code, ErrorCode::InvalidData);
    EXPECT_THAT(diverged.error().text(), HasSubstr("5 steps in a row were skipped, the last because the"));
    EXPECT_THAT(diverged.error().text(), HasSubstr("The last checkpoint is kept"));
    EXPECT_EQ(readRun(m_folder / "kept")->state, RunState::Failed);
    EXPECT_EQ(countEvents("kept", "skipped"), 5);
    const auto checkpoints = runCheckpoints(m_folder / "kept");
    ASSERT_FALSE(checkpoints.empty());
    const std::int64_t last = checkpoints.back().step;
    EXPECT_GT(last, 1);
    EXPECT_LT(last, readRun(m_folder / "kept")->step - 4) << "none of the steps that were skipped";
    // What is kept can be gone on from, as the message says.
    ResumeOptions options;
    options.device = m_device;
    options.steps = last + 2;
    options.edits = {{"muon_weight_decay", 0}, {"adam_weight_decay", 0}, {"learning_rate", 1e-4}};
    ASSERT_OK(trainResume(m_folder / "kept", options, {}, {}));
    EXPECT_EQ(readRun(m_folder / "kept")->state, RunState::Finished);
    EXPECT_TRUE(std::isfinite(losses("kept").back()));
}

TEST_F(Control, WeightsThatAreNoNumbersAreNotWritten) {
    const auto backend = openBackend("cpu", {1});
    ASSERT_OK(backend);
    auto runtime = Runtime::create(**backend, {}, trainingWorkload(m_model, m_config));
    ASSERT_OK(runtime);
    auto weights = ModelWeights::create(*runtime, m_model, m_model.maxSeqLen, true);
    ASSERT_OK(weights);
    ASSERT_OK(weights->initialize(1));
    ASSERT_OK(weights->prepare());
    std::vector<float> values = weights->download().value();
    values.front() = INFINITY;
    ASSERT_OK(weights->upload(values));
    const auto written = writeCheckpoint(m_folder / "model", *weights, "", nullptr, nullptr);
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code, ErrorCode::InvalidData);
    EXPECT_THAT(written.error().text(), HasSubstr("not finite"));
    EXPECT_FALSE(fs::exists(m_folder / "model"));
}

TEST_F(Control, RefusesACheckpointOfAnotherModelAndANewerVersion) {
    m_config.steps = 3;
    ASSERT_OK(train("run"));
    const ModelConfig own = m_model;
    m_model.hiddenDim = 64;
    m_model.headDim = 0;
    ASSERT_OK(m_model.normalize());
    ASSERT_OK(train("other"));
    m_model = own;
    const fs::path checkpoint = m_folder / "run/checkpoints/step-00000003";
    fs::rename(checkpoint, m_folder / "kept");
    fs::copy(m_folder / "other/checkpoints/step-00000003", checkpoint, fs::copy_options::recursive);
    auto refused = resume("run", 6);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().text(), HasSubstr("another model"));
    EXPECT_THAT(refused.error().text(), HasSubstr("hidden_dim is 64"));
    fs::remove_all(checkpoint);
    fs::rename(m_folder / "kept", checkpoint);
    auto json = Json::parse(bytes(checkpoint / "trainer.json"));
    json["formatVersion"] = 99;
    ASSERT_OK(writeFileAtomic(checkpoint / "trainer.json", json.dump()));
    refused = resume("run", 6);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
    EXPECT_THAT(refused.error().text(), HasSubstr("newer version"));
}

TEST_F(Control, CheckpointsByTheClockChangeNothing) {
    ASSERT_OK(train("plain"));
    m_config.checkpointEvery = 0;
    m_config.checkpointMinutes = 1e-7;
    ASSERT_OK(train("clock"));
    EXPECT_GE(countEvents("clock", "checkpoint"), 11);
    expectSameEnd("plain", "clock", "step-00000012");
}

TEST(Guards, AnOutlierIsTheOneThatLiesFarOut) {
    OutlierWindow window;
    for (int i = 0; i < 127; ++i) EXPECT_FALSE(window.add(i % 2 ? 1.0 : 2.0));
    EXPECT_FALSE(window.add(NAN));
    const auto usual = window.add(1.5);
    ASSERT_TRUE(usual);
    EXPECT_LT(std::abs(*usual), 0.1);
    OutlierWindow copy;
    copy.load(Json::parse(window.toJson().dump()));
    const auto far = window.add(50), same = copy.add(50);
    ASSERT_TRUE(far && same);
    EXPECT_GT(*far, 10);
    EXPECT_EQ(*far, *same) << "through a checkpoint, to the bit";
}

TEST(Guards, TheLossScaleHalvesAtOverflowAndRisesAgain) {
    LossScale off;
    EXPECT_EQ(off.value(), 1);
    EXPECT_FALSE(off.overflowed()) << "nothing to lower: the step is skipped as ever";
    LossScale scale(true);
    EXPECT_EQ(scale.value(), 65536);
    EXPECT_TRUE(scale.overflowed());
    EXPECT_EQ(scale.value(), 32768);
    for (int i = 0; i < 999; ++i) scale.fitted();
    LossScale resumed(true);
    resumed.load(scale.toJson());
    EXPECT_EQ(resumed.value(), 32768);
    resumed.fitted();
    EXPECT_EQ(resumed.value(), 65536);
    for (int i = 0; i < 16; ++i) EXPECT_TRUE(resumed.overflowed());
    EXPECT_EQ(resumed.value(), 1);
    EXPECT_FALSE(resumed.overflowed());
    LossScale damaged(true);
    damaged.load({{"value", -3.0}, {"steps", 1e6}});
    EXPECT_EQ(damaged.value(), 1);
}

TEST(Guards, DecayWithoutUpdatesIsTold) {
    DecayAlarm alarm;
    const double decay = 0.02 * 0.1;
    std::vector<NamedHealth> health(2);
    health[0].name = "dead";
    health[1].name = "alive";
    double rms = 0.03;
    std::vector<std::string> told;
    for (int step = 0; step < 100; ++step) {
        rms *= 1 - decay;
        health[0].health.rms = static_cast<float>(rms);
        // The other decays as much and is held up by its updates.
        health[1].health.rms = static_cast<float>(0.03 * (1 - 0.3 * decay * step));
        health[1].health.flipFraction = 1e-4f;
        for (const auto& name : alarm.add(health, decay)) told.push_back(name);
    }
    EXPECT_EQ(told, std::vector<std::string>{"dead"}) << "once";
}

TEST(Schedule, BitnetHasTwoStages) {
    TrainConfig config;
    config.schedule = "bitnet";
    config.warmupSteps = 10;
    config.muonLearningRate = 1.5e-3;
    config.muonWeightDecay = config.adamWeightDecay = 0.1;
    const auto at = [&](double progress) { return config.optimizerStep(1000, progress); };
    EXPECT_NEAR(at(0).muonLearningRate, 1.5e-3, 1e-12);
    EXPECT_NEAR(at(0.4999999).muonLearningRate, 7.5e-4, 1e-9);
    EXPECT_NEAR(at(0.5).muonLearningRate, 5e-4, 1e-12) << "1e-3 times the half that is left";
    EXPECT_NEAR(at(1).muonLearningRate, 0, 1e-12);
    EXPECT_EQ(at(0.4999999).muonWeightDecay, 0.1);
    EXPECT_EQ(at(0.5).muonWeightDecay, 0);
    EXPECT_EQ(at(0.5).adamWeightDecay, 0);
    EXPECT_NEAR(config.optimizerStep(5, 0).muonLearningRate, 0.75e-3, 1e-12) << "half way up";
}

TEST(TimeLeft, CountsValidationsAndCheckpointsAlsoAfterAResumption) {
    TrainConfig config;
    config.batch = config.accumulation = 1;
    config.tokens = 100;
    config.steps = 100;
    config.validateEvery = 20;
    config.checkpointEvery = 30;
    config.checkpointMinutes = 0;
    config.sampleEvery = 50;
    TimeLeft left;
    EXPECT_LT(left.seconds(config, 0, 0, 300, true), 0);
    left.stepTook(2);
    // Before the first validation it is reckoned: 300 tokens, forward alone.
    EXPECT_NEAR(left.seconds(config, 99, 0, 300, false), 2 + 2, 1e-9);
    left.validationTook(3);
    left.checkpointTook(5);
    left.samplesTook(7);
    // From 25: 75 steps; validations at 40, 80 and 30, 90 (60 is both) and at the end: 6; checkpoints at 30, 60, 90 and
    // the end; samples at 50 and the end.
    const double expected = 75 * 2 + 6 * 3 + 4 * 5 + 2 * 7;
    EXPECT_NEAR(left.seconds(config, 25, 0, 300, true), expected, 1e-9);
    TimeLeft resumed;
    resumed.load(Json::parse(left.toJson().dump()));
    EXPECT_NEAR(resumed.seconds(config, 25, 0, 300, true), expected, 1e-9);
    // By the clock: what is left of it, and what the end brings.
    config.steps = 0;
    config.minutes = 10;
    EXPECT_NEAR(left.seconds(config, 25, 400, 300, true), 200 + 3 + 5 + 7, 1e-9);
}

}  // namespace
}  // namespace distillix
