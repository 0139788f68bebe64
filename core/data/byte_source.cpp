// SPDX-License-Identifier: Apache-2.0
#include "core/data/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

#include "core/base/files.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18;
constexpr int kLargestWindowLog = 27;

struct Magic {
    std::string_view bytes;
    const char* name;
};
constexpr Magic kForeign[] = {{{"\xfd\x37\x7a\x58\x5a\x00", 6}, "xz"},
                              {{"BZh", 3}, "bzip2"},
                              {{"PK\x03\x04", 4}, "zip"},
                              {{"PAR1", 4}, "Parquet"},
                              {{"\x37\x7a\xbc\xaf\x27\x1c", 6}, "7z"}};

bool isGzip(std::string_view bytes) {
    return bytes.size() >= 3 && bytes.substr(0, 3) == std::string_view("\x1f\x8b\x08", 3);
}
bool isZstd(std::string_view bytes) {
    return bytes.starts_with("\x28\xb5\x2f\xfd") ||
           (bytes.size() >= 4 && (static_cast<unsigned char>(bytes[0]) & 0xf0) == 0x50 &&
            bytes.substr(1, 3) == "\x2a\x4d\x18");
}

/// Whether every other byte is NUL, as Latin text in UTF-16 has it.
bool looksLikeUtf16(std::string_view text) {
    const std::size_t count = std::min<std::size_t>(text.size(), 512) & ~std::size_t{1};
    if (count < 8) return false;
    std::size_t zeros[2] = {0, 0};
    for (std::size_t i = 0; i < count; ++i) zeros[i % 2] += text[i] == '\0';
    return (zeros[0] == 0 && zeros[1] * 10 > count * 4) || (zeros[1] == 0 && zeros[0] * 10 > count * 4);
}

void appendUtf8(char32_t c, std::string& out) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
    } else if (c < 0x10000) {
        out += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
                static_cast<char>(0x80 | (c & 63))};
    } else {
        out += {static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
                static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
    }
}

}  // namespace

const char* compressionName(Compression compression) {
    constexpr const char* kNames[] = {"none", "gzip", "zstd"};
    return kNames[static_cast<int>(compression)];
}

const char* textEncodingName(TextEncoding encoding) {
    constexpr const char* kNames[] = {"utf-8", "utf-8-bom", "utf-16le", "utf-16be"};
    return kNames[static_cast<int>(encoding)];
}

fs::path withoutCompressionSuffix(const fs::path& path) {
    const std::string extension = path.extension().string();
    return extension == ".gz" || extension == ".zst" || extension == ".zstd" ? path.parent_path() / path.stem() : path;
}

struct ByteSource::State {
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    struct FreeState {
        void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
    };
    struct FreeZstd {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };

    fs::path path;
    std::unique_ptr<std::FILE, Close> file;
    std::unique_ptr<XXH3_state_t, FreeState> hash{XXH3_createState()};
    std::uint64_t bytesRead = 0;
    Compression compression = Compression::None;
    TextEncoding encoding = TextEncoding::Utf8;

    std::vector<char> packed;        ///< of the file
    std::size_t at = 0, filled = 0;  ///< in packed
    std::vector<char> unpacked;
    z_stream gzip{};
    bool gzipOpen = false, insideMember = false;
    std::unique_ptr<ZSTD_DCtx, FreeZstd> zstd;
    std::size_t zstdWants = 0;  ///< 0 at the end of a frame

    std::string_view first;  ///< of the first block, read when opening
    bool hasFirst = false;
    std::string text;      ///< made of UTF-16
    std::string halfUnit;  ///< up to 3 bytes of UTF-16 that wait for the next block

    ~State() {
        if (gzipOpen) inflateEnd(&gzip);
    }

    Error bad(std::string what, ErrorCode code = ErrorCode::InvalidData) const {
        return makeError(code, std::move(what), path.string());
    }

    Result<void> read() {
        if (packed.empty()) packed.resize(kBlock);
        at = 0;
        filled = std::fread(packed.data(), 1, packed.size(), file.get());
        if (filled == 0 && std::ferror(file.get())) return errnoError("cannot read", path, errno);
        XXH3_128bits_update(hash.get(), packed.data(), filled);
        bytesRead += filled;
        return {};
    }

