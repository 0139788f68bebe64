// SPDX-License-Identifier: Apache-2.0
// sample-data, import: from nothing, or from a person's files, to a dataset that training reads.
#include <sys/resource.h>

#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/base/clock.h"
#include "core/data/batch_text.h"
#include "core/data/import.h"
#include "core/data/sample_data.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

// ---- sample-data --------------------------------------------------------------------------------------------------

struct SampleFlags {
    std::string folder, variant = "standard";
    std::uint64_t seed = 1;
    int training = 0, validation = 0;  ///< 0: as the variant has it
};

Result<int> sampleVerb(VerbContext& context, const SampleFlags& flags) {
    SampleDataOptions options = TRY(sampleVariant(flags.variant));
    options.seed = flags.seed;
    if (flags.training > 0) options.training = flags.training;
    if (flags.validation > 0) options.validation = flags.validation;
    const SampleData data = TRY(composeSampleData(options));
    TRY_VOID(writeSampleData(data, flags.folder));
    const auto training = static_cast<std::int64_t>(data.training.size()),
               validation = static_cast<std::int64_t>(data.validation.size());
    context.reporter.result({{"folder", flags.folder},
                             {"training", training},
                             {"validation", validation},
                             {"tasks", data.tasks},
                             {"variant", flags.variant},
                             {"seed", options.seed}},
                            "Wrote " + flags.folder + ": " + groupedText(training) + " pairs to train on and " +
                                groupedText(validation) + " held out, of " + std::to_string(data.tasks) +
                                " tasks.\nNext: distillix import " + flags.folder + "/train.jsonl --validation " +
                                flags.folder + "/validation.jsonl --out DATASET");
    return 0;
}

// ---- import -------------------------------------------------------------------------------------------------------

struct ImportFlags {
    std::vector<std::string> sources;
    std::string out, validation, tokenizer;
    std::vector<std::string> extensions;
    std::string shape = "auto", format = "auto", delimiter, teacher = "first";
    bool dryRun = false;
    std::uint64_t records = 1000;
    int batch = 2, tokens = 256;
    ImportOptions options;
};

/// --validation takes a file of data, or a list of a folder's files: a list where one folder is imported.
Result<ImportOptions> optionsOf(const ImportFlags& flags) {
    ImportOptions options = flags.options;
    options.sources.assign(flags.sources.begin(), flags.sources.end());
    options.output = flags.out;
    options.reading.extensions = flags.extensions;
    options.tokenizer = flags.tokenizer;
    MappingOptions& mapping = options.reading.mapping;
    mapping.fixed.shape = TRY(recordShapeFromName(flags.shape));
    if (flags.teacher == "random") {
        mapping.teacher = TeacherChoice::Random;
    } else if (flags.teacher != "first") {
        mapping.teacher = TeacherChoice::Named;
        mapping.teacherName = flags.teacher;
    }
    if (flags.format != "auto") {
        for (const SourceFormat format :
             {SourceFormat::Jsonl, SourceFormat::Json, SourceFormat::Csv, SourceFormat::Text})
            if (flags.format == sourceFormatName(format)) options.reading.format = format;
        if (!options.reading.format)
            return makeError(ErrorCode::InvalidArgument,
                             "there is no format \"" + flags.format + "\"; there are auto, jsonl, json, csv, text");
    }
    if (!flags.delimiter.empty()) {
        if (flags.delimiter != "tab" && flags.delimiter.size() != 1)
            return makeError(ErrorCode::InvalidArgument, "a delimiter is one character, or \"tab\"");
        options.reading.delimiter = flags.delimiter == "tab" ? '\t' : flags.delimiter[0];
    }
    if (!flags.validation.empty()) {
        std::error_code ignored;
        const bool oneFolder =
            flags.sources.size() == 1 && std::filesystem::is_directory(flags.sources.front(), ignored);
        (oneFolder ? options.validationList : options.validationFile) = flags.validation;
    }
    return options;
}

