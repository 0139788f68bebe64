// SPDX-License-Identifier: Apache-2.0
#include "core/base/fields.h"

#include <cmath>
#include <sstream>

namespace distillix::detail {

Error fieldError(const Field& field, const std::string& problem) {
    return makeError(ErrorCode::InvalidData, std::string("\"") + field.name + "\" " + problem);
}

Result<void> checkRange(const Field& field, double value) {
    if (std::isfinite(value) && value >= field.min && value <= field.max) return {};
    std::ostringstream text;
    text << "must be ";
    if (std::isfinite(field.min) && std::isfinite(field.max))
        text << "between " << field.min << " and " << field.max;
    else if (std::isfinite(field.min))
        text << "at least " << field.min;
    else if (std::isfinite(field.max))
        text << "at most " << field.max;
    else
        text << "a finite number";
    text << ", not " << value;
    return fieldError(field, text.str());
}

Result<void> checkChoice(const Field& field, const std::string& value) {
    if (field.choices.empty()) return {};
    std::string list;
    for (const auto& choice : field.choices) {
        if (choice == value) return {};
        list += (list.empty() ? "" : ", ") + choice;
    }
    return fieldError(field, "must be one of " + list + ", not \"" + value + "\"");
}

}  // namespace distillix::detail
