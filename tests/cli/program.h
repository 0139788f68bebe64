// SPDX-License-Identifier: Apache-2.0
// Runs the built distillix as a person or a script would.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/types.h>

namespace distillix::test {

/// A started distillix with pipes to its three streams. Killed and reaped with the object.
class Program {
  public:
    explicit Program(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    pid_t pid() const { return m_pid; }
    void say(const std::string& text);
    void closeInput();
    /// The next line of its standard output, without the newline; false at the end of it.
    bool line(std::string& text);
    /// The next line of JSON that `wanted` accepts; those before it are passed over. Null at the end.
    template <typename Wanted>
    nlohmann::ordered_json waitFor(Wanted wanted) {
        std::string text;
        while (line(text)) {
            auto json = nlohmann::ordered_json::parse(text, nullptr, false);
            if (json.is_object() && wanted(json)) return json;
        }
        return {};
    }
    void signal(int number);
    /// Whether it has not ended yet: what a test that waits for its doings asks, so that it does not wait forever.
    bool running() const;
    /// Waits for its end: the exit code, or 128 + the signal that ended it. Reads what it still says.
    int wait();
    const std::string& rest() const { return m_out; }       ///< of standard output, behind the lines that were read
    const std::string& errors() const { return m_errors; }  ///< all of standard error; whole after wait()

  private:
    bool fill(bool& ended);
    pid_t m_pid = -1;
    int m_in = -1, m_outEnd = -1, m_errEnd = -1;
    std::string m_out, m_errors;
    int m_code = -1;
};

struct Outcome {
    int code = -1;
    std::string out, errors;
    /// The lines of standard output; fails the test where one is no JSON object.
    std::vector<nlohmann::ordered_json> lines() const;
    /// The last line, which must be a result (its "result") or else fails the test.
    nlohmann::ordered_json result() const;
};

/// Runs it to its end with `input` as its standard input, and NAME=VALUE lines added to its environment.
Outcome run(const std::vector<std::string>& arguments, const std::string& input = {},
            const std::vector<std::string>& environment = {});

/// The words of `train new` for a model so small that a step takes milliseconds; `more` stands behind them.
std::vector<std::string> trainTiny(const std::filesystem::path& folder, const std::filesystem::path& dataset, int width,
                                   int layers, int tokens, const std::vector<std::string>& more);

}  // namespace distillix::test
