// SPDX-License-Identifier: Apache-2.0
#include "core/data/import.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include <xxhash.h>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/rng.h"
#include "core/base/threads.h"
#include "core/data/document_encoder.h"
#include "core/data/duplicates.h"
#include "core/data/raw_batches.h"
#include "core/data/shards.h"
#include "core/data/statistics.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

/// Goes up whenever the same sources and options give other bytes than before.
constexpr int kImportRevision = 3;
constexpr int kPackedLengths[] = {128, 256, 512, 1024, 2048};

std::uint64_t stableHash(const std::string& text) {
    std::uint64_t hash = 0xcbf29ce484222325ull;  // FNV-1a, scattered at the end
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    return mix64(hash);
}

/// What decides between training and validation: the question, so that all its answers stand on one side, or the text.
const std::string& splitKey(const Record& record) {
    if (!record.conversation) return record.text;
    for (const ChatMessage& message : record.messages)
        if (message.role == ChatRole::User) return message.text;
    return record.messages.front().text;
}

class Importer {
  public:
    Importer(const ImportOptions& options, const std::function<void(const ImportProgress&)>& progress,
             const StopToken& stop)
        : m_options(options), m_reading(options.reading), m_progress(progress), m_stop(stop) {
        m_reading.mapping.seed = options.seed;
    }

    Result<ImportReport> run() {
        TRY_VOID(checkOptions());
        for (const auto& path : m_options.sources) TRY_VOID(addSource(path, false));
        if (!m_options.validationFile.empty()) TRY_VOID(addSource(m_options.validationFile, true));
        if (!m_options.validationList.empty()) TRY_VOID(readValidationList());
        std::optional<Tokenizer> tokenizer;
        if (!m_options.tokenizer.empty()) tokenizer = TRY(Tokenizer::load(m_options.tokenizer));
        m_report.info.options = TRY(optionsJson(tokenizer ? tokenizer->hash() : std::string()));
        if (!m_options.again && TRY(isThere())) return std::move(m_report);
        const fs::path parent = fs::absolute(m_options.output).lexically_normal().parent_path();
        removeStalePartials(m_options.output.has_filename() ? parent : parent.parent_path());
        AtomicFolder folder = TRY(AtomicFolder::create(m_options.output));
        m_pool.emplace(m_options.threads);
        if (!tokenizer) tokenizer = TRY(trainTokenizer());
        TRY_VOID(writeShards(*tokenizer, folder.path()));
        if (m_stop.raised()) return cancelled();
        report("writing", 0, 0);
        TRY_VOID(writeFileAtomic(folder.path() / "tokenizer.model", tokenizer->serialized()));
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
        m_progress({phase, std::min(done, total), total, info.train.documents + info.validation.documents,
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
        if (!(m_options.fillInMiddleRate >= 0 && m_options.fillInMiddleRate <= 1))
            return badOption("the rate of fill-in-the-middle must be from 0 to 1");
        return {};
    }

    Result<void> addSource(const fs::path& path, bool validation) {
        SourcePlan plan = TRY(planSource(path, m_reading));
        SourceInfo info;
        info.path = path.string();
        info.format = sourceFormatName(plan.format);
        info.compression = compressionName(plan.compression);
        info.encoding = textEncodingName(plan.encoding);
        info.shape = recordShapeName(plan.mapping.shape);
        info.columns = plan.mapping.columns();
        info.validation = validation;
        info.bytes = plan.bytes;
        for (const auto& [reason, count] : plan.listing.skipped) m_report.info.skippedFiles[reason] += count;
        m_report.info.sources.push_back(std::move(info));
        m_plans.push_back(std::move(plan));
        m_heldOut.push_back(validation);
        return {};
    }

    Result<void> readValidationList() {
        if (m_plans.size() != 1 || m_plans[0].format != SourceFormat::Folder)
            return badOption("a validation list names files of an imported folder: import one folder with it");
        const std::vector<std::string>& files = m_plans[0].listing.files;
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
            if (std::binary_search(files.begin(), files.end(), name)) {
                m_validationFiles.insert(name);
                continue;
            }
            std::error_code failure;
            const bool there = fs::exists(m_plans[0].path / name, failure);
            return makeError(ErrorCode::InvalidArgument,
                             "\"" + line + "\" is not among the files imported from " + m_plans[0].path.string() +
                                 (there ? ": it is there, but hidden, vendored, a link or of another extension"
                                        : ": there is no such file (paths are relative to that folder)"),
                             m_options.validationList.string() + ":" + std::to_string(number));
        }
        if (m_validationFiles.empty())
            return makeError(ErrorCode::InvalidArgument, "names no file", m_options.validationList.string());
        return {};
    }

    /// All that the result depends on besides the sources' content, and nothing else.
    Result<Json> optionsJson(const std::string& tokenizerHash) const {
        const MappingOptions& mapping = m_reading.mapping;
        Json json = {{"revision", kImportRevision}, {"fixed_columns", mapping.fixed.columns()}};
        json["shape"] = recordShapeName(mapping.fixed.shape);
        json["format"] = m_reading.format ? sourceFormatName(*m_reading.format) : "auto";
        if (m_reading.delimiter) json["delimiter"] = std::string(1, m_reading.delimiter);
        json["teacher"] = mapping.teacher == TeacherChoice::First    ? "first"
                          : mapping.teacher == TeacherChoice::Random ? "random"
                                                                     : "named " + mapping.teacherName;
        json["extensions"] = m_reading.extensions;
        if (!m_validationFiles.empty()) json["validation_files"] = m_validationFiles;
        json["validation_fraction"] = m_options.validationFraction;
        if (tokenizerHash.empty())
            json["trained_tokenizer"] = {{"pieces", m_options.vocabSize}, {"sample_bytes", m_options.tokenizerBytes}};
        else
            json["tokenizer"] = tokenizerHash;
        json["learn_prompts"] = m_options.learnPrompts;
        json["fill_in_middle"] = m_options.fillInMiddleRate;
        json["seed"] = m_options.seed;
        json["keep_duplicates"] = m_options.keepDuplicates;
        return json;
    }

    /// XXH3-128 of the sources' digests, in order, with what is held out as a whole.
    std::string contentDigest() const {
        std::string all;
        for (std::size_t i = 0; i < m_plans.size(); ++i)
            all += m_report.info.sources[i].format + " " + m_report.info.sources[i].digest +
                   (m_heldOut[i] ? " held\n" : "\n");
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits(all.data(), all.size()));
        std::string text;
        for (const unsigned char byte : canonical.digest) {
            constexpr char kDigits[] = "0123456789abcdef";
            text += {kDigits[byte >> 4], kDigits[byte & 15]};
        }
        return text;
    }

