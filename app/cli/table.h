// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace distillix::cli {

/// Rows of text as columns padded with spaces; the first row is the head. Columns of numbers are set to the right.
class Table {
  public:
    explicit Table(std::vector<std::string> head) { m_rows.push_back(std::move(head)); }
    void add(std::vector<std::string> row) { m_rows.push_back(std::move(row)); }
    std::string text() const;

  private:
    std::vector<std::vector<std::string>> m_rows;
};

/// "name   value" lines, names padded to one width.
std::string pairsText(const std::vector<std::pair<std::string, std::string>>& pairs);

/// printf's text of one number, such as formatted("%.1f%%", 12.34).
std::string formatted(const char* format, double number);
std::string fixedText(double number, int digits);

}  // namespace distillix::cli
