// SPDX-License-Identifier: Apache-2.0
#include "core/bench/report.h"

#include <algorithm>
#include <cmath>

namespace distillix {
namespace {
using Json = nlohmann::ordered_json;

/// Columns that a text takes: characters, not bytes.
std::size_t widthOf(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string escapedForMarkdown(std::string text) {
    for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
    return text;
}

std::string markdownText(const BenchTable& table) {
    std::vector<std::vector<std::string>> cells{{}};
    std::vector<bool> numbers(table.columns.size(), true);
    for (const BenchColumn& column : table.columns) cells[0].push_back(escapedForMarkdown(column.title));
    for (const auto& row : table.rows) {
        cells.emplace_back();
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            numbers[i] = numbers[i] && (row[i].number || row[i].empty());
            cells.back().push_back(escapedForMarkdown(row[i].text()));
        }
    }
    std::vector<std::size_t> widths(table.columns.size(), 4);
    for (const auto& row : cells)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], widthOf(row[i]));
    std::string text = "### " + table.title + "\n\n";
    for (std::size_t r = 0; r < cells.size(); ++r) {
        text += "|";
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string padding(widths[i] - widthOf(cells[r][i]), ' ');
            text += " " + (numbers[i] ? padding + cells[r][i] : cells[r][i] + padding) + " |";
        }
        text += "\n";
        if (r > 0) continue;
        text += "|";
        for (std::size_t i = 0; i < widths.size(); ++i)
            text += (numbers[i] ? std::string(widths[i] + 1, '-') + ":" : std::string(widths[i] + 2, '-')) + "|";
        text += "\n";
    }
    for (const auto& note : table.notes) text += "\n" + note + "\n";
    return text;
}

std::string csvField(const BenchCell& cell) {
    if (cell.number) return Json(*cell.number).dump();
    if (cell.words.find_first_of(",\"\r\n") == std::string::npos) return cell.words;
    std::string text = "\"";
    for (const char c : cell.words) text += c == '"' ? std::string("\"\"") : std::string(1, c);
    return text + "\"";
}

std::string csvText(const BenchTable& table) {
    std::string text = "table";
    for (const BenchColumn& column : table.columns) text += "," + csvField(column.key);
    text += "\r\n";
    for (const auto& row : table.rows) {
        text += csvField(table.id);
        for (const BenchCell& cell : row) text += "," + csvField(cell);
        text += "\r\n";
    }
    return text;
}

Json rowJson(const BenchTable& table, const std::vector<BenchCell>& row) {
    Json json = Json::object();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const BenchCell& cell = row[i];
        json[table.columns[i].key] = cell.number ? Json(*cell.number) : cell.empty() ? Json(nullptr) : Json(cell.words);
    }
    return json;
}

}  // namespace

std::string BenchCell::text() const {
    if (!number) return words.empty() ? "-" : words;
    char digits[64];
    std::snprintf(digits, sizeof digits, "%.*f", decimals, *number);
    std::string out = digits;
    const std::size_t first = out[0] == '-' ? 1 : 0, point = std::min(out.find('.'), out.size());
    for (std::size_t at = point; at > first + 3;) out.insert(at -= 3, ",");
    return out;
}

BenchCell ratioCell(const BenchCell& ours, const BenchCell& theirs) {
    if (!ours.number || !theirs.number || *theirs.number == 0) return {};
    const double ratio = *ours.number / *theirs.number;
    // Two significant digits at least, so that a small ratio is told apart from none.
    return {ratio, ratio >= 10                  ? 1
                   : ratio >= 0.1 || ratio == 0 ? 2
                                                : static_cast<int>(1 - std::floor(std::log10(ratio)))};
}

std::string reportText(const std::vector<BenchTable>& tables, ReportFormat format) {
    std::string text;
    for (const BenchTable& table : tables) {
        switch (format) {
            case ReportFormat::Markdown:
                text += (text.empty() ? "" : "\n") + markdownText(table);
                break;
            case ReportFormat::Csv:
                text += (text.empty() ? "" : "\r\n") + csvText(table);
                break;
            case ReportFormat::JsonLines:
                for (const auto& row : table.rows) {
                    Json line = {{"table", table.id}};
                    line.update(rowJson(table, row));
                    text += line.dump() + "\n";
                }
                for (const auto& note : table.notes) text += Json({{"table", table.id}, {"note", note}}).dump() + "\n";
                break;
        }
    }
    return text;
}

Json tableJson(const BenchTable& table) {
    Json columns = Json::array(), rows = Json::array();
    for (const BenchColumn& column : table.columns) columns.push_back({{"key", column.key}, {"title", column.title}});
    for (const auto& row : table.rows) rows.push_back(rowJson(table, row));
    return {{"id", table.id}, {"title", table.title}, {"columns", columns}, {"rows", rows}, {"notes", table.notes}};
}

}  // namespace distillix