std::string countText(std::uint64_t count) {
    return groupedText(static_cast<std::int64_t>(count));
}

Json refusalJson(const Refusal& refusal) {
    return {{"place", refusal.place()}, {"file", refusal.file},     {"line", refusal.line},
            {"column", refusal.column}, {"reason", refusal.reason}, {"detail", refusal.detail}};
}

Json lengthsJson(const LengthStatistics& lengths) {
    return {{"shortest", lengths.shortest}, {"p10", lengths.p10},  {"p25", lengths.p25}, {"p50", lengths.p50},
            {"p75", lengths.p75},           {"p90", lengths.p90},  {"p95", lengths.p95}, {"p99", lengths.p99},
            {"longest", lengths.longest},   {"mean", lengths.mean}};
}

std::string lengthsText(const LengthStatistics& lengths) {
    return "half have up to " + countText(lengths.p50) + " tokens, 90% up to " + countText(lengths.p90) +
           ", 99% up to " + countText(lengths.p99) + ", all up to " + countText(lengths.longest);
}

/// "prompt from "question", response from "answer"".
std::string columnsText(const std::map<std::string, std::string>& columns) {
    std::string text;
    for (const auto& [role, column] : columns) text += (text.empty() ? "" : ", ") + role + " from \"" + column + "\"";
    return text;
}

void sayRefusals(Reporter& reporter, const std::vector<Refusal>& refusals, std::uint64_t all) {
    for (const Refusal& refusal : refusals) {
        if (reporter.isJson())
            reporter.event("refused", refusalJson(refusal), "");
        else
            reporter.warning(refusal.text());
    }
    if (all > refusals.size()) reporter.warning("and " + countText(all - refusals.size()) + " more");
}

