// SPDX-License-Identifier: Apache-2.0
#include "core/export/exporter.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/files.h"
#include "core/base/rng.h"
#include "core/data/dataset.h"
#include "core/data/stored_template.h"
#include "core/train/run_folder.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

constexpr int kWindow = 512;  // tokens of a sequence to compare on, where the model takes as many

/// What a model is compared on where there is no data of its own: prose, code, other scripts.
constexpr const char* kBuiltInText =
    "The old bridge had carried carts for two hundred years before anyone thought to measure it. When they did, the "
    "numbers were smaller than the stories: forty paces long, nine wide, and low enough that a tall rider bent his "
    "head.\n\ndef mean(values):\n    \"\"\"Return the arithmetic mean of a non-empty list.\"\"\"\n    total = 0\n"
    "    for value in values:\n        total += value\n    return total / len(values)\n\n\nclass Counter:\n"
    "    def __init__(self):\n        self.counts = {}\n\n    def add(self, key):\n"
    "        self.counts[key] = self.counts.get(key, 0) + 1\n\nEin Satz auf Deutsch, une phrase en français, "
    "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xb0 \xd1\x81\xd0\xbb\xd0\xbe\xd0\xb2, "
    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87\xe3\x80\x82 1984, 3.14159, 10%.\n";

/// Cuts ids into sequences that each begin with BOS.
HeldOutText windowsOf(const std::vector<std::int32_t>& ids, int bos, int window, std::int64_t positions,
                      std::string source) {
    HeldOutText text;
    text.source = std::move(source);
    const std::size_t step = static_cast<std::size_t>(std::max(1, window - (bos >= 0)));
    for (std::size_t at = 0; at < ids.size() && static_cast<std::int64_t>(at) < positions; at += step) {
        std::vector<std::int32_t> part;
        if (bos >= 0) part.push_back(bos);
        const std::size_t end = std::min(ids.size(), at + step);
        part.insert(part.end(), ids.begin() + static_cast<std::ptrdiff_t>(at),
                    ids.begin() + static_cast<std::ptrdiff_t>(end));
        if (part.size() < 2) break;
        const int tokens = static_cast<int>(part.size());
        text.tokens = std::max(text.tokens, tokens);
        text.batches.push_back(batchFromIds(1, tokens, std::move(part)));
    }
    return text;
}

/// Every value that was read back against what was to be written.
Result<void> checkValues(const ExportPlan& plan, const ModelValues& expected, const ModelValues& back) {
    const ParameterLayout layout(expected.config);
    if (back.values.size() != layout.total)
        return makeError(ErrorCode::Internal, "what was read back has another number of weights than what was written");
    for (const PlannedTensor& tensor : plan.tensors) {
        const Parameter& p = *layout.find(tensor.parameter);
        const auto rows = static_cast<std::size_t>(p.rows), cols = static_cast<std::size_t>(p.cols);
        for (std::size_t r = 0; r < rows; ++r) {
            const float* want = expected.values.data() + p.offset + r * cols;
            const float* got = back.values.data() + p.offset + r * cols;
            float largest = 0;
            for (std::size_t c = 0; c < cols; ++c) largest = std::max(largest, std::fabs(want[c]));
            const double base = tensor.tolerance.ofLargest * largest + tensor.tolerance.absolute;
            for (std::size_t c = 0; c < cols; ++c) {
                const double allowed = tensor.tolerance.relative * std::fabs(want[c]) + base;
                // Written so that a NaN fails.
                if (!(std::fabs(static_cast<double>(want[c]) - got[c]) <= allowed))
                    return makeError(ErrorCode::Unsupported,
                                     "row " + std::to_string(r) + ", column " + std::to_string(c) + " is " +
                                         std::to_string(want[c]) + " in the model and " + std::to_string(got[c]) +
                                         " in the export: " + tensor.type +
                                         " cannot hold it; another type can (F32 always), and nothing was written",
                                     "tensor \"" + tensor.name + "\"");
            }
        }
    }
    return {};
}

Result<std::vector<PlannedFile>> measuredFiles(const fs::path& folder) {
    std::vector<PlannedFile> files;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(folder, failure))
        files.push_back({entry.path().filename().string(), entry.file_size(failure)});
    if (failure) return errnoError("cannot read", folder, failure.value());
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return files;
}

}  // namespace

std::uint64_t ExportPlan::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& file : files) sum += file.bytes;
    return sum;
}

