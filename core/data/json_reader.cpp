// SPDX-License-Identifier: Apache-2.0
// Splits a JSON file of any size into its records by following brackets and quotes, without holding more than one
// record; what is within a record's brackets is the parser's business.
#include <utility>

#include "core/data/records.h"

namespace distillix {
namespace {

constexpr std::size_t kDeepest = 100000;

class JsonReader : public RecordReader {
  public:
    JsonReader(ByteSource source, std::string arrayKey)
        : m_source(std::move(source)), m_arrayKey(std::move(arrayKey)) {}

    Result<bool> next(RawRecord& record) override {
        record = {};
        record.file = m_source.path().string();
        if (m_where == Where::Beginning) TRY_VOID(begin(record));
        if (record.state == RawRecord::State::Refused) return counted(record);
        while (true) {
            const int c = TRY(peekPastBlanks());
            if (m_where == Where::End) return false;
            if (m_where == Where::Behind) {
                // Of an object that is the whole file, what stands behind its records is no concern of ours.
                m_where = Where::End;
                if (!m_arrayKey.empty() || c < 0) {
                    TRY_VOID(drain());
                    return false;
                }
                refuse(record, "has something behind the end of its array");
                TRY_VOID(drain());
                return counted(record);
            }
            if (m_where == Where::Sequence) {
                if (c < 0) return false;
                break;
            }
            if (c < 0) {
                m_where = Where::End;
                refuse(record, "ends before its array is closed: it is cut short");
                return counted(record);
            }
            if (c == ']' && (!m_afterComma || m_first)) {
                take(1);
                m_where = Where::Behind;
                continue;
            }
            if (c == ',' && !m_afterComma && !m_first) {
                take(1);
                m_afterComma = true;
                continue;
            }
            if (c == ']' || c == ',' || c == '}' || c == ':') {
                refuse(record, std::string("has a '") + static_cast<char>(c) + "' where a record should be");
                if (c == ',') {
                    take(1);
                } else {
                    m_where = Where::End;
                    TRY_VOID(drain());
                }
                return counted(record);
            }
            if (!m_afterComma && !m_first) {
                refuse(record, "lacks a comma between two records");
                m_afterComma = true;
                return counted(record);
            }
            break;
        }
        m_first = m_afterComma = false;
        TRY_VOID(value(record));
        return counted(record);
    }
    std::string digest() const override { return m_source.digest(); }

  private:
    enum class Where {
        Beginning,
        Array,     ///< in the array of records
        Sequence,  ///< values one after another
        Behind,    ///< the array's end
        End
    };

    bool counted(RawRecord& record) {
        const std::uint64_t read = m_source.bytesRead();
        record.sourceBytes = read - std::exchange(m_read, read);
        return true;
    }
    void refuse(RawRecord& record, std::string reason) {
        record.state = RawRecord::State::Refused;
        record.refusal = {record.file, m_place.line, m_place.column, std::move(reason), {}};
    }

    Result<int> peek() {
        if (m_block.empty()) m_block = TRY(m_source.block());
        return m_block.empty() ? -1 : static_cast<unsigned char>(m_block.front());
    }
    Result<int> peekPastBlanks() {
        while (true) {
            const int c = TRY(peek());
            if (c < 0 || !isJsonBlank(static_cast<char>(c))) return c;
            take(1);
        }
    }
    std::string_view take(std::size_t count) {
        const std::string_view taken = m_block.substr(0, count);
        m_place = placeIn(taken, count, m_place.line, m_place.column);
        m_block.remove_prefix(count);
        return taken;
    }
    /// Reads to the file's end, so that the digest is of all of it.
    Result<void> drain() {
        m_block = {};
        while (!TRY(m_source.block()).empty()) continue;
        return {};
    }

