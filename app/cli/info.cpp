// SPDX-License-Identifier: Apache-2.0
// info device, model, dataset, run, formats: what something is, without changing it.
#include "app/cli/model_source.h"
#include "app/cli/run_text.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/backend/nvml.h"
#include "core/base/threads.h"
#include "core/base/version.h"
#include "core/data/batch_text.h"
#include "core/data/batches.h"
#include "core/data/dataset.h"
#include "core/data/stored_template.h"
#include "core/data/tokenizer.h"
#include "core/export/exporter.h"
#include "core/interchange/model_origin.h"
#include "core/model/parameters.h"
#include "core/model/weight_statistics.h"
#include "core/train/run_folder.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

/// What NVIDIA's driver tells of its cards (core/backend/nvml.h); what a card does not tell is null in JSON, "-" in
/// text.
void addCards(Json& result, std::string& text) {
    const std::unique_ptr<Nvml> driver = Nvml::open();
    if (!driver) return;
    Json cards = Json::array();
    Table table(
        {"card", "memory used", "free", "busy", "temperature", "power", "clock", "memory clock", "held back by"});
    const auto told = [](double number) { return number < 0 ? Json(nullptr) : Json(number); };
    const auto shown = [](double number, const char* format, double factor = 1) {
        return number < 0 ? std::string("-") : formatted(format, number * factor);
    };
    for (const CardReading& card : driver->read(0)) {
        cards.push_back({{"name", card.name},
                         {"memoryBytes", card.memoryTotal},
                         {"memoryUsedBytes", card.memoryUsed},
                         {"memoryFreeBytes", card.memoryFree},
                         {"utilisation", told(card.utilisation)},
                         {"celsius", told(card.celsius)},
                         {"watts", told(card.watts)},
                         {"wattLimit", told(card.wattLimit)},
                         {"clockMhz", told(card.clockMhz)},
                         {"clockLimitMhz", told(card.clockLimitMhz)},
                         {"memoryClockMhz", told(card.memoryClockMhz)},
                         {"throttle", card.throttle}});
        table.add({card.name, bytesText(card.memoryUsed), bytesText(card.memoryFree),
                   shown(card.utilisation, "%.0f%%", 100), shown(card.celsius, "%.0f °C"),
                   shown(card.watts, "%.0f W") + " of " + shown(card.wattLimit, "%.0f W"),
                   shown(card.clockMhz, "%.0f MHz") + " of " + shown(card.clockLimitMhz, "%.0f MHz"),
                   shown(card.memoryClockMhz, "%.0f MHz"), card.throttle.empty() ? "nothing" : card.throttle});
    }
    result["cards"] = std::move(cards);
    text += "\n" + table.text();
}

Result<int> deviceVerb(VerbContext& context) {
    Json devices = Json::array(), missing = Json::array();
    Table table({"device", "level", "threads", "memory", "mixed", "what it is"});
    std::vector<MissingDevice> absent;
    for (const BackendInfo& info : listBackends(&absent)) {
        devices.push_back({{"name", info.name},
                           {"device", info.device},
                           {"level", info.level},
                           {"threads", info.threads},
                           {"memoryBytes", info.memoryBytes},
                           {"bf16", info.hasBf16}});
        table.add({info.name, info.level, std::to_string(info.threads),
                   bytesText(static_cast<double>(info.memoryBytes)), info.hasBf16 ? "fast" : "slow", info.device});
    }
    std::string text = std::string("distillix ") + programVersion() + ", " + std::to_string(availableCores()) +
                       " cores\n\n" + table.text();
    for (const MissingDevice& device : absent) {
        missing.push_back({{"name", device.device}, {"reason", device.reason}});
        text += "\n" + device.device + " cannot be opened: " + device.reason + "\n";
    }
    Json result = {
        {"version", programVersion()}, {"cores", availableCores()}, {"devices", devices}, {"missing", missing}};
    addCards(result, text);
    context.reporter.result(result, text);
    return 0;
}

