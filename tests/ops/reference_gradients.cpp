// SPDX-License-Identifier: Apache-2.0
// The reference's own gradients, against differences of its forward operations: it is what every other backend is held
// to, so it is held to the calculus. The straight-through estimator of ternary layers has no such derivative; there the
// products are linear, and linearity says what the gradients must be.
#include <functional>

#include <gtest/gtest.h>

#include "core/backend/reference/reference_backend.h"
#include "core/quant/ternary.h"
#include "tests/ops/op_table.h"

namespace distillix::optable {
namespace {

using Inputs = std::vector<std::vector<float>>;

/// A function of some arrays and its gradients, each as operations on a run.
struct Differentiable {
    std::string name;
    Inputs at;
    std::function<Result<void>(OpRun&, const Inputs&)> forward;  ///< its first output is the value
    /// Outputs the gradients of sum(weights · value) by each input, in order, from zero.
    std::function<Result<void>(OpRun&, const Inputs&, const std::vector<float>& weights)> backward;
};
void PrintTo(const Differentiable& function, std::ostream* stream) {
    *stream << function.name;
}

std::vector<std::vector<double>> outputsOf(const std::function<Result<void>(OpRun&)>& operations) {
    const auto backend = makeReferenceBackend();
    OpRun run(*backend, {}, {});
    Result<void> done = operations(run);
    if (done.ok()) done = run.finish();
    EXPECT_TRUE(done.ok()) << done.error().text();
    std::vector<std::vector<double>> values;
    for (const OpRun::Output& output : run.outputs()) {
        values.emplace_back();
        for (std::size_t i = 0; i < output.count(); ++i) values.back().push_back(output.at(i));
    }
    return values;
}

class Gradient : public testing::TestWithParam<Differentiable> {};

TEST_P(Gradient, IsTheSlope) {
    const Differentiable& function = GetParam();
    const auto valueAt = [&](const Inputs& inputs) {
        return outputsOf([&](OpRun& run) { return function.forward(run, inputs); }).at(0);
    };
    const std::vector<double> value = valueAt(function.at);
    const std::vector<float> weights = normal(value.size(), 99);
    const auto gradients = outputsOf([&](OpRun& run) { return function.backward(run, function.at, weights); });
    ASSERT_GE(gradients.size(), function.at.size());

    const double step = 4e-3;
    for (std::size_t which = 0; which < function.at.size(); ++which) {
        for (std::uint64_t seed : {1, 2, 3}) {
            SCOPED_TRACE("input " + std::to_string(which) + ", direction " + std::to_string(seed));
            const std::vector<float> direction = normal(function.at[which].size(), 100 + seed);
            double expected = 0;
            for (std::size_t i = 0; i < direction.size(); ++i) expected += gradients[which][i] * direction[i];
            double noise = 0;  // of what is summed: each value is rounded to float32
            const auto sumAt = [&](double t) {
                Inputs moved = function.at;
                for (std::size_t i = 0; i < direction.size(); ++i)
                    moved[which][i] = static_cast<float>(moved[which][i] + t * direction[i]);
                const std::vector<double> values = valueAt(moved);
                double sum = 0, squares = 0;
                for (std::size_t i = 0; i < values.size(); ++i) {
                    sum += values[i] * weights[i];
                    squares += values[i] * weights[i] * values[i] * weights[i];
                }
                noise = std::max(noise, kEps * std::sqrt(squares));
                return sum;
            };
            const double narrow = (sumAt(step) - sumAt(-step)) / (2 * step),
                         wide = (sumAt(2 * step) - sumAt(-2 * step)) / (4 * step);
            const double slope = (4 * narrow - wide) / 3;  // Richardson: what is left is of the fourth order
            // Four deviations of the rounding of values and of the inputs that were moved; and the next term of the
            // series, which is some step² times the one that was taken out.
            double size = 0;
            for (std::size_t i = 0; i < direction.size(); ++i)
                size += std::pow(gradients[which][i] * function.at[which][i], 2);
            const double allowed = 4 * (noise + kEps * std::sqrt(size)) / step +
                                   20 * step * step * std::fabs(narrow - wide) + 1e-6 * std::fabs(slope);
            EXPECT_NEAR(expected, slope, allowed);
            EXPECT_LT(allowed, 0.02 * std::max(0.1, std::fabs(slope))) << "the test has lost its teeth";
        }
    }
}

std::vector<std::int32_t> counting(int count) {
    std::vector<std::int32_t> values;
    for (int i = 0; i < count; ++i) values.push_back(i);
    return values;
}

std::vector<float> zeros(std::size_t count) {
    return std::vector<float>(count, 0.0f);
}

Differentiable rmsNorm() {
    const int rows = 3, width = 7;
    const auto forward = [=](OpRun& run, const Inputs& x, NormQuantizeArgs& args, DevicePtr<float> rstd) {
        args.rows = rows;
        args.width = width;
        args.x = run.inputValues(x[0]);
        args.weight = run.input(x[1]);
        args.rstd = rstd;
        return args;
    };
    return {"RmsNorm",
            {normal(21, 1, 2), normal(7, 2, 0.5, 1)},
            [=](OpRun& run, const Inputs& x) {
                NormQuantizeArgs args;
                forward(run, x, args, {});
                args.out.values = run.outputValues("y", 21, exact());
                return run.backend().normQuantize(run.exec(), args);
            },
            [=](OpRun& run, const Inputs& x, const std::vector<float>& weights) -> Result<void> {
                NormQuantizeArgs args;
                forward(run, x, args, run.output("", 3, exact()));
                args.out.values = run.outputValues("", 21, exact());
                TRY_VOID(run.backend().normQuantize(run.exec(), args));
                NormBackwardArgs backward;
                backward.rows = rows;
                backward.width = width;
                backward.x = args.x;
                backward.weight = args.weight;
                backward.rstd = args.rstd;
                backward.dOut = run.inputValues(weights);
                backward.dX = run.outputValues("dX", 21, exact());
                backward.dWeight = run.inOut("dWeight", zeros(7), exact());
                return run.backend().normBackward(run.exec(), backward);
            }};
}

Differentiable swigluOf(bool subNorm) {
    const std::size_t rows = 3, width = 5;
    const auto arguments = [=](OpRun& run, const Inputs& x) {
        SwigluArgs args;
        args.rows = rows;
        args.width = width;
        args.gateUp = run.inputValues(x[0]);
        if (subNorm) {
            args.subNorm = run.input(x[1]);
            args.rstd = run.output("", rows, exact());
        }
        return args;
    };
    Inputs at = {normal(rows * 2 * width, 1, 2)};
    if (subNorm) at.push_back(normal(width, 2, 0.5, 1));
    return {subNorm ? "SwigluSubNorm" : "Swiglu", at,
            [=](OpRun& run, const Inputs& x) {
                SwigluArgs args = arguments(run, x);
                args.out.values = run.outputValues("y", rows * width, exact());
                return run.backend().swiglu(run.exec(), args);
            },
            [=](OpRun& run, const Inputs& x, const std::vector<float>& weights) -> Result<void> {
                SwigluArgs args = arguments(run, x);
                args.out.values = run.outputValues("", rows * width, exact());
                TRY_VOID(run.backend().swiglu(run.exec(), args));
                SwigluBackwardArgs backward;
                backward.rows = rows;
                backward.width = width;
                backward.gateUp = args.gateUp;
                backward.subNorm = args.subNorm;
                backward.rstd = args.rstd;
                backward.dOut = run.inputValues(weights);
                backward.dGateUp = run.outputValues("dGateUp", rows * 2 * width, exact());
                if (subNorm) backward.dSubNorm = run.inOut("dSubNorm", zeros(width), exact());
                return run.backend().swigluBackward(run.exec(), backward);
            }};
}

/// Inputs: the q and k columns of the rows, then the norms.
Differentiable ropeOf(bool norms) {
    const std::size_t rows = 4, heads = 4, kvHeads = 2, h = 6, qkWidth = (heads + kvHeads) * h,
                      width = qkWidth + kvHeads * h;
    const auto arguments = [=](OpRun& run, const Inputs& x) {
        QkNormRopeArgs args;
        args.rows = rows;
        args.heads = heads;
        args.kvHeads = kvHeads;
        args.headDim = h;
        args.qkv = run.inputValues(x[0]);
        if (norms) {
            args.qNorm = run.input(x[1]);
            args.kNorm = run.input(x[2]);
        }
        args.positions = run.input(counting(rows));
        std::vector<float> table;
        for (std::size_t i = 0; i < rows * h / 2; ++i) {
            table.push_back(static_cast<float>(std::cos(0.3 * static_cast<double>(i))));
            table.push_back(static_cast<float>(std::sin(0.3 * static_cast<double>(i))));
        }
        args.ropeTable = run.input(table);
        return args;
    };
    Inputs at = {normal(rows * width, 1, 2)};
    if (norms) {
        at.push_back(normal(h, 2, 0.5, 1));
        at.push_back(normal(h, 3, 0.5, 1));
    }
    return {norms ? "QkNormRope" : "Rope", at,
            [=](OpRun& run, const Inputs& x) {
                QkNormRopeArgs args = arguments(run, x);
                args.qk = run.outputValues("qk", rows * qkWidth, exact());
                return run.backend().qkNormRope(run.exec(), args);
            },
            [=](OpRun& run, const Inputs& x, const std::vector<float>& weights) {
                const QkNormRopeArgs args = arguments(run, x);
                QkNormRopeBackwardArgs backward;
                backward.rows = rows;
                backward.heads = heads;
                backward.kvHeads = kvHeads;
                backward.headDim = h;
                backward.qkv = args.qkv;
                backward.qNorm = args.qNorm;
                backward.kNorm = args.kNorm;
                backward.positions = args.positions;
                backward.ropeTable = args.ropeTable;
                backward.dQk = run.inputValues(weights);
                backward.dQkv = run.inOutValues("dQkv", zeros(rows * width), exact());  // v's columns have no share
                if (norms) {
                    backward.dQNorm = run.inOut("dQNorm", zeros(h), exact());
                    backward.dKNorm = run.inOut("dKNorm", zeros(h), exact());
                }
                return run.backend().qkNormRopeBackward(run.exec(), backward);
            }};
}

Differentiable attentionOf(const std::string& name, float cap, bool documents) {
    const std::size_t batch = 2, tokens = 7, heads = 4, kvHeads = 2, h = 4, rows = batch * tokens;
    const auto arguments = [=](OpRun& run, const Inputs& x) {
        AttentionArgs args;
        args.batch = batch;
        args.tokens = tokens;
        args.heads = heads;
        args.kvHeads = kvHeads;
        args.headDim = h;
        args.q = run.inputValues(x[0]);
        args.k = run.inputValues(x[1]);
        args.v = run.inputValues(x[2]);
        args.qStride = heads * h;
        args.kStride = args.vStride = kvHeads * h;
        args.softCap = cap;
        if (documents)
            args.documentStart = run.input(std::vector<std::int32_t>{0, 0, 0, 3, 3, 5, 5, 0, 1, 1, 1, 1, 1, 6});
        return args;
    };
    return {name,
            {normal(rows * heads * h, 1), normal(rows * kvHeads * h, 2), normal(rows * kvHeads * h, 3)},
            [=](OpRun& run, const Inputs& x) {
                AttentionArgs args = arguments(run, x);
                args.out = run.outputValues("out", rows * heads * h, exact());
                args.lse = run.output("", rows * heads, exact());
                return run.backend().attention(run.exec(), args);
            },
            [=](OpRun& run, const Inputs& x, const std::vector<float>& weights) -> Result<void> {
                AttentionBackwardArgs args;
                args.forward = arguments(run, x);
                args.forward.out = run.outputValues("", rows * heads * h, exact());
                args.forward.lse = run.output("", rows * heads, exact());
                TRY_VOID(run.backend().attention(run.exec(), args.forward));
                args.dOut = run.inputValues(weights);
                args.dQ = run.outputValues("dQ", rows * heads * h, exact());
                args.dK = run.outputValues("dK", rows * kvHeads * h, exact());
                args.dV = run.outputValues("dV", rows * kvHeads * h, exact());
                args.dQStride = heads * h;
                args.dKStride = args.dVStride = kvHeads * h;
                return run.backend().attentionBackward(run.exec(), args);
            }};
}

Differentiable plainLinear() {
    const std::size_t rows = 3, in = 5, out = 6;
    const auto weightOf = [=](OpRun& run, const Inputs& x) {
        LinearWeight weight;
        weight.shape.in = in;
        weight.shape.out = out;
        weight.shape.segments = {4, 2, 0};
        weight.latent = run.input(x[1]);
        return weight;
    };
    return {"PlainLinear",
            {normal(rows * in, 1), normal(out * in, 2)},
            [=](OpRun& run, const Inputs& x) {
                LinearForwardArgs args;
                args.rows = rows;
                args.weight = weightOf(run, x);
                args.input.values = run.inputValues(x[0]);
                args.out = run.outputValues("y", rows * out, exact());
                args.residual = run.input(normal(rows * out, 4));
                return run.backend().linearForward(run.exec(), args);
            },
            [=](OpRun& run, const Inputs& x, const std::vector<float>& weights) {
                LinearBackwardArgs args;
                args.rows = rows;
                args.weight = weightOf(run, x);
                args.input.values = run.inputValues(x[0]);
                args.dOut = run.inputValues(weights);
                args.dInput = run.outputValues("dX", rows * in, exact());
                args.dWeight = run.inOut("dW", zeros(out * in), exact());
                return run.backend().linearBackward(run.exec(), args);
            }};
}

Differentiable embedding() {
    const std::size_t rows = 6, width = 3, vocabulary = 4;
    const std::vector<std::int32_t> tokens = {2, 0, 2, 1, 2, 0};
    return {"Embedding",
            {normal(vocabulary * width, 1)},
            [=](OpRun& run, const Inputs& x) {
                EmbedArgs args;
                args.rows = rows;
                args.width = width;
                args.vocabulary = vocabulary;
                args.ids = run.input(tokens);
                args.table = run.input(x[0]);
                args.out = run.output("x", rows * width, exact());
                return run.backend().embed(run.exec(), args);
            },
            [=](OpRun& run, const Inputs&, const std::vector<float>& weights) {
                EmbedBackwardArgs args;
                args.rows = rows;
                args.width = width;
                args.vocabulary = vocabulary;
                args.ids = run.input(tokens);
                args.dOut = run.input(weights);
                args.dTable = run.inOut("dTable", zeros(vocabulary * width), exact());
                return run.backend().embedBackward(run.exec(), args);
            }};
}

/// The value is the sum of the losses, as one number: headLoss gives its gradient for a common scale only.
Differentiable headLossOf(const std::string& name, float cap, float smoothing, bool teacher, float teacherWeight,
                          float temperature) {
    const std::size_t rows = 5, targets = 3, d = 4, vocabulary = 7;
    const auto arguments = [=](OpRun& run, const Inputs& x) {
        HeadLossArgs args;
        args.rows = rows;
        args.targetCount = targets;
        args.head.shape.in = d;
        args.head.shape.out = vocabulary;
        args.head.shape.segments = {vocabulary, 0, 0};
        args.head.latent = run.input(x[1]);
        args.x = run.inputValues(x[0]);
        args.targetRows = run.input(std::vector<std::int32_t>{0, 2, 4});
        args.targets = run.input(std::vector<std::int32_t>{6, 0, 3});
        args.softCap = cap;
        args.labelSmoothing = smoothing;
        args.teacherWeight = teacherWeight;
        args.temperature = temperature;
        if (teacher) args.teacherLogits = run.input(normal(targets * vocabulary, 7, 2));
        return args;
    };
    return {
        name,
        {normal(rows * d, 1), normal(vocabulary * d, 2)},
        [=](OpRun& run, const Inputs& x) -> Result<void> {
            HeadLossArgs args = arguments(run, x);
            args.losses = run.output("losses", targets, exact());
            return run.backend().headLoss(run.exec(), args);
        },
        [=](OpRun& run, const Inputs& x, const std::vector<float>& weights) -> Result<void> {
            // One call for each target, scaled by its weight, over the same gradients.
            const TypedPtr total = run.outputValues("dX", rows * d, exact());
            const DevicePtr<float> dHead = run.inOut("dHead", zeros(vocabulary * d), exact());
            const HeadLossArgs all = arguments(run, x);
            for (std::size_t n = 0; n < targets; ++n) {
                HeadLossArgs args = all;
                args.targetCount = 1;
                args.targetRows = all.targetRows + static_cast<std::ptrdiff_t>(n);
                args.targets = all.targets + static_cast<std::ptrdiff_t>(n);
                if (teacher) args.teacherLogits = all.teacherLogits + static_cast<std::ptrdiff_t>(n * vocabulary);
                args.losses = run.output("", 1, exact());
                args.gradientScale = weights[n];
                args.dX = run.outputValues("", rows * d, exact());
                args.dHead = dHead;
                TRY_VOID(run.backend().headLoss(run.exec(), args));
                // This target's row, and zeros elsewhere, which the first call spreads.
                const std::size_t row = 2 * n;
                const Stream stream = run.exec().stream;
                if (n == 0)
                    TRY_VOID(run.backend().copyOnDevice(stream, total.data, args.dX.data, rows * d * sizeof(float)));
                TRY_VOID(run.backend().copyOnDevice(stream, (total + static_cast<std::ptrdiff_t>(row * d)).data,
                                                    (args.dX + static_cast<std::ptrdiff_t>(row * d)).data,
                                                    d * sizeof(float)));
            }
            return {};
        }};
}

INSTANTIATE_TEST_SUITE_P(Reference, Gradient,
                         testing::Values(rmsNorm(), swigluOf(false), swigluOf(true), ropeOf(false), ropeOf(true),
                                         attentionOf("Attention", 0, false), attentionOf("AttentionCapped", 2, false),
                                         attentionOf("AttentionDocuments", 3, true), plainLinear(), embedding(),
                                         headLossOf("Loss", 0, 0, false, 1, 1),
                                         headLossOf("LossCapped", 2, 0, false, 1, 1),
                                         headLossOf("LossSmoothed", 3, 0.2f, false, 1, 1),
                                         headLossOf("LossDistilled", 5, 0.1f, true, 0.3f, 2)),
                         [](const testing::TestParamInfo<Differentiable>& row) { return row.param.name; });

// SPEC: y = X̂·Ŵᵀ with X̂ = Xq·α/127 and Ŵ = γ·Wq; the estimator says dX = dY·Ŵ and dW = dYᵀ·X̂. So for any dY
// sum(dY·y) = sum(dX·X̂) = sum(dW·Ŵ), and X̂, Ŵ are what the quantizers' rules make of x and W.
TEST(StraightThrough, GradientsBelongToTheLinearProduct) {
    for (const bool perChannel : {false, true}) {
        const std::size_t rows = 5, in = 12, out = 7;
        const std::vector<float> x = normal(rows * in, 1), w = normal(out * in, 2, 0.1), dY = normal(rows * out, 3);
        LinearShape shape;
        shape.in = in;
        shape.out = out;
        shape.segments = {4, 3, 0};
        shape.ternary = true;
        shape.perChannel = perChannel;
        const auto outputs = outputsOf([&](OpRun& run) -> Result<void> {
            LinearWeight weight{shape, run.input(w), run.memory(run.backend().preparedBytes(shape, {}, true))};
            PrepareWeight prepare;
            prepare.weight = weight;
            TRY_VOID(run.backend().prepareWeights(run.exec(), {&prepare, 1}, true));
            NormQuantizeArgs quantize;
            quantize.rows = rows;
            quantize.width = in;
            quantize.x = run.inputValues(x);
            quantize.out.codes = run.codes("codes", rows * in);
            quantize.out.alpha = run.output("alpha", rows, exact());
            TRY_VOID(run.backend().normQuantize(run.exec(), quantize));
            LinearForwardArgs forward;
            forward.rows = rows;
            forward.weight = weight;
            forward.input = quantize.out;
            forward.out = run.outputValues("y", rows * out, exact());
            TRY_VOID(run.backend().linearForward(run.exec(), forward));
            LinearBackwardArgs backward;
            backward.rows = rows;
            backward.weight = weight;
            backward.input = quantize.out;
            backward.dOut = run.inputValues(dY);
            backward.dInput = run.outputValues("dX", rows * in, exact());
            backward.dWeight = run.inOut("dW", zeros(out * in), exact());
            return run.backend().linearBackward(run.exec(), backward);
        });
        ASSERT_EQ(outputs.size(), 5u);
        const auto &codes = outputs[0], &alpha = outputs[1], &y = outputs[2], &dX = outputs[3], &dW = outputs[4];
        double byValue = 0, byInput = 0, byWeight = 0, size = 0;
        for (std::size_t i = 0; i < rows * out; ++i) byValue += dY[i] * y[i];
        for (std::size_t m = 0; m < rows; ++m) {
            for (std::size_t i = 0; i < in; ++i) {
                const float a = static_cast<float>(alpha[m]);
                EXPECT_EQ(codes[m * in + i], activationCode(x[m * in + i], a));
                byInput += dX[m * in + i] * codes[m * in + i] * a / 127;
                size += std::fabs(dX[m * in + i] * codes[m * in + i] * a / 127);
            }
        }
        for (std::size_t o = 0; o < out; ++o) {
            const std::size_t first = o < 4 ? 0 : 4, count = o < 4 ? 4 : 3;
            const float gamma =
                perChannel ? ternaryGamma(absSumRow(&w[o * in], in), in, shape.quantizationEps)
                           : ternaryGamma(absSum(&w[first * in], count, in), count * in, shape.quantizationEps);
            for (std::size_t i = 0; i < in; ++i) {
                // Each weight for itself: the sum alone would not see two exchanged.
                double expected = 0;
                for (std::size_t m = 0; m < rows; ++m) expected += dY[m * out + o] * codes[m * in + i] * alpha[m] / 127;
                EXPECT_NEAR(dW[o * in + i], expected, 4 * kEps * (std::fabs(expected) + 1));
                byWeight += dW[o * in + i] * ternaryCode(w[o * in + i], gamma) * gamma;
            }
        }
        EXPECT_NEAR(byInput, byValue, 8 * kEps * size);
        EXPECT_NEAR(byWeight, byValue, 8 * kEps * size);
        EXPECT_GT(std::fabs(byValue), 0.01);
    }
}

}  // namespace
}  // namespace distillix::optable
