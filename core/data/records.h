// SPDX-License-Identifier: Apache-2.0
// Where documents come from: readers that yield one record after another, each with its file and line, in constant
// memory (one record is held at a time; the limits are below).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace distillix {

constexpr std::size_t kLongestLine = std::size_t{64} << 20;  ///< of a JSONL file, in bytes
constexpr std::size_t kLargestFile = std::size_t{16} << 20;  ///< of a folder's files; each is one document
constexpr std::size_t kTextDocument = std::size_t{1} << 20;  ///< a longer text file is cut into these, at line ends

/// One document: a prompt with its response, or plain text. All texts are valid UTF-8.
struct Record {
    std::string place;  ///< "FILE:LINE" or "FILE"
    std::string name;   ///< of a folder's file: its path in the folder
    bool conversation = false;
    std::string text;                         ///< unless conversation
    std::string prompt, response, assertion;  ///< if conversation; the assertion may be empty
    std::uint64_t sourceBytes = 0;            ///< how much of the source it took, for progress
};

/// A record that cannot be used, or (in a folder) a file that is not meant to be.
struct Refusal {
    std::string place, reason;
    std::string text() const { return place + ": " + reason; }
};

enum class ReadOutcome {
    Taken,    ///< `record` holds the next one
    Refused,  ///< `refusal` says where and why; go on with the next
    Skipped,  ///< the same for a file that is no text (binary, empty): told as a count, no error
    End
};

class RecordReader {
  public:
    virtual ~RecordReader() = default;
    /// Fails only if the source itself cannot be read any further.
    virtual Result<ReadOutcome> next(Record& record, Refusal& refusal) = 0;
};

/// One JSON object a line: {"prompt": …, "response": …} with an optional "assertion", or {"text": …}. Other keys are
/// ignored, so are blank lines and a byte-order mark.
Result<std::unique_ptr<RecordReader>> openJsonl(const std::filesystem::path& path);
/// A text file: one document, or several if it is longer than kTextDocument.
Result<std::unique_ptr<RecordReader>> openTextFile(const std::filesystem::path& path);
/// Files of a folder, each one document, in the order given.
std::unique_ptr<RecordReader> openFiles(std::filesystem::path folder, std::vector<std::string> files);

/// What a folder holds for us.
struct FolderListing {
    std::vector<std::string> files;  ///< relative, '/' between, in byte order
    std::uint64_t bytes = 0;
    std::map<std::string, std::uint64_t> skipped;  ///< by reason: "hidden", "vendored folder", "other extension", …
};

/// Walks `folder`, links not followed. `extensions` as "py" or ".py", compared without case; empty: sourceExtensions().
Result<FolderListing> listFolder(const std::filesystem::path& folder, const std::vector<std::string>& extensions);
const std::vector<std::string>& sourceExtensions();

}  // namespace distillix
