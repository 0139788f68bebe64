// SPDX-License-Identifier: Apache-2.0
// Opening the CPU backend at a level, and what it says of itself.
#include <cstring>

#include <gtest/gtest.h>

#include "core/backend/cpu/cpu_backend.h"
#include "core/backend/registry.h"

namespace distillix {
namespace {

TEST(CpuLevel, WishesAreTakenOrRefused) {
    EXPECT_EQ(cpu::chooseCpuLevel(nullptr).value(), cpu::bestCpuLevel());
    EXPECT_EQ(cpu::chooseCpuLevel("").value(), cpu::bestCpuLevel());
    EXPECT_EQ(cpu::chooseCpuLevel("scalar").value(), cpu::CpuLevel::Scalar);
    const auto unknown = cpu::chooseCpuLevel("avx1024");
    ASSERT_FALSE(unknown.ok());
    EXPECT_EQ(unknown.error().code, ErrorCode::InvalidArgument);
    for (const auto level : {cpu::CpuLevel::Avx2, cpu::CpuLevel::Avx512, cpu::CpuLevel::Amx}) {
        const auto chosen = cpu::chooseCpuLevel(cpu::cpuLevelName(level));
        if (level <= cpu::bestCpuLevel()) {
            EXPECT_EQ(chosen.value(), level);
        } else {
            ASSERT_FALSE(chosen.ok());
            EXPECT_EQ(chosen.error().code, ErrorCode::Unsupported);
        }
    }
}

TEST(CpuBackend, DescribesItselfAndKeepsMemory) {
    auto backend = openBackend("cpu", {2});
    ASSERT_TRUE(backend.ok()) << backend.error().text();
    EXPECT_EQ((*backend)->info().name, "cpu");
    EXPECT_EQ((*backend)->info().threads, 2);
    EXPECT_FALSE((*backend)->info().device.empty());
    EXPECT_GT((*backend)->info().memoryBytes, 0u);

    auto stream = (*backend)->createStream();
    ASSERT_TRUE(stream.ok());
    auto a = DeviceBuffer::create(**backend, 1000);
    auto b = DeviceBuffer::create(**backend, 1000);
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a->data().backendAddress()) % 256, 0u);
    char in[1000], out[1000];
    for (int i = 0; i < 1000; ++i) in[i] = static_cast<char>(i);
    ASSERT_TRUE((*backend)->copyToDevice(*stream, a->data(), in, 1000).ok());
    ASSERT_TRUE((*backend)->copyOnDevice(*stream, b->data(), a->data(), 1000).ok());
    ASSERT_TRUE((*backend)->fillZero(*stream, b->data(), 10).ok());
    ASSERT_TRUE((*backend)->copyToHost(*stream, out, b->data(), 1000).ok());
    ASSERT_TRUE((*backend)->synchronize(*stream).ok());
    for (int i = 0; i < 10; ++i) EXPECT_EQ(out[i], 0);
    EXPECT_EQ(std::memcmp(in + 10, out + 10, 990), 0);
    (*backend)->destroyStream(*stream);

    const auto huge = (*backend)->allocate(std::size_t{1} << 60);
    ASSERT_FALSE(huge.ok());
    EXPECT_EQ(huge.error().code, ErrorCode::OutOfMemory);
}

TEST(Registry, RefusesWhatIsNotThere) {
    const auto nothing = openBackend("abacus");
    ASSERT_FALSE(nothing.ok());
    EXPECT_EQ(nothing.error().code, ErrorCode::NotFound);
    const auto threads = openBackend("cpu", {-1});
    ASSERT_FALSE(threads.ok());
    EXPECT_EQ(threads.error().code, ErrorCode::InvalidArgument);
    EXPECT_FALSE(listBackends().empty());
}

}  // namespace
}  // namespace distillix
