// SPDX-License-Identifier: Apache-2.0
#include "core/train/run_folder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/train/crash_record.h"
#include "core/train/run_folder_files.h"
#include "core/train/run_lock.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using namespace run_files;
namespace {

constexpr double kBeatSeconds = 0.5;
constexpr std::uint64_t kLargestCommand = 1 << 20;
/// Room kept for the words "the disk is full": a status file and some lines, in blocks of a few KiB each.
constexpr off_t kSpareBytes = 128 << 10;

/// A file that only ever grows by whole lines.
class LineFile {
  public:
    LineFile() = default;
    LineFile(LineFile&& other) noexcept { *this = std::move(other); }
    LineFile& operator=(LineFile&& other) noexcept {
        std::swap(m_fd, other.m_fd);
        std::swap(m_path, other.m_path);
        return *this;
    }
    ~LineFile() {
        if (m_fd >= 0) ::close(m_fd);
    }

    Result<void> open(const fs::path& path) {
        m_path = path;
        do m_fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        while (m_fd < 0 && errno == EINTR);
        if (m_fd < 0) return errnoError("cannot open", path, errno);
        return cutTornEnd();
    }

    /// One write() for the whole of it. What a full disk let through of a line is taken back.
    Result<void> append(const std::string& line) {
        const off_t before = ::lseek(m_fd, 0, SEEK_END);
        ssize_t written = 0;
        do written = ::write(m_fd, line.data(), line.size());
        while (written < 0 && errno == EINTR);
        if (written == static_cast<ssize_t>(line.size())) return {};
        Result<void> rest;
        if (written < 0)
            rest = errnoError("cannot write", m_path, errno);
        else
            rest = detail::writeAll(m_fd, std::as_bytes(std::span(line).subspan(static_cast<std::size_t>(written))),
                                    m_path);
        if (!rest.ok() && before >= 0 && ::ftruncate(m_fd, before) != 0)
            return rest.takeError().at("a half line is left behind");
        return rest;
    }

    Result<void> sync() {
        int synced = 0;
        do synced = ::fdatasync(m_fd);
        while (synced != 0 && errno == EINTR);
        if (synced != 0) return errnoError("cannot sync", m_path, errno);
        return {};
    }

  private:
    Result<void> cutTornEnd() {
        const off_t size = ::lseek(m_fd, 0, SEEK_END);
        if (size < 0) return errnoError("cannot examine", m_path, errno);
        std::array<char, 4096> block;
        off_t end = size;
        while (end > 0) {
            const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(block.size()));
            const ssize_t got = ::pread(m_fd, block.data(), static_cast<std::size_t>(end - begin), begin);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return errnoError("cannot read", m_path, got < 0 ? errno : EIO);
            const auto newline = std::find(std::make_reverse_iterator(block.begin() + got), block.rend(), '\n');
            if (newline != block.rend()) {
                end = begin + (newline.base() - block.begin());
                break;
            }
            end = begin;
        }
        if (end != size && ::ftruncate(m_fd, end) != 0)
            return errnoError("cannot cut off a torn line of", m_path, errno);
        return {};
    }

    int m_fd = -1;
    fs::path m_path;
};

/// Replaced by rename so that readers never see half of it, but not synced: losing a heartbeat in a crash is its job.
void replaceUnsynced(const fs::path& path, const std::string& text) {
    const fs::path partial = path.string() + ".partial-" + std::to_string(::getpid()) + "-0";
    const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return;
    const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    if (!whole || ::rename(partial.c_str(), path.c_str()) != 0) ::unlink(partial.c_str());
}

/// A file of real blocks, to be given up when the disk is full. Not having one is no failure.
void keepSpare(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return;
    const bool whole = ::posix_fallocate(fd, 0, kSpareBytes) == 0;
    ::close(fd);
    if (!whole) ::unlink(path.c_str());
}

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace

