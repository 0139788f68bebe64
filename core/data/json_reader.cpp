// SPDX-License-Identifier: Apache-2.0
// Splits a JSON file of any size into its records by following brackets and quotes, without holding more than one
// record; what is within a record's brackets is the parser's business.
#include <utility>

#include "core/data/records.h"

namespace distillix {
namespace {

constexpr std::size_t kDeepest = 100000;
constexpr std::uint64_t kNamedMembers = 3;
constexpr const char* kLost = "; what follows cannot be told apart any more";

/// Whether there is something between the brackets of an array or object.
bool holdsSomething(std::string_view json) {
    const auto inside = json.find_first_not_of(" \t\r\n", 1);
    return inside != std::string_view::npos && inside + 1 < json.size();
}

class JsonReader : public RecordReader {
  public:
    JsonReader(ByteSource source, std::string arrayKey)
        : m_source(std::move(source)), m_arrayKey(std::move(arrayKey)) {}

    Result<bool> next(RawRecord& record) override {
        record = {};
        record.file = m_source.path().string();
        bool found = false;
        while (!found && m_where != Where::End) {
            const int c = TRY(peekPastBlanks());
            if (m_where == Where::Top)
                found = TRY(atTop(c, record));
            else if (m_where == Where::Array)
                found = TRY(inArray(c, record));
            else
                found = TRY(inObject(c, record));
        }
        if (found) {
            const std::uint64_t read = m_source.bytesRead();
            record.sourceBytes = read - std::exchange(m_read, read);
        }
        return found;
    }
    std::string digest() const override { return m_source.digest(); }

  private:
    enum class Where {
        Top,     ///< between the values that the file is made of
        Array,   ///< in an array of records
        Object,  ///< among the members of an object in which one is the array of records
        End      ///< of the file, or of what can be told apart
    };

    void refuse(RawRecord& record, TextPlace place, std::string reason, std::string detail = {}) {
        record.state = RawRecord::State::Refused;
        record.refusal = {record.file, place.line, place.column, std::move(reason), std::move(detail)};
    }
    /// The same for what makes everything behind it unreadable. The file is read to its end all the same, so that the
    /// digest is of all of it.
    Result<bool> refuseTheRest(RawRecord& record, std::string reason) {
        refuse(record, m_place, std::move(reason));
        m_where = Where::End;
        TRY_VOID(drain());
        return true;
    }

    // Each is given what comes next, which is no blank (-1: nothing), and tells whether `record` is filled.

    Result<bool> atTop(int c, RawRecord& record) {
        if (c < 0) {
            m_where = Where::End;
            return false;
        }
        if (c == '[') {
            enterArray();
            return false;
        }
        if (c == '{' && !m_arrayKey.empty()) {
            m_object = {};
            m_object.place = m_place;
            m_where = Where::Object;
            take(1);
            return false;
        }
        if (c == ',') {
            refuse(record, m_place, "has a ',' where a record should be");
            take(1);
            return true;
        }
        if (c == ']' || c == '}' || c == ':')
            return refuseTheRest(record,
                                 std::string("has a '") + static_cast<char>(c) + "' where a record should be" + kLost);
        TRY_VOID(value(record));
        return true;
    }

    Result<bool> inArray(int c, RawRecord& record) {
        if (c < 0) {
            m_where = Where::End;
            refuse(record, m_place, "ends before its array is closed: it is cut short");
            return true;
        }
        if (c == ',' && !m_afterComma && !m_first) {
            take(1);
            m_afterComma = true;
            return false;
        }
        if (c == '}' || c == ':')
            return refuseTheRest(record,
                                 std::string("has a '") + static_cast<char>(c) + "' where a record should be" + kLost);
        const bool misplaced = c == ',' || (c == ']' && m_afterComma);
        if (misplaced)
            refuse(record, m_place, std::string("has a '") + static_cast<char>(c) + "' where a record should be");
        if (c == ']') m_where = m_object.open ? Where::Object : Where::Top;
        if (c == ']' || c == ',') {
            take(1);
            return misplaced;
        }
        if (!m_afterComma && !m_first) {
            refuse(record, m_place, "lacks a comma between two records");
            m_afterComma = true;
            return true;
        }
        m_first = m_afterComma = false;
        TRY_VOID(value(record));
        return true;
    }