    Result<void> openCompression() {
        const std::string_view head(packed.data(), filled);
        for (const Magic& magic : kForeign)
            if (head.starts_with(magic.bytes))
                return bad(std::string("is ") + magic.name +
                               " data, which this program does not read; unpack it, or pack it with gzip or zstd",
                           ErrorCode::Unsupported);
        if (isGzip(head)) {
            compression = Compression::Gzip;
            // 15: the largest window; +16: gzip's header and checksum.
            if (inflateInit2(&gzip, 15 + 16) != Z_OK) return bad("no memory to unpack it", ErrorCode::OutOfMemory);
            gzipOpen = insideMember = true;
        } else if (isZstd(head)) {
            compression = Compression::Zstd;
            zstd.reset(ZSTD_createDCtx());
            if (!zstd) return bad("no memory to unpack it", ErrorCode::OutOfMemory);
            ZSTD_DCtx_setParameter(zstd.get(), ZSTD_d_windowLogMax, kLargestWindowLog);
            zstdWants = 1;
        }
        if (compression != Compression::None) unpacked.resize(kBlock);
        return {};
    }

    Result<std::string_view> bytes() {
        switch (compression) {
            case Compression::Gzip:
                return gunzip();
            case Compression::Zstd:
                return unzstd();
            default:
                break;
        }
        if (at == filled) TRY_VOID(read());
        const std::string_view block(packed.data() + at, filled - at);
        at = filled;
        return block;
    }

    Result<std::string_view> gunzip() {
        while (true) {
            if (at == filled) {
                TRY_VOID(read());
                if (filled == 0) {
                    if (insideMember) return bad("ends in the middle of its gzip data; it is cut short");
                    return std::string_view();
                }
            }
            if (!insideMember) {
                // Zeros fill up a tape's block.
                while (at < filled && packed[at] == '\0') ++at;
                if (at == filled) continue;
                if (static_cast<unsigned char>(packed[at]) != 0x1f) return bad("has other bytes behind its gzip data");
                inflateReset(&gzip);
                insideMember = true;
            }
            gzip.next_in = reinterpret_cast<Bytef*>(packed.data() + at);
            gzip.avail_in = static_cast<uInt>(filled - at);
            gzip.next_out = reinterpret_cast<Bytef*>(unpacked.data());
            gzip.avail_out = static_cast<uInt>(unpacked.size());
            const int status = inflate(&gzip, Z_NO_FLUSH);
            at = filled - gzip.avail_in;
            if (status == Z_STREAM_END)
                insideMember = false;
            else if (status != Z_OK && status != Z_BUF_ERROR)
                return bad(std::string("its gzip data are damaged near byte ") +
                           std::to_string(bytesRead - (filled - at)) +
                           (gzip.msg ? std::string(" (") + gzip.msg + ")" : std::string()));
            if (const std::size_t made = unpacked.size() - gzip.avail_out)
                return std::string_view(unpacked.data(), made);
        }
    }

    Result<std::string_view> unzstd() {
        bool ended = false;
        while (true) {
            if (at == filled && !ended) {
                TRY_VOID(read());
                ended = filled == 0;
            }
            ZSTD_inBuffer in{packed.data(), filled, at};
            ZSTD_outBuffer out{unpacked.data(), unpacked.size(), 0};
            if (ended && zstdWants == 0) return std::string_view();
            const std::size_t wants = ZSTD_decompressStream(zstd.get(), &out, &in);
            if (ZSTD_isError(wants))
                return bad("its zstd data are damaged, or want more than 128 MiB of memory, near byte " +
                           std::to_string(bytesRead - (filled - at)) + " (" + ZSTD_getErrorName(wants) + ")");
            const bool moved = in.pos != at || out.pos > 0;
            at = in.pos;
            zstdWants = wants;
            if (out.pos > 0) return std::string_view(unpacked.data(), out.pos);
            if (ended && !moved) return bad("ends in the middle of its zstd data; it is cut short");
        }
    }

