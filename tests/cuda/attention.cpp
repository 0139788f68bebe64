// SPDX-License-Identifier: Apache-2.0
// The attention kernels on the emulated card against the reference, in every type and every order of threads.
#include <algorithm>

#include "tests/cuda/attention_support.h"

namespace distillix::cuda {

namespace {

using emulation::Order;

constexpr float kUntouched = 3.0f;  // exact in every type

/// One problem on the host: inputs rounded to the type, and where results go.
struct Problem {
    Problem(const AttentionShape& s, DType type) : shape(s) {
        const std::size_t rows = static_cast<std::size_t>(s.batch * s.tokens);
        queryWidth = s.heads * s.headDim;
        keyWidth = s.kvHeads * s.headDim;
        qStride = queryWidth + s.gap;
        kStride = keyWidth + 2 * s.gap;
        vStride = queryWidth + keyWidth + s.gap;  // as v lies in the rows of q, k and v
        q = HostValues::normal(type, rows * static_cast<std::size_t>(qStride), 1, s.deviation);
        k = HostValues::normal(type, rows * static_cast<std::size_t>(kStride), 2, s.deviation);
        v = HostValues::normal(type, rows * static_cast<std::size_t>(vStride), 3, 1);
        dOut = HostValues::normal(type, rows * static_cast<std::size_t>(queryWidth), 4, 1);
        if (s.documents) {
            Rng rng(11);
            for (int b = 0; b < s.batch; ++b) {
                int start = 0;
                for (int t = 0; t < s.tokens; ++t) {
                    if (rng.below(static_cast<std::uint64_t>(std::max(2, s.tokens / 4))) == 0) start = t;
                    starts.push_back(start);
                }
            }
        }
        out = HostValues(type, rows * static_cast<std::size_t>(queryWidth), kUntouched);
        lse.assign(rows * static_cast<std::size_t>(s.heads), std::nanf(""));
        delta = lse;
        dQ = HostValues(type, q.size(), kUntouched);
        dK = HostValues(type, k.size(), kUntouched);
        dV = HostValues(type, v.size(), kUntouched);
    }

    AttentionForward forward() {
        AttentionForward args;
        args.type = q.type();
        args.q = q.data();
        args.k = k.data();
        args.v = v.data();
        args.out = out.data();
        args.lse = lse.data();
        args.documentStart = starts.empty() ? nullptr : starts.data();
        args.batch = shape.batch;
        args.tokens = shape.tokens;
        args.heads = shape.heads;
        args.kvHeads = shape.kvHeads;
        args.headDim = shape.headDim;
        args.qStride = qStride;
        args.kStride = kStride;
        args.vStride = vStride;
        args.softCap = shape.cap;
        args.asyncCopies = asyncCopies;
        return args;
    }
    AttentionBackward backward() {
        AttentionBackward args;
        args.forward = forward();
        args.dOut = dOut.data();
        args.dQ = dQ.data();
        args.dK = dK.data();
        args.dV = dV.data();
        args.dQStride = qStride;
        args.dKStride = kStride;
        args.dVStride = vStride;
        args.delta = delta.data();
        return args;
    }

