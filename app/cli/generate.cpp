// SPDX-License-Identifier: Apache-2.0
// generate and chat: a model that answers, once or for as long as it is asked.
#include <cstdio>
#include <iostream>

#include <signal.h>
#include <unistd.h>

#include "app/cli/field_flags.h"
#include "app/cli/model_source.h"
#include "app/cli/verb.h"
#include "core/base/files.h"
#include "core/data/chat_template.h"
#include "core/infer/generator.h"
#include "core/jobs/requests.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

constexpr int kPrefillChunk = 256;  // rows a prefill computes at once: enough for full speed, little memory

/// A model with its tokenizer, template and cache, ready to answer.
struct Speaker {
    std::unique_ptr<OpenModel> model;
    std::unique_ptr<Tokenizer> tokenizer;
    std::unique_ptr<ChatTemplate> chat;
    std::unique_ptr<InferenceSession> session;

    static Result<Speaker> open(const std::string& path, const DeviceFlags& device, int context) {
        Speaker speaker;
        const std::filesystem::path folder = TRY(resolveModelFolder(path));
        speaker.tokenizer = std::make_unique<Tokenizer>(TRY(Tokenizer::load(folder / "tokenizer.model")));
        speaker.chat = std::make_unique<ChatTemplate>(TRY(ChatTemplate::create(*speaker.tokenizer)));
        int capacity = 0;
        auto backend = TRY(device.open());
        speaker.model = TRY(OpenModel::open(
            folder, std::move(backend),
            [](const ModelConfig& config) { return sessionWorkload(config, kPrefillChunk); },
            [&](const ModelConfig& config) {
                return capacity = context > 0 ? std::min(context, config.maxSeqLen) : config.maxSeqLen;
            }));
        if (speaker.tokenizer->size() != speaker.model->config.vocabSize)
            return makeError(ErrorCode::InvalidData,
                             "has " + std::to_string(speaker.tokenizer->size()) +
                                 " pieces, the model a vocabulary of " +
                                 std::to_string(speaker.model->config.vocabSize),
                             (folder / "tokenizer.model").string());
        speaker.session = std::make_unique<InferenceSession>(
            TRY(InferenceSession::create(*speaker.model->weights, capacity, std::min(capacity, kPrefillChunk))));
        return speaker;
    }

    /// The ids of a text that is simply to be continued.
    std::vector<std::int32_t> continuation(const std::string& text) const {
        std::vector<std::int32_t> ids;
        if (tokenizer->bos() >= 0) ids.push_back(tokenizer->bos());
        const auto more = tokenizer->encode(text);
        ids.insert(ids.end(), more.begin(), more.end());
        return ids;
    }

    Result<Generation> answer(const std::vector<std::int32_t>& prompt, const SamplingConfig& sampling,
                              const std::vector<std::string>& stops, const std::function<bool(std::string_view)>& emit,
                              StopToken stop) {
        return distillix::generate(*session, *tokenizer, prompt, sampling, stops, {tokenizer->eos()}, emit,
                                   std::move(stop));
    }
};

Json generationJson(const Generation& generation) {
    return {{"text", generation.text},
            {"finish", generationEndName(generation.end)},
            {"tokens", generation.ids.size()},
            {"promptTokens", generation.promptTokens},
            {"reusedTokens", generation.reusedTokens},
            {"prefillSeconds", generation.prefillSeconds},
            {"decodeSeconds", generation.decodeSeconds},
            {"tokensPerSecond", generation.tokensPerSecond()}};
}

/// Text for people goes out as it comes, piece by piece.
bool emitText(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return std::fflush(stdout) == 0;
}

// ---- generate -----------------------------------------------------------------------------------------------------

struct GenerateFlags {
    std::string model, prompt, text, prompts;
    std::vector<std::string> stops;
    int context = 0;
    FieldFlags<SamplingConfig> sampling;
    DeviceFlags device;
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
        const Json json = Json::parse(line, nullptr, false);
        if (!json.is_object() || !json.contains("prompt") || !json["prompt"].is_string())
            return makeError(ErrorCode::InvalidData, "is no JSON object with a \"prompt\"",
                             path + ": line " + std::to_string(number));
        prompts.push_back(json["prompt"].get<std::string>());
    }
    return prompts;
}

