// SPDX-License-Identifier: Apache-2.0
#include "core/train/run_folder.h"

#include <cmath>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/train/crash_record.h"
#include "core/train/run_lock.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::TemporaryFolder;

RunInfo someInfo() {
    RunInfo info;
    info.model = {{"hidden_dim", 64}};
    info.training = {{"steps", 10}};
    info.datasetPath = "/data/x";
    info.datasetHash = "d1";
    info.tokenizerHash = "t1";
    info.extra = {{"note", "kept"}};
    return info;
}

StepMetrics metricsOf(std::int64_t step) {
    StepMetrics metrics;
    metrics.step = step;
    metrics.loss = 10.0 / static_cast<double>(step);
    metrics.tokens = step * 100;
    return metrics;
}

std::vector<std::int64_t> stepsOf(const fs::path& run, RunLog log = RunLog::Metrics) {
    const auto lines = readRunLines(run, log);
    EXPECT_OK(lines);
    std::vector<std::int64_t> steps;
    if (lines.ok())
        for (const auto& line : *lines) steps.push_back(line.at("step").get<std::int64_t>());
    return steps;
}

void appendRaw(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::app | std::ios::binary) << text;
}

std::vector<Json> answersOf(const fs::path& run) {
    std::vector<Json> answers;
    const auto lines = readRunLines(run, RunLog::Events);
    EXPECT_OK(lines);
    if (lines.ok())
        for (const auto& line : *lines)
            if (line.value("type", "") == "command") answers.push_back(line);
    return answers;
}

using Steps = std::vector<std::int64_t>;

TEST(RunFolder, WritesWhatReadersRead) {
    const TemporaryFolder folder;
    const fs::path path = folder / "deep" / "run";
    auto run = RunFolder::create(path, someInfo());
    ASSERT_OK(run);
    ASSERT_OK(run->resumeFrom(0));
    EXPECT_ERROR(run->resumeFrom(1), ErrorCode::Internal);
    ASSERT_OK(run->appendMetrics(metricsOf(1)));
    StepMetrics broken = metricsOf(2);
    broken.loss = std::nan("");
    broken.gradNorm = INFINITY;
    broken.extra = {{"validLabels", 7}};
    ASSERT_OK(run->appendMetrics(broken));
    ASSERT_OK(run->appendEvent("validation", 2, {{"loss", 1.5}}));
    ASSERT_OK(run->appendSample(2, "prompt\n", "bytes \xff that are no text"));
    ASSERT_OK(run->log("two\nlines"));
    run->beat(2);
    fs::create_directories(run->checkpointPath(2));
    fs::create_directories(run->checkpointPath(123456789));
    fs::create_directories(path / "checkpoints" / "step-00000003.partial-1-1");
    fs::create_directories(path / "checkpoints" / "best");

    auto summary = readRun(path);
    ASSERT_OK(summary);
    EXPECT_EQ(summary->state, RunState::Running);
    EXPECT_EQ(summary->pid, ::getpid());
    EXPECT_EQ(summary->info.name, "run");
    EXPECT_EQ(summary->info.datasetHash, "d1");
    EXPECT_EQ(summary->info.tokenizerHash, "t1");
    EXPECT_EQ(summary->info.model, someInfo().model);
    EXPECT_EQ(summary->info.extra, someInfo().extra);
    EXPECT_EQ(summary->step, 2);
    EXPECT_TRUE(summary->lastMetrics.at("loss").is_null());
    EXPECT_TRUE(summary->lastMetrics.at("gradNorm").is_null());
    EXPECT_EQ(summary->lastMetrics.at("validLabels"), 7);
    EXPECT_EQ(summary->lastValidation.at("loss"), 1.5);
    ASSERT_TRUE(summary->heartbeat);
    EXPECT_EQ(summary->heartbeat->step, 2);
    ASSERT_EQ(summary->checkpoints.size(), 2u);
    EXPECT_EQ(summary->checkpoints[0].step, 2);
    EXPECT_EQ(summary->checkpoints[0].path, path / "checkpoints" / "step-00000002");
    EXPECT_EQ(summary->checkpoints[1].step, 123456789);
    EXPECT_EQ(stepsOf(path), (Steps{1, 2}));
    EXPECT_EQ(stepsOf(path, RunLog::Samples), (Steps{2}));

    ASSERT_OK(run->finish(RunState::Finished, 2));
    EXPECT_EQ(readRun(path)->state, RunState::Finished);
    EXPECT_EQ(readRun(path)->pid, 0);
    EXPECT_ERROR(run->appendMetrics(metricsOf(3)), ErrorCode::Internal);
    EXPECT_ERROR(RunFolder::create(path, someInfo()), ErrorCode::AlreadyExists);
    const auto runs = listRuns(folder / "deep");
    ASSERT_EQ(runs.size(), 1u);
    EXPECT_EQ(runs[0].path, path);
}

