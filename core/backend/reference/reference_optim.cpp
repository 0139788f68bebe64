// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/backend/reference/reference_kernels.h"

namespace distillix::reference {

namespace {

struct Matrix {
    std::size_t rows = 0, cols = 0;
    std::vector<double> data;
    double& at(std::size_t r, std::size_t c) { return data[r * cols + c]; }
    double at(std::size_t r, std::size_t c) const { return data[r * cols + c]; }
};

Matrix transposed(const Matrix& a) {
    Matrix t{a.cols, a.rows, std::vector<double>(a.data.size())};
    for (std::size_t r = 0; r < a.rows; ++r) {
        for (std::size_t c = 0; c < a.cols; ++c) t.at(c, r) = a.at(r, c);
    }
    return t;
}

Matrix product(const Matrix& a, const Matrix& b) {
    Matrix p{a.rows, b.cols, std::vector<double>(a.rows * b.cols, 0.0)};
    for (std::size_t r = 0; r < a.rows; ++r) {
        for (std::size_t k = 0; k < a.cols; ++k) {
            for (std::size_t c = 0; c < b.cols; ++c) p.at(r, c) += a.at(r, k) * b.at(k, c);
        }
    }
    return p;
}

/// SPEC 2: X = u/max(‖u‖_F, 1e-7), transposed while rows > cols; 5 times: A = X·Xᵀ,
/// X ← 3.4445·X + (-4.7750·A + 2.0315·A·A)·X.
Matrix newtonSchulz5(Matrix u) {
    const bool tall = u.rows > u.cols;
    Matrix x = tall ? transposed(u) : std::move(u);
    double squares = 0;
    for (double v : x.data) squares += v * v;
    for (double& v : x.data) v /= std::max(std::sqrt(squares), 1e-7);
    for (int step = 0; step < 5; ++step) {
        const Matrix a = product(x, transposed(x));
        Matrix b = product(a, a);
        for (std::size_t i = 0; i < b.data.size(); ++i) b.data[i] = -4.7750 * a.data[i] + 2.0315 * b.data[i];
        const Matrix bx = product(b, x);
        for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] = 3.4445 * x.data[i] + bx.data[i];
    }
    return tall ? transposed(x) : x;
}

double scaleOf(DevicePtr<const float> gradientScale) {
    return gradientScale ? *gradientScale.backendAddress() : 1.0;
}

}  // namespace

// SPEC 2: gradients are clipped all together: times min(1, limit/‖g‖).
Result<void> gradientNorm(const GradientNormArgs& args) {
    double squares = 0;
    for (const TensorSpan& tensor : args.gradients) {
        for (std::size_t i = 0; i < tensor.count; ++i)
            squares += static_cast<double>(tensor.data.backendAddress()[i]) * tensor.data.backendAddress()[i];
    }
    const double unscale = args.unscale, norm = unscale * std::sqrt(squares);
    args.norm.backendAddress()[0] = static_cast<float>(norm);
    const double clip = args.limit > 0 && norm > args.limit ? args.limit / norm : 1.0;
    args.norm.backendAddress()[1] = static_cast<float>(unscale * clip);
    return {};
}

// SPEC 2: m ← m + (1-μ)(g - m); u = g + μ(m - g); O = NewtonSchulz5(u); W ← W·(1 - lr·wd);
// W ← W - lr·0.2·sqrt(max(rows, cols))·O, or lr·sqrt(max(1, rows/cols))·O.
Result<void> muon(const MuonArgs& args) {
    const double mu = args.momentum, lr = args.learningRate, gradientScale = scaleOf(args.gradientScale);
    for (const MuonTensor& tensor : args.tensors) {
        Matrix u{static_cast<std::size_t>(tensor.rows), static_cast<std::size_t>(tensor.cols), {}};
        u.data.resize(u.rows * u.cols);
        for (std::size_t i = 0; i < u.data.size(); ++i) {
            const double g = tensor.gradient.backendAddress()[i] * gradientScale;
            float& m = tensor.momentum.backendAddress()[i];
            m = static_cast<float>(m + (1 - mu) * (g - m));
            u.data[i] = g + mu * (m - g);
        }
        const Matrix o = newtonSchulz5(std::move(u));
        const double rows = tensor.rows, cols = tensor.cols;
        const double adjust =
            args.matchRmsAdamW ? 0.2 * std::sqrt(std::max(rows, cols)) : std::sqrt(std::max(1.0, rows / cols));
        for (std::size_t i = 0; i < o.data.size(); ++i) {
            float& w = tensor.weight.backendAddress()[i];
            w = static_cast<float>(w * (1 - lr * args.weightDecay) - lr * adjust * o.data[i]);
        }
    }
    return {};
}

// SPEC 2: AdamW with eps outside the root, bias-corrected, decoupled decay before the update.
Result<void> adamw(const AdamWArgs& args) {
    const double beta1 = args.beta1, beta2 = args.beta2, lr = args.learningRate,
                 gradientScale = scaleOf(args.gradientScale);
    const double correction1 = 1 - std::pow(beta1, static_cast<double>(args.step)),
                 correction2 = 1 - std::pow(beta2, static_cast<double>(args.step));
    for (const AdamWTensor& tensor : args.tensors) {
        for (std::size_t i = 0; i < tensor.count; ++i) {
            const double g = tensor.gradient.backendAddress()[i] * gradientScale;
            const double m = beta1 * tensor.firstMoment.backendAddress()[i] + (1 - beta1) * g;
            const double v = beta2 * tensor.secondMoment.backendAddress()[i] + (1 - beta2) * g * g;
            tensor.firstMoment.backendAddress()[i] = static_cast<float>(m);
            tensor.secondMoment.backendAddress()[i] = static_cast<float>(v);
            float& w = tensor.weight.backendAddress()[i];
            const double decayed = tensor.decay ? w * (1 - lr * args.weightDecay) : static_cast<double>(w);
            w = static_cast<float>(decayed - lr * (m / correction1) / (std::sqrt(v / correction2) + args.eps));
        }
    }
    return {};
}

}  // namespace distillix::reference
