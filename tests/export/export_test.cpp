// SPDX-License-Identifier: Apache-2.0
// Exports on golden models: what is planned, what is refused, what is noticed when it is read back, what is left
// behind.
#include <cstring>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/export/exporter.h"
#include "core/export/tokenizer_json.h"
#include "core/formats/safetensors.h"
#include "core/interchange/gguf_model.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

fs::path goldenCase(const std::string& name) {
    return fs::path(DISTILLIX_TEST_DATA) / "golden/cases" / name;
}

class Export : public testing::Test {
  protected:
    Export() : m_backend(openBackend("cpu", {1}).value()) {}

    Result<ExportReport> run(const fs::path& model, const std::string& format, const ExportOptions& options,
                             const ExportRequest& request) {
        const ExportFormat* found = TRY(findExportFormat(format));
        const ExportSource source = TRY(ExportSource::open(model, options.name));
        const ExportPlan plan = TRY(found->plan(source, options));
        return exportModel(*m_backend, *found, {source, options, plan}, request, {},
                           [](const char*, double, double) {});
    }
    static ExportRequest to(const fs::path& out) {
        ExportRequest request;
        request.out = out;
        request.positions = 64;
        return request;
    }
    std::vector<std::string> left() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(m_folder.path()))
            names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }

    std::unique_ptr<Backend> m_backend;
    test::TemporaryFolder m_folder;
};

/// A format that writes what another does and then breaks something.
class BrokenFormat : public ExportFormat {
  public:
    explicit BrokenFormat(const ExportFormat& inner) : m_inner(inner) {}
    const char* name() const override { return "broken"; }
    const char* help() const override { return ""; }
    bool isFolder() const override { return false; }
    std::vector<std::string> types() const override { return {}; }
    std::vector<std::string> embeddings() const override { return {}; }
    Result<ExportPlan> plan(const ExportSource& s, const ExportOptions& o) const override { return m_inner.plan(s, o); }
    Result<void> write(const ExportJob& job, const ModelValues& expected, const fs::path& target) const override {
        TRY_VOID(m_inner.write(job, expected, target));
        // One bit of one weight, behind the file system's back.
        std::fstream file(target, std::ios::binary | std::ios::in | std::ios::out);
        file.seekg(-200, std::ios::end);
        char byte = 0;
        file.get(byte);
        file.seekp(-200, std::ios::end);
        file.put(static_cast<char>(byte ^ 0x40));
        return {};
    }
    Result<ModelValues> readBack(const ExportJob& job, const fs::path& target) const override {
        return m_inner.readBack(job, target);
    }

  private:
    const ExportFormat& m_inner;
};

TEST_F(Export, PlainValuesAreTernaryTimesAScale) {
    const ModelValues latent = loadModelValues(*m_backend, goldenCase("nocap")).value();
    const ModelValues plain = plainValues(latent);
    EXPECT_FALSE(plain.config.useBitlinear);
    for (const Parameter& p : ParameterLayout(latent.config).parameters) {
        const float* was = latent.values.data() + p.offset;
        const float* is = plain.values.data() + p.offset;
        if (p.kind != Parameter::Kind::Projection) {
            EXPECT_EQ(std::memcmp(was, is, p.count() * sizeof(float)), 0) << p.name;
            continue;
        }
        double sum = 0;
        for (std::size_t i = 0; i < p.count(); ++i) sum += std::fabs(was[i]);
        const double gamma = sum / static_cast<double>(p.count());
        for (std::size_t i = 0; i < p.count(); ++i) {
            const double code = std::min(1.0, std::max(-1.0, std::nearbyint(was[i] / gamma)));
            ASSERT_NEAR(is[i], code * gamma, 1e-5 * gamma) << p.name << " " << i;
        }
    }
}

TEST_F(Export, ArchitecturesFollowTheNorms) {
    const auto of = [](bool qk, bool sub, bool tied = true, int headDim = 0) {
        ModelConfig c;
        c.useQkNorm = qk;
        c.useSubNorm = sub;
        c.tieWordEmbeddings = tied;
        c.headDim = headDim;
        EXPECT_OK(c.normalize());
        return ggufArchitecture(c);
    };
    EXPECT_EQ(of(true, false).value(), "qwen3");
    EXPECT_EQ(of(false, false).value(), "llama");
    EXPECT_EQ(of(false, true).value(), "bitnet");
    EXPECT_ERROR(of(true, true), ErrorCode::Unsupported);
    EXPECT_ERROR(of(false, true, false), ErrorCode::Unsupported);
    EXPECT_ERROR(of(false, true, true, 32), ErrorCode::Unsupported);
}

