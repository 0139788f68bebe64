// SPDX-License-Identifier: Apache-2.0
// Operations that the CUDA backend does in one go, against the same ones by themselves: bit for bit, in every order of
// threads.
#include <cmath>

#include "core/backend/cuda/kernels/attention_shape.h"
#include "core/quant/ternary.h"
#include "tests/cuda/device_fixture.h"
#include "tests/support/cuda_emulation.h"

namespace distillix::cuda {
namespace {

using emulation::Order;
constexpr Order kOrders[] = {Order::Forward, Order::Backward, Order::Shuffled};

struct CudaPairs : OnEmulatedCard {
    template <typename Work>
    std::uint64_t launchesOf(Work&& work) {
        EXPECT_TRUE(backend->synchronize(stream).ok());
        const std::uint64_t before = emulation::launchesRun();
        const Result<void> done = work();
        EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().text());
        const Result<void> finished = backend->synchronize(stream);
        EXPECT_TRUE(finished.ok()) << (finished.ok() ? "" : finished.error().text());
        return emulation::launchesRun() - before;
    }

    /// Activations of a type.
    TypedPtr activations(const std::vector<float>& values, DType type) {
        if (type == DType::F32) return typed(upload(values));
        return {upload(asBits(values, type)).as<std::byte>(), type};
    }
    TypedPtr activations(std::size_t count, DType type) {
        return activations(std::vector<float>(count, std::nanf("")), type);
    }
    std::vector<std::uint8_t> bytesOf(DevicePtr<std::byte> memory, std::size_t count) {
        return download(memory.as<std::uint8_t>(), count);
    }
};

// ---- a layer and what stands in front of it -----------------------------------------------------------------------

struct PairShape {
    int rows, width, out;
    bool norm, swiglu, residual;
    DType type = DType::F32;     ///< of what is normed
    DType outType = DType::F32;  ///< of the layer's output
};

struct CudaRowPairs : CudaPairs, testing::WithParamInterface<PairShape> {
    struct Outcome {
        std::vector<std::int8_t> codes;
        std::vector<float> alpha, rstd;
        std::vector<std::uint8_t> out;
        std::uint64_t launches = 0;
    };

    void SetUp() override {
        shape = GetParam();
        const auto rows = static_cast<std::size_t>(shape.rows), width = static_cast<std::size_t>(shape.width),
                   outputs = static_cast<std::size_t>(shape.out);
        Workload workload;
        workload.rows = shape.rows;
        workload.hidden = shape.width;
        workload.mlp = shape.width;
        workload.heads = workload.kvHeads = 1;
        workload.headDim = 16;
        workload.vocabulary = 16;
        exec = execFor(workload, {});
        weight.shape.in = shape.width;
        weight.shape.out = shape.out;
        weight.shape.segments = {shape.out, 0, 0};
        weight.shape.ternary = true;
        weight.latent = upload(normalValues(width * outputs, 2, 0.02));
        weight.prepared = device<std::byte>(backend->preparedBytes(weight.shape, {}, false));
        const PrepareWeight prepare{weight, nullptr, true};
        ASSERT_TRUE(backend->prepareWeights(exec, std::span(&prepare, 1), false).ok());
        x = activations(normalValues(rows * width * (shape.swiglu ? 2 : 1), 3, 1.5), shape.type);
        norm = upload(normalValues(width, 4, 1));
        residual = upload(normalValues(rows * outputs, 5, 1));
    }

    Outcome run(bool together) {
        const auto rows = static_cast<std::size_t>(shape.rows), width = static_cast<std::size_t>(shape.width),
                   outputs = static_cast<std::size_t>(shape.out);
        LinearForwardArgs linear;
        linear.rows = shape.rows;
        linear.weight = weight;
        linear.input.codes = upload(std::vector<std::int8_t>(rows * width, 99));
        linear.input.alpha = upload(std::vector<float>(rows, std::nanf("")));
        linear.out = activations(rows * outputs, shape.outType);
        if (shape.residual) linear.residual = residual;
        const DevicePtr<float> rstd = upload(std::vector<float>(rows, -1));
        Outcome outcome;
        outcome.launches = launchesOf([&]() -> Result<void> {
            if (shape.swiglu) {
                SwigluArgs a;
                a.rows = shape.rows;
                a.width = shape.width;
                a.gateUp = x;
                a.out = linear.input;
                if (shape.norm) {
                    a.subNorm = norm;
                    a.rstd = rstd;
                }
                return together ? backend->swigluLinear(exec, a, linear)
                                : backend->Backend::swigluLinear(exec, a, linear);
            }
            NormQuantizeArgs a;
            a.rows = shape.rows;
            a.width = shape.width;
            a.x = x;
            a.out = linear.input;
            if (shape.norm) {
                a.weight = norm;
                a.rstd = rstd;
            }
            return together ? backend->normLinear(exec, a, linear) : backend->Backend::normLinear(exec, a, linear);
        });
        outcome.codes = download(linear.input.codes, rows * width);
        outcome.alpha = download(linear.input.alpha, rows);
        outcome.rstd = download(rstd, rows);
        outcome.out = bytesOf(linear.out.data, rows * outputs * dtypeBytes(shape.outType));
        return outcome;
    }