nlohmann::ordered_json ExportPlan::types() const {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const PlannedTensor& tensor : tensors) {
        auto& entry = json[tensor.type];
        if (entry.is_null()) entry = {{"tensors", 0}, {"weights", 0}, {"bytes", 0}};
        entry["tensors"] = entry["tensors"].get<std::uint64_t>() + 1;
        entry["weights"] = entry["weights"].get<std::uint64_t>() + tensor.elements;
        entry["bytes"] = entry["bytes"].get<std::uint64_t>() + tensor.bytes;
    }
    return json;
}

Result<ExportSource> ExportSource::open(const fs::path& folder, const std::string& name) {
    ExportSource source;
    source.folder = folder;
    source.config = TRY(loadModelConfig(folder / "config.json"));
    std::error_code ignored;
    if (fs::exists(folder / "tokenizer.model", ignored)) {
        source.tokenizer = TRY(Tokenizer::load(folder / "tokenizer.model"));
        if (source.tokenizer->size() != source.config.vocabSize)
            return makeError(ErrorCode::InvalidData,
                             "the model has vocab_size " + std::to_string(source.config.vocabSize) +
                                 ", but its tokenizer has " + std::to_string(source.tokenizer->size()) +
                                 " pieces; other programs need them to be equal",
                             folder.string());
        const StoredTemplate stored = TRY(loadStoredTemplate(folder));
        const ChosenTemplate chosen = TRY(chooseTemplate(*source.tokenizer, stored, "auto"));
        source.templateName = chosen.name();
        source.chatTemplate = stored.jinja;
        if (chosen.chat) {
            if (source.chatTemplate.empty()) source.chatTemplate = chosen.chat->jinja();
            source.stops = chosen.chat->stopStrings();
            for (const std::int32_t id : chosen.chat->stopTokens()) source.stops.push_back(source.tokenizer->piece(id));
        }
    }
    // RUN/checkpoints/step-N
    const fs::path absolute = fs::absolute(folder, ignored).lexically_normal();
    const fs::path above = absolute.parent_path().parent_path();
    if (absolute.parent_path().filename() == "checkpoints" && fs::exists(above / "run.json", ignored))
        source.run = above;
    source.name = name;
    if (source.name.empty() && !source.run.empty()) {
        auto info = readRunInfo(source.run);
        if (info.ok()) source.name = info->name;
    }
    if (source.name.empty()) source.name = (source.run.empty() ? absolute : source.run).filename().string();
    return source;
}

const std::vector<const ExportFormat*>& exportFormats() {
    static const auto owned = [] {
        std::vector<std::unique_ptr<ExportFormat>> formats;
        formats.push_back(makeGgufFormat());
        formats.push_back(makeHuggingFaceFormat());
        formats.push_back(makeSafetensorsFormat());
        formats.push_back(makePtFormat());
        return formats;
    }();
    static const auto formats = [] {
        std::vector<const ExportFormat*> all;
        for (const auto& format : owned) all.push_back(format.get());
        return all;
    }();
    return formats;
}

Result<const ExportFormat*> findExportFormat(const std::string& name) {
    std::string known;
    for (const ExportFormat* format : exportFormats()) {
        if (name == format->name()) return format;
        known += (known.empty() ? "" : ", ") + std::string(format->name());
    }
    return makeError(ErrorCode::InvalidArgument, "there is no format \"" + name + "\"; there are " + known);
}

