// SPDX-License-Identifier: Apache-2.0
// bench published: the tables that the Python original published of itself, with this machine's column.
#include <algorithm>
#include <cmath>
#include <set>

#include "app/cli/bench.h"
#include "app/cli/bench_model.h"
#include "app/cli/build_info.h"
#include "app/cli/field_flags.h"
#include "core/base/memory.h"
#include "core/base/version.h"
#include "core/bench/published.h"
#include "core/bench/scaled_run.h"
#include "core/bench/train_bench.h"
#include "core/export/exporter.h"
#include "core/train/checkpoint.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {
namespace fs = std::filesystem;

const std::vector<std::string> kTables{"inference", "summary", "versions", "files", "curves", "configuration"};

struct PublishedFlags {
    BenchModelFlags model;
    std::vector<std::string> tables = kTables;
    std::string runV03, runV04;
    double curveMinutes = 1;
    std::int64_t curveSteps = 0;
    bool keep = true;
    FieldFlags<InferBenchConfig> config;
    ResultsFlag results;
    FormatFlag format;
    DeviceFlags device;
};

/// Measures what the tables ask for, one part after the other.
class Publisher {
  public:
    Publisher(VerbContext& context, const PublishedFlags& flags)
        : m_reporter(context.reporter), m_flags(flags), m_session(newBenchSession()), m_stop(context.stopOnSignals()) {
        m_asked.insert(flags.tables.begin(), flags.tables.end());
    }

    Result<int> run() {
        TRY_VOID(m_flags.config.apply(m_config));
        m_model = TRY(m_flags.model.open());
        if (m_flags.keep) m_results = TRY(m_flags.results.path());
        m_backend = TRY(m_flags.device.open());
        const BackendInfo& info = m_backend->info();
        m_own.machine = info.device + ", " + info.level + ", " + std::to_string(info.threads) + " threads";
        m_own.build = std::string("distillix ") + programVersion() +
                      (*buildCommit() ? " (" + std::string(buildCommit()) + ")" : "") + ", " + buildCompiler();
        m_own.model = m_model.name + (m_model.file ? "" : ", random weights");
        m_own.parameters = static_cast<double>(m_model.config.parameterCount());
        if (asked("inference") || asked("summary")) TRY_VOID(inference());
        if (asked("summary")) TRY_VOID(perplexity());
        if (asked("files")) TRY_VOID(files());
        if (asked("configuration")) TRY_VOID(configuration());
        if (asked("curves") || asked("versions")) {
            TRY_VOID(curve(false, m_flags.runV03, m_own.v03));
            TRY_VOID(curve(true, m_flags.runV04, m_own.v04));
        }
        if (m_flags.keep) TRY_VOID(appendRecords(m_results, m_records));
        return tell();
    }

  private:
    bool asked(const std::string& table) const { return m_asked.count(table) > 0; }

    Result<void> inference() {
        InferBenchPlan plan;
        for (const auto& row : published::kInference) plan.forward.push_back(row.tokens);
        plan.decode = false;
        std::vector<InferMeasurement> measured = TRY(benchInference(*m_backend, m_model.config, m_model.weights(), plan,
                                                                    m_config, {}, observerOf(m_reporter), m_stop));
        if (asked("summary")) {
            // Generation as `generate` and `chat` do it.
            InferBenchPlan packed;
            packed.head = WeightFormat::I8;
            packed.cache = DType::F16;
            for (auto& m : TRY(benchInference(*m_backend, m_model.config, m_model.weights(), packed, m_config, {},
                                              observerOf(m_reporter), m_stop)))
                measured.push_back(std::move(m));
        }
        for (const auto& m : measured) {
            if (m.test == "decode") m_own.generationTokensPerSecond = m.tokensPerSecond;
            if (m.test == "forward")
                m_own.inference.push_back({m.tokens, m.seconds.median * 1e3, m.tokensPerSecond,
                                           static_cast<double>(m.peakBytes) / 1e6,
                                           (m.seconds.max - m.seconds.min) * 1e3});
        }
        for (auto& record : recordsOf(measured, m_model, m_backend->info(), m_session, m_config))
            m_records.push_back(std::move(record));
        return {};
    }