    /// The content's digest without importing anything.
    Result<std::string> digestOfSources() {
        std::uint64_t total = 0, done = 0;
        for (const SourcePlan& plan : m_plans) total += plan.bytes;
        for (std::size_t i = 0; i < m_plans.size(); ++i) {
            const auto reader = TRY(openSource(m_plans[i]));
            RawRecord record;
            while (TRY(reader->next(record))) {
                if (m_stop.raised()) return cancelled();
                done += record.sourceBytes;
                report("comparing", done, total);
            }
            m_report.info.sources[i].digest = reader->digest();
        }
        return contentDigest();
    }

    /// Whether the output, or a dataset beside it, was made of the same content with the same options. Sources are read
    /// only where one with the same options and as many bytes is there.
    Result<bool> isThere() {
        const auto bytesOf = [](const DatasetInfo& info) {
            std::uint64_t bytes = 0;
            for (const SourceInfo& source : info.sources) bytes += source.bytes;
            return bytes;
        };
        const fs::path output = fs::absolute(m_options.output).lexically_normal();
        const fs::path own = output.has_filename() ? output : output.parent_path();
        std::vector<fs::path> folders{own};
        std::error_code failure;
        for (fs::directory_iterator it(own.parent_path(), failure), end; it != end && !failure && folders.size() < 1000;
             it.increment(failure))
            if (it->path() != own && !isPartialName(it->path())) folders.push_back(it->path());
        std::sort(folders.begin() + 1, folders.end());
        std::string digest;
        for (const fs::path& folder : folders) {
            if (!fs::exists(folder / "dataset.json", failure)) continue;
            Result<DatasetInfo> other = loadDatasetInfo(folder);
            if (!other.ok() || other->options != m_report.info.options || bytesOf(*other) != bytesOf(m_report.info))
                continue;
            if (digest.empty()) digest = TRY(digestOfSources());
            if (other->contentDigest != digest) continue;
            if (folder == own) {
                m_report.info = std::move(other).value();
                return m_report.wasThere = true;
            }
            return makeError(ErrorCode::AlreadyExists,
                             "is the same import already: the same content with the same options; use it, or import "
                             "once more with --again",
                             folder.string());
        }
        for (SourceInfo& source : m_report.info.sources) source.digest.clear();
        return false;
    }

