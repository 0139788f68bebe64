// SPDX-License-Identifier: Apache-2.0
// The host side of attention: what the CUDA backend refuses, in words, before anything is queued; and that it cuts its
// workspace as planned.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/backend/cuda/kernels/attention_shape.h"
#include "core/backend/registry.h"
#include "tests/support/cuda_emulated_device.h"

namespace distillix::cuda {

namespace {

using testing::HasSubstr;

class CudaAttentionHost : public testing::Test {
  protected:
    ~CudaAttentionHost() override { setEmulatedCard({}); }

    /// Arguments that are refused or pass by their shapes alone: nothing is behind the addresses.
    static TypedPtr somewhere(DType type) { return {DevicePtr<std::byte>(reinterpret_cast<std::byte*>(256)), type}; }
    static AttentionBackwardArgs arguments(int headDim, DType type) {
        AttentionBackwardArgs args;
        AttentionArgs& forward = args.forward;
        forward.batch = 1;
        forward.tokens = 3;
        forward.heads = forward.kvHeads = 2;
        forward.headDim = headDim;
        forward.q = forward.k = forward.v = forward.out = args.dOut = args.dQ = args.dK = args.dV = somewhere(type);
        forward.qStride = forward.kStride = forward.vStride = 2 * headDim;
        args.dQStride = args.dKStride = args.dVStride = 2 * headDim;
        forward.lse = somewhere(DType::F32).data.as<float>();
        return args;
    }
    static void expectRefused(const Result<void>& result, ErrorCode code, const std::string& words) {
        ASSERT_FALSE(result.ok()) << "not refused: " << words;
        EXPECT_EQ(result.error().code, code);
        EXPECT_THAT(result.error().text(), HasSubstr(words));
        EXPECT_THAT(result.error().text(), HasSubstr("ttention"));
    }
};

TEST_F(CudaAttentionHost, RefusesWhatItsKernelsDoNotTake) {
    auto backend = openBackend(kEmulatedDevice).value();
    const Stream stream = backend->createStream().value();
    const Exec exec{stream, nullptr, 0, {}};
    AttentionBackwardArgs wide = arguments(kMaxHeadDim + 2, DType::BF16);
    expectRefused(backend->attention(exec, wide.forward), ErrorCode::Unsupported, "130");
    expectRefused(backend->attentionBackward(exec, wide), ErrorCode::Unsupported, "--device cpu");
    AttentionBackwardArgs mixed = arguments(64, DType::BF16);
    mixed.forward.v.type = DType::F16;
    expectRefused(backend->attention(exec, mixed.forward), ErrorCode::InvalidArgument, "mixed");
    mixed = arguments(64, DType::F16);
    mixed.dK.type = DType::F32;
    expectRefused(backend->attentionBackward(exec, mixed), ErrorCode::InvalidArgument, "mixed");
    const AttentionBackwardArgs fits = arguments(64, DType::BF16);
    expectRefused(backend->attentionBackward(exec, fits), ErrorCode::InvalidArgument, "workspace");
    backend->destroyStream(stream);
}

TEST_F(CudaAttentionHost, ACardWithoutBfloat16SaysSo) {
    EmulatedCard turing;
    turing.architecture = 75;
    setEmulatedCard(turing);
    auto backend = openBackend(kEmulatedDevice).value();
    expectRefused(backend->attention({}, arguments(64, DType::BF16).forward), ErrorCode::Unsupported, "bf16");
}

TEST_F(CudaAttentionHost, DecodingFitsTheWorkspaceOfAnyBatchAndCapacity) {
    auto backend = openBackend(kEmulatedDevice).value();
    const Stream stream = backend->createStream().value();
    constexpr int kHeads = 6, kKvHeads = 2, kHeadDim = 16;
    for (const int batch : {1, 3, 40}) {
        for (const int capacity : {8, 3000}) {
            Workload workload;
            workload.rows = batch;
            workload.heads = kHeads;
            workload.kvHeads = kKvHeads;
            workload.headDim = kHeadDim;
            Exec exec{stream, nullptr, backend->workspaceBytes(workload, {}), {}};
            std::vector<DeviceBuffer> buffers;
            const auto memory = [&](std::size_t bytes) {
                buffers.push_back(DeviceBuffer::create(*backend, bytes).value());
                EXPECT_TRUE(backend->fillZero(stream, buffers.back().data(), bytes).ok());
                return buffers.back().data();
            };
            exec.workspace = memory(exec.workspaceBytes);
            CachedAttentionArgs args;
            args.batch = batch;
            args.tokens = 1;
            args.heads = kHeads;
            args.kvHeads = kKvHeads;
            args.headDim = kHeadDim;
            args.qStride = kHeads * kHeadDim;
            const std::size_t rows = static_cast<std::size_t>(batch);
            args.q = typed(memory(rows * kHeads * kHeadDim * 4).as<float>());
            args.out = typed(memory(rows * kHeads * kHeadDim * 4).as<float>());
            args.cache.capacity = capacity;
            const std::size_t cache = rows * static_cast<std::size_t>(capacity) * kKvHeads * kHeadDim * 4;
            args.cache.keys = typed(memory(cache).as<float>());
            args.cache.values = typed(memory(cache).as<float>());
            args.past = memory(rows * 4).as<std::int32_t>();  // zero: one key each
            const Result<void> ran = backend->cachedAttention(exec, args);
            EXPECT_TRUE(ran.ok()) << ran.error().text();
            EXPECT_TRUE(backend->synchronize(stream).ok());
        }
    }
    backend->destroyStream(stream);
}

}  // namespace

}  // namespace distillix::cuda