TEST(RunFolder, ResumeMakesLaterLinesVoid) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    {
        auto run = RunFolder::create(path, someInfo());
        ASSERT_OK(run);
        for (int step = 1; step <= 7; ++step) {
            ASSERT_OK(run->appendMetrics(metricsOf(step)));
            ASSERT_OK(run->appendEvent("validation", step));
        }
    }
    EXPECT_EQ(readRun(path)->state, RunState::Crashed) << "it let go without a last word";
    auto run = RunFolder::open(path);
    ASSERT_OK(run);
    EXPECT_ERROR(run->appendMetrics(metricsOf(5)), ErrorCode::Internal);
    ASSERT_OK(run->resumeFrom(4));
    EXPECT_ERROR(run->resumeFrom(4), ErrorCode::Internal);
    EXPECT_EQ(stepsOf(path), (Steps{1, 2, 3, 4}));
    EXPECT_EQ(readRun(path)->step, 4);
    EXPECT_EQ(readRun(path)->lastMetrics.at("step"), 4);
    EXPECT_EQ(readRun(path)->lastValidation.at("step"), 4);
    ASSERT_OK(run->appendMetrics(metricsOf(5)));
    EXPECT_EQ(stepsOf(path), (Steps{1, 2, 3, 4, 5}));
    EXPECT_EQ(stepsOf(path, RunLog::Events), (Steps{0, 1, 2, 3, 4, 4})) << "the last tells of the crash";
    EXPECT_EQ(readRun(path)->state, RunState::Running);
    ASSERT_OK(run->finish(RunState::Stopped, 5, "asked to"));
    EXPECT_EQ(readRun(path)->state, RunState::Stopped);
    EXPECT_EQ(readRun(path)->message, "asked to");
    auto again = RunFolder::open(path);
    ASSERT_OK(again);
    ASSERT_OK(again->resumeFrom(0));
    EXPECT_TRUE(stepsOf(path).empty());
    EXPECT_TRUE(readRun(path)->lastMetrics.is_null());
}

