// SPDX-License-Identifier: Apache-2.0
// A file as text, whatever it is packed in: gzip (RFC 1952, members one after another) and zstd (RFC 8878, frames one
// after another) are unpacked and UTF-16 is made UTF-8 while it is read, block by block, so that memory does not depend
// on how much comes out. What a file is packed in is told by its first bytes, not by its name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace distillix {

enum class Compression { None, Gzip, Zstd };
enum class TextEncoding { Utf8, Utf8WithBom, Utf16LittleEndian, Utf16BigEndian };
const char* compressionName(Compression compression);  ///< "none", "gzip", "zstd"
const char* textEncodingName(TextEncoding encoding);   ///< "utf-8", "utf-8-bom", "utf-16le", "utf-16be"

/// The name without ".gz", ".zst" or ".zstd".
std::filesystem::path withoutCompressionSuffix(const std::filesystem::path& path);

/// Not thread-safe. Some 0.6 MB, and a zstd frame's window: at most 128 MiB (frames made with --long=28 and more are
/// refused by name).
class ByteSource {
  public:
    /// InvalidArgument for a folder, pipe or device; Unsupported, by name, for xz, bzip2, zip, Parquet, UTF-32, and
    /// UTF-16 without a byte-order mark.
    static Result<ByteSource> open(const std::filesystem::path& path);
    ByteSource(ByteSource&&) noexcept;
    ByteSource& operator=(ByteSource&&) noexcept;
    ~ByteSource();

    const std::filesystem::path& path() const;
    Compression compression() const;
    TextEncoding encoding() const;
    /// The next block of text, without a byte-order mark; empty at the end. It stands until the next call. A half of a
    /// surrogate pair in UTF-16 comes out as the three bytes it would have in UTF-8, which are no valid UTF-8.
    /// InvalidData where packed data are damaged or cut short.
    Result<std::string_view> block();
    /// Bytes of the file that were read so far.
    std::uint64_t bytesRead() const;
    /// XXH3-128 of the file's bytes read so far, 32 hex digits.
    std::string digest() const;

  private:
    struct State;
    explicit ByteSource(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// Whole lines of a source, however its blocks fall.
class LineSource {
  public:
    explicit LineSource(ByteSource source) : m_source(std::move(source)) {}
    /// The next line without its newline; `tooLong` if it is over `limit`: then `line` holds its beginning, and the
    /// rest was read over. `whole` is false where the file ended without a newline. False at the end.
    Result<bool> next(std::string& line, std::size_t limit, bool& tooLong, bool& whole);
    const ByteSource& source() const { return m_source; }

  private:
    ByteSource m_source;
    std::string_view m_block;
};

}  // namespace distillix
