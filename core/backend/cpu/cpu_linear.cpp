// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_linear.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/backend/arguments.h"
#include "core/backend/cpu/cpu_table.h"
#include "core/quant/ternary.h"

namespace distillix::cpu {

const LinearKernels& linearKernels(CpuLevel level) {
#if defined(__x86_64__)
    if (level == CpuLevel::Amx) return kLinearKernelsAmx;
    if (level == CpuLevel::Avx512) return kLinearKernelsAvx512;
    if (level == CpuLevel::Avx2) return kLinearKernelsAvx2;
#endif
    (void)level;
    return kLinearKernelsScalar;
}

namespace {

constexpr std::int64_t roundUp(std::int64_t value, std::int64_t grain) {
    return (value + grain - 1) / grain * grain;
}
constexpr std::size_t sizeOf(std::int64_t value) {
    return static_cast<std::size_t>(value);
}

/// The prepared form of a ternary weight.
struct Prepared {
    explicit Prepared(const LinearWeight& weight)
        : in(weight.shape.in),
          out(weight.shape.out),
          columns(roundUp(in, kPanelColumns)),
          gamma(weight.prepared.as<float>().backendAddress()),
          panels(reinterpret_cast<std::uint32_t*>(gamma + roundUp(out, kPanelRows))) {}

    std::int64_t panelCount() const { return (out + kPanelRows - 1) / kPanelRows; }
    std::uint32_t* panel(std::int64_t index) const { return panels + index * (columns / 16 * kPanelRows); }
    int rowsOf(std::int64_t index) const { return static_cast<int>(std::min(kPanelRows, out - index * kPanelRows)); }

    std::int64_t in, out;
    std::int64_t columns;  // in, padded
    float* gamma;          // [out padded to 64]
    std::uint32_t* panels;
};

/// Rows of work a chunk takes, so that one chunk touches about `elements` values: long enough to be worth handing out.
std::size_t rowsPerChunk(std::int64_t width, std::int64_t elements = 32768) {
    return sizeOf(std::max<std::int64_t>(1, elements / std::max<std::int64_t>(width, 1)));
}

void forRows(ThreadPool& pool, std::int64_t rows, std::int64_t width,
             FunctionRef<void(std::int64_t first, std::int64_t last)> work) {
    const std::size_t step = rowsPerChunk(width);
    pool.parallelFor(chunkCount(sizeOf(rows), step), [&](std::size_t chunk, int) {
        const std::int64_t first = static_cast<std::int64_t>(chunk * step);
        work(first, std::min(rows, first + static_cast<std::int64_t>(step)));
    });
}

std::size_t prepareScratch(std::int64_t out) {
    return 2 * Scratch::bytes<double>(sizeOf(out)) + 2 * Scratch::bytes<std::int32_t>(sizeOf(out));
}

Result<void> prepareOne(CpuContext& context, const Exec& exec, const PrepareWeight& item, bool training) {
    const LinearShape& shape = item.weight.shape;
    const LinearKernels& kernels = linearKernels(context.level);
    const std::int64_t in = shape.in, out = shape.out;
    const float* latent = item.weight.latent.backendAddress();
    if (shape.format != WeightFormat::Latent) return prepareTable(context, item.weight);
    if (!shape.ternary && context.productType(exec.precision) == DType::BF16) {
        if (!item.weight.prepared) return badArgument("prepareWeights", "weight.prepared is missing");
        std::uint16_t* panels = item.weight.prepared.as<std::uint16_t>().backendAddress();
        bf16PanelsOfRows(context.pool, *context.bf16, latent, out, in, panels);
        if (training) {
            bf16Panels(
                context.pool, *context.bf16, out, in, [&](std::int64_t row) { return latent + row * in; },
                panels + bf16PanelsSize(*context.bf16, out, in));
        }
    }
    if (!shape.ternary && !item.health) return {};

    Scratch scratch(exec);
    double* magnitudes = scratch.take<double>(sizeOf(out));
    double* squares = scratch.take<double>(sizeOf(out));
    std::int32_t* zeros = scratch.take<std::int32_t>(sizeOf(out));
    std::int32_t* flips = scratch.take<std::int32_t>(sizeOf(out));
    if (!flips || !zeros || !squares || !magnitudes) return scratch.tooSmall("prepareWeights");
    forRows(context.pool, out, in, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t r = first; r < last; ++r) {
            kernels.rowSums(latent + r * in, in, magnitudes + r, squares + r);
            zeros[r] = flips[r] = 0;
        }
    });
    if (shape.ternary) {
        if (!item.weight.prepared) return badArgument("prepareWeights", "weight.prepared is missing");
        const Prepared prepared(item.weight);
        std::int64_t row = 0;
        for (const int rows : shape.segments) {
            double sum = 0;
            for (std::int64_t r = row; r < row + rows; ++r) sum += magnitudes[r];
            for (std::int64_t r = row; r < row + rows; ++r) {
                prepared.gamma[r] = shape.perChannel ? ternaryGamma(magnitudes[r], sizeOf(in), shape.quantizationEps)
                                                     : ternaryGamma(sum, sizeOf(rows * in), shape.quantizationEps);
            }
            row += rows;
        }
        std::fill(prepared.gamma + out, prepared.gamma + roundUp(out, kPanelRows), 0.0f);
        context.pool.parallelFor(sizeOf(prepared.panelCount()), [&](std::size_t index, int) {
            const std::int64_t first = static_cast<std::int64_t>(index) * kPanelRows;
            kernels.packPanel(latent + first * in, in, prepared.rowsOf(static_cast<std::int64_t>(index)),
                              prepared.gamma + first, item.first, prepared.panel(static_cast<std::int64_t>(index)),
                              zeros + first, flips + first);
        });
    }
    if (!item.health) return {};
    std::int64_t row = 0;
    for (std::size_t s = 0; s < shape.segments.size(); ++s) {
        const std::int64_t rows = shape.segments[s];
        if (rows == 0) continue;
        double magnitude = 0, square = 0;
        std::int64_t zeroCount = 0, flipCount = 0;
        for (std::int64_t r = row; r < row + rows; ++r) {
            magnitude += magnitudes[r];
            square += squares[r];
            zeroCount += zeros[r];
            flipCount += flips[r];
        }
        const double count = static_cast<double>(rows * in);
        WeightHealth& health = item.health.backendAddress()[s];
        health.rms = static_cast<float>(std::sqrt(square / count));
        health.meanAbs = static_cast<float>(magnitude / count);
        health.zeroFraction = static_cast<float>(static_cast<double>(zeroCount) / count);
        health.flipFraction = static_cast<float>(static_cast<double>(flipCount) / count);
        row += rows;
    }
    return {};
}