TEST(RunFolder, ATornLastLineIsPassedOverAndCutOff) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    {
        auto run = RunFolder::create(path, someInfo());
        ASSERT_OK(run);
        for (int step = 1; step <= 3; ++step) ASSERT_OK(run->appendMetrics(metricsOf(step)));
    }
    const fs::path file = runLogPath(path, RunLog::Metrics);
    const std::string whole = readFile(file).value();
    // Torn at every byte of the last line, and by blocks of zeros as a power failure leaves them.
    const std::size_t lastLine = whole.rfind('\n', whole.size() - 2) + 1;
    for (std::size_t cut = lastLine; cut < whole.size(); ++cut) {
        ASSERT_OK(writeFileAtomic(file, whole.substr(0, cut)));
        EXPECT_EQ(stepsOf(path), (Steps{1, 2})) << cut;
        EXPECT_EQ(readRun(path)->lastMetrics.at("step"), 2);
    }
    for (const std::string& tail :
         {std::string("{\"step\":44,\"lo"), std::string(10000, '\0'), std::string("garbage")}) {
        ASSERT_OK(writeFileAtomic(file, whole + tail));
        auto run = RunFolder::open(path);
        ASSERT_OK(run);
        ASSERT_OK(run->resumeFrom(3));
        ASSERT_OK(run->appendMetrics(metricsOf(4)));
        EXPECT_EQ(stepsOf(path), (Steps{1, 2, 3, 4})) << tail.substr(0, 10);
        EXPECT_TRUE(readFile(file)->starts_with(whole)) << "what was whole is not touched";
        EXPECT_EQ(readFile(file)->find(tail), std::string::npos);
    }
    // A broken line in the middle, whoever wrote it, costs that line alone.
    appendRaw(file, "{\"step\":\n[1]\n\n{\"step\":9}\n");
    RunTail tail(path, RunLog::Metrics);
    const auto updates = tail.poll();
    ASSERT_OK(updates);
    EXPECT_EQ(tail.brokenLines(), 2);
    EXPECT_EQ(updates->back().line.at("step"), 9);
}

TEST(RunFolder, TailFollowsWholeLinesOnly) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    RunTail tail(path, RunLog::Metrics);
    EXPECT_TRUE(tail.poll().value().empty());
    fs::create_directories(path);
    const fs::path file = runLogPath(path, RunLog::Metrics);
    appendRaw(file, "{\"step\":1}\n{\"st");
    auto updates = tail.poll();
    ASSERT_OK(updates);
    ASSERT_EQ(updates->size(), 1u);
    appendRaw(file, "ep\":2}\n{\"type\":\"resumed\",\"fromStep\":1}\n");
    updates = tail.poll();
    ASSERT_OK(updates);
    ASSERT_EQ(updates->size(), 2u);
    EXPECT_EQ((*updates)[0].line.at("step"), 2);
    EXPECT_FALSE((*updates)[0].resumedFrom);
    EXPECT_EQ((*updates)[1].resumedFrom, 1);
    EXPECT_TRUE(tail.poll()->empty());
    // Another run was put in its place: everything seen before is void.
    ASSERT_OK(writeFileAtomic(file, "{\"step\":1}\n"));
    updates = tail.poll();
    ASSERT_OK(updates);
    ASSERT_EQ(updates->size(), 2u);
    EXPECT_EQ((*updates)[0].resumedFrom, -1);
    EXPECT_EQ((*updates)[1].line.at("step"), 1);
}

TEST(RunFolder, ReadsLongLogsInPieces) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    auto run = RunFolder::create(path, someInfo());
    ASSERT_OK(run);
    std::string text;
    for (int step = 1; step <= 60000; ++step)
        text += "{\"step\":" + std::to_string(step) + ",\"pad\":\"" + std::string(100, 'x') + "\"}\n";
    text += "{\"step\":60001,\"pad\":\"" + std::string(6u << 20, 'y') + "\"}\n";
    appendRaw(runLogPath(path, RunLog::Metrics), text);
    const auto steps = stepsOf(path);
    ASSERT_EQ(steps.size(), 60001u);
    EXPECT_EQ(steps.back(), 60001);
    EXPECT_EQ(readRun(path)->lastMetrics.at("step"), 60001);
}

TEST(RunFolder, AFullDiskLeavesNoHalfLine) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    auto run = RunFolder::create(path, someInfo());
    ASSERT_OK(run);
    ASSERT_OK(run->appendMetrics(metricsOf(1)));
    const std::string before = readFile(runLogPath(path, RunLog::Metrics)).value();
    // A limit on the size of files stands for the full disk: it, too, lets part of a write through.
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{before.size() + 20, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto failed = run->appendMetrics(metricsOf(2));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
    ::signal(SIGXFSZ, handler);
    EXPECT_ERROR(failed, ErrorCode::Io);
    EXPECT_EQ(readFile(runLogPath(path, RunLog::Metrics)).value(), before);
    ASSERT_OK(run->appendMetrics(metricsOf(2)));
    EXPECT_EQ(stepsOf(path), (Steps{1, 2}));
}

