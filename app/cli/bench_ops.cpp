// SPDX-License-Identifier: Apache-2.0
// bench ops: how fast single operations are, beside what the processor can do.
#include "app/cli/bench.h"
#include "app/cli/table.h"
#include "core/base/version.h"
#include "core/bench/op_bench.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

struct OpsFlags {
    std::string preset = "100M";
    int rows = 512, tokens = 256, repeat = 9;
    std::string precision = "auto";
    DeviceFlags device;
};

/// "439.0 GOP/s" or "31.2 GB/s".
std::string rateText(const std::string& type, double perSecond) {
    return formatted("%.1f ", perSecond / 1e9) + (type == "bytes" ? "GB/s" : "GOP/s");
}

Result<int> opsVerb(VerbContext& context, const OpsFlags& flags) {
    const ModelConfig model = TRY(findModelPreset(flags.preset)).config;
    const auto backend = TRY(flags.device.open());
    const OpBenchResult bench = TRY(benchOperations(
        *backend, model, flags.rows, flags.tokens, flags.repeat, flags.precision,
        [&](const std::string& line) { context.reporter.info(line); }, context.stopOnSignals()));
    const BackendInfo& info = backend->info();
    Json peaks = Json::array(), rows = Json::array();
    Table peakTable({"at most", "rate"}), table({"operation", "shape", "ms", "rate", "bound by", "of its peak"});
    for (const Peak& peak : bench.peaks) {
        peaks.push_back({{"name", peak.name}, {"type", peak.type}, {"perSecond", peak.perSecond}});
        peakTable.add({peak.name, rateText(peak.type, peak.perSecond)});
    }
    for (const OpBenchRow& row : bench.rows) {
        rows.push_back({{"operation", row.operation},
                        {"shape", row.shape},
                        {"seconds", row.seconds},
                        {"type", row.type},
                        {"work", row.work},
                        {"share", row.share > 0 ? Json(row.share) : Json(nullptr)}});
        table.add({row.operation, row.shape, formatted("%.3f", row.seconds * 1000),
                   rateText(row.type, row.work / row.seconds), row.type,
                   row.share > 0 ? formatted("%.0f%%", row.share * 100) : "-"});
    }
    const Json result = {
        {"version", programVersion()},
        {"device", {{"name", info.name}, {"device", info.device}, {"level", info.level}, {"threads", info.threads}}},
        {"preset", flags.preset},
        {"peaks", peaks},
        {"operations", rows}};
    context.reporter.result(result, info.device + ", " + info.level + ", " + std::to_string(info.threads) +
                                        " threads\n\n" + (bench.peaks.empty() ? "" : peakTable.text() + "\n") +
                                        table.text());
    return 0;
}

}  // namespace

void addBenchOpsVerb(VerbSet& verbs, CLI::App* group) {
    auto flags = std::make_shared<OpsFlags>();
    CLI::App* verb = verbs.add(
        group, "ops", "How fast single operations are, and what share of the device's peaks that is",
        "distillix bench ops --preset 100M", [flags](VerbContext& context) { return opsVerb(context, *flags); });
    verb->add_option("--preset", flags->preset, "Model whose shapes are taken [100M]")->type_name("NAME");
    verb->add_option("--rows", flags->rows, "Tokens at a time [512]")->check(CLI::Range(1, 1 << 20).description(""));
    verb->add_option("--tokens", flags->tokens, "Length of a sequence [256]")
        ->check(CLI::Range(1, 1 << 20).description(""));
    verb->add_option("--repeat", flags->repeat, "Repetitions, of which the median counts [9]")
        ->check(CLI::Range(1, 100000).description(""));
    verb->add_option("--precision", flags->precision, "auto, float32, mixed, and on a card bfloat16 or float16 [auto]");
    flags->device.addTo(*verb);
}

}  // namespace distillix::cli
