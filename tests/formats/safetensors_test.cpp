// SPDX-License-Identifier: Apache-2.0
// One test a defect: each writes a file that breaks one rule of safetensors.md and looks for the reason in the error.
#include "core/formats/safetensors.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace distillix {
namespace {

using testing::HasSubstr;

class Safetensors : public testing::Test {
  protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        m_path = std::filesystem::temp_directory_path() /
                 ("distillix-" + std::to_string(::getpid()) + "-" + info->name() + ".safetensors");
    }
    void TearDown() override { std::filesystem::remove(m_path); }

    void writeRaw(const std::string& bytes) { std::ofstream(m_path, std::ios::binary) << bytes; }

    static std::string assemble(const std::string& header, const std::string& data) {
        std::string bytes(8, '\0');
        for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>((std::uint64_t{header.size()} >> (8 * i)) & 0xff);
        return bytes + header + data;
    }

    Result<SafetensorsFile> openText(const std::string& header, std::size_t dataBytes) {
        writeRaw(assemble(header, std::string(dataBytes, '\x01')));
        return SafetensorsFile::open(m_path);
    }

    void expectRefused(const std::string& header, std::size_t dataBytes, const std::string& reason,
                       ErrorCode code = ErrorCode::InvalidData) {
        const auto file = openText(header, dataBytes);
        ASSERT_FALSE(file.ok()) << header;
        EXPECT_THAT(file.error().text(), HasSubstr(reason));
        EXPECT_THAT(file.error().text(), HasSubstr(m_path.string()));
        EXPECT_EQ(errorCodeName(file.error().code), std::string(errorCodeName(code)));
    }

    std::filesystem::path m_path;
};

template <typename T>
std::span<const std::byte> bytesOf(const std::vector<T>& values) {
    return std::as_bytes(std::span(values));
}

TEST_F(Safetensors, WhatIsWrittenIsReadBack) {
    const std::vector<float> floats{1.5f, -2.0f, 0.0f, 1e-30f, INFINITY, -0.0f};
    const std::vector<std::int8_t> odd{-1, 0, 1};
    const std::vector<std::int64_t> longs{-5, 2147483647};
    const std::vector<SafetensorsTensor> tensors{{"b", DType::F32, {2, 3}, bytesOf(floats)},
                                                 {"a.odd", DType::I8, {3}, bytesOf(odd)},
                                                 {"wide", DType::I64, {2}, bytesOf(longs)},
                                                 {"scalar", DType::F32, {}, bytesOf(floats).first(4)},
                                                 {"none", DType::F32, {0, 7}, {}}};
    ASSERT_TRUE(writeSafetensors(m_path, tensors, {{"case", "täst \"q\""}}).ok());
    auto file = SafetensorsFile::open(m_path);
    ASSERT_TRUE(file.ok()) << file.error().text();
    ASSERT_EQ(file->entries().size(), 5u);
    EXPECT_EQ(file->metadata().at("case"), "täst \"q\"");
    EXPECT_EQ(file->find("nothing"), nullptr);
    const auto read = file->floats("b", {2, 3});
    ASSERT_TRUE(read.ok()) << read.error().text();
    EXPECT_EQ(std::memcmp(read.value().data(), floats.data(), sizeof(float) * floats.size()), 0);
    EXPECT_EQ(file->bytes(*file->find("a.odd")).size(), 3u);
    // "wide" lies unaligned behind the three bytes.
    EXPECT_EQ(file->ints("wide").value(), (std::vector<std::int32_t>{-5, 2147483647}));
    EXPECT_EQ(file->floats("scalar").value(), std::vector<float>{1.5f});
    EXPECT_EQ(file->floats("none", {0, 7}).value().size(), 0u);
}

TEST_F(Safetensors, DataBeginAtAMultipleOf64) {
    const std::vector<float> one{1.0f};
    for (std::size_t length = 1; length < 70; ++length) {
        const std::vector<SafetensorsTensor> tensors{{std::string(length, 'n'), DType::F32, {1}, bytesOf(one)}};
        ASSERT_TRUE(writeSafetensors(m_path, tensors).ok());
        ASSERT_EQ((std::filesystem::file_size(m_path) - 4) % 64, 0u);
        ASSERT_TRUE(SafetensorsFile::open(m_path).ok());
    }
}

