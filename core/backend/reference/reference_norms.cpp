// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/backend/reference/reference_kernels.h"
#include "core/quant/ternary.h"

namespace distillix::reference {

namespace {

/// SPEC 1: 1/sqrt(mean(x²) + norm_eps).
template <typename T>
double reciprocalRms(const T* x, std::size_t width, double eps) {
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    return 1.0 / std::sqrt(squares / static_cast<double>(width) + eps);
}

/// RMSNorm(x; w) = x · rstd · w of one row, in double; without a weight, x itself. Returns rstd.
double normRow(const double* x, const float* weight, std::size_t width, double eps, double* y) {
    const double rstd = weight ? reciprocalRms(x, width, eps) : 1.0;
    for (std::size_t i = 0; i < width; ++i) y[i] = weight ? x[i] * rstd * weight[i] : x[i];
    return rstd;
}

/// Gradient of normRow: with x̂ = x·rstd, dX = rstd·(w·dY - x̂·mean(w·dY·x̂)) and dW += dY·x̂.
void normRowBackward(const double* x, const float* weight, double rstd, const double* dy, std::size_t width, double* dx,
                     double* dWeight) {
    double mean = 0;
    for (std::size_t i = 0; i < width; ++i) mean += weight[i] * dy[i] * x[i] * rstd;
    mean /= static_cast<double>(width);
    for (std::size_t i = 0; i < width; ++i) {
        const double xHat = x[i] * rstd;
        dx[i] = rstd * (weight[i] * dy[i] - xHat * mean);
        dWeight[i] += dy[i] * xHat;
    }
}

/// SPEC 1: αₜ = max|x| + eps and Xq = round(clip(x/α·127, -128, 127)) of row m, or the values themselves. The values
/// are rounded to float32 first: codes are defined on float32 numbers.
void writeRow(const LinearInput& out, std::size_t m, const std::vector<double>& y, float quantizationEps) {
    const std::size_t width = y.size();
    if (!out.codes) {
        for (std::size_t i = 0; i < width; ++i) writeF32(out.values)[m * width + i] = static_cast<float>(y[i]);
        return;
    }
    float largest = 0;
    for (double v : y) largest = std::max(largest, std::fabs(static_cast<float>(v)));
    const float alpha = activationAlpha(largest, quantizationEps);
    out.alpha.backendAddress()[m] = alpha;
    for (std::size_t i = 0; i < width; ++i) {
        out.codes.backendAddress()[m * width + i] = activationCode(static_cast<float>(y[i]), alpha);
    }
}

/// silu(x) = x·sigmoid(x), without overflow on either side.
double sigmoid(double x) {
    return x >= 0 ? 1.0 / (1.0 + std::exp(-x)) : std::exp(x) / (1.0 + std::exp(x));
}

void addTo(float* target, const std::vector<double>& sums) {
    for (std::size_t i = 0; i < sums.size(); ++i) target[i] = static_cast<float>(target[i] + sums[i]);
}

}  // namespace

// SPEC 1: RMSNorm(x; w) = x / sqrt(mean(x²) + norm_eps) · w, then BitLinear's activation quantizer.
Result<void> normQuantize(const NormQuantizeArgs& args) {
    const std::size_t width = static_cast<std::size_t>(args.width);
    std::vector<double> x(width), y(width);
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        const float* row = readF32(args.x) + m * width;
        x.assign(row, row + width);
        const double rstd = normRow(x.data(), args.weight.backendAddress(), width, args.normEps, y.data());
        if (args.rstd) args.rstd.backendAddress()[m] = static_cast<float>(rstd);
        writeRow(args.out, m, y, args.quantizationEps);
    }
    return {};
}

Result<void> normBackward(const NormBackwardArgs& args) {
    const std::size_t width = static_cast<std::size_t>(args.width);
    std::vector<double> x(width), dy(width), dx(width), dWeight(width, 0.0);
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        const float* xRow = readF32(args.x) + m * width;
        const float* dyRow = readF32(args.dOut) + m * width;
        x.assign(xRow, xRow + width);
        dy.assign(dyRow, dyRow + width);
        normRowBackward(x.data(), args.weight.backendAddress(), args.rstd.backendAddress()[m], dy.data(), width,
                        dx.data(), dWeight.data());
        float* dxRow = writeF32(args.dX) + m * width;
        for (std::size_t i = 0; i < width; ++i)
            dxRow[i] = static_cast<float>(args.accumulate ? dxRow[i] + dx[i] : dx[i]);
    }
    addTo(args.dWeight.backendAddress(), dWeight);
    return {};
}

// SPEC 1: N(silu(gate) * up), then the quantizer of down_proj.
Result<void> swiglu(const SwigluArgs& args) {
    const std::size_t width = static_cast<std::size_t>(args.width);
    std::vector<double> hidden(width), y(width);
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        const float* gate = readF32(args.gateUp) + m * 2 * width;
        const float* up = gate + width;
        for (std::size_t i = 0; i < width; ++i) hidden[i] = gate[i] * sigmoid(gate[i]) * up[i];
        const double rstd = normRow(hidden.data(), args.subNorm.backendAddress(), width, args.normEps, y.data());
        if (args.rstd) args.rstd.backendAddress()[m] = static_cast<float>(rstd);
        writeRow(args.out, m, y, args.quantizationEps);
    }
    return {};
}