    bool isValidation(std::size_t source, const Record& record) const {
        if (m_heldOut[source]) return true;
        if (!m_validationFiles.empty()) return m_validationFiles.count(record.name) > 0;
        if (m_options.validationFraction > 0)
            return static_cast<double>(stableHash(splitKey(record)) >> 11) * 0x1.0p-53 < m_options.validationFraction;
        return false;
    }

    /// A record on its way.
    struct Item {
        Record record;
        Refusal refusal;
        bool usable = false, used = false, validation = false;
        std::uint64_t hash = 0;
        EncodedRecord encoded;
    };

    std::size_t batchBytes() const {
        return std::clamp<std::size_t>(static_cast<std::size_t>(m_pool->threads()) << 20, std::size_t{4} << 20,
                                       std::size_t{32} << 20);
    }

    /// Reads all sources batch by batch: parsed on all threads, looked at one by one in their order by `look(source,
    /// raw, item)`, then given to `use(items)`.
    template <typename Look, typename Use>
    Result<void> readAll(const char* phase, bool trainingOnly, Look&& look, Use&& use) {
        std::uint64_t total = 0, done = 0;
        std::vector<RecordParser> parsers;
        std::vector<bool> wanted;
        for (std::size_t i = 0; i < m_plans.size(); ++i) {
            wanted.push_back(!(trainingOnly && m_heldOut[i]));
            if (wanted[i]) total += m_plans[i].bytes;
            parsers.push_back(parserOf(m_plans[i], m_reading));
        }
        report(phase, 0, total);
        std::vector<RecordParser::Scratch> scratches(static_cast<std::size_t>(m_pool->threads()));
        std::vector<Item> items;
        RawBatches batches(m_plans, wanted, batchBytes());
        while (true) {
            if (m_stop.raised()) return cancelled();
            std::optional<RawBatch> batch = TRY(batches.next());
            if (!batch) break;
            items.clear();
            items.resize(batch->records.size());
            const RecordParser& parser = parsers[batch->source];
            m_pool->parallelFor(items.size(), [&](std::size_t i, int worker) {
                Item& item = items[i];
                item.usable = parser.parse(batch->records[i], scratches[static_cast<std::size_t>(worker)], item.record,
                                           item.refusal);
                if (item.usable) item.hash = hashOf(item.record);
            });
            for (std::size_t i = 0; i < items.size(); ++i) {
                done += batch->records[i].sourceBytes;
                TRY_VOID(look(batch->source, batch->records[i], items[i]));
            }
            const bool last = batch->last;
            const std::size_t source = batch->source;
            if (last) TRY_VOID(checkDigest(source, batch->digest));
            batch.reset();
            TRY_VOID(use(items));
            report(phase, done, total);
        }
        report(phase, total, total);
        return {};
    }

    /// The two passes must see the same.
    Result<void> checkDigest(std::size_t source, const std::string& digest) {
        std::string& known = m_report.info.sources[source].digest;
        if (!known.empty() && known != digest)
            return makeError(ErrorCode::InvalidData, "was changed while it was imported; import it again",
                             m_plans[source].path.string());
        known = digest;
        return {};
    }

    Error refused(const Refusal& refusal) const {
        return makeError(ErrorCode::InvalidData,
                         refusal.reason + (refusal.detail.empty() ? "" : " (" + refusal.detail + ")"), refusal.place());
    }