    Result<bool> inObject(int c, RawRecord& record) {
        if (c < 0) {
            m_where = Where::End;
            refuse(record, m_object.place, "is cut short: the file ends inside of it");
            return true;
        }
        if (c == ',') {
            take(1);
            return false;
        }
        if (c == '}') {
            take(1);
            m_where = Where::Top;
            return leaveObject(record);
        }
        if (c != '"') return refuseTheRest(record, std::string("has no key where one should be") + kLost);
        const TextPlace place = m_place;
        RawRecord key, over;
        key.file = over.file = record.file;
        TRY_VOID(value(key));
        if (m_where == Where::End) {
            record = std::move(key);
            return true;
        }
        if (TRY(peekPastBlanks()) != ':') return refuseTheRest(record, std::string("lacks a ':' behind a key") + kLost);
        take(1);
        const int first = TRY(peekPastBlanks());
        if (first == '[' && key.bytes == "\"" + m_arrayKey + "\"") {
            m_object.open = true;
            enterArray();
            return false;
        }
        if (first < 0 || first == ',' || first == '}' || first == ']' || first == ':')
            return refuseTheRest(record, std::string("has a key without a value") + kLost);
        TRY_VOID(value(over));
        if (m_where == Where::End) {
            record = std::move(over);
            return true;
        }
        const bool large =
            (first == '{' || first == '[') && (over.state == RawRecord::State::Refused || holdsSomething(over.bytes));
        Beside& beside = large ? m_object.large : m_object.small;
        if (beside.count++ == 0) beside.place = place;
        if (beside.count <= kNamedMembers) beside.names += (beside.names.empty() ? "" : ", ") + key.bytes;
        return false;
    }

    void enterArray() {
        take(1);
        m_where = Where::Array;
        m_first = true;
        m_afterComma = false;
    }

    /// What of an object was not read as records is told once for all of it. Objects and arrays may be records that
    /// someone misses: refused. Numbers and texts beside the records are what every such file has: passed over, and
    /// counted as that.
    Result<bool> leaveObject(RawRecord& record) {
        const Object object = std::exchange(m_object, {});
        if (!object.open) {
            refuse(record, object.place, "has no array \"" + m_arrayKey + "\" in it, where the records are looked for");
            return true;
        }
        const Beside& beside = object.large.count > 0 ? object.large : object.small;
        if (beside.count == 0) return false;
        const std::string more =
            beside.count > kNamedMembers ? " and " + std::to_string(beside.count - kNamedMembers) + " more" : "";
        refuse(record, beside.place,
               object.large.count > 0
                   ? "is not read: it stands beside the array \"" + m_arrayKey + "\", where the records are"
                   : "a value beside the records",
               beside.names + more);
        if (object.large.count == 0) record.state = RawRecord::State::Skipped;
        return true;
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
    Result<void> drain() {
        m_block = {};
        while (!TRY(m_source.block()).empty()) continue;
        return {};
    }

    /// One value from where the source stands, at a character that can begin one. What cannot be ended is refused and
    /// ends the reading.
    Result<void> value(RawRecord& record) {
        const TextPlace start = m_place;
        record.line = start.line;
        record.column = start.column;
        m_open.clear();
        bool inString = false, escaped = false, ended = false, tooLong = false, any = false;
        while (!ended) {
            if (TRY(peek()) < 0) {
                if (any && m_open.empty() && !inString) break;  // a number at the file's end
                refuse(record, start, "is cut short: the file ends inside of it");
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
            refuse(record, m_place,
                   (m_open.size() > kDeepest ? "is nested too deeply" : "closes a bracket that is not open") +
                       std::string(kLost));
            m_where = Where::End;
            return drain();
        }
        if (tooLong) {
            refuse(record, start,
                   "is longer than " + std::to_string(kLongestRecord >> 20) + " MiB, which is the most for a record");
        }
        return {};
    }

    /// Members of an object that are not the array of records.
    struct Beside {
        std::uint64_t count = 0;
        TextPlace place;    ///< of the first
        std::string names;  ///< of the first kNamedMembers
    };
    struct Object {
        TextPlace place;
        bool open = false;    ///< its array was entered
        Beside large, small;  ///< objects and arrays; numbers, texts and what is empty
    };

    ByteSource m_source;
    std::string m_arrayKey, m_open;
    std::string_view m_block;
    TextPlace m_place;
    std::uint64_t m_read = 0;
    Where m_where = Where::Top;
    Object m_object;  ///< the one that m_where is in
    bool m_first = true, m_afterComma = false;
};

}  // namespace

std::unique_ptr<RecordReader> readJson(ByteSource source, std::string arrayKey) {
    return std::make_unique<JsonReader>(std::move(source), std::move(arrayKey));
}

}  // namespace distillix
