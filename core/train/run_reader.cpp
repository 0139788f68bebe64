// SPDX-License-Identifier: Apache-2.0
// The readers' side of a run folder.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <limits>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/train/crash_record.h"
#include "core/train/run_folder.h"
#include "core/train/run_folder_files.h"
#include "core/train/run_lock.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using namespace run_files;
namespace {

constexpr std::size_t kLastLogLines = 8;
constexpr std::uint64_t kLargestSmallFile = 64u << 20;
/// A trainer elsewhere whose heartbeat is older than this may be gone. Steps beat at each micro-step, and clocks of two
/// machines may differ by some minutes.
constexpr double kStillSeconds = 300;
/// What one poll() reads at most, so that following a long file stays in small pieces.
constexpr std::size_t kPollBytes = 4u << 20;
constexpr std::size_t kLongestLine = 64u << 20;

Json objectFrom(const fs::path& file) {
    const auto text = readFile(file, kLargestSmallFile);
    if (!text.ok()) return Json::object();
    Json json = parseJson(*text);
    return json.is_object() ? json : Json::object();
}

/// The valid ones of a log's lines: those that no marker behind them makes void; markers left out. From the end, so
/// that a file of nothing but markers costs no more than any other.
std::vector<Json> validLines(std::vector<Json> lines) {
    std::int64_t from = std::numeric_limits<std::int64_t>::max();
    std::vector<Json> valid;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (const auto marker = resumeMarker(*line))
            from = std::min(from, *marker);
        else if (lineStep(*line).value_or(0) <= from)
            valid.push_back(std::move(*line));
    }
    std::reverse(valid.begin(), valid.end());
    return valid;
}

/// Lines of the last `bytes` of a log, torn ones left out; `whole` says whether that was the whole file.
std::vector<Json> lastLines(const fs::path& path, std::uint64_t bytes, bool& whole) {
    std::vector<Json> lines;
    whole = true;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return lines;
    std::string text;
    const off_t size = ::lseek(fd, 0, SEEK_END);
    if (size > 0) {
        const off_t begin = std::max<off_t>(0, size - static_cast<off_t>(bytes));
        whole = begin == 0;
        text.resize(static_cast<std::size_t>(size - begin));
        const ssize_t got = ::pread(fd, text.data(), text.size(), begin);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        if (!whole)
            text.erase(0,
                       std::min(text.size(), text.find('\n') == std::string::npos ? text.size() : text.find('\n') + 1));
    }
    ::close(fd);
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
        Json line = parseJson(std::string_view(text).substr(at, end - at));
        if (line.is_object()) lines.push_back(std::move(line));
    }
    return lines;
}

/// The last valid line of `log` of this type ("": any), from the file's end where that is enough.
Json lastValidLine(const fs::path& run, RunLog log, const std::string& type) {
    const auto matches = [&](const Json& line) { return type.empty() || memberOr(line, "type", "") == type; };
    for (std::uint64_t bytes : {std::uint64_t{64} << 10, std::uint64_t{4} << 20}) {
        bool whole = false;
        const std::vector<Json> valid = validLines(lastLines(runLogPath(run, log), bytes, whole));
        for (auto line = valid.rbegin(); line != valid.rend(); ++line)
            if (matches(*line)) return *line;
        if (whole) return {};
    }
    auto lines = readRunLines(run, log);
    if (lines.ok())
        for (auto line = lines->rbegin(); line != lines->rend(); ++line)
            if (matches(*line)) return *line;
    return {};
}

/// How a trainer that is gone came to its end, as far as that can be known here and now.
std::string howItCrashed(const fs::path& run, const std::optional<ProcessIdentity>& owner, const std::string& status) {
    CrashEvidence evidence;
    evidence.letGo = !owner;
    evidence.status = status;
    evidence.record = objectFrom(run / kCrash);
    evidence.heartbeat = objectFrom(run / kHeartbeat);
    if (owner) {
        const ProcessIdentity self = thisProcess();
        evidence.rebooted = owner->host == self.host && owner->bootId != self.bootId;
        if (owner->bootId == self.bootId) evidence.oomKillsNow = outOfMemoryKills();
    }
    return crashText(evidence);
}

