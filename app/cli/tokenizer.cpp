// SPDX-License-Identifier: Apache-2.0
// tokenizer info (and, in tokenizer train, making one).
#include "core/data/tokenizer.h"

#include <filesystem>

#include "app/cli/model_source.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"

namespace distillix::cli {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

struct InfoFlags {
    std::string path, text;
};

Result<int> infoVerb(VerbContext& context, const InfoFlags& flags) {
    std::error_code ignored;
    const bool isFolder = fs::is_directory(flags.path, ignored);
    fs::path file = flags.path;
    if (isFolder)
        file = fs::exists(file / "tokenizer.model", ignored) ? file / "tokenizer.model"
                                                             : TRY(resolveModelFolder(file)) / "tokenizer.model";
    const Tokenizer tokenizer = TRY(Tokenizer::load(file));
    int controls = 0;
    for (int id = 0; id < tokenizer.size(); ++id) controls += tokenizer.isControl(id);
    Json json = {{"path", file.string()},  {"pieces", tokenizer.size()},     {"bos", tokenizer.bos()},
                 {"eos", tokenizer.eos()}, {"unknown", tokenizer.unknown()}, {"pad", tokenizer.pad()},
                 {"controls", controls},   {"hash", tokenizer.hash()}};
    const auto special = [&](int id) {
        return id < 0 ? std::string("none") : std::to_string(id) + "  " + tokenizer.piece(id);
    };
    std::string text = pairsText({{"file", file.string()},
                                  {"pieces", groupedText(tokenizer.size())},
                                  {"begin", special(tokenizer.bos())},
                                  {"end", special(tokenizer.eos())},
                                  {"unknown", special(tokenizer.unknown())},
                                  {"padding", special(tokenizer.pad())},
                                  {"control pieces", std::to_string(controls)},
                                  {"hash", tokenizer.hash()}});
    if (!flags.text.empty()) {
        const auto ids = tokenizer.encode(flags.text);
        Json pieces = Json::array();
        Table table({"id", "piece"});
        for (const int id : ids) {
            pieces.push_back({{"id", id}, {"piece", tokenizer.piece(id)}});
            table.add({std::to_string(id), tokenizer.piece(id)});
        }
        json["tokens"] = pieces;
        json["decoded"] = tokenizer.decode(ids);
        text += "\n" + table.text();
    }
    context.reporter.result(json, text);
    return 0;
}

}  // namespace

void addTokenizerVerbs(VerbSet& verbs) {
    CLI::App* group = verbs.addGroup("tokenizer", "Train a tokenizer, or look at one");
    auto flags = std::make_shared<InfoFlags>();
    CLI::App* verb = verbs.add(group, "info", "What a tokenizer is, and what it makes of a text",
                               "distillix tokenizer info models/mine --text \"def add(a, b):\"",
                               [flags](VerbContext& context) { return infoVerb(context, *flags); });
    verb->add_option("tokenizer", flags->path,
                     "tokenizer.model, or a folder that holds one (a model, a dataset, a run)")
        ->required();
    verb->add_option("--text", flags->text, "Show the tokens of this text");
}

}  // namespace distillix::cli
