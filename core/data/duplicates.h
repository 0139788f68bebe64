// SPDX-License-Identifier: Apache-2.0
// Exact duplicates, found by a 64-bit hash of the whole record.
#pragma once

#include <cstdint>
#include <vector>

#include "core/data/records.h"

namespace distillix {

/// XXH3-64 of all that makes a record what it is: kind, roles and texts; not its place. Two different records share one
/// with a probability of 2^-64: among ten million records it is 3 in a million that any is taken for a duplicate
/// wrongly.
std::uint64_t hashOf(const Record& record);

/// Remembers hashes in up to 420 MB (12.5 bytes a record at most). Beyond kMostRecords, new ones are no longer
/// remembered, and full() says so. One thread at a time.
class DuplicateFilter {
  public:
    static constexpr std::uint64_t kMostRecords = std::uint64_t{1} << 25;

    DuplicateFilter() : m_parts(kParts) {}
    /// True where the hash was given before.
    bool seen(std::uint64_t hash);
    bool full() const { return m_count >= kMostRecords; }

  private:
    /// Many small tables instead of a large one, so that only one at a time is there twice while it grows.
    static constexpr std::size_t kParts = 256;
    struct Part {
        std::vector<std::uint64_t> slots;  ///< open addressing, 0: free
        std::size_t used = 0;
    };
    static void put(Part& part, std::uint64_t hash);
    std::vector<Part> m_parts;
    std::uint64_t m_count = 0;
};

}  // namespace distillix