    PairShape shape;
    Exec exec;
    LinearWeight weight;
    TypedPtr x;
    DevicePtr<float> norm, residual;
};

TEST_P(CudaRowPairs, AreWhatTheyAreOneByOne) {
    for (const Order order : kOrders) {
        SCOPED_TRACE(static_cast<int>(order));
        emulation::setOptions({order, 7});
        const Outcome together = run(true), apart = run(false);
        EXPECT_EQ(together.codes, apart.codes);
        EXPECT_EQ(together.alpha, apart.alpha);
        EXPECT_EQ(together.rstd, apart.rstd);
        EXPECT_EQ(together.out, apart.out);
        const bool one = shape.rows == 1 && shape.width % 16 == 0;
        EXPECT_EQ(together.launches, one ? 1u : apart.launches);
        EXPECT_GE(apart.launches, 2u);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, CudaRowPairs,
    testing::Values(PairShape{1, 16, 1, true, false, false}, PairShape{1, 64, 37, true, false, true},
                    PairShape{1, 256, 90, false, false, true, DType::BF16, DType::BF16},
                    PairShape{1, 272, 9, false, false, false},
                    PairShape{1, 768, 70, true, false, false, DType::F32, DType::F16},
                    PairShape{1, 768, 33, false, true, true}, PairShape{1, 1040, 20, true, true, true, DType::F16},
                    PairShape{1, 2048, 41, true, true, true}, PairShape{1, 3072, 12, true, false, false},
                    PairShape{1, 5120, 6, false, true, false, DType::BF16, DType::F32},
                    PairShape{1, 12288, 5, true, true, true},
                    // Not in one go: several rows, codes that are padded.
                    PairShape{2, 64, 21, true, false, true}, PairShape{1, 40, 21, false, true, false}));

// ---- attention of a new token ---------------------------------------------------------------------------------------

struct ExtendShape {
    int heads, kvHeads, headDim, capacity;
    std::vector<std::int32_t> past;
    bool norms = true;
    float cap = 0;
    DType type = DType::F32;
};

struct CudaExtendAttention : CudaPairs, testing::WithParamInterface<ExtendShape> {
    struct Outcome {
        std::vector<std::uint8_t> keys, values;
        std::vector<float> keyScales, valueScales, out;
        std::uint64_t launches = 0;
    };

    void SetUp() override { shape = GetParam(); }
    void compare();

    Outcome run(bool together) {
        const auto batch = shape.past.size(), heads = static_cast<std::size_t>(shape.heads),
                   kvHeads = static_cast<std::size_t>(shape.kvHeads), h = static_cast<std::size_t>(shape.headDim);
        const std::size_t rows = batch * static_cast<std::size_t>(shape.capacity) * kvHeads;
        Workload workload;
        workload.rows = static_cast<int>(batch);
        workload.hidden = 64;
        workload.mlp = 64;
        workload.heads = shape.heads;
        workload.kvHeads = shape.kvHeads;
        workload.headDim = shape.headDim;
        workload.vocabulary = 16;
        const Exec exec = execFor(workload, {});

        KvCache cache;
        cache.capacity = shape.capacity;
        if (cacheType == DType::I8) {
            std::vector<std::int8_t> codes(rows * h);
            for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::int8_t>(i * 37 % 251 - 125);
            cache.keys = {upload(codes).as<std::byte>(), DType::I8};
            std::reverse(codes.begin(), codes.end());
            cache.values = {upload(codes).as<std::byte>(), DType::I8};
            std::vector<float> scales = normalValues(rows, 8, 0.01);
            for (float& s : scales) s = std::fabs(s);
            cache.keyScales = upload(scales);
            cache.valueScales = upload(scales);
        } else {
            cache.keys = activations(normalValues(rows * h, 6, 1), cacheType);
            cache.values = activations(normalValues(rows * h, 7, 1), cacheType);
        }
        const std::size_t query = heads * h, key = kvHeads * h;
        std::vector<std::int32_t> positions = shape.past;
        for (std::int32_t& p : positions) p = p * 3 % 61;
        QkNormRopeArgs rope;
        rope.rows = static_cast<int>(batch);
        rope.heads = shape.heads;
        rope.kvHeads = shape.kvHeads;
        rope.headDim = shape.headDim;
        rope.qkv = activations(normalValues(batch * (query + 2 * key), 9, 1), shape.type);
        if (shape.norms) {
            rope.qNorm = upload(normalValues(h, 10, 1));
            rope.kNorm = upload(normalValues(h, 11, 1));
        }
        rope.positions = upload(positions);
        rope.ropeTable = upload(normalValues(61 * h, 12, 0.7));
        rope.qk = activations(batch * (query + key), shape.type);
        KvAppendArgs append;
        append.batch = static_cast<int>(batch);
        append.tokens = 1;
        append.kvHeads = shape.kvHeads;
        append.headDim = shape.headDim;
        append.k = rope.qk + static_cast<std::ptrdiff_t>(query);
        append.v = rope.qkv + static_cast<std::ptrdiff_t>(query + key);
        append.kStride = static_cast<int>(query + key);
        append.vStride = static_cast<int>(query + 2 * key);
        append.past = upload(shape.past);
        append.cache = cache;
        CachedAttentionArgs attention;
        attention.batch = static_cast<int>(batch);
        attention.tokens = 1;
        attention.heads = shape.heads;
        attention.kvHeads = shape.kvHeads;
        attention.headDim = shape.headDim;
        attention.q = rope.qk;
        attention.qStride = append.kStride;
        attention.cache = cache;
        attention.past = append.past;
        attention.softCap = shape.cap;
        attention.out = activations(batch * query, shape.type);

        Outcome outcome;
        outcome.launches = launchesOf([&] {
            return together ? backend->extendAttention(exec, rope, append, attention)
                            : backend->Backend::extendAttention(exec, rope, append, attention);
        });
        outcome.keys = bytesOf(cache.keys.data, rows * h * dtypeBytes(cacheType));
        outcome.values = bytesOf(cache.values.data, rows * h * dtypeBytes(cacheType));
        if (cacheType == DType::I8) {
            outcome.keyScales = download(cache.keyScales, rows);
            outcome.valueScales = download(cache.valueScales, rows);
        }
        outcome.out = shape.type == DType::F32
                          ? download(attention.out.data.as<float>(), batch * query)
                          : asFloats(download(attention.out.data.as<std::uint16_t>(), batch * query), shape.type);
        return outcome;
    }

    ExtendShape shape;
    DType cacheType = DType::F32;
};

/// A head's norm is summed in another order than by itself: keys may differ in their last bits, or a code by one.
void CudaExtendAttention::compare() {
    const Outcome together = run(true), apart = run(false);
    EXPECT_EQ(together.values, apart.values);
    EXPECT_EQ(together.valueScales, apart.valueScales);
    ASSERT_EQ(together.keys.size(), apart.keys.size());
    const std::size_t rowBytes = static_cast<std::size_t>(shape.headDim) * dtypeBytes(cacheType),
                      kvHeads = static_cast<std::size_t>(shape.kvHeads);
    for (std::size_t row = 0; row < together.keys.size() / rowBytes; ++row) {
        const std::size_t sequence = row / kvHeads / static_cast<std::size_t>(shape.capacity),
                          slot = row / kvHeads % static_cast<std::size_t>(shape.capacity);
        const bool isNew = slot == static_cast<std::size_t>(shape.past[sequence]);
        const auto at = [&](const std::vector<std::uint8_t>& bytes, std::size_t i) -> double {
            if (cacheType == DType::I8) return static_cast<std::int8_t>(bytes[row * rowBytes + i]);
            if (cacheType == DType::F16) {
                std::uint16_t bits = 0;
                std::memcpy(&bits, bytes.data() + row * rowBytes + 2 * i, 2);
                return toFloat(half_t{bits});
            }
            float value = 0;
            std::memcpy(&value, bytes.data() + row * rowBytes + 4 * i, 4);
            return value;
        };
        for (std::size_t i = 0; i < static_cast<std::size_t>(shape.headDim); ++i) {
            const double a = at(together.keys, i), b = at(apart.keys, i);
            if (!isNew) {
                ASSERT_EQ(a, b) << "an old key was touched: row " << row;
            } else if (cacheType == DType::I8) {
                ASSERT_NEAR(a, b, shape.type == DType::F32 ? 1 : 2);
            } else {
                const double step = shape.type == DType::BF16 ? 0x1p-7 : cacheType == DType::F16 ? 0x1p-10 : 0x1p-21;
                ASSERT_NEAR(a, b, step * std::max(1.0, std::fabs(b))) << "row " << row << ", element " << i;
            }
        }
    }
    expectClose(together.out, apart.out, DType::BF16, shape.type == DType::BF16 ? 2.0f : 0.5f);
    for (const float v : together.out) ASSERT_TRUE(std::isfinite(v));
    const int splits = decodeSplits(static_cast<int>(shape.past.size()), decodeUnits(shape.heads, shape.kvHeads),
                                    shape.capacity, decodeLanes(shape.headDim), 1 << 20);
    EXPECT_EQ(apart.launches, together.launches + 2);
    EXPECT_LE(together.launches, splits > 1 ? 2u : 1u);
}

TEST_P(CudaExtendAttention, IsWhatTheThreeAreOneByOne) {
    for (const DType type : {DType::F32, DType::F16, DType::I8}) {
        for (const Order order : kOrders) {
            SCOPED_TRACE(std::string(dtypeName(type)) + " cache, order " + std::to_string(static_cast<int>(order)));
            cacheType = type;
            emulation::setOptions({order, 5});
            compare();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, CudaExtendAttention,
                         testing::Values(ExtendShape{4, 2, 16, 64, {0}}, ExtendShape{3, 1, 64, 200, {199, 63, 64}},
                                         ExtendShape{12, 4, 64, 300, {257}, true, 30},
                                         ExtendShape{5, 1, 32, 80, {33, 0}, false},
                                         ExtendShape{4, 4, 128, 70, {69}, true, 0, DType::BF16},
                                         ExtendShape{6, 2, 48, 130, {128}, true, 0, DType::F16},
                                         ExtendShape{2, 1, 6, 40, {21}},
                                         ExtendShape{2, 2, 96, 90, {40, 89}, false, 5}));

/// A token that the cache has no room for is not written.
TEST_F(CudaPairs, AFullCacheIsLeftAsItIs) {
    const auto ids = [](int count) { return static_cast<std::size_t>(count); };
    const DevicePtr<float> keys = upload(normalValues(ids(8 * 16), 1, 1)), guard = keys;
    const std::vector<float> before = download(guard, ids(8 * 16));
    Workload workload;
    workload.rows = 1;
    workload.hidden = workload.mlp = 64;
    workload.heads = workload.kvHeads = 1;
    workload.headDim = 16;
    workload.vocabulary = 16;
    const Exec exec = execFor(workload, {});
    KvCache cache;
    cache.keys = cache.values = typed(keys);
    cache.capacity = 8;
    QkNormRopeArgs rope;
    rope.rows = rope.heads = rope.kvHeads = 1;
    rope.headDim = 16;
    rope.qkv = activations(normalValues(48, 2, 1), DType::F32);
    rope.positions = upload(std::vector<std::int32_t>{3});
    rope.ropeTable = upload(normalValues(ids(16 * 16), 3, 1));
    rope.qk = activations(32, DType::F32);
    KvAppendArgs append;
    append.batch = append.tokens = append.kvHeads = 1;
    append.headDim = 16;
    append.k = rope.qk + 16;
    append.v = rope.qkv + 32;
    append.kStride = 32;
    append.vStride = 48;
    append.past = upload(std::vector<std::int32_t>{8});
    append.cache = cache;
    CachedAttentionArgs attention;
    attention.batch = attention.tokens = attention.heads = attention.kvHeads = 1;
    attention.headDim = 16;
    attention.q = rope.qk;
    attention.qStride = 32;
    attention.cache = cache;
    attention.past = append.past;
    attention.out = activations(16, DType::F32);
    ASSERT_TRUE(backend->extendAttention(exec, rope, append, attention).ok());
    EXPECT_EQ(download(guard, ids(8 * 16)), before);
}

}  // namespace
}  // namespace distillix::cuda
