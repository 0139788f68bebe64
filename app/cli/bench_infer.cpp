// SPDX-License-Identifier: Apache-2.0
// bench infer: how fast a model answers here.
#include "app/cli/bench.h"
#include "app/cli/bench_model.h"
#include "app/cli/field_flags.h"
#include "app/cli/model_source.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

struct InferFlags {
    BenchModelFlags model;
    std::vector<int> lengths{64, 128, 256, 512};
    std::vector<std::string> tests{"forward", "prefill", "decode"};
    bool keep = true, peaks = true;
    FieldFlags<InferBenchConfig> config;
    ResultsFlag results;
    FormatFlag format;
    DeviceFlags device;
    KeepFlags keepAs;
};

Result<int> inferVerb(VerbContext& context, const InferFlags& flags) {
    Reporter& reporter = context.reporter;
    InferBenchConfig config;
    TRY_VOID(flags.config.apply(config));
    const BenchModel model = TRY(flags.model.open());
    std::filesystem::path results;
    if (flags.keep) results = TRY(flags.results.path());
    const auto backend = TRY(flags.device.open());
    const StopToken stop = context.stopOnSignals();
    std::vector<Peak> peaks;
    if (flags.peaks && backend->info().name == "cpu") {
        reporter.info("measuring what the processor can do at most");
        peaks = measurePeaks(backend->info().threads);
    }
    InferBenchPlan plan;
    plan.decode = false;
    plan.head = TRY(weightFormatFromName(flags.keepAs.head));
    plan.cache = TRY(flags.keepAs.cacheType());
    for (const auto& test : flags.tests) {
        if (test == "forward") plan.forward = flags.lengths;
        if (test == "prefill") plan.prefill = flags.lengths;
        if (test == "decode") plan.decode = true;
    }
    const auto measured =
        TRY(benchInference(*backend, model.config, model.weights(), plan, config, peaks, observerOf(reporter), stop));
    const auto records = recordsOf(measured, model, backend->info(), newBenchSession(), config);
    if (flags.keep) TRY_VOID(appendRecords(results, records));
    Json peaksJson = Json::array(), rows = Json::array();
    std::string peaksText;
    for (const Peak& peak : peaks) {
        peaksJson.push_back({{"name", peak.name}, {"type", peak.type}, {"perSecond", peak.perSecond}});
        char text[100];
        std::snprintf(text, sizeof text, "%s%s %.1f %s", peaksText.empty() ? "At most: " : ", ", peak.name.c_str(),
                      peak.perSecond / 1e9, peak.type == "bytes" ? "GB/s" : "GOP/s");
        peaksText += text;
    }
    for (const auto& record : records) rows.push_back(fieldsToJson(record));
    BenchTable table = recordsTable(records, "Inference, " + model.name);
    if (!peaksText.empty()) table.notes.push_back(peaksText + ".");
    if (flags.keep)
        table.notes.push_back("Kept as session " + records.front().session + " in " + results.string() + ".");
    reporter.result({{"session", records.front().session},
                     {"results", flags.keep ? Json(results.string()) : Json(nullptr)},
                     {"peaks", peaksJson},
                     {"records", rows}},
                    reportText({table}, flags.format.format()));
    return 0;
}

}  // namespace

void addBenchInferVerb(VerbSet& verbs, CLI::App* group) {
    auto flags = std::make_shared<InferFlags>();
    CLI::App* verb = verbs.add(group, "infer", "How fast it answers: logits of all positions, prefill and decode apart",
                               "distillix bench infer --preset 100M --threads 1",
                               [flags](VerbContext& context) { return inferVerb(context, *flags); });
    flags->model.addTo(*verb);
    verb->add_option("--lengths", flags->lengths, "Lengths of forward and prefill [64,128,256,512]")
        ->delimiter(',')
        ->type_name("TOKENS")
        ->check(CLI::Range(1, 1 << 20).description(""));
    verb->add_option("--tests", flags->tests, "Which of forward, prefill and decode [all three]")
        ->delimiter(',')
        ->type_name("NAMES")
        ->check(CLI::IsMember({"forward", "prefill", "decode"}).description(""));
    verb->add_flag("!--no-peaks", flags->peaks, "Do not measure the processor's peaks, nor tell shares of them");
    verb->add_flag("!--no-keep", flags->keep, "Do not keep the results");
    flags->results.addTo(*verb, "Where to keep the results");
    flags->format.addTo(*verb);
    flags->config.addTo(*verb);
    flags->device.addTo(*verb);
    flags->keepAs.addTo(*verb, false);
}

}  // namespace distillix::cli
