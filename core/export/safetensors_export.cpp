// SPDX-License-Identifier: Apache-2.0
// One safetensors file with the latent weights: float32 as training has them, or half of that.
#include "core/export/exporter.h"
#include "core/formats/safetensors.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

constexpr const char* kConfigKey = "distillix.config";  ///< of the file's metadata: config.json

Result<DType> typeOf(const std::string& name) {
    for (const DType type : {DType::F32, DType::F16, DType::BF16}) {
        std::string known(dtypeName(type)), asked = name;
        for (char& c : asked) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (asked == known) return type;
    }
    return makeError(ErrorCode::InvalidArgument,
                     "\"" + name + "\" is no type of this format; there are F32, F16, BF16");
}

class SafetensorsFormat : public ExportFormat {
  public:
    const char* name() const override { return "safetensors"; }
    const char* help() const override { return "one file with the latent weights, as training has them"; }
    bool isFolder() const override { return false; }
    std::vector<std::string> types() const override { return {"F32", "BF16", "F16"}; }
    std::vector<std::string> embeddings() const override { return {}; }

    Result<ExportPlan> plan(const ExportSource& source, const ExportOptions& options) const override {
        ExportPlan plan;
        const DType type = TRY(typeOf(options.type.empty() ? "F32" : options.type));
        plan.architecture = "distillix";
        plan.type = plan.embedding = type == DType::F32 ? "F32" : type == DType::F16 ? "F16" : "BF16";
        const Tolerance tolerance = type == DType::F32   ? Tolerance{}
                                    : type == DType::F16 ? Tolerance{0x1p-11, 0, 0x1p-25}
                                                         : Tolerance{0x1p-8, 0, 0};
        std::uint64_t bytes = 2048;  // the header, about
        for (const Parameter& p : ParameterLayout(source.config).parameters) {
            plan.tensors.push_back({p.name, p.name, plan.type, p.count(), p.count() * dtypeBytes(type), tolerance});
            bytes += plan.tensors.back().bytes + p.name.size() + 70;
        }
        plan.files.push_back({"model", bytes});
        if (type != DType::F32 && source.config.useBitlinear)
            plan.notes.push_back("Weights near a rounding boundary become another of -1, 0, 1 when " + plan.type +
                                 " rounds them: the difference is measured.");
        return plan;
    }

    ModelValues expected(ModelValues latent) const override { return latent; }

    Result<void> write(const ExportJob& job, const ModelValues& expected, const fs::path& target) const override {
        const DType type = TRY(typeOf(job.plan.type));
        const ParameterLayout layout(expected.config);
        std::vector<std::vector<std::uint16_t>> halves;
        std::vector<SafetensorsTensor> tensors;
        for (const Parameter& p : layout.parameters) {
            const auto values = std::span(expected.values).subspan(p.offset, p.count());
            std::span<const std::byte> bytes = std::as_bytes(values);
            if (type != DType::F32) {
                auto& half = halves.emplace_back(values.size());
                for (std::size_t i = 0; i < values.size(); ++i)
                    half[i] = type == DType::F16 ? Float16(values[i]).bits : BFloat16(values[i]).bits;
                bytes = std::as_bytes(std::span(half));
            }
            tensors.push_back({p.name, type, p.shape(), bytes});
        }
        return writeSafetensors(target, tensors,
                                {{"format", "distillix"}, {kConfigKey, modelConfigToJson(expected.config).dump()}});
    }

    Result<ModelValues> readBack(const ExportJob&, const fs::path& target) const override {
        const SafetensorsFile file = TRY(SafetensorsFile::open(target));
        const auto config = file.metadata().find(kConfigKey);
        if (config == file.metadata().end())
            return makeError(ErrorCode::Internal, "the configuration was not read back", target.string());
        ModelValues back;
        back.config = TRY(modelConfigFromJson(nlohmann::ordered_json::parse(config->second, nullptr, false)));
        const ParameterLayout layout(back.config);
        back.values.resize(layout.total);
        for (const Parameter& p : layout.parameters) {
            const std::vector<float> tensor = TRY(file.floats(p.name, p.shape()));
            std::copy(tensor.begin(), tensor.end(), back.values.begin() + static_cast<std::ptrdiff_t>(p.offset));
        }
        return back;
    }
};

}  // namespace

std::unique_ptr<ExportFormat> makeSafetensorsFormat() {
    return std::make_unique<SafetensorsFormat>();
}

}  // namespace distillix
