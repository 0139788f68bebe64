// SPDX-License-Identifier: Apache-2.0
#include "core/data/records.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/utf8.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

/// Reads a file in pieces; lines come out whole, however the pieces fall.
class ByteSource {
  public:
    static Result<ByteSource> open(const fs::path& path) {
        std::error_code failure;
        const auto status = fs::status(path, failure);
        // Opening a pipe would wait for a writer that may never come.
        if (fs::is_directory(status))
            return makeError(ErrorCode::InvalidArgument, "is a folder, not a file", path.string());
        if (fs::exists(status) && !fs::is_regular_file(status))
            return makeError(ErrorCode::InvalidArgument, "is no regular file", path.string());
        std::FILE* file = std::fopen(path.c_str(), "rbe");
        if (!file) return errnoError("cannot open", path, errno);
        return ByteSource(path, file);
    }
    const fs::path& path() const { return m_path; }

    /// The next line without its newline; `tooLong` if it is over `limit`, then it is read over. False at the end.
    Result<bool> line(std::string& out, std::size_t limit, bool& tooLong) {
        out.clear();
        tooLong = false;
        while (true) {
            if (m_at == m_filled && !TRY(fill())) return !out.empty() || tooLong;
            const char* begin = m_buffer.data() + m_at;
            const char* end = m_buffer.data() + m_filled;
            const char* newline = std::find(begin, end, '\n');
            if (out.size() + static_cast<std::size_t>(newline - begin) > limit) tooLong = true;
            if (!tooLong) out.append(begin, newline);
            m_at = static_cast<std::size_t>(newline - m_buffer.data());
            if (newline != end) {
                ++m_at;
                return true;
            }
        }
    }
    /// Appends up to `count` more bytes; false at the end.
    Result<bool> some(std::string& out, std::size_t count) {
        if (m_at == m_filled && !TRY(fill())) return false;
        const std::size_t taken = std::min(count, m_filled - m_at);
        out.append(m_buffer, m_at, taken);
        m_at += taken;
        return true;
    }

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    ByteSource(fs::path path, std::FILE* file) : m_path(std::move(path)), m_file(file) {}
    Result<bool> fill() {
        m_buffer.resize(std::size_t{1} << 18);
        m_at = 0;
        m_filled = std::fread(m_buffer.data(), 1, m_buffer.size(), m_file.get());
        if (m_filled == 0 && std::ferror(m_file.get())) return errnoError("cannot read", m_path, errno);
        return m_filled > 0;
    }

    fs::path m_path;
    std::unique_ptr<std::FILE, Close> m_file;
    std::string m_buffer;
    std::size_t m_at = 0, m_filled = 0;
};

/// Why one line of JSONL is no record, or nothing after filling `record`.
std::optional<std::string> parseRecord(const std::string& line, Record& record) {
    // The JSON reader takes a NUL for the end of its input.
    if (line.find('\0') != std::string::npos) return "holds a NUL byte";
    nlohmann::json json;
    try {
        json = nlohmann::json::parse(line);
    } catch (const nlohmann::json::parse_error& error) {
        return "is no valid JSON at column " + std::to_string(error.byte);
    }
    if (!json.is_object()) return "must be a JSON object, not " + std::string(json.type_name());
    const auto text = [&](const char* key, std::string& out) -> std::optional<std::string> {
        const auto& value = json[key];
        if (!value.is_string())
            return "\"" + std::string(key) + "\" must be a text, not " + std::string(value.type_name());
        out = value.get<std::string>();
        return std::nullopt;
    };
    const bool hasText = json.contains("text"), hasPrompt = json.contains("prompt"),
               hasResponse = json.contains("response");
    if (hasText && (hasPrompt || hasResponse))
        return "has both \"text\" and \"prompt\" or \"response\"; which is meant?";
    if (hasText) {
        record.conversation = false;
        if (auto problem = text("text", record.text)) return problem;
        if (record.text.empty()) return "\"text\" is empty";
        return std::nullopt;
    }
    if (!hasPrompt && !hasResponse) return "has neither \"prompt\" and \"response\" nor \"text\"";
    if (!hasPrompt || !hasResponse) return std::string("has no \"") + (hasPrompt ? "response" : "prompt") + "\"";
    record.conversation = true;
    record.assertion.clear();
    if (auto problem = text("prompt", record.prompt)) return problem;
    if (auto problem = text("response", record.response)) return problem;
    if (json.contains("assertion"))
        if (auto problem = text("assertion", record.assertion)) return problem;
    if (record.prompt.empty()) return "\"prompt\" is empty";
    if (record.response.empty()) return "\"response\" is empty";
    return std::nullopt;
}

