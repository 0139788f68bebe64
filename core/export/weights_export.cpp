// SPDX-License-Identifier: Apache-2.0
// Files of weights for programs that know this model: safetensors with the latent weights in three types or with the
// packed ternary ones (i2s.md), and a PyTorch state dict (pt.md). All are read back as import-model reads them: what
// nobody can import is no export.
#include "core/export/exporter.h"
#include "core/interchange/import_model.h"
#include "core/interchange/weights_file.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

struct WeightsType {
    const char* name;
    WeightsForm form;
    std::size_t bytesPerWeight;  ///< of what is not packed
    Tolerance tolerance;
};

Result<ModelValues> importedValues(const fs::path& target, const nlohmann::ordered_json& given) {
    ModelImportOptions options;
    options.source = target;
    options.given = given;
    ModelImportReport report;
    ImportedModel model = TRY(readModel(options, report));
    return ModelValues{std::move(model.config), std::move(model.values)};
}

class WeightsFormat : public ExportFormat {
  public:
    /// The default type first. Where `holdsConfig` is false the configuration must be kept with the file.
    WeightsFormat(const char* name, const char* help, std::vector<WeightsType> types, bool holdsConfig)
        : m_name(name), m_help(help), m_types(std::move(types)), m_holdsConfig(holdsConfig) {}
    const char* name() const override { return m_name; }
    const char* help() const override { return m_help; }
    bool isFolder() const override { return false; }
    std::vector<std::string> types() const override {
        std::vector<std::string> names;
        for (const WeightsType& type : m_types) names.emplace_back(type.name);
        return names;
    }
    std::vector<std::string> embeddings() const override { return {}; }

    Result<ExportPlan> plan(const ExportSource& source, const ExportOptions& options) const override {
        const WeightsType type = TRY(typeOf(options.type));
        const bool packs = type.form == WeightsForm::SafetensorsI2s;
        if (packs && !source.config.useBitlinear)
            return makeError(ErrorCode::Unsupported,
                             "is a model without BitLinear (use_bitlinear false): it has no ternary weights to pack");
        ExportPlan plan;
        plan.architecture = "distillix";
        plan.type = type.name;
        plan.embedding = packs ? "F32" : type.name;
        std::uint64_t bytes = 2048;  // header or zip directory, about
        for (const Parameter& p : ParameterLayout(source.config).parameters) {
            const bool packed = packs && p.kind == Parameter::Kind::Projection;
            const auto scales = static_cast<std::uint64_t>(source.config.bitlinearPerChannel ? p.rows : 1);
            const std::uint64_t size = packed ? (p.count() + 3) / 4 + scales * sizeof(float) + 2 * sizeof(std::int32_t)
                                              : p.count() * type.bytesPerWeight;
            plan.tensors.push_back({p.name, p.name, packed ? "I2_S" : plan.embedding, p.count(), size, type.tolerance});
            bytes += size + p.name.size() + 200;
        }
        plan.files.push_back({"model", bytes});
        if (type.bytesPerWeight < sizeof(float) && source.config.useBitlinear)
            plan.notes.push_back("Weights near a rounding boundary become another of -1, 0, 1 when " + plan.type +
                                 " rounds them: the difference is measured.");
        if (!m_holdsConfig) plan.notes.emplace_back("The file holds no configuration: keep config.json with it.");
        return plan;
    }

    Result<ModelValues> expected(const ExportJob& job, ModelValues latent) const override {
        return job.plan.type == std::string("I2_S") ? latentsOfCodes(std::move(latent)) : std::move(latent);
    }
    Result<void> write(const ExportJob& job, const ModelValues& expected, const fs::path& target) const override {
        return writeWeightsFile(target, expected.config, expected.values, TRY(typeOf(job.plan.type)).form);
    }
    Result<ModelValues> readBack(const ExportJob& job, const fs::path& target) const override {
        return importedValues(target,
                              m_holdsConfig ? nlohmann::ordered_json::object() : modelConfigToJson(job.source.config));
    }

  private:
    Result<WeightsType> typeOf(const std::string& asked) const {
        std::string known;
        for (const WeightsType& type : m_types) {
            std::string upper = asked;
            for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            if (asked.empty() || upper == type.name) return type;
            known += (known.empty() ? "" : ", ") + std::string(type.name);
        }
        return makeError(ErrorCode::InvalidArgument, "\"" + asked + "\" is no type of this format; there are " + known);
    }

    const char *m_name, *m_help;
    std::vector<WeightsType> m_types;
    bool m_holdsConfig;
};

}  // namespace

std::unique_ptr<ExportFormat> makeSafetensorsFormat() {
    return std::make_unique<WeightsFormat>(
        "safetensors", "one file: the latent weights, as training has them, or I2_S, the ternary ones in two bits",
        std::vector<WeightsType>{{"F32", WeightsForm::SafetensorsF32, 4, {}},
                                 {"BF16", WeightsForm::SafetensorsBf16, 2, {0x1p-8, 0, 0}},
                                 {"F16", WeightsForm::SafetensorsF16, 2, {0x1p-11, 0, 0x1p-25}},
                                 // A scale is found again to its last bit or a neighbour of it.
                                 {"I2_S", WeightsForm::SafetensorsI2s, 4, {0x1p-22, 0, 0}}},
        true);
}
std::unique_ptr<ExportFormat> makePtFormat() {
    return std::make_unique<WeightsFormat>("pt", "PyTorch state dict with the latent weights",
                                           std::vector<WeightsType>{{"F32", WeightsForm::Pt, 4, {}}}, false);
}

}  // namespace distillix
