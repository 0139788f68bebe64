// SPDX-License-Identifier: Apache-2.0
// generate: a model that answers once.
#include <cmath>

#include "app/cli/speaker.h"
#include "app/cli/table.h"
#include "core/base/files.h"
#include "core/base/json.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

struct GenerateFlags {
    SpeakerFlags speaker;
    std::string prompt, text, prompts, prefix;
};

/// Lines of a JSONL file, each {"prompt": "..."}; other keys are passed over.
Result<std::vector<std::string>> promptsOf(const std::string& path) {
    const std::string text = TRY(readFile(path));
    std::vector<std::string> prompts;
    std::size_t at = 0, number = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        const Json json = parseJson(line);
        if (!json.is_object() || !json.contains("prompt") || !json["prompt"].is_string())
            return makeError(ErrorCode::InvalidData, "is no JSON object with a \"prompt\"",
                             path + ": line " + std::to_string(number));
        prompts.push_back(json["prompt"].get<std::string>());
    }
    return prompts;
}

/// What the model thought of each token, for people.
std::string tokensText(const std::vector<EmittedToken>& tokens, const Tokenizer& tokenizer) {
    const auto entry = [&](std::int32_t id, double logprob) {
        char share[16];
        std::snprintf(share, sizeof share, "%.1f%%", std::exp(logprob) * 100);
        return Json(shownToken(tokenizer, id)).dump() + " " + share;  // quoted: a token may be a space or a newline
    };
    Table table({"token", "instead"});
    for (const EmittedToken& token : tokens) {
        std::string others;
        for (const auto& other : token.alternatives)
            if (other.id != token.id) others += (others.empty() ? "" : ", ") + entry(other.id, other.logprob);
        table.add({entry(token.id, token.logprob), others});
    }
    return table.text();
}

Result<int> generateOne(VerbContext& context, const GenerateFlags& flags, Speaker& speaker,
                        const SamplingConfig& sampling) {
    Reporter& reporter = context.reporter;
    if (!flags.text.empty() && !flags.prefix.empty())
        return makeError(ErrorCode::InvalidArgument, "--prefix is how an answer begins; a text to continue has none");
    const StopToken stop = context.stopOnSignals();
    Prompt prompt = flags.text.empty() ? TRY(speaker.conversation({{ChatRole::User, flags.prompt}}))
                                       : speaker.continuation(flags.text);
    GenerationRequest request = speaker.request(std::move(prompt), sampling, flags.speaker.stops);
    if (!flags.prefix.empty()) request.prefix = speaker.tokenizer->encode(flags.prefix);
    request.emit = [&](std::string_view piece) {
        if (!reporter.isJson()) return emitText(piece);
        reporter.event("text", {{"text", piece}}, "");
        return !reporter.readerIsGone();
    };
    std::vector<EmittedToken> tokens;
    request.onToken = [&](const EmittedToken& token) {
        if (reporter.isJson())
            reporter.event("token", tokenJson(token, *speaker.tokenizer), "");
        else
            tokens.push_back(token);
    };
    request.stop = stop;
    const Generation generation = TRY(speaker.answer(std::move(request)));
    if (!reporter.isJson()) emitText("\n");
    if (generation.end == Generation::End::Cancelled && stop.raised())
        return makeError(ErrorCode::Cancelled, "stopped");
    reporter.result(generationJson(generation, sampling),
                    tokens.empty() ? "" : "\n" + tokensText(tokens, *speaker.tokenizer));
    return 0;
}

Result<int> generateVerb(VerbContext& context, const GenerateFlags& flags) {
    Reporter& reporter = context.reporter;
    SamplingConfig sampling;
    TRY_VOID(flags.speaker.sampling.apply(sampling));
    std::vector<std::string> prompts;
    if (!flags.prompts.empty()) prompts = TRY(promptsOf(flags.prompts));
    Speaker speaker = TRY(Speaker::open(flags.speaker, reporter));
    if (flags.prompts.empty()) return generateOne(context, flags, speaker, sampling);

    const StopToken stop = context.stopOnSignals();
    std::int64_t tokens = 0;
    double seconds = 0;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        GenerationRequest request =
            speaker.request(TRY(speaker.conversation({{ChatRole::User, prompts[i]}})), sampling, flags.speaker.stops);
        if (!flags.prefix.empty()) request.prefix = speaker.tokenizer->encode(flags.prefix);
        request.stop = stop;
        const Generation generation = TRY(speaker.answer(std::move(request)));
        if (stop.raised()) return makeError(ErrorCode::Cancelled, "stopped after " + std::to_string(i) + " answers");
        tokens += generation.generatedTokens();
        seconds += generation.decodeSeconds;
        Json fields = {{"index", i}, {"prompt", prompts[i]}};
        const Json answer = generationJson(generation, sampling);
        for (const auto& [key, value] : answer.items()) fields[key] = value;
        reporter.event("answer", fields, "");
        if (!reporter.isJson() && !emitText("> " + prompts[i] + "\n" + generation.text + "\n\n")) break;
        if (reporter.readerIsGone()) break;
    }
    reporter.result({{"answers", prompts.size()},
                     {"tokens", tokens},
                     {"tokensPerSecond", seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0}},
                    "");
    return 0;
}

}  // namespace

void addGenerateVerb(VerbSet& verbs) {
    auto flags = std::make_shared<GenerateFlags>();
    CLI::App* verb = verbs.add("generate", "Answer a prompt, or continue a text",
                               "distillix generate runs/first --prompt \"Write a function build(items) that returns "
                               "the first 5 elements of items.\" --temperature 0",
                               [flags](VerbContext& context) { return generateVerb(context, *flags); });
    auto* source = verb->add_option_group("What to go on from, one of");
    source->add_option("--prompt", flags->prompt, "A question, put as the chat template has it");
    source->add_option("--text", flags->text, "A text to continue");
    source->add_option("--prompts", flags->prompts, "JSONL file of {\"prompt\": ...}: answers all of them")
        ->type_name("FILE");
    source->require_option(1);
    verb->add_option("--prefix", flags->prefix, "How the answer is to begin");
    flags->speaker.addTo(*verb);
}

}  // namespace distillix::cli