struct RunFolder::State {
    fs::path path;
    RunInfo info;
    std::optional<RunLock> lock;
    LineFile metrics, events, samples, log;
    bool writable = false;  ///< resumeFrom() has been called, or the run is new
    bool finished = false;
    bool isNew = false;                  ///< made by create(), so that there is nothing to resume
    std::set<std::string> seenCommands;  ///< so that one that cannot be removed is still done only once
    std::string lastWord;                ///< how the trainer before crashed; empty where it did not
    std::uint64_t beats = 0;
    double lastBeat = 0;
    FullDiskHandler fullDisk;
    bool hasEnded = false;  ///< the last word of the run is being written: nobody goes on behind it
    bool waiting = false;   ///< in the handler: what it does itself must not wait again
    std::optional<CrashRecorder> crashes;

    template <typename Action>
    Result<void> whenThereIsRoom(const Action& action) {
        for (bool waited = false;; waited = true) {
            Result<void> done = action();
            if (done.ok() && waited && fullDisk.goneOn && !hasEnded) fullDisk.goneOn();
            if (done.ok() || done.error().code != ErrorCode::DiskFull || !fullDisk.wait || waiting) return done;
            waiting = true;
            const bool again = fullDisk.wait(done.error());
            waiting = false;
            if (!again) return done;
        }
    }
    void beginWatch() {
        keepSpare(path / kSpare);
        crashes.emplace(path / kCrash);
    }

    Result<void> openLogs() {
        TRY_VOID(metrics.open(path / "metrics.jsonl"));
        TRY_VOID(events.open(path / "events.jsonl"));
        TRY_VOID(samples.open(path / "samples.jsonl"));
        return log.open(path / kLog);
    }
    Result<void> checkWritable() const {
        if (writable && !finished) return {};
        return makeError(ErrorCode::Internal,
                         finished ? "the run has been finished" : "resumeFrom() must come before anything is appended",
                         path.string());
    }
    Result<void> writeStatus(RunState state, std::int64_t step, const std::string& message) {
        const Json json = {{"state", runStateName(state)}, {"step", step}, {"message", message}, {"time", utcNow()}};
        return whenThereIsRoom([&] { return writeFileAtomic(path / kStatus, dumped(json) + "\n"); });
    }
    Result<void> event(const std::string& type, std::int64_t step, const Json& fields) {
        Json line = {{"type", type}, {"step", step}, {"time", utcNow()}};
        for (const auto& [key, value] : fields.items()) line[key] = value;
        return whenThereIsRoom([&] { return events.append(dumped(line) + "\n"); });
    }
    Result<void> answerEvent(const std::string& id, const std::string& name, std::int64_t step, bool done,
                             const std::string& message, const Json& fields = Json::object()) {
        Json all = {{"id", id}, {"command", name}, {"ok", done}, {"message", message}};
        for (const auto& [key, value] : fields.items()) all[key] = value;
        return event("command", step, all);
    }

    /// Ids of files with this ending in commands/, in order.
    std::vector<std::string> commandIds(const std::string& ending) const {
        std::vector<std::string> ids;
        std::error_code failure;
        for (fs::directory_iterator it(path / kCommands, failure), end; it != end && !failure; it.increment(failure)) {
            const std::string name = it->path().filename().string();
            if (name.size() <= ending.size() || !name.ends_with(ending)) continue;
            const std::string id = name.substr(0, name.size() - ending.size());
            if (isCommandId(id) && !seenCommands.count(id)) ids.push_back(id);
        }
        std::sort(ids.begin(), ids.end());
        return ids;
    }

    void removeCommand(const std::string& id, const std::string& ending) {
        seenCommands.insert(id);
        std::error_code ignored;
        fs::remove(path / kCommands / (id + ending), ignored);
    }

    /// Answers everything that lies in commands/ with a refusal.
    Result<void> refuseAll(std::int64_t step, const std::string& why) {
        // Those of a trainer that died between doing and removing: it may have answered, and must not be contradicted.
        for (const auto& id : commandIds(kTaken)) {
            if (TRY(findCommandAnswer(path, id)).is_null())
                TRY_VOID(answerEvent(id, "", step, false,
                                     "the trainer ended while it was at this; it may or may not have been done"));
            removeCommand(id, kTaken);
        }
        for (const auto& id : commandIds(".json")) {
            std::string name;
            const auto text = readFile(path / kCommands / (id + ".json"), kLargestCommand);
            const auto json = text.ok() ? parseJson(*text) : Json();
            if (json.is_object() && json.contains("command") && json["command"].is_string())
                name = json["command"].get<std::string>();
            TRY_VOID(answerEvent(id, name, step, false, why));
            removeCommand(id, ".json");
        }
        return {};
    }
};

