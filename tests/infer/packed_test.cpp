// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

#include "core/base/rng.h"
#include "core/formats/safetensors.h"
#include "core/infer/packed_model.h"
#include "core/infer/session.h"
#include "core/model/weights.h"
#include "core/quant/ternary.h"
#include "tests/support/temporary_folder.h"

namespace distillix {
namespace {

/// A model of awkward widths: no multiple of a panel's 64, several documents' worth of layers.
class Packed : public ::testing::Test {
  protected:
    void SetUp() override {
        m_config.vocabSize = 131, m_config.hiddenDim = 48, m_config.numLayers = 2, m_config.numHeads = 4;
        m_config.numKvHeads = 2, m_config.mlpHiddenDim = 100, m_config.maxSeqLen = 32;
        ASSERT_OK(m_config.normalize());
        m_backend = openBackend("cpu").value();
        m_runtime = Runtime::create(*m_backend, {}, sessionWorkload(m_config, 16)).value();
        m_options.cacheFolder = m_folder / "cache";
        save(3);
    }
    /// Weights of that seed as the model's file.
    void save(std::uint64_t seed) {
        m_weights = ModelWeights::create(*m_runtime, m_config, 32, false).value();
        ASSERT_OK(m_weights->initialize(seed));
        ASSERT_OK(m_weights->prepare());
        m_values = m_weights->download().value();
        std::vector<SafetensorsTensor> tensors;
        for (const Parameter& p : m_weights->layout().parameters)
            tensors.push_back(
                {p.name, DType::F32, p.shape(), std::as_bytes(std::span(m_values).subspan(p.offset, p.count()))});
        ASSERT_OK(writeSafetensors(file(), tensors));
        m_expected = logitsOf(m_weights->view(), DType::F32);
    }
    std::filesystem::path file() const { return m_folder / "m.safetensors"; }
    std::vector<float> logitsOf(const ModelView& view, DType cache) {
        InferenceSession s = InferenceSession::create(view, 32, 16, cache).value();
        EXPECT_TRUE(s.append(std::vector<std::int32_t>{1, 5, 9, 77, 130, 2}).ok());
        return s.logits().value();
    }
    static double distance(const std::vector<float>& got, const std::vector<float>& expected) {
        double delta = 0, norm = 0;
        for (std::size_t i = 0; i < got.size(); ++i) {
            delta += std::pow(static_cast<double>(got[i] - expected[i]), 2);
            norm += std::pow(static_cast<double>(expected[i]), 2);
        }
        return std::sqrt(delta / norm);
    }
    /// Opens and answers; says how near the latent model the answer is.
    void open(bool cached, double within = 0.05) {
        auto packed = PackedModel::open(*m_runtime, m_config, file(), 32, m_options);
        ASSERT_OK(packed);
        EXPECT_EQ(packed->fromCache(), cached) << packed->note();
        EXPECT_LE(distance(logitsOf(packed->view(), DType::F16), m_expected), within);
    }
    std::filesystem::path cacheFile() const {
        return std::filesystem::directory_iterator(m_options.cacheFolder)->path();
    }