/// The last `count` lines of a text file, as far as they lie within its last 16 KiB.
std::vector<std::string> lastTextLines(const fs::path& file, std::size_t count) {
    std::vector<std::string> lines;
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return lines;
    std::string text(16 << 10, '\0');
    const off_t size = ::lseek(fd, 0, SEEK_END);
    const off_t begin = std::max<off_t>(0, size - static_cast<off_t>(text.size()));
    const ssize_t got = ::pread(fd, text.data(), text.size(), begin);
    ::close(fd);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    std::size_t at = begin > 0 ? std::min(text.find('\n'), text.size() - 1) + 1 : 0;
    for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
        lines.push_back(text.substr(at, end - at));
    if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    return lines;
}

/// Milliseconds since 1970 for a new command's id, but never before one that still waits: a clock that is set back
/// must not put a later command in front.
long long commandTime(const fs::path& run) {
    long long time = static_cast<long long>(unixNow() * 1000);
    std::error_code failure;
    for (fs::directory_iterator it(run / kCommands, failure), end; it != end && !failure; it.increment(failure)) {
        const std::string name = it->path().filename().string();
        long long other = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), other);
        if (parsed.ec == std::errc() && parsed.ptr == name.data() + 15 && *parsed.ptr == '-' && !isPartialName(name))
            time = std::max(time, other + 1);
    }
    return std::min(time, 999999999999999ll);
}

std::optional<RunHeartbeat> readHeartbeat(const fs::path& run) {
    const Json json = objectFrom(run / kHeartbeat);
    if (!json.contains("count")) return {};
    RunHeartbeat heartbeat;
    heartbeat.count = static_cast<std::uint64_t>(memberOr(json, "count", std::int64_t{0}));
    heartbeat.step = memberOr(json, "step", std::int64_t{0});
    heartbeat.unixTime = memberOr(json, "time", heartbeat.unixTime);
    return heartbeat;
}

}  // namespace

const char* runStateName(RunState state) {
    switch (state) {
        case RunState::Running:
            return "running";
        case RunState::Paused:
            return "paused";
        case RunState::Finished:
            return "finished";
        case RunState::Stopped:
            return "stopped";
        case RunState::Failed:
            return "failed";
        case RunState::Crashed:
            return "crashed";
        case RunState::Unknown:
            return "unknown";
    }
    return "unknown";
}

bool run_files::isCommandId(const std::string& id) {
    return !id.empty() && id.size() <= 100 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    });
}

std::optional<std::int64_t> run_files::lineStep(const Json& line) {
    const auto found = line.find("step");
    if (found == line.end() || !found->is_number_integer()) return {};
    return found->get<std::int64_t>();
}

std::optional<std::int64_t> run_files::resumeMarker(const Json& line) {
    const auto type = line.find("type");
    if (type == line.end() || *type != "resumed") return {};
    const auto from = line.find("fromStep");
    if (from == line.end() || !from->is_number_integer()) return {};
    return from->get<std::int64_t>();
}