class JsonlReader : public RecordReader {
  public:
    explicit JsonlReader(ByteSource source) : m_source(std::move(source)) {}

    Result<ReadOutcome> next(Record& record, Refusal& refusal) override {
        while (true) {
            bool tooLong = false;
            if (!TRY(m_source.line(m_line, kLongestLine, tooLong))) return ReadOutcome::End;
            ++m_number;
            if (m_number == 1 && m_line.starts_with("\xef\xbb\xbf")) m_line.erase(0, 3);
            if (!tooLong && m_line.find_first_not_of(" \t\r") == std::string::npos) continue;
            const std::string place = m_source.path().string() + ":" + std::to_string(m_number);
            record.sourceBytes = m_line.size() + 1;
            const auto problem =
                tooLong ? "is longer than " + std::to_string(kLongestLine >> 20) + " MiB" : parseRecord(m_line, record);
            if (problem) {
                refusal = {place, *problem};
                return ReadOutcome::Refused;
            }
            record.place = place;
            return ReadOutcome::Taken;
        }
    }

  private:
    ByteSource m_source;
    std::string m_line;
    std::uint64_t m_number = 0;
};

class TextReader : public RecordReader {
  public:
    explicit TextReader(ByteSource source) : m_source(std::move(source)) {}

    Result<ReadOutcome> next(Record& record, Refusal& refusal) override {
        while (m_held.size() <= kTextDocument) {
            if (!TRY(m_source.some(m_held, kTextDocument + 1 - m_held.size()))) break;
        }
        if (m_held.empty()) return ReadOutcome::End;
        std::size_t cut = m_held.size();
        if (cut > kTextDocument) {
            cut = kTextDocument;
            if (const auto newline = m_held.rfind('\n', cut - 1); newline != std::string::npos)
                cut = newline + 1;
            else
                while (cut > kTextDocument - 4 && (static_cast<unsigned char>(m_held[cut]) & 0xc0) == 0x80) --cut;
        }
        record.conversation = false;
        record.text = m_held.substr(0, cut);
        record.place = m_source.path().string() + ":" + std::to_string(m_line);
        record.sourceBytes = cut;
        m_held.erase(0, cut);
        const std::uint64_t firstLine = m_line;
        m_line += static_cast<std::uint64_t>(std::count(record.text.begin(), record.text.end(), '\n'));
        if (const auto invalid = utf8FirstInvalid(record.text); invalid != std::string::npos) {
            const auto line =
                firstLine + static_cast<std::uint64_t>(std::count(
                                record.text.begin(), record.text.begin() + static_cast<std::ptrdiff_t>(invalid), '\n'));
            refusal = {m_source.path().string() + ":" + std::to_string(line), "is no valid UTF-8"};
            return ReadOutcome::Refused;
        }
        return ReadOutcome::Taken;
    }

  private:
    ByteSource m_source;
    std::string m_held;
    std::uint64_t m_line = 1;
};

class FilesReader : public RecordReader {
  public:
    FilesReader(fs::path folder, std::vector<std::string> files)
        : m_folder(std::move(folder)), m_files(std::move(files)) {}