    /// Whole characters of UTF-16 as UTF-8 into `text`.
    void fromUtf16(std::string_view block, bool last) {
        text.clear();
        std::string joined;
        if (!halfUnit.empty()) {
            joined = halfUnit + std::string(block);
            block = joined;
        }
        const bool little = encoding == TextEncoding::Utf16LittleEndian;
        const auto unit = [&](std::size_t i) {
            const auto a = static_cast<unsigned char>(block[i]), b = static_cast<unsigned char>(block[i + 1]);
            return static_cast<char32_t>(little ? b << 8 | a : a << 8 | b);
        };
        std::size_t i = 0;
        while (i + 1 < block.size()) {
            const char32_t c = unit(i);
            if (c >= 0xd800 && c < 0xdc00) {
                if (i + 3 >= block.size() && !last) break;
                if (i + 3 < block.size()) {
                    const char32_t low = unit(i + 2);
                    if (low >= 0xdc00 && low < 0xe000) {
                        appendUtf8(0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00), text);
                        i += 4;
                        continue;
                    }
                }
            }
            appendUtf8(c, text);
            i += 2;
        }
        std::string rest(block.substr(i));
        if (last && !rest.empty()) {
            text += '\xff';  // an odd byte at the end: no valid text
            rest.clear();
        }
        halfUnit = std::move(rest);
    }

    Result<std::string_view> decoded() {
        if (encoding == TextEncoding::Utf8 || encoding == TextEncoding::Utf8WithBom) {
            if (hasFirst) {
                hasFirst = false;
                if (!first.empty()) return first;
            }
            return bytes();
        }
        while (true) {
            const std::string_view block = hasFirst ? first : TRY(bytes());
            const bool last = block.empty() && !hasFirst;
            hasFirst = false;
            fromUtf16(block, last);
            if (!text.empty() || last) return std::string_view(text);
        }
    }
};

ByteSource::ByteSource(std::unique_ptr<State> state) : m_state(std::move(state)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

Result<ByteSource> ByteSource::open(const fs::path& path) {
    std::error_code failure;
    const auto status = fs::status(path, failure);
    // Opening a pipe would wait for a writer that may never come.
    if (fs::is_directory(status))
        return makeError(ErrorCode::InvalidArgument, "is a folder, not a file", path.string());
    if (fs::exists(status) && !fs::is_regular_file(status))
        return makeError(ErrorCode::InvalidArgument, "is no regular file", path.string());
    auto state = std::make_unique<State>();
    state->path = path;
    state->file.reset(std::fopen(path.c_str(), "rbe"));
    if (!state->file) return errnoError("cannot open", path, errno);
    std::setvbuf(state->file.get(), nullptr, _IONBF, 0);
    if (!state->hash) return makeError(ErrorCode::OutOfMemory, "no memory to read it", path.string());
    XXH3_128bits_reset(state->hash.get());
    TRY_VOID(state->read());
    TRY_VOID(state->openCompression());
    std::string_view first = TRY(state->bytes());
    if (first.starts_with(std::string_view("\xff\xfe\0\0", 4)) ||
        first.starts_with(std::string_view("\0\0\xfe\xff", 4)))
        return state->bad("is UTF-32, which this program does not read; convert it to UTF-8", ErrorCode::Unsupported);
    if (first.starts_with("\xef\xbb\xbf")) {
        state->encoding = TextEncoding::Utf8WithBom;
        first.remove_prefix(3);
    } else if (first.starts_with("\xff\xfe") || first.starts_with("\xfe\xff")) {
        state->encoding = first[0] == '\xff' ? TextEncoding::Utf16LittleEndian : TextEncoding::Utf16BigEndian;
        first.remove_prefix(2);
    } else if (looksLikeUtf16(first)) {
        return state->bad("looks like UTF-16 without a byte-order mark; convert it to UTF-8", ErrorCode::Unsupported);
    }
    state->first = first;
    state->hasFirst = true;
    return ByteSource(std::move(state));
}

const fs::path& ByteSource::path() const {
    return m_state->path;
}
Compression ByteSource::compression() const {
    return m_state->compression;
}
TextEncoding ByteSource::encoding() const {
    return m_state->encoding;
}
std::uint64_t ByteSource::bytesRead() const {
    return m_state->bytesRead;
}
Result<std::string_view> ByteSource::block() {
    return m_state->decoded();
}

std::string ByteSource::digest() const {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(m_state->hash.get()));
    std::string text;
    for (const unsigned char byte : canonical.digest) {
        constexpr char kDigits[] = "0123456789abcdef";
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return text;
}

Result<bool> LineSource::next(std::string& line, std::size_t limit, bool& tooLong, bool& whole) {
    line.clear();
    tooLong = false;
    whole = true;
    bool any = false;
    while (true) {
        if (m_block.empty()) {
            m_block = TRY(m_source.block());
            if (m_block.empty()) {
                whole = false;
                return any;
            }
        }
        any = true;
        const auto newline = m_block.find('\n');
        const std::string_view part = m_block.substr(0, newline);
        if (line.size() + part.size() > limit) tooLong = true;
        if (!tooLong) line += part;
        m_block.remove_prefix(newline == std::string_view::npos ? part.size() : newline + 1);
        if (newline != std::string_view::npos) return true;
    }
}

}  // namespace distillix
