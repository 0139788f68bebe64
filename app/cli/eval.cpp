// SPDX-License-Identifier: Apache-2.0
// eval: how well a model predicts a dataset, beside what general compressors make of the same bytes.
#include <cstdio>
#include <numeric>

#include "app/cli/compressors.h"
#include "app/cli/model_source.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/data/tokenizer.h"
#include "core/train/evaluate.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

struct EvalFlags {
    std::string model, dataset, split = "validation";
    int window = 0, stride = 0, batch = 8;
    std::int64_t documents = 0;
    bool compare = false, heads = false;
    DeviceFlags device;
    KeepFlags keep;
};

/// The labelled text of the documents that are looked at, one behind the other: what the bits are counted over.
std::string labelledText(const TokenDataset& dataset, const Tokenizer& tokenizer, std::int64_t documents) {
    std::string text;
    std::vector<std::int32_t> ids;
    for (std::int64_t d = 0; d < documents; ++d) {
        const auto tokens = dataset.documentTokens(d);
        const auto mask = dataset.documentMask(d);
        ids.clear();
        for (std::size_t i = 0; i < tokens.size(); ++i)
            if (mask[i]) ids.push_back(tokens[i]);
        text += tokenizer.decode(ids);
    }
    return text;
}

Result<int> evalVerb(VerbContext& context, const EvalFlags& flags) {
    const TokenDataset dataset = TRY(TokenDataset::open(flags.dataset, flags.split));
    if (dataset.documents() == 0)
        return makeError(ErrorCode::NotFound, "the " + flags.split + " part holds no document", flags.dataset);
    const std::filesystem::path folder = TRY(resolveModelFolder(flags.model));
    const ModelConfig config = TRY(loadModelConfig(folder / "config.json"));
    const Tokenizer tokenizer = TRY(Tokenizer::load(folder / "tokenizer.model"));
    if (tokenizer.hash() != dataset.tokenizerHash())
        return makeError(ErrorCode::InvalidData, "was imported with another tokenizer than the model's", flags.dataset);

    PassOptions options;
    options.batch = flags.batch;
    options.tokens = flags.window > 0 ? flags.window : config.maxSeqLen;
    options.keep = PassOptions::Keep::Nothing;
    if (options.tokens > config.maxSeqLen)
        return makeError(ErrorCode::InvalidArgument,
                         "--window is longer than the model's " + std::to_string(config.maxSeqLen) + " tokens");
    const int stride = flags.stride > 0 ? flags.stride : std::max(1, options.tokens / 2);
    if (stride >= options.tokens)
        return makeError(ErrorCode::InvalidArgument, "--stride must be shorter than the window");
    const std::int64_t documents =
        flags.documents > 0 ? std::min(flags.documents, dataset.documents()) : dataset.documents();
    const StopToken stop = context.stopOnSignals();
    const auto evaluate = [&](const std::string& head) -> Result<Evaluation> {
        auto backend = TRY(flags.device.open());
        const auto model = TRY(OpenModel::open(
            folder, std::move(backend), [&](const ModelConfig& c) { return passWorkload(c, options); },
            [&](const ModelConfig&) { return options.tokens; }, head));
        TrainingPass pass = TRY(TrainingPass::create(model->view, options));
        return evaluateWindows(pass, dataset, flags.batch, options.tokens, stride, documents, stop,
                               [&](std::int64_t done, std::int64_t total) {
                                   Progress progress;
                                   progress.phase = "eval, head " + head;
                                   progress.done = static_cast<double>(done);
                                   progress.total = static_cast<double>(total);
                                   progress.unit = "documents";
                                   context.reporter.progress(progress);
                               });
    };
    const Evaluation evaluation = TRY(evaluate(flags.keep.head));
    Json result = {{"model", folder.string()},
                   {"dataset", flags.dataset},
                   {"split", flags.split},
                   {"documents", documents},
                   {"labels", evaluation.labels},
                   {"textBytes", evaluation.textBytes},
                   {"window", options.tokens},
                   {"stride", stride},
                   {"loss", evaluation.loss()},
                   {"perplexity", evaluation.perplexity()},
                   {"bitsPerByte", evaluation.bitsPerByte()},
                   {"head", flags.keep.head}};
    std::vector<std::pair<std::string, std::string>> pairs{
        {"model", folder.string()},
        {"data", flags.dataset + ", " + flags.split + ": " + groupedText(documents) + " documents, " +
                     groupedText(static_cast<std::int64_t>(evaluation.textBytes)) + " bytes"},
        {"predicted", groupedText(evaluation.labels) + " tokens, each once; windows of " +
                          std::to_string(options.tokens) + ", stride " + std::to_string(stride)},
        {"loss", fixedText(evaluation.loss(), 4) + " nats a token"},
        {"perplexity", fixedText(evaluation.perplexity(), 3)},
        {"bits per byte", fixedText(evaluation.bitsPerByte(), 4)}};
    if (flags.heads) {
        if (!config.useBitlinear)
            return makeError(ErrorCode::InvalidArgument,
                             "--heads is for models with ternary weights; others are not packed");
        Json heads = Json::array();
        for (const char* head : {"float32", "float16", "int8", "int6", "int4"}) {
            const Evaluation other = head == flags.keep.head ? evaluation : TRY(evaluate(head));
            heads.push_back({{"head", head}, {"perplexity", other.perplexity()}, {"bitsPerByte", other.bitsPerByte()}});
            pairs.emplace_back(std::string("head ") + head, "perplexity " + fixedText(other.perplexity(), 4) + ", " +
                                                                fixedText(other.bitsPerByte(), 5) + " bits per byte");
        }
        result["heads"] = heads;
    }
    if (flags.compare) {
        const std::string text = labelledText(dataset, tokenizer, documents);
        if (text.size() != evaluation.textBytes)
            context.reporter.warning("the tokens decode to " + std::to_string(text.size()) +
                                     " bytes, the import counted " + std::to_string(evaluation.textBytes));
        Json others = Json::array();
        for (const auto& compressor : compressorsOfBytes(text)) {
            if (!compressor.bytes.ok()) {
                context.reporter.warning(compressor.command + ": " + compressor.bytes.error().text());
                continue;
            }
            const double bits = 8.0 * static_cast<double>(*compressor.bytes) / static_cast<double>(text.size());
            others.push_back({{"command", compressor.command}, {"bytes", *compressor.bytes}, {"bitsPerByte", bits}});
            pairs.emplace_back(compressor.command,
                               fixedText(bits, 4) + " bits per byte of the same bytes in one stream");
        }
        result["compressors"] = others;
    }
    context.reporter.result(result, pairsText(pairs));
    return 0;
}

}  // namespace