// ---- forward ------------------------------------------------------------------------------------------------------

/// Tokens that share one unpacked panel: unpacking costs about as much as a token and a half.
constexpr std::int64_t kTokenBlock = 128;
/// Up to here panels are unpacked in registers, for four tokens at a time: at 8 tokens that is half as fast again.
constexpr std::int64_t kUnpackFrom = 12;

std::size_t forwardScratch(int threads, std::int64_t rows, std::int64_t in) {
    const std::int64_t columns = roundUp(in, kPanelColumns);
    return Scratch::bytes<std::int32_t>(sizeOf(rows)) +
           (columns != in ? Scratch::bytes<std::int8_t>(sizeOf(rows * columns)) : 0) +
           sizeOf(threads) * Scratch::bytes<std::uint8_t>(sizeOf(kPanelRows * columns));
}

/// The same panel for `count` tokens from `first` on.
TernaryTile tokensOf(TernaryTile tile, std::int64_t first, std::int64_t count) {
    tile.tokens = static_cast<int>(count);
    tile.codes += first * tile.codesStride;
    tile.codeSums += first;
    tile.alpha += first;
    if (tile.residual) tile.residual += first * tile.outStride;
    tile.out += first * tile.outStride;
    return tile;
}

Result<void> ternaryForward(CpuContext& context, const Exec& exec, const LinearForwardArgs& args) {
    const LinearKernels& kernels = linearKernels(context.level);
    const Prepared weight(args.weight);
    const std::int64_t rows = args.rows, in = weight.in, columns = weight.columns;
    const std::int8_t* codes = args.input.codes.backendAddress();
    Scratch scratch(exec);
    std::int32_t* sums = scratch.take<std::int32_t>(sizeOf(rows));
    std::int8_t* padded = columns != in ? scratch.take<std::int8_t>(sizeOf(rows * columns)) : nullptr;
    const bool few = rows <= kUnpackFrom;
    const std::size_t unpackedBytes = Scratch::bytes<std::uint8_t>(sizeOf(kPanelRows * columns));
    std::uint8_t* unpacked = few ? nullptr : scratch.take<std::uint8_t>(unpackedBytes * sizeOf(context.pool.threads()));
    if (!sums || (columns != in && !padded) || (!few && !unpacked)) return scratch.tooSmall("linearForward");

    const auto prepareCodes = [&](std::int64_t first, std::int64_t last) {
        kernels.codeSums(codes + first * in, last - first, in, in, sums + first);
        for (std::int64_t r = first; padded && r < last; ++r) {
            std::memcpy(padded + r * columns, codes + r * in, sizeOf(in));
            std::memset(padded + r * columns + in, 0, sizeOf(columns - in));
        }
    };
    TernaryTile whole{};
    whole.columns = columns;
    whole.codes = padded ? padded : codes;
    whole.codesStride = columns;
    whole.codeSums = sums;
    whole.alpha = args.input.alpha.backendAddress();
    whole.residual = args.residual.backendAddress();
    whole.out = floats(args.out);
    whole.outStride = weight.out;
    const auto panelTile = [&](std::int64_t index) {
        TernaryTile tile = whole;
        tile.panel = weight.panel(index);
        tile.rows = weight.rowsOf(index);
        tile.gamma = weight.gamma + index * kPanelRows;
        if (tile.residual) tile.residual += index * kPanelRows;
        tile.out += index * kPanelRows;
        return tile;
    };
    const std::int64_t panels = weight.panelCount();
    if (few) {
        prepareCodes(0, rows);
        // A chunk reads some 32 KB of packed weights: about two microseconds.
        const std::int64_t group = std::max<std::int64_t>(1, 32768 / (columns * 16));
        context.pool.parallelFor(sizeOf((panels + group - 1) / group), [&](std::size_t chunk, int) {
            const std::int64_t first = static_cast<std::int64_t>(chunk) * group;
            for (std::int64_t index = first; index < std::min(panels, first + group); ++index) {
                for (std::int64_t token = 0; token < rows; token += kFewTokens)
                    kernels.fewTokens(
                        tokensOf(panelTile(index), token, std::min<std::int64_t>(kFewTokens, rows - token)));
            }
        });
        return {};
    }
    forRows(context.pool, rows, in, prepareCodes);
    const std::int64_t blocks = (rows + kTokenBlock - 1) / kTokenBlock;
    // A multiple of the tokens that a kernel takes at once: 4 and 6, or 32.
    const std::int64_t perBlock = roundUp((rows + blocks - 1) / blocks, context.level == CpuLevel::Amx ? 32 : 12);
    context.pool.parallelFor(sizeOf(panels * blocks), [&](std::size_t chunk, int worker) {
        const std::int64_t index = static_cast<std::int64_t>(chunk) % panels;
        const std::int64_t first = static_cast<std::int64_t>(chunk) / panels * perBlock;
        if (first >= rows) return;
        TernaryTile tile = panelTile(index);
        std::uint8_t* mine = unpacked + unpackedBytes * sizeOf(worker);
        kernels.unpackPanel(tile.panel, columns, mine);
        tile.unpacked = mine;
        kernels.manyTokens(tokensOf(tile, first, std::min(perBlock, rows - first)));
    });
    return {};
}

