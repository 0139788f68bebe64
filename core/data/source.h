// SPDX-License-Identifier: Apache-2.0
// What one source of an import is, found out by its name and its first records, and how it is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/folder.h"
#include "core/data/mapping.h"
#include "core/data/records.h"

namespace distillix {

struct SourceOptions {
    std::optional<SourceFormat> format;   ///< of files; none: by name and first bytes
    char delimiter = 0;                   ///< of CSV; 0: the commonest of , ; | and tab in the header line
    std::vector<std::string> extensions;  ///< of a folder's files; empty: sourceExtensions()
    MappingOptions mapping;
};

struct SourcePlan {
    std::filesystem::path path;
    SourceFormat format = SourceFormat::Text;
    Compression compression = Compression::None;
    TextEncoding encoding = TextEncoding::Utf8;
    char delimiter = 0;                           ///< of CSV
    std::string recordsKey;                       ///< of JSON: see readJson()
    std::vector<std::string> header;              ///< of CSV
    FolderListing listing;                        ///< of a folder
    std::uint64_t bytes = 0;                      ///< on the disk
    ColumnMapping mapping;                        ///< of most of the first records; automatic where none is understood
    std::map<std::string, std::uint64_t> shapes;  ///< of the first records, by name
};

/// Looks at a file or folder. NotFound, or as ByteSource::open() fails; InvalidData for CSV whose header cannot be
/// read.
Result<SourcePlan> planSource(const std::filesystem::path& path, const SourceOptions& options);
/// Opens it for reading from its first record on (behind the header of CSV).
Result<std::unique_ptr<RecordReader>> openSource(const SourcePlan& plan);
RecordParser parserOf(const SourcePlan& plan, const SourceOptions& options);

}  // namespace distillix