TEST(RunFolder, CommandsAreDoneOnceEachInOrder) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    auto run = RunFolder::create(path, someInfo());
    ASSERT_OK(run);
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) {
        const auto id = sendRunCommand(path, i == 4 ? "stop" : "checkpoint", {{"i", i}});
        ASSERT_OK(id);
        ids.push_back(*id);
    }
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    ASSERT_OK(writeFileAtomic(path / "commands" / "not an id!.json", "{\"command\":\"stop\"}"));
    auto commands = run->pollCommands(3);
    ASSERT_OK(commands);
    ASSERT_EQ(commands->size(), 5u);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ((*commands)[static_cast<std::size_t>(i)].id, ids[static_cast<std::size_t>(i)]);
        EXPECT_EQ((*commands)[static_cast<std::size_t>(i)].arguments.at("i"), i);
    }
    EXPECT_EQ(commands->back().name, "stop");
    EXPECT_TRUE(run->pollCommands(3)->empty()) << "each once";
    EXPECT_TRUE(findCommandAnswer(path, ids[0])->is_null());
    for (const auto& command : *commands) ASSERT_OK(run->answer(command, 3, command.name != "stop", "as asked"));
    const auto answer = findCommandAnswer(path, ids[4]);
    ASSERT_OK(answer);
    EXPECT_EQ(answer->at("ok"), false);
    EXPECT_EQ(answer->at("message"), "as asked");
    EXPECT_EQ(answer->at("step"), 3);
    EXPECT_EQ(answersOf(path).size(), 5u);
    EXPECT_EQ(std::distance(fs::directory_iterator(path / "commands"), fs::directory_iterator()), 1)
        << "only the stranger is left";
}

TEST(RunFolder, BrokenCommandsAreRefused) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    auto run = RunFolder::create(path, someInfo());
    ASSERT_OK(run);
    ASSERT_OK(writeFileAtomic(path / "commands" / "1.json", "{\"command\":"));
    ASSERT_OK(writeFileAtomic(path / "commands" / "2.json", "{\"command\":5}"));
    ASSERT_OK(writeFileAtomic(path / "commands" / "3.json", std::string(2u << 20, ' ')));
    ASSERT_OK(writeFileAtomic(path / "commands" / "4.json", "{\"command\":\"stop\",\"formatVersion\":99}"));
    fs::create_directories(path / "commands" / "5.json" / "not empty");
    ASSERT_OK(writeFileAtomic(path / "commands" / "6.json", "{\"command\":\"stop\"}"));
    const auto commands = run->pollCommands(1);
    ASSERT_OK(commands);
    ASSERT_EQ(commands->size(), 1u);
    EXPECT_EQ(commands->front().id, "6");
    EXPECT_EQ(answersOf(path).size(), 5u);
    for (const auto& answer : answersOf(path)) EXPECT_EQ(answer.at("ok"), false) << answer;
    EXPECT_TRUE(run->pollCommands(2)->empty());
    EXPECT_EQ(answersOf(path).size(), 5u) << "what cannot be removed is still answered only once";
}