RunFolder::RunFolder(std::unique_ptr<State> state) : m_state(std::move(state)) {}
RunFolder::RunFolder(RunFolder&&) noexcept = default;
RunFolder& RunFolder::operator=(RunFolder&&) noexcept = default;
RunFolder::~RunFolder() = default;

const fs::path& RunFolder::path() const {
    return m_state->path;
}
const RunInfo& RunFolder::info() const {
    return m_state->info;
}

void RunFolder::onFullDisk(FullDiskHandler handler) {
    m_state->fullDisk = std::move(handler);
}

Result<void> RunFolder::whenThereIsRoom(const std::function<Result<void>()>& action) {
    return m_state->whenThereIsRoom(action);
}

Result<std::uint64_t> RunFolder::roomBytes() const {
    struct statvfs room {};
    if (::statvfs(m_state->path.c_str(), &room) != 0) return errnoError("cannot examine", m_state->path, errno);
    return static_cast<std::uint64_t>(room.f_bavail) * static_cast<std::uint64_t>(room.f_frsize);
}

fs::path RunFolder::checkpointPath(std::int64_t step) const {
    char name[40];
    std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
    return m_state->path / kCheckpoints / name;
}

Result<RunFolder> RunFolder::create(const fs::path& path, RunInfo info) {
    std::error_code failure;
    const fs::path absolute = fs::absolute(path, failure).lexically_normal();
    const fs::path final = absolute.has_filename() ? absolute : absolute.parent_path();
    fs::create_directories(final.parent_path(), failure);
    if (failure) return errnoError("cannot create", final.parent_path(), failure.value());

    if (info.name.empty()) info.name = final.filename().string();
    info.created = utcNow();
    AtomicFolder folder = TRY(AtomicFolder::create(final));
    for (const char* part : {kCheckpoints, kCommands})
        if (!fs::create_directory(folder.path() / part, failure))
            return errnoError("cannot create", folder.path() / part, failure.value());
    TRY_VOID(writeFileAtomic(folder.path() / kInfo, dumped(infoToJson(info), 2) + "\n"));

    auto state = std::make_unique<State>();
    state->path = folder.path();
    state->info = std::move(info);
    state->lock = TRY(RunLock::acquire(state->path / kLock, false));
    TRY_VOID(state->openLogs());
    state->writable = true;
    TRY_VOID(state->writeStatus(RunState::Running, 0, ""));
    TRY_VOID(state->event("started", 0, Json::object()));
    TRY_VOID(folder.commit());
    state->path = final;
    state->isNew = true;
    state->beginWatch();
    return RunFolder(std::move(state));
}

Result<RunFolder> RunFolder::open(const fs::path& path, const RunOpenOptions& options) {
    std::error_code failure;
    auto state = std::make_unique<State>();
    state->path = fs::absolute(path, failure).lexically_normal();
    if (!state->path.has_filename()) state->path = state->path.parent_path();
    state->info = TRY(readRunInfo(state->path));
    // How the trainer before came to its end, while its name still stands in the lock.
    if (const auto before = readRun(state->path); before.ok() && before->state == RunState::Crashed)
        state->lastWord = before->message;
    state->lock = TRY(RunLock::acquire(state->path / kLock, options.takeOver));
    return RunFolder(std::move(state));
}

