// SPDX-License-Identifier: Apache-2.0
// Attention over a key/value cache, decoding and prefilling, against the reference. The cache is filled by the
// reference; keys and values are numbers of the activation type, as a model's are.
#include <algorithm>

#include "tests/cuda/attention_support.h"

namespace distillix::cuda {

namespace {

using emulation::Order;

struct CacheShape {
    std::string name;
    int heads, kvHeads, headDim, capacity;
    std::vector<int> past;  ///< of each sequence
    float cap = 0;
};

class CudaCachedAttention : public testing::TestWithParam<std::tuple<CacheShape, DType, DType>> {
  protected:
    ~CudaCachedAttention() override { emulation::setOptions({}); }

    void SetUp() override {
        std::tie(m_shape, m_type, m_cacheType) = GetParam();
        const std::size_t batch = m_shape.past.size(), capacity = static_cast<std::size_t>(m_shape.capacity);
        m_keyWidth = static_cast<std::size_t>(m_shape.kvHeads * m_shape.headDim);
        // Bytes that are no number behind what is appended: what lies beyond the past must not be looked at.
        m_keys.assign(batch * capacity * m_keyWidth * dtypeBytes(m_cacheType), 0xff);
        m_values = m_keys;
        if (m_cacheType == DType::I8) {
            m_keyScales.assign(batch * capacity * static_cast<std::size_t>(m_shape.kvHeads), std::nanf(""));
            m_valueScales = m_keyScales;
        }
    }

    KvCache hostCache() {
        KvCache cache;
        cache.keys = {DevicePtr<std::byte>(reinterpret_cast<std::byte*>(m_keys.data())), m_cacheType};
        cache.values = {DevicePtr<std::byte>(reinterpret_cast<std::byte*>(m_values.data())), m_cacheType};
        cache.keyScales = DevicePtr<float>(m_keyScales.data());
        cache.valueScales = DevicePtr<float>(m_valueScales.data());
        cache.capacity = m_shape.capacity;
        return cache;
    }

    CacheView view() {
        CacheView cache;
        cache.keys = m_keys.data();
        cache.values = m_values.data();
        cache.keyScales = m_keyScales.data();
        cache.valueScales = m_valueScales.data();
        cache.past = m_shape.past.data();
        cache.capacity = m_shape.capacity;
        cache.type = m_cacheType;
        cache.aligned = m_shape.headDim % 8 == 0;
        return cache;
    }

    /// Appends past and new tokens, and what the reference makes of the new ones.
    void prepare(int tokens) {
        const int batch = static_cast<int>(m_shape.past.size());
        const int longest = *std::max_element(m_shape.past.begin(), m_shape.past.end()) + tokens;
        std::vector<float> k = HostValues::normal(m_type, static_cast<std::size_t>(batch * longest) * m_keyWidth, 2, 1)
                                   .floats(),
                           v = HostValues::normal(m_type, k.size(), 3, 1).floats();
        for (int b = 0; b < batch; ++b) {  // one by one, each as long as it is
            KvCache cache = hostCache();
            const std::ptrdiff_t rows = static_cast<std::ptrdiff_t>(b) * m_shape.capacity * m_shape.kvHeads;
            cache.keys = cache.keys + rows * m_shape.headDim;
            cache.values = cache.values + rows * m_shape.headDim;
            if (m_cacheType == DType::I8) {
                cache.keyScales = cache.keyScales + rows;
                cache.valueScales = cache.valueScales + rows;
            }
            const std::int32_t none = 0;
            KvAppendArgs args;
            args.batch = 1;
            args.tokens = m_shape.past[static_cast<std::size_t>(b)] + tokens;
            args.kvHeads = m_shape.kvHeads;
            args.headDim = m_shape.headDim;
            args.k = onHost(k, static_cast<std::size_t>(b * longest) * m_keyWidth);
            args.v = onHost(v, static_cast<std::size_t>(b * longest) * m_keyWidth);
            args.kStride = args.vStride = static_cast<int>(m_keyWidth);
            args.past = DevicePtr<const std::int32_t>(&none);
            args.cache = cache;
            ASSERT_TRUE(reference::kvAppend(args).ok());
        }
        m_qStride = m_shape.heads * m_shape.headDim + 8;
        m_q = HostValues::normal(m_type, static_cast<std::size_t>(batch * tokens * m_qStride), 5, 1.5);
        m_out = HostValues(m_type, static_cast<std::size_t>(batch * tokens * m_shape.heads * m_shape.headDim),
                           std::nanf(""));
        std::vector<float> q = m_q.floats();
        m_expected.assign(m_out.size(), 0);
        CachedAttentionArgs args;
        args.batch = batch;
        args.tokens = tokens;
        args.heads = m_shape.heads;
        args.kvHeads = m_shape.kvHeads;
        args.headDim = m_shape.headDim;
        args.q = onHost(q);
        args.qStride = m_qStride;
        args.cache = hostCache();
        args.past = DevicePtr<const std::int32_t>(m_shape.past.data());
        args.softCap = m_shape.cap;
        args.out = onHost(m_expected);
        ASSERT_TRUE(reference::cachedAttention(args).ok());
    }

