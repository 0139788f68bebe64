// SPDX-License-Identifier: Apache-2.0
// tokenizer train, tokenizer info, tokenizer encode.
#include "core/data/tokenizer.h"

#include <filesystem>

#include "app/cli/model_source.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/base/files.h"
#include "core/data/chat_template.h"
#include "core/data/source.h"
#include "core/formats/safetensors.h"

namespace distillix::cli {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

struct InfoFlags {
    std::string path, text;
};

/// The tokenizer.model that `path` means: itself, or that of a model, dataset or run.
Result<fs::path> tokenizerFile(const fs::path& path) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) return path;
    if (fs::exists(path / "tokenizer.model", ignored)) return path / "tokenizer.model";
    return TRY(resolveModelFolder(path)) / "tokenizer.model";
}

struct EncodeFlags {
    std::string path, file, out;
};

Result<int> encodeVerb(VerbContext& context, const EncodeFlags& flags) {
    const fs::path model = TRY(tokenizerFile(flags.path));
    const Tokenizer tokenizer = TRY(Tokenizer::load(model));
    const std::string text = TRY(readFile(flags.file));
    const std::vector<std::int32_t> ids = tokenizer.encode(text);
    const auto count = static_cast<std::int64_t>(ids.size());
    const SafetensorsTensor tensor{"input_ids", DType::I32, {1, count}, std::as_bytes(std::span(ids))};
    TRY_VOID(writeSafetensors(flags.out, std::span(&tensor, 1)));
    context.reporter.result({{"out", flags.out}, {"bytes", text.size()}, {"tokens", count}},
                            "Wrote " + flags.out + ": " + groupedText(count) + " tokens of " +
                                groupedText(static_cast<std::int64_t>(text.size())) + " bytes.");
    return 0;
}

Result<int> infoVerb(VerbContext& context, const InfoFlags& flags) {
    const fs::path file = TRY(tokenizerFile(flags.path));
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

/// Texts spread evenly over all that were added, to measure compression on: some 2 MiB at most.
class MeasuredTexts {
  public:
    void add(std::string_view text) {
        if (m_count++ % m_every != 0) return;
        std::size_t size = std::min(text.size(), kLongest);
        // Not in the middle of a character.
        while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
        m_texts.emplace_back(text.substr(0, size));
        m_bytes += size;
        while (m_bytes > kMost && m_texts.size() > 1) {
            // Every second one stays, and of those to come half as many.
            std::vector<std::string> kept;
            m_bytes = 0;
            for (std::size_t i = 0; i < m_texts.size(); i += 2) {
                m_bytes += m_texts[i].size();
                kept.push_back(std::move(m_texts[i]));
            }
            m_texts = std::move(kept);
            m_every *= 2;
        }
    }
    std::size_t bytes() const { return m_bytes; }
    std::size_t tokens(const Tokenizer& tokenizer) const {
        std::size_t count = 0;
        for (const std::string& text : m_texts) count += tokenizer.encode(text).size();
        return count;
    }

  private:
    static constexpr std::size_t kLongest = 64 << 10, kMost = 2 << 20;
    std::vector<std::string> m_texts;
    std::size_t m_bytes = 0;
    std::uint64_t m_count = 0, m_every = 1;
};

struct TokenizerFlags {
    std::vector<std::string> sources, extensions;
    std::string out;
    TokenizerTraining training;
};

Result<int> trainTokenizerVerb(VerbContext& context, const TokenizerFlags& flags) {
    std::error_code ignored;
    if (fs::exists(flags.out, ignored))
        return makeError(ErrorCode::AlreadyExists, "is there already and is not replaced", flags.out);
    TokenizerTraining training = flags.training;
    training.specialTokens = ChatTemplate::specialTokens();
    TokenizerTrainer trainer(training);
    const StopToken stop = context.stopOnSignals();
    SourceOptions reading;
    reading.extensions = flags.extensions;
    std::int64_t records = 0, refused = 0;
    double bytes = 0;
    MeasuredTexts measured;
    const auto take = [&](const std::string& text) {
        trainer.add(text);
        measured.add(text);
    };
    for (const std::string& source : flags.sources) {
        const SourcePlan plan = TRY(planSource(source, reading));
        const auto reader = TRY(openSource(plan));
        const RecordParser parser = parserOf(plan, reading);
        RecordParser::Scratch scratch;
        RawRecord raw;
        Record record;
        Refusal refusal;
        while (true) {
            if (stop.raised()) return makeError(ErrorCode::Cancelled, "stopped; nothing was written");
            if (!TRY(reader->next(raw))) break;
            if (raw.state == RawRecord::State::Skipped) continue;
            if (!parser.parse(raw, scratch, record, refusal)) {
                context.reporter.warning(refusal.text());
                ++refused;
                continue;
            }
            if (!record.conversation) take(record.text);
            for (const ChatMessage& message : record.messages) take(message.text);
            ++records;
            bytes += static_cast<double>(raw.sourceBytes);
            Progress progress;
            progress.phase = "reading";
            progress.done = bytes / 1e6;
            progress.unit = "MB";
            context.reporter.progress(progress);
        }
    }
    context.reporter.info("Training on " + groupedText(records) +
                          " documents; about a second for each MB. A stop takes effect behind that; "
                          "asked a second time, the program ends at once, and nothing is written.");
    const Tokenizer tokenizer = TRY(trainer.train(stop));
    TRY_VOID(writeFileAtomic(flags.out, tokenizer.serialized()));
    const auto measuredBytes = static_cast<double>(measured.bytes());
    const auto tokens = static_cast<double>(measured.tokens(tokenizer));
    const double bytesPerToken = tokens > 0 ? measuredBytes / tokens : 0;
    context.reporter.result({{"path", flags.out},
                             {"pieces", tokenizer.size()},
                             {"hash", tokenizer.hash()},
                             {"documents", records},
                             {"refused", refused},
                             {"measuredBytes", measuredBytes},
                             {"measuredTokens", tokens},
                             {"bytesPerToken", bytesPerToken}},
                            "Wrote " + flags.out + ": " + groupedText(tokenizer.size()) + " pieces, " +
                                fixedText(bytesPerToken, 2) + " bytes a token on " + bytesText(measuredBytes) +
                                " of the text.");
    return 0;
}

}  // namespace