    const test::TemporaryFolder m_folder;
    ModelConfig m_config;
    std::unique_ptr<Backend> m_backend;
    std::optional<Runtime> m_runtime;
    std::optional<ModelWeights> m_weights;
    PackOptions m_options;
    std::vector<float> m_values, m_expected;
};

TEST_F(Packed, IsReusedAndMadeAnewWhenDamaged) {
    open(false);
    open(true);
    const auto size = std::filesystem::file_size(cacheFile());
    std::filesystem::resize_file(cacheFile(), size / 2);
    open(false);
    open(true);
    for (const std::streamoff at : {std::streamoff{8}, std::streamoff{30}, static_cast<std::streamoff>(size - 40)}) {
        std::fstream f(cacheFile(), std::ios::in | std::ios::out | std::ios::binary);
        f.seekp(at);
        f.put('\x7e');
        f.close();
        open(false);
    }
    std::filesystem::last_write_time(file(), std::filesystem::file_time_type::clock::now());
    open(true);  // touched, not changed
}

TEST_F(Packed, IsMadeAnewWhenTheWeightsChanged) {
    open(false);
    const std::vector<float> before = m_expected;
    save(4);  // of the same size, under the same name
    EXPECT_GT(distance(before, m_expected), 0.5);
    open(false);
    open(true);
}

TEST_F(Packed, AnotherHeadHasAFileOfItsOwn) {
    for (const auto& [head, within] : {std::pair{WeightFormat::F16, 0.05}, std::pair{WeightFormat::I8, 0.05},
                                       std::pair{WeightFormat::I6, 0.05}, std::pair{WeightFormat::I4, 0.2}}) {
        m_options.head = head;
        open(false, within);
    }
    for (const WeightFormat head : {WeightFormat::F16, WeightFormat::I8, WeightFormat::I6, WeightFormat::I4}) {
        m_options.head = head;
        open(true, 0.2);
    }
}

TEST_F(Packed, WorksWithoutAPlaceForItsFile) {
    m_options.cacheFolder = file() / "no folder";  // below a file: cannot be made
    auto packed = PackedModel::open(*m_runtime, m_config, file(), 32, m_options);
    ASSERT_OK(packed);
    EXPECT_FALSE(packed->fromCache());
    EXPECT_TRUE(packed->cacheFile().empty());
    EXPECT_NE(packed->note(), "");
    EXPECT_LE(distance(logitsOf(packed->view(), DType::F16), m_expected), 0.05);
}

TEST_F(Packed, TellsWhatIsWrongWithTheWeights) {
    std::filesystem::resize_file(file(), std::filesystem::file_size(file()) - 4);
    const auto cut = PackedModel::open(*m_runtime, m_config, file(), 32, m_options);
    ASSERT_FALSE(cut.ok());
    EXPECT_EQ(cut.error().code, ErrorCode::InvalidData) << cut.error().text();
    m_values.assign(m_values.size(), NAN);
    std::vector<SafetensorsTensor> tensors;
    for (const Parameter& p : m_weights->layout().parameters)
        tensors.push_back(
            {p.name, DType::F32, p.shape(), std::as_bytes(std::span(m_values).subspan(p.offset, p.count()))});
    ASSERT_OK(writeSafetensors(file(), tensors));
    const auto bad = PackedModel::open(*m_runtime, m_config, file(), 32, m_options);
    ASSERT_FALSE(bad.ok());
    EXPECT_NE(bad.error().text().find("not finite"), std::string::npos) << bad.error().text();
    EXPECT_TRUE(std::filesystem::is_empty(m_options.cacheFolder)) << "nothing half-written is left";
}

// The products of the packed form, whether one token comes or many, against the integers that SPEC says, bit for bit.
TEST_F(Packed, ProductsAreTheReferencesIntegers) {
    open(false);
    const PackedModel packed = PackedModel::open(*m_runtime, m_config, file(), 32, m_options).value();
    ASSERT_TRUE(packed.fromCache());
    const ParameterLayout layout(m_config);
    const auto latent = [&](std::size_t offset) { return m_values.data() + offset; };
    Rng rng(5);
    for (const auto& [weight, offset] : {std::pair{packed.view().layers[1].gateUp, layout.layers[1].gateUp},
                                         std::pair{packed.view().layers[0].down, layout.layers[0].down},
                                         std::pair{packed.view().layers[0].qkv, layout.layers[0].qkv}}) {
        const std::size_t in = static_cast<std::size_t>(weight.shape.in),
                          out = static_cast<std::size_t>(weight.shape.out);
        for (const std::size_t tokens : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{16}}) {
            std::vector<std::int8_t> codes(tokens * in);
            for (auto& code : codes) code = static_cast<std::int8_t>(static_cast<int>(rng.below(255)) - 127);
            std::vector<float> alpha(tokens);
            for (float& a : alpha) a = static_cast<float>(0.5 + rng.uniform());
            auto x = DeviceBuffer::create(*m_backend, codes.size()).value();
            auto scales = DeviceBuffer::create(*m_backend, tokens * sizeof(float)).value();
            auto y = DeviceBuffer::create(*m_backend, tokens * out * sizeof(float)).value();
            ASSERT_OK(m_runtime->upload(x.as<std::int8_t>(), codes.data(), codes.size()));
            ASSERT_OK(m_runtime->upload(scales.as<float>(), alpha.data(), tokens));
            LinearForwardArgs args;
            args.rows = static_cast<int>(tokens);
            args.weight = weight;
            args.input.codes = x.as<std::int8_t>();
            args.input.alpha = scales.as<float>();
            args.out = typed(y.as<float>());
            ASSERT_OK(m_backend->linearForward(m_runtime->exec(), args));
            std::vector<float> got(tokens * out);
            ASSERT_OK(m_runtime->download(got.data(), DevicePtr<const float>(y.as<float>()), got.size()));
            std::size_t row = 0;
            for (const int rows : weight.shape.segments) {
                const float* w = latent(offset) + row * in;
                const float gamma = ternaryGamma(absSum(w, static_cast<std::size_t>(rows), in),
                                                 static_cast<std::size_t>(rows) * in, weight.shape.quantizationEps);
                for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r, ++row) {
                    for (std::size_t t = 0; t < tokens; ++t) {
                        std::int32_t sum = 0;
                        for (std::size_t i = 0; i < in; ++i)
                            sum += codes[t * in + i] * ternaryCode(w[r * in + i], gamma);
                        const float expected = static_cast<float>(sum) * (gamma * (alpha[t] / 127.0f));
                        ASSERT_EQ(got[t * out + row], expected) << "token " << t << " of " << tokens << ", row " << row;
                    }
                }
            }
            ASSERT_EQ(row, out);
        }
    }
}

}  // namespace
}  // namespace distillix
