// SPDX-License-Identifier: Apache-2.0
// Tables of figures, and the forms they are told in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace distillix {

/// What stands in one place of a table: a number, words, or nothing.
struct BenchCell {
    std::optional<double> number;
    std::string words;  ///< in place of a number
    int decimals = 0;   ///< a number is shown with, for people

    BenchCell() = default;
    BenchCell(double value, int digits = 0) : number(value), decimals(digits) {}  // NOLINT
    BenchCell(std::string text) : words(std::move(text)) {}                       // NOLINT
    BenchCell(const char* text) : words(text) {}                                  // NOLINT
    bool empty() const { return !number && words.empty(); }
    /// "1,777.5", "x 0.31" is the column's business; "-" where there is nothing.
    std::string text() const;
};

struct BenchColumn {
    std::string key;    ///< in CSV and JSON: "ours_tokens_per_second"
    std::string title;  ///< for people: "tokens/s here"
};

struct BenchTable {
    std::string id;     ///< "inference", "summary", …
    std::string title;  ///< for people
    std::vector<BenchColumn> columns;
    std::vector<std::vector<BenchCell>> rows;  ///< each as long as `columns`
    std::vector<std::string> notes;            ///< what must be known to read it
};

/// ours / theirs; nothing where either is missing or theirs is 0.
BenchCell ratioCell(const BenchCell& ours, const BenchCell& theirs);

enum class ReportFormat { Markdown, Csv, JsonLines };

/// Markdown: a heading, a table, the notes. CSV (RFC 4180): a line `table,` and the column keys as head of each table,
/// its rows, an empty line. JSON lines: one object a row, with "table" first; notes as {"table": …, "note": …}.
std::string reportText(const std::vector<BenchTable>& tables, ReportFormat format);
nlohmann::ordered_json tableJson(const BenchTable& table);

}  // namespace distillix
