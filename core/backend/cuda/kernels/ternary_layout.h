// SPDX-License-Identifier: Apache-2.0
// How a prepared ternary weight lies in the card's memory, and how the products cut it into tiles: plain arithmetic
// that the kernels, the host side and the tests share.
//
//   γ       float32 [out], padded to 256 bytes
//   codes   [out] rows of columns/4 bytes, columns = `in` padded to 64: 2 bits a weight, 0, 1, 2 for 0, +1, -1
//
// A block of 64 columns is 16 bytes, four words. Word q holds the columns 4q + i + 16g (i, g in 0..3): what the lanes
// with number q in their group of four need of a row for two int8 tensor-core steps (m16n8k32 wants columns 4q..4q+3
// and 16+4q..16+4q+3 of 32), and what meets word 4g + q of a token's codes in dp4a. Within the word, group g is spread
// over the nibbles of one half, so that a mask and one byte permutation turn it into four int8:
//
//   bit 31                              16 15                               0
//      [ g3 g1 | g3 g1 | g3 g1 | g3 g1 ]  [ g2 g0 | g2 g0 | g2 g0 | g2 g0 ]     two bits each
//        i = 3    i = 2   i = 1   i = 0     i = 3   i = 2   i = 1   i = 0
//
// 2 bits serve training and inference alike: the 100M preset's 75.5 M ternary weights are 18.9 MB (int8: 75.5), the
// permutations hide behind the tensor cores (9 instructions for 16 weights, of which a tile of 64 tokens makes 4 steps
// of 4096 multiply-adds), and float forms for backward are made from them on the way.
#pragma once

#include <cstddef>
#include <cstdint>

namespace distillix::cuda {

inline constexpr int kPackedBlock = 64;  ///< columns of 16 bytes

constexpr int packedColumns(int in) {
    return (in + kPackedBlock - 1) / kPackedBlock * kPackedBlock;
}
constexpr std::size_t packedRowBytes(int in) {
    return static_cast<std::size_t>(packedColumns(in)) / 4;
}
constexpr std::size_t gammaBytes(int out) {
    return (static_cast<std::size_t>(out) * sizeof(float) + 255) / 256 * 256;
}
constexpr std::size_t ternaryBytes(int in, int out) {
    return gammaBytes(out) + static_cast<std::size_t>(out) * packedRowBytes(in);
}

/// The word of its row that holds a column, and the bit where its two begin.
constexpr int packedWord(int column) {
    return column / kPackedBlock * 4 + column % 16 / 4;
}
constexpr int packedShift(int column) {
    return column / 16 % 2 * 16 + column % 4 * 4 + column % kPackedBlock / 32 * 2;
}
/// The first column of a word's group g; the other three follow.
constexpr int packedColumn(int word, int group) {
    return word / 4 * kPackedBlock + group * 16 + word % 4 * 4;
}

// ---- tiles of the tensor-core product ------------------------------------------------------------------------------

/// A tile of tokens in shared memory has rows of 64 bytes (a block of columns), four pieces of 16. Piece p of row r
/// lies at place p ^ (r/2 % 4), so that the eight rows which ldmatrix reads at once touch all 32 banks.
constexpr int tilePlace(int row, int piece) {
    return row * kPackedBlock + (piece ^ (row / 2 % 4)) * 16;
}

struct TernaryTile {
    int tokens, outputs;
};
inline constexpr TernaryTile kLargeTile{128, 128}, kSmallTile{64, 64};

constexpr int tilesOf(int count, int tile) {
    return (count + tile - 1) / tile;
}
/// The large tile reads half as much a product, and needs a card's worth of blocks to pay. Where copies do not run
/// beside the arithmetic (7.5, which has room for one large tile at a time), three small ones hide one another's loads.
constexpr TernaryTile ternaryTileFor(int rows, int out, int multiprocessors, bool asyncCopies) {
    return asyncCopies && static_cast<long long>(tilesOf(rows, kLargeTile.tokens)) * tilesOf(out, kLargeTile.outputs) >=
                              multiprocessors
               ? kLargeTile
               : kSmallTile;
}

/// Up to here a product goes through dp4a, weights read once, and not through tensor cores.
inline constexpr int kFewTokens = 8;

}  // namespace distillix::cuda
