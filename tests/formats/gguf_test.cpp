// SPDX-License-Identifier: Apache-2.0
// What is written is read back; then one test a defect: a file that breaks one rule of gguf.md, and the reason in the
// error.
#include "core/formats/gguf.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

using testing::HasSubstr;

/// A file put together byte by byte.
struct Bytes {
    std::string out;
    template <typename T>
    Bytes& put(T value) {
        out.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }
    Bytes& text(const std::string& value) {
        put<std::uint64_t>(value.size());
        out += value;
        return *this;
    }
    Bytes& start(std::uint64_t tensors, std::uint64_t keys, std::uint32_t version = 3) {
        out += "GGUF";
        return put(version).put(tensors).put(keys);
    }
    Bytes& keyU32(const std::string& name, std::uint32_t value) { return text(name).put<std::uint32_t>(4).put(value); }
    Bytes& tensor(const std::string& name, const std::vector<std::uint64_t>& extents, std::uint32_t type,
                  std::uint64_t offset) {
        text(name).put<std::uint32_t>(static_cast<std::uint32_t>(extents.size()));
        for (const auto extent : extents) put(extent);
        return put(type).put(offset);
    }
    /// Pads to where the data begin and adds so many of them.
    Bytes& data(std::size_t bytes, std::size_t alignment = 32) {
        while (out.size() % alignment) out += '\0';
        out.append(bytes, '\1');
        return *this;
    }
};

class Gguf : public testing::Test {
  protected:
    Result<GgufFile> openBytes(const std::string& bytes) {
        std::ofstream(m_path, std::ios::binary) << bytes;
        return GgufFile::open(m_path);
    }
    void expectRefused(const Bytes& bytes, const std::string& reason, ErrorCode code = ErrorCode::InvalidData) {
        const auto file = openBytes(bytes.out);
        ASSERT_FALSE(file.ok());
        EXPECT_THAT(file.error().text(), HasSubstr(reason));
        EXPECT_THAT(file.error().text(), HasSubstr(m_path.string()));
        EXPECT_EQ(errorCodeName(file.error().code), std::string(errorCodeName(code)));
    }

    test::TemporaryFolder m_folder;
    std::filesystem::path m_path = m_folder / "model.gguf";
};

std::vector<float> ramp(std::size_t count) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = std::sin(static_cast<float>(i) * 0.7f) * 0.3f;
    return values;
}

