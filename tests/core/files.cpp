// SPDX-License-Identifier: Apache-2.0
#include "core/base/files.h"

#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/stop_token.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using test::TemporaryFolder;

std::span<const std::byte> bytesOf(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::size_t entriesIn(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Files, ReadsWhatWasWritten) {
    const TemporaryFolder folder;
    const std::string text("a\0b\nc", 5);
    ASSERT_OK(writeFileAtomic(folder / "f", text));
    const auto read = readFile(folder / "f");
    ASSERT_OK(read);
    EXPECT_EQ(*read, text);
    ASSERT_OK(writeFileAtomic(folder / "f", ""));
    EXPECT_EQ(readFile(folder / "f").value(), "");
    EXPECT_EQ(entriesIn(folder.path()), 1u) << "nothing may be left beside it";
}

TEST(Files, ReadRefusesWhatItShould) {
    const TemporaryFolder folder;
    const auto missing = readFile(folder / "missing");
    EXPECT_ERROR(missing, ErrorCode::NotFound);
    EXPECT_NE(missing.error().text().find((folder / "missing").string()), std::string::npos) << missing.error().text();
    EXPECT_ERROR(readFile(folder.path()), ErrorCode::InvalidData);
    ASSERT_OK(writeFileAtomic(folder / "f", std::string(1001, 'x')));
    EXPECT_ERROR(readFile(folder / "f", 1000), ErrorCode::InvalidData);
    EXPECT_OK(readFile(folder / "f", 1001));
    // Opening a pipe with no writer would block for ever.
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_ERROR(readFile(folder / "pipe"), ErrorCode::InvalidData);
    EXPECT_ERROR(MappedFile::open(folder / "pipe"), ErrorCode::InvalidData);
}

TEST(Files, ReadsFilesWhoseSizeIsNotKnownBefore) {
    const auto read = readFile("/proc/self/status");
    ASSERT_OK(read);
    EXPECT_NE(read->find("Pid:"), std::string::npos);
}

TEST(Files, AtomicFileWritesInPiecesAndBack) {
    const TemporaryFolder folder;
    std::string expected;
    auto file = AtomicFile::create(folder / "f");
    ASSERT_OK(file);
    for (int i = 0; i < 3000; ++i) {
        const std::string piece(static_cast<std::size_t>(1 + i % 1999), static_cast<char>('a' + i % 26));
        ASSERT_OK(file->write(piece));
        expected += piece;
    }
    const std::string large((3u << 20) + 7, 'L');
    ASSERT_OK(file->write(large));
    expected += large;
    EXPECT_EQ(file->size(), expected.size());
    ASSERT_OK(file->writeAt(5, bytesOf("HEADER")));
    expected.replace(5, 6, "HEADER");
    ASSERT_OK(file->write("tail"));
    expected += "tail";
    EXPECT_FALSE(file->writeAt(expected.size() - 1, bytesOf("xx")).ok());
    EXPECT_FALSE(fs::exists(folder / "f")) << "not there before commit";
    ASSERT_OK(file->commit());
    EXPECT_EQ(readFile(folder / "f").value(), expected);
    EXPECT_FALSE(file->commit().ok()) << "a second commit is a bug of the caller";
}

TEST(Files, AtomicFileWithoutCommitLeavesWhatWasThere) {
    const TemporaryFolder folder;
    ASSERT_OK(writeFileAtomic(folder / "f", "old"));
    {
        auto file = AtomicFile::create(folder / "f");
        ASSERT_OK(file);
        ASSERT_OK(file->write("new"));
        auto moved = std::move(file).value();
        EXPECT_EQ(entriesIn(folder.path()), 2u);
    }
    EXPECT_EQ(readFile(folder / "f").value(), "old");
    EXPECT_EQ(entriesIn(folder.path()), 1u);
    EXPECT_ERROR(AtomicFile::create(folder / "no" / "such" / "f"), ErrorCode::NotFound);
    EXPECT_ERROR(AtomicFile::create(folder.path()), ErrorCode::AlreadyExists);
    EXPECT_ERROR(AtomicFile::create("/proc/f"), ErrorCode::NotFound);
}

TEST(Files, ThreadsWritingOneFileLeaveOneWholeVersion) {
    const TemporaryFolder folder;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 20; ++i)
                EXPECT_OK(writeFileAtomic(folder / "f",
                                          std::string(static_cast<std::size_t>(1000 + t), static_cast<char>('0' + t))));
        });
    for (auto& thread : threads) thread.join();
    const std::string text = readFile(folder / "f").value();
    EXPECT_EQ(text, std::string(static_cast<std::size_t>(1000 + (text[0] - '0')), text[0]));
    EXPECT_EQ(entriesIn(folder.path()), 1u);
}

TEST(Files, FullDiskIsToldAsSuch) {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full < 0) GTEST_SKIP() << "this system has no /dev/full";
    EXPECT_ERROR(detail::writeAll(full, bytesOf("x"), "/dev/full"), ErrorCode::DiskFull);
    ::close(full);
    EXPECT_EQ(errnoError("cannot write", "p", EDQUOT).code, ErrorCode::DiskFull);
    EXPECT_EQ(errnoError("cannot write", "p", EACCES).code, ErrorCode::Io);
    EXPECT_EQ(errnoError("cannot write", "p", EACCES).text(), "p: cannot write: Permission denied");
}

