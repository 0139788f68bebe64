// SPDX-License-Identifier: Apache-2.0
// From text to a dataset folder (dataset.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/stop_token.h"
#include "core/data/dataset.h"
#include "core/data/records.h"

namespace distillix {

struct ImportOptions {
    /// JSONL files (*.jsonl, *.ndjson, *.json), folders of code, text files (anything else), in this order.
    std::vector<std::filesystem::path> sources;
    std::filesystem::path output;         ///< the dataset folder; must not exist
    std::vector<std::string> extensions;  ///< of a folder's files; empty: sourceExtensions()

    // What is held out; at most one of the three.
    std::filesystem::path validationList;  ///< a file with one path a line, relative to the one folder imported
    std::filesystem::path validationFile;  ///< a file of its own, read as a source is
    double validationFraction = 0;         ///< [0, 1): by a hash of the prompt or text, the same in every import

    std::filesystem::path tokenizer;  ///< a tokenizer.model to use; empty: train one on the training part
    int vocabSize = 1024;             ///< of the one trained
    bool strict = false;              ///< the first refused record ends the import
    int threads = 0;                  ///< 0: all cores
};

struct ImportProgress {
    const char* phase = "";                       ///< "reading", "training tokenizer", "tokenizing", "writing"
    std::uint64_t doneBytes = 0, totalBytes = 0;  ///< of the sources, in this phase; total 0: not known
    std::uint64_t documents = 0, tokens = 0;
};

struct ImportReport {
    static constexpr std::size_t kKeptRefusals = 100;
    DatasetInfo info;
    std::vector<Refusal> refusals;  ///< the first kKeptRefusals; info.refusedRecords counts all
};

/// Imports, whole or not at all. Fails with the first refusal if `strict`; InvalidArgument where nothing is left to
/// train on or the options contradict each other; Cancelled when `stop` was raised (it is not looked at while
/// SentencePiece trains, seconds to minutes). `progress` is called from this thread.
Result<ImportReport> importDataset(const ImportOptions& options,
                                   const std::function<void(const ImportProgress&)>& progress = {},
                                   const StopToken& stop = {});

}  // namespace distillix