    Result<void> begin(RawRecord& record) {
        const int c = TRY(peekPastBlanks());
        m_where = Where::Sequence;
        if (c == '[' && m_arrayKey.empty()) {
            take(1);
            m_where = Where::Array;
        }
        if (m_arrayKey.empty()) return {};
        if (c != '{') {
            refuse(record, "is no JSON object with \"" + m_arrayKey + "\" in it");
            m_where = Where::End;
            return drain();
        }
        take(1);
        // Keys and values in turn; values are read over.
        while (true) {
            const int next = TRY(peekPastBlanks());
            if (next == ',') {
                take(1);
                continue;
            }
            if (next != '"') break;
            RawRecord key, over;
            TRY_VOID(value(key));
            if (TRY(peekPastBlanks()) != ':') break;
            take(1);
            if (TRY(peekPastBlanks()) == '[' && key.bytes == "\"" + m_arrayKey + "\"") {
                take(1);
                m_where = Where::Array;
                return {};
            }
            TRY_VOID(value(over));
            if (over.state == RawRecord::State::Refused && m_where == Where::End) break;
        }
        refuse(record, "has no array \"" + m_arrayKey + "\"");
        m_where = Where::End;
        return drain();
    }

    /// One value from where the source stands. What cannot be ended is refused and ends the reading.
    Result<void> value(RawRecord& record) {
        const TextPlace start = m_place;
        record.line = start.line;
        record.column = start.column;
        m_open.clear();
        bool inString = false, escaped = false, ended = false, tooLong = false, any = false;
        while (!ended) {
            if (TRY(peek()) < 0) {
                if (any && m_open.empty() && !inString) break;  // a number at the file's end
                record.state = RawRecord::State::Refused;
                record.refusal = {
                    record.file, start.line, start.column, "is cut short: the file ends inside of it", {}};
                m_where = Where::End;
                return {};
            }
            std::size_t at = 0;
            for (; at < m_block.size() && !ended; ++at) {
                const char c = m_block[at];
                if (inString) {
                    if (escaped)
                        escaped = false;
                    else if (c == '\\')
                        escaped = true;
                    else if (c == '"')
                        inString = false, ended = m_open.empty();
                    else if (c == '\n')
                        inString = false;  // never in a string: one that is not closed must not swallow what follows
                } else if (c == '"') {
                    inString = true;
                } else if (c == '{' || c == '[') {
                    m_open += c;
                    if (m_open.size() > kDeepest) break;
                } else if (c == '}' || c == ']') {
                    if (m_open.empty() || m_open.back() != (c == '}' ? '{' : '[')) break;
                    m_open.pop_back();
                    ended = m_open.empty();
                } else if (m_open.empty() && (c == ',' || isJsonBlank(c))) {
                    break;
                }
            }
            const bool stopped = at < m_block.size() && !ended;
            any = any || at > 0;
            tooLong = tooLong || record.bytes.size() + at > kLongestRecord;
            const std::string_view taken = take(at);
            if (!tooLong) record.bytes += taken;
            if (!stopped) continue;
            if (m_open.empty()) break;  // a number, true, … ends before what follows
            if (m_open.size() > kDeepest)
                refuse(record, "is nested too deeply; what follows cannot be told apart any more");
            else
                refuse(record, "closes a bracket that is not open; what follows cannot be told apart any more");
            m_where = Where::End;
            return drain();
        }
        if (!any) {  // a bracket that closes nothing, where a value should be
            refuse(record, "closes a bracket that is not open; what follows cannot be told apart any more");
            m_where = Where::End;
            return drain();
        }
        if (tooLong) {
            record.state = RawRecord::State::Refused;
            record.refusal = {
                record.file,
                start.line,
                start.column,
                "is longer than " + std::to_string(kLongestRecord >> 20) + " MiB, which is the most for a record",
                {}};
        }
        return {};
    }

    ByteSource m_source;
    std::string m_arrayKey, m_open;
    std::string_view m_block;
    TextPlace m_place;
    std::uint64_t m_read = 0;
    Where m_where = Where::Beginning;
    bool m_first = true, m_afterComma = false;
};

}  // namespace

std::unique_ptr<RecordReader> readJson(ByteSource source, std::string arrayKey) {
    return std::make_unique<JsonReader>(std::move(source), std::move(arrayKey));
}

}  // namespace distillix
