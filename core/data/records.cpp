// SPDX-License-Identifier: Apache-2.0
#include "core/data/records.h"

#include <algorithm>

#include <xxhash.h>

#include "core/base/utf8.h"
#include "core/data/folder.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

/// How much of the source was read since the last time.
class ReadBytes {
  public:
    std::uint64_t since(const ByteSource& source) {
        const std::uint64_t now = source.bytesRead();
        return now - std::exchange(m_before, now);
    }

  private:
    std::uint64_t m_before = 0;
};

void refuse(RawRecord& record, std::uint64_t line, std::uint64_t column, std::string reason, std::string detail = {}) {
    record.state = RawRecord::State::Refused;
    record.refusal = {record.file, line, column, std::move(reason), std::move(detail)};
}

class JsonlReader : public RecordReader {
  public:
    explicit JsonlReader(ByteSource source) : m_lines(std::move(source)) {}

    Result<bool> next(RawRecord& record) override {
        record = {};
        record.file = m_lines.source().path().string();
        while (true) {
            bool tooLong = false, whole = true;
            if (!TRY(m_lines.next(record.bytes, kLongestRecord, tooLong, whole))) return false;
            record.line = ++m_number;
            if (!tooLong && record.bytes.find_first_not_of(" \t\r") == std::string::npos) continue;
            record.sourceBytes = m_read.since(m_lines.source());
            if (tooLong)
                refuse(
                    record, m_number, 1,
                    "is longer than " + std::to_string(kLongestRecord >> 20) + " MiB, which is the most for a record");
            return true;
        }
    }
    std::string digest() const override { return m_lines.source().digest(); }

  private:
    LineSource m_lines;
    ReadBytes m_read;
    std::uint64_t m_number = 0;
};

class TextReader : public RecordReader {
  public:
    explicit TextReader(ByteSource source) : m_source(std::move(source)) {}

    Result<bool> next(RawRecord& record) override {
        record = {};
        record.file = m_source.path().string();
        while (m_held.size() <= kTextDocument) {
            const std::string_view block = TRY(m_source.block());
            if (block.empty()) break;
            m_held += block;
        }
        if (m_held.empty()) return false;
        std::size_t cut = m_held.size();
        if (cut > kTextDocument) {
            cut = kTextDocument;
            if (const auto newline = m_held.rfind('\n', cut - 1); newline != std::string::npos)
                cut = newline + 1;
            else
                while (cut > kTextDocument - 4 && (static_cast<unsigned char>(m_held[cut]) & 0xc0) == 0x80) --cut;
        }
        record.bytes = m_held.substr(0, cut);
        record.line = m_place.line;
        record.column = m_place.column;
        record.sourceBytes = m_read.since(m_source);
        m_held.erase(0, cut);
        m_place = placeIn(record.bytes, record.bytes.size(), m_place.line, m_place.column);
        return true;
    }
    std::string digest() const override { return m_source.digest(); }

  private:
    ByteSource m_source;
    ReadBytes m_read;
    std::string m_held;
    TextPlace m_place;
};

class FilesReader : public RecordReader {
  public:
    FilesReader(fs::path folder, std::vector<std::string> files)
        : m_folder(std::move(folder)), m_files(std::move(files)), m_hash(XXH3_createState()) {
        if (m_hash) XXH3_128bits_reset(m_hash.get());
    }

    Result<bool> next(RawRecord& record) override {
        if (!m_hash) return makeError(ErrorCode::OutOfMemory, "no memory to read the folder", m_folder.string());
        if (m_next == m_files.size()) return false;
        record = {};
        record.name = m_files[m_next++];
        record.file = (m_folder / record.name).string();
        const auto content = read(record);
        if (!content.ok()) {  // gone meanwhile, unreadable: the others can be read all the same
            record.sourceBytes = 0;
            refuse(record, 0, 0, content.error().message);
        } else if (record.state == RawRecord::State::Whole) {
            const char* skip = nullptr;
            if (record.bytes.empty())
                skip = "empty";
            else if (record.bytes.find('\0') != std::string::npos)
                skip = "binary";
            else if (looksGenerated(record.bytes))
                skip = "generated";
            if (skip) {
                record.state = RawRecord::State::Skipped;
                record.refusal = {record.file, 0, 0, skip, {}};
            }
        }
        return true;
    }
    std::string digest() const override {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(m_hash.get()));
        std::string text;
        for (const unsigned char byte : canonical.digest) {
            constexpr char kDigits[] = "0123456789abcdef";
            text += {kDigits[byte >> 4], kDigits[byte & 15]};
        }
        return text;
    }

  private:
    struct Free {
        void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
    };

    Result<void> read(RawRecord& record) {
        ByteSource source = TRY(ByteSource::open(m_folder / record.name));
        while (true) {
            const std::string_view block = TRY(source.block());
            if (block.empty()) break;
            if (record.bytes.size() + block.size() > kLargestFile) {
                refuse(record, 0, 0,
                       "is larger than " + std::to_string(kLargestFile >> 20) +
                           " MiB, which is the most for a file of a folder");
                record.bytes.clear();
                break;
            }
            record.bytes += block;
        }
        record.sourceBytes = source.bytesRead();
        // The name with its NUL, then the content's digest: no two folders look the same.
        const std::string digest = source.digest();
        XXH3_128bits_update(m_hash.get(), record.name.c_str(), record.name.size() + 1);
        XXH3_128bits_update(m_hash.get(), digest.data(), digest.size());
        return {};
    }

    fs::path m_folder;
    std::vector<std::string> m_files;
    std::size_t m_next = 0;
    std::unique_ptr<XXH3_state_t, Free> m_hash;
};

}  // namespace

std::string Refusal::place() const {
    std::string text = file;
    if (line > 0) text += ":" + std::to_string(line);
    if (line > 0 && column > 0) text += ":" + std::to_string(column);
    return text;
}

std::string Refusal::text() const {
    return place() + ": " + reason + (detail.empty() ? "" : " (" + detail + ")");
}

const char* sourceFormatName(SourceFormat format) {
    constexpr const char* kNames[] = {"jsonl", "json", "csv", "text", "folder"};
    return kNames[static_cast<int>(format)];
}

TextPlace placeIn(std::string_view text, std::size_t offset, std::uint64_t line, std::uint64_t column) {
    TextPlace place{line, column};
    for (const char c : text.substr(0, offset)) {
        if (c == '\n') {
            ++place.line;
            place.column = 1;
        } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
            ++place.column;
        }
    }
    return place;
}

std::unique_ptr<RecordReader> readJsonl(ByteSource source) {
    return std::make_unique<JsonlReader>(std::move(source));
}
std::unique_ptr<RecordReader> readText(ByteSource source) {
    return std::make_unique<TextReader>(std::move(source));
}
std::unique_ptr<RecordReader> readFiles(fs::path folder, std::vector<std::string> files) {
    return std::make_unique<FilesReader>(std::move(folder), std::move(files));
}

}  // namespace distillix
