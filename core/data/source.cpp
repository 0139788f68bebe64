// SPDX-License-Identifier: Apache-2.0
#include "core/data/source.h"

#include <algorithm>

namespace distillix {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kHead = std::size_t{1} << 20;  ///< of a JSON file, looked at to find out how it is made up
constexpr int kSampleRecords = 64;
constexpr std::size_t kDetectionBytes = std::size_t{4} << 20;

std::string lowerName(const fs::path& path) {
    std::string name = path.filename().string();
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return name;
}

SourceFormat formatByName(const fs::path& path) {
    const std::string extension = fs::path(lowerName(withoutCompressionSuffix(lowerName(path)))).extension().string();
    if (extension == ".jsonl" || extension == ".ndjson") return SourceFormat::Jsonl;
    if (extension == ".json") return SourceFormat::Json;
    if (extension == ".csv" || extension == ".tsv" || extension == ".tab") return SourceFormat::Csv;
    return SourceFormat::Text;
}

/// The first `limit` bytes of a file's text.
Result<std::string> headOf(const fs::path& path, std::size_t limit) {
    ByteSource source = TRY(ByteSource::open(path));
    std::string head;
    while (head.size() < limit) {
        const std::string_view block = TRY(source.block());
        if (block.empty()) break;
        head += block.substr(0, limit - head.size());
    }
    return head;
}

/// *.json holds one array, one object with an array in it, or one object a line.
Result<void> lookIntoJson(SourcePlan& plan, const SourceOptions& options) {
    const std::string head = TRY(headOf(plan.path, kHead));
    const auto first = head.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || head[first] == '[') return {};
    if (head[first] != '{') {
        plan.format = SourceFormat::Jsonl;
        return {};
    }
    RawRecord line;
    line.bytes = head.substr(first, head.find('\n', first) - first);
    RecordParser::Scratch scratch;
    ColumnMapping ignored;
    Refusal refusal;
    if (RecordParser(options.mapping, SourceFormat::Jsonl, {}).detect(line, scratch, ignored, refusal)) {
        plan.format = SourceFormat::Jsonl;
        return {};
    }
    plan.recordsKey = recordsKeyOf(std::string_view(head).substr(first));
    // Objects a line all the same, of which the first is not understood; else values over several lines.
    if (plan.recordsKey.empty() && head.find('\n', first) != std::string::npos &&
        !RecordParser(options.mapping, SourceFormat::Jsonl, {}).cells(line, scratch).empty())
        plan.format = SourceFormat::Jsonl;
    return {};
}

Result<char> delimiterOf(const fs::path& path) {
    const std::string extension = fs::path(lowerName(withoutCompressionSuffix(lowerName(path)))).extension().string();
    if (extension == ".tsv" || extension == ".tab") return '\t';
    const std::string head = TRY(headOf(path, std::size_t{1} << 16));
    constexpr char kDelimiters[] = {',', ';', '\t', '|'};
    std::size_t counts[4] = {};
    bool quoted = false;
    for (const char c : head) {
        if (c == '"') quoted = !quoted;
        if (c == '\n' && !quoted) break;
        for (std::size_t i = 0; i < 4; ++i) counts[i] += !quoted && c == kDelimiters[i];
    }
    return kDelimiters[std::max_element(counts, counts + 4) - counts];
}

Result<std::unique_ptr<RecordReader>> openAtHeader(const SourcePlan& plan) {
    if (plan.format == SourceFormat::Folder) return readFiles(plan.path, plan.listing.files);
    ByteSource source = TRY(ByteSource::open(plan.path));
    switch (plan.format) {
        case SourceFormat::Jsonl:
            return readJsonl(std::move(source));
        case SourceFormat::Json:
            return readJson(std::move(source), plan.recordsKey);
        case SourceFormat::Csv:
            return readCsv(std::move(source), plan.delimiter);
        default:
            return readText(std::move(source));
    }
}

Result<void> readHeader(SourcePlan& plan) {
    const auto reader = TRY(openAtHeader(plan));
    RawRecord header;
    if (!TRY(reader->next(header))) return {};
    if (header.state != RawRecord::State::Whole)
        return makeError(ErrorCode::InvalidData, "its header " + header.refusal.reason, header.refusal.place());
    for (const auto& field : header.fields) {
        std::string name = header.bytes.substr(field.begin, field.length);
        const auto begin = name.find_first_not_of(" \t"), end = name.find_last_not_of(" \t");
        plan.header.push_back(begin == std::string::npos ? std::string() : name.substr(begin, end - begin + 1));
    }
    return {};
}

Result<void> lookAtRecords(SourcePlan& plan, const SourceOptions& options) {
    const auto reader = TRY(openSource(plan));
    const RecordParser parser(options.mapping, plan.format, plan.header);
    RecordParser::Scratch scratch;
    std::map<std::string, ColumnMapping> mappings;
    RawRecord raw;
    std::size_t bytes = 0;
    for (int i = 0; i < kSampleRecords && bytes < kDetectionBytes && TRY(reader->next(raw)); ++i) {
        bytes += raw.bytes.size();
        ColumnMapping mapping;
        Refusal refusal;
        if (!parser.detect(raw, scratch, mapping, refusal)) continue;
        const std::string shape = recordShapeName(mapping.shape);
        ++plan.shapes[shape];
        mappings.emplace(shape, mapping);
    }
    std::uint64_t most = 0;
    for (const auto& [shape, count] : plan.shapes)
        if (count > most) {
            most = count;
            plan.mapping = mappings[shape];
        }
    return {};
}

}  // namespace

Result<SourcePlan> planSource(const fs::path& path, const SourceOptions& options) {
    SourcePlan plan;
    plan.path = path;
    std::error_code failure;
    const auto status = fs::status(path, failure);
    if (!fs::exists(status)) return makeError(ErrorCode::NotFound, "there is no such file or folder", path.string());
    if (fs::is_directory(status)) {
        plan.format = SourceFormat::Folder;
        plan.listing = TRY(listFolder(path, options.extensions));
        plan.bytes = plan.listing.bytes;
        plan.mapping.shape = RecordShape::Text;
        return plan;
    }
    {
        const ByteSource source = TRY(ByteSource::open(path));
        plan.compression = source.compression();
        plan.encoding = source.encoding();
    }
    const auto size = fs::file_size(path, failure);
    if (!failure) plan.bytes = size;
    plan.format = options.format.value_or(formatByName(path));
    if (plan.format == SourceFormat::Json) TRY_VOID(lookIntoJson(plan, options));
    if (plan.format == SourceFormat::Csv) {
        plan.delimiter = options.delimiter ? options.delimiter : TRY(delimiterOf(path));
        TRY_VOID(readHeader(plan));
    }
    if (plan.format == SourceFormat::Text)
        plan.mapping.shape = RecordShape::Text;
    else
        TRY_VOID(lookAtRecords(plan, options));
    return plan;
}

Result<std::unique_ptr<RecordReader>> openSource(const SourcePlan& plan) {
    std::unique_ptr<RecordReader> reader = TRY(openAtHeader(plan));
    RawRecord header;
    if (plan.format == SourceFormat::Csv) TRY(reader->next(header));
    return reader;
}

RecordParser parserOf(const SourcePlan& plan, const SourceOptions& options) {
    return RecordParser(options.mapping, plan.format, plan.header, plan.mapping);
}

}  // namespace distillix