std::string run_files::dumped(const Json& json, int indent) {
    return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

Json run_files::infoToJson(const RunInfo& info) {
    Json json = {{"formatVersion", kFormatVersion},
                 {"name", info.name},
                 {"created", info.created},
                 {"model", info.model},
                 {"training", info.training},
                 {"dataset", {{"path", info.datasetPath}, {"hash", info.datasetHash}}},
                 {"tokenizer", {{"hash", info.tokenizerHash}}},
                 {"versions", info.versions}};
    for (const auto& [key, value] : info.extra.items())
        if (!json.contains(key)) json[key] = value;
    return json;
}

Result<RunInfo> run_files::infoFromText(const std::string& text, const fs::path& file) {
    const Json json = parseJson(text);
    const auto broken = [&](const std::string& what) { return makeError(ErrorCode::InvalidData, what, file.string()); };
    if (!json.is_object()) return broken("is no JSON object");
    const auto version = json.find("formatVersion");
    if (version == json.end() || !version->is_number_integer()) return broken("has no whole \"formatVersion\"");
    if (version->get<std::int64_t>() > kFormatVersion)
        return makeError(ErrorCode::Unsupported,
                         "was written by a newer version (layout " + version->dump() + ", this one knows " +
                             std::to_string(kFormatVersion) + ")",
                         file.string());
    RunInfo info;
    for (const auto& [key, value] : json.items()) {
        const bool wantsObject =
            key == "model" || key == "training" || key == "versions" || key == "dataset" || key == "tokenizer";
        if (wantsObject && !value.is_object()) return broken("\"" + key + "\" must be an object");
        if ((key == "name" || key == "created") && !value.is_string()) return broken("\"" + key + "\" must be a text");
        if (key == "name")
            info.name = value.get<std::string>();
        else if (key == "created")
            info.created = value.get<std::string>();
        else if (key == "model")
            info.model = value;
        else if (key == "training")
            info.training = value;
        else if (key == "versions")
            info.versions = value;
        else if (key == "dataset") {
            info.datasetPath = memberOr(value, "path", "");
            info.datasetHash = memberOr(value, "hash", "");
        } else if (key == "tokenizer")
            info.tokenizerHash = memberOr(value, "hash", "");
        else if (key != "formatVersion")
            info.extra[key] = value;
    }
    return info;
}

fs::path runLogPath(const fs::path& run, RunLog log) {
    switch (log) {
        case RunLog::Metrics:
            return run / "metrics.jsonl";
        case RunLog::Events:
            return run / "events.jsonl";
        case RunLog::Samples:
            return run / "samples.jsonl";
    }
    return run;
}

RunTail::RunTail(const fs::path& run, RunLog log) : m_path(runLogPath(run, log)) {}

Result<std::vector<RunTail::Update>> RunTail::poll() {
    std::vector<Update> updates;
    const int fd = ::open(m_path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT) return updates;
        return errnoError("cannot open", m_path, errno);
    }
    struct Closer {
        int fd;
        ~Closer() { ::close(fd); }
    } closer{fd};
    const off_t size = ::lseek(fd, 0, SEEK_END);
    if (size < 0) return errnoError("cannot examine", m_path, errno);
    if (static_cast<std::uint64_t>(size) < m_offset) {
        m_offset = 0;
        updates.push_back({-1, Json::object()});
    }
    std::string text;
    std::size_t wanted = kPollBytes;
    while (m_offset < static_cast<std::uint64_t>(size)) {
        text.resize(std::min<std::uint64_t>(wanted, static_cast<std::uint64_t>(size) - m_offset));
        ssize_t got = 0;
        do got = ::pread(fd, text.data(), text.size(), static_cast<off_t>(m_offset));
        while (got < 0 && errno == EINTR);
        if (got < 0) return errnoError("cannot read", m_path, errno);
        text.resize(static_cast<std::size_t>(got));
        if (text.find('\n') != std::string::npos || m_offset + text.size() >= static_cast<std::uint64_t>(size) ||
            got == 0)
            break;
        if (wanted >= kLongestLine)
            return makeError(ErrorCode::InvalidData,
                             "has a line of more than " + std::to_string(kLongestLine) + " bytes",
                             m_path.string() + ": byte " + std::to_string(m_offset));
        wanted *= 4;
    }
    std::size_t at = 0;
    for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
        if (end == at) continue;
        Json line = parseJson(std::string_view(text).substr(at, end - at));
        if (!line.is_object()) {
            ++m_broken;
            continue;
        }
        const auto from = resumeMarker(line);
        updates.push_back({from, std::move(line)});
    }
    m_offset += at;
    return updates;
}

Result<std::vector<Json>> readRunLines(const fs::path& run, RunLog log) {
    RunTail tail(run, log);
    std::vector<Json> lines;
    while (true) {
        const auto before = tail.offset();
        auto updates = TRY(tail.poll());
        for (auto& update : updates) lines.push_back(std::move(update.line));
        if (tail.offset() == before) return validLines(std::move(lines));
    }
}

std::vector<RunCheckpoint> runCheckpoints(const fs::path& run) {
    std::vector<RunCheckpoint> checkpoints;
    std::error_code failure;
    for (fs::directory_iterator it(run / kCheckpoints, failure), end; it != end && !failure; it.increment(failure)) {
        const std::string name = it->path().filename().string();
        if (!name.starts_with("step-")) continue;
        RunCheckpoint checkpoint{0, it->path()};
        const auto parsed = std::from_chars(name.data() + 5, name.data() + name.size(), checkpoint.step);
        std::error_code ignored;
        if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size() || checkpoint.step < 0 ||
            !it->is_directory(ignored))
            continue;
        checkpoints.push_back(std::move(checkpoint));
    }
    std::sort(checkpoints.begin(), checkpoints.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
    return checkpoints;
}

