// SPDX-License-Identifier: Apache-2.0
#include "core/data/batch_text.h"

#include <algorithm>

#include "core/base/utf8.h"

namespace distillix {
namespace {

struct Part {
    int begin = 0, end = 0, learnt = 0;
};

/// The documents of a row. What is filled up with padding (single tokens that are no labels) is none.
std::vector<Part> documentsOf(const Batch& batch, int row, std::int32_t padId) {
    std::vector<Part> parts;
    const auto at = [&](int t) {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(batch.tokens) + static_cast<std::size_t>(t);
    };
    for (int t = 0; t < batch.tokens;) {
        Part part{t, t + 1, 0};
        while (part.end < batch.tokens && batch.documentStart[at(part.end)] == t) ++part.end;
        for (int i = t; i < part.end; ++i) part.learnt += batch.labels[at(i)] != kIgnoredLabel;
        if (part.end - part.begin > 1 || batch.inputIds[at(t)] != padId) parts.push_back(part);
        t = part.end;
    }
    return parts;
}

std::string textOf(const Batch& batch, int row, const Part& part, const Tokenizer& tokenizer, bool marks) {
    std::string text;
    StreamDecoder decoder(tokenizer);
    bool learnt = false;
    for (int t = part.begin; t < part.end; ++t) {
        const auto at =
            static_cast<std::size_t>(row) * static_cast<std::size_t>(batch.tokens) + static_cast<std::size_t>(t);
        const bool label = batch.labels[at] != kIgnoredLabel;
        const std::int32_t id = batch.inputIds[at];
        if (marks && label != learnt) {
            text += decoder.finish() + (label ? "⟦" : "⟧");
            learnt = label;
        }
        if (tokenizer.isControl(id))
            text += decoder.finish() + tokenizer.piece(id);
        else
            text += decoder.push(id);
    }
    return text + decoder.finish() + (learnt ? "⟧" : "");
}

}  // namespace

nlohmann::ordered_json batchToJson(const Batch& batch, const Tokenizer& tokenizer, std::int32_t padId) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (int row = 0; row < batch.batch; ++row) {
        nlohmann::ordered_json ids = nlohmann::ordered_json::array(), pieces = ids, learnt = ids, starts = ids,
                               documents = ids;
        for (int t = 0; t < batch.tokens; ++t) {
            const auto at =
                static_cast<std::size_t>(row) * static_cast<std::size_t>(batch.tokens) + static_cast<std::size_t>(t);
            ids.push_back(batch.inputIds[at]);
            pieces.push_back(utf8Replaced(tokenizer.piece(batch.inputIds[at])));
            learnt.push_back(batch.labels[at] != kIgnoredLabel ? 1 : 0);
            starts.push_back(batch.documentStart[at]);
        }
        for (const Part& part : documentsOf(batch, row, padId))
            documents.push_back({{"begin", part.begin},
                                 {"end", part.end},
                                 {"learnt", part.learnt},
                                 {"text", textOf(batch, row, part, tokenizer, false)}});
        rows.push_back({{"ids", ids},
                        {"pieces", pieces},
                        {"learnt", learnt},
                        {"documentStart", starts},
                        {"documents", documents}});
    }
    return {{"batch", batch.batch}, {"tokens", batch.tokens}, {"rows", rows}};
}

std::string batchText(const Batch& batch, const Tokenizer& tokenizer, std::int32_t padId) {
    std::string text;
    for (int row = 0; row < batch.batch; ++row) {
        int number = 0;
        for (const Part& part : documentsOf(batch, row, padId))
            text += "--- sequence " + std::to_string(row + 1) + ", document " + std::to_string(++number) + ": tokens " +
                    std::to_string(part.begin) + " to " + std::to_string(part.end - 1) + ", " +
                    std::to_string(part.learnt) + " of them learnt\n" + textOf(batch, row, part, tokenizer, true) +
                    "\n";
        const auto parts = documentsOf(batch, row, padId);
        const int filled = parts.empty() ? 0 : parts.back().end;
        if (filled < batch.tokens)
            text += "--- sequence " + std::to_string(row + 1) + ": " + std::to_string(batch.tokens - filled) +
                    " tokens of padding\n";
    }
    return text;
}

}  // namespace distillix
