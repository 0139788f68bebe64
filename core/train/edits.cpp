// SPDX-License-Identifier: Apache-2.0
#include "core/train/edits.h"

#include <algorithm>

namespace distillix {
using Json = nlohmann::ordered_json;

const std::vector<std::string>& editableFields() {
    static const std::vector<std::string> fields = {"steps",
                                                    "minutes",
                                                    "schedule",
                                                    "decay_share",
                                                    "second_peak",
                                                    "learning_rate_floor",
                                                    "muon_learning_rate",
                                                    "muon_weight_decay",
                                                    "adam_learning_rate",
                                                    "adam_weight_decay",
                                                    "clip",
                                                    "skip_loss_z",
                                                    "skip_gradient_z",
                                                    "validate_every",
                                                    "sample_every",
                                                    "checkpoint_every",
                                                    "checkpoint_minutes",
                                                    "keep_checkpoints",
                                                    "patience"};
    return fields;
}

Result<Json> applyEdit(TrainConfig& config, const ModelConfig& model, const Json& values) {
    const auto bad = [](const std::string& message) { return makeError(ErrorCode::InvalidArgument, message); };
    if (!values.is_object() || values.empty()) return bad("say what to set, as in learning_rate=0.005");
    TrainConfig changed = config;
    Json fields = Json::object();
    for (const auto& [name, value] : values.items()) {
        if (name == "learning_rate") {
            if (!value.is_number() || !(value.get<double>() > 0)) return bad("learning_rate must be above 0");
            if (config.muonLearningRate <= 0)
                return bad(
                    "the peak rate is 0, so there is no proportion to keep: set muon_learning_rate and "
                    "adam_learning_rate");
            fields["muon_learning_rate"] = value;
            fields["adam_learning_rate"] = value.get<double>() * (config.adamLearningRate / config.muonLearningRate);
            continue;
        }
        const auto& editable = editableFields();
        if (std::find(editable.begin(), editable.end(), name) == editable.end()) {
            const Json all = fieldsToJson(config);
            std::string names = "learning_rate";
            for (const auto& field : editable) names += ", " + field;
            return bad((all.contains(name) ? name + " stays as the run was started with"
                                           : "there is no setting \"" + name + "\"") +
                       "; what can be set: " + names);
        }
        fields[name] = value;
    }
    auto applied = fieldsFromJson(changed, fields);
    if (!applied.ok()) return bad(applied.error().message);
    TRY_VOID(changed.validate(model));
    config = changed;
    return fields;
}

Result<void> replayEdits(TrainConfig& config, const ModelConfig& model, const std::vector<Json>& events) {
    for (const Json& line : events) {
        const auto type = line.find("type");
        if (type == line.end() || *type != "set" || !line.contains("values")) continue;
        auto applied = applyEdit(config, model, line.at("values"));
        if (!applied.ok()) {
            const auto step = line.find("step");
            return applied.takeError().at("events.jsonl, setting of step " +
                                          (step == line.end() ? std::string("?") : step->dump()));
        }
    }
    return {};
}

Result<Json> editFromText(const std::vector<std::string>& assignments) {
    Json values = Json::object();
    for (const std::string& text : assignments) {
        const std::size_t at = text.find('=');
        if (at == std::string::npos || at == 0)
            return makeError(ErrorCode::InvalidArgument,
                             "\"" + text + "\" is no NAME=VALUE, as in learning_rate=0.005");
        std::string name = text.substr(0, at);
        std::replace(name.begin(), name.end(), '-', '_');
        const std::string value = text.substr(at + 1);
        const Json parsed = Json::parse(value, nullptr, false);
        values[name] = parsed.is_number() || parsed.is_boolean() ? parsed : Json(value);
    }
    return values;
}

}  // namespace distillix
