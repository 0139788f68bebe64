// SPDX-License-Identifier: Apache-2.0
#include "core/data/mapping.h"

#include <algorithm>

#include <xxhash.h>

#include "core/base/rng.h"
#include "core/base/utf8.h"
#include "core/data/folder.h"
#include "core/data/row.h"

namespace distillix {
namespace {

using simdjson::dom::element;
using Names = std::vector<const char*>;

const Names kPromptNames{"prompt", "question", "query", "instruction", "problem", "user"};
const Names kResponseNames{"response", "answer", "completion", "output", "solution", "assistant", "chosen"};
const Names kOutputNames{"output", "response"};
const Names kInputNames{"input", "context"};
const Names kResponsesNames{"responses", "answers", "completions"};
const Names kMessagesNames{"messages", "conversations", "conversation", "dialogue", "dialog"};
const Names kTextNames{"text", "content", "body", "document", "passage", "code"};
const Names kSystemNames{"system", "system_prompt"};
const Names kTeacherNames{"teacher", "model", "name", "source", "generator"};
const Names kTeacherTextNames{"response", "text", "content", "output", "answer", "completion"};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string inQuotes(std::string_view name) {
    return "\"" + std::string(name) + "\"";
}

/// The first of `names` among the columns, compared without case; as the column is written.
std::string columnNamed(const std::vector<std::string_view>& columns, const Names& names) {
    for (const char* name : names)
        for (const std::string_view column : columns)
            if (column == name || lower(column) == name) return std::string(column);
    return {};
}

/// A list of objects: what messages and ShareGPT's conversations are. In CSV it may be JSON in a field.
bool holdsMessages(const Cell& cell, simdjson::dom::parser& parser, element& list) {
    if (cell.kind == Cell::Kind::Json) {
        list = cell.element;
    } else if (cell.kind == Cell::Kind::Text && cell.text.find('[') != std::string_view::npos &&
               cell.text.find_first_not_of(" \t\r\n") == cell.text.find('[')) {
        if (parser.parse(cell.text.data(), cell.text.size()).get(list)) return false;
    } else {
        return false;
    }
    return list.is_array();
}

/// Of the first object in a list, whether it is written as ShareGPT has it.
bool isShareGpt(const element& list) {
    simdjson::dom::array items;
    if (list.get(items)) return false;
    for (const element item : items) {
        simdjson::dom::object object;
        if (item.get(object)) return false;
        return object.at_key("from").error() == simdjson::SUCCESS;
    }
    return false;
}

bool roleNamed(std::string_view name, ChatRole& role) {
    const std::string plain = lower(name);
    for (const char* user : {"user", "human", "prompter"})
        if (plain == user) return role = ChatRole::User, true;
    for (const char* assistant : {"assistant", "gpt", "chatgpt", "bot", "model", "ai"})
        if (plain == assistant) return role = ChatRole::Assistant, true;
    for (const char* system : {"system", "developer"})
        if (plain == system) return role = ChatRole::System, true;
    return false;
}

struct Problem {
    std::string column, reason, detail;
};

/// What a record would be read as, by its columns, with what is fixed taken for granted.
bool chooseMapping(const Row& row, const MappingOptions& options, simdjson::dom::parser& parser, ColumnMapping& mapping,
                   Problem& problem) {
    const auto columns = row.columns();
    mapping = options.fixed;
    const auto fill = [&](std::string& column, const Names& names) {
        if (column.empty()) column = columnNamed(columns, names);
        return !column.empty();
    };
    if (mapping.shape == RecordShape::Automatic) {
        // What a person has named tells the shape; else the columns do, the most particular shape first.
        const ColumnMapping& fixed = options.fixed;
        const std::string messages = columnNamed(columns, kMessagesNames), prompt = columnNamed(columns, kPromptNames),
                          response = columnNamed(columns, kResponseNames), text = columnNamed(columns, kTextNames);
        element list;
        if (!fixed.messages.empty()) {
            mapping.shape = holdsMessages(row.cell(fixed.messages), parser, list) && isShareGpt(list)
                                ? RecordShape::ShareGpt
                                : RecordShape::Messages;
        } else if (!fixed.responses.empty()) {
            mapping.shape = RecordShape::Responses;
        } else if (!fixed.input.empty()) {
            mapping.shape = RecordShape::Alpaca;
        } else if (!fixed.prompt.empty() || !fixed.response.empty()) {
            mapping.shape = RecordShape::PromptResponse;
        } else if (!fixed.text.empty()) {
            mapping.shape = RecordShape::Text;
        } else if (!messages.empty() && holdsMessages(row.cell(messages), parser, list)) {
            mapping.shape = isShareGpt(list) ? RecordShape::ShareGpt : RecordShape::Messages;
        } else if (const std::string several = columnNamed(columns, kResponsesNames);
                   !several.empty() && !prompt.empty() && row.cell(several).kind == Cell::Kind::Json) {
            mapping.shape = RecordShape::Responses;
        } else if (!columnNamed(columns, {"instruction"}).empty() && !columnNamed(columns, kOutputNames).empty()) {
            mapping.shape = RecordShape::Alpaca;
        } else if (!columnNamed(columns, {"text"}).empty() &&
                   !(columnNamed(columns, {"prompt"}) + columnNamed(columns, {"response"})).empty()) {
            problem = {"", "has both \"text\" and \"prompt\" or \"response\"; which is meant?",
                       "--shape text or --shape prompt-response tells"};
            return false;
        } else if (!prompt.empty() && !response.empty()) {
            mapping.shape = RecordShape::PromptResponse;
        } else if (!text.empty()) {
            mapping.shape = RecordShape::Text;
        } else if (!messages.empty()) {
            problem = {messages, inQuotes(messages) + " must be a list of messages",
                       std::string("it is ") + row.cell(messages).kindText()};
            return false;
        } else if (!prompt.empty() || !response.empty()) {
            problem = {"", std::string("has no ") + (prompt.empty() ? "\"prompt\"" : "\"response\""), {}};
            return false;
        } else {
            std::string names;
            for (std::size_t i = 0; i < columns.size() && i < 8; ++i)
                names += (i ? ", " : "") + inQuotes(columns[i].substr(0, 40));
            problem = {"", "has no columns that are understood: neither text, nor prompt and response, nor messages",
                       columns.empty() ? "it has none"
                                       : "it has " + names + (columns.size() > 8 ? ", …" : "") +
                                             "; --prompt-column, --text-column, … tell which is which"};
            return false;
        }
    }
    const auto needs = [&](std::string& column, const Names& names) {
        if (fill(column, names)) return true;
        problem = {"", "has no " + inQuotes(names.front()), {}};
        return false;
    };
    switch (mapping.shape) {
        case RecordShape::Text:
            return needs(mapping.text, kTextNames);
        case RecordShape::Messages:
        case RecordShape::ShareGpt:
            fill(mapping.system, kSystemNames);
            return needs(mapping.messages, kMessagesNames);
        case RecordShape::Alpaca:
            fill(mapping.input, kInputNames);
            fill(mapping.system, kSystemNames);
            return needs(mapping.prompt, {"instruction", "prompt"}) && needs(mapping.response, kOutputNames);
        case RecordShape::Responses:
            fill(mapping.system, kSystemNames);
            return needs(mapping.prompt, kPromptNames) && needs(mapping.responses, kResponsesNames);
        default:
            fill(mapping.system, kSystemNames);
            fill(mapping.assertion, {"assertion"});
            return needs(mapping.prompt, kPromptNames) && needs(mapping.response, kResponseNames);
    }
}

/// Reads one record of a shape that is known.
class Reading {
  public:
    Reading(const Row& row, const ColumnMapping& mapping, const MappingOptions& options, simdjson::dom::parser& parser,
            Record& record, Problem& problem)
        : m_row(row), m_mapping(mapping), m_options(options), m_parser(parser), m_record(record), m_problem(problem) {}

