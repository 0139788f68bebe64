// SPDX-License-Identifier: Apache-2.0
#include "core/data/dataset.h"

#include <cmath>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/data/byte_source.h"

namespace distillix {
namespace {

constexpr const char* kFormat = "distillix-dataset";
constexpr int kVersion = 2;
constexpr std::size_t kLongestLine = std::size_t{64} << 20;  ///< of validation.jsonl

using Json = nlohmann::ordered_json;

Json countsToJson(const SplitCounts& counts) {
    return {{"documents", counts.documents},
            {"tokens", counts.tokens},
            {"labels", counts.labels},
            {"text_bytes", counts.textBytes},
            {"longest_document", counts.longest},
            {"crc32c", counts.checksum}};
}

SplitCounts countsFromJson(const Json& json) {
    return {json.at("documents").get<std::uint64_t>(),        json.at("tokens").get<std::uint64_t>(),
            json.at("labels").get<std::uint64_t>(),           json.at("text_bytes").get<std::uint64_t>(),
            json.at("longest_document").get<std::uint64_t>(), json.at("crc32c").get<std::uint32_t>()};
}

Json sourceToJson(const SourceInfo& source) {
    return {{"path", source.path},
            {"format", source.format},
            {"compression", source.compression},
            {"encoding", source.encoding},
            {"shape", source.shape},
            {"columns", source.columns},
            {"validation", source.validation},
            {"bytes", source.bytes},
            {"xxh3_128", source.digest},
            {"records", source.records},
            {"refused", source.refused},
            {"duplicates", source.duplicates}};
}

SourceInfo sourceFromJson(const Json& json) {
    SourceInfo source;
    if (json.is_string()) {  // version 1
        source.path = json.get<std::string>();
        return source;
    }
    json.at("path").get_to(source.path);
    json.at("format").get_to(source.format);
    json.at("compression").get_to(source.compression);
    json.at("encoding").get_to(source.encoding);
    json.at("shape").get_to(source.shape);
    json.at("columns").get_to(source.columns);
    json.at("validation").get_to(source.validation);
    json.at("bytes").get_to(source.bytes);
    json.at("xxh3_128").get_to(source.digest);
    json.at("records").get_to(source.records);
    json.at("refused").get_to(source.refused);
    json.at("duplicates").get_to(source.duplicates);
    return source;
}

Json statisticsToJson(const SplitStatistics& statistics, const SplitCounts& counts) {
    const LengthStatistics& t = statistics.tokens;
    Json json = {{"tokens_per_document",
                  {{"shortest", t.shortest},
                   {"p10", t.p10},
                   {"p25", t.p25},
                   {"p50", t.p50},
                   {"p75", t.p75},
                   {"p90", t.p90},
                   {"p95", t.p95},
                   {"p99", t.p99},
                   {"longest", t.longest},
                   {"mean", t.mean}}},
                 {"all_text_bytes", statistics.allTextBytes}};
    if (counts.tokens > 0)
        json["bytes_per_token"] =
            std::round(1000.0 * static_cast<double>(statistics.allTextBytes) / static_cast<double>(counts.tokens)) /
            1000;
    return json;
}

SplitStatistics statisticsFromJson(const Json& json) {
    SplitStatistics statistics;
    LengthStatistics& t = statistics.tokens;
    const auto& lengths = json.at("tokens_per_document");
    lengths.at("shortest").get_to(t.shortest);
    lengths.at("p10").get_to(t.p10);
    lengths.at("p25").get_to(t.p25);
    lengths.at("p50").get_to(t.p50);
    lengths.at("p75").get_to(t.p75);
    lengths.at("p90").get_to(t.p90);
    lengths.at("p95").get_to(t.p95);
    lengths.at("p99").get_to(t.p99);
    lengths.at("longest").get_to(t.longest);
    lengths.at("mean").get_to(t.mean);
    json.at("all_text_bytes").get_to(statistics.allTextBytes);
    return statistics;
}

}  // namespace

Json datasetInfoToJson(const DatasetInfo& info) {
    Json sources = Json::array(), languages = Json::object(), padding = Json::object();
    for (const SourceInfo& source : info.sources) sources.push_back(sourceToJson(source));
    for (const auto& [name, counts] : info.languages)
        languages[name] = {{"documents", counts.documents}, {"bytes", counts.bytes}, {"tokens", counts.tokens}};
    for (const auto& [tokens, share] : info.paddingShares) padding[std::to_string(tokens)] = share;
    return {{"format", kFormat},
            {"version", kVersion},
            {"sources", sources},
            {"content_xxh3_128", info.contentDigest},
            {"options", info.options},
            {"kind", info.kind},
            {"template", info.chatTemplate},
            {"prompts_learnt", info.promptsLearnt},
            {"tokenizer",
             {{"file", "tokenizer.model"},
              {"sha256", info.tokenizerHash},
              {"pieces", info.vocabSize},
              {"trained", info.tokenizerTrained},
              {"text_bytes", info.tokenizerTextBytes},
              {"sample_bytes", info.tokenizerSampleBytes}}},
            {"splits", {{"train", countsToJson(info.train)}, {"validation", countsToJson(info.validation)}}},
            {"statistics",
             {{"train", statisticsToJson(info.trainStatistics, info.train)},
              {"validation", statisticsToJson(info.validationStatistics, info.validation)}}},
            {"languages", languages},
            {"padding_share", padding},
            {"fill_in_middle", {{"rate", info.fillInMiddleRate}, {"documents", info.fillInMiddleDocuments}}},
            {"held_out_prompts", info.heldOutPrompts},
            {"duplicates", info.duplicates},
            {"duplicates_forgotten", info.duplicatesForgotten},
            {"refused_records", info.refusedRecords},
            {"refused_by_reason", info.refusedByReason},
            {"skipped_files", info.skippedFiles}};
}

Result<DatasetInfo> loadDatasetInfo(const std::filesystem::path& datasetFolder) {
    const auto path = datasetFolder / "dataset.json";
    const std::string text = TRY(readFile(path, 16u << 20));
    const auto bad = [&](const std::string& what) { return makeError(ErrorCode::InvalidData, what, path.string()); };
    try {
        const auto json = parseJson(text);
        if (json.is_discarded()) return bad("is damaged: it is no JSON, or none of ours");
        if (!json.is_object() || json.value("format", "") != kFormat) return bad("is no dataset of this program");
        const int version = json.at("version").get<int>();
        if (version < 1 || version > kVersion)
            return makeError(ErrorCode::Unsupported,
                             "is of version " + json.at("version").dump() + "; this program reads versions 1 and 2",
                             path.string());
        DatasetInfo info;
        for (const auto& source : json.at("sources")) info.sources.push_back(sourceFromJson(source));
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
        if (version == 1) return info;
        json.at("content_xxh3_128").get_to(info.contentDigest);
        info.options = json.at("options");
        json.at("prompts_learnt").get_to(info.promptsLearnt);
        tokenizer.at("text_bytes").get_to(info.tokenizerTextBytes);
        tokenizer.at("sample_bytes").get_to(info.tokenizerSampleBytes);
        info.trainStatistics = statisticsFromJson(json.at("statistics").at("train"));
        info.validationStatistics = statisticsFromJson(json.at("statistics").at("validation"));
        for (const auto& [name, counts] : json.at("languages").items())
            info.languages[name] = {counts.at("documents").get<std::uint64_t>(),
                                    counts.at("bytes").get<std::uint64_t>(), counts.at("tokens").get<std::uint64_t>()};
        for (const auto& [tokens, share] : json.at("padding_share").items())
            info.paddingShares[std::stoi(tokens)] = share.get<double>();
        json.at("fill_in_middle").at("rate").get_to(info.fillInMiddleRate);
        json.at("fill_in_middle").at("documents").get_to(info.fillInMiddleDocuments);
        json.at("duplicates").get_to(info.duplicates);
        json.at("duplicates_forgotten").get_to(info.duplicatesForgotten);
        json.at("refused_by_reason").get_to(info.refusedByReason);
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
    LineSource lines(TRY(ByteSource::open(path)));
    std::string line;
    for (std::uint64_t number = 1; limit == 0 || prompts.size() < limit; ++number) {
        bool tooLong = false, whole = true;
        if (!TRY(lines.next(line, kLongestLine, tooLong, whole))) break;
        const auto json = Json::parse(line, nullptr, false);
        if (tooLong || !json.is_object() || !json.contains("prompt") || !json["prompt"].is_string() ||
            !json.contains("response") || !json["response"].is_string())
            return makeError(ErrorCode::InvalidData, "is no held-out prompt with its response",
                             path.string() + ":" + std::to_string(number));
        prompts.push_back({json["prompt"].get<std::string>(), json["response"].get<std::string>(), {}});
        if (const auto found = json.find("assertion"); found != json.end() && found->is_string())
            prompts.back().assertion = found->get<std::string>();
    }
    return prompts;
}

}  // namespace distillix
