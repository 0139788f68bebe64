// SPDX-License-Identifier: Apache-2.0
// The CUDA backend on the emulated card, and memory of it.
#pragma once

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/backend/cuda/kernels/portable.h"
#include "core/backend/registry.h"
#include "core/base/rng.h"
#include "tests/support/cuda_emulated_device.h"
#include "tests/support/temporary_folder.h"

namespace distillix::cuda {

struct OnEmulatedCard : testing::Test {
    ~OnEmulatedCard() override {
        for (const DevicePtr<std::byte>& memory : allocated) backend->free(memory);
        backend->destroyStream(stream);
        emulation::setOptions({});
    }
    template <typename T>
    DevicePtr<T> device(std::size_t count) {
        allocated.push_back(backend->allocate(count * sizeof(T)).value());
        return allocated.back().as<T>();
    }
    template <typename T>
    DevicePtr<T> upload(const std::vector<T>& values) {
        const DevicePtr<T> memory = device<T>(values.size());
        const Result<void> queued =
            backend->copyToDevice(stream, memory.template as<std::byte>(), values.data(), values.size() * sizeof(T));
        EXPECT_TRUE(queued.ok());
        return memory;
    }
    /// Waits for all that is queued.
    template <typename T>
    std::vector<T> download(DevicePtr<T> memory, std::size_t count) {
        std::vector<T> values(count);
        const Result<void> queued =
            backend->copyToHost(stream, values.data(), memory.template as<std::byte>(), count * sizeof(T));
        EXPECT_TRUE(queued.ok());
        const Result<void> done = backend->synchronize(stream);
        EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().text());
        return values;
    }
    /// With the workspace that the workload asks for and no more.
    Exec execFor(const Workload& workload, Precision precision) {
        Exec exec;
        exec.stream = stream;
        exec.precision = precision;
        exec.workspaceBytes = backend->workspaceBytes(workload, precision);
        exec.workspace = device<std::byte>(exec.workspaceBytes);
        return exec;
    }

    std::unique_ptr<Backend> backend = openBackend(kEmulatedDevice).value();
    Stream stream = backend->createStream().value();
    std::vector<DevicePtr<std::byte>> allocated;
};

inline std::vector<float> normalValues(std::size_t count, std::uint64_t seed, double deviation) {
    Rng rng(seed);
    std::vector<float> values(count);
    for (float& v : values) v = static_cast<float>(deviation * rng.normal());
    return values;
}

/// The bits of values rounded to 16, and what such bits are worth.
inline std::vector<std::uint16_t> asBits(const std::vector<float>& values, DType type) {
    std::vector<std::uint16_t> bits(values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        bits[i] = type == DType::BF16 ? fromFloat<bf16_t>(values[i]).bits : fromFloat<half_t>(values[i]).bits;
    return bits;
}
inline std::vector<float> asFloats(const std::vector<std::uint16_t>& bits, DType type) {
    std::vector<float> values(bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i)
        values[i] = type == DType::BF16 ? toFloat(bf16_t{bits[i]}) : toFloat(half_t{bits[i]});
    return values;
}
/// Within `steps` roundings of the largest.
inline void expectClose(const std::vector<float>& result, const std::vector<float>& expected, DType type, float steps) {
    ASSERT_EQ(result.size(), expected.size());
    float largest = 0;
    for (const float v : expected) largest = std::max(largest, std::fabs(v));
    const float step = type == DType::BF16 ? 0x1p-8f : 0x1p-11f;
    for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_NEAR(result[i], expected[i], steps * step * largest) << "element " << i;
}

}  // namespace distillix::cuda
