// SPDX-License-Identifier: Apache-2.0
// Models in: what comes out of each source computes what went in, and one test a defect.
#include "core/interchange/import_model.h"

#include <cmath>
#include <cstring>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/backend/registry.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/formats/gguf.h"
#include "core/formats/i2s.h"
#include "core/formats/pt.h"
#include "core/formats/safetensors.h"
#include "core/interchange/gguf_model.h"
#include "core/interchange/model_origin.h"
#include "core/interchange/weights_file.h"
#include "core/model/training_pass.h"
#include "core/model/weights.h"
#include "core/quant/ternary.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using testing::Contains;
using testing::HasSubstr;

/// A tensor that a test may rename, reshape or spoil before it is written.
struct Loose {
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<float> values;
};

class ImportModel : public testing::Test {
  protected:
    static fs::path golden(const std::string& name) {
        return fs::path(DISTILLIX_TEST_DATA) / "golden" / "cases" / name;
    }
    static std::vector<Loose> tensorsOf(const fs::path& file) {
        const auto opened = SafetensorsFile::open(file);
        std::vector<Loose> tensors;
        EXPECT_TRUE(opened.ok());
        if (!opened.ok()) return tensors;
        for (const SafetensorsEntry& entry : opened->entries())
            tensors.push_back({entry.name, entry.shape, opened->floats(entry.name).value()});
        return tensors;
    }
    static std::vector<SafetensorsTensor> viewsOf(const std::vector<Loose>& tensors) {
        std::vector<SafetensorsTensor> views;
        for (const Loose& tensor : tensors)
            views.push_back({tensor.name, DType::F32, tensor.shape, std::as_bytes(std::span(tensor.values))});
        return views;
    }
    static Loose& named(std::vector<Loose>& tensors, const std::string& name) {
        for (Loose& tensor : tensors)
            if (tensor.name == name) return tensor;
        ADD_FAILURE() << "no tensor " << name;
        return tensors.front();
    }
    static Json configOf(const std::string& goldenCase) {
        return Json::parse(readFile(golden(goldenCase) / "config.json").value());
    }
    static void writeText(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

    /// γ·Wq of every projection, as exporters write it.
    static std::vector<Loose> effective(std::vector<Loose> tensors, float eps) {
        for (Loose& tensor : tensors) {
            if (!tensor.name.ends_with("_proj.weight")) continue;
            const auto rows = static_cast<std::size_t>(tensor.shape[0]),
                       cols = static_cast<std::size_t>(tensor.shape[1]);
            const float gamma = ternaryGamma(absSum(tensor.values.data(), rows, cols), rows * cols, eps);
            for (float& value : tensor.values) value = gamma * static_cast<float>(ternaryCode(value, gamma));
        }
        return tensors;
    }
    /// A Hugging Face config.json of one of our configurations.
    static Json huggingFace(const Json& ours) {
        return {{"model_type", "qwen3"},
                {"vocab_size", ours["vocab_size"]},
                {"hidden_size", ours["hidden_dim"]},
                {"num_hidden_layers", ours["num_layers"]},
                {"num_attention_heads", ours["num_heads"]},
                {"num_key_value_heads", ours["num_kv_heads"]},
                {"head_dim", ours["head_dim"]},
                {"intermediate_size", ours["mlp_hidden_dim"]},
                {"max_position_embeddings", ours["max_seq_len"]},
                {"rms_norm_eps", ours["norm_eps"]},
                {"rope_theta", ours["rope_base"]},
                {"tie_word_embeddings", ours["tie_word_embeddings"]},
                {"hidden_act", "silu"}};
    }

    Result<ModelImportReport> import(const fs::path& source, const Json& given = Json::object()) {
        ModelImportOptions options;
        options.source = source;
        options.output = out();
        options.given = given;
        return importModel(options);
    }
    fs::path out() const { return m_folder / "out"; }
    void refused(const Result<ModelImportReport>& report, const std::string& reason,
                 ErrorCode code = ErrorCode::InvalidData) {
        ASSERT_FALSE(report.ok()) << "was imported";
        EXPECT_THAT(report.error().text(), HasSubstr(reason));
        EXPECT_EQ(errorCodeName(report.error().code), std::string(errorCodeName(code)));
        EXPECT_FALSE(fs::exists(out()));
        for (const auto& entry : fs::directory_iterator(m_folder.path()))
            EXPECT_FALSE(isPartialName(entry.path())) << entry.path();
    }

    /// Logits of a model folder on fixed ids.
    static std::vector<float> logits(const fs::path& folder) {
        std::vector<float> all;
        const auto compute = [&]() -> Result<void> {
            const ModelConfig config = TRY(loadModelConfig(folder / "config.json"));
            const auto backend = TRY(openBackend("cpu", {1}));
            constexpr int tokens = 24;
            PassOptions options;
            options.batch = 1;
            options.tokens = tokens;
            options.keep = PassOptions::Keep::Nothing;
            Runtime runtime = TRY(Runtime::create(*backend, Precision{}, passWorkload(config, options)));
            ModelWeights weights = TRY(ModelWeights::create(runtime, config, tokens, false));
            const SafetensorsFile file = TRY(SafetensorsFile::open(folder / "model.safetensors"));
            TRY_VOID(weights.load(file));
            TRY_VOID(weights.prepare());
            TrainingPass pass = TRY(TrainingPass::create(weights, options));
            std::vector<std::int32_t> ids;
            for (int i = 0; i < tokens; ++i) ids.push_back((i * 37 + 11) % config.vocabSize);
            return pass.logits(batchFromIds(1, tokens, ids), [&](int, int rows, const float* values) -> Result<void> {
                all.insert(all.end(), values,
                           values + static_cast<std::size_t>(rows) * static_cast<std::size_t>(config.vocabSize));
                return {};
            });
        };
        const auto computed = compute();
        EXPECT_TRUE(computed.ok()) << (computed.ok() ? "" : computed.error().text());
        EXPECT_FALSE(all.empty());
        return all;
    }
    void expectSameLogits(const fs::path& model) { EXPECT_EQ(logits(out()), logits(model)); }

    test::TemporaryFolder m_folder;
};

TEST_F(ImportModel, AModelFolderStaysTheSame) {
    const auto report = import(golden("tiny"));
    ASSERT_OK(report);
    EXPECT_EQ(report->format, "model folder");
    EXPECT_EQ(report->config.attnLogitSoftCap, 50.0);
    const auto ours = tensorsOf(out() / "model.safetensors"), theirs = tensorsOf(golden("tiny") / "model.safetensors");
    ASSERT_EQ(ours.size(), theirs.size());
    expectSameLogits(golden("tiny"));
}

TEST_F(ImportModel, SafetensorsAloneTellTheirConfiguration) {
    fs::copy_file(golden("tiny") / "model.safetensors", m_folder / "model.safetensors");
    const auto report = import(m_folder / "model.safetensors");
    ASSERT_OK(report);
    EXPECT_EQ(report->config.numHeads, 4);
    EXPECT_EQ(report->config.numKvHeads, 2);
    EXPECT_EQ(report->config.headDim, 16);
    EXPECT_EQ(report->config.numLayers, 2);
    EXPECT_TRUE(report->config.tieWordEmbeddings);
    EXPECT_THAT(report->inferred, Contains("num_heads"));
    EXPECT_THAT(report->defaulted, Contains("rope_base"));
    expectSameLogits(golden("tiny"));  // whose other fields are the defaults
}

TEST_F(ImportModel, PrefixesAreTakenOff) {
    auto tensors = tensorsOf(golden("tiny") / "model.safetensors");
    for (Loose& tensor : tensors) tensor.name = "module._orig_mod." + tensor.name;
    ASSERT_OK(writeSafetensors(m_folder / "m.safetensors", viewsOf(tensors)));
    writeText(m_folder / "m.json", configOf("tiny").dump());
    const auto report = import(m_folder / "m.safetensors");
    ASSERT_OK(report);
    EXPECT_EQ(report->prefix, "module._orig_mod.");
    expectSameLogits(golden("tiny"));
}

TEST_F(ImportModel, TheOriginalsConfigurationHasTheModelInside) {
    fs::copy_file(golden("nocap") / "model.safetensors", m_folder / "m.safetensors");
    writeText(m_folder / "m.json", Json{{"model", configOf("nocap")}, {"training", {{"lr", 1}}}}.dump());
    const auto report = import(m_folder / "m.safetensors");
    ASSERT_OK(report);
    EXPECT_FALSE(report->config.attnLogitSoftCap);
    expectSameLogits(golden("nocap"));
}

TEST_F(ImportModel, WhereItCameFromIsKept) {
    const fs::path from = golden("tiny") / "model.safetensors";
    ASSERT_OK(import(from));
    const auto origin = loadModelOrigin(out());
    ASSERT_TRUE(origin);
    EXPECT_EQ(origin->source, "model.safetensors");
    EXPECT_EQ(origin->format, "safetensors");
    ASSERT_EQ(origin->files.size(), 1u);
    EXPECT_EQ(origin->files[0].name, "model.safetensors");
    EXPECT_EQ(origin->files[0].bytes, fs::file_size(from));
    EXPECT_EQ(origin->files[0].sha256, sha256Hex(readFile(from).value()));
    EXPECT_THAT(origin->imported, testing::MatchesRegex("20..-..-..T..:..:...*Z"));
    EXPECT_THAT(origin->program, testing::StartsWith("distillix "));
    EXPECT_THAT(readFile(out() / "origin.json").value(), testing::Not(HasSubstr(from.parent_path().string())))
        << "no path of the machine goes along";
    // Imported on, it still says where it began; given as ".", it has the folder's name.
    fs::rename(out(), m_folder / "first");
    const fs::path here = fs::current_path();
    fs::current_path(m_folder / "first");
    const auto again = import(".");
    fs::current_path(here);
    ASSERT_OK(again);
    const auto second = loadModelOrigin(out());
    ASSERT_TRUE(second);
    EXPECT_EQ(second->source, "first");
    EXPECT_EQ(second->format, "model folder");
    EXPECT_EQ(second->before, modelOriginToJson(*origin));
    // What others wrote there is read as far as it goes.
    for (const char* text : {"", "[]", "{\"source\": 5, \"files\": [7, {\"bytes\": -1}, null], \"before\": []}"}) {
        writeText(out() / "origin.json", text);
        const auto odd = loadModelOrigin(out());
        EXPECT_EQ(odd.has_value(), text[0] == '{');
        if (!odd) continue;
        EXPECT_EQ(odd->files.size(), 3u);
        EXPECT_EQ(odd->source, "");
    }
    EXPECT_FALSE(loadModelOrigin(m_folder / "nowhere"));
}

TEST_F(ImportModel, EveryFormComesBack) {
    for (const char* name : {"tiny", "torch-untied-perchannel", "torch-subnorm-noqknorm"}) {
        const ModelConfig config = loadModelConfig(golden(name) / "config.json").value();
        const ParameterLayout layout(config);
        const auto file = SafetensorsFile::open(golden(name) / "model.safetensors");
        ASSERT_OK(file);
        std::vector<float> values(layout.total, 0.0f);
        for (const Parameter& parameter : layout.parameters) {
            const auto tensor = file->floats(parameter.name, parameter.shape());
            ASSERT_OK(tensor);
            std::copy(tensor->begin(), tensor->end(), values.begin() + static_cast<std::ptrdiff_t>(parameter.offset));
        }
        const std::vector<float> before = logits(golden(name));
        double largest = 0;
        for (const float value : before) largest = std::max(largest, std::fabs(static_cast<double>(value)));
        for (const WeightsFormName& form : weightsForms()) {
            SCOPED_TRACE(std::string(name) + " as " + form.name);
            const fs::path path = m_folder / (std::string("w") + form.extension);
            ASSERT_OK(writeWeightsFile(path, config, values, form.form));
            if (form.form == WeightsForm::Pt) writeText(m_folder / "w.json", modelConfigToJson(config).dump());
            const auto report = import(path);
            ASSERT_OK(report);
            const std::vector<float> after = logits(out());
            ASSERT_EQ(after.size(), before.size());
            if (form.form == WeightsForm::SafetensorsBf16 || form.form == WeightsForm::SafetensorsF16) {
                // Rounding moves weights over the quantizer's threshold, so that only the size can be held to.
                double sum = 0;
                for (std::size_t i = 0; i < after.size(); ++i)
                    sum += std::fabs(static_cast<double>(after[i]) - static_cast<double>(before[i]));
                EXPECT_LT(sum / static_cast<double>(after.size()), 0.1 * largest);
                EXPECT_GT(sum, 0);
            } else {
                EXPECT_EQ(after, before);  // bit for bit, i2_s too
            }
            if (form.form == WeightsForm::SafetensorsI2s) {
                EXPECT_EQ(report->format, "safetensors, i2_s");
                EXPECT_EQ(report->gammaDifference, 0);
                EXPECT_EQ(report->ternaryMatrices, config.numLayers * 7);
            }
            fs::remove_all(out());
        }
    }
}

TEST_F(ImportModel, I2sBesideAConfigurationOfItsOwn) {
    const ModelConfig config = loadModelConfig(golden("tiny") / "config.json").value();
    std::vector<float> values(ParameterLayout(config).total, 0.0f);
    for (const Parameter& parameter : ParameterLayout(config).parameters) {
        const auto tensor = SafetensorsFile::open(golden("tiny") / "model.safetensors").value().floats(parameter.name);
        std::copy(tensor->begin(), tensor->end(), values.begin() + static_cast<std::ptrdiff_t>(parameter.offset));
    }
    ASSERT_OK(writeWeightsFile(m_folder / "p.safetensors", config, values, WeightsForm::SafetensorsI2s));
    ASSERT_OK(import(m_folder / "p.safetensors"));
    expectSameLogits(golden("tiny"));
}

TEST_F(ImportModel, PtUnderModelStateDictOrAtTheTop) {
    const auto tensors = tensorsOf(golden("tiny") / "model.safetensors");
    ASSERT_OK(writePt(m_folder / "m.pt", viewsOf(tensors)));
    const auto report = import(m_folder / "m.pt");
    ASSERT_OK(report);
    EXPECT_EQ(report->format, ".pt");
    expectSameLogits(golden("tiny"));
}

TEST_F(ImportModel, HuggingFaceTernaryBecomesBitlinearAgain) {
    const Json ours = configOf("nocap");
    auto tensors = effective(tensorsOf(golden("nocap") / "model.safetensors"), 1e-8f);
    for (Loose& tensor : tensors) tensor.name = "model." + tensor.name;
    const fs::path folder = m_folder / "hf";
    fs::create_directory(folder);
    ASSERT_OK(writeSafetensors(folder / "model.safetensors", viewsOf(tensors)));
    writeText(folder / "config.json", huggingFace(ours).dump());
    const auto report = import(folder);
    ASSERT_OK(report);
    EXPECT_TRUE(report->config.useBitlinear);
    EXPECT_EQ(report->ternaryMatrices, 14);
    EXPECT_EQ(report->gammaDifference, 0);
    EXPECT_EQ(report->prefix, "model.");
    expectSameLogits(golden("nocap"));  // γ and pattern are those of the latent weights, to the bit
}

TEST_F(ImportModel, HuggingFaceDenseInShards) {
    Json ours = configOf("nocap");
    ours["use_bitlinear"] = false;
    auto tensors = tensorsOf(golden("nocap") / "model.safetensors");
    for (Loose& tensor : tensors) tensor.name = "model." + tensor.name;
    const fs::path folder = m_folder / "hf";
    fs::create_directory(folder);
    const auto views = viewsOf(tensors);
    const std::size_t half = views.size() / 2;
    ASSERT_OK(writeSafetensors(folder / "model-00001-of-00002.safetensors", std::span(views).first(half)));
    ASSERT_OK(writeSafetensors(folder / "model-00002-of-00002.safetensors", std::span(views).subspan(half)));
    Json map = Json::object();
    for (std::size_t i = 0; i < views.size(); ++i)
        map[views[i].name] = i < half ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
    writeText(folder / "model.safetensors.index.json", Json{{"weight_map", map}}.dump());
    writeText(folder / "config.json", huggingFace(ours).dump());
    writeText(folder / "tokenizer.json", "{}");
    const auto report = import(folder);
    ASSERT_OK(report);
    EXPECT_EQ(report->format, "Hugging Face");
    EXPECT_FALSE(report->config.useBitlinear);
    EXPECT_FALSE(report->tokenizer);
    EXPECT_THAT(report->notes, Contains(HasSubstr("tokenizer.json) is no SentencePiece model")));
    fs::create_directory(m_folder / "dense");
    fs::copy_file(golden("nocap") / "model.safetensors", m_folder / "dense" / "model.safetensors");
    writeText(m_folder / "dense" / "config.json", ours.dump());
    expectSameLogits(m_folder / "dense");
}

TEST_F(ImportModel, GgufOfEveryType) {
    const ModelConfig config = loadModelConfig(golden("nocap") / "config.json").value();
    const ParameterLayout layout(config);
    const auto tensors = effective(tensorsOf(golden("nocap") / "model.safetensors"), 1e-8f);
    for (const GgmlType type : {GgmlType::F32, GgmlType::F16, GgmlType::BF16, GgmlType::Q8_0}) {
        SCOPED_TRACE(ggmlTypeFacts(type).name);
        std::vector<GgufTensor> written;
        for (const Loose& tensor : tensors)
            written.push_back({ggufTensorName(tensor.name),
                               tensor.name.ends_with("_proj.weight") ? type : GgmlType::F32, tensor.shape,
                               tensor.values});
        ASSERT_OK(writeGguf(m_folder / "m.gguf", ggufModelMetadata(config, "qwen3", "test", 0), written));
        const auto report = import(m_folder / "m.gguf");
        ASSERT_OK(report);
        EXPECT_EQ(report->format, "GGUF (qwen3)");
        EXPECT_TRUE(report->config.useBitlinear);
        EXPECT_EQ(report->ternaryMatrices, 14);
        // The pattern is the very same; γ to the type's precision.
        const auto ours = tensorsOf(out() / "model.safetensors");
        for (const Loose& tensor : effective(ours, 1e-8f)) {
            if (!tensor.name.ends_with("_proj.weight")) continue;
            const auto before = std::find_if(tensors.begin(), tensors.end(),
                                             [&](const Loose& other) { return other.name == tensor.name; });
            for (std::size_t i = 0; i < tensor.values.size(); ++i) {
                const float was = before->values[i], is = tensor.values[i];
                ASSERT_LE(std::fabs(is - was), std::fabs(was) * (type == GgmlType::F32 ? 0.0f : 0x1p-8f))
                    << tensor.name;
            }
        }
        if (type == GgmlType::F32) expectSameLogits(golden("nocap"));
        fs::remove_all(out());
    }
}

// ---- defects ------------------------------------------------------------------------------------------------------

TEST_F(ImportModel, SourceThatIsNotThere) {
    refused(import(m_folder / "nothing"), "No such file", ErrorCode::NotFound);
}
TEST_F(ImportModel, SourceOfNoKnownKind) {
    writeText(m_folder / "x.bin", "just some text that is long enough");
    refused(import(m_folder / "x.bin"), "begins as none of the files that are read");
}
TEST_F(ImportModel, FolderWithoutWeights) {
    fs::create_directory(m_folder / "empty");
    refused(import(m_folder / "empty"), "holds neither model.safetensors", ErrorCode::NotFound);
}
TEST_F(ImportModel, ARunIsNoSource) {
    fs::create_directory(m_folder / "run");
    writeText(m_folder / "run" / "run.json", "{}");
    refused(import(m_folder / "run"), "is a run", ErrorCode::InvalidArgument);
}
TEST_F(ImportModel, OutputThatIsThere) {
    fs::create_directory(out());
    const auto report = import(golden("tiny"));
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, ErrorCode::AlreadyExists);
    EXPECT_TRUE(fs::is_empty(out()));
}
TEST_F(ImportModel, VerificationThatFailsLeavesNothing) {
    ModelImportOptions options;
    options.source = golden("tiny");
    options.output = out();
    options.verify = [](const fs::path& folder, const ModelConfig&) -> Result<void> {
        EXPECT_TRUE(fs::exists(folder / "model.safetensors"));
        return makeError(ErrorCode::InvalidData, "computes nonsense");
    };
    refused(importModel(options), "computes nonsense");
}

