// SPDX-License-Identifier: Apache-2.0
// One record's columns, whether it came as JSON or as CSV. For mapping.cpp and row.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "core/data/records.h"

namespace distillix {

struct Cell {
    enum class Kind { Missing, Null, Text, Json } kind = Kind::Missing;
    std::string_view text;           ///< if Text
    simdjson::dom::element element;  ///< if Json: an object, array, number or truth value
    /// "a number", "an array", …; for a person.
    const char* kindText() const;
};
const char* jsonKindText(const simdjson::dom::element& element);

class Row {
  public:
    /// Parses a JSON record with `parser`, which must outlive the row as it is. False, with the reason, where it is no
    /// JSON object.
    static bool ofJson(const RawRecord& raw, simdjson::dom::parser& parser, Row& row, Refusal& refusal);
    /// A record of CSV. False where it is no valid UTF-8.
    static bool ofCsv(const RawRecord& raw, const std::vector<std::string>& header, Row& row, Refusal& refusal);

    std::vector<std::string_view> columns() const;
    Cell cell(std::string_view column) const;
    /// A Refusal at the place of a column (or, where there is none of this name, of the record).
    Refusal refusal(std::string_view column, std::string reason, std::string detail = {}) const;

  private:
    const RawRecord* m_raw = nullptr;
    simdjson::dom::object m_object;
    const std::vector<std::string>* m_header = nullptr;  ///< of CSV
};

/// Parses JSON, numbers of any size included. False with where (a byte's offset) and why it is none.
bool parseJson(std::string_view json, simdjson::dom::parser& parser, simdjson::dom::element& element,
               std::size_t& offset, std::string& reason);

}  // namespace distillix
