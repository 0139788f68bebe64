// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace distillix {

/// Where Llama 2's tokenizer lies, or empty: DISTILLIX_LLAMA2_TOKENIZER, else ../shared/tokenizer beside the source.
inline std::filesystem::path llama2TokenizerPath() {
    if (const char* named = std::getenv("DISTILLIX_LLAMA2_TOKENIZER")) return named;
    const auto beside =
        std::filesystem::path(DISTILLIX_TEST_DATA) / ".." / ".." / "shared" / "tokenizer" / "llama2.model";
    return std::filesystem::exists(beside) ? beside : std::filesystem::path();
}

/// A folder of its own for each test, gone afterwards.
class FolderTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        m_folder = std::filesystem::temp_directory_path() /
                   ("distillix-" + std::to_string(::getpid()) + "-" + info->test_suite_name() + "-" + info->name());
        std::filesystem::create_directories(m_folder);
    }
    void TearDown() override {
        std::error_code ignored;
        std::filesystem::remove_all(m_folder, ignored);
    }
    std::filesystem::path file(const std::string& name, const std::string& content) const {
        const auto path = m_folder / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    static std::string contentOf(const std::filesystem::path& path) {
        std::ifstream in(path, std::ios::binary);
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }
    std::filesystem::path m_folder;
};

}  // namespace distillix