/// Tensors of the case "tiny", spoilt by the test.
class ImportDefect : public ImportModel {
  protected:
    std::vector<Loose> m_tensors = tensorsOf(golden("tiny") / "model.safetensors");
    Result<ModelImportReport> importSpoilt(const Json& given = Json::object()) {
        const auto written = writeSafetensors(m_folder / "m.safetensors", viewsOf(m_tensors));
        EXPECT_TRUE(written.ok());
        return import(m_folder / "m.safetensors", given);
    }
};

TEST_F(ImportDefect, TensorThatIsMissing) {
    std::erase_if(m_tensors, [](const Loose& t) { return t.name == "layers.1.mlp.up_proj.weight"; });
    refused(importSpoilt(), "the source has no tensor \"layers.1.mlp.up_proj.weight\"");
}
TEST_F(ImportDefect, EmbeddingThatIsMissing) {
    std::erase_if(m_tensors, [](const Loose& t) { return t.name == "embed_tokens.weight"; });
    refused(importSpoilt(), "no tensor \"embed_tokens.weight\", so it is no model of this kind");
}
TEST_F(ImportDefect, TensorWithoutAPlace) {
    m_tensors.push_back({"layers.0.self_attn.q_proj.bias", {1}, {0.0f}});
    refused(importSpoilt(), "has no place in a model of this configuration");
}
TEST_F(ImportDefect, TensorOfAnotherShape) {
    named(m_tensors, "layers.1.mlp.down_proj.weight").shape = {160, 64};
    refused(importSpoilt(), "has the shape [160, 64], but [64, 160] is needed");
}
TEST_F(ImportDefect, EmbeddingOfOneDimension) {
    named(m_tensors, "embed_tokens.weight").shape = {256 * 64};
    refused(importSpoilt(), "instead of 2 dimensions");
}
TEST_F(ImportDefect, ValueThatIsNotFinite) {
    named(m_tensors, "norm.weight").values[3] = NAN;
    refused(importSpoilt(), "not finite, at element 3");
}
TEST_F(ImportDefect, NamesThatMeetWithoutTheirPrefixes) {
    m_tensors.push_back({"model.norm.weight", {64}, std::vector<float>(64, 1.0f)});
    refused(importSpoilt(), "is there twice under the name \"norm.weight\"");
}
TEST_F(ImportDefect, LayerNumberBeyondReason) {
    m_tensors.push_back({"layers.1000000.norm.weight", {1}, {1.0f}});
    refused(importSpoilt(), "num_layers");
}
TEST_F(ImportDefect, HeadsThatNothingTells) {
    std::erase_if(m_tensors, [](const Loose& t) { return t.name.find("q_norm") != std::string::npos; });
    std::erase_if(m_tensors, [](const Loose& t) { return t.name.find("k_norm") != std::string::npos; });
    refused(importSpoilt(), "give --num-heads");
    ASSERT_OK(importSpoilt({{"num_heads", 4}}));
}
TEST_F(ImportDefect, HeadsThatDoNotDivide) {
    named(m_tensors, "layers.0.self_attn.q_norm.weight") = {
        "layers.0.self_attn.q_norm.weight", {24}, std::vector<float>(24, 1)};
    refused(importSpoilt(), "heads of width 24 do not divide");
}
TEST_F(ImportDefect, RotaryTablesAreLeftOut) {
    m_tensors.push_back({"layers.0.self_attn.rotary_emb.inv_freq", {8}, std::vector<float>(8, 1.0f)});
    const auto report = importSpoilt();
    ASSERT_OK(report);
    EXPECT_THAT(report->notes, Contains(HasSubstr("1 rotary tables were left out")));
}
TEST_F(ImportDefect, HeadThatRepeatsTheEmbedding) {
    Loose head = named(m_tensors, "embed_tokens.weight");
    head.name = "lm_head.weight";
    m_tensors.push_back(head);
    const auto report = importSpoilt({{"tie_word_embeddings", true}});
    ASSERT_OK(report);
    EXPECT_TRUE(report->config.tieWordEmbeddings);
    expectSameLogits(golden("tiny"));
}
TEST_F(ImportDefect, HeadThatDiffersFromATiedEmbedding) {
    Loose head = named(m_tensors, "embed_tokens.weight");
    head.name = "lm_head.weight";
    head.values[7] += 1;
    m_tensors.push_back(head);
    refused(importSpoilt({{"tie_word_embeddings", true}}), "differs from embed_tokens.weight");
    const auto report = importSpoilt({{"tie_word_embeddings", false}});
    ASSERT_OK(report);
    EXPECT_FALSE(report->config.tieWordEmbeddings);
}
TEST_F(ImportDefect, ConfigurationInTheMetadataThatIsNoJson) {
    ASSERT_OK(writeSafetensors(m_folder / "m.safetensors", viewsOf(m_tensors), {{kSafetensorsConfigKey, "[]"}}));
    refused(import(m_folder / "m.safetensors"), "\"distillix.config\" is not a JSON object");
}
TEST_F(ImportDefect, ConfigurationThatIsNoJson) {
    writeText(m_folder / "config.json", "{");
    refused(importSpoilt(), "is not a JSON object");
}
TEST_F(ImportDefect, ConfigurationOfAnotherModel) {
    Json config = configOf("tiny");
    config["hidden_dim"] = 128;
    config["head_dim"] = 32;
    writeText(m_folder / "config.json", config.dump());
    refused(importSpoilt(), "is needed");
}
TEST_F(ImportDefect, TokenizerThatIsNone) {
    writeText(m_folder / "tokenizer.model", "nothing of the kind");
    const auto report = importSpoilt();
    ASSERT_OK(report);
    EXPECT_FALSE(report->tokenizer);
    EXPECT_THAT(report->notes, Contains(HasSubstr("was left out")));
}