    bool read() {
        m_record.conversation = m_mapping.shape != RecordShape::Text;
        if (m_mapping.shape == RecordShape::Text) return textOf(m_mapping.text, m_record.text, true);
        if (!m_mapping.system.empty() && m_row.cell(m_mapping.system).kind != Cell::Kind::Null) {
            std::string system;
            if (!textOf(m_mapping.system, system, false)) return false;
            if (!system.empty()) m_record.messages.push_back({ChatRole::System, std::move(system)});
        }
        if (m_mapping.shape == RecordShape::Messages || m_mapping.shape == RecordShape::ShareGpt) return messages();
        std::string prompt, response;
        if (!textOf(m_mapping.prompt, prompt, true)) return false;
        if (m_mapping.shape == RecordShape::Alpaca && !m_mapping.input.empty() &&
            m_row.cell(m_mapping.input).kind != Cell::Kind::Null &&
            m_row.cell(m_mapping.input).kind != Cell::Kind::Missing) {
            std::string input;
            if (!textOf(m_mapping.input, input, false)) return false;
            if (!input.empty()) prompt += "\n\n" + input;
        }
        if (m_mapping.shape == RecordShape::Responses) {
            if (!chosenResponse(prompt, response)) return false;
        } else if (!textOf(m_mapping.response, response, true)) {
            return false;
        }
        if (!m_mapping.assertion.empty() && m_row.cell(m_mapping.assertion).kind != Cell::Kind::Missing &&
            !textOf(m_mapping.assertion, m_record.assertion, false))
            return false;
        m_record.messages.push_back({ChatRole::User, std::move(prompt)});
        m_record.messages.push_back({ChatRole::Assistant, std::move(response)});
        return true;
    }