    Result<Tokenizer> trainTokenizer() {
        const double began = steadyNow();
        m_report.info.tokenizerTrained = true;
        TokenizerTraining training;
        training.vocabSize = m_options.vocabSize;
        training.maxBytes = m_options.tokenizerBytes;
        training.specialTokens = ChatTemplate::specialTokens();
        if (m_options.fillInMiddleRate > 0)
            training.specialTokens.insert(training.specialTokens.end(), FillInMiddle::specialTokens().begin(),
                                          FillInMiddle::specialTokens().end());
        TokenizerTrainer trainer(training);
        const auto look = [&](std::size_t source, const RawRecord& raw, const Item& item) -> Result<void> {
            if (raw.state == RawRecord::State::Skipped) return {};
            if (!item.usable) return m_options.strict ? Result<void>(refused(item.refusal)) : Result<void>();
            if (isValidation(source, item.record)) return {};
            if (!item.record.conversation) trainer.add(item.record.text);
            for (const ChatMessage& message : item.record.messages) trainer.add(message.text);
            return {};
        };
        TRY_VOID(readAll("reading", true, look, [](const std::vector<Item>&) -> Result<void> { return {}; }));
        m_report.readSeconds = steadyNow() - began;
        if (trainer.empty()) return nothingToTrainOn();
        m_report.info.tokenizerTextBytes = trainer.textBytes();
        m_report.info.tokenizerSampleBytes = trainer.sampleBytes();
        report("training tokenizer", 0, 0);
        Result<Tokenizer> trained = trainer.train(m_stop);
        if (m_stop.raised()) return cancelled();
        Tokenizer tokenizer = TRY(std::move(trained));
        m_report.trainSeconds = steadyNow() - began - m_report.readSeconds;
        return tokenizer;
    }

    Error nothingToTrainOn() const {
        std::string why;
        if (!m_report.refusals.empty()) why = "; the first refusal: " + m_report.refusals.front().text();
        return badOption("there is nothing to train on: no record of the sources can be used for training" + why);
    }

    /// What writing a dataset needs, and counts.
    struct Writing {
        ShardWriter train, validation;
        AtomicFile prompts, refusals;
        LengthHistogram trainLengths, validationLengths;
        EvenNumbers lengths;
        DuplicateFilter duplicates;
        std::uint64_t conversations = 0, texts = 0, code = 0;
    };

