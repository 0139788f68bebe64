// SPDX-License-Identifier: Apache-2.0
#include "core/train/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/base/fields.h"
#include "core/base/files.h"
#include "core/base/json.h"

namespace distillix {

namespace fs = std::filesystem;

namespace {

constexpr int kCheckpointVersion = 1;

/// A tensor of a backend's memory, brought over when it is written. `buffer` serves one after the other.
template <typename Download>
SafetensorsTensor fetched(const std::string& name, std::vector<std::int64_t> shape, std::vector<float>& buffer,
                          Download download) {
    SafetensorsTensor tensor;
    tensor.name = name;
    tensor.shape = std::move(shape);
    tensor.fetch = [&buffer, download, name]() -> Result<std::span<const std::byte>> {
        TRY_VOID(download(buffer));
        if (!std::all_of(buffer.begin(), buffer.end(), [](float value) { return std::isfinite(value); }))
            return makeError(ErrorCode::InvalidData, "\"" + name + "\" holds values that are not finite");
        return std::as_bytes(std::span<const float>(buffer));
    };
    return tensor;
}

}  // namespace

Result<void> writeCheckpoint(const fs::path& path, const ModelWeights& weights, const std::string& tokenizerModel,
                             const Optimizer* optimizer, const TrainerState* state) {
    AtomicFolder folder = TRY(AtomicFolder::create(path));
    TRY_VOID(writeFileAtomic(folder.path() / "config.json", modelConfigToJson(weights.config()).dump(2) + "\n"));
    std::vector<float> buffer;  // the largest tensor, no more: a training fills the memory as it is
    {
        std::vector<SafetensorsTensor> tensors;
        for (const Parameter& p : weights.layout().parameters)
            tensors.push_back(fetched(p.name, p.shape(), buffer,
                                      [&weights, &p](std::vector<float>& to) { return weights.download(p, to); }));
        TRY_VOID(writeSafetensors(folder.path() / "model.safetensors", tensors, {{"format", "distillix"}}));
    }
    if (!tokenizerModel.empty()) TRY_VOID(writeFileAtomic(folder.path() / "tokenizer.model", tokenizerModel));
    if (optimizer && state) {
        {
            std::vector<SafetensorsTensor> tensors;
            for (const Optimizer::Tensor& t : optimizer->tensors())
                tensors.push_back(fetched(t.name, t.shape, buffer,
                                          [=](std::vector<float>& to) { return optimizer->download(t, to); }));
            TRY_VOID(writeSafetensors(folder.path() / "optimizer.safetensors", tensors, {{"format", "distillix"}}));
        }
        nlohmann::ordered_json json;
        json["formatVersion"] = kCheckpointVersion;
        json["step"] = state->step;
        json["microBatch"] = state->microBatch;
        json["tokens"] = state->tokens;
        json["elapsedSeconds"] = state->elapsedSeconds;
        json["validationLoss"] =
            state->validationLoss ? nlohmann::ordered_json(*state->validationLoss) : nlohmann::ordered_json(nullptr);
        json["dataset"]["hash"] = state->datasetHash;
        json["tokenizer"]["hash"] = state->tokenizerHash;
        json["guards"] = state->guards;
        json["timing"] = state->timing;
        for (const char* name : {"config.json", "model.safetensors", "optimizer.safetensors"})
            json["crc32c"][name] = TRY(crc32cOfFile(folder.path() / name));
        TRY_VOID(writeFileAtomic(folder.path() / "trainer.json", json.dump(2) + "\n"));
    }
    return folder.commit();
}

std::uint64_t checkpointBytes(const ModelConfig& model, std::size_t tokenizerBytes) {
    // Files are rounded up to blocks; headers and JSON are small beside the tensors.
    constexpr std::uint64_t kSmallFiles = 1 << 20;
    return (ParameterLayout(model).total * sizeof(float) + Optimizer::stateBytes(model) + tokenizerBytes) * 101 / 100 +
           kSmallFiles;
}

namespace {

Error broken(const fs::path& checkpoint, const std::string& what) {
    return makeError(ErrorCode::InvalidData, what, (checkpoint / "trainer.json").string());
}

Result<nlohmann::ordered_json> readTrainerJson(const fs::path& checkpoint) {
    const std::string text = TRY(readFile(checkpoint / "trainer.json", 1 << 20));
    auto json = parseJson(text);
    if (json.is_discarded() || !json.is_object()) return broken(checkpoint, "is not a JSON object");
    return json;
}

Result<TrainerState> stateFromJson(const nlohmann::ordered_json& json, const fs::path& checkpoint) {
    const auto integer = [&](const char* key) -> Result<std::int64_t> {
        const auto found = json.find(key);
        if (found == json.end() || !found->is_number_integer() || found->get<std::int64_t>() < 0)
            return broken(checkpoint, std::string("lacks a whole number \"") + key + "\"");
        return found->get<std::int64_t>();
    };
    if (const std::int64_t version = TRY(integer("formatVersion")); version > kCheckpointVersion)
        return makeError(ErrorCode::Unsupported,
                         "was written by a newer version of the program (format " + std::to_string(version) +
                             ", this one reads " + std::to_string(kCheckpointVersion) + ")",
                         (checkpoint / "trainer.json").string());
    TrainerState state;
    state.step = TRY(integer("step"));
    state.microBatch = TRY(integer("microBatch"));
    state.tokens = TRY(integer("tokens"));
    if (const auto v = json.find("elapsedSeconds"); v != json.end() && v->is_number())
        state.elapsedSeconds = v->get<double>();
    if (const auto v = json.find("validationLoss"); v != json.end() && v->is_number())
        state.validationLoss = v->get<double>();
    for (const auto& [key, target] : {std::pair("guards", &state.guards), std::pair("timing", &state.timing)})
        if (const auto v = json.find(key); v != json.end() && v->is_object()) *target = *v;
    const auto hash = [&](const char* key) {
        const auto found = json.find(key);
        if (found == json.end() || !found->is_object()) return std::string();
        return found->value("hash", std::string());
    };
    state.datasetHash = hash("dataset");
    state.tokenizerHash = hash("tokenizer");
    return state;
}

}  // namespace

Result<TrainerState> readTrainerState(const fs::path& checkpoint) {
    return stateFromJson(TRY(readTrainerJson(checkpoint)), checkpoint);
}

Result<TrainerState> checkTrainerState(const fs::path& checkpoint) {
    const nlohmann::ordered_json json = TRY(readTrainerJson(checkpoint));
    TrainerState state = TRY(stateFromJson(json, checkpoint));
    const auto sums = json.find("crc32c");
    if (sums == json.end() || !sums->is_object()) return broken(checkpoint, "lacks the checksums");
    for (const char* name : {"config.json", "model.safetensors", "optimizer.safetensors"}) {
        const auto sum = sums->find(name);
        if (sum == sums->end() || !sum->is_number_unsigned())
            return broken(checkpoint, std::string("lacks the checksum of ") + name);
        if (TRY(crc32cOfFile(checkpoint / name)) != sum->get<std::uint32_t>())
            return makeError(ErrorCode::InvalidData, "is damaged: its checksum is not the one that trainer.json tells",
                             (checkpoint / name).string());
    }
    return state;
}

Result<void> loadCheckpoint(const fs::path& checkpoint, ModelWeights& weights, Optimizer* optimizer) {
    const auto ours = fieldsToJson(weights.config());
    const auto theirs = fieldsToJson(TRY(loadModelConfig(checkpoint / "config.json")));
    for (const auto& [key, value] : ours.items())
        if (theirs.at(key) != value)
            return makeError(ErrorCode::InvalidData,
                             "is a checkpoint of another model: its " + key + " is " + theirs.at(key).dump() +
                                 ", this one's is " + value.dump(),
                             (checkpoint / "config.json").string());
    {
        const SafetensorsFile file = TRY(SafetensorsFile::open(checkpoint / "model.safetensors"));
        auto loaded = weights.load(file);
        if (!loaded.ok()) return loaded.takeError().at((checkpoint / "model.safetensors").string());
    }
    if (optimizer) {
        const SafetensorsFile file = TRY(SafetensorsFile::open(checkpoint / "optimizer.safetensors"));
        auto loaded = optimizer->load(file);
        if (!loaded.ok()) return loaded.takeError().at((checkpoint / "optimizer.safetensors").string());
    }
    return weights.prepare();
}

}  // namespace distillix