  private:
    bool fail(std::string_view column, std::string reason, std::string detail = {}) {
        m_problem = {std::string(column), std::move(reason), std::move(detail)};
        return false;
    }

    bool textOf(const std::string& column, std::string& out, bool needed) {
        const Cell cell = m_row.cell(column);
        switch (cell.kind) {
            case Cell::Kind::Missing:
                return needed ? fail("", "has no " + inQuotes(column)) : true;
            case Cell::Kind::Null:
                return fail(column, inQuotes(column) + " is null");
            case Cell::Kind::Json:
                return fail(column, inQuotes(column) + " must be a text", std::string("it is ") + cell.kindText());
            default:
                out = cell.text;
                return out.empty() && needed ? fail(column, inQuotes(column) + " is empty") : true;
        }
    }

    /// A message's words: a text, or OpenAI's list of parts of which the texts count.
    bool contentOf(const element& value, const std::string& place, std::string& out) {
        std::string_view text;
        if (!value.get(text)) {
            out = text;
            return true;
        }
        simdjson::dom::array parts;
        if (value.get(parts))
            return fail(m_mapping.messages,
                        value.is_null() ? "a message's content is null" : "a message's content must be a text",
                        place + (value.is_null() ? "" : std::string(": it is ") + jsonKindText(value)));
        for (const element part : parts) {
            if (part["text"].get(text)) return fail(m_mapping.messages, "a message has a part that is no text", place);
            out += text;
        }
        return true;
    }

