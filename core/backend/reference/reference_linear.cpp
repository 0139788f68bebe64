// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/backend/reference/reference_kernels.h"
#include "core/quant/ternary.h"

namespace distillix::reference {

std::size_t preparedBytes(const LinearShape& shape) {
    if (shape.format != WeightFormat::Latent) return WeightTable::bytes(shape.format, shape.in, shape.out);
    if (!shape.ternary) return 0;
    return static_cast<std::size_t>(shape.out) * sizeof(float) +
           static_cast<std::size_t>(shape.out) * static_cast<std::size_t>(shape.in);
}

WeightView::WeightView(const LinearWeight& weight) : in(weight.shape.in), latent(weight.latent.backendAddress()) {
    if (!weight.shape.ternary) return;
    gamma = weight.prepared.as<const float>().backendAddress();
    codes = reinterpret_cast<const std::int8_t*>(gamma + weight.shape.out);
}

// SPEC 1: γ = mean|W| + eps (one per matrix; one per output row when bitlinear_per_channel),
// Wq = clip(round(W/γ), -1, 1).
Result<void> prepareWeights(std::span<const PrepareWeight> weights) {
    for (const PrepareWeight& item : weights) {
        const LinearShape& shape = item.weight.shape;
        const std::size_t in = static_cast<std::size_t>(shape.in);
        const float* latent = item.weight.latent.backendAddress();
        if (shape.format != WeightFormat::Latent) {
            const WeightTable table(shape.format, shape.in, shape.out, item.weight.prepared.backendAddress());
            for (std::size_t r = 0; r < static_cast<std::size_t>(shape.out); ++r)
                table.quantize(static_cast<std::int64_t>(r), latent + r * in);
        }
        float* gamma = shape.ternary ? item.weight.prepared.as<float>().backendAddress() : nullptr;
        std::int8_t* codes = shape.ternary ? reinterpret_cast<std::int8_t*>(gamma + shape.out) : nullptr;
        std::size_t firstRow = 0;
        for (std::size_t s = 0; s < shape.segments.size(); ++s) {
            const std::size_t rows = static_cast<std::size_t>(shape.segments[s]);
            const float* w = latent + firstRow * in;
            const double total = absSum(w, rows, in);
            double squares = 0;
            std::size_t zeros = 0, flips = 0;
            for (std::size_t i = 0; i < rows * in; ++i)
                squares += static_cast<double>(w[i]) * static_cast<double>(w[i]);
            for (std::size_t r = 0; shape.ternary && r < rows; ++r) {
                const float g = shape.perChannel ? ternaryGamma(absSumRow(w + r * in, in), in, shape.quantizationEps)
                                                 : ternaryGamma(total, rows * in, shape.quantizationEps);
                gamma[firstRow + r] = g;
                for (std::size_t c = 0; c < in; ++c) {
                    std::int8_t& code = codes[(firstRow + r) * in + c];
                    const std::int8_t fresh = ternaryCode(w[r * in + c], g);
                    zeros += fresh == 0;
                    flips += !item.first && fresh != code;
                    code = fresh;
                }
            }
            if (item.health && rows > 0) {
                const double count = static_cast<double>(rows * in);
                WeightHealth& health = item.health.backendAddress()[s];
                health.rms = static_cast<float>(std::sqrt(squares / count));
                health.meanAbs = static_cast<float>(total / count);
                health.zeroFraction = static_cast<float>(static_cast<double>(zeros) / count);
                health.flipFraction = static_cast<float>(static_cast<double>(flips) / count);
            }
            firstRow += rows;
        }
    }
    return {};
}

// SPEC 1: y = (Xq · Wqᵀ) · γ·α/127, or x·Wᵀ; plus the residual.
Result<void> linearForward(const LinearForwardArgs& args) {
    const LinearShape& shape = args.weight.shape;
    const WeightView weight(args.weight);
    const std::size_t in = static_cast<std::size_t>(shape.in), out = static_cast<std::size_t>(shape.out);
    const float* values = readF32(args.input.values);
    const std::int8_t* codes = args.input.codes.backendAddress();
    const float* alpha = args.input.alpha.backendAddress();
    const float* residual = args.residual.backendAddress();
    float* y = writeF32(args.out);
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        for (std::size_t o = 0; o < out; ++o) {
            double sum = 0;
            if (shape.ternary) {
                std::int64_t product = 0;
                for (std::size_t i = 0; i < in; ++i) product += codes[m * in + i] * weight.codes[o * in + i];
                sum = static_cast<double>(product) * weight.gamma[o] * alpha[m] / 127.0;
            } else {
                for (std::size_t i = 0; i < in; ++i)
                    sum += static_cast<double>(values[m * in + i]) * weight.latent[o * in + i];
            }
            if (residual) sum += residual[m * out + o];
            y[m * out + o] = static_cast<float>(sum);
        }
    }
    return {};
}

// SPEC 1, the straight-through estimator: dX = dY · (γ·Wq), dW = dYᵀ · (Xq·α/127).
Result<void> linearBackward(const LinearBackwardArgs& args) {
    const LinearShape& shape = args.weight.shape;
    const WeightView weight(args.weight);
    const std::size_t rows = static_cast<std::size_t>(args.rows);
    const std::size_t in = static_cast<std::size_t>(shape.in), out = static_cast<std::size_t>(shape.out);
    const float* dOut = readF32(args.dOut);
    if (args.dInput) {
        float* dInput = writeF32(args.dInput);
        std::vector<double> sums(in);
        for (std::size_t m = 0; m < rows; ++m) {
            sums.assign(in, 0.0);
            for (std::size_t o = 0; o < out; ++o) {
                const double dy = dOut[m * out + o];
                for (std::size_t i = 0; i < in; ++i)
                    sums[i] += dy * weight.at(static_cast<int>(o), static_cast<int>(i));
            }
            for (std::size_t i = 0; i < in; ++i) dInput[m * in + i] = static_cast<float>(sums[i]);
        }
    }
    if (args.dWeight) {
        const float* values = readF32(args.input.values);
        const std::int8_t* codes = args.input.codes.backendAddress();
        const float* alpha = args.input.alpha.backendAddress();
        float* dWeight = args.dWeight.backendAddress();
        std::vector<double> sums(in);
        for (std::size_t o = 0; o < out; ++o) {
            sums.assign(in, 0.0);
            for (std::size_t m = 0; m < rows; ++m) {
                const double dy = dOut[m * out + o];
                for (std::size_t i = 0; i < in; ++i) {
                    const double x = shape.ternary ? codes[m * in + i] * static_cast<double>(alpha[m]) / 127.0
                                                   : static_cast<double>(values[m * in + i]);
                    sums[i] += dy * x;
                }
            }
            for (std::size_t i = 0; i < in; ++i)
                dWeight[o * in + i] = static_cast<float>(dWeight[o * in + i] + sums[i]);
        }
    }
    return {};
}

}  // namespace distillix::reference
