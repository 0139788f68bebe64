// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fields.h"
#include "core/base/stop_token.h"
#include "core/data/tokenizer.h"
#include "core/infer/prompt.h"
#include "core/infer/session.h"

namespace distillix {

struct SamplingConfig {
    int maxTokens = 256;
    double temperature = 0.7;
    int topK = 40;
    double topP = 0.95;
    double minP = 0;
    double repetitionPenalty = 1;
    int repetitionWindow = 64;
    std::int64_t seed = 1;
    std::string overflow = "drop";
    int logprobs = 0;

    template <typename Self, typename Visitor>
    static void forEachField(Self& self, Visitor&& visit) {
        visit(self.maxTokens, Field{"max_tokens", "Longest answer", "tokens", 1, 1 << 24});
        visit(self.temperature, Field{"temperature", "0 always takes the likeliest token", "", 0, 100});
        visit(self.topK, Field{"top_k", "Draw from the k likeliest tokens; 0: all", "tokens", 0, 1 << 24});
        visit(self.topP, Field{"top_p", "Draw from the likeliest tokens that together reach this share", "", 0, 1});
        visit(self.minP,
              Field{"min_p", "Draw from tokens at least this many times as likely as the likeliest", "", 0, 1});
        visit(self.repetitionPenalty,
              Field{"repetition_penalty", "Over 1 makes tokens unlikelier that came a moment ago; 1: none", "", 0.01,
                    100});
        visit(self.repetitionWindow,
              Field{"repetition_window", "How far back the repetition penalty looks", "tokens", 0, 1 << 24});
        visit(self.seed, Field{"seed", "The same seed gives the same answer", "", 0, 9e15});
        visit(self.overflow,
              Field{"overflow",
                    "Where the context is full: stop, or drop the oldest turns (of a text: its beginning)",
                    "",
                    0,
                    0,
                    {"drop", "stop"}});
        visit(self.logprobs, Field{"logprobs", "Tell of each token so many alternatives, with their probabilities",
                                   "tokens", 0, 1000});
    }
};

/// One token of an answer and what the model thought of it: logarithms of probabilities by its own logits, before
/// temperature, penalty and cuts.
struct EmittedToken {
    std::int32_t id = 0;
    double logprob = 0;
    bool ends = false;  ///< it ended the answer and is not in its text
    struct Alternative {
        std::int32_t id = 0;
        double logprob = 0;
    };
    std::vector<Alternative> alternatives;  ///< the likeliest, most first; the emitted one may be among them
};

struct GenerationRequest {
    Prompt prompt;
    std::vector<std::int32_t> prefix{};  ///< how the answer begins: part of its text and ids, computed but not drawn
    SamplingConfig sampling{};
    std::vector<std::string> stopStrings{};
    std::vector<std::int32_t> endTokens{};
    /// Receives the text as it becomes certain, whole UTF-8 characters only; returns false to stop.
    std::function<bool(std::string_view)> emit{};
    /// With sampling.logprobs: each token as it is drawn, in front of the text that it makes certain.
    std::function<void(const EmittedToken&)> onToken{};
    StopToken stop{};
};

struct Generation {
    std::string text;
    std::vector<std::int32_t> ids;  ///< without the token that ended it
    enum class End { EndToken, StopString, Length, Context, Cancelled } end = End::Length;
    int promptTokens = 0, reusedTokens = 0, prefixTokens = 0;
    int droppedMessages = 0, droppedTokens = 0;  ///< of the prompt: what the model no longer saw in the end
    double prefillSeconds = 0, decodeSeconds = 0;
    int generatedTokens() const { return static_cast<int>(ids.size()) - prefixTokens; }
    double tokensPerSecond() const { return decodeSeconds > 0 ? generatedTokens() / decodeSeconds : 0; }
};
const char* generationEndName(Generation::End end);

/// Goes on from the prompt. Ends at an id of `endTokens`, at a stop string (which is not part of the text), at
/// maxTokens or where the context is full and nothing may be dropped. The session keeps prompt and answer, so that a
/// next turn computes only what is new. The repetition penalty passes over control pieces and end tokens: an answer may
/// always end. InvalidArgument: a prompt without tokens, or one that does not fit.
Result<Generation> generate(InferenceSession& session, const Tokenizer& tokenizer, GenerationRequest request);

/// A token for people to read, valid UTF-8: control pieces by name, bytes that are no character by themselves as
/// <0xE6>.
std::string shownToken(const Tokenizer& tokenizer, std::int32_t id);

}  // namespace distillix
