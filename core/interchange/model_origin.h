// SPDX-License-Identifier: Apache-2.0
// Where an imported model came from: origin.json in its folder (import_model.md). A note for people, which nothing
// computes with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace distillix {

struct ModelOrigin {
    struct File {
        std::string name;  ///< without its folder: a model folder goes from hand to hand
        std::uint64_t bytes = 0;
        std::string sha256;  ///< 64 hex digits
    };
    std::string source;       ///< name of the file or folder that was given
    std::string format;       ///< ModelImportReport::format
    std::vector<File> files;  ///< those that the weights come from
    std::string imported;     ///< UTC, "2025-01-31T12:00:00.000Z"
    std::string program;      ///< "distillix 0.1.0"
    /// Where the source itself had come from, if it was a model folder that says so: origin.json as it stood there.
    nlohmann::ordered_json before;
};

/// Hashes the files: a gigabyte takes some seconds.
Result<ModelOrigin> originOf(const std::filesystem::path& source, const std::string& format,
                             const std::vector<std::filesystem::path>& files);
nlohmann::ordered_json modelOriginToJson(const ModelOrigin& origin);
Result<void> saveModelOrigin(const std::filesystem::path& folder, const ModelOrigin& origin);
/// What `folder` says of itself; none where it says nothing, or nothing that can be read: it may be anybody's.
std::optional<ModelOrigin> loadModelOrigin(const std::filesystem::path& folder);

}  // namespace distillix
