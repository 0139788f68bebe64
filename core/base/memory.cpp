// SPDX-License-Identifier: Apache-2.0
#include "core/base/memory.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include <malloc.h>
#include <unistd.h>

namespace distillix {
namespace fs = std::filesystem;
namespace {

/// The number behind `key` in a file of "key number" lines ("VmHWM:   123 kB"); 0 where there is none.
std::uint64_t numberBehind(const char* file, std::string_view key) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with(key)) return std::strtoull(line.c_str() + key.size(), nullptr, 10);
    return 0;
}

std::string textOf(const fs::path& file) {
    std::ifstream stream(file);
    return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

/// The number in a file; nothing where there is none ("max").
std::optional<std::uint64_t> numberIn(const fs::path& file) {
    const std::string text = textOf(file);
    char* end = nullptr;
    const std::uint64_t value = std::strtoull(text.c_str(), &end, 10);
    return end == text.c_str() ? std::nullopt : std::optional(value);
}

std::optional<detail::GroupMemory> ownGroup() {
    return detail::cgroupMemory("/sys/fs/cgroup", textOf("/proc/self/cgroup"));
}

}  // namespace

std::optional<detail::GroupMemory> detail::cgroupMemory(const fs::path& mount, std::string_view selfCgroup) {
    std::optional<GroupMemory> tightest;
    const auto look = [&](const fs::path& root, std::string_view group, const char* limitName, const char* usedName) {
        // Within a container the group's path may not exist below the mount: then the mount itself is the group.
        for (fs::path path(group);; path = path.parent_path()) {
            const fs::path folder = root / path.relative_path();
            const auto limit = numberIn(folder / limitName);
            // Version 1 writes "no limit" as a number near 2^63.
            if (limit && *limit < (std::uint64_t{1} << 60)) {
                const GroupMemory here{*limit, std::min(*limit, numberIn(folder / usedName).value_or(0))};
                if (!tightest || here.limit - here.used < tightest->limit - tightest->used) tightest = here;
            }
            if (!path.has_relative_path()) return;
        }
    };
    for (std::size_t at = 0; at < selfCgroup.size();) {
        const std::size_t end = std::min(selfCgroup.find('\n', at), selfCgroup.size());
        const std::string_view line = selfCgroup.substr(at, end - at);
        at = end + 1;
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const std::string controllers = "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
        const std::string_view group = line.substr(second + 1);
        if (controllers == ",,") {
            look(mount, group, "memory.max", "memory.current");
            look(mount / "unified", group, "memory.max", "memory.current");
        } else if (controllers.find(",memory,") != std::string::npos) {
            look(mount / "memory", group, "memory.limit_in_bytes", "memory.usage_in_bytes");
        }
    }
    return tightest;
}

ProcessMemory processMemory() {
    return {numberBehind("/proc/self/status", "VmRSS:") * 1024, numberBehind("/proc/self/status", "VmHWM:") * 1024};
}

bool resetPeakMemory() {
    std::ofstream file("/proc/self/clear_refs");
    file << "5" << std::flush;
    return file.good();
}

void releaseFreeMemory() {
    ::malloc_trim(0);
}

std::uint64_t memoryLimit() {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long size = sysconf(_SC_PAGE_SIZE);
    std::uint64_t bytes =
        pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size) : 0;
    if (const auto group = ownGroup(); group && (bytes == 0 || group->limit < bytes)) bytes = group->limit;
    return bytes;
}

std::uint64_t memoryAvailable() {
    std::uint64_t bytes = numberBehind("/proc/meminfo", "MemAvailable:") * 1024;
    // A group's use counts its file caches too, so this errs on the safe side.
    if (const auto group = ownGroup()) bytes = std::min(bytes, group->limit - group->used);
    return bytes;
}

std::optional<std::uint64_t> outOfMemoryKills() {
    std::ifstream stream("/proc/vmstat");
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with("oom_kill ")) return std::strtoull(line.c_str() + 9, nullptr, 10);
    return {};
}

}  // namespace distillix