Result<int> modelVerb(VerbContext& context, const std::string& path, bool weights) {
    const std::filesystem::path folder = TRY(resolveModelFolder(path));
    const ModelConfig config = TRY(loadModelConfig(folder / "config.json"));
    const ParameterLayout layout(config);
    const SafetensorsFile file = TRY(SafetensorsFile::open(folder / "model.safetensors"));
    std::int64_t ternary = 0;
    std::uint64_t fileBytes = 0;
    for (const Parameter& parameter : layout.parameters) {
        const SafetensorsEntry* entry = file.find(parameter.name);
        if (!entry)
            return makeError(ErrorCode::InvalidData, "lacks the tensor " + parameter.name,
                             (folder / "model.safetensors").string());
        if (entry->shape != parameter.shape())
            return makeError(ErrorCode::InvalidData, "has another shape than config.json says",
                             (folder / "model.safetensors").string() + ": " + parameter.name);
        fileBytes += entry->end - entry->begin;
        if (config.useBitlinear && parameter.kind == Parameter::Kind::Projection)
            ternary += static_cast<std::int64_t>(parameter.count());
    }
    Json json = {{"path", folder.string()},
                 {"parameters", config.parameterCount()},
                 {"ternaryParameters", ternary},
                 {"weightBytes", fileBytes},
                 {"config", modelConfigToJson(config)}};
    std::vector<std::pair<std::string, std::string>> pairs{
        {"model", folder.string()},
        {"parameters", groupedText(config.parameterCount()) + ", of them " + groupedText(ternary) + " ternary"},
        {"weights", bytesText(static_cast<double>(fileBytes)) + " in the file"}};
    ModelConfig::forEachField(config, [&](const auto& value, const Field& field) {
        using T = std::decay_t<decltype(value)>;
        std::string text;
        if constexpr (std::is_same_v<T, std::optional<double>>)
            text = value ? Json(*value).dump() : "none";
        else
            text = Json(value).dump();
        pairs.emplace_back(field.name, text);
    });
    if (const auto origin = loadModelOrigin(folder)) {
        json["origin"] = modelOriginToJson(*origin);
        pairs.emplace_back("imported from", origin->source + " (" + origin->format + "), " + origin->imported);
        for (const auto& from : origin->files) pairs.emplace_back("", from.name + ", sha256 " + from.sha256);
    }
    std::string jinja;
    std::error_code ignored;
    if (std::filesystem::exists(folder / "tokenizer.model", ignored)) {
        const Tokenizer tokenizer = TRY(Tokenizer::load(folder / "tokenizer.model"));
        json["tokenizer"] = {{"pieces", tokenizer.size()}, {"hash", tokenizer.hash()}};
        pairs.emplace_back("tokenizer", groupedText(tokenizer.size()) + " pieces");
        const StoredTemplate stored = TRY(loadStoredTemplate(folder));
        const ChosenTemplate chosen = TRY_AT(chooseTemplate(tokenizer, stored, "auto"), folder.string());
        json["template"] = {{"name", chosen.name()},
                            {"source", templateSourceText(chosen.source)},
                            {"jinja", stored.jinja.empty() ? Json(nullptr) : Json(stored.jinja)},
                            {"unknownJinja", chosen.unknownJinja}};
        pairs.emplace_back("chat template", chosen.name() + " (" + templateSourceText(chosen.source) + ")");
        if (!stored.jinja.empty()) jinja = stored.jinja;
        if (chosen.unknownJinja)
            context.reporter.warning(
                "the model's Jinja chat template is none that this program has; it is kept and "
                "shown, never run");
        if (tokenizer.size() != config.vocabSize)
            context.reporter.warning("vocab_size is " + std::to_string(config.vocabSize) + " but the tokenizer has " +
                                     std::to_string(tokenizer.size()) + " pieces");
    }
    std::string text = pairsText(pairs) + (jinja.empty() ? "" : "\nIts Jinja template:\n" + jinja + "\n");
    if (weights) {
        Table table({"weights", "shape", "rms", "largest", "scale", "-1", "0", "1"});
        Json list = Json::array();
        for (const WeightStatistics& one : TRY(weightStatistics(folder, config))) {
            Json entry = {
                {"name", one.name}, {"rows", one.rows}, {"cols", one.cols}, {"rms", one.rms}, {"largest", one.largest}};
            if (one.ternary)
                entry.update(Json{{"gamma", one.gamma}, {"minus", one.minus}, {"zero", one.zero}, {"plus", one.plus}});
            const auto share = [&](double value) {
                return one.ternary ? formatted("%.2f%%", value * 100) : std::string();
            };
            table.add({one.name, std::to_string(one.rows) + " x " + std::to_string(one.cols), fixedText(one.rms, 5),
                       fixedText(one.largest, 5), one.ternary ? fixedText(one.gamma, 5) : "", share(one.minus),
                       share(one.zero), share(one.plus)});
            list.push_back(std::move(entry));
        }
        json["weights"] = std::move(list);
        text += "\n" + table.text();
    }
    context.reporter.result(json, text);
    return 0;
}

