// SPDX-License-Identifier: Apache-2.0
// The model that a benchmark measures, and its measurements as records: what bench infer and bench published share.
#pragma once

#include <optional>

#include "app/cli/verb.h"
#include "core/bench/infer_bench.h"
#include "core/bench/records.h"
#include "core/bench/train_bench.h"

namespace distillix::cli {

struct BenchModel {
    ModelConfig config;
    std::string name;              ///< a preset's, or the folder's
    std::filesystem::path folder;  ///< empty: random weights
    std::optional<SafetensorsFile> file;
    const SafetensorsFile* weights() const { return file ? &*file : nullptr; }
};

/// A model folder or a run, or random weights of a preset.
struct BenchModelFlags {
    std::string model, preset = "100M";
    void addTo(CLI::App& verb);
    Result<BenchModel> open() const;
};

/// Tells what is begun and each repetition.
InferBenchObserver observerOf(Reporter& reporter);

std::vector<BenchRecord> recordsOf(const std::vector<InferMeasurement>& measured, const BenchModel& model,
                                   const BackendInfo& info, const std::string& session, const InferBenchConfig& config);
/// A micro-step and an optimizer step (where any ran) of random weights.
std::vector<BenchRecord> recordsOf(const TrainBenchResult& measured, const std::string& model, const BackendInfo& info,
                                   const std::string& session, const TrainBenchConfig& config);

}  // namespace distillix::cli