void addTokenizerVerbs(VerbSet& verbs) {
    CLI::App* group = verbs.addGroup("tokenizer", "Train a tokenizer, or look at one");
    {
        auto flags = std::make_shared<TokenizerFlags>();
        CLI::App* verb = verbs.add(group, "train", "Make a tokenizer of files: BPE, every byte kept",
                                   "distillix tokenizer train src --vocab-size 8000 --out tokenizer.model",
                                   [flags](VerbContext& context) { return trainTokenizerVerb(context, *flags); });
        verb->add_option("sources", flags->sources, "JSONL, JSON, CSV and text files, folders of code")->required();
        verb->add_option("--out", flags->out, "File to write")->required();
        verb->add_option("--vocab-size", flags->training.vocabSize,
                         "Pieces [" + std::to_string(flags->training.vocabSize) + "]")
            ->type_name("NUMBER")
            ->check(CLI::Range(1, 1 << 24).description(""));
        verb->add_option("--max-bytes", flags->training.maxBytes,
                         "Text to look at, spread evenly over the files [64 MiB]")
            ->type_name("BYTES");
        verb->add_option("--extension", flags->extensions,
                         "Of a folder, take files of this extension only (several: py,md)")
            ->delimiter(',')
            ->type_name("LIST")
            ->allow_extra_args(false);
    }
    {
        auto flags = std::make_shared<EncodeFlags>();
        CLI::App* verb = verbs.add(group, "encode", "Write a text's token ids, for comparing with other programs",
                                   "distillix tokenizer encode models/mine text.txt --out ids.safetensors",
                                   [flags](VerbContext& context) { return encodeVerb(context, *flags); });
        verb->add_option("tokenizer", flags->path,
                         "tokenizer.model, or a folder that holds one (a model, a dataset, a run)")
            ->required();
        verb->add_option("file", flags->file, "The text")->required();
        verb->add_option("--out", flags->out, "File to write: input_ids[1,T] int32, without BOS and EOS")->required();
    }
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
