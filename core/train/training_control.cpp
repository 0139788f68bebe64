// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/data/chat_template.h"
#include "core/jobs/reporter.h"
#include "core/train/edits.h"
#include "core/train/training.h"

namespace distillix {
using Json = nlohmann::ordered_json;
namespace {

constexpr double kPausedPollSeconds = 0.1;
// How long a full disk is left alone before the next try: at once where someone is clearing up, seldom later.
constexpr double kFirstWaitSeconds = 0.02, kLongestWaitSeconds = 2;

void waitSeconds(double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// The event as a line of log.txt.
std::string logText(const std::string& type, std::int64_t step, const Json& fields) {
    std::string text = "step " + std::to_string(step) + ": " + type;
    for (const auto& [key, value] : fields.items())
        text += " " + key + "=" +
                (value.is_string() ? value.get<std::string>()
                                   : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return text;
}

}  // namespace

Result<void> Training::event(const std::string& type, const Json& fields) {
    TRY_VOID(m_folder.appendEvent(type, m_state.step, fields));
    TRY_VOID(m_folder.log(logText(type, m_state.step, fields)));
    if (m_observer.event) m_observer.event(type, m_state.step, fields);
    return {};
}

// ---- commands -----------------------------------------------------------------------------------------------------

Result<bool> Training::commands() {
    bool stop = false;
    for (const RunCommand& command : TRY(m_folder.pollCommands(m_state.step))) stop = TRY(obey(command)) || stop;
    if (m_paused && !stop) stop = TRY(waitWhilePaused());
    return stop;
}

Result<bool> Training::obey(const RunCommand& command) {
    if (command.name == "stop") {
        TRY_VOID(checkpoint());
        std::string kept;
        for (const RunCheckpoint& c : runCheckpoints(m_folder.path()))
            kept += (kept.empty() ? "" : ", ") + std::to_string(c.step);
        TRY_VOID(m_folder.answer(command, m_state.step, true,
                                 "stopped at step " + std::to_string(m_state.step) +
                                     "; the checkpoints of these steps are kept: " + kept +
                                     ". train resume goes on from the last"));
        return true;
    }
    if (command.name == "checkpoint") {
        TRY_VOID(checkpoint());
        TRY_VOID(m_folder.answer(command, m_state.step, true, "checkpoint of step " + std::to_string(m_state.step)));
    } else if (command.name == "pause") {
        TRY_VOID(obeyPause(command));
    } else if (command.name == "resume") {
        TRY_VOID(obeyResume(command));
    } else if (command.name == "sample") {
        TRY_VOID(obeySample(command));
    } else if (command.name == "set") {
        TRY_VOID(obeySet(command));
    } else {
        TRY_VOID(m_folder.answer(command, m_state.step, false, "there is no command \"" + command.name + "\""));
    }
    return false;
}

Result<void> Training::obeyPause(const RunCommand& command) {
    if (const auto given = command.arguments.find("release"); given != command.arguments.end() && !given->is_boolean())
        return m_folder.answer(command, m_state.step, false, "\"release\" must be true or false");
    const bool release = memberOr(command.arguments, "release", false);
    std::string message = "paused at step " + std::to_string(m_state.step);
    if (release && m_runtime) {
        // What is given back comes from this checkpoint again, to the bit.
        TRY_VOID(checkpoint());
        const auto before = static_cast<double>(processMemory().resident);
        giveMemoryBack();
        const double back = before - static_cast<double>(processMemory().resident);
        message += "; a checkpoint is written and " + bytesText(std::max(0.0, back)) + " of memory are given back";
    }
    TRY_VOID(m_folder.setState(RunState::Paused, m_state.step, message));
    if (!m_paused) {
        m_paused = true;
        TRY_VOID(event("paused", {{"reason", "asked"}, {"message", message}}));
    }
    return m_folder.answer(command, m_state.step, true, message);
}

Result<void> Training::obeyResume(const RunCommand& command) {
    if (!m_paused) return m_folder.answer(command, m_state.step, false, "it is not paused");
    if (!m_runtime) {
        const auto again = [&]() -> Result<void> {
            TRY_VOID(takeMemory());
            TRY_VOID(loadFrom({m_state.step, m_folder.checkpointPath(m_state.step)}));
            m_gradients = TRY(Gradients::create(*m_runtime, m_weights->layout()));
            m_pass = TRY(TrainingPass::create(*m_weights, passOptions(m_config)));
            return {};
        };
        if (auto taken = again(); !taken.ok()) {
            giveMemoryBack();
            return m_folder.answer(
                command, m_state.step, false,
                "it stays paused, for what it needs could not be had again: " + taken.error().text());
        }
    }
    m_paused = false;
    TRY_VOID(event("continued", {{"message", "asked to go on"}}));
    TRY_VOID(m_folder.setState(RunState::Running, m_state.step));
    return m_folder.answer(command, m_state.step, true, "goes on from step " + std::to_string(m_state.step));
}

Result<void> Training::obeySample(const RunCommand& command) {
    const auto refuse = [&](const std::string& why) { return m_folder.answer(command, m_state.step, false, why); };
    if (!m_runtime) return refuse("its memory is given back; ask it to go on first");
    const Json& arguments = command.arguments;
    const bool asked = arguments.contains("prompt");
    const char* key = asked ? "prompt" : "text";
    if (!arguments.contains(key) || !arguments.at(key).is_string())
        return refuse("it lacks a \"prompt\" or a \"text\"");
    const std::string words = arguments.at(key).get<std::string>();
    SamplingConfig sampling;
    sampling.maxTokens = m_config.sampleTokens;
    sampling.temperature = 0;
    sampling.overflow = "stop";
    Json given = Json::object();
    for (const auto& [name, value] : arguments.items())
        if (name != "prompt" && name != "text") given[name] = value;
    Json unknown = Json::object();
    if (auto read = fieldsFromJson(sampling, given, &unknown); !read.ok()) return refuse(read.error().message);
    if (!unknown.empty()) return refuse("there is no \"" + unknown.begin().key() + "\" in a sample");

    std::vector<std::int32_t> ids, ends = {m_tokenizer->eos()};
    std::vector<std::string> stops;
    if (asked) {
        auto chat = ChatTemplate::create(*m_tokenizer);
        if (!chat.ok()) return refuse(chat.error().text());
        ids = chat->renderPrompt(words);
        ends = chat->stopTokens();
        stops = chat->stopStrings();
    } else {
        if (m_tokenizer->bos() >= 0) ids.push_back(m_tokenizer->bos());
        const auto more = m_tokenizer->encode(words);
        ids.insert(ids.end(), more.begin(), more.end());
    }
    if (ids.empty() || ids.size() >= static_cast<std::size_t>(m_model.maxSeqLen))
        return refuse("it has " + std::to_string(ids.size()) + " tokens; the model takes 1 to " +
                      std::to_string(m_model.maxSeqLen - 1));
    const double start = steadyNow();
    auto inference = session(static_cast<int>(
        std::min<std::int64_t>(m_model.maxSeqLen, static_cast<std::int64_t>(ids.size()) + sampling.maxTokens)));
    if (!inference.ok()) return refuse(inference.error().text());
    // It may be long: a stop that is raised meanwhile ends it, and the heart goes on beating.
    GenerationRequest request{
        .prompt = Prompt::text(ids, true), .sampling = sampling, .stopStrings = stops, .endTokens = ends};
    request.emit = [&](std::string_view) {
        m_folder.beat(m_state.step);
        return true;
    };
    request.stop = m_stop;
    auto g = generate(**inference, *m_tokenizer, std::move(request));
    if (!g.ok()) return refuse(g.error().text());
    TRY_VOID(m_folder.appendSample(m_state.step, words, g->text));
    if (m_observer.sample) m_observer.sample(m_state.step, words, g->text);
    return m_folder.answer(command, m_state.step, true,
                           std::to_string(g->ids.size()) + " tokens in " + std::to_string(steadyNow() - start) + " s",
                           {{"prompt", words}, {"text", g->text}, {"finish", generationEndName(g->end)}});
}

Result<void> Training::setValues(const Json& values) {
    TrainConfig changed = m_config;
    const Json applied = TRY(applyEdit(changed, m_model, values));
    m_config = changed;
    std::string message = "from step " + std::to_string(m_state.step + 1) + " on:";
    for (const auto& [name, value] : applied.items()) message += " " + name + " = " + value.dump();
    return event("set", {{"values", applied}, {"message", message}});
}

Result<void> Training::obeySet(const RunCommand& command) {
    const Json values = command.arguments.value("values", Json::object());
    TrainConfig trial = m_config;
    if (const auto possible = applyEdit(trial, m_model, values); !possible.ok())
        return m_folder.answer(command, m_state.step, false, possible.error().text());
    TRY_VOID(setValues(values));
    return m_folder.answer(command, m_state.step, true, "holds from step " + std::to_string(m_state.step + 1) + " on",
                           {{"values", values}});
}

Result<bool> Training::waitWhilePaused() {
    double since = steadyNow();
    const auto notTraining = [&] {
        const double now = steadyNow();
        m_sessionStart += now - since;
        m_checkpointTime += now - since;
        since = now;
    };
    bool stop = false;
    while (m_paused && !stop && !m_stop.raised()) {
        // A folder that may be a network mount is polled: there is nothing to wait on but time.
        waitSeconds(kPausedPollSeconds);
        m_folder.beat(m_state.step);
        notTraining();
        for (const RunCommand& command : TRY(m_folder.pollCommands(m_state.step))) stop = TRY(obey(command)) || stop;
    }
    notTraining();
    return stop || m_stop.raised();
}

// ---- a full disk --------------------------------------------------------------------------------------------------

Result<void> Training::checkRoomForCheckpoint() {
    const std::uint64_t needed = checkpointBytes(m_model, m_tokenizer->serialized().size());
    const std::uint64_t room = TRY(m_folder.roomBytes());
    if (room >= needed) return {};
    return makeError(ErrorCode::DiskFull,
                     "the next checkpoint needs " + bytesText(static_cast<double>(needed)) + ", and " +
                         bytesText(static_cast<double>(room)) + " are free",
                     m_folder.path().string());
}

void Training::installFullDiskHandler() {
    m_folder.onFullDisk({[this](const Error& error) { return waitForRoom(error); }, [this] { roomAgain(); }});
}

bool Training::waitForRoom(const Error& error) {
    // Before the first step there is nothing to lose by ending, and a person is there to read why.
    if (m_givenUp || m_sessionStart == 0) return false;
    if (!m_diskIsFull) {
        m_diskIsFull = true;
        m_fullSince = steadyNow();
        m_wait = kFirstWaitSeconds;
        const std::string message = "the disk is full; training waits for room and then goes on. " + error.text();
        m_folder.sayDiskIsFull(m_state.step, message);
        if (m_observer.event) m_observer.event("paused", m_state.step, {{"reason", "diskFull"}, {"message", message}});
    }
    for (double waited = 0; waited < m_wait && !m_stop.raised(); waited += kFirstWaitSeconds) {
        waitSeconds(kFirstWaitSeconds);
        m_folder.beat(m_state.step);
    }
    m_wait = std::min(2 * m_wait, kLongestWaitSeconds);
    m_givenUp = m_stop.raised() || m_folder.isAsked("stop");
    return !m_givenUp;
}

void Training::roomAgain() {
    const double waited = steadyNow() - m_fullSince;
    m_diskIsFull = false;
    m_sessionStart += waited;
    m_checkpointTime += waited;
    char text[80];
    std::snprintf(text, sizeof text, "there is room again, after %.1f seconds", waited);
    const auto told = event("continued", {{"message", text}});
    const auto said = m_folder.setState(RunState::Running, m_state.step);
    (void)told, (void)said;  // where the disk fills again they wait; another failure meets the next write
}

void Training::fail(const Error& error) {
    m_givenUp = true;
    const auto logged = m_folder.log("failed: " + error.text());
    const auto said = m_folder.finish(RunState::Failed, m_state.step, error.text());
    (void)logged, (void)said;  // the disk may be what failed: the caller has the first error
}

}  // namespace distillix