/// Hugging Face folders whose config.json the test spoils.
class HuggingFaceDefect : public ImportModel {
  protected:
    Json m_config = huggingFace(configOf("nocap"));
    fs::path m_hf = m_folder / "hf";
    void SetUp() override {
        fs::create_directory(m_hf);
        fs::copy_file(golden("nocap") / "model.safetensors", m_hf / "model.safetensors");
    }
    Result<ModelImportReport> importSpoilt() {
        writeText(m_hf / "config.json", m_config.dump());
        return import(m_hf);
    }
};

TEST_F(HuggingFaceDefect, AnotherArchitecture) {
    m_config["model_type"] = "gpt2";
    refused(importSpoilt(), "its model_type is \"gpt2\"", ErrorCode::Unsupported);
}
TEST_F(HuggingFaceDefect, KeyThatIsMissing) {
    m_config.erase("hidden_size");
    refused(importSpoilt(), "has no \"hidden_size\"");
}
TEST_F(HuggingFaceDefect, AnotherActivation) {
    m_config["hidden_act"] = "gelu";
    refused(importSpoilt(), "activation is \"gelu\"", ErrorCode::Unsupported);
}
TEST_F(HuggingFaceDefect, AttentionWithBiases) {
    m_config["attention_bias"] = true;
    refused(importSpoilt(), "biases", ErrorCode::Unsupported);
}
TEST_F(HuggingFaceDefect, SlidingWindow) {
    m_config["use_sliding_window"] = true;
    refused(importSpoilt(), "sliding window", ErrorCode::Unsupported);
}
TEST_F(HuggingFaceDefect, ScalingByAnotherRule) {
    m_config["rope_scaling"] = {{"rope_type", "yarn"}, {"factor", 4}};
    refused(importSpoilt(), "\"yarn\"", ErrorCode::Unsupported);
}
TEST_F(HuggingFaceDefect, ScalingThatIsNoObject) {
    m_config["rope_scaling"] = 4;
    refused(importSpoilt(), "\"rope_scaling\" is no object");
}
TEST_F(HuggingFaceDefect, LinearScalingIsTaken) {
    m_config["rope_scaling"] = {{"type", "linear"}, {"factor", 4.0}};
    const auto report = importSpoilt();
    ASSERT_OK(report);
    EXPECT_EQ(report->config.ropeScaling, 4.0);
}
TEST_F(HuggingFaceDefect, SizeThatIsAText) {
    m_config["num_hidden_layers"] = "two";
    refused(importSpoilt(), "\"num_layers\" must be a whole number");
}
TEST_F(HuggingFaceDefect, IndexThatLeavesTheFolder) {
    fs::remove(m_hf / "model.safetensors");
    for (const char* name : {"../m.safetensors", "/etc/passwd", "..", "a/b.safetensors", ""}) {
        writeText(m_hf / "model.safetensors.index.json", Json{{"weight_map", {{"norm.weight", name}}}}.dump());
        refused(importSpoilt(), "which is no file of this folder");
    }
}
TEST_F(HuggingFaceDefect, IndexWithoutAMap) {
    fs::remove(m_hf / "model.safetensors");
    writeText(m_hf / "model.safetensors.index.json", "{}");
    refused(importSpoilt(), "has no \"weight_map\"");
}
TEST_F(HuggingFaceDefect, IndexThatNamesNumbers) {
    fs::remove(m_hf / "model.safetensors");
    writeText(m_hf / "model.safetensors.index.json", R"({"weight_map":{"a":1}})");
    refused(importSpoilt(), "something else than names of files");
}
TEST_F(HuggingFaceDefect, ShardThatIsMissing) {
    fs::remove(m_hf / "model.safetensors");
    writeText(m_hf / "model.safetensors.index.json", R"({"weight_map":{"a":"gone.safetensors"}})");
    refused(importSpoilt(), "gone.safetensors", ErrorCode::NotFound);
}

