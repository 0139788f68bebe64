// SPDX-License-Identifier: Apache-2.0
// What an import would make of its sources, by their first records, without writing anything.
#include <algorithm>
#include <optional>

#include "core/base/utf8.h"
#include "core/data/document_encoder.h"
#include "core/data/duplicates.h"
#include "core/data/import.h"
#include "core/data/statistics.h"

namespace distillix {
namespace {

constexpr std::size_t kSampleBytes = std::size_t{16} << 20;        ///< of a source, looked at
constexpr std::size_t kKeptBytes = std::size_t{4} << 20;           ///< of all sources' texts, tokenized
constexpr std::uint64_t kTokenizerBytes = std::uint64_t{1} << 20;  ///< a tokenizer for the preview takes a second
constexpr std::size_t kCell = 400;                                 ///< bytes of a cell that are shown

std::string shortened(std::string text) {
    if (text.size() <= kCell) return text;
    std::size_t cut = kCell;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    return text.substr(0, cut) + "…";
}

class Previewer {
  public:
    Previewer(const ImportOptions& options, std::uint64_t records, const StopToken& stop)
        : m_options(options), m_reading(options.reading), m_records(records), m_stop(stop) {
        m_reading.mapping.seed = options.seed;
    }

    Result<ImportPreview> run(int batch, int tokens) {
        std::vector<std::filesystem::path> paths = m_options.sources;
        if (!m_options.validationFile.empty()) paths.push_back(m_options.validationFile);
        if (paths.empty())
            return makeError(ErrorCode::InvalidArgument,
                             "there is nothing to import: name a JSONL file, a text file or a folder");
        for (const auto& path : paths) TRY_VOID(lookAt(path));
        TRY_VOID(tokenize(batch, tokens));
        return std::move(m_preview);
    }

  private:
    Result<void> lookAt(const std::filesystem::path& path) {
        SourcePreview source;
        source.plan = TRY(planSource(path, m_reading));
        for (const auto& [reason, count] : source.plan.listing.skipped) source.skippedFiles += count;
        const auto reader = TRY(openSource(source.plan));
        const RecordParser parser = parserOf(source.plan, m_reading);
        RecordParser::Scratch scratch;
        std::size_t bytes = 0;
        while (source.records < m_records && bytes < kSampleBytes) {
            if (m_stop.raised()) return makeError(ErrorCode::Cancelled, "stopped");
            RawRecord raw;
            if (!TRY(reader->next(raw))) {
                source.whole = true;
                break;
            }
            ++source.records;
            bytes += raw.bytes.size();
            if (raw.state == RawRecord::State::Skipped) {
                ++source.skippedFiles;
                continue;
            }
            if (source.rows.size() < ImportPreview::kRows) addRow(source, parser.cells(raw, scratch));
            Record record;
            Refusal refusal;
            if (!parser.parse(raw, scratch, record, refusal)) {
                ++m_preview.refusedByReason[refusal.reason];
                if (m_options.strict)
                    return makeError(ErrorCode::InvalidData,
                                     refusal.reason + (refusal.detail.empty() ? "" : " (" + refusal.detail + ")"),
                                     refusal.place());
                if (m_preview.refusals.size() < ImportReport::kKeptRefusals) m_preview.refusals.push_back(refusal);
                continue;
            }
            if (!m_options.keepDuplicates && m_duplicates.seen(hashOf(record))) {
                ++m_preview.duplicates;
                continue;
            }
            ++source.documents;
            source.conversations += record.conversation;
            source.messages += record.messages.size();
            std::uint64_t textBytes = record.text.size();
            for (const ChatMessage& message : record.messages) textBytes += message.text.size();
            source.textBytes += textBytes;
            if (m_keptBytes < kKeptBytes) {
                m_keptBytes += textBytes;
                m_kept.push_back(std::move(record));
            }
        }
        m_preview.sources.push_back(std::move(source));
        return {};
    }