Result<int> generateVerb(VerbContext& context, const GenerateFlags& flags) {
    Reporter& reporter = context.reporter;
    SamplingConfig sampling;
    TRY_VOID(flags.sampling.apply(sampling));
    std::vector<std::string> prompts;
    if (!flags.prompts.empty()) prompts = TRY(promptsOf(flags.prompts));
    Speaker speaker = TRY(Speaker::open(flags.model, flags.device, flags.context));
    const StopToken stop = context.stopOnSignals();

    if (flags.prompts.empty()) {
        const auto ids =
            flags.text.empty() ? speaker.chat->renderPrompt(flags.prompt) : speaker.continuation(flags.text);
        const Generation generation = TRY(speaker.answer(
            ids, sampling, flags.stops,
            [&](std::string_view piece) {
                if (!reporter.isJson()) return emitText(piece);
                reporter.event("text", {{"text", piece}}, "");
                return !reporter.readerIsGone();
            },
            stop));
        if (!reporter.isJson()) emitText("\n");
        if (generation.end == Generation::End::Cancelled && stop.raised())
            return makeError(ErrorCode::Cancelled, "stopped");
        reporter.result(generationJson(generation), "");
        return 0;
    }

    std::int64_t tokens = 0;
    double seconds = 0;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        const Generation generation =
            TRY(speaker.answer(speaker.chat->renderPrompt(prompts[i]), sampling, flags.stops, {}, stop));
        if (stop.raised()) return makeError(ErrorCode::Cancelled, "stopped after " + std::to_string(i) + " answers");
        tokens += static_cast<std::int64_t>(generation.ids.size());
        seconds += generation.decodeSeconds;
        Json fields = {{"index", i}, {"prompt", prompts[i]}};
        const Json answer = generationJson(generation);
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

// ---- chat ---------------------------------------------------------------------------------------------------------

struct ChatFlags {
    std::string model, system;
    std::vector<std::string> stops;
    int context = 0;
    FieldFlags<SamplingConfig> sampling;
    DeviceFlags device;
};

/// What a "generate" request asks for.
struct Asked {
    std::vector<std::int32_t> prompt;
    SamplingConfig sampling;
    std::vector<std::string> stops;
};

Result<Asked> askedBy(const Json& body, const Speaker& speaker, const ChatFlags& flags) {
    const auto wrong = [](const std::string& what) { return makeError(ErrorCode::InvalidArgument, what); };
    Asked asked;
    TRY_VOID(flags.sampling.apply(asked.sampling));
    asked.stops = flags.stops;
    Json others = Json::object();
    {
        const auto read = fieldsFromJson(asked.sampling, body, &others);
        if (!read.ok()) return wrong(read.error().text());
    }
    int sources = 0;
    for (const auto& [key, value] : others.items()) {
        if (key == "id" || key == "request") continue;
        if (key == "stop") {
            if (!value.is_array()) return wrong("\"stop\" must be a list of texts");
            asked.stops.clear();
            for (const auto& text : value) {
                if (!text.is_string()) return wrong("\"stop\" must be a list of texts");
                asked.stops.push_back(text.get<std::string>());
            }
        } else if (key == "prompt" || key == "text") {
            if (!value.is_string()) return wrong("\"" + key + "\" must be a text");
            ++sources;
            asked.prompt = key == "prompt" ? speaker.chat->renderPrompt(value.get<std::string>())
                                           : speaker.continuation(value.get<std::string>());
        } else if (key == "messages") {
            if (!value.is_array() || value.empty()) return wrong("\"messages\" must be a list of messages");
            std::vector<ChatMessage> messages;
            for (const auto& message : value) {
                const auto role = message.is_object() && message.contains("role") && message["role"].is_string()
                                      ? message["role"].get<std::string>()
                                      : std::string();
                if (!message.is_object() || !message.contains("content") || !message["content"].is_string())
                    return wrong("a message needs a \"role\" and a \"content\"");
                ChatMessage out;
                if (role == "system")
                    out.role = ChatRole::System;
                else if (role == "user")
                    out.role = ChatRole::User;
                else if (role == "assistant")
                    out.role = ChatRole::Assistant;
                else
                    return wrong("a message's \"role\" must be system, user or assistant");
                out.text = message["content"].get<std::string>();
                messages.push_back(std::move(out));
            }
            ++sources;
            asked.prompt = speaker.chat->renderPrompt(messages);
        } else {
            return wrong("\"" + key + "\" is no key of this request");
        }
    }
    if (sources != 1) return wrong("exactly one of \"messages\", \"prompt\" and \"text\" must be given");
    return asked;
}

Result<int> chatByRequests(Reporter& reporter, Speaker& speaker, const ChatFlags& flags) {
    reporter.event("ready",
                   {{"model", speaker.model->folder.string()},
                    {"context", speaker.session->capacity()},
                    {"template", speaker.chat->name()},
                    {"device", speaker.model->backend->info().name}},
                   "");
    std::int64_t answered = 0;
    {
        RequestReader requests(reporter);
        while (auto request = requests.next()) {
            const auto serve = [&]() -> Result<Json> {
                if (request->name != "generate")
                    return makeError(ErrorCode::InvalidArgument,
                                     "there is no request \"" + request->name + "\"; there are generate, cancel, quit");
                const Asked asked = TRY(askedBy(request->body, speaker, flags));
                const Generation generation = TRY(speaker.answer(
                    asked.prompt, asked.sampling, asked.stops,
                    [&](std::string_view piece) {
                        reporter.requestEvent(request->id, "text", {{"text", piece}});
                        return !reporter.readerIsGone();
                    },
                    request->stop));
                return generationJson(generation);
            };
            const Result<Json> result = serve();
            requests.done();
            if (result.ok())
                reporter.requestResult(request->id, *result);
            else
                reporter.requestError(request->id, result.error());
            answered += result.ok();
        }
    }
    reporter.result({{"answered", answered}}, "");
    return 0;
}

/// Ctrl-C while the model speaks ends its answer; at the prompt it ends the program, as everywhere.
class AnswerStop {
  public:
    AnswerStop() {
        source() = StopSource();
        struct sigaction action {};
        action.sa_handler = [](int) { source().raise(); };
        action.sa_flags = SA_RESTART;
        ::sigaction(SIGINT, &action, &m_before);
    }
    ~AnswerStop() { ::sigaction(SIGINT, &m_before, nullptr); }
    StopToken token() const { return source().token(); }

  private:
    static StopSource& source() {
        static StopSource stop;
        return stop;
    }
    struct sigaction m_before {};
};

Result<int> chatByHand(Reporter& reporter, Speaker& speaker, const ChatFlags& flags) {
    SamplingConfig sampling;
    TRY_VOID(flags.sampling.apply(sampling));
    const bool terminal = ::isatty(0) == 1;
    if (terminal)
        reporter.info("Ask something. /new forgets what was said, Ctrl-C cuts an answer short, Ctrl-D or /quit ends.");
    std::vector<ChatMessage> messages;
    const auto begin = [&] {
        messages.clear();
        if (!flags.system.empty()) messages.push_back({ChatRole::System, flags.system});
    };
    begin();
    std::string line;
    while (true) {
        if (terminal) emitText("> ");
        if (!std::getline(std::cin, line)) break;
        if (line.find_first_not_of(" \t") == std::string::npos) continue;
        if (line == "/quit") break;
        if (line == "/new") {
            begin();
            continue;
        }
        messages.push_back({ChatRole::User, line});
        // What no longer fits is forgotten from the front, a question with its answer, the system's words never.
        const std::size_t first = flags.system.empty() ? 0 : 1;
        auto prompt = speaker.chat->renderPrompt(messages);
        while (static_cast<int>(prompt.size()) >= speaker.session->capacity() && messages.size() > first + 2) {
            messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(first),
                           messages.begin() + static_cast<std::ptrdiff_t>(first) + 2);
            prompt = speaker.chat->renderPrompt(messages);
        }
        const AnswerStop stop;
        const Result<Generation> generation = speaker.answer(prompt, sampling, flags.stops, emitText, stop.token());
        emitText("\n");
        if (!generation.ok()) {
            reporter.warning(generation.error().text());
            messages.pop_back();
            continue;
        }
        messages.push_back({ChatRole::Assistant, generation->text});
    }
    if (terminal) emitText("\n");
    return 0;
}

}  // namespace

