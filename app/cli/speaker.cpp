// SPDX-License-Identifier: Apache-2.0
#include "app/cli/speaker.h"

#include <cstdio>

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

constexpr int kPrefillChunk = 256;  // rows a prefill computes at once: enough for full speed, little memory

}  // namespace

void SpeakerFlags::addTo(CLI::App& verb) {
    verb.add_option("model", model, "Model folder, or a run")->required();
    std::string names = "auto|" + std::string(kNoTemplate);
    for (const auto& name : ChatTemplate::names()) names += "|" + name;
    verb.add_option("--template", chatTemplate,
                    "How questions are put; none: they are continued as they are, for models that are no assistants "
                    "[auto: as the model's folder or its tokenizer says]")
        ->type_name(names);
    verb.add_option("--stop", stops, "End an answer before this text (may be given several times)")
        ->allow_extra_args(false);
    verb.add_option("--context", context, "Tokens of room; 0: what the model was made for [0]")
        ->check(CLI::Range(0, 1 << 24).description(""));
    sampling.addTo(verb);
    device.addTo(verb);
    keep.addTo(verb, false);
}

Result<Speaker> Speaker::open(const SpeakerFlags& flags, Reporter& reporter) {
    Speaker speaker;
    const std::filesystem::path folder = TRY(resolveModelFolder(flags.model));
    speaker.tokenizer = std::make_unique<Tokenizer>(TRY(Tokenizer::load(folder / "tokenizer.model")));
    const StoredTemplate stored = TRY(loadStoredTemplate(folder));
    speaker.templated = TRY(chooseTemplate(*speaker.tokenizer, stored, flags.chatTemplate));
    if (speaker.templated.unknownJinja)
        reporter.warning(
            "the model brings a Jinja chat template that is none of those this program has, and none is "
            "run; " +
            (speaker.templated.chat ? "\"" + speaker.templated.name() + "\" is used"
                                    : std::string("texts are continued as they are")) +
            " (--template names another, info model shows it)");
    const DType cache = TRY(flags.keep.cacheType());
    int capacity = 0;
    auto backend = TRY(flags.device.open());
    speaker.model = TRY(OpenModel::open(
        folder, std::move(backend), [](const ModelConfig& config) { return sessionWorkload(config, kPrefillChunk); },
        [&](const ModelConfig& config) {
            return capacity = flags.context > 0 ? std::min(flags.context, config.maxSeqLen) : config.maxSeqLen;
        },
        flags.keep.head));
    if (speaker.model->packed && !speaker.model->packed->note().empty()) reporter.info(speaker.model->packed->note());
    if (speaker.tokenizer->size() != speaker.model->config.vocabSize)
        return makeError(ErrorCode::InvalidData,
                         "has " + std::to_string(speaker.tokenizer->size()) + " pieces, the model a vocabulary of " +
                             std::to_string(speaker.model->config.vocabSize),
                         (folder / "tokenizer.model").string());
    speaker.session = std::make_unique<InferenceSession>(
        TRY(InferenceSession::create(speaker.model->view, capacity, std::min(capacity, kPrefillChunk), cache)));
    return speaker;
}

Result<Prompt> Speaker::conversation(std::vector<ChatMessage> messages) const {
    if (templated.chat) return Prompt::conversation(*templated.chat, std::move(messages));
    if (messages.size() != 1 || messages[0].role != ChatRole::User)
        return makeError(ErrorCode::InvalidArgument,
                         "this model has no chat template and cannot be told a conversation: give it a text to "
                         "continue, or name a template");
    return continuation(messages[0].text);
}

Json Speaker::packedJson() const {
    if (!model->packed) return nullptr;
    return {{"head", weightFormatName(model->view.head.shape.format)},
            {"fromCache", model->packed->fromCache()},
            {"seconds", model->packed->openSeconds()},
            {"file", model->packed->cacheFile().string()}};
}

Prompt Speaker::continuation(const std::string& text) const {
    std::vector<std::int32_t> ids = tokenizer->encode(text);
    const bool begins = tokenizer->bos() >= 0;
    if (begins) ids.insert(ids.begin(), tokenizer->bos());
    return Prompt::text(std::move(ids), begins);
}

GenerationRequest Speaker::request(Prompt prompt, const SamplingConfig& sampling,
                                   const std::vector<std::string>& stops) const {
    const bool text = prompt.isText();
    GenerationRequest request{.prompt = std::move(prompt), .sampling = sampling, .stopStrings = stops};
    if (tokenizer->eos() >= 0) request.endTokens.push_back(tokenizer->eos());
    if (templated.chat) request.endTokens = templated.chat->stopTokens();
    if (templated.chat && !text)
        for (const std::string& marker : templated.chat->stopStrings()) request.stopStrings.push_back(marker);
    return request;
}

Json generationJson(const Generation& generation, const SamplingConfig& sampling) {
    Json json = {{"text", generation.text},
                 {"finish", generationEndName(generation.end)},
                 {"tokens", generation.generatedTokens()},
                 {"promptTokens", generation.promptTokens},
                 {"reusedTokens", generation.reusedTokens},
                 {"droppedMessages", generation.droppedMessages},
                 {"droppedTokens", generation.droppedTokens},
                 {"contextTokens", generation.contextTokens},
                 {"prefillSeconds", generation.prefillSeconds},
                 {"decodeSeconds", generation.decodeSeconds},
                 {"tokensPerSecond", generation.tokensPerSecond()}};
    if (sampling.logprobs > 0) json["ids"] = generation.ids;
    return json;
}

Json promptJson(const PromptFigures& figures) {
    return {{"promptTokens", figures.promptTokens},       {"reusedTokens", figures.reusedTokens},
            {"droppedMessages", figures.droppedMessages}, {"droppedTokens", figures.droppedTokens},
            {"contextTokens", figures.contextTokens},     {"prefillSeconds", figures.prefillSeconds}};
}

Json tokenJson(const EmittedToken& token, const Tokenizer& tokenizer) {
    Json alternatives = Json::array();
    for (const auto& other : token.alternatives)
        alternatives.push_back(
            {{"token", other.id}, {"shown", shownToken(tokenizer, other.id)}, {"logprob", other.logprob}});
    return {{"token", token.id},
            {"shown", shownToken(tokenizer, token.id)},
            {"logprob", token.logprob},
            {"ends", token.ends},
            {"alternatives", alternatives}};
}

bool emitText(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return std::fflush(stdout) == 0;
}

}  // namespace distillix::cli
