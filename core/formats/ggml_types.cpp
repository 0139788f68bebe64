// SPDX-License-Identifier: Apache-2.0
#include "core/formats/ggml_types.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/tensor/dtype.h"

namespace distillix {
namespace {

constexpr int kLargeBlock = 256;  // weights in a block of Q6_K, TQ1_0, TQ2_0
constexpr int kSmallBlock = 32;   // of Q8_0

// The files are little-endian, and so is every machine this runs on.

struct BlockQ8_0 {
    Float16 d;
    std::int8_t codes[kSmallBlock];
};
static_assert(sizeof(BlockQ8_0) == 34);

struct BlockQ6_K {
    std::uint8_t low[kLargeBlock / 2];     // lower four bits of the codes, two codes a byte
    std::uint8_t high[kLargeBlock / 4];    // upper two bits, four codes a byte
    std::int8_t scales[kLargeBlock / 16];  // one for every 16 weights
    Float16 d;
};
static_assert(sizeof(BlockQ6_K) == 210);

struct BlockTQ1_0 {
    std::uint8_t fives[48];  // five trits a byte: 240 weights
    std::uint8_t fours[4];   // four trits a byte: the last 16
    Float16 d;
};
static_assert(sizeof(BlockTQ1_0) == 54);

struct BlockTQ2_0 {
    std::uint8_t codes[kLargeBlock / 4];
    Float16 d;
};
static_assert(sizeof(BlockTQ2_0) == 66);

constexpr GgmlTypeFacts kTypes[] = {
    {GgmlType::F32, "F32", 1, 4, 0},
    {GgmlType::F16, "F16", 1, 2, 1},
    {GgmlType::BF16, "BF16", 1, 2, 32},
    {GgmlType::Q8_0, "Q8_0", kSmallBlock, sizeof(BlockQ8_0), 7},
    {GgmlType::Q6_K, "Q6_K", kLargeBlock, sizeof(BlockQ6_K), 18},
    {GgmlType::TQ1_0, "TQ1_0", kLargeBlock, sizeof(BlockTQ1_0), 36},
    {GgmlType::TQ2_0, "TQ2_0", kLargeBlock, sizeof(BlockTQ2_0), 37},
};

float largestMagnitude(std::span<const float> values) {
    float largest = 0;
    for (const float v : values) largest = std::max(largest, std::fabs(v));
    return largest;
}

template <typename Block>
void store(const Block& block, std::byte* out) {
    std::memcpy(out, &block, sizeof block);
}

template <typename Block>
Block load(const std::byte* in) {
    Block block;
    std::memcpy(&block, in, sizeof block);
    return block;
}

// ---- Q8_0 -----------------------------------------------------------------------------------------------------------

void encodeQ8_0(std::span<const float> values, std::byte* out) {
    BlockQ8_0 block;
    const float d = largestMagnitude(values) / 127.0f;
    const float inverse = d > 0 ? 1.0f / d : 0.0f;
    block.d = Float16(d);
    for (std::size_t i = 0; i < kSmallBlock; ++i)
        block.codes[i] = static_cast<std::int8_t>(std::lround(values[i] * inverse));
    store(block, out);
}

void decodeQ8_0(const std::byte* in, std::span<float> out) {
    const auto block = load<BlockQ8_0>(in);
    const float d = static_cast<float>(block.d);
    for (std::size_t i = 0; i < kSmallBlock; ++i) out[i] = d * static_cast<float>(block.codes[i]);
}

// ---- Q6_K -----------------------------------------------------------------------------------------------------------

constexpr int kGroup = 16;  // weights that share a scale
constexpr int kCodeLimit = 32;

int clampCode(float code) {
    return std::clamp(static_cast<int>(std::lround(code)), -kCodeLimit, kCodeLimit - 1);
}

/// The scale s that makes Σ x²(x - s·code)² small for codes in [-32, 31]: for a few scales round the largest one's, the
/// codes are rounded and the best s for them is had in closed form, Σ x²·x·code / Σ x²·code². Weighting by x² favours
/// the weights that matter most.
float bestGroupScale(std::span<const float> x) {
    float extreme = 0;  // of largest magnitude, with its sign: it gets the code -32
    for (const float v : x)
        if (std::fabs(v) > std::fabs(extreme)) extreme = v;
    if (std::fabs(extreme) < 1e-15f) return 0;
    float best = 0, bestGain = -1;
    for (int step = -9; step <= 9; ++step) {
        const float inverse = -(kCodeLimit + 0.1f * static_cast<float>(step)) / extreme;
        float product = 0, square = 0;
        for (const float v : x) {
            const auto code = static_cast<float>(clampCode(v * inverse));
            product += v * v * v * code;
            square += v * v * code * code;
        }
        if (square > 0 && product * product > bestGain * square) {
            bestGain = product * product / square;
            best = product / square;
        }
    }
    return best;
}

void encodeQ6_K(std::span<const float> values, std::byte* out) {
    BlockQ6_K block{};
    std::array<float, kLargeBlock / kGroup> scales{};
    float extreme = 0;
    for (std::size_t g = 0; g < scales.size(); ++g) {
        scales[g] = bestGroupScale(values.subspan(g * kGroup, kGroup));
        if (std::fabs(scales[g]) > std::fabs(extreme)) extreme = scales[g];
    }
    block.d = Float16(extreme / -128.0f);
    const float d = static_cast<float>(block.d);
    std::array<std::uint8_t, kLargeBlock> codes{};
    for (std::size_t g = 0; g < scales.size(); ++g) {
        const long scale = d == 0 ? 0 : std::lround(scales[g] / d);
        block.scales[g] = static_cast<std::int8_t>(std::clamp(scale, -128l, 127l));
        const float step = d * static_cast<float>(block.scales[g]);
        for (std::size_t i = g * kGroup; i < (g + 1) * kGroup; ++i)
            codes[i] = static_cast<std::uint8_t>((step == 0 ? 0 : clampCode(values[i] / step)) + kCodeLimit);
    }
    for (std::size_t half = 0; half < 2; ++half) {
        const std::uint8_t* c = codes.data() + half * 128;
        for (std::size_t i = 0; i < 32; ++i) {
            block.low[half * 64 + i] = static_cast<std::uint8_t>((c[i] & 15) | (c[i + 64] & 15) << 4);
            block.low[half * 64 + 32 + i] = static_cast<std::uint8_t>((c[i + 32] & 15) | (c[i + 96] & 15) << 4);
            block.high[half * 32 + i] =
                static_cast<std::uint8_t>(c[i] >> 4 | c[i + 32] >> 4 << 2 | c[i + 64] >> 4 << 4 | c[i + 96] >> 4 << 6);
        }
    }
    store(block, out);
}

void decodeQ6_K(const std::byte* in, std::span<float> out) {
    const auto block = load<BlockQ6_K>(in);
    const float d = static_cast<float>(block.d);
    for (std::size_t i = 0; i < kLargeBlock; ++i) {
        const std::size_t half = i / 128, part = i % 128 / 32, at = i % 32;
        const int low = block.low[half * 64 + part % 2 * 32 + at] >> (part / 2 * 4) & 15;
        const int high = block.high[half * 32 + at] >> (part * 2) & 3;
        out[i] = d * static_cast<float>(block.scales[i / kGroup]) * static_cast<float>((low | high << 4) - kCodeLimit);
    }
}

// ---- TQ1_0, TQ2_0 ---------------------------------------------------------------------------------------------------

/// 0, 1 or 2.
int trit(float value, float inverse) {
    return std::clamp(static_cast<int>(std::lround(value * inverse)), -1, 1) + 1;
}

/// Where in a block of TQ1_0 the trits of a byte come from: `count` of them, `stride` apart.
struct TritRun {
    int bytes, stride, count, firstWeight;
};
constexpr TritRun kTritRuns[] = {{32, 32, 5, 0}, {16, 16, 5, 160}, {4, 4, 4, 240}};

std::uint8_t* tritBytes(BlockTQ1_0& block, std::size_t run) {
    return run == 0 ? block.fives : run == 1 ? block.fives + 32 : block.fours;
}

void encodeTQ1_0(std::span<const float> values, std::byte* out) {
    BlockTQ1_0 block;
    const float d = largestMagnitude(values);
    const float inverse = d > 0 ? 1.0f / d : 0.0f;
    block.d = Float16(d);
    for (std::size_t r = 0; r < std::size(kTritRuns); ++r) {
        const TritRun& run = kTritRuns[r];
        for (int b = 0; b < run.bytes; ++b) {
            int number = 0;  // the first trit is the most significant of five
            for (int t = 0; t < 5; ++t) {
                number *= 3;
                if (t < run.count)
                    number += trit(values[static_cast<std::size_t>(run.firstWeight + b + t * run.stride)], inverse);
            }
            // As a fraction of 3^5 in 256ths, rounded up: a reader multiplies by three and takes what overflows the
            // byte.
            tritBytes(block, r)[b] = static_cast<std::uint8_t>((number * 256 + 242) / 243);
        }
    }
    store(block, out);
}

void decodeTQ1_0(const std::byte* in, std::span<float> out) {
    auto block = load<BlockTQ1_0>(in);
    const float d = static_cast<float>(block.d);
    for (std::size_t r = 0; r < std::size(kTritRuns); ++r) {
        const TritRun& run = kTritRuns[r];
        for (int b = 0; b < run.bytes; ++b) {
            unsigned fraction = tritBytes(block, r)[b];
            for (int t = 0; t < run.count; ++t) {
                const unsigned tripled = fraction * 3;
                out[static_cast<std::size_t>(run.firstWeight + b + t * run.stride)] =
                    d * static_cast<float>(static_cast<int>(tripled >> 8) - 1);
                fraction = tripled & 255;
            }
        }
    }
}

void encodeTQ2_0(std::span<const float> values, std::byte* out) {
    BlockTQ2_0 block{};
    const float d = largestMagnitude(values);
    const float inverse = d > 0 ? 1.0f / d : 0.0f;
    block.d = Float16(d);
    for (std::size_t i = 0; i < kLargeBlock; ++i) {
        const std::size_t half = i / 128, part = i % 128 / 32, at = i % 32;
        block.codes[half * 32 + at] =
            static_cast<std::uint8_t>(block.codes[half * 32 + at] | trit(values[i], inverse) << (part * 2));
    }
    store(block, out);
}

void decodeTQ2_0(const std::byte* in, std::span<float> out) {
    const auto block = load<BlockTQ2_0>(in);
    const float d = static_cast<float>(block.d);
    for (std::size_t i = 0; i < kLargeBlock; ++i) {
        const std::size_t half = i / 128, part = i % 128 / 32, at = i % 32;
        out[i] = d * static_cast<float>((block.codes[half * 32 + at] >> (part * 2) & 3) - 1);
    }
}

}  // namespace

std::span<const GgmlTypeFacts> ggmlTypes() {
    return kTypes;
}

const GgmlTypeFacts* findGgmlType(std::uint32_t number) {
    for (const auto& facts : kTypes)
        if (static_cast<std::uint32_t>(facts.type) == number) return &facts;
    return nullptr;
}

const GgmlTypeFacts& ggmlTypeFacts(GgmlType type) {
    return *findGgmlType(static_cast<std::uint32_t>(type));
}

Result<GgmlType> ggmlTypeFromName(const std::string& name) {
    std::string known;
    for (const auto& facts : kTypes) {
        const std::string_view candidate = facts.name;
        if (std::equal(name.begin(), name.end(), candidate.begin(), candidate.end(),
                       [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; }))
            return facts.type;
        known += (known.empty() ? "" : ", ") + std::string(candidate);
    }
    return makeError(ErrorCode::InvalidArgument, "\"" + name + "\" is no type of weights; there are " + known);
}

std::string ggmlTypeName(std::uint32_t number) {
    constexpr const char* kNames[] = {"F32",     "F16",    "Q4_0",    "Q4_1",  "",       "",      "Q5_0",  "Q5_1",
                                      "Q8_0",    "Q8_1",   "Q2_K",    "Q3_K",  "Q4_K",   "Q5_K",  "Q6_K",  "Q8_K",
                                      "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS",
                                      "I8",      "I16",    "I32",     "I64",   "F64",    "IQ1_M", "BF16",  "",
                                      "",        "",       "TQ1_0",   "TQ2_0", "",       "",      "",      "MXFP4"};
    if (number < std::size(kNames) && *kNames[number]) return kNames[number];
    return "type " + std::to_string(number);
}

std::size_t ggmlBytes(GgmlType type, std::size_t rows, std::size_t columns) {
    const GgmlTypeFacts& facts = ggmlTypeFacts(type);
    return rows * (columns / static_cast<std::size_t>(facts.blockElements)) *
           static_cast<std::size_t>(facts.blockBytes);
}

void ggmlEncode(GgmlType type, std::span<const float> values, std::byte* out) {
    if (type == GgmlType::F32) {
        if (!values.empty()) std::memcpy(out, values.data(), values.size_bytes());
        return;
    }
    if (type == GgmlType::F16 || type == GgmlType::BF16) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::uint16_t bits = type == GgmlType::F16 ? Float16(values[i]).bits : BFloat16(values[i]).bits;
            std::memcpy(out + 2 * i, &bits, sizeof bits);
        }
        return;
    }
    const GgmlTypeFacts& facts = ggmlTypeFacts(type);
    const auto block = static_cast<std::size_t>(facts.blockElements);
    for (std::size_t i = 0; i + block <= values.size(); i += block, out += facts.blockBytes) {
        const auto part = values.subspan(i, block);
        switch (type) {
            case GgmlType::Q8_0:
                encodeQ8_0(part, out);
                break;
            case GgmlType::Q6_K:
                encodeQ6_K(part, out);
                break;
            case GgmlType::TQ1_0:
                encodeTQ1_0(part, out);
                break;
            default:
                encodeTQ2_0(part, out);
                break;
        }
    }
}

