// SPDX-License-Identifier: Apache-2.0
// The table of cases that holds every operation of every backend to the reference. A row names its inputs (the same
// numbers on every device), runs operations, and says of each output how far it may lie from the reference's.
//
// To add a row: append an OpCase to one of the lists at the end. DISTILLIX_TEST_DEVICE=cuda (any name that openBackend
// takes) runs the table on that device instead of the levels of the CPU.
#pragma once

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "core/backend/ops.h"
#include "core/backend/registry.h"
#include "core/base/rng.h"

namespace distillix::optable {

inline constexpr double kEps = 0x1p-24;     ///< half a unit in the last place of 1 in float32
inline constexpr double kEpsBf16 = 0x1p-9;  ///< the same in bfloat16
inline constexpr double kEpsF16 = 0x1p-12;  ///< and in half precision, its smallest numbers apart

/// |result - expected| <= own·|expected| + largest·(the output's largest |expected|) + absolute, and both finite.
struct Tolerance {
    double own = 0, largest = 0, absolute = 0;
    bool code = false;  ///< an int8 code, see codes()
};
/// The same bits.
inline Tolerance exact() {
    return {};
}
/// Each element after `roundings` roundings, none of which cancels.
inline Tolerance rounded(double roundings, double absolute = 0) {
    return {roundings * kEps, 0, absolute};
}
/// Sums of n products in float32. The error of such a sum is a walk of n steps of eps/2 times the partial sums, which
/// lie at the output's largest magnitude or below where the terms have both signs: sqrt(n), times 4 for the tail over
/// thousands of elements; and `more` roundings of what goes in and comes out.
inline Tolerance summed(double n, double more = 8, double eps = kEps) {
    return {0, (4 * std::sqrt(n) + more) * eps, 0};
}

/// One execution of a row on one device. Rows call input…(), output…(), the backend's operations with exec(), and
/// nothing else: no row sees device memory.
class OpRun {
  public:
    /// `values` is the type of …Values() memory; `rounding` rounds the numbers that go into it to another type first,
    /// so that two devices get the same ones.
    OpRun(Backend& backend, const Workload& workload, Precision precision, DType values = DType::F32,
          DType rounding = DType::F32);
    ~OpRun();
    OpRun(const OpRun&) = delete;
    OpRun& operator=(const OpRun&) = delete;

    Backend& backend() { return m_backend; }
    const Exec& exec() const { return m_exec; }

    template <typename T>
    DevicePtr<T> input(const std::vector<T>& values) {
        const DevicePtr<std::byte> memory = upload(values.data(), values.size() * sizeof(T));
        return memory.as<T>();
    }
    TypedPtr inputValues(const std::vector<float>& values);
    /// Device memory that holds NaNs at first; compared unless `name` is empty.
    DevicePtr<float> output(const std::string& name, std::size_t count, Tolerance tolerance);
    TypedPtr outputValues(const std::string& name, std::size_t count, Tolerance tolerance);
    DevicePtr<std::int32_t> outputIds(const std::string& name, std::size_t count);
    /// Written in place.
    DevicePtr<float> inOut(const std::string& name, const std::vector<float>& values, Tolerance tolerance);
    TypedPtr inOutValues(const std::string& name, const std::vector<float>& values, Tolerance tolerance);
    /// Codes of numbers that were computed may differ by one step where the value before rounding lies within float32's
    /// error of a boundary: 127 steps times some 8 eps, so a share of 16·127·eps of them, and a few more by chance.
    /// Codes of given numbers are exact.
    DevicePtr<std::int8_t> codes(const std::string& name, std::size_t count, bool ofComputed = true);
    DevicePtr<std::byte> memory(std::size_t bytes);  ///< not compared (prepared weights)

    struct Output {
        std::string name;
        DType type = DType::F32;
        Tolerance tolerance;
        DevicePtr<std::byte> device;
        std::vector<std::byte> bytes;
        std::size_t count() const { return bytes.size() / dtypeBytes(type); }
        double at(std::size_t i) const;
    };
    /// Fetches the outputs and waits. Call once, last.
    Result<void> finish();
    const std::vector<Output>& outputs() const { return m_outputs; }
    bool usesValues() const { return m_usesValues; }
    bool fits() const { return m_fits; }  ///< no number was beyond the type it was rounded to

  private:
    DevicePtr<std::byte> upload(const void* source, std::size_t bytes);
    std::vector<float> taken(const std::vector<float>& values);
    TypedPtr uploadValues(const std::vector<float>& values);
    DevicePtr<std::byte> track(const std::string& name, DType type, Tolerance tolerance, DevicePtr<std::byte> device,
                               std::size_t count);

    Backend& m_backend;
    Exec m_exec;
    DType m_values, m_rounding;
    bool m_usesValues = false, m_fits = true;
    std::vector<DevicePtr<std::byte>> m_memory;
    std::vector<Output> m_outputs;
};

struct OpCase {
    std::string name;  ///< letters, digits and underscores
    Workload workload;
    std::function<Result<void>(OpRun&)> run;
    Precision precision;
};
void PrintTo(const OpCase& row, std::ostream* stream);

/// Numbers that are the same for the same seed.
std::vector<float> normal(std::size_t count, std::uint64_t seed, double deviation = 1, double mean = 0);
std::vector<float> uniform(std::size_t count, std::uint64_t seed, double low, double high);
std::vector<std::int32_t> ids(std::size_t count, std::uint64_t seed, int vocabulary);

std::vector<OpCase> normCases();
std::vector<OpCase> elementwiseCases();
std::vector<OpCase> linearCases();
std::vector<OpCase> headCases();
std::vector<OpCase> optimizerCases();
std::vector<OpCase> attentionCases();

}  // namespace distillix::optable
