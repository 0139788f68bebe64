// SPDX-License-Identifier: Apache-2.0
// Rows for the optimizers, and what tensors of several kinds in one call must not change.
#include <limits>

#include <gtest/gtest.h>

#include "tests/ops/op_table.h"

namespace distillix::optable {

namespace {

struct MatrixSize {
    int rows, cols;
};

std::size_t optimizerSize(const MatrixSize& m) {
    return static_cast<std::size_t>(m.rows) * static_cast<std::size_t>(m.cols);
}

Workload optimizerWorkload(const std::vector<MatrixSize>& sizes) {
    Workload workload;
    workload.rows = 1;
    workload.training = true;
    for (const MatrixSize& m : sizes) {
        workload.hidden = std::max(workload.hidden, std::min(m.rows, m.cols));
        workload.mlp = std::max(workload.mlp, std::max(m.rows, m.cols));
    }
    return workload;
}

struct MuonCase {
    std::string name;
    std::vector<MatrixSize> sizes;
    double gradient = 1;
    bool matchRms = true, clipped = false;
    Precision precision{};
};

OpCase muonCase(const MuonCase& c) {
    return {"Muon_" + c.name, optimizerWorkload(c.sizes),
            [=](OpRun& run) -> Result<void> {
                std::vector<MuonTensor> tensors;
                // Newton-Schulz settles each singular value near 1 and multiplies an error by at most 3.4445 a step:
                // 500 in five. With bf16 its five steps round their operands: some per cent of an update of lr·0.2·…
                const bool bf16 = c.precision.product == DType::BF16;
                const double rate = 0.02;
                for (std::size_t t = 0; t < c.sizes.size(); ++t) {
                    const MatrixSize& m = c.sizes[t];
                    const std::size_t count = optimizerSize(m);
                    const double longer = std::max(m.rows, m.cols);
                    const double update = rate * (c.matchRms ? 0.2 * std::sqrt(longer) : std::sqrt(longer));
                    const double error = bf16 ? 0.04 : 500 * 8 * kEps;
                    MuonTensor tensor;
                    tensor.rows = m.rows;
                    tensor.cols = m.cols;
                    tensor.gradient = run.input(normal(count, 10 + t, c.gradient));
                    tensor.momentum = run.inOut("momentum" + std::to_string(t), normal(count, 20 + t, 0.5 * c.gradient),
                                                {4 * kEps, 2 * kEps, 0});
                    tensor.weight = run.inOut("weight" + std::to_string(t), normal(count, 30 + t, 0.02),
                                              {4 * kEps, 0, error * update});
                    tensors.push_back(tensor);
                }
                MuonArgs args;
                args.tensors = tensors;
                args.learningRate = static_cast<float>(rate);
                args.weightDecay = 0.1f;
                args.matchRmsAdamW = c.matchRms;
                if (c.clipped) args.gradientScale = run.input(std::vector<float>{0.25f});
                return run.backend().muon(run.exec(), args);
            },
            c.precision};
}

OpCase adamwCase(const std::string& name, const std::vector<int>& counts, std::int64_t step, double gradient,
                 bool clipped) {
    return {"AdamW_" + name,
            optimizerWorkload({{1, 1}}),
            [=](OpRun& run) -> Result<void> {
                std::vector<AdamWTensor> tensors;
                for (std::size_t t = 0; t < counts.size(); ++t) {
                    const std::size_t count = static_cast<std::size_t>(counts[t]);
                    const std::string number = std::to_string(t);
                    AdamWTensor tensor;
                    tensor.count = count;
                    tensor.decay = t % 2 == 0;
                    tensor.gradient = run.input(normal(count, 10 + t, gradient));
                    std::vector<float> second = normal(count, 20 + t, gradient * gradient);
                    for (float& v : second) v = step == 1 ? 0.0f : std::fabs(v);
                    tensor.firstMoment = run.inOut("first" + number, std::vector<float>(count, 0.0f), rounded(8));
                    tensor.secondMoment = run.inOut("second" + number, second, rounded(8, 1e-45));
                    tensor.weight =
                        run.inOut("weight" + number, normal(count, 30 + t, 0.02), {4 * kEps, 0, 1e-2 * 40 * kEps});
                    tensors.push_back(tensor);
                }
                AdamWArgs args;
                args.tensors = tensors;
                args.learningRate = 1e-2f;
                args.weightDecay = 0.1f;
                args.step = step;
                if (clipped) args.gradientScale = run.input(std::vector<float>{0.25f});
                return run.backend().adamw(run.exec(), args);
            },
            {}};
}

OpCase normCase(const std::string& name, const std::vector<int>& counts, float limit, double deviation,
                float unscale = 1) {
    return {"GradientNorm_" + name,
            optimizerWorkload({{1, 1}}),
            [=](OpRun& run) -> Result<void> {
                std::vector<TensorSpan> spans;
                for (std::size_t t = 0; t < counts.size(); ++t) {
                    const std::size_t count = static_cast<std::size_t>(counts[t]);
                    const std::vector<float> values = normal(count, 10 + t, deviation);
                    spans.push_back({count > 0 ? run.inOut("", values, exact()) : DevicePtr<float>(), count});
                }
                GradientNormArgs args;
                args.gradients = spans;
                args.limit = limit;
                args.unscale = unscale;
                args.norm = run.output("norm", 2, rounded(2));
                return run.backend().gradientNorm(run.exec(), args);
            },
            {}};
}

}  // namespace

std::vector<OpCase> optimizerCases() {
    const Precision bf16{DType::F32, DType::BF16};
    std::vector<OpCase> cases;
    for (const MatrixSize& m : std::vector<MatrixSize>{
             {1, 1}, {1, 17}, {17, 1}, {3, 5}, {31, 33}, {65, 40}, {100, 100}, {64, 176}, {200, 130}}) {
        const std::string size = std::to_string(m.rows) + "x" + std::to_string(m.cols);
        cases.push_back(muonCase({size, {m}}));
        if (std::min(m.rows, m.cols) > 16) cases.push_back(muonCase({"Bf16_" + size, {m}, 1, true, false, bf16}));
    }
    cases.push_back(muonCase({"Several", {{64, 64}, {32, 64}, {3, 200}, {176, 64}, {64, 176}}, 1, false, true}));
    cases.push_back(muonCase({"ZeroGradient", {{20, 30}}, 0}));
    cases.push_back(muonCase({"TinyGradient", {{20, 30}}, 1e-20}));
    cases.push_back(muonCase({"HugeGradient", {{20, 30}}, 1e20}));
    // Both ways of handing out work: whole tensors, and the products of one.
    cases.push_back(muonCase({"LargeAndSmall", {{40, 16000}, {33, 50}}}));

    cases.push_back(adamwCase("First", {1, 3, 16, 33, 1000}, 1, 1, false));
    cases.push_back(adamwCase("Later", {65, 17}, 1000, 1, true));
    cases.push_back(adamwCase("Tiny", {65, 17}, 3, 1e-12, false));
    cases.push_back(adamwCase("SeveralChunks", {100000, 40000}, 7, 1, false));

    cases.push_back(normCase("None", {}, 1, 1));
    cases.push_back(normCase("Below", {3, 0, 5}, 100, 1));
    cases.push_back(normCase("Clipped", {1, 33, 100000}, 1, 1));
    cases.push_back(normCase("NoLimit", {1000}, 0, 1));
    cases.push_back(normCase("Huge", {1000, 7}, 1, 1e30));
    cases.push_back(normCase("Tiny", {1000, 7}, 1, 1e-30));
    cases.push_back(normCase("UnscaledBelow", {33, 5}, 1, 1000, 0x1p-16f));
    cases.push_back(normCase("UnscaledClipped", {1000, 7}, 0.25f, 1000, 0x1p-10f));
    return cases;
}

TEST(GradientNorm, WhatIsNotFiniteShows) {
    for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
        auto backend = openBackend("cpu", {2}).value();
        const Stream stream = backend->createStream().value();
        std::vector<float> values(70000, 0.5f);
        values[69999] = bad;
        auto memory = DeviceBuffer::create(*backend, values.size() * sizeof(float)).value();
        auto norm = DeviceBuffer::create(*backend, 2 * sizeof(float)).value();
        ASSERT_TRUE(backend->copyToDevice(stream, memory.data(), values.data(), memory.bytes()).ok());
        const TensorSpan span{memory.as<float>(), values.size()};
        GradientNormArgs args;
        args.gradients = {&span, 1};
        args.limit = 1;
        args.norm = norm.as<float>();
        Exec exec;
        exec.stream = stream;
        ASSERT_TRUE(backend->gradientNorm(exec, args).ok());
        float result[2];
        ASSERT_TRUE(backend->copyToHost(stream, result, norm.data(), sizeof(result)).ok());
        ASSERT_TRUE(backend->synchronize(stream).ok());
        EXPECT_FALSE(std::isfinite(result[0]));
    }
}

}  // namespace distillix::optable
