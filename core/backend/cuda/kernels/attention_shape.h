// SPDX-License-Identifier: Apache-2.0
// How attention is cut into tiles, blocks and splits: plain arithmetic that kernels, launches and tests share.
//
// A "row" is what a warp's 16-row tiles run along, a "column" what it loops over: queries and keys in the forward and
// in the dQ kernel, keys and queries in the one for dK and dV.
#pragma once

#include <cstddef>

namespace distillix::cuda {

inline constexpr int kLanes = 32;  ///< threads of a warp
/// The widest head the kernels hold in registers and shared memory.
inline constexpr int kMaxHeadDim = 128;
/// Rows of one tensor-core tile.
inline constexpr int kTileRows = 16;

constexpr int ceilDivide(int n, int by) {
    return (n + by - 1) / by;
}

constexpr int least(int a, int b) {
    return a < b ? a : b;
}

/// Heads are padded with zeros in shared memory to one of the widths that kernels are compiled for.
constexpr int paddedHeadDim(int headDim) {
    return headDim <= 32 ? 32 : headDim <= 64 ? 64 : headDim <= 96 ? 96 : kMaxHeadDim;
}

/// Elements from one row of a shared tile to the next: 16 bytes more than the row, so that the eight rows one
/// ldmatrix phase reads (an odd number of 16-byte steps apart) lie in all 32 banks.
constexpr int tilePitch(int width, int elementBytes) {
    return width + 16 / elementBytes;
}

/// Tiles of the loop over keys for queries [queryFirst, queryFirst + queries) that stand at `past` in the sequence.
struct TileRange {
    int first = 0, end = 0;
    constexpr bool operator==(const TileRange&) const = default;
};
/// `start`: index of the first key that the first of the queries sees; those behind it see no earlier one.
constexpr TileRange keyTiles(int start, int lastQuery, int keys) {
    return {start / keys, lastQuery / keys + 1};
}
/// Tiles of queries that see keys [keyFirst, ...): from the diagonal to `endQuery` (no query from there on sees them).
constexpr TileRange queryTiles(int keyFirst, int endQuery, int queries) {
    return {keyFirst / queries, ceilDivide(endQuery, queries)};
}

/// The first of `tiles` tiles, from `first` on, whose first query starts in a document behind `lastKey`: there and
/// later no query sees the keys up to it. `startOf(tile)` gives the document start of a tile's first query.
template <typename StartOf>
constexpr int endOfDocumentTiles(int first, int tiles, int lastKey, StartOf startOf) {
    int low = first, high = tiles;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (startOf(middle) > lastKey) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/// A key is seen by the queries of its document from itself on.
constexpr bool keySeen(int key, int query, int documentStart) {
    return key <= query && key >= documentStart;
}
/// Whether some pair of these must be masked. Starts are those of the first and the last query; they never fall.
constexpr bool needsMask(int firstKey, int lastKey, int firstQuery, int lastStart) {
    return lastKey > firstQuery || firstKey < lastStart;
}
/// Whether no query of these sees any of the keys.
constexpr bool nothingSeen(int firstKey, int lastKey, int lastQuery, int firstStart) {
    return firstKey > lastQuery || lastKey < firstStart;
}

/// The shape of a kernel's block. 64 KB of shared memory is what an sm_75 block may have.
struct AttentionTile {
    int warps = 4;
    int rowTiles = 1;  ///< 16-row tiles of a warp
    int columns = 32;  ///< of a shared tile
    int step = 32;     ///< columns whose scores are in registers at once; divides `columns`
    int stages = 1;    ///< 2: the next tile is copied while this one is worked on
    int blocks = 1;    ///< an SM should hold at least so many, which bounds the registers
    constexpr int threads() const { return warps * kLanes; }
    constexpr int warpRows() const { return rowTiles * kTileRows; }
    constexpr int rows() const { return warps * warpRows(); }
};

/// float32 tiles are multiplied without tensor cores and are there to be right, not fast.
constexpr AttentionTile floatTile(int width) {
    return width <= 64 ? AttentionTile{4, 1, 32, 32, 1, 1} : AttentionTile{2, 1, 16, 16, 1, 1};
}

/// Stages of 16-bit tiles: two where copies run beside the arithmetic (8.0 on). Where they do not, a second stage would
/// only take the room of a second block, whose arithmetic hides the first one's copies instead.
constexpr int tileStages(int elementBytes, bool asyncCopies) {
    return elementBytes == 2 && asyncCopies ? 2 : 1;
}

/// Forward: a block's queries stay, tiles of keys and values pass by. Of `few` queries, a block takes half as many.
constexpr AttentionTile forwardTile(int elementBytes, int width, bool few, int stages) {
    if (elementBytes == 4) return floatTile(width);
    const int columns = width > 64 || stages == 1 ? 32 : 64;
    if (width > 64) return AttentionTile{4, 1, columns, 32, stages, 2};
    return few ? AttentionTile{4, 1, columns, 32, stages, 3} : AttentionTile{4, 2, columns, 32, stages, 2};
}
/// Whether blocks of all queries would leave multiprocessors idle (one short prompt): then twice as many are made.
constexpr bool fewQueries(int elementBytes, int width, int tokens, int sequences, int multiprocessors) {
    const AttentionTile tile = forwardTile(elementBytes, width, false, 2);
    return tile.rowTiles == 2 && 1LL * ceilDivide(tokens, tile.rows()) * sequences < multiprocessors;
}
/// dQ: queries and their gradients stay, keys and values pass by.
constexpr AttentionTile queryGradientTile(int elementBytes, int width, int stages) {
    if (elementBytes == 4) return floatTile(width);
    if (width > 64) return AttentionTile{4, 1, 32, 32, stages, 2};
    return AttentionTile{4, stages, 32, 16, stages, 2};  // with one stage it is rows that take the room
}
/// dK and dV: keys and values stay, queries and their gradients pass by.
constexpr AttentionTile keyGradientTile(int elementBytes, int width, int stages) {
    if (elementBytes == 4) return floatTile(width);
    return width <= 64 ? AttentionTile{4, 1, 64, 32, stages, 2} : AttentionTile{4, 1, 32, 16, stages, 2};
}

/// Whether a block's own rows are held in registers once they are loaded: those of 16 bits are, but for keys and values
/// of wide heads, beside whose gradients there is no room. Their shared memory is then the passing tiles', which leaves
/// room for two blocks in the 100 KB of an SM of 8.6, 8.9 and 12.0.
constexpr bool rowsHeld(int elementBytes) {
    return elementBytes == 2;
}
constexpr bool keyRowsHeld(int elementBytes, int width) {
    return rowsHeld(elementBytes) && width <= 64;
}
/// Dynamic shared memory: one operand of rows (forward) or two (backward), two operands of columns in every stage, and
/// `floats` numbers for each column of a stage.
constexpr std::size_t tileBytes(const AttentionTile& tile, int width, int elementBytes, int rowOperands, int floats,
                                bool held) {
    const std::size_t row = static_cast<std::size_t>(tilePitch(width, elementBytes)) * elementBytes;
    const int rows = rowOperands * tile.rows(), columns = 2 * tile.stages * tile.columns;
    return static_cast<std::size_t>(!held            ? rows + columns
                                    : rows > columns ? rows
                                                     : columns) *
               row +
           static_cast<std::size_t>(tile.stages * tile.columns * floats) * 4;
}
constexpr std::size_t forwardBytes(int elementBytes, int width, bool few, int stages) {
    return tileBytes(forwardTile(elementBytes, width, few, stages), width, elementBytes, 1, 2, rowsHeld(elementBytes));
}
constexpr std::size_t queryGradientBytes(int elementBytes, int width, int stages) {
    return tileBytes(queryGradientTile(elementBytes, width, stages), width, elementBytes, 2, 0, rowsHeld(elementBytes));
}
constexpr std::size_t keyGradientBytes(int elementBytes, int width, int stages) {
    return tileBytes(keyGradientTile(elementBytes, width, stages), width, elementBytes, 2, 3,
                     keyRowsHeld(elementBytes, width));
}

// ---- decoding -----------------------------------------------------------------------------------------------------

inline constexpr int kDecodeThreads = 128;
inline constexpr int kDecodeWarps = kDecodeThreads / kLanes;
/// Blocks that share a multiprocessor: one loads while the other computes. It bounds the registers.
inline constexpr int kDecodeBlocks = 2;
/// Query heads of one key/value head that share its loads; a larger group takes several blocks.
inline constexpr int kDecodeHeads = 4;
/// Elements of a head that one lane holds.
inline constexpr int kDecodeLaneWidth = 8;
/// Keys a lane has on the way at once.
inline constexpr int kDecodeUnroll = 4;
inline constexpr int kMaxDecodeSplits = 64;
/// Up to so many new tokens are decoded one by one; more go through the tiles of the forward kernel, of which a short
/// chunk fills too few to use the card.
inline constexpr int kMaxDecodeTokens = 8;

/// Lanes that share a key: a power of two, so that a warp holds whole keys.
constexpr int decodeLanes(int headDim) {
    return headDim <= 32 ? 4 : headDim <= 64 ? 8 : 16;
}
/// Keys that one pass of a block takes.
constexpr int decodePass(int lanes) {
    return kDecodeWarps * (kLanes / lanes) * kDecodeUnroll;
}
/// Blocks of one row (token) without splits.
constexpr int decodeUnits(int heads, int kvHeads) {
    return kvHeads * ceilDivide(heads / kvHeads, kDecodeHeads);
}
/// Parts that the keys of every row are cut into: as many as fill `blocks` blocks, none shorter than a pass would be
/// for a full cache. It follows from what the host knows, so a captured graph holds for every length.
constexpr int decodeSplits(int rows, int units, int capacity, int lanes, int blocks) {
    const long long used = static_cast<long long>(rows) * units;
    const long long wanted = (blocks + used - 1) / used;
    int splits = static_cast<int>(wanted < kMaxDecodeSplits ? wanted : kMaxDecodeSplits);
    const int passes = ceilDivide(capacity, decodePass(lanes));
    if (splits > passes) splits = passes;
    return splits < 1 ? 1 : splits;
}
/// Keys of each split but the last, of a row that sees `length` keys: whole passes of a block.
constexpr int decodeShare(int splits, int length, int keysAtOnce) {
    return ceilDivide(ceilDivide(length, splits), keysAtOnce) * keysAtOnce;
}
/// Splits that have keys; those behind them have nothing to do.
constexpr int decodeActiveSplits(int splits, int length, int keysAtOnce) {
    return ceilDivide(length, decodeShare(splits, length, keysAtOnce));
}
/// Keys [first, end) of a split.
struct KeyRange {
    int first = 0, end = 0;
    constexpr bool operator==(const KeyRange&) const = default;
};
constexpr KeyRange decodeRange(int split, int splits, int length, int keysAtOnce) {
    const int share = decodeShare(splits, length, keysAtOnce);
    return {least(split * share, length), least((split + 1) * share, length)};
}
/// Floats of workspace: [rows, heads, splits] of maximum and sum, then [rows, heads, splits, headDim] of outputs.
constexpr std::size_t decodeWorkspaceFloats(int rows, int heads, int splits, int headDim) {
    if (splits <= 1) return 0;
    return static_cast<std::size_t>(rows) * heads * splits * (2 + headDim);
}
/// The most of them that any number of rows up to `rows` asks for: one row more has fewer splits.
constexpr std::size_t decodeWorkspaceBound(int rows, int heads, int kvHeads, int capacity, int headDim, int blocks) {
    std::size_t most = 0;
    for (int r = 1; r <= rows; ++r) {
        const int splits = decodeSplits(r, decodeUnits(heads, kvHeads), capacity, decodeLanes(headDim), blocks);
        const std::size_t floats = decodeWorkspaceFloats(r, heads, splits, headDim);
        if (floats > most) most = floats;
        if (splits == 1) break;
    }
    return most;
}

}  // namespace distillix::cuda