TEST(Files, AtomicFolderAppearsWhole) {
    const TemporaryFolder folder;
    auto built = AtomicFolder::create(folder / "run/");
    ASSERT_OK(built);
    ASSERT_OK(writeFileAtomic(built->path() / "a", "1"));
    fs::create_directories(built->path() / "deep" / "er");
    ASSERT_OK(writeFileAtomic(built->path() / "deep" / "er" / "b", "2"));
    EXPECT_FALSE(fs::exists(folder / "run"));
    ASSERT_OK(built->commit());
    EXPECT_EQ(readFile(folder / "run" / "deep" / "er" / "b").value(), "2");
    EXPECT_EQ(entriesIn(folder.path()), 1u);
    EXPECT_ERROR(AtomicFolder::create(folder / "run"), ErrorCode::AlreadyExists);
    {
        auto dropped = AtomicFolder::create(folder / "other");
        ASSERT_OK(dropped);
        ASSERT_OK(writeFileAtomic(dropped->path() / "a", "1"));
    }
    EXPECT_EQ(entriesIn(folder.path()), 1u);
}

TEST(Files, AtomicFolderReplacesNothingThatCameMeanwhile) {
    const TemporaryFolder folder;
    auto built = AtomicFolder::create(folder / "run");
    ASSERT_OK(built);
    fs::create_directory(folder / "run");  // empty, so a plain rename would take its place
    EXPECT_ERROR(built->commit(), ErrorCode::AlreadyExists);
}

TEST(Files, PartialNames) {
    EXPECT_TRUE(isPartialName("a/b.json.partial-12-3"));
    for (const char* name : {"b.json", "b.partial-", "b.partial-12", "b.partial-12-", "b.partial-x-1", ".partial-1-2",
                             "b.partial-1-2.txt"})
        EXPECT_FALSE(isPartialName(name)) << name;
}

TEST(Files, StalePartialsGoAndLivingOnesStay) {
    const TemporaryFolder folder;
    const pid_t child = ::fork();
    if (child == 0) {
        auto file = AtomicFile::create(folder / "dead");
        auto built = AtomicFolder::create(folder / "deadFolder");
        if (file.ok() && built.ok() && file->write("half").ok() && writeFileAtomic(built->path() / "x", "y").ok())
            ::_exit(0);
        ::_exit(1);  // _exit runs no destructor: both are left behind
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    ASSERT_EQ(entriesIn(folder.path()), 2u);
    auto living = AtomicFile::create(folder / "living");
    auto livingFolder = AtomicFolder::create(folder / "livingFolder");
    ASSERT_OK(living);
    ASSERT_OK(livingFolder);
    ASSERT_OK(writeFileAtomic(folder / "named.partial-x", "a name that only looks like one"));
    removeStalePartials(folder.path());
    EXPECT_EQ(entriesIn(folder.path()), 3u);
    EXPECT_OK(living->commit());
    EXPECT_OK(livingFolder->commit());
    removeStalePartials(folder / "missing");
}

TEST(Files, ALeftoverOfOurOwnNumberIsNoObstacle) {
    const TemporaryFolder folder;
    // Whatever the counter stands at, some of these names are the next to be tried.
    for (int n = 0; n < 2000; ++n) {
        const fs::path stale =
            (folder / "f").string() + ".partial-" + std::to_string(::getpid()) + "-" + std::to_string(n);
        ::close(::open(stale.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    EXPECT_OK(writeFileAtomic(folder / "f", "new"));
    EXPECT_EQ(readFile(folder / "f").value(), "new");
}

TEST(Files, MapsFiles) {
    const TemporaryFolder folder;
    ASSERT_OK(writeFileAtomic(folder / "f", "mapped"));
    auto mapped = MappedFile::open(folder / "f");
    ASSERT_OK(mapped);
    MappedFile moved = std::move(mapped).value();
    EXPECT_EQ(moved.text(), "mapped");
    ASSERT_OK(writeFileAtomic(folder / "f", ""));
    EXPECT_EQ(moved.text(), "mapped") << "a replaced file stays as it was for who has it open";
    auto empty = MappedFile::open(folder / "f");
    ASSERT_OK(empty);
    EXPECT_TRUE(empty->bytes().empty());
    EXPECT_ERROR(MappedFile::open(folder / "missing"), ErrorCode::NotFound);
    EXPECT_ERROR(MappedFile::open(folder.path()), ErrorCode::InvalidData);
}

TEST(Crc32c, KnownValues) {
    // RFC 3720, appendix B.4.
    EXPECT_EQ(crc32c(bytesOf("123456789")), 0xe3069283u);
    EXPECT_EQ(crc32c(bytesOf(std::string(32, '\0'))), 0x8a9136aau);
    EXPECT_EQ(crc32c(bytesOf(std::string(32, '\xff'))), 0x62a8ab43u);
    EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, PortableAndFastAgreeAndChain) {
    std::string data(1000, '\0');
    std::uint32_t x = 12345;
    for (char& c : data) c = static_cast<char>((x = x * 1664525u + 1013904223u) >> 24);
    for (std::size_t begin = 0; begin < 9; ++begin)
        for (std::size_t size = 0; size < 70; ++size) {
            const auto part = bytesOf(std::string_view(data).substr(begin, size));
            ASSERT_EQ(crc32c(part, 77), detail::crc32cPortable(part, 77)) << begin << "+" << size;
        }
    for (std::size_t cut = 0; cut <= data.size(); cut += 37)
        ASSERT_EQ(
            crc32c(bytesOf(std::string_view(data).substr(cut)), crc32c(bytesOf(std::string_view(data).substr(0, cut)))),
            crc32c(bytesOf(data)));
}

TEST(StopToken, IsSharedAndNeverRaisedByItself) {
    EXPECT_FALSE(StopToken().raised());
    StopSource source;
    const StopToken token = source.token();
    EXPECT_FALSE(token.raised());
    std::thread([&] { source.raise(); }).join();
    EXPECT_TRUE(token.raised());
    EXPECT_TRUE(source.raised());
}

}  // namespace
}  // namespace distillix
