// SPDX-License-Identifier: Apache-2.0
#include "core/infer/generator.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <numeric>

#include "core/base/rng.h"
#include "core/base/utf8.h"

namespace distillix {

namespace {

/// Length of the longest end of `text` that could still grow into one of the stop strings.
std::size_t heldBack(const std::string& text, const std::vector<std::string>& stops) {
    std::size_t longest = 0;
    for (const std::string& stop : stops) {
        for (std::size_t n = std::min(text.size(), stop.size() - 1); n > longest; --n) {
            if (text.compare(text.size() - n, n, stop, 0, n) == 0) longest = n;
        }
    }
    return longest;
}

/// What the model gave `id` and the `count` likeliest tokens, by its logits.
EmittedToken judged(const std::vector<float>& logits, std::int32_t id, int count, bool ends) {
    const auto of = [&](std::int32_t i) {
        const float z = logits[static_cast<std::size_t>(i)];
        return std::isnan(z) ? -INFINITY : z;
    };
    std::vector<std::int32_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    const auto kept = std::min(order.size(), static_cast<std::size_t>(count));
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                      [&](std::int32_t a, std::int32_t b) { return of(a) > of(b) || (of(a) == of(b) && a < b); });
    const double largest = static_cast<double>(of(order[0]));
    double sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i)
        sum += std::exp(static_cast<double>(of(static_cast<std::int32_t>(i))) - largest);
    const auto logprob = [&](std::int32_t i) { return static_cast<double>(of(i)) - largest - std::log(sum); };
    EmittedToken token;
    token.id = id;
    token.logprob = logprob(id);
    token.ends = ends;
    for (std::size_t i = 0; i < kept; ++i) token.alternatives.push_back({order[i], logprob(order[i])});
    return token;
}

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

const char* generationEndName(Generation::End end) {
    switch (end) {
        case Generation::End::EndToken:
            return "end_token";
        case Generation::End::StopString:
            return "stop_string";
        case Generation::End::Length:
            return "length";
        case Generation::End::Context:
            return "context";
        case Generation::End::Cancelled:
            return "cancelled";
    }
    return "length";
}

std::string shownToken(const Tokenizer& tokenizer, std::int32_t id) {
    const std::string piece = tokenizer.piece(id);
    if (tokenizer.isControl(id)) return piece;
    if (piece.size() == 6 && piece.compare(0, 3, "<0x") == 0) {
        const std::string byte = tokenizer.decode(std::span(&id, 1));
        return byte.size() == 1 && static_cast<unsigned char>(byte[0]) < 0x80 ? byte : piece;
    }
    constexpr std::string_view kSpaceMark = "\u2581";
    std::string text;
    for (std::size_t at = 0; at < piece.size();) {
        const bool space = piece.compare(at, kSpaceMark.size(), kSpaceMark) == 0;
        text += space ? ' ' : piece[at];
        at += space ? kSpaceMark.size() : 1;
    }
    return utf8Replaced(text);
}