Result<void> plainForward(CpuContext& context, const LinearForwardArgs& args) {
    const LinearShape& shape = args.weight.shape;
    const std::int64_t rows = args.rows, in = shape.in, out = shape.out;
    float* y = floats(args.out);
    const float* residual = args.residual.backendAddress();
    if (residual && residual != y) {
        forRows(context.pool, rows, out, [&](std::int64_t first, std::int64_t last) {
            std::memcpy(y + first * out, residual + first * out, sizeOf((last - first) * out) * sizeof(float));
        });
    }
    DenseProductArgs product;
    product.m = rows;
    product.n = out;
    product.k = in;
    product.a = {floats(args.input.values), in, false};
    product.b = {args.weight.latent.backendAddress(), in, true};
    product.c = y;
    product.cStride = out;
    product.accumulate = residual != nullptr;
    return context.products.product(product);
}

// ---- backward -----------------------------------------------------------------------------------------------------

/// Depth of the steps in which operands are made on the way: what a thread holds of them stays in its cache.
constexpr std::int64_t kDepth = 512;
constexpr std::int64_t kGradientRows = 192;
/// Elements a thread needs: rows of A's form in either, which are longer than a panel of that depth.
constexpr std::int64_t kThreadScratch = kGradientRows * (kDepth | kBf16Grain);
static_assert(kDepth / kScaleBlock * kScaledRowBlock <= (kDepth | kBf16Grain) &&
              kDepth / kScaleBlock * kScaledPanelBlock <= kThreadScratch);

