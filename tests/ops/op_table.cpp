// SPDX-License-Identifier: Apache-2.0
#include "tests/ops/op_table.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <gtest/gtest.h>

#include "core/backend/cpu/cpu_backend.h"
#include "core/backend/reference/reference_backend.h"
#include "tests/support/unreadable_backend.h"

namespace distillix::optable {

namespace {

float roundedTo(DType type, float value) {
    return type == DType::BF16  ? static_cast<float>(BFloat16(value))
           : type == DType::F16 ? static_cast<float>(Float16(value))
                                : value;
}

}  // namespace

OpRun::OpRun(Backend& backend, const Workload& workload, Precision precision, DType values, DType rounding)
    : m_backend(backend), m_values(values), m_rounding(rounding) {
    m_exec.stream = backend.createStream().value();
    m_exec.precision = precision;
    m_exec.workspaceBytes = backend.workspaceBytes(workload, precision);  // no more, so that too little shows
    if (m_exec.workspaceBytes > 0) m_exec.workspace = memory(m_exec.workspaceBytes);
}

OpRun::~OpRun() {
    for (const DevicePtr<std::byte>& memory : m_memory) m_backend.free(memory);
    m_backend.destroyStream(m_exec.stream);
}

DevicePtr<std::byte> OpRun::memory(std::size_t bytes) {
    Result<DevicePtr<std::byte>> allocated = m_backend.allocate(bytes);
    EXPECT_TRUE(allocated.ok()) << allocated.error().text();
    m_memory.push_back(*allocated);
    return *allocated;
}

DevicePtr<std::byte> OpRun::upload(const void* source, std::size_t bytes) {
    const DevicePtr<std::byte> device = memory(bytes);
    const Result<void> copied = m_backend.copyToDevice(m_exec.stream, device, source, bytes);
    EXPECT_TRUE(copied.ok()) << copied.error().text();
    return device;
}

DevicePtr<std::byte> OpRun::track(const std::string& name, DType type, Tolerance tolerance, DevicePtr<std::byte> device,
                                  std::size_t count) {
    if (!name.empty())
        m_outputs.push_back({name, type, tolerance, device, std::vector<std::byte>(count * dtypeBytes(type))});
    return device;
}

DevicePtr<float> OpRun::output(const std::string& name, std::size_t count, Tolerance tolerance) {
    return inOut(name, std::vector<float>(count, std::nanf("")), tolerance);
}

DevicePtr<float> OpRun::inOut(const std::string& name, const std::vector<float>& values, Tolerance tolerance) {
    const DevicePtr<std::byte> device = upload(values.data(), values.size() * sizeof(float));
    return track(name, DType::F32, tolerance, device, values.size()).as<float>();
}

DevicePtr<std::int32_t> OpRun::outputIds(const std::string& name, std::size_t count) {
    const std::vector<std::int32_t> nothing(count, -1);
    return track(name, DType::I32, exact(), upload(nothing.data(), count * sizeof(std::int32_t)), count)
        .as<std::int32_t>();
}

DevicePtr<std::int8_t> OpRun::codes(const std::string& name, std::size_t count, bool ofComputed) {
    Tolerance tolerance;
    tolerance.code = ofComputed;
    const std::vector<std::int8_t> nothing(count, 77);
    return track(name, DType::I8, tolerance, upload(nothing.data(), count), count).as<std::int8_t>();
}

std::vector<float> OpRun::taken(const std::vector<float>& values) {
    m_usesValues = true;
    std::vector<float> result = values;
    for (float& v : result) {
        const float before = v;
        v = roundedTo(m_values, roundedTo(m_rounding, v));
        m_fits = m_fits && std::isfinite(v) == std::isfinite(before);
    }
    return result;
}

TypedPtr OpRun::uploadValues(const std::vector<float>& values) {
    if (m_values == DType::F32) return typed(input(values));
    std::vector<std::uint16_t> bits(values.size());
    for (std::size_t i = 0; i < bits.size(); ++i)
        bits[i] = m_values == DType::BF16 ? BFloat16(values[i]).bits : Float16(values[i]).bits;
    return {upload(bits.data(), bits.size() * sizeof(bits[0])), m_values};
}

TypedPtr OpRun::inputValues(const std::vector<float>& values) {
    return uploadValues(taken(values));
}

TypedPtr OpRun::outputValues(const std::string& name, std::size_t count, Tolerance tolerance) {
    return inOutValues(name, std::vector<float>(count, std::nanf("")), tolerance);
}

TypedPtr OpRun::inOutValues(const std::string& name, const std::vector<float>& values, Tolerance tolerance) {
    const TypedPtr memory = uploadValues(taken(values));
    track(name, m_values, tolerance, memory.data, values.size());
    return memory;
}

double OpRun::Output::at(std::size_t i) const {
    switch (type) {
        case DType::I8:
            return static_cast<double>(reinterpret_cast<const std::int8_t*>(bytes.data())[i]);
        case DType::I32:
            return reinterpret_cast<const std::int32_t*>(bytes.data())[i];
        case DType::BF16:
            return static_cast<float>(reinterpret_cast<const BFloat16*>(bytes.data())[i]);
        case DType::F16:
            return static_cast<float>(reinterpret_cast<const Float16*>(bytes.data())[i]);
        default:
            return reinterpret_cast<const float*>(bytes.data())[i];
    }
}

Result<void> OpRun::finish() {
    for (Output& output : m_outputs) {
        TRY_VOID(m_backend.copyToHost(m_exec.stream, output.bytes.data(), output.device, output.bytes.size()));
    }
    return m_backend.synchronize(m_exec.stream);
}

std::vector<float> normal(std::size_t count, std::uint64_t seed, double deviation, double mean) {
    Rng rng(seed);
    std::vector<float> values(count);
    for (float& v : values) v = static_cast<float>(mean + deviation * rng.normal());
    return values;
}

std::vector<float> uniform(std::size_t count, std::uint64_t seed, double low, double high) {
    Rng rng(seed);
    std::vector<float> values(count);
    for (float& v : values) v = static_cast<float>(low + (high - low) * rng.uniform());
    return values;
}

std::vector<std::int32_t> ids(std::size_t count, std::uint64_t seed, int vocabulary) {
    Rng rng(seed);
    std::vector<std::int32_t> values(count);
    for (std::int32_t& v : values) v = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocabulary)));
    return values;
}

