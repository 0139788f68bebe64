// SPDX-License-Identifier: Apache-2.0
// runs: looking at run folders, and asking their trainers. Nothing here computes.
#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "app/cli/field_flags.h"
#include "app/cli/run_text.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/infer/generator.h"
#include "core/train/edits.h"
#include "core/train/run_folder.h"

namespace distillix::cli {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

Result<int> listVerb(VerbContext& context, const std::string& folder) {
    std::error_code failure;
    if (!fs::is_directory(folder, failure)) return makeError(ErrorCode::NotFound, "is no folder", folder);
    Table table({"run", "state", "step", "loss", "tokens", "last checkpoint", "created"});
    Json rows = Json::array();
    for (const auto& run : listRuns(folder)) {
        rows.push_back(runJson(run));
        table.add(
            {run.path.filename().string(), runStateName(run.state), std::to_string(run.step),
             metricText(run, "loss", 3),
             run.lastMetrics.is_object() ? groupedText(memberOr(run.lastMetrics, "tokens", std::int64_t{0})) : "-",
             run.checkpoints.empty() ? "-" : std::to_string(run.checkpoints.back().step), run.info.created});
    }
    context.reporter.result({{"runs", rows}}, rows.empty() ? "No runs in " + folder + "." : table.text());
    return 0;
}

bool lives(RunState state) {
    return state == RunState::Running || state == RunState::Paused || state == RunState::Unknown;
}

/// What became of a run that nobody trains.
std::string fateOf(const RunSummary& run) {
    return std::string("it is ") + runStateName(run.state) + " at step " + std::to_string(run.step) +
           (run.message.empty() ? std::string() : ": " + run.message);
}

/// Sends a command and waits until the trainer answers it, ends or goes silent.
Result<int> askVerb(VerbContext& context, const fs::path& path, const std::string& command,
                    const Json& arguments = Json::object()) {
    const RunSummary run = TRY(readRun(path));
    if (!lives(run.state))
        return makeError(ErrorCode::NotFound, "nobody trains this run: " + fateOf(run), path.string());
    RunTail tail(path, RunLog::Events);
    while (!TRY(tail.poll()).empty()) continue;  // what was said before is not the answer
    const std::string id = TRY(sendRunCommand(path, command, arguments));
    const StopToken stop = context.stopOnSignals();
    const double began = steadyNow();
    double lastBeat = began, lastLook = began;
    auto count = run.heartbeat ? run.heartbeat->count : 0;
    while (true) {
        for (const auto& update : TRY(tail.poll())) {
            const Json& line = update.line;
            if (memberOr(line, "type", "") != "command" || memberOr(line, "id", "") != id) continue;
            const std::string message = memberOr(line, "message", "");
            if (!memberOr(line, "ok", false))
                return makeError(ErrorCode::Cancelled, "the trainer refused: " + message, path.string());
            Json result = {{"id", id}, {"command", command}};
            for (const auto& [key, value] : line.items())
                if (key != "type" && key != "ok" && !result.contains(key)) result[key] = value;
            const std::string text = memberOr(line, "text", "");
            context.reporter.result(result, !text.empty() ? text : message.empty() ? command + ": done" : message);
            return 0;
        }
        if (stop.raised())
            return makeError(ErrorCode::Cancelled, "no longer waiting for the answer; the trainer has the command",
                             path.string());
        const double now = steadyNow();
        if (now - lastLook > 1) {
            lastLook = now;
            const RunSummary later = TRY(readRun(path));
            if (later.heartbeat && later.heartbeat->count != count) {
                count = later.heartbeat->count;
                lastBeat = now;
            }
            if (!lives(later.state)) {
                const Json answer = TRY(findCommandAnswer(path, id));
                if (answer.is_null()) {
                    std::error_code ignored;
                    fs::remove(path / "commands" / (id + ".json"), ignored);  // nobody is there to take it
                    return makeError(ErrorCode::Io, "the trainer ended without an answer: " + fateOf(later),
                                     path.string());
                }
                continue;  // the next poll finds it
            }
            Progress progress;
            progress.phase = command;
            progress.done = static_cast<double>(later.step);
            progress.unit = "steps";
            progress.detail = (later.state == RunState::Paused ? later.message : "waiting for the trainer") +
                              (now - lastBeat > 10 ? ", silent for " + durationText(now - lastBeat) : std::string());
            context.reporter.progress(progress);
        }
        // Polling a folder that may be a network mount: there is nothing to wait on but time.
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

/// Metrics and validations as one table: a line a step, columns in the order in which they first appear.
Result<int> exportMetricsVerb(VerbContext& context, const fs::path& path, const fs::path& out) {
    TRY(readRunInfo(path));
    const auto metrics = TRY(readRunLines(path, RunLog::Metrics));
    std::map<std::int64_t, Json> validations;
    for (const auto& line : TRY(readRunLines(path, RunLog::Events)))
        if (memberOr(line, "type", "") == "validation") validations[memberOr(line, "step", std::int64_t{0})] = line;
    std::vector<std::string> columns;
    for (const auto& line : metrics)
        for (const auto& [key, value] : line.items())
            if (std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
    const auto cell = [](const Json& line, const std::string& key) {
        const auto found = line.find(key);
        if (found == line.end() || found->is_null()) return std::string();
        return found->is_boolean() ? std::string(found->get<bool>() ? "1" : "0") : found->dump();
    };
    std::string text;
    for (const auto& column : columns) text += column + ",";
    text += "validationLoss,validationBitsPerByte\n";
    for (const auto& line : metrics) {
        for (const auto& column : columns) text += cell(line, column) + ",";
        const auto validation = validations.find(memberOr(line, "step", std::int64_t{0}));
        const bool there = validation != validations.end();
        text += (there ? cell(validation->second, "loss") : "") + "," +
                (there ? cell(validation->second, "bitsPerByte") : "") + "\n";
    }
    TRY_VOID(writeFileAtomic(out, text));
    context.reporter.result({{"file", out.string()}, {"steps", metrics.size()}},
                            groupedText(static_cast<std::int64_t>(metrics.size())) + " steps in " + out.string());
    return 0;
}

}  // namespace

void addRunsVerbs(VerbSet& verbs) {
    CLI::App* group = verbs.addGroup("runs", "Look at training runs, and tell their trainers what to do");
    {
        auto folder = std::make_shared<std::string>("runs");
        CLI::App* verb = verbs.add(group, "list", "The runs in a folder, newest first", "distillix runs list runs",
                                   [folder](VerbContext& context) { return listVerb(context, *folder); });
        verb->add_option("folder", *folder, "Folder that holds run folders [runs]");
    }
    {
        auto path = std::make_shared<std::string>();
        CLI::App* verb = verbs.add(group, "show", "What a run is and how far it came", "distillix runs show runs/first",
                                   [path](VerbContext& context) -> Result<int> {
                                       const RunSummary run = TRY(readRun(*path));
                                       context.reporter.result(runJson(run), runText(run));
                                       return 0;
                                   });
        verb->add_option("run", *path, "Run folder")->required();
    }
    const auto ask = [&](const std::string& command, const std::string& help) {
        auto path = std::make_shared<std::string>();
        CLI::App* verb = verbs.add(group, command, help, "distillix runs " + command + " runs/first",
                                   [path, command](VerbContext& context) { return askVerb(context, *path, command); });
        verb->add_option("run", *path, "Run folder")->required();
    };
    ask("stop", "Ask a run's trainer to write a checkpoint and end; tells what is kept");
    ask("checkpoint", "Ask a run's trainer to write a checkpoint now; waits for its answer");
    ask("resume", "Ask a run's trainer that was paused to go on (train resume starts one that has ended)");
    {
        struct Flags {
            std::string run;
            bool release = false;
        };
        auto flags = std::make_shared<Flags>();
        CLI::App* verb = verbs.add(
            group, "pause", "Ask a run's trainer to wait, without ending", "distillix runs pause runs/first --release",
            [flags](VerbContext& context) {
                return askVerb(context, flags->run, "pause", flags->release ? Json{{"release", true}} : Json::object());
            });
        verb->add_option("run", flags->run, "Run folder")->required();
        verb->add_flag("--release", flags->release,
                       "Write a checkpoint and give the memory back meanwhile; it goes on bit for bit");
    }
    {
        struct Flags {
            std::string run, prompt, text;
            FieldFlags<SamplingConfig> sampling;
        };
        auto flags = std::make_shared<Flags>();
        CLI::App* verb =
            verbs.add(group, "sample", "Ask the model as it is now, between two steps of its training",
                      "distillix runs sample runs/first --prompt \"Write a function build(items) that returns the "
                      "first 5 elements of items.\"",
                      [flags](VerbContext& context) -> Result<int> {
                          Json arguments = flags->sampling.given();
                          if (flags->prompt.empty() == flags->text.empty())
                              return makeError(ErrorCode::InvalidArgument, "give one of --prompt and --text");
                          arguments[flags->prompt.empty() ? "text" : "prompt"] =
                              flags->prompt.empty() ? flags->text : flags->prompt;
                          return askVerb(context, flags->run, "sample", arguments);
                      });
        verb->add_option("run", flags->run, "Run folder")->required();
        verb->add_option("--prompt", flags->prompt, "A question, put as the chat template has it")->type_name("TEXT");
        verb->add_option("--text", flags->text, "A text to go on from")->type_name("TEXT");
        flags->sampling.addTo(*verb,
                              {{}, "Sampling (where not given: greedy, as long as the run's own samples)", false});
    }
    {
        struct Flags {
            std::string run;
            std::vector<std::string> values;
        };
        auto flags = std::make_shared<Flags>();
        std::string names = "learning_rate (of both optimizers, in proportion)";
        for (const auto& name : editableFields()) names += ", " + name;
        CLI::App* verb =
            verbs.add(group, "set", "Change a running training's settings from its next step on: " + names,
                      "distillix runs set runs/first learning_rate=0.005 steps=2000",
                      [flags](VerbContext& context) -> Result<int> {
                          return askVerb(context, flags->run, "set", {{"values", TRY(editFromText(flags->values))}});
                      });
        verb->add_option("run", flags->run, "Run folder")->required();
        verb->add_option("values", flags->values, "NAME=VALUE ...")->required();
    }
    {
        struct Flags {
            std::string run, out;
        };
        auto flags = std::make_shared<Flags>();
        CLI::App* verb =
            verbs.add(group, "export-metrics", "A run's metrics and validations as a CSV file",
                      "distillix runs export-metrics runs/first --out first.csv",
                      [flags](VerbContext& context) { return exportMetricsVerb(context, flags->run, flags->out); });
        verb->add_option("run", flags->run, "Run folder")->required();
        verb->add_option("--out", flags->out, "File to write")->type_name("FILE")->required();
    }
}

}  // namespace distillix::cli
