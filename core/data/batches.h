// SPDX-License-Identifier: Apache-2.0
// Token shards on disk (format: shards.md) and the batches made of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace distillix {

constexpr std::int32_t kIgnoredLabel = -100;

/// B sequences of T tokens. All arrays are [B, T].
struct Batch {
    int batch = 0, tokens = 0;
    std::vector<std::int32_t> inputIds;
    std::vector<std::int32_t> labels;         ///< as SPEC: position t's target is labels[t+1]; -100 is ignored, and
                                              ///< labels[0] and a document's first token always are
    std::vector<std::int32_t> documentStart;  ///< index in its sequence at which the token's document begins
    std::vector<std::int32_t> positions;      ///< t - documentStart
    std::uint64_t textBytes = 0;              ///< bytes of text that the labelled tokens stand for (bits per byte)
    std::int64_t validLabels() const;         ///< positions that have a target
};

/// A batch of given ids [B, T], labels [B, T] (empty: the ids themselves) and document ids [B, T] (empty: each sequence
/// is one document; a change of id begins a document). textBytes stays 0.
Batch batchFromIds(int batch, int tokens, std::vector<std::int32_t> ids, std::vector<std::int32_t> labels = {},
                   const std::vector<std::int32_t>& documents = {});

/// One split ("train" or "validation") of an imported dataset, memory-mapped. Readable from many threads.
class TokenDataset {
  public:
    /// Opens DATASET_FOLDER/SPLIT.*; checksums of the index are checked here, of the data by verify().
    static Result<TokenDataset> open(const std::filesystem::path& datasetFolder, const std::string& split);
    TokenDataset(TokenDataset&&) noexcept;
    TokenDataset& operator=(TokenDataset&&) noexcept;
    ~TokenDataset();
    std::int64_t documents() const;
    std::int64_t tokens() const;
    std::int64_t labels() const;
    std::uint64_t textBytes() const;  ///< of the labelled text
    std::int32_t vocabSize() const;   ///< every id is below this
    std::int32_t padId() const;       ///< what padding is filled with
    std::string tokenizerHash() const;
    /// Tokens (BOS + text + EOS) and the loss mask (1: a label) of one document.
    std::span<const std::int32_t> documentTokens(std::int64_t document) const;
    std::span<const std::uint8_t> documentMask(std::int64_t document) const;
    std::uint64_t documentBytes(std::int64_t document) const;
    /// Reads everything: each document's checksum, and ids within the vocabulary. InvalidData names file and document.
    Result<void> verify() const;

  private:
    struct State;
    explicit TokenDataset(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// Packs documents into sequences in an order that seed and epoch alone determine, and hands out any micro-batch by
/// its number: micro-batch n is the same whoever asks and whenever.
///
/// Documents longer than T are cut into pieces that each stand alone: the pieces after the first have no BOS of their
/// own, but begin with the last token of the piece before, so that every token but a document's first is a label once.
/// What is left of a sequence is filled with tokens that are no labels and attend to nothing but themselves: padding is
/// never trained on.
///
/// Which lengths share a sequence is decided once, by the seed; every epoch deals the documents anew to the places of
/// their length and shuffles the sequences. So all epochs have the same number of sequences, and any of them can be had
/// without the ones before. One thread at a time, copies included; the dataset must outlive it. T is at least 2.
class BatchLoader {
  public:
    BatchLoader(const TokenDataset& dataset, int batch, int tokens, std::uint64_t seed);
    /// Micro-batch `index` (0, 1, …, unbounded: epochs follow one another). `batch` is overwritten.
    void load(std::int64_t index, Batch& batch);
    /// Micro-batches of one pass in document order, each document once, unshuffled: for validation. A long document is
    /// read through windows of T tokens; those after the first begin with the `context` (1 to T-1) tokens before them,
    /// which are no labels there. The last batch is filled up with padding. `limitTokens` > 0 stops once so many tokens
    /// are in.
    std::vector<Batch> onePass(std::int64_t limitTokens = 0, int context = 1) const;
    double epochOf(std::int64_t index) const;  ///< passes over the data when `index` starts
    double paddingShare() const;               ///< of an epoch's tokens
    std::int64_t sequencesPerEpoch() const;

  private:
    struct Packing;
    const TokenDataset* m_dataset;
    int m_batch, m_tokens;
    std::uint64_t m_seed;
    mutable std::shared_ptr<Packing> m_packing;  ///< made when first needed; holds the epochs asked for last
    Packing& packing() const;
};

/// What share of an epoch's tokens BatchLoader would pad with documents of these lengths, all of whose tokens but the
/// first are labels.
double paddingShareOf(std::span<const std::uint32_t> documentLengths, int tokens, std::uint64_t seed = 1);

}  // namespace distillix
