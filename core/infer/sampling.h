// SPDX-License-Identifier: Apache-2.0
// How the next token is drawn. By itself, for those who only ask and do not generate.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/fields.h"

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

}  // namespace distillix
