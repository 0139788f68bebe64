// SPDX-License-Identifier: Apache-2.0
// config.json: one test a defect, each named by what is wrong with the file.
#include "core/model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

using testing::HasSubstr;

class ConfigFile : public testing::Test {
  protected:
    Result<ModelConfig> load(const std::string& text) {
        EXPECT_OK(writeFileAtomic(m_path, text));
        return loadModelConfig(m_path);
    }
    void refused(const std::string& text, const std::string& reason) {
        const auto config = load(text);
        ASSERT_FALSE(config.ok()) << text.substr(0, 80);
        EXPECT_THAT(config.error().text(), HasSubstr(reason));
        EXPECT_THAT(config.error().text(), HasSubstr(m_path.string()));
        EXPECT_EQ(config.error().code, ErrorCode::InvalidData);
    }
    test::TemporaryFolder m_folder;
    const std::filesystem::path m_path = m_folder / "config.json";
};

TEST_F(ConfigFile, NothingInItTakesTheDefaults) {
    const auto config = load("{}");
    ASSERT_OK(config);
    EXPECT_EQ(config->vocabSize, 32000);
    EXPECT_EQ(config->headDim, 64);
}
TEST_F(ConfigFile, FileThatIsNotThere) {
    EXPECT_ERROR(loadModelConfig(m_path), ErrorCode::NotFound);
}
TEST_F(ConfigFile, FileThatIsAFolder) {
    EXPECT_ERROR(loadModelConfig(m_folder.path()), ErrorCode::InvalidData);
}
TEST_F(ConfigFile, EmptyFile) {
    refused("", "not valid JSON");
}
TEST_F(ConfigFile, FileThatIsNoJson) {
    refused("{\"vocab_size\": 8", "not valid JSON");
}
TEST_F(ConfigFile, FileThatIsNoUtf8) {
    refused("{\"name\": \"\xff\"}", "not valid JSON");
}
TEST_F(ConfigFile, FileThatIsNoObject) {
    refused("[1]", "must be a JSON object");
}
TEST_F(ConfigFile, FileOverAMegabyte) {
    refused("{\"name\": \"" + std::string(1 << 20, 'x') + "\"}", "is too large");
}
TEST_F(ConfigFile, NestingWithoutEnd) {
    // Unknown keys are kept and written again, and both would go down the nesting level by level.
    refused("{\"x\":" + std::string(400000, '[') + std::string(400000, ']') + "}", "nests too deep");
}
TEST_F(ConfigFile, KeysWithoutEnd) {
    std::string text = "{\"a\":1";
    for (int i = 0; i < 90000; ++i) text += ",\"" + std::to_string(i) + "\":1";
    refused(text + "}", "not valid JSON");
}
TEST_F(ConfigFile, NumberThatIsAText) {
    refused("{\"num_layers\": \"12\"}", "\"num_layers\" must be a whole number");
}
TEST_F(ConfigFile, NumberThatIsNotWhole) {
    refused("{\"num_layers\": 1.5}", "\"num_layers\" must be a whole number");
}
TEST_F(ConfigFile, NumberBeyondAnyInteger) {
    refused("{\"num_layers\": 1e300}", "\"num_layers\" must be a whole number");
    refused("{\"num_layers\": 18446744073709551615}", "\"num_layers\" must be a whole number");
}
TEST_F(ConfigFile, NegativeNumber) {
    refused("{\"hidden_dim\": -64}", "\"hidden_dim\" must be between 1 and");
}
TEST_F(ConfigFile, NumberOverItsRange) {
    refused("{\"num_layers\": 4097}", "\"num_layers\" must be between 1 and 4096");
}
TEST_F(ConfigFile, TruthThatIsANumber) {
    refused("{\"use_bitlinear\": 1}", "\"use_bitlinear\" must be true or false");
}
TEST_F(ConfigFile, NullWhereANumberBelongs) {
    refused("{\"rope_base\": null}", "\"rope_base\" must be a number");
}
TEST_F(ConfigFile, CapOfZero) {
    refused("{\"attn_logit_soft_cap\": 0}", "\"attn_logit_soft_cap\" must be between");
}
TEST_F(ConfigFile, HeadsThatDoNotDivideTheWidth) {
    refused("{\"hidden_dim\": 100, \"num_heads\": 8}", "is no multiple of \"num_heads\"");
}
TEST_F(ConfigFile, HeadsThatDoNotDivideAmongKeys) {
    refused("{\"num_kv_heads\": 5}", "is no multiple of \"num_kv_heads\"");
}
TEST_F(ConfigFile, HeadOfOddWidth) {
    refused("{\"head_dim\": 63}", "must be even");
}
TEST_F(ConfigFile, MatrixOfOverTwoThousandMillionWeights) {
    refused("{\"vocab_size\": 16777216}", "more than 2^31 weights");
}

}  // namespace
}  // namespace distillix
