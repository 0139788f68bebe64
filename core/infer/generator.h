// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fields.h"
#include "core/base/stop_token.h"
#include "core/data/tokenizer.h"
#include "core/infer/session.h"

namespace distillix {

struct SamplingConfig {
    int maxTokens = 256;
    double temperature = 0.7;
    int topK = 40;
    double topP = 0.95;
    std::int64_t seed = 1;

    template <typename Self, typename Visitor>
    static void forEachField(Self& self, Visitor&& visit) {
        visit(self.maxTokens, Field{"max_tokens", "Longest answer", "tokens", 1, 1 << 24});
        visit(self.temperature, Field{"temperature", "0 always takes the likeliest token", "", 0, 100});
        visit(self.topK, Field{"top_k", "Draw from the k likeliest tokens; 0: all", "tokens", 0, 1 << 24});
        visit(self.topP, Field{"top_p", "Draw from the likeliest tokens that together reach this share", "", 0, 1});
        visit(self.seed, Field{"seed", "The same seed gives the same answer", "", 0, 9e15});
    }
};

struct Generation {
    std::string text;
    std::vector<std::int32_t> ids;  ///< without the token that ended it
    enum class End { EndToken, StopString, Length, Context, Cancelled } end = End::Length;
    int promptTokens = 0, reusedTokens = 0;
    double prefillSeconds = 0, decodeSeconds = 0;
    double tokensPerSecond() const { return decodeSeconds > 0 ? static_cast<double>(ids.size()) / decodeSeconds : 0; }
};
const char* generationEndName(Generation::End end);

/// Continues `prompt` (ids, BOS included where the model wants one). Ends at an id of `endTokens`, at a stop string
/// (which is not part of the text), at maxTokens or where the context is full. `emit` receives the text as it becomes
/// certain, whole UTF-8 characters only, and returns false to stop. The session keeps prompt and answer, so that a
/// next turn computes only what is new.
Result<Generation> generate(InferenceSession& session, const Tokenizer& tokenizer,
                            const std::vector<std::int32_t>& prompt, const SamplingConfig& sampling,
                            const std::vector<std::string>& stopStrings, const std::vector<std::int32_t>& endTokens,
                            const std::function<bool(std::string_view)>& emit, StopToken stop);

}  // namespace distillix
