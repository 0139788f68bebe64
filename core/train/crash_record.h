// SPDX-License-Identifier: Apache-2.0
// How a trainer that ended without a last word came to its end: what its signal handler could still write down
// (RUN/crash.json), and what a reader can conclude where it could not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace distillix {

/// While it lives, a signal that ends this process by its own fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, an
/// exception that nobody caught) first leaves {"signal", "name", "message", "step"} in `file`. The signal then does
/// what it does. Handlers that someone else installed (a sanitizer's) are left alone. Where one lives already in this
/// process, a second does nothing.
class CrashRecorder {
  public:
    explicit CrashRecorder(const std::filesystem::path& file);
    ~CrashRecorder();
    CrashRecorder(const CrashRecorder&) = delete;
    CrashRecorder& operator=(const CrashRecorder&) = delete;
    /// The step to be named. Cheap.
    static void setStep(std::int64_t step);

  private:
    bool m_active = false;
};

/// What is known of a trainer that is gone.
struct CrashEvidence {
    nlohmann::ordered_json record;             ///< crash.json, or null
    bool rebooted = false;                     ///< its machine was started anew since
    bool letGo = false;                        ///< it gave its lock back: it ended in order, but could not say so
    std::string status;                        ///< the last message of status.json
    nlohmann::ordered_json heartbeat;          ///< its last, or null: "residentBytes", "availableBytes", "oomKills"
    std::optional<std::uint64_t> oomKillsNow;  ///< of the same machine since its start; nothing where it is another's
};
/// One or two sentences for people: a signal by name, the out-of-memory killer, a restart, or what can be said.
std::string crashText(const CrashEvidence& evidence);

}  // namespace distillix
