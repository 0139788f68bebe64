// SPDX-License-Identifier: Apache-2.0
// Verbs that write files, on a disk that fills at every write in turn and under a clock that jumps (tests/full_disk).
// Imports have theirs in data_import.cpp, training in tests/train/full_disk_test.cpp, answers in chat.cpp.
#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "tests/cli/program.h"
#include "tests/cli/small_model.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using test::Program;
using test::run;
using test::TemporaryFolder;

constexpr const char* kLibrary = DISTILLIX_BINARY_DIR "/libfull_disk.so";

class HardUse : public testing::Test {
  protected:
    void SetUp() override {
        if (!fs::exists(kLibrary)) GTEST_SKIP() << "libfull_disk.so was not built";
        fs::create_directory(m_out);
    }
    /// Words that end in a place below m_out.
    using Words = std::vector<std::string>;

    /// All files below m_out, with their names.
    std::string written(const std::string& but = {}) const {
        std::vector<fs::path> files;
        for (const auto& entry : fs::recursive_directory_iterator(m_out))
            if (entry.is_regular_file() && (but.empty() || entry.path().filename() != but))
                files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        std::string all;
        for (const fs::path& file : files) {
            const auto bytes = readFile(file);
            EXPECT_OK(bytes);
            all += file.lexically_relative(m_out).string() + "\n" + (bytes.ok() ? *bytes : std::string());
        }
        return all;
    }
    void empty() {
        fs::remove_all(m_out);
        fs::create_directory(m_out);
    }
    int runWith(const Words& words, const std::string& variable, std::string& said) {
        Program program(words, {std::string("LD_PRELOAD=") + kLibrary, variable});
        const int code = program.wait();
        said = program.rest() + program.errors();
        return code;
    }
    /// Full at every write in turn, it leaves nothing; under a clock that jumps it does the same as ever. `dated`: a
    /// file that holds a time.
    void stands(const Words& words, int leastWrites, const std::string& dated = {}) {
        SCOPED_TRACE(words[0] + " " + words[1]);
        const auto plain = run(words);
        ASSERT_EQ(plain.code, 0) << plain.out << plain.errors;
        const std::string expected = written(dated);
        ASSERT_FALSE(expected.empty());
        empty();
        std::string said;
        ASSERT_EQ(runWith(words, "CLOCK_JUMPS=1", said), 0) << said;
        EXPECT_TRUE(written(dated) == expected) << "under a clock that jumps";
        empty();
        int writes = 0;
        for (; writes < 500; ++writes) {
            const int code = runWith(words, "FULL_DISK_AT=" + std::to_string(writes), said);
            if (code == 0) break;
            ASSERT_EQ(code, 8) << "full at write " << writes << ": " << said;
            ASSERT_TRUE(fs::is_empty(m_out)) << "full at write " << writes;
        }
        EXPECT_GE(writes, leastWrites) << "the disk was hardly ever full";
        EXPECT_LT(writes, 500);
        EXPECT_TRUE(written(dated) == expected);
        empty();
    }

    const TemporaryFolder m_folder;
    const fs::path m_out = m_folder / "out";
};

TEST_F(HardUse, SampleDataAndTokenizers) {
    stands({"sample-data", m_out / "text", "--training", "120", "--validation", "12"}, 2);
    ASSERT_EQ(run({"sample-data", m_folder / "text", "--training", "120", "--validation", "12"}).code, 0);
    stands(
        {"tokenizer", "train", m_folder / "text" / "train.jsonl", "--vocab-size", "400", "--out", m_out / "own.model"},
        1);
}

TEST_F(HardUse, ModelsThatAreImported) {
    test::makeSmallModel(m_folder / "model", {}, 32);
    stands({"import-model", m_folder / "model", "--out", m_out / "model"}, 4, "origin.json");
}

TEST_F(HardUse, ExportsOfEveryFormat) {
    test::makeSmallModel(m_folder / "model", {}, 32);
    for (const char* format : {"gguf", "hf", "safetensors", "pt"})
        stands({"export", m_folder / "model", "--format", format, "--out", m_out / "exported"}, 1);
}

TEST_F(HardUse, AnImportUnderAClockThatJumps) {
    ASSERT_EQ(run({"sample-data", m_folder / "text", "--training", "300", "--validation", "12"}).code, 0);
    const Words words = {"import",       m_folder / "text" / "train.jsonl",
                         "--validation", m_folder / "text" / "validation.jsonl",
                         "--out",        m_out / "set",
                         "--vocab-size", "400"};
    ASSERT_EQ(run(words).code, 0);
    const std::string expected = written();
    empty();
    std::string said;
    ASSERT_EQ(runWith(words, "CLOCK_JUMPS=1", said), 0) << said;
    EXPECT_TRUE(written() == expected);
}

}  // namespace
}  // namespace distillix
