// SPDX-License-Identifier: Apache-2.0
// chat: a model that answers for as long as it is asked, by a person or by another program's requests.
#include <iostream>

#include <signal.h>
#include <unistd.h>

#include "app/cli/speaker.h"
#include "core/jobs/requests.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

struct ChatFlags {
    SpeakerFlags speaker;
    std::string system;
};

/// A request's messages; InvalidArgument says what is wrong with them.
Result<std::vector<ChatMessage>> messagesOf(const Json& value) {
    const auto wrong = [](const std::string& what) { return makeError(ErrorCode::InvalidArgument, what); };
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
    return messages;
}

/// How an answer begins: a text, or the ids of its tokens.
Result<std::vector<std::int32_t>> prefixOf(const Json& value, const Speaker& speaker) {
    if (value.is_string()) return speaker.tokenizer->encode(value.get<std::string>());
    const auto wrong = [] {
        return makeError(ErrorCode::InvalidArgument, "\"prefix\" must be a text or a list of token ids");
    };
    if (!value.is_array()) return wrong();
    std::vector<std::int32_t> ids;
    for (const auto& id : value) {
        if (!id.is_number_integer()) return wrong();
        const auto number = id.get<std::int64_t>();
        if (number < 0 || number >= speaker.model->config.vocabSize)
            return makeError(ErrorCode::InvalidArgument, "\"prefix\" names the token " + std::to_string(number) +
                                                             ", which the model does not have");
        ids.push_back(static_cast<std::int32_t>(number));
    }
    return ids;
}

/// What a "generate" request asks for.
Result<GenerationRequest> askedBy(const Json& body, const Speaker& speaker, const ChatFlags& flags) {
    const auto wrong = [](const std::string& what) { return makeError(ErrorCode::InvalidArgument, what); };
    SamplingConfig sampling;
    TRY_VOID(flags.speaker.sampling.apply(sampling));
    std::vector<std::string> stops = flags.speaker.stops;
    Json others = Json::object();
    {
        const auto read = fieldsFromJson(sampling, body, &others);
        if (!read.ok()) return wrong(read.error().text());
    }
    std::optional<Prompt> prompt;
    std::vector<std::int32_t> prefix;
    int sources = 0;
    for (const auto& [key, value] : others.items()) {
        if (key == "id" || key == "request") continue;
        if (key == "stop") {
            if (!value.is_array()) return wrong("\"stop\" must be a list of texts");
            stops.clear();
            for (const auto& text : value) {
                if (!text.is_string()) return wrong("\"stop\" must be a list of texts");
                stops.push_back(text.get<std::string>());
            }
        } else if (key == "prompt" || key == "text") {
            if (!value.is_string()) return wrong("\"" + key + "\" must be a text");
            ++sources;
            const auto text = value.get<std::string>();
            prompt = key == "text" ? speaker.continuation(text) : TRY(speaker.conversation({{ChatRole::User, text}}));
        } else if (key == "messages") {
            auto messages = TRY(messagesOf(value));
            ++sources;
            prompt = TRY(speaker.conversation(std::move(messages)));
        } else if (key == "prefix") {
            prefix = TRY(prefixOf(value, speaker));
        } else {
            return wrong("\"" + key + "\" is no key of this request");
        }
    }
    if (sources != 1) return wrong("exactly one of \"messages\", \"prompt\" and \"text\" must be given");
    if (prompt->isText() && body.contains("prefix") && body["prefix"].is_string())
        return wrong("a text to continue takes its \"prefix\" as token ids: words belong into the text");
    GenerationRequest request = speaker.request(std::move(*prompt), sampling, stops);
    request.prefix = std::move(prefix);
    return request;
}

Result<int> chatByRequests(Reporter& reporter, Speaker& speaker, const ChatFlags& flags) {
    reporter.event("ready",
                   {{"model", speaker.model->folder.string()},
                    {"context", speaker.session->capacity()},
                    {"template", speaker.templated.name()},
                    {"device", speaker.model->backend->info().name},
                    {"packed", speaker.packedJson()}},
                   "");
    std::int64_t answered = 0;
    {
        RequestReader requests(reporter);
        while (auto request = requests.next()) {
            const auto serve = [&]() -> Result<Json> {
                const bool counts = request->name == "count";
                if (request->name != "generate" && !counts)
                    return makeError(ErrorCode::InvalidArgument, "there is no request \"" + request->name +
                                                                     "\"; there are generate, count, cancel, quit");
                GenerationRequest asked = TRY(askedBy(request->body, speaker, flags));
                if (counts) {
                    const std::size_t tokens = asked.prompt.ids().size() + asked.prefix.size();
                    return Json{{"tokens", tokens}, {"context", speaker.session->capacity()}};
                }
                const SamplingConfig sampling = asked.sampling;
                asked.emit = [&](std::string_view piece) {
                    reporter.requestEvent(request->id, "text", {{"text", piece}});
                    return !reporter.readerIsGone();
                };
                asked.onPrompt = [&](const PromptFigures& figures) {
                    reporter.requestEvent(request->id, "prompt", promptJson(figures));
                };
                asked.onToken = [&](const EmittedToken& token) {
                    reporter.requestEvent(request->id, "token", tokenJson(token, *speaker.tokenizer));
                };
                asked.stop = request->stop;
                const Generation generation = TRY(speaker.answer(std::move(asked)));
                return generationJson(generation, sampling);
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
    TRY_VOID(flags.speaker.sampling.apply(sampling));
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
        if (!speaker.templated.chat) messages.clear();  // each line is a text of its own
        messages.push_back({ChatRole::User, line});
        const AnswerStop stop;
        const auto reply = [&]() -> Result<Generation> {
            GenerationRequest request =
                speaker.request(TRY(speaker.conversation(messages)), sampling, flags.speaker.stops);
            request.emit = emitText;
            request.stop = stop.token();
            return speaker.answer(std::move(request));
        };
        const Result<Generation> generation = reply();
        emitText("\n");
        if (!generation.ok()) {
            reporter.warning(generation.error().text());
            messages.pop_back();
            continue;
        }
        // What no longer fits is forgotten, so that it is not tried anew each time.
        const std::size_t first = flags.system.empty() ? 0 : 1;
        messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(first),
                       messages.begin() + static_cast<std::ptrdiff_t>(first) + generation->droppedMessages);
        messages.push_back({ChatRole::Assistant, generation->text});
    }
    if (terminal) emitText("\n");
    return 0;
}

}  // namespace

void addChatVerb(VerbSet& verbs) {
    auto flags = std::make_shared<ChatFlags>();
    CLI::App* verb = verbs.add("chat", "Talk with a model; with --json it takes requests on standard input",
                               "distillix chat runs/first", [flags](VerbContext& context) -> Result<int> {
                                   Speaker speaker = TRY(Speaker::open(flags->speaker, context.reporter));
                                   return context.reporter.isJson() ? chatByRequests(context.reporter, speaker, *flags)
                                                                    : chatByHand(context.reporter, speaker, *flags);
                               });
    verb->add_option("--system", flags->system, "What the model is told before the conversation");
    flags->speaker.addTo(*verb);
}

}  // namespace distillix::cli
