// SPDX-License-Identifier: Apache-2.0
// One test a defect: each writes a .pt file that breaks one rule of pt.md and looks for the reason in the error.
#include "core/formats/pt.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include "core/formats/pickle.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct ZipPart {
    std::string name, bytes;
    zip_int32_t method = ZIP_CM_STORE;
};

void writeZip(const std::filesystem::path& path, const std::vector<ZipPart>& parts) {
    int code = 0;
    zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    ASSERT_NE(zip, nullptr) << code;
    for (const ZipPart& part : parts) {
        const zip_int64_t index = zip_file_add(
            zip, part.name.c_str(), zip_source_buffer(zip, part.bytes.data(), part.bytes.size(), 0), ZIP_FL_ENC_UTF_8);
        ASSERT_GE(index, 0) << part.name;
        ASSERT_EQ(zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), part.method, 0), 0);
    }
    ASSERT_EQ(zip_close(zip), 0) << zip_strerror(zip);
}

std::string ptBytes(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

/// The parts of a tensor's description, each of which a test may spoil.
struct Description {
    std::string name = "w", storage = "FloatStorage", key = "0", tag = "storage";
    std::int64_t count = 4, offset = 0;
    std::vector<std::int64_t> shape{2, 2}, strides{2, 1};

    void put(PickleWriter& pickle) const {
        pickle.text(name);
        pickle.name("torch._utils", "_rebuild_tensor_v2");
        pickle.mark();
        pickle.mark();
        pickle.text(tag);
        pickle.name("torch", storage);
        pickle.text(key);
        pickle.text("cpu");
        pickle.integer(count);
        pickle.tuple();
        pickle.persistent();
        pickle.integer(offset);
        pickle.integers(shape);
        pickle.integers(strides);
        pickle.boolean(false);
        pickle.emptyOrderedDict();
        pickle.tuple();
        pickle.call();
    }
};

std::string stateDict(const std::vector<Description>& tensors) {
    PickleWriter pickle;
    pickle.emptyOrderedDict();
    pickle.mark();
    for (const Description& tensor : tensors) tensor.put(pickle);
    pickle.setItems();
    return pickle.finish();
}

class Pt : public testing::Test {
  protected:
    std::filesystem::path path() const { return m_folder / "model.pt"; }

    /// A file of this pickle and a storage "0" of 1, 2, 3, 4.
    Result<PtFile> openPickle(const std::string& pickle) {
        writeZip(path(), {{"a/data.pkl", pickle}, {"a/data/0", ptBytes({1, 2, 3, 4})}, {"a/version", "3\n"}});
        return PtFile::open(path());
    }
    void expectRefused(const Result<PtFile>& file, const std::string& reason, ErrorCode code = ErrorCode::InvalidData) {
        ASSERT_FALSE(file.ok());
        EXPECT_THAT(file.error().text(), HasSubstr(reason));
        EXPECT_THAT(file.error().text(), HasSubstr(path().string()));
        EXPECT_EQ(errorCodeName(file.error().code), std::string(errorCodeName(code)));
    }
    void refusePickle(const std::string& pickle, const std::string& reason, ErrorCode code = ErrorCode::InvalidData) {
        expectRefused(openPickle(pickle), reason, code);
    }
    void refuseTensor(const Description& tensor, const std::string& reason) {
        refusePickle(stateDict({tensor}), reason);
    }
    void refuseZip(const std::vector<ZipPart>& parts, const std::string& reason,
                   ErrorCode code = ErrorCode::InvalidData) {
        writeZip(path(), parts);
        expectRefused(PtFile::open(path()), reason, code);
    }

    test::TemporaryFolder m_folder;
};

TEST_F(Pt, WhatIsWrittenIsReadBack) {
    const std::vector<float> floats{1.5f, -2.0f, 0.0f, 1e-30f, INFINITY, -0.0f};
    const std::vector<std::uint16_t> halves{0x3c00, 0xc000};
    const std::vector<std::int64_t> longs{-5};
    const std::vector<SafetensorsTensor> tensors{{"b", DType::F32, {2, 3}, std::as_bytes(std::span(floats))},
                                                 {"h", DType::F16, {2}, std::as_bytes(std::span(halves))},
                                                 {"long", DType::I64, {1}, std::as_bytes(std::span(longs))},
                                                 {"scalar", DType::F32, {}, std::as_bytes(std::span(floats)).first(4)},
                                                 {"none", DType::F32, {0, 7}, {}}};
    ASSERT_OK(writePt(path(), tensors));
    const auto file = PtFile::open(path());
    ASSERT_OK(file);
    ASSERT_EQ(file->entries().size(), 5u);
    EXPECT_EQ(file->place(), "");
    const auto read = file->floats(*file->find("b"));
    ASSERT_OK(read);
    EXPECT_EQ(std::memcmp(read->data(), floats.data(), floats.size() * sizeof(float)), 0);
    EXPECT_THAT(*file->floats(*file->find("h")), ElementsAre(1.0f, -2.0f));
    EXPECT_THAT(*file->floats(*file->find("scalar")), ElementsAre(1.5f));
    EXPECT_EQ(file->floats(*file->find("none"))->size(), 0u);
    EXPECT_THAT(file->floats(*file->find("long")).error().text(), HasSubstr("tensor \"long\": is of type i64"));
    EXPECT_EQ(file->find("nothing"), nullptr);
}

TEST_F(Pt, TheSameWeightsMakeTheSameFile) {
    const std::vector<float> floats{1, 2};
    const std::vector<SafetensorsTensor> tensors{{"b", DType::F32, {2}, std::as_bytes(std::span(floats))}};
    ASSERT_OK(writePt(path(), tensors));
    ASSERT_OK(writePt(m_folder / "again.pt", tensors));
    EXPECT_EQ(readFile(path()).value(), readFile(m_folder / "again.pt").value());
}

TEST_F(Pt, WritingRefusesWhatItCouldNotRead) {
    const std::vector<float> two{1.0f, 2.0f};
    const auto bytes = std::as_bytes(std::span(two));
    const auto write = [&](std::vector<SafetensorsTensor> tensors) { return writePt(path(), tensors); };
    EXPECT_THAT(write({{"a", DType::F32, {3}, bytes}}).error().text(), HasSubstr("does not make 8 bytes"));
    EXPECT_THAT(write({{"a", DType::F32, {2}, bytes}, {"a", DType::F32, {2}, bytes}}).error().text(),
                HasSubstr("taken"));
    EXPECT_THAT(write({{"", DType::F32, {2}, bytes}}).error().text(), HasSubstr("empty name"));
    EXPECT_THAT(write({{"\xff", DType::F32, {2}, bytes}}).error().text(), HasSubstr("no UTF-8"));
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(Pt, WeightsUnderModelStateDict) {
    PickleWriter pickle;
    pickle.emptyOrderedDict();
    pickle.mark();
    pickle.text("step");
    pickle.integer(20000);
    pickle.text("model_state_dict");
    pickle.emptyOrderedDict();
    pickle.mark();
    Description{}.put(pickle);
    pickle.setItems();
    pickle.setItems();
    const auto file = openPickle(pickle.finish());
    ASSERT_OK(file);
    EXPECT_EQ(file->place(), "model_state_dict");
    EXPECT_THAT(file->others(), ElementsAre("step"));
    EXPECT_THAT(*file->floats(*file->find("w")), ElementsAre(1, 2, 3, 4));
}
TEST_F(Pt, ATransposedTensorIsReadInItsOwnOrder) {
    Description tensor;
    tensor.strides = {1, 2};
    const auto file = openPickle(stateDict({tensor}));
    ASSERT_OK(file);
    EXPECT_THAT(*file->floats(file->entries()[0]), ElementsAre(1, 3, 2, 4));
}
TEST_F(Pt, TiedWeightsShareAStorage) {
    Description first, second;
    second.name = "v";
    second.offset = 2;
    second.shape = {2};
    second.strides = {1};
    const auto file = openPickle(stateDict({first, second}));
    ASSERT_OK(file);
    EXPECT_THAT(*file->floats(file->entries()[1]), ElementsAre(3, 4));
}
TEST_F(Pt, AParameterIsItsTensor) {
    PickleWriter inner;
    Description{}.put(inner);
    const std::string tensor = inner.finish().substr(2 + 6);  // without the protocol and the name
    const std::string pickle = "\x80\x02}X\x01" + std::string(3, '\0') + "wctorch._utils\n_rebuild_parameter\n(" +
                               tensor.substr(0, tensor.size() - 1) + "\x89}tRs.";
    const auto file = openPickle(pickle);
    ASSERT_OK(file);
    EXPECT_THAT(*file->floats(file->entries()[0]), ElementsAre(1, 2, 3, 4));
}

// ---- the zip ------------------------------------------------------------------------------------------------------

TEST_F(Pt, FileThatIsNotThere) {
    const auto file = PtFile::open(path());
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().code, ErrorCode::NotFound);
}
TEST_F(Pt, EmptyFile) {
    std::ofstream(path()) << "";
    expectRefused(PtFile::open(path()), "does not begin as a zip");
}
TEST_F(Pt, FileThatIsNoZip) {
    std::ofstream(path()) << "weights";
    expectRefused(PtFile::open(path()), "does not begin as a zip");
}
TEST_F(Pt, FileOfBeforeTheZip) {
    std::ofstream(path(), std::ios::binary) << "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    expectRefused(PtFile::open(path()), "before PyTorch 1.6", ErrorCode::Unsupported);
}
TEST_F(Pt, ZipThatIsCutShort) {
    ASSERT_OK(openPickle(stateDict({{}})));
    std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 30);
    expectRefused(PtFile::open(path()), "no whole zip");
}
TEST_F(Pt, ZipWithoutAPickle) {
    refuseZip({{"a/data/0", "1234"}}, "holds no ARCHIVE/data.pkl");
}
TEST_F(Pt, ZipOfTwoArchives) {
    refuseZip({{"a/data.pkl", "."}, {"b/data.pkl", "."}}, "holds two archives");
}
TEST_F(Pt, ZipBomb) {
    const std::string zeros(std::size_t{8} << 20, '\0');
    refuseZip({{"a/data.pkl", stateDict({{}})}, {"a/data/0", zeros, ZIP_CM_DEFLATE}}, "is compressed");
}
TEST_F(Pt, EntriesThatOverlap) {
    // The second entry's place in the directory is turned to the first's bytes, so that one megabyte counts twice.
    const std::string megabyte(std::size_t{1} << 20, 'x');
    writeZip(path(), {{"a/data.pkl", stateDict({{}})}, {"a/data/0", megabyte}, {"a/data/1", megabyte}});
    std::string bytes = readFile(path()).value();
    const auto first = bytes.find("PK\x03\x04", 30), second = bytes.find("PK\x03\x04", first + megabyte.size());
    const auto directory = bytes.rfind("PK\x01\x02");
    const std::size_t removed = bytes.size() - bytes.size() + (directory - second);
    const auto put = [&](std::size_t at, std::size_t value) {
        for (int i = 0; i < 4; ++i)
            bytes[at + static_cast<std::size_t>(i)] = static_cast<char>((value >> (8 * i)) & 0xff);
    };
    const auto listing = bytes.find("PK\x01\x02");
    put(directory + 42, first);  // "offset of local header" of the last entry
    bytes.replace(first + 30, 8, "a/data/1");
    const auto end = bytes.rfind("PK\x05\x06");
    put(end + 16, second);  // "offset of the directory": the second copy is cut out
    bytes.erase(second, listing - second);
    (void)removed;
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
    const auto file = PtFile::open(path());
    ASSERT_FALSE(file.ok());
    EXPECT_THAT(file.error().text(), HasSubstr("overlaps another"));
}
TEST_F(Pt, StorageWithAWrongChecksum) {
    ASSERT_OK(openPickle(stateDict({{}})));
    std::string bytes = readFile(path()).value();
    bytes[bytes.find(ptBytes({1, 2, 3, 4}))] ^= 1;
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
    const auto file = PtFile::open(path());
    ASSERT_OK(file);
    EXPECT_THAT(file->floats(file->entries()[0]).error().text(), HasSubstr("\"data/0\" cannot be read: CRC"));
}
TEST_F(Pt, PickleWithAWrongChecksum) {
    ASSERT_OK(openPickle(stateDict({{}})));
    std::string bytes = readFile(path()).value();
    bytes[bytes.find("OrderedDict")] ^= 1;
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
    expectRefused(PtFile::open(path()), "\"data.pkl\" cannot be read: CRC");
}
TEST_F(Pt, StorageThatIsMissing) {
    refuseZip({{"a/data.pkl", stateDict({{}})}}, "the storage \"0\" is missing");
}
TEST_F(Pt, StorageThatIsTooShort) {
    refuseZip({{"a/data.pkl", stateDict({{}})}, {"a/data/0", "123"}}, "of 4 elements has 3 bytes");
}
TEST_F(Pt, BigEndianFile) {
    refuseZip({{"a/data.pkl", stateDict({{}})}, {"a/data/0", ptBytes({1, 2, 3, 4})}, {"a/byteorder", "big"}},
              "big-endian", ErrorCode::Unsupported);
}