void ggmlDecode(GgmlType type, const std::byte* blocks, std::span<float> out) {
    if (type == GgmlType::F32) {
        if (!out.empty()) std::memcpy(out.data(), blocks, out.size_bytes());
        return;
    }
    if (type == GgmlType::F16 || type == GgmlType::BF16) {
        for (std::size_t i = 0; i < out.size(); ++i) {
            std::uint16_t bits;
            std::memcpy(&bits, blocks + 2 * i, sizeof bits);
            Float16 half;
            BFloat16 brain;
            half.bits = brain.bits = bits;
            out[i] = type == GgmlType::F16 ? static_cast<float>(half) : static_cast<float>(brain);
        }
        return;
    }
    const GgmlTypeFacts& facts = ggmlTypeFacts(type);
    const auto block = static_cast<std::size_t>(facts.blockElements);
    for (std::size_t i = 0; i + block <= out.size(); i += block, blocks += facts.blockBytes) {
        const auto part = out.subspan(i, block);
        switch (type) {
            case GgmlType::Q8_0:
                decodeQ8_0(blocks, part);
                break;
            case GgmlType::Q6_K:
                decodeQ6_K(blocks, part);
                break;
            case GgmlType::TQ1_0:
                decodeTQ1_0(blocks, part);
                break;
            default:
                decodeTQ2_0(blocks, part);
                break;
        }
    }
}

}  // namespace distillix
