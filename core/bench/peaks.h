// SPDX-License-Identifier: Apache-2.0
// What this processor's arithmetic and memory can do at most: the measure that products are held against. Loops of one
// instruction on registers, on all threads at once, and a read over more memory than the caches hold.
#pragma once

#include <string>
#include <vector>

namespace distillix {

struct Peak {
    std::string name;      ///< "float32 AVX2", "int8 VNNI", "bf16 AMX", "memory read"
    std::string type;      ///< "float32", "int8", "16-bit", "bytes"
    double perSecond = 0;  ///< operations (a multiplication and an addition count two), or bytes
};

/// Only what this processor has. About a tenth of a second each; the best of several tries.
std::vector<Peak> measurePeaks(int threads);

/// What a card can do at most as its maker's data sheet says: dense products with sums in float32 (int32 for int8), and
/// its memory. Known by what the card's own name holds ("NVIDIA H200"); empty for a card that is not in the table.
std::vector<Peak> cardPeaks(const std::string& device);

}  // namespace distillix