void addGenerateVerbs(VerbSet& verbs) {
    {
        auto flags = std::make_shared<GenerateFlags>();
        CLI::App* verb = verbs.add("generate", "Answer a prompt, or continue a text",
                                   "distillix generate runs/first --prompt \"Write add(a, b).\" --temperature 0",
                                   [flags](VerbContext& context) { return generateVerb(context, *flags); });
        verb->add_option("model", flags->model, "Model folder, or a run")->required();
        auto* source = verb->add_option_group("What to go on from, one of");
        source->add_option("--prompt", flags->prompt, "A question, put as the chat template has it");
        source->add_option("--text", flags->text, "A text to continue");
        source->add_option("--prompts", flags->prompts, "JSONL file of {\"prompt\": ...}: answers all of them")
            ->type_name("FILE");
        source->require_option(1);
        verb->add_option("--stop", flags->stops, "End the answer before this text (may be given several times)")
            ->allow_extra_args(false);
        verb->add_option("--context", flags->context, "Tokens of room; 0: what the model was made for [0]")
            ->check(CLI::Range(0, 1 << 24).description(""));
        flags->sampling.addTo(*verb);
        flags->device.addTo(*verb);
    }
    {
        auto flags = std::make_shared<ChatFlags>();
        CLI::App* verb =
            verbs.add("chat", "Talk with a model; with --json it takes requests on standard input",
                      "distillix chat runs/first", [flags](VerbContext& context) -> Result<int> {
                          Speaker speaker = TRY(Speaker::open(flags->model, flags->device, flags->context));
                          return context.reporter.isJson() ? chatByRequests(context.reporter, speaker, *flags)
                                                           : chatByHand(context.reporter, speaker, *flags);
                      });
        verb->add_option("model", flags->model, "Model folder, or a run")->required();
        verb->add_option("--system", flags->system, "What the model is told before the conversation");
        verb->add_option("--stop", flags->stops, "End answers before this text (may be given several times)")
            ->allow_extra_args(false);
        verb->add_option("--context", flags->context, "Tokens of room; 0: what the model was made for [0]")
            ->check(CLI::Range(0, 1 << 24).description(""));
        flags->sampling.addTo(*verb);
        flags->device.addTo(*verb);
    }
}

}  // namespace distillix::cli
