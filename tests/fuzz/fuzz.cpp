// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace distillix::fuzz {
namespace fs = std::filesystem;

namespace {

void writeAll(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        require(written > 0, "the harness can write its file");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

fs::path fileOf(std::string_view bytes, int slot) {
    static int descriptors[4] = {-1, -1, -1, -1};
    int& descriptor = descriptors[slot];
    if (descriptor < 0) descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
    require(descriptor >= 0 && ::ftruncate(descriptor, 0) == 0 && ::lseek(descriptor, 0, SEEK_SET) == 0,
            "the harness has a file");
    writeAll(descriptor, bytes);
    return "/proc/self/fd/" + std::to_string(descriptor);
}

const fs::path& folder() {
    static const struct Folder {
        fs::path path;
        Folder() {
            std::string name =
                (fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path().string()) + "/distillix-fuzz-XXXXXX";
            require(::mkdtemp(name.data()) != nullptr, "the harness has a folder");
            path = name;
        }
        ~Folder() {
            std::error_code ignored;
            fs::remove_all(path, ignored);
        }
    } made;
    return made.path;
}

void writeFile(const fs::path& path, std::string_view bytes) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(descriptor >= 0, "the harness can make its file");
    writeAll(descriptor, bytes);
    ::close(descriptor);
}

void touch(const void* data, std::size_t bytes) {
    const auto* at = static_cast<const volatile unsigned char*>(data);
    for (std::size_t i = 0; i < bytes; ++i) (void)at[i];
}

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

}  // namespace distillix::fuzz
