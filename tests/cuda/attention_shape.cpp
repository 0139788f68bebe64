// SPDX-License-Identifier: Apache-2.0
// The arithmetic of tiles, ranges and splits, against counting pair by pair.
#include "core/backend/cuda/kernels/attention_shape.h"

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/rng.h"

namespace distillix::cuda {

namespace {

constexpr int kWidths[] = {32, 64, 96, 128};
constexpr std::size_t kTuringBlock = 64 * 1024, kAmpereBlock = 99 * 1024;  // sm_75; sm_86, 89 and 120

std::vector<int> someDocuments(int tokens, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<int> starts;
    int start = 0;
    for (int t = 0; t < tokens; ++t) {
        if (rng.below(20) == 0) start = t;
        starts.push_back(start);
    }
    return starts;
}

TEST(AttentionShape, EveryWidthHoldsItsHeads) {
    for (int h = 1; h <= kMaxHeadDim; ++h) {
        EXPECT_GE(paddedHeadDim(h), h);
        EXPECT_LT(paddedHeadDim(h) - h, 32);
        EXPECT_GE(decodeLanes(h) * kDecodeLaneWidth, h);
    }
}

TEST(AttentionShape, RowsThatOneLdmatrixPhaseReadsLieInDifferentBanks) {
    for (const int width : kWidths) {
        std::set<int> banks;
        for (int row = 0; row < 8; ++row) banks.insert(row * tilePitch(width, 2) * 2 / 4 % 32 / 4);
        EXPECT_EQ(banks.size(), 8u) << width;
        EXPECT_EQ(tilePitch(width, 2) * 2 % 16, 0);
        EXPECT_EQ(tilePitch(width, 4) * 4 % 16, 0);
    }
}

TEST(AttentionShape, TilesFitTheirLoopsAndTheSmallestCards) {
    for (const int width : kWidths) {
        for (const int bytes : {2, 4}) {
            for (const int stages : {1, 2}) {
                for (const AttentionTile& tile :
                     {forwardTile(bytes, width, false, stages), forwardTile(bytes, width, true, stages),
                      queryGradientTile(bytes, width, stages), keyGradientTile(bytes, width, stages)}) {
                    EXPECT_EQ(tile.columns % tile.step, 0);
                    EXPECT_EQ(tile.step % 16, 0) << "a step is whole 16-column products";
                    EXPECT_LE(tile.threads(), 1024);
                    EXPECT_LE(tile.blocks * tile.threads(), 1024) << "more than sm_75 runs at once";
                }
            }
            for (const bool asyncCopies : {false, true}) {
                const int stages = tileStages(bytes, asyncCopies);
                // One block of float32, which is there to be right; two of 16 bits beside one another, a KB each for
                // the system, but for gradients of wide heads.
                const std::size_t most = asyncCopies ? kAmpereBlock : kTuringBlock,
                                  share = bytes == 2 ? (most + 1024) / 2 - 1024 : kTuringBlock;
                for (const bool few : {false, true}) EXPECT_LE(forwardBytes(bytes, width, few, stages), share) << width;
                EXPECT_LE(queryGradientBytes(bytes, width, stages), width > 96 && !asyncCopies ? most : share) << width;
                EXPECT_LE(keyGradientBytes(bytes, width, stages), width > 64 ? most : share) << width;
            }
        }
    }
}

TEST(AttentionShape, AShortPromptIsSharedOutOverMoreBlocks) {
    EXPECT_TRUE(fewQueries(2, 64, 512, 12, 132)) << "48 blocks of 128 queries";
    EXPECT_EQ(forwardTile(2, 64, true, 2).rows() * 2, forwardTile(2, 64, false, 2).rows());
    EXPECT_FALSE(fewQueries(2, 64, 1024, 96, 132));
    EXPECT_FALSE(fewQueries(2, 128, 512, 1, 132)) << "blocks of wide heads are small already";
    EXPECT_FALSE(fewQueries(4, 64, 512, 1, 132));
}

TEST(AttentionShape, NoTileWithASeenPairIsLeftOut) {
    for (const int tokens : {1, 63, 64, 65, 300}) {
        const std::vector<int> starts = someDocuments(tokens, static_cast<std::uint64_t>(tokens));
        for (const int rows : {64, 128}) {
            for (const int columns : {16, 32, 64}) {
                for (int first = 0; first < tokens; first += rows) {
                    const int last = std::min(tokens, first + rows) - 1;
                    // Queries hold, keys pass: the range is exactly the tiles with a seen pair.
                    const TileRange keys = keyTiles(starts[static_cast<std::size_t>(first)], last, columns);
                    std::set<int> needed;
                    for (int query = first; query <= last; ++query) {
                        for (int key = 0; key < tokens; ++key) {
                            if (keySeen(key, query, starts[static_cast<std::size_t>(query)]))
                                needed.insert(key / columns);
                        }
                    }
                    EXPECT_EQ(keys.first, *needed.begin());
                    EXPECT_EQ(keys.end, *needed.rbegin() + 1);
                    // Keys hold, queries pass.
                    const TileRange all = queryTiles(first, tokens, columns);
                    const int end = endOfDocumentTiles(all.first + 1, all.end, last, [&](int tile) {
                        return starts[static_cast<std::size_t>(tile * columns)];
                    });
                    needed.clear();
                    for (int query = 0; query < tokens; ++query) {
                        for (int key = first; key <= last; ++key) {
                            if (keySeen(key, query, starts[static_cast<std::size_t>(query)]))
                                needed.insert(query / columns);
                        }
                    }
                    EXPECT_LE(all.first, *needed.begin());
                    EXPECT_EQ(end, *needed.rbegin() + 1);
                }
            }
        }
    }
}

TEST(AttentionShape, MasksAreNeededWhereAPairIsHidden) {
    const int tokens = 90;
    const std::vector<int> starts = someDocuments(tokens, 4);
    const auto start = [&](int query) { return starts[static_cast<std::size_t>(query)]; };
    for (int firstKey = 0; firstKey + 8 <= tokens; firstKey += 3) {
        for (int firstQuery = 0; firstQuery + 16 <= tokens; firstQuery += 5) {
            const int lastKey = firstKey + 7, lastQuery = firstQuery + 15;
            int seen = 0;
            for (int query = firstQuery; query <= lastQuery; ++query) {
                for (int key = firstKey; key <= lastKey; ++key) seen += keySeen(key, query, start(query));
            }
            EXPECT_EQ(needsMask(firstKey, lastKey, firstQuery, start(lastQuery)), seen < 8 * 16);
            EXPECT_TRUE(seen == 0 || !nothingSeen(firstKey, lastKey, lastQuery, start(firstQuery)));
        }
    }
    EXPECT_TRUE(nothingSeen(64, 127, 63, 0));
    EXPECT_FALSE(nothingSeen(63, 127, 63, 0));
}

TEST(AttentionShape, SplitsShareOutTheKeysOnceEach) {
    for (const int splits : {1, 3, 64}) {
        for (const int length : {1, 15, 64, 65, 1000, 4096}) {
            int next = 0;
            for (int split = 0; split < splits; ++split) {
                const KeyRange range = decodeRange(split, splits, length, 64);
                EXPECT_EQ(range.first, next);
                EXPECT_EQ(range.end > range.first, split < decodeActiveSplits(splits, length, 64));
                next = range.end;
            }
            EXPECT_EQ(next, length);
        }
    }
}

TEST(AttentionShape, OneSequenceFillsTheCardAndManyNeedNoSplits) {
    constexpr int kBlocks = 264;
    const int units = decodeUnits(12, 4);
    EXPECT_EQ(units, 4);
    EXPECT_EQ(decodeUnits(70, 1), 18);
    EXPECT_EQ(decodeSplits(1, units, 4096, 8, kBlocks), 64);
    EXPECT_EQ(decodeSplits(1, units, 1024, 8, kBlocks), 16) << "a split is at least one pass over a full cache";
    EXPECT_EQ(decodeSplits(16, units, 4096, 8, kBlocks), 5);
    EXPECT_EQ(decodeSplits(1000, units, 4096, 8, kBlocks), 1);
    EXPECT_EQ(decodeSplits(1, units, 1, 8, kBlocks), 1);
    EXPECT_EQ(decodeWorkspaceFloats(1000, 12, 1, 64), 0u);
    // The bound holds for every number of rows, and stays small.
    const std::size_t bound = decodeWorkspaceBound(8192, 12, 4, 4096, 64, kBlocks);
    for (int rows = 1; rows <= 1000; ++rows)
        EXPECT_LE(decodeWorkspaceFloats(rows, 12, decodeSplits(rows, units, 4096, 8, kBlocks), 64), bound);
    EXPECT_LE(bound * sizeof(float), 2u << 20);
}

}  // namespace

}  // namespace distillix::cuda
