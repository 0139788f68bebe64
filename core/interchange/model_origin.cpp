// SPDX-License-Identifier: Apache-2.0
#include "core/interchange/model_origin.h"

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/sha256.h"
#include "core/base/version.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

constexpr const char* kOriginFile = "origin.json";
constexpr int kOriginVersion = 1;
constexpr std::uint64_t kLargestOrigin = 1 << 20;
constexpr int kMostBefore = 16;  ///< a model that was imported more often forgets its beginnings

Json readObject(const fs::path& file) {
    const auto text = readFile(file, kLargestOrigin);
    Json json = text.ok() ? parseJson(*text) : Json();
    return json.is_object() ? json : Json();
}

/// The name of a file or folder as a person gave it, be it "." or "folder/".
std::string nameOf(const fs::path& path) {
    std::error_code failure;
    const fs::path whole = fs::weakly_canonical(path, failure);
    return (failure ? path : whole).filename().string();
}

int depthOf(const Json& origin) {
    int depth = 0;
    for (const Json* at = &origin; at->is_object(); ++depth) {
        const auto before = at->find("before");
        if (before == at->end()) break;
        at = &*before;
    }
    return depth;
}

}  // namespace

Result<ModelOrigin> originOf(const fs::path& source, const std::string& format, const std::vector<fs::path>& files) {
    ModelOrigin origin;
    origin.source = nameOf(source);
    origin.format = format;
    for (const fs::path& path : files) {
        const MappedFile file = TRY(MappedFile::open(path));
        origin.files.push_back({nameOf(path), file.bytes().size(), sha256Hex(file.bytes())});
    }
    origin.imported = utcNow();
    origin.program = std::string("distillix ") + programVersion();
    std::error_code ignored;
    if (fs::is_directory(source, ignored)) origin.before = readObject(source / kOriginFile);
    if (depthOf(origin.before) >= kMostBefore) origin.before = nullptr;
    return origin;
}

Json modelOriginToJson(const ModelOrigin& origin) {
    Json files = Json::array();
    for (const auto& file : origin.files)
        files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    Json json = {{"formatVersion", kOriginVersion}, {"source", origin.source},
                 {"format", origin.format},         {"files", files},
                 {"imported", origin.imported},     {"program", origin.program}};
    if (origin.before.is_object()) json["before"] = origin.before;
    return json;
}

Result<void> saveModelOrigin(const fs::path& folder, const ModelOrigin& origin) {
    // Names of files may be any bytes.
    const std::string text = modelOriginToJson(origin).dump(2, ' ', false, Json::error_handler_t::replace);
    return writeFileAtomic(folder / kOriginFile, text + "\n");
}

std::optional<ModelOrigin> loadModelOrigin(const fs::path& folder) {
    const Json json = readObject(folder / kOriginFile);
    if (!json.is_object()) return {};
    ModelOrigin origin;
    origin.source = memberOr(json, "source", "");
    origin.format = memberOr(json, "format", "");
    origin.imported = memberOr(json, "imported", "");
    origin.program = memberOr(json, "program", "");
    if (const auto files = json.find("files"); files != json.end() && files->is_array())
        for (const Json& file : *files)
            origin.files.push_back(
                {memberOr(file, "name", ""), memberOr(file, "bytes", std::uint64_t{0}), memberOr(file, "sha256", "")});
    if (const auto before = json.find("before"); before != json.end() && before->is_object()) origin.before = *before;
    return origin;
}

}  // namespace distillix
