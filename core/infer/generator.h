// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/stop_token.h"
#include "core/data/tokenizer.h"
#include "core/infer/prompt.h"
#include "core/infer/sampling.h"
#include "core/infer/session.h"

namespace distillix {

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

/// What became of a prompt: its length, how much of it was still known from before, what of it did not fit.
struct PromptFigures {
    int promptTokens = 0, reusedTokens = 0;
    int droppedMessages = 0, droppedTokens = 0;
    int contextTokens = 0;  ///< that the model sees now: the prompt without what was dropped, and the prefix
    double prefillSeconds = 0;
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
    /// Told once, when the prompt has been computed and before anything is drawn.
    std::function<void(const PromptFigures&)> onPrompt{};
    StopToken stop{};
};

struct Generation {
    std::string text;
    std::vector<std::int32_t> ids;  ///< without the token that ended it
    enum class End { EndToken, StopString, Length, Context, Cancelled } end = End::Length;
    int promptTokens = 0, reusedTokens = 0, prefixTokens = 0;
    int droppedMessages = 0, droppedTokens = 0;  ///< of the prompt: what the model no longer saw in the end
    int contextTokens = 0;                       ///< of the session's room: filled at the end
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
