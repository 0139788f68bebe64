// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "core/base/result.h"

namespace distillix::test {

/// A folder of its own for one test, removed with everything in it.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "distillix-test-XXXXXX").string();
        if (!::mkdtemp(name.data())) ADD_FAILURE() << "cannot make a temporary folder " << name;
        m_path = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return m_path; }
    std::filesystem::path operator/(const std::string& name) const { return m_path / name; }

  private:
    std::filesystem::path m_path;
};

}  // namespace distillix::test

/// Prints the error instead of "false".
#define ASSERT_OK(expression)                                    \
    do {                                                         \
        const auto& assertOk_ = (expression);                    \
        ASSERT_TRUE(assertOk_.ok()) << assertOk_.error().text(); \
    } while (0)
#define EXPECT_OK(expression)                                    \
    do {                                                         \
        const auto& expectOk_ = (expression);                    \
        EXPECT_TRUE(expectOk_.ok()) << expectOk_.error().text(); \
    } while (0)
/// Fails unless `expression` is an Error with this code; the text goes into the message.
#define EXPECT_ERROR(expression, expectedCode)                                                 \
    do {                                                                                       \
        const auto& expectError_ = (expression);                                               \
        ASSERT_FALSE(expectError_.ok()) << "expected an error";                                \
        EXPECT_EQ(static_cast<int>(expectError_.error().code), static_cast<int>(expectedCode)) \
            << expectError_.error().text();                                                    \
    } while (0)
