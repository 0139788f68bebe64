// SPDX-License-Identifier: Apache-2.0
#include "core/bench/records.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <map>
#include <set>

#include <fcntl.h>
#include <unistd.h>

#include "core/base/files.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kRecordFormat = 1;
constexpr const char* kResultsFile = "results.jsonl";

std::string timeText(const char* format) {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[64];
    std::strftime(text, sizeof text, format, &parts);
    return text;
}

/// Sessions in the order of their first record.
std::vector<std::string> sessionsOf(const std::vector<BenchRecord>& records) {
    std::vector<std::string> names;
    for (const auto& record : records)
        if (std::find(names.begin(), names.end(), record.session) == names.end()) names.push_back(record.session);
    return names;
}

std::string caseText(const BenchRecord& r) {
    return r.test + ", " + r.model + (r.weights == "random" ? " (random)" : "") + ", " + std::to_string(r.batch) +
           " x " + std::to_string(r.tokens) + (r.past > 0 ? " behind " + std::to_string(r.past) : "");
}

std::string machineText(const BenchRecord& r) {
    return r.processor + ", " + r.level + ", " + std::to_string(r.threads) + (r.threads == 1 ? " thread" : " threads");
}

std::string buildText(const BenchRecord& r) {
    return r.version + (r.commit.empty() ? "" : " (" + r.commit + ")") + ", " + r.compiler;
}

/// What must agree for two records to be of the same case; precision may differ: that is often what is compared.
std::string caseKey(const BenchRecord& r) {
    return Json({r.test, r.model, r.weights == "random", r.batch, r.tokens, r.past}).dump();
}

}  // namespace

void BenchRecord::setSeconds(const Spread& spread) {
    secondsMedian = spread.median;
    secondsMin = spread.min;
    secondsMax = spread.max;
    secondsMean = spread.mean;
    secondsDeviation = spread.deviation;
    repetitions = spread.count;
}

Spread BenchRecord::seconds() const {
    return {secondsMedian, secondsMin, secondsMax, secondsMean, secondsDeviation, repetitions};
}

fs::path defaultResultsFolder() {
    const char* data = std::getenv("XDG_DATA_HOME");
    if (data && data[0] == '/') return fs::path(data) / "distillix" / "bench";
    const char* home = std::getenv("HOME");
    return home && *home ? fs::path(home) / ".local" / "share" / "distillix" / "bench" : fs::path();
}

std::string newBenchSession() {
    return timeText("%Y%m%dT%H%M%SZ-") + std::to_string(::getpid());
}

std::string benchTime() {
    return timeText("%Y-%m-%dT%H:%M:%SZ");
}

Result<void> appendRecords(const fs::path& folder, const std::vector<BenchRecord>& records) {
    if (records.empty()) return {};
    std::error_code error;
    fs::create_directories(folder, error);
    const fs::path path = folder / kResultsFile;
    const int file = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return errnoError("cannot open", path, errno);
    std::string lines;
    // A line that a crash cut short stays a line of its own.
    const off_t before = ::lseek(file, 0, SEEK_END);
    char last = '\n';
    if (before > 0 && ::pread(file, &last, 1, before - 1) == 1 && last != '\n') lines += "\n";
    for (const auto& record : records) lines += fieldsToJson(record).dump() + "\n";
    Result<void> result = detail::writeAll(file, std::as_bytes(std::span(lines.data(), lines.size())), path);
    if (result.ok() && ::fsync(file) != 0) result = errnoError("cannot write", path, errno);
    if (!result.ok() && before >= 0 && ::ftruncate(file, before) != 0) {
        // What was half written stays, as one broken line that readers tell.
    }
    ::close(file);
    return result;
}

