// SPDX-License-Identifier: Apache-2.0
// The CUDA backend's host side on the emulated card: memory, copies, streams, and what errors say. And the registry's
// words where something is missing.
#include <cstdlib>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/backend/registry.h"
#include "core/model/runtime.h"
#include "tests/support/cuda_emulated_device.h"

namespace distillix::cuda {

namespace {

using testing::HasSubstr;

class CudaDevice : public testing::Test {
  protected:
    ~CudaDevice() override { setEmulatedCard({}); }

    std::unique_ptr<Backend> open() {
        auto backend = openBackend(kEmulatedDevice);
        EXPECT_TRUE(backend.ok()) << backend.error().text();
        return std::move(backend).value();
    }
};

TEST_F(CudaDevice, DescribesItselfByWhatTheCardHas) {
    auto backend = open();
    EXPECT_EQ(backend->info().name, "cuda");
    EXPECT_EQ(backend->info().level, "sm_80");
    EXPECT_EQ(backend->info().mixed, (Precision{DType::BF16, DType::BF16}));
    EXPECT_EQ(choosePrecision(*backend, "auto", false).value(), (Precision{DType::BF16, DType::BF16}));
    EXPECT_EQ(choosePrecision(*backend, "float16", true).value(), (Precision{DType::F16, DType::F16}));
    EmulatedCard turing;
    turing.architecture = 75;
    setEmulatedCard(turing);
    backend = open();
    EXPECT_EQ(backend->info().mixed, (Precision{DType::F16, DType::F16}));
    NormQuantizeArgs args;
    args.rows = args.width = 4;
    args.x = {DevicePtr<std::byte>(reinterpret_cast<std::byte*>(256)), DType::BF16};
    args.out.values = args.x;
    const Result<void> refused = backend->normQuantize({}, args);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
    EXPECT_THAT(refused.error().text(), HasSubstr("bf16"));
}

TEST_F(CudaDevice, OutOfMemorySaysHowMuchIsMissingAndWhatToLower) {
    EmulatedCard small;
    small.memoryBytes = std::size_t{64} << 20;
    setEmulatedCard(small);
    const auto backend = open();
    const auto first = backend->allocate(std::size_t{40} << 20);
    ASSERT_TRUE(first.ok());
    const auto second = backend->allocate(std::size_t{30} << 20);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::OutOfMemory);
    EXPECT_THAT(second.error().text(), HasSubstr("31457280 bytes"));
    EXPECT_THAT(second.error().text(), HasSubstr("24 MiB of its 64 MiB are free"));
    EXPECT_THAT(second.error().text(), HasSubstr("6 MiB are missing"));
    EXPECT_THAT(second.error().text(), HasSubstr("Lower the batch"));
    backend->free(*first);
    EXPECT_EQ(emulatedBytesInUse(), 0u);
}

TEST_F(CudaDevice, CopiesOfAnySizeArriveInOrderAndTheSourceIsFreeAtOnce) {
    const auto backend = open();
    const Stream stream = backend->createStream().value();
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{4} << 20, (std::size_t{23} << 20) + 7}) {
        std::vector<unsigned char> values(bytes), result(bytes, 0xee);
        for (std::size_t i = 0; i < bytes; ++i) values[i] = static_cast<unsigned char>(i * 31 + i / 255);
        const std::vector<unsigned char> expected = values;
        const auto memory = backend->allocate(bytes).value();
        const auto other = backend->allocate(bytes).value();
        ASSERT_TRUE(backend->copyToDevice(stream, memory, values.data(), bytes).ok());
        std::fill(values.begin(), values.end(), static_cast<unsigned char>(0));
        ASSERT_TRUE(backend->copyOnDevice(stream, other, memory, bytes).ok());
        ASSERT_TRUE(backend->fillZero(stream, memory, bytes).ok());
        ASSERT_TRUE(backend->copyToHost(stream, result.data(), other, bytes).ok());
        ASSERT_TRUE(backend->synchronize(stream).ok());
        EXPECT_TRUE(result == expected) << bytes << " bytes";
        ASSERT_TRUE(backend->copyToHost(stream, result.data(), memory, bytes).ok());
        ASSERT_TRUE(backend->synchronize(stream).ok());
        EXPECT_TRUE(result == std::vector<unsigned char>(bytes, 0)) << bytes << " bytes";
        backend->free(memory);
        backend->free(other);
    }
    backend->destroyStream(stream);
    EXPECT_EQ(emulatedBytesInUse(), 0u);
}