    bool messages() {
        const Cell cell = m_row.cell(m_mapping.messages);
        if (cell.kind == Cell::Kind::Missing) return fail("", "has no " + inQuotes(m_mapping.messages));
        element list;
        if (!holdsMessages(cell, m_parser, list))
            return fail(m_mapping.messages,
                        inQuotes(m_mapping.messages) +
                            (cell.kind == Cell::Kind::Null ? " is null" : " must be a list of messages"),
                        cell.kind == Cell::Kind::Null ? "" : std::string("it is ") + cell.kindText());
        simdjson::dom::array items;
        if (list.get(items)) return false;
        std::size_t number = 0;
        for (const element item : items) {
            const std::string place = m_mapping.messages + "[" + std::to_string(number++) + "]";
            simdjson::dom::object object;
            if (item.get(object))
                return fail(m_mapping.messages, "a message must be an object", place + " is " + jsonKindText(item));
            element roleElement, content;
            std::string_view roleText;
            if (object.at_key("role").get(roleElement) && object.at_key("from").get(roleElement))
                return fail(m_mapping.messages, "a message has no \"role\" or \"from\"", place);
            if (roleElement.get(roleText))
                return fail(m_mapping.messages, "a message's role must be a text",
                            place + ": it is " + jsonKindText(roleElement));
            if (object.at_key("content").get(content) && object.at_key("value").get(content) &&
                object.at_key("text").get(content))
                return fail(m_mapping.messages, "a message has no \"content\" or \"value\"", place);
            ChatMessage message;
            if (!roleNamed(roleText, message.role))
                return fail(m_mapping.messages, "a message has a role that is not understood",
                            place + ": " + inQuotes(roleText.substr(0, 40)));
            if (!contentOf(content, place, message.text)) return false;
            if (message.text.empty()) {
                if (message.role == ChatRole::System) continue;
                return fail(m_mapping.messages, "a message is empty", place);
            }
            m_record.messages.push_back(std::move(message));
        }
        // Behind the last answer there is nothing to be learnt.
        while (!m_record.messages.empty() && m_record.messages.back().role != ChatRole::Assistant)
            m_record.messages.pop_back();
        if (m_record.messages.empty()) return fail(m_mapping.messages, "has no words of the assistant");
        return true;
    }

    bool chosenResponse(const std::string& prompt, std::string& response) {
        const Cell cell = m_row.cell(m_mapping.responses);
        const std::string column = inQuotes(m_mapping.responses);
        if (cell.kind == Cell::Kind::Missing) return fail("", "has no " + column);
        if (cell.kind == Cell::Kind::Null) return fail(m_mapping.responses, column + " is null");
        struct Candidate {
            std::string teacher;
            std::string_view text;
        };
        std::vector<Candidate> candidates;
        // A teacher that gave nothing (null, an empty text) is no candidate.
        const auto take = [&](std::string_view teacher, const element& value) {
            std::string_view text;
            simdjson::dom::object object;
            if (!value.get(object)) {
                for (const char* name : kTeacherTextNames)
                    if (!object.at_key(name).get(text)) break;
                for (const char* name : kTeacherNames)
                    if (teacher.empty() && !object.at_key(name).get(teacher)) break;
            } else if (value.get(text)) {
                return value.is_null();
            }
            if (!text.empty()) candidates.push_back({std::string(teacher), text});
            return true;
        };
        simdjson::dom::object byName;
        simdjson::dom::array list;
        bool understood = cell.kind == Cell::Kind::Json;
        if (understood && !cell.element.get(byName)) {
            for (const auto field : byName) understood = take(field.key, field.value) && understood;
        } else if (understood && !cell.element.get(list)) {
            for (const element value : list) understood = take({}, value) && understood;
        } else {
            understood = false;
        }
        if (!understood)
            return fail(m_mapping.responses, column + " must hold texts by teacher, or a list of them",
                        std::string("it is ") + cell.kindText());
        if (candidates.empty()) return fail(m_mapping.responses, column + " holds no text");
        std::size_t chosen = 0;
        if (m_options.teacher == TeacherChoice::Random) {
            const std::uint64_t hash = XXH3_64bits(prompt.data(), prompt.size());
            chosen = Rng(m_options.seed, hash).below(candidates.size());
        } else if (m_options.teacher == TeacherChoice::Named) {
            const std::string wanted = lower(m_options.teacherName);
            while (chosen < candidates.size() && lower(candidates[chosen].teacher) != wanted) ++chosen;
            if (chosen == candidates.size())
                return fail(m_mapping.responses, "has no response by " + inQuotes(m_options.teacherName));
        }
        response = candidates[chosen].text;
        return true;
    }

