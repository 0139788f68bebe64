// SPDX-License-Identifier: Apache-2.0
// distillix: every job as a verb. The locale is never set, so that numbers are read and written with a point.
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

#include <signal.h>

#include "app/cli/verb.h"
#include "core/base/version.h"

namespace distillix::cli {
namespace {

constexpr int kStopSignals[] = {SIGINT, SIGTERM, SIGHUP};

StopSource& signalStop() {
    static StopSource source;
    return source;
}

/// Whether --json was typed, for errors that come before the flags are understood.
bool askedForJson(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--") == 0) return false;
        if (std::strcmp(argv[i], "--json") == 0) return true;
    }
    return false;
}

/// The verb as far as it was understood: "runs list".
std::string parsedVerb(const CLI::App& app) {
    std::string name;
    for (const CLI::App* at = &app;;) {
        const auto below = at->get_subcommands();
        if (below.empty()) return name;
        at = below.front();
        name += (name.empty() ? "" : " ") + at->get_name();
    }
}

/// What went wrong with the flags, for a person. CLI11 says only "A subcommand is required" of a verb it does not know.
std::string usageText(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
    const CLI::App* at = &app;
    int next = 1;
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        while (next < argc && at->get_name() != argv[next]) ++next;
        ++next;
    }
    const auto below = at->get_subcommands([](const CLI::App*) { return true; });
    if (below.empty()) return error.what();
    std::string names;
    for (const CLI::App* verb : below) names += (names.empty() ? "" : ", ") + verb->get_name();
    while (next < argc && argv[next][0] == '-') ++next;
    if (next < argc) return std::string("there is no \"") + argv[next] + "\" here; there are " + names;
    return "a verb is missing; there are " + names;
}

int runVerb(const VerbSet::Verb& verb) {
    const auto reporter = verb.json ? makeJsonReporter(verb.name) : makeTextReporter();
    VerbContext context{*reporter};
    // The engine returns its failures; what flies out all the same is memory that ran out, or a bug.
    Error error;
    try {
        Result<int> result = verb.run(context);
        if (result.ok()) return *result;
        error = result.takeError();
    } catch (const std::bad_alloc&) {
        error = makeError(ErrorCode::OutOfMemory,
                          "there is not enough memory; a smaller model, batch or sequence needs less");
    } catch (const std::exception& exception) {
        error = makeError(ErrorCode::Internal, std::string("unexpected failure: ") + exception.what());
    }
    reporter->error(error);
    return exitCodeFor(error.code);
}

}  // namespace

StopToken VerbContext::stopOnSignals() const {
    signalStop();  // made before a handler can want it
    struct sigaction action {};
    sigemptyset(&action.sa_mask);
    for (const int number : kStopSignals) sigaddset(&action.sa_mask, number);  // one at a time, so that a second is one
    action.sa_handler = [](int) {
        signalStop().raise();
        for (const int number : kStopSignals) ::signal(number, SIG_DFL);  // the next one ends the process
    };
    action.sa_flags = SA_RESTART;
    for (const int number : kStopSignals) {
        struct sigaction before {};
        // A parent that lets us ignore a signal (nohup) means it.
        if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
            ::sigaction(number, &action, nullptr);
    }
    return signalStop().token();
}

CLI::App* VerbSet::addGroup(const std::string& name, const std::string& help) {
    CLI::App* group = m_app.add_subcommand(name, help);
    group->require_subcommand(1);
    return group;
}

CLI::App* VerbSet::add(CLI::App* parent, const std::string& name, const std::string& help, const std::string& example,
                       VerbFunction run) {
    auto verb = std::make_unique<Verb>();
    verb->name = parent == &m_app ? name : parent->get_name() + " " + name;
    verb->app = parent->add_subcommand(name, help);
    verb->app->footer("Example:\n  " + example);
    verb->run = std::move(run);
    verb->app->add_flag("--json", verb->json, "Report as JSON lines on standard output (core/jobs/PROTOCOL.md)");
    m_verbs.push_back(std::move(verb));
    return m_verbs.back()->app;
}

const VerbSet::Verb* VerbSet::chosen() const {
    for (const auto& verb : m_verbs)
        if (verb->app->parsed()) return verb.get();
    return nullptr;
}

void DeviceFlags::addTo(CLI::App& app) {
    app.add_option("--device", device,
                   "Where to compute: cpu, cuda (an NVIDIA card; cuda:N: the card of number N), reference (plain and "
                   "slow), or auto: a card where one can be opened, else the CPU [auto]")
        ->type_name("NAME");
    app.add_option("--threads", threads, "Threads to compute with; 0: one for each core this process may use [0]")
        ->type_name("NUMBER")
        ->check(CLI::Range(0, 4096).description(""));
}

int mainOf(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is noticed when writing
    CLI::App app("Trains small ternary language models and talks to them.", "distillix");
    app.set_version_flag("--version", std::string("distillix ") + programVersion());
    app.require_subcommand(1);
    app.footer("distillix VERB --help tells a verb's flags and shows an example.");
    VerbSet verbs(app);
    addDataVerbs(verbs);
    addTokenizerVerbs(verbs);
    addTrainVerbs(verbs);
    addRunsVerbs(verbs);
    addGenerateVerb(verbs);
    addChatVerb(verbs);
    addImportModelVerb(verbs);
    addEvalVerb(verbs);
    addExportVerb(verbs);
    addInfoVerbs(verbs);
    addBenchVerbs(verbs);
    addLogitsVerb(verbs);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
        const std::string verb = parsedVerb(app);
        const auto reporter = askedForJson(argc, argv) ? makeJsonReporter(verb) : makeTextReporter();
        reporter->usageError(usageText(app, error, argc, argv));
        if (!reporter->isJson()) reporter->info("See distillix" + (verb.empty() ? "" : " " + verb) + " --help.");
        return kExitUsage;
    }
    return runVerb(*verbs.chosen());
}

}  // namespace distillix::cli

int main(int argc, char** argv) {
    return distillix::cli::mainOf(argc, argv);
}