TEST_F(Export, RopeRowsGoThereAndBack) {
    std::vector<float> rows{0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15};  // two heads of six rows of one weight
    const std::vector<float> before = rows;
    interleaveRopeRows(rows, 2, 6, 1);
    EXPECT_EQ(rows, (std::vector<float>{0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15}));
    separateRopeRows(rows, 2, 6, 1);
    EXPECT_EQ(rows, before);
}

TEST_F(Export, RowsThatAreNoMultipleOf256FallBackAndItIsTold) {
    ModelConfig c;
    c.vocabSize = 300;
    c.hiddenDim = 512;
    c.mlpHiddenDim = 1408;  // 5.5 blocks, as the 39M preset has it
    c.numLayers = 2;
    c.numHeads = 8;
    ASSERT_OK(c.normalize());
    ASSERT_OK(writeFileAtomic(m_folder / "config.json", modelConfigToJson(c).dump()));
    const ExportSource source = ExportSource::open(m_folder.path(), "").value();
    const ExportFormat& gguf = *findExportFormat("gguf").value();
    ExportOptions options;
    options.type = "tq1_0";
    options.embedding = "q6_k";
    const ExportPlan plan = gguf.plan(source, options).value();
    int down = 0;
    for (const auto& tensor : plan.tensors) {
        const bool isDown = tensor.name.find("ffn_down") != std::string::npos;
        down += isDown;
        const bool projection = tensor.parameter.find("proj") != std::string::npos;
        const bool norm = tensor.parameter.find("norm") != std::string::npos;
        EXPECT_EQ(tensor.type, isDown ? "Q8_0" : projection ? "TQ1_0" : norm ? "F32" : "Q6_K") << tensor.name;
    }
    EXPECT_EQ(down, 2);
    EXPECT_THAT(plan.notes, testing::Contains(HasSubstr("1408")));
    EXPECT_THAT(plan.notes, testing::Contains(HasSubstr("soft-caps")));
    EXPECT_TRUE(plan.approximate);
    EXPECT_EQ(plan.types().at("Q8_0").at("weights"), 2 * 512 * 1408);

    options.type = "TQ2_0";
    options.embedding = "TQ2_0";
    EXPECT_ERROR(gguf.plan(source, options), ErrorCode::InvalidArgument);
    options.embedding = "Q5_1";
    EXPECT_ERROR(gguf.plan(source, options), ErrorCode::InvalidArgument);
}

TEST_F(Export, ADenseModelIsNotMadeTernary) {
    const ExportSource source = ExportSource::open(goldenCase("dense"), "").value();
    ExportOptions options;
    EXPECT_EQ(findExportFormat("gguf").value()->plan(source, options)->type, "F16");
    options.type = "TQ2_0";
    EXPECT_ERROR(findExportFormat("gguf").value()->plan(source, options), ErrorCode::InvalidArgument);
}

TEST_F(Export, AnUncappedModelsGgufComputesWhatTheModelComputes) {
    ExportOptions options;
    options.type = options.embedding = "F32";
    const auto report = run(goldenCase("nocap"), "gguf", options, to(m_folder / "m.gguf"));
    ASSERT_OK(report);
    EXPECT_EQ(left(), std::vector<std::string>{"m.gguf"});
    EXPECT_EQ(report->bytes, fs::file_size(m_folder / "m.gguf"));
    EXPECT_EQ(report->difference.positions, 63);
    EXPECT_TRUE(report->difference.finite);
    EXPECT_GT(report->difference.largest, 0);  // BitLinear's eight-bit activations
    const GgufFile file = GgufFile::open(m_folder / "m.gguf").value();
    const ModelConfig back = ggufModelConfig(file).value();
    const ModelConfig was = loadModelConfig(goldenCase("nocap") / "config.json").value();
    EXPECT_EQ(back.headDim, was.headDim);
    EXPECT_EQ(back.numKvHeads, was.numKvHeads);
    EXPECT_EQ(back.ropeBase, was.ropeBase);
    EXPECT_EQ(back.maxSeqLen, was.maxSeqLen);
}

TEST_F(Export, LatentWeightsComeBackToTheBit) {
    const auto report = run(goldenCase("tiny"), "safetensors", {}, to(m_folder / "m.safetensors"));
    ASSERT_OK(report);
    EXPECT_EQ(report->difference.klMax, 0);
    EXPECT_EQ(report->difference.largest, 0);
    EXPECT_EQ(report->difference.topAgreement(), 1);
    const auto stateDict = run(goldenCase("tiny"), "pt", {}, to(m_folder / "m.pt"));
    ASSERT_OK(stateDict);
    EXPECT_EQ(stateDict->difference.largest, 0);
}

