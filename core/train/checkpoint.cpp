// SPDX-License-Identifier: Apache-2.0
#include "core/train/checkpoint.h"

#include <span>

#include "core/base/files.h"
#include "core/base/json.h"

namespace distillix {

namespace fs = std::filesystem;

namespace {

constexpr int kFormatVersion = 1;

Result<std::uint32_t> checksum(const fs::path& path) {
    const MappedFile file = TRY(MappedFile::open(path));
    return crc32c(file.bytes());
}

std::span<const std::byte> bytesOf(std::span<const float> values) {
    return std::as_bytes(values);
}

}  // namespace

Result<void> writeCheckpoint(const fs::path& path, const ModelWeights& weights, const std::string& tokenizerModel,
                             const Optimizer* optimizer, const TrainerState* state) {
    AtomicFolder folder = TRY(AtomicFolder::create(path));
    TRY_VOID(writeFileAtomic(folder.path() / "config.json", modelConfigToJson(weights.config()).dump(2) + "\n"));
    {
        const std::vector<float> values = TRY(weights.download());
        std::vector<SafetensorsTensor> tensors;
        for (const Parameter& p : weights.layout().parameters)
            tensors.push_back({p.name, DType::F32, p.shape(), bytesOf(std::span(values).subspan(p.offset, p.count()))});
        TRY_VOID(writeSafetensors(folder.path() / "model.safetensors", tensors, {{"format", "distillix"}}));
    }
    if (!tokenizerModel.empty()) TRY_VOID(writeFileAtomic(folder.path() / "tokenizer.model", tokenizerModel));
    if (optimizer && state) {
        {
            const std::vector<Optimizer::Tensor> values = TRY(optimizer->download());
            std::vector<SafetensorsTensor> tensors;
            for (const auto& tensor : values)
                tensors.push_back({tensor.name, DType::F32, tensor.shape, bytesOf(tensor.values)});
            TRY_VOID(writeSafetensors(folder.path() / "optimizer.safetensors", tensors, {{"format", "distillix"}}));
        }
        nlohmann::ordered_json json;
        json["formatVersion"] = kFormatVersion;
        json["step"] = state->step;
        json["microBatch"] = state->microBatch;
        json["tokens"] = state->tokens;
        json["elapsedSeconds"] = state->elapsedSeconds;
        json["validationLoss"] =
            state->validationLoss ? nlohmann::ordered_json(*state->validationLoss) : nlohmann::ordered_json(nullptr);
        json["dataset"]["hash"] = state->datasetHash;
        json["tokenizer"]["hash"] = state->tokenizerHash;
        for (const char* name : {"config.json", "model.safetensors", "optimizer.safetensors"})
            json["crc32c"][name] = TRY(checksum(folder.path() / name));
        TRY_VOID(writeFileAtomic(folder.path() / "trainer.json", json.dump(2) + "\n"));
    }
    return folder.commit();
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
    if (const std::int64_t version = TRY(integer("formatVersion")); version > kFormatVersion)
        return makeError(ErrorCode::Unsupported,
                         "was written by a newer version of the program (format " + std::to_string(version) +
                             ", this one reads " + std::to_string(kFormatVersion) + ")",
                         (checkpoint / "trainer.json").string());
    TrainerState state;
    state.step = TRY(integer("step"));
    state.microBatch = TRY(integer("microBatch"));
    state.tokens = TRY(integer("tokens"));
    if (const auto v = json.find("elapsedSeconds"); v != json.end() && v->is_number())
        state.elapsedSeconds = v->get<double>();
    if (const auto v = json.find("validationLoss"); v != json.end() && v->is_number())
        state.validationLoss = v->get<double>();
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
        if (TRY(checksum(checkpoint / name)) != sum->get<std::uint32_t>())
            return makeError(ErrorCode::InvalidData, "is damaged: its checksum is not the one that trainer.json tells",
                             (checkpoint / name).string());
    }
    return state;
}

Result<void> loadCheckpoint(const fs::path& checkpoint, ModelWeights& weights, Optimizer* optimizer) {
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
