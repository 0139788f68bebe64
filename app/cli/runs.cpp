// SPDX-License-Identifier: Apache-2.0
// runs list, show, stop, checkpoint: looking at run folders, and asking their trainers. Nothing here computes.
#include <cstdio>
#include <filesystem>
#include <thread>

#include "app/cli/run_text.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/base/clock.h"
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
        table.add({run.path.filename().string(), runStateName(run.state), std::to_string(run.step),
                   metricText(run, "loss", 3),
                   run.lastMetrics.is_object() ? groupedText(run.lastMetrics.value("tokens", std::int64_t{0})) : "-",
                   run.checkpoints.empty() ? "-" : std::to_string(run.checkpoints.back().step), run.info.created});
    }
    context.reporter.result({{"runs", rows}}, rows.empty() ? "No runs in " + folder + "." : table.text());
    return 0;
}

/// Sends a command and waits until the trainer answers it, ends or goes silent.
Result<int> askVerb(VerbContext& context, const fs::path& path, const std::string& command) {
    const RunSummary run = TRY(readRun(path));
    if (run.state != RunState::Running && run.state != RunState::Unknown)
        return makeError(ErrorCode::NotFound, std::string("nobody trains this run: it is ") + runStateName(run.state),
                         path.string());
    RunTail tail(path, RunLog::Events);
    while (!TRY(tail.poll()).empty()) continue;  // what was said before is not the answer
    const std::string id = TRY(sendRunCommand(path, command));
    const StopToken stop = context.stopOnSignals();
    const double began = steadyNow();
    double lastBeat = began, lastLook = began;
    auto count = run.heartbeat ? run.heartbeat->count : 0;
    while (true) {
        for (const auto& update : TRY(tail.poll())) {
            const Json& line = update.line;
            if (line.value("type", "") != "command" || line.value("id", "") != id) continue;
            const std::string message = line.value("message", "");
            if (!line.value("ok", false))
                return makeError(ErrorCode::Cancelled, "the trainer refused: " + message, path.string());
            context.reporter.result(
                {{"id", id}, {"command", command}, {"step", line.value("step", std::int64_t{0})}, {"message", message}},
                message.empty() ? command + ": done" : message);
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
            if (later.state != RunState::Running && later.state != RunState::Unknown) {
                const Json answer = TRY(findCommandAnswer(path, id));
                if (answer.is_null()) {
                    std::error_code ignored;
                    fs::remove(path / "commands" / (id + ".json"), ignored);  // nobody is there to take it
                    return makeError(
                        ErrorCode::Io,
                        std::string("the trainer ended without an answer: the run is ") + runStateName(later.state),
                        path.string());
                }
                continue;  // the next poll finds it
            }
            Progress progress;
            progress.phase = command;
            progress.done = static_cast<double>(later.step);
            progress.unit = "steps";
            progress.detail = "waiting for the trainer" +
                              (now - lastBeat > 10 ? ", silent for " + durationText(now - lastBeat) : std::string());
            context.reporter.progress(progress);
        }
        // Polling a folder that may be a network mount: there is nothing to wait on but time.
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

}  // namespace

void addRunsVerbs(VerbSet& verbs) {
    CLI::App* group = verbs.addGroup("runs", "Look at training runs, and ask their trainers to stop or save");
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
    ask("stop", "Ask a run's trainer to write a checkpoint and end; waits for its answer");
    ask("checkpoint", "Ask a run's trainer to write a checkpoint now; waits for its answer");
}

}  // namespace distillix::cli