TEST_F(CudaDevice, ManySmallCopiesShareTheStagingMemory) {
    const auto backend = open();
    const Stream stream = backend->createStream().value();
    constexpr std::size_t kCount = 3000, kEach = 9000;  // 27 MB through slots of 4 MiB
    const auto memory = backend->allocate(kCount * kEach).value();
    std::vector<unsigned char> piece(kEach);
    for (std::size_t i = 0; i < kCount; ++i) {
        std::fill(piece.begin(), piece.end(), static_cast<unsigned char>(i % 251));
        ASSERT_TRUE(
            backend->copyToDevice(stream, memory + static_cast<std::ptrdiff_t>(i * kEach), piece.data(), kEach).ok());
    }
    std::vector<std::vector<unsigned char>> results(kCount, std::vector<unsigned char>(kEach));
    for (std::size_t i = 0; i < kCount; ++i)
        ASSERT_TRUE(
            backend->copyToHost(stream, results[i].data(), memory + static_cast<std::ptrdiff_t>(i * kEach), kEach)
                .ok());
    ASSERT_TRUE(backend->synchronize(stream).ok());
    for (std::size_t i = 0; i < kCount; ++i) {
        EXPECT_EQ(results[i].front(), i % 251);
        EXPECT_EQ(results[i].back(), i % 251);
    }
    backend->free(memory);
    backend->destroyStream(stream);
}

TEST_F(CudaDevice, ResultsAreThereAfterSynchronizeAndNotBefore) {
    const auto backend = open();
    const Stream stream = backend->createStream().value();
    const auto memory = backend->allocate(4).value();
    int value = 7, result = 0;
    ASSERT_TRUE(backend->copyToDevice(stream, memory, &value, 4).ok());
    ASSERT_TRUE(backend->copyToHost(stream, &result, memory, 4).ok());
    EXPECT_EQ(result, 0);
    ASSERT_TRUE(backend->synchronize(stream).ok());
    EXPECT_EQ(result, 7);
    backend->free(memory);
    backend->destroyStream(stream);
    const Result<void> strange = backend->synchronize(Stream{&value});
    ASSERT_FALSE(strange.ok());
    EXPECT_EQ(strange.error().code, ErrorCode::Internal);
}

TEST_F(CudaDevice, NoCardIsSaidAsItIs) {
    EmulatedCard none;
    none.count = 0;
    setEmulatedCard(none);
    const auto missing = openBackend(kEmulatedDevice);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_THAT(missing.error().text(), HasSubstr("no card"));
}

TEST(Registry, SaysWhatTheCardLacksAndAutoGoesOnWithTheProcessor) {
    const auto card = openBackend("cuda");
    if (card.ok()) GTEST_SKIP() << "a card is here";
    EXPECT_EQ(card.error().code, ErrorCode::NotFound);
    EXPECT_THAT(card.error().text(), testing::AnyOf(HasSubstr("driver"), HasSubstr("module")));
    const auto found = openBackend("auto");
    ASSERT_TRUE(found.ok());
    EXPECT_EQ((*found)->info().name, "cpu");
    std::vector<MissingDevice> missing;
    const auto devices = listBackends(&missing);
    ASSERT_EQ(missing.size(), 1u);
    EXPECT_EQ(missing[0].device, "cuda");
    EXPECT_EQ(missing[0].reason, card.error().text());
    for (const char* name : {"cuda:", "cuda:x", "cuda:1x", "cuda:-1", "CUDA"}) {
        const auto refused = openBackend(name);
        ASSERT_FALSE(refused.ok()) << name;
        EXPECT_THAT(refused.error().text(), HasSubstr("There is no device")) << name;
    }
}

}  // namespace

}  // namespace distillix::cuda
