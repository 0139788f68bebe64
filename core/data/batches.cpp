// SPDX-License-Identifier: Apache-2.0
#include "core/data/batches.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/base/rng.h"

namespace distillix {
namespace {

/// Tokens [begin, begin + length) of a document, to stand by themselves in a sequence.
struct Piece {
    std::int64_t document;
    std::uint32_t begin, length;
    std::uint32_t unlabelled;  ///< tokens at its front that are no labels whatever the mask says: at least 1
    std::uint32_t textBytes;   ///< of the document's bytes, this piece's share
};

// Streams of the counter-based generator, so that no two uses share numbers.
constexpr std::uint64_t kPackStream = 1;
constexpr std::uint64_t kEpochStream = 2;

template <typename T>
void shuffle(std::span<T> values, Rng& rng) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[rng.below(i)]);
}

/// Cuts a document into windows of at most `window` tokens, each beginning with the last `context` tokens of the one
/// before. Pieces without a label are left out.
template <typename Sink>
void cutDocument(const TokenDataset& dataset, std::int64_t document, std::uint32_t window, std::uint32_t context,
                 Sink&& sink) {
    const auto mask = dataset.documentMask(document);
    const auto total = static_cast<std::uint32_t>(mask.size());
    const std::uint64_t bytes = dataset.documentBytes(document);
    if (total <= window) {
        if (std::find(mask.begin() + 1, mask.end(), 1) == mask.end()) return;
        sink(Piece{document, 0, total, 1, static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, 0xffffffffu))});
        return;
    }
    const auto labels = static_cast<std::uint64_t>(std::count(mask.begin(), mask.end(), 1));
    // Bytes are shared out by labels, as differences of a running share, so that the pieces' bytes add up to the
    // document's.
    std::uint64_t labelsBefore = 0, bytesBefore = 0;
    for (std::uint32_t begin = 0, unlabelled = 1; begin + unlabelled < total;
         begin += window - context, unlabelled = context) {
        const std::uint32_t length = std::min(window, total - begin);
        const auto labelled =
            static_cast<std::uint64_t>(std::count(mask.begin() + begin + unlabelled, mask.begin() + begin + length, 1));
        if (labelled == 0) continue;
        labelsBefore += labelled;
        const auto share = static_cast<std::uint64_t>(
            std::llround(static_cast<double>(bytes) * static_cast<double>(labelsBefore) / static_cast<double>(labels)));
        sink(Piece{document, begin, length, unlabelled, static_cast<std::uint32_t>(share - bytesBefore)});
        bytesBefore = share;
    }
}

void resize(Batch& batch, int rows, int tokens, std::int32_t padId) {
    batch.batch = rows;
    batch.tokens = tokens;
    batch.textBytes = 0;
    const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(tokens);
    batch.inputIds.assign(count, padId);
    batch.labels.assign(count, kIgnoredLabel);
    batch.documentStart.resize(count);
    batch.positions.assign(count, 0);
    for (std::size_t i = 0; i < count; ++i)
        batch.documentStart[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(tokens));
}

/// Puts a piece at column `at` of a row.
void place(const TokenDataset& dataset, const Piece& piece, Batch& batch, std::size_t row, std::size_t at) {
    const auto tokens = dataset.documentTokens(piece.document).subspan(piece.begin, piece.length);
    const auto mask = dataset.documentMask(piece.document).subspan(piece.begin, piece.length);
    const std::size_t base = row * static_cast<std::size_t>(batch.tokens) + at;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        batch.inputIds[base + i] = tokens[i];
        if (i >= piece.unlabelled && mask[i] == 1) batch.labels[base + i] = tokens[i];
        batch.documentStart[base + i] = static_cast<std::int32_t>(at);
        batch.positions[base + i] = static_cast<std::int32_t>(i);
    }
    batch.textBytes += piece.textBytes;
}

