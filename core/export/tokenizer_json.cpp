// SPDX-License-Identifier: Apache-2.0
#include "core/export/tokenizer_json.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "core/base/utf8.h"
#include "core/data/sentencepiece_model.h"

namespace distillix {

using Json = nlohmann::ordered_json;

Result<std::string> huggingFaceTokenizer(const Tokenizer& tokenizer) {
    if (tokenizer.modelType() != "bpe")
        return makeError(ErrorCode::Unsupported, "the tokenizer is a " + tokenizer.modelType() +
                                                     " model; only BPE ones become a tokenizer.json");
    const SentencePieceModelFacts facts = TRY(readSentencePieceModel(tokenizer.serialized()));
    if (facts.normalizes)
        return makeError(ErrorCode::Unsupported, "the tokenizer normalizes text, which no tokenizer.json is made for");

    std::unordered_map<std::string, int> ids;
    Json vocabulary = Json::object(), added = Json::array();
    for (int id = 0; id < tokenizer.size(); ++id) {
        const std::string piece = tokenizer.piece(id);
        const PieceType type = facts.types[static_cast<std::size_t>(id)];
        vocabulary[piece] = id;
        if (type == PieceType::Normal) ids.emplace(piece, id);
        if (type == PieceType::Unknown || type == PieceType::Control || type == PieceType::UserDefined)
            added.push_back({{"id", id},
                             {"content", piece},
                             {"single_word", false},
                             {"lstrip", false},
                             {"rstrip", false},
                             {"normalized", false},
                             {"special", type != PieceType::UserDefined}});
    }
    struct Merge {
        float score;
        int id, left, right;
    };
    std::vector<Merge> merges;
    for (const auto& [piece, id] : ids) {
        for (std::size_t at = 0; at < piece.size();) {
            const int length = utf8Length(std::string_view(piece).substr(at));
            if (length <= 0) break;
            at += static_cast<std::size_t>(length);
            const auto left = ids.find(piece.substr(0, at)), right = ids.find(piece.substr(at));
            if (at < piece.size() && left != ids.end() && right != ids.end())
                merges.push_back({facts.scores[static_cast<std::size_t>(id)], id, left->second, right->second});
        }
    }
    std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
        return std::tuple(-a.score, a.id, a.left, a.right) < std::tuple(-b.score, b.id, b.left, b.right);
    });
    Json mergeList = Json::array();
    for (const Merge& merge : merges) mergeList.push_back({tokenizer.piece(merge.left), tokenizer.piece(merge.right)});

    const std::string space = "\xe2\x96\x81";
    const Json toMark = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", space}};
    Json decoders = Json::array({{{"type", "Replace"}, {"pattern", {{"String", space}}}, {"content", " "}},
                                 {{"type", "ByteFallback"}},
                                 {{"type", "Fuse"}}});
    Json normalizer = toMark;
    if (tokenizer.addsSpacePrefix()) {
        normalizer = {{"type", "Sequence"}, {"normalizers", {{{"type", "Prepend"}, {"prepend", space}}, toMark}}};
        decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    }
    Json processor = nullptr;
    if (tokenizer.bos() >= 0) {
        const std::string bos = tokenizer.piece(tokenizer.bos());
        const auto special = [&](int type) { return Json{{"SpecialToken", {{"id", bos}, {"type_id", type}}}}; };
        const auto sequence = [](const char* id, int type) {
            return Json{{"Sequence", {{"id", id}, {"type_id", type}}}};
        };
        processor = {{"type", "TemplateProcessing"},
                     {"single", Json::array({special(0), sequence("A", 0)})},
                     {"pair", Json::array({special(0), sequence("A", 0), special(1), sequence("B", 1)})},
                     {"special_tokens",
                      {{bos, {{"id", bos}, {"ids", Json::array({tokenizer.bos()})}, {"tokens", Json::array({bos})}}}}}};
    }
    const Json json = {{"version", "1.0"},
                       {"truncation", nullptr},
                       {"padding", nullptr},
                       {"added_tokens", added},
                       {"normalizer", normalizer},
                       {"pre_tokenizer", nullptr},
                       {"post_processor", processor},
                       {"decoder", {{"type", "Sequence"}, {"decoders", decoders}}},
                       {"model",
                        {{"type", "BPE"},
                         {"dropout", nullptr},
                         {"unk_token", tokenizer.unknown() >= 0 ? Json(tokenizer.piece(tokenizer.unknown())) : Json()},
                         {"continuing_subword_prefix", nullptr},
                         {"end_of_word_suffix", nullptr},
                         {"fuse_unk", true},
                         {"byte_fallback", tokenizer.hasBytePieces()},
                         {"ignore_merges", false},
                         {"vocab", vocabulary},
                         {"merges", mergeList}}}};
    return json.dump(1) + "\n";
}

}  // namespace distillix