/// What `export` takes, so that a window need not repeat it.
Result<int> formatsVerb(VerbContext& context) {
    const auto listed = [](const std::vector<std::string>& names) {
        std::string text;
        for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
        return text;
    };
    Json formats = Json::array();
    Table table({"format", "a", "weights, the default first", "embedding", "what it is"});
    for (const ExportFormat* format : exportFormats()) {
        formats.push_back({{"name", format->name()},
                           {"help", format->help()},
                           {"folder", format->isFolder()},
                           {"types", format->types()},
                           {"embeddings", format->embeddings()}});
        table.add({format->name(), format->isFolder() ? "folder" : "file", listed(format->types()),
                   listed(format->embeddings()), format->help()});
    }
    context.reporter.result({{"formats", formats}}, table.text());
    return 0;
}

struct DatasetFlags {
    std::string path;
    bool verify = false, firstBatch = false;
    std::string split = "train";
    int batch = 2, tokens = 256;
    std::uint64_t seed = 1;
};

/// The first micro-batch of a training with this seed, as the model gets it.
Result<void> addFirstBatch(const DatasetFlags& flags, Json& json, std::string& text) {
    const TokenDataset dataset = TRY(TokenDataset::open(flags.path, flags.split));
    if (dataset.documents() == 0)
        return makeError(ErrorCode::InvalidArgument, "has no documents in its part \"" + flags.split + "\"",
                         flags.path);
    const Tokenizer tokenizer = TRY(Tokenizer::load(std::filesystem::path(flags.path) / "tokenizer.model"));
    if (tokenizer.hash() != dataset.tokenizerHash())
        return makeError(ErrorCode::InvalidData, "is not the tokenizer that the dataset was made with",
                         (std::filesystem::path(flags.path) / "tokenizer.model").string());
    BatchLoader loader(dataset, flags.batch, flags.tokens, flags.seed);
    Batch batch;
    loader.load(0, batch);
    json["firstBatch"] = batchToJson(batch, tokenizer, dataset.padId());
    json["paddingShare"] = loader.paddingShare();
    char line[80];
    std::snprintf(line, sizeof line, "%.2f%% of an epoch is padding\n", 100 * loader.paddingShare());
    text += "\n" + batchText(batch, tokenizer, dataset.padId()) + line;
    return {};
}

