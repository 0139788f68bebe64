// SPDX-License-Identifier: Apache-2.0
#include "core/infer/generator.h"

#include <algorithm>
#include <chrono>

#include "core/base/rng.h"

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

Result<Generation> generate(InferenceSession& session, const Tokenizer& tokenizer,
                            const std::vector<std::int32_t>& prompt, const SamplingConfig& sampling,
                            const std::vector<std::string>& stopStrings, const std::vector<std::int32_t>& endTokens,
                            const std::function<bool(std::string_view)>& emit, StopToken stop) {
    if (prompt.empty()) return makeError(ErrorCode::InvalidArgument, "the prompt has no token");
    std::vector<std::string> stops;
    for (const std::string& s : stopStrings)
        if (!s.empty()) stops.push_back(s);

    Generation result;
    result.promptTokens = static_cast<int>(prompt.size());
    const auto start = std::chrono::steady_clock::now();
    result.reusedTokens = TRY(session.setTokens(prompt));
    result.prefillSeconds = secondsSince(start);

    const auto decodeStart = std::chrono::steady_clock::now();
    StreamDecoder decoder(tokenizer);
    Rng rng(static_cast<std::uint64_t>(sampling.seed));
    std::size_t emitted = 0;  // bytes of result.text that are out
    bool going = true;
    const auto give = [&](std::size_t upTo) {
        if (upTo <= emitted) return;
        if (emit) going = emit(std::string_view(result.text).substr(emitted, upTo - emitted)) && going;
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

    result.end = Generation::End::Length;
    for (int n = 0; n < sampling.maxTokens; ++n) {
        if (stop.raised() || !going) {
            result.end = Generation::End::Cancelled;
            break;
        }
        const std::int32_t id = TRY(session.sample(static_cast<float>(sampling.temperature), sampling.topK,
                                                   static_cast<float>(sampling.topP),
                                                   static_cast<float>(rng.uniform() * (1.0 - 0x1.0p-24))));
        if (std::find(endTokens.begin(), endTokens.end(), id) != endTokens.end()) {
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
        if (session.length() == session.capacity()) {
            result.end = Generation::End::Context;
            break;
        }
        TRY_VOID(session.append(std::span<const std::int32_t>(&id, 1)));
    }
    if (result.end != Generation::End::StopString) {
        const std::size_t before = result.text.size();
        result.text += decoder.finish();
        if (foundStop(before)) result.end = Generation::End::StopString;
    }
    give(result.text.size());
    result.decodeSeconds = secondsSince(decodeStart);
    return result;
}

}  // namespace distillix