TEST_F(Safetensors, HalvesAndBrainFloatsBecomeFloats) {
    const std::vector<std::uint16_t> halves{0x3c00, 0xc000, 0x0001, 0x8000, 0x7c00, 0x7bff, 0x0400, 0x7e00};
    const std::vector<std::uint16_t> brains{0x3f80, 0xc000, 0x7f80};
    const std::vector<SafetensorsTensor> tensors{{"h", DType::F16, {8}, bytesOf(halves)},
                                                 {"b", DType::BF16, {3}, bytesOf(brains)}};
    ASSERT_TRUE(writeSafetensors(m_path, tensors).ok());
    auto file = SafetensorsFile::open(m_path);
    ASSERT_TRUE(file.ok());
    const auto h = file->floats("h").value();
    EXPECT_EQ(h[0], 1.0f);
    EXPECT_EQ(h[1], -2.0f);
    EXPECT_EQ(h[2], 0x1p-24f);
    EXPECT_TRUE(h[3] == 0.0f && std::signbit(h[3]));
    EXPECT_EQ(h[4], INFINITY);
    EXPECT_EQ(h[5], 65504.0f);
    EXPECT_EQ(h[6], 0x1p-14f);
    EXPECT_TRUE(std::isnan(h[7]));
    EXPECT_EQ(file->floats("b").value(), (std::vector<float>{1.0f, -2.0f, INFINITY}));
}

TEST_F(Safetensors, PaddingWithSpacesIsFine) {
    EXPECT_TRUE(openText(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}       )", 4).ok());
}
TEST_F(Safetensors, NoTensorsIsFine) {
    EXPECT_TRUE(openText("{}", 0).ok());
}
TEST_F(Safetensors, TensorsInAnyOrderAreSortedByTheirData) {
    const auto file = openText(
        R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
        3);
    ASSERT_TRUE(file.ok()) << file.error().text();
    EXPECT_EQ(file.value().entries()[0].name, "a");
}