Result<int> datasetVerb(VerbContext& context, const DatasetFlags& flags) {
    const DatasetInfo info = TRY(loadDatasetInfo(flags.path));
    Json json = {{"path", flags.path}};
    const Json written = datasetInfoToJson(info);
    for (const auto& [key, value] : written.items()) json[key] = value;
    std::vector<std::pair<std::string, std::string>> pairs{
        {"dataset", flags.path}, {"kind", info.kind}, {"template", info.chatTemplate}};
    for (const auto& source : info.sources) pairs.emplace_back("source", source.path);
    pairs.emplace_back("tokenizer", groupedText(info.vocabSize) + " pieces" +
                                        (info.tokenizerTrained ? ", trained in this import" : "") + ", " +
                                        info.tokenizerHash);
    for (const char* split : {"train", "validation"}) {
        const TokenDataset dataset = TRY(TokenDataset::open(flags.path, split));
        if (flags.verify) TRY_VOID(dataset.verify());
        pairs.emplace_back(split, groupedText(dataset.documents()) + " documents, " + groupedText(dataset.tokens()) +
                                      " tokens (" + groupedText(dataset.labels()) + " to learn), " +
                                      bytesText(static_cast<double>(dataset.textBytes())) + " of text");
    }
    pairs.emplace_back("held-out prompts", groupedText(static_cast<std::int64_t>(info.heldOutPrompts)));
    if (flags.verify) {
        json["verified"] = true;
        pairs.emplace_back("checksums", "all as written");
    }
    std::string text = pairsText(pairs);
    if (flags.firstBatch) TRY_VOID(addFirstBatch(flags, json, text));
    context.reporter.result(json, text);
    return 0;
}

}  // namespace

void addInfoVerbs(VerbSet& verbs) {
    CLI::App* group = verbs.addGroup("info", "What a device, model, dataset or run is");
    verbs.add(group, "device", "Where this program can compute here", "distillix info device", deviceVerb);
    verbs.add(group, "formats", "What export writes: formats, their types of weights and embeddings",
              "distillix info formats", formatsVerb);
    {
        auto path = std::make_shared<std::string>();
        auto weights = std::make_shared<bool>(false);
        CLI::App* verb = verbs.add(
            group, "model", "A model's configuration and size; checks its tensors", "distillix info model runs/first",
            [path, weights](VerbContext& context) { return modelVerb(context, *path, *weights); });
        verb->add_option("model", *path, "Model folder, or a run")->required();
        verb->add_flag("--weights", *weights, "Look at the weights too: their sizes, scales and shares of -1, 0 and 1");
    }
    {
        auto flags = std::make_shared<DatasetFlags>();
        CLI::App* verb =
            verbs.add(group, "dataset", "What an imported dataset holds", "distillix info dataset data/sample --verify",
                      [flags](VerbContext& context) { return datasetVerb(context, *flags); });
        verb->add_option("dataset", flags->path, "Dataset folder")->required();
        verb->add_flag("--verify", flags->verify, "Read everything and compare checksums");
        verb->add_flag("--first-batch", flags->firstBatch,
                       "Show the first batch of a training: tokens, what is learnt, where documents begin");
        verb->add_option("--split", flags->split, "Of which part: train or validation [train]")
            ->type_name("NAME")
            ->check(CLI::IsMember({"train", "validation"}).description(""));
        const auto number = [&](const char* name, auto& value, const char* help, double least, double most) {
            verb->add_option(name, value, help)->type_name("NUMBER")->check(CLI::Range(least, most).description(""));
        };
        number("--batch", flags->batch, "Sequences in it [2]", 1, 64);
        number("--tokens", flags->tokens, "Tokens in each [256]", 2, 65536);
        number("--seed", flags->seed, "The training's seed [1]", 0, 9e15);
    }
    {
        auto path = std::make_shared<std::string>();
        CLI::App* verb = verbs.add(group, "run", "The same as runs show", "distillix info run runs/first",
                                   [path](VerbContext& context) -> Result<int> {
                                       const RunSummary run = TRY(readRun(*path));
                                       context.reporter.result(runJson(run), runText(run));
                                       return 0;
                                   });
        verb->add_option("run", *path, "Run folder")->required();
    }
}

}  // namespace distillix::cli