    /// A checkpoint knows the loss on its run's validation part.
    Result<void> perplexity() {
        if (m_model.folder.empty()) return {};
        const auto state = readTrainerState(m_model.folder);
        if (!state.ok() || !state->validationLoss) return {};
        m_own.perplexity = std::exp(*state->validationLoss);
        m_own.perplexityOf = "its run's validation part, by its own tokenizer";
        return {};
    }

    /// How large the model's exports are: as planned, which costs nothing and is to the byte but for the texts in them.
    Result<void> files() {
        ExportSource source;
        source.config = m_model.config;
        source.name = m_model.name;
        if (!m_model.folder.empty()) source = TRY(ExportSource::open(m_model.folder, ""));
        struct Wanted {
            const char *kind, *format, *type, *embedding;
        };
        // What comes closest to theirs, then the smallest.
        for (const Wanted& wanted :
             {Wanted{".pt", "pt", "F32", ""}, Wanted{".safetensors", "safetensors", "F32", ""},
              Wanted{".safetensors", "safetensors", "I2_S", ""}, Wanted{".gguf", "gguf", "F16", "F16"},
              Wanted{".gguf", "gguf", "TQ2_0", "F16"}, Wanted{".gguf", "gguf", "TQ1_0", "Q6_K"}}) {
            ExportOptions options;
            options.type = wanted.type;
            options.embedding = wanted.embedding;
            const auto plan = TRY(findExportFormat(wanted.format))->plan(source, options);
            if (!plan.ok()) {
                m_reporter.warning(std::string(wanted.kind) + ", " + wanted.type + ": " + plan.error().text());
                continue;
            }
            const bool apart = !plan->embedding.empty() && plan->embedding != plan->type;
            m_own.files.push_back({wanted.kind, plan->type + (apart ? ", embedding " + plan->embedding : ""),
                                   static_cast<double>(plan->bytes()) / 1e6});
        }
        return {};
    }

    Result<void> configuration() {
        const auto& their = published::kConfigurationV04;
        const ModelConfig model = TRY(findModelPreset("100M")).config;
        TrainBenchConfig config;
        config.batch = their.batch;
        config.tokens = their.tokens;
        config.recompute = true;
        config.repeat = std::min(m_config.repeat, 3);
        config.optimizerRepeat = std::min(m_config.repeat, 2);
        releaseFreeMemory();
        resetPeakMemory();
        const TrainBenchResult bench = TRY(benchTraining(
            *m_backend, model, config, [&](const std::string& line) { m_reporter.info(line); }, m_stop));
        m_own.training = OwnFigures::Training{config.batch,
                                              their.accumulation,
                                              config.tokens,
                                              config.recompute,
                                              bench.microStep.median,
                                              bench.optimizerStep.median,
                                              static_cast<double>(bench.peakBytes)};
        for (auto& record : recordsOf(bench, "100M", m_backend->info(), m_session, config))
            m_records.push_back(std::move(record));
        return {};
    }

