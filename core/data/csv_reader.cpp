// SPDX-License-Identifier: Apache-2.0
// CSV as RFC 4180 has it: fields in quotes may hold delimiters, newlines and doubled quotes; a quote elsewhere is an
// error. Lines end with CR LF or LF.
#include <utility>

#include "core/data/records.h"

namespace distillix {
namespace {

class CsvReader : public RecordReader {
  public:
    CsvReader(ByteSource source, char delimiter) : m_source(std::move(source)), m_delimiter(delimiter) {}

    Result<bool> next(RawRecord& record) override {
        while (true) {
            record = {};
            record.file = m_source.path().string();
            record.line = m_line;
            m_problem = nullptr;
            m_tooLong = false;
            if (!TRY(row(record))) return false;
            const bool blank = !m_problem && record.fields.size() == 1 && record.fields[0].length == 0 && !m_quoted;
            if (blank) continue;
            const std::uint64_t read = m_source.bytesRead();
            record.sourceBytes = read - std::exchange(m_read, read);
            if (m_tooLong) {
                refuse(
                    record, record.line, 1,
                    "is longer than " + std::to_string(kLongestRecord >> 20) + " MiB, which is the most for a record");
            } else if (m_problem) {
                refuse(record, m_problemLine, m_problemColumn, m_problem);
            } else if (m_columns == 0) {
                m_columns = record.fields.size();
            } else if (record.fields.size() != m_columns) {
                refuse(record, record.line, 1, "has another number of fields than the header",
                       std::to_string(record.fields.size()) + " where the header has " + std::to_string(m_columns));
            }
            return true;
        }
    }
    std::string digest() const override { return m_source.digest(); }

  private:
    static void refuse(RawRecord& record, std::uint64_t line, std::uint64_t column, std::string reason,
                       std::string detail = {}) {
        record.state = RawRecord::State::Refused;
        record.refusal = {record.file, line, column, std::move(reason), std::move(detail)};
    }

    /// The next byte, or -1 at the end.
    Result<int> peek() {
        if (m_block.empty()) m_block = TRY(m_source.block());
        return m_block.empty() ? -1 : static_cast<unsigned char>(m_block.front());
    }
    void take() {
        const auto byte = static_cast<unsigned char>(m_block.front());
        m_block.remove_prefix(1);
        if (byte == '\n') {
            ++m_line;
            m_column = 1;
        } else if ((byte & 0xc0) != 0x80) {
            ++m_column;
        }
    }
    void append(RawRecord& record, char byte) {
        if (record.bytes.size() >= kLongestRecord)
            m_tooLong = true;  // read on to its end, but not kept
        else
            record.bytes += byte;
    }
    void problem(const char* what, std::uint64_t line, std::uint64_t column) {
        if (m_problem) return;  // the first one of a row counts
        m_problem = what;
        m_problemLine = line;
        m_problemColumn = column;
    }

    /// Takes bytes that need no looking at, many at once.
    void takePlain(RawRecord& record, bool quoted) {
        std::size_t count = 0;
        while (count < m_block.size()) {
            const char c = m_block[count];
            if (c == '"' || c == '\n' || c == '\r' || (!quoted && c == m_delimiter)) break;
            m_column += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
            ++count;
        }
        if (record.bytes.size() + count > kLongestRecord)
            m_tooLong = true;
        else
            record.bytes.append(m_block.substr(0, count));
        m_block.remove_prefix(count);
    }

    /// False at the end of the file.
    Result<bool> row(RawRecord& record) {
        if (TRY(peek()) < 0) return false;
        record.column = m_column;
        m_quoted = false;
        while (true) {
            RawRecord::Field field;
            field.begin = static_cast<std::uint32_t>(record.bytes.size());
            field.line = static_cast<std::uint32_t>(m_line - record.line);
            field.column = static_cast<std::uint32_t>(m_column);
            const bool more = TRY(this->field(record));
            field.length = static_cast<std::uint32_t>(record.bytes.size()) - field.begin;
            if (record.fields.size() < kMostFields)
                record.fields.push_back(field);
            else
                problem("has more than 65536 fields", m_line, m_column);
            if (!more) return true;
        }
    }

    /// One field with what ends it; true if another follows in the row.
    Result<bool> field(RawRecord& record) {
        if (TRY(peek()) == '"') {
            m_quoted = true;
            const std::uint64_t line = m_line, column = m_column;
            take();
            while (true) {
                takePlain(record, true);
                const int c = TRY(peek());
                if (c < 0) {
                    problem("opens a quoted field that is never closed", line, column);
                    return false;
                }
                if (m_block.front() != '"') {
                    if (c == '\r' || c == '\n') {
                        append(record, static_cast<char>(c));
                        take();
                    }
                    continue;
                }
                take();
                if (TRY(peek()) != '"') break;
                append(record, '"');
                take();
            }
            const int c = TRY(peek());
            if (c >= 0 && c != m_delimiter && c != '\n' && c != '\r')
                problem("has text behind the quote that closes a field", m_line, m_column);
        }
        // What is not quoted, or stands wrongly behind a quoted field.
        while (true) {
            takePlain(record, false);
            const int c = TRY(peek());
            if (c < 0) return false;
            if (c == static_cast<unsigned char>(m_delimiter)) {
                take();
                return true;
            }
            if (c == '\n') {
                take();
                return false;
            }
            if (c == '\r') {
                take();
                const int following = TRY(peek());
                if (following == '\n' || following < 0) {
                    if (following >= 0) take();
                    return false;
                }
                append(record, '\r');
                continue;
            }
            if (c == '"') {
                problem("has a quote inside a field that does not begin with one", m_line, m_column);
                append(record, '"');
                take();
            }
        }
    }

    static constexpr std::size_t kMostFields = 65536;
    ByteSource m_source;
    char m_delimiter;
    std::string_view m_block;
    std::uint64_t m_line = 1, m_column = 1, m_read = 0;
    std::size_t m_columns = 0;
    bool m_quoted = false, m_tooLong = false;
    const char* m_problem = nullptr;
    std::uint64_t m_problemLine = 0, m_problemColumn = 0;
};

}  // namespace

std::unique_ptr<RecordReader> readCsv(ByteSource source, char delimiter) {
    return std::make_unique<CsvReader>(std::move(source), delimiter);
}

}  // namespace distillix
