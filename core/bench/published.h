// SPDX-License-Identifier: Apache-2.0
// What the Python original published of itself, and tables that set this machine's figures beside it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/bench/report.h"

namespace distillix {

namespace published {

/// Where the figures stand: BENCHMARKS.md of github.com/rileyseaburg/distillix at commit 507f09a (v0.4's first losses
/// and its time as its author told them in the same weeks).
inline constexpr const char* kSource = "github.com/rileyseaburg/distillix, BENCHMARKS.md, commit 507f09a (2026-02)";
inline constexpr const char* kMachine = "NVIDIA RTX 2080 Super 8 GB, AMD Threadripper 3960X, 30 GB";

/// A forward pass of one sequence with the logits of all positions.
struct Inference {
    int tokens;
    double milliseconds, tokensPerSecond, megabytes;
};
inline constexpr std::array<Inference, 4> kInference{
    {{64, 36, 1777, 822}, {128, 34, 3750, 846}, {256, 36, 7117, 895}, {512, 34, 14984, 988}}};

struct Summary {
    double parameters, perplexity, tokensPerSecond512, generationTokensPerSecond, peakMegabytes;
    int samples;  ///< of the training behind the perplexity
};
inline constexpr Summary kSummary{100.1e6, 26079, 14984, 19.7, 988, 861};

struct Version {
    const char* name;
    int samples, steps, tokens;
    double loss;  ///< 0: not published
};
inline constexpr std::array<Version, 2> kVersions{
    {{"v0.3-burnin", 861, 10000, 256, 0.28}, {"v0.4", 10861, 20000, 1024, 0}}};

struct File {
    const char* kind;
    double megabytes;
};
inline constexpr std::array<File, 3> kFiles{{{".pt", 400}, {".safetensors", 382}, {".gguf", 191}}};

struct CurvePoint {
    int step;
    double loss;
};
inline constexpr std::array<CurvePoint, 5> kCurveV03{
    {{500, 5.87}, {1000, 2.00}, {2000, 1.00}, {5000, 0.30}, {10000, 0.28}}};
inline constexpr std::array<CurvePoint, 3> kCurveV04{{{100, 9.28}, {300, 5.29}, {600, 3.92}}};

struct Configuration {
    int batch, accumulation, tokens, steps;  ///< steps are micro-steps
    const char* optimizer;
    double gigabytes, hours;
};
inline constexpr Configuration kConfigurationV04{2, 8, 1024, 20000, "Muon + AdamW", 2.27, 2.7};

}  // namespace published

/// What this machine comes to. What is not there is left out of the tables' column.
struct OwnFigures {
    std::string machine;  ///< "AMD EPYC …, avx2, 2 threads"
    std::string build;    ///< version, commit, compiler
    std::string model;    ///< "100M, random weights", or a folder's

    struct Inference {
        int tokens = 0;
        double milliseconds = 0, tokensPerSecond = 0, megabytes = 0;
        double spreadMilliseconds = 0;  ///< most minus least
    };
    std::vector<Inference> inference;

    double parameters = 0;
    std::optional<double> perplexity;
    std::string perplexityOf;  ///< what it was measured on
    std::optional<double> generationTokensPerSecond;

    struct File {
        std::string kind;  ///< ".pt", ".safetensors", ".gguf"
        std::string what;  ///< "float32", "TQ2_0, Q8_0 embedding"
        double megabytes = 0;
    };
    std::vector<File> files;

    /// A run of the studio's to be set beside a version's curve.
    struct Run {
        std::string name;
        bool scaled = false;  ///< smaller than the published one on purpose; the tables say so
        std::string model;
        double parameters = 0;
        std::int64_t samples = 0;
        int batch = 0, accumulation = 1, tokens = 0;
        std::vector<std::pair<std::int64_t, double>> losses;  ///< optimizer step, mean training loss of that step
    };
    std::optional<Run> v03, v04;

    /// The v0.4 configuration on this machine, from micro-steps and optimizer steps that were timed.
    struct Training {
        int batch = 0, accumulation = 0, tokens = 0;
        bool recompute = false;
        double microStepSeconds = 0, optimizerStepSeconds = 0, peakBytes = 0;
    };
    std::optional<Training> training;
};

/// Hours for so many micro-steps with an optimizer step after every `accumulation` of them.
double trainingHours(const OwnFigures::Training& training, int microSteps);

/// Every table of the published page: inference, summary, versions, files, curve-v0.3, curve-v0.4, configuration. Each
/// published figure is there whatever `own` has.
std::vector<BenchTable> publishedTables(const OwnFigures& own);

}  // namespace distillix
