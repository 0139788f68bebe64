// SPDX-License-Identifier: Apache-2.0
// A disk that fills up, for tests: preloaded (LD_PRELOAD), it lets FULL_DISK_AT writes to regular files through, makes
// the next one a short write, and fails every later one, and every fsync, with ENOSPC. A loop mount would do the same
// and needs root.
#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace {

std::atomic<long> g_writes{0};

long limit() {
    static const long value = [] {
        const char* text = std::getenv("FULL_DISK_AT");
        return text ? std::strtol(text, nullptr, 10) : -1L;
    }();
    return value;
}

bool isRegular(int descriptor) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

/// How many of `count` bytes still fit; -1: none, and errno says why.
ssize_t room(int descriptor, std::size_t count) {
    if (limit() < 0 || !isRegular(descriptor)) return static_cast<ssize_t>(count);
    const long number = g_writes++;
    if (number < limit()) return static_cast<ssize_t>(count);
    if (number == limit() && count > 1) return static_cast<ssize_t>(count / 2);
    errno = ENOSPC;
    return -1;
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    const ssize_t fits = room(descriptor, count);
    return fits < 0 ? -1 : real(descriptor, bytes, static_cast<size_t>(fits));
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    const ssize_t fits = room(descriptor, count);
    return fits < 0 ? -1 : real(descriptor, bytes, static_cast<size_t>(fits), offset);
}

int fsync(int descriptor) {
    static const auto real = next<int (*)(int)>("fsync");
    if (limit() >= 0 && g_writes > limit() && isRegular(descriptor)) {
        errno = ENOSPC;
        return -1;
    }
    return real(descriptor);
}

}  // extern "C"
