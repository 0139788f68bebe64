// SPDX-License-Identifier: Apache-2.0
// import-model: from what another program saved to a model folder.
#include "core/interchange/import_model.h"

#include <cmath>

#include "app/cli/field_flags.h"
#include "app/cli/model_source.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/model/training_pass.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

struct ImportModelFlags {
    std::string source, out, config, tokenizer;
    FieldFlags<ModelConfig> fields;
    DeviceFlags device;
};

/// Loads the folder as every verb would and runs eight tokens through the model. That the logits are numbers is all
/// that can be asked of a stranger's weights.
Result<void> tryModel(const std::filesystem::path& folder, const DeviceFlags& device) {
    constexpr int kTokens = 8;
    PassOptions options;
    options.batch = 1;
    options.tokens = kTokens;
    options.keep = PassOptions::Keep::Nothing;
    auto backend = TRY(device.open());
    const auto model = TRY(OpenModel::open(
        folder, std::move(backend), [&](const ModelConfig& config) { return passWorkload(config, options); },
        [](const ModelConfig&) { return kTokens; }));
    TrainingPass pass = TRY(TrainingPass::create(*model->weights, options));
    std::vector<std::int32_t> ids;
    for (int i = 0; i < kTokens; ++i) ids.push_back(i * (model->config.vocabSize / kTokens));
    return pass.logits(batchFromIds(1, kTokens, ids), [&](int, int rows, const float* values) -> Result<void> {
        const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(model->config.vocabSize);
        for (std::size_t i = 0; i < count; ++i)
            if (!std::isfinite(values[i]))
                return makeError(ErrorCode::InvalidData,
                                 "the model computes logits that are no numbers: its weights or its configuration are "
                                 "not what they should be");
        return {};
    });
}

Result<int> importModelVerb(VerbContext& context, const ImportModelFlags& flags) {
    ModelImportOptions options;
    options.source = flags.source;
    options.output = flags.out;
    options.config = flags.config;
    options.tokenizer = flags.tokenizer;
    options.given = flags.fields.given();
    options.verify = [&](const std::filesystem::path& folder, const ModelConfig&) {
        return tryModel(folder, flags.device);
    };
    const ModelImportReport report = TRY(importModel(options));
    for (const std::string& note : report.notes) context.reporter.warning(note);
    const std::int64_t parameters = report.config.parameterCount();
    const Json result = {{"model", flags.out},
                         {"format", report.format},
                         {"parameters", parameters},
                         {"prefix", report.prefix},
                         {"ternaryMatrices", report.ternaryMatrices},
                         {"gammaDifference", report.gammaDifference},
                         {"tokenizer", report.tokenizer},
                         {"inferred", report.inferred},
                         {"defaulted", report.defaulted},
                         {"notes", report.notes},
                         {"config", modelConfigToJson(report.config)}};
    const auto list = [](const std::vector<std::string>& names) {
        std::string text;
        for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
        return text;
    };
    std::vector<std::pair<std::string, std::string>> pairs{
        {"model", flags.out}, {"read from", report.format}, {"parameters", groupedText(parameters)}};
    if (!report.prefix.empty()) pairs.emplace_back("names", "\"" + report.prefix + "\" taken off");
    if (report.ternaryMatrices > 0)
        pairs.emplace_back("ternary", groupedText(report.ternaryMatrices) +
                                          " matrices kept as they are; scales differ by at most " +
                                          Json(report.gammaDifference).dump());
    if (!report.inferred.empty()) pairs.emplace_back("from shapes", list(report.inferred));
    if (!report.defaulted.empty()) pairs.emplace_back("assumed", list(report.defaulted) + " (the defaults)");
    pairs.emplace_back("works on", report.tokenizer ? "text" : "token ids");
    context.reporter.result(result, pairsText(pairs) + "Next: distillix info model " + flags.out);
    return 0;
}

}  // namespace

void addImportModelVerb(VerbSet& verbs) {
    auto flags = std::make_shared<ImportModelFlags>();
    CLI::App* verb = verbs.add("import-model", "Make a model folder of what another program saved",
                               "distillix import-model model.pt --out models/theirs",
                               [flags](VerbContext& context) { return importModelVerb(context, *flags); });
    verb->add_option("source", flags->source,
                     "A .safetensors (packed i2_s too), .pt or .gguf file, a model folder, or a Hugging Face folder of "
                     "a dense Qwen3")
        ->required();
    verb->add_option("--out", flags->out, "Model folder to make")->required();
    verb->add_option("--config", flags->config, "config.json to use instead of the one beside the weights")
        ->type_name("FILE");
    verb->add_option("--tokenizer", flags->tokenizer, "SentencePiece model to take along")->type_name("FILE");
    flags->device.addTo(*verb);
    FieldFlags<ModelConfig>::Style style;
    style.group = "Configuration, where the source does not tell it";
    style.defaults = false;
    flags->fields.addTo(*verb, style);
}

}  // namespace distillix::cli