Result<void> RunFolder::resumeFrom(std::int64_t step) {
    State& state = *m_state;
    if (state.isNew && step == 0) return {};
    if (state.writable) return makeError(ErrorCode::Internal, "resumed twice", state.path.string());
    removeStalePartials(state.path);
    removeStalePartials(state.path / kCheckpoints);
    removeStalePartials(state.path / kCommands);
    for (const char* part : {kCheckpoints, kCommands}) {
        std::error_code failure;
        fs::create_directories(state.path / part, failure);
        if (failure) return errnoError("cannot create", state.path / part, failure.value());
    }
    TRY_VOID(state.openLogs());
    const std::string marker =
        dumped(Json{{"type", "resumed"}, {"step", step}, {"fromStep", step}, {"time", utcNow()}}) + "\n";
    for (LineFile* file : {&state.metrics, &state.events, &state.samples})
        TRY_VOID(state.whenThereIsRoom([&] { return file->append(marker); }));
    state.writable = true;
    const std::string last = state.lastWord;
    if (!last.empty()) TRY_VOID(state.event("crashed", step, {{"message", last}}));
    std::error_code ignored;
    fs::remove(state.path / kCrash, ignored);
    state.beginWatch();
    TRY_VOID(state.refuseAll(step, "it was sent before this trainer started"));
    TRY_VOID(sync());
    return state.writeStatus(RunState::Running, step, "");
}

Result<void> RunFolder::appendMetrics(const StepMetrics& metrics) {
    TRY_VOID(m_state->checkWritable());
    Json line = {{"step", metrics.step},
                 {"loss", number(metrics.loss)},
                 {"lr", number(metrics.learningRate)},
                 {"gradNorm", number(metrics.gradNorm)},
                 {"tokens", metrics.tokens},
                 {"tokensPerSecond", number(metrics.tokensPerSecond)},
                 {"stepMs", number(metrics.stepMs)},
                 {"elapsed", number(metrics.elapsedSeconds)}};
    for (const auto& [key, value] : metrics.extra.items()) line[key] = value;
    const std::string text = dumped(line) + "\n";
    return m_state->whenThereIsRoom([&] { return m_state->metrics.append(text); });
}

Result<void> RunFolder::appendEvent(const std::string& type, std::int64_t step, const Json& fields) {
    TRY_VOID(m_state->checkWritable());
    return m_state->event(type, step, fields);
}

Result<void> RunFolder::appendSample(std::int64_t step, const std::string& prompt, const std::string& text) {
    TRY_VOID(m_state->checkWritable());
    const std::string line =
        dumped(Json{{"step", step}, {"time", utcNow()}, {"prompt", prompt}, {"text", text}}) + "\n";
    return m_state->whenThereIsRoom([&] { return m_state->samples.append(line); });
}

Result<void> RunFolder::log(const std::string& text) {
    TRY_VOID(m_state->checkWritable());
    const std::string time = utcNow() + " ";
    std::string lines = time;
    for (const char c : text) {
        lines += c;
        if (c == '\n') lines += time;
    }
    return m_state->whenThereIsRoom([&] { return m_state->log.append(lines + "\n"); });
}

Result<void> RunFolder::sync() {
    for (LineFile* file : {&m_state->metrics, &m_state->events, &m_state->samples, &m_state->log})
        TRY_VOID(m_state->whenThereIsRoom([&] { return file->sync(); }));
    return {};
}

Result<std::vector<RunCommand>> RunFolder::pollCommands(std::int64_t step) {
    TRY_VOID(m_state->checkWritable());
    std::vector<RunCommand> commands;
    for (const auto& id : m_state->commandIds(".json")) {
        const fs::path file = m_state->path / kCommands / (id + ".json");
        const auto refuse = [&](const std::string& why) -> Result<void> {
            m_state->removeCommand(id, ".json");
            return m_state->answerEvent(id, "", step, false, why);
        };
        const auto text = readFile(file, kLargestCommand);
        if (!text.ok()) {
            if (text.error().code != ErrorCode::NotFound) TRY_VOID(refuse(text.error().message));  // else taken back
            continue;
        }
        auto json = parseJson(*text);
        if (!json.is_object() || !json.contains("command") || !json["command"].is_string()) {
            TRY_VOID(refuse("it is no JSON object with a \"command\""));
            continue;
        }
        if (const auto version = json.find("formatVersion");
            version != json.end() && (!version->is_number_integer() || version->get<std::int64_t>() > kFormatVersion)) {
            TRY_VOID(refuse("it has a newer format than this trainer knows"));
            continue;
        }
        std::error_code failure;
        fs::rename(file, m_state->path / kCommands / (id + kTaken), failure);
        if (failure) {
            TRY_VOID(refuse("it cannot be taken: " + failure.message()));
            continue;
        }
        m_state->seenCommands.insert(id);
        RunCommand command{id, json["command"].get<std::string>(), Json::object()};
        for (const auto& [key, value] : json.items())
            if (key != "command" && key != "formatVersion") command.arguments[key] = value;
        commands.push_back(std::move(command));
    }
    return commands;
}