// d silu(g)/dg = σ(g)·(1 + g·(1 - σ(g))).
Result<void> swigluBackward(const SwigluBackwardArgs& args) {
    const std::size_t width = static_cast<std::size_t>(args.width);
    std::vector<double> hidden(width), dy(width), dHidden(width), dSubNorm(width, 0.0);
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        const float* gate = readF32(args.gateUp) + m * 2 * width;
        const float* up = gate + width;
        const float* dyRow = readF32(args.dOut) + m * width;
        dHidden.assign(dyRow, dyRow + width);
        if (args.subNorm) {
            dy = dHidden;
            for (std::size_t i = 0; i < width; ++i) hidden[i] = gate[i] * sigmoid(gate[i]) * up[i];
            normRowBackward(hidden.data(), args.subNorm.backendAddress(), args.rstd.backendAddress()[m], dy.data(),
                            width, dHidden.data(), dSubNorm.data());
        }
        float* dGate = writeF32(args.dGateUp) + m * 2 * width;  // may be `gate` itself: read both, then write both
        for (std::size_t i = 0; i < width; ++i) {
            const double g = gate[i], u = up[i], s = sigmoid(g);
            dGate[i] = static_cast<float>(dHidden[i] * u * s * (1.0 + g * (1.0 - s)));
            dGate[width + i] = static_cast<float>(dHidden[i] * g * s);
        }
    }
    if (args.subNorm) addTo(args.dSubNorm.backendAddress(), dSubNorm);
    return {};
}

// SPEC 1: RMSNorm per head, then RoPE in rotate-half layout: with (c, s) of pos·base^(-2j/h), pair (j, j+h/2) becomes
// (a·c - b·s, b·c + a·s).
Result<void> qkNormRope(const QkNormRopeArgs& args) {
    const std::size_t h = static_cast<std::size_t>(args.headDim), half = h / 2;
    const std::size_t qkHeads = static_cast<std::size_t>(args.heads) + static_cast<std::size_t>(args.kvHeads),
                      allHeads = qkHeads + static_cast<std::size_t>(args.kvHeads);
    std::vector<double> x(h), y(h);
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        const float* table =
            args.ropeTable.backendAddress() + static_cast<std::size_t>(args.positions.backendAddress()[m]) * h;
        for (std::size_t head = 0; head < qkHeads; ++head) {
            const float* in = readF32(args.qkv) + (m * allHeads + head) * h;
            float* out = writeF32(args.qk) + (m * qkHeads + head) * h;
            const float* weight =
                (head < static_cast<std::size_t>(args.heads) ? args.qNorm : args.kNorm).backendAddress();
            x.assign(in, in + h);
            normRow(x.data(), weight, h, args.normEps, y.data());
            for (std::size_t j = 0; j < half; ++j) {
                const double c = table[2 * j], s = table[2 * j + 1];
                out[j] = static_cast<float>(y[j] * c - y[j + half] * s);
                out[j + half] = static_cast<float>(y[j + half] * c + y[j] * s);
            }
        }
    }
    return {};
}

// A rotation's gradient is the rotation back; then the norm's.
Result<void> qkNormRopeBackward(const QkNormRopeBackwardArgs& args) {
    const std::size_t h = static_cast<std::size_t>(args.headDim), half = h / 2;
    const std::size_t qkHeads = static_cast<std::size_t>(args.heads) + static_cast<std::size_t>(args.kvHeads),
                      allHeads = qkHeads + static_cast<std::size_t>(args.kvHeads);
    std::vector<double> x(h), dy(h), dx(h), dQNorm(h, 0.0), dKNorm(h, 0.0);
    for (std::size_t m = 0; m < static_cast<std::size_t>(args.rows); ++m) {
        const float* table =
            args.ropeTable.backendAddress() + static_cast<std::size_t>(args.positions.backendAddress()[m]) * h;
        for (std::size_t head = 0; head < qkHeads; ++head) {
            const bool isQuery = head < static_cast<std::size_t>(args.heads);
            const float* in = readF32(args.qkv) + (m * allHeads + head) * h;
            const float* dOut = readF32(args.dQk) + (m * qkHeads + head) * h;
            float* dIn = writeF32(args.dQkv) + (m * allHeads + head) * h;
            for (std::size_t j = 0; j < half; ++j) {
                const double c = table[2 * j], s = table[2 * j + 1];
                dy[j] = dOut[j] * c + dOut[j + half] * s;
                dy[j + half] = dOut[j + half] * c - dOut[j] * s;
            }
            const float* weight = (isQuery ? args.qNorm : args.kNorm).backendAddress();
            if (weight) {
                x.assign(in, in + h);
                const double rstd = reciprocalRms(x.data(), h, args.normEps);
                normRowBackward(x.data(), weight, rstd, dy.data(), h, dx.data(), (isQuery ? dQNorm : dKNorm).data());
            } else {
                dx = dy;
            }
            for (std::size_t j = 0; j < h; ++j) dIn[j] = static_cast<float>(dx[j]);
        }
    }
    if (args.qNorm) {
        addTo(args.dQNorm.backendAddress(), dQNorm);
        addTo(args.dKNorm.backendAddress(), dKNorm);
    }
    return {};
}

}  // namespace distillix::reference