std::size_t floatBackwardScratch(std::int64_t rows, std::int64_t in, std::int64_t out) {
    return 2 * Scratch::bytes<float>(sizeOf(rows * out)) + Scratch::bytes<float>(sizeOf(rows * in)) +
           Scratch::bytes<float>(sizeOf(in * out));
}

std::size_t bf16BackwardScratch(const CpuContext& context, std::int64_t rows, std::int64_t in, std::int64_t out) {
    return Scratch::bytes<std::uint16_t>(bf16RowsSize(*context.bf16, rows, out)) +
           Scratch::bytes<std::uint16_t>(bf16PanelsSize(*context.bf16, in, rows)) +
           Scratch::bytes<float>(sizeOf(rows)) +
           Scratch::bytes<std::uint16_t>(weightGradientScratch(context.pool.threads()));
}

Result<void> ternaryBackwardFloat(CpuContext& context, const Exec& exec, const LinearBackwardArgs& args) {
    const LinearKernels& kernels = linearKernels(context.level);
    const Prepared weight(args.weight);
    const std::int64_t rows = args.rows, in = weight.in, out = weight.out;
    const float* dOut = floats(args.dOut);
    const float* alpha = args.input.alpha.backendAddress();
    const std::int8_t* codes = args.input.codes.backendAddress();

    Scratch scratch(exec);
    float* byGamma = args.dInput ? scratch.take<float>(sizeOf(rows * out)) : nullptr;
    float* numbers = args.dInput ? scratch.take<float>(sizeOf(in * out)) : nullptr;
    float* byAlpha = args.dWeight ? scratch.take<float>(sizeOf(rows * out)) : nullptr;
    float* inputs = args.dWeight ? scratch.take<float>(sizeOf(rows * in)) : nullptr;
    if ((args.dInput && !(byGamma && numbers)) || (args.dWeight && !(byAlpha && inputs)))
        return scratch.tooSmall("linearBackward");

    forRows(context.pool, rows, out, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t r = first; r < last; ++r) {
            if (byGamma) kernels.scaleToFloat(dOut + r * out, weight.gamma, 1.0f, out, byGamma + r * out);
            if (!byAlpha) continue;
            kernels.scaleToFloat(dOut + r * out, nullptr, alpha[r] / 127.0f, out, byAlpha + r * out);
            kernels.codesToFloat(codes + r * in, in, inputs + r * in);
        }
    });
    if (args.dInput) {
        context.pool.parallelFor(sizeOf(weight.panelCount()), [&](std::size_t chunk, int) {
            const std::int64_t index = static_cast<std::int64_t>(chunk);
            kernels.panelToFloat(weight.panel(index), in, weight.rowsOf(index), numbers + index * kPanelRows * in, in);
        });
        DenseProductArgs product;
        product.m = rows;
        product.n = in;
        product.k = out;
        product.a = {byGamma, out, false};
        product.b = {numbers, in, false};
        product.c = floats(args.dInput);
        product.cStride = in;
        TRY_VOID(context.products.product(product));
    }
    if (args.dWeight) {
        DenseProductArgs product;
        product.m = out;
        product.n = in;
        product.k = rows;
        product.a = {byAlpha, out, true};
        product.b = {inputs, in, false};
        product.c = args.dWeight.backendAddress();
        product.cStride = in;
        product.accumulate = true;
        TRY_VOID(context.products.product(product));
    }
    return {};
}

