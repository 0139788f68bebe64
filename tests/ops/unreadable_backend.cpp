// SPDX-License-Identifier: Apache-2.0
// The watchman itself: what it lets through, and what it stops.
#include "tests/support/unreadable_backend.h"

#include <vector>

#include <gtest/gtest.h>

#include "core/backend/reference/reference_backend.h"
#include "core/backend/registry.h"

namespace distillix {
namespace {

struct Unreadable : testing::Test {
    std::unique_ptr<Backend> backend = makeUnreadableBackend(makeReferenceBackend());
    Stream stream = backend->createStream().value();

    DevicePtr<float> device(std::size_t count) { return backend->allocate(count * sizeof(float)).value().as<float>(); }
    Result<void> upload(DevicePtr<float> target, const std::vector<float>& values) {
        return backend->copyToDevice(stream, target.as<std::byte>(), values.data(), values.size() * sizeof(float));
    }
};
using UnreadableDeathTest = Unreadable;

TEST_F(UnreadableDeathTest, HostAccessFaults) {
    const DevicePtr<float> memory = device(4);
    ASSERT_TRUE(upload(memory, {1, 2, 3, 4}).ok());
    ASSERT_TRUE(backend->synchronize(stream).ok());
    EXPECT_DEATH(static_cast<void>(*static_cast<volatile float*>(memory.backendAddress())), "");
}

TEST_F(Unreadable, NothingRunsBeforeSynchronize) {
    const DevicePtr<float> memory = device(2);
    std::vector<float> source = {1, 2}, result = {0, 0};
    ASSERT_TRUE(upload(memory, source).ok());
    source = {7, 7};  // the bytes were taken when the call returned
    ASSERT_TRUE(backend->copyToHost(stream, result.data(), memory.as<std::byte>(), 8).ok());
    EXPECT_EQ(result[0], 0);
    ASSERT_TRUE(backend->synchronize(stream).ok());
    EXPECT_EQ(result, (std::vector<float>{1, 2}));
}

TEST_F(Unreadable, ListsAreReadBeforeTheCallReturns) {
    const DevicePtr<float> gradient = device(2), norm = device(2);
    ASSERT_TRUE(upload(gradient, {3, 4}).ok());
    std::vector<TensorSpan> list = {{gradient, 2}};
    GradientNormArgs args;
    args.gradients = list;
    args.norm = norm;
    ASSERT_TRUE(backend->gradientNorm({stream, {}, 0, {}}, args).ok());
    list.assign(1, TensorSpan{});
    std::vector<float> result(2);
    ASSERT_TRUE(backend->copyToHost(stream, result.data(), norm.as<std::byte>(), 8).ok());
    ASSERT_TRUE(backend->synchronize(stream).ok());
    EXPECT_EQ(result, (std::vector<float>{5, 1}));
}

TEST_F(Unreadable, WritingPastTheEndIsNamed) {
    const DevicePtr<float> memory = device(3);
    ASSERT_TRUE(backend->fillZero(stream, memory.as<std::byte>(), 13).ok());
    const Result<void> result = backend->synchronize(stream);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().text().find("fillZero"), std::string::npos) << result.error().text();
}

TEST_F(UnreadableDeathTest, WorkOnFreedMemoryFaults) {
    const DevicePtr<float> memory = device(1);
    ASSERT_TRUE(upload(memory, {1}).ok());
    backend->free(memory.as<std::byte>());
    EXPECT_DEATH(static_cast<void>(backend->synchronize(stream)), "");
}

}  // namespace
}  // namespace distillix
