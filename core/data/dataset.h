// SPDX-License-Identifier: Apache-2.0
// A dataset folder: what an import makes and everything else reads.
//
//     dataset.json         what was imported, counts, tokenizer; format "distillix-dataset", version 1
//     tokenizer.model      the tokenizer the shards were made with
//     train.*              token shards (shards.md)
//     validation.*         the same; of no documents where nothing was held out
//     validation.jsonl     the held-out prompts with their responses and assertions, where the source has any
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

struct DatasetInfo {
    std::vector<std::string> sources;  ///< as they were named
    std::string kind;                  ///< "conversations", "text", or "mixed"
    std::string chatTemplate;          ///< ChatTemplate::name()
    std::string tokenizerHash;         ///< SHA-256 of tokenizer.model
    int vocabSize = 0;
    bool tokenizerTrained = false;  ///< on the training part, in the same import
    SplitCounts train, validation;
    std::uint64_t heldOutPrompts = 0;  ///< records of validation.jsonl
    std::uint64_t refusedRecords = 0;
    std::map<std::string, std::uint64_t> skippedFiles;  ///< by reason
};

nlohmann::ordered_json datasetInfoToJson(const DatasetInfo& info);
/// Reads FOLDER/dataset.json. NotFound if there is no dataset, Unsupported for a later version, InvalidData else.
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
