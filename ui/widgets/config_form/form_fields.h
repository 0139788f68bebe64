// SPDX-License-Identifier: GPL-3.0-or-later
// A configuration struct's fields (core/base/fields.h) as the form shows them: nothing is said twice.
#pragma once

#include <QString>
#include <QStringList>
#include <functional>
#include <optional>
#include <type_traits>
#include <vector>

#include "core/base/fields.h"

namespace distillix::ui {

struct FormField {
    enum class Kind { Switch, Whole, Number, OptionalNumber, Text, Choice };
    Kind kind = Kind::Text;
    QString key, help, unit;
    double min = 0, max = 0;
    QStringList choices;
    bool advanced = false;
    nlohmann::ordered_json initial;
    /// What is wrong with a value, by core's own reading of it; empty where nothing is.
    std::function<QString(const nlohmann::ordered_json&)> check;
};

/// In the order in which the struct names them.
template <typename Config>
std::vector<FormField> formFields(const Config& config) {
    std::vector<FormField> fields;
    Config::forEachField(config, [&](const auto& value, const Field& field) {
        using T = std::decay_t<decltype(value)>;
        FormField form;
        if constexpr (std::is_same_v<T, bool>)
            form.kind = FormField::Kind::Switch;
        else if constexpr (std::is_same_v<T, std::optional<double>>)
            form.kind = FormField::Kind::OptionalNumber;
        else if constexpr (std::is_same_v<T, std::string>)
            form.kind = field.choices.empty() ? FormField::Kind::Text : FormField::Kind::Choice;
        else if constexpr (std::is_integral_v<T>)
            form.kind = FormField::Kind::Whole;
        else
            form.kind = FormField::Kind::Number;
        form.key = QString::fromLatin1(field.name);
        form.help = QString::fromUtf8(field.help);
        form.unit = QString::fromUtf8(field.unit);
        form.min = field.min;
        form.max = field.max;
        for (const auto& choice : field.choices) form.choices += QString::fromStdString(choice);
        form.advanced = field.advanced;
        if constexpr (std::is_same_v<T, std::optional<double>>)
            form.initial = value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
        else
            form.initial = value;
        form.check = [field](const nlohmann::ordered_json& json) {
            T read{};
            const auto result = distillix::detail::readField(read, field, json);
            if (result.ok()) return QString();
            // The error names the key, which stands beside the field anyway.
            QString text = QString::fromStdString(result.error().message);
            const QString key = QStringLiteral("\"%1\" ").arg(QLatin1String(field.name));
            return text.startsWith(key) ? text.mid(key.size()) : text;
        };
        fields.push_back(std::move(form));
    });
    return fields;
}

/// "muon_learning_rate" as "Muon learning rate".
QString fieldLabel(const QString& key);

}  // namespace distillix::ui
