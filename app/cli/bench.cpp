// SPDX-License-Identifier: Apache-2.0
// bench train: how fast this machine trains a model. bench ops is in bench_ops.cpp.
#include "app/cli/bench.h"

#include "app/cli/bench_model.h"
#include "app/cli/field_flags.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/base/version.h"
#include "core/bench/train_bench.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

Json spreadJson(const Spread& spread) {
    return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

std::string spreadText(const Spread& spread) {
    return formatted("%.4g s", spread.median) + "  (" + formatted("%.4g", spread.min) + " to " +
           formatted("%.4g", spread.max) + ")";
}

struct BenchTrainFlags {
    std::string preset = "100M";
    FieldFlags<ModelConfig> model;
    FieldFlags<TrainBenchConfig> config;
    bool keep = true;
    ResultsFlag results;
    DeviceFlags device;
};

Result<int> benchTrainVerb(VerbContext& context, const BenchTrainFlags& flags) {
    ModelConfig model = TRY(findModelPreset(flags.preset)).config;
    const Json& given = flags.model.given();
    if ((given.contains("hidden_dim") || given.contains("num_heads")) && !given.contains("head_dim")) model.headDim = 0;
    TRY_VOID(flags.model.apply(model));
    TRY_VOID(model.normalize());
    TrainBenchConfig config;
    TRY_VOID(flags.config.apply(config));
    std::filesystem::path results;
    if (flags.keep) results = TRY(flags.results.path());
    const auto backend = TRY(flags.device.open());
    const TrainBenchResult bench = TRY(benchTraining(
        *backend, model, config, [&](const std::string& line) { context.reporter.info(line); },
        context.stopOnSignals()));
    const BackendInfo& info = backend->info();
    const std::string session = newBenchSession();
    // A preset that was changed by flags is another model.
    const std::string name = flags.preset + (given.empty() ? "" : " " + given.dump());
    if (flags.keep) TRY_VOID(appendRecords(results, recordsOf(bench, name, info, session, config)));
    Json plan = Json::object(), micro = Json::array(), optimizer = Json::array();
    for (const auto& part : bench.plan) plan[part.name] = plan.value(part.name, std::size_t{0}) + part.bytes;
    Table parts({"of a micro-step", "share", "ms", "calls"});
    for (const auto& part : bench.microStepParts) {
        micro.push_back({{"name", part.name}, {"seconds", part.seconds}, {"share", part.share}, {"calls", part.calls}});
        parts.add({part.name, formatted("%.1f%%", part.share * 100), formatted("%.2f", part.seconds * 1000),
                   std::to_string(part.calls)});
    }
    Table optimizerParts({"of an optimizer step", "share", "ms", "calls"});
    for (const auto& part : bench.optimizerParts) {
        optimizer.push_back(
            {{"name", part.name}, {"seconds", part.seconds}, {"share", part.share}, {"calls", part.calls}});
        optimizerParts.add({part.name, formatted("%.1f%%", part.share * 100), formatted("%.2f", part.seconds * 1000),
                            std::to_string(part.calls)});
    }
    const Json result = {
        {"version", programVersion()},
        {"session", session},
        {"device", {{"name", info.name}, {"device", info.device}, {"level", info.level}, {"threads", info.threads}}},
        {"preset", flags.preset},
        {"parameters", bench.parameters},
        {"precision", bench.precision},
        {"batch", config.batch},
        {"tokens", config.tokens},
        {"microStepSeconds", spreadJson(bench.microStep)},
        {"optimizerStepSeconds", spreadJson(bench.optimizerStep)},
        {"tokensPerSecond", bench.tokensPerSecond},
        {"tokensPerSecondWithOptimizer", bench.tokensPerSecondWithOptimizer},
        {"peakBytes", bench.peakBytes},
        {"memoryPlan", plan},
        {"microStepParts", micro},
        {"optimizerParts", optimizer},
        {"operations",
         {{"forward", bench.forwardOperations},
          {"backward", bench.backwardOperations},
          {"head", bench.headOperations},
          {"attention", bench.attentionOperations}}}};
    std::string out =
        pairsText({{"machine", info.device + ", " + info.level + ", " + std::to_string(info.threads) + " threads"},
                   {"model", flags.preset + ", " + groupedText(bench.parameters) + " parameters, " + bench.precision},
                   {"micro-step", spreadText(bench.microStep) + ", " + std::to_string(config.batch) + " x " +
                                      std::to_string(config.tokens) + " tokens"},
                   {"tokens per second", formatted("%.0f", bench.tokensPerSecond)},
                   {"optimizer step", config.optimizerRepeat ? spreadText(bench.optimizerStep) : "not run"},
                   {"with optimizer",
                    config.optimizerRepeat
                        ? formatted("%.0f tokens per second, a step every ", bench.tokensPerSecondWithOptimizer) +
                              groupedText(std::max(config.updateTokens, config.batch * config.tokens))
                        : "not run"},
                   {"memory at most", bytesText(static_cast<double>(bench.peakBytes))}});
    if (!bench.microStepParts.empty()) out += "\n" + parts.text();
    if (!bench.optimizerParts.empty()) out += "\n" + optimizerParts.text();
    context.reporter.result(result, out);
    return 0;
}

}  // namespace

void addBenchVerbs(VerbSet& verbs) {
    CLI::App* group = verbs.addGroup("bench", "How fast this machine is");
    auto flags = std::make_shared<BenchTrainFlags>();
    CLI::App* verb = verbs.add(group, "train", "How fast it trains: medians, and where the time goes",
                               "distillix bench train --preset 100M",
                               [flags](VerbContext& context) { return benchTrainVerb(context, *flags); });
    verb->add_option("--preset", flags->preset, "Model [100M]")->type_name("NAME");
    flags->device.addTo(*verb);
    flags->config.addTo(*verb);
    verb->add_flag("!--no-keep", flags->keep, "Do not keep the results");
    flags->results.addTo(*verb, "Where to keep the results");
    flags->model.addTo(*verb, {{"dropout"}, "Model (where not given: the preset's)", false});
    addBenchOpsVerb(verbs, group);
    addBenchInferVerb(verbs, group);
    addBenchPublishedVerb(verbs, group);
    addBenchResultsVerbs(verbs, group);
}

}  // namespace distillix::cli