/// The first piece of each length among pieces sorted by length, one behind the longest.
std::vector<std::size_t> startsOfLengths(std::span<const std::uint32_t> lengths, std::uint32_t window) {
    std::vector<std::size_t> starts(window + 2, 0);
    for (const std::uint32_t length : lengths) ++starts[length + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    return starts;
}

/// Draws lengths at random while a sequence has ample room, then closes it with one length or two that fit exactly, the
/// most plentiful ones first; only where none do is room left over. About 0.3% padding for documents of a tenth to a
/// half of T, where best fit in random order leaves 3 to 5%.
void packLengths(std::vector<std::uint32_t> draw, const std::vector<std::size_t>& lengthStart, std::uint32_t window,
                 std::uint64_t seed, std::vector<std::size_t>& sequenceStart, std::vector<std::uint32_t>& slots) {
    std::vector<std::uint32_t> left(window + 1);  // pieces of each length that have no place yet
    for (std::uint32_t length = 1; length <= window; ++length)
        left[length] = static_cast<std::uint32_t>(lengthStart[length + 1] - lengthStart[length]);
    const std::size_t pieces = draw.size();
    const std::uint32_t longest = draw.empty() ? 0 : draw.back();
    Rng rng(seed, kPackStream);
    shuffle(std::span(draw), rng);

    std::size_t drawn = 0;
    std::uint32_t room = 0;
    sequenceStart.push_back(0);
    const auto put = [&](std::uint32_t length) {
        // Slots of a length are handed out in order; which pieces come there is dealt anew in every epoch.
        slots.push_back(static_cast<std::uint32_t>(lengthStart[length + 1] - left[length]--));
        room -= length;
    };
    while (slots.size() < pieces) {
        room = window;
        while (room > 0 && slots.size() < pieces) {
            if (room > 2 * longest) {
                while (left[draw[drawn]] == 0) ++drawn;
                put(draw[drawn++]);
                continue;
            }
            if (left[room] > 0) {
                put(room);
                continue;
            }
            std::uint32_t best = 0, plenty = 0;
            for (std::uint32_t shorter = 1; shorter <= room / 2; ++shorter) {
                const std::uint32_t longer = room - shorter;
                const std::uint32_t pairs =
                    shorter == longer ? left[shorter] / 2 : std::min(left[shorter], left[longer]);
                if (pairs > plenty) plenty = pairs, best = shorter;
            }
            if (best > 0) {
                put(room - best);
                put(best);
                continue;
            }
            std::uint32_t largest = room;
            while (largest > 0 && left[largest] == 0) --largest;
            if (largest == 0) break;
            put(largest);
        }
        sequenceStart.push_back(slots.size());
    }
}

}  // namespace

/// Sequence s holds slots [sequenceStart[s], sequenceStart[s+1]); a slot is a place for a piece of one length. Slots
/// are numbered so that those of one length are consecutive: a slot's number is also an index into an epoch's deal.
struct BatchLoader::Packing {
    struct Epoch {
        std::int64_t number = -1;
        std::vector<std::uint32_t> deal;   ///< slot → index into pieces
        std::vector<std::uint32_t> order;  ///< place in the epoch → sequence
    };

    std::vector<Piece> pieces;               ///< by length
    std::vector<std::size_t> lengthStart;    ///< first piece of each length, one behind the longest
    std::vector<std::size_t> sequenceStart;  ///< into slots
    std::vector<std::uint32_t> slots;
    std::uint64_t placed = 0;     ///< tokens that are no padding
    std::array<Epoch, 2> epochs;  ///< two, for micro-batches that reach over an epoch's end

    std::size_t sequences() const { return sequenceStart.size() - 1; }

    Packing(const TokenDataset& dataset, std::uint32_t window, std::uint64_t seed) {
        for (std::int64_t document = 0; document < dataset.documents(); ++document)
            cutDocument(dataset, document, window, 1, [&](const Piece& piece) { pieces.push_back(piece); });
        std::stable_sort(pieces.begin(), pieces.end(),
                         [](const Piece& a, const Piece& b) { return a.length < b.length; });
        std::vector<std::uint32_t> lengths;
        lengths.reserve(pieces.size());
        for (const Piece& piece : pieces) {
            lengths.push_back(piece.length);
            placed += piece.length;
        }
        lengthStart = startsOfLengths(lengths, window);
        packLengths(std::move(lengths), lengthStart, window, seed, sequenceStart, slots);
    }

    const Epoch& epoch(std::int64_t number, std::uint64_t seed) {
        Epoch& epoch = epochs[static_cast<std::size_t>(number % 2)];
        if (epoch.number == number) return epoch;
        epoch.number = number;
        Rng rng(seed, kEpochStream + static_cast<std::uint64_t>(number));
        epoch.deal.resize(pieces.size());
        std::iota(epoch.deal.begin(), epoch.deal.end(), 0u);
        for (std::size_t length = 0; length + 1 < lengthStart.size(); ++length)
            shuffle(std::span(epoch.deal).subspan(lengthStart[length], lengthStart[length + 1] - lengthStart[length]),
                    rng);
        epoch.order.resize(sequences());
        std::iota(epoch.order.begin(), epoch.order.end(), 0u);
        shuffle(std::span(epoch.order), rng);
        return epoch;
    }
};

