// SPDX-License-Identifier: Apache-2.0
// What a folder of code holds for an import: which files, of which languages, and which of them nobody wrote by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace distillix {

struct FolderListing {
    std::vector<std::string> files;  ///< relative, '/' between, in byte order
    std::uint64_t bytes = 0;
    std::map<std::string, std::uint64_t> skipped;  ///< by reason: "hidden", "vendored folder", "other extension", …
};

/// Walks `folder`, links not followed. `extensions` as "py" or ".py", compared without case and without a packed file's
/// ".gz" or ".zst" (and with the whole name of a file that has none: "makefile"); empty: sourceExtensions().
Result<FolderListing> listFolder(const std::filesystem::path& folder, const std::vector<std::string>& extensions);
/// Of the languages below.
const std::vector<std::string>& sourceExtensions();
/// "Python" of "src/a.py" and "src/a.py.gz"; empty where it is no code.
std::string languageOf(const std::filesystem::path& path);
/// Whether a file says that a tool made it ("@generated", "DO NOT EDIT", … in its first lines), or has lines as no
/// person writes them (minified code: over 1,000 characters a line on average).
bool looksGenerated(std::string_view text);

}  // namespace distillix
