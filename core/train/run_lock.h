// SPDX-License-Identifier: Apache-2.0
// Who trains a run: the file `lock`. For run_folder.cpp and its tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace distillix {

/// A process as other processes, now and later, here and elsewhere, can recognise it.
struct ProcessIdentity {
    std::string host;
    std::int64_t pid = 0;
    std::string bootId;
    std::int64_t startTime = 0;  ///< clock ticks after boot: tells a process from a later one of the same number
    std::string pidNamespace;    ///< process numbers mean nothing in another one
};
ProcessIdentity thisProcess();
nlohmann::ordered_json identityToJson(const ProcessIdentity& identity);
/// Nothing where the text is no identity (an empty or torn file).
std::optional<ProcessIdentity> identityFromText(const std::string& text);

enum class Liveness { Alive, Dead, CannotTell };
/// Whether the process lives, judged by its number and start time: only on its own machine and in its own namespace of
/// process numbers; after a reboot of that machine it is dead.
Liveness processLiveness(const ProcessIdentity& identity);

/// The lock, held until the object goes. The file is never replaced or removed, only written and emptied, so that
/// whoever has it open has the one there is.
class RunLock {
  public:
    /// Busy, naming the owner, as RUN_FOLDER.md says.
    static Result<RunLock> acquire(const std::filesystem::path& lockFile, bool takeOver);
    RunLock(RunLock&& other) noexcept;
    RunLock& operator=(RunLock&& other) noexcept;
    ~RunLock();
    /// The process whose lock was found lying and taken, if there was one.
    const std::optional<ProcessIdentity>& previousOwner() const { return m_previous; }

  private:
    explicit RunLock(int fd) : m_fd(fd) {}
    int m_fd = -1;
    std::optional<ProcessIdentity> m_previous;
};

}  // namespace distillix
