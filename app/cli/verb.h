// SPDX-License-Identifier: Apache-2.0
// How a verb joins the command line. A verb is a function from its flags to an exit code or an Error; what it has to
// say goes through the Reporter, so that --json and text come from one place (core/jobs/PROTOCOL.md).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/backend/registry.h"
#include "core/base/stop_token.h"
#include "core/jobs/reporter.h"

namespace distillix::cli {

struct VerbContext {
    Reporter& reporter;
    /// From now on SIGINT, SIGTERM and SIGHUP raise this instead of ending the process; a second one ends it all the
    /// same. For verbs that look at it often.
    StopToken stopOnSignals() const;
};

using VerbFunction = std::function<Result<int>(VerbContext&)>;

/// The verbs of one program. add() gives a verb its --json flag and its place in --help.
class VerbSet {
  public:
    explicit VerbSet(CLI::App& app) : m_app(app) {}
    /// A word with verbs below it: "runs" of "runs list".
    CLI::App* addGroup(const std::string& name, const std::string& help);
    /// `example` is shown under --help as it would be typed. The flags that the caller adds must live as long as `run`.
    CLI::App* add(CLI::App* parent, const std::string& name, const std::string& help, const std::string& example,
                  VerbFunction run);
    CLI::App* add(const std::string& name, const std::string& help, const std::string& example, VerbFunction run) {
        return add(&m_app, name, help, example, std::move(run));
    }

    struct Verb {
        std::string name;  ///< "runs list"
        CLI::App* app = nullptr;
        VerbFunction run;
        bool json = false;
    };
    /// The verb that was parsed; null before.
    const Verb* chosen() const;

  private:
    CLI::App& m_app;
    std::vector<std::unique_ptr<Verb>> m_verbs;
};

/// --device and --threads.
struct DeviceFlags {
    std::string device = "auto";
    int threads = 0;
    void addTo(CLI::App& app);
    Result<std::unique_ptr<Backend>> open() const { return openBackend(device, {threads}); }
};

// One file a group of verbs.
void addBenchVerbs(VerbSet& verbs);
void addChatVerb(VerbSet& verbs);
void addDataVerbs(VerbSet& verbs);
void addEvalVerb(VerbSet& verbs);
void addExportVerb(VerbSet& verbs);
void addGenerateVerb(VerbSet& verbs);
void addImportModelVerb(VerbSet& verbs);
void addInfoVerbs(VerbSet& verbs);
void addLogitsVerb(VerbSet& verbs);
void addRunsVerbs(VerbSet& verbs);
void addTokenizerVerbs(VerbSet& verbs);
void addTrainVerbs(VerbSet& verbs);

}  // namespace distillix::cli