/// dX = (dY·γ)·Wq with the panels of Wq unpacked on the way, into 64 KB that stay in cache.
void inputGradient(CpuContext& context, const Prepared& weight, std::int64_t rows, const std::uint16_t* byGamma,
                   float* dInput, std::uint16_t* scratch) {
    const Bf16Kernels& kernels = *context.bf16;
    const std::int64_t depth = bf16Depth(weight.out), stride = bf16Stride(kernels, weight.out);
    const std::int64_t panels = bf16PanelCount(weight.in);
    // A panel is unpacked once for each piece of rows: few pieces, but enough chunks for several threads.
    const std::int64_t pieces =
        std::max((rows + 767) / 768, std::min((16 + panels - 1) / panels, (rows + kGradientRows - 1) / kGradientRows));
    const std::int64_t perPiece = roundUp((rows + pieces - 1) / pieces, 32);
    context.pool.parallelFor(sizeOf(panels * pieces), [&](std::size_t chunk, int worker) {
        const std::int64_t panel = static_cast<std::int64_t>(chunk) % panels;
        const std::int64_t first = static_cast<std::int64_t>(chunk) / panels * perPiece;
        if (first >= rows) return;
        std::uint16_t* unpacked = scratch + sizeOf(worker) * sizeOf(kThreadScratch);
        Bf16Tile tile{};
        tile.aStride = stride;
        tile.rows = std::min(perPiece, rows - first);
        tile.panel = unpacked;
        tile.c = dInput + first * weight.in + panel * kBf16Columns;
        tile.cStride = weight.in;
        tile.columns = static_cast<int>(std::min(kBf16Columns, weight.in - panel * kBf16Columns));
        for (std::int64_t k = 0; k < depth; k += kDepth) {
            tile.k = std::min(kDepth, depth - k);
            for (std::int64_t part = 0; part < tile.k; part += kPanelRows) {
                kernels.panelOfTernary(weight.panel((k + part) / kPanelRows), panel * kBf16Columns, weight.columns / 16,
                                       unpacked, part);
            }
            tile.a = byGamma + first * stride + bf16RowOffset(kernels, k);
            tile.accumulate = k > 0;
            kernels.tile(tile);
        }
    });
}

/// The scales go into dY before it is rounded: codes and ternary weights are exact, so dY is all that loses anything.
Result<void> ternaryBackwardBf16(CpuContext& context, const Exec& exec, const LinearBackwardArgs& args) {
    const Prepared weight(args.weight);
    const std::int64_t rows = args.rows, in = weight.in, out = weight.out;
    Scratch scratch(exec);
    std::uint16_t* byGamma =
        args.dInput ? scratch.take<std::uint16_t>(bf16RowsSize(*context.bf16, rows, out)) : nullptr;
    std::uint16_t* inputs =
        args.dWeight ? scratch.take<std::uint16_t>(bf16PanelsSize(*context.bf16, in, rows)) : nullptr;
    float* scales = args.dWeight ? scratch.take<float>(sizeOf(rows)) : nullptr;
    std::uint16_t* perThread = scratch.take<std::uint16_t>(weightGradientScratch(context.pool.threads()));
    if ((args.dInput && !byGamma) || (args.dWeight && !(inputs && scales)) || !perThread)
        return scratch.tooSmall("linearBackward");
    if (args.dInput) {
        bf16Rows(context.pool, *context.bf16, floats(args.dOut), rows, out, weight.gamma, byGamma);
        inputGradient(context, weight, rows, byGamma, floats(args.dInput), perThread);
    }
    if (args.dWeight) {
        bf16PanelsOfCodes(context.pool, *context.bf16, args.input.codes.backendAddress(), rows, in, inputs);
        for (std::int64_t r = 0; r < rows; ++r) scales[r] = args.input.alpha.backendAddress()[r] / 127.0f;
        WeightGradient gradient;
        gradient.dOut = floats(args.dOut);
        gradient.dOutStride = out;
        gradient.scales = scales;
        gradient.inputPanels = inputs;
        gradient.count = rows;
        gradient.rows = out;
        gradient.columns = in;
        gradient.dWeight = args.dWeight.backendAddress();
        addWeightGradient(context, gradient, perThread);
    }
    return {};
}

