// SPDX-License-Identifier: Apache-2.0
// From text to a dataset folder (dataset.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/stop_token.h"
#include "core/data/batches.h"
#include "core/data/dataset.h"
#include "core/data/source.h"
#include "core/data/tokenizer.h"

namespace distillix {

struct ImportOptions {
    /// Files (what is in them is found out by name and first bytes) and folders of code, in this order.
    std::vector<std::filesystem::path> sources;
    std::filesystem::path output;  ///< the dataset folder; must not exist
    SourceOptions reading;

    // What is held out; at most one of the three.
    std::filesystem::path validationList;  ///< a file with one path a line, relative to the one folder imported
    std::filesystem::path validationFile;  ///< a file of its own, read as a source is
    double validationFraction = 0;         ///< [0, 1): by a hash of the prompt or text, the same in every import

    std::filesystem::path tokenizer;  ///< a tokenizer.model to use; empty: train one on the training part
    int vocabSize = 1024;             ///< of the one trained
    std::uint64_t tokenizerBytes = std::uint64_t{16} << 20;  ///< of text that its training looks at
    bool learnPrompts = false;                               ///< false: only the assistant's words are labels
    double fillInMiddleRate = 0;  ///< share of the documents of code that are rearranged (fill_in_middle.h)
    std::uint64_t seed = 1;       ///< of fill-in-the-middle and of the choice among teachers
    bool keepDuplicates = false;
    bool strict = false;  ///< the first refused record ends the import
    bool again = false;   ///< import even where the same import is there already
    int threads = 0;      ///< 0: all cores; the result does not depend on it
};

struct ImportProgress {
    const char* phase = "";                       ///< "reading", "training tokenizer", "tokenizing", "writing"
    std::uint64_t doneBytes = 0, totalBytes = 0;  ///< of the sources, in this phase; total 0: not known
    std::uint64_t documents = 0, tokens = 0;
};

struct ImportReport {
    static constexpr std::size_t kKeptRefusals = 100;
    DatasetInfo info;
    std::vector<Refusal> refusals;  ///< the first kKeptRefusals; OUTPUT/refused.jsonl has all
    bool wasThere = false;          ///< the output is this very import already: nothing was done
    double readSeconds = 0, trainSeconds = 0, tokenizeSeconds = 0;
    std::uint64_t textBytes = 0;  ///< tokenized in tokenizeSeconds, reading included
};

/// Imports, whole or not at all; removes what imports that were killed left beside the output. Memory does not depend
/// on the sources' size but for the hashes of the records (duplicates.h) and a folder's list of files. Fails with the
/// first refusal if `strict`; InvalidArgument where nothing is left to train on or the options contradict each other;
/// AlreadyExists where the output is there (unless it is the same import: wasThere) or another dataset beside it is the
/// same import, which the error names; Cancelled when `stop` was raised (while SentencePiece trains it takes
/// effect behind that, seconds to minutes: TokenizerTrainer::train()). `progress` is called from this thread.
Result<ImportReport> importDataset(const ImportOptions& options,
                                   const std::function<void(const ImportProgress&)>& progress = {},
                                   const StopToken& stop = {});

/// What an import would make of a source, by its first records.
struct SourcePreview {
    SourcePlan plan;
    std::vector<std::string> columns;            ///< of the first records, in their order
    std::vector<std::vector<std::string>> rows;  ///< of the first records, by column
    std::uint64_t records = 0;                   ///< looked at
    std::uint64_t documents = 0, conversations = 0, messages = 0, textBytes = 0, skippedFiles = 0;  ///< of them
    bool whole = false;  ///< there are no more records
};

struct ImportPreview {
    static constexpr std::size_t kRows = 20;
    std::vector<SourcePreview> sources;
    std::vector<Refusal> refusals;  ///< the first ImportReport::kKeptRefusals
    std::map<std::string, std::uint64_t> refusedByReason;
    std::uint64_t duplicates = 0;
    std::string chatTemplate;
    std::optional<Tokenizer> tokenizer;  ///< none where there are no documents
    bool tokenizerTrained = false;       ///< for the preview alone, on the records looked at
    LengthStatistics tokensPerDocument;
    std::uint64_t documents = 0, tokens = 0, labels = 0;
    Batch firstBatch;  ///< the first documents in order; empty where there are none
};

/// Looks at up to `records` records of each source; writes nothing. The first batch has up to `batch` sequences of
/// `tokens` tokens. Fails as importDataset() does, but for what concerns the output.
Result<ImportPreview> previewImport(const ImportOptions& options, std::uint64_t records = 1000, int batch = 2,
                                    int tokens = 256, const StopToken& stop = {});

}  // namespace distillix
