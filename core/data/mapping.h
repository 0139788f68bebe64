// SPDX-License-Identifier: Apache-2.0
// What the columns of a record mean, and documents made of raw records.
//
//     prompt-response   {"prompt": "…", "response": "…"}, with "system" and "assertion" where they are there
//     responses         {"prompt": "…", "responses": {"TEACHER": "…", …}}; or a list, of texts or of objects with the
//                       teacher's name ("teacher", "model", …) and text ("response", "text", …)
//     text              {"text": "…"}
//     messages          {"messages": [{"role": "system" | "user" | "assistant", "content": "…"}, …]} (OpenAI, ChatML)
//     alpaca            {"instruction": "…", "input": "…", "output": "…"}; the input may be missing or empty
//     sharegpt          {"conversations": [{"from": "human" | "gpt" | "system", "value": "…"}, …]}
//
// Common other names of the columns are understood too ("question" and "answer", "completion", "content", …).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/data/records.h"

namespace distillix {

enum class RecordShape { Automatic, PromptResponse, Responses, Text, Messages, Alpaca, ShareGpt };
/// "auto", "prompt-response", "responses", "text", "messages", "alpaca", "sharegpt".
const char* recordShapeName(RecordShape shape);
/// InvalidArgument names the shapes there are.
Result<RecordShape> recordShapeFromName(const std::string& name);

/// Which column plays which part; empty: none.
struct ColumnMapping {
    RecordShape shape = RecordShape::Automatic;
    std::string prompt, response, responses, text, messages, input, system, assertion;

    /// visit("prompt", column) for each part.
    template <typename Self, typename Visit>
    static void forEachRole(Self& self, Visit&& visit) {
        visit("prompt", self.prompt);
        visit("response", self.response);
        visit("responses", self.responses);
        visit("text", self.text);
        visit("messages", self.messages);
        visit("input", self.input);
        visit("system", self.system);
        visit("assertion", self.assertion);
    }
    /// Role to column, of those that are there.
    std::map<std::string, std::string> columns() const;
};

/// Of several teachers' responses, which.
enum class TeacherChoice {
    First,
    Random,  ///< by the seed and the prompt
    Named
};

struct MappingOptions {
    /// What a person has fixed; an empty column is found by its name. Where the shape or a column is fixed, records
    /// that do not have it are refused; else each record may be of its own shape.
    ColumnMapping fixed;
    TeacherChoice teacher = TeacherChoice::First;
    std::string teacherName;  ///< if Named
    std::uint64_t seed = 1;
    bool isFixed() const { return fixed.shape != RecordShape::Automatic || !fixed.columns().empty(); }
};

/// Makes documents of one source's raw records. Reads only: any number of threads, each with its own Scratch.
class RecordParser {
  public:
    struct State;
    class Scratch {
      public:
        Scratch();
        ~Scratch();
        Scratch(Scratch&&) noexcept;

      private:
        friend class RecordParser;
        struct State;
        std::unique_ptr<State> m_state;
    };

    /// `header`: the columns of CSV. `mapping`: what is tried first, from detect(); may be automatic.
    RecordParser(MappingOptions options, SourceFormat format, std::vector<std::string> header,
                 ColumnMapping mapping = {});

    /// The mapping that a record would be read with; false, with the reason in `refusal`, where there is none.
    bool detect(const RawRecord& raw, Scratch& scratch, ColumnMapping& mapping, Refusal& refusal) const;
    /// Fills `record`, or tells in `refusal` why it cannot be used. Takes what it needs out of `raw`.
    bool parse(RawRecord& raw, Scratch& scratch, Record& record, Refusal& refusal) const;
    /// The record's columns as text, for a preview: strings as they are, other JSON as JSON. Empty where it is none.
    std::vector<std::pair<std::string, std::string>> cells(const RawRecord& raw, Scratch& scratch) const;

  private:
    MappingOptions m_options;
    SourceFormat m_format;
    std::vector<std::string> m_header;
    ColumnMapping m_mapping;
};

/// The key of an object that is a whole JSON file under which its records are: {"version": 1, "data": [{…}, …]}. `head`
/// is the file's beginning. Empty where the file is not like that.
std::string recordsKeyOf(std::string_view head);

}  // namespace distillix
