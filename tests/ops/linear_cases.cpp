// SPDX-License-Identifier: Apache-2.0
// Rows for preparing weights and for linear layers.
#include "tests/ops/op_table.h"

namespace distillix::optable {

namespace {

struct Layer {
    int rows, in;
    std::array<int, 3> segments;
    int out() const { return segments[0] + segments[1] + segments[2]; }
};

// Around every width that a kernel works in: 4 columns, 16 columns, 64 rows of a panel, 6 tokens, 128 tokens, 384
// columns of a dense tile.
const std::vector<Layer> kLayers = {
    {1, 1, {1, 0, 0}},       {1, 33, {65, 0, 0}},   {2, 16, {64, 0, 0}},    {3, 5, {3, 1, 2}},
    {4, 100, {31, 17, 1}},   {5, 17, {5, 0, 0}},    {7, 64, {128, 64, 64}}, {17, 31, {33, 0, 0}},
    {65, 100, {100, 0, 0}},  {131, 48, {65, 3, 0}}, {33, 513, {17, 0, 0}},  {300, 200, {400, 0, 0}},
    {2, 1000, {130, 70, 1}},
};

Workload linearWorkload(const Layer& layer) {
    Workload workload;
    workload.rows = layer.rows;
    workload.hidden = layer.in;
    workload.heads = 1;
    workload.headDim = layer.out();
    workload.mlp = layer.out();
    workload.training = true;
    return workload;
}

std::size_t linearSize(int a, int b) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

LinearShape shapeOf(const Layer& layer, bool ternary, bool perChannel) {
    LinearShape shape;
    shape.in = layer.in;
    shape.out = layer.out();
    shape.segments = layer.segments;
    shape.ternary = ternary;
    shape.perChannel = perChannel;
    return shape;
}

LinearWeight prepared(OpRun& run, const LinearShape& shape, const std::vector<float>& latent, Result<void>& result) {
    LinearWeight weight;
    weight.shape = shape;
    weight.latent = run.input(latent);
    weight.prepared = run.memory(run.backend().preparedBytes(shape, run.exec().precision, true));
    PrepareWeight prepare;
    prepare.weight = weight;
    result = run.backend().prepareWeights(run.exec(), {&prepare, 1}, true);
    return weight;
}

std::vector<std::int8_t> randomCodes(std::size_t count, std::uint64_t seed) {
    std::vector<std::int8_t> codes(count);
    Rng rng(seed);
    for (std::int8_t& code : codes) code = static_cast<std::int8_t>(static_cast<int>(rng.below(256)) - 128);
    return codes;
}

struct LinearCase {
    std::string name;
    Layer layer;
    bool ternary = true, perChannel = false;
    Precision precision{};
    std::vector<float> latent{};       ///< empty: normal
    std::vector<std::int8_t> codes{};  ///< empty: all of [-128, 127]
    bool residual = false, inPlace = false;
};

OpCase forwardCase(LinearCase c) {
    const Layer layer = c.layer;
    if (c.latent.empty()) c.latent = normal(linearSize(layer.out(), layer.in), 1, 0.02);
    if (c.codes.empty()) c.codes = randomCodes(linearSize(layer.rows, layer.in), 2);
    return {c.name, linearWorkload(layer),
            [=](OpRun& run) -> Result<void> {
                Result<void> result;
                LinearForwardArgs args;
                args.rows = layer.rows;
                args.weight = prepared(run, shapeOf(layer, c.ternary, c.perChannel), c.latent, result);
                TRY_VOID(std::move(result));
                // The integer product is exact: what is left is a product of three float32 and a sum.
                const Tolerance tolerance =
                    c.ternary ? Tolerance{6 * kEps, c.residual ? 4 * kEps : 0, 0} : summed(layer.in);
                if (c.ternary) {
                    args.input.codes = run.input(c.codes);
                    args.input.alpha = run.input(uniform(static_cast<std::size_t>(layer.rows), 3, 0.1, 4));
                } else {
                    args.input.values = run.inputValues(normal(linearSize(layer.rows, layer.in), 4));
                }
                const std::vector<float> residual = normal(linearSize(layer.rows, layer.out()), 5);
                if (c.inPlace) {
                    const DevicePtr<float> out = run.inOut("out", residual, tolerance);
                    args.out = typed(out);
                    args.residual = out;
                } else {
                    args.out = run.outputValues("out", residual.size(), tolerance);
                    if (c.residual) args.residual = run.input(residual);
                }
                return run.backend().linearForward(run.exec(), args);
            },
            c.precision};
}

OpCase backwardCase(LinearCase c) {
    const Layer layer = c.layer;
    if (c.latent.empty()) c.latent = normal(linearSize(layer.out(), layer.in), 1, 0.02);
    if (c.codes.empty()) c.codes = randomCodes(linearSize(layer.rows, layer.in), 2);
    return {c.name, linearWorkload(layer),
            [=](OpRun& run) -> Result<void> {
                Result<void> result;
                LinearBackwardArgs args;
                args.rows = layer.rows;
                args.weight = prepared(run, shapeOf(layer, c.ternary, c.perChannel), c.latent, result);
                TRY_VOID(std::move(result));
                // With bf16, each term's own error of half a unit behaves like the sum's.
                const bool bf16 = c.precision.product == DType::BF16;
                const double eps = bf16 ? kEpsBf16 : kEps;
                if (c.ternary) {
                    args.input.codes = run.input(c.codes);
                    args.input.alpha = run.input(uniform(static_cast<std::size_t>(layer.rows), 3, 0.1, 4));
                } else {
                    args.input.values = run.inputValues(normal(linearSize(layer.rows, layer.in), 4));
                }
                args.dOut = run.inputValues(normal(linearSize(layer.rows, layer.out()), 6));
                args.dInput = run.outputValues("dInput", linearSize(layer.rows, layer.in),
                                               summed(bf16 ? 1 : layer.out(), 8, eps));
                args.dWeight = run.inOut("dWeight", normal(linearSize(layer.out(), layer.in), 7),
                                         summed(bf16 ? 1 : layer.rows, 8, eps));
                return run.backend().linearBackward(run.exec(), args);
            },
            c.precision};
}

/// A norm or SwiGLU and the layer behind it, as one call.
struct PairCase {
    std::string name;
    Layer layer;
    bool swiglu = false, norm = true, residual = false, inPlace = false;
};

OpCase pairCase(const PairCase& c) {
    const Layer layer = c.layer;
    return {c.name,
            linearWorkload(layer),
            [=](OpRun& run) -> Result<void> {
                const std::size_t rows = static_cast<std::size_t>(layer.rows),
                                  inputs = linearSize(layer.rows, layer.in);
                const bool computed = c.norm || c.swiglu;
                Result<void> result;
                LinearForwardArgs linear;
                linear.rows = layer.rows;
                linear.weight = prepared(run, shapeOf(layer, true, false),
                                         normal(linearSize(layer.out(), layer.in), 1, 0.02), result);
                TRY_VOID(std::move(result));
                const Tolerance roundings = rounded(computed ? 8 + 4 * std::sqrt(layer.in) : 1);
                linear.input.codes = run.codes("codes", inputs, computed);
                linear.input.alpha = run.output("alpha", rows, roundings);
                // A code that moved by a step moves an output by some hundredth of the largest where rows are short.
                const Tolerance tolerance =
                    computed ? Tolerance{0, 0.02, 0} : Tolerance{6 * kEps, c.residual ? 4 * kEps : 0, 0};
                const std::vector<float> residual = normal(linearSize(layer.rows, layer.out()), 5, 0.1);
                if (c.inPlace) {
                    const DevicePtr<float> out = run.inOut("out", residual, tolerance);
                    linear.out = typed(out);
                    linear.residual = out;
                } else {
                    linear.out = run.outputValues("out", residual.size(), tolerance);
                    if (c.residual) linear.residual = run.input(residual);
                }
                const std::vector<float> weight = normal(static_cast<std::size_t>(layer.in), 2, 0.5, 1);
                const TypedPtr x = run.inputValues(normal(inputs * (c.swiglu ? 2 : 1), 3, 2));
                const DevicePtr<const float> norm = c.norm ? DevicePtr<const float>(run.input(weight)) : nullptr;
                const DevicePtr<float> rstd = c.norm ? run.output("rstd", rows, roundings) : nullptr;
                if (c.swiglu) {
                    SwigluArgs args;
                    args.rows = layer.rows;
                    args.width = layer.in;
                    args.gateUp = x;
                    args.subNorm = norm;
                    args.rstd = rstd;
                    args.out = linear.input;
                    return run.backend().swigluLinear(run.exec(), args, linear);
                }
                NormQuantizeArgs args;
                args.rows = layer.rows;
                args.width = layer.in;
                args.x = x;
                args.weight = norm;
                args.rstd = rstd;
                args.out = linear.input;
                return run.backend().normLinear(run.exec(), args, linear);
            },
            {}};
}

/// Prepares twice, with other weights the second time, and looks at the health of both.
OpCase prepareCase(const std::string& name, const Layer& layer, bool ternary, bool perChannel, float eps,
                   const std::vector<float>& first, const std::vector<float>& second) {
    return {name,
            linearWorkload(layer),
            [=](OpRun& run) -> Result<void> {
                LinearShape shape = shapeOf(layer, ternary, perChannel);
                shape.quantizationEps = eps;
                const std::size_t bytes = run.backend().preparedBytes(shape, run.exec().precision, true);
                PrepareWeight prepare;
                prepare.weight.shape = shape;
                prepare.weight.prepared = run.memory(bytes);
                std::size_t segments = 0;
                for (const int rows : shape.segments) segments += rows > 0 ? 1 : 0;
                for (const bool again : {false, true}) {
                    prepare.weight.latent = run.input(again ? second : first);
                    prepare.first = !again;
                    // Four float32 a segment: rms, mean|W|, shares of zeros and of flips.
                    const DevicePtr<float> health =
                        run.output(again ? "health again" : "health", 4 * segments, rounded(2));
                    prepare.health = health.as<WeightHealth>();
                    TRY_VOID(run.backend().prepareWeights(run.exec(), {&prepare, 1}, true));
                }
                return {};
            },
            {}};
}

}  // namespace

std::vector<OpCase> linearCases() {
    std::vector<OpCase> cases;
    const Precision bf16{DType::F32, DType::BF16};
    for (const Layer& layer : kLayers) {
        const std::string size =
            std::to_string(layer.rows) + "x" + std::to_string(layer.in) + "x" + std::to_string(layer.out());
        cases.push_back(forwardCase({"TernaryForward_" + size, layer}));
        cases.push_back(forwardCase({"TernaryForwardPerChannelResidual_" + size, layer, true, true, {}, {}, {}, true}));
        cases.push_back(forwardCase({"TernaryForwardInPlace_" + size, layer, true, false, {}, {}, {}, true, true}));
        cases.push_back(forwardCase({"DenseForward_" + size, layer, false}));
        cases.push_back(forwardCase({"DenseForwardResidual_" + size, layer, false, false, {}, {}, {}, true}));
        cases.push_back(forwardCase({"DenseForwardInPlace_" + size, layer, false, false, {}, {}, {}, true, true}));
        cases.push_back(backwardCase({"TernaryBackward_" + size, layer}));
        cases.push_back(backwardCase({"TernaryBackwardPerChannel_" + size, layer, true, true}));
        cases.push_back(backwardCase({"TernaryBackwardBf16_" + size, layer, true, true, bf16}));
        cases.push_back(backwardCase({"DenseBackward_" + size, layer, false}));
        cases.push_back(backwardCase({"DenseBackwardBf16_" + size, layer, false, false, bf16}));
        const std::size_t count = linearSize(layer.out(), layer.in);
        cases.push_back(
            prepareCase("Prepare_" + size, layer, true, false, 1e-8f, normal(count, 1, 0.02), normal(count, 2, 0.02)));
        cases.push_back(
            prepareCase("PreparePerChannel_" + size, layer, true, true, 1e-8f, normal(count, 1), normal(count, 1)));
        cases.push_back(
            prepareCase("PrepareDense_" + size, layer, false, false, 1e-8f, normal(count, 1), normal(count, 2)));
    }
    // One token, as in decoding, of rows that a warp holds and that a block does; and what no device joins.
    for (const Layer& layer :
         {Layer{1, 16, {5, 0, 0}}, Layer{1, 256, {40, 20, 20}}, Layer{1, 768, {130, 0, 0}}, Layer{1, 2048, {70, 0, 0}},
          Layer{1, 4112, {9, 0, 0}}, Layer{1, 40, {21, 0, 0}}, Layer{3, 64, {33, 0, 0}}}) {
        const std::string size =
            std::to_string(layer.rows) + "x" + std::to_string(layer.in) + "x" + std::to_string(layer.out());
        cases.push_back(pairCase({"NormLinear_" + size, layer}));
        cases.push_back(pairCase({"CodesLinearInPlace_" + size, layer, false, false, true, true}));
        cases.push_back(pairCase({"SwigluLinear_" + size, layer, true, false, true}));
        cases.push_back(pairCase({"SwigluNormLinear_" + size, layer, true, true, true, true}));
    }
    const Layer odd{9, 301, {70, 5, 0}};
    const std::size_t weights = linearSize(odd.out(), odd.in), inputs = linearSize(odd.rows, odd.in);
    const auto extreme = [&](const std::string& name, std::vector<float> latent, std::vector<std::int8_t> codes) {
        cases.push_back(forwardCase({"TernaryForward_" + name, odd, true, false, {}, latent, codes}));
        cases.push_back(backwardCase({"TernaryBackward_" + name, odd, true, true, {}, latent, codes}));
    };
    const std::vector<float> zeros(weights, 0.0f);
    extreme("ZeroWeights", zeros, {});
    extreme("TinyWeights", normal(weights, 1, 1e-30), {});
    extreme("HugeWeights", normal(weights, 1, 1e30), {});
    // The largest sums there are: every product 128, and every pair sum of vpmaddubsw at its limit.
    extreme("AllPlusLowest", std::vector<float>(weights, 1.0f), std::vector<std::int8_t>(inputs, -128));
    extreme("AllMinusLowest", std::vector<float>(weights, -1.0f), std::vector<std::int8_t>(inputs, -128));
    extreme("AllPlusHighest", std::vector<float>(weights, 1.0f), std::vector<std::int8_t>(inputs, 127));
    extreme("ZeroCodes", {}, std::vector<std::int8_t>(inputs, 0));
    cases.push_back(forwardCase({"TernaryForward_LongRows",
                                 {5, 9000, {3, 0, 0}},
                                 true,
                                 false,
                                 {},
                                 std::vector<float>(3 * 9000, 1.0f),
                                 std::vector<std::int8_t>(5 * 9000, -128)}));
    cases.push_back(forwardCase({"TernaryForward_LongRowsOneToken",
                                 {1, 9000, {3, 0, 0}},
                                 true,
                                 false,
                                 {},
                                 std::vector<float>(3 * 9000, 1.0f),
                                 std::vector<std::int8_t>(9000, -128)}));
    cases.push_back(prepareCase("Prepare_ZeroAndNoEps", odd, true, false, 0.0f, zeros, normal(weights, 1)));
    cases.push_back(prepareCase("Prepare_ZeroThenNot", odd, true, true, 1e-8f, zeros, normal(weights, 1)));
    // W/γ on both sides of a half, and on it.
    std::vector<float> boundary(weights);
    for (std::size_t i = 0; i < weights; ++i)
        boundary[i] = (i % 2 ? -1.0f : 1.0f) * (i % 3 == 0 ? 0.5f : i % 3 == 1 ? 1.0f : 1.5f);
    cases.push_back(prepareCase("Prepare_Boundary", odd, true, false, 0.0f, boundary, zeros));
    return cases;
}

}  // namespace distillix::optable