    AttentionShape shape;
    bool asyncCopies = true;
    int queryWidth, keyWidth, qStride, kStride, vStride;
    HostValues q, k, v, dOut, out, dQ, dK, dV;
    std::vector<std::int32_t> starts;
    std::vector<float> lse, delta;
};

/// What the reference makes of the problem.
struct Expected {
    explicit Expected(Problem& p) {
        std::vector<float> q = p.q.floats(), k = p.k.floats(), v = p.v.floats(), dOut = p.dOut.floats();
        out.assign(p.out.size(), 0);
        lse.assign(p.lse.size(), 0);
        dQ.assign(q.size(), kUntouched);
        dK.assign(k.size(), kUntouched);
        dV.assign(v.size(), kUntouched);
        AttentionBackwardArgs args;
        AttentionArgs& forward = args.forward;
        forward.batch = p.shape.batch;
        forward.tokens = p.shape.tokens;
        forward.heads = p.shape.heads;
        forward.kvHeads = p.shape.kvHeads;
        forward.headDim = p.shape.headDim;
        forward.q = onHost(q);
        forward.k = onHost(k);
        forward.v = onHost(v);
        forward.qStride = p.qStride;
        forward.kStride = p.kStride;
        forward.vStride = p.vStride;
        if (!p.starts.empty()) forward.documentStart = DevicePtr<const std::int32_t>(p.starts.data());
        forward.softCap = p.shape.cap;
        forward.out = onHost(out);
        forward.lse = DevicePtr<float>(lse.data());
        EXPECT_TRUE(reference::attention(forward).ok());
        args.dOut = onHost(dOut);
        args.dQ = onHost(dQ);
        args.dK = onHost(dK);
        args.dV = onHost(dV);
        args.dQStride = p.qStride;
        args.dKStride = p.kStride;
        args.dVStride = p.vStride;
        EXPECT_TRUE(reference::attentionBackward(args).ok());
    }
    std::vector<float> out, lse, dQ, dK, dV;
};

/// Runs forward and backward; all results of one run of the threads.
Result<void> runAll(Problem& problem) {
    emulation::Queue queue;
    TRY_VOID(startAttention(&queue, problem.forward()));
    TRY_VOID(startAttentionBackward(&queue, problem.backward()));
    return queue.synchronize();
}

/// Rounding of a score in its own units: products summed over h in float32, and in 16 bits nothing more, as q and k are
/// given; probabilities are off by as much relative to themselves.
double scoreError(const AttentionShape& shape) {
    const double score = 6 * shape.deviation * shape.deviation;
    const double largest = shape.cap > 0 ? std::min<double>(shape.cap, score) : std::max(1.0, score);
    return (4 * std::sqrt(shape.headDim) + 16) * largest * 0x1p-24;
}

void compare(const Problem& p, const Expected& expected) {
    const double eps = epsilonOf(p.q.type()), score = scoreError(p.shape);
    const double sums = (4 * std::sqrt(p.shape.tokens) + 16) * 0x1p-24;
    // P and out are rounded once each to the type.
    expectClose("out", p.out.floats(), expected.out, 2 * eps + score + sums);
    for (std::size_t i = 0; i < p.lse.size(); ++i)
        ASSERT_NEAR(p.lse[i], expected.lse[i], score + sums + 4 * 0x1p-24 * std::fabs(expected.lse[i])) << "lse " << i;
    // dS = P·(dP - delta) is rounded once, delta is off by the rounding of out, and the result is rounded: of sums over
    // heads, keys or queries, in which those errors have both signs.
    const double gradient =
        4 * eps + 4 * score +
        2 * (4 * std::sqrt(p.shape.headDim + p.shape.tokens * p.shape.heads / p.shape.kvHeads) + 8) * 0x1p-24;
    expectClose("dQ", p.dQ.floats(), expected.dQ, gradient);
    expectClose("dK", p.dK.floats(), expected.dK, gradient);
    expectClose("dV", p.dV.floats(), expected.dV, gradient);
}

class CudaAttention : public testing::TestWithParam<std::tuple<AttentionShape, DType>> {
  protected:
    ~CudaAttention() override { emulation::setOptions({}); }
};

TEST_P(CudaAttention, MatchesTheReferenceInEveryOrderOfThreads) {
    const auto& [shape, type] = GetParam();
    Problem problem(shape, type);
    ASSERT_RUNS(runAll(problem));
    compare(problem, Expected(problem));
    for (const Order order : {Order::Backward, Order::Shuffled}) {
        emulation::setOptions({order, 17, 0});
        Problem again(shape, type);
        ASSERT_RUNS(runAll(again));
        EXPECT_EQ(again.out, problem.out);
        EXPECT_EQ(again.lse, problem.lse);
        EXPECT_EQ(again.dQ, problem.dQ);
        EXPECT_EQ(again.dK, problem.dK);
        EXPECT_EQ(again.dV, problem.dV);
    }
}

const std::vector<AttentionShape> kShapes = {
    {"OneToken", 1, 1, 1, 1, 2},
    {"Odd", 2, 37, 3, 1, 5, 0, false, 1, 3},
    {"Group3Of64", 1, 150, 3, 1, 64, 50},
    {"Group4Of32", 2, 67, 4, 1, 32, 0, true, 1, 8},
    {"Of40InRowsOf16Bytes", 1, 70, 2, 1, 40, 0, false, 1, 8},
    {"Of96", 1, 70, 2, 2, 96, 20, true},
    {"Of80Ragged", 1, 33, 2, 1, 80, 0, false, 1, 1},
    {"Of128", 1, 90, 2, 1, 128, 30},
    {"Of128Documents", 1, 131, 1, 1, 128, 0, true},
    {"ManyShortDocuments", 1, 300, 2, 1, 16, 5, true},
    {"CapBites", 1, 70, 2, 2, 32, 2, false, 3},
    {"Sharp", 1, 100, 2, 1, 16, 0, false, 6},
    {"Flat", 1, 100, 2, 1, 16, 0, false, 1e-3},
};

INSTANTIATE_TEST_SUITE_P(All, CudaAttention,
                         testing::Combine(testing::ValuesIn(kShapes),
                                          testing::Values(DType::F32, DType::F16, DType::BF16)),
                         [](const auto& param) {
                             return std::get<0>(param.param).name + "_" +
                                    std::string(dtypeName(std::get<1>(param.param)));
                         });

TEST(CudaAttentionExtremes, ScoresOfThousandsLeaveOneKeyAndNoNaN) {
    for (const DType type : {DType::F32, DType::F16, DType::BF16}) {
        for (const float cap : {0.0f, 50.0f}) {
            Problem problem({"", 1, 80, 2, 1, 32, cap}, type);
            // Key 5 has the largest product with every query; scores reach 100·100·32/sqrt(32), some 56,000.
            std::vector<float> q(problem.q.size(), 100.0f), k(problem.k.size(), -100.0f);
            for (int i = 0; i < 32; ++i) k[static_cast<std::size_t>(5 * problem.kStride + i)] = 100.0f;
            problem.q.assign(q);
            problem.k.assign(k);
            ASSERT_RUNS(runAll(problem));
            const Expected expected(problem);
            expectClose("out", problem.out.floats(), expected.out, 2 * epsilonOf(type) + 100 * 0x1p-24);
            expectClose("lse", problem.lse, expected.lse, 0x1p-20);
            for (const HostValues* gradient : {&problem.dQ, &problem.dK, &problem.dV}) {
                for (std::size_t i = 0; i < gradient->size(); ++i) ASSERT_TRUE(std::isfinite(gradient->at(i)));
            }
        }
    }
}

TEST(CudaAttentionExtremes, ABlockOfTheFirstCardsHasOneStageAndTheSameBits) {
    for (const int headDim : {16, 64, 96, 128}) {
        SCOPED_TRACE(headDim);
        const AttentionShape shape{"", 1, 140, 2, 1, headDim, 30, true};
        Problem two(shape, DType::F16), one(shape, DType::F16);
        one.asyncCopies = false;
        ASSERT_RUNS(runAll(two));
        ASSERT_RUNS(runAll(one));
        EXPECT_EQ(one.out, two.out);
        EXPECT_EQ(one.lse, two.lse);
        EXPECT_EQ(one.dQ, two.dQ);
        EXPECT_EQ(one.dK, two.dK);
        EXPECT_EQ(one.dV, two.dV);
    }
}

TEST(CudaAttentionExtremes, AShortPromptInMoreBlocksHasTheSameBits) {
    for (const int headDim : {32, 64}) {
        Problem whole({"", 1, 150, 2, 1, headDim, 30, true}, DType::BF16), shared = whole;
        emulation::Queue queue;
        ASSERT_RUNS(startAttention(&queue, whole.forward()));
        AttentionForward args = shared.forward();
        args.multiprocessors = 132;
        ASSERT_RUNS(startAttention(&queue, args));
        ASSERT_RUNS(queue.synchronize());
        EXPECT_EQ(shared.out, whole.out);
        EXPECT_EQ(shared.lse, whole.lse);
    }
}

/// Derivatives of sum(dOut·out) by central differences of the kernel itself, in float32.
TEST(CudaAttentionGradients, AreThoseOfTheForwardKernel) {
    for (const float cap : {0.0f, 3.0f}) {
        const AttentionShape shape{"", 1, 21, 2, 1, 6, cap, true, 1.2};
        Problem problem(shape, DType::F32);
        ASSERT_RUNS(runAll(problem));
        const auto loss = [&]() {
            emulation::Queue queue;
            EXPECT_TRUE(startAttention(&queue, problem.forward()).ok());
            EXPECT_TRUE(queue.synchronize().ok());
            double sum = 0;
            for (std::size_t i = 0; i < problem.out.size(); ++i)
                sum += static_cast<double>(problem.out.at(i)) * problem.dOut.at(i);
            return sum;
        };
        for (auto [values, gradient] : {std::pair{&problem.q, &problem.dQ}, std::pair{&problem.k, &problem.dK},
                                        std::pair{&problem.v, &problem.dV}}) {
            for (std::size_t i = 0; i < values->size(); i += 7) {
                if (gradient->at(i) == kUntouched) continue;  // between the rows
                const float x = values->at(i), step = 0x1p-7f;
                values->set(i, x + step);
                const double above = loss();
                values->set(i, x - step);
                const double below = loss();
                values->set(i, x);
                // The difference is off by step²/6 of a third derivative of order 1, and by float32's rounding of
                // some 250 summands over the step.
                EXPECT_NEAR(gradient->at(i), (above - below) / (2 * step), 2e-3) << "element " << i << ", cap " << cap;
            }
        }
    }
}

}  // namespace

}  // namespace distillix::cuda