    Result<ReadOutcome> next(Record& record, Refusal& refusal) override {
        if (m_next == m_files.size()) return ReadOutcome::End;
        record = {};
        record.name = m_files[m_next++];
        const fs::path path = m_folder / record.name;
        record.place = refusal.place = path.string();
        auto content = readFile(path, kLargestFile);
        if (!content.ok()) {  // gone meanwhile, unreadable, too large: the others can be read all the same
            refusal.reason = content.error().message;
            return ReadOutcome::Refused;
        }
        record.text = std::move(content).value();
        record.sourceBytes = record.text.size();
        if (record.text.empty()) {
            refusal.reason = "empty";
            return ReadOutcome::Skipped;
        }
        if (record.text.find('\0') != std::string::npos) {
            refusal.reason = "binary";
            return ReadOutcome::Skipped;
        }
        if (const auto invalid = utf8FirstInvalid(record.text); invalid != std::string::npos) {
            const auto line =
                1 + std::count(record.text.begin(), record.text.begin() + static_cast<std::ptrdiff_t>(invalid), '\n');
            refusal.place += ":" + std::to_string(line);
            refusal.reason = "is no valid UTF-8";
            return ReadOutcome::Refused;
        }
        return ReadOutcome::Taken;
    }

  private:
    fs::path m_folder;
    std::vector<std::string> m_files;
    std::size_t m_next = 0;
};

/// Folders of other people's code, or of what tools made: not what the owner wrote.
const std::set<std::string>& vendoredFolders() {
    static const std::set<std::string> names{"node_modules", "bower_components", "vendor", "third_party", "3rdparty",
                                             "__pycache__",  "site-packages",    "venv",   "virtualenv",  "CMakeFiles"};
    return names;
}

std::string lowerExtension(std::string text) {
    if (!text.empty() && text.front() == '.') text.erase(0, 1);
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

}  // namespace

Result<std::unique_ptr<RecordReader>> openJsonl(const fs::path& path) {
    std::unique_ptr<RecordReader> reader = std::make_unique<JsonlReader>(TRY(ByteSource::open(path)));
    return reader;
}

Result<std::unique_ptr<RecordReader>> openTextFile(const fs::path& path) {
    std::unique_ptr<RecordReader> reader = std::make_unique<TextReader>(TRY(ByteSource::open(path)));
    return reader;
}

std::unique_ptr<RecordReader> openFiles(fs::path folder, std::vector<std::string> files) {
    return std::make_unique<FilesReader>(std::move(folder), std::move(files));
}

const std::vector<std::string>& sourceExtensions() {
    static const std::vector<std::string> extensions{
        "py", "pyi", "c",   "h",  "cc",  "cpp", "cxx", "hpp", "hh", "cu",    "cuh", "rs",    "go", "java",
        "kt", "js",  "mjs", "ts", "tsx", "jsx", "rb",  "php", "pl", "lua",   "sh",  "bash",  "cs", "swift",
        "m",  "mm",  "ml",  "hs", "ex",  "exs", "erl", "jl",  "r",  "scala", "sql", "cmake", "zig"};
    return extensions;
}

Result<FolderListing> listFolder(const fs::path& given, const std::vector<std::string>& extensions) {
    const fs::path folder = given.has_filename() ? given : given.parent_path();  // "code/" is "code"
    std::set<std::string> wanted;
    for (const auto& extension : extensions.empty() ? sourceExtensions() : extensions)
        wanted.insert(lowerExtension(extension));
    FolderListing listing;
    std::error_code failure;
    fs::recursive_directory_iterator entry(folder, failure), end;
    if (failure) return errnoError("cannot list the folder", folder, failure.value());
    while (entry != end) {
        const std::string name = entry->path().filename().string();
        const auto status = entry->symlink_status(failure);
        if (failure) return errnoError("cannot examine", entry->path(), failure.value());
        const char* reason = nullptr;
        if (name.starts_with('.'))
            reason = "hidden";
        else if (fs::is_symlink(status))
            reason = "link";
        else if (fs::is_directory(status))
            reason = vendoredFolders().count(name) ? "vendored folder" : nullptr;
        else if (!fs::is_regular_file(status))
            reason = "no regular file";
        else if (!wanted.count(lowerExtension(entry->path().extension().string())))
            reason = "other extension";
        else {
            listing.files.push_back(entry->path().lexically_relative(folder).generic_string());
            const auto size = entry->file_size(failure);
            if (!failure) listing.bytes += size;
        }
        if (reason) {
            ++listing.skipped[reason];
            entry.disable_recursion_pending();
        }
        entry.increment(failure);
        if (failure) return errnoError("cannot list the folder", folder, failure.value());
    }
    std::sort(listing.files.begin(), listing.files.end());
    return listing;
}

}  // namespace distillix
