// SPDX-License-Identifier: Apache-2.0
// From a model of another program, or of this one in another form, to a model folder. import_model.md tells what is
// taken, how names and configurations are found, and how weights become latent ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"
#include "core/model/config.h"

namespace distillix {

struct ModelImportOptions {
    std::filesystem::path source;     ///< a file or a folder
    std::filesystem::path output;     ///< model folder to make; must not be there
    std::filesystem::path config;     ///< config.json to use instead of what lies beside the weights; may be empty
    std::filesystem::path tokenizer;  ///< tokenizer.model to take along; may be empty
    /// Fields of ModelConfig that go before everything that was found.
    nlohmann::ordered_json given = nlohmann::ordered_json::object();
    /// Looks at the folder before it gets its name: loads it, computes with it. Its error ends the import.
    std::function<Result<void>(const std::filesystem::path& folder, const ModelConfig& config)> verify;
};

struct ModelImportReport {
    std::string format;  ///< "model folder", "safetensors", "safetensors, i2_s", ".pt", "GGUF (qwen3)", "Hugging Face"
    ModelConfig config;
    std::string prefix;                  ///< what was taken off the tensors' names ("model.", …); may be empty
    std::int64_t ternaryMatrices = 0;    ///< whose codes and scale were given, and latent weights made for
    double gammaDifference = 0;          ///< the largest relative difference of a scale that this made
    bool tokenizer = false;              ///< a tokenizer came along: the model works on text
    std::vector<std::string> notes;      ///< what a person should know, in sentences
    std::vector<std::string> inferred;   ///< fields of the configuration that the shapes told
    std::vector<std::string> defaulted;  ///< fields that nothing told: SPEC's defaults were taken
};

struct ImportedModel {
    ModelConfig config;
    std::vector<float> values;  ///< all parameters, latent, at ParameterLayout(config)'s offsets
};

/// The source alone, nothing written: `output` and `verify` are not looked at.
Result<ImportedModel> readModel(const ModelImportOptions& options, ModelImportReport& report);

/// The folder appears whole, by rename, after it was read back and compared. Errors name file and tensor.
Result<ModelImportReport> importModel(const ModelImportOptions& options);

}  // namespace distillix
