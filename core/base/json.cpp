// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.h"

namespace distillix {
namespace {

template <typename Json>
Json parseWithin(std::string_view text, std::size_t mostKeys) {
    bool refused = false;
    std::size_t keys = 0;
    const auto look = [&](int depth, typename Json::parse_event_t event, Json&) {
        using Event = typename Json::parse_event_t;
        if ((event == Event::object_start || event == Event::array_start) && depth >= kDeepestJson) refused = true;
        if (event == Event::key && ++keys > mostKeys) refused = true;
        return !refused;  // what comes from here on is read past, not kept
    };
    Json json = Json::parse(text, look, false);
    return refused ? Json(Json::value_t::discarded) : json;
}

}  // namespace

nlohmann::ordered_json parseJson(std::string_view text) {
    return parseWithin<nlohmann::ordered_json>(text, kMostJsonKeys);
}

nlohmann::json parseSortedJson(std::string_view text) {
    return parseWithin<nlohmann::json>(text, static_cast<std::size_t>(-1));
}

}  // namespace distillix