Result<int> previewVerb(VerbContext& context, const ImportFlags& flags, const ImportOptions& options) {
    const ImportPreview preview =
        TRY(previewImport(options, flags.records, flags.batch, flags.tokens, context.stopOnSignals()));
    std::uint64_t refused = 0;
    for (const auto& [reason, count] : preview.refusedByReason) refused += count;
    sayRefusals(context.reporter, preview.refusals, refused);
    Json sources = Json::array();
    std::string text;
    for (const SourcePreview& source : preview.sources) {
        const SourcePlan& plan = source.plan;
        Json rows = Json::array();
        for (const auto& row : source.rows) rows.push_back(row);
        sources.push_back({{"path", plan.path.string()},
                           {"format", sourceFormatName(plan.format)},
                           {"compression", compressionName(plan.compression)},
                           {"encoding", textEncodingName(plan.encoding)},
                           {"bytes", plan.bytes},
                           {"shape", recordShapeName(plan.mapping.shape)},
                           {"shapes", plan.shapes},
                           {"roles", plan.mapping.columns()},
                           {"columns", source.columns},
                           {"rows", rows},
                           {"recordsSeen", source.records},
                           {"whole", source.whole},
                           {"documents", source.documents},
                           {"conversations", source.conversations},
                           {"messages", source.messages},
                           {"textBytes", source.textBytes},
                           {"skippedFiles", source.skippedFiles}});
        if (plan.delimiter) sources.back()["delimiter"] = std::string(1, plan.delimiter);
        if (!plan.recordsKey.empty()) sources.back()["recordsKey"] = plan.recordsKey;
        std::vector<std::pair<std::string, std::string>> pairs{
            {"source", plan.path.string()},
            {"format", std::string(sourceFormatName(plan.format)) +
                           (plan.compression == Compression::None
                                ? ""
                                : std::string(", packed by ") + compressionName(plan.compression)) +
                           ", " + textEncodingName(plan.encoding)},
            {"shape", recordShapeName(plan.mapping.shape)}};
        if (!plan.mapping.columns().empty()) pairs.emplace_back("mapping", columnsText(plan.mapping.columns()));
        pairs.emplace_back("seen", countText(source.records) +
                                       (source.whole ? " records, which are all" : " records, not all") + ": " +
                                       countText(source.documents) + " documents, " +
                                       bytesText(static_cast<double>(source.textBytes)) + " of text");
        text += pairsText(pairs);
        if (!source.columns.empty()) {
            Table table(source.columns);
            for (std::size_t i = 0; i < source.rows.size() && i < 5; ++i) {
                std::vector<std::string> row = source.rows[i];
                for (std::string& cell : row) {
                    std::size_t width = 0, cut = 0;
                    while (cut < cell.size() && width < 40) {
                        if (cell[cut] == '\n' || cell[cut] == '\r' || cell[cut] == '\t') cell[cut] = ' ';
                        do ++cut;
                        while (cut < cell.size() && (static_cast<unsigned char>(cell[cut]) & 0xc0) == 0x80);
                        ++width;
                    }
                    if (cut < cell.size()) cell = cell.substr(0, cut) + "…";
                }
                table.add(std::move(row));
            }
            text += "\n" + table.text();
        }
        text += "\n";
    }
    Json result = {{"dryRun", true},
                   {"sources", sources},
                   {"refused", refused},
                   {"refusedByReason", preview.refusedByReason},
                   {"duplicates", preview.duplicates},
                   {"statistics",
                    {{"documents", preview.documents},
                     {"tokens", preview.tokens},
                     {"labels", preview.labels},
                     {"tokensPerDocument", lengthsJson(preview.tokensPerDocument)}}}};
    for (const auto& [reason, count] : preview.refusedByReason)
        text += "refused  " + countText(count) + ": " + reason + "\n";
    if (preview.duplicates > 0) text += "duplicates  " + countText(preview.duplicates) + "\n";
    if (preview.tokenizer) {
        const Tokenizer& tokenizer = *preview.tokenizer;
        const std::int32_t pad = tokenizer.pad() >= 0 ? tokenizer.pad() : tokenizer.eos();
        result["tokenizer"] = {{"pieces", tokenizer.size()}, {"trainedForPreview", preview.tokenizerTrained}};
        result["template"] = preview.chatTemplate;
        result["firstBatch"] = batchToJson(preview.firstBatch, tokenizer, pad);
        text += lengthsText(preview.tokensPerDocument) +
                (preview.tokenizerTrained ? " (by a tokenizer made of these records alone)\n\n" : "\n\n") +
                batchText(preview.firstBatch, tokenizer, pad);
    }
    context.reporter.result(result, text + "Nothing was written: this was a dry run.");
    return 0;
}

Json splitJson(const SplitCounts& counts) {
    return {{"documents", counts.documents},
            {"tokens", counts.tokens},
            {"labels", counts.labels},
            {"textBytes", counts.textBytes},
            {"longest", counts.longest}};
}

std::string splitText(const SplitCounts& counts) {
    return groupedText(static_cast<std::int64_t>(counts.documents)) + " documents, " +
           groupedText(static_cast<std::int64_t>(counts.tokens)) + " tokens (" +
           groupedText(static_cast<std::int64_t>(counts.labels)) + " to learn), " +
           bytesText(static_cast<double>(counts.textBytes)) + " of text";
}

/// The most memory that this process has had.
std::uint64_t mostResident() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

