// SPDX-License-Identifier: Apache-2.0
// Inputs of the attention kernels in the types they compute in, and the reference's answer to the same (rounded)
// numbers.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/backend/cuda/kernels/attention.h"
#include "core/backend/cuda/kernels/portable.h"
#include "core/backend/reference/reference_kernels.h"
#include "core/base/rng.h"

namespace distillix::cuda {

#define ASSERT_RUNS(expression)                                        \
    do {                                                               \
        const Result<void> ran = (expression);                         \
        ASSERT_TRUE(ran.ok()) << (ran.ok() ? "" : ran.error().text()); \
    } while (0)

/// Numbers of a 16- or 32-bit type as the kernels read them, with what they are as float32.
class HostValues {
  public:
    explicit HostValues(DType type = DType::F32) : m_type(type) {}
    HostValues(DType type, std::size_t count, float fill = 0) : m_type(type) {
        assign(std::vector<float>(count, fill));
    }
    static HostValues normal(DType type, std::size_t count, std::uint64_t seed, double deviation) {
        Rng rng(seed);
        std::vector<float> values(count);
        for (float& v : values) v = static_cast<float>(deviation * rng.normal());
        HostValues result(type);
        result.assign(values);
        return result;
    }
    void assign(const std::vector<float>& values) {
        m_bytes.resize(values.size() * dtypeBytes(m_type));
        for (std::size_t i = 0; i < values.size(); ++i) set(i, values[i]);
    }
    void set(std::size_t i, float value) {
        if (m_type == DType::F32) {
            std::memcpy(m_bytes.data() + 4 * i, &value, 4);
            return;
        }
        const std::uint16_t bits = m_type == DType::F16 ? fromFloat<half_t>(value).bits : fromFloat<bf16_t>(value).bits;
        std::memcpy(m_bytes.data() + 2 * i, &bits, 2);
    }
    float at(std::size_t i) const {
        if (m_type == DType::F32) {
            float value;
            std::memcpy(&value, m_bytes.data() + 4 * i, 4);
            return value;
        }
        std::uint16_t bits;
        std::memcpy(&bits, m_bytes.data() + 2 * i, 2);
        return m_type == DType::F16 ? toFloat(half_t{bits}) : toFloat(bf16_t{bits});
    }
    std::vector<float> floats() const {
        std::vector<float> values(size());
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = at(i);
        return values;
    }
    std::size_t size() const { return m_bytes.size() / dtypeBytes(m_type); }
    DType type() const { return m_type; }
    unsigned char* data(std::size_t element = 0) { return m_bytes.data() + element * dtypeBytes(m_type); }
    const unsigned char* data(std::size_t element = 0) const { return m_bytes.data() + element * dtypeBytes(m_type); }
    bool operator==(const HostValues&) const = default;

  private:
    DType m_type;
    std::vector<unsigned char> m_bytes;
};

/// Half a unit in the last place of 1.
inline double epsilonOf(DType type) {
    return type == DType::F32 ? 0x1p-24 : type == DType::F16 ? 0x1p-11 : 0x1p-8;
}

inline TypedPtr onHost(std::vector<float>& values, std::size_t at = 0) {
    return typed(DevicePtr<float>(values.data() + at));
}

/// Every |result - expected| within `tolerance` times the largest |expected| of its head's row or, if that is small,
/// of all; names the worst.
inline void expectClose(const char* what, const std::vector<float>& result, const std::vector<float>& expected,
                        double tolerance) {
    ASSERT_EQ(result.size(), expected.size()) << what;
    double largest = 0, worst = 0;
    std::size_t where = 0;
    for (const float e : expected) largest = std::max(largest, std::fabs(static_cast<double>(e)));
    for (std::size_t i = 0; i < result.size(); ++i) {
        const double distance = std::fabs(static_cast<double>(result[i]) - expected[i]);
        if (!(distance <= worst)) worst = distance, where = i;
    }
    EXPECT_LE(worst, tolerance * largest + 1e-30)
        << what << ": at " << where << " is " << result[where] << ", expected " << expected[where]
        << "; the largest is " << largest << "; off by " << worst / largest / tolerance << " of what is allowed";
}

struct AttentionShape {
    std::string name;
    int batch, tokens, heads, kvHeads, headDim;
    float cap = 0;
    bool documents = false;
    double deviation = 1;  ///< of q and k
    int gap = 0;           ///< elements between rows that belong to nobody
};
inline void PrintTo(const AttentionShape& shape, std::ostream* stream) {
    *stream << shape.name;
}

}  // namespace distillix::cuda
