// SPDX-License-Identifier: Apache-2.0
// A run is a folder: one trainer writes it, everyone else reads it and puts commands in. The layout, and why it is so,
// stands in RUN_FOLDER.md beside this file. RunFolder is the trainer's side, the free functions are the readers'.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace distillix {

/// run.json: what the run was started with. Written once, by create().
struct RunInfo {
    std::string name;     ///< for people; the folder's name where empty
    std::string created;  ///< UTC, "2025-01-31T12:00:00.000Z"; create() fills it
    nlohmann::ordered_json model = nlohmann::ordered_json::object();     ///< ModelConfig as config.json has it
    nlohmann::ordered_json training = nlohmann::ordered_json::object();  ///< the trainer's fields
    std::string datasetPath;                                             ///< absolute
    std::string datasetHash;  ///< what resume compares, so that it never goes on with other data
    std::string tokenizerHash;
    nlohmann::ordered_json versions = nlohmann::ordered_json::object();  ///< program, backend, device
    nlohmann::ordered_json extra = nlohmann::ordered_json::object();     ///< other keys, kept
};

/// One line of metrics.jsonl: an optimizer step that is done. Numbers that are not finite are written as null.
struct StepMetrics {
    std::int64_t step = 0;  ///< optimizer updates done, the first line says 1
    double loss = 0;        ///< mean over the step's labels, nats
    double learningRate = 0;
    double gradNorm = 0;         ///< before clipping
    std::int64_t tokens = 0;     ///< processed since the run's step 0, all sessions together
    double tokensPerSecond = 0;  ///< of this step
    double stepMs = 0;
    double elapsedSeconds = 0;  ///< spent training since step 0, all sessions together
    nlohmann::ordered_json extra = nlohmann::ordered_json::object();  ///< further keys of the line
};

/// What someone asks of a running trainer.
struct RunCommand {
    std::string id;
    std::string name;  ///< "stop", "checkpoint", …
    nlohmann::ordered_json arguments = nlohmann::ordered_json::object();
};

/// The last word of a run, as it is or as readers judge it.
enum class RunState {
    Running,   ///< a trainer holds the lock and lives
    Paused,    ///< the same, but it waits: it was asked to, or the disk is full (`message` tells)
    Finished,  ///< all steps are done
    Stopped,   ///< stopped on request, can be resumed
    Failed,    ///< ended with an error that `message` tells
    Crashed,   ///< said to be running, but its trainer is gone: can be resumed from its last checkpoint
    Unknown,   ///< said to be running by another machine whose heartbeat has been still for a while
};
const char* runStateName(RunState state);

struct RunOpenOptions {
    /// Take the lock although its owner, on another machine, cannot be seen from here.
    bool takeOver = false;
};

/// What a trainer does when a write finds no room.
struct FullDiskHandler {
    /// Waits a while. True: try again. False: give up, and the write's error is what comes of it.
    std::function<bool(const Error&)> wait;
    /// A write has succeeded behind at least one wait().
    std::function<void()> goneOn;
};

/// The trainer's hold on its run. Appends are one write() of one whole line; a failed one is undone, so that a full
/// disk leaves no half line. Not thread-safe. Destroyed without finish(), it lets the lock go and readers see a crash:
/// crashText() says which, as far as that is known.
class RunFolder {
  public:
    /// Makes the folder (with its parents) whole, takes the lock, says "running". AlreadyExists where something stands.
    static Result<RunFolder> create(const std::filesystem::path& path, RunInfo info);
    /// Takes the lock of a run that exists: Busy names host and process of a living trainer. A dead owner's lock is
    /// taken over. Then look at checkpoints() and call resumeFrom() before anything else.
    static Result<RunFolder> open(const std::filesystem::path& path, const RunOpenOptions& options = {});
    /// Goes on behind `step` (0: from the start): lines past it are void from now on, commands that were left lying are
    /// refused, half-written leftovers are removed, the state is "running" again. From 0 on a run that create() made,
    /// it does nothing.
    Result<void> resumeFrom(std::int64_t step);

    RunFolder(RunFolder&&) noexcept;
    RunFolder& operator=(RunFolder&&) noexcept;
    ~RunFolder();

    const std::filesystem::path& path() const;
    const RunInfo& info() const;
    /// From now on a write that finds the disk full is asked about and done again, instead of failing.
    void onFullDisk(FullDiskHandler handler);
    /// Does `action`, and again as long as it fails with DiskFull and the handler wants to wait. It must leave nothing
    /// half done when it fails.
    Result<void> whenThereIsRoom(const std::function<Result<void>()>& action);
    /// Bytes that can still be written where the run lies.
    Result<std::uint64_t> roomBytes() const;

    /// checkpoints/step-00000100, to be made by AtomicFolder.
    std::filesystem::path checkpointPath(std::int64_t step) const;

    Result<void> appendMetrics(const StepMetrics& metrics);
    /// events.jsonl: "type", "step", "time" and the keys of `fields`. Types: see RUN_FOLDER.md.
    Result<void> appendEvent(const std::string& type, std::int64_t step,
                             const nlohmann::ordered_json& fields = nlohmann::ordered_json::object());
    Result<void> appendSample(std::int64_t step, const std::string& prompt, const std::string& text);
    /// log.txt, with the time in front; line breaks in `text` become several lines.
    Result<void> log(const std::string& text);
    /// Makes what was appended durable. To be called before a checkpoint is committed, so that no checkpoint is newer
    /// than the metrics that lead to it.
    Result<void> sync();