// ---- i2_s ---------------------------------------------------------------------------------------------------------

class I2s : public testing::Test {
  protected:
    /// A matrix [2, 3] whose parts the test may spoil.
    std::vector<std::uint8_t> m_bytes{0b00'01'10'00, 0b10'01'01'01};
    std::vector<std::int32_t> m_shape{2, 3};
    std::vector<float> m_scale{0.5f};
    std::string m_scaleName = "a.up_proj_scale", m_shapeName = "a.up_proj_shape";

    Result<TernaryMatrix> read() {
        const auto sizeOf = [](const auto& values) { return static_cast<std::int64_t>(values.size()); };
        std::vector<SafetensorsTensor> tensors{
            {"a.up_proj.weight", DType::U8, {sizeOf(m_bytes)}, std::as_bytes(std::span(m_bytes))}};
        if (!m_shapeName.empty())
            tensors.push_back({m_shapeName, DType::I32, {sizeOf(m_shape)}, std::as_bytes(std::span(m_shape))});
        if (!m_scaleName.empty())
            tensors.push_back({m_scaleName, DType::F32, {sizeOf(m_scale)}, std::as_bytes(std::span(m_scale))});
        TRY_VOID(writeSafetensors(m_folder / "m.safetensors", tensors));
        const SafetensorsFile file = TRY(SafetensorsFile::open(m_folder / "m.safetensors"));
        const SafetensorsEntry& entry = *file.find("a.up_proj.weight");
        EXPECT_TRUE(isI2s(file, entry));
        return i2sMatrix(file, entry);
    }
    void refused(const std::string& reason) {
        const auto matrix = read();
        ASSERT_FALSE(matrix.ok());
        EXPECT_THAT(matrix.error().text(), HasSubstr(reason));
        EXPECT_THAT(matrix.error().text(), HasSubstr("a.up_proj"));
    }
    test::TemporaryFolder m_folder;
};

