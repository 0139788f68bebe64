// SPDX-License-Identifier: Apache-2.0
// What the system's compressors make of some bytes: a yardstick for bits per byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace distillix::cli {

struct Compressed {
    std::string command;          ///< "gzip -9"
    Result<std::uint64_t> bytes;  ///< of its output, or why there is none
};

/// Runs gzip -9 and xz -9e over the bytes, as one stream.
std::vector<Compressed> compressorsOfBytes(const std::string& text);

}  // namespace distillix::cli