    static void addRow(SourcePreview& source, const std::vector<std::pair<std::string, std::string>>& cells) {
        if (cells.empty()) return;
        std::vector<std::string> row(source.columns.size());
        for (const auto& [column, text] : cells) {
            const auto found = std::find(source.columns.begin(), source.columns.end(), column);
            const auto at = static_cast<std::size_t>(found - source.columns.begin());
            if (found == source.columns.end()) {
                source.columns.push_back(column);
                row.emplace_back();
            }
            row[at] = shortened(utf8Replaced(text));
        }
        source.rows.push_back(std::move(row));
    }

    Result<Tokenizer> tokenizer() {
        if (!m_options.tokenizer.empty()) return Tokenizer::load(m_options.tokenizer);
        m_preview.tokenizerTrained = true;
        TokenizerTraining training;
        training.vocabSize = m_options.vocabSize;
        training.maxBytes = std::min(m_options.tokenizerBytes, kTokenizerBytes);
        training.specialTokens = ChatTemplate::specialTokens();
        if (m_options.fillInMiddleRate > 0)
            training.specialTokens.insert(training.specialTokens.end(), FillInMiddle::specialTokens().begin(),
                                          FillInMiddle::specialTokens().end());
        TokenizerTrainer trainer(training);
        for (const Record& record : m_kept) {
            trainer.add(record.text);
            for (const ChatMessage& message : record.messages) trainer.add(message.text);
        }
        return trainer.train();
    }

    /// The first documents one after the other, each cut where a sequence ends.
    Result<void> tokenize(int batch, int tokens) {
        if (m_kept.empty()) return {};
        m_preview.tokenizer = TRY(tokenizer());
        const Tokenizer& t = *m_preview.tokenizer;
        const DocumentEncoder encoder =
            TRY_AT(DocumentEncoder::create(t, {m_options.learnPrompts, m_options.fillInMiddleRate, m_options.seed}),
                   m_options.tokenizer.string());
        m_preview.chatTemplate = encoder.chat().name();
        const std::size_t room = static_cast<std::size_t>(batch) * static_cast<std::size_t>(tokens);
        std::vector<std::int32_t> ids, labels, documents;
        std::int32_t number = 0;
        LengthHistogram lengths;
        for (const Record& record : m_kept) {
            const EncodedRecord encoded = encoder.encode(record, hashOf(record));
            for (const RenderedConversation& document : encoded.documents) {
                lengths.add(document.ids.size());
                ++m_preview.documents;
                m_preview.tokens += document.ids.size();
                m_preview.labels +=
                    static_cast<std::uint64_t>(std::count(document.mask.begin() + 1, document.mask.end(), 1));
                ++number;
                for (std::size_t i = 0; i < document.ids.size() && ids.size() < room; ++i) {
                    ids.push_back(document.ids[i]);
                    labels.push_back(i > 0 && document.mask[i] ? document.ids[i] : kIgnoredLabel);
                    documents.push_back(number);
                }
            }
        }
        m_preview.tokensPerDocument = lengths.statistics();
        while (ids.size() % static_cast<std::size_t>(tokens) != 0) {
            ids.push_back(t.pad() >= 0 ? t.pad() : t.eos());
            labels.push_back(kIgnoredLabel);
            documents.push_back(++number);
        }
        const int rows = static_cast<int>(ids.size() / static_cast<std::size_t>(tokens));
        m_preview.firstBatch = batchFromIds(rows, tokens, std::move(ids), std::move(labels), documents);
        return {};
    }

    const ImportOptions& m_options;
    SourceOptions m_reading;
    std::uint64_t m_records;
    const StopToken& m_stop;
    ImportPreview m_preview;
    DuplicateFilter m_duplicates;
    std::vector<Record> m_kept;
    std::size_t m_keptBytes = 0;
};

}  // namespace

Result<ImportPreview> previewImport(const ImportOptions& options, std::uint64_t records, int batch, int tokens,
                                    const StopToken& stop) try {
    return Previewer(options, records, stop).run(batch, tokens);
} catch (const std::bad_alloc&) {
    return makeError(ErrorCode::OutOfMemory, "no memory is left for the preview");
} catch (const std::exception& error) {
    return makeError(ErrorCode::Io, std::string("the preview failed: ") + error.what());
}

}  // namespace distillix
