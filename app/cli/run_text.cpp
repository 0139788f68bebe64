// SPDX-License-Identifier: Apache-2.0
#include "app/cli/run_text.h"

#include <cstdio>

#include "app/cli/table.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/jobs/reporter.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

std::string numberText(const Json& line, const char* key, int digits) {
    if (!line.is_object() || !line.contains(key)) return "-";
    const Json& value = line.at(key);
    if (!value.is_number()) return "not finite";
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value.get<double>());
    return text;
}

}  // namespace

std::string metricText(const RunSummary& run, const char* key, int digits) {
    return numberText(run.lastMetrics, key, digits);
}

Json runJson(const RunSummary& run) {
    Json checkpoints = Json::array();
    for (const auto& checkpoint : run.checkpoints)
        checkpoints.push_back({{"step", checkpoint.step}, {"path", checkpoint.path.string()}});
    Json json = {{"path", run.path.string()},
                 {"name", run.info.name},
                 {"state", runStateName(run.state)},
                 {"message", run.message},
                 {"lastLog", run.lastLog},
                 {"step", run.step},
                 {"created", run.info.created},
                 {"model", run.info.model},
                 {"training", run.info.training},
                 {"dataset", {{"path", run.info.datasetPath}, {"hash", run.info.datasetHash}}},
                 {"tokenizer", {{"hash", run.info.tokenizerHash}}},
                 {"versions", run.info.versions},
                 {"lastMetrics", run.lastMetrics},
                 {"lastValidation", run.lastValidation},
                 {"checkpoints", checkpoints},
                 {"host", run.host},
                 {"pid", run.pid}};
    if (run.heartbeat)
        json["heartbeat"] = {
            {"count", run.heartbeat->count}, {"step", run.heartbeat->step}, {"time", run.heartbeat->unixTime}};
    return json;
}

std::string runText(const RunSummary& run) {
    std::vector<std::pair<std::string, std::string>> pairs{
        {"run", run.path.string()}, {"name", run.info.name}, {"state", runStateName(run.state)}};
    if (!run.message.empty()) pairs.emplace_back("message", run.message);
    for (const auto& line : run.lastLog) pairs.emplace_back("its last lines", line);
    if (run.pid) pairs.emplace_back("trainer", "process " + std::to_string(run.pid) + " on " + run.host);
    pairs.emplace_back("created", run.info.created);
    pairs.emplace_back("dataset", run.info.datasetPath);
    std::string steps = std::to_string(run.step);
    if (const auto total = run.info.training.find("steps");
        total != run.info.training.end() && total->is_number_integer() && total->get<std::int64_t>() > 0)
        steps += " of " + std::to_string(total->get<std::int64_t>());
    pairs.emplace_back("step", steps);
    if (run.lastMetrics.is_object()) {
        pairs.emplace_back("loss", metricText(run, "loss", 4));
        pairs.emplace_back("learning rate", metricText(run, "lr", 6));
        pairs.emplace_back("gradient norm", metricText(run, "gradNorm", 3));
        pairs.emplace_back("tokens", groupedText(memberOr(run.lastMetrics, "tokens", std::int64_t{0})));
        pairs.emplace_back("tokens per second", metricText(run, "tokensPerSecond", 0));
        if (run.lastMetrics.contains("elapsed") && run.lastMetrics["elapsed"].is_number())
            pairs.emplace_back("time trained", durationText(run.lastMetrics["elapsed"].get<double>()));
    }
    if (run.lastValidation.is_object())
        pairs.emplace_back("validation", "loss " + numberText(run.lastValidation, "loss", 4) + ", " +
                                             numberText(run.lastValidation, "bitsPerByte", 3) +
                                             " bits per byte at step " +
                                             std::to_string(memberOr(run.lastValidation, "step", std::int64_t{0})));
    for (const auto& checkpoint : run.checkpoints) pairs.emplace_back("checkpoint", checkpoint.path.string());
    return pairsText(pairs);
}

}  // namespace distillix::cli