    Result<void> curve(bool v04, const std::string& run, std::optional<OwnFigures::Run>& figures) {
        if (!run.empty()) {
            figures = TRY(runFigures(run));
            return {};
        }
        if (m_flags.curveMinutes <= 0) return {};
        const std::string name = v04 ? "v0.4" : "v0.3";
        ScaledRunOptions options;
        options.v04 = v04;
        options.minutes = m_flags.curveMinutes;
        options.steps = m_flags.curveSteps;
        options.device = {m_flags.device.device, m_flags.device.threads};
        // With the results, where those are kept, so that it can be looked at; else it goes when it has been read.
        options.folder =
            (m_flags.keep ? m_results / "runs" : fs::temp_directory_path()) / ("distillix-" + m_session + "-" + name);
        const auto trained = trainScaledRun(
            options, [&](const std::string& what) { m_reporter.info("a scaled run like " + name + ": " + what); },
            [&](const StepMetrics& metrics, std::int64_t total) {
                Progress progress;
                progress.phase = "scaled run " + name;
                progress.done = static_cast<double>(metrics.step);
                if (total > 0) progress.total = static_cast<double>(total);
                progress.unit = "steps";
                progress.tokensPerSecond = metrics.tokensPerSecond;
                progress.fields = {{"loss", std::isfinite(metrics.loss) ? Json(metrics.loss) : Json(nullptr)}};
                m_reporter.progress(progress);
            },
            m_stop);
        if (!m_flags.keep || !trained.ok()) {
            std::error_code ignored;
            fs::remove_all(options.folder, ignored);
        }
        if (!trained.ok()) return trained.error();
        figures = *trained;
        figures->name = m_flags.keep ? (options.folder / "run").string() : "not kept";
        return {};
    }

    Result<int> tell() {
        std::vector<BenchTable> tables;
        Json json = Json::array();
        for (BenchTable& table : publishedTables(m_own)) {
            if (!asked(table.id) && !(asked("curves") && table.id.rfind("curve-", 0) == 0)) continue;
            json.push_back(tableJson(table));
            tables.push_back(std::move(table));
        }
        if (m_flags.keep && !m_records.empty() && !tables.empty())
            m_reporter.info("Kept as session " + m_session + " in " + m_results.string() + ".");
        m_reporter.result({{"session", m_session},
                           {"results", m_flags.keep ? Json(m_results.string()) : Json(nullptr)},
                           {"source", published::kSource},
                           {"publishedMachine", published::kMachine},
                           {"machine", m_own.machine},
                           {"build", m_own.build},
                           {"tables", json}},
                          reportText(tables, m_flags.format.format()));
        return 0;
    }

    Reporter& m_reporter;
    const PublishedFlags& m_flags;
    std::string m_session;
    StopToken m_stop;
    std::set<std::string> m_asked;
    InferBenchConfig m_config;
    BenchModel m_model;
    fs::path m_results;
    std::unique_ptr<Backend> m_backend;
    OwnFigures m_own;
    std::vector<BenchRecord> m_records;
};

}  // namespace

void addBenchPublishedVerb(VerbSet& verbs, CLI::App* group) {
    auto flags = std::make_shared<PublishedFlags>();
    CLI::App* verb = verbs.add(group, "published",
                               "The tables that the Python original published, this machine's figures beside them",
                               "distillix bench published --tables inference,summary",
                               [flags](VerbContext& context) { return Publisher(context, *flags).run(); });
    flags->model.addTo(*verb);
    std::string names;
    for (const auto& name : kTables) names += (names.empty() ? "" : ",") + name;
    verb->add_option("--tables", flags->tables, "Which of " + names + " [all]")
        ->delimiter(',')
        ->type_name("NAMES")
        ->check(CLI::IsMember(kTables).description(""));
    verb->add_option("--run-v03", flags->runV03, "Run to set beside v0.3's curve [a scaled one is trained]")
        ->type_name("RUN");
    verb->add_option("--run-v04", flags->runV04, "Run to set beside v0.4's curve [a scaled one is trained]")
        ->type_name("RUN");
    verb->add_option("--curve-minutes", flags->curveMinutes, "How long a scaled run may train; 0: none is trained [1]")
        ->check(CLI::Range(0.0, 1e5).description(""));
    verb->add_option("--curve-steps", flags->curveSteps,
                     "Optimizer steps that a scaled run does at most; 0: as many as the published one [0]")
        ->check(CLI::Range(0.0, 1e9).description(""));
    verb->add_flag("!--no-keep", flags->keep, "Do not keep the results, nor the scaled runs");
    flags->results.addTo(*verb, "Where to keep the results");
    flags->format.addTo(*verb);
    flags->config.addTo(*verb);
    flags->device.addTo(*verb);
}

}  // namespace distillix::cli
