// SPDX-License-Identifier: Apache-2.0
#include "core/data/duplicates.h"

#include <algorithm>

#include <xxhash.h>

namespace distillix {
namespace {

std::size_t slotOf(std::uint64_t hash, std::size_t slots) {
    // The upper bits choose the part, so the place comes of the others.
    return static_cast<std::size_t>((static_cast<unsigned __int128>(hash << 8) * slots) >> 64);
}

}  // namespace

std::uint64_t hashOf(const Record& record) {
    if (!record.conversation) return XXH3_64bits_withSeed(record.text.data(), record.text.size(), 1);
    std::uint64_t hash = 2;
    for (const ChatMessage& message : record.messages) {
        const std::uint64_t seed = hash * 4 + static_cast<std::uint64_t>(message.role);
        hash = XXH3_64bits_withSeed(message.text.data(), message.text.size(), seed);
    }
    return hash;
}

void DuplicateFilter::put(Part& part, std::uint64_t hash) {
    std::size_t at = slotOf(hash, part.slots.size());
    while (part.slots[at] != 0) at = at + 1 == part.slots.size() ? 0 : at + 1;
    part.slots[at] = hash;
    ++part.used;
}

bool DuplicateFilter::seen(std::uint64_t hash) {
    hash = hash == 0 ? 1 : hash;
    Part& part = m_parts[hash >> 56];
    if (!part.slots.empty()) {
        std::size_t at = slotOf(hash, part.slots.size());
        for (; part.slots[at] != 0; at = at + 1 == part.slots.size() ? 0 : at + 1)
            if (part.slots[at] == hash) return true;
    }
    if (full()) return false;
    if ((part.used + 1) * 5 > part.slots.size() * 4) {  // at most four fifths are taken
        const std::vector<std::uint64_t> before = std::move(part.slots);
        part.slots.assign(std::max<std::size_t>(64, before.size() + before.size() / 4), 0);
        part.used = 0;
        for (const std::uint64_t old : before)
            if (old != 0) put(part, old);
    }
    put(part, hash);
    ++m_count;
    return false;
}

}  // namespace distillix
