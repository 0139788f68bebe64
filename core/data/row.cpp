// SPDX-License-Identifier: Apache-2.0
#include "core/data/row.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/base/utf8.h"

namespace distillix {
namespace {

/// Finds where a text stops being JSON, keeping nothing of it.
class ErrorPlace : public nlohmann::json_sax<nlohmann::json> {
  public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return true; }
    bool key(string_t&) override { return true; }
    bool end_object() override { return true; }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        offset = position > 0 ? position - 1 : 0;
        return false;
    }
    std::size_t offset = 0;
};

/// Where the key `key` of a JSON object stands; 0 where it is written with escapes, or is not there.
std::size_t offsetOfKey(std::string_view json, std::string_view key) {
    int depth = 0;
    for (std::size_t at = 0; at < json.size(); ++at) {
        const char c = json[at];
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        if (c != '"') continue;
        const std::size_t begin = at + 1;
        for (++at; at < json.size() && json[at] != '"'; ++at)
            if (json[at] == '\\') ++at;
        if (depth != 1 || json.substr(begin, std::min(at, json.size()) - begin) != key) continue;
        std::size_t behind = at + 1;
        while (behind < json.size() && isJsonBlank(json[behind])) ++behind;
        if (behind < json.size() && json[behind] == ':') return begin - 1;
    }
    return 0;
}

Refusal refusalAt(const RawRecord& raw, std::size_t offset, std::string reason, std::string detail = {}) {
    const TextPlace place = placeIn(raw.bytes, offset, raw.line, raw.column);
    return {raw.file, place.line, place.column, std::move(reason), std::move(detail)};
}

}  // namespace

const char* jsonKindText(const simdjson::dom::element& element) {
    using simdjson::dom::element_type;
    switch (element.type()) {
        case element_type::ARRAY:
            return "an array";
        case element_type::OBJECT:
            return "an object";
        case element_type::STRING:
            return "a text";
        case element_type::BOOL:
            return "true or false";
        case element_type::NULL_VALUE:
            return "null";
        default:
            return "a number";
    }
}

const char* Cell::kindText() const {
    switch (kind) {
        case Kind::Missing:
            return "missing";
        case Kind::Null:
            return "null";
        case Kind::Text:
            return "a text";
        default:
            return jsonKindText(element);
    }
}

bool parseJson(std::string_view json, simdjson::dom::parser& parser, simdjson::dom::element& element,
               std::size_t& offset, std::string& reason) {
    // Copies where nothing may be read behind the text, which simdjson does in blocks.
    auto parsed = parser.parse(json.data(), json.size());
    if (!parsed.get(element)) return true;
    const auto error = parsed.error();
    offset = 0;
    reason = "is no valid JSON";
    if (const auto nul = json.find('\0'); nul != std::string_view::npos) {
        offset = nul;
        reason = "holds a NUL byte";
        return false;
    }
    if (const auto invalid = utf8FirstInvalid(json); invalid != std::string_view::npos) {
        offset = invalid;
        reason = "is no valid UTF-8";
        return false;
    }
    ErrorPlace place;
    if (!nlohmann::json::sax_parse(json, &place)) {
        offset = place.offset;
        return false;
    }
    if (error == simdjson::NUMBER_ERROR) {
        // A whole number of more than 64 bits is valid JSON; as a floating one it does no harm in a column not read.
        const std::string plain = nlohmann::json::parse(json).dump();
        if (!parser.parse(plain).get(element)) return true;
    }
    reason = error == simdjson::DEPTH_ERROR ? "is nested more than 1024 deep" : "cannot be read as JSON";
    return false;
}

bool Row::ofJson(const RawRecord& raw, simdjson::dom::parser& parser, Row& row, Refusal& refusal) {
    simdjson::dom::element element;
    std::size_t offset = 0;
    std::string reason;
    if (!parseJson(raw.bytes, parser, element, offset, reason)) {
        refusal = refusalAt(raw, offset, reason);
        return false;
    }
    if (element.get(row.m_object)) {
        refusal = refusalAt(raw, 0, "must be a JSON object", std::string("it is ") + jsonKindText(element));
        return false;
    }
    row.m_raw = &raw;
    row.m_header = nullptr;
    return true;
}

bool Row::ofCsv(const RawRecord& raw, const std::vector<std::string>& header, Row& row, Refusal& refusal) {
    row.m_raw = &raw;
    row.m_header = &header;
    if (const auto invalid = utf8FirstInvalid(raw.bytes); invalid != std::string::npos) {
        // Quotes and delimiters are not in `bytes`: the place is that of the field.
        refusal = {raw.file, raw.line, raw.column, "is no valid UTF-8", {}};
        for (const auto& field : raw.fields)
            if (invalid >= field.begin && invalid < std::size_t{field.begin} + field.length) {
                const TextPlace place = placeIn(std::string_view(raw.bytes).substr(field.begin), invalid - field.begin,
                                                raw.line + field.line, field.column);
                refusal.line = place.line;
                refusal.column = place.column;
            }
        return false;
    }
    return true;
}

std::vector<std::string_view> Row::columns() const {
    std::vector<std::string_view> names;
    if (m_header) {
        names.assign(m_header->begin(), m_header->end());
    } else {
        for (const auto field : m_object) names.push_back(field.key);
    }
    return names;
}

Cell Row::cell(std::string_view column) const {
    Cell cell;
    if (m_header) {
        const auto found = std::find(m_header->begin(), m_header->end(), column);
        if (found == m_header->end()) return cell;
        const auto index = static_cast<std::size_t>(found - m_header->begin());
        if (index >= m_raw->fields.size()) return cell;
        cell.kind = Cell::Kind::Text;
        cell.text = std::string_view(m_raw->bytes).substr(m_raw->fields[index].begin, m_raw->fields[index].length);
        return cell;
    }
    if (m_object.at_key(column).get(cell.element)) return cell;
    if (cell.element.is_null())
        cell.kind = Cell::Kind::Null;
    else if (!cell.element.get(cell.text))
        cell.kind = Cell::Kind::Text;
    else
        cell.kind = Cell::Kind::Json;
    return cell;
}

Refusal Row::refusal(std::string_view column, std::string reason, std::string detail) const {
    if (!m_header) return refusalAt(*m_raw, offsetOfKey(m_raw->bytes, column), std::move(reason), std::move(detail));
    Refusal refusal{m_raw->file, m_raw->line, m_raw->column, std::move(reason), std::move(detail)};
    for (std::size_t i = 0; i < m_header->size() && i < m_raw->fields.size(); ++i)
        if ((*m_header)[i] == column) {
            refusal.line = m_raw->line + m_raw->fields[i].line;
            refusal.column = m_raw->fields[i].column;
        }
    return refusal;
}

}  // namespace distillix
