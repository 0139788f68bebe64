// SPDX-License-Identifier: Apache-2.0
// What the verbs under `bench` share: where results are kept, and the forms they are told in.
#pragma once

#include <filesystem>

#include "app/cli/verb.h"
#include "core/bench/records.h"

namespace distillix::cli {

/// --format.
struct FormatFlag {
    std::string name = "md";
    void addTo(CLI::App& verb);
    ReportFormat format() const;
};

/// --results: a folder, or empty for the user's own.
struct ResultsFlag {
    std::string folder;
    void addTo(CLI::App& verb, const std::string& help);
    /// NotFound where none is named and there is no home.
    Result<std::filesystem::path> path() const;
};

/// A record with the facts of machine and build filled in; the rest is the measurement's.
BenchRecord recordOfThisMachine(const BackendInfo& info, const std::string& session);

// One function a file, under the group `bench`.
void addBenchOpsVerb(VerbSet& verbs, CLI::App* group);
void addBenchInferVerb(VerbSet& verbs, CLI::App* group);
void addBenchPublishedVerb(VerbSet& verbs, CLI::App* group);
void addBenchResultsVerbs(VerbSet& verbs, CLI::App* group);

}  // namespace distillix::cli