Result<int> importVerb(VerbContext& context, const ImportFlags& flags) {
    const ImportOptions options = TRY(optionsOf(flags));
    if (flags.dryRun) return previewVerb(context, flags, options);
    if (flags.out.empty())
        return makeError(ErrorCode::InvalidArgument,
                         "--out is missing: the dataset folder to make (or --dry-run, which makes none)");
    std::string phase;
    double began = 0;
    const ImportReport report = TRY(importDataset(
        options,
        [&](const ImportProgress& now) {
            if (phase != now.phase) {
                phase = now.phase;
                began = steadyNow();
            }
            Progress progress;
            progress.phase = now.phase;
            progress.done = static_cast<double>(now.doneBytes) / 1e6;
            progress.unit = "MB";
            progress.fields = {{"documents", now.documents}, {"tokens", now.tokens}};
            if (phase == "training tokenizer")
                progress.detail = "a stop takes effect behind that; a second one at once";
            const double seconds = steadyNow() - began;
            if (now.totalBytes > 0) {
                progress.total = static_cast<double>(now.totalBytes) / 1e6;
                if (seconds > 1 && now.doneBytes > 0)
                    progress.secondsLeft =
                        seconds * static_cast<double>(now.totalBytes - std::min(now.doneBytes, now.totalBytes)) /
                        static_cast<double>(now.doneBytes);
            }
            if (now.tokens > 0 && seconds > 0.5) progress.tokensPerSecond = static_cast<double>(now.tokens) / seconds;
            context.reporter.progress(progress);
        },
        context.stopOnSignals()));
    const DatasetInfo& info = report.info;
    sayRefusals(context.reporter, report.refusals, report.wasThere ? 0 : info.refusedRecords);
    Json result = {{"dataset", flags.out}, {"wasThere", report.wasThere}};
    const Json written = datasetInfoToJson(info);
    for (const char* key :
         {"kind", "template", "sources", "languages", "statistics", "padding_share", "fill_in_middle"})
        result[key] = written.at(key);
    result["tokenizer"] = {{"hash", info.tokenizerHash},
                           {"pieces", info.vocabSize},
                           {"trained", info.tokenizerTrained},
                           {"textBytes", info.tokenizerTextBytes},
                           {"sampleBytes", info.tokenizerSampleBytes}};
    result["train"] = splitJson(info.train);
    result["validation"] = splitJson(info.validation);
    result["heldOutPrompts"] = info.heldOutPrompts;
    result["duplicates"] = info.duplicates;
    result["refused"] = info.refusedRecords;
    result["refusedByReason"] = info.refusedByReason;
    result["skippedFiles"] = info.skippedFiles;
    if (!report.wasThere)
        result["speed"] = {{"readSeconds", report.readSeconds},
                           {"trainSeconds", report.trainSeconds},
                           {"tokenizeSeconds", report.tokenizeSeconds},
                           {"residentBytes", mostResident()},
                           {"textBytes", report.textBytes}};

    std::vector<std::pair<std::string, std::string>> pairs{{"dataset", flags.out}};
    std::string tokenizer = groupedText(info.vocabSize) + " pieces";
    if (info.tokenizerTrained)
        tokenizer += ", trained on " +
                     (info.tokenizerSampleBytes < info.tokenizerTextBytes
                          ? bytesText(static_cast<double>(info.tokenizerSampleBytes)) + " spread evenly over the " +
                                bytesText(static_cast<double>(info.tokenizerTextBytes)) + " of the training part"
                          : "the training part");
    pairs.emplace_back("tokenizer", tokenizer);
    for (const SourceInfo& source : info.sources)
        pairs.emplace_back("source", source.path + ": " + source.format +
                                         (source.compression == "none" ? "" : ", " + source.compression) + ", " +
                                         source.shape +
                                         (source.columns.empty() ? "" : " (" + columnsText(source.columns) + ")") +
                                         ", " + countText(source.records) + " records");
    pairs.emplace_back("train", splitText(info.train));
    pairs.emplace_back("", lengthsText(info.trainStatistics.tokens));
    pairs.emplace_back("validation", splitText(info.validation));
    const double tokens = static_cast<double>(info.train.tokens);
    char line[160];
    std::snprintf(line, sizeof line, "%.2f bytes a token",
                  static_cast<double>(info.trainStatistics.allTextBytes) / tokens);
    pairs.emplace_back("compression", line);
    for (const auto& [name, counts] : info.languages)
        pairs.emplace_back("code", name + ": " + countText(counts.documents) + " documents, " +
                                       bytesText(static_cast<double>(counts.bytes)) + ", " + countText(counts.tokens) +
                                       " tokens");
    std::string padding;
    for (const auto& [length, share] : info.paddingShares) {
        std::snprintf(line, sizeof line, "%s%.2f%% of sequences of %d tokens", padding.empty() ? "" : ", ", 100 * share,
                      length);
        padding += line;
    }
    pairs.emplace_back("padding", padding);
    if (info.fillInMiddleRate > 0)
        pairs.emplace_back("fill in middle", countText(info.fillInMiddleDocuments) + " documents");
    if (info.duplicates > 0)
        pairs.emplace_back(
            "duplicates",
            countText(info.duplicates) + " records left out" +
                (info.duplicatesForgotten ? "; more records than are remembered, so that some may be left" : ""));
    for (const auto& [reason, count] : info.refusedByReason)
        pairs.emplace_back("refused", countText(count) + ": " + reason);
    for (const auto& [reason, count] : info.skippedFiles)
        pairs.emplace_back("passed over", countText(count) + ": " + reason);
    if (report.wasThere) {
        pairs.emplace_back(
            "", "This very import was there already; nothing was done. --again with another --out repeats it.");
    } else {
        std::snprintf(line, sizeof line,
                      "%.1f s, of them %.1f s for reading ahead, %.1f s for the tokenizer; %.1f MB/s tokenized",
                      report.readSeconds + report.trainSeconds + report.tokenizeSeconds, report.readSeconds,
                      report.trainSeconds,
                      static_cast<double>(report.textBytes) / 1e6 / std::max(1e-9, report.tokenizeSeconds));
        pairs.emplace_back("took", line);
        pairs.emplace_back("memory", bytesText(static_cast<double>(mostResident())) + " at most");
        if (info.refusedRecords > 0) pairs.emplace_back("", "All that was refused: " + flags.out + "/refused.jsonl");
    }
    context.reporter.result(
        result, pairsText(pairs) + "Next: distillix train new RUN --dataset " + flags.out + " --minutes 20");
    return 0;
}

}  // namespace