Result<LoadedRecords> loadRecords(const fs::path& folderOrFile) {
    std::error_code ignored;
    const fs::path path = fs::is_directory(folderOrFile, ignored) ? folderOrFile / kResultsFile : folderOrFile;
    if (!fs::exists(path, ignored)) return makeError(ErrorCode::NotFound, "no benchmark was kept here", path.string());
    const std::string text = TRY(readFile(path));
    LoadedRecords loaded;
    std::size_t at = 0, number = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = std::string_view(text).substr(at, end - at);
        at = end + 1;
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        BenchRecord record;
        const Json json = Json::parse(line, nullptr, false);
        const auto read = json.is_object() ? fieldsFromJson(record, json)
                                           : Result<void>(makeError(ErrorCode::InvalidData, "is no JSON object"));
        const std::string where = path.string() + ":" + std::to_string(number) + ": ";
        if (!read.ok())
            loaded.problems.push_back(where + read.error().text());
        else if (record.format > kRecordFormat)
            loaded.problems.push_back(where + "was written by a newer version");
        else if (record.test.empty() || record.session.empty())
            loaded.problems.push_back(where + "is no record of a benchmark");
        else
            loaded.records.push_back(std::move(record));
    }
    return loaded;
}

Result<std::vector<BenchRecord>> sessionRecords(const std::vector<BenchRecord>& records, const std::string& name) {
    const std::vector<std::string> sessions = sessionsOf(records);
    std::vector<std::string> found;
    if (name == "last" || name.rfind("last~", 0) == 0) {
        char* end = nullptr;
        const std::string back = name == "last" ? "0" : name.substr(5);
        const unsigned long steps = std::strtoul(back.c_str(), &end, 10);
        if (*end == 0 && !back.empty() && steps < sessions.size())
            found.push_back(sessions[sessions.size() - 1 - steps]);
    } else {
        for (const auto& session : sessions) {
            if (session == name) {
                found = {session};
                break;
            }
            if (session.rfind(name, 0) == 0) found.push_back(session);
        }
    }
    if (found.empty())
        return makeError(ErrorCode::NotFound, "there is no session \"" + name + "\" among the " +
                                                  std::to_string(sessions.size()) + " that are kept");
    if (found.size() > 1)
        return makeError(ErrorCode::InvalidArgument, "several sessions begin with \"" + name + "\": " + found[0] +
                                                         ", " + found[1] + (found.size() > 2 ? ", …" : ""));
    std::vector<BenchRecord> some;
    std::copy_if(records.begin(), records.end(), std::back_inserter(some),
                 [&](const BenchRecord& record) { return record.session == found[0]; });
    return some;
}

BenchTable sessionsTable(const std::vector<BenchRecord>& records) {
    BenchTable table{"sessions",
                     "Kept benchmarks",
                     {{"session", "session"},
                      {"time", "when"},
                      {"machine", "machine"},
                      {"build", "build"},
                      {"models", "models"},
                      {"tests", "tests"},
                      {"records", "rows"}},
                     {},
                     {}};
    for (const auto& session : sessionsOf(records)) {
        const BenchRecord* first = nullptr;
        std::set<std::string> models, tests;
        int count = 0;
        for (const auto& record : records) {
            if (record.session != session) continue;
            if (!first) first = &record;
            models.insert(record.model);
            tests.insert(record.test);
            ++count;
        }
        const auto list = [](const std::set<std::string>& names) {
            std::string text;
            for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
            return text;
        };
        table.rows.push_back({session, first->time, machineText(*first), buildText(*first), list(models), list(tests),
                              static_cast<double>(count)});
    }
    return table;
}