TEST(RunFolder, StaleCommandsAreRefusedAtStartAndAtTheEnd) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    std::string done, half, waiting;
    {
        auto run = RunFolder::create(path, someInfo());
        ASSERT_OK(run);
        done = sendRunCommand(path, "checkpoint").value();
        half = sendRunCommand(path, "checkpoint").value();
        const auto commands = run->pollCommands(9);
        ASSERT_OK(commands);
        ASSERT_EQ(commands->size(), 2u);
        // As if it died between answering and removing.
        const auto file = path / "commands" / (done + ".taken");
        const std::string text = readFile(file).value();
        ASSERT_OK(run->answer(commands->at(0), 9, true));
        ASSERT_OK(writeFileAtomic(file, text));
    }
    waiting = sendRunCommand(path, "stop").value();
    auto run = RunFolder::open(path);
    ASSERT_OK(run);
    ASSERT_OK(run->resumeFrom(4));
    EXPECT_TRUE(run->pollCommands(5)->empty());
    EXPECT_EQ(findCommandAnswer(path, done)->at("ok"), true) << "an answer holds, though its step is void";
    EXPECT_EQ(findCommandAnswer(path, half)->at("ok"), false);
    EXPECT_EQ(findCommandAnswer(path, waiting)->at("ok"), false);
    EXPECT_EQ(findCommandAnswer(path, waiting)->at("command"), "stop");
    const std::string late = sendRunCommand(path, "checkpoint").value();
    ASSERT_OK(run->finish(RunState::Finished, 10));
    EXPECT_EQ(findCommandAnswer(path, late)->at("ok"), false);
    EXPECT_TRUE(fs::is_empty(path / "commands"));
    EXPECT_ERROR(sendRunCommand(folder / "nothing", "stop"), ErrorCode::NotFound);
}

TEST(RunFolder, ASecondTrainerIsRefused) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    auto run = RunFolder::create(path, someInfo());
    ASSERT_OK(run);
    const auto second = RunFolder::open(path);
    EXPECT_ERROR(second, ErrorCode::Busy);
    EXPECT_NE(second.error().text().find(std::to_string(::getpid())), std::string::npos) << second.error().text();
    RunOpenOptions force;
    force.takeOver = true;
    EXPECT_ERROR(RunFolder::open(path, force), ErrorCode::Busy);
    EXPECT_EQ(readRun(path)->state, RunState::Running) << "being refused changes nothing";
    ASSERT_OK(run->finish(RunState::Stopped, 0));
    EXPECT_OK(RunFolder::open(path));
}

TEST(RunFolder, ADeadTrainersLockIsTakenOver) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    const pid_t child = ::fork();
    if (child == 0) {
        auto run = RunFolder::create(path, someInfo());
        if (run.ok() && run->appendMetrics(metricsOf(1)).ok()) ::kill(::getpid(), SIGKILL);
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(readRun(path)->state, RunState::Crashed);
    EXPECT_EQ(readRun(path)->pid, child);
    auto run = RunFolder::open(path);
    ASSERT_OK(run);
    ASSERT_OK(run->resumeFrom(1));
    EXPECT_EQ(readRun(path)->pid, ::getpid());
    EXPECT_EQ(stepsOf(path), (Steps{1}));
}

TEST(RunLock, JudgesOwnersByMachineAndNumber) {
    const ProcessIdentity self = thisProcess();
    EXPECT_EQ(processLiveness(self), Liveness::Alive);
    auto other = self;
    other.startTime += 1;
    EXPECT_EQ(processLiveness(other), Liveness::Dead) << "the number was given to a later process";
    other = self;
    other.pid = (1 << 22) + 5;  // above the largest number Linux gives
    EXPECT_EQ(processLiveness(other), Liveness::Dead);
    other = self;
    other.bootId = "another boot";
    EXPECT_EQ(processLiveness(other), Liveness::Dead) << "this machine was started again since";
    other.host += "-elsewhere";
    EXPECT_EQ(processLiveness(other), Liveness::CannotTell);
    other = self;
    other.pidNamespace = "pid:[1]";
    EXPECT_EQ(processLiveness(other), Liveness::CannotTell);
    const auto read = identityFromText(identityToJson(self).dump());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->startTime, self.startTime);
    for (const char* text : {"", "{", "[]", "{}", "{\"pid\":\"x\"}", "{\"pid\":-5}"})
        EXPECT_FALSE(identityFromText(text)) << text;
}

