// SPDX-License-Identifier: Apache-2.0
#include "core/data/dataset.h"

#include "core/data/records.h"

namespace distillix {
namespace {

constexpr const char* kFormat = "distillix-dataset";
constexpr int kVersion = 1;

nlohmann::ordered_json countsToJson(const SplitCounts& counts) {
    return {{"documents", counts.documents},
            {"tokens", counts.tokens},
            {"labels", counts.labels},
            {"text_bytes", counts.textBytes},
            {"longest_document", counts.longest},
            {"crc32c", counts.checksum}};
}

SplitCounts countsFromJson(const nlohmann::ordered_json& json) {
    return {json.at("documents").get<std::uint64_t>(),        json.at("tokens").get<std::uint64_t>(),
            json.at("labels").get<std::uint64_t>(),           json.at("text_bytes").get<std::uint64_t>(),
            json.at("longest_document").get<std::uint64_t>(), json.at("crc32c").get<std::uint32_t>()};
}

}  // namespace

nlohmann::ordered_json datasetInfoToJson(const DatasetInfo& info) {
    return {{"format", kFormat},
            {"version", kVersion},
            {"sources", info.sources},
            {"kind", info.kind},
            {"template", info.chatTemplate},
            {"tokenizer",
             {{"file", "tokenizer.model"},
              {"sha256", info.tokenizerHash},
              {"pieces", info.vocabSize},
              {"trained", info.tokenizerTrained}}},
            {"splits", {{"train", countsToJson(info.train)}, {"validation", countsToJson(info.validation)}}},
            {"held_out_prompts", info.heldOutPrompts},
            {"refused_records", info.refusedRecords},
            {"skipped_files", info.skippedFiles}};
}

Result<DatasetInfo> loadDatasetInfo(const std::filesystem::path& datasetFolder) {
    const auto path = datasetFolder / "dataset.json";
    const std::string text = TRY(readFile(path, 16u << 20));
    const auto bad = [&](const std::string& what) { return makeError(ErrorCode::InvalidData, what, path.string()); };
    try {
        const auto json = nlohmann::ordered_json::parse(text);
        if (!json.is_object() || json.value("format", "") != kFormat) return bad("is no dataset of this program");
        if (json.at("version").get<int>() != kVersion)
            return makeError(ErrorCode::Unsupported,
                             "is of version " + json.at("version").dump() + "; this program reads version 1",
                             path.string());
        DatasetInfo info;
        info.sources = json.at("sources").get<std::vector<std::string>>();
        info.kind = json.at("kind").get<std::string>();
        info.chatTemplate = json.at("template").get<std::string>();
        const auto& tokenizer = json.at("tokenizer");
        info.tokenizerHash = tokenizer.at("sha256").get<std::string>();
        info.vocabSize = tokenizer.at("pieces").get<int>();
        info.tokenizerTrained = tokenizer.at("trained").get<bool>();
        info.train = countsFromJson(json.at("splits").at("train"));
        info.validation = countsFromJson(json.at("splits").at("validation"));
        info.heldOutPrompts = json.at("held_out_prompts").get<std::uint64_t>();
        info.refusedRecords = json.at("refused_records").get<std::uint64_t>();
        info.skippedFiles = json.at("skipped_files").get<std::map<std::string, std::uint64_t>>();
        return info;
    } catch (const std::exception& error) {
        return bad(std::string("is damaged: ") + error.what());
    }
}

nlohmann::ordered_json heldOutPromptToJson(const HeldOutPrompt& prompt) {
    nlohmann::ordered_json json{{"prompt", prompt.prompt}, {"response", prompt.response}};
    if (!prompt.assertion.empty()) json["assertion"] = prompt.assertion;
    return json;
}

Result<std::vector<HeldOutPrompt>> loadHeldOutPrompts(const std::filesystem::path& datasetFolder, std::size_t limit) {
    std::vector<HeldOutPrompt> prompts;
    const auto path = datasetFolder / "validation.jsonl";
    std::error_code missing;
    if (!std::filesystem::exists(path, missing)) return prompts;
    const auto reader = TRY(openJsonl(path));
    Record record;
    Refusal refusal;
    while (limit == 0 || prompts.size() < limit) {
        const ReadOutcome outcome = TRY(reader->next(record, refusal));
        if (outcome == ReadOutcome::End) break;
        if (outcome == ReadOutcome::Refused) return makeError(ErrorCode::InvalidData, refusal.reason, refusal.place);
        if (record.conversation) prompts.push_back({record.prompt, record.response, record.assertion});
    }
    return prompts;
}

}  // namespace distillix
