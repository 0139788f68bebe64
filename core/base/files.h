// SPDX-License-Identifier: Apache-2.0
// Files that are whole or not there: written beside, synced, renamed. Every error names the path and the system's
// reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace distillix {

/// The whole file as bytes. Refuses what is no regular file (a pipe would block), and a file larger than `limitBytes`
/// by name instead of filling the memory.
Result<std::string> readFile(const std::filesystem::path& path, std::uint64_t limitBytes = std::uint64_t{1} << 30);

/// Replaces `path` whole or leaves it as it was: writes `path` + ".partial-PID-N", fsyncs, renames, fsyncs the folder.
Result<void> writeFileAtomic(const std::filesystem::path& path, std::string_view bytes);

/// A file being written beside its final name. Bytes are buffered; commit() flushes, fsyncs, renames and fsyncs the
/// folder. Destroyed without commit(), it removes what it wrote. Not thread-safe.
class AtomicFile {
  public:
    static Result<AtomicFile> create(const std::filesystem::path& finalPath);
    AtomicFile(AtomicFile&&) noexcept;
    AtomicFile& operator=(AtomicFile&&) noexcept;
    ~AtomicFile();
    Result<void> write(std::span<const std::byte> bytes);
    Result<void> write(std::string_view bytes) { return write(std::as_bytes(std::span(bytes.data(), bytes.size()))); }
    /// Bytes written so far: the offset at which the next write lands.
    std::uint64_t size() const;
    /// Overwrites bytes already written (a header known only at the end).
    Result<void> writeAt(std::uint64_t offset, std::span<const std::byte> bytes);
    Result<void> commit();

  private:
    struct State;
    explicit AtomicFile(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// A folder being built beside its final name (`finalPath` + ".partial-PID-N"): fill path(), then commit() fsyncs every
/// file and folder in it and renames it into place. Refuses to replace anything. Destroyed without commit(), it removes
/// what was written.
class AtomicFolder {
  public:
    static Result<AtomicFolder> create(const std::filesystem::path& finalPath);
    AtomicFolder(AtomicFolder&&) noexcept;
    AtomicFolder& operator=(AtomicFolder&&) noexcept;
    ~AtomicFolder();
    const std::filesystem::path& path() const;
    Result<void> commit();

  private:
    struct State;
    explicit AtomicFolder(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// True for the names that AtomicFile and AtomicFolder use before commit(); who lists a folder passes over them.
bool isPartialName(const std::filesystem::path& path);

/// Removes what dead processes left half-written in `folder` (not below it). A living writer holds a lock on its
/// partial file or folder, so its work is never touched, whatever its process id and machine. Failures are passed over:
/// a leftover is only wasted room.
void removeStalePartials(const std::filesystem::path& folder);

/// A file mapped read-only; the mapping lives as long as the object. An empty file maps to an empty span. Whoever
/// shortens a file in place while it is mapped kills the reader; our own files are replaced by rename and never
/// shortened.
class MappedFile {
  public:
    static Result<MappedFile> open(const std::filesystem::path& path);
    MappedFile(MappedFile&&) noexcept;
    MappedFile& operator=(MappedFile&&) noexcept;
    ~MappedFile();
    std::span<const std::byte> bytes() const { return {m_data, m_size}; }
    /// This part is not needed soon: its pages need not stay in this process's memory.
    void forget(std::span<const std::byte> part) const;
    std::string_view text() const { return {reinterpret_cast<const char*>(m_data), m_size}; }

  private:
    MappedFile() = default;
    const std::byte* m_data = nullptr;
    std::size_t m_size = 0;
};

/// Makes a rename or creation inside `folder` durable.
Result<void> syncFolder(const std::filesystem::path& folder);

/// An Error from errno for an operation ("cannot open") on a path; ENOSPC and EDQUOT become DiskFull.
Error errnoError(const std::string& what, const std::filesystem::path& path, int errnoValue);

namespace detail {
/// write(2) until everything is out; EINTR and short writes are continued. For files this module does not wrap.
Result<void> writeAll(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path);
std::uint32_t crc32cPortable(std::span<const std::byte> bytes, std::uint32_t seed);
}  // namespace detail

/// CRC-32C (Castagnoli) of bytes, for the checksums in our own files; chain calls through `seed`.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0);
/// Of a whole file, read a piece at a time.
Result<std::uint32_t> crc32cOfFile(const std::filesystem::path& path);

}  // namespace distillix