Result<void> plainBackwardFloat(CpuContext& context, const LinearBackwardArgs& args) {
    const std::int64_t rows = args.rows, in = args.weight.shape.in, out = args.weight.shape.out;
    DenseProductArgs product;
    if (args.dInput) {
        product.m = rows;
        product.n = in;
        product.k = out;
        product.a = {floats(args.dOut), out, false};
        product.b = {args.weight.latent.backendAddress(), in, false};
        product.c = floats(args.dInput);
        product.cStride = in;
        TRY_VOID(context.products.product(product));
    }
    if (args.dWeight) {
        product.m = out;
        product.n = in;
        product.k = rows;
        product.a = {floats(args.dOut), out, true};
        product.b = {floats(args.input.values), in, false};
        product.c = args.dWeight.backendAddress();
        product.cStride = in;
        product.accumulate = true;
        TRY_VOID(context.products.product(product));
    }
    return {};
}

Result<void> plainBackwardBf16(CpuContext& context, const Exec& exec, const LinearBackwardArgs& args) {
    if (!args.weight.prepared) return badArgument("linearBackward", "weight.prepared is missing");
    const std::int64_t rows = args.rows, in = args.weight.shape.in, out = args.weight.shape.out;
    Scratch scratch(exec);
    std::uint16_t* dOut = args.dInput ? scratch.take<std::uint16_t>(bf16RowsSize(*context.bf16, rows, out)) : nullptr;
    std::uint16_t* inputs =
        args.dWeight ? scratch.take<std::uint16_t>(bf16PanelsSize(*context.bf16, in, rows)) : nullptr;
    std::uint16_t* perThread = scratch.take<std::uint16_t>(weightGradientScratch(context.pool.threads()));
    if ((args.dInput && !dOut) || (args.dWeight && !inputs) || !perThread) return scratch.tooSmall("linearBackward");
    if (args.dInput) {
        bf16Rows(context.pool, *context.bf16, floats(args.dOut), rows, out, nullptr, dOut);
        Bf16Product product;
        product.m = rows;
        product.n = in;
        product.k = out;
        product.a = dOut;
        product.panels = panelsForBackward(context, args.weight);
        product.c = floats(args.dInput);
        product.cStride = in;
        bf16Product(context.pool, *context.bf16, product);
    }
    if (args.dWeight) {
        const float* values = floats(args.input.values);
        bf16Panels(
            context.pool, *context.bf16, rows, in, [&](std::int64_t row) { return values + row * in; }, inputs);
        WeightGradient gradient;
        gradient.dOut = floats(args.dOut);
        gradient.dOutStride = out;
        gradient.inputPanels = inputs;
        gradient.count = rows;
        gradient.rows = out;
        gradient.columns = in;
        gradient.dWeight = args.dWeight.backendAddress();
        addWeightGradient(context, gradient, perThread);
    }
    return {};
}

}  // namespace

const std::uint16_t* panelsForForward(const LinearWeight& weight) {
    return weight.prepared.as<const std::uint16_t>().backendAddress();
}

const std::uint16_t* panelsForBackward(const CpuContext& context, const LinearWeight& weight) {
    return panelsForForward(weight) + bf16PanelsSize(*context.bf16, weight.shape.out, weight.shape.in);
}

std::size_t weightGradientScratch(int threads) {
    return sizeOf(threads) * sizeOf(kThreadScratch);
}

void addWeightGradient(CpuContext& context, const WeightGradient& args, std::uint16_t* scratch) {
    const Bf16Kernels& kernels = *context.bf16;
    // Blocks of 192 = 32·6 rows, or of half that where there would be few: the transposed dY of a block stays in cache
    // while it meets all of X.
    const std::int64_t block = args.rows >= 16 * kGradientRows ? kGradientRows : kGradientRows / 2;
    const std::int64_t panelSize = bf16PanelSize(kernels, args.count);
    context.pool.parallelFor(chunkCount(sizeOf(args.rows), sizeOf(block)), [&](std::size_t chunk, int worker) {
        const std::int64_t row = static_cast<std::int64_t>(chunk) * block, rows = std::min(block, args.rows - row);
        std::uint16_t* dOut = scratch + sizeOf(worker) * sizeOf(kThreadScratch);
        for (std::int64_t k = 0; k < args.count; k += kDepth) {
            const std::int64_t count = std::min(kDepth, args.count - k), stride = bf16Stride(kernels, count);
            if (args.dOut) {
                kernels.transposed(args.dOut + k * args.dOutStride + row, args.dOutStride, rows, count,
                                   args.scales ? args.scales + k : nullptr, dOut, stride);
            } else {
                kernels.transposedBf16(args.dOutBf16 + k * args.dOutStride + row, args.dOutStride, rows, count, dOut,
                                       stride);
            }
            for (std::int64_t panel = 0; panel < bf16PanelCount(args.columns); ++panel) {
                Bf16Tile tile{};
                tile.a = dOut;
                tile.aStride = stride;
                tile.rows = rows;
                tile.panel = args.inputPanels + panel * panelSize + bf16PanelOffset(kernels, k);
                tile.k = bf16Depth(count);
                tile.c = args.dWeight + row * args.columns + panel * kBf16Columns;
                tile.cStride = args.columns;
                tile.columns = static_cast<int>(std::min(kBf16Columns, args.columns - panel * kBf16Columns));
                tile.accumulate = true;
                kernels.tile(tile);
            }
        }
    });
}

