// SPDX-License-Identifier: Apache-2.0
// export: a model for other programs, read back and compared before it stands in its place.
#include <cstdio>

#include "app/cli/model_source.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/export/exporter.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

struct ExportFlags {
    std::string model, format = "gguf", out;
    ExportOptions options;
    ExportRequest request;
    std::string dataset;
    bool dryRun = false;
    DeviceFlags device;
};

std::string significantText(double number) {
    char text[64];
    std::snprintf(text, sizeof text, number != 0 && number < 1e-3 ? "%.2e" : "%.4f", number);
    return text;
}

std::string percentText(double share) {
    char text[64];
    std::snprintf(text, sizeof text, "%.2f%%", share * 100);
    return text;
}

Json planJson(const ExportFlags& flags, const ExportPlan& plan) {
    Json json = {{"format", flags.format}, {"architecture", plan.architecture},
                 {"type", plan.type},      {"embedding", plan.embedding},
                 {"bytes", plan.bytes()},  {"files", Json::array()},
                 {"types", plan.types()},  {"approximate", plan.approximate},
                 {"notes", plan.notes}};
    for (const auto& file : plan.files) json["files"].push_back({{"name", file.name}, {"bytes", file.bytes}});
    return json;
}

Table typesTable(const ExportPlan& plan) {
    Table table({"type", "tensors", "weights", "bytes"});
    const Json types = plan.types();
    for (const auto& [type, facts] : types.items())
        table.add({type, std::to_string(facts["tensors"].get<int>()), groupedText(facts["weights"].get<std::int64_t>()),
                   groupedText(facts["bytes"].get<std::int64_t>())});
    return table;
}

Result<int> exportVerb(VerbContext& context, const ExportFlags& flags) {
    const ExportFormat* format = TRY(findExportFormat(flags.format));
    if (flags.out.empty() && !flags.dryRun)
        return makeError(ErrorCode::InvalidArgument, "--out is missing: where the export goes");
    const std::filesystem::path folder = TRY(resolveModelFolder(flags.model));
    const ExportSource source = TRY(ExportSource::open(folder, flags.options.name));
    const ExportPlan plan = TRY_AT(format->plan(source, flags.options), source.folder.string());
    if (flags.dryRun) {
        std::string text = typesTable(plan).text() + "\n" + bytesText(static_cast<double>(plan.bytes())) + " in all" +
                           (plan.architecture.empty() ? "" : ", architecture " + plan.architecture);
        for (const auto& note : plan.notes) text += "\n" + note;
        context.reporter.result(planJson(flags, plan), text);
        return 0;
    }
    for (const auto& note : plan.notes) context.reporter.warning(note);
    ExportRequest request = flags.request;
    request.out = flags.out;
    request.dataset = flags.dataset;
    const auto backend = TRY(flags.device.open());
    const ExportReport report =
        TRY(exportModel(*backend, *format, {source, flags.options, plan}, request, context.stopOnSignals(),
                        [&](const char* phase, double done, double total) {
                            Progress progress;
                            progress.phase = phase;
                            progress.done = done;
                            progress.total = total;
                            context.reporter.progress(progress);
                        }));
    Json json = planJson(flags, plan);
    json["out"] = report.out.string();
    json["bytes"] = report.bytes;
    json["files"] = Json::array();
    for (const auto& file : report.files) json["files"].push_back({{"name", file.name}, {"bytes", file.bytes}});
    const LogitDifference& d = report.difference;
    json["verified"] = {{"on", report.text}};
    const Json figures = d.json();
    for (const auto& [key, value] : figures.items()) json["verified"][key] = value;

    std::string text =
        "Wrote " + report.out.string() + ": " + bytesText(static_cast<double>(report.bytes)) +
        (plan.architecture.empty() ? "" : ", architecture " + plan.architecture) + ".\n\n" + typesTable(plan).text() +
        "\nRead back and compared at " + groupedText(d.positions) + " positions of " + report.text + ":\n\n" +
        pairsText(
            {{"KL(model, export)", significantText(d.klMean) + " nats a position, at most " + significantText(d.klMax)},
             {"same first choice", percentText(d.topAgreement()) + "; " + percentText(d.clearTopAgreement()) + " of " +
                                       groupedText(d.clear) + " where the model's leads by over 0.05"},
             {"largest difference of a logit", significantText(d.largest)},
             {"loss", significantText(d.ourLoss()) + " here, " + significantText(d.theirLoss()) + " exported"}});
    context.reporter.result(json, text);
    return 0;
}

template <typename Names>
std::string listed(const Names& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

}  // namespace

void addExportVerb(VerbSet& verbs) {
    auto flags = std::make_shared<ExportFlags>();
    std::string example = "distillix export runs/first --format gguf --type TQ2_0 --out first.gguf";
    CLI::App* verb =
        verbs.add("export", "A model for other programs: written, read back, compared, then renamed into place",
                  example, [flags](VerbContext& context) { return exportVerb(context, *flags); });
    verb->add_option("model", flags->model, "Model folder, or a run, whose latest checkpoint is meant")->required();
    std::string formats, types, embeddings;
    for (const ExportFormat* format : exportFormats()) {
        formats += (formats.empty() ? "" : "; ") + std::string(format->name()) + ": " + format->help();
        types += (types.empty() ? "" : "; ") + std::string(format->name()) + ": " + listed(format->types());
        if (!format->embeddings().empty())
            embeddings +=
                (embeddings.empty() ? "" : "; ") + std::string(format->name()) + ": " + listed(format->embeddings());
    }
    verb->add_option("--format", flags->format, formats + " [gguf]")->type_name("NAME");
    verb->add_option("--type", flags->options.type, "Type of the projections' weights, the default first. " + types)
        ->type_name("TYPE");
    verb->add_option("--embedding", flags->options.embedding,
                     "Type of the embedding and an untied head, the default first. " + embeddings)
        ->type_name("TYPE");
    verb->add_option("--out", flags->out, "The file or folder to write")->type_name("PATH");
    verb->add_option("--name", flags->options.name, "What the export calls the model [its run's or folder's name]");
    verb->add_flag("--ollama", flags->options.ollama, "gguf: write an Ollama Modelfile beside it");
    verb->add_flag("--overwrite", flags->request.overwrite, "Replace a file that is there; a folder never is");
    verb->add_option("--dataset", flags->dataset,
                     "Dataset whose validation part the export is compared on [the run's, else a short text]");
    verb->add_option("--positions", flags->request.positions, "How many positions to compare at [2048]")
        ->type_name("NUMBER")
        ->check(CLI::Range(1, 1 << 30).description(""));
    verb->add_flag("--dry-run", flags->dryRun, "Only tell what would be written and how large it would be");
    flags->device.addTo(*verb);
}

}  // namespace distillix::cli