TEST_F(Safetensors, FileThatIsNotThere) {
    const auto file = SafetensorsFile::open(m_path);
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().code, ErrorCode::NotFound);
}
TEST_F(Safetensors, EmptyFile) {
    writeRaw("");
    EXPECT_THAT(SafetensorsFile::open(m_path).error().text(), HasSubstr("fewer than the 8"));
}
TEST_F(Safetensors, ShorterThanItsLength) {
    writeRaw("abc");
    EXPECT_THAT(SafetensorsFile::open(m_path).error().text(), HasSubstr("fewer than the 8"));
}
TEST_F(Safetensors, HeaderLengthBeyondTheFile) {
    auto bytes = assemble("{}", "");
    bytes[0] = 3;
    writeRaw(bytes);
    EXPECT_THAT(SafetensorsFile::open(m_path).error().text(), HasSubstr("cut short"));
}
TEST_F(Safetensors, HeaderLengthNearTheTopOf64Bits) {
    writeRaw(std::string(8, '\xff') + "{}");
    EXPECT_THAT(SafetensorsFile::open(m_path).error().text(), HasSubstr("18446744073709551615"));
}
TEST_F(Safetensors, HeaderOfNoBytes) {
    expectRefused("", 4, "does not begin with '{'");
}
TEST_F(Safetensors, HeaderThatIsAnArray) {
    expectRefused("[]", 0, "does not begin with '{'");
}
TEST_F(Safetensors, HeaderThatIsNoJson) {
    expectRefused(R"({"a":})", 0, "no valid JSON at byte 14");
}
TEST_F(Safetensors, HeaderThatEndsEarly) {
    expectRefused(R"({"a":{"dtype":"U8",)", 0, "no valid JSON");
}
TEST_F(Safetensors, HeaderThatIsNoUtf8) {
    expectRefused("{\"a\xff\":{}}", 0, "no valid JSON");
}
TEST_F(Safetensors, GarbageAfterTheHeader) {
    expectRefused("{} x", 0, "no valid JSON");
}
TEST_F(Safetensors, NulAfterTheHeaderHidesNothing) {
    expectRefused(std::string("{}\0garbage", 10), 0, "no valid JSON at byte 10");
}
TEST_F(Safetensors, NameTwice) {
    const std::string tensor = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
    expectRefused("{" + tensor + "," + tensor + "}", 1, "tensor \"a\": stands in the header twice");
}
TEST_F(Safetensors, MetadataTwice) {
    expectRefused(R"({"__metadata__":{},"__metadata__":{}})", 0, "stands in the header twice");
}
TEST_F(Safetensors, KeyTwiceInATensor) {
    expectRefused(R"({"a":{"dtype":"U8","dtype":"F32","shape":[1],"data_offsets":[0,1]}})", 1,
                  "has the key \"dtype\" twice");
}
TEST_F(Safetensors, UnknownKeyInATensor) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[1],"offset":1,"data_offsets":[0,1]}})", 1, "unknown key \"offset\"");
}
TEST_F(Safetensors, EmptyName) {
    expectRefused(R"({"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1, "empty name");
}
TEST_F(Safetensors, ControlCharacterInAName) {
    expectRefused(R"({"a\u0000b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1, "control character");
}
TEST_F(Safetensors, NoDtype) {
    expectRefused(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 1, "has no \"dtype\"");
}
TEST_F(Safetensors, NoShape) {
    expectRefused(R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1, "has no \"shape\"");
}
TEST_F(Safetensors, NoOffsets) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[1]}})", 1, "has no \"data_offsets\"");
}
TEST_F(Safetensors, UnknownType) {
    expectRefused(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1,
                  "tensor \"a\": its type \"F8_E4M3\"", ErrorCode::Unsupported);
}
TEST_F(Safetensors, TypeThatIsANumber) {
    expectRefused(R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,1]}})", 1, "\"dtype\" cannot be a number");
}
TEST_F(Safetensors, TensorThatIsAnArray) {
    expectRefused(R"({"a":[]})", 0, "must be an object");
}
TEST_F(Safetensors, TensorThatIsNull) {
    expectRefused(R"({"a":null})", 0, "must be an object");
}
TEST_F(Safetensors, NegativeExtent) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1, "\"shape\" must hold whole");
}
TEST_F(Safetensors, FractionalExtent) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1, "\"shape\" must hold whole");
}
TEST_F(Safetensors, NestedShape) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1, "not an array");
}
TEST_F(Safetensors, ShapeThatIsAText) {
    expectRefused(R"({"a":{"dtype":"U8","shape":"1","data_offsets":[0,1]}})", 1, "\"shape\" cannot be a text");
}
TEST_F(Safetensors, ExtentBeyond63Bits) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}})", 1, "too large");
}
TEST_F(Safetensors, ExtentBeyond64Bits) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[99999999999999999999999],"data_offsets":[0,1]}})", 1,
                  "\"shape\" must hold whole");
}
TEST_F(Safetensors, ShapeWhoseProductOverflows) {
    // 2^32 · 2^32 elements wrap to 0, which an unchecked product would take for the tensor of no bytes it claims to be.
    expectRefused(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0, "is too large");
}
TEST_F(Safetensors, ShapeThatDoesNotFitItsData) {
    expectRefused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "needs 8 bytes, but 4 are given");
}
TEST_F(Safetensors, OffsetsBackwards) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}})", 2, "ends (1) before it begins (2)");
}
TEST_F(Safetensors, OffsetsBeyondTheFile) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", 8, "holds only 8");
}
TEST_F(Safetensors, OneOffset) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", 1, "must be two numbers");
}
TEST_F(Safetensors, ThreeOffsets) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 1, "must be two numbers");
}
TEST_F(Safetensors, NegativeOffset) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}})", 1, "not a negative number");
}
TEST_F(Safetensors, Overlap) {
    expectRefused(
        R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
        6, "tensor \"b\": its data overlaps");
}
TEST_F(Safetensors, Hole) {
    expectRefused(
        R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[6,8]}})",
        8, "2 bytes before its data belong to no tensor");
}
TEST_F(Safetensors, HoleAtTheBeginning) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})", 8, "4 bytes before");
}
TEST_F(Safetensors, BytesLeftOver) {
    expectRefused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 6, "2 bytes at the end");
}
TEST_F(Safetensors, MetadataThatIsANumber) {
    expectRefused(R"({"__metadata__":{"k":1}})", 0, "__metadata__: \"k\" must be a text");
}
TEST_F(Safetensors, MetadataThatIsNested) {
    expectRefused(R"({"__metadata__":{"k":{}}})", 0, "must be a text, not an object");
}
TEST_F(Safetensors, MetadataThatIsAText) {
    expectRefused(R"({"__metadata__":"k"})", 0, "must be an object");
}
TEST_F(Safetensors, NestingWithoutEnd) {
    expectRefused("{\"a\":" + std::string(1 << 20, '['), 0, "must be an object");
    expectRefused("{\"__metadata__\":" + std::string(1 << 20, '{'), 0, "no valid JSON");
}

