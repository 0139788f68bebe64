// SPDX-License-Identifier: Apache-2.0
#include "app/cli/table.h"

#include <algorithm>
#include <cstdio>

namespace distillix::cli {
namespace {

/// Columns a terminal uses: characters, not bytes.
std::size_t widthOf(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string Table::text() const {
    std::vector<std::size_t> widths;
    for (const auto& row : m_rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t column = 0; column < row.size(); ++column)
            widths[column] = std::max(widths[column], widthOf(row[column]));
    }
    std::string text;
    for (const auto& row : m_rows) {
        std::string line;
        for (std::size_t column = 0; column < row.size(); ++column) {
            const std::string padding(widths[column] - widthOf(row[column]), ' ');
            // A column is numbers if every cell below its head begins like one.
            bool numbers = m_rows.size() > 1;
            for (std::size_t other = 1; other < m_rows.size() && numbers; ++other)
                numbers = column >= m_rows[other].size() || m_rows[other][column].empty() ||
                          (m_rows[other][column][0] >= '0' && m_rows[other][column][0] <= '9') ||
                          m_rows[other][column] == "-";
            line += (column ? "  " : "") + (numbers ? padding + row[column] : row[column] + padding);
        }
        while (!line.empty() && line.back() == ' ') line.pop_back();
        text += line + "\n";
    }
    return text;
}

std::string pairsText(const std::vector<std::pair<std::string, std::string>>& pairs) {
    std::size_t width = 0;
    for (const auto& [name, value] : pairs) width = std::max(width, widthOf(name));
    std::string text;
    for (const auto& [name, value] : pairs) text += name + std::string(width + 2 - widthOf(name), ' ') + value + "\n";
    return text;
}

std::string formatted(const char* format, double number) {
    char out[64];
    std::snprintf(out, sizeof out, format, number);
    return out;
}

std::string fixedText(double number, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, number);
    return text;
}

}  // namespace distillix::cli