Result<void> prepareWeights(CpuContext& context, const Exec& exec, std::span<const PrepareWeight> weights,
                            bool training) {
    for (const PrepareWeight& item : weights) TRY_VOID(checkArguments(item));
    for (const PrepareWeight& item : weights) TRY_VOID(prepareOne(context, exec, item, training));
    return {};
}

Result<void> linearForward(CpuContext& context, const Exec& exec, const LinearForwardArgs& args) {
    TRY_VOID(checkArguments(args));
    if (args.rows == 0) return {};
    if (!args.weight.shape.ternary) return plainForward(context, args);
    if (!args.weight.prepared) return badArgument("linearForward", "weight.prepared is missing");
    return ternaryForward(context, exec, args);
}

Result<void> linearBackward(CpuContext& context, const Exec& exec, const LinearBackwardArgs& args) {
    TRY_VOID(checkArguments(args));
    if (args.rows == 0) return {};
    const bool bf16 = context.productType(exec.precision) == DType::BF16;
    if (!args.weight.shape.ternary)
        return bf16 ? plainBackwardBf16(context, exec, args) : plainBackwardFloat(context, args);
    if (!args.weight.prepared) return badArgument("linearBackward", "weight.prepared is missing");
    return bf16 ? ternaryBackwardBf16(context, exec, args) : ternaryBackwardFloat(context, exec, args);
}

std::size_t preparedBytes(const CpuContext& context, const LinearShape& shape, Precision precision, bool training) {
    if (shape.format != WeightFormat::Latent) return WeightTable::bytes(shape.format, shape.in, shape.out);
    if (!shape.ternary) {
        if (context.productType(precision) != DType::BF16) return 0;
        const std::size_t elements = bf16PanelsSize(*context.bf16, shape.out, shape.in) +
                                     (training ? bf16PanelsSize(*context.bf16, shape.in, shape.out) : 0);
        return elements * sizeof(std::uint16_t);
    }
    const std::int64_t rows = roundUp(shape.out, kPanelRows);
    return sizeOf(rows) * sizeof(float) + sizeOf(rows * roundUp(shape.in, kPanelColumns)) / 4;
}

std::size_t linearWorkspaceBytes(const CpuContext& context, const Workload& w, Precision precision) {
    const std::int64_t queryWidth = std::int64_t{w.heads} * w.headDim, keyWidth = std::int64_t{w.kvHeads} * w.headDim;
    const std::int64_t shapes[][2] = {{w.hidden, queryWidth + 2 * keyWidth},
                                      {queryWidth, w.hidden},
                                      {w.hidden, 2 * std::int64_t{w.mlp}},
                                      {w.mlp, w.hidden}};
    std::size_t bytes = prepareScratch(w.vocabulary);
    for (const auto& [in, out] : shapes) {
        bytes = std::max({bytes, prepareScratch(out), forwardScratch(context.pool.threads(), w.rows, in)});
        if (!w.training) continue;
        bytes = std::max(bytes, context.productType(precision) == DType::BF16
                                    ? bf16BackwardScratch(context, w.rows, in, out)
                                    : floatBackwardScratch(w.rows, in, out));
    }
    return bytes + Scratch::kSkew;
}

}  // namespace distillix::cpu
