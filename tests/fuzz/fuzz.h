// SPDX-License-Identifier: Apache-2.0
// A fuzz target takes any bytes for a file that a stranger sent; the reader behind it must refuse them or read them,
// within bounds and in time. FUZZ_TARGET(name) { ... bytes ... } is built twice: as a libFuzzer program (preset
// "fuzz"), and into replay_corpora, which any compiler builds and ctest runs over tests/fuzz/corpora/NAME.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace distillix::fuzz {

using Target = void (*)(std::string_view bytes);

/// Puts a target into replay_corpora's list.
struct Registration {
    Registration(const char* name, Target target);
};

/// A path at which a reader finds `bytes` as a file, without a disk. One per `slot` (0 to 3); valid until the next call
/// with the same slot.
std::filesystem::path fileOf(std::string_view bytes, int slot = 0);

/// A folder in memory for targets that read several files; the same one each time, for the target to fill and empty.
const std::filesystem::path& folder();
void writeFile(const std::filesystem::path& path, std::string_view bytes);

/// What a checked reader handed out is read to its last byte, so that the sanitizer sees it.
void touch(const void* data, std::size_t bytes);

/// Stops the program as a find, with a message: for what must hold and does not.
void require(bool holds, const char* what);

}  // namespace distillix::fuzz

#ifdef DISTILLIX_LIBFUZZER
#define FUZZ_TARGET(name)                                                               \
    static void fuzzTarget_##name(std::string_view bytes);                              \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
        fuzzTarget_##name({reinterpret_cast<const char*>(data), size});                 \
        return 0;                                                                       \
    }                                                                                   \
    static void fuzzTarget_##name(std::string_view bytes)
#else
#define FUZZ_TARGET(name)                                                                          \
    static void fuzzTarget_##name(std::string_view bytes);                                         \
    static const distillix::fuzz::Registration fuzzRegistration_##name(#name, &fuzzTarget_##name); \
    static void fuzzTarget_##name(std::string_view bytes)
#endif
