// SPDX-License-Identifier: Apache-2.0
#include "core/train/tensorboard.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "tests/train/trainer_fixture.h"

namespace distillix {
namespace {

// A reader of its own: CRC-32C bit by bit, records and wire format by their definitions.
std::uint32_t slowCrc(std::string_view bytes) {
    std::uint32_t crc = ~0u;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

std::uint64_t little(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return value;
}

struct Value {
    int field = 0;
    std::uint64_t number = 0;
    std::string_view bytes;
};

std::vector<Value> fieldsOf(std::string_view message) {
    std::vector<Value> fields;
    std::size_t at = 0;
    const auto varint = [&] {
        std::uint64_t value = 0;
        for (int shift = 0; at < message.size(); shift += 7) {
            const auto byte = static_cast<unsigned char>(message[at++]);
            value |= std::uint64_t{byte & 0x7fu} << shift;
            if (!(byte & 0x80)) break;
        }
        return value;
    };
    while (at < message.size()) {
        const std::uint64_t key = varint();
        Value value;
        value.field = static_cast<int>(key >> 3);
        switch (key & 7) {
            case 0:
                value.number = varint();
                break;
            case 1:
                value.number = little(message.substr(at, 8));
                at += 8;
                break;
            case 2: {
                const std::size_t size = varint();
                value.bytes = message.substr(at, size);
                at += size;
                break;
            }
            case 5:
                value.number = little(message.substr(at, 4));
                at += 4;
                break;
            default:
                ADD_FAILURE() << "wire type " << (key & 7);
                return fields;
        }
        fields.push_back(value);
    }
    EXPECT_EQ(at, message.size());
    return fields;
}

struct Read {
    std::map<std::string, std::map<std::int64_t, float>> scalars;
    bool version = false;
    std::vector<std::int64_t> starts;
};

void readEvents(const std::string& file, Read& read) {
    const std::string bytes = readFile(file).value();
    std::size_t at = 0;
    const auto checked = [&](std::size_t size) {
        const std::string_view data = std::string_view(bytes).substr(at, size);
        const std::uint32_t crc = slowCrc(data);
        EXPECT_EQ(little(std::string_view(bytes).substr(at + size, 4)), ((crc >> 15) | (crc << 17)) + 0xa282ead8u);
        at += size + 4;
        return data;
    };
    while (at < bytes.size()) {
        const std::size_t length = little(checked(8));
        ASSERT_LE(at + length + 4, bytes.size());
        std::int64_t step = 0;
        for (const Value& value : fieldsOf(checked(length))) {
            if (value.field == 1) {
                EXPECT_GT(std::bit_cast<double>(value.number), 1.6e9);
            }
            if (value.field == 2) step = static_cast<std::int64_t>(value.number);
            if (value.field == 3) read.version = value.bytes == "brain.Event:2";
            if (value.field == 7) read.starts.push_back(step);
            if (value.field != 5) continue;
            for (const Value& item : fieldsOf(value.bytes)) {
                std::string tag;
                float number = NAN;
                for (const Value& part : fieldsOf(item.bytes)) {
                    if (part.field == 1) tag = part.bytes;
                    if (part.field == 2) number = std::bit_cast<float>(static_cast<std::uint32_t>(part.number));
                }
                read.scalars[tag][step] = number;
            }
        }
    }
}

TEST_F(Trainer, TensorBoardFilesHoldTheMetrics) {
    m_config.tensorboard = true;
    m_config.steps = 5;
    ASSERT_OK(train("run"));
    ASSERT_OK(resume("run", 9));
    Read read;
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(m_folder / "run/tensorboard")) files.push_back(entry.path());
    ASSERT_EQ(files.size(), 2u) << "one a session";
    std::sort(files.begin(), files.end());
    for (const auto& file : files) readEvents(file, read);
    EXPECT_TRUE(read.version);
    EXPECT_EQ(read.starts, (std::vector<std::int64_t>{1, 6}));
    const auto expected = losses("run");
    ASSERT_EQ(read.scalars["train/loss"].size(), 9u);
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(read.scalars["train/loss"][static_cast<std::int64_t>(i) + 1], static_cast<float>(expected[i]));
    EXPECT_FALSE(read.scalars["validation/loss"].empty());
    EXPECT_EQ(read.scalars["train/learning_rate"].size(), 9u);
}

TEST(TensorBoard, LeavesOutWhatIsNotFinite) {
    const test::TemporaryFolder folder;
    {
        auto writer = TensorBoardWriter::create(folder / "tb", 0);
        ASSERT_OK(writer);
        ASSERT_OK(writer->scalars(1, {{"a", NAN}, {"b", 2.5}}));
        ASSERT_OK(writer->scalars(300, {{"a", INFINITY}}));
    }
    Read read;
    readEvents(fs::directory_iterator(folder / "tb")->path(), read);
    EXPECT_EQ(read.scalars.size(), 1u);
    EXPECT_EQ(read.scalars["b"][1], 2.5f);
}

}  // namespace
}  // namespace distillix
