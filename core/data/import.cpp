// SPDX-License-Identifier: Apache-2.0
#include "core/data/import.h"

#include <algorithm>
#include <set>

#include "core/base/files.h"
#include "core/base/rng.h"
#include "core/base/threads.h"
#include "core/data/chat_template.h"
#include "core/data/shards.h"
#include "core/data/tokenizer.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kRoundRecords = 256;     ///< encoded side by side, written in order
constexpr std::size_t kRoundBytes = 8u << 20;  ///< bounds what a round holds in memory

std::uint64_t stableHash(const std::string& text) {
    std::uint64_t hash = 0xcbf29ce484222325ull;  // FNV-1a, scattered at the end
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    return mix64(hash);
}

/// One source with what is needed to read it, twice if need be.
struct Source {
    enum class Kind { Jsonl, Text, Folder } kind = Kind::Text;
    fs::path path;
    std::vector<std::string> files;         ///< of a folder
    std::set<std::string> validationFiles;  ///< of them, by the list
    bool validation = false;                ///< the validation file
    std::uint64_t bytes = 0;

    Result<std::unique_ptr<RecordReader>> open() const {
        switch (kind) {
            case Kind::Jsonl:
                return openJsonl(path);
            case Kind::Text:
                return openTextFile(path);
            case Kind::Folder:
                return openFiles(path, files);
        }
        return makeError(ErrorCode::Internal, "unknown kind of source");
    }
};

class Importer {
  public:
    Importer(const ImportOptions& options, const std::function<void(const ImportProgress&)>& progress,
             const StopToken& stop)
        : m_options(options), m_progress(progress), m_stop(stop) {}

    Result<ImportReport> run() {
        TRY_VOID(checkOptions());
        for (const auto& path : m_options.sources) TRY_VOID(addSource(path, false));
        if (!m_options.validationFile.empty()) TRY_VOID(addSource(m_options.validationFile, true));
        if (!m_options.validationList.empty()) TRY_VOID(readValidationList());
        AtomicFolder folder = TRY(AtomicFolder::create(m_options.output));
        const Tokenizer tokenizer = TRY(makeTokenizer());
        TRY_VOID(writeShards(tokenizer, folder.path()));
        report("writing", 0, 0);
        TRY_VOID(writeFileAtomic(folder.path() / "tokenizer.model", tokenizer.serialized()));
        TRY_VOID(writeFileAtomic(folder.path() / "dataset.json", datasetInfoToJson(m_report.info).dump(2) + "\n"));
        TRY_VOID(folder.commit());
        return std::move(m_report);
    }

  private:
    static Error badOption(std::string what) { return makeError(ErrorCode::InvalidArgument, std::move(what)); }
    Error cancelled() const {
        return makeError(ErrorCode::Cancelled, "the import was stopped; nothing was written",
                         m_options.output.string());
    }

    void report(const char* phase, std::uint64_t done, std::uint64_t total) {
        if (!m_progress) return;
        const DatasetInfo& info = m_report.info;
        m_progress({phase, done, total, info.train.documents + info.validation.documents,
                    info.train.tokens + info.validation.tokens});
    }

    Result<void> checkOptions() const {
        if (m_options.sources.empty())
            return badOption("there is nothing to import: name a JSONL file, a text file or a folder");
        const int ways =
            !m_options.validationList.empty() + !m_options.validationFile.empty() + (m_options.validationFraction != 0);
        if (ways > 1)
            return badOption(
                "the validation part can come from a list, a file or a fraction, not from several of them");
        if (!(m_options.validationFraction >= 0 && m_options.validationFraction < 1))
            return badOption("the validation fraction must be at least 0 and below 1");
        return {};
    }

    Result<void> addSource(const fs::path& path, bool validation) {
        Source source;
        source.path = path;
        source.validation = validation;
        std::error_code failure;
        const auto status = fs::status(path, failure);
        if (!fs::exists(status))
            return makeError(ErrorCode::NotFound, "there is no such file or folder", path.string());
        if (fs::is_directory(status)) {
            source.kind = Source::Kind::Folder;
            FolderListing listing = TRY(listFolder(path, m_options.extensions));
            source.files = std::move(listing.files);
            source.bytes = listing.bytes;
            for (const auto& [reason, count] : listing.skipped) m_report.info.skippedFiles[reason] += count;
        } else {
            const std::string extension = path.extension().string();
            if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json")
                source.kind = Source::Kind::Jsonl;
            const auto size = fs::file_size(path, failure);
            if (!failure) source.bytes = size;
        }
        m_report.info.sources.push_back(path.string());
        m_sources.push_back(std::move(source));
        return {};
    }

