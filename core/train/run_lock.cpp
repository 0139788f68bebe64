// SPDX-License-Identifier: Apache-2.0
#include "core/train/run_lock.h"

#include <cerrno>
#include <charconv>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/json.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
}

/// Field 22 of /proc/PID/stat; 0 if there is no such process.
std::int64_t startTimeOf(std::int64_t pid) {
    const auto text = readFile("/proc/" + std::to_string(pid) + "/stat");
    if (!text.ok()) return 0;
    // The name in parentheses may hold anything, so count from the last one; the state, field 3, stands behind it.
    std::size_t at = text->rfind(')');
    if (at == std::string::npos) return 0;
    for (int field = 2; field < 22; ++field) {
        at = text->find(' ', at + 1);
        if (at == std::string::npos) return 0;
    }
    std::int64_t ticks = 0;
    std::from_chars(text->data() + at + 1, text->data() + text->size(), ticks);
    return ticks;
}

Error busy(const fs::path& lockFile, const std::optional<ProcessIdentity>& owner, const std::string& advice) {
    const std::string who =
        owner ? "process " + std::to_string(owner->pid) + " on " + owner->host : std::string("another process");
    return makeError(ErrorCode::Busy, "this run is being trained by " + who + "; " + advice,
                     lockFile.parent_path().string());
}

}  // namespace

ProcessIdentity thisProcess() {
    ProcessIdentity identity;
    char host[256] = {};
    if (::gethostname(host, sizeof host - 1) == 0) identity.host = host;
    identity.pid = ::getpid();
    const auto boot = readFile("/proc/sys/kernel/random/boot_id");
    if (boot.ok()) identity.bootId = trimmed(*boot);
    identity.startTime = startTimeOf(identity.pid);
    std::error_code ignored;
    identity.pidNamespace = fs::read_symlink("/proc/self/ns/pid", ignored).string();
    return identity;
}

nlohmann::ordered_json identityToJson(const ProcessIdentity& identity) {
    return {{"host", identity.host},
            {"pid", identity.pid},
            {"bootId", identity.bootId},
            {"startTime", identity.startTime},
            {"pidNamespace", identity.pidNamespace}};
}

std::optional<ProcessIdentity> identityFromText(const std::string& text) {
    const auto json = parseJson(text);
    if (!json.is_object()) return {};
    ProcessIdentity identity;
    identity.host = memberOr(json, "host", "");
    identity.pid = memberOr(json, "pid", std::int64_t{0});
    identity.bootId = memberOr(json, "bootId", "");
    identity.startTime = memberOr(json, "startTime", std::int64_t{0});
    identity.pidNamespace = memberOr(json, "pidNamespace", "");
    if (identity.pid <= 0) return {};
    return identity;
}

Liveness processLiveness(const ProcessIdentity& identity) {
    static const ProcessIdentity self = thisProcess();
    if (identity.bootId.empty() || self.bootId.empty()) return Liveness::CannotTell;
    if (identity.bootId != self.bootId) return identity.host == self.host ? Liveness::Dead : Liveness::CannotTell;
    if (identity.pidNamespace != self.pidNamespace) return Liveness::CannotTell;
    if (identity.pid > std::numeric_limits<pid_t>::max()) return Liveness::Dead;
    if (::kill(static_cast<pid_t>(identity.pid), 0) != 0 && errno == ESRCH) return Liveness::Dead;
    const std::int64_t start = startTimeOf(identity.pid);
    if (start == 0) return Liveness::Dead;
    return identity.startTime == 0 || start == identity.startTime ? Liveness::Alive : Liveness::Dead;
}

Result<RunLock> RunLock::acquire(const fs::path& lockFile, bool takeOver) {
    int fd = -1;
    do fd = ::open(lockFile.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return errnoError("cannot open the run's lock", lockFile, errno);
    RunLock lock(fd);

    bool hasLocks = true;
    int locked = 0;
    do locked = ::flock(fd, LOCK_EX | LOCK_NB);
    while (locked != 0 && errno == EINTR);
    const int lockErrno = errno;  // what follows may overwrite it
    const auto text = readFile(lockFile, 1 << 16);
    const auto owner = text.ok() ? identityFromText(*text) : std::nullopt;
    if (locked != 0) {
        if (lockErrno == EWOULDBLOCK) {
            // Not ours: the destructor must not empty it.
            ::close(std::exchange(lock.m_fd, -1));
            return busy(lockFile, owner, "stop it there first");
        }
        hasLocks = false;
    }
    if (owner) {
        const ProcessIdentity self = thisProcess();
        const bool sameKernel = !self.bootId.empty() && owner->bootId == self.bootId;
        // Locks of one kernel are certain, whatever container the owner lived in; else its number has to tell.
        const Liveness liveness = sameKernel && hasLocks ? Liveness::Dead : processLiveness(*owner);
        if (liveness != Liveness::Dead && !takeOver) {
            const bool here = liveness == Liveness::Alive;
            ::close(std::exchange(lock.m_fd, -1));
            return busy(
                lockFile, owner,
                here ? "stop it there first"
                     : "that process cannot be seen from here: if it is surely gone, take the run over (--take-over)");
        }
        lock.m_previous = owner;
    }

    auto json = identityToJson(thisProcess());
    json["time"] = utcNow();
    const std::string mine = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    if (::ftruncate(fd, 0) != 0) return errnoError("cannot write the run's lock", lockFile, errno);
    TRY_VOID(detail::writeAll(fd, std::as_bytes(std::span(mine.data(), mine.size())), lockFile));
    return lock;
}

RunLock::RunLock(RunLock&& other) noexcept
    : m_fd(std::exchange(other.m_fd, -1)), m_previous(std::move(other.m_previous)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
    std::swap(m_fd, other.m_fd);
    std::swap(m_previous, other.m_previous);
    return *this;
}

RunLock::~RunLock() {
    if (m_fd < 0) return;
    // Emptied first, unlocked by closing: nobody can get in between. Failing leaves a dead owner's name, which is taken
    // over.
    if (::ftruncate(m_fd, 0) != 0) errno = 0;
    ::close(m_fd);
}

}  // namespace distillix