    const Row& m_row;
    const ColumnMapping& m_mapping;
    const MappingOptions& m_options;
    simdjson::dom::parser& m_parser;
    Record& m_record;
    Problem& m_problem;
};

/// Whether a row has every column that a mapping needs.
bool fits(const Row& row, const ColumnMapping& mapping) {
    const auto has = [&](const std::string& column) {
        return column.empty() || row.cell(column).kind != Cell::Kind::Missing;
    };
    if (mapping.shape == RecordShape::Automatic) return false;
    // A record that has both is to be asked about, whatever the others are.
    const auto alsoHas = [&](const char* column) { return row.cell(column).kind != Cell::Kind::Missing; };
    if (mapping.shape == RecordShape::PromptResponse && alsoHas("text")) return false;
    if (mapping.shape == RecordShape::Text && (alsoHas("prompt") || alsoHas("response"))) return false;
    return has(mapping.prompt) && has(mapping.response) && has(mapping.responses) && has(mapping.text) &&
           has(mapping.messages);
}

constexpr const char* kShapeNames[] = {"auto",     "prompt-response", "responses", "text",
                                       "messages", "alpaca",          "sharegpt"};

}  // namespace

const char* recordShapeName(RecordShape shape) {
    return kShapeNames[static_cast<int>(shape)];
}

Result<RecordShape> recordShapeFromName(const std::string& name) {
    std::string all;
    for (int i = 0; i < static_cast<int>(std::size(kShapeNames)); ++i) {
        if (name == kShapeNames[i]) return static_cast<RecordShape>(i);
        all += std::string(i ? ", " : "") + kShapeNames[i];
    }
    return makeError(ErrorCode::InvalidArgument, "there is no shape \"" + name + "\"; there are " + all);
}

std::map<std::string, std::string> ColumnMapping::columns() const {
    std::map<std::string, std::string> named;
    forEachRole(*this, [&](const char* role, const std::string& column) {
        if (!column.empty()) named[role] = column;
    });
    return named;
}

// ---- RecordParser -------------------------------------------------------------------------------------------------

struct RecordParser::Scratch::State {
    simdjson::dom::parser record, field;  ///< the second for JSON within a field of CSV
};
RecordParser::Scratch::Scratch() : m_state(std::make_unique<State>()) {}
RecordParser::Scratch::~Scratch() = default;
RecordParser::Scratch::Scratch(Scratch&&) noexcept = default;

RecordParser::RecordParser(MappingOptions options, SourceFormat format, std::vector<std::string> header,
                           ColumnMapping mapping)
    : m_options(std::move(options)), m_format(format), m_header(std::move(header)), m_mapping(std::move(mapping)) {}

bool RecordParser::detect(const RawRecord& raw, Scratch& scratch, ColumnMapping& mapping, Refusal& refusal) const {
    if (raw.state != RawRecord::State::Whole) {
        refusal = raw.refusal;
        return false;
    }
    if (m_format == SourceFormat::Text || m_format == SourceFormat::Folder) {
        mapping = {};
        mapping.shape = RecordShape::Text;
        return true;
    }
    Row row;
    if (m_format == SourceFormat::Csv ? !Row::ofCsv(raw, m_header, row, refusal)
                                      : !Row::ofJson(raw, scratch.m_state->record, row, refusal))
        return false;
    Problem problem;
    if (chooseMapping(row, m_options, scratch.m_state->field, mapping, problem)) return true;
    refusal = row.refusal(problem.column, problem.reason, problem.detail);
    return false;
}

bool RecordParser::parse(RawRecord& raw, Scratch& scratch, Record& record, Refusal& refusal) const {
    record = {};
    if (raw.state != RawRecord::State::Whole) {
        refusal = raw.refusal;
        return false;
    }
    if (m_format == SourceFormat::Text || m_format == SourceFormat::Folder) {
        if (const auto invalid = utf8FirstInvalid(raw.bytes); invalid != std::string::npos) {
            const TextPlace place = placeIn(raw.bytes, invalid, raw.line, raw.column);
            refusal = {raw.file, place.line, place.column, "is no valid UTF-8", {}};
            return false;
        }
        record.name = raw.name;
        record.language = languageOf(raw.file);
        record.text = std::move(raw.bytes);
        return true;
    }
    Row row;
    if (m_format == SourceFormat::Csv ? !Row::ofCsv(raw, m_header, row, refusal)
                                      : !Row::ofJson(raw, scratch.m_state->record, row, refusal))
        return false;
    Problem problem;
    ColumnMapping mapping;
    const bool known = fits(row, m_mapping) || (m_options.isFixed() && m_mapping.shape != RecordShape::Automatic);
    if (!known && !chooseMapping(row, m_options, scratch.m_state->field, mapping, problem)) {
        refusal = row.refusal(problem.column, problem.reason, problem.detail);
        return false;
    }
    if (Reading(row, known ? m_mapping : mapping, m_options, scratch.m_state->field, record, problem).read())
        return true;
    refusal = row.refusal(problem.column, problem.reason, problem.detail);
    return false;
}

std::vector<std::pair<std::string, std::string>> RecordParser::cells(const RawRecord& raw, Scratch& scratch) const {
    std::vector<std::pair<std::string, std::string>> all;
    if (raw.state != RawRecord::State::Whole) return all;
    if (m_format == SourceFormat::Text || m_format == SourceFormat::Folder) {
        if (!raw.name.empty()) all.emplace_back("file", raw.name);
        all.emplace_back("text", utf8Replaced(raw.bytes));
        return all;
    }
    Row row;
    Refusal ignored;
    if (m_format == SourceFormat::Csv ? !Row::ofCsv(raw, m_header, row, ignored)
                                      : !Row::ofJson(raw, scratch.m_state->record, row, ignored))
        return all;
    for (const std::string_view column : row.columns()) {
        const Cell cell = row.cell(column);
        all.emplace_back(column, cell.kind == Cell::Kind::Text   ? std::string(cell.text)
                                 : cell.kind == Cell::Kind::Json ? std::string(simdjson::minify(cell.element))
                                                                 : "null");
    }
    return all;
}

std::string recordsKeyOf(std::string_view head) {
    int depth = 0;
    std::string key;
    for (std::size_t at = 0; at < head.size(); ++at) {
        const char c = head[at];
        if (c == '{' || c == '[') {
            if (depth == 1 && c == '[' && !key.empty()) {
                const auto inside = head.find_first_not_of(" \t\r\n", at + 1);
                const auto isOne = [&](const Names& names) {
                    return std::find(names.begin(), names.end(), lower(key)) != names.end();
                };
                // An object with "messages" is a record itself.
                if (inside != std::string_view::npos && head[inside] == '{' && !isOne(kMessagesNames) &&
                    !isOne(kResponsesNames))
                    return key;
            }
            if (depth == 0 && c == '[') return {};
            ++depth;
            key.clear();
        } else if (c == '}' || c == ']') {
            if (--depth <= 0) return {};
        } else if (c == '"') {
            const std::size_t begin = at + 1;
            for (++at; at < head.size() && head[at] != '"'; ++at)
                if (head[at] == '\\') ++at;
            if (at >= head.size()) return {};
            const auto behind = head.find_first_not_of(" \t\r\n", at + 1);
            key = depth == 1 && behind != std::string_view::npos && head[behind] == ':'
                      ? std::string(head.substr(begin, at - begin))
                      : std::string();
        }
    }
    return {};
}

}  // namespace distillix
