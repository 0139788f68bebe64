// SPDX-License-Identifier: Apache-2.0
// Configuration that says itself once. A configuration struct has
//
//     template <typename Self, typename Visitor>
//     static void forEachField(Self& self, Visitor&& visit);   // calls visit(self.member, Field{...}) for each
//
// and JSON, command-line flags, help texts and the settings form are made from that. A member is a bool, int,
// std::int64_t, double, std::string, or std::optional<double> (JSON null when empty).
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace distillix {

struct Field {
    const char* name;       ///< JSON key; the flag is --name with '_' as '-'
    const char* help;       ///< one line, for --help and the form's tooltip
    const char* unit = "";  ///< "tokens", "steps", …; empty for a plain number
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    std::vector<std::string> choices{};  ///< a string field's allowed values; empty: any
    bool advanced = false;               ///< hidden from the simple form
};

/// The object with every field of `config`.
template <typename Config>
nlohmann::ordered_json fieldsToJson(const Config& config) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    Config::forEachField(config, [&](const auto& value, const Field& field) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::optional<double>>) {
            json[field.name] = value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
        } else {
            json[field.name] = value;
        }
    });
    return json;
}

namespace detail {
Error fieldError(const Field& field, const std::string& problem);
Result<void> checkRange(const Field& field, double value);
Result<void> checkChoice(const Field& field, const std::string& value);

template <typename T>
Result<void> readField(T& value, const Field& field, const nlohmann::ordered_json& json) {
    if constexpr (std::is_same_v<T, std::optional<double>>) {
        if (json.is_null()) {
            value.reset();
            return {};
        }
        if (!json.is_number()) return fieldError(field, "must be a number or null");
        TRY_VOID(checkRange(field, json.template get<double>()));
        value = json.template get<double>();
    } else if constexpr (std::is_same_v<T, bool>) {
        if (!json.is_boolean()) return fieldError(field, "must be true or false");
        value = json.template get<bool>();
    } else if constexpr (std::is_same_v<T, std::string>) {
        if (!json.is_string()) return fieldError(field, "must be a text");
        TRY_VOID(checkChoice(field, json.template get<std::string>()));
        value = json.template get<std::string>();
    } else if constexpr (std::is_integral_v<T>) {
        // Whole numbers written as 2048.0 are whole numbers all the same.
        if (!json.is_number()) return fieldError(field, "must be a whole number");
        const double number = json.template get<double>();
        if (!(number >= -9.0e15 && number <= 9.0e15) ||
            number != static_cast<double>(static_cast<std::int64_t>(number)))
            return fieldError(field, "must be a whole number");
        if (number < static_cast<double>(std::numeric_limits<T>::min()) ||
            number > static_cast<double>(std::numeric_limits<T>::max()))
            return fieldError(field, "is out of range");
        TRY_VOID(checkRange(field, number));
        value = static_cast<T>(number);
    } else {
        if (!json.is_number()) return fieldError(field, "must be a number");
        TRY_VOID(checkRange(field, json.template get<double>()));
        value = json.template get<double>();
    }
    return {};
}
}  // namespace detail

/// Sets the fields that `json` names; the others keep their values. Keys that are no field are put into `unknown`
/// (when given). InvalidData names the key and what it must be; `config` is then unspecified.
template <typename Config>
Result<void> fieldsFromJson(Config& config, const nlohmann::ordered_json& json,
                            nlohmann::ordered_json* unknown = nullptr) {
    if (!json.is_object()) return makeError(ErrorCode::InvalidData, "a configuration must be a JSON object");
    Result<void> result;
    std::vector<std::string> known;
    Config::forEachField(config, [&](auto& value, const Field& field) {
        known.emplace_back(field.name);
        const auto found = json.find(field.name);
        if (!result.ok() || found == json.end()) return;
        result = detail::readField(value, field, *found);
    });
    if (!result.ok()) return result;
    if (unknown) {
        for (const auto& [key, value] : json.items()) {
            bool isKnown = false;
            for (const auto& name : known) isKnown = isKnown || name == key;
            if (!isKnown) (*unknown)[key] = value;
        }
    }
    return {};
}

}  // namespace distillix