TEST(RunLock, AnOwnerElsewhereIsBelievedUnlessToldOtherwise) {
    const TemporaryFolder folder;
    const fs::path path = folder / "run";
    ASSERT_OK(RunFolder::create(path, someInfo()));
    auto far = thisProcess();
    far.host = "far-away";
    far.bootId = "another boot";
    ASSERT_OK(writeFileAtomic(path / "lock", identityToJson(far).dump()));
    const auto refused = RunFolder::open(path);
    EXPECT_ERROR(refused, ErrorCode::Busy);
    EXPECT_NE(refused.error().text().find("far-away"), std::string::npos) << refused.error().text();
    EXPECT_EQ(readRun(path)->state, RunState::Unknown) << "no heartbeat, no word";
    const Json beat = {{"count", 5}, {"step", 1}, {"time", unixNow()}};
    ASSERT_OK(writeFileAtomic(path / "heartbeat", beat.dump()));
    EXPECT_EQ(readRun(path)->state, RunState::Running);
    RunOpenOptions force;
    force.takeOver = true;
    EXPECT_OK(RunFolder::open(path, force));
    // One from another container of this very machine is gone for certain if its lock is free.
    auto container = thisProcess();
    container.host = "container";
    container.pidNamespace = "pid:[1]";
    ASSERT_OK(writeFileAtomic(path / "lock", identityToJson(container).dump()));
    EXPECT_OK(RunFolder::open(path));
}

TEST(RunFolder, WhatIsNoRunIsTold) {
    const TemporaryFolder folder;
    EXPECT_ERROR(readRun(folder / "missing"), ErrorCode::NotFound);
    EXPECT_ERROR(RunFolder::open(folder.path()), ErrorCode::NotFound);
    const fs::path path = folder / "run";
    fs::create_directories(path);
    for (const char* text : {"", "[]", "{}", "{\"formatVersion\":\"1\"}", "{\"formatVersion\":1,\"model\":[]}",
                             "{\"formatVersion\":1,\"name\":5}"}) {
        ASSERT_OK(writeFileAtomic(path / "run.json", text));
        EXPECT_ERROR(readRun(path), ErrorCode::InvalidData);
    }
    ASSERT_OK(writeFileAtomic(path / "run.json", "{\"formatVersion\":2}"));
    EXPECT_ERROR(readRun(path), ErrorCode::Unsupported);
    EXPECT_TRUE(listRuns(folder.path()).empty());
    EXPECT_TRUE(listRuns(folder / "missing").empty());
}

TEST(RunFolder, HeartbeatsMove) {
    const TemporaryFolder folder;
    auto run = RunFolder::create(folder / "run", someInfo());
    ASSERT_OK(run);
    run->beat(1);
    const auto first = readRun(folder / "run")->heartbeat;
    ASSERT_TRUE(first);
    const double until = steadyNow() + 20;
    std::optional<RunHeartbeat> later = first;
    while (later->count == first->count && steadyNow() < until) {
        run->beat(2);
        later = readRun(folder / "run")->heartbeat;
        ASSERT_TRUE(later) << "replaced by rename, it is never half";
    }
    EXPECT_EQ(later->count, first->count + 1);
    EXPECT_EQ(later->step, 2);
}

TEST(CrashRecord, AnExceptionThatNobodyCaughtIsToldInItsWords) {
    const TemporaryFolder folder;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const CrashRecorder recorder(folder / "crash.json");
        CrashRecorder::setStep(7);
        std::thread([] { throw std::runtime_error("the \"words\" of it"); }).join();
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGABRT);
    const auto text = readFile(folder / "crash.json");
    ASSERT_OK(text);
    CrashEvidence evidence;
    evidence.record = Json::parse(*text, nullptr, false);
    EXPECT_EQ(crashText(evidence), "ended by signal 6 (SIGABRT: the words of it) behind step 7");
}

}  // namespace
}  // namespace distillix