// ---- the pickle ---------------------------------------------------------------------------------------------------

TEST_F(Pt, NothingIsEverCalled) {
    // What pickle.loads would take for os.system("touch FILE").
    const std::string victim = (m_folder / "called").string();
    const std::string command = "touch " + victim;
    std::string text = "X";
    text += static_cast<char>(command.size());
    text += std::string(3, '\0') + command;
    refusePickle(
        "\x80\x02"
        "cposix\nsystem\n" +
            text + "\x85R.",
        "asks for \"posix.system\"", ErrorCode::Unsupported);
    EXPECT_FALSE(std::filesystem::exists(victim));
}
TEST_F(Pt, NameThatIsNotOnTheList) {
    refusePickle(
        "\x80\x02"
        "cbuiltins\neval\n.",
        "\"builtins.eval\", which is not on the list", ErrorCode::Unsupported);
    refusePickle(
        "\x80\x02"
        "ctorch\nload\n.",
        "\"torch.load\"", ErrorCode::Unsupported);
    refusePickle(
        "\x80\x02"
        "ctorch._utils\n_rebuild_qtensor\n.",
        "_rebuild_qtensor", ErrorCode::Unsupported);
}
TEST_F(Pt, OpcodeThatIsNotOnTheList) {
    refusePickle(
        "\x80\x02"
        "ios\nsystem\n.",
        "the opcode 0x69 ('i')", ErrorCode::Unsupported);                          // INST
    refusePickle("\x80\x02}\x81.", "the opcode 0x81", ErrorCode::Unsupported);     // NEWOBJ
    refusePickle("\x80\x02}o.", "('o')", ErrorCode::Unsupported);                  // OBJ
    refusePickle("\x80\x02\x93.", "the opcode 0x93", ErrorCode::Unsupported);      // STACK_GLOBAL
    refusePickle("\x80\x02\x82\x01.", "the opcode 0x82", ErrorCode::Unsupported);  // EXT1
}
TEST_F(Pt, ProtocolThatIsNotRead) {
    refusePickle("\x80\x04}.", "protocol 4", ErrorCode::Unsupported);
}
TEST_F(Pt, ProtocolInTheMiddle) {
    refusePickle("\x80\x02}\x80\x02.", "protocol 2", ErrorCode::Unsupported);
}
TEST_F(Pt, EmptyPickle) {
    refusePickle("", "ends without its STOP");
}
TEST_F(Pt, PickleWithoutAStop) {
    refusePickle("\x80\x02}", "ends without its STOP");
}
TEST_F(Pt, PickleOfNothing) {
    refusePickle("\x80\x02.", "ends with 0 values");
}
TEST_F(Pt, PickleOfTwoValues) {
    refusePickle("\x80\x02}}.", "ends with 2 values");
}
TEST_F(Pt, MarkLeftOpen) {
    refusePickle("\x80\x02(}.", "ends with 1 values");
}
TEST_F(Pt, BytesBehindTheStop) {
    refusePickle("\x80\x02}.}", "has bytes behind its STOP");
}
TEST_F(Pt, TextLongerThanThePickle) {
    refusePickle(
        "\x80\x02X\xff\xff\xff\xff"
        "abc.",
        "is cut short");
}
TEST_F(Pt, TextThatIsNoUtf8) {
    refusePickle(std::string("\x80\x02X\x01\0\0\0\xff.", 9), "no UTF-8");
}
TEST_F(Pt, NumberCutShort) {
    refusePickle("\x80\x02J\x01", "is cut short");
}
TEST_F(Pt, NameCutShort) {
    refusePickle(
        "\x80\x02"
        "ccollections",
        "is cut short");
}
TEST_F(Pt, WholeNumberBeyond64Bits) {
    refusePickle(std::string("\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\1.", 14), "over 64 bits");
}
TEST_F(Pt, ValueFromAnEmptyStack) {
    refusePickle("\x80\x02\x85.", "empty stack");
    refusePickle("\x80\x02R.", "empty stack");
    refusePickle("\x80\x02Q.", "empty stack");
}
TEST_F(Pt, ValueFromBelowAMark) {
    refusePickle("\x80\x02}(\x85.", "empty stack");
    refusePickle("\x80\x02}(N\x86.", "empty stack");
}
TEST_F(Pt, MarkThatWasNeverSet) {
    refusePickle("\x80\x02}t.", "never set");
    refusePickle("\x80\x02}u.", "never set");
    refusePickle("\x80\x02]e.", "never set");
}
TEST_F(Pt, RecallOfWhatWasNeverStored) {
    refusePickle("\x80\x02h\x05.", "recalls the value 5");
    refusePickle(std::string("\x80\x02j\xff\xff\xff\xff.", 8), "recalls the value 4294967295");
}
TEST_F(Pt, RememberingNothing) {
    refusePickle(std::string("\x80\x02q\0.", 5), "empty stack");
}
TEST_F(Pt, KeyWithoutAValue) {
    refusePickle("\x80\x02}(Nu.", "a key without a value");
}
TEST_F(Pt, ItemsOfWhatIsNoDict) {
    refusePickle("\x80\x02](NNu.", "no dict");
    refusePickle("\x80\x02]NNs.", "no dict");
    refusePickle("\x80\x02NNb.", "no dict");
    refusePickle("\x80\x02}Na.", "no list");
    refusePickle("\x80\x02}(Ne.", "no list");
}
TEST_F(Pt, CallOfWhatIsNoName) {
    refusePickle("\x80\x02N)R.", "calls something");
    refusePickle(
        "\x80\x02"
        "ccollections\nOrderedDict\nNR.",
        "calls something");
}
TEST_F(Pt, CallOfAStorageType) {
    refusePickle(
        "\x80\x02"
        "ctorch\nFloatStorage\n)R.",
        "calls a storage type");
}
TEST_F(Pt, OrderedDictWithArguments) {
    refusePickle(
        "\x80\x02"
        "ccollections\nOrderedDict\nN\x85R.",
        "with arguments");
}
TEST_F(Pt, NestingWithoutEnd) {
    std::string deep = "\x80\x02N";
    deep.append(1 << 20, '\x85');  // a tuple in a tuple in a tuple …
    refusePickle(deep + ".", "no dict, so it is no state dict");
}
TEST_F(Pt, DictThatHoldsItself) {
    const std::string self = std::string("\x80\x02}q\0X\1\0\0\0wh\0s.", 15);
    refusePickle(self, "holds no tensor");
}
TEST_F(Pt, ValuesWithoutEnd) {
    std::string many = "\x80\x02(";
    many.append((std::size_t{1} << 21) + 1, 'N');
    refusePickle(many + "t.", "over two million values");
}

