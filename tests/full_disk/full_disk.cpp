// SPDX-License-Identifier: Apache-2.0
// A disk that fills up, for tests: preloaded (LD_PRELOAD), it lets FULL_DISK_AT writes to regular files through, makes
// the next one a short write, and fails every later one, and every fsync, with ENOSPC. A loop mount would do the same
// and needs root. With CLOCK_JUMPS the wall clock is years wrong, now in the past and now in the future.
#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
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

/// By how much the wall clock is wrong at this look at it, in seconds.
time_t jump() {
    static const bool jumps = std::getenv("CLOCK_JUMPS") != nullptr;
    static std::atomic<unsigned> looks{0};
    if (!jumps) return 0;
    constexpr time_t kYear = 365 * 86400;
    return looks++ % 2 ? -9 * kYear : 12 * kYear;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, struct timespec* time) noexcept {
    static const auto real = next<int (*)(clockid_t, struct timespec*)>("clock_gettime");
    const int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += jump();
    return result;
}

int gettimeofday(struct timeval* time, void* zone) noexcept {
    static const auto real = next<int (*)(struct timeval*, void*)>("gettimeofday");
    const int result = real(time, zone);
    if (result == 0) time->tv_sec += jump();
    return result;
}

time_t time(time_t* out) noexcept {
    static const auto real = next<time_t (*)(time_t*)>("time");
    const time_t now = real(nullptr) + jump();
    if (out) *out = now;
    return now;
}

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
