// SPDX-License-Identifier: Apache-2.0
// Where documents come from. A source (a file or a folder) is read in two steps: a RecordReader splits it, one raw
// record after another, in constant memory (one record is held at a time; the limits are below); a RecordParser
// (mapping.h) makes documents of raw records, many at once on as many threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/data/byte_source.h"
#include "core/data/chat_template.h"

namespace distillix {

constexpr std::size_t kLongestRecord = std::size_t{16} << 20;  ///< of JSON and CSV, in bytes
constexpr std::size_t kLargestFile = std::size_t{16} << 20;    ///< of a folder's files, unpacked; each is one document
constexpr std::size_t kTextDocument = std::size_t{1} << 20;    ///< a longer text file is cut into these, at line ends

/// Whitespace as JSON has it.
inline bool isJsonBlank(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/// One document: a conversation or plain text. All texts are valid UTF-8.
struct Record {
    std::string name;      ///< of a folder's file: its path in the folder
    std::string language;  ///< of code, by the file's extension: "Python"; empty for anything else
    bool conversation = false;
    std::string text;                   ///< unless conversation
    std::vector<ChatMessage> messages;  ///< if conversation; at least one is the assistant's, the last one is
    std::string assertion;              ///< may be empty
};

/// Why a record cannot be used, and where it is.
struct Refusal {
    std::string file;
    std::uint64_t line = 0, column = 0;  ///< from 1, columns in characters; 0: of the file as a whole
    std::string reason;                  ///< what is counted: the same words for the same reason
    std::string detail;                  ///< what is special about this one; may be empty
    /// "FILE:LINE:COLUMN", as far as known.
    std::string place() const;
    /// "PLACE: REASON (DETAIL)".
    std::string text() const;
};

/// A record as it stands in its source.
struct RawRecord {
    enum class State {
        Whole,
        Refused,  ///< `refusal` says why; the next one can be read all the same
        Skipped   ///< is not meant to be a document: refusal.reason says "binary", "empty", …
    };
    /// A field of CSV, unquoted.
    struct Field {
        std::uint32_t begin = 0, length = 0;  ///< in `bytes`
        std::uint32_t line = 0, column = 0;   ///< where it begins; the line counted from the record's first as 0
    };
    State state = State::Whole;
    Refusal refusal;
    std::string file, name;
    std::uint64_t line = 1, column = 1;  ///< where it begins
    std::string bytes;                   ///< JSON, the text, or all fields of CSV
    std::vector<Field> fields;           ///< CSV only
    std::uint64_t sourceBytes = 0;       ///< how much of the source on the disk it took, for progress
};

class RecordReader {
  public:
    virtual ~RecordReader() = default;
    /// False at the end. Fails only if the source itself cannot be read any further.
    virtual Result<bool> next(RawRecord& record) = 0;
    /// XXH3-128 of all that was read, 32 hex digits: at the end, of the source's content.
    virtual std::string digest() const = 0;
};

enum class SourceFormat {
    Jsonl,  ///< one JSON value a line
    Json,   ///< arrays of values, objects with such an array in it, or values, one after another
    Csv,    ///< RFC 4180, with a header line
    Text,   ///< one document, or several where it is longer than kTextDocument
    Folder  ///< every file a document
};
const char* sourceFormatName(SourceFormat format);  ///< "jsonl", "json", "csv", "text", "folder"

/// The readers. All pass over a byte-order mark. Blank lines between records are none.
std::unique_ptr<RecordReader> readJsonl(ByteSource source);
/// Splits without parsing: brackets and quotes alone are looked at. A file is any number of values. Of an array, each
/// element is a record; so is any other value, unless `arrayKey` is given: then the records are the elements of the
/// array under this key of each object. All of the file is read or told: an object without such an array, and objects
/// and arrays beside it, are refused; numbers and texts beside it are one skipped record; and from where values cannot
/// be told apart any more, the rest is one refused record.
std::unique_ptr<RecordReader> readJson(ByteSource source, std::string arrayKey);
/// Records of as many fields as the header has; the header itself comes first, as a record.
std::unique_ptr<RecordReader> readCsv(ByteSource source, char delimiter);
std::unique_ptr<RecordReader> readText(ByteSource source);
/// Files of a folder, in the order given.
std::unique_ptr<RecordReader> readFiles(std::filesystem::path folder, std::vector<std::string> files);

/// Line and column of byte `offset` of text that begins at `line` and `column`.
struct TextPlace {
    std::uint64_t line = 1, column = 1;
};
TextPlace placeIn(std::string_view text, std::size_t offset, std::uint64_t line = 1, std::uint64_t column = 1);

}  // namespace distillix
