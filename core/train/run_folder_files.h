// SPDX-License-Identifier: Apache-2.0
// Names and line rules of a run folder that its writer and its readers share; for run_folder.cpp and run_reader.cpp.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/train/run_folder.h"

namespace distillix::run_files {

constexpr int kFormatVersion = 1;
constexpr const char* kInfo = "run.json";
constexpr const char* kStatus = "status.json";
constexpr const char* kLock = "lock";
constexpr const char* kHeartbeat = "heartbeat";
constexpr const char* kCrash = "crash.json";
constexpr const char* kSpare = "spare";
constexpr const char* kLog = "log.txt";
constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kCommands = "commands";
constexpr const char* kTaken = ".taken";

/// A command's file name without ".json" or ".taken" may be an id.
bool isCommandId(const std::string& id);
/// The step that a "resumed" marker names.
std::optional<std::int64_t> resumeMarker(const nlohmann::ordered_json& line);
/// "step" of a line; nothing where it is missing or no whole number.
std::optional<std::int64_t> lineStep(const nlohmann::ordered_json& line);
nlohmann::ordered_json infoToJson(const RunInfo& info);
Result<RunInfo> infoFromText(const std::string& text, const std::filesystem::path& file);
/// One line, whatever bytes the strings hold.
std::string dumped(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace distillix::run_files
