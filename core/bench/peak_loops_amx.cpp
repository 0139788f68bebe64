// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "core/bench/peak_loops.h"

#pragma GCC push_options
#pragma GCC target("amx-tile,amx-int8,amx-bf16")

namespace distillix::peaks {

namespace {

/// Eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
    unsigned char palette = 1, startRow = 0, reserved[14] = {};
    unsigned short bytesPerRow[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    unsigned char rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// In memory before the program starts: the intrinsic tells the compiler of eight of its bytes only, which may leave
// the others of a local unwritten.
constinit TileConfig config;

void loadTiles() {
    _tile_loadconfig(&config);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
}

}  // namespace

double int8Amx(long rounds, float* sink) {
    loadTiles();
    for (long r = 0; r < rounds; ++r) {
        _tile_dpbssd(0, 4, 6);
        _tile_dpbssd(1, 4, 7);
        _tile_dpbssd(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
    }
    _tile_release();
    sink[2] = 0;
    return static_cast<double>(rounds) * 4 * 2 * 16 * 16 * 64;
}

double bf16Amx(long rounds, float* sink) {
    loadTiles();
    for (long r = 0; r < rounds; ++r) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_release();
    sink[2] = 0;
    return static_cast<double>(rounds) * 4 * 2 * 16 * 16 * 32;
}

}  // namespace distillix::peaks

#pragma GCC pop_options