    Result<void> readValidationList() {
        if (m_sources.size() != 1 || m_sources[0].kind != Source::Kind::Folder)
            return badOption("a validation list names files of an imported folder: import one folder with it");
        Source& source = m_sources[0];
        const std::string text = TRY(readFile(m_options.validationList, 64u << 20));
        std::size_t number = 0;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            std::string line = text.substr(at, end - at);
            at = end + 1;
            ++number;
            if (line.ends_with('\r')) line.pop_back();
            if (line.empty()) continue;
            const std::string name = fs::path(line).lexically_normal().generic_string();
            if (std::binary_search(source.files.begin(), source.files.end(), name)) {
                source.validationFiles.insert(name);
                continue;
            }
            std::error_code failure;
            const bool there = fs::exists(source.path / name, failure);
            return makeError(ErrorCode::InvalidArgument,
                             "\"" + line + "\" is not among the files imported from " + source.path.string() +
                                 (there ? ": it is there, but hidden, vendored, a link or of another extension"
                                        : ": there is no such file (paths are relative to that folder)"),
                             m_options.validationList.string() + ":" + std::to_string(number));
        }
        if (source.validationFiles.empty())
            return makeError(ErrorCode::InvalidArgument, "names no file", m_options.validationList.string());
        return {};
    }

    bool isValidation(const Source& source, const Record& record) const {
        if (source.validation) return true;
        if (source.kind == Source::Kind::Folder && !source.validationFiles.empty())
            return source.validationFiles.count(record.name) > 0;
        if (m_options.validationFraction > 0)
            return static_cast<double>(stableHash(record.conversation ? record.prompt : record.text) >> 11) *
                       0x1.0p-53 <
                   m_options.validationFraction;
        return false;
    }

    /// Reads all sources; `take(record, validation)` for each record. Refusals are kept only where `final`, so that two
    /// passes tell each once.
    template <typename Take>
    Result<void> readAll(const char* phase, bool final, bool trainingOnly, Take&& take) {
        std::uint64_t total = 0, done = 0, reported = 0;
        for (const Source& source : m_sources) total += source.bytes;
        report(phase, 0, total);
        for (const Source& source : m_sources) {
            if (trainingOnly && source.validation) continue;
            const auto reader = TRY(source.open());
            Record record;
            Refusal refusal;
            while (true) {
                if (m_stop.raised()) return cancelled();
                const ReadOutcome outcome = TRY(reader->next(record, refusal));
                if (outcome == ReadOutcome::End) break;
                done += record.sourceBytes;
                if (outcome == ReadOutcome::Refused) {
                    if (m_options.strict) return makeError(ErrorCode::InvalidData, refusal.reason, refusal.place);
                    if (final && m_report.info.refusedRecords++ < ImportReport::kKeptRefusals)
                        m_report.refusals.push_back(refusal);
                } else if (outcome == ReadOutcome::Skipped) {
                    if (final) ++m_report.info.skippedFiles[refusal.reason];
                } else {
                    const bool validation = isValidation(source, record);
                    if (!(trainingOnly && validation)) TRY_VOID(take(record, validation));
                }
                if (done - reported > (1u << 20)) {
                    reported = done;
                    report(phase, done, total);
                }
            }
        }
        report(phase, total, total);
        return {};
    }

    Result<Tokenizer> makeTokenizer() {
        if (!m_options.tokenizer.empty()) return Tokenizer::load(m_options.tokenizer);
        m_report.info.tokenizerTrained = true;
        TokenizerTraining training;
        training.vocabSize = m_options.vocabSize;
        training.specialTokens = ChatTemplate::specialTokens();
        TokenizerTrainer trainer(training);
        TRY_VOID(readAll("reading", false, true, [&](const Record& record, bool) -> Result<void> {
            if (record.conversation) {
                trainer.add(record.prompt);
                trainer.add(record.response);
            } else {
                trainer.add(record.text);
            }
            return {};
        }));
        if (trainer.empty()) return nothingToTrainOn();
        report("training tokenizer", 0, 0);
        return trainer.train();
    }

    Error nothingToTrainOn() const {
        return badOption("there is nothing to train on: no record of the sources can be used for training");
    }

    struct Encoded {
        Record record;
        bool validation = false;
        RenderedConversation document;
    };

    Result<void> writeShards(const Tokenizer& tokenizer, const fs::path& folder) {
        const ChatTemplate chat = TRY_AT(ChatTemplate::create(tokenizer), m_options.tokenizer.string());
        DatasetInfo& info = m_report.info;
        info.chatTemplate = chat.name();
        info.tokenizerHash = tokenizer.hash();
        info.vocabSize = tokenizer.size();
        const ShardWriter::Facts facts{tokenizer.size(), tokenizer.pad() >= 0 ? tokenizer.pad() : tokenizer.eos(),
                                       tokenizer.hash()};
        ShardWriter train = TRY(ShardWriter::create(folder, "train", facts));
        ShardWriter validation = TRY(ShardWriter::create(folder, "validation", facts));
        AtomicFile prompts = TRY(AtomicFile::create(folder / "validation.jsonl"));
        ThreadPool pool(m_options.threads);

        std::vector<Encoded> round;
        std::size_t roundBytes = 0;
        std::uint64_t conversations = 0, texts = 0;
        const auto flush = [&]() -> Result<void> {
            pool.parallelFor(round.size(),
                             [&](std::size_t i, int) { round[i].document = encode(tokenizer, chat, round[i].record); });
            for (const Encoded& encoded : round) {
                const RenderedConversation& document = encoded.document;
                ++(encoded.record.conversation ? conversations : texts);
                TRY_VOID(
                    (encoded.validation ? validation : train).add(document.ids, document.mask, document.textBytes));
                if (encoded.validation && encoded.record.conversation) {
                    const HeldOutPrompt prompt{encoded.record.prompt, encoded.record.response,
                                               encoded.record.assertion};
                    TRY_VOID(prompts.write(heldOutPromptToJson(prompt).dump() + "\n"));
                    ++info.heldOutPrompts;
                }
            }
            info.train = train.counts();
            info.validation = validation.counts();
            round.clear();
            roundBytes = 0;
            return {};
        };
        TRY_VOID(readAll("tokenizing", true, false, [&](Record& record, bool isHeldOut) -> Result<void> {
            roundBytes += record.sourceBytes;
            round.push_back({std::move(record), isHeldOut, {}});
            record = {};
            return round.size() >= kRoundRecords || roundBytes >= kRoundBytes ? flush() : Result<void>();
        }));
        TRY_VOID(flush());
        if (info.train.documents == 0) return nothingToTrainOn();
        info.kind = conversations == 0 ? "text" : texts == 0 ? "conversations" : "mixed";
        info.train = TRY(train.finish());
        info.validation = TRY(validation.finish());
        if (info.heldOutPrompts > 0) TRY_VOID(prompts.commit());
        return {};
    }

    static RenderedConversation encode(const Tokenizer& tokenizer, const ChatTemplate& chat, const Record& record) {
        if (record.conversation) {
            const ChatMessage messages[] = {{ChatRole::User, record.prompt}, {ChatRole::Assistant, record.response}};
            return chat.renderConversation(messages);
        }
        RenderedConversation document;
        document.ids = tokenizer.encode(record.text);
        document.ids.insert(document.ids.begin(), tokenizer.bos());
        document.ids.push_back(tokenizer.eos());
        document.mask.assign(document.ids.size(), 1);
        document.mask[0] = 0;
        document.textBytes = record.text.size();
        return document;
    }

    const ImportOptions& m_options;
    const std::function<void(const ImportProgress&)>& m_progress;
    const StopToken& m_stop;
    std::vector<Source> m_sources;
    ImportReport m_report;
};

}  // namespace

Result<ImportReport> importDataset(const ImportOptions& options,
                                   const std::function<void(const ImportProgress&)>& progress,
                                   const StopToken& stop) try {
    return Importer(options, progress, stop).run();
} catch (const std::bad_alloc&) {
    return makeError(ErrorCode::OutOfMemory, "no memory is left for the import");
} catch (const std::exception& error) {
    return makeError(ErrorCode::Io, std::string("the import failed: ") + error.what());
}

}  // namespace distillix