    /// Commands that came since, in order, each handed out once in the run's life. Broken ones are answered here.
    /// To be called at every step; an answer() is owed for each.
    Result<std::vector<RunCommand>> pollCommands(std::int64_t step);
    /// Answers a command with an event {"type": "command", "id", "command", "ok", "message"} and further `fields`.
    /// It is on the disk when this returns.
    Result<void> answer(const RunCommand& command, std::int64_t step, bool done, const std::string& message = {},
                        const nlohmann::ordered_json& fields = nlohmann::ordered_json::object());
    /// Whether a command of this name waits; it is not taken. For a trainer that cannot answer just now.
    bool isAsked(const std::string& name) const;

    /// Tells readers that training lives. Cheap: call it at every micro-step; it writes twice a second at most.
    void beat(std::int64_t step);

    /// Says "running" or "paused", and why.
    Result<void> setState(RunState state, std::int64_t step, const std::string& message = {});
    /// Says "paused" although the disk is full, in the room of a file that was kept for this; failures are passed over.
    void sayDiskIsFull(std::int64_t step, const std::string& message);

    /// The last word: refuses commands still waiting, writes the state, lets the lock go. `state` is Finished, Stopped
    /// or Failed.
    Result<void> finish(RunState state, std::int64_t step, const std::string& message = {});

  private:
    struct State;
    explicit RunFolder(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

// ---- readers ------------------------------------------------------------------------------------------------------

enum class RunLog { Metrics, Events, Samples };
/// RUN/metrics.jsonl, events.jsonl, samples.jsonl.
std::filesystem::path runLogPath(const std::filesystem::path& run, RunLog log);

/// Follows one of a run's .jsonl files from an offset. Only whole lines are handed out; lines that are no JSON object
/// (torn by a crash) are counted and passed over.
class RunTail {
  public:
    RunTail(const std::filesystem::path& run, RunLog log);
    struct Update {
        /// Set: training went on from this step. What was handed out before with a later "step" is void; `line` is the
        /// marker itself.
        std::optional<std::int64_t> resumedFrom;
        nlohmann::ordered_json line;
    };
    /// What came since the last call, at most some megabytes at once: call again until it gives nothing. A file that is
    /// not there yet gives nothing. If the file became shorter (the folder was replaced), it starts again from its
    /// beginning with resumedFrom = -1.
    Result<std::vector<Update>> poll();
    std::int64_t brokenLines() const { return m_broken; }
    std::uint64_t offset() const { return m_offset; }

  private:
    std::filesystem::path m_path;
    std::uint64_t m_offset = 0;
    std::int64_t m_broken = 0;
};

/// The valid lines of a log, in order: markers applied and left out, torn lines left out. An absent file has none.
Result<std::vector<nlohmann::ordered_json>> readRunLines(const std::filesystem::path& run, RunLog log);

/// Folders checkpoints/step-N with their steps, oldest first, partial ones left out; whether they are whole is for
/// whoever opens them. An absent folder has none.
struct RunCheckpoint {
    std::int64_t step = 0;
    std::filesystem::path path;
};
std::vector<RunCheckpoint> runCheckpoints(const std::filesystem::path& run);

struct RunHeartbeat {
    std::uint64_t count = 0;  ///< changes while the trainer lives: poll it and use your own clock
    std::int64_t step = 0;
    double unixTime = 0;  ///< by the trainer's clock
};

struct RunSummary {
    std::filesystem::path path;
    RunInfo info;
    RunState state = RunState::Unknown;
    std::string message;                    ///< of the state; of a crashed one how it came to its end
    std::int64_t step = 0;                  ///< the last that is done
    nlohmann::ordered_json lastMetrics;     ///< the last valid line, null if there is none
    nlohmann::ordered_json lastValidation;  ///< the last valid "validation" event, null if there is none
    std::vector<RunCheckpoint> checkpoints;
    std::optional<RunHeartbeat> heartbeat;
    std::string host;  ///< of the trainer that holds the lock; empty if none does
    std::int64_t pid = 0;
    std::vector<std::string> lastLog;  ///< the last lines of log.txt, where the run crashed or failed
};

/// run.json alone. NotFound where there is no run, InvalidData where it is broken, Unsupported for a newer layout.
Result<RunInfo> readRunInfo(const std::filesystem::path& run);
/// Everything a list shows. Reads only.
Result<RunSummary> readRun(const std::filesystem::path& run);
/// Runs directly inside `folder`, newest first; what is no run or cannot be read is passed over.
std::vector<RunSummary> listRuns(const std::filesystem::path& folder);

/// Puts a command into the run by rename and returns its id; the answer is the event with that id. Commands are done in
/// the order of their ids, which is that of their sending on one machine.
Result<std::string> sendRunCommand(const std::filesystem::path& run, const std::string& name,
                                   const nlohmann::ordered_json& arguments = nlohmann::ordered_json::object());

/// The event that answers command `id`, or null.
Result<nlohmann::ordered_json> findCommandAnswer(const std::filesystem::path& run, const std::string& id);

}  // namespace distillix