BatchLoader::BatchLoader(const TokenDataset& dataset, int batch, int tokens, std::uint64_t seed)
    : m_dataset(&dataset), m_batch(batch), m_tokens(std::max(2, tokens)), m_seed(seed) {}

BatchLoader::Packing& BatchLoader::packing() const {
    if (!m_packing) m_packing = std::make_shared<Packing>(*m_dataset, static_cast<std::uint32_t>(m_tokens), m_seed);
    return *m_packing;
}

void BatchLoader::load(std::int64_t index, Batch& batch) {
    Packing& packed = packing();
    resize(batch, m_batch, m_tokens, m_dataset->padId());
    const auto sequences = static_cast<std::int64_t>(packed.sequences());
    for (int row = 0; row < m_batch && sequences > 0; ++row) {
        const std::int64_t number = index * m_batch + row;
        const Packing::Epoch& epoch = packed.epoch(number / sequences, m_seed);
        const std::size_t sequence = epoch.order[static_cast<std::size_t>(number % sequences)];
        std::size_t at = 0;
        for (std::size_t i = packed.sequenceStart[sequence]; i < packed.sequenceStart[sequence + 1]; ++i) {
            const Piece& piece = packed.pieces[epoch.deal[packed.slots[i]]];
            place(*m_dataset, piece, batch, static_cast<std::size_t>(row), at);
            at += piece.length;
        }
    }
}

std::vector<Batch> BatchLoader::onePass(std::int64_t limitTokens, int context) const {
    std::vector<Batch> batches;
    const auto window = static_cast<std::uint32_t>(m_tokens);
    const auto overlap = static_cast<std::uint32_t>(std::clamp(context, 1, m_tokens - 1));
    std::size_t row = static_cast<std::size_t>(m_batch), at = window;
    std::int64_t placed = 0;
    for (std::int64_t document = 0; document < m_dataset->documents(); ++document) {
        cutDocument(*m_dataset, document, window, overlap, [&](const Piece& piece) {
            if (limitTokens > 0 && placed >= limitTokens) return;
            if (at + piece.length > window) {
                at = 0;
                if (++row >= static_cast<std::size_t>(m_batch)) {
                    row = 0;
                    batches.emplace_back();
                    resize(batches.back(), m_batch, m_tokens, m_dataset->padId());
                }
            }
            place(*m_dataset, piece, batches.back(), row, at);
            at += piece.length;
            placed += piece.length;
        });
        if (limitTokens > 0 && placed >= limitTokens) break;
    }
    return batches;
}

std::int64_t BatchLoader::sequencesPerEpoch() const {
    return static_cast<std::int64_t>(packing().sequences());
}

double BatchLoader::epochOf(std::int64_t index) const {
    const std::int64_t sequences = sequencesPerEpoch();
    return sequences ? static_cast<double>(index) * m_batch / static_cast<double>(sequences) : 0.0;
}

double BatchLoader::paddingShare() const {
    const double all = static_cast<double>(sequencesPerEpoch()) * m_tokens;
    return all > 0 ? 1.0 - static_cast<double>(packing().placed) / all : 0.0;
}

double paddingShareOf(std::span<const std::uint32_t> documentLengths, int tokens, std::uint64_t seed) {
    const auto window = static_cast<std::uint32_t>(std::max(2, tokens));
    std::vector<std::uint32_t> lengths;
    std::uint64_t placed = 0;
    for (const std::uint32_t length : documentLengths) {
        if (length < 2) continue;
        // As cutDocument() does it: each piece but the first begins with the last token of the one before.
        for (std::uint64_t begin = 0; begin + 1 < length; begin += window - 1) {
            lengths.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(window, length - begin)));
            placed += lengths.back();
            if (begin + window >= length) break;
        }
    }
    std::sort(lengths.begin(), lengths.end());
    const auto starts = startsOfLengths(lengths, window);
    std::vector<std::size_t> sequences;
    std::vector<std::uint32_t> slots;
    packLengths(std::move(lengths), starts, window, seed, sequences, slots);
    const double all = static_cast<double>(sequences.size() - 1) * window;
    return all > 0 ? 1.0 - static_cast<double>(placed) / all : 0.0;
}

}  // namespace distillix