namespace {

using Outputs = std::vector<OpRun::Output>;

Result<Outputs> runOn(Backend& backend, const OpCase& row) {
    OpRun run(backend, row.workload, row.precision);
    TRY_VOID(row.run(run));
    TRY_VOID(run.finish());
    return run.outputs();
}

/// `eps` is half a unit in the last place of 1 in the 16-bit type that values are kept in, 0 for float32. They are
/// rounded once where they are written; and what is rounded on the way into a product (an attention's probabilities,
/// say) errs by as much of the sum's terms, which are of the size of the output's largest.
void expectNear(const OpRun::Output& result, const OpRun::Output& expected, double eps) {
    SCOPED_TRACE("output " + expected.name);
    ASSERT_EQ(result.count(), expected.count());
    const Tolerance& tolerance = result.tolerance;  // of the precision that it was computed in
    const std::size_t count = expected.count();
    double largest = 0;
    for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, std::fabs(expected.at(i)));
    const double floor = eps == kEpsF16 ? 0x1p-24 : 0;  // the smallest number that half precision has
    std::size_t wrong = 0, moved = 0, worst = 0;
    double worstExcess = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const double distance = std::fabs(result.at(i) - expected.at(i));
        if (tolerance.code) {
            moved += distance == 1;
            wrong += distance > 1;
            if (distance > 1) worst = i;
            continue;
        }
        const double allowed = (tolerance.own + 2 * eps) * std::fabs(expected.at(i)) +
                               (tolerance.largest + 8 * eps) * largest + tolerance.absolute + floor;
        if (!(distance <= allowed)) {
            ++wrong;
            if (!(distance - allowed <= worstExcess)) {
                worstExcess = distance - allowed;
                worst = i;
            }
        }
    }
    EXPECT_EQ(wrong, 0u) << "of " << count << "; the worst at " << worst << " is " << result.at(worst) << ", expected "
                         << expected.at(worst) << ", largest " << largest;
    if (tolerance.code) {
        EXPECT_LE(static_cast<double>(moved), 3 + 16 * 127 * kEps * static_cast<double>(count))
            << "codes moved by a step, of " << count;
    }
}

void expectSameBits(const Outputs& result, const Outputs& expected) {
    ASSERT_EQ(result.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_TRUE(result[i].bytes == expected[i].bytes) << "output " << expected[i].name << " has other bits";
    }
}

void expectNear(const Outputs& result, const Outputs& expected, double eps = 0) {
    ASSERT_EQ(result.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) expectNear(result[i], expected[i], eps);
}

std::unique_ptr<Backend> cpuBackend(cpu::CpuLevel level, int threads) {
    return cpu::makeCpuBackend({threads, level}).value();
}

