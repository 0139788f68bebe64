// SPDX-License-Identifier: Apache-2.0
// import-model through the built program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/formats/pt.h"
#include "core/formats/safetensors.h"
#include "tests/cli/program.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// The golden case "tiny" as a .pt file without a configuration, under the names that torch.compile gives.
class ImportModelVerb : public testing::Test {
  protected:
    void SetUp() override {
        const auto file = SafetensorsFile::open(m_tiny / "model.safetensors");
        ASSERT_OK(file);
        std::vector<SafetensorsTensor> tensors;
        for (const SafetensorsEntry& entry : file->entries())
            tensors.push_back({"_orig_mod." + entry.name, entry.type, entry.shape, file->bytes(entry)});
        ASSERT_OK(writePt(m_pt, tensors));
    }
    const fs::path m_tiny = fs::path(DISTILLIX_TEST_DATA) / "golden" / "cases" / "tiny";
    test::TemporaryFolder m_folder;
    const fs::path m_pt = m_folder / "tiny.pt", m_out = m_folder / "model";
};

TEST_F(ImportModelVerb, AStateDictBecomesAModelThatComputesTheSame) {
    const test::Outcome imported = test::run({"import-model", m_pt, "--out", m_out, "--json"});
    ASSERT_EQ(imported.code, 0) << imported.errors;
    const auto result = imported.result();
    EXPECT_EQ(result["format"], ".pt");
    EXPECT_EQ(result["prefix"], "_orig_mod.");
    EXPECT_EQ(result["config"]["num_heads"], 4);
    EXPECT_THAT(result["defaulted"].dump(), HasSubstr("rope_base"));
    EXPECT_EQ(result["tokenizer"], false);

    const auto info = test::run({"info", "model", m_out, "--json"}).result();
    EXPECT_EQ(info["origin"]["source"], "tiny.pt");
    EXPECT_EQ(info["origin"]["files"][0]["sha256"].get<std::string>().size(), 64u);
    EXPECT_THAT(test::run({"info", "model", m_out}).out, HasSubstr("tiny.pt (.pt)"));

    std::vector<std::int32_t> ids;
    for (int i = 0; i < 16; ++i) ids.push_back(i * 15 + 3);
    const SafetensorsTensor tensor{"input_ids", DType::I32, {1, 16}, std::as_bytes(std::span(ids))};
    ASSERT_OK(writeSafetensors(m_folder / "ids.safetensors", std::span(&tensor, 1)));
    for (const fs::path& model : {m_tiny, m_out})
        ASSERT_EQ(test::run({"logits", model, "--ids", m_folder / "ids.safetensors", "--out",
                             m_folder / (model.filename().string() + ".logits")})
                      .code,
                  0);
    EXPECT_EQ(readFile(m_folder / "tiny.logits").value(), readFile(m_folder / "model.logits").value());
}

TEST_F(ImportModelVerb, WhatIsWrongIsToldAndNothingIsLeft) {
    const test::Outcome missing = test::run({"import-model", m_pt, "--out", m_out, "--num-layers", "3"});
    EXPECT_NE(missing.code, 0);
    EXPECT_THAT(missing.errors, HasSubstr("no tensor \"layers.2.input_layernorm.weight\""));
    const test::Outcome heads = test::run({"import-model", m_pt, "--out", m_out, "--num-heads", "0"});
    EXPECT_EQ(heads.code, 2) << heads.errors;
    EXPECT_FALSE(fs::exists(m_out));
    for (const auto& entry : fs::directory_iterator(m_folder.path())) EXPECT_EQ(entry.path(), m_pt);
}

}  // namespace
}  // namespace distillix
