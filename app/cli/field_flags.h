// SPDX-License-Identifier: Apache-2.0
// Command-line flags of a configuration struct, made from its forEachField.
#pragma once

#include <charconv>
#include <optional>
#include <set>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "core/base/fields.h"

namespace distillix::cli {

inline std::string flagName(const Field& field) {
    std::string name = std::string("--") + field.name;
    for (char& c : name)
        if (c == '_') c = '-';
    return name;
}

/// What was given on the command line, apart from where it will be put: a configuration is often made from a preset or
/// a file first, and the flags come on top.
template <typename Config>
class FieldFlags {
  public:
    FieldFlags() = default;
    FieldFlags(const FieldFlags&) = delete;
    FieldFlags& operator=(const FieldFlags&) = delete;

    struct Style {
        std::set<std::string> without;  ///< fields that get no flag
        std::string group = "Options";  ///< heading in --help
        bool defaults = true;           ///< tell the struct's own defaults; not where a preset decides
    };
    /// One flag a field, with help, unit and default. Values are checked while the command line is parsed. This object
    /// must live as long as `app` parses.
    void addTo(CLI::App& app, const Style& style = {}) {
        const Config defaults;
        Config::forEachField(defaults, [&](const auto& value, const Field& field) {
            if (style.without.count(field.name)) return;
            using T = std::decay_t<decltype(value)>;
            const std::string flag = flagName(field), help = field.help + (style.defaults ? defaultText(value) : "");
            CLI::Option* option = nullptr;
            if constexpr (std::is_same_v<T, bool>) {
                option = app.add_flag_function(
                    flag + ",!--no-" + flag.substr(2),
                    [this, name = std::string(field.name)](std::int64_t count) { m_given[name] = count > 0; }, help);
            } else {
                option = app.add_option_function<std::string>(
                    flag, [this, field](const std::string& text) { take<T>(field, text); }, help);
                option->type_name(typeName<T>(field));
            }
            option->group(field.advanced ? style.group + ", advanced" : style.group);
        });
    }

    /// What was given, by field name.
    const nlohmann::ordered_json& given() const { return m_given; }
    /// Puts what was given into `config`.
    Result<void> apply(Config& config) const { return fieldsFromJson(config, m_given); }

  private:
    template <typename T>
    static std::string typeName(const Field& field) {
        if (!field.choices.empty()) {
            std::string names;
            for (const auto& choice : field.choices) names += (names.empty() ? "" : "|") + choice;
            return names;
        }
        if constexpr (std::is_same_v<T, std::string>)
            return "TEXT";
        else if constexpr (std::is_same_v<T, std::optional<double>>)
            return "NUMBER|none";
        else
            return *field.unit ? field.unit : "NUMBER";
    }

    template <typename T>
    static std::string defaultText(const T& value) {
        std::string text;
        if constexpr (std::is_same_v<T, std::optional<double>>)
            text = value ? nlohmann::json(*value).dump() : "none";
        else if constexpr (std::is_same_v<T, bool>)
            text = value ? "on" : "off";
        else if constexpr (std::is_same_v<T, std::string>)
            text = value;
        else
            text = nlohmann::json(value).dump();
        return text.empty() ? "" : " [" + text + "]";
    }

    template <typename T>
    void take(const Field& field, const std::string& text) {
        nlohmann::ordered_json json;
        if constexpr (std::is_same_v<T, std::string>) {
            json = text;
        } else if (std::is_same_v<T, std::optional<double>> && (text == "none" || text == "null")) {
            json = nullptr;
        } else {
            double number = 0;
            const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
            if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
                throw CLI::ValidationError(flagName(field), "\"" + text + "\" is no number");
            json = number;
        }
        T value{};
        const auto checked = detail::readField(value, field, json);
        if (!checked.ok()) {
            // The error names the JSON key; here the person typed the flag.
            std::string message = checked.error().message;
            const std::string key = std::string("\"") + field.name + "\" ";
            if (message.rfind(key, 0) == 0) message.erase(0, key.size());
            throw CLI::ValidationError(flagName(field), message);
        }
        m_given[field.name] = json;
    }

    nlohmann::ordered_json m_given = nlohmann::ordered_json::object();
};

}  // namespace distillix::cli