BenchTable recordsTable(const std::vector<BenchRecord>& records, const std::string& title) {
    BenchTable table{"records",
                     title,
                     {{"test", "test"},
                      {"model", "model"},
                      {"precision", "precision"},
                      {"batch", "batch"},
                      {"tokens", "tokens"},
                      {"past", "past"},
                      {"milliseconds", "ms, median"},
                      {"milliseconds_min", "least"},
                      {"milliseconds_max", "most"},
                      {"repetitions", "times"},
                      {"tokens_per_second", "tokens/s"},
                      {"peak_megabytes", "peak MB"},
                      {"bandwidth_share", "of the memory's speed, %"},
                      {"compute_share", "of the int8 peak, %"},
                      {"machine", "machine"},
                      {"build", "build"}},
                     {},
                     {}};
    for (const auto& r : records) {
        const auto share = [](const std::optional<double>& value) {
            return value ? BenchCell(*value * 100, 1) : BenchCell();
        };
        table.rows.push_back({r.test, r.model + (r.weights == "random" ? " (random)" : ""), r.precision,
                              static_cast<double>(r.batch), static_cast<double>(r.tokens), static_cast<double>(r.past),
                              BenchCell(r.secondsMedian * 1e3, 2), BenchCell(r.secondsMin * 1e3, 2),
                              BenchCell(r.secondsMax * 1e3, 2), static_cast<double>(r.repetitions),
                              BenchCell(r.tokensPerSecond, 1),
                              r.peakBytes > 0 ? BenchCell(static_cast<double>(r.peakBytes) / 1e6, 1) : BenchCell(),
                              share(r.bandwidthShare), share(r.computeShare), machineText(r), buildText(r)});
    }
    return table;
}

BenchTable comparisonTable(const std::vector<BenchRecord>& base, const std::vector<BenchRecord>& fresh) {
    BenchTable table{"comparison",
                     "Side by side",
                     {{"case", "case"},
                      {"base_threads", "threads then"},
                      {"fresh_threads", "threads now"},
                      {"base_tokens_per_second", "tokens/s then"},
                      {"fresh_tokens_per_second", "tokens/s now"},
                      {"ratio", "ratio"},
                      {"apart", "beyond the spread"},
                      {"base_peak_megabytes", "peak MB then"},
                      {"fresh_peak_megabytes", "peak MB now"}},
                     {},
                     {}};
    std::map<std::string, std::vector<const BenchRecord*>> theirs;
    for (const auto& record : base) theirs[caseKey(record)].push_back(&record);
    std::map<std::string, int> ours;
    for (const auto& record : fresh) ++ours[caseKey(record)];
    std::set<const BenchRecord*> used;
    std::vector<std::string> alone;
    for (const auto& record : fresh) {
        const BenchRecord* partner = nullptr;
        const auto found = theirs.find(caseKey(record));
        if (found != theirs.end()) {
            for (const BenchRecord* other : found->second)
                if (!used.count(other) && !partner && other->threads == record.threads) partner = other;
            // One on either side: the number of threads is part of what differs between the two machines.
            if (!partner && found->second.size() == 1 && ours[found->first] == 1) partner = found->second[0];
        }
        if (!partner) {
            alone.push_back(caseText(record) + " (now only)");
            continue;
        }
        used.insert(partner);
        const auto megabytes = [](const BenchRecord& r) {
            return r.peakBytes > 0 ? BenchCell(static_cast<double>(r.peakBytes) / 1e6, 1) : BenchCell();
        };
        const BenchCell before(partner->tokensPerSecond, 1), now(record.tokensPerSecond, 1);
        table.rows.push_back({caseText(record), static_cast<double>(partner->threads),
                              static_cast<double>(record.threads), before, now, ratioCell(now, before),
                              apart(partner->seconds(), record.seconds()) ? "yes" : "no", megabytes(*partner),
                              megabytes(record)});
    }
    for (const auto& record : base)
        if (!used.count(&record)) alone.push_back(caseText(record) + " (then only)");
    if (!base.empty())
        table.notes.push_back("Then: " + base[0].time + ", " + machineText(base[0]) + ", " + buildText(base[0]) + ".");
    if (!fresh.empty())
        table.notes.push_back("Now: " + fresh[0].time + ", " + machineText(fresh[0]) + ", " + buildText(fresh[0]) +
                              ".");
    for (const auto& text : alone) table.notes.push_back("Without a counterpart: " + text + ".");
    return table;
}

}  // namespace distillix
