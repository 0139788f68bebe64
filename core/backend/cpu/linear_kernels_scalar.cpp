// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>

#include "core/backend/cpu/linear_kernels.h"
#include "core/quant/ternary.h"

namespace distillix::cpu {

namespace {

int shiftOf(std::int64_t column) {
    return static_cast<int>(column % 4 * 8 + column % 16 / 4 * 2);
}

int codeAt(const std::uint32_t* panel, std::int64_t row, std::int64_t column) {
    return static_cast<int>(panel[column / 16 * kPanelRows + row] >> shiftOf(column) & 3u) - 1;
}

void rowSums(const float* w, std::int64_t count, double* magnitudes, double* squares) {
    *magnitudes = absSumRow(w, static_cast<std::size_t>(count));
    double sum = 0;
    for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(w[i]) * static_cast<double>(w[i]);
    *squares = sum;
}

void packPanel(const float* w, std::int64_t in, int rows, const float* gamma, bool first, std::uint32_t* panel,
               std::int32_t* zeros, std::int32_t* flips) {
    const std::int64_t blocks = (in + kPanelColumns - 1) / kPanelColumns * (kPanelColumns / 16);
    for (int r = 0; r < kPanelRows; ++r) {
        std::int32_t zeroCount = 0, flipCount = 0;
        for (std::int64_t block = 0; block < blocks; ++block) {
            std::uint32_t word = 0x55555555u;
            for (std::int64_t c = block * 16; r < rows && c < in && c < block * 16 + 16; ++c) {
                const int code = ternaryCode(w[r * in + c], gamma[r]);
                zeroCount += code == 0;
                word += static_cast<std::uint32_t>(code) << shiftOf(c);
            }
            std::uint32_t& place = panel[block * kPanelRows + r];
            const std::uint32_t changed = place ^ word;
            if (!first) flipCount += __builtin_popcount((changed | changed >> 1) & 0x55555555u);
            place = word;
        }
        if (r < rows) {
            zeros[r] = zeroCount;
            flips[r] = flipCount;
        }
    }
}

void codeSums(const std::int8_t* codes, std::int64_t rows, std::int64_t stride, std::int64_t in, std::int32_t* sums) {
    for (std::int64_t r = 0; r < rows; ++r) {
        std::int32_t sum = 0;
        for (std::int64_t i = 0; i < in; ++i) sum += codes[r * stride + i];
        sums[r] = sum;
    }
}

void unpackPanel(const std::uint32_t* panel, std::int64_t columns, std::uint8_t* unpacked) {
    for (std::int64_t block = 0; block < columns / 16; ++block) {
        for (std::int64_t s = 0; s < 4; ++s) {
            std::uint8_t* out = unpacked + (block * 4 + s) * kPanelRows * 4;
            for (std::int64_t r = 0; r < kPanelRows; ++r) {
                const std::uint32_t four = panel[block * kPanelRows + r] >> (2 * s) & 0x03030303u;
                std::memcpy(out + r * 4, &four, 4);
            }
        }
    }
}

void store(const TernaryTile& tile, int token, std::int64_t row, std::int32_t product) {
    const float scale = tile.gamma[row] * (tile.alpha[token] / 127.0f);
    float y = static_cast<float>(product) * scale;
    if (tile.residual) y += tile.residual[token * tile.outStride + row];
    tile.out[token * tile.outStride + row] = y;
}

void manyTokens(const TernaryTile& tile) {
    std::int32_t sums[kPanelRows];
    for (int t = 0; t < tile.tokens; ++t) {
        const std::int8_t* x = tile.codes + t * tile.codesStride;
        for (std::int64_t r = 0; r < kPanelRows; ++r) sums[r] = -tile.codeSums[t];
        for (std::int64_t quad = 0; quad < tile.columns / 4; ++quad) {
            const std::uint8_t* w = tile.unpacked + quad * kPanelRows * 4;
            const std::int8_t* four = x + quad * 4;
            for (std::int64_t r = 0; r < kPanelRows; ++r) {
                sums[r] +=
                    w[r * 4] * four[0] + w[r * 4 + 1] * four[1] + w[r * 4 + 2] * four[2] + w[r * 4 + 3] * four[3];
            }
        }
        for (std::int64_t r = 0; r < tile.rows; ++r) store(tile, t, r, sums[r]);
    }
}

void fewTokens(const TernaryTile& tile) {
    for (int t = 0; t < tile.tokens; ++t) {
        const std::int8_t* x = tile.codes + t * tile.codesStride;
        for (std::int64_t r = 0; r < tile.rows; ++r) {
            std::int32_t sum = 0;
            for (std::int64_t c = 0; c < tile.columns; ++c) sum += codeAt(tile.panel, r, c) * x[c];
            store(tile, t, r, sum);
        }
    }
}

void panelToFloat(const std::uint32_t* panel, std::int64_t in, int rows, float* out, std::int64_t stride) {
    for (int r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < in; ++c) out[r * stride + c] = static_cast<float>(codeAt(panel, r, c));
    }
}

void codesToFloat(const std::int8_t* codes, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(codes[i]);
}

void scaleToFloat(const float* in, const float* scales, float scale, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = in[i] * (scales ? scales[i] * scale : scale);
}

}  // namespace

const LinearKernels kLinearKernelsScalar = {rowSums,   packPanel,    codeSums,     unpackPanel, manyTokens,
                                            fewTokens, panelToFloat, codesToFloat, scaleToFloat};

}  // namespace distillix::cpu