// ---- the tensors --------------------------------------------------------------------------------------------------

TEST_F(Pt, PickleThatIsNoDict) {
    refusePickle("\x80\x02].", "no state dict");
}
TEST_F(Pt, DictOfNoTensors) {
    refusePickle("\x80\x02}.", "holds no tensor");
}
TEST_F(Pt, ModelStateDictThatIsNoDict) {
    refusePickle("\x80\x02}X\x10" + std::string(3, '\0') + "model_state_dictNs.", "\"model_state_dict\" is no dict");
}
TEST_F(Pt, NameTwice) {
    refusePickle(stateDict({{}, {}}), "tensor \"w\": stands in the state dict twice");
}
TEST_F(Pt, EmptyName) {
    Description tensor;
    tensor.name = "";
    refuseTensor(tensor, "empty name");
}
TEST_F(Pt, ControlCharacterInAName) {
    Description tensor;
    tensor.name = "a\nb";
    refuseTensor(tensor, "control character");
}
TEST_F(Pt, UnknownStorageType) {
    Description tensor;
    tensor.storage = "ComplexFloatStorage";
    refusePickle(stateDict({tensor}), "ComplexFloatStorage", ErrorCode::Unsupported);
}
TEST_F(Pt, StorageThatIsCalledSomethingElse) {
    Description tensor;
    tensor.tag = "module";
    refuseTensor(tensor, "called something else");
}
TEST_F(Pt, StorageKeyThatIsAPath) {
    Description tensor;
    tensor.key = "../data.pkl";
    refuseTensor(tensor, "has no key");
}
TEST_F(Pt, StorageOfNegativeLength) {
    Description tensor;
    tensor.count = -4;
    refuseTensor(tensor, "no length");
}
TEST_F(Pt, StorageWhoseBytesOverflow) {
    Description tensor;
    tensor.count = std::int64_t{1} << 62;  // times four bytes is 0 in 64 bits
    refuseTensor(tensor, "has 16 bytes in the zip");
}
TEST_F(Pt, StorageDescribedInTwoWays) {
    Description first, second;
    second.name = "v";
    second.storage = "IntStorage";
    refusePickle(stateDict({first, second}), "in two ways");
}
TEST_F(Pt, OffsetBeyondTheStorage) {
    Description tensor;
    tensor.offset = 5;
    refuseTensor(tensor, "begins at element 5 of a storage of 4");
}
TEST_F(Pt, NegativeOffset) {
    Description tensor;
    tensor.offset = -1;
    refuseTensor(tensor, "offset is no whole number");
}
TEST_F(Pt, EndBeyondTheStorage) {
    Description tensor;
    tensor.offset = 1;
    refuseTensor(tensor, "reaches beyond its storage of 4 elements");
}
TEST_F(Pt, NegativeExtent) {
    Description tensor;
    tensor.shape = {-2, -2};
    refuseTensor(tensor, "shape holds something else than whole numbers from 0 up");
}
TEST_F(Pt, NegativeStride) {
    Description tensor;
    tensor.strides = {2, -1};
    refuseTensor(tensor, "strides holds something else");
}
TEST_F(Pt, FewerStridesThanDimensions) {
    Description tensor;
    tensor.strides = {1};
    refuseTensor(tensor, "has 2 dimensions, but 1 strides");
}
TEST_F(Pt, ShapeWhoseProductOverflows) {
    Description tensor;
    tensor.shape = {std::int64_t{1} << 32, std::int64_t{1} << 32};
    refuseTensor(tensor, "is too large");
}
TEST_F(Pt, StridesWhoseReachOverflows) {
    Description tensor;
    tensor.strides = {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max()};
    tensor.shape = {3, 3};
    tensor.count = 4;
    refuseTensor(tensor, "reaches beyond");
}
TEST_F(Pt, StrideOfZeroRepeatsNothing) {
    // One element repeated 10^12 times would fill any memory.
    Description tensor;
    tensor.shape = {1000000, 1000000};
    tensor.strides = {0, 0};
    refuseTensor(tensor, "reaches beyond");
}
TEST_F(Pt, TooManyDimensions) {
    Description tensor;
    tensor.shape.assign(17, 1);
    tensor.strides.assign(17, 1);
    refuseTensor(tensor, "at most 16");
}

/// Every single-byte change and every cut of a good file is either refused or read within bounds.
TEST_F(Pt, DamagedAnywhereNeverCrashes) {
    ASSERT_OK(openPickle(stateDict({{}})));
    const std::string good = readFile(path()).value();
    std::mt19937 random(7);
    int refused = 0, read = 0;
    const auto probe = [&](const std::string& bytes) {
        std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
        const auto file = PtFile::open(path());
        if (!file.ok()) {
            ++refused;
            return;
        }
        for (const PtEntry& entry : file->entries()) {
            const auto values = file->floats(entry);
            values.ok() ? ++read : ++refused;
        }
    };
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string changed = good;
        changed[i] = static_cast<char>(random());
        probe(changed);
        if (i % 4 == 0) probe(good.substr(0, i));
    }
    EXPECT_GT(refused, 200);
    EXPECT_GT(read, 10);
}

}  // namespace
}  // namespace distillix
