// SPDX-License-Identifier: Apache-2.0
#include "core/base/files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace distillix {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPartialMark = ".partial-";
constexpr std::size_t kBufferBytes = 1 << 20;
// Some systems refuse, and Linux shortens, a single write of 2 GiB and more.
constexpr std::size_t kLargestWrite = std::size_t{1} << 30;

/// A file descriptor that closes itself. close() reports; the destructor cannot.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : m_fd(fd) {}
    Descriptor(Descriptor&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(m_fd, other.m_fd);
        return *this;
    }
    ~Descriptor() {
        if (m_fd >= 0) ::close(m_fd);
    }
    int get() const { return m_fd; }
    explicit operator bool() const { return m_fd >= 0; }
    /// False, with errno set, if the system reports a late failure. EINTR means closed, on Linux.
    bool close() {
        const int fd = std::exchange(m_fd, -1);
        return fd < 0 || ::close(fd) == 0 || errno == EINTR;
    }

  private:
    int m_fd;
};

template <typename Call>
auto retried(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

Descriptor openDescriptor(const fs::path& path, int flags, mode_t mode = 0) {
    return Descriptor(retried([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }));
}

/// Opens for reading without blocking on a pipe, and refuses what is no regular file.
Result<Descriptor> openRegular(const fs::path& path, std::uint64_t& size) {
    Descriptor file = openDescriptor(path, O_RDONLY | O_NONBLOCK);
    if (!file) return errnoError("cannot open", path, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return errnoError("cannot examine", path, errno);
    if (S_ISDIR(status.st_mode)) return makeError(ErrorCode::InvalidData, "is a folder, not a file", path.string());
    if (!S_ISREG(status.st_mode)) return makeError(ErrorCode::InvalidData, "is not a regular file", path.string());
    size = static_cast<std::uint64_t>(status.st_size);
    return file;
}

/// "NAME.partial-PID-N", N counted up within the process so that threads never meet.
fs::path partialPath(const fs::path& finalPath) {
    static std::atomic<std::uint64_t> counter{0};
    fs::path path = finalPath;
    path += std::string(kPartialMark) + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1));
    return path;
}

/// The path without trailing slashes, so that "run/" and "run" have the same partial name beside them.
fs::path withoutTrailingSlash(const fs::path& path) {
    return path.has_filename() ? path : path.parent_path();
}

/// Locks what was just created at `path`. False if a cleaner got there first (it takes an unlocked partial for a dead
/// process's): then the name is lost and the next one is tried.
bool claim(const Descriptor& descriptor, const fs::path& path) {
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR)) return false;
    // Where a file system has no locks, no cleaner can take one either, so the partial is safe all the same.
    struct stat mine {
    }, there{};
    return ::fstat(descriptor.get(), &mine) == 0 && ::stat(path.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
           mine.st_dev == there.st_dev;
}

Result<void> syncPath(const fs::path& path, int flags) {
    Descriptor descriptor = openDescriptor(path, O_RDONLY | flags);
    if (!descriptor) return errnoError("cannot open to sync", path, errno);
    if (retried([&] { return ::fsync(descriptor.get()); }) != 0) return errnoError("cannot sync", path, errno);
    return {};
}

}  // namespace

Error errnoError(const std::string& what, const fs::path& path, int errnoValue) {
    ErrorCode code = ErrorCode::Io;
    switch (errnoValue) {
        case ENOENT:
        case ENOTDIR:
            code = ErrorCode::NotFound;
            break;
        case EEXIST:
            code = ErrorCode::AlreadyExists;
            break;
        case ENOSPC:
        case EDQUOT:
            code = ErrorCode::DiskFull;
            break;
        case ENOMEM:
            code = ErrorCode::OutOfMemory;
            break;
        default:
            break;
    }
    return makeError(code, what + ": " + std::generic_category().message(errnoValue), path.string());
}

