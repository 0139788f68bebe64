// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace distillix {

/// SHA-256 (FIPS 180-4) as 64 lower-case hex digits: the name by which files of ours refer to the bytes of another.
std::string sha256Hex(std::span<const std::byte> bytes);
inline std::string sha256Hex(std::string_view bytes) {
    return sha256Hex(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

}  // namespace distillix