Result<void> RunFolder::answer(const RunCommand& command, std::int64_t step, bool done, const std::string& message,
                               const Json& fields) {
    TRY_VOID(m_state->checkWritable());
    TRY_VOID(m_state->answerEvent(command.id, command.name, step, done, message, fields));
    TRY_VOID(m_state->whenThereIsRoom([&] { return m_state->events.sync(); }));
    m_state->removeCommand(command.id, kTaken);
    return {};
}

bool RunFolder::isAsked(const std::string& name) const {
    for (const auto& id : m_state->commandIds(".json")) {
        const auto text = readFile(m_state->path / kCommands / (id + ".json"), kLargestCommand);
        const auto json = text.ok() ? Json::parse(*text, nullptr, false) : Json();
        if (json.is_object() && json.contains("command") && json["command"] == name) return true;
    }
    return false;
}

Result<void> RunFolder::setState(RunState runState, std::int64_t step, const std::string& message) {
    TRY_VOID(m_state->checkWritable());
    if (runState != RunState::Running && runState != RunState::Paused)
        return makeError(ErrorCode::Internal, std::string("a run that lives is not ") + runStateName(runState),
                         m_state->path.string());
    keepSpare(m_state->path / kSpare);
    return m_state->writeStatus(runState, step, message);
}

void RunFolder::sayDiskIsFull(std::int64_t step, const std::string& message) {
    State& state = *m_state;
    const bool before = std::exchange(state.waiting, true);
    ::unlink((state.path / kSpare).c_str());
    const auto said = state.writeStatus(RunState::Paused, step, message);
    const auto logged = log(message);
    (void)said, (void)logged;  // the room may have gone to someone else; the caller tells it elsewhere too
    state.waiting = before;
}

void RunFolder::beat(std::int64_t step) {
    State& state = *m_state;
    const double now = steadyNow();
    if (!state.writable || state.finished || (state.beats > 0 && now - state.lastBeat < kBeatSeconds)) return;
    state.lastBeat = now;
    ++state.beats;
    CrashRecorder::setStep(step);
    Json beat = {{"count", state.beats},
                 {"step", step},
                 {"time", unixNow()},
                 {"residentBytes", processMemory().resident},
                 {"availableBytes", memoryAvailable()}};
    if (const auto kills = outOfMemoryKills()) beat["oomKills"] = *kills;
    replaceUnsynced(state.path / kHeartbeat, dumped(beat) + "\n");
}

Result<void> RunFolder::finish(RunState runState, std::int64_t step, const std::string& message) {
    State& state = *m_state;
    TRY_VOID(state.checkWritable());
    if (runState != RunState::Finished && runState != RunState::Stopped && runState != RunState::Failed)
        return makeError(ErrorCode::Internal, std::string("a run does not end as ") + runStateName(runState),
                         state.path.string());
    TRY_VOID(state.refuseAll(step, std::string("the run has ended: ") + runStateName(runState)));
    TRY_VOID(state.event(runStateName(runState), step, message.empty() ? Json::object() : Json{{"message", message}}));
    TRY_VOID(sync());
    state.hasEnded = true;
    TRY_VOID(state.writeStatus(runState, step, message));
    ::unlink((state.path / kSpare).c_str());
    state.crashes.reset();
    state.finished = true;
    state.lock.reset();
    return {};
}

}  // namespace distillix