TEST_F(Gguf, WhatIsWrittenIsReadBack) {
    GgufValue wide;
    wide.type = GgufValueType::U64;
    wide.integer = std::int64_t{1} << 40;
    GgufValue precise;
    precise.type = GgufValueType::F64;
    precise.real = 0.1;
    const std::vector<std::pair<std::string, GgufValue>> metadata{
        {"general.architecture", GgufValue::string("qwen3")},
        {"a.u32", GgufValue::u32(4000000000u)},
        {"a.f32", GgufValue::f32(1e-6f)},
        {"a.bool", GgufValue::boolean(true)},
        {"a.wide", wide},
        {"a.precise", precise},
        {"tokens", GgufValue::strings({"<unk>", "\xe2\x96\x81", std::string("\0x", 2), ""})},
        {"scores", GgufValue::f32s({0.0f, -1.5f})},
        {"types", GgufValue::i32s({2, -3})}};
    const std::vector<float> a = ramp(6), b = ramp(512);
    const std::vector<GgufTensor> tensors{{"a", GgmlType::F32, {2, 3}, a}, {"b", GgmlType::F16, {2, 256}, b}};
    ASSERT_OK(writeGguf(m_path, metadata, tensors));
    EXPECT_EQ(ggufFileBytes(metadata, tensors).value(), std::filesystem::file_size(m_path));
    const auto file = GgufFile::open(m_path);
    ASSERT_OK(file);
    EXPECT_EQ(file->metadata().size(), metadata.size());
    EXPECT_EQ(file->text("general.architecture").value(), "qwen3");
    EXPECT_EQ(file->integer("a.u32").value(), 4000000000);
    EXPECT_EQ(file->number("a.u32").value(), 4e9);
    EXPECT_FLOAT_EQ(static_cast<float>(file->number("a.f32").value()), 1e-6f);
    EXPECT_EQ(file->number("a.precise").value(), 0.1);
    EXPECT_TRUE(file->boolean("a.bool").value());
    EXPECT_EQ(file->integer("a.wide").value(), std::int64_t{1} << 40);
    EXPECT_EQ(file->value("tokens")->texts, metadata[6].second.texts);
    EXPECT_EQ(file->value("scores")->reals, metadata[7].second.reals);
    EXPECT_EQ(file->value("types")->integers, metadata[8].second.integers);
    ASSERT_EQ(file->entries().size(), 2u);
    EXPECT_EQ(file->find("a")->shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(file->find("b")->offset, 32u);  // behind 24 bytes, aligned
    EXPECT_EQ(file->floats("a", {2, 3}).value(), a);
    const auto halves = file->floats("b").value();
    for (std::size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(halves[i], b[i], 0.3f * 0x1p-11f);

    EXPECT_ERROR(file->floats("c"), ErrorCode::NotFound);
    EXPECT_ERROR(file->floats("a", {3, 2}), ErrorCode::InvalidData);
    EXPECT_ERROR(file->text("no.such.key"), ErrorCode::NotFound);
    EXPECT_ERROR(file->text("a.u32"), ErrorCode::InvalidData);
    EXPECT_ERROR(file->integer("a.f32"), ErrorCode::InvalidData);
    EXPECT_ERROR(file->boolean("a.u32"), ErrorCode::InvalidData);
}

TEST_F(Gguf, ExtentsStandInnermostFirst) {
    const std::vector<float> a = ramp(6);
    ASSERT_OK(writeGguf(m_path, {}, std::vector<GgufTensor>{{"a", GgmlType::F32, {2, 3}, a}}));
    std::ifstream in(m_path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    Bytes expected;
    expected.start(1, 0).tensor("a", {3, 2}, 0, 0);
    EXPECT_EQ(bytes.substr(0, expected.out.size()), expected.out);
}

TEST_F(Gguf, Version2AndOtherAlignmentsAreRead) {
    Bytes bytes;
    bytes.start(2, 1, 2).keyU32("general.alignment", 64).tensor("a", {4}, 0, 0).tensor("b", {1, 1, 1, 1}, 0, 64);
    const auto file = openBytes(bytes.data(68, 64).out);
    ASSERT_OK(file);
    EXPECT_EQ(file->find("b")->shape, (std::vector<std::int64_t>{1, 1, 1, 1}));
    EXPECT_EQ(file->bytes(*file->find("b")).size(), 4u);
}
TEST_F(Gguf, TensorsInAnyOrderAreSortedByTheirData) {
    const auto file = openBytes(Bytes().start(2, 0).tensor("late", {1}, 0, 32).tensor("early", {1}, 0, 0).data(36).out);
    ASSERT_OK(file);
    EXPECT_EQ(file->entries()[0].name, "early");
}
TEST_F(Gguf, NothingInItIsFine) {
    EXPECT_OK(openBytes(Bytes().start(0, 0).out));
}

TEST_F(Gguf, FileThatIsNotThere) {
    EXPECT_ERROR(GgufFile::open(m_path), ErrorCode::NotFound);
}
TEST_F(Gguf, EmptyFile) {
    expectRefused({}, "no GGUF file");
}
TEST_F(Gguf, OtherMagic) {
    expectRefused({"GGML" + Bytes().start(0, 0).out.substr(4)}, "no GGUF file");
}
TEST_F(Gguf, EveryCutIsNoticed) {
    const std::vector<float> a = ramp(64);
    ASSERT_OK(writeGguf(
        m_path, {{"k", GgufValue::u32(1)}, {"t", GgufValue::strings({"x", "yz"})}, {"s", GgufValue::string("q")}},
        std::vector<GgufTensor>{{"a", GgmlType::Q8_0, {2, 32}, a}}));
    std::ifstream in(m_path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    const std::size_t dataEnd = bytes.size() - 28;  // 68 bytes of data, padded to 96
    ASSERT_OK(openBytes(bytes.substr(0, dataEnd)));
    for (std::size_t size = 0; size < dataEnd; ++size) ASSERT_FALSE(openBytes(bytes.substr(0, size)).ok()) << size;
}
TEST_F(Gguf, BigEndian) {
    expectRefused(Bytes().start(0, 0, 0x03000000), "big-endian", ErrorCode::Unsupported);
}
TEST_F(Gguf, Version1) {
    expectRefused(Bytes().start(0, 0, 1), "version 1", ErrorCode::Unsupported);
}
TEST_F(Gguf, Version4) {
    expectRefused(Bytes().start(0, 0, 4), "version 4", ErrorCode::Unsupported);
}
TEST_F(Gguf, MoreKeysThanBytes) {
    expectRefused(Bytes().start(0, ~std::uint64_t{0}), "more than its bytes can hold");
}
TEST_F(Gguf, MoreTensorsThanBytes) {
    expectRefused(Bytes().start(~std::uint64_t{0}, 0), "more than its bytes can hold");
}
TEST_F(Gguf, MoreTensorsThanAnyModel) {
    expectRefused(Bytes().start(200000, 0).data(200000 * 33), "at most 131072");
}
TEST_F(Gguf, KeyLongerThanTheFile) {
    expectRefused(Bytes().start(0, 1).put(~std::uint64_t{0}).data(32), "does not fit");
}
TEST_F(Gguf, KeyOfNoName) {
    expectRefused(Bytes().start(0, 1).keyU32("", 1), "is empty");
}
TEST_F(Gguf, KeyOver65535Bytes) {
    expectRefused(Bytes().start(0, 1).keyU32(std::string(65536, 'k'), 1), "too long");
}
TEST_F(Gguf, ControlCharacterInAKey) {
    expectRefused(Bytes().start(0, 1).keyU32("a\nb", 1), "control character");
}
TEST_F(Gguf, KeyTwice) {
    expectRefused(Bytes().start(0, 2).keyU32("k", 1).keyU32("k", 2), "\"k\" stands in it twice");
}
TEST_F(Gguf, UnknownTypeOfValue) {
    expectRefused(Bytes().start(0, 1).text("k").put<std::uint32_t>(13).put<std::uint32_t>(0),
                  "key \"k\": the value's type 13");
}
TEST_F(Gguf, TruthThatIsNeither0Nor1) {
    expectRefused(Bytes().start(0, 1).text("k").put<std::uint32_t>(7).put<std::uint8_t>(2).data(0), "truth value is 2");
}
TEST_F(Gguf, NumberPast63Bits) {
    expectRefused(Bytes().start(0, 1).text("k").put<std::uint32_t>(10).put(~std::uint64_t{0}), "is too large");
}
TEST_F(Gguf, TextLongerThanTheFile) {
    expectRefused(Bytes().start(0, 1).text("k").put<std::uint32_t>(8).put<std::uint64_t>(1u << 30), "does not fit");
}
TEST_F(Gguf, ArrayLongerThanTheFile) {
    for (const std::uint32_t element : {0u, 5u, 8u, 12u})
        expectRefused(Bytes().start(0, 1).text("k").put<std::uint32_t>(9).put(element).put(~std::uint64_t{0} / 8),
                      "does not fit");
}
TEST_F(Gguf, ArrayOfArrays) {
    expectRefused(
        Bytes().start(0, 1).text("k").put<std::uint32_t>(9).put<std::uint32_t>(9).put<std::uint64_t>(1).data(64),
        "array of arrays");
}
TEST_F(Gguf, ArrayOfAnUnknownType) {
    expectRefused(
        Bytes().start(0, 1).text("k").put<std::uint32_t>(9).put<std::uint32_t>(77).put<std::uint64_t>(0).data(0),
        "elements' type 77");
}
TEST_F(Gguf, ArrayOverTheLimit) {
    expectRefused(
        Bytes().start(0, 1).text("k").put<std::uint32_t>(9).put<std::uint32_t>(0).put<std::uint64_t>(20000000).data(
            20000000),
        "over the limit");
}
TEST_F(Gguf, AlignmentThatIsNoPowerOfTwo) {
    for (const std::uint32_t alignment : {0u, 1u, 4u, 48u, 1u << 21, ~0u})
        expectRefused(Bytes().start(0, 1).keyU32("general.alignment", alignment), "power of two");
}
TEST_F(Gguf, TensorOfNoName) {
    expectRefused(Bytes().start(1, 0).tensor("", {1}, 0, 0).data(4), "tensor 0 is empty");
}
TEST_F(Gguf, TensorOver63Letters) {
    expectRefused(Bytes().start(1, 0).tensor(std::string(64, 'n'), {1}, 0, 0).data(4), "longer than 63");
}
TEST_F(Gguf, TensorTwice) {
    expectRefused(Bytes().start(2, 0).tensor("a", {8}, 0, 0).tensor("a", {8}, 0, 32).data(64), "tensor \"a\": stands");
}
TEST_F(Gguf, NoDimensions) {
    expectRefused(Bytes().start(1, 0).tensor("a", {}, 0, 0).data(40), "0 dimensions");
}
TEST_F(Gguf, FiveDimensions) {
    expectRefused(Bytes().start(1, 0).tensor("a", {1, 1, 1, 1, 1}, 0, 0).data(4), "5 dimensions");
}
TEST_F(Gguf, BillionsOfDimensions) {
    expectRefused(Bytes().start(1, 0).text("a").put(~0u).data(64), "4294967295 dimensions");
}
TEST_F(Gguf, ExtentOfZero) {
    expectRefused(Bytes().start(1, 0).tensor("a", {4, 0}, 0, 0).data(4), "extent of 0");
}
TEST_F(Gguf, ExtentPast63Bits) {
    expectRefused(Bytes().start(1, 0).tensor("a", {~std::uint64_t{0}}, 0, 0).data(4),
                  "an extent of 18446744073709551615");
}
TEST_F(Gguf, ShapeWhoseProductOverflows) {
    expectRefused(Bytes().start(1, 0).tensor("a", {1ull << 32, 1ull << 32, 16}, 0, 0).data(4), "too large");
    expectRefused(Bytes().start(1, 0).tensor("a", {1ull << 62}, 0, 0).data(4), "too large");
}
TEST_F(Gguf, RowThatIsNoWholeBlock) {
    expectRefused(Bytes().start(1, 0).tensor("a", {128, 2}, 35, 0).data(66), "no multiple of the 256");
}
TEST_F(Gguf, TypeThatIsNotRead) {
    expectRefused(Bytes().start(1, 0).tensor("a", {256}, 12, 0).data(144), "Q4_K", ErrorCode::Unsupported);
    expectRefused(Bytes().start(1, 0).tensor("a", {256}, 99, 0).data(144), "type 99", ErrorCode::Unsupported);
}
TEST_F(Gguf, DataThatAreNotAligned) {
    expectRefused(Bytes().start(1, 0).tensor("a", {1}, 0, 4).data(64), "no multiple of 32");
}
TEST_F(Gguf, DataBeyondTheFile) {
    expectRefused(Bytes().start(1, 0).tensor("a", {64}, 0, 0).data(255), "cut short");
    expectRefused(Bytes().start(1, 0).tensor("a", {64}, 0, 1ull << 40).data(256), "cut short");
    expectRefused(Bytes().start(1, 0).tensor("a", {64}, 0, ~std::uint64_t{31}).data(256), "cut short");
}
TEST_F(Gguf, NoDataAtAll) {
    expectRefused(Bytes().start(1, 0).tensor("a", {1}, 0, 0), "ends before its data");
}
TEST_F(Gguf, DataThatOverlap) {
    expectRefused(Bytes().start(2, 0).tensor("a", {16}, 0, 0).tensor("b", {16}, 0, 32).data(96), "overlap");
}
TEST_F(Gguf, DataWithAHole) {
    expectRefused(Bytes().start(2, 0).tensor("a", {1}, 0, 0).tensor("b", {1}, 0, 64).data(68), "60 bytes before");
}
TEST_F(Gguf, BytesBehindTheLastTensor) {
    expectRefused(Bytes().start(1, 0).tensor("a", {1}, 0, 0).data(36), "at the end");
}

TEST_F(Gguf, WhatCannotBeWrittenIsRefusedAndLeavesNoFile) {
    const std::vector<float> four = ramp(4);
    const auto tensor = [&](std::string name, GgmlType type, std::vector<std::int64_t> shape) {
        return std::vector<GgufTensor>{{std::move(name), type, std::move(shape), four}};
    };
    EXPECT_ERROR(writeGguf(m_path, {}, tensor("", GgmlType::F32, {4})), ErrorCode::InvalidArgument);
    EXPECT_ERROR(writeGguf(m_path, {}, tensor(std::string(64, 'x'), GgmlType::F32, {4})), ErrorCode::InvalidArgument);
    EXPECT_ERROR(writeGguf(m_path, {}, tensor("a", GgmlType::TQ2_0, {4})), ErrorCode::InvalidArgument);
    EXPECT_ERROR(writeGguf(m_path, {}, tensor("a", GgmlType::F32, {5})), ErrorCode::InvalidArgument);
    EXPECT_ERROR(writeGguf(m_path, {}, tensor("a", GgmlType::F32, {})), ErrorCode::InvalidArgument);
    EXPECT_ERROR(writeGguf(m_path, {}, tensor("a", GgmlType::F32, {1, 1, 1, 1, 4})), ErrorCode::InvalidArgument);
    EXPECT_ERROR(writeGguf(m_path, {{"k", GgufValue::u32(1)}, {"k", GgufValue::u32(1)}}, {}),
                 ErrorCode::InvalidArgument);
    EXPECT_ERROR(writeGguf(m_path, {{"general.alignment", GgufValue::u32(64)}}, {}), ErrorCode::InvalidArgument);
    EXPECT_FALSE(std::filesystem::exists(m_path));
}

// ---- the types ------------------------------------------------------------------------------------------------------

std::vector<float> throughType(GgmlType type, const std::vector<float>& values, std::string* bytes = nullptr) {
    std::vector<std::byte> blocks(ggmlBytes(type, 1, values.size()));
    ggmlEncode(type, values, blocks.data());
    if (bytes) bytes->assign(reinterpret_cast<const char*>(blocks.data()), blocks.size());
    std::vector<float> back(values.size());
    ggmlDecode(type, blocks.data(), back);
    return back;
}

TEST(GgmlTypes, TernaryPatternsComeBackExactly) {
    std::vector<float> values(1024);
    std::uint32_t state = 1;
    for (auto& v : values)
        v = static_cast<float>(static_cast<int>((state = state * 1664525u + 1013904223u) >> 16) % 3 - 1) * 0.25f;
    std::fill(values.begin() + 256, values.begin() + 512, 0.0f);  // a block without a scale
    for (const auto type :
         {GgmlType::TQ1_0, GgmlType::TQ2_0, GgmlType::Q8_0, GgmlType::F16, GgmlType::BF16, GgmlType::F32}) {
        const auto back = throughType(type, values);
        for (std::size_t i = 0; i < values.size(); ++i)
            ASSERT_NEAR(back[i], values[i], 0.25f * 0x1p-10f) << ggmlTypeFacts(type).name << " " << i;
    }
    EXPECT_EQ(throughType(GgmlType::TQ2_0, values), values);  // 0.25 is a half
    EXPECT_EQ(throughType(GgmlType::TQ1_0, values), values);
}

TEST(GgmlTypes, TheScaleIsKeptToHalfPrecision) {
    for (const float gamma : {0.01803f, 1.2345e-3f, 7.7f}) {
        std::vector<float> values(256, gamma);
        for (std::size_t i = 0; i < 256; i += 3) values[i] = -gamma;
        for (const auto type : {GgmlType::TQ1_0, GgmlType::TQ2_0}) {
            const auto back = throughType(type, values);
            for (std::size_t i = 0; i < 256; ++i) ASSERT_NEAR(back[i] / values[i], 1.0f, 0x1p-11f);
        }
    }
}

TEST(GgmlTypes, BitsStandWhereTheFormatHasThem) {
    std::vector<float> values(256, 0.0f);
    values[0] = -1;            // code 0
    values[32] = 1;            // code 2 in bits 2, 3 of byte 0
    values[128 + 96 + 5] = 1;  // bits 6, 7 of byte 32 + 5
    std::string bytes;
    throughType(GgmlType::TQ2_0, values, &bytes);
    ASSERT_EQ(bytes.size(), 66u);
    EXPECT_EQ(static_cast<std::uint8_t>(bytes[0]), 0b01011000);
    EXPECT_EQ(static_cast<std::uint8_t>(bytes[37]), 0b10010101);
    EXPECT_EQ(bytes.substr(64), std::string("\x00\x3c", 2));  // 1.0 in half
    throughType(GgmlType::TQ1_0, values, &bytes);
    ASSERT_EQ(bytes.size(), 54u);
    const int number = 0 * 81 + 2 * 27 + 1 * 9 + 1 * 3 + 1;
    EXPECT_EQ(static_cast<std::uint8_t>(bytes[0]), (number * 256 + 242) / 243);
    EXPECT_EQ(static_cast<std::uint8_t>(bytes[48]), (120 * 256 + 242) / 243);  // 1, 1, 1, 1 and a 0
}

TEST(GgmlTypes, Q8_0IsWithinHalfAStep) {
    const auto values = ramp(320);
    const auto back = throughType(GgmlType::Q8_0, values);
    for (std::size_t i = 0; i < values.size(); ++i)
        ASSERT_NEAR(back[i], values[i], 0.3f / 127 * 0.5f + 0.3f * 0x1p-11f);  // the scale is a half
}

TEST(GgmlTypes, Q6_KIsCloseAndEverySizeOfNumberSurvives) {
    auto values = ramp(512);
    for (std::size_t i = 256; i < 512; ++i) values[i] *= 0.1f;
    for (std::size_t i = 16; i < 32; ++i) values[i] = 0;
    const auto back = throughType(GgmlType::Q6_K, values);
    double error = 0, power = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double scale = i < 256 ? 1 : 10;
        error += std::pow((back[i] - values[i]) * scale, 2);
        power += std::pow(values[i] * scale, 2);
    }
    // 64 levels over ±max of 16 weights: a uniform error of a step max/32 has a variance of step²/12.
    EXPECT_LT(std::sqrt(error / power), 0.015);
    for (std::size_t i = 16; i < 32; ++i) EXPECT_EQ(back[i], 0.0f);
}

TEST(GgmlTypes, HalvesRoundToNearestEven) {
    const auto half = [](float v) {
        std::string bytes;
        throughType(GgmlType::F16, {v}, &bytes);
        return static_cast<int>(static_cast<std::uint8_t>(bytes[0]) | static_cast<std::uint8_t>(bytes[1]) << 8);
    };
    EXPECT_EQ(half(1.0f), 0x3c00);
    EXPECT_EQ(half(1.0f + 0x1p-11f), 0x3c00);  // a tie goes to even
    EXPECT_EQ(half(1.0f + 3 * 0x1p-11f), 0x3c02);
    EXPECT_EQ(half(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);
    EXPECT_EQ(half(-2.0f), 0xc000);
    EXPECT_EQ(half(65504.0f), 0x7bff);
    EXPECT_EQ(half(65519.996f), 0x7bff);
    EXPECT_EQ(half(65520.0f), 0x7c00);
    EXPECT_EQ(half(INFINITY), 0x7c00);
    EXPECT_EQ(half(NAN) & 0x7e00, 0x7e00);
    EXPECT_EQ(half(0x1p-14f), 0x0400);
    EXPECT_EQ(half(0x1p-24f), 0x0001);
    EXPECT_EQ(half(0x1p-25f), 0x0000);  // a tie goes to even
    EXPECT_EQ(half(0x1.8p-24f), 0x0002);
    EXPECT_EQ(half(0x1.ff8p-15f), 0x03ff);
    EXPECT_EQ(half(0x1.ffcp-15f), 0x0400);
    EXPECT_EQ(half(-0.0f), 0x8000);
}

TEST(GgmlTypes, NamesAreFoundInAnyCase) {
    EXPECT_EQ(ggmlTypeFromName("tq2_0").value(), GgmlType::TQ2_0);
    EXPECT_EQ(ggmlTypeFromName("Q6_k").value(), GgmlType::Q6_K);
    const auto unknown = ggmlTypeFromName("q4_0");
    ASSERT_FALSE(unknown.ok());
    EXPECT_THAT(unknown.error().text(), HasSubstr("TQ1_0"));
}

}  // namespace
}  // namespace distillix
