// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training/config_arguments.h"

namespace distillix::ui {

QStringList configArguments(const nlohmann::ordered_json& values) {
    QStringList arguments;
    for (const auto& [key, value] : values.items()) {
        const QString name = QString::fromStdString(key).replace(QLatin1Char('_'), QLatin1Char('-'));
        if (value.is_boolean()) {
            arguments += (value.get<bool>() ? QStringLiteral("--") : QStringLiteral("--no-")) + name;
            continue;
        }
        arguments += QStringLiteral("--") + name;
        if (value.is_null())
            arguments += QStringLiteral("none");
        else
            arguments += QString::fromStdString(value.is_string() ? value.get<std::string>() : value.dump());
    }
    return arguments;
}

}  // namespace distillix::ui