void addDataVerbs(VerbSet& verbs) {
    {
        auto flags = std::make_shared<SampleFlags>();
        CLI::App* verb =
            verbs.add("sample-data", "Compose prompts and answers about small Python functions, to begin with",
                      "distillix sample-data data/sample-text",
                      [flags](VerbContext& context) { return sampleVerb(context, *flags); });
        verb->add_option("folder", flags->folder, "Folder to make")->required();
        verb->add_option("--variant", flags->variant,
                         "standard, or shaped like a published run: v0.3-burnin (861 samples), v0.4 (10,861 long ones) "
                         "[standard]")
            ->type_name("NAME");
        verb->add_option("--seed", flags->seed, "The same seed composes the same data [1]")->type_name("NUMBER");
        verb->add_option("--training", flags->training, "Samples to train on [as the variant has it: 5000]")
            ->type_name("NUMBER")
            ->check(CLI::Range(1, 1 << 24).description(""));
        verb->add_option("--validation", flags->validation, "Samples to hold out [as the variant has it: 300]")
            ->type_name("NUMBER")
            ->check(CLI::Range(1, 1 << 24).description(""));
    }
    {
        auto flags = std::make_shared<ImportFlags>();
        CLI::App* verb = verbs.add("import", "Make a dataset of JSONL, JSON, CSV and text files, or of folders of code",
                                   "distillix import data/sample-text/train.jsonl --validation "
                                   "data/sample-text/validation.jsonl --out data/sample",
                                   [flags](VerbContext& context) { return importVerb(context, *flags); });
        verb->add_option("sources", flags->sources,
                         "JSONL, JSON, CSV, TSV or text files, packed by gzip or zstd or not; folders of code")
            ->required();
        verb->add_option("--out", flags->out, "Dataset folder to make");
        verb->add_flag("--dry-run", flags->dryRun,
                       "Write nothing: show how the first records would be read, and the first batch");
        const auto number = [&](const char* name, auto& value, const char* help, double least, double most) {
            return verb->add_option(name, value, help)
                ->type_name("NUMBER")
                ->check(CLI::Range(least, most).description(""));
        };
        number("--records", flags->records, "Records of each source that a dry run looks at [1000]", 1, 1e9);
        number("--batch", flags->batch, "Sequences of a dry run's first batch [2]", 1, 64);
        number("--tokens", flags->tokens, "Tokens in each [256]", 2, 65536);
        verb->add_option("--shape", flags->shape,
                         "What records are: prompt-response, responses, text, messages, alpaca, sharegpt [auto]")
            ->type_name("NAME");
        ColumnMapping& fixed = flags->options.reading.mapping.fixed;
        const auto column = [&](const char* name, std::string& value, const char* help) {
            verb->add_option(name, value, help)->type_name("COLUMN");
        };
        column("--prompt-column", fixed.prompt, "Column of the prompt, or of Alpaca's instruction");
        column("--response-column", fixed.response, "Column of the response, or of Alpaca's output");
        column("--responses-column", fixed.responses, "Column of several teachers' responses");
        column("--text-column", fixed.text, "Column of plain text");
        column("--messages-column", fixed.messages, "Column of messages or of ShareGPT's conversations");
        column("--input-column", fixed.input, "Column of Alpaca's input");
        column("--system-column", fixed.system, "Column of a system message");
        verb->add_option("--teacher", flags->teacher,
                         "Of several responses, which: first, random, or a teacher's name [first]")
            ->type_name("NAME");
        verb->add_option("--format", flags->format, "What files are: jsonl, json, csv, text; else by name [auto]")
            ->type_name("NAME");
        verb->add_option("--delimiter", flags->delimiter, "Of CSV: a character or \"tab\"; else by its header line")
            ->type_name("CHARACTER");
        auto* validation =
            verb->add_option(
                    "--validation", flags->validation,
                    "What to hold out: a file of data; or, with one folder, a file that lists paths in it, one a line")
                ->type_name("FILE");
        verb->add_option("--validation-fraction", flags->options.validationFraction,
                         "Share to hold out instead, chosen by a hash [0]")
            ->type_name("NUMBER")
            ->check(CLI::Range(0.0, 0.999).description(""))
            ->excludes(validation);
        verb->add_option("--extension", flags->extensions,
                         "Of a folder, take files of this extension only (several: py,md)")
            ->delimiter(',')
            ->type_name("LIST")
            ->allow_extra_args(false);
        auto* tokenizer = verb->add_option("--tokenizer", flags->tokenizer,
                                           "tokenizer.model to use; else one is trained on the training part")
                              ->type_name("FILE");
        verb->add_option("--vocab-size", flags->options.vocabSize,
                         "Pieces of the tokenizer that is trained [" + std::to_string(flags->options.vocabSize) + "]")
            ->type_name("NUMBER")
            ->check(CLI::Range(1, 1 << 24).description(""))
            ->excludes(tokenizer);
        verb->add_option("--tokenizer-bytes", flags->options.tokenizerBytes,
                         "Text that its training looks at, spread evenly over all of it [16 MiB]")
            ->type_name("BYTES")
            ->excludes(tokenizer);
        verb->add_flag("--learn-prompts", flags->options.learnPrompts,
                       "Learn the prompts too, not only the assistant's words");
        number("--fill-in-middle", flags->options.fillInMiddleRate,
               "Share of the documents of code that are made tasks of filling in the middle [0]", 0, 1);
        verb->add_option("--seed", flags->options.seed, "Of fill-in-the-middle and of random teachers [1]")
            ->type_name("NUMBER");
        verb->add_flag("--keep-duplicates", flags->options.keepDuplicates, "Keep records that were there before");
        verb->add_flag("--again", flags->options.again, "Import even where the same import is there already");
        verb->add_flag("--strict", flags->options.strict, "End at the first record that cannot be used");
        verb->add_option("--threads", flags->options.threads, "Threads to work with; 0: one for each core [0]")
            ->type_name("NUMBER")
            ->check(CLI::Range(0, 4096).description(""));
    }
}

}  // namespace distillix::cli
