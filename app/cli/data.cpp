// SPDX-License-Identifier: Apache-2.0
// sample-data, import: from nothing, or from a person's files, to a dataset that training reads.
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/base/clock.h"
#include "core/data/import.h"
#include "core/data/sample_data.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

// ---- sample-data --------------------------------------------------------------------------------------------------

struct SampleFlags {
    std::string folder;
    SampleDataOptions options;
};

Result<int> sampleVerb(VerbContext& context, const SampleFlags& flags) {
    const SampleData data = TRY(composeSampleData(flags.options));
    TRY_VOID(writeSampleData(data, flags.folder));
    const auto training = static_cast<std::int64_t>(data.training.size()),
               validation = static_cast<std::int64_t>(data.validation.size());
    context.reporter.result({{"folder", flags.folder},
                             {"training", training},
                             {"validation", validation},
                             {"tasks", data.tasks},
                             {"seed", flags.options.seed}},
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
    ImportOptions options;
};

/// --validation takes a file of data, or a list of a folder's files: a list where one folder is imported.
Result<ImportOptions> optionsOf(const ImportFlags& flags) {
    ImportOptions options = flags.options;
    options.sources.assign(flags.sources.begin(), flags.sources.end());
    options.output = flags.out;
    options.extensions = flags.extensions;
    options.tokenizer = flags.tokenizer;
    if (!flags.validation.empty()) {
        std::error_code ignored;
        const bool oneFolder =
            flags.sources.size() == 1 && std::filesystem::is_directory(flags.sources.front(), ignored);
        (oneFolder ? options.validationList : options.validationFile) = flags.validation;
    }
    return options;
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

Result<int> importVerb(VerbContext& context, const ImportFlags& flags) {
    const ImportOptions options = TRY(optionsOf(flags));
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
    for (const Refusal& refusal : report.refusals) {
        if (context.reporter.isJson())
            context.reporter.event("refused", {{"place", refusal.place}, {"reason", refusal.reason}}, "");
        else
            context.reporter.warning(refusal.text());
    }
    const DatasetInfo& info = report.info;
    if (info.refusedRecords > report.refusals.size())
        context.reporter.warning(
            "and " + groupedText(static_cast<std::int64_t>(info.refusedRecords - report.refusals.size())) + " more");
    Json result = {
        {"dataset", flags.out},
        {"kind", info.kind},
        {"template", info.chatTemplate},
        {"tokenizer", {{"hash", info.tokenizerHash}, {"pieces", info.vocabSize}, {"trained", info.tokenizerTrained}}},
        {"train", splitJson(info.train)},
        {"validation", splitJson(info.validation)},
        {"heldOutPrompts", info.heldOutPrompts},
        {"refused", info.refusedRecords},
        {"skippedFiles", info.skippedFiles}};
    std::vector<std::pair<std::string, std::string>> pairs{
        {"dataset", flags.out},
        {"tokenizer",
         groupedText(info.vocabSize) + (info.tokenizerTrained ? " pieces, trained on the training part" : " pieces")},
        {"train", splitText(info.train)},
        {"validation", splitText(info.validation)}};
    if (info.refusedRecords > 0)
        pairs.emplace_back("refused", groupedText(static_cast<std::int64_t>(info.refusedRecords)) + " records");
    for (const auto& [reason, count] : info.skippedFiles)
        pairs.emplace_back("passed over", groupedText(static_cast<std::int64_t>(count)) + " files: " + reason);
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
        verb->add_option("--seed", flags->options.seed, "The same seed composes the same data [1]")
            ->type_name("NUMBER");
        verb->add_option("--training", flags->options.training,
                         "Pairs to train on [" + std::to_string(flags->options.training) + "]")
            ->type_name("NUMBER")
            ->check(CLI::Range(1, 1 << 24).description(""));
        verb->add_option("--validation", flags->options.validation,
                         "Pairs to hold out [" + std::to_string(flags->options.validation) + "]")
            ->type_name("NUMBER")
            ->check(CLI::Range(1, 1 << 24).description(""));
    }
    {
        auto flags = std::make_shared<ImportFlags>();
        CLI::App* verb = verbs.add("import", "Make a dataset of JSONL files, text files or a folder of code",
                                   "distillix import data/sample-text/train.jsonl --validation "
                                   "data/sample-text/validation.jsonl --out data/sample",
                                   [flags](VerbContext& context) { return importVerb(context, *flags); });
        verb->add_option("sources", flags->sources,
                         "JSONL files ({\"prompt\", \"response\"} or {\"text\"} a line), folders of code, text files")
            ->required();
        verb->add_option("--out", flags->out, "Dataset folder to make")->required();
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
        verb->add_flag("--strict", flags->options.strict, "End at the first record that cannot be used");
        verb->add_option("--threads", flags->options.threads, "Threads to work with; 0: one for each core [0]")
            ->type_name("NUMBER")
            ->check(CLI::Range(0, 4096).description(""));
    }
}

}  // namespace distillix::cli