void addEvalVerb(VerbSet& verbs) {
    auto flags = std::make_shared<EvalFlags>();
    CLI::App* verb = verbs.add("eval", "How well a model predicts a dataset: loss, perplexity, bits per byte",
                               "distillix eval runs/first --dataset data/sample --compare",
                               [flags](VerbContext& context) { return evalVerb(context, *flags); });
    verb->add_option("model", flags->model, "Model folder, or a run")->required();
    verb->add_option("--dataset", flags->dataset, "Imported dataset")->required();
    verb->add_option("--split", flags->split, "Part of it: validation or train [validation]")
        ->check(CLI::IsMember({"validation", "train"}));
    verb->add_option("--window", flags->window, "Tokens the model sees at once; 0: as many as it can [0]")
        ->check(CLI::Range(0, 1 << 24).description(""));
    verb->add_option("--stride", flags->stride, "Tokens from one window to the next; 0: half a window [0]")
        ->check(CLI::Range(0, 1 << 24).description(""));
    verb->add_option("--batch", flags->batch, "Windows at a time [8]")->check(CLI::Range(1, 1 << 16).description(""));
    verb->add_option("--documents", flags->documents, "The first so many documents; 0: all [0]")
        ->check(CLI::Range(0.0, 1e15).description(""));
    verb->add_flag("--heads", flags->heads, "Also with the head in every form there is: what each costs");
    verb->add_flag("--compare", flags->compare, "Also what gzip -9 and xz -9e make of the same bytes");
    flags->device.addTo(*verb);
    flags->keep.addTo(*verb, true);
}

}  // namespace distillix::cli
