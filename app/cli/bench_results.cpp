// SPDX-License-Identifier: Apache-2.0
// bench list, show, compare: what was measured before.
#include "app/cli/bench.h"
#include "app/cli/build_info.h"
#include "core/base/version.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;

void FormatFlag::addTo(CLI::App& verb) {
    verb.add_option("--format", name, "Form of the tables: md, csv or jsonl [md]")
        ->type_name("md|csv|jsonl")
        ->check(CLI::IsMember({"md", "csv", "jsonl"}).description(""));
}

ReportFormat FormatFlag::format() const {
    return name == "csv" ? ReportFormat::Csv : name == "jsonl" ? ReportFormat::JsonLines : ReportFormat::Markdown;
}

void ResultsFlag::addTo(CLI::App& verb, const std::string& help) {
    verb.add_option("--results", folder, help + " [~/.local/share/distillix/bench]")->type_name("FOLDER");
}

Result<std::filesystem::path> ResultsFlag::path() const {
    const std::filesystem::path path = folder.empty() ? defaultResultsFolder() : std::filesystem::path(folder);
    if (path.empty())
        return makeError(ErrorCode::NotFound, "there is no home folder to keep results in; --results names one");
    return path;
}

BenchRecord recordOfThisMachine(const BackendInfo& info, const std::string& session) {
    BenchRecord record;
    record.session = session;
    record.time = benchTime();
    record.device = info.name;
    record.processor = info.device;
    record.level = info.level;
    record.threads = info.threads;
    record.version = programVersion();
    record.commit = buildCommit();
    record.compiler = buildCompiler();
    return record;
}

namespace {

Json recordsJson(const std::vector<BenchRecord>& records) {
    Json json = Json::array();
    for (const auto& record : records) json.push_back(fieldsToJson(record));
    return json;
}

struct ResultsFlags {
    ResultsFlag results;
    FormatFlag format;
    std::string base, fresh = "last";
};

/// A session of the results folder, or everything in a file or folder named instead.
Result<std::vector<BenchRecord>> recordsNamed(Reporter& reporter, const ResultsFlags& flags, const std::string& name) {
    std::error_code ignored;
    const bool elsewhere = std::filesystem::exists(name, ignored);
    std::filesystem::path place = name;
    if (!elsewhere) place = TRY(flags.results.path());
    const LoadedRecords loaded = TRY(loadRecords(place));
    for (const auto& problem : loaded.problems) reporter.warning(problem);
    return elsewhere ? loaded.records : sessionRecords(loaded.records, name);
}

Result<int> tell(VerbContext& context, const ResultsFlags& flags, const BenchTable& table, Json extra) {
    extra["table"] = tableJson(table);
    context.reporter.result(extra, reportText({table}, flags.format.format()));
    return 0;
}

}  // namespace

void addBenchResultsVerbs(VerbSet& verbs, CLI::App* group) {
    {
        auto flags = std::make_shared<ResultsFlags>();
        CLI::App* verb = verbs.add(group, "list", "Benchmarks that were kept", "distillix bench list",
                                   [flags](VerbContext& context) -> Result<int> {
                                       const std::filesystem::path place = TRY(flags->results.path());
                                       const LoadedRecords loaded = TRY(loadRecords(place));
                                       for (const auto& problem : loaded.problems) context.reporter.warning(problem);
                                       return tell(context, *flags, sessionsTable(loaded.records), Json::object());
                                   });
        flags->results.addTo(*verb, "Where they are kept");
        flags->format.addTo(*verb);
    }
    {
        auto flags = std::make_shared<ResultsFlags>();
        CLI::App* verb = verbs.add(group, "show", "A kept benchmark, a row for each measurement",
                                   "distillix bench show last", [flags](VerbContext& context) -> Result<int> {
                                       const auto records = TRY(recordsNamed(context.reporter, *flags, flags->fresh));
                                       return tell(context, *flags, recordsTable(records, "Benchmark " + flags->fresh),
                                                   {{"records", recordsJson(records)}});
                                   });
        verb->add_option("session", flags->fresh,
                         "Its name or the beginning of it, last, last~1, …, or a file or folder of records [last]");
        flags->results.addTo(*verb, "Where they are kept");
        flags->format.addTo(*verb);
    }
    {
        auto flags = std::make_shared<ResultsFlags>();
        CLI::App* verb = verbs.add(group, "compare", "Two benchmarks side by side: other dates, builds or machines",
                                   "distillix bench compare last~1 last", [flags](VerbContext& context) -> Result<int> {
                                       const auto base = TRY(recordsNamed(context.reporter, *flags, flags->base));
                                       const auto fresh = TRY(recordsNamed(context.reporter, *flags, flags->fresh));
                                       return tell(context, *flags, comparisonTable(base, fresh), Json::object());
                                   });
        verb->add_option("base", flags->base, "The one that the other is compared with, named as for bench show")
            ->required();
        verb->add_option("fresh", flags->fresh, "The other [last]");
        flags->results.addTo(*verb, "Where they are kept");
        flags->format.addTo(*verb);
    }
}

}  // namespace distillix::cli