#define ASSERT_OK_AND_TAKE(target, expression)                         \
    auto target##Result = (expression);                                \
    ASSERT_TRUE(target##Result.ok()) << target##Result.error().text(); \
    const auto target = std::move(target##Result).value()

class OpTable : public testing::TestWithParam<OpCase> {};

TEST_P(OpTable, MatchesTheReference) {
    const OpCase& row = GetParam();
    const auto reference = makeReferenceBackend();
    ASSERT_OK_AND_TAKE(expected, runOn(*reference, row));
    ASSERT_FALSE(expected.empty()) << "a row without outputs tests nothing";

    if (const char* device = std::getenv("DISTILLIX_TEST_DEVICE")) {
        auto backend = openBackend(device);
        ASSERT_TRUE(backend.ok()) << backend.error().text();
        ASSERT_OK_AND_TAKE(result, runOn(**backend, row));
        expectNear(result, expected);
        return;
    }

    {
        SCOPED_TRACE("the reference, unreadable");
        const auto unreadable = makeUnreadableBackend(makeReferenceBackend());
        ASSERT_OK_AND_TAKE(hidden, runOn(*unreadable, row));
        expectSameBits(hidden, expected);
    }
    for (const cpu::CpuLevel level :
         {cpu::CpuLevel::Scalar, cpu::CpuLevel::Avx2, cpu::CpuLevel::Avx512, cpu::CpuLevel::Amx}) {
        if (level > cpu::bestCpuLevel()) continue;
        SCOPED_TRACE(std::string("cpu at level ") + cpu::cpuLevelName(level));
        const auto one = cpuBackend(level, 1);
        ASSERT_OK_AND_TAKE(result, runOn(*one, row));
        expectNear(result, expected);
        for (const int threads : {2, 3}) {
            SCOPED_TRACE(std::to_string(threads) + " threads");
            const auto many = cpuBackend(level, threads);
            ASSERT_OK_AND_TAKE(parallel, runOn(*many, row));
            expectSameBits(parallel, result);
        }
        SCOPED_TRACE("unreadable");
        const auto unreadable = makeUnreadableBackend(cpuBackend(level, 2));
        ASSERT_OK_AND_TAKE(hidden, runOn(*unreadable, row));
        expectSameBits(hidden, result);
    }
}

/// What a row gives with values of 16 bits, beside the reference with the same numbers.
TEST_P(OpTable, MatchesTheReferenceInSixteenBits) {
    const OpCase& row = GetParam();
    const char* device = std::getenv("DISTILLIX_TEST_DEVICE");
    if (!device) return;  // the processor keeps values in float32
    auto backend = openBackend(device);
    ASSERT_TRUE(backend.ok()) << backend.error().text();
    if ((*backend)->info().mixed.activation == DType::F32) return;
    const auto reference = makeReferenceBackend();
    for (const DType type : {DType::BF16, DType::F16}) {
        if (type == DType::BF16 && (*backend)->info().mixed.activation != DType::BF16) continue;
        SCOPED_TRACE(std::string(dtypeName(type)));
        OpRun exact(*reference, row.workload, row.precision, DType::F32, type);
        const Result<void> ran = row.run(exact);
        ASSERT_TRUE(ran.ok()) << ran.error().text();
        if (!exact.usesValues()) return;
        if (!exact.fits()) continue;
        ASSERT_TRUE(exact.finish().ok());
        const double most = type == DType::F16 ? 65504 : INFINITY;
        bool holds = true;
        for (const OpRun::Output& output : exact.outputs()) {
            for (std::size_t i = 0; i < output.count() && output.type == DType::F32; ++i)
                holds = holds && !(std::fabs(output.at(i)) > most);
        }
        if (!holds) continue;
        OpRun rounded(**backend, row.workload, {type, type}, type, DType::F32);
        const Result<void> run = row.run(rounded);
        ASSERT_TRUE(run.ok()) << run.error().text();
        const Result<void> finished = rounded.finish();
        ASSERT_TRUE(finished.ok()) << finished.error().text();
        expectNear(rounded.outputs(), exact.outputs(), type == DType::BF16 ? kEpsBf16 : kEpsF16);
    }
}

std::vector<OpCase> allCases() {
    std::vector<OpCase> all;
    for (const auto list : {normCases, elementwiseCases, attentionCases, linearCases, headCases, optimizerCases}) {
        for (OpCase& row : list()) all.push_back(std::move(row));
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(All, OpTable, testing::ValuesIn(allCases()),
                         [](const testing::TestParamInfo<OpCase>& row) { return row.param.name; });

}  // namespace

void PrintTo(const OpCase& row, std::ostream* stream) {
    *stream << row.name;
}

}  // namespace distillix::optable