TEST_F(Export, PackedTernaryWeightsComputeTheSame) {
    ExportOptions options;
    options.type = "i2_s";
    const auto report = run(goldenCase("tiny"), "safetensors", options, to(m_folder / "packed.safetensors"));
    ASSERT_OK(report);
    // The codes are the same, and the scales within their last bit.
    EXPECT_LT(report->difference.largest, 1e-4);
    ASSERT_OK(run(goldenCase("tiny"), "safetensors", {}, to(m_folder / "whole.safetensors")));
    EXPECT_LT(fs::file_size(m_folder / "packed.safetensors"), fs::file_size(m_folder / "whole.safetensors"));
    options.type = "Q4_0";
    EXPECT_EQ(run(goldenCase("tiny"), "safetensors", options, to(m_folder / "no")).error().code,
              ErrorCode::InvalidArgument);
}

TEST_F(Export, ACappedModelsDifferenceIsMeasured) {
    const auto report = run(goldenCase("tiny"), "hf", {}, to(m_folder / "hf"));
    ASSERT_OK(report);
    EXPECT_GT(report->difference.klMean, 1e-5);  // the golden models' norms are scaled so that both caps bite
    EXPECT_GT(report->difference.largest, 0.1);
    const std::string card = readFile(m_folder / "hf/README.md").value();
    EXPECT_THAT(card, HasSubstr("soft-caps"));
    EXPECT_THAT(card, HasSubstr("KL(model, export)"));
    EXPECT_EQ(left(), std::vector<std::string>{"hf"});
}

TEST_F(Export, AFileThatDoesNotHoldTheModelIsNoticedAndNotKept) {
    const BrokenFormat broken(*findExportFormat("gguf").value());
    ExportOptions options;
    options.type = options.embedding = "F32";
    const ExportSource source = ExportSource::open(goldenCase("nocap"), "").value();
    const ExportPlan plan = broken.plan(source, options).value();
    const auto report = exportModel(*m_backend, broken, {source, options, plan}, to(m_folder / "m.gguf"), {},
                                    [](const char*, double, double) {});
    ASSERT_FALSE(report.ok());
    EXPECT_THAT(report.error().text(), HasSubstr("tensor \""));
    EXPECT_THAT(left(), testing::IsEmpty());
}

TEST_F(Export, AScaleThatAHalfCannotHoldIsNoticed) {
    ModelValues model = loadModelValues(*m_backend, goldenCase("dense")).value();
    for (const Parameter& p : ParameterLayout(model.config).parameters)
        if (p.name == "layers.0.mlp.up_proj.weight") model.values[p.offset] = 1e30f;
    fs::create_directory(m_folder / "model");
    std::vector<SafetensorsTensor> tensors;
    for (const Parameter& p : ParameterLayout(model.config).parameters)
        tensors.push_back(
            {p.name, DType::F32, p.shape(), std::as_bytes(std::span(model.values).subspan(p.offset, p.count()))});
    ASSERT_OK(writeSafetensors(m_folder / "model/model.safetensors", tensors));
    fs::copy_file(goldenCase("dense") / "config.json", m_folder / "model/config.json");
    const auto report = run(m_folder / "model", "gguf", {}, to(m_folder / "m.gguf"));
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(left(), std::vector<std::string>{"model"});
}

TEST_F(Export, WhatStandsThereIsOnlyReplacedWhenAskedTo) {
    ASSERT_OK(writeFileAtomic(m_folder / "m.gguf", "mine"));
    fs::create_directory(m_folder / "hf");
    ExportOptions options;
    options.type = options.embedding = "F32";
    EXPECT_ERROR(run(goldenCase("nocap"), "gguf", options, to(m_folder / "m.gguf")), ErrorCode::AlreadyExists);
    EXPECT_EQ(readFile(m_folder / "m.gguf").value(), "mine");
    ExportRequest request = to(m_folder / "hf");
    request.overwrite = true;
    EXPECT_ERROR(run(goldenCase("nocap"), "hf", {}, request), ErrorCode::AlreadyExists);
    request.out = m_folder / "m.gguf";
    ASSERT_OK(run(goldenCase("nocap"), "gguf", options, request));
    EXPECT_OK(GgufFile::open(m_folder / "m.gguf"));
}

TEST_F(Export, StoppingLeavesNothing) {
    StopSource stop;
    stop.raise();
    const ExportSource source = ExportSource::open(goldenCase("nocap"), "").value();
    const ExportFormat& format = *findExportFormat("safetensors").value();
    const ExportPlan plan = format.plan(source, {}).value();
    EXPECT_ERROR(exportModel(*m_backend, format, {source, {}, plan}, to(m_folder / "m"), stop.token(),
                             [](const char*, double, double) {}),
                 ErrorCode::Cancelled);
    EXPECT_THAT(left(), testing::IsEmpty());
}