    Result<void> refuse(Writing& writing, std::size_t source, const Refusal& refusal) {
        DatasetInfo& info = m_report.info;
        ++info.sources[source].refused;
        // So many different reasons are a reason's words gone wrong, not knowledge.
        const bool named = info.refusedByReason.size() < 1000 || info.refusedByReason.count(refusal.reason);
        ++info.refusedByReason[named ? refusal.reason : "other reasons"];
        if (info.refusedRecords++ < ImportReport::kKeptRefusals) m_report.refusals.push_back(refusal);
        if (m_options.strict) return refused(refusal);
        const Json json = {{"file", refusal.file},
                           {"line", refusal.line},
                           {"column", refusal.column},
                           {"reason", refusal.reason},
                           {"detail", refusal.detail}};
        return writing.refusals.write(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    }

    Result<void> look(Writing& writing, std::size_t source, const RawRecord& raw, Item& item) {
        DatasetInfo& info = m_report.info;
        if (raw.state == RawRecord::State::Skipped) {
            ++info.skippedFiles[raw.refusal.reason];
            return {};
        }
        if (!item.usable) return refuse(writing, source, item.refusal);
        if (!m_options.keepDuplicates && writing.duplicates.seen(item.hash)) {
            ++info.duplicates;
            ++info.sources[source].duplicates;
            return {};
        }
        item.used = true;
        item.validation = isValidation(source, item.record);
        ++info.sources[source].records;
        return {};
    }

    Result<void> write(Writing& writing, const Item& item) {
        DatasetInfo& info = m_report.info;
        ++(item.record.conversation ? writing.conversations : writing.texts);
        SplitStatistics& statistics = item.validation ? info.validationStatistics : info.trainStatistics;
        statistics.allTextBytes += item.encoded.allTextBytes;
        m_report.textBytes += item.encoded.allTextBytes;
        LanguageCounts* language = item.record.language.empty() ? nullptr : &info.languages[item.record.language];
        if (language) {
            ++language->documents;
            language->bytes += item.encoded.allTextBytes;
        }
        info.fillInMiddleDocuments += item.encoded.rearranged;
        for (const RenderedConversation& document : item.encoded.documents) {
            TRY_VOID((item.validation ? writing.validation : writing.train)
                         .add(document.ids, document.mask, document.textBytes));
            (item.validation ? writing.validationLengths : writing.trainLengths).add(document.ids.size());
            if (!item.validation) writing.lengths.add(static_cast<std::uint32_t>(document.ids.size()));
            if (language) language->tokens += document.ids.size();
        }
        const auto& messages = item.record.messages;
        if (item.validation && messages.size() >= 2 && messages[0].role == ChatRole::User &&
            messages[1].role == ChatRole::Assistant) {
            const HeldOutPrompt prompt{messages[0].text, messages[1].text, item.record.assertion};
            TRY_VOID(writing.prompts.write(heldOutPromptToJson(prompt).dump() + "\n"));
            ++info.heldOutPrompts;
        }
        return {};
    }

    Result<void> writeShards(const Tokenizer& tokenizer, const fs::path& folder) {
        const double began = steadyNow();
        const DocumentEncoder encoder = TRY_AT(
            DocumentEncoder::create(tokenizer, {m_options.learnPrompts, m_options.fillInMiddleRate, m_options.seed}),
            m_options.tokenizer.string());
        DatasetInfo& info = m_report.info;
        info.chatTemplate = encoder.chat().name();
        info.tokenizerHash = tokenizer.hash();
        info.vocabSize = tokenizer.size();
        info.promptsLearnt = m_options.learnPrompts;
        info.fillInMiddleRate = m_options.fillInMiddleRate;
        const ShardWriter::Facts facts{tokenizer.size(), tokenizer.pad() >= 0 ? tokenizer.pad() : tokenizer.eos(),
                                       tokenizer.hash()};
        Writing writing{TRY(ShardWriter::create(folder, "train", facts)),
                        TRY(ShardWriter::create(folder, "validation", facts)),
                        TRY(AtomicFile::create(folder / "validation.jsonl")),
                        TRY(AtomicFile::create(folder / "refused.jsonl")),
                        {},
                        {},
                        {},
                        {}};
        const auto lookAtOne = [&](std::size_t source, const RawRecord& raw, Item& item) {
            return look(writing, source, raw, item);
        };
        const auto encodeAndWrite = [&](std::vector<Item>& items) -> Result<void> {
            m_pool->parallelFor(items.size(), [&](std::size_t i, int) {
                Item& item = items[i];
                if (!item.used) return;
                item.encoded = encoder.encode(item.record, item.hash);
                if (!item.validation || !item.record.conversation) {  // no longer needed
                    item.record.text = {};
                    item.record.messages = {};
                }
            });
            for (const Item& item : items)
                if (item.used) TRY_VOID(write(writing, item));
            info.train = writing.train.counts();
            info.validation = writing.validation.counts();
            return {};
        };
        TRY_VOID(readAll("tokenizing", false, lookAtOne, encodeAndWrite));
        for (std::size_t i = 0; i < m_plans.size(); ++i) {
            const SourceInfo& source = info.sources[i];
            if (m_plans[i].format != SourceFormat::Folder && source.records + source.refused + source.duplicates == 0)
                TRY_VOID(
                    refuse(writing, i, {source.path, 0, 0, source.bytes == 0 ? "is empty" : "holds no record", {}}));
        }
        if (info.train.documents == 0) return nothingToTrainOn();
        if (m_options.fillInMiddleRate > 0 && info.languages.empty())
            return badOption("there is no code to fill the middle of: it needs files or a folder of code");
        info.kind = writing.conversations == 0 ? "text" : writing.texts == 0 ? "conversations" : "mixed";
        info.trainStatistics.tokens = writing.trainLengths.statistics();
        info.validationStatistics.tokens = writing.validationLengths.statistics();
        info.duplicatesForgotten = writing.duplicates.full();
        info.contentDigest = contentDigest();
        for (const int tokens : kPackedLengths)
            info.paddingShares[tokens] = std::round(1e4 * paddingShareOf(writing.lengths.numbers(), tokens)) / 1e4;
        info.train = TRY(writing.train.finish());
        info.validation = TRY(writing.validation.finish());
        if (info.heldOutPrompts > 0) TRY_VOID(writing.prompts.commit());
        if (info.refusedRecords > 0) TRY_VOID(writing.refusals.commit());
        m_report.tokenizeSeconds = steadyNow() - began;
        return {};
    }

    const ImportOptions& m_options;
    SourceOptions m_reading;
    const std::function<void(const ImportProgress&)>& m_progress;
    const StopToken& m_stop;
    std::vector<SourcePlan> m_plans;
    std::vector<bool> m_heldOut;              ///< whether a plan is the validation file
    std::set<std::string> m_validationFiles;  ///< of the one folder, by the list
    std::optional<ThreadPool> m_pool;
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
