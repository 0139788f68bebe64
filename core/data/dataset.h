// SPDX-License-Identifier: Apache-2.0
// A dataset folder: what an import makes and everything else reads.
//
//     dataset.json         what was imported, counts, tokenizer (dataset.md)
//     tokenizer.model      the tokenizer the shards were made with
//     train.*              token shards (shards.md)
//     validation.*         the same; of no documents where nothing was held out
//     validation.jsonl     the held-out prompts with their responses and assertions, where the source has any
//     refused.jsonl        every refused record: {"file", "line", "column", "reason", "detail"}; where there are any
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"
#include "core/data/shards.h"

namespace distillix {

/// One file or folder that was imported.
struct SourceInfo {
    std::string path;  ///< as it was named
    std::string format, compression, encoding, shape;
    std::map<std::string, std::string> columns;  ///< role to column
    bool validation = false;                     ///< all of it was held out
    std::uint64_t bytes = 0;                     ///< on the disk
    std::string digest;                          ///< XXH3-128 of its content
    std::uint64_t records = 0, refused = 0, duplicates = 0;
};

struct LengthStatistics {
    std::uint64_t shortest = 0, p10 = 0, p25 = 0, p50 = 0, p75 = 0, p90 = 0, p95 = 0, p99 = 0, longest = 0;
    double mean = 0;
};

struct SplitStatistics {
    LengthStatistics tokens;         ///< of a document
    std::uint64_t allTextBytes = 0;  ///< prompts included
};

struct LanguageCounts {
    std::uint64_t documents = 0, bytes = 0, tokens = 0;
};

struct DatasetInfo {
    std::vector<SourceInfo> sources;
    std::string kind;           ///< "conversations", "text", or "mixed"
    std::string chatTemplate;   ///< ChatTemplate::name()
    std::string tokenizerHash;  ///< SHA-256 of tokenizer.model
    int vocabSize = 0;
    bool tokenizerTrained = false;  ///< on the training part, in the same import
    std::uint64_t tokenizerTextBytes = 0,
                  tokenizerSampleBytes = 0;  ///< if trained: the text, and how much of it was used
    SplitCounts train, validation;
    SplitStatistics trainStatistics, validationStatistics;
    std::map<std::string, LanguageCounts> languages;  ///< of code, both splits
    std::map<int, double> paddingShares;  ///< by tokens in a sequence: what BatchLoader would pad of the training part
    std::uint64_t heldOutPrompts = 0;     ///< records of validation.jsonl
    std::uint64_t refusedRecords = 0;
    std::map<std::string, std::uint64_t> refusedByReason;
    std::uint64_t duplicates = 0;      ///< left out
    bool duplicatesForgotten = false;  ///< more records than are remembered: there may be duplicates left
    std::map<std::string, std::uint64_t> skippedFiles;  ///< by reason
    bool promptsLearnt = false;
    double fillInMiddleRate = 0;
    std::uint64_t fillInMiddleDocuments = 0;  ///< that were rearranged
    nlohmann::ordered_json options;           ///< what the import was asked, all that its result depends on
    std::string contentDigest;                ///< XXH3-128 of the sources' digests
};

nlohmann::ordered_json datasetInfoToJson(const DatasetInfo& info);
/// Reads FOLDER/dataset.json, of version 1 too (what that does not tell is left empty). NotFound if there is no
/// dataset, Unsupported for a later version, InvalidData else.
Result<DatasetInfo> loadDatasetInfo(const std::filesystem::path& datasetFolder);

struct HeldOutPrompt {
    std::string prompt, response;
    std::string assertion;  ///< Python that fails on a wrong answer; empty where the source has none
};
nlohmann::ordered_json heldOutPromptToJson(const HeldOutPrompt& prompt);
/// The first `limit` (0: all) records of FOLDER/validation.jsonl; none where the dataset has no such file.
Result<std::vector<HeldOutPrompt>> loadHeldOutPrompts(const std::filesystem::path& datasetFolder,
                                                      std::size_t limit = 0);

}  // namespace distillix