Result<RunInfo> readRunInfo(const fs::path& run) {
    const auto text = readFile(run / kInfo, kLargestSmallFile);
    if (!text.ok()) {
        if (text.error().code == ErrorCode::NotFound)
            return makeError(ErrorCode::NotFound, "is no run: it has no run.json", run.string());
        return makeError(text.error().code, text.error().message, text.error().where);
    }
    return infoFromText(*text, run / kInfo);
}

Result<RunSummary> readRun(const fs::path& run) {
    RunSummary summary;
    summary.path = run;
    summary.info = TRY(readRunInfo(run));
    const Json status = objectFrom(run / kStatus);
    summary.message = memberOr(status, "message", "");
    summary.step = memberOr(status, "step", std::int64_t{0});
    const std::string state = memberOr(status, "state", "");
    summary.heartbeat = readHeartbeat(run);

    const auto lockText = readFile(run / kLock, 1 << 16);
    const auto owner = lockText.ok() ? identityFromText(*lockText) : std::nullopt;
    summary.state = RunState::Unknown;
    for (const RunState ended : {RunState::Finished, RunState::Stopped, RunState::Failed})
        if (state == runStateName(ended)) summary.state = ended;
    if (state == runStateName(RunState::Running) || state == runStateName(RunState::Paused)) {
        const Liveness liveness = owner ? processLiveness(*owner) : Liveness::Dead;
        const bool beatsLately = summary.heartbeat && unixNow() - summary.heartbeat->unixTime < kStillSeconds;
        if (liveness == Liveness::Alive || (liveness == Liveness::CannotTell && beatsLately))
            summary.state = state == runStateName(RunState::Paused) ? RunState::Paused : RunState::Running;
        else if (liveness == Liveness::Dead)
            summary.state = RunState::Crashed;
    }
    if (summary.state == RunState::Crashed) summary.message = howItCrashed(run, owner, summary.message);
    if (summary.state == RunState::Crashed || summary.state == RunState::Failed)
        summary.lastLog = lastTextLines(run / kLog, kLastLogLines);
    if (owner) {
        summary.host = owner->host;
        summary.pid = owner->pid;
    }
    summary.lastMetrics = lastValidLine(run, RunLog::Metrics, "");
    summary.lastValidation = lastValidLine(run, RunLog::Events, "validation");
    if (summary.lastMetrics.is_object())
        summary.step = std::max(summary.step, lineStep(summary.lastMetrics).value_or(0));
    summary.checkpoints = runCheckpoints(run);
    return summary;
}

std::vector<RunSummary> listRuns(const fs::path& folder) {
    std::vector<RunSummary> runs;
    std::error_code failure;
    for (fs::directory_iterator it(folder, failure), end; it != end && !failure; it.increment(failure)) {
        if (isPartialName(it->path())) continue;
        auto run = readRun(it->path());
        if (run.ok()) runs.push_back(std::move(run).value());
    }
    std::sort(runs.begin(), runs.end(), [](const RunSummary& a, const RunSummary& b) {
        return a.info.created != b.info.created ? a.info.created > b.info.created : a.path < b.path;
    });
    return runs;
}

Result<std::string> sendRunCommand(const fs::path& run, const std::string& name, const Json& arguments) {
    TRY(readRunInfo(run));
    static std::atomic<int> counter{0};
    // Milliseconds first, so that the order of ids is that of time; the rest only makes them unique.
    const ProcessIdentity self = thisProcess();
    char id[100];
    std::snprintf(id, sizeof id, "%015lld-%06d-%08x-%lld", commandTime(run), counter.fetch_add(1) % 1000000,
                  static_cast<unsigned>(crc32c(std::as_bytes(std::span(self.host)))), static_cast<long long>(self.pid));
    Json json = {{"formatVersion", kFormatVersion}, {"command", name}};
    for (const auto& [key, value] : arguments.items()) json[key] = value;
    TRY_VOID(writeFileAtomic(run / kCommands / (std::string(id) + ".json"), dumped(json) + "\n"));
    return std::string(id);
}

Result<Json> findCommandAnswer(const fs::path& run, const std::string& id) {
    // Markers do not matter here: a command stays answered whatever became of the steps around it.
    RunTail tail(run, RunLog::Events);
    while (true) {
        const auto before = tail.offset();
        for (auto& update : TRY(tail.poll()))
            if (memberOr(update.line, "type", "") == "command" && memberOr(update.line, "id", "") == id)
                return std::move(update.line);
        if (tail.offset() == before) return Json();
    }
}

}  // namespace distillix