Result<Generation> generate(InferenceSession& session, const Tokenizer& tokenizer, GenerationRequest request) {
    const SamplingConfig& sampling = request.sampling;
    const StopToken& stop = request.stop;
    if (request.prompt.ids().empty()) return makeError(ErrorCode::InvalidArgument, "the prompt has no token");
    std::vector<std::string> stops;
    for (const std::string& s : request.stopStrings)
        if (!s.empty()) stops.push_back(s);
    const auto endsAt = [&](std::int32_t id) {
        return std::find(request.endTokens.begin(), request.endTokens.end(), id) != request.endTokens.end();
    };

    Generation result;
    StreamDecoder decoder(tokenizer);
    if (request.prompt.isText())
        for (const std::int32_t id : request.prompt.ids()) decoder.push(id);
    result.promptTokens = static_cast<int>(request.prompt.ids().size());
    result.ids = request.prefix;
    result.prefixTokens = static_cast<int>(request.prefix.size());
    const bool drops = sampling.overflow == "drop";
    const auto capacity = static_cast<std::size_t>(session.capacity());
    /// What the model is to see so that the answer can go on: with room for a quarter of the context where that can be
    /// had, so that what is behind a dropped turn is not computed anew for every token.
    const auto seen = [&](int tokensLeft) {
        const std::size_t room = std::min(static_cast<std::size_t>(tokensLeft), std::max<std::size_t>(capacity / 4, 1));
        return request.prompt.within(result.ids, drops ? capacity - std::min(room, capacity) : SIZE_MAX);
    };
    const auto start = std::chrono::steady_clock::now();
    result.reusedTokens = TRY(session.setTokens(seen(sampling.maxTokens)));
    TRY_VOID(session.wait());
    result.prefillSeconds = secondsSince(start);
    if (request.onPrompt)
        request.onPrompt({result.promptTokens, result.reusedTokens, request.prompt.droppedMessages(),
                          request.prompt.droppedTokens(), session.length(), result.prefillSeconds});

    const auto decodeStart = std::chrono::steady_clock::now();
    Rng rng(static_cast<std::uint64_t>(sampling.seed));
    std::size_t emitted = 0;  // bytes of result.text that are out
    bool going = true;
    const auto give = [&](std::size_t upTo) {
        if (upTo <= emitted) return;
        if (request.emit) going = request.emit(std::string_view(result.text).substr(emitted, upTo - emitted)) && going;
        emitted = upTo;
    };
    /// Looks for a stop string in what is new; true ends the answer in front of it.
    const auto foundStop = [&](std::size_t searchFrom) {
        std::size_t first = std::string::npos;
        for (const std::string& s : stops)
            first = std::min(first, result.text.find(s, searchFrom >= s.size() ? searchFrom - s.size() + 1 : 0));
        if (first == std::string::npos) return false;
        result.text.resize(first);
        return true;
    };
    for (const std::int32_t id : request.prefix) result.text += decoder.push(id);
    give(result.text.size());

    TokenChoice choice;
    choice.temperature = static_cast<float>(sampling.temperature);
    choice.topK = sampling.topK;
    choice.topP = static_cast<float>(sampling.topP);
    choice.minP = static_cast<float>(sampling.minP);
    choice.repetitionPenalty = static_cast<float>(sampling.repetitionPenalty);
    std::vector<std::int32_t> recent;
    result.end = Generation::End::Length;
    for (int n = 0; n < sampling.maxTokens; ++n) {
        if (stop.raised() || !going) {
            result.end = Generation::End::Cancelled;
            break;
        }
        if (sampling.repetitionPenalty != 1) {
            recent.clear();
            const auto& tokens = session.tokens();
            const auto window = std::min(tokens.size(), static_cast<std::size_t>(sampling.repetitionWindow));
            std::copy_if(tokens.end() - static_cast<std::ptrdiff_t>(window), tokens.end(), std::back_inserter(recent),
                         [&](std::int32_t id) { return !tokenizer.isControl(id) && !endsAt(id); });
            choice.recent = recent;
        }
        choice.uniform = static_cast<float>(rng.uniform() * (1.0 - 0x1.0p-24));
        const std::int32_t id = TRY(session.sample(choice));
        const bool ends = endsAt(id);
        if (sampling.logprobs > 0 && request.onToken)
            request.onToken(judged(TRY(session.logits()), id, sampling.logprobs, ends));
        if (ends) {
            result.end = Generation::End::EndToken;
            break;
        }
        result.ids.push_back(id);
        const std::size_t before = result.text.size();
        result.text += decoder.push(id);
        if (foundStop(before)) {
            result.end = Generation::End::StopString;
            break;
        }
        give(result.text.size() - heldBack(result.text, stops));
        if (n + 1 == sampling.maxTokens) break;
        if (session.length() < session.capacity()) {
            TRY_VOID(session.append(std::span<const std::int32_t>(&id, 1)));
            continue;
        }
        const std::vector<std::int32_t> left = drops ? seen(sampling.maxTokens - n - 1) : std::vector<std::int32_t>{};
        if (left.empty() || left.size() > capacity) {
            result.end = Generation::End::Context;
            break;
        }
        TRY_VOID(session.setTokens(left));
    }
    if (result.end != Generation::End::StopString) {
        const std::size_t before = result.text.size();
        result.text += decoder.finish();
        if (foundStop(before)) result.end = Generation::End::StopString;
    }
    give(result.text.size());
    result.decodeSeconds = secondsSince(decodeStart);
    result.droppedMessages = request.prompt.droppedMessages();
    result.droppedTokens = request.prompt.droppedTokens();
    result.contextTokens = session.length();
    return result;
}

}  // namespace distillix