Result<void> detail::writeAll(int descriptor, std::span<const std::byte> bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t written =
            retried([&] { return ::write(descriptor, bytes.data(), std::min(bytes.size(), kLargestWrite)); });
        if (written < 0) return errnoError("cannot write", path, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::string> readFile(const fs::path& path, std::uint64_t limitBytes) {
    std::uint64_t size = 0;
    const Descriptor file = TRY(openRegular(path, size));
    const auto tooLarge = [&](std::uint64_t bytes) {
        return makeError(ErrorCode::InvalidData,
                         "is too large: " + std::to_string(bytes) + " bytes where at most " +
                             std::to_string(limitBytes) + " are read at once",
                         path.string());
    };
    if (size > limitBytes) return tooLarge(size);
    // The size is a hint only: files of /proc say 0, and others may grow while they are read.
    std::string text;
    std::size_t used = 0;
    try {
        text.resize(static_cast<std::size_t>(size) + 1);
        while (true) {
            if (used == text.size()) text.resize(std::max<std::size_t>(used * 2, 4096));
            const ssize_t got = retried(
                [&] { return ::read(file.get(), text.data() + used, std::min(text.size() - used, kLargestWrite)); });
            if (got < 0) return errnoError("cannot read", path, errno);
            if (got == 0) break;
            used += static_cast<std::size_t>(got);
            if (used > limitBytes) return tooLarge(used);
        }
        text.resize(used);
    } catch (const std::bad_alloc&) {
        return makeError(ErrorCode::OutOfMemory, "no memory for its " + std::to_string(size) + " bytes", path.string());
    }
    return text;
}

Result<void> writeFileAtomic(const fs::path& path, std::string_view bytes) {
    AtomicFile file = TRY(AtomicFile::create(path));
    TRY_VOID(file.write(bytes));
    return file.commit();
}

// ---- AtomicFile ---------------------------------------------------------------------------------------------------

struct AtomicFile::State {
    fs::path finalPath, partial;
    Descriptor file;
    std::vector<std::byte> buffer;
    std::uint64_t flushed = 0;  ///< bytes handed to the system
    bool committed = false;

    Result<void> flush() {
        TRY_VOID(detail::writeAll(file.get(), buffer, partial));
        flushed += buffer.size();
        buffer.clear();
        return {};
    }
    ~State() {
        if (!committed && !partial.empty()) ::unlink(partial.c_str());
    }
};

AtomicFile::AtomicFile(std::unique_ptr<State> state) : m_state(std::move(state)) {}
AtomicFile::AtomicFile(AtomicFile&&) noexcept = default;
AtomicFile& AtomicFile::operator=(AtomicFile&&) noexcept = default;
AtomicFile::~AtomicFile() = default;

Result<AtomicFile> AtomicFile::create(const fs::path& finalPath) {
    std::error_code ignored;
    if (!finalPath.has_filename() || fs::is_directory(finalPath, ignored))
        return makeError(ErrorCode::AlreadyExists, "is a folder; a file cannot take its place", finalPath.string());
    auto state = std::make_unique<State>();
    state->finalPath = finalPath;
    while (true) {
        const fs::path partial = partialPath(finalPath);
        state->file = openDescriptor(partial, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (!state->file) {
            if (errno == EEXIST) continue;  // a dead process of our number left it
            return errnoError("cannot create", partial, errno);
        }
        if (!claim(state->file, partial)) continue;
        state->partial = partial;
        break;
    }
    state->buffer.reserve(kBufferBytes);
    return AtomicFile(std::move(state));
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
    if (m_state->buffer.size() + bytes.size() > kBufferBytes) TRY_VOID(m_state->flush());
    if (bytes.size() >= kBufferBytes) {
        TRY_VOID(detail::writeAll(m_state->file.get(), bytes, m_state->partial));
        m_state->flushed += bytes.size();
    } else {
        m_state->buffer.insert(m_state->buffer.end(), bytes.begin(), bytes.end());
    }
    return {};
}

std::uint64_t AtomicFile::size() const {
    return m_state->flushed + m_state->buffer.size();
}

Result<void> AtomicFile::writeAt(std::uint64_t offset, std::span<const std::byte> bytes) {
    if (offset > size() || bytes.size() > size() - offset)
        return makeError(ErrorCode::Internal, "writeAt beyond what is written", m_state->finalPath.string());
    TRY_VOID(m_state->flush());
    while (!bytes.empty()) {
        const ssize_t written = retried([&] {
            return ::pwrite(m_state->file.get(), bytes.data(), std::min(bytes.size(), kLargestWrite),
                            static_cast<off_t>(offset));
        });
        if (written < 0) return errnoError("cannot write", m_state->partial, errno);
        offset += static_cast<std::uint64_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> AtomicFile::commit() {
    State& state = *m_state;
    if (state.committed) return makeError(ErrorCode::Internal, "committed twice", state.finalPath.string());
    TRY_VOID(state.flush());
    if (retried([&] { return ::fsync(state.file.get()); }) != 0) return errnoError("cannot sync", state.partial, errno);
    // Renamed while still open, so that the lock tells cleaners that the owner lives until the name is final.
    if (::rename(state.partial.c_str(), state.finalPath.c_str()) != 0)
        return errnoError("cannot rename into place", state.finalPath, errno);
    state.committed = true;
    if (!state.file.close()) return errnoError("cannot close", state.finalPath, errno);
    return syncFolder(state.finalPath.parent_path());
}

// ---- AtomicFolder -------------------------------------------------------------------------------------------------

struct AtomicFolder::State {
    fs::path finalPath, partial;
    Descriptor folder;
    bool committed = false;

    ~State() {
        std::error_code ignored;
        if (!committed && !partial.empty()) fs::remove_all(partial, ignored);
    }
};

AtomicFolder::AtomicFolder(std::unique_ptr<State> state) : m_state(std::move(state)) {}
AtomicFolder::AtomicFolder(AtomicFolder&&) noexcept = default;
AtomicFolder& AtomicFolder::operator=(AtomicFolder&&) noexcept = default;
AtomicFolder::~AtomicFolder() = default;

const fs::path& AtomicFolder::path() const {
    return m_state->partial;
}

Result<AtomicFolder> AtomicFolder::create(const fs::path& finalPathGiven) {
    const fs::path finalPath = withoutTrailingSlash(finalPathGiven);
    struct stat status {};
    if (::lstat(finalPath.c_str(), &status) == 0)
        return makeError(ErrorCode::AlreadyExists, "exists already and is not replaced", finalPath.string());
    auto state = std::make_unique<State>();
    state->finalPath = finalPath;
    while (true) {
        const fs::path partial = partialPath(finalPath);
        if (::mkdir(partial.c_str(), 0777) != 0) {
            if (errno == EEXIST) continue;
            return errnoError("cannot create", partial, errno);
        }
        state->folder = openDescriptor(partial, O_RDONLY | O_DIRECTORY);
        if (!state->folder) {
            if (errno == ENOENT) continue;  // a cleaner was quicker
            return errnoError("cannot open", partial, errno);
        }
        if (!claim(state->folder, partial)) continue;
        state->partial = partial;
        break;
    }
    return AtomicFolder(std::move(state));
}

Result<void> AtomicFolder::commit() {
    State& state = *m_state;
    if (state.committed) return makeError(ErrorCode::Internal, "committed twice", state.finalPath.string());
    // Contents first, then the folders that name them, then the name of the whole.
    std::vector<fs::path> folders{state.partial};
    std::error_code failure;
    for (fs::recursive_directory_iterator it(state.partial, failure), end; it != end && !failure;
         it.increment(failure)) {
        const auto status = it->symlink_status(failure);
        if (failure) break;
        if (fs::is_directory(status))
            folders.push_back(it->path());
        else if (fs::is_regular_file(status))
            TRY_VOID(syncPath(it->path(), O_NONBLOCK));
    }
    if (failure) return errnoError("cannot list", state.partial, failure.value());
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) TRY_VOID(syncFolder(*folder));

    int renamed = ::renameat2(AT_FDCWD, state.partial.c_str(), AT_FDCWD, state.finalPath.c_str(), RENAME_NOREPLACE);
    if (renamed != 0 && (errno == EINVAL || errno == ENOSYS)) {
        // Not every file system can refuse to replace; plain rename would take an empty folder's place.
        struct stat status {};
        if (::lstat(state.finalPath.c_str(), &status) == 0)
            errno = EEXIST;
        else
            renamed = ::rename(state.partial.c_str(), state.finalPath.c_str());
    }
    if (renamed != 0) return errnoError("cannot rename into place", state.finalPath, errno);
    if (auto synced = syncFolder(state.finalPath.parent_path()); !synced.ok()) {
        // A power cut could still take the name away: it is not committed, and must not stand in the way of another
        // try.
        state.committed = ::rename(state.finalPath.c_str(), state.partial.c_str()) != 0;
        return synced;
    }
    state.committed = true;
    return {};
}

bool isPartialName(const fs::path& path) {
    // NAME.partial-PID-N, and nothing that merely contains the word.
    const std::string name = path.filename().string();
    const auto mark = name.rfind(kPartialMark);
    if (mark == std::string::npos || mark == 0) return false;
    const std::string_view tail = std::string_view(name).substr(mark + kPartialMark.size());
    const auto dash = tail.find('-');
    const auto digits = [](std::string_view text) {
        return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    return dash != std::string_view::npos && digits(tail.substr(0, dash)) && digits(tail.substr(dash + 1));
}

void removeStalePartials(const fs::path& folder) {
    std::error_code failure;
    std::vector<fs::path> partials;
    for (fs::directory_iterator it(folder, failure), end; it != end && !failure; it.increment(failure)) {
        std::error_code ignored;
        const auto status = it->symlink_status(ignored);
        if (isPartialName(it->path()) && (fs::is_regular_file(status) || fs::is_directory(status)))
            partials.push_back(it->path());
    }
    for (const auto& partial : partials) {
        const Descriptor descriptor = openDescriptor(partial, O_RDONLY | O_NONBLOCK);
        // Whoever gets the lock is alone with it; without locks nobody can tell, and the leftover stays.
        if (!descriptor || ::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) continue;
        fs::remove_all(partial, failure);
    }
}

// ---- MappedFile ---------------------------------------------------------------------------------------------------

Result<MappedFile> MappedFile::open(const fs::path& path) {
    std::uint64_t size = 0;
    const Descriptor file = TRY(openRegular(path, size));
    MappedFile mapped;
    if (size == 0) return mapped;
    void* data = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (data == MAP_FAILED) return errnoError("cannot map its " + std::to_string(size) + " bytes", path, errno);
    mapped.m_data = static_cast<const std::byte*>(data);
    mapped.m_size = static_cast<std::size_t>(size);
    return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_size(std::exchange(other.m_size, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(m_data, other.m_data);
    std::swap(m_size, other.m_size);
    return *this;
}

MappedFile::~MappedFile() {
    if (m_data) ::munmap(const_cast<std::byte*>(m_data), m_size);
}

void MappedFile::forget(std::span<const std::byte> part) const {
    // Pages that the part has to itself; the rest of the mapping may be in use.
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = (reinterpret_cast<std::uintptr_t>(part.data()) + page - 1) / page * page;
    const auto end = (reinterpret_cast<std::uintptr_t>(part.data()) + part.size()) / page * page;
    if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Result<std::uint32_t> crc32cOfFile(const fs::path& path) {
    std::uint64_t size = 0;
    const Descriptor file = TRY(openRegular(path, size));
    std::vector<std::byte> block(kBufferBytes);
    std::uint32_t sum = 0;
    while (true) {
        const ssize_t got = retried([&] { return ::read(file.get(), block.data(), block.size()); });
        if (got < 0) return errnoError("cannot read", path, errno);
        if (got == 0) return sum;
        sum = crc32c(std::span(block.data(), static_cast<std::size_t>(got)), sum);
    }
}

Result<void> syncFolder(const fs::path& folder) {
    const fs::path path = folder.empty() ? fs::path(".") : folder;
    Descriptor descriptor = openDescriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor) return errnoError("cannot open to sync", path, errno);
    // Some file systems (network and FUSE ones) cannot sync a folder and say EINVAL: then rename is all there is.
    if (retried([&] { return ::fsync(descriptor.get()); }) != 0 && errno != EINVAL && errno != EROFS)
        return errnoError("cannot sync", path, errno);
    return {};
}

}  // namespace distillix