Result<HeldOutText> heldOutText(const ExportSource& source, const fs::path& datasetGiven, std::int64_t positions) {
    const int window = std::min(kWindow, source.config.maxSeqLen);
    if (positions < 1 || window < 2)
        return makeError(ErrorCode::InvalidArgument, "there must be at least one position to compare at");
    fs::path dataset = datasetGiven;
    if (dataset.empty() && !source.run.empty()) {
        auto info = readRunInfo(source.run);
        std::error_code ignored;
        if (info.ok() && fs::exists(fs::path(info->datasetPath) / "dataset.json", ignored)) dataset = info->datasetPath;
    }
    if (!dataset.empty() && source.tokenizer) {
        const TokenDataset validation = TRY(TokenDataset::open(dataset, "validation"));
        if (validation.tokenizerHash() != source.tokenizer->hash()) {
            if (!datasetGiven.empty())
                return makeError(ErrorCode::InvalidData, "was imported with another tokenizer than the model's",
                                 dataset.string());
        } else if (validation.documents() > 0) {
            HeldOutText text;
            text.tokens = window;
            text.source = "the validation part of " + dataset.string();
            text.batches = BatchLoader(validation, 1, window, 0).onePass(positions, std::min(64, window - 1));
            return text;
        }
    }
    if (!datasetGiven.empty())
        return makeError(ErrorCode::InvalidArgument,
                         source.tokenizer ? "has no validation part to compare on"
                                          : "cannot be compared on: the model has no tokenizer",
                         datasetGiven.string());
    if (source.tokenizer) {
        return windowsOf(source.tokenizer->encode(kBuiltInText), source.tokenizer->bos(), window, positions,
                         "a short text of the program's own");
    }
    Rng rng(1, 0);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(std::min<std::int64_t>(positions, 1024)));
    for (auto& id : ids) id = static_cast<std::int32_t>(rng.uniform() * source.config.vocabSize);
    return windowsOf(ids, -1, window, positions, "random token ids (the model has no tokenizer)");
}

Result<ExportReport> exportModel(Backend& backend, const ExportFormat& format, const ExportJob& job,
                                 const ExportRequest& request, StopToken stop,
                                 const std::function<void(const char*, double, double)>& progress) {
    std::error_code ignored;
    const bool exists = fs::symlink_status(request.out, ignored).type() != fs::file_type::not_found;
    if (exists && (format.isFolder() || !request.overwrite || !fs::is_regular_file(request.out, ignored)))
        return makeError(
            ErrorCode::AlreadyExists,
            format.isFolder() ? "exists already and is not replaced" : "exists already; --overwrite replaces a file",
            request.out.string());
    const HeldOutText text = TRY(heldOutText(job.source, request.dataset, request.positions));
    const auto cancelled = [] { return makeError(ErrorCode::Cancelled, "stopped; nothing was written"); };

    progress("read", 0, 1);
    const ModelValues latent = TRY(loadModelValues(backend, job.source.folder));
    progress("read", 1, 1);
    if (stop.raised()) return cancelled();

    // A folder of its own beside the place; what a file's export consists of is moved out of it at the end.
    fs::path stagingName = request.out;
    if (!format.isFolder()) stagingName += ".export";
    AtomicFolder staging = TRY(AtomicFolder::create(stagingName));
    const fs::path target = format.isFolder() ? staging.path() : staging.path() / request.out.filename();
    progress("write", 0, 1);
    ModelValues back;
    {
        const ModelValues expected = TRY(format.expected(job, latent));
        TRY_VOID(format.write(job, expected, target));
        progress("write", 1, 1);
        if (stop.raised()) return cancelled();
        back = TRY(format.readBack(job, target));
        TRY_VOID(checkValues(job.plan, expected, back));
    }
    ExportReport report;
    report.out = request.out;
    report.text = text.source;
    const auto total = static_cast<double>(text.batches.size());
    report.difference =
        TRY(compareModels(backend, latent, back, text.batches, text.tokens, stop,
                          [&](std::size_t done) { progress("verify", static_cast<double>(done), total); }));
    if (!report.difference.finite)
        return makeError(ErrorCode::Internal, "the exported model's logits are not finite; nothing was written");
    TRY_VOID(format.finish(job, report, target));
    report.files = TRY(measuredFiles(staging.path()));
    for (const auto& file : report.files) report.bytes += file.bytes;
    if (format.isFolder()) {
        TRY_VOID(staging.commit());
        return report;
    }
    // The files were synced when they were written. The model comes last: where it stands, all of it does.
    const fs::path parent = request.out.parent_path().empty() ? fs::path(".") : request.out.parent_path();
    std::vector<fs::path> moves;
    for (const auto& file : report.files)
        if (file.name != target.filename()) moves.emplace_back(file.name);
    moves.emplace_back(target.filename());
    for (const fs::path& name : moves) {
        const fs::path place = parent / name;
        if (name != target.filename() && !request.overwrite && fs::exists(place, ignored))
            return makeError(ErrorCode::AlreadyExists, "exists already; --overwrite replaces a file", place.string());
    }
    for (const fs::path& name : moves) {
        std::error_code failure;
        fs::rename(staging.path() / name, parent / name, failure);
        if (failure) return errnoError("cannot rename into place", parent / name, failure.value());
    }
    TRY_VOID(syncFolder(parent));
    return report;
}

}  // namespace distillix