TEST_F(Safetensors, AskingForTheWrongThing) {
    ASSERT_TRUE(
        openText(
            R"({"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"f":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
            12)
            .ok());
    auto file = SafetensorsFile::open(m_path);
    EXPECT_EQ(file->floats("x").error().code, ErrorCode::NotFound);
    EXPECT_THAT(file->floats("x").error().text(), HasSubstr("tensor \"x\""));
    EXPECT_THAT(file->floats("i").error().text(), HasSubstr("is of type I64"));
    EXPECT_THAT(file->ints("f").error().text(), HasSubstr("is of type F32"));
    EXPECT_THAT(file->ints("i").error().text(), HasSubstr("does not fit 32 bits"));
    EXPECT_THAT(file->floats("f", {2, 3}).error().text(), HasSubstr("has the shape [1], but [2, 3] is needed"));
}

TEST_F(Safetensors, WritingRefusesWhatItCouldNotRead) {
    const std::vector<float> two{1.0f, 2.0f};
    const auto write = [&](std::vector<SafetensorsTensor> tensors) { return writeSafetensors(m_path, tensors); };
    EXPECT_THAT(write({{"a", DType::F32, {3}, bytesOf(two)}}).error().text(), HasSubstr("does not make 8 bytes"));
    EXPECT_THAT(write({{"a", DType::F32, {-2}, bytesOf(two)}}).error().text(), HasSubstr("does not make 8 bytes"));
    EXPECT_THAT(write({{"a", DType::F32, {2}, bytesOf(two)}, {"a", DType::F32, {2}, bytesOf(two)}}).error().text(),
                HasSubstr("taken"));
    EXPECT_THAT(write({{"__metadata__", DType::F32, {2}, bytesOf(two)}}).error().text(), HasSubstr("taken"));
    EXPECT_THAT(write({{"", DType::F32, {2}, bytesOf(two)}}).error().text(), HasSubstr("empty name"));
    EXPECT_THAT(write({{"\xff", DType::F32, {2}, bytesOf(two)}}).error().text(), HasSubstr("cannot be written"));
    EXPECT_FALSE(std::filesystem::exists(m_path));
}

/// Every single-byte change and every cut of a good file is either refused or read within bounds.
TEST_F(Safetensors, DamagedAnywhereNeverCrashes) {
    const std::string header =
        R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"I32","shape":[1],"data_offsets":[16,20]}})";
    const std::string good = assemble(header, std::string(20, '\x02'));
    std::mt19937 random(7);
    int refused = 0, read = 0;
    const auto probe = [&](const std::string& bytes) {
        writeRaw(bytes);
        const auto file = SafetensorsFile::open(m_path);
        if (!file.ok()) {
            ++refused;
            return;
        }
        ++read;
        for (const auto& entry : file.value().entries()) {
            unsigned sum = 0;
            for (const std::byte b : file.value().bytes(entry)) sum += std::to_integer<unsigned>(b);
            EXPECT_LE(sum, 255u * 20);
        }
    };
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string changed = good;
        changed[i] = static_cast<char>(random());
        probe(changed);
        probe(good.substr(0, i));
    }
    EXPECT_GT(refused, 200);
    EXPECT_GT(read, 10);
}

}  // namespace
}  // namespace distillix