    /// `splits` 0: through the tiles of the forward kernel.
    Result<void> run(int tokens, int splits) {
        emulation::Queue queue;
        m_out = HostValues(m_type, m_out.size(), std::nanf(""));
        const int batch = static_cast<int>(m_shape.past.size());
        std::vector<float> partial;
        if (splits == 0) {
            AttentionForward args;
            args.type = m_type;
            args.q = m_q.data();
            args.out = m_out.data();
            args.batch = batch;
            args.tokens = tokens;
            args.heads = m_shape.heads;
            args.kvHeads = m_shape.kvHeads;
            args.headDim = m_shape.headDim;
            args.qStride = m_qStride;
            args.softCap = m_shape.cap;
            args.cache = view();
            TRY_VOID(startAttention(&queue, args));
        } else {
            partial.assign(decodeWorkspaceFloats(batch * tokens, m_shape.heads, splits, m_shape.headDim),
                           std::nanf(""));
            AttentionDecode args;
            args.type = m_type;
            args.q = m_q.data();
            args.out = m_out.data();
            args.batch = batch;
            args.tokens = tokens;
            args.heads = m_shape.heads;
            args.kvHeads = m_shape.kvHeads;
            args.headDim = m_shape.headDim;
            args.qStride = m_qStride;
            args.softCap = m_shape.cap;
            args.cache = view();
            args.splits = splits;
            args.partial = partial.data();
            TRY_VOID(startDecode(&queue, args));
        }
        return queue.synchronize();
    }

    /// P is rounded to the type in tiles, out always.
    double tolerance() const {
        return 2 * epsilonOf(m_type) +
               ((4 * std::sqrt(m_shape.headDim) + 16) * 14 + 4 * std::sqrt(m_shape.capacity)) * 0x1p-24;
    }

    CacheShape m_shape;
    DType m_type, m_cacheType;
    std::size_t m_keyWidth = 0;
    int m_qStride = 0;
    std::vector<unsigned char> m_keys, m_values;
    std::vector<float> m_keyScales, m_valueScales, m_expected;
    HostValues m_q, m_out;
};

TEST_P(CudaCachedAttention, DecodesAsTheReferenceInAnyNumberOfSplits) {
    for (const int tokens : {1, 3}) {
        ASSERT_NO_FATAL_FAILURE(prepare(tokens));
        for (const int splits : {1, 2, 7, kMaxDecodeSplits}) {
            emulation::setOptions({});
            ASSERT_RUNS(run(tokens, splits));
            expectClose("out", m_out.floats(), m_expected, tolerance());
            const HostValues forward = m_out;
            emulation::setOptions({Order::Shuffled, 3, 0});
            ASSERT_RUNS(run(tokens, splits));
            EXPECT_EQ(m_out, forward) << splits << " splits";
        }
    }
}

TEST_P(CudaCachedAttention, PrefillsAsTheReference) {
    for (const int tokens : {2, 45}) {
        ASSERT_NO_FATAL_FAILURE(prepare(tokens));
        emulation::setOptions({});
        ASSERT_RUNS(run(tokens, 0));
        expectClose("out", m_out.floats(), m_expected, tolerance());
        const HostValues forward = m_out;
        emulation::setOptions({Order::Backward, 1, 0});
        ASSERT_RUNS(run(tokens, 0));
        EXPECT_EQ(m_out, forward);
    }
}

INSTANTIATE_TEST_SUITE_P(All, CudaCachedAttention,
                         testing::Combine(testing::Values(CacheShape{"Group3", 6, 2, 64, 260, {0, 137}, 50},
                                                          CacheShape{"Group5Odd", 5, 1, 21, 131, {70}},
                                                          CacheShape{"Single128", 1, 1, 128, 100, {51}, 20}),
                                          testing::Values(DType::F32, DType::F16, DType::BF16),
                                          testing::Values(DType::F32, DType::F16, DType::I8)),
                         [](const auto& param) {
                             return std::get<0>(param.param).name + "_" +
                                    std::string(dtypeName(std::get<1>(param.param))) + "_over_" +
                                    std::string(dtypeName(std::get<2>(param.param)));
                         });

}  // namespace

}  // namespace distillix::cuda