TEST_F(I2s, MatrixIsRead) {
    const auto matrix = read();
    ASSERT_OK(matrix);
    EXPECT_EQ(matrix->codes, (std::vector<std::int8_t>{-1, 0, 1, -1, 1, 0}));
    EXPECT_EQ(matrix->gammas, std::vector<float>{0.5f});
    EXPECT_EQ(i2sPack(matrix->codes), (std::vector<std::byte>{std::byte{0b00'01'10'00}, std::byte{0b10'01'01'01}}));
}
TEST_F(I2s, OtherNamesOfTheCompanions) {
    m_scaleName = "a.up_proj.weight_scale";
    m_shapeName = "a.up_proj.weight_shape";
    EXPECT_OK(read());
}
TEST_F(I2s, PatternThatStandsForNothing) {
    m_bytes[0] = 0b00'11'10'00;
    refused("weight 1 is the pattern 3");
}
TEST_F(I2s, FillingThatIsNoZero) {
    m_bytes[1] = 0b10'01'01'00;
    refused("fills up its last byte");
}
TEST_F(I2s, FewerBytesThanTheShapeNeeds) {
    m_shape = {3, 3};
    refused("9 weights take 3 bytes, not 2");
}
TEST_F(I2s, ShapeThatWouldFillAnyMemory) {
    m_shape = {2147483647, 2147483647};
    refused("bytes, not 2");
}
TEST_F(I2s, ShapeOfThreeNumbers) {
    m_shape = {2, 3, 1};
    refused("must hold two numbers");
}
TEST_F(I2s, ShapeBelowOne) {
    m_shape = {-2, -3};
    refused("extent below 1");
}
TEST_F(I2s, ShapeThatIsMissing) {
    m_shapeName.clear();
    refused("no shape stands beside it");
}
TEST_F(I2s, ScaleThatIsMissing) {
    m_scaleName.clear();
    refused("no scale stands beside it");
}
TEST_F(I2s, ScaleOfAnotherLength) {
    m_scale = {1, 2, 3};
    refused("one for each of the 2 rows, not 3");
}
TEST_F(I2s, ScaleThatIsNoNumber) {
    m_scale = {NAN};
    refused("no number from 0 up");
    m_scale = {-1};
    refused("no number from 0 up");
}

}  // namespace
}  // namespace distillix