TEST_F(Export, AHostileGgufsKeysAreRefused) {
    ExportOptions options;
    options.type = options.embedding = "F32";
    ASSERT_OK(run(goldenCase("nocap"), "gguf", options, to(m_folder / "m.gguf")));
    const GgufFile good = GgufFile::open(m_folder / "m.gguf").value();
    const auto with = [&](const std::string& key, GgufValue value) {
        GgufMetadata keys;
        for (const auto& [name, old] : good.metadata()) keys.emplace_back(name, name == key ? value : old);
        std::vector<std::vector<float>> values;
        std::vector<GgufTensor> tensors;
        for (const auto& entry : good.entries()) values.push_back(good.floats(entry.name).value());
        for (std::size_t i = 0; i < values.size(); ++i)
            tensors.push_back({good.entries()[i].name, GgmlType::F32, good.entries()[i].shape, values[i]});
        EXPECT_OK(writeGguf(m_folder / "bad.gguf", keys, tensors));
        return GgufFile::open(m_folder / "bad.gguf").value();
    };
    EXPECT_ERROR(ggufModelConfig(with("general.architecture", GgufValue::string("mamba"))), ErrorCode::Unsupported);
    EXPECT_ERROR(ggufModelConfig(with("qwen3.block_count", GgufValue::u32(0))), ErrorCode::InvalidData);
    EXPECT_ERROR(ggufModelConfig(with("qwen3.embedding_length", GgufValue::u32(~0u))), ErrorCode::InvalidData);
    EXPECT_ERROR(ggufModelConfig(with("qwen3.attention.head_count", GgufValue::string("four"))),
                 ErrorCode::InvalidData);
    EXPECT_ERROR(ggufModelConfig(with("qwen3.rope.freq_base", GgufValue::f32(-1))), ErrorCode::InvalidData);
    EXPECT_ERROR(ggufModelConfig(with("qwen3.rope.dimension_count", GgufValue::u32(2))), ErrorCode::Unsupported);
    // More layers than there are tensors: known before memory is taken for them.
    const GgufFile deep = with("qwen3.block_count", GgufValue::u32(4000));
    EXPECT_ERROR(ggufParameters(deep, ggufModelConfig(deep).value()), ErrorCode::InvalidData);
    const GgufFile shallow = with("qwen3.block_count", GgufValue::u32(1));
    EXPECT_ERROR(ggufParameters(shallow, ggufModelConfig(shallow).value()), ErrorCode::Unsupported);
}

TEST_F(Export, AUnigramTokenizerIsRefused) {
    // A SentencePiece model by hand: two pieces and their types, model_type 1 (unigram).
    const auto message = [](int field, const std::string& bytes) {
        return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(bytes.size())} + bytes;
    };
    std::string model = message(1, message(1, "<unk>") + std::string("\x18\x02", 2)) +
                        message(1, message(1, "<s>") + std::string("\x18\x03", 2)) +
                        message(1, message(1, "</s>") + std::string("\x18\x03", 2)) + message(1, message(1, "a")) +
                        message(2, std::string("\x18\x01", 2));
    auto tokenizer = Tokenizer::fromBytes(model);
    ASSERT_OK(tokenizer);
    ASSERT_EQ(tokenizer->modelType(), "unigram");
    std::vector<std::string> notes;
    EXPECT_ERROR(ggufTokenizerMetadata(&*tokenizer, "", notes), ErrorCode::Unsupported);
    EXPECT_ERROR(huggingFaceTokenizer(*tokenizer), ErrorCode::Unsupported);
}

TEST(LogitDifference, CountsAsItsWordsSay) {
    LogitDifference d;
    const std::vector<float> a{1.0f, 0.0f, -1.0f}, b{0.0f, 1.0f, -1.0f}, tie{0.02f, 0.0f, -1.0f};
    d.add(a, a, 0);
    EXPECT_EQ(d.klMean, 0);
    EXPECT_EQ(d.sameTop, 1);
    d.add(a, b, 1);    // our first choice leads by 1
    d.add(tie, b, 1);  // by 0.02: not clear
    EXPECT_EQ(d.positions, 3);
    EXPECT_EQ(d.sameTop, 1);
    EXPECT_EQ(d.clear, 2);
    EXPECT_EQ(d.clearSameTop, 1);
    EXPECT_NEAR(d.largest, 1.0, 1e-6);
    const double z = std::exp(1.0) + 1 + std::exp(-1.0);
    EXPECT_NEAR(d.klMax, (std::exp(1.0) - 1.0) / z, 1e-6);  // Σ p (log p - log q) of the two swapped
    EXPECT_NEAR(d.ourNats, std::log(z) - 1 + std::log(z) + std::log(std::exp(0.02) + 1 + std::exp(-1.0)), 1e-6);
    const std::vector<float> broken{0.0f, NAN, 0.0f};
    d.add(a, broken, 0);
    EXPECT_FALSE(d.finite);
}

}  // namespace
}  // namespace distillix
