// SPDX-License-Identifier: Apache-2.0
// A run's files in one input: for each a byte that says which, 16 bits of length, and its bytes. A file named twice is
// written once more behind what was there, as a trainer appends.
#include "core/train/run_folder.h"

#include <array>

#include "tests/fuzz/fuzz.h"

using namespace distillix;

FUZZ_TARGET(run_folder) {
    namespace fs = std::filesystem;
    static constexpr std::array<const char*, 9> names = {
        "run.json",      "status.json",   "lock",
        "heartbeat",     "metrics.jsonl", "events.jsonl",
        "samples.jsonl", "log.txt",       "commands/00000000000000000001-1.json"};
    const fs::path run = fuzz::folder() / "run";
    std::error_code ignored;
    fs::remove_all(run, ignored);
    fs::create_directories(run / "commands", ignored);
    fs::create_directories(run / "checkpoints" / "step-00000010", ignored);
    std::array<std::string, names.size()> texts;
    std::array<bool, names.size()> there{};
    RunTail tail(run, RunLog::Metrics);
    while (bytes.size() >= 3) {
        const std::size_t which = static_cast<unsigned char>(bytes[0]) % names.size();
        const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[1])) |
                                   static_cast<std::size_t>(static_cast<unsigned char>(bytes[2])) << 8;
        bytes.remove_prefix(3);
        texts[which] += bytes.substr(0, length);
        bytes.remove_prefix(std::min(length, bytes.size()));
        if (there[which] && which == 4) {  // a reader that follows while it grows
            fuzz::writeFile(run / names[which], texts[which]);
            (void)tail.poll().ok();
        }
        there[which] = true;
    }
    for (std::size_t i = 0; i < names.size(); ++i)
        if (there[i]) fuzz::writeFile(run / names[i], texts[i]);

    const auto summary = readRun(run);
    if (summary.ok()) fuzz::require(runStateName(summary->state) != nullptr, "a state has a name");
    (void)readRunInfo(run).ok();
    for (const RunLog log : {RunLog::Metrics, RunLog::Events, RunLog::Samples}) {
        const auto lines = readRunLines(run, log);
        if (!lines.ok()) continue;
        for (const auto& line : *lines) fuzz::require(line.is_object(), "a line is an object");
    }
    for (int i = 0; i < 64; ++i) {
        const auto updates = tail.poll();
        if (!updates.ok() || updates->empty()) break;
    }
    (void)findCommandAnswer(run, "00000000000000000001-1").ok();
    (void)listRuns(fuzz::folder()).size();
}
