// SPDX-License-Identifier: Apache-2.0
// What a verb says of itself, as PROTOCOL.md beside this file has it: JSON lines for programs, text for people.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace distillix {

constexpr int kProtocolVersion = 1;

/// The process's exit code for a failure of this kind (the table in PROTOCOL.md).
int exitCodeFor(ErrorCode code);
constexpr int kExitUsage = 2;

/// How far a verb is.
struct Progress {
    std::string phase;  ///< "train", "import", …: one live line each
    double done = 0;
    std::optional<double> total;
    std::string unit;  ///< "steps", "files", "MB"
    std::optional<double> tokensPerSecond;
    std::optional<double> secondsLeft;
    nlohmann::ordered_json fields = nlohmann::ordered_json::object();  ///< further keys of the JSON line
    std::string detail;                                                ///< what people see besides: "loss 2.31"
};

/// Thread-safe; each call says one whole line or nothing. Whether anyone still listens never makes it fail.
class Reporter {
  public:
    virtual ~Reporter() = default;
    virtual bool isJson() const = 0;
    virtual void progress(const Progress& progress) = 0;
    /// `text` is what people see; empty: nothing.
    virtual void event(const std::string& name, const nlohmann::ordered_json& fields, const std::string& text) = 0;
    virtual void info(const std::string& text) = 0;
    virtual void warning(const std::string& text) = 0;
    /// The end of a verb that worked. `text` may have several lines.
    virtual void result(const nlohmann::ordered_json& result, const std::string& text) = 0;
    /// The end of one that did not.
    virtual void error(const Error& error) = 0;
    /// A wrong flag or value, which CLI11 found.
    virtual void usageError(const std::string& message) = 0;
    /// True once writing to standard output has failed: the reader is gone.
    virtual bool readerIsGone() const = 0;

    // About a request of a long-lived verb; `id` as the asker gave it.
    virtual void requestEvent(const nlohmann::ordered_json& id, const std::string& name,
                              const nlohmann::ordered_json& fields) = 0;
    virtual void requestResult(const nlohmann::ordered_json& id, const nlohmann::ordered_json& result) = 0;
    virtual void requestError(const nlohmann::ordered_json& id, const Error& error) = 0;
};

/// Writes to the descriptors given (they stay open). The JSON one says hello at once.
std::unique_ptr<Reporter> makeJsonReporter(const std::string& verb, int outputDescriptor = 1);
/// Colours and the live line only where `errorDescriptor` is a terminal.
std::unique_ptr<Reporter> makeTextReporter(int outputDescriptor = 1, int errorDescriptor = 2);

/// "12,345" and "12.3k", for people.
std::string groupedText(std::int64_t number);
std::string shortCountText(double number);
/// "1.4 GB", decimal units.
std::string bytesText(double bytes);

}  // namespace distillix
