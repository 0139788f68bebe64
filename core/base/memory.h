// SPDX-License-Identifier: Apache-2.0
// How much memory there is, and what this process holds of it: from /proc and the control groups.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace distillix {

/// Bytes; 0 where the system does not tell.
struct ProcessMemory {
    std::uint64_t resident = 0;  ///< now
    std::uint64_t peak = 0;      ///< at its highest since the start, or since resetPeakMemory()
};
ProcessMemory processMemory();
/// Makes `peak` begin anew from what is resident now. False where the system does not allow it.
bool resetPeakMemory();
/// Hands what the allocator keeps for later back to the system.
void releaseFreeMemory();

/// What this process may use at most: the machine's memory, or its control group's limit where that is less.
std::uint64_t memoryLimit();
/// What could still be used without pushing anyone out: free memory and caches, within the control group's limit.
std::uint64_t memoryAvailable();
/// How many processes the system's out-of-memory killer has ended since the machine started; nothing where that is not
/// told.
std::optional<std::uint64_t> outOfMemoryKills();

namespace detail {
struct GroupMemory {
    std::uint64_t limit = 0, used = 0;
};
/// The tightest limit (the one with the least room) of the control groups that /proc/self/cgroup's text names, both
/// versions, the groups above included; nothing where there is none. `mount` is where cgroups are mounted.
std::optional<GroupMemory> cgroupMemory(const std::filesystem::path& mount, std::string_view selfCgroup);
}  // namespace detail

}  // namespace distillix
